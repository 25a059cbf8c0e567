"""Everything that the store holds, in a file and back: our own archive, and chats from other programs.

Owns the forms of these files and the rules by which they come in. Knows no SQL, no page and no command line.

writer     the store -> an archive             reading     any file that is known -> the store; zips: one that is packed
lines      a row <-> a line of an archive      rules       what a row may say
restore    an archive -> the store             json_values the JSON values of a file, one after the other
programs   how each form is recognised and read; openwebui: that of Open WebUI, with its feedback
foreign    a chat of any of them               rows        that chat -> rows
chats      entries -> chats                    merge       chats -> the store
untrusted  values of which nothing is certain  faults      what is wrong with a file
counts     what came in, and what did not       report      the same as sentences
"""

from r1chat.archive.counts import LEFT_OUT, ArchiveCounts, ImportCounts
from r1chat.archive.reading import read
from r1chat.archive.report import contents, judged_by, told
from r1chat.archive.writer import write

__all__ = ["LEFT_OUT", "ArchiveCounts", "ImportCounts", "contents", "judged_by", "read", "told", "write"]

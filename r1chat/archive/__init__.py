"""Everything that the store holds, in a file and back: our own archive, and what other programs exported.

Owns the forms of these files and the rules by which they are taken in. Knows no SQL, no page and no command line.

lines      a row <-> a line of an archive      arrays      the elements of a JSON array, one after the other
rules      what a row may say                  openwebui   Open WebUI's chats and feedback -> rows
writing    the store -> an archive             reading     any file that is known -> the store
restoring  an archive -> the store             adopting    what another program exported -> the store
"""

from r1chat.archive.counts import LEFT_OUT, Imported, Written
from r1chat.archive.reading import read
from r1chat.archive.writing import write

__all__ = ["LEFT_OUT", "Imported", "Written", "read", "write"]

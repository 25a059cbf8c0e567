"""Cuts growing text into sentences, the same ones whatever chunks it comes in.

Owns offsets, line ends, quotes and code fences. Does not know what a sentence says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 2000  # characters; a longer sentence is cut there, which bounds the work on one line

# Runs are bounded so that a megabyte of full stops or newlines takes linear time. The first character is a set of its
# own: `re` searches for a set much faster than for alternatives.
_BOUNDARY = re.compile(
    r"[\n.!?。！？](?:(?<=\n)\s{0,63}+|(?<=[.!?])[.!?]{0,63}+[\"”’)\]]{0,16}+|(?<=[。！？])[。！？]{0,63}+[\"”』」）)]{0,16}+)"
)
_LONGEST_BOUNDARY = 80
_LONGEST_FENCE = 6000  # characters; a fence that nobody closes is forgotten then


@dataclass(slots=True)
class Sentence:
    """A sentence without the white space around it; `start` and `end` are offsets in the whole text."""

    start: int
    end: int
    text: str
    paragraph: bool  # there is a blank line before it
    quoted: bool  # it begins inside a quotation
    code: bool  # it stands in a code fence, or is one
    whole: bool  # it is not the rest of a line that was cut


class SentenceSplitter:
    """Feed it chunks; it hands out each sentence once, when it is certain where it ends."""

    def __init__(self) -> None:
        self._pending = ""  # from the end of the last sentence on
        self._offset = 0  # of `_pending` in the whole text
        self._seen = 0  # how far in `_pending` there is no boundary
        self._newlines = 2  # since the last sentence
        self._whole = True
        self._quoting = False
        self._fenced = False
        self._fence = 0  # where it opened

    def feed(self, text: str) -> list[Sentence]:
        """The sentences that `text` completes."""
        return self._cut(text, last=False)

    def close(self) -> list[Sentence]:
        """The rest, once no text comes any more."""
        return self._cut("", last=True)

    def _cut(self, text: str, last: bool) -> list[Sentence]:
        pending = self._pending + text if self._pending else text
        sentences: list[Sentence] = []
        begin, seen = 0, self._seen
        while True:
            horizon = min(len(pending), begin + LONGEST + _LONGEST_BOUNDARY)
            boundary = _BOUNDARY.search(pending, seen, horizon)
            stop = boundary.start() if boundary else horizon
            if stop - begin >= LONGEST:
                self._whole = not self._take(pending, begin, begin + LONGEST, sentences) and self._whole
                begin = seen = begin + LONGEST
                continue
            if boundary is None:
                seen = horizon
                break
            end = boundary.end()
            if end == len(pending) and not last and end - stop < _LONGEST_BOUNDARY:
                seen = stop
                break
            seen = end
            if _ends_sentence(boundary.group(), pending[end : end + 1]):
                self._take(pending, begin, end, sentences)
                self._whole = True
                begin = end
        if last and begin < len(pending):
            self._take(pending, begin, len(pending), sentences)
            begin = seen = len(pending)
        self._pending, self._offset, self._seen = pending[begin:], self._offset + begin, seen - begin
        return sentences

    def _take(self, pending: str, begin: int, end: int, sentences: list[Sentence]) -> bool:
        piece = pending[begin:end]
        text = piece.strip()
        if not text:
            self._newlines += piece.count("\n")
            return False
        lead = piece.find(text)
        newlines = self._newlines + (piece.count("\n", 0, lead) if lead else 0)
        if newlines:
            self._quoting = False
        fence = text.startswith("```")
        self._fenced = self._fenced and self._offset + begin - self._fence < _LONGEST_FENCE
        start = self._offset + begin + lead
        code = fence or self._fenced
        end = start + len(text)
        sentences.append(Sentence(start, end, text, newlines > 1, self._quoting, code, self._whole))
        if fence:
            self._fenced, self._fence = not self._fenced, start
        if (text.count('"') + text.count("“") + text.count("”")) % 2:
            self._quoting = not self._quoting
        self._newlines = piece.count("\n", lead + len(text))
        return True


def _ends_sentence(boundary: str, following: str) -> bool:
    if boundary[0] in "\n。！？":
        return True
    return not following or following.isspace()

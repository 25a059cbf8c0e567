"""Where Markdown that still grows can be cut, so that a page is sent its beginning once. Pure; renders nothing.

A block is what stands alone in Markdown: a paragraph, a list, a table, a fence. Where a block begins depends only on
the text up to a little after that place, never on how the text came in. So a block that another follows is sealed: it
never changes again. In doubt a block goes on; what is cut for its length is cut at a line or a sentence.

Each character is looked at a bounded number of times, so the cost is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

SOFT = 4_000  # characters; a longer paragraph or list ends at the next good place
HARD = 12_000  # characters; what is longer still ends at the next line
MOST_BLOCKS = 2_000  # of a text; from then on only long ones are blocks of their own, the others go on in them
RETRY = 250  # characters from a place that was not good to the next one that is looked at

_HEAD = 256  # characters of a line that tell what it begins
_MARKER = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)")
_INDENTED_MARKER = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)")
_FENCE = re.compile(r" {0,3}((`{3,})[^`]*|(~{3,}).*)$")
_FENCE_IN_LIST = re.compile(r"[ \t]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*((`{3,})[^`]*|(~{3,}).*)$")
_CLOSING = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*$")
_CLOSING_IN_LIST = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*$")
_DELIMITERS = re.compile(r"[ |:-]*-[ |:-]*")  # the line below a table's head
_SENTENCE = re.compile(
    r"[.!?…][\"')\]*_]*[ \t]+(?=\S)|[。！？；][”’」』）\"')*]*(?=[^\s”’」』）\"')*])"
)  # up to where the next one begins

# Lines that have only begun, and may still become something else.
_MAYBE_MARKER = re.compile(r"[-+*]|\d{1,9}[.)]?")
_MAYBE_DELIMITERS = re.compile(r"[ |:-]*")
OTHER_BLOCK = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)|[#>|]")  # after a blank line no formula goes on so

_MARKDOWN = re.compile(r"(?:^|`)[ \t]*(?:markdown|md)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_NESTED = re.compile(r" {0,3}`{3,}[ \t]*[^\s`]")  # a fence with a language, in a fence of Markdown
_HOLDER = re.compile(r"[ \t]*(\\\[|\$\$|<details)", re.IGNORECASE)
_DETAILS_CLOSER = "</details"
_CLOSERS = {"\\[": "\\]", "$$": "$$", "<details": _DETAILS_CLOSER}
_HELD = {"\\]": 60, "$$": 60, _DETAILS_CLOSER: 400}  # lines

BlockKind = Literal["text", "list", "table", "fence"]


class BlockSplitter:
    """Finds where the blocks of a growing text begin: `starts`, and a line to put before each when it is rendered.

    Such a `prefix` is empty but where a fence or a table is so long that it goes on in the next block. An open fence
    goes on to the end of the text, as in CommonMark; where `trusting` is false only for HARD characters, since a
    thought often opens one and forgets it.
    """

    def __init__(self, trusting: bool = True) -> None:
        self.starts: list[int] = []
        self.prefixes: list[str] = []
        self._trusting = trusting
        self._kind: BlockKind = "text"
        self._line = 0  # where the line begins that is being read
        self._seen = 0  # up to here it has no end
        self._placed = False  # it is known whether that line begins a block
        self._apart = False  # what comes next stands apart: after a blank line, or a fence
        self._due = 0  # from here on the block is long enough to end
        self._opening = ""  # the opening line of the fence, or the head of the table
        self._marks = 0  # how many backticks or tildes the fence was opened with
        self._outer: BlockKind = "text"  # what the fence is in
        self._forgotten = False  # a fence was given up; the line that closes it may still come
        self._above = ""  # the line before
        self._blank = False  # the line before was blank
        self._nested = 0  # fences within a fence of Markdown
        self._closer = ""  # what ends the displayed formula or the <details> that is open: it holds blank lines
        self._lines_left = 0  # after so many lines an open one is given up

    def feed(self, text: str) -> int:
        """Take the whole text so far, which begins as it did before. Returns the first block that may have changed."""
        first = max(0, len(self.starts) - 1)
        while (end := text.find("\n", self._seen)) >= 0:
            self._read(text, end, whole=True)
            self._end_line(text[self._line : end])
            self._line = self._seen = end + 1
            self._placed = False
        self._seen = len(text)
        if self._line < len(text):
            self._read(text, len(text), whole=False)
        return first

    def _begin(self, at: int, kind: BlockKind = "text", prefix: str = "") -> None:
        if len(self.starts) < MOST_BLOCKS or at - self.starts[-1] >= SOFT:
            self.starts.append(at)
            self.prefixes.append(prefix)
        self._kind = kind
        self._due = self.starts[-1] + SOFT
        self._apart = False

    def _read(self, text: str, end: int, whole: bool) -> None:
        """Take the line up to `end`: place it, and cut it where it is too long."""
        if not self._placed:
            head = text[self._line : min(end, self._line + _HEAD)]
            if not self._place(text, head, whole or len(head) == _HEAD):
                return
            self._placed = True
        base = max(self.starts[-1], self._line)
        while (at := self._cut(text, base, end)) is not None:
            if self._kind == "fence":
                self._begin(at, "fence", self._opening)
            else:
                self._begin(at)
            base = at

    # -- the beginning of a line --------------------------------------------------------------------------------------

    def _place(self, text: str, head: str, known: bool) -> bool:
        """Begin a block with the line, or not. False where its few characters do not tell yet."""
        if not self.starts:
            if head.isspace() or not head:
                return False
            self._begin(self._line)
        elif self._kind == "fence":
            if self._line - self.starts[-1] >= HARD:
                self._break_fence()
        elif head.isspace() or not head:
            return False
        else:
            if self._blank and self._closer and self._closer != _DETAILS_CLOSER:
                if not known and _MAYBE_MARKER.fullmatch(head):
                    return False
                if OTHER_BLOCK.match(head):  # the formula was never closed
                    self._closer, self._apart = "", True
            begins = self._stands_apart(head, known) if self._apart else self._interrupts(head, known)
            if begins is None:
                return False
            if begins:
                self._begin(self._line)
            else:
                return self._place_in_long(text, head, known)
        return True

    def _break_fence(self) -> None:
        if self._trusting:
            self._begin(self._line, "fence", self._opening)
        else:
            self._begin(self._line)
            self._forgotten = True

    def _stands_apart(self, head: str, known: bool) -> bool | None:
        if head[0] in " \t":
            return False
        if self._kind != "list":
            return True
        if not known and _MAYBE_MARKER.fullmatch(head):
            return None
        return not _MARKER.match(head)

    def _interrupts(self, head: str, known: bool) -> bool | None:
        if head[0] not in "`~" or self._closer == _DETAILS_CLOSER:
            return False
        return _FENCE.match(head.rstrip("\r")) is not None if known else None

    def _place_in_long(self, text: str, head: str, known: bool) -> bool:
        """The line goes on with its block, unless that is long enough and this is a good place to end it."""
        length = self._line - self.starts[-1]
        if self._kind == "table":
            if length >= HARD:
                self._begin(self._line, "table", self._opening)
            return True
        if self._line < self._due:
            return True
        if not known and (_MAYBE_DELIMITERS.fullmatch(head) or _MAYBE_MARKER.fullmatch(head)):
            return False
        good = _MARKER.match(head) if self._kind == "list" else not _DELIMITERS.fullmatch(head.rstrip("\r"))
        if length >= HARD or (good and _is_whole(text[self.starts[-1] : self._line])):
            self._begin(self._line)
        else:
            self._due = self._line + RETRY
        return True

    # -- the inside of a line -----------------------------------------------------------------------------------------

    def _cut(self, text: str, base: int, end: int) -> int | None:
        """Where the line is cut next, if it is too long from `base` on and enough of it has come to tell."""
        if self._kind == "fence":
            return base + HARD if end - base > HARD else None
        limit = base + 2 * SOFT
        while match := _SENTENCE.search(text, max(base + SOFT, self._due), min(end, limit)):
            if _is_whole(text[self.starts[-1] : match.end()]):
                return match.end()
            self._due = match.end() + RETRY
        if end <= limit:
            return None
        return text.rfind(" ", base + SOFT, limit) + 1 or limit

    # -- the end of a line --------------------------------------------------------------------------------------------

    def _end_line(self, line: str) -> None:
        line = line.rstrip("\r")
        if self._kind == "fence":
            closing = (_CLOSING_IN_LIST if self._outer == "list" else _CLOSING).match(line)
            if closing and self._opening.startswith(closing[1][: self._marks]) and len(closing[1]) >= self._marks:
                if self._nested:
                    self._nested -= 1
                    return
                self._kind = self._outer
                self._apart = self._outer != "list" and not self._closer
            elif _MARKDOWN.search(self._opening) and _NESTED.match(line):
                self._nested += 1
            return
        self._hold(line)
        self._blank = not line.strip(" \t")
        if self._blank:
            self._apart = not self._closer
            self._above = ""
            return
        self._apart = False
        if self._kind == "text" and _INDENTED_MARKER.match(line[:_HEAD]):
            self._kind = "list"
        if self._kind == "text" and "|" in self._above and "-" in line and _DELIMITERS.fullmatch(line[:_HEAD]):
            self._kind, self._opening = "table", f"{self._above}\n{line}\n"
        self._above = line if len(line) <= 2_000 else ""
        self._open_fence(line[:_HEAD])

    def _hold(self, line: str) -> None:
        """Find out whether the line opens or closes what may hold blank lines."""
        if self._closer:
            self._lines_left -= 1
            if self._closer in line.lower() or not self._lines_left:
                self._closer = ""
        elif opener := _HOLDER.match(line[:_HEAD]):
            closer = _CLOSERS[opener[1].lower()]
            if closer not in line.lower()[opener.end() :]:
                self._closer, self._lines_left = closer, _HELD[closer]

    def _open_fence(self, line: str) -> None:
        fence = (_FENCE_IN_LIST if self._kind == "list" else _FENCE).match(line)
        if fence is None:
            return
        if self._forgotten and not fence[1].strip("`~ \t"):
            self._forgotten = False
            return
        self._outer = "list" if self._kind == "list" else "text"
        self._kind, self._opening, self._marks = "fence", f"{fence[1]}\n", len(fence[2] or fence[3])
        self._nested = 0
        if self._closer != _DETAILS_CLOSER:
            self._closer = ""  # no fence stands in a formula


def _is_whole(piece: str) -> bool:
    """Whether no formula, code or emphasis is open at the end."""
    return (
        piece.count("`") % 2 == 0
        and piece.count("$") % 2 == 0
        and piece.count("**") % 2 == 0
        and piece.count(r"\(") == piece.count(r"\)")
        and piece.count(r"\[") == piece.count(r"\]")
    )


class Segments:
    """`BlockSplitter` for a text in which blocks also begin at given places: each segment has a splitter of its own."""

    def __init__(self, trusting: bool = True) -> None:
        self.starts: list[int] = []
        self.prefixes: list[str] = []
        self._trusting = trusting
        self._breaks: list[int] = []
        self._splitter = BlockSplitter(trusting)
        self._ended = 0  # blocks of the segments that have ended

    def feed(self, text: str, breaks: Sequence[int] = ()) -> int:
        """Take the whole text so far; see `BlockSplitter.feed`. `breaks` only grows while the text begins as it did."""
        first = len(self.starts)
        for place in breaks[len(self._breaks) :]:
            first = min(first, self._take(text[self._base : place]))
            self._ended = len(self.starts)
            self._breaks.append(place)
            self._splitter = BlockSplitter(self._trusting)
        return min(first, self._take(text[self._base :]))

    @property
    def _base(self) -> int:
        return self._breaks[-1] if self._breaks else 0

    def _take(self, segment: str) -> int:
        """Feed the last segment, and take over its blocks from the first that may have changed: which one that is."""
        base, changed = self._base, self._splitter.feed(segment)
        first = self._ended + changed
        self.starts[first:] = [base + start for start in self._splitter.starts[changed:]]
        self.prefixes[first:] = self._splitter.prefixes[changed:]
        return first

"""The JSON values of a file, one after the other: the elements of one array, or values that follow each other.

A file of any size takes the memory of its largest value, which is bounded in characters and in parts. The time is
linear in the size of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from typing import IO, Any, NamedTuple

from r1chat.archive.faults import Fault
from r1chat.both import Both

LONGEST_VALUE = 64 * 1024 * 1024  # characters
LONGEST_NUMBER = 1_000  # characters, where it is an entry of its own; no such entry is a chat
MOST_PARTS = 1_000_000  # of one value: objects, arrays and what is in them, as commas and brackets tell
_CHUNK = 1 << 16
_BETWEEN = re.compile(r"[ \t\r\n]*")
_LARGE = 1 << 20  # characters from which on the end of a value is looked for before it is decoded
_STRUCTURE = re.compile(r'[\[\]{}"]')
_REST_OF_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*+', re.DOTALL)
_REST_OF_NUMBER = len("e+")  # what a number may have behind it that is cut, and is none of it yet
_CUT = 16  # an error so near to the end of what was read may come from the cut


class JsonValue(NamedTuple):
    """One value with its place: its line and its number in the file, both from 1, and its length in characters."""

    line: int
    number: int
    size: int
    value: Any


def values(stream: IO[bytes], progress: Callable[[], None]) -> Iterator[JsonValue]:
    """Each element of the array that the file is, else each value of those that follow each other in it (JSON Lines,
    or a single object). Raises Fault where the file is neither, and for a value that is too large.

    `progress` is called before each piece that is read, also within a value, and may raise to break it off.
    """
    text = TextIOWrapper(stream, encoding="utf-8-sig")  # programs on Windows like to put a mark first
    try:
        yield from _Reader(text, progress).values()
    except UnicodeDecodeError:
        raise Fault(Both("it is no text in UTF-8", "它不是 UTF-8 文本")) from None
    finally:
        text.detach()


class _Reader:
    def __init__(self, text: TextIOWrapper, progress: Callable[[], None]) -> None:
        self._text = text
        self._progress = progress
        self._buffer = ""
        self._at = 0  # in the buffer
        self._line = 1  # of that place
        self._decoder = json.JSONDecoder(parse_constant=_no_number)

    def values(self) -> Iterator[JsonValue]:
        if self._next() == "[":
            yield from self._elements()
            return
        number = 0
        while self._next():
            number += 1
            yield self._value(number)

    def _elements(self) -> Iterator[JsonValue]:
        number = 0
        self._expect("[")
        if self._next() != "]":
            while True:
                number += 1
                self._next()
                yield self._value(number)
                if self._next() != ",":
                    break
                self._expect(",")
        self._expect("]")
        if self._next():
            raise Fault(Both("something follows the end of the list", "列表结束之后还有内容"), line=self._line)

    def _expect(self, character: str) -> None:
        actual = self._next()
        if actual != character:
            what = Both("“{found}” stands", "“{found}”出现") if actual else Both("the file ends", "文件结束")
            clause = Both(
                "it is no JSON: {what} where “{character}” belongs", "它不是 JSON：在应有“{character}”处{what}"
            )
            raise Fault(clause.format(what=what.format(found=actual), character=character), line=self._line)
        self._at += 1

    def _next(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            match = _BETWEEN.match(self._buffer, self._at)
            self._move(match.end() if match else self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._read(_CHUNK):
                return ""

    def _value(self, number: int) -> JsonValue:
        line = self._line
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
                size = end - self._at
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                if is_number and size > LONGEST_NUMBER:
                    clause = Both(
                        "entry {n} is a number of more than {m:,} characters", "第 {n} 条是超过 {m:,} 个字符的数字"
                    )
                    raise Fault(clause.format(n=number, m=LONGEST_NUMBER), line=line)
                ends = not is_number or len(self._buffer) - end > _REST_OF_NUMBER
                if ends or not self._read(_CHUNK):  # else it might go on
                    self._move(self._at + size)
                    return JsonValue(line, number, size, value)
            except RecursionError:
                clause = Both("entry {n} is nested too deeply", "第 {n} 条嵌套过深")
                raise Fault(clause.format(n=number), line=line) from None
            except ValueError as error:
                size = len(self._buffer) - self._at
                if not self._is_cut(error) or not (
                    self._read(max(_CHUNK, size)) if size < _LARGE else self._read_whole(number)
                ):
                    clause = Both("entry {n} is no JSON ({why})", "第 {n} 条不是 JSON（{why}）")
                    raise Fault(clause.format(n=number, why=error), line=line) from None

    def _is_cut(self, error: ValueError) -> bool:
        """Whether an error may come from the value going on behind what was read of it."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._buffer) - _CUT

    def _read_whole(self, number: int) -> bool:
        """Read on to the end of the value, which is found by its brackets; whether there was more of it.

        To decode a large value again and again, as it gets longer, would take too long, and too much memory.
        """
        scan = _Scan()
        at, before = self._at, len(self._buffer) - self._at
        while not scan.ended:
            at = scan.over(self._buffer, at)
            size = at - self._at
            if size > LONGEST_VALUE:
                clause = Both("entry {n} is longer than {m:,} characters", "第 {n} 条超过 {m:,} 个字符")
                raise Fault(clause.format(n=number, m=LONGEST_VALUE), _TOO_LARGE, line=self._line)
            if scan.parts > MOST_PARTS:
                clause = Both("entry {n} has more than {m:,} parts", "第 {n} 条包含超过 {m:,} 个部分")
                raise Fault(clause.format(n=number, m=MOST_PARTS), _TOO_LARGE, line=self._line)
            if not scan.ended:
                if not self._read(max(_CHUNK, min(len(self._buffer) - self._at, LONGEST_VALUE - size + _CHUNK))):
                    break
                at = size
        return len(self._buffer) - self._at > before

    def _move(self, to: int) -> None:
        self._line += self._buffer.count("\n", self._at, to)
        self._at = to

    def _read(self, characters: int) -> bool:
        """Add to the buffer, and drop what is behind the place; whether there was more."""
        self._progress()
        more = self._text.read(characters)
        self._buffer = self._buffer[self._at :] + more
        self._at = 0
        return bool(more)


class _Scan:
    """Finds where a value ends, over one piece of text after the other, and counts its parts."""

    def __init__(self) -> None:
        self.ended = False
        self.parts = 0
        self._depth = 0
        self._in_string = False

    def over(self, text: str, at: int) -> int:
        """Go on from a place to the end of the value, or of the text; the place that was come to."""
        while at < len(text) and self.parts <= MOST_PARTS:
            if self._in_string:
                inside = _REST_OF_STRING.match(text, at)
                at = inside.end() if inside else at
                if at >= len(text) or text[at] == "\\":  # an escape that is cut in two comes again, whole
                    return at
                self._in_string = False
                at += 1
                self.ended = self._depth == 0
            else:
                mark = _STRUCTURE.search(text, at)
                self.parts += text.count(",", at, mark.start() if mark else len(text))
                if mark is None:
                    return len(text)
                at = mark.end()
                if mark[0] == '"':
                    self._in_string = True
                    continue
                self.parts += 1
                self._depth += 1 if mark[0] in "[{" else -1
                self.ended = self._depth <= 0
            if self.ended:
                return at
        return at


_TOO_LARGE = Both(
    "Nothing was imported. Take this chat out of the file, or have its images and files left out when it is exported.",
    "没有导入任何内容。请从文件中去掉这个对话，或在导出时不要包含图片和文件。",
)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")

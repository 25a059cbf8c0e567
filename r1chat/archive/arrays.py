"""The elements of a JSON array, one after the other: a file of any size takes the memory of its largest element."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import TextIOWrapper
from typing import IO, Any

from r1chat.archive.lines import Wrong

LONGEST_ELEMENT = 128 * 1024 * 1024  # characters
_CHUNK = 1 << 16
_BETWEEN = re.compile(r"[ \t\r\n]*")


def elements(stream: IO[bytes]) -> Iterator[tuple[int, int, Any]]:
    """Each element with its line and its number, both from 1. Raises Wrong where the file is no JSON array."""
    text = TextIOWrapper(stream, encoding="utf-8-sig")  # Windows programs like to put a mark first
    try:
        yield from _Array(text).elements()
    except UnicodeDecodeError:
        raise Wrong("it is no text in UTF-8") from None
    finally:
        text.detach()


class _Array:
    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0  # in the buffer
        self._line = 1  # of that place
        self._decoder = json.JSONDecoder(parse_constant=_no_number)

    def elements(self) -> Iterator[tuple[int, int, Any]]:
        number = 0
        self._expect("[")
        if self._next() != "]":
            while True:
                number += 1
                self._next()
                line = self._line
                yield line, number, self._element(number)
                if self._next() != ",":
                    break
                self._expect(",")
        self._expect("]")
        if self._next():
            raise Wrong("something follows the end of the list", line=self._line)

    def _expect(self, character: str) -> None:
        found = self._next()
        if found != character:
            what = f"“{found}” stands" if found else "the file ends"
            raise Wrong(f"it is no JSON: {what} where “{character}” belongs", line=self._line)
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

    def _element(self, number: int) -> Any:
        while True:
            try:
                found, end = self._decoder.raw_decode(self._buffer, self._at)
                if end < len(self._buffer) or not self._read(_CHUNK):  # else a number might go on
                    self._move(end)
                    return found
            except RecursionError:
                raise Wrong(f"entry {number} is nested too deeply", line=self._line) from None
            except ValueError as error:
                if len(self._buffer) - self._at > LONGEST_ELEMENT:
                    raise Wrong(f"entry {number} is no JSON, or far too long", line=self._line) from None
                if not self._read(max(_CHUNK, len(self._buffer) - self._at)):  # twice as much: few attempts
                    raise Wrong(f"entry {number} is no JSON ({error})", line=self._line) from None

    def _move(self, to: int) -> None:
        self._line += self._buffer.count("\n", self._at, to)
        self._at = to

    def _read(self, characters: int) -> bool:
        """Add to the buffer, and drop what was read; whether there was more."""
        more = self._text.read(characters)
        self._buffer = self._buffer[self._at :] + more
        self._at = 0
        return bool(more)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")

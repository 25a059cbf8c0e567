"""Writes growing text to a terminal so that words wrap whole, beside a margin that can hold marks.

Knows lines, columns and the cursor; nothing of replies or Markdown.
"""

from __future__ import annotations

import io
import re
import shutil
from bisect import bisect_right
from collections.abc import Callable
from typing import TextIO

from rich.cells import cell_len, chop_cells

_CLOSING = "，。！？；：、）】》」』”’…"
_WIDE = "\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6"
_PIECE = re.compile(rf"\s+|[{_WIDE}][{_CLOSING}]*|[^\s{_WIDE}]+")  # between two pieces a line may end
_NARROW = re.compile(rf"[^\s{_WIDE}]+")


def _as_it_is(text: str) -> str:
    return text


class TerminalWriter:
    """One text that grows on a terminal, from the beginning of a line on. Its control characters must be gone."""

    def __init__(self, stream: TextIO, margin: int = 0, style: Callable[[str], str] = _as_it_is) -> None:
        """`margin`: cells at the left that stay free for marks; `style` puts escape sequences around the text."""
        self.layout = ""
        """The text as it stands on the screen, without style, and without white space at its end."""
        self._stream = stream
        self._margin = margin
        self._style = style
        self._output = ""  # what is to be sent to the terminal
        self._gap = ""  # white space that is not written before something follows it
        self._word = ""  # the narrow word at the end, which may still grow
        self._position = 0  # characters of the text that are written
        self._line_starts = [0]  # the position at which each line on the screen begins
        self._column = 0  # without the margin
        self._marks: list[tuple[int, str]] = []  # whose place is not written yet

    def write(self, text: str) -> None:
        """Go on with the text. A word that grows beyond the end of its line moves to the next one."""
        width = max(8, columns() - self._margin)
        for piece in _PIECE.findall(text):
            if piece.isspace():
                self._gap += piece
                self._word = ""
            else:
                self._put(piece, width)
        self._send()

    def mark(self, position: int, glyph: str) -> None:
        """Put a sign of one cell into the margin of the line in which that character stands, unless it is gone."""
        self._marks.append((position, glyph))
        self._send()

    def erase(self) -> bool:
        """Take everything off the screen again; False where its first line has left the screen."""
        if len(self._line_starts) > _height():
            return False
        above = len(self._line_starts) - 1
        self._stream.write(f"\r\x1b[{above}A\x1b[J" if above else "\r\x1b[J")
        return True

    def _put(self, piece: str, width: int) -> None:
        *blank_lines, blank = self._gap.split("\n")
        for line in blank_lines:
            self._position += len(line) + 1
            self._new_line()
        self._position += len(blank)
        self._gap, blank = "", blank.expandtabs(4)
        whole = self._word + piece
        too_long = bool(self._word) and cell_len(whole) > width  # for any line: it breaks where the line ends
        if self._column and self._column + len(blank) + cell_len(piece) > width and not too_long:
            if self._word:
                self._take_back_word()
                piece = whole
            blank = ""
            self._new_line()
        while (room := width - self._column - len(blank)) < cell_len(piece):  # longer than a line
            part = chop_cells(piece, room)[0] if room > 0 else ""
            if part and cell_len(part) <= room:  # not a wide character for which one cell is left
                self._add(blank + part)
                self._position += len(part)
                piece = piece[len(part) :]
            blank = ""
            self._new_line()
        self._add(blank + piece)
        self._position += len(piece)
        self._word = whole if _NARROW.fullmatch(whole) else ""

    def _take_back_word(self) -> None:
        cells = cell_len(self._word)
        self.layout = self.layout[: -len(self._word)].rstrip(" ")
        self._output += f"\x1b[{cells}D\x1b[K"
        self._position -= len(self._word)

    def _add(self, text: str) -> None:
        piece = text if self._column else " " * self._margin + text
        self.layout += piece
        self._output += piece
        self._column += cell_len(text)

    def _new_line(self) -> None:
        self.layout += "\n"
        self._output += "\n"
        self._line_starts.append(self._position)
        self._column = 0

    def _send(self) -> None:
        if self._output:
            self._stream.write(self._style(self._output))
            self._output = ""
        for position, glyph in [mark for mark in self._marks if mark[0] < self._position]:
            self._write_mark(position, glyph)
        self._marks = [mark for mark in self._marks if mark[0] >= self._position]
        self._stream.flush()

    def _write_mark(self, position: int, glyph: str) -> None:
        above = len(self._line_starts) - bisect_right(self._line_starts, position)
        if above < _height():
            up = f"\x1b[{above}A" if above else ""
            self._stream.write(f"\x1b7{up}\r{self._style(glyph)}\x1b8")  # save the cursor, and come back


def wrapped(text: str) -> str:
    """The text in lines that the terminal is wide enough for; words stay whole where they fit into one."""
    writer = TerminalWriter(io.StringIO())
    writer.write(text)
    return writer.layout


def columns() -> int:
    """The width of the terminal in cells."""
    return shutil.get_terminal_size().columns


def _height() -> int:
    """Lines that certainly are still on the screen."""
    return shutil.get_terminal_size().lines - 1

"""A text with its typographic characters replaced by the plain ones, character by character, for searching.

Models and typesetting write `+49 170 1234567` with narrow no-break spaces and `555-0123` with no-break hyphens, Chinese
input methods write full-width digits. One character becomes one, so a place in the folded text is the same place in
the text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from functools import cache

INVISIBLE = "\u200b"  # every format character, such as the zero-width ones and the soft hyphen

_HYPHEN = "\u2010"  # stands for those that are set inside a word
_DASH = "\u2013"  # stands for all others
_HYPHENS = "\u2010\u2011\ufe63\uff0d"
_FORMS = range(0xFE50, 0xFF5F)  # small and full-width ones
_SIGNS = (
    "+.@_=*^<>%$&"  # not those that end a sentence, enclose a remark or separate (`！（／`): the plain ones calculate
)
_ARABIC = {"٫": ".", "٪": "%"}  # with the digits of their script
_PLANES = range(0x80, 0x20000)  # no digit, space or dash stands further up
_WIDE = "\U00010000-\U0001ffff"
_MARKS = re.compile("[\u0300-\u036f\u1161-\u1175\u3099\u309a]")  # of letters; vowels of Hangul; of kana
_APART = re.compile(r"\w[\u0300-\u036f\u3099\u309a]{1,4}+|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
_INSIDE = re.compile(
    f"[{_HYPHEN}{_DASH}](?:(?<=[0-9)].)(?=[0-9(])|(?<=[0-9A-Za-z]{_HYPHEN})(?=[0-9A-Za-z]))", re.DOTALL
)


def composed(text: str) -> tuple[str, Callable[[int], int]]:
    """The text with each letter and its marks as one character, and what tells a place there as a place in the text.

    File names of macOS have them apart. The beginning of a character is the end of the one before.
    """
    if text.isascii() or not _MARKS.search(text):
        return text, int
    pieces: list[str] = []
    gone: list[int] = []  # places in the result before which a character is missing, once for each
    done = size = 0
    for match in _APART.finditer(text):
        piece = unicodedata.normalize("NFC", match[0])
        pieces += text[done : match.start()], piece
        size += match.start() - done + len(piece)
        gone += [size] * (len(match[0]) - len(piece))
        done = match.end()
    return "".join([*pieces, text[done:]]), lambda place: place + bisect_right(gone, place)


def fold(text: str) -> str:
    """The text in the same length with decimal digits, spaces, full-width letters and signs as the plain ones.

    Format characters become `INVISIBLE`; what becomes of dashes `plain_hyphens` says.
    """
    if text.isascii():
        return text
    foreign, plain = _table()
    return foreign.sub(lambda char: plain.get(char[0], char[0]), text)


def plain_hyphens(folded: str) -> str:
    """The folded text with a hyphen for a dash between digits, and for a typographic hyphen inside a word.

    Elsewhere dashes separate and are no minus sign, so they stay: beside a place that was hidden, too.
    """
    return _INSIDE.sub("-", folded) if _HYPHEN in folded or _DASH in folded else folded


@cache
def _table() -> tuple[re.Pattern[str], dict[str, str]]:
    """A pattern of what may have to be replaced, and the plain character of each that has."""
    by_kind: dict[str, Callable[[str], str]] = {
        "Nd": lambda digit: str(unicodedata.decimal(digit)),
        "Zs": lambda _: " ",
        "Cf": lambda _: INVISIBLE,
        "Pd": lambda dash: _HYPHEN if dash in _HYPHENS else _DASH,
    }
    plain = dict(_ARABIC)
    for char in map(chr, _FORMS):
        other = unicodedata.normalize("NFKC", char)
        if other.isascii() and (other.isalnum() or other in _SIGNS):
            plain[char] = other
    for char in map(chr, _PLANES):
        if of_kind := by_kind.get(unicodedata.category(char)):
            plain[char] = of_kind(char)
    narrow = "".join(re.escape(char) for char in plain if char <= "\uffff")
    return re.compile(f"[{narrow}{_WIDE}]"), plain

"""Holds back a formula that is still being written, so that no raw LaTeX shows while a text grows. Pure."""

from __future__ import annotations

import re

LONGEST_INLINE = 300  # characters; what a single dollar opened and is longer than this was no formula
LONGEST_DISPLAY = 4_000

_CLOSERS = {r"\(": r"\)", r"\[": r"\]", "$$": "$$", "$": "$"}
_TOKEN = re.compile(r"\\\\(?![()\[\]])|\\[()\[\]]|\\[$`]|^ {0,3}(?:```+|~~~+)|`+|\$\$|\$|\n[ \t]*\n", re.MULTILINE)
_COMMAND = re.compile(r"\\[A-Za-z]+\*?(?:\{[A-Za-z .,]*\})?")
_PROSE = re.compile(
    r"^\$\d[\d.,]*\s+[A-Za-z]{2,}|\s[A-Za-z]{4,}\s|[\u3001\u3002\uff0c\uff1a\u4e00-\u9fff]"
)  # words as no formula holds them


def without_open_formula(text: str) -> str:
    """The text up to a formula that is open at its end; the whole text where none is, or where it is a price."""
    fence, code, closer, opened = "", "", "", 0
    for token in _TOKEN.finditer(text):
        sign = token.group()
        mark = sign.strip(" ")[:3]
        if mark in ("```", "~~~") and (not code):
            if fence:
                fence = "" if mark == fence else fence
            elif not closer:
                fence = mark
        elif fence:
            continue
        elif not sign.strip():  # a blank line ends code, and what a single dollar or `\\(` opened
            code = ""
            closer = closer if closer in ("$$", r"\]") else ""
        elif sign[0] == "`":
            if not closer:
                code = sign if not code else "" if code == sign else code
        elif code or sign[:2] in (r"\\", r"\$", r"\`"):
            continue
        elif closer:
            closer = "" if sign == closer else closer
        elif sign in _CLOSERS and not (sign == "$" and text[token.end() : token.end() + 1].isspace()):
            closer, opened = _CLOSERS[sign], token.start()
    if closer and _is_formula(text[opened:], closer):
        return text[:opened].rstrip()
    if not fence and not code and text.endswith("\\"):
        return text[:-1]  # the beginning of `\(`
    return text


def _is_formula(text: str, closer: str) -> bool:
    if closer != "$":
        return len(text) <= LONGEST_DISPLAY
    return len(text) <= LONGEST_INLINE and _PROSE.search(_COMMAND.sub("", text)) is None

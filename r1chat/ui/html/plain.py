"""A piece of Markdown as one line of plain text, for excerpts and titles: `**3** is $x^2$` is "3 is x²". Pure.

The piece may begin and end anywhere, so it is not parsed: what marks text is taken away wherever it stands.
"""

from __future__ import annotations

import re

from r1chat.ui.html.formula_text import to_text
from r1chat.ui.html.unfinished import without_open_formula

_CODE = re.compile(r"(?P<ticks>`+)(?P<code>[^`]+)(?P=ticks)")
_FORMULA = re.compile(
    r"\$\$(?P<a>.+?)\$\$|\\\[(?P<b>.+?)\\\]|\\\((?P<c>.+?)\\\)|(?<![\w\\$])\$(?![\s$])(?P<d>[^$`]+?)(?<!\s)\$(?![\d$])"
)
_FENCE = re.compile(r"(?:```+|~~~+)\w*")
_RULE = re.compile(r"(?:^|\s)\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?)?|(?:^|\s)(?:-{3,}|\*{3,}|={3,})(?=\s|$)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|~~|(?<!\w)__|(?<!\w)[*_])(?=\S)(.+?)(?<=\S)\1(?!\w)")
_BEGINNING = re.compile(r"^(?:#{1,6}|>)\s+|(?<=\s)#{2,6}\s+")
_NO_BOX = str.maketrans("", "", "▌▐")
_PIPES = re.compile(r"\s*\|(?:\s*\|)*\s*")


def plain(text: str) -> str:
    """The text without what marks it, on one line; formulas as far as characters can draw them."""
    text = _FENCE.sub(" ", text)
    complete = without_open_formula(text)
    parts, at = [], 0
    for code in _CODE.finditer(complete):
        parts += [_without_marks(complete[at : code.start()]), code["code"]]
        at = code.end()
    parts.append(_without_marks(complete[at:]))
    line = " ".join("".join(parts).split())
    return line if complete == text or line.endswith("…") else f"{line} …"


def with_drawn_formulas(text: str) -> str:
    """The text with its formulas as far as characters can draw them, and all else as it is: for a person's words."""
    return _FORMULA.sub(_drawn, text) if "$" in text or "\\" in text else text


def _drawn(formula: re.Match[str]) -> str:
    return to_text(formula[formula.lastgroup or 0], False).translate(_NO_BOX)


def _without_marks(text: str) -> str:
    parts, at = [], 0
    for formula in _FORMULA.finditer(text):
        parts += [_prose(text[at : formula.start()]), _drawn(formula)]
        at = formula.end()
    return "".join([*parts, _prose(text[at:])])


def _prose(text: str) -> str:
    text = _LINK.sub(r"\1", text)
    if "|" in text:
        text = _PIPES.sub(" · ", _RULE.sub(" ", text)).strip(" ·") if text.count("|") > 1 else text
    text = _BEGINNING.sub("", text)
    for _ in range(2):  # bold within italics
        text = _EMPHASIS.sub(r"\2", text)
    return text.replace("**", "").replace("`", "")

"""Exclamation marks: "The answer is 70!" is a cheerful 70, 5! = 120 a factorial. Pure text."""

from __future__ import annotations

import re

_MARK = re.compile(  # behind a number, a formula or a letter that may be a choice; what follows is no part of a formula
    r"(?:(?<=[\d$%％°²³}])|(?<=\\[)\]])|(?<=[^\w\\][A-J])|(?<=[A-J][)）]))[!！]{1,20}"
    r"(?=[*_\"”’」』]{0,4}(?!\s{0,20}(?:\$|\\[)\]]))"
    r"(?:\s{0,20}(?:\Z|[\u2600-\u27bf\U0001f000-\U0001faff])|[ \t]{0,20}\n|\s{1,20}[A-Z“\"(]|\s{0,20}[\u4e00-\u9fff]))"
)


def calm(text: str) -> str:
    """The text, of the same length, with full stops for the exclamation marks that end a sentence in numbers."""
    return _MARK.sub(lambda mark: "。".ljust(len(mark[0])), text)  # "70. Great" would be the seventieth of a list

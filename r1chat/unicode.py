"""Characters that a text should not have: halves of surrogate pairs, as JSON and file names can hold, and controls.

No encoding takes a half, so it is replaced where text comes in. A file name that is not UTF-8 has a half for each byte
that could not be decoded; its path keeps them, since the file is opened by it.

Control characters steer a terminal, and marks of direction show a text in another order than it is copied and run.
"""

from __future__ import annotations

import re
from typing import Any

REPLACED = "\ufffd"  # what stands for a half

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")  # not tab, newline
_HALF = re.compile("[\ud800-\udfff]")


def is_unicode(text: str) -> bool:
    """Whether a text has no halves of surrogate pairs."""
    return _HALF.search(text) is None


def clean(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair."""
    return text if text.isascii() else _HALF.sub(REPLACED, text)


def without_controls(text: str) -> str:
    """The text with U+FFFD for each character that steers a terminal or turns the direction of writing."""
    return CONTROL.sub(REPLACED, text)


def cleaned(value: Any) -> Any:
    """A JSON value with all its texts clean, those that name fields too. Raises RecursionError for a very deep one."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(entry) for entry in value]
    if isinstance(value, dict):
        return {clean(name): cleaned(entry) for name, entry in value.items()}
    return value

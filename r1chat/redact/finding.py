"""Findings, their placeholders, and how a finding is hidden from later searches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

FindingKind = Literal["email", "phone", "key", "card", "identity", "path", "name"]
KINDS: tuple[FindingKind, ...] = get_args(FindingKind)

WORDS: dict[FindingKind, str] = {
    "email": "EMAIL",
    "phone": "PHONE",
    "key": "KEY",
    "card": "CARD",
    "identity": "ID",
    "path": "USER",  # only the user's part of a home path is replaced
    "name": "NAME",
}
PLACEHOLDER = re.compile(rf"<(?:{'|'.join(WORDS.values())})_[0-9]+>")

HIDDEN = "\0"


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data at `text[start:end]` of the text given, in characters; of a home path only the user's part."""

    kind: FindingKind
    start: int
    end: int
    text: str


class Span(NamedTuple):
    """A place in a text, in characters, and the kind of data there."""

    start: int
    end: int
    kind: FindingKind


def hide(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The text with `places` (in order, not overlapping) overwritten by NUL characters; its length stays."""
    pieces: list[str] = []
    done = 0
    for start, end in places:
        pieces += text[done:start], HIDDEN * (end - start)
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text

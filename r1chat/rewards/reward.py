"""The value that every rule returns."""

from __future__ import annotations

from dataclasses import dataclass

SHOWN = 60  # characters of a quoted answer


@dataclass(frozen=True, slots=True)
class Reward:
    """A rule's verdict on a reply: a value from 0 (worst) to 1 and its reason. None: undecided, or nothing to judge.

    `why` and `why_zh` are the same sentence in English and Chinese. They may quote the model: escape them in HTML.
    """

    value: float | None
    why: str
    why_zh: str


def shown(text: str) -> str:
    """A quotation for a sentence: on one line, and short."""
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"

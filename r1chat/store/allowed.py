"""The words that columns may hold, table by table; what reads them knows no others."""

from __future__ import annotations

from typing import get_args

from r1chat.conversations import Origin, Verdict
from r1chat.judgements import CHECKS, DOWN_REASONS, PARTS, UP_REASONS, WINNERS, StepVerdict, Thumb
from r1chat.messages import ClosedBy, FinishReason

ALLOWED: dict[str, dict[str, tuple[str, ...]]] = {
    "reply": {"finish": get_args(FinishReason), "origin": get_args(Origin), "closed_by": get_args(ClosedBy)},
    "moment_label": {"verdict": get_args(Verdict)},
    "rating": {"part": PARTS, "thumb": get_args(Thumb)},
    "step_label": {"verdict": get_args(StepVerdict)},
    "comparison": {"winner": WINNERS},
    "reference": {"kind": CHECKS},
}
REASONS = {"up": UP_REASONS, "down": DOWN_REASONS, "": ()}  # of a rating, by its thumb
MARKS = ("helpfulness", "correctness", "clarity", "harmlessness")  # of a rating, from 1 to 5


def is_allowed(table: str, column: str, value: object) -> bool:
    """Whether a value by itself is one of those that its column may hold."""
    if table == "rating" and column == "reasons":
        return set(str(value).split()) <= {*UP_REASONS, *DOWN_REASONS}
    if table == "rating" and column in MARKS:
        return value in range(1, 6)
    words = ALLOWED.get(table, {}).get(column)
    return words is None or value in words

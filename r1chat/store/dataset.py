"""Reading judgements as data: every judged message with its replies and what was said of them, in batches.

Part of the store. Memory stays flat however much there is. Knows neither refusals nor formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Kind = Literal["comparison", "correction", "rating", "step", "reference"]
Source = Literal["comparison", "correction", "thumbs", "verified"]

KINDS: tuple[Kind, ...] = get_args(Kind)
SOURCES: tuple[Source, ...] = get_args(Source)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which judgements are wanted; what is left empty does not matter.

    `model` is a key `backend:name`, or a name, of at least one reply that was judged. `language` is that of the
    message, "en" or "zh". `since` and `until` bound when it was judged, the second exclusively. `verified`: a reply
    that was judged was found right (True) or wrong (False) by rule. `shortest` and `longest` bound the characters of
    thought and answer together, of every reply that was judged.
    """

    kinds: frozenset[Kind] = frozenset()
    conversation_id: str = ""
    model: str = ""
    language: str = ""
    since: datetime | None = None
    until: datetime | None = None
    rater: str = ""
    verified: bool | None = None
    shortest: int | None = None
    longest: int | None = None

"""Values of another program's JSON, in which nothing is certain: each function takes anything. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from r1chat.messages import LONGEST_NAME

EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # moments that are believed

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_IN_MILLISECONDS = 9e11  # of 1998; as seconds, a year that no date has
_IN_MICROSECONDS = 9e14  # of 1998
_SPOKEN_DATE = re.compile(r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4}) (\d{1,2}):(\d{2})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def mapping(value: Any) -> Mapping[str, Any]:
    """The object that it is, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Any]:
    """The list that it is, else an empty one."""
    return value if isinstance(value, list) else ()


def clean(value: Any) -> str:
    """The text that it is, else an empty one; characters that no database holds become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else ""


def identifier(value: Any) -> str:
    """An id as text: programs write them as text or as whole numbers. "" where it is neither."""
    return f"{value:d}" if type(value) is int and abs(value) < 10**40 else clean(value)


def name(value: Any) -> str:
    """A title, or the name of a model: one line of at most LONGEST_NAME characters."""
    text = clean(value[: LONGEST_NAME + 1] if isinstance(value, str) else value)  # it is asked for at every message
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def first_text(holder: Mapping[str, Any], *keys: str) -> str:
    """The first of these fields that is a text with something in it; "" where none is."""
    return next((text for key in keys if (text := clean(holder.get(key))).strip()), "")


def seconds(value: Any) -> float:
    """A duration in seconds; 0.0 where it is none that a reply could take."""
    usable = type(value) in (int, float) and math.isfinite(value) and 0 < value < 1e7
    return float(value) if usable else 0.0


def moment(*values: Any) -> datetime | None:
    """The first of these that is a moment between EARLIEST and LATEST; None where none is.

    Takes seconds, milliseconds or microseconds since 1970, as a number or as its digits, and dates in ISO 8601 (UTC,
    where they tell no zone) or as in "Nov 28, 2026 10:00" (in the zone of this machine).
    """
    for value in values:
        timestamp = _number_moment(value) if type(value) in (int, float) else _text_moment(value)
        if timestamp is not None and EARLIEST <= timestamp <= LATEST:
            return timestamp
    return None


def _number_moment(value: float) -> datetime | None:
    if not 0 < value < 1e17:  # also no NaN
        return None
    divisor = 1e6 if value > _IN_MICROSECONDS else 1e3 if value > _IN_MILLISECONDS else 1
    try:
        return datetime.fromtimestamp(value / divisor, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _text_moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        if re.fullmatch(r"[0-9]{9,16}(?:\.[0-9]{1,9})?", value):
            return _number_moment(float(value))
        if spoken := _SPOKEN_DATE.fullmatch(value):
            month, day, year, hour, minute = spoken.groups()
            local = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute))
            return local.astimezone(UTC)
        timestamp = datetime.fromisoformat(value)
        return timestamp.replace(tzinfo=UTC) if timestamp.tzinfo is None else timestamp.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None

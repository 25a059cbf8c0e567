"""Values of another program's JSON, of which nothing is certain. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from r1chat.messages import LAST_MOMENT

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_IN_MILLISECONDS = 1e11  # as seconds, this is the year 5138


def mapping(value: Any) -> Mapping[str, Any]:
    """The object that it is, else an empty one."""
    return value if isinstance(value, dict) else {}


def clean(value: Any) -> str:
    """The text that it is, else an empty one; characters that no database holds become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else ""


def moment(value: Any, otherwise: datetime) -> datetime:
    """Seconds or milliseconds since 1970 as a moment."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return otherwise
    try:
        found = datetime.fromtimestamp(value / 1000 if value > _IN_MILLISECONDS else value, UTC)
    except (OverflowError, ValueError, OSError):
        return otherwise
    return found if found <= LAST_MOMENT else otherwise

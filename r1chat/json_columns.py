"""Reads columns that hold JSON. An import, a restored file or a damaged disk may have put anything there.

Whoever reads such a column gets a value of its form, or none, and never an exception: one row must not take away the
page and the exports of all others.
"""

from __future__ import annotations

import json
from typing import TypeVar

LONGEST = 100_000  # characters; what r1chat writes has some thousands

_Kind = TypeVar("_Kind", bound=object)


def value_of(column: str, kind: type[_Kind]) -> _Kind | None:
    """The JSON array (`list`) or object (`dict`) that a column holds; None where it holds nothing of that kind."""
    try:
        value = json.loads(column) if 0 < len(column) <= LONGEST else None
    except (ValueError, RecursionError):  # ValueError: also a number of too many digits
        return None
    return value if isinstance(value, kind) else None

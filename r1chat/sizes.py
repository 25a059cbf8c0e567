"""Numbers of bytes in words."""

from __future__ import annotations

_MOST = 1e24  # what is larger is no size of anything, and may be no float


def readable_size(count: float) -> str:
    """A number of bytes with two or three digits: 5.1 MB, 640 MB, 42 GB. Units are decimal."""
    count = min(count, _MOST)
    for unit in ("B", "kB", "MB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 9.95 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB" if count < 9.95 else f"{count:,.0f} GB"

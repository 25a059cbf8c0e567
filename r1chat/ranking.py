"""An order from comparisons of two at a time: what is known of it, and which two to compare next. Pure.

Binary insertion: each item finds its place among those that are in order, so that n items take about n·log2(n)
comparisons. Nothing is remembered but what was said, so a ranking can be left and taken up again at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Said = Callable[[str, str], int | None]  # 1: the first is better, -1: the second, 0: as good, None: not compared yet


@dataclass(frozen=True, slots=True)
class Ranking:
    """Groups of equals, best first; the two to compare next, None when all is known; at most how many are left."""

    groups: tuple[tuple[str, ...], ...]
    ask: tuple[str, str] | None = None
    left: int = 0


def ranked(items: Sequence[str], said: Said) -> Ranking:
    """The order of `items` as far as what was said of pairs tells it."""
    groups: list[list[str]] = []
    for number, item in enumerate(items):
        low, high = 0, len(groups)
        while low < high:
            middle = (low + high) // 2
            other = groups[middle][0]
            verdict = said(item, other)
            if verdict is None:
                later = range(len(groups) + 1, len(groups) + len(items) - number)
                left = (high - low).bit_length() + sum(size.bit_length() for size in later)
                return Ranking(tuple(map(tuple, groups)), (other, item), left)
            if verdict == 0:
                groups[middle].append(item)
                break
            low, high = (low, middle) if verdict > 0 else (middle + 1, high)
        else:
            groups.insert(low, [item])
    return Ranking(tuple(map(tuple, groups)))

"""Ranks items by pairwise comparisons: the order so far, and which two to compare next. Pure.

Binary insertion: n items take about n·log2(n) comparisons. The comparisons are the only state, so a ranking can be
interrupted and resumed at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

PairOutcome = Callable[
    [str, str], int | None
]  # 1: the first is better, -1: the second, 0: a tie, None: not compared yet


@dataclass(frozen=True, slots=True)
class Ranking:
    """Groups of tied items, best first; the two to compare next (None: complete); how many are left at most."""

    groups: tuple[tuple[str, ...], ...]
    ask: tuple[str, str] | None = None
    left: int = 0


def ranked(items: Sequence[str], outcome: PairOutcome) -> Ranking:
    """The order of `items` as far as the comparisons determine it."""
    groups: list[list[str]] = []
    for number, item in enumerate(items):
        low, high = 0, len(groups)
        while low < high:
            middle = (low + high) // 2
            other = groups[middle][0]
            verdict = outcome(item, other)
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

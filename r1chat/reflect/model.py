"""The trained model of moments: which sentences are one, and of which kind.

A linear model: the sum of integer weights of a sentence's features (`features.py`), added to the hand-set points of the
lexicon's marks (`points.py`). Integers make the sum the same in every process and in any order. The weights are in
`moments.tsv`, written by `python -m training.train_moments` from the snippets in `training/moments/`.

Unit: hundredths of a logit.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from r1chat.reflect.points import BAR, KINDS, Kind, points, votes

WEIGHTS = Path(__file__).with_name("moments.tsv")
_POINTS = 10  # hundredths of a logit that a tenth of a point counts
VOTES_WEIGHT = 5  # the same for the votes on the kind

Row = tuple[int, tuple[int, ...]]  # weight for being a moment; weights for the kinds, in the order of KINDS


def prior(marks: set[str]) -> int:
    """What the hand-set points say, before the trained weights."""
    return _POINTS * (points(marks) - BAR)


def score(marks: set[str], features: Iterable[str]) -> int:
    """How strongly a sentence is a moment: at least `bar()` for one."""
    table = _weights()
    return prior(marks) + table["bias"][0] + sum(table[name][0] for name in features if name in table)


def kind(marks: set[str], features: Iterable[str]) -> Kind:
    """The likeliest kind of a sentence that is a moment."""
    table = _weights()
    totals = [VOTES_WEIGHT * vote + weight for vote, weight in zip(votes(marks), table["bias"][1], strict=True)]
    for name in features:
        if name in table:
            for at, weight in enumerate(table[name][1]):
                totals[at] += weight
    return KINDS[totals.index(max(totals))]


def bar() -> int:
    """The score from which a sentence counts as a moment, unless a person has calibrated it."""
    return _weights()["bar"][0]


@cache
def _weights() -> dict[str, Row]:
    table: dict[str, Row] = {}
    for line in WEIGHTS.read_text(encoding="utf-8").splitlines():
        name, weight, *kinds = line.split("\t")
        table[name] = int(weight), tuple(map(int, kinds[0].split())) if kinds else (0,) * len(KINDS)
    return table

"""The trained model of moments: which sentences are one, and of which kind.

A linear model: the sum of integer weights of a sentence's features (`features.py`), added to the hand-set points of its
marks (`weights.py`). Integers make the sum the same in every process and in any order. The weights are in `moments.tsv`
(feature, weight, a weight for each kind), written by `python -m training.train_moments` from the snippets in
`training/moments/`.

Unit: hundredths of a logit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from r1chat.reflect.features import FeatureFinder
from r1chat.reflect.weights import BAR, KINDS, LANE, MomentKind, points, votes

Bars = Mapping[MomentKind, int]  # the score that a sentence needs for each kind

WEIGHTS = Path(__file__).with_name("moments.tsv")
# The weights for the kinds are added up in one integer: a lane for each kind, weights shifted to be positive.
_LANE_MASK = (1 << LANE) - 1
_SHIFT = 1 << 15

_HOPELESS = -150  # of the moments found in real traces one in 400 has less; of the other sentences nine in ten do
_HOPELESS_CHINESE = -230  # the lists know fewer of the Chinese words
_LEAST = -120  # few points speak against a moment only this much: the weights decide
_POINTS = 10  # hundredths of a logit that a tenth of a point counts
_VOTES = 8  # the same for the votes on the kind


def prior(marks: set[str], names: set[str]) -> int:
    """What the hand-set points say, before the trained weights. `names`: `anywhere(marks)`."""
    return _POINTS * (points(marks, names) - BAR)


def hopeless(prior: int, names: set[str]) -> bool:
    """Whether no weights could make a moment of a sentence with this prior: it has next to no points."""
    return prior < (_HOPELESS_CHINESE if "han" in names else _HOPELESS)


def features(text: str, marks: set[str], names: set[str]) -> set[str]:
    """The features of a sentence that have weights. `names`: `anywhere(marks)`."""
    return _model().known.features(text, marks, names)


def score(prior: int, features: set[str]) -> int:
    """How strongly a sentence with these `features()` is a moment: at least `bar()` for one."""
    return sum(map(_model().weights.__getitem__, features), max(prior, _LEAST))


def kind(names: set[str], features: set[str]) -> MomentKind:
    """The likeliest kind of a sentence that is a moment; the first of those that are equally likely."""
    lanes = sum(map(_model().kinds.__getitem__, features), _VOTES * votes(names))
    totals = [lanes >> LANE * at & _LANE_MASK for at in range(len(KINDS))]
    return KINDS[totals.index(max(totals))]


def bar() -> int:
    """The score from which a sentence counts as a moment, unless a person has calibrated it."""
    return _model().bar


@dataclass(frozen=True)
class _Model:
    bar: int
    weights: dict[str, int]  # of each feature, for being a moment
    kinds: dict[str, int]  # of each feature, for the kinds in the order of KINDS, each in a lane of its own
    known: FeatureFinder


@cache
def _model() -> _Model:
    bar, *lines = WEIGHTS.read_text(encoding="utf-8").splitlines()
    weights: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for line in lines:
        name, weight, *of_kinds = line.split("\t")
        weights[name] = int(weight)
        kinds[name] = sum(int(weight) + _SHIFT << LANE * at for at, weight in enumerate(of_kinds))
    return _Model(int(bar.split("\t")[1]), weights, kinds, FeatureFinder(weights))

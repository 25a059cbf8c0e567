"""What samples of a run say about a model, each figure with a bootstrap interval over problems.

pass@k is the unbiased estimate of Chen et al. (arXiv 2107.03374): one minus the chance that k of n samples are all
wrong. cons@k is the share of problems whose majority answer is right (self-consistency, Wang et al., arXiv 2203.11171;
DeepSeek-R1's paper calls it cons@64). The interval is the percentile bootstrap over problems, since samples of one
problem are not independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=0, lt=1 << 53)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
RESAMPLES = 2_000
_AT_ONCE = 1 << 15  # numbers that are drawn at once
INTERVAL = 0.95
LEAST = 20  # problems from which the bootstrap's intervals of differences are wide enough


@dataclass(frozen=True, slots=True)
class Sample:
    """One reply to a problem. `correct` None: undecided. Tokens, seconds; `moments` by kind."""

    reply: str
    correct: bool | None
    finish: str
    thinking: Count
    answer: Count
    seconds: Seconds
    format: Share | None = None
    language: Share | None = None
    moments: Annotated[dict[str, Count], Field(max_length=20)] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Solved:
    """A problem with its samples. `majority`: whether the majority's answer is right; None: undecided.

    `seconds`: wall time of all its samples and their judging; 0 where it was not noted.
    """

    problem: str
    turn: str
    samples: tuple[Sample, ...]
    majority: bool | None = None
    seconds: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; all three nan where nothing could be counted."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measures:
    """What a run found. Shares from 0 to 1, tokens, tokens per second. `pass_k` and `majority` are at `k` samples."""

    problems: int
    k: int
    pass_1: Estimate
    pass_k: Estimate
    majority: Estimate
    thinking: Estimate
    truncated: Estimate
    format: Estimate
    language: Estimate
    moments: dict[str, Estimate]
    speed: Estimate
    undecided: int
    failed: int


def measure(solved: Sequence[Solved]) -> Measures:
    """The measures of a run; `k` is the least number of samples that a problem has."""
    k = min((len(outcome.samples) for outcome in solved), default=0)
    kinds = sorted({kind for outcome in solved for sample in outcome.samples for kind in sample.moments})
    samples = [sample for outcome in solved for sample in outcome.samples]

    def each(value: Callable[[Sample], float | None]) -> Estimate:
        return bootstrap([_mean([value(sample) for sample in outcome.samples]) for outcome in solved])

    return Measures(
        problems=len(solved),
        k=k,
        pass_1=share([pass_at(1, outcome) for outcome in solved]),
        pass_k=share([pass_at(k, outcome) for outcome in solved]),
        majority=share([_share(outcome.majority) for outcome in solved]),
        thinking=each(lambda sample: float(sample.thinking)),
        truncated=each(lambda sample: float(sample.finish == "length")),
        format=each(lambda sample: sample.format),
        language=each(lambda sample: sample.language),
        moments={kind: each(lambda sample, kind=kind: float(sample.moments.get(kind, 0))) for kind in kinds},  # type: ignore[misc]
        speed=each(lambda sample: (sample.thinking + sample.answer) / sample.seconds if sample.seconds else None),
        undecided=sum(sample.correct is None for sample in samples),
        failed=sum(sample.finish == "error" for sample in samples),
    )


def pass_at(k: int, solved: Solved) -> float:
    """The chance that at least one of k samples is right; nan where fewer than k samples are decided."""
    decided = [sample.correct for sample in solved.samples if sample.correct is not None]
    n, right = len(decided), sum(decided)
    if k < 1 or n < k:
        return math.nan
    return 1.0 - math.comb(n - right, k) / math.comb(n, k)


def bootstrap(values: Sequence[float]) -> Estimate:
    """The mean of one value a problem, and its percentile interval. nan values are left out."""
    import numpy as np  # when it is needed: it is an eighth of the imports of r1chat's start

    known = np.array([value for value in values if not math.isnan(value)])
    if not len(known):
        return Estimate(math.nan, math.nan, math.nan)
    rng = np.random.default_rng(0)  # the same data give the same interval
    rows = max(1, _AT_ONCE // len(known))
    counts = (min(rows, RESAMPLES - done) for done in range(0, RESAMPLES, rows))
    means = np.concatenate([known[rng.integers(0, len(known), (n, len(known)))].mean(axis=1) for n in counts])
    low, high = np.quantile(means, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return Estimate(float(known.mean()), float(low), float(high))


def share(values: Sequence[float]) -> Estimate:
    """As `bootstrap`, of values from 0 to 1. Where all are 0 or all are 1, that says nothing: Wilson's interval."""
    known = [value for value in values if not math.isnan(value)]
    return wilson(sum(known), len(known)) if set(known) in ({0.0}, {1.0}) else bootstrap(known)


def difference_of(values: Sequence[float]) -> Estimate:
    """As `bootstrap`, of differences, one a problem. From fewer than LEAST problems the bootstrap's interval is too
    narrow: there it holds zero, too, unless the exact sign test excludes that.
    """
    estimate = bootstrap(values)
    if sum(not math.isnan(value) for value in values) >= LEAST:
        return estimate
    if _two_sided(sum(value < 0 for value in values), sum(value > 0 for value in values)) < 1 - INTERVAL:
        return estimate
    return replace(estimate, low=min(estimate.low, 0.0), high=max(estimate.high, 0.0))


def wilson(wins: float, games: int) -> Estimate:
    """A share with Wilson's 95 % interval (1927); nan without games."""
    if not games:
        return Estimate(math.nan, math.nan, math.nan)
    z2, share = 1.96**2, wins / games
    middle = (share + z2 / (2 * games)) / (1 + z2 / games)
    half = 1.96 / (1 + z2 / games) * math.sqrt(share * (1 - share) / games + z2 / (4 * games**2))
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True, slots=True)
class Paired:
    """Two runs on the same problems: pass@1 and cons@k of the second less those of the first, and McNemar's exact test.

    `difference` is that of pass@1, `majority` that of cons@k; `k` is the least number of samples that a problem has.
    `only_first` and `only_second` count problems that the majority of one run's samples has right and the other's not.
    `p` is two-sided.
    """

    problems: int
    k: int
    difference: Estimate
    majority: Estimate
    only_first: int
    only_second: int
    p: float


def compare_runs(first: Sequence[Solved], second: Sequence[Solved]) -> Paired:
    """Compare two runs by the problems that both have solved (paired bootstrap; McNemar 1947, exact)."""
    others = {outcome.problem: outcome for outcome in second}
    pairs = [(outcome, others[outcome.problem]) for outcome in first if outcome.problem in others]
    k = min((len(outcome.samples) for pair in pairs for outcome in pair), default=0)
    difference = difference_of([pass_at(1, new) - pass_at(1, old) for old, new in pairs])
    majority = difference_of([_share(new.majority) - _share(old.majority) for old, new in pairs])
    only_first = sum(pass_at(1, old) > 0.5 >= pass_at(1, new) for old, new in pairs)
    only_second = sum(pass_at(1, new) > 0.5 >= pass_at(1, old) for old, new in pairs)
    return Paired(len(pairs), k, difference, majority, only_first, only_second, _two_sided(only_first, only_second))


def _two_sided(first: int, second: int) -> float:
    """Two-sided p of a sign test: twice the chance of no more than the smaller count, which is summed downwards."""
    n, least = first + second, min(first, second)
    chance = math.exp(math.lgamma(n + 1) - math.lgamma(least + 1) - math.lgamma(n - least + 1) - n * math.log(2))
    total = 0.0
    for count in range(least, -1, -1):
        total += chance
        chance *= count / (n - count + 1)
    return min(1.0, 2 * total)


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else math.nan


def _share(verdict: bool | None) -> float:
    return math.nan if verdict is None else float(verdict)

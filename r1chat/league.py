"""Ratings of models and settings from people's comparisons, by Bradley and Terry (1952).

A player's strength is the mode of a penalised likelihood in which a tie is half a win for each side, as in FastChat's
leaderboard; "both bad" counts as a tie, since it prefers neither.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy is imported when it is needed: it is an eighth of the imports of r1chat's start
    from numpy import float64
    from numpy.typing import NDArray

    _Array = NDArray[float64]

FEW = 20
"""The least number of comparisons for a league: of 20, it takes 15 wins to tell two players apart at the 5 % level."""

MOST = 100
"""The players that are rated, those with the most comparisons: time grows with the third power of their number."""

MEAN = 1000.0
SCALE = 400.0  # points of lead of a player that wins ten times as often as it loses
_POINTS = SCALE / math.log(10)  # points for each unit of log-odds
_TWO_SIDED_95 = 1.96
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """A player's rating in points, its 95 % interval, and the counts that it rests on; `games` is their sum."""

    name: str
    rating: float
    low: float
    high: float
    games: int
    wins: int
    losses: int
    ties: int


def league(results: Iterable[tuple[str, str, float]], few: int = FEW, spread: float = SCALE) -> list[Standing]:
    """The players, best first, `MOST` of them; empty where there are fewer than `few` comparisons.

    A result is (left, right, score of left): 1, 0, or 0.5 for a tie. What compares a player with itself is left out.
    Strengths have a normal prior of standard deviation `spread` points, so that a player without a loss has a finite
    rating, and players who never met stay apart by no more than the prior allows. Ratings have the mean 1000.

    The intervals come from the curvature of the likelihood at its mode. Unlike a bootstrap, this is deterministic and
    gives a player without a loss a finite interval. Ties make the intervals a little too wide.
    Raises ValueError for any other score.
    """
    import numpy as np

    played = [(left, right, score) for left, right, score in results if left != right]
    if len(played) < max(few, 1):
        return []
    games = Counter(name for left, right, _ in played for name in (left, right))
    names = sorted(sorted(games, key=lambda name: (-games[name], name))[:MOST])
    place = {name: index for index, name in enumerate(names)}
    scores = np.zeros((3, len(names), len(names)))  # wins, ties, losses of row against column
    for left, right, score in played:
        if score not in (0, 0.5, 1):
            raise ValueError(f"A result's score is 1, 0.5 or 0, not {score!r}.")
        if left not in place or right not in place:
            continue
        outcome = 2 - int(2 * score)
        scores[outcome, place[left], place[right]] += 1
        scores[2 - outcome, place[right], place[left]] += 1
    strengths, errors = _fit(scores, spread / _POINTS)
    counts = scores.sum(axis=2).astype(int)
    standings = [
        _standing(name, float(strength), float(error), *map(int, count))
        for name, strength, error, count in zip(names, strengths, errors, counts.T, strict=True)
    ]
    return sorted(standings, key=lambda standing: (-standing.rating, standing.name))


def _fit(scores: _Array, deviation: float) -> tuple[_Array, _Array]:
    """Strengths in log-odds, of mean 0, and their standard errors, by Newton's method with halved steps."""
    import numpy as np

    points = scores[0] + scores[1] / 2
    games = scores.sum(axis=0)
    precision = np.eye(len(games)) / deviation**2

    def likelihood(strengths: _Array) -> float:
        margins = strengths[:, None] - strengths
        return float(-(points * np.logaddexp(0, -margins)).sum() - strengths @ precision @ strengths / 2)

    def curvature(strengths: _Array) -> tuple[_Array, _Array]:
        chances = np.exp(-np.logaddexp(0, strengths - strengths[:, None]))
        slope = (points - games * chances).sum(axis=1) - precision @ strengths
        weights = games * chances * (1 - chances)
        return slope, np.diag(weights.sum(axis=1)) - weights + precision

    strengths = np.zeros(len(games))
    for _ in range(_STEPS):
        slope, bend = curvature(strengths)
        step = np.linalg.solve(bend, slope)
        while likelihood(strengths + step) < likelihood(strengths) and np.abs(step).max() > 1e-9:
            step /= 2
        strengths = strengths + step
        if np.abs(step).max() < 1e-9:
            break
    _, bend = curvature(strengths)
    centring = np.eye(len(games)) - 1 / len(games)  # the common level of all is arbitrary, hence no error
    covariance = centring @ np.linalg.inv(bend) @ centring
    return strengths - strengths.mean(), np.sqrt(np.diag(covariance))


def _standing(name: str, strength: float, error: float, wins: int, ties: int, losses: int) -> Standing:
    rating, margin = MEAN + strength * _POINTS, _TWO_SIDED_95 * error * _POINTS
    return Standing(
        name=name,
        rating=rating,
        low=rating - margin,
        high=rating + margin,
        games=wins + ties + losses,
        wins=wins,
        losses=losses,
        ties=ties,
    )

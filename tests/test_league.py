"""Ratings from comparisons: against a case solved by hand, and against players of known strength."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from r1chat.league import FEW, MOST, league


def test_three_wins_of_four_are_a_lead_of_191_points() -> None:
    games = [("a", "b", 1.0), ("b", "a", 0.0), ("a", "b", 1.0), ("a", "b", 0.0)]
    first, second = league(games, few=1, spread=1e6)  # next to no prior: odds of 3 to 1
    assert (first.name, first.games, first.wins, first.losses, first.ties) == ("a", 4, 3, 1, 0)
    assert (second.name, second.games, second.wins, second.losses, second.ties) == ("b", 4, 1, 3, 0)
    assert first.rating - second.rating == pytest.approx(400 * math.log10(3), abs=0.01)
    assert first.rating + second.rating == pytest.approx(2000)
    # The variance of the lead in log-odds is 1 / (4 * 3/4 * 1/4) = 4/3; a rating is off by half as much as the lead.
    margin = 1.96 * math.sqrt(4 / 3) / 2 * 400 / math.log(10)
    assert first.high - first.rating == pytest.approx(margin, abs=0.01)
    assert first.rating - first.low == pytest.approx(margin, abs=0.01)


def test_a_tie_is_half_a_win_for_each() -> None:
    ties = [("a", "b", 0.5)] * 2
    halves = [("a", "b", 1.0), ("a", "b", 0.0)]
    assert [standing.rating for standing in league(ties, few=1)] == pytest.approx([1000, 1000])
    assert [(standing.low, standing.high) for standing in league(ties, few=1)] == [
        (standing.low, standing.high) for standing in league(halves, few=1)
    ]
    assert [(standing.ties, standing.games) for standing in league(ties, few=1)] == [(2, 2), (2, 2)]


def test_unbeaten_and_never_met_players_have_finite_ratings() -> None:
    standings = league([("a", "b", 1.0)] * 500 + [("c", "d", 1.0)] * 30)
    assert [standing.name for standing in standings] == ["a", "c", "d", "b"]
    assert all(standing.low < standing.rating < standing.high for standing in standings)
    assert 1400 < standings[0].rating < 1800
    assert len(league([("a", "b", 1.0)] * FEW, spread=1e5)) == 2  # hardly a prior, and still no overflow


def test_few_comparisons_say_nothing() -> None:
    assert league([]) == []
    assert league([("a", "b", 1.0)] * (FEW - 1)) == []
    assert league([("a", "b", 1.0)] * (FEW - 1) + [("a", "a", 1.0)]) == []  # with itself: says nothing
    assert len(league([("a", "b", 1.0)] * FEW)) == 2


def test_order_of_results_and_sides_does_not_matter() -> None:
    games = [("a", "b", 1.0), ("b", "c", 0.5), ("c", "a", 0.0), ("b", "a", 0.5)] * 10
    turned = [(right, left, 1 - score) for left, right, score in reversed(games)]
    assert league(games) == league(turned)


def test_a_score_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.7"):
        league([("a", "b", 0.7)] * FEW)


@pytest.mark.parametrize("games", [60, 600])
def test_intervals_hold_the_true_rating_19_times_in_20(games: int) -> None:
    random = np.random.default_rng(7)
    rounds = 150
    covered = 0
    for _ in range(rounds):
        truth = random.normal(0, 200, size=5)
        truth += 1000 - truth.mean()
        covered += sum(
            standing.low <= truth[int(standing.name)] <= standing.high
            for standing in league(_play(random, truth, games))
        )
    assert 0.92 <= covered / (rounds * 5) <= 0.98


def _play(random: np.random.Generator, truth: NDArray[np.float64], games: int) -> list[tuple[str, str, float]]:
    left = random.integers(len(truth), size=games)
    right = (left + random.integers(1, len(truth), size=games)) % len(truth)
    chances = 1 / (1 + 10 ** ((truth[right] - truth[left]) / 400))
    wins = (random.random(games) < chances).astype(float)
    return list(zip(map(str, left), map(str, right), wins.tolist(), strict=True))


@pytest.mark.slow
def test_of_many_players_those_with_the_most_comparisons_are_rated() -> None:
    seldom = [(f"seldom {number}", f"rare {number}", 1.0) for number in range(2_000)]
    often = [(f"often {number % 60}", f"often {number % 61}", 0.5) for number in range(600)]
    standings = league(seldom + often)
    assert len(standings) == MOST
    assert {f"often {number}" for number in range(61)} <= {standing.name for standing in standings}
    assert sum(standing.games for standing in standings if standing.name.startswith("often")) == 2 * len(
        [game for game in often if game[0] != game[1]]
    )

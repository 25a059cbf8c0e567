"""Rankings: the order is the one that the answers imply, and no more is asked than was promised."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from r1chat.ranking import Ranking, ranked


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_answers_lead_to_their_order_in_as_many_comparisons_as_were_promised(worths: list[int]) -> None:
    worth = {f"reply {number}": value for number, value in enumerate(worths)}
    known: dict[frozenset[str], None] = {}

    def said(first: str, second: str) -> int | None:
        if frozenset((first, second)) not in known:
            return None
        return (worth[first] > worth[second]) - (worth[first] < worth[second])

    ranking = ranked(list(worth), said)
    promised = ranking.left
    while ranking.ask is not None:
        assert frozenset(ranking.ask) not in known
        known[frozenset(ranking.ask)] = None
        left, ranking = ranking.left, ranked(list(worth), said)
        assert ranking.left < left
    assert len(known) <= promised
    assert sorted(item for group in ranking.groups for item in group) == sorted(worth)
    values = [{worth[item] for item in group} for group in ranking.groups]
    assert all(len(group) == 1 for group in values)
    assert all(min(better) > max(worse) for better, worse in pairwise(values))


def test_two_that_nobody_compared_are_asked_for() -> None:
    assert ranked(["a", "b", "c"], lambda first, second: None) == Ranking((("a",),), ("a", "b"), 3)

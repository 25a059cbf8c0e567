"""The speed of a reply: all of its tokens by all of the time that they took."""

from __future__ import annotations

import pytest

from r1chat.messages import Finish, Reply, Timings, Usage
from r1chat.think import Draft
from r1chat.think.events import AnswerText


def continued(decode: float | None) -> Reply:
    """A reply of 100 tokens in 12 s, 10 s of which decoded as told, and 50 more tokens that took the backend 5 s."""
    clock = iter([0.0, 1.0, 6.0, 6.0, 6.0, 6.0])
    timings = Timings(first_token=2.0, total=12.0, decode=decode)
    draft = Draft(Reply("thought", usage=Usage(reasoning_tokens=100), timings=timings), clock=lambda: next(clock))
    draft.add(AnswerText("answer", 50))
    draft.add(Finish("stop", completion_tokens=50, decode=5.0))
    return draft.reply()


def test_stretches_that_the_backend_timed_are_added() -> None:
    assert continued(10.0).tokens_per_second == pytest.approx(150 / 15)


def test_stretch_that_was_cut_before_the_backend_told_its_time_is_timed_by_our_clock() -> None:
    reply = continued(None)
    assert reply.timings.decode is None
    assert reply.tokens_per_second == pytest.approx(150 / (12 + 6 - 2))

"""Judging replies through the app, with the scripted model: corrections, comparisons, references and their rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from r1chat.app import App, build
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.config import Settings
from r1chat.errors import CheckError, MessageError
from r1chat.judgements import Aspects, Thumb
from r1chat.messages import Finish, Params, Request
from r1chat.store import judgements

MODEL = "scripted:scripted"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., App]]:
    apps: list[App] = []

    def with_scripts(*replies: str) -> App:
        script = iter(replies)
        app = build(Settings(data_dir=tmp_path, ollama=False), {"scripted": ScriptedBackend(lambda _: [next(script)])})
        apps.append(app)
        return app

    yield with_scripts
    for app in apps:
        app.close()


def test_a_correction_is_a_sibling_that_says_whose_place_it_takes(opened: Callable[..., App]) -> None:
    app = opened("<think>27 + 43 = 60.</think>60")
    generation = app.chat.send(None, "27 + 43 = ?", MODEL)
    generation.wait(10)
    with pytest.raises(MessageError, match="Nothing was changed"):
        app.teacher.correct(generation.reply_id, " 60 ")
    corrected = app.teacher.correct(generation.reply_id, "70")
    assert (corrected.reply.reasoning, corrected.reply.answer) == ("27 + 43 = 60.", "70")
    assert (corrected.provenance.origin, corrected.provenance.parent_id) == ("corrected", generation.reply_id)
    reply = app.store.conversation(generation.conversation_id).turns[0].reply
    assert reply is not None and reply.id == corrected.id
    assert app.store.judgements.gathered().pairs == 1


def test_a_comparison_is_answered_twice_and_goes_on_from_the_winner(opened: Callable[..., App]) -> None:
    app = opened("<think>a</think>one", "<think>b</think>two")
    vote = app.chat.begin_comparison(None, "Which?", ((MODEL, None), (MODEL, None)))
    vote.wait(10)
    sides = app.teacher.judged(vote.conversation_id).sides[vote.turn_id]
    assert sides.blind
    answers = {side: app.store.reply(side).reply.answer for side in (sides.left_id, sides.right_id)}
    assert sorted(answers.values()) == ["one", "two"]
    app.teacher.compare(sides.id, "right", (False, True), 4.0)
    reply = app.store.conversation(vote.conversation_id).turns[0].reply
    assert reply is not None and reply.id == sides.right_id
    seeds = {app.store.reply(side).provenance.params.seed for side in answers}
    assert len(seeds) == 2


def test_the_sides_of_blind_comparisons_are_drawn_by_lot(opened: Callable[..., App]) -> None:
    app = opened(*["<think>a</think>one"] * 60)
    cold, warm = Params(), Params(temperature=1.0)
    left: list[float | None] = []
    while len(set(left)) < 2 and len(left) < 30:
        vote = app.chat.begin_comparison(None, "Which?", ((MODEL, cold), (MODEL, warm)))
        vote.wait(10)
        sides = app.teacher.judged(vote.conversation_id).sides[vote.turn_id]
        left.append(app.store.reply(sides.left_id).provenance.params.temperature)
    assert len(set(left)) == 2  # 1 in 2^29 to fail


def test_a_choice_does_not_take_away_what_was_said_after_the_other_reply(opened: Callable[..., App]) -> None:
    app = opened("<think>a</think>one", "<think>b</think>two", "<think>c</think>three")
    vote = app.chat.begin_comparison(None, "Which?", ((MODEL, None), (MODEL, None)))
    vote.wait(10)
    app.chat.send(vote.conversation_id, "Go on", MODEL).wait(10)
    sides = app.teacher.judged(vote.conversation_id).sides[vote.turn_id]
    app.teacher.compare(sides.id, "right")
    turns = app.store.conversation(vote.conversation_id).turns
    assert [turn.content for turn in turns] == ["Which?", "Go on"]
    assert turns[0].reply is not None and turns[0].reply.id == sides.left_id


def test_a_side_without_an_answer_neither_wins_nor_loses(opened: Callable[..., App]) -> None:
    app = opened("<think>a</think>one", "<think>b")
    vote = app.chat.begin_comparison(None, "Which?", ((MODEL, None), (MODEL, None)))
    vote.wait(10)
    sides = app.teacher.judged(vote.conversation_id).sides[vote.turn_id]
    with pytest.raises(MessageError, match="not whole"):
        app.teacher.compare(sides.id, "left")
    assert app.teacher.judged(vote.conversation_id).open_comparison(vote.turn_id) == sides
    app.teacher.compare(sides.id, "both_bad")
    assert app.teacher.judged(vote.conversation_id).open_comparison(vote.turn_id) is None


def test_ranking_asks_for_pairs_until_all_are_in_order_and_shows_the_best(opened: Callable[..., App]) -> None:
    app = opened(*[f"<think>a</think>{worth}" for worth in (2, 3, 1)])
    generation = app.chat.send(None, "Which?", MODEL)
    generation.wait(10)
    for _ in range(2):
        app.chat.again(generation.turn_id, MODEL).wait(10)
    app.teacher.rank(generation.turn_id)
    while sides := app.teacher.judged(generation.conversation_id).open_comparison(generation.turn_id):
        left, right = (int(app.store.reply(side).reply.answer) for side in (sides.left_id, sides.right_id))
        app.teacher.compare(sides.id, "left" if left > right else "right")
    order = [app.store.reply(group[0]).reply.answer for group in app.teacher.ranking(generation.turn_id).groups]
    assert order == ["3", "2", "1"]
    reply = app.store.conversation(generation.conversation_id).turns[0].reply
    assert reply is not None and reply.reply.answer == "3"


def test_leaving_a_ranking_keeps_what_was_said(opened: Callable[..., App]) -> None:
    app = opened(*["<think>a</think>one"] * 3)
    generation = app.chat.send(None, "Which?", MODEL)
    generation.wait(10)
    for _ in range(2):
        app.chat.again(generation.turn_id, MODEL).wait(10)
    first = app.teacher.rank(generation.turn_id)
    assert first is not None
    app.teacher.compare(first.id, "tie")
    second = app.teacher.judged(generation.conversation_id).open_comparison(generation.turn_id)
    assert second is not None
    app.teacher.compare(second.id, "skipped")
    judged = app.teacher.judged(generation.conversation_id)
    assert judged.open_comparison(generation.turn_id) is None and generation.turn_id not in judged.ranking
    assert app.teacher.ranking(generation.turn_id).left == 1


def test_a_reference_checks_all_replies_and_those_that_come(opened: Callable[..., App]) -> None:
    app = opened("<think>a</think>The sum is 70.", "<think>b</think>71", "<think>c</think>\\boxed{70}")
    generation = app.chat.send(None, "27 + 43 = ?", MODEL)
    generation.wait(10)
    other = app.chat.again(generation.turn_id, MODEL)
    other.wait(10)
    with pytest.raises(CheckError):
        app.teacher.set_reference(generation.turn_id, "a great many", "number")
    app.teacher.set_reference(generation.turn_id, "70")
    later = app.chat.again(generation.turn_id, MODEL)
    later.wait(10)
    corrected = app.teacher.correct(other.reply_id, "70")
    verified = app.teacher.judged(generation.conversation_id).verifications
    accuracies = {reply_id: verification.accuracy for reply_id, verification in verified.items()}
    assert accuracies == {generation.reply_id: 1.0, other.reply_id: 0.0, later.reply_id: 1.0, corrected.id: 1.0}


def test_tests_are_run_where_a_person_asks_for_it_and_never_before(opened: Callable[..., App]) -> None:
    right, wrong = (f"<think>a</think>```python\ndef f(x): return {factor} * x\n```" for factor in (2, 3))
    app = opened(right, wrong)
    generation = app.chat.send(None, "Write f, which doubles.", MODEL)
    generation.wait(10)
    turn = generation.turn_id
    with pytest.raises(CheckError, match="no tests to run"):
        app.teacher.run_tests(generation.reply_id)
    with pytest.raises(CheckError, match="no Python"):
        app.teacher.set_reference(turn, "assert f(", "tests")
    tests = app.teacher.set_reference(turn, "assert f(0) == 0\nassert f(2) == 4", "tests")
    other = app.chat.again(turn, MODEL)
    other.wait(10)

    def found() -> dict[str, float | None]:
        verified = app.teacher.judged(generation.conversation_id).verifications
        return {reply_id: verification.accuracy for reply_id, verification in verified.items()}

    assert found() == {}
    assert app.teacher.run_tests(generation.reply_id).value == 1.0
    assert "assert f(2) == 4" in app.teacher.run_tests(other.reply_id).why
    assert found() == {generation.reply_id: 1.0, other.reply_id: 0.0}
    outcome = app.teacher.outcome(other.reply_id, tests.id)
    assert outcome is not None and "assert f(2) == 4" in outcome.why
    app.teacher.set_reference(turn, "assert f(2) == 6", "tests")
    assert found() == {}  # other tests: nothing is known until they are run
    assert app.teacher.outcome(other.reply_id, "another") is None


def test_tests_run_in_the_background_until_they_are_stopped(opened: Callable[..., App]) -> None:
    slow = "<think>a</think>```python\nimport time\ntime.sleep(60)\n```"
    app = opened(slow, slow)
    generation = app.chat.send(None, "Write a program that sleeps.", MODEL)
    generation.wait(10)
    other = app.chat.again(generation.turn_id, MODEL)
    other.wait(10)
    tests = app.teacher.set_reference(generation.turn_id, "assert True", "tests")

    def testing() -> frozenset[str]:
        return app.teacher.judged(generation.conversation_id).testing

    for reply_id in (generation.reply_id, generation.reply_id, other.reply_id):  # one of them waits for its turn
        app.teacher.begin_tests(reply_id)
    assert testing() == {generation.reply_id, other.reply_id}
    app.teacher.stop_tests(generation.reply_id)
    deadline = time.monotonic() + 10
    running = testing()
    while app.teacher.outcome(generation.reply_id, tests.id) is None:
        assert generation.reply_id in running, "its outcome is there before it ends"
        assert time.monotonic() < deadline
        time.sleep(0.01)
        running = testing()
    while testing() != {other.reply_id}:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    app.teacher.close()  # as when r1chat is closed
    assert testing() == frozenset()
    assert not app.teacher.judged(generation.conversation_id).verifications
    outcomes = [app.teacher.outcome(reply_id, tests.id) for reply_id in (generation.reply_id, other.reply_id)]
    assert [outcome and outcome.why for outcome in outcomes] == ["The tests were stopped."] * 2
    app.teacher.begin_tests(other.reply_id)
    assert testing() == frozenset()


def test_a_thumb_leaves_the_marks_and_the_comment_that_were_there(opened: Callable[..., App]) -> None:
    app = opened("<think>a</think>b")
    generation = app.chat.send(None, "27 + 43 = ?", MODEL)
    generation.wait(10)
    reply = generation.reply_id
    before = app.teacher.rate(reply, "answer", "up", ["clear"], "Considered.", Aspects(clarity=4), thought_open=True)
    thumbs: list[tuple[Thumb, bool | None]] = [("up", None), ("", False), ("down", None)]
    for thumb, thought_open in thumbs:
        rating = app.teacher.judge_answer(reply, thumb, thought_open)
        assert rating == app.teacher.judged(generation.conversation_id).ratings[reply, "answer"]
        assert (rating.thumb, rating.comment, rating.aspects) == (thumb, before.comment, before.aspects)
        assert (rating.reasons, rating.thought_open) == ((("clear",), True) if thumb == "up" else ((), False))


def test_changes_of_one_rating_at_once_forget_none(opened: Callable[..., App]) -> None:
    app = opened("<think>a</think>b")
    generation = app.chat.send(None, "27 + 43 = ?", MODEL)
    generation.wait(10)

    def change(name: str) -> None:
        app.teacher.change_rating(
            generation.reply_id, "answer", lambda now: replace(now, aspects=replace(now.aspects, **{name: 3}))
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, Aspects.__slots__))
    (rating,) = app.teacher.judged(generation.conversation_id).ratings.values()
    assert rating.aspects == Aspects(3, 3, 3, 3)


def test_a_rater_is_drawn_once_and_kept(opened: Callable[..., App]) -> None:
    first, second = opened("x").teacher.rater, opened("x").teacher.rater
    assert first == second and first.startswith("rater-")


def test_an_answer_that_goes_on_is_checked_anew(tmp_path: Path) -> None:
    def script(request: Request) -> Script:
        return ["0."] if request.so_far else ["<think>7 + 3 carries.</think>27 + 43 = 7", Finish("length", "limit")]

    app = build(Settings(data_dir=tmp_path, ollama=False), {"scripted": ScriptedBackend(script)})
    generation = app.chat.send(None, "27 + 43 = ?", MODEL)
    generation.wait(10)
    app.teacher.set_reference(generation.turn_id, "70")

    def accuracies() -> list[float | None]:
        verifications = app.teacher.judged(generation.conversation_id).verifications
        return [verification.accuracy for verification in verifications.values()]

    assert accuracies() == [0.0]
    app.chat.resume(generation.reply_id).wait(10)
    deadline = time.monotonic() + 10
    while accuracies() != [1.0] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert accuracies() == [1.0]
    app.close()


def test_the_newest_verdict_on_a_pair_ranks_it_also_after_the_clock_was_set_back(
    opened: Callable[..., App], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("<think>a</think>one", "<think>b</think>two")
    first = app.chat.send(None, "Which?", MODEL)
    first.wait(10)
    second = app.chat.again(first.turn_id, MODEL)
    second.wait(10)

    class AnHourAgo(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) - timedelta(hours=1)

    for better in (first.reply_id, second.reply_id):
        sides = app.teacher.begin_comparison(first.reply_id, second.reply_id)
        app.teacher.compare(sides.id, "left" if sides.left_id == better else "right")
        monkeypatch.setattr(judgements, "datetime", AnHourAgo)
    assert app.teacher.ranking(first.turn_id).groups[0] == (second.reply_id,)
    comparison = app.teacher.judged(first.conversation_id).said_of(first.reply_id)
    assert comparison is not None and comparison.sides.id == sides.id

"""A turn from question to stored reply, with a scripted model and a real database."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from r1chat.app import App, build
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.both import Both
from r1chat.chat import Chat
from r1chat.config import load
from r1chat.errors import (
    BusyError,
    ContextError,
    GenerationError,
    MessageError,
    NotFoundError,
    UnknownModelError,
    UnsupportedError,
)
from r1chat.messages import Finish, Message, Params, Progress, Raw, ReplySoFar, Request
from r1chat.store import Store
from r1chat.store.archive import Rows
from r1chat.store.reply_owner import owner_of

MODEL = "scripted:scripted"
THOUGHT = ["<think>", "\n7 + 3", " is 10.", "\n</think>\n\n", "It is ", "10."]
MakeApp = Callable[..., App]


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    apps: list[App] = []

    def make(script: Callable[[Request], Script] | Script = THOUGHT, **options: object) -> App:
        play = script if callable(script) else lambda _request: script
        backend = ScriptedBackend(play, **options)  # type: ignore[arg-type]
        apps.append(build(load(data_dir=tmp_path / "data"), {"scripted": backend}))
        return apps[-1]

    yield make
    for app in apps:
        app.close()


class Gate:
    """A script that says a few words, and goes on when it is told to."""

    def __init__(self, first: list[str], rest: list[str]) -> None:
        self.first, self.rest, self.opened = first, rest, threading.Event()

    def __call__(self, request: Request) -> Script:
        yield from self.first
        while not self.opened.wait(0.01):
            yield Progress("waiting")
        yield from self.rest


def backend_of(app: App) -> ScriptedBackend:
    backend, _ = app.catalogue.find(MODEL)
    assert isinstance(backend, ScriptedBackend)
    return backend


def rows_of(app: App, conversation_id: str) -> Rows:
    with app.store.archive.reading() as outgoing:
        return next(outgoing.rows([conversation_id]))


def wait_for_text(generation: object, text: str) -> None:
    for reply in generation.watch(0.001):  # type: ignore[attr-defined]
        if text in reply.reasoning + reply.answer:
            return
    raise AssertionError(f"the reply ended without {text!r}")


def test_a_message_gets_a_stored_reply(make_app: MakeApp) -> None:
    app = make_app()
    generation = app.chat.send(None, "7 + 3 = ?\n", MODEL)
    reply = generation.wait(10)
    assert (reply.reasoning, reply.answer, reply.finish) == ("7 + 3 is 10.", "It is 10.", "stop")
    conversation = app.store.conversation(generation.conversation_id)
    assert conversation.info.title == "7 + 3 = ?"
    assert conversation.info.model == MODEL
    stored = conversation.turns[0].reply
    assert stored is not None
    assert (stored.reply.answer, stored.provenance.origin) == ("It is 10.", "sampled")
    assert stored.provenance.params.seed is not None


@pytest.mark.parametrize("own", [True, False, None])
def test_a_conversation_that_is_carried_over_from_another_has_its_own_consent_or_refusal(
    make_app: MakeApp, own: bool | None
) -> None:
    app = make_app()
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    judgements, old = app.store.judgements, first.conversation_id
    judgements.set_consent(None, own is False)
    if own is not None:
        judgements.set_consent(old, not own)
        judgements.set_consent(old, own, "ann")
    sent = app.chat.send(None, "I had asked: 7 + 3 = ?", MODEL, carried_from=old)
    sent.wait(10)
    both = app.chat.begin_comparison(None, "I had asked: 7 + 3 = ?", ((MODEL, None), (MODEL, None)), carried_from=old)
    both.wait(10)
    phrased = app.chat.ask_in_other_words(None, ["7 + 3 = ?", "3 + 7 = ?"], MODEL, carried_from=old)
    phrased.wait(10)
    for new in (sent, both, phrased):
        consents = [row for kind, row in rows_of(app, new.conversation_id) if kind == "consent"]
        assert [(row["allowed"], row["rater"]) for row in consents] == ([] if own is None else [(own, "ann")])


def test_the_next_turn_sees_answers_without_their_thoughts(make_app: MakeApp) -> None:
    app = make_app()
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    app.chat.send(first.conversation_id, "And doubled?", MODEL).wait(10)
    assert backend_of(app).requests[1].messages == (
        Message("user", "7 + 3 = ?"),
        Message("assistant", "It is 10."),
        Message("user", "And doubled?"),
    )


def test_every_watcher_sees_the_reply_to_its_end(make_app: MakeApp) -> None:
    gate = Gate(THOUGHT[:3], THOUGHT[3:])
    generation = make_app(gate).chat.send(None, "7 + 3 = ?", MODEL)
    seen: list[list[str]] = [[], []]
    watchers = [
        threading.Thread(target=lambda s=s: s.extend(r.answer for r in generation.watch(0.001)))  # type: ignore[misc]
        for s in seen
    ]
    for watcher in watchers:
        watcher.start()
    wait_for_text(generation, "is 10.")
    gate.opened.set()
    for watcher in watchers:
        watcher.join(10)
    assert [s[-1] for s in seen] == ["It is 10.", "It is 10."]


def test_a_watcher_that_comes_late_sees_the_finished_reply(make_app: MakeApp) -> None:
    generation = make_app().chat.send(None, "7 + 3 = ?", MODEL)
    generation.wait(10)
    assert [reply.answer for reply in generation.watch()] == ["It is 10."]


def test_stop_keeps_what_came(make_app: MakeApp) -> None:
    app = make_app(Gate(THOUGHT[:2], ["never said"]))
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    wait_for_text(generation, "7 + 3")
    generation.stop()
    reply = generation.wait(10)
    assert (reply.reasoning, reply.answer, reply.finish) == ("7 + 3", "", "stopped")
    assert app.store.reply(generation.reply_id).reply.finish == "stopped"


def test_a_stopped_reply_is_resumed_in_place(make_app: MakeApp) -> None:
    gate = Gate(THOUGHT[:2], [])
    app = make_app(lambda request: gate(request) if request.so_far is None else THOUGHT[2:])
    generation = app.chat.send(None, "7 + 3 = ?", MODEL, Params(seed=5))
    wait_for_text(generation, "7 + 3")
    generation.stop()
    generation.wait(10)
    again = app.chat.resume(generation.reply_id)
    reply = again.wait(10)
    assert again.reply_id == generation.reply_id
    assert (reply.reasoning, reply.answer, reply.finish) == ("7 + 3 is 10.", "It is 10.", "stop")
    second_request = backend_of(app).requests[1]
    assert (second_request.so_far, second_request.params.seed) == (ReplySoFar("7 + 3"), 5)


def test_a_reply_below_which_messages_stand_is_resumed_as_another_one(make_app: MakeApp) -> None:
    gate = Gate(THOUGHT[:2], [])
    app = make_app(lambda request: gate(request) if len(request.messages) == 1 and not request.so_far else THOUGHT[2:])
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    wait_for_text(first, "7 + 3")
    first.stop()
    half = first.wait(10)
    second = app.chat.send(first.conversation_id, "Twice that?", MODEL)
    second.wait(10)
    for go_on, answer in ((app.chat.resume, "It is 10."), (app.chat.close_thought, "It is 10.")):
        again = go_on(first.reply_id)
        assert again.wait(10).answer.endswith(answer)
        assert again.reply_id != first.reply_id
        whole = app.store.reply(again.reply_id)
        assert (whole.provenance.origin, whole.provenance.parent_id) == ("forked", first.reply_id)
        assert whole.provenance.kept_reasoning == len(half.reasoning)
        assert app.store.reply(first.reply_id).reply == half
        assert [turn.id for turn in app.store.path(second.turn_id)] == [first.turn_id, second.turn_id]


def test_answer_now_closes_the_thought_as_it_stands(make_app: MakeApp) -> None:
    gate = Gate(THOUGHT[:2], ["never said"])
    app = make_app(lambda request: gate(request) if request.so_far is None else ["It is 10."])
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    wait_for_text(generation, "7 + 3")
    generation.answer_now()
    reply = generation.wait(10)
    assert (reply.reasoning, reply.closed, reply.answer, reply.finish) == ("7 + 3", True, "It is 10.", "stop")
    assert backend_of(app).requests[1].so_far == ReplySoFar("7 + 3", closed=True)
    assert (reply.usage.reasoning_tokens, reply.usage.answer_tokens) == (2, 1)


def test_regenerating_makes_a_sibling(make_app: MakeApp) -> None:
    app = make_app()
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    generation.wait(10)
    app.chat.again(generation.turn_id, MODEL).wait(10)
    stored = app.store.conversation(generation.conversation_id).turns[0].reply
    assert stored is not None
    assert (stored.position, stored.siblings, stored.provenance.origin) == (2, 2, "regenerated")
    app.chat.show_reply(generation.reply_id)
    stored = app.store.conversation(generation.conversation_id).turns[0].reply
    assert stored is not None
    assert stored.id == generation.reply_id


def test_editing_a_message_makes_a_branch(make_app: MakeApp) -> None:
    app = make_app()
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    app.chat.send(first.conversation_id, "Sure?", MODEL).wait(10)
    app.chat.edit(first.turn_id, "70 + 30 = ?", MODEL).wait(10)
    turns = app.store.conversation(first.conversation_id).turns
    assert [(t.content, t.position, t.siblings) for t in turns] == [("70 + 30 = ?", 2, 2)]
    app.chat.show_turn(first.turn_id)
    assert [t.content for t in app.store.conversation(first.conversation_id).turns] == ["7 + 3 = ?", "Sure?"]


def test_a_backend_that_breaks_leaves_the_text_and_its_sentence(make_app: MakeApp) -> None:
    app = make_app([*THOUGHT[:2], GenerationError("The server went away. Start it again.")])
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    generation.wait(10)
    reply = app.store.reply(generation.reply_id).reply
    assert (reply.reasoning, reply.finish) == ("7 + 3", "error")
    assert str(reply.error) == "The server went away. Start it again."


def test_a_defect_in_a_backend_ends_the_reply_too_and_is_stored_in_both_languages(make_app: MakeApp) -> None:
    app = make_app([*THOUGHT[:2], ZeroDivisionError("oops")])
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    reply = generation.wait(10)
    assert (reply.reasoning, reply.finish) == ("7 + 3", "error")
    generation.saved(10)
    stored = Both.of(app.store.reply(generation.reply_id).reply.error)
    assert "r1chat itself failed" in stored.en and "r1chat 自身出错" in stored.zh


def test_one_reply_at_a_time_in_a_conversation(make_app: MakeApp) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    app = make_app(gate)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    with pytest.raises(BusyError, match="still being made"):
        app.chat.send(generation.conversation_id, "And?", MODEL)
    assert app.chat.running(generation.conversation_id) is generation
    gate.opened.set()
    generation.wait(10)
    assert app.chat.running(generation.conversation_id) is None
    assert len(app.store.conversation(generation.conversation_id).turns) == 1


@pytest.mark.parametrize(("prompt", "words"), [(" \n ", "empty"), ("x" * 1_000_001, "1,000,001 characters")])
def test_a_message_that_cannot_be_sent_stores_nothing(make_app: MakeApp, prompt: str, words: str) -> None:
    app = make_app()
    with pytest.raises(MessageError, match=words):
        app.chat.send(None, prompt, MODEL)
    assert app.store.conversations() == []


def test_an_unknown_model_stores_nothing(make_app: MakeApp) -> None:
    app = make_app()
    with pytest.raises(UnknownModelError, match="scripted:scripted"):
        app.chat.send(None, "7 + 3 = ?", "scripted:other")
    assert app.store.conversations() == []


def test_deleting_the_conversation_does_not_break_its_running_reply(make_app: MakeApp) -> None:
    gate = Gate(THOUGHT[:2], THOUGHT[2:])
    app = make_app(gate)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    app.store.delete(generation.conversation_id)
    gate.opened.set()
    assert generation.wait(10).answer == "It is 10."
    app.store.undelete(generation.conversation_id)
    stored = app.store.conversation(generation.conversation_id).turns[0].reply
    assert stored is not None
    assert stored.reply.answer == "It is 10."


def test_conversations_are_there_again_after_a_restart(make_app: MakeApp) -> None:
    first = make_app()
    generation = first.chat.send(None, "7 + 3 = ?", MODEL)
    generation.wait(10)
    first.close()
    stored = make_app().store.conversation(generation.conversation_id).turns[0].reply
    assert stored is not None
    assert (stored.reply.reasoning, stored.reply.answer) == ("7 + 3 is 10.", "It is 10.")


def test_closing_the_app_stops_and_saves_what_runs(make_app: MakeApp) -> None:
    app = make_app(Gate(THOUGHT[:2], ["never said"]))
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    wait_for_text(generation, "7 + 3")
    app.chat.close()
    assert app.store.reply(generation.reply_id).reply.finish == "stopped"


def test_hostile_ids_are_not_found(make_app: MakeApp) -> None:
    app = make_app()
    for bad in ("", "../../etc/passwd", "' OR 1=1 --", "x" * 64):
        with pytest.raises(NotFoundError):
            app.chat.again(bad, MODEL)
        with pytest.raises(NotFoundError):
            app.chat.send(bad or "nothing", "7 + 3 = ?", MODEL)


def test_text_is_watched_while_it_grows(make_app: MakeApp) -> None:
    generation = make_app([Raw("a "), Raw("b "), Raw("c")], rate=50.0).chat.send(None, "?", MODEL)
    answers = [reply.answer for reply in generation.watch(0.001)]
    assert answers == sorted(answers, key=len)
    assert answers[-1] == "a b c"
    assert len(set(answers)) >= 3


# --- steering --------------------------------------------------------------------------------------------------------


def continuing(request: Request) -> Script:
    """A model that thinks for ever, and answers as soon as its thought is closed."""
    if request.so_far is not None and request.so_far.closed:
        return ["It is 10."]
    return [*([] if request.so_far else ["<think>"]), *(f" t{i}" for i in range(500))]


def test_a_budget_closes_the_thought_with_a_sentence(make_app: MakeApp) -> None:
    app = make_app(continuing)
    conversation = app.store.new_conversation().id
    app.chat.set_steering(conversation, 20, keep_thoughts=False, model=MODEL)
    generation = app.chat.send(conversation, "7 + 3 = ?", MODEL)
    reply = generation.wait(10)
    assert reply.reasoning.startswith("t0 t1")
    assert reply.reasoning.endswith("I will answer with what I have.")
    assert (reply.answer, reply.finish, reply.usage.reasoning_tokens) == ("It is 10.", "stop", 20)
    provenance = app.store.reply(generation.reply_id).provenance
    assert (provenance.budget, provenance.closed_by) == (20, "budget")


def test_the_answer_gets_only_the_tokens_that_the_thought_left_it(make_app: MakeApp) -> None:
    """`max_tokens` bounds thought and answer together, over all calls of the backend."""

    def script(request: Request) -> Script:
        return ["It is 10."] if request.so_far else ["<think>", *["so "] * 40]

    app = make_app(script)
    conversation = app.store.new_conversation(model=MODEL).id
    app.chat.set_steering(conversation, 20, keep_thoughts=False, model=MODEL)
    reply = app.chat.send(conversation, "7 + 3 = ?", MODEL, Params(max_tokens=30)).wait()
    first, second = backend_of(app).requests
    assert first.params.max_tokens == 30
    assert second.params.max_tokens is not None and 0 < second.params.max_tokens <= 10
    assert reply.answer == "It is 10."


def test_a_thought_that_takes_all_tokens_leaves_none_for_an_answer(make_app: MakeApp) -> None:
    app = make_app(["<think>", *["so "] * 40])
    conversation = app.store.new_conversation(model=MODEL).id
    app.chat.set_steering(conversation, 20, keep_thoughts=False, model=MODEL)
    reply = app.chat.send(conversation, "7 + 3 = ?", MODEL, Params(max_tokens=20)).wait()
    assert len(backend_of(app).requests) == 1
    assert (reply.finish, reply.raw_finish, reply.answer) == ("length", "limit", "")


def test_answer_now_is_remembered(make_app: MakeApp) -> None:
    gate = Gate(THOUGHT[:2], ["never said"])
    app = make_app(lambda request: gate(request) if request.so_far is None else ["It is 10."])
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    wait_for_text(generation, "7 + 3")
    generation.answer_now()
    generation.wait(10)
    assert app.store.reply(generation.reply_id).provenance.closed_by == "person"


def test_answer_now_does_nothing_once_the_answer_has_begun(make_app: MakeApp) -> None:
    gate = Gate(THOUGHT[:5], THOUGHT[5:])
    app = make_app(gate)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    wait_for_text(generation, "It is")
    generation.answer_now()
    gate.opened.set()
    assert generation.wait(10).answer == "It is 10."
    assert len(backend_of(app).requests) == 1


@pytest.mark.parametrize(("budget", "words"), [(0, "no room for a thought"), (16_384, "does not fit into the window")])
def test_a_senseless_budget_is_refused(make_app: MakeApp, budget: int, words: str) -> None:
    app = make_app()
    conversation = app.store.new_conversation().id
    with pytest.raises(MessageError, match=words):
        app.chat.set_steering(conversation, budget, keep_thoughts=False, model=MODEL)
    assert app.store.info(conversation).budget is None


def test_thinking_longer_opens_the_thought_again_as_a_sibling(make_app: MakeApp) -> None:
    app = make_app(lambda request: [" 10 is right.\n</think>\n\n", "Still 10."] if request.so_far else THOUGHT)
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    longer = app.chat.think_longer(first.reply_id, MODEL)
    reply = longer.wait(10)
    assert reply.reasoning == "7 + 3 is 10.\n\nWait, 10 is right."
    assert reply.answer == "Still 10."
    stored = app.store.reply(longer.reply_id)
    assert (stored.provenance.origin, stored.provenance.parent_id) == ("extended", first.reply_id)
    assert stored.provenance.kept_reasoning == len("7 + 3 is 10.\n\nWait,")
    assert (stored.position, stored.siblings) == (2, 2)


def test_a_fork_goes_on_from_the_edited_step(make_app: MakeApp) -> None:
    script = ["<think>First step.\n\nSecond step.\n\nThird.</think>", "Done."]
    app = make_app(lambda request: [" And on.</think>", "New."] if request.so_far else script)
    first = app.chat.send(None, "?", MODEL)
    reasoning = first.wait(10).reasoning
    start = reasoning.index("Second")
    generation = app.chat.fork(first.reply_id, start, start + len("Second step."), "Another step.", MODEL)
    assert generation.wait(10).reasoning == "First step.\n\nAnother step. And on."
    provenance = app.store.reply(generation.reply_id).provenance
    assert (provenance.origin, provenance.parent_id) == ("edited", first.reply_id)
    assert app.store.reply(first.reply_id).reply.reasoning == reasoning


def test_what_takes_over_a_thought_of_an_imported_reply_lacks_what_that_lacks(make_app: MakeApp) -> None:
    script = ["<think>First step.\n\nSecond step.</think>", "Done."]
    app = make_app(lambda request: [" And on.</think>", "New."] if request.so_far else script)
    first = app.chat.send(None, "?", MODEL)
    first.wait(10)
    stored = app.store.reply(first.reply_id)
    imported = app.store.add_reply(stored.turn_id, replace(stored.provenance, incomplete_prompt=True), stored.reply)
    fork = app.chat.fork(imported.id, 13, 25, "Another step.", MODEL)
    fork.wait(10)
    anew = app.chat.again(imported.turn_id, MODEL)
    anew.wait(10)
    marks = [app.store.reply(work.reply_id).provenance.incomplete_prompt for work in (fork, anew)]
    assert marks == [True, False]


def test_a_fork_at_a_step_that_is_gone_is_refused(make_app: MakeApp) -> None:
    app = make_app()
    first = app.chat.send(None, "?", MODEL)
    first.wait(10)
    with pytest.raises(MessageError, match="no longer there"):
        app.chat.fork(first.reply_id, 500, 600, "x", MODEL)
    assert len(app.store.replies(first.turn_id)) == 1


def test_turns_that_are_left_out_are_not_sent_and_a_reply_remembers_it(make_app: MakeApp) -> None:
    app = make_app([*THOUGHT, Finish("stop", prompt_tokens=3000, context=4096)], context=4096)
    first = app.chat.send(None, "one", MODEL)
    first.wait(10)
    with pytest.raises(MessageError, match="no older turn"):
        app.chat.leave_out_oldest(first.conversation_id, MODEL)
    second = app.chat.send(first.conversation_id, "two", MODEL)
    second.wait(10)
    app.chat.leave_out_oldest(first.conversation_id, MODEL)
    third = app.chat.send(first.conversation_id, "three", MODEL)
    third.wait(10)
    sent = backend_of(app).requests
    assert [message.content for message in sent[2].messages] == ["two", "It is 10.", "three"]
    app.chat.show_all_turns(first.conversation_id)
    app.chat.again(third.turn_id, MODEL).wait(10)
    assert [message.content for message in sent[3].messages][:2] == ["one", "It is 10."]
    app.chat.resume(third.reply_id).wait(10)  # with the prompt that it began with
    assert sent[4].messages == sent[2].messages
    assert app.store.reply(third.reply_id).provenance.seen_from == second.turn_id


def test_a_reply_that_was_refused_for_its_length_knows_it(make_app: MakeApp) -> None:
    app = make_app([ContextError("It does not fit. Shorten it.")])  # type: ignore[list-item]
    reply = app.chat.send(None, "7 + 3 = ?", MODEL).wait(10)
    assert (reply.finish, str(reply.error), reply.too_long) == ("error", "It does not fit. Shorten it.", True)
    other = make_app([GenerationError("The server went away.")])  # type: ignore[list-item]
    assert not other.chat.send(None, "7 + 3 = ?", MODEL).wait(10).too_long


def test_a_model_that_cannot_be_steered_replies_without_the_budget(make_app: MakeApp) -> None:
    app = make_app(continues=False)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL, steering=(1, False))
    assert generation.wait(10).answer == "It is 10."
    assert app.store.reply(generation.reply_id).provenance.budget is None
    app.chat.set_steering(generation.conversation_id, 1, True, MODEL)  # the budget is kept for a model that can
    with pytest.raises(UnsupportedError, match="cannot continue a reply"):
        app.chat.set_steering(generation.conversation_id, 2, True, MODEL)
    with pytest.raises(UnsupportedError, match="cannot continue a reply"):
        app.chat.think_longer(generation.reply_id, MODEL)


def test_skipping_the_thought_continues_from_an_empty_one(make_app: MakeApp) -> None:
    app = make_app(lambda request: ["At once."] if request.so_far else THOUGHT)
    first = app.chat.send(None, "?", MODEL)
    first.wait(10)
    reply = app.chat.again(first.turn_id, MODEL, skip_thought=True).wait(10)
    assert (reply.reasoning, reply.closed, reply.answer) == ("", True, "At once.")
    assert backend_of(app).requests[1].so_far == ReplySoFar(closed=True)


def test_thoughts_are_kept_in_the_history_where_the_conversation_says_so(make_app: MakeApp) -> None:
    app = make_app()
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    app.chat.set_steering(first.conversation_id, None, keep_thoughts=True)
    app.chat.send(first.conversation_id, "And?", MODEL).wait(10)
    assert backend_of(app).requests[1].messages[1] == Message("assistant", "It is 10.", "7 + 3 is 10.")


def test_a_vote_makes_siblings_with_seeds_of_their_own(make_app: MakeApp) -> None:
    app = make_app(lambda request: ["<think>hm</think>", f"It is {(request.params.seed or 0) % 2}."])
    first = app.chat.send(None, "?", MODEL)
    first.wait(10)
    vote = app.chat.vote(first.turn_id, 4, MODEL, Params(seed=6))
    vote.wait(10)
    votes = app.store.votes(vote.vote_id or "")
    assert [v.provenance.params.seed for v in votes] == [6, 7, 8, 9]
    assert [v.reply.answer for v in votes] == ["It is 0.", "It is 1.", "It is 0.", "It is 1."]
    assert {v.provenance.origin for v in votes} == {"voted"}


def test_a_stopped_vote_keeps_what_is_finished(make_app: MakeApp) -> None:
    gate = Gate(["<think>hm"], [])
    app = make_app(lambda request: gate(request) if request.params.seed == 7 else ["Done."])
    first = app.chat.send(None, "?", MODEL, Params(seed=1))
    first.wait(10)
    vote = app.chat.vote(first.turn_id, 2, MODEL, Params(seed=6))
    for replies in vote.watch(0.01):
        if replies[0].finish and replies[1].reasoning:
            break
    vote.stop()
    vote.wait(10)
    assert [r.finish for r in vote.snapshots()] == ["stop", "stopped"]


def test_a_vote_whose_samples_all_fail_says_why_in_each(make_app: MakeApp) -> None:
    app = make_app(lambda request: [GenerationError("The server went away.")] if request.params.seed != 1 else THOUGHT)
    first = app.chat.send(None, "?", MODEL, Params(seed=1))
    first.wait(10)
    vote = app.chat.vote(first.turn_id, 3, MODEL, Params(seed=6))
    vote.wait(10)
    assert [(r.finish, str(r.error)) for r in vote.snapshots()] == [("error", "The server went away.")] * 3
    assert app.chat.running(first.conversation_id) is None


def test_a_vote_of_one_is_refused(make_app: MakeApp) -> None:
    app = make_app()
    first = app.chat.send(None, "?", MODEL)
    first.wait(10)
    with pytest.raises(MessageError, match="2 to 32"):
        app.chat.vote(first.turn_id, 1, MODEL)


def test_after_a_reply_the_next_prompt_is_read_in_idle_time(make_app: MakeApp) -> None:
    app = make_app()
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    generation.wait(10)
    backend = backend_of(app)
    for _ in range(200):
        if backend.warmed:
            break
        threading.Event().wait(0.02)
    assert backend.warmed[0].messages == (Message("user", "7 + 3 = ?"), Message("assistant", "It is 10."))
    assert backend.warmed[0].so_far is None


@pytest.mark.parametrize(("days", "comes_back"), [(29, True), (31, False)])
def test_what_was_deleted_a_month_ago_is_erased_at_the_next_start(
    make_app: MakeApp, tmp_path: Path, days: int, comes_back: bool
) -> None:
    app = make_app()
    conversation = app.chat.send(None, "7 + 3 = ?", MODEL).conversation_id
    app.store.delete(conversation)
    app.close()
    with sqlite3.connect(next(tmp_path.rglob("*.db"))) as database:
        database.execute("UPDATE conversation SET deleted_at = datetime(deleted_at, ?)", [f"-{days} days"])
    app = make_app()
    if comes_back:
        app.store.undelete(conversation)
    assert len(app.store.conversations()) == comes_back
    assert app.store.database_state().conversations == comes_back


@pytest.mark.slow
def test_a_reply_waits_to_be_saved_while_another_program_holds_the_database(tmp_path: Path) -> None:
    path, is_locked = tmp_path / "chats.db", threading.Event()
    store = Store(f"sqlite:///{path}", patience=0.05)

    def script(_request: Request) -> Iterator[str]:
        yield from THOUGHT[:-1]
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.2, other.close).start()
        is_locked.set()
        yield THOUGHT[-1]

    chat = Chat(store, Catalogue({"scripted": ScriptedBackend(script)}))
    generation = chat.send(None, "7 + 3 = ?", MODEL)
    assert not generation.wait(10).error
    assert is_locked.is_set()
    assert store.reply(generation.reply_id).reply.answer == "It is 10."
    chat.close()
    store.close()


def test_a_reply_that_another_process_makes_is_not_taken_from_it(make_app: MakeApp) -> None:
    """Two r1chats on one data folder: what the other one made was overwritten."""
    app = make_app(["<think>", "\nHm", "\n</think>\n\n", "It is", Finish("length")])
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    generation.wait(10)
    reply = app.store.reply(generation.reply_id).reply
    with closing(sqlite3.connect(app.settings.data_dir / "r1chat.db")) as other, other:
        other.execute("UPDATE reply SET finish = NULL, owner = ?", (owner_of(os.getppid()),))
    with pytest.raises(BusyError, match="still being made"):
        app.chat.resume(generation.reply_id)
    with closing(sqlite3.connect(app.settings.data_dir / "r1chat.db")) as other, other:
        assert other.execute("SELECT finish, answer FROM reply").fetchall() == [(None, reply.answer)]
        other.execute("UPDATE reply SET owner = 'nobody:1:1'")

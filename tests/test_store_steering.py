"""How a person steers and judges, in both kinds of database: budgets, closed thoughts, votes, labels on moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from r1chat import sampling
from r1chat.both import Both
from r1chat.conversations import Behaviour, Provenance, StoredReply, Verdict
from r1chat.errors import NotFoundError, StoreError
from r1chat.export import Filter, export, rows
from r1chat.messages import ClosedBy, Reply, segments
from r1chat.store import Store

THOUGHT = "27 + 43 = 60. 等等，🙂 wait, 7 + 3 carries: 70."


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def reply(store: Store) -> StoredReply:
    """A finished reply with a thought."""
    turn = store.add_turn(store.new_conversation("Sums").id, "27 + 43 = ?", None)
    return store.add_reply(turn.id, Provenance(), Reply(THOUGHT, True, "70", finish="stop"))


def rewrite(store_url: str, table: str, **columns: str) -> None:
    """What a restored file or a damaged disk may have put into the columns of a table."""
    engine = create_engine(store_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for name, value in columns.items():
            connection.execute(text(f"UPDATE {table} SET {name} = :value"), {"value": value})
    engine.dispose()


def said(store: Store, reply_id: str) -> list[tuple[int, int, str, str]]:
    return [(label.start, label.end, label.kind, label.verdict) for label in store.moment_labels(reply_id)]


# --- steering --------------------------------------------------------------------------------------------------------


def test_a_conversation_remembers_how_it_is_steered(store: Store) -> None:
    info = store.new_conversation("Sums")
    store.new_conversation("other")
    assert (info.budget, info.keep_thoughts) == (None, False)
    store.set_steering(info.id, 512, True)
    steered = replace(info, budget=512, keep_thoughts=True)
    assert store.conversation(info.id).info == steered
    assert [other.title for other in store.conversations()] == ["other", "Sums"]
    assert store.conversations()[1] == steered
    assert store.search("sums") == [replace(steered, excerpt="Sums")]
    store.set_steering(info.id, None, False)
    assert store.conversation(info.id).info == info


def test_a_budget_of_nothing_is_not_the_same_as_no_budget(store: Store) -> None:
    info = store.new_conversation()
    store.set_steering(info.id, 0, False)
    assert store.conversation(info.id).info.budget == 0


@pytest.mark.parametrize("budget", [-1, 2**70])
def test_a_budget_that_cannot_be_is_refused_and_changes_nothing(store: Store, budget: int) -> None:
    info = store.new_conversation()
    store.set_steering(info.id, 512, True)
    with pytest.raises(StoreError):
        store.set_steering(info.id, budget, False)
    assert store.conversation(info.id).info == replace(info, budget=512, keep_thoughts=True)


@pytest.mark.parametrize("who", ["person", "budget", ""])
def test_who_closed_a_thought_can_be_said_while_the_reply_grows(store: Store, who: ClosedBy) -> None:
    turn = store.add_turn(store.new_conversation().id, "27 + 43 = ?", None)
    provenance = Provenance(model="nano", origin="extended", budget=2048, closed_by="person")
    growing = store.add_reply(turn.id, provenance)
    store.save_reply(growing.id, Reply("so far"))
    store.save_reply(growing.id, Reply("so far", True), who)
    store.save_reply(growing.id, Reply("so far", True, "70", finish="stop"))
    expected = replace(
        growing, reply=Reply("so far", True, "70", finish="stop"), provenance=replace(provenance, closed_by=who)
    )
    assert store.reply(growing.id) == expected
    assert store.replies(turn.id) == [expected]
    assert store.conversation(turn.conversation_id).turns[0].reply == expected


def test_who_closed_a_thought_can_be_said_after_its_conversation_was_deleted(store: Store, reply: StoredReply) -> None:
    conversation_id = store.turn(reply.turn_id).conversation_id
    store.delete(conversation_id)
    store.save_reply(reply.id, reply.reply, "person")
    store.undelete(conversation_id)
    assert store.reply(reply.id).provenance.closed_by == "person"


# --- votes -----------------------------------------------------------------------------------------------------------


def test_the_samples_of_a_vote_are_found_among_their_siblings(store: Store, reply: StoredReply) -> None:
    votes = [uuid4().hex, uuid4().hex]
    samples = [
        store.add_reply(reply.turn_id, Provenance(origin="voted", vote_id=vote), Reply(answer="70", finish="stop"))
        for vote in (votes[0], votes[1], votes[0])
    ]
    stored = store.votes(votes[0])
    assert [sample.id for sample in stored] == [samples[0].id, samples[2].id]
    assert [(sample.position, sample.siblings) for sample in stored] == [(2, 4), (4, 4)]
    assert stored == [store.reply(sample.id) for sample in stored]
    assert [sample.id for sample in store.votes(votes[1])] == [samples[1].id]


def test_a_vote_is_gone_with_its_conversation(store: Store, reply: StoredReply) -> None:
    vote = uuid4().hex
    store.set_provenance(reply.id, Provenance(vote_id=vote))
    conversation_id = store.turn(reply.turn_id).conversation_id
    store.delete(conversation_id)
    with pytest.raises(NotFoundError, match=r"This vote is not there"):
        store.votes(vote)
    store.undelete(conversation_id)
    assert [sample.id for sample in store.votes(vote)] == [reply.id]


def test_a_vote_that_could_not_be_found_again_is_refused(store: Store, reply: StoredReply) -> None:
    with pytest.raises(NotFoundError):
        store.add_reply(reply.turn_id, Provenance(vote_id="vote 1"))
    with pytest.raises(NotFoundError):
        store.set_provenance(reply.id, Provenance(vote_id=""))
    assert store.replies(reply.turn_id) == [reply]


# --- labels on moments -----------------------------------------------------------------------------------------------


def test_a_label_comes_back_as_it_was_made(store: Store, reply: StoredReply) -> None:
    start = THOUGHT.index("wait")
    label = store.label_moment(reply.id, start, len(THOUGHT), "correction", "confirmed")
    assert (label.reply_id, label.start, label.end) == (reply.id, start, len(THOUGHT))
    assert (label.kind, label.verdict) == ("correction", "confirmed")
    assert label.created >= reply.created
    assert label.created.utcoffset() == timedelta(0)
    assert store.moment_labels(reply.id) == [label]


def test_labels_come_in_the_order_of_the_thought(store: Store, reply: StoredReply) -> None:
    other = store.add_reply(reply.turn_id, Provenance(), reply.reply)
    store.label_moment(reply.id, 14, 20, "correction", "confirmed")
    store.label_moment(reply.id, 0, 13, "verification", "denied")
    store.label_moment(reply.id, 0, 5, "re-reading", "confirmed")
    assert said(store, reply.id) == [
        (0, 5, "re-reading", "confirmed"),
        (0, 13, "verification", "denied"),
        (14, 20, "correction", "confirmed"),
    ]
    assert store.moment_labels(other.id) == []


def test_a_new_label_on_the_same_span_supersedes_the_old_one(store: Store, reply: StoredReply) -> None:
    first = store.label_moment(reply.id, 14, 20, "correction", "confirmed")
    untouched = store.label_moment(reply.id, 14, 21, "correction", "confirmed")
    second = store.label_moment(reply.id, 14, 20, "verification", "denied")
    assert store.moment_labels(reply.id) == [second, untouched]
    third = store.label_moment(reply.id, 14, 20, "correction", "confirmed")
    assert store.moment_labels(reply.id) == [third, untouched]
    assert len({first.id, second.id, third.id, untouched.id}) == 4


def test_a_superseded_label_is_kept_for_good(store_url: str, store: Store, reply: StoredReply) -> None:
    verdicts: list[Verdict] = ["confirmed", "denied"]
    labels = [store.label_moment(reply.id, 14, 20, "correction", verdict) for verdict in verdicts]
    engine = create_engine(store_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, verdict FROM moment_label ORDER BY number")).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [(labels[0].id, "confirmed"), (labels[1].id, "denied")]


@pytest.mark.parametrize(
    "column",
    [
        "[" * 50_000,
        '["",' + "[" * 50_000,
        "[[1e999,0]]",
        "[[0,true]]",
        "[[0,-1]]",
        "[[0,2147483648]]",
        "[[0]]",
        "[0]",
        "[1" + "0" * 5_000 + "]",
        '{"temperature": 1' + "0" * 400 + "}",
        '{"temperature": NaN}',
        "7",
        "null",
        str([[0, 0]] * 201),
    ],
)
def test_whatever_stands_in_a_column_that_holds_json_the_conversation_opens_and_is_exported(
    store_url: str, store: Store, reply: StoredReply, tmp_path: Path, column: str
) -> None:
    preset = store.presets.save("Brief", Behaviour(), None)
    store.judgements.rate(reply.id, "answer", "up")
    store.judgements.set_consent(None, True)
    rewrite(store_url, "reply", later=column, error=column)
    rewrite(store_url, "conversation", sampling=column)
    rewrite(store_url, "preset", sampling=column)
    read = store.reply(reply.id).reply
    assert (read.later, str(read.error)) == ((), column[:10_000])
    assert sampling.from_text(store.conversations()[0].sampling) == {}
    assert sampling.from_text(store.presets.find(preset.id).behaviour.sampling) == {}
    assert len(rows(store, Filter()).rows) == 1
    assert export(store, None, "unpaired", tmp_path / "rows.jsonl").rows == 1


def test_messages_that_follow_each_other_in_a_circle_are_read_once(
    store_url: str, store: Store, reply: StoredReply, tmp_path: Path
) -> None:
    store.judgements.rate(reply.id, "answer", "up")
    store.judgements.set_consent(None, True)
    rewrite(store_url, "turn", parent_reply_id=reply.id)
    assert [turn.id for turn in store.path(reply.turn_id)] == [reply.turn_id]
    assert len(rows(store, Filter()).rows) == 1
    assert export(store, None, "unpaired", tmp_path / "rows.jsonl").rows == 1


def test_no_place_of_a_later_thought_says_a_text_twice(store_url: str, store: Store, reply: StoredReply) -> None:
    rewrite(store_url, "reply", later=str([[len(THOUGHT), 2], [0, 0]] * 100))
    read = store.reply(reply.id).reply
    parts = segments(read.reasoning, read.answer, read.later)
    assert ("".join(thought for thought, _ in parts), "".join(answer for _, answer in parts)) == (THOUGHT, "70")


def test_an_error_says_nothing_that_no_page_can_show(store_url: str, store: Store, reply: StoredReply) -> None:
    rewrite(store_url, "reply", error=r'["half of \ud800", "\u0000"]')
    assert store.reply(reply.id).reply.error == Both("half of \ufffd", "\ufffd")


def test_names_of_megabytes_in_a_database_are_read_as_far_as_a_name_goes(
    store_url: str, store: Store, reply: StoredReply
) -> None:
    rewrite(store_url, "reply", model="x" * 1_000_000, thinking_choice="x" * 1_000_000, raw_finish="x" * 1_000_000)
    rewrite(store_url, "conversation", title="x" * 1_000_000, thinking_choice="x" * 1_000_000, preset="x" * 1_000_000)
    conversation = store.conversation(store.conversations()[0].id)
    assert conversation.info.title == conversation.info.preset == store.reply(reply.id).provenance.model == "x" * 300
    assert "x" * 301 not in repr(conversation)


@pytest.mark.parametrize(
    ("start", "end"), [(-1, 4), (4, 4), (9, 4), (0, len(THOUGHT) + 1), (len(THOUGHT), len(THOUGHT) + 1), (0, 2**70)]
)
def test_a_span_that_is_no_part_of_the_thought_is_refused(
    store: Store, reply: StoredReply, start: int, end: int
) -> None:
    with pytest.raises(StoreError, match=rf"Characters {start} to {end} are no part.*has {len(THOUGHT)}\. Reload"):
        store.label_moment(reply.id, start, end, "correction", "confirmed")
    assert store.moment_labels(reply.id) == []


def test_a_thought_that_grows_may_be_labelled_beyond_what_was_saved_of_it(store: Store) -> None:
    turn = store.add_turn(store.new_conversation().id, "27 + 43 = ?", None)
    growing = store.add_reply(turn.id, Provenance(), Reply("27"))
    label = store.label_moment(growing.id, 14, 20, "correction", "confirmed")
    store.save_reply(growing.id, Reply(THOUGHT, True, "70", finish="stop"))
    assert store.moment_labels(growing.id) == [label]
    with pytest.raises(StoreError):
        store.label_moment(growing.id, 20, 12, "correction", "confirmed")


def test_labels_do_not_hinder_the_purge_of_their_conversation(store: Store, reply: StoredReply) -> None:
    store.label_moment(reply.id, 0, 13, "verification", "denied")
    store.delete(store.turn(reply.turn_id).conversation_id)
    assert store.purge(timedelta(0)) == 1
    with pytest.raises(NotFoundError):
        store.moment_labels(reply.id)
    assert store.database_state().replies == 0


# --- the window ------------------------------------------------------------------------------------------------------


def test_a_conversation_remembers_from_which_message_on_it_is_shown(store: Store, reply: StoredReply) -> None:
    info = store.conversations()[0]
    store.set_seen_from(info.id, reply.turn_id)
    assert store.info(info.id) == replace(info, seen_from=reply.turn_id)
    with pytest.raises(NotFoundError):
        store.set_seen_from(info.id, uuid4().hex)
    store.set_seen_from(info.id, None)
    assert store.info(info.id) == info
    provenance = Provenance(seen_from=reply.turn_id, keep_thoughts=True)
    assert store.reply(store.add_reply(reply.turn_id, provenance).id).provenance == provenance


def test_labels_of_a_whole_conversation_are_those_of_its_replies(store: Store, reply: StoredReply) -> None:
    conversation = store.turn(reply.turn_id).conversation_id
    sibling = store.add_reply(reply.turn_id, Provenance(), Reply(THOUGHT, True, "70", finish="stop"))
    store.label_moment(reply.id, 0, 5, "correction", "confirmed")
    newest = store.label_moment(reply.id, 0, 5, "correction", "denied")
    other = store.label_moment(sibling.id, 0, 5, "correction", "confirmed")
    elsewhere = store.add_turn(store.new_conversation().id, "1 + 1 = ?", None)
    foreign = store.add_reply(elsewhere.id, Provenance(), Reply(THOUGHT, True, "2", finish="stop"))
    store.label_moment(foreign.id, 0, 5, "correction", "confirmed")
    assert store.moment_labels_in(conversation) == [newest, other]

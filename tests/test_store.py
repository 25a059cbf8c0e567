"""Conversations, branches and replies in both kinds of database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from r1chat.conversations import Provenance, StoredReply, StoredTurn
from r1chat.errors import NotFoundError, StoreError
from r1chat.messages import Params, Progress, Reply, Timings, Usage
from r1chat.store import Store
from r1chat.store import store as store_module

HOSTILE_CURSORS = ["x", "/", "2026-01-01T00:00:00/1", "2026-13-01T00:00:00+00:00/1", "2026-01-01T00:00:00+00:00/-1"]

HOSTILE_IDS: list[Any] = [
    "",
    "0" * 32,
    "x' OR '1'='1",
    "'; DROP TABLE reply; --",
    "a\x00b",
    "\ud800",
    "../../etc/passwd",
    "a" * 100_000,
    "A" * 32,
    "0" * 32 + "\n",
    None,
    7,
    ["a"],
]

FULL_REPLY = Reply(
    reasoning="Wait, 🙂 let me check.\n\n所以答案是 70。",
    closed=True,
    answer="\\boxed{70}",
    finish="stop",
    error="none",
    raw_finish="eos",
    reopened=True,
    usage=Usage(prompt_tokens=12, cached_tokens=3, reasoning_tokens=40, answer_tokens=5, context=16384),
    timings=Timings(first_token=0.25, thinking=1.5, total=2.75, load=0.125, prefill=0.5, decode=2.0),
)

FULL_PROVENANCE = Provenance(
    backend="llama.cpp",
    backend_version="0.3.36",
    model="r1-distill",
    digest="sha256:abc",
    quantisation="Q4_K_M",
    template_hash="ffee",
    params=Params(0.7, 0.9, 40, 0.05, 1.1, 2**32 - 1, 4096),
    origin="forked",
    kept_reasoning=17,
    kept_answer=2,
    budget=512,
    closed_by="budget",
    vote_id="5" * 32,
)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


def say(store: Store, conversation_id: str, content: str, after: str | None = None) -> StoredTurn:
    return store.add_turn(conversation_id, content, after)


def answer(store: Store, turn: StoredTurn, text: str) -> StoredReply:
    return store.add_reply(turn.id, Provenance(), Reply(closed=True, answer=text, finish="stop"))


def shown(store: Store, conversation_id: str) -> list[str]:
    """The open branch as a person sees it: message, answer, message, answer."""
    lines = []
    for turn in store.conversation(conversation_id).turns:
        lines.append(turn.content)
        if turn.reply:
            lines.append(turn.reply.reply.answer)
    return lines


# --- conversations ---------------------------------------------------------------------------------------------------


def test_a_new_conversation_is_empty_and_remembers_its_title_and_model(store: Store) -> None:
    before = datetime.now(UTC)
    info = store.new_conversation("Sums", "ollama:deepseek-r1")
    conversation = store.conversation(info.id)
    assert conversation.info == info
    assert (info.title, info.model, conversation.turns) == ("Sums", "ollama:deepseek-r1", ())
    assert before <= info.created == info.updated <= datetime.now(UTC)
    assert info.created.utcoffset() == timedelta(0)


def test_the_list_begins_with_the_conversation_that_was_written_in_last(store: Store) -> None:
    first, second = store.new_conversation("first"), store.new_conversation("second")
    assert [info.title for info in store.conversations()] == ["second", "first"]
    turn = say(store, first.id, "hello")
    assert [info.title for info in store.conversations()] == ["first", "second"]
    say(store, second.id, "hello")
    answer(store, turn, "a reply counts too")
    assert [info.title for info in store.conversations()] == ["first", "second"]
    assert [info.title for info in store.conversations(limit=1)] == ["first"]


def test_a_renamed_conversation_keeps_its_place_in_the_list(store: Store) -> None:
    old = store.new_conversation("old")
    store.new_conversation("other")
    store.rename(old.id, "new")
    store.set_model(old.id, "llama.cpp:nano")
    assert [info.title for info in store.conversations()] == ["other", "new"]
    assert store.conversation(old.id).info == replace(old, title="new", model="llama.cpp:nano")


def test_a_deleted_conversation_is_gone_until_it_is_undeleted(store: Store) -> None:
    info = store.new_conversation("Marbles")
    turn = say(store, info.id, "How many marbles?")
    reply = answer(store, turn, "Ten.")
    store.delete(info.id)
    assert store.conversations() == store.search("marbles") == []
    for look in (
        lambda: store.conversation(info.id),
        lambda: store.turn(turn.id),
        lambda: store.reply(reply.id),
        lambda: store.replies(turn.id),
        lambda: store.path(turn.id),
        lambda: store.turns_after(info.id, None),
        lambda: store.show_reply(reply.id),
        lambda: store.show_turn(turn.id),
        lambda: store.add_turn(info.id, "more", reply.id),
        lambda: store.add_reply(turn.id, Provenance()),
        lambda: store.rename(info.id, "no"),
        lambda: store.set_steering(info.id, 512, True),
        lambda: store.label_moment(reply.id, 0, 1, "correction", "confirmed"),
        lambda: store.moment_labels(reply.id),
        lambda: store.delete(info.id),
    ):
        with pytest.raises(NotFoundError):
            look()
    store.undelete(info.id)
    store.undelete(info.id)
    assert shown(store, info.id) == ["How many marbles?", "Ten."]
    assert len(store.search("marbles")) == 1


def test_a_reply_that_grows_while_its_conversation_is_deleted_is_there_after_the_undo(store: Store) -> None:
    info = store.new_conversation()
    reply = store.add_reply(say(store, info.id, "Go on").id, Provenance())
    store.delete(info.id)
    store.save_reply(reply.id, Reply("still thinking"))
    store.save_reply(reply.id, Reply("still thinking", True, "unstoppable", finish="stop"))
    assert store.search("unstoppable") == []
    store.undelete(info.id)
    assert shown(store, info.id) == ["Go on", "unstoppable"]
    assert len(store.search("unstoppable")) == 1


def test_purging_erases_only_what_was_deleted_long_enough_ago(store: Store) -> None:
    remaining, gone = store.new_conversation("kept"), store.new_conversation("gone")
    for info in (remaining, gone):
        first = answer(store, say(store, info.id, "first marbles"), "one")
        second = store.add_reply(say(store, info.id, "second", first.id).id, Provenance(parent_id=first.id))
    store.delete(gone.id)
    assert store.purge(timedelta(hours=1)) == 0
    assert store.purge(timedelta(0)) == 1
    with pytest.raises(NotFoundError):
        store.undelete(gone.id)
    with pytest.raises(NotFoundError):
        store.save_reply(second.id, Reply("too late"))
    with pytest.raises(NotFoundError):
        store.save_reply(second.id, Reply("too late", finish="stop"))
    state = store.database_state()
    assert (state.conversations, state.replies) == (1, 2)
    store.new_conversation("takes the number of the one that is gone")
    assert [info.title for info in store.search("marbles")] == ["kept"]


def test_replies_are_saved_while_much_is_erased(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "SLICE", 0.0)  # seconds: a transaction for each conversation
    url = f"sqlite:///{tmp_path / 'r1chat.db'}"
    with closing(Store(url)) as store, closing(Store(url, patience=2)) as other:
        for number in range(5):
            store.delete(store.new_conversation(f"gone {number}").id)
        reply = other.add_reply(say(other, other.new_conversation("kept").id, "hello").id, Provenance())
        purge = threading.Thread(target=store.purge, args=(timedelta(seconds=-1),))
        purge.start()
        saved_between = 0
        while purge.is_alive():
            other.save_reply(reply.id, Reply("so far"))
            saved_between += 0 < other.database_state().conversations - 1 < 5
        purge.join()
        assert saved_between and other.database_state().conversations == 1


def test_what_was_deleted_while_the_clock_ran_ahead_is_erased_in_time(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as store:
        info = store.new_conversation("heron")
        store.delete(info.id)
        with closing(sqlite3.connect(tmp_path / "r1chat.db")) as other, other:
            other.execute("UPDATE conversation SET deleted_at = '2999-01-01 00:00:00.000000'")
        assert store.purge(timedelta(days=30)) == 0
        assert store.purge(timedelta(0)) == 1


def test_no_word_of_what_was_purged_stays_in_the_file(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'r1chat.db'}")
    for word in ("ordinary", "zebrafinch", "usual"):
        info = store.new_conversation(word)
        turn = say(store, info.id, word)
        store.add_reply(turn.id, Provenance(), Reply(f"{word} " * 4_000, True, word, finish="stop"))
        if word == "zebrafinch":
            store.delete(info.id)
    store.purge(timedelta(0))
    store.close()
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"ordinary" in content and b"usual" in content
    assert b"zebra" not in content


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=lambda value: repr(value)[:20])
def test_an_id_that_the_store_never_made_is_not_found(store: Store, hostile: Any) -> None:
    mine = store.new_conversation("mine")
    turn = say(store, mine.id, "hello")
    for look in (
        lambda: store.conversation(hostile),
        lambda: store.rename(hostile, "x"),
        lambda: store.set_model(hostile, "x"),
        lambda: store.set_steering(hostile, None, False),
        lambda: store.delete(hostile),
        lambda: store.undelete(hostile),
        lambda: store.turn(hostile),
        lambda: store.path(hostile),
        lambda: store.replies(hostile),
        lambda: store.turns_after(hostile, None),
        lambda: store.add_turn(hostile, "x", None),
        lambda: store.add_reply(hostile, Provenance()),
        lambda: store.reply(hostile),
        lambda: store.save_reply(hostile, Reply("x")),
        lambda: store.save_reply(hostile, Reply("x", finish="stop")),
        lambda: store.set_provenance(hostile, Provenance()),
        lambda: store.save_reply(hostile, Reply("x"), "person"),
        lambda: store.label_moment(hostile, 0, 1, "correction", "confirmed"),
        lambda: store.moment_labels(hostile),
        lambda: store.votes(hostile),
        lambda: store.show_turn(hostile),
        lambda: store.show_reply(hostile),
    ):
        with pytest.raises(NotFoundError, match=r"not there.*Reload the page"):
            look()
    if hostile is not None:
        with pytest.raises(NotFoundError):
            store.add_turn(mine.id, "x", hostile)
        with pytest.raises(NotFoundError):
            store.turns_after(mine.id, hostile)
        with pytest.raises(NotFoundError):
            store.add_reply(turn.id, Provenance(parent_id=hostile))
    assert shown(store, mine.id) == ["hello"]


# --- replies ---------------------------------------------------------------------------------------------------------


def test_everything_about_a_reply_comes_back_as_it_was(store: Store) -> None:
    turn = say(store, store.new_conversation().id, "27 + 43 = ?")
    parent = answer(store, turn, "60")
    provenance = replace(FULL_PROVENANCE, parent_id=parent.id)
    reply = store.add_reply(turn.id, provenance, FULL_REPLY)
    assert store.reply(reply.id) == reply
    assert (reply.reply, reply.provenance, reply.turn_id) == (FULL_REPLY, provenance, turn.id)
    assert (reply.position, reply.siblings) == (2, 2)


def test_a_reply_of_which_nothing_is_known_comes_back_as_it_was(store: Store) -> None:
    turn = say(store, store.new_conversation().id, "hello")
    reply = store.add_reply(turn.id, Provenance())
    assert store.reply(reply.id).reply == Reply()
    assert store.reply(reply.id).provenance == Provenance()


def test_saving_replaces_what_was_saved_but_not_where_the_reply_came_from(store: Store) -> None:
    turn = say(store, store.new_conversation().id, "hello")
    reply = store.add_reply(turn.id, FULL_PROVENANCE)
    for text in ("a", "ab", "abc"):
        store.save_reply(reply.id, Reply(text, progress=Progress("waiting")))
        assert store.reply(reply.id).reply == Reply(text)
    store.save_reply(reply.id, FULL_REPLY)
    assert store.reply(reply.id) == replace(reply, reply=FULL_REPLY)


def test_provenance_can_be_said_anew(store: Store) -> None:
    turn = say(store, store.new_conversation().id, "hello")
    reply = store.add_reply(turn.id, Provenance(), FULL_REPLY)
    store.set_provenance(reply.id, FULL_PROVENANCE)
    assert store.reply(reply.id) == replace(reply, provenance=FULL_PROVENANCE)


def test_nul_and_lone_surrogates_are_replaced_one_for_one(store: Store) -> None:
    info = store.new_conversation("nul \x00 title")
    turn = say(store, info.id, "half \ud83d emoji \x00")
    reply = store.add_reply(turn.id, Provenance(model="\udc00"), Reply("a\x00b", error="\ud800", finish="error"))
    assert store.conversation(info.id).info.title == "nul \ufffd title"
    assert store.turn(turn.id).content == "half \ufffd emoji \ufffd"
    assert store.reply(reply.id).reply == Reply("a\ufffdb", error="\ufffd", finish="error")
    assert store.reply(reply.id).provenance.model == "\ufffd"
    assert store.search("half \x00\ud83d")[0].id == info.id


def test_a_message_of_200_000_characters_comes_back_whole(store: Store) -> None:
    hanzi = "".join(chr(0x4E00 + place * 7919 % 20_000) for place in range(100_000))
    latin = " ".join(f"word{place}" for place in range(12_000))[:100_000]
    info = store.new_conversation()
    turn = say(store, info.id, hanzi + latin)
    assert store.turn(turn.id).content == hanzi + latin
    for word in (hanzi[49_999:50_001], hanzi[-2:], "word9999"):
        assert [hit.id for hit in store.search(word)] == [info.id]


def test_a_number_that_no_database_holds_is_refused_and_changes_nothing(store: Store) -> None:
    turn = say(store, store.new_conversation().id, "hello")
    with pytest.raises(StoreError):
        store.add_reply(turn.id, Provenance(params=Params(seed=2**70)))
    assert store.replies(turn.id) == []


# --- branches --------------------------------------------------------------------------------------------------------


def test_the_open_branch_runs_from_the_first_message_to_the_last(store: Store) -> None:
    info = store.new_conversation()
    after = None
    for number in range(5):
        turn = say(store, info.id, f"question {number}", after)
        assert turn.reply is None
        after = answer(store, turn, f"answer {number}").id
    assert shown(store, info.id) == [f"{kind} {number}" for number in range(5) for kind in ("question", "answer")]
    assert store.path(turn.id) == list(store.conversation(info.id).turns)


def test_a_regenerated_reply_is_a_sibling_and_is_shown(store: Store) -> None:
    info = store.new_conversation()
    turn = say(store, info.id, "again?")
    first, second, third = (answer(store, turn, text) for text in ("one", "two", "three"))
    assert shown(store, info.id) == ["again?", "three"]
    assert [(reply.position, reply.siblings) for reply in store.replies(turn.id)] == [(1, 3), (2, 3), (3, 3)]
    store.show_reply(second.id)
    assert shown(store, info.id) == ["again?", "two"]
    assert store.turn(turn.id).reply == store.reply(second.id)
    assert [reply.id for reply in store.replies(turn.id)] == [first.id, second.id, third.id]


def test_an_edited_message_is_a_sibling_with_a_branch_of_its_own(store: Store) -> None:
    info = store.new_conversation()
    root = answer(store, say(store, info.id, "start"), "started")
    old = say(store, info.id, "old", root.id)
    answer(store, old, "old answer")
    new = say(store, info.id, "new", root.id)
    assert shown(store, info.id) == ["start", "started", "new"]
    assert (new.position, new.siblings) == (2, 2)
    assert [turn.content for turn in store.turns_after(info.id, root.id)] == ["old", "new"]
    store.show_turn(old.id)
    assert shown(store, info.id) == ["start", "started", "old", "old answer"]


def test_an_edited_first_message_is_a_sibling_too(store: Store) -> None:
    info = store.new_conversation()
    first = say(store, info.id, "first")
    answer(store, first, "to the first")
    second = say(store, info.id, "second")
    assert shown(store, info.id) == ["second"]
    store.show_turn(first.id)
    assert shown(store, info.id) == ["first", "to the first"]
    siblings = store.turns_after(info.id, None)
    assert [(turn.content, turn.position, turn.siblings) for turn in siblings] == [("first", 1, 2), ("second", 2, 2)]
    assert siblings[1].id == second.id


def test_switching_away_and_back_opens_the_same_branch_below(store: Store) -> None:
    info = store.new_conversation()
    start = say(store, info.id, "start")
    left = answer(store, start, "left")
    below = say(store, info.id, "below left", left.id)
    chosen = answer(store, below, "chosen")
    answer(store, below, "not chosen")
    store.show_reply(chosen.id)
    deep = say(store, info.id, "deep", chosen.id)
    right = answer(store, start, "right")
    assert shown(store, info.id) == ["start", "right"]
    store.show_reply(left.id)
    assert shown(store, info.id) == ["start", "left", "below left", "chosen", "deep"]
    say(store, info.id, "below right", right.id)
    assert shown(store, info.id) == ["start", "right", "below right"]
    store.show_turn(deep.id)
    assert shown(store, info.id) == ["start", "left", "below left", "chosen", "deep"]


def test_a_reply_on_a_hidden_branch_opens_that_branch(store: Store) -> None:
    info = store.new_conversation()
    start = say(store, info.id, "start")
    hidden = say(store, info.id, "hidden", answer(store, start, "left").id)
    answer(store, start, "right")
    answer(store, hidden, "late answer")
    assert shown(store, info.id) == ["start", "left", "hidden", "late answer"]


def test_a_path_goes_through_the_replies_that_lead_there_not_those_that_show(store: Store) -> None:
    info = store.new_conversation()
    start = say(store, info.id, "start")
    below = say(store, info.id, "below", answer(store, start, "left").id)
    answer(store, start, "right")
    path = store.path(below.id)
    assert [(turn.content, turn.reply and turn.reply.reply.answer) for turn in path] == [
        ("start", "left"),
        ("below", None),
    ]


def test_a_message_after_a_reply_of_another_conversation_is_refused(store: Store) -> None:
    mine, other = store.new_conversation(), store.new_conversation()
    foreign = answer(store, say(store, other.id, "hello"), "hi")
    with pytest.raises(NotFoundError):
        say(store, mine.id, "follow", foreign.id)
    assert shown(store, mine.id) == []


# --- the list, page by page ------------------------------------------------------------------------------------------


def test_the_list_is_read_page_by_page_and_says_how_many_there_are(store_url: str) -> None:
    store = Store(store_url)
    infos = [store.new_conversation(f"Sum number {number}") for number in range(7)]
    store.delete(infos[3].id)
    expected = [info.id for info in reversed(infos) if info != infos[3]]
    for turn_pages in (lambda cursor: store.page(2, cursor), lambda cursor: store.search_page("sum", 2, cursor)):
        page = turn_pages("")
        ids = [info.id for info in page.conversations]
        while page.next:
            page = turn_pages(page.next)
            ids += [info.id for info in page.conversations]
        assert ids == expected
    assert store.page(6).next == ""
    assert store.page(2).total == 6
    first = store.page(2)
    store.add_turn(first.conversations[1].id, "moves to the top", None)  # what was shown is not shown again
    assert [info.id for info in store.page(4, first.next).conversations] == expected[2:]
    for cursor in HOSTILE_CURSORS:
        with pytest.raises(StoreError, match="Reload the page"):
            store.page(2, cursor)
    store.close()


def test_conversations_of_one_moment_are_paged_one_by_one(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'r1chat.db'}")
    ids = [store.new_conversation().id for _ in range(5)]
    with sqlite3.connect(tmp_path / "r1chat.db") as database:
        database.execute("UPDATE conversation SET updated_at = '2026-01-01 00:00:00.000000'")
    page = store.page(2)
    assert [info.id for info in page.conversations] == ids[:2:-1]
    assert [info.id for info in store.page(9, page.next).conversations] == ids[2::-1]
    store.close()

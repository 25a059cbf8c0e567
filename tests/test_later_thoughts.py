"""A second thought inside the answer: told apart, kept, continued, exported and shown where it stands."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from r1chat.backends.chat_template import R1_TEMPLATE, ChatTemplate
from r1chat.backends.prompt import continued
from r1chat.conversations import Provenance
from r1chat.messages import (
    MOST_LATER,
    Answer,
    BackendEvent,
    Finish,
    LaterThought,
    Message,
    Raw,
    Reasoning,
    Reply,
    ReplySoFar,
    joined_segments,
    segments,
)
from r1chat.reasoning_format import R1_FORMAT
from r1chat.steer import cut, extended, forked
from r1chat.store import Store
from r1chat.think import Draft, Splitter, collect
from r1chat.ui.talk.render import ReplyRenderer
from r1chat.ui.words.page import WORDS

INTERLEAVED = "<think>\nTwo and two.\n</think>\n\nIt is 4.\n\n<think>\nWait, 3 + 3 too.\n</think>\n\nThe other is 6."
REPLY = collect([Raw(INTERLEAVED), Finish("stop")])


def test_a_second_thought_is_told_apart_however_the_text_is_cut() -> None:
    rng = random.Random(1)
    for _ in range(200):
        places = sorted(rng.sample(range(len(INTERLEAVED)), rng.randint(1, 30)))
        pieces = [INTERLEAVED[a:b] for a, b in zip([0, *places], [*places, len(INTERLEAVED)], strict=True)]
        reply = collect([*(Raw(piece) for piece in pieces if piece), Finish("stop")])
        assert segments(reply.reasoning, reply.answer, reply.later) == [
            ("Two and two.", "It is 4."),
            ("Wait, 3 + 3 too.", "The other is 6."),
        ]
        assert reply.closed and reply.answer == "It is 4.\n\nThe other is 6."


def test_a_reply_that_never_stops_thinking_again_is_kept_whole_with_a_bounded_number_of_folds() -> None:
    pieces = [Raw(f"<think>\nthought {number}</think>\n\nanswer {number}\n\n") for number in range(2 * MOST_LATER)]
    reply = collect([*pieces, Finish("stop")])
    assert len(reply.later) == MOST_LATER
    for number in range(2 * MOST_LATER):
        assert f"thought {number}\n" in f"{reply.reasoning}\n" and f"answer {number}\n" in f"{reply.answer}\n"
    folds = [block for block in ReplyRenderer("r", WORDS["en"]).update(reply) if block.kind == "again"]
    assert len(folds) == MOST_LATER


def test_a_second_thought_that_the_server_marks_stands_in_the_answer_too() -> None:
    reply = collect([Reasoning("One."), Answer("First."), Reasoning("Two."), Answer("Second."), Finish("stop")])
    assert segments(reply.reasoning, reply.answer, reply.later) == [("One.", "First."), ("Two.", "Second.")]


def test_segments_and_the_texts_that_they_join_to_say_the_same() -> None:
    assert joined_segments(segments(REPLY.reasoning, REPLY.answer, REPLY.later)) == (
        REPLY.reasoning,
        REPLY.answer,
        REPLY.later,
    )


def test_a_second_thought_counts_as_thought_in_tokens_and_seconds() -> None:
    now = 0.0
    draft, splitter = Draft(clock=lambda: now), Splitter()
    for seconds, text in ((1, "<think>a"), (2, "</think>b"), (3, "c.\n"), (5, "<think>"), (7, "d"), (4, "</think>e")):
        now += seconds
        for event in splitter.feed(Raw(text)):
            draft.add(event)
        if text == "d":
            assert draft.reply().thinking and not draft.closed
    reply = draft.reply()
    assert (reply.reasoning, reply.answer) == ("a\n\nd", "bc.\n\ne")
    assert reply.usage.reasoning_tokens == 3  # a, and the tag and d
    assert reply.timings.thinking == pytest.approx(2 + 4)  # a closed after 2 s; d began with its first text
    assert not reply.thinking


def test_a_reply_stopped_in_its_second_thought_goes_on_in_it() -> None:
    first = collect([Raw(INTERLEAVED[: INTERLEAVED.index(" too")]), Finish("stopped")])
    assert first.thinking and not first.closed and first.answer == "It is 4."
    prompt = ChatTemplate(R1_TEMPLATE).prompt([Message("user", "?")], first.so_far)
    text = "".join(piece.text for piece in (*prompt.head, *prompt.tail))
    assert text.endswith("<think>\nTwo and two.\n</think>\n\nIt is 4.\n\n<think>\nWait, 3 + 3")
    events: list[BackendEvent] = [Raw(" too.\n</think>\n\nThe other is 6."), Finish("stop")]
    whole = collect(events, first.so_far)
    assert (whole.reasoning, whole.answer, whole.later) == (REPLY.reasoning, REPLY.answer, REPLY.later)


def test_answer_now_longer_and_fork_keep_the_answer_before_a_second_thought() -> None:
    closed = cut(ReplySoFar("a\n\nb", False, "x", (LaterThought(3, 1),)))
    assert continued("", closed, R1_FORMAT) == "<think>\na\n</think>\n\nx\n\n<think>\nb\n</think>\n\nx"[:-1]
    assert extended(REPLY).answer == "It is 4." and extended(REPLY).later == REPLY.later
    start = REPLY.reasoning.index("3 + 3")
    fork = forked(REPLY, start, len(REPLY.reasoning), "4 + 4")
    assert (fork.answer, fork.later) == ("It is 4.", REPLY.later)
    assert forked(REPLY, 0, 3, "One") == ReplySoFar("One")


def test_an_answer_that_was_thought_has_no_second_thought() -> None:
    reply = collect([Raw(INTERLEAVED + "\n</think>\n\nDone."), Finish("stop")])
    assert reply.later == () and reply.answer == "Done."


def test_the_store_keeps_the_place_of_a_second_thought(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'r1chat.db'}")
    turn = store.add_turn(store.new_conversation().id, "?", None)
    reply_id = store.add_reply(turn.id, Provenance()).id
    store.save_reply(reply_id, REPLY)
    assert store.reply(reply_id).reply.later == REPLY.later
    store.close()


def test_a_second_thought_is_folded_where_it_stands_live_and_later() -> None:
    words = WORDS["en"]
    whole = ReplyRenderer("r", words).update(REPLY)
    order = [(block.kind, block.later) for block in whole]
    assert order == [("step", 0), ("part", 0), ("again", 0), ("part", 0), ("step", 1)]
    live = ReplyRenderer("r", words)
    page: dict[str, str] = {}
    for end in range(1, len(INTERLEAVED) + 1):
        so_far = collect([Raw(INTERLEAVED[:end])])
        for block in live.update(so_far):
            page.pop(block.id, None) if block.gone else page.__setitem__(block.id, block.html)
    for block in live.update(REPLY):
        page.pop(block.id, None) if block.gone else page.__setitem__(block.id, block.html)
    assert page == {block.id: block.html for block in whole}


def test_a_second_thought_that_turns_out_to_be_none_leaves_the_page() -> None:
    renderer = ReplyRenderer("r", WORDS["en"])
    renderer.update(REPLY)
    again = renderer.update(Reply("Two and two.\n\nMore.", True, "Done.", finish="stop"))
    assert any(block.kind == "again" and block.gone for block in again)
    assert [block.html for block in again if block.kind == "part" and not block.gone] != []

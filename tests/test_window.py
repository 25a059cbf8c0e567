"""What of a branch the model is shown, and how much of its window that takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from r1chat.conversations import Provenance, StoredReply, StoredTurn
from r1chat.messages import Reply, Usage
from r1chat.window import next_prompt, oldest_left_out, shown

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def branch(count: int, seen_from: str | None = None, keep: bool = False) -> list[StoredTurn]:
    """Turns of 10 tokens a message, 20 a thought and 30 an answer, at one token a character; t0, t1, …

    Each reply was made with what its conversation shows now.
    """
    turns: list[StoredTurn] = []
    for index in range(count):
        turn = StoredTurn(f"t{index}", "c", None, NOW, "m" * 10)
        seen = shown([*turns, turn], seen_from)
        prompt = 10 + sum(40 + (20 if keep else 0) for _ in seen[:-1])
        usage = Usage(prompt_tokens=prompt, reasoning_tokens=20, answer_tokens=30, context=1000)
        reply = Reply("t" * 20, True, "a" * 30, "stop", usage=usage)
        provenance = Provenance(seen_from=seen_from, keep_thoughts=keep)
        turns.append(replace(turn, reply=StoredReply(f"r{index}", turn.id, NOW, reply, provenance)))
    return turns


def test_the_next_prompt_is_the_last_one_with_its_answer() -> None:
    assert next_prompt(branch(3), False, None) == 3 * 40
    assert next_prompt(branch(3, keep=True), True, None) == 3 * 60


def test_thoughts_that_are_kept_or_dropped_from_now_on_are_counted_for_every_turn() -> None:
    assert next_prompt(branch(3), True, None) == 3 * 60
    assert next_prompt(branch(3, keep=True), False, None) == 3 * 40


def test_turns_that_are_left_out_from_now_on_are_not_counted() -> None:
    assert next_prompt(branch(5), False, "t3") == 2 * 40
    assert next_prompt(branch(5, seen_from="t3"), False, "t3") == 2 * 40
    assert next_prompt(branch(5, seen_from="t3"), False, None) == 5 * 40


def test_a_message_of_another_branch_leaves_nothing_out() -> None:
    assert shown(branch(3), "elsewhere") == branch(3)
    assert next_prompt(branch(3), False, "elsewhere") == 3 * 40


def test_what_a_fork_kept_of_its_thought_is_no_part_of_the_next_prompt() -> None:
    turns = branch(1)
    reply = turns[0].reply
    assert reply is not None
    usage = replace(reply.reply.usage, prompt_tokens=10 + 8, reasoning_tokens=12)
    forked = replace(reply, reply=replace(reply.reply, usage=usage), provenance=Provenance(kept_reasoning=8))
    turns = [replace(turns[0], reply=forked)]
    assert next_prompt(turns, False, None) == 40
    assert next_prompt(turns, True, None) == 60


def test_a_reply_that_was_refused_is_counted_by_the_length_of_its_message() -> None:
    turns = branch(2)
    assert turns[1].reply is not None
    refused = replace(turns[1].reply, reply=Reply(finish="error", error="too long"))
    long = replace(turns[1], content="m" * 500, reply=refused)
    assert next_prompt([turns[0], long], False, None) == 40 + 500
    assert next_prompt([], False, None) is None
    assert next_prompt([long], False, None) is None  # nobody counted anything yet


def test_the_oldest_turns_are_left_out_until_half_of_the_window_is_free() -> None:
    assert oldest_left_out(branch(10), False, None, 400) == "t5"
    assert oldest_left_out(branch(10, seen_from="t5"), False, "t5", 400) == "t6"  # asked again: one more at least
    assert oldest_left_out(branch(3), False, None, 10) == "t2"  # the last one is shown, however long it is
    assert oldest_left_out(branch(1), False, None, 10) is None

"""The stream: what each wire form becomes, however it is cut into chunks."""

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.messages import Answer, BackendEvent, Finish, FinishReason, Progress, Raw, Reasoning, Reply, ReplySoFar
from r1chat.think import SPECIAL_TOKENS, Draft, collect, snapshots, split_reasoning

CORPUS = Path(__file__).parents[1].parent / "shared" / "corpus" / "traces.jsonl"


def reply(text: str, so_far: ReplySoFar | None = None, finish: FinishReason = "stop") -> Reply:
    return collect([Raw(text), Finish(finish)], so_far)


def texts(r: Reply) -> tuple[str, bool, str, bool]:
    return r.reasoning, r.closed, r.answer, r.reopened


def chunks(text: str, seed: int, longest: int) -> list[str]:
    rng = random.Random(seed)
    cuts = [0]
    while cuts[-1] < len(text):
        cuts.append(min(len(text), cuts[-1] + rng.randint(1, longest)))
    return [text[a:b] for a, b in pairwise(cuts)]


def test_tags_separate_thought_from_answer() -> None:
    assert texts(reply("<think>\n7 + 3\n</think>\n\n10")) == ("7 + 3", True, "10", False)


def test_prefilled_tag_said_by_the_backend() -> None:
    events: list[BackendEvent] = [Raw("<think>", 0), Raw("\nOkay"), Raw("\n</think>\n\n"), Raw("Yes"), Finish("stop")]
    assert texts(collect(events)) == ("Okay", True, "Yes", False)


def test_model_that_opens_a_prefilled_tag_again() -> None:
    assert texts(reply("<think><think>\nOkay\n</think>\nYes")) == ("Okay", True, "Yes", False)


def test_lone_closing_tag_says_that_all_before_was_thought() -> None:
    assert texts(reply("Okay, so.\n</think>\n\nYes")) == ("Okay, so.", True, "Yes", False)
    assert texts(reply("Okay, so.</think>\n\nYes")) == ("Okay, so.", True, "Yes", False)


def test_closing_tag_first_is_an_empty_thought() -> None:
    assert texts(reply("\n</think>\n\nHello")) == ("", True, "Hello", False)


def test_no_tags_is_an_answer() -> None:
    assert texts(reply("Hello")) == ("", False, "Hello", False)


def test_empty_thought_and_empty_answer() -> None:
    assert texts(reply("<think>\n\n</think>\n\n")) == ("", True, "", False)
    assert texts(reply("")) == ("", False, "", False)


def test_unfinished_thought_stays_open() -> None:
    assert texts(reply("<think>Let me", finish="length")) == ("Let me", False, "", False)


@pytest.mark.parametrize(
    "answer",
    [
        "Write <think> before and </think> after it.",
        "It ends with `</think>`.",
        "```\n<think>\nx\n</think>\n```\nLike this.",
        "```\nx\n</think>\n```",
        "<b>bold</b> and 1 < 2 <thin",
        "It closes the tag </think> in the middle of a line.",
    ],
)
def test_an_answer_may_quote_the_tags(answer: str) -> None:
    assert texts(reply(f"<think>\nHm\n</think>\n\n{answer}")) == ("Hm", True, answer, False)
    assert texts(reply(answer)) == ("", False, answer, False)


def test_second_close_after_a_forced_one_moves_the_answer_into_the_thought() -> None:
    so_far = ReplySoFar("I need to find 27 +", closed=True)
    events: list[BackendEvent] = [Raw("43. So it is 70.\n</think>\n\nThe answer is 70."), Finish("stop")]
    got = collect(events, so_far)
    assert texts(got) == ("I need to find 27 +\n\n43. So it is 70.", True, "The answer is 70.", True)


def test_second_close_after_native_reasoning() -> None:
    events: list[BackendEvent] = [
        Reasoning("\nI need"),
        Answer("\n27 + 43 = 70.\n</think>"),
        Answer("\n\n70"),
        Finish("stop"),
    ]
    assert texts(collect(events)) == ("I need\n\n27 + 43 = 70.", True, "70", True)


def test_several_blocks_all_closed_on_their_own_line() -> None:
    got = reply("<think> one\n</think>\n\ntwo\n\n</think>\n\nthree\n\n</think>\n\nfour")
    assert texts(got) == ("one\n\ntwo\n\nthree", True, "four", True)


def test_native_fields_are_trimmed_of_the_templates_white_space() -> None:
    events: list[BackendEvent] = [Reasoning("\nOkay"), Reasoning(".\n"), Answer("\n\nYes"), Finish("stop")]
    assert texts(collect(events)) == ("Okay.", True, "Yes", False)


def test_raw_text_after_native_reasoning_is_answer() -> None:
    assert texts(collect([Reasoning("Hm"), Raw("Yes"), Finish("stop")])) == ("Hm", True, "Yes", False)


def test_quoted_tags_in_native_reasoning_are_text() -> None:
    events: list[BackendEvent] = [Reasoning("The tag </think> ends it."), Answer("Right."), Finish("stop")]
    assert texts(collect(events)) == ("The tag </think> ends it.", True, "Right.", False)


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_leaked_special_tokens_are_dropped_at_the_edges_only(token: str) -> None:
    got = reply(f"{token}<think>\n{token}Hm{token}\n</think>\n\nYes, {token} is one.{token}\n{token}")
    assert texts(got) == ("Hm", True, f"Yes, {token} is one.", False)


def test_continuing_in_mid_thought_keeps_the_white_space_between() -> None:
    first = reply("<think>\nStep 1.\n\n", finish="stopped")
    assert first.reasoning == "Step 1.\n\n"
    second = reply("Step 2.\n</think>\n\nDone", first.so_far)
    assert texts(second) == ("Step 1.\n\nStep 2.", True, "Done", False)


def test_continuing_in_mid_answer_keeps_the_white_space_between() -> None:
    first = reply("<think>\nHm\n</think>\n\nThe answer", finish="stopped")
    assert texts(reply(" is 70.", first.so_far)) == ("Hm", True, "The answer is 70.", False)


def test_continuing_a_reply_without_a_thought() -> None:
    assert texts(reply(" is 70.", ReplySoFar("", False, "The answer"))) == ("", False, "The answer is 70.", False)


def test_skipping_the_thought_by_an_empty_closed_one() -> None:
    assert texts(reply("Hello", ReplySoFar(closed=True))) == ("", True, "Hello", False)


def test_tokens_are_counted_for_thought_and_answer() -> None:
    events: list[BackendEvent] = [Raw("<think>", 0), *(Raw(f"t{i} ") for i in range(5)), Raw("</think>"), Raw("a")]
    usage = collect([*events, Finish("stop", prompt_tokens=9, context=100)]).usage
    assert (usage.reasoning_tokens, usage.answer_tokens, usage.free) == (5, 2, 84)
    usage = collect([*events, Finish("stop", completion_tokens=8)]).usage
    assert (usage.reasoning_tokens, usage.answer_tokens) == (6, 2)


def test_progress_is_shown_until_text_comes() -> None:
    events = [Progress("prefill", 1, 2), Raw("Hi"), Progress("waiting"), Finish("stop")]
    seen = list(snapshots(split_reasoning(events)))
    assert [r.progress for r in seen] == [None, Progress("prefill", 1, 2), None, None, None]
    assert [r.answer for r in seen] == ["", "", "Hi", "Hi", "Hi"]


def test_times_are_taken_from_the_clock() -> None:
    now = [10.0]
    draft = Draft(clock=lambda: now[0])
    for seconds, event in [(1.0, Raw("<think>a")), (3.0, Raw("</think>b")), (2.0, Finish("stop"))]:
        now[0] += seconds
        for e in split_reasoning([event], None if seconds == 1.0 else ReplySoFar("a", draft.reply().closed)):
            draft.add(e)
    timings = draft.reply().timings
    assert (timings.first_token, timings.thinking, timings.total) == (1.0, 3.0, 6.0)


def test_a_failed_draft_keeps_its_text() -> None:
    draft = Draft()
    for event in split_reasoning([Raw("<think>So far")]):
        draft.add(event)
    draft.fail("The server went away.")
    got = draft.reply()
    assert (got.reasoning, got.finish, got.error) == ("So far", "error", "The server went away.")


PIECES = st.sampled_from(
    [
        "<think>",
        "</think>",
        "\n",
        "\n\n",
        " ",
        "a",
        "b c",
        "`",
        "```",
        "<",
        "</",
        "th",
        "｜",
        *SPECIAL_TOKENS[:3],
        "。",
        "#",
    ]
)


def test_a_fence_behind_a_special_token_is_one_in_any_chunking() -> None:
    text = "<｜begin▁of▁sentence｜>\n```\n<think>"
    for longest in (1, 3, 50):
        events = [Raw(text[at : at + longest]) for at in range(0, len(text), longest)]
        assert texts(collect([*events, Finish("stop")])) == ("", False, "```\n<think>", False)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25), st.integers(0, 2**16), st.sampled_from(["stop", "length"]), st.booleans())
def test_any_chunking_of_any_text_gives_the_same_reply(
    pieces: list[str], seed: int, finish: FinishReason, closed: bool
) -> None:
    text = "".join(pieces)
    for so_far in (None, ReplySoFar("x ", closed), ReplySoFar("x", True, "y\n")):
        whole = texts(reply(text, so_far, finish))
        for longest in (1, 3, 12):
            events = [Raw(c) for c in chunks(text, seed, longest)]
            assert texts(collect([*events, Finish(finish)], so_far)) == whole


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES, max_size=15), st.lists(PIECES, max_size=15), st.integers(0, 2**16))
def test_any_chunking_of_native_fields_gives_the_same_reply(a: list[str], b: list[str], seed: int) -> None:
    reasoning, answer = "".join(a), "".join(b)
    whole = texts(collect([Reasoning(reasoning), Answer(answer), Finish("stop")]))
    thought = [Reasoning(c) for c in chunks(reasoning, seed, 3)] or [Reasoning("")]
    events: list[BackendEvent] = [*thought, *([Answer(c) for c in chunks(answer, seed, 2)] or [Answer("")])]
    assert texts(collect([*events, Finish("stop")])) == whole


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real traces is not beside this checkout")
def test_any_chunking_of_any_real_trace_gives_the_same_reply() -> None:
    """Each trace in one way, each way with a quarter of the traces."""
    ways = ((1, 1), (2, 7), (3, 40), (4, 2000))
    for number, line in enumerate(CORPUS.read_text(encoding="utf-8").splitlines()):
        trace = json.loads(line)
        whole = reply(trace["text"])
        assert whole.reasoning or whole.answer or "empty-think" in trace["traits"]
        assert "<think>" not in whole.reasoning[:20]
        seed, longest = ways[number % len(ways)]
        text = trace["text"][: 4_000 * longest]  # of what comes in small pieces, the beginning
        events = [Raw(c) for c in chunks(text, seed, longest)]
        assert texts(collect([*events, Finish("stop")])) == texts(reply(text)), trace["id"]

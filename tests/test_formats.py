"""Outputs of real models in the formats of their makers: which text is thought and which is answer, in any chunks."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from r1chat.messages import Answer, BackendEvent, Began, Finish, Raw, Reasoning, ReplySoFar, Token
from r1chat.reasoning_format import R1_FORMAT, ReasoningFormat
from r1chat.think import collect

DATA = Path(__file__).parent / "data" / "formats"
OUTPUTS = [json.loads(line) for line in (DATA / "outputs.jsonl").read_text(encoding="utf-8").splitlines()]
NEXT = "<|start|>assistant<|channel|>"
CHUNKINGS = 40  # of each documented output; `python -m benchmarks.formats` tries 1,000
FEW_CHUNKINGS = 24  # of the odd texts


def chunked(text: str, rng: random.Random) -> list[BackendEvent]:
    longest, start, events = rng.choice((1, 3, 9, 40, len(text))), 0, []
    while start < len(text):
        size = rng.randint(1, longest)
        events.append(Raw(text[start : start + size]))
        start += size
    return [*events]


def split(events: Iterable[BackendEvent], so_far: ReplySoFar | None = None) -> tuple[str, str]:
    reply = collect([*events, Finish("stop")], so_far)
    return reply.reasoning, reply.answer


@pytest.mark.parametrize("row", OUTPUTS, ids=[row["name"] for row in OUTPUTS])
def test_every_documented_output_is_split_as_a_person_would(row: dict[str, Any]) -> None:
    rng = random.Random(1)
    opened = [Raw("<think>", 0)] if row["prompt_opens"] else []
    for _ in range(CHUNKINGS):
        assert split([*opened, *chunked(row["text"], rng)]) == (row["thought"], row["answer"])


WIRE = {
    "a01-magistral": ("Seven times six is forty-two.", "The result is **42**."),
    "a03-harmony": ("Seven times six is 42.", "The result is **42**."),
    "a04-thinking-tag": ("Seven times six is 42.", "The result is **42**."),
    "a05-reasoning-tag": ("Seven times six is 42.", "The result is **42**."),
    "a06-empty-native-then-tags": ("Seven times six is 42.", "The result is **42**."),
    "a06b-null-native-then-tags": ("Seven times six is 42.", "The result is **42**."),
    "a08-quoted-close-in-thought": (
        "The template ends a thought with `</think>` and keeps the rest. So I explain that.",
        "It ends with a closing tag.",
    ),
    "a08b-quoted-open-close-in-thought": (
        "The user asks about the tags <think> and </think> in prompts. I will explain both.",
        "They mark the thought.",
    ),
    "a12-odd-deltas": ("", "The result is 42."),
    "a17-split-surrogates": ("", "Nice 😀 work: 42"),
    "a19b-close-mid-answer": ("Short.\n\nThe result is 42.", "The result is 42."),  # it thought on, and said it again
    "a20-never-closed": ("Seven times six is 42. The result is 42.", ""),
    "a22-kimi": ("Seven times six is 42.", "The result is 42."),
    "a22c-granite": ("seven times six is 42.", "The result is 42."),
    "a23-empty-think": ("", "The result is 42."),
    "a24-upper": ("Seven times six is 42.", "The result is 42."),
    "a25-attr": ("Seven times six is 42.", "The result is 42."),
    "a26-text-before-think": ("Seven times six is 42.", "Okay.\n\nThe result is 42."),
    "a27-two-thoughts": ("First thought.\n\nSecond thought.", "First answer: 42.\n\nSecond answer: 42."),
    "a28-im-start": ("Seven.", "The result is 42."),  # the user's turn that the model made up is not its answer
    "a30-startthinking": ("Seven times six is 42.", "The result is 42."),
    "a40-escapes": (  # kept as written; the terminal and the page show them as harmless
        "a\x1b]0;evil\x07",
        "\x1b[31mred\x1b[0m \x1b[2J\x9b31m bell\x07 \u202egnirts\u202c",
    ),
}


def test_every_recorded_stream_has_an_expectation() -> None:
    assert {path.stem for path in (DATA / "wire").glob("*.json")} == set(WIRE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 4.</think>It is **4**.", ("It is 4.", "It is **4**.")),
        ("所以是 4。</think>答案是 4。", ("所以是 4。", "答案是 4。")),
        ("The tag </think> ends it.", ("", "The tag </think> ends it.")),
        ("思考以</think>结束。", ("", "思考以</think>结束。")),
        ("Use (</think>) here.", ("", "Use (</think>) here.")),
        ("It is 4.\n</think>", ("", "It is 4.")),  # nothing follows: it stays the answer
        ("<think>Hm</think>It is 4.\n</think>\n", ("Hm", "It is 4.")),
        ("<think>Hm</think>One.<think>More</think>Two.", ("Hm\n\nMore", "One.\n\nTwo.")),
        ("<think>Hm</think>Write <think> first.", ("Hm", "Write <think> first.")),
        ("<think>Hm</think>```\n<think>\n```\nDone.", ("Hm", "```\n<think>\n```\nDone.")),
        ("<thinking>The <think> tag</think> is R1's.</thinking>Yes.", ("The <think> tag</think> is R1's.", "Yes.")),
        ("Here's my thought process: 2+2.\nHere's my response: 4.", ("2+2.", "4.")),
        ("I say: Here is my response: 4.", ("", "I say: Here is my response: 4.")),
        ("<answer>4</answer>", ("", "<answer>4</answer>")),  # without a thought a person may have asked for it
        (f"<|channel|>commentary<|message|>One moment.<|end|>{NEXT}final<|message|>4", ("", "One moment.\n\n4")),
        (
            f"<|channel|>analysis<|message|>A<|end|>{NEXT}analysis<|message|>B<|end|>{NEXT}final<|message|>4",
            ("A\n\nB", "4"),
        ),
        ("<|channel>thought\nHm\n<channel|>4<turn|>", ("Hm", "4")),
        (" to=self<|message|>Hm<|eom|><|start|>assistant to=user<|message|>4<|eot|>", ("Hm", "4")),
        ("Hm<|close|>think<|sep|><|open|>response<|sep|>4<|close|>response<|sep|><|end_of_msg|>", ("Hm", "4")),
        ("<|think|>Hm<|end|><|begin|>assistant<|content|>4<|end|>", ("Hm", "4")),
        ("It is `<|im_end|>` and `<|im_start|>user`.", ("", "It is `<|im_end|>` and `<|im_start|>user`.")),
    ],
)
def test_odd_texts_are_split_as_a_person_would(text: str, expected: tuple[str, str]) -> None:
    rng = random.Random(2)
    for _ in range(FEW_CHUNKINGS):
        assert split(chunked(text, rng)) == expected


def test_a_format_that_the_backend_tells_replaces_the_common_ones() -> None:
    muse = ReasoningFormat(open="<muse>", close="</muse>", open_text="<muse>", close_text="</muse>")
    assert split([Began(muse), Raw("<muse>Hm</muse>4")]) == ("Hm", "4")
    assert split([Began(muse, opened=True), Raw("Hm</muse>4")]) == ("Hm", "4")
    assert split([Began(muse, opened=True), Raw("<think> is not mine</muse>4")]) == ("<think> is not mine", "4")


def test_a_tag_that_came_as_letters_is_text_where_it_is_a_token() -> None:
    began = Began(R1_FORMAT, opened=True, vocabulary=("<think>", "</think>"))
    assert split([began, Raw("It ends\n</think>\n\nhere"), Token("</think>"), Raw("4")]) == (
        "It ends\n</think>\n\nhere",
        "4",
    )


def test_control_tokens_never_reach_the_page() -> None:
    began = Began(R1_FORMAT, opened=True, vocabulary=("<think>", "</think>"))
    events = [began, Raw("a"), Token("<|pad|>"), Raw("b"), Token("</think>"), Raw("c"), Token("<|fim|>"), Raw("d")]
    assert split(events) == ("ab", "cd")


def test_a_second_thought_that_the_server_marks_is_kept_apart_from_the_first() -> None:
    assert split([Reasoning("One."), Answer("First."), Reasoning("Two."), Answer("Second.")]) == (
        "One.\n\nTwo.",
        "First.\n\nSecond.",
    )

"""R1's rule rewards: right for the right reason, and able to say it."""

import json
import re
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.errors import CheckError
from r1chat.judgements import Check
from r1chat.messages import Finish, FinishReason, LaterThought, Raw, Reply
from r1chat.rewards import (
    Reward,
    RightAnswer,
    accuracy,
    check,
    format_reward,
    language_consistency,
    trl_reward,
)
from r1chat.think import collect

SHARED = Path(__file__).parents[2] / "shared"


# --- accuracy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reference", "kind"),
    [
        ("She makes $18 every day.", "18", "number"),
        (r"\boxed{\frac{3}{4}}", "0.75", "number"),
        (r"\boxed{\sqrt{16}}", "4", "number"),
        (r"Thus \(x = \frac{\sqrt 2}{2}\).", r"\frac{1}{\sqrt{2}}", "expression"),
        (r"\boxed{(x-1)(x+1)}", "x^2 - 1", "expression"),
        ("The correct option is (B), since 45 > 30.", "B", "choice"),
        ("(A) is too small, (C) too large. So it must be (B)", "(B)", "choice"),
        ("It happened in the year 1969.", r"\b1969\b", "pattern"),
        ("The answer is **paris**.", "Paris", "text"),
        ("To be,  or not\nto be", "to be, or not to be", "text"),
    ],
)
def test_right_answer_earns_one(answer: str, reference: str, kind: Check) -> None:
    reward = accuracy(answer, RightAnswer(reference, kind))
    assert reward.value == 1.0, reward.why


@pytest.mark.parametrize(
    ("answer", "reference", "kind", "why"),
    [
        ("She makes $17 every day.", "18", "number", "The answer $17 differs from the reference 18."),
        (r"\boxed{x^2}", "x^3", "expression", "The answer x^2 differs from the reference x^3."),
        ("The answer is A.", "B", "choice", "The answer chooses A; B is right."),
        ("I can't say.", "B", "choice", "The answer chooses nothing; B is right."),
        ("No year at all", r"\d{4}", "pattern", r"The answer does not match the pattern \d{4}."),
        ("London", "Paris", "text", "The answer London differs from the reference Paris."),
        ("", "18", "number", "No final answer was found in the reply."),
    ],
)
def test_wrong_answer_earns_nothing_and_is_told_why(answer: str, reference: str, kind: Check, why: str) -> None:
    reward = accuracy(answer, RightAnswer(reference, kind))
    assert (reward.value, reward.why) == (0.0, why)
    assert re.search(r"[\u4e00-\u9fff].*。$", reward.why_zh)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Half of 4 is <<4/2=2>>2.\n#### 1,002", RightAnswer("1,002", "number")),
        (r"By symmetry it is $\boxed{\frac{\pi}{4}}$, as 2 + 2 = 4.", RightAnswer(r"\frac{\pi}{4}", "expression")),
        ("(C)", RightAnswer("(C)", "choice")),
        ("三十五个", RightAnswer("三十五个", "number")),
        ("12 apples", RightAnswer("12 apples", "number")),
        ("x^2 - 1", RightAnswer("x^2 - 1", "expression")),
        (" Paris\n", RightAnswer("Paris", "text")),
    ],
)
def test_bare_text_is_read_as_the_reference_that_it_most_likely_is(text: str, reference: RightAnswer) -> None:
    assert RightAnswer.read(text) == reference


def test_answer_that_cannot_be_compared_is_undecided_and_the_sentence_stays_short() -> None:
    reward = accuracy(r"\boxed{9^{9^{9^{9}}}}", r"\sqrt{2}")
    assert reward.value is None
    assert reward.why.startswith("Undecided: ") and reward.why_zh.startswith("无法判定：")
    reward = accuracy(rf"\boxed{{{'7' * 10_000}}}", "7")
    assert reward.value is None
    assert len(reward.why) < 200


def test_what_cannot_be_judged_has_no_value() -> None:
    assert accuracy("The answer is 5.", "").value is None
    assert accuracy("The answer is 5.", RightAnswer("five", "choice")).value is None
    assert accuracy("a" * 200, RightAnswer("x{99999999999}", "pattern")).value is None


def test_a_right_answer_that_nothing_matches_ends_no_training_and_says_why() -> None:
    reward = accuracy("The answer is 5.", RightAnswer("(", "pattern"))
    assert reward.value is None and "not a regular expression: missing )" in reward.why and reward.why != reward.why_zh
    columns = {"solution": ["(", "assert x(", "5"], "solution_kind": ["pattern", "tests", "number"]}
    completions = ["</think>```python\nx = 1\n```", "</think>```python\nx = 1\n```", "</think>5"]
    assert trl_reward("accuracy", run_code=True)([R1_PROMPT] * 3, completions, **columns) == [None, None, 1.0]


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        (RightAnswer(" ", "number"), "empty: write the right answer"),
        (RightAnswer("(", "pattern"), "not a regular expression: missing"),
        (RightAnswer("Paris", "choice"), "“Paris” is no choice"),
        (RightAnswer("a great many", "number"), "“a great many” is no number"),
        (RightAnswer("to be or not", "expression"), "“to be or not” is no expression"),
    ],
)
def test_useless_reference_is_refused_with_a_sentence(reference: RightAnswer, sentence: str) -> None:
    with pytest.raises(CheckError, match=re.escape(sentence)):
        check(reference)


def test_good_reference_passes() -> None:
    for text in ("18", r"\frac12", "B", "Paris"):
        check(RightAnswer.read(text))
    check(RightAnswer(r"\d+", "pattern"))


@pytest.mark.skipif(not (SHARED / "data").exists(), reason="the problems in ../shared/data are not here")
def test_gsm8k_solutions_earn_one_and_their_neighbours_nothing() -> None:
    lines = (SHARED / "data" / "gsm8k_test.jsonl").read_text(encoding="utf-8").splitlines()
    solutions = [json.loads(line)["answer"] for line in lines]
    for solution, other in pairwise(solutions):
        same = RightAnswer.read(solution).text == RightAnswer.read(other).text
        assert accuracy(solution, solution).value == 1.0
        assert accuracy(solution, other).value == float(same)


# --- format ----------------------------------------------------------------------------------------------------------

GOOD = Reply(reasoning="2 and 2 make 4.", closed=True, answer="4", finish="stop")


@pytest.mark.parametrize(
    ("reply", "value", "why"),
    [
        (GOOD, 1.0, "opens and closes once"),
        (replace(GOOD, reopened=True), 0.5, "closed more than once"),
        (replace(GOOD, later=(LaterThought(16, 0),)), 0.5, "another thought stands within the answer"),
        (replace(GOOD, reasoning=""), 0.5, "the thought is empty"),
        (replace(GOOD, finish="length"), 0.5, "was cut at the token limit"),
        (replace(GOOD, finish=None), 0.5, "is not finished"),
        (replace(GOOD, reopened=True, finish="stopped"), 0.25, "more than once and the reply was stopped"),
        (replace(GOOD, answer=" \n"), 0.0, "there is no answer"),
        (replace(GOOD, closed=False, answer=""), 0.0, "never closed"),
        (Reply(answer="4", finish="stop"), 0.0, "no thought before its answer"),
        (Reply(), 0.0, "no thought before its answer"),
    ],
)
def test_format_is_judged_by_thought_and_answer(reply: Reply, value: float, why: str) -> None:
    reward = format_reward(reply)
    assert reward.value == value
    assert why in reward.why
    assert re.search(r"[\u4e00-\u9fff].*。$", reward.why_zh)


@pytest.mark.parametrize("finish", ["length", "stopped", "cut", "error", "interrupted"])
def test_every_unfinished_reply_loses_half(finish: FinishReason) -> None:
    assert format_reward(replace(GOOD, finish=finish)).value == 0.5


# --- language --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasoning", "question"),
    [
        ("First I add the tens, then the ones.", "What is 27 + 43?"),
        ("先把十位相加，再把个位相加。", "27 加 43 等于多少？"),
        ("设 x = 5，则 f(x) = x^2，因此 GPU 上的 sin(x) 为 $a + b$。", "求 f(5) 的值。"),
        ("先看代码：\n```python\nfor item in items:\n    total += item\n```\n所以总和为 5。", "这段代码做什么？"),
        (r"由公式 \frac{1}{2} 和 \[ \text{area} = ab \] 可知面积。", "面积是多少？"),
        ("“apple” 这个词的意思是苹果。", "apple 是什么意思？"),
        ("The word 等等 may mean “and so on”.", "What does 等等 mean?"),
        ("まず十の位を足します。答えは七十です。", "二十七と四十三を足すといくつですか。"),
        ("27 + 43 = 20 + 40 + 7 + 3 = 70", "What is 27 + 43?"),
    ],
)
def test_chain_in_the_language_of_its_question_earns_one(reasoning: str, question: str) -> None:
    reward = language_consistency(reasoning, question)
    assert reward.value == 1.0, reward.why


def test_chain_in_another_language_earns_nothing() -> None:
    assert language_consistency("先把十位相加。", "How much do they make?").value == 0.0
    assert language_consistency("First I add the tens.", "一共是多少？").value == 0.0


def test_mixed_chain_earns_its_share_counted_in_words() -> None:
    reward = language_consistency(
        "First add the tens, 然后再把个位加起来", "How much is it?"
    )  # 4 words and 8 characters
    assert reward.value == pytest.approx(4 / (4 + 9 / 1.6), abs=0.1)
    assert reward.why == "42% of the chain is in English, as the question is; most of the rest is in Chinese."
    assert reward.why_zh == "思考过程的 42% 与问题同用英语，其余多为中文。"


def test_question_without_words_leaves_the_language_to_the_chain() -> None:
    reward = language_consistency("先算十位，再算个位，最后相加。 Okay", "27 + 43 = ?")
    assert reward.value is not None
    assert 0.8 < reward.value < 1.0
    assert "main language, Chinese" in reward.why


def test_empty_chain_is_not_judged() -> None:
    assert language_consistency(" \n", "How much is it?").value is None


@given(st.text(max_size=200), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_share_is_between_none_and_all(reasoning: str, question: str) -> None:
    value = language_consistency(reasoning, question).value
    assert (value is None) == (not reasoning.strip())
    assert value is None or 0.0 <= value <= 1.0


@pytest.mark.parametrize("text", ["; ", "if :\n", "\\[", "\\(", "$", "`", "a", "_", "\\a{", "$$a", "<a", "中"])
def test_hostile_chain_is_read_in_linear_time(text: str) -> None:
    assert language_consistency(text * 60_000, "How much is it?").value is not None


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "corpus").exists(), reason="the traces in ../shared/corpus are not here")
def test_real_chains_keep_to_their_language() -> None:
    lines = (SHARED / "corpus" / "traces.jsonl").read_text(encoding="utf-8").splitlines()
    for trace in map(json.loads, lines):
        reply = collect([Raw("<think>"), Raw(trace["text"]), Finish("stop")])
        value = language_consistency(reply.reasoning, trace["prompt"] or "").value
        # the others are translated and cut
        comparable = trace["lang"] != "mixed" and not (trace["prompt"] or "").endswith("…")
        assert value is None or value > 0.8 or not comparable, trace["id"]


# --- TRL -------------------------------------------------------------------------------------------------------------

R1_PROMPT = "<｜begin▁of▁sentence｜><｜User｜>What is 2 + 2?<｜Assistant｜><think>\n"


def said(text: str, **fields: str) -> list[dict[str, Any]]:
    """A completion as TRL passes it on for conversational data."""
    return [{"role": "assistant", "content": text, **fields}]


def asked(text: str) -> list[dict[str, Any]]:
    """A conversational prompt."""
    return [{"role": "system", "content": "请用中文回答。"}, {"role": "user", "content": text}]


def test_completion_that_begins_inside_the_thought_is_understood() -> None:
    call = {
        "prompts": [R1_PROMPT] * 4,
        "completions": [
            "2 and 2.\n</think>\n\n4",
            "<think>\nHm.\n</think>\n\n5",
            "so it may be 4",
            "2 and 2.\n</think>\n\n",
        ],
        "completion_ids": [[1], [2], [3], [4]],
        "trainer_state": None,
        "solution": ["4"] * 4,
    }
    assert trl_reward("format")(**call) == [1.0, 1.0, 0.0, 0.0]
    assert trl_reward("accuracy")(**call) == [1.0, 0.0, 0.0, 0.0]
    assert trl_reward("language")(**call) == [1.0, 1.0, 1.0, 1.0]


def test_conversational_completions_are_read_by_message() -> None:
    prompts = [asked("What is 2 + 2?")] * 4
    completions = [
        said("Two and two.\n</think>\n\n4"),
        said("4", reasoning_content="Two and two."),
        said("The thought was never closed: 4"),
        [{"role": "assistant", "content": [{"type": "text", "text": "二加二。\n</think>\n\n4"}]}],
    ]
    assert trl_reward("format")(prompts=prompts, completions=completions) == [1.0, 1.0, 0.0, 1.0]
    assert trl_reward("accuracy")(prompts=prompts, completions=completions, solution=["#### 4"] * 4) == [1, 1, 0, 1]
    assert trl_reward("language")(prompts=prompts, completions=completions) == [1.0, 1.0, 1.0, 0.0]


def test_template_that_leaves_the_tag_to_the_model_is_named() -> None:
    prompts, completions = [asked("What is 2 + 2?")], [said("The answer is 4.")]
    call: dict[str, Any] = {"prompts": prompts, "completions": completions, "solution": ["4"]}
    assert trl_reward("accuracy")(**call) == [0.0]
    assert trl_reward("accuracy", opened=False)(**call) == [1.0]
    assert trl_reward("accuracy")(**{**call, "prompts": ["What is 2 + 2?"], "completions": ["The answer is 4."]}) == [
        1.0
    ]


def test_beginning_of_the_reply_in_the_prompt_belongs_to_the_reply() -> None:
    prompt = [*asked("What is 2 + 2?"), *said("<think>\nTwo and")]
    call: dict[str, Any] = {"prompts": [prompt], "completions": [said(" two.\n</think>\n\n4")], "solution": ["4"]}
    assert trl_reward("format")(**call) == trl_reward("accuracy")(**call) == [1.0]


def test_kind_of_a_reference_may_have_its_own_column() -> None:
    call: dict[str, Any] = {"prompts": [R1_PROMPT] * 3, "completions": ["So.\n</think>\n\nIn 1969."] * 3}
    columns = {"truth": ["19[67]9", "19[67]9", None], "truth_kind": ["pattern", "text", None]}
    assert trl_reward("accuracy", column="truth")(**call, **columns) == [1.0, 0.0, None]


def test_question_of_a_rendered_prompt_is_found_among_its_tokens() -> None:
    prompt = "<|im_start|>user\n1+1等于几？<|im_end|>\n<|im_start|>assistant\n<think>\n"
    assert trl_reward("language")(prompts=[prompt], completions=["一加一等于二。\n</think>\n\n2"]) == [1.0]


def test_question_is_read_from_its_column_where_there_is_one() -> None:
    prompt = "[INST] Please reason well and answer what comes now. 一加一等于几？ [/INST]<think>\n"
    call: dict[str, Any] = {"prompts": [prompt], "completions": ["一加一等于二。\n</think>\n\n2"]}
    assert trl_reward("language")(**call) == [0.0]
    assert trl_reward("language")(**call, question=["一加一等于几？"]) == [1.0]


def test_rewards_carry_their_names() -> None:
    assert [trl_reward(name).__name__ for name in ("accuracy", "format", "language")] == [
        "accuracy_reward",
        "format_reward",
        "language_reward",
    ]


def test_missing_column_and_unknown_reward_are_explained() -> None:
    with pytest.raises(CheckError, match="no column “solution”"):
        trl_reward("accuracy")(prompts=["2 + 2"], completions=["4"])
    with pytest.raises(CheckError, match="There is no reward “length”"):
        trl_reward("length")  # type: ignore[arg-type]


def test_reward_is_a_value() -> None:
    assert accuracy("The answer is 5.", "5") == Reward(
        1.0, "The answer 5 agrees with the reference 5.", "答案 5 与参考答案 5 一致。"
    )


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (datetime(2001, 1, 10), "2001-01-10"),
        (datetime(2001, 1, 10), "2001-01-10 00:00"),
        (datetime(2001, 1, 10, 9, 30), "2001-01-10T09:30:00"),
        (datetime(2001, 1, 10, 9, 30), "2001-01-10 09:30"),
        (datetime(2001, 1, 10, 9, 30, 5), "2001-01-10T09:30:05Z"),
    ],
)
def test_a_date_that_a_loader_took_for_a_moment_is_still_the_right_answer(value: datetime, answer: str) -> None:
    completions = [f"Hm.</think>{answer}", "Hm.</think>2001-01-11"]
    rewards = trl_reward("accuracy")(
        ["When?<think>"] * 2, completions, solution=[value] * 2, solution_kind=["text"] * 2
    )
    assert rewards == [1.0, 0.0]

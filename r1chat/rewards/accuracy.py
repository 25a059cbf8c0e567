"""The accuracy reward: is the answer right?

After DeepSeek-R1, section 2.2.2: where a result can be verified, a rule verifies it. All or nothing, or undecided. Owns
the kinds of reference; how answers are found and compared stands in `answers`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from r1chat.answers import (
    all_boxes,
    as_factorial,
    choice,
    choices,
    chosen,
    compare,
    expresses,
    final_answer,
    is_formula,
    is_hedged,
    is_number,
    is_taken_back,
    is_unclear,
    last_values,
    mentions,
    occurs,
    same_text,
    says,
    says_same,
)
from r1chat.both import Both
from r1chat.errors import RightAnswerError
from r1chat.judgements import Check
from r1chat.rewards.programs import program, read_requirements
from r1chat.rewards.reward import Reward, shown

_ONE_LETTER = re.compile(r"[(（]?[A-J][)）]?[.、]?")
_LETTERS = re.compile(r"[A-J]{2,}|[(（]?[A-J][)）]?(?:[,，、;；\s]+(?:and\s+|和)?[(（]?[A-J][)）]?)+")


@dataclass(frozen=True, slots=True)
class RightAnswer:
    """The right answer: a number, an expression, a choice (one or more letters), a text, a pattern, or tests.

    A pattern is a Python regular expression that must occur in the answer. Numbers and expressions are compared as
    mathematics; texts regardless of case, white space and mark-up. Tests are for programs: see `programs`.
    """

    text: str
    kind: Check

    @classmethod
    def read(cls, text: str) -> RightAnswer:
        r"""The reference of the most likely kind for a bare text, never a pattern or tests.

        Of a worked solution the part after `####` (GSM8K) or in the last `\boxed{…}` (MATH) counts.
        """
        if "####" in text:
            text = text.rpartition("####")[2]
        elif r"\boxed" in text:
            text = final_answer(text) or ""
        text = text.strip()
        if _ONE_LETTER.fullmatch(text) or (_LETTERS.fullmatch(text) and choices(text)):
            return cls(text, "choice")
        if is_number(text):
            return cls(text, "number")
        return cls(text, "expression" if is_formula(text) else "text")


def check(reference: RightAnswer) -> None:
    """Raises RightAnswerError, with a sentence on what to correct, where no answer could ever match the reference.

    Raises CheckError where the process that reads patterns does not start.
    """
    text = reference.text.strip()
    if not text:
        raise RightAnswerError(
            Both(
                "The reference is empty: write the right answer, or remove the reference.",
                "参考答案为空：请填写正确答案，或删除参考答案。",
            )
        )
    if reference.kind == "pattern":
        occurs(reference.text, "")
    elif reference.kind == "tests":
        read_requirements(text)
    elif reference.kind == "choice" and not _letters(text):
        raise RightAnswerError(
            Both(
                "“{text}” is no choice: write letters from A to J, or choose another kind of check.",
                "“{text}”不是选项：请填写 A 到 J 的字母，或选择其他检查方式。",
            ).format(text=shown(text))
        )
    elif reference.kind in ("number", "expression") and not (is_number(text) or is_formula(text)):
        kind = Both("number", "数") if reference.kind == "number" else Both("expression", "表达式")
        raise RightAnswerError(
            Both(
                "“{text}” is no {kind}: correct it, or choose another kind of check.",
                "“{text}”不是{kind}：请更正，或选择其他检查方式。",
            ).format(text=shown(text), kind=kind)
        )


def accuracy(answer: str, reference: RightAnswer | str) -> Reward:
    """1.0 where the final answer agrees with the reference, 0.0 where it differs or there is none.

    `answer` is the reply without its thought. None is undecided: the final answer cannot be read, is too large to
    compute, was taken back without a plain correction, or is hedged where a number is right; the reference is empty or
    no choice, or its pattern is broken or takes too long; or the reference is tests, since this function runs no
    program (`programs.passes` does). Raises CheckError where the process that searches for a pattern does not start.
    """
    if isinstance(reference, str):
        reference = RightAnswer.read(reference)
    if not reference.text.strip():
        return Reward(None, "There is no reference to compare with.", "没有可比较的参考答案。")
    if reference.kind == "tests":
        if program(answer) is None:
            return Reward(
                None,
                "There is nothing to test: the reply holds no Python program.",
                "无可测试：回复中没有 Python 程序。",
            )
        return Reward(None, "The tests were not run.", "测试尚未运行。")
    if reference.kind == "pattern":
        return _pattern(answer, reference.text)
    if is_taken_back(answer):
        return Reward(
            None,
            "Undecided: the reply takes its answer back and does not plainly state another.",
            "无法判定：回复收回了自己的答案，又没有明确给出另一个。",
        )
    if reference.kind == "choice":
        return _choice(answer, reference.text)
    final = final_answer(answer)
    if (same := says_same(answer, reference.text)) is not None:
        return _verdict(same.right, final or answer, reference.text)
    if reference.kind == "text":
        right = any(same_text(text, reference.text) for text in (final, answer) if text)
        right = right or bool(final and compare(final, reference.text))
        return _verdict(right or says(answer, reference.text), final or answer, reference.text)
    if is_unclear(answer):
        return Reward(
            None,
            "Undecided: the reply names numbers, but states none of them plainly as its result.",
            "无法判定：回复提到了数字，但没有明确把其中一个作为结果。",
        )
    if final is None:
        return Reward(0.0, "No final answer was found in the reply.", "回复中没有找到最终答案。")
    if is_hedged(answer) and is_number(reference.text):
        return Reward(
            None,
            f"Undecided: the reply does not state {shown(final)} as the exact value.",
            f"无法判定：回复没有把 {shown(final)} 作为确切的值给出。",
        )
    verdict = compare(final, reference.text)
    if not verdict and (factorial := as_factorial(answer)) and compare(factorial, reference.text):
        verdict, final = True, factorial
    if not verdict and len(boxes := all_boxes(answer)) > 1 and len(boxes) == _items(reference.text):
        verdict = compare(together := ", ".join(boxes), reference.text) or verdict  # an answer in several parts
        final = together if verdict else final
    if not verdict and (values := last_values(answer, _items(reference.text))) and compare(values, reference.text):
        verdict, final = True, values
    if verdict is False and is_number(reference.text) and mentions(answer, reference.text):
        verdict = None
    if verdict is False and reference.kind == "expression":
        verdict = expresses(answer, reference.text)
    return _verdict(verdict, final, reference.text)


def _items(reference: str) -> int:
    """How many items a list in a reference has, as far as its commas and "and" tell."""
    return len(re.split(r"[,，、;；]|\band\b|\bor\b|[和或]", reference))


def _verdict(right: bool | None, answer: str, reference: str) -> Reward:
    answer, reference = shown(answer), shown(reference)
    if right:
        return Reward(
            1.0,
            f"The answer {answer} agrees with the reference {reference}.",
            f"答案 {answer} 与参考答案 {reference} 一致。",
        )
    if right is None:
        return Reward(
            None,
            f"Undecided: the answer {answer} could not be compared with the reference {reference}.",
            f"无法判定：答案 {answer} 无法与参考答案 {reference} 比较。",
        )
    return Reward(
        0.0,
        f"The answer {answer} differs from the reference {reference}.",
        f"答案 {answer} 与参考答案 {reference} 不一致。",
    )


def _letters(text: str) -> str:
    """The letters of a choice, in order; empty where the text is none."""
    return "".join(sorted(choices(text))) or choice(text) or ""


def _choice(answer: str, reference: str) -> Reward:
    right = _letters(reference)
    if not right:
        return Reward(
            None, f"The reference {shown(reference)} is no choice.", f"参考答案 {shown(reference)} 不是选项。"
        )
    letters = chosen(answer)
    if letters is None or (len(right) == 1 < len(letters) and right in letters):
        return Reward(
            None,
            "Undecided: the reply names choices, but does not plainly choose one.",
            "无法判定：回复提到了选项，但没有明确选择其中之一。",
        )
    if not letters:
        return Reward(0.0, f"The answer chooses nothing; {right} is right.", f"没有作出选择，正确选项是 {right}。")
    if letters == right:
        return Reward(1.0, f"The answer chooses {right}, which is right.", f"选择了 {right}，正确。")
    return Reward(0.0, f"The answer chooses {letters}; {right} is right.", f"选择了 {letters}，正确选项是 {right}。")


def _pattern(answer: str, pattern: str) -> Reward:
    try:
        matches = occurs(pattern, answer)
    except RightAnswerError as error:
        return Reward(None, error.sentence("en"), error.sentence("zh"))
    if matches is None:
        pattern = shown(pattern)
        return Reward(
            None, f"Undecided: the pattern {pattern} takes too long.", f"无法判定：正则表达式 {pattern} 耗时过长。"
        )
    if matches:
        return Reward(
            1.0, f"The answer matches the pattern {shown(pattern)}.", f"回答匹配正则表达式 {shown(pattern)}。"
        )
    return Reward(
        0.0, f"The answer does not match the pattern {shown(pattern)}.", f"回答不匹配正则表达式 {shown(pattern)}。"
    )

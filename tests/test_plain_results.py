"""A number or choice counts where a reply states it: not where it denies, doubts, asks or checks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from r1chat.answers import final_answer, letters
from r1chat.answers.checks import divided, without_check
from r1chat.answers.denials import is_doubt, is_elsewhere, refuses, without_denied, without_labels
from r1chat.answers.exclamations import calm
from r1chat.answers.parts import before_parts
from r1chat.rewards import RightAnswer, accuracy
from r1chat.votes import group

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "answers_everyday.jsonl").read_text(encoding="utf-8").splitlines()
]
STATED = [(row["reply"], row["reference"]) for row in CASES if row["right"] is True and row["kind"] != "not yet"]
OTHER = [(row["reply"], row["reference"]) for row in CASES if row["right"] is False]
NOT_STATED = [(row["reply"], row["reference"]) for row in CASES if row["right"] is None]

FACTORIALS = [
    "$5!$",
    r"\(5!\)",
    r"\[5!\]",
    r"\boxed{5!}",
    "The number of ways is 5!.",
    "So there are 5! = 120 ways.",
    "5! = 120",
]
HOSTILE = [
    "5! ",
    "5!!!!",
    "5!  \n",
    "(A) ",
    "A, ",
    "A and ",
    "A is wrong. ",
    "so A ",
    "not 5 ",
    "not a b c ",
    "I do not think ",
    "check: ",
    "5 check ",
    "验算：5 ",
    "5 which matches ",
    "of which 3 ",
    "其中3",
    "including 5 ",
    "step 5 ",
    "第5步",
    "cannot ",
    "5 is not ",
    "and 5=",
    "5? ",
    "minus 5 ",
    "5 million ",
    "x = 5 and ",
    "5:5:",
    "D. ",
]


def value(reply: str, reference: str) -> float | None:
    return accuracy(reply, RightAnswer.read(reference)).value


@pytest.mark.parametrize(("reply", "result"), STATED)
def test_result_that_a_reply_states_is_right(reply: str, result: str) -> None:
    assert value(reply, result) == 1.0


@pytest.mark.parametrize(("reply", "other"), OTHER)
def test_other_number_or_choice_in_a_reply_is_wrong(reply: str, other: str) -> None:
    assert value(reply, other) == 0.0


@pytest.mark.parametrize(("reply", "number"), NOT_STATED)
def test_number_or_choice_that_a_reply_does_not_state_is_undecided(reply: str, number: str) -> None:
    assert value(reply, number) is None


@pytest.mark.parametrize("reply", FACTORIALS)
def test_factorial_in_a_formula_or_within_a_sentence_is_no_exclamation(reply: str) -> None:
    assert (value(reply, "120"), value(reply, "5")) == (1.0, 0.0)


def test_exclamation_at_the_end_of_a_sentence_is_read_both_ways() -> None:
    for reply in ("The answer is 5!", "5!", "**5!**"):
        assert [value(reply, reference) for reference in ("5", "120", "5!", "6")] == [1.0, 1.0, 1.0, 0.0]


def test_cheerful_answer_votes_with_the_calm_one_and_a_denied_one_votes_for_none() -> None:
    groups = group(["The answer is 70!", "It is 70.", "The answer is not 70.", "(A) No. (B) Yes.", "The answer is B."])
    assert [(voted.answer, voted.members) for voted in groups] == [("70", (0, 1)), ("B", (3, 4))]


def test_refusal_without_a_number_has_no_answer() -> None:
    assert value("I cannot determine this.", "5") == 0.0
    assert final_answer("I don't know; there are 5 options.") is None


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_denials_and_checks_are_read_in_linear_time(text: str) -> None:
    many = "x 5 " + text * (200_000 // len(text))
    for reply in (many, f"{many} 5", f"{many} or B", f"The answer is {many}"):
        for reference in ("5", "B"):
            assert value(reply, reference) in (0.0, 1.0, None)
    for read in (calm, divided, without_check, before_parts, without_denied, without_labels):
        assert read(many) is not None
    for look in (refuses, is_doubt, is_elsewhere, letters.read):
        assert look(many) is not None

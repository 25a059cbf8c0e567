"""Chains of thought that a small model is taught: every line is true, and the last ones give the right answer."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from itertools import pairwise

import pytest

from r1chat.evaluation import generated
from r1chat.training import columns
from r1chat.training.chains import MAKERS, RIGHT, WRONG, chain

_EQUATION = re.compile(r"(?<![\w.:])-?\d+(?:[-+*/=]-?\d+)+(?![\w.:])")
_MISTAKE = re.compile(f"{WRONG}.*?{RIGHT}\n", re.DOTALL)


def value(expression: str) -> Fraction:
    """Of numbers with + - * and / between them, from left to right by precedence."""
    total = Fraction(0)
    for sign, product in re.findall(r"([-+]?)(\d+(?:[*/]-?\d+)*)", expression):
        part = Fraction(1)
        for operator, factor in re.findall(r"([*/]?)(-?\d+)", product):
            part = part / int(factor) if operator == "/" else part * int(factor)
        total += -part if sign == "-" else part
    return total


def is_true(equation: str) -> bool:
    """Whether "4*7=28+3=31" holds: it begins with the value that it ends with, or says so step by step."""
    terms = equation.split("=")
    if value(terms[0]) == value(terms[-1]) or len(terms) == 2:
        return value(terms[0]) == value(terms[-1])
    return all(value(one) == value(re.match(r"-?\d+", two)[0]) for one, two in pairwise(terms))  # type: ignore[index]


@pytest.mark.parametrize("task", generated.TASKS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_line_of_a_chain_is_true_and_it_ends_with_the_answer(task: str, language: str) -> None:
    rng = random.Random(task)
    equations = 0
    for made in generated.problems(task, "train", 150, language):
        thought = _MISTAKE.sub("", chain(task, made.values, made.example, made.language, rng))
        end = f"So it is {made.example}." if language == "en" else f"所以是{made.example}。"
        assert end in thought.split("\n")[-2:]
        for line in thought.split("\n")[1:]:
            for equation in _EQUATION.findall(line.split("→")[0]):
                assert is_true(equation), (line, thought)
                equations += 1
    assert equations or task in ("decimals", "sorting", "letters")


def test_a_mistake_in_a_chain_is_marked_and_false() -> None:
    rng = random.Random(1)
    mistakes = 0
    for made in generated.problems("sums", "train", 300, "en"):
        thought = chain("sums", made.values, made.answer, made.language, rng)
        for line in re.findall(f"{WRONG}(.*?){RIGHT}", thought):
            assert not is_true(line.split("→")[0])
            assert "Wait, that is wrong" in thought
            mistakes += 1
    assert 10 < mistakes < 80


@pytest.mark.parametrize("seed", range(3))
def test_written_arithmetic_ends_with_its_result(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        a, b = rng.randrange(10 ** rng.randint(1, 5)), rng.randrange(10 ** rng.randint(1, 5))
        lines, total = columns.add(a, b)
        assert total == a + b and lines[-1].endswith(f"→{total}")
        lines, difference = columns.subtract(max(a, b), min(a, b))
        assert difference == abs(a - b) and int(lines[-1].split("→")[1]) == difference
        lines, product = columns.multiply(a, b % 100)
        assert product == a * (b % 100) and re.search(rf"(→|=){product}$", lines[-1])
        lines, quotient, rest = columns.divide(a, b % 12 + 1)
        assert (quotient, rest) == divmod(a, b % 12 + 1) and lines[-1].endswith(f"={rest}→{quotient}")
        for sign, right in (("+", a - b), ("-", a + b)):
            assert columns.work(a, sign, -b)[1] == right


@pytest.mark.parametrize("task", generated.TASKS)
def test_a_chain_is_short(task: str) -> None:
    rng = random.Random(2)
    chains = [chain(task, m.values, m.example, m.language, rng) for m in generated.problems(task, "train", 200)]
    assert max(map(len, chains)) < 450 and set(MAKERS) == {*generated.TASKS, "follow"}

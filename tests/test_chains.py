"""Chains of thought that a small model is taught: every line is true, and the last ones give the right answer."""

from __future__ import annotations

import json
import random
import re
import string
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from r1chat.evaluation import generated
from r1chat.training import columns, everyday, phrases, wordings
from r1chat.training.chains import GIVEN_UP, MAKERS, NONE_FOUND, RIGHT, WRONG, chain, reply

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
    return all(value(term) == value(re.match(r"-?\d+", following)[0]) for term, following in pairwise(terms))  # type: ignore[index]


@pytest.mark.parametrize("task", generated.TASKS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_line_of_a_chain_is_true_and_it_ends_with_the_answer(task: str, language: str) -> None:
    rng = random.Random(task)
    equations = 0
    for problem in generated.problems(task, "train", 60, language):
        thought = _MISTAKE.sub("", chain(task, problem.values, problem.example, problem.language, rng))
        end = f"So it is {problem.example}." if language == "en" else f"所以是{problem.example}。"
        assert end in thought.split("\n")[-2:] or gives_up(problem, thought)
        for line in thought.split("\n")[1:]:
            for equation in _EQUATION.findall(line.split("→")[0]):
                assert is_true(equation), (line, thought)
                equations += 1
    assert equations or task in ("decimals", "sorting", "letters")


def gives_up(problem: generated.GeneratedProblem, thought: str) -> bool:
    """Whether a chain ends without a result, as it may where none of its tries leads on."""
    return problem.core.startswith("countdown") and thought.endswith(GIVEN_UP.pick(problem.language))


@pytest.mark.slow
def test_a_countdown_with_four_numbers_gives_up_exactly_where_its_tries_lead_nowhere_and_says_so() -> None:
    rng = random.Random(4)
    ends = []
    for problem in generated.problems("countdown-4", "train", 200):
        thought = chain("countdown-4", problem.values, problem.example, problem.language, rng)
        numbers, target, tries = problem.values
        leads = problem.example in {leading(numbers, target, *attempt) for attempt in tries}
        assert leads != gives_up(problem, thought)
        answer = reply(thought, problem.example, problem.language)
        assert ("boxed" in answer) == leads and (answer == NONE_FOUND.pick(problem.language)) != leads
        ends.append(leads)
    assert 70 < sum(ends) < 140


def leading(numbers: tuple[int, ...], target: int, sign: str, last: int) -> str:
    """What a search that begins with the last number finds: every pair of the others, with each sign, and the third."""
    others, need, undo = generated.left_after(numbers, target, sign, last)
    for a, b, c in generated.pairs(others):
        for _, value, back in generated.needed(need, c):
            for first, pair_value in generated.made(a, b).items():
                if pair_value == value:
                    return generated.combined(generated.combined(f"{a}{first}{b}", back, c), undo, last)
    return ""


def test_a_mistake_in_a_chain_is_marked_and_false() -> None:
    rng = random.Random(1)
    mistakes = 0
    for problem in generated.problems("sums", "train", 300, "en"):
        thought = chain("sums", problem.values, problem.answer, problem.language, rng)
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
    assert max(map(len, chains)) < (600 if task == "countdown-4" else 450)
    assert set(MAKERS) == {*generated.TASKS, "follow"}


@pytest.mark.parametrize("task", generated.TASKS)
def test_a_brief_chain_says_what_is_asked_and_the_result_and_promises_no_steps(task: str) -> None:
    rng = random.Random(6)
    for problem in generated.problems(task, "train", 40):
        task_line, result = chain(task, problem.values, problem.example, problem.language, rng, brief=True).split("\n")
        assert result == (f"So it is {problem.example}." if problem.language == "en" else f"所以是{problem.example}。")
        assert not re.search(f"step by step|一步一步|{WRONG}", task_line)
        assert reply(f"{task_line}\n{result}", problem.example, problem.language).count("boxed") == 1


def test_products_of_3_by_2_digits_have_no_fewer_and_are_in_the_split_of_any_product() -> None:
    for problem in generated.problems("products-3x2", "test", 60):
        _, a, b = problem.values
        assert (len(str(a)), len(str(b)), problem.answer) == (3, 2, str(a * b))
        assert generated.split_of(f"{a}*{b}") == "test"


# --- words -----------------------------------------------------------------------------------------------------------

APART = Path(__file__).parent / "data" / "nano"  # what training must not see


def plain(text: str) -> str:
    """Letters, digits and signs alone."""
    return re.sub(r"[\s？?。.!！,，、:：;'’\"“”]", "", text).lower()


def test_what_is_measured_is_in_no_list_of_training() -> None:
    files = [file.read_text(encoding="utf-8") for file in APART.glob("*.jsonl")]
    apart = {plain(json.loads(line)["question"]) for text in files for line in text.splitlines()}
    assert len(apart) > 500
    lists = (phrases.GREETINGS, phrases.THANKS, phrases.BYES, phrases.WHO)
    lines = [line for both in lists for text in (both.en, both.zh) for line in text.split("\n")]
    lines += [*phrases.TEMPLATES_EN.split("\n"), *phrases.TEMPLATES_ZH.split("\n")]
    assert not [line for line in lines if plain(line) in apart]
    rng = random.Random(1)
    questions = [everyday.draw(rng, language).question for language in ("en", "zh") for _ in range(3000)]
    for language in ("en", "zh"):
        for name in generated.TASKS:
            problems = [generated.TASKS[name](rng, language) for _ in range(100)]
            questions += [wordings.reworded(name, problem, rng, language) for problem in problems]
    assert not [question for question in questions if plain(question) in apart]


@pytest.mark.parametrize("name", generated.TASKS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_question_in_other_words_keeps_its_numbers(name: str, language: str) -> None:
    rng = random.Random(name)
    for problem in generated.problems(name, "train", 100, language):
        draw = generated.Drawn(
            problem.core, problem.question, problem.answer, problem.kind, problem.values, problem.example
        )
        question = wordings.reworded(name, draw, rng, problem.language)
        assert not re.search("[{}]", question.replace(r"\boxed{}", ""))
        for number in re.findall(r"\d+", problem.question):
            if name not in ("clock", "stories"):  # 9:05 and 09:05; 2 and 4 legs, 200 dollars
                assert number in question, (problem.question, question)


def test_wordings_of_one_list_have_the_same_fields() -> None:
    lists = {
        name: value for name, value in vars(wordings).items() if isinstance(value, wordings.Both) and name.isupper()
    }
    lists |= {f"sums {sign}": both for sign, both in wordings.SUMS.items()}
    assert len(lists) > 14
    for name, both in lists.items():
        for text in (both.en, both.zh):
            fields = [{part[1] for part in string.Formatter().parse(line) if part[1]} for line in text.split("\n")]
            fields = [{"way"} | own - {"ends"} if "ends" in own else own for own in fields]
            assert all(own == fields[0] for own in fields), (name, [own for own in fields if own != fields[0]])
    for signs, both in wordings.STORIES.items():
        operands = {"a", "b", "c"} if len(signs) == 2 else {"a", "b"}
        for line in f"{both.en}\n{both.zh}".split("\n"):
            assert operands <= {part[1] for part in string.Formatter().parse(line)}, line

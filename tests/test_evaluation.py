"""Measuring a model: tasks, a run that survives a kill, figures with intervals, and the command."""

import csv
import itertools
import json
import math
import os
import random
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import forked
import pytest
from forked import DEVNULL, Forked

from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.cli.main import main
from r1chat.errors import BackendError, EvaluationError, GenerationError
from r1chat.evaluation import Problem, Run, RunSettings, Task, curve, generated, load_task, measure
from r1chat.evaluation.curve import Axes
from r1chat.evaluation.listing import FOLDER, PACE, Evaluations, seconds_left
from r1chat.evaluation.measures import Sample, Solved, bootstrap, compare_runs, pass_at
from r1chat.evaluation.picture import curve as draw_curve
from r1chat.evaluation.picture import picture
from r1chat.evaluation.record import DONE, SPECIFICATION, read_solved
from r1chat.evaluation.report import distill, lines, paired_lines, paper_row
from r1chat.evaluation.running import is_running
from r1chat.messages import ModelInfo, Request
from r1chat.recorder import SAVED_WITHIN
from r1chat.rewards import RightAnswer, accuracy
from r1chat.rewards.programs import Requirements, read_requirements
from r1chat.rewards.rules import rules
from r1chat.store import Store

SHARED = Path(__file__).parents[1].parent / "shared"
MODEL = "scripted:scripted"


# --- made-up tasks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", generated.TASKS)
def test_splits_of_a_made_up_task_share_no_problem(name: str) -> None:
    cores = [{problem.core for problem in generated.problems(name, split, 30)} for split in generated.SPLITS]
    assert all(cores)
    assert not cores[0] & cores[1] | cores[0] & cores[2] | cores[1] & cores[2]


@pytest.mark.parametrize("name", generated.TASKS)
def test_the_right_answer_passes_its_own_check_and_another_one_does_not(name: str) -> None:
    problems = list(generated.problems(name, "train", 30))
    answers = sorted({problem.example for problem in problems})
    for problem in problems:
        reference = RightAnswer(problem.answer, problem.kind)
        assert accuracy(f"The answer is \\boxed{{{problem.example}}}.", reference).value == 1.0
        wrong = next(answer for answer in answers if answer != problem.example)
        assert accuracy(f"The answer is \\boxed{{{wrong}}}.", reference).value == 0.0


def arithmetic(question: str) -> str | None:
    """What Python makes of the expression in a question, where it is one."""
    match = re.search(r"[-\d(][-\d+×*x() ]*[-+×*x][-\d+×*x() ]*[\d)]", question)
    return str(eval(re.sub("[×x]", "*", match[0]))) if match else None


@pytest.mark.parametrize("name", ["sums", "products", "expressions"])
def test_sums_are_right(name: str) -> None:
    problems = list(generated.problems(name, "dev", 60))
    pairs = [(arithmetic(problem.question), problem.answer) for problem in problems]
    symbolic = [(value, answer) for value, answer in pairs if value is not None]  # the others say "plus" in words
    assert len(symbolic) > 40
    assert all(value == answer for value, answer in symbolic)


def test_every_right_expression_of_a_countdown_counts_and_no_other() -> None:
    """All expressions of three numbers, judged by their value and by the pattern."""
    for problem in generated.problems("countdown", "train", 12):
        numbers, target = problem.values
        for a, b, c in itertools.permutations(numbers):
            for first, second in itertools.product("+-*", repeat=2):
                for form in (
                    f"({a}{first}{b}){second}{c}",
                    f"{a}{first}({b}{second}{c})",
                    f"{a} {first} {b}{second}{c}",
                ):
                    match = re.search(problem.answer, f"It is \\boxed{{{form}}}.")
                    assert bool(match) == (eval(form) == target), (form, target)
        assert re.search(problem.answer, f"\\boxed{{{problem.example.replace('*', '×')} = {target}}}")
        assert not re.search(problem.answer, f"\\boxed{{{target}}}")
        assert not re.search(problem.answer, f"\\boxed{{{problem.example}+0}}")


@pytest.mark.slow
def test_every_right_expression_of_four_numbers_counts_and_no_other() -> None:
    """All ways to put parentheses, needed or not, judged by their value and by the pattern."""
    forms = (
        "{}{}{}{}{}{}{}",
        "({}{}{}){}{}{}{}",
        "{}{}({}{}{}){}{}",
        "{}{}{}{}({}{}{})",
        "({}{}{}{}{}){}{}",
        "{}{}({}{}{}{}{})",
        "({}{}{}){}({}{}{})",
        "(({}{}{}){}{}){}{}",
        "({}{}({}{}{})){}{}",
        "{}{}(({}{}{}){}{})",
        "{}{}({}{}({}{}{}))",
    )
    right = 0
    for problem in generated.problems("countdown-4", "train", 3):
        numbers, target, _ = problem.values
        pattern = re.compile(problem.answer)
        for (a, b, c, d), (x, y, z) in itertools.product(
            itertools.permutations(numbers), itertools.product("+-*", repeat=3)
        ):
            for form in forms:
                text = form.format(a, x, b, y, c, z, d)
                assert bool(pattern.search(f"\\boxed{{{text}}}")) == (eval(text) == target), (text, target)
                right += eval(text) == target
        assert pattern.search(f"\\boxed{{ {problem.example.replace('*', ' × ')} = {target} }}")
        assert not pattern.search(f"\\boxed{{{target}}}") and not pattern.search(f"\\boxed{{{problem.example}+0}}")
    assert right > 30


@pytest.mark.slow
def test_a_countdown_with_four_numbers_is_asked_in_many_words_and_each_target_can_be_made() -> None:
    problems = list(generated.problems("countdown-4", "test", 100))
    for problem in problems:
        numbers, target, tries = problem.values
        assert (
            sorted(map(int, re.findall(r"\d+", problem.example))) == sorted(numbers) and eval(problem.example) == target
        )
        assert 1 <= len(set(tries)) == len(tries) <= 2 and set(tries) <= set(generated.beginnings(numbers, target))
    for language in ("en", "zh"):
        phrasings = {
            re.sub(r"\d+", "", problem.question.split(" Put ")[0])
            for problem in problems
            if problem.language == language
        }
        assert len(phrasings) >= 9


def test_the_same_task_is_the_same_every_time_and_in_both_languages() -> None:
    first, again = (load_task("stories", "test", 20) for _ in range(2))
    assert first == again
    assert first.digest != load_task("stories", "dev", 20).digest
    questions = [problem.question for problem in first.problems]
    assert sum(bool(re.search("[\u4e00-\u9fff]", question)) for question in questions) == 10


def test_a_task_with_few_problems_gives_what_it_has() -> None:
    assert 20 < len(load_task("percentages", "test", 300).problems) < 200


# --- files of problems -----------------------------------------------------------------------------------------------

ROWS = {
    "gsm8k.jsonl": ('{"question": "2 and 3?", "answer": "2+3=5\\n#### 5"}\n', "2 and 3?", "5", "number"),
    "math500.jsonl": (
        '{"problem": "Half of 1?", "answer": "(x-1)(x+1)"}',
        "Half of 1?",
        "(x-1)(x+1)",
        "expression",
    ),
    "cmath.jsonl": ('{"grade": 1, "input": "二加三？", "golden": "5"}', "二加三？", "5", "number"),
    "aime.json": ('[{"ID": "2024-I-1", "Problem": "P?", "Answer": 204}]', "P?", "204", "number"),
    "mmlu.jsonl": ('{"question": "Which?", "choices": ["no", "yes"], "answer": 1}', "(B) yes", "B", "choice"),
    "own.jsonl": ('{"question": "Say hi", "answer": "hi|hello", "kind": "pattern"}', "Say hi", "hi|hello", "pattern"),
    "gpqa.csv": (
        "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3\nQ?,right,w1,w2,w3\n",
        ") right",
        "",
        "choice",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_published_forms_are_known_by_their_fields(tmp_path: Path, name: str) -> None:
    text, question, answer, kind = ROWS[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    task = load_task(str(tmp_path / name))
    assert question in task.problems[0].question
    assert task.problems[0].kind == kind
    if name == "gpqa.csv":
        assert f"({task.problems[0].answer}) right" in task.problems[0].question
    else:
        assert task.problems[0].answer == answer


OPTIONS: dict[str, tuple[Any, Any]] = {  # by the way in which they are written: choices, and the answer
    "a list": (["Lyon", "Paris", "Nice"], 1),
    "numbers": ([7, 8.5, "none"], "b"),
    "labels": ({"text": ["Lyon", "Paris"], "label": ["A", "B"]}, "B"),
    "labels that are numbers": ({"label": ["1", "2", "3"], "text": ["Lyon", "Paris", "Nice"]}, "2"),
    "numbers as labels": ({"text": ["Lyon", "Paris"], "label": [1, 2]}, 2),
}


@pytest.mark.parametrize("way", OPTIONS)
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_choices_are_a_list_or_texts_with_labels_and_in_a_csv_file_the_same_as_json(
    tmp_path: Path, way: str, suffix: str
) -> None:
    choices, answer = OPTIONS[way]
    file = tmp_path / f"capitals.{suffix}"
    if suffix == "csv":
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows([("question", "choices", "answer"), ("Which?", json.dumps(choices), answer)])
    else:
        file.write_text(json.dumps({"question": "Which?", "choices": choices, "answer": answer}))
    texts = choices["text"] if isinstance(choices, dict) else choices
    problem = load_task(str(file)).problems[0]
    lines = "\n".join(f"({letter}) {text}" for letter, text in zip("ABC", texts, strict=False))
    assert problem.question.startswith(f"Which?\n\n{lines}\n\n") and problem.answer == "B"


@pytest.mark.parametrize(
    ("choices", "answer", "says"),
    [
        ("['Lyon' 'Paris' 'Nice']", "B", "no list of texts"),
        ("['Lyon', 'Paris']", "B", "no list of texts"),
        ("Lyon;Paris", "B", "no list of texts"),
        ("A) Lyon B) Paris", "B", "no list of texts"),
        ('"Lyon"', "A", "no list of texts"),
        ({"A": "Lyon", "B": "Paris"}, "B", "no list of texts"),
        ([["Lyon"], ["Paris"]], "B", "no list of texts"),
        ([True, False], "B", "no list of texts"),
        (None, "B", "no list of texts"),
        (["Lyon"], "A", "has 1 options; write at least 2, at most 10"),
        ([], "A", "has 0 options"),
        ([str(number) for number in range(11)], "B", "has 11 options"),
        ({"text": ["Lyon", "Paris"], "label": ["A"]}, "A", "not one for each text"),
        ({"text": ["Lyon", "Paris"], "label": ["A", "a"]}, "A", "not one for each text"),
        ({"text": ["Lyon", "Paris"], "label": ["1", "2"]}, "0", "none of the 2 choices"),
        (["Lyon", "Paris"], "²", "none of the 2 choices"),
        (["Lyon", "Paris"], "7", "none of the 2 choices"),
        (["Lyon", "Paris"], "AB", "none of the 2 choices"),
    ],
)
def test_choices_of_another_kind_are_refused_with_what_to_write(
    tmp_path: Path, choices: object, answer: object, says: str
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"question": "Which?", "choices": choices, "answer": answer}))
    with pytest.raises(EvaluationError, match=re.escape(says)) as error:
        load_task(str(tmp_path / "a.jsonl"))
    assert error.value.sentence("zh") != str(error.value)


def test_tests_in_a_csv_file_are_asserts_or_a_list_of_them_as_json(tmp_path: Path) -> None:
    def task_of(tests: str) -> Task:
        with (tmp_path / "a.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows([("question", "tests"), ("Write f.", tests)])
        return load_task(str(tmp_path / "a.csv"))

    requirements = task_of('["assert f(1) == 2", "assert f(2) == 3"]').problems[0].tests
    assert requirements is not None and requirements.asserts.strip() == "assert f(1) == 2\nassert f(2) == 3"
    for tests in ("['assert f(1) == 2']", "['assert f(1) == 2' 'assert f(2) == 3']", "{}", '[["assert f(1) == 2"]]'):
        with pytest.raises(EvaluationError, match="no tests; write asserts"):
            task_of(tests)  # each is Python, and every program would pass it


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, suffix: str) -> None:
    texts = {"csv": "Question,Answer,question \n1+1?,2,3+3?\n", "jsonl": '{"Question": "1+1?", "question": "3+3?"}'}
    (tmp_path / f"a.{suffix}").write_text(texts[suffix])
    with pytest.raises(EvaluationError, match="more than one column named question"):
        load_task(str(tmp_path / f"a.{suffix}"))


def test_columns_without_a_name_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer,,\n1+1?,2,,\n")
    assert load_task(str(tmp_path / "a.csv")).problems[0].answer == "2"


@pytest.mark.parametrize(
    "file_name", ["../private.json", "{folder}/private.json", "sub/../../private.json", "link.json", ".."]
)
def test_a_toml_file_of_others_names_no_file_but_one_beside_it(tmp_path: Path, file_name: str) -> None:
    """What it names is sent to the model that is measured, which may be a server elsewhere."""
    (tmp_path / "private.json").write_text(json.dumps([{"question": "sk-secret", "answer": "1"}]))
    folder = tmp_path / "theirs"
    (folder / "sub").mkdir(parents=True)
    (folder / "link.json").symlink_to(tmp_path / "private.json")
    (folder / "t.toml").write_text(f"file = {json.dumps(file_name.format(folder=tmp_path))}")
    with pytest.raises(EvaluationError, match="without a path and no link") as refused:
        load_task(str(folder / "t.toml"))
    assert "不含路径" in refused.value.sentence("zh")


def test_a_toml_file_names_a_task_and_its_prompt(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"question": "1+1", "answer": "2"}')
    (tmp_path / "t.toml").write_text('name = "ours"\nfile = "p.jsonl"\nprompt = "Q: {question} {x} \\\\boxed{}"')
    task = load_task(str(tmp_path / "t.toml"))
    assert (task.name, task.problems[0].question) == ("ours", "Q: 1+1 {x} \\boxed{}")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "a.jsonl",
            '{"question": "1", "answer": "1"}\n{"question": ',
            "Line 2 of a.jsonl is no problem",
        ),
        ("a.jsonl", '{"prompt": "1"}', "its fields (prompt) are of no form"),
        ("a.jsonl", '{"question": " ", "answer": "1"}', "the question is empty"),
        ("a.jsonl", '{"question": "1", "answer": ""}', "The reference is empty"),
        ("a.jsonl", '{"question": "1", "answer": "1", "kind": "guess"}', "no kind of check"),
        ("a.jsonl", '{"question": "1", "answer": [1]}', "Line 1"),
        ("a.jsonl", '{"question": "1", "answer": "(", "kind": "pattern"}', "Line 1"),
        ("a.jsonl", '{"question": "1", "choices": ["a", "b"], "answer": 3}', "none of the 2 choices"),
        ("a.jsonl", "[" * 100_000, "nested too deeply"),
        ("a.jsonl", "", "holds no problem"),
        ("a.toml", "name = ", "is no task"),
        ("a.toml", 'name = "x"', "it needs one line"),
        ("a.toml", 'file = "missing.jsonl"', "cannot be read"),
    ],
)
def test_a_file_that_is_no_task_says_which_line_and_why(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(EvaluationError, match=re.escape(says)) as error:
        load_task(str(tmp_path / name))
    assert error.value.sentence("zh") != str(error.value)


def test_a_device_is_no_file_of_problems(tmp_path: Path) -> None:
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    with pytest.raises(EvaluationError, match="no regular file"):
        load_task(str(tmp_path / "zero.jsonl"))


def test_an_unknown_task_names_the_known_ones() -> None:
    with pytest.raises(EvaluationError, match="letters, clock, stories"):
        load_task("sum")


@pytest.mark.parametrize(("file", "count"), [("gsm8k_test.jsonl", 1_319), ("cmath_dev.jsonl", 600)])
def test_whole_benchmarks_are_read(file: str, count: int) -> None:
    path = SHARED / "data" / file
    if not path.exists():
        pytest.skip(f"{path} is not there")
    problems = load_task(str(path)).problems
    assert len(problems) == count
    assert all(accuracy(f"\\boxed{{{problem.answer}}}", problem.reference).value == 1.0 for problem in problems[:100])


# --- figures ---------------------------------------------------------------------------------------------------------


def solved(problem: str, *verdicts: bool | None, majority: bool | None = None) -> Solved:
    samples = tuple(Sample(f"{i}", verdict, "stop", 10, 5, 1.0) for i, verdict in enumerate(verdicts))
    return Solved(problem, "", samples, majority)


def test_pass_at_k_is_the_chance_that_one_of_k_samples_is_right() -> None:
    verdicts = (True, False, False, True, False)
    for k in range(1, 6):
        draws = list(itertools.combinations(verdicts, k))
        assert pass_at(k, solved("", *verdicts)) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_an_undecided_sample_counts_neither_way() -> None:
    assert pass_at(1, solved("", True, None, False)) == 0.5
    assert math.isnan(pass_at(1, solved("", None)))
    measures = measure([solved("a", True, None), solved("b", None, None)])
    assert (measures.pass_1.value, measures.undecided) == (1.0, 3)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for number in range(60):
        rng = random.Random(number)
        estimate = bootstrap([float(rng.random() < 0.3) for _ in range(60)])
        covered += estimate.low <= 0.3 <= estimate.high
    assert 0.85 <= covered / 60 <= 1.0


def test_a_run_without_samples_has_no_figures() -> None:
    assert math.isnan(measure([]).pass_1.value)


def test_two_runs_are_compared_problem_by_problem() -> None:
    old = [solved(str(i), i % 4 == 0) for i in range(80)]
    new = [solved(str(i), i % 2 == 0) for i in range(80)]
    paired = compare_runs(old, new)
    assert paired.difference.value == pytest.approx(0.25)
    assert paired.difference.low > 0
    assert (paired.only_first, paired.only_second) == (0, 20)
    assert paired.p == pytest.approx(2 / 2**20)
    assert compare_runs(old, old).p == 1.0


def test_two_runs_of_a_large_data_set_are_compared() -> None:
    old = [solved(str(number), number % 5 == 0) for number in range(14_000)]
    new = [solved(str(number), number % 5 != 0) for number in range(14_000)]
    paired = compare_runs(old, new)
    assert (paired.only_first, paired.only_second, paired.p) == (2_800, 11_200, pytest.approx(0, abs=1e-300))
    half = compare_runs(
        [solved(str(n), n % 2 == 0) for n in range(2_000)], [solved(str(n), n % 2 == 1) for n in range(2_000)]
    )
    assert half.p == pytest.approx(1.0)


def test_two_runs_with_several_samples_are_compared_by_their_majorities_too() -> None:
    old = [solved(str(i), True, False, False, majority=False) for i in range(40)]
    new = [solved(str(i), True, True, False, majority=i % 4 < 3) for i in range(40)]
    paired = compare_runs(old, new)
    assert (paired.k, paired.majority.value) == (3, pytest.approx(0.75)) and 0.5 < paired.majority.low < 0.75
    assert any(line.startswith("  cons@3, difference") and "75.0 %" in line for line in paired_lines(paired, "ab"))
    alone = compare_runs([solved("1", True)], [solved("1", False)])
    assert not any("cons@" in line for line in paired_lines(alone, "ab"))


@pytest.mark.parametrize(("count", "verdict"), [(1, "no difference shown"), (5, "no difference shown"), (6, "better")])
def test_few_problems_show_a_difference_only_where_an_exact_test_does(count: int, verdict: str) -> None:
    old = [solved(str(number), False) for number in range(count)]
    new = [solved(str(number), True) for number in range(count)]
    assert paired_lines(compare_runs(old, new), "ab")[0] == f"b against a, on {count} problems: {verdict}"


def test_two_runs_of_one_model_differ_as_rarely_as_an_interval_of_95_percent_says() -> None:
    rng = random.Random(0)
    for count in (1, 3, 5, 10, 15, 19, 25, 40):
        verdicts: Counter[bool] = Counter()
        for _ in range(200):
            old, new = (
                [solved(str(number), *(rng.random() < 0.7 for _ in range(2))) for number in range(count)] for _ in "ab"
            )
            verdicts["no difference" in paired_lines(compare_runs(old, new), "ab")[0]] += 1
        assert verdicts[False] <= 20, count  # 10 are expected at most


def test_no_right_answer_of_fifty_says_little_of_the_next() -> None:
    measures = measure([solved(str(number), False) for number in range(50)])
    assert (measures.pass_1.low, round(measures.pass_1.high, 3)) == (0.0, 0.071)
    assert measure([solved(str(number), True) for number in range(5)]).pass_1.low < 0.6


def test_the_papers_row_is_found_by_the_models_name_and_says_what_differs() -> None:
    assert distill("DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M") == "Qwen-1.5B"
    assert distill("ollama:deepseek-r1:8b") == "Llama-8B"
    assert distill("r1chat-nano") is None
    specification = {
        "title": "DeepSeek R1 Distill Llama 70B",
        "model": "llama.cpp:x",
        "paper": "aime_2024",
        "quantisation": "Q4_K_M",
        "task": "aime24",
        "source": "",
    }
    measures = measure([solved("1", True, False, majority=True)])
    row = paper_row(specification, measures)
    assert row is not None
    assert (row.pass_1, row.majority) == (70.0, 86.7)
    assert str(row.differs[0]) == "1 problems, not 30"
    assert any("Q4_K_M" in line for line in lines(specification, measures))
    assert "the paper: 70.0 %" in picture([(specification, measures)])


# --- runs ------------------------------------------------------------------------------------------------------------

TASK = Task("tiny", tuple(Problem(str(i), f"{i}+1=?", str(i + 1), "number") for i in range(6)), "by hand")


def right_half_of_the_time(request: Request) -> Script:
    number = int(request.messages[-1].content.split("+")[0])
    answer = number + 1 if (request.params.seed or 0) % 2 == 0 else number + 2
    return ["<think>", "\nWait, let me check that again.", "\n</think>\n\n", f"It is \\boxed{{{answer}}}."]


@contextmanager
def run(folder: Path, script: object = right_half_of_the_time, task: Task = TASK, **options: object) -> Iterator[Run]:
    catalogue = Catalogue({"scripted": ScriptedBackend(script)})  # type: ignore[arg-type]
    try:
        yield Run(folder, task, RunSettings(MODEL, **options), catalogue)  # type: ignore[arg-type]
    finally:
        catalogue.close()


def test_a_run_judges_every_sample_and_keeps_it_as_a_conversation(tmp_path: Path) -> None:
    with run(tmp_path / "run", k=4) as it:
        done = it.go_on()
    measures = measure(done)
    assert (measures.problems, measures.k, measures.pass_1.value, measures.pass_k.value) == (6, 4, 0.5, 1.0)
    assert measures.format.value == 1.0
    assert measures.moments["verification"].value == 1.0
    store = Store(f"sqlite:///{tmp_path / 'run' / 'r1chat.db'}")
    assert {info.title for info in store.conversations()} == {f"tiny {i}" for i in range(6)}
    assert len(store.replies(done[0].turn)) == 4
    reference = store.judgements.reference(done[0].turn)
    assert reference is not None and reference.text == "1"
    store.close()


def judged_by_others(folder: Path) -> None:
    """Turn every verdict of a run round, as if other rules had judged it."""
    specification = json.loads((folder / SPECIFICATION).read_text())
    (folder / SPECIFICATION).write_text(json.dumps({**specification, "rules": "others"}))
    lines = [json.loads(line) for line in (folder / DONE).read_text().splitlines()]
    for line in lines:
        line["majority"] = not line["majority"]
        for sample in line["samples"]:
            sample["correct"] = not sample["correct"]
    (folder / DONE).write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_a_run_that_other_rules_judged_is_judged_anew_before_it_is_compared_or_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluations = tmp_path / "evaluations"
    for name in ("old", "new"):
        with run(evaluations / name, k=2) as it:
            whole = it.go_on()
    before = read_solved(evaluations / "old")
    judged_by_others(evaluations / "old")
    assert read_solved(evaluations / "old") != before
    assert evaluate("compare", "old", "new", "--data-dir", str(tmp_path)) == 0
    assert "no difference shown" in capsys.readouterr().out
    assert read_solved(evaluations / "old") == before
    report = json.loads((evaluations / "old" / "report.json").read_text())
    assert report["run"]["rules"] == rules() and report["measures"]["pass_1"]["value"] == 0.5
    judged_by_others(evaluations / "new")
    assert evaluate("list", "--data-dir", str(tmp_path)) == 0
    assert [line.count("rules of another version") for line in capsys.readouterr().out.splitlines()] == [0, 1]
    with run(evaluations / "new", k=2) as it:
        assert it.go_on() == whole
    listed = Evaluations(tmp_path)
    (evaluations / "old" / "r1chat.db").unlink()
    judged_by_others(evaluations / "old")
    assert not listed.renew([listed.get("old")])
    assert listed.paired(listed.get("old"), listed.get("new")) is None
    assert evaluate("compare", "old", "new", "--data-dir", str(tmp_path)) == 1
    assert "its database with the samples is not there" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_goes_on_where_it_was_and_ends_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    with run(tmp_path / "whole", k=2) as it:
        whole = it.go_on()

    class EnoughError(Exception):
        pass

    def stop_at_three(problem: Problem, done: list[Solved]) -> None:
        if len(done) == 3:
            raise EnoughError

    with run(tmp_path / "cut", k=2) as it, pytest.raises(EnoughError):
        it.go_on(stop_at_three)
    with (tmp_path / "cut" / DONE).open("ab") as file:
        file.write(b'{"problem": "3", "samp')  # a kill in the midst of a line
    with run(tmp_path / "cut", k=2) as it:
        assert len(it.solved()) == 3
        cut = it.go_on()

    def verdicts(done: list[Solved]) -> list[tuple[str, list[bool | None]]]:
        return [(outcome.problem, [sample.correct for sample in outcome.samples]) for outcome in done]

    assert verdicts(cut) == verdicts(whole)


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2])
def test_a_reply_whose_end_is_saved_late_is_judged_as_it_is(tmp_path: Path, k: int) -> None:
    folder, locked = tmp_path / "run", threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(folder / "r1chat.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            locked.set()
            time.sleep(SAVED_WITHIN + 1)
            other.execute("ROLLBACK")

    def script(request: Request) -> Script:
        yield "<think>\nOne more.\n</think>\n\n"
        if request.messages[-1].content.startswith("2") and not locked.is_set():
            threading.Thread(target=hold, daemon=True).start()
            locked.wait(10)
        yield f"It is \\boxed{{{int(request.messages[-1].content[0]) + 1}}}."

    with run(folder, script, k=k) as it:
        done = it.go_on()
    assert [sample.finish for outcome in done for sample in outcome.samples] == ["stop"] * 6 * k
    assert all(sample.correct for outcome in done for sample in outcome.samples) and locked.is_set()


def test_another_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with run(tmp_path / "run") as it:
        it.go_on()
    with pytest.raises(EvaluationError, match="--name"), run(tmp_path / "run", k=2):
        pass
    with pytest.raises(EvaluationError, match="1 to 32"), run(tmp_path / "other", k=99):
        pass


@pytest.mark.parametrize("change", [{"digest": "b" * 64}, {"size": 20}])
def test_a_run_does_not_go_on_with_another_file_of_the_models_name(tmp_path: Path, change: dict[str, Any]) -> None:
    class File(ScriptedBackend):
        known: ClassVar[dict[str, Any]] = {}

        def models(self) -> list[ModelInfo]:
            return [replace(info, **self.known) for info in super().models()]

    def begun(**known: Any) -> Run:
        File.known = known
        with closing(Catalogue({"scripted": File(right_half_of_the_time)})) as catalogue:
            return Run(tmp_path / "run", TASK, RunSettings(MODEL), catalogue)

    begun(digest="", size=10)  # a large file is hashed later
    begun(digest="a" * 64, size=10)
    (tmp_path / "run" / "run.json").unlink()
    begun(digest="a" * 64, size=10)
    with pytest.raises(EvaluationError, match="another file than when"):
        begun(**{"digest": "a" * 64, "size": 10} | change)


def test_a_model_that_breaks_ends_the_run_with_its_sentence_and_keeps_what_is_done(tmp_path: Path) -> None:
    def breaks(request: Request) -> Script:
        if request.messages[-1].content.startswith("2"):
            raise GenerationError("the plug was pulled")
        return right_half_of_the_time(request)

    with run(tmp_path / "run", breaks) as it:
        with pytest.raises(BackendError, match="plug"):
            it.go_on()
        assert len(it.solved()) == 2
    with run(tmp_path / "run") as it:
        assert len(it.go_on()) == 6


def test_a_reply_that_was_cut_is_wrong_and_counts_as_truncated(tmp_path: Path) -> None:
    def endless(request: Request) -> Script:
        return ["<think>", "\nhm " * 50]

    with run(tmp_path / "run", endless, sampling=(("max_tokens", 3),)) as it:
        done = it.go_on()
    assert {sample.finish for outcome in done for sample in outcome.samples} <= {"length", "stop"}
    assert measure(done).pass_1.value == 0.0


def right_after_a_second_look(request: Request) -> Script:
    """Wrong at first; right once the thought goes on after "Wait". A budget of 0 is right for even numbers."""
    number = int(request.messages[-1].content.split("+")[0])
    thought = request.so_far.reasoning if request.so_far else None
    if thought:
        return [" I see.\n</think>\n\n", f"It is \\boxed{{{number + 1}}}."]
    if thought == "":
        return [f"It is \\boxed{{{number + 1 if number % 2 == 0 else 0}}}."]
    return ["<think>", "\nLet me see.", "\n</think>\n\n", "It is \\boxed{0}."]


@pytest.mark.slow
def test_a_curve_has_a_point_for_each_budget_wait_and_vote(tmp_path: Path) -> None:
    catalogue = Catalogue({"scripted": ScriptedBackend(right_after_a_second_look)})
    axes = Axes(budgets=(0,), waits=(1,), votes=(1, 3))
    try:
        points = curve.measured(tmp_path, TASK, RunSettings(MODEL), axes, catalogue)
        again = curve.measured(tmp_path, TASK, RunSettings(MODEL), axes, catalogue)
    finally:
        catalogue.close()
    shares = {(point.kind, point.amount): point.accuracy.value for point in points}
    assert shares == {("budget", 0): 0.5, ("wait", 1): 1.0, ("vote", 1): 0.0, ("vote", 3): 0.0}
    tokens = {(point.kind, point.amount): point.tokens for point in points}
    assert tokens["budget", 0] == 0
    assert tokens["wait", 1] > tokens["vote", 1]  # both thoughts count
    assert tokens["vote", 3] == 3 * tokens["vote", 1]
    assert again == points
    svg = draw_curve("tiny <1>", points)
    assert "tiny &lt;1&gt;" in svg
    assert all(f">{curve.label(point)}</text>" in svg for point in points)


# --- programs --------------------------------------------------------------------------------------------------------

CODE_ROWS = {
    "own.jsonl": '{"question": "Double it: f(x)", "tests": ["assert f(2) == 4", "assert f(0) == 0"]}',
    "human_eval.jsonl": json.dumps(
        {
            "task_id": "HumanEval/0",
            "prompt": 'from typing import List\n\ndef f(x: int) -> int:\n    """Double."""\n',
            "test": "def check(candidate):\n    assert candidate(2) == 4\n",
            "entry_point": "f",
        }
    ),
    "mbpp.jsonl": '{"task_id": 2, "text": "Double a number.", "test_list": ["assert f(2) == 4"]}',
    "inputs.jsonl": '{"question": "Double", "cases": [{"input": "2", "output": "4"}, {"input": "5", "output": "10"}]}',
    "lcb.jsonl": json.dumps(
        {
            "question_content": "Double it",
            "question_id": "a1",
            "public_test_cases": '[{"input": "2\\n", "output": "4\\n", "testtype": "stdin"}]',
        }
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CODE_ROWS)
def test_programs_are_judged_by_running_their_tests(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(CODE_ROWS[name])
    task = load_task(str(tmp_path / name))
    assert task.code and "```python" in task.problems[0].question
    reads = "print({} * int(input()))" if task.problems[0].tests and task.problems[0].tests.cases else ""

    def half_right(request: Request) -> Script:
        factor = 2 if (request.params.seed or 0) % 2 == 0 else 3
        code = reads.format(factor) if reads else f"def f(x):\n    return {factor} * x"
        return ["<think>", "\nHm.\n</think>\n\n", f"Here:\n\n```python\n{code}\n```\n"]

    with run(tmp_path / "run", half_right, task, k=2) as it:
        done = it.go_on()
    assert [sample.correct for sample in done[0].samples] == [True, False]
    store = Store(f"sqlite:///{tmp_path / 'run' / 'r1chat.db'}")
    reference = store.judgements.reference(done[0].turn)
    assert reference is not None and reference.kind == "tests"
    assert read_requirements(reference.text) == task.problems[0].tests
    verified = store.judgements.judged(store.turn(done[0].turn).conversation_id).verifications
    assert [verified[sample.reply].accuracy for sample in done[0].samples] == [1.0, 0.0]
    store.close()
    assert measure(done).pass_1.value == 0.5
    assert math.isnan(measure(done).majority.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"question": "f", "tests": "assert f("}', "its tests are no Python"),
        ('{"question": "f", "tests": []}', "it has no tests"),
        (json.dumps({"question": "f", "tests": "assert 1\n" * 6_000}), "its tests are longer than 50,000 characters"),
        ('{"question": "f", "cases": [{"input": "1"}]}', "Line 1"),
        (
            '{"question_content": "f", "public_test_cases": "[{\\"testtype\\": \\"functional\\"}]"}',
            "write them as asserts",
        ),
    ],
)
def test_tests_that_cannot_be_run_say_so(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(EvaluationError, match=re.escape(says)):
        load_task(str(tmp_path / "a.jsonl"))


def test_two_tasks_with_other_tests_are_two_tasks() -> None:
    first, second = (
        Task("t", (Problem("1", "q", "", "text", Requirements(asserts)),), "here")
        for asserts in ("assert 1", "assert 2")
    )
    assert first.digest != second.digest


# --- one process at a time -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_run_in_the_same_folder_is_refused_while_the_first_goes_on_and_nothing_is_lost(tmp_path: Path) -> None:
    refused: list[EvaluationError] = []

    def look_in(problem: Problem, done: list[Solved]) -> None:
        if len(done) == 3:
            with run(tmp_path / "run") as second, pytest.raises(EvaluationError) as error:
                second.go_on()
            refused.append(error.value)
            assert is_running(tmp_path / "run")

    with run(tmp_path / "run") as first:
        done = first.go_on(look_in)
    assert "being worked on by another" in str(refused[0])
    assert refused[0].sentence("zh").startswith("另一个 r1chat eval 正在进行运行 run")
    assert [outcome.problem for outcome in done] == [problem.id for problem in TASK.problems]
    assert read_solved(tmp_path / "run") == done
    assert not is_running(tmp_path / "run")
    with run(tmp_path / "run") as again:
        assert again.go_on() == done


def test_who_reads_a_run_does_not_touch_the_line_that_is_being_written(tmp_path: Path) -> None:
    with run(tmp_path / "run") as it:
        done = it.go_on()
    with (tmp_path / "run" / DONE).open("ab") as file:
        file.write(b'{"problem": "6", "samp')
    before = (tmp_path / "run" / DONE).read_bytes()
    assert read_solved(tmp_path / "run") == done
    assert (tmp_path / "run" / DONE).read_bytes() == before


def test_the_time_left_follows_the_pace_of_the_last_problems_and_is_unknown_without_times(tmp_path: Path) -> None:
    paces = (9.0, *[2.0] * PACE)
    done = [replace(solved(str(number)), seconds=seconds) for number, seconds in enumerate(paces)]
    assert seconds_left(done, len(done) + 5) == 10.0
    assert seconds_left(done, len(done)) == 0.0
    assert seconds_left([solved("of an older version")], 5) == seconds_left([], 5) == 0.0


@pytest.mark.slow
def test_a_damaged_run_gets_a_sentence_and_hides_no_other(tmp_path: Path) -> None:
    for name in ("whole", "broken", "senseless"):
        with run(tmp_path / FOLDER / name) as it:
            it.go_on()
    (tmp_path / FOLDER / "broken" / DONE).write_text("[1]\n")
    (tmp_path / FOLDER / "senseless" / SPECIFICATION).write_text('{"task": 3}')
    assert [stored.name for stored in Evaluations(tmp_path).all()] == ["whole"]
    with pytest.raises(EvaluationError, match="is damaged") as error:
        read_solved(tmp_path / FOLDER / "broken")
    assert "已损坏" in error.value.sentence("zh")
    for name in ("../whole", "", ".", "no such", "senseless"):
        with pytest.raises(EvaluationError, match="There is no run"):
            Evaluations(tmp_path).get(name)


# --- the command -----------------------------------------------------------------------------------------------------


def evaluate(*words: str) -> int:
    return main(["eval", *words])


@pytest.mark.slow
def test_the_command_prints_figures_and_leaves_report_and_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--model", "r1chat-nano", "--data-dir", str(tmp_path), "-n", "3")
    assert evaluate("sums", *flags, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["measures"]["problems"] == 3
    assert report["run"]["model"] == "llama.cpp:r1chat-nano"
    folder = tmp_path / "evaluations" / "sums-r1chat-nano-k1"
    assert json.loads((folder / "report.json").read_text()) == report
    assert (folder / "report.svg").read_text().startswith("<svg")
    assert evaluate("sums", *flags, "--name", "again") == 0  # the same figures, asked anew
    assert "pass@1" in capsys.readouterr().out
    first, again = (
        json.loads((tmp_path / "evaluations" / name / "report.json").read_text()) for name in (folder.name, "again")
    )
    for report in (first, again):
        del report["measures"]["speed"]
    assert first["measures"] == again["measures"]
    assert evaluate("list", "--data-dir", str(tmp_path)) == 0
    assert "again" in capsys.readouterr().out
    assert evaluate("compare", folder.name, "again", "--data-dir", str(tmp_path)) == 0
    assert "no difference shown" in capsys.readouterr().out


@pytest.mark.slow
def test_the_command_draws_a_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--model", "r1chat-nano", "--data-dir", str(tmp_path), "-n", "2", "--waits", "", "--votes", "1,2")
    assert evaluate("curve", "sums", *flags, "--budgets", "0") == 0
    assert "vote of 2" in capsys.readouterr().out
    folder = tmp_path / "evaluations" / "curve-sums-r1chat-nano"
    points = json.loads((folder / "curve.json").read_text())["points"]
    assert [(point["kind"], point["amount"]) for point in points] == [("budget", 0), ("vote", 1), ("vote", 2)]
    assert (folder / "curve.svg").read_text().startswith("<svg")


@pytest.mark.slow
def test_programs_are_run_only_where_a_person_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.jsonl").write_text(CODE_ROWS["own.jsonl"])
    words = (str(tmp_path / "own.jsonl"), "--model", "r1chat-nano", "--data-dir", str(tmp_path), "--max-tokens", "8")
    assert evaluate(*words) == 1
    assert "--run-code" in capsys.readouterr().err
    assert evaluate(*words, "--run-code") == 0
    assert "pass@1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sum",), "There is no task"),
        (("sums", "products"), "more than one task"),
        (("sums", "-n", "0"), "no number of problems"),
        (("sums", "-k", "99"), "1 to 32"),
        (("sums", "--split", "all"), "train, dev and test"),
        (("compare", "a"), "compare RUN RUN"),
        (("curve",), "eval curve TASK"),
        (("resume",), "resume RUN"),
        (("resume", "a"), "There is no run"),
        (("sums", "-n", "1", "--model", "r1chat-nano", "--name", "../../x"), "without / and"),
        (("curve", "sums", "--model", "r1chat-nano", "--name", "/tmp/x"), "without / and"),
        (("curve", "sums", "--budgets", "1,x"), "whole numbers with commas"),
        (("curve", "sums", "--waits", "99"), "numbers from 1 to 8"),
        (("curve", "sums", "--budgets", "", "--waits", "", "--votes", ""), "at least one of"),
        (("compare", "a", "b"), "and no other. `r1chat eval TASK"),
        (("sums", "--model", "nobody"), "nobody"),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert evaluate(*words, "--data-dir", str(tmp_path)) == 1
    assert says in capsys.readouterr().err


@pytest.mark.slow
def test_a_killed_command_goes_on_and_gives_the_same_figures(tmp_path: Path) -> None:
    words = ["eval", "sums", "--model", "r1chat-nano", "-n", "5", "--name", "cut", "--json"]
    words += ["--data-dir", str(tmp_path)]

    def figures() -> dict[str, object]:
        report = json.loads((tmp_path / "evaluations" / "cut" / "report.json").read_text())
        return {name: value for name, value in report["measures"].items() if name != "speed"}

    done = tmp_path / "evaluations" / "cut" / DONE
    process = Forked(*words, stdout=DEVNULL, stderr=DEVNULL, new_session=True)
    until = time.monotonic() + 60
    while not (done.exists() and done.read_bytes().count(b"\n") >= 2) and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert done.read_bytes().count(b"\n") >= 2
    assert forked.run(*words).returncode == 0
    cut = figures()
    done.unlink()
    assert forked.run("eval", "resume", "cut", "--data-dir", str(tmp_path), "--json").returncode == 0
    assert figures() == cut

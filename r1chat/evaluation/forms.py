"""A row of a file -> a problem. The row's fields tell which form it is.

GSM8K (`question`, `answer` with `####`), MATH-500 and AIME (`problem`, `answer`), GPQA (`Question`, `Correct Answer`,
`Incorrect Answer 1` …), MMLU (`question`, `choices`, `answer` as an index or a letter; also with the choices of ARC,
OpenBookQA and CommonsenseQA, which have labels), CMATH (`input` or `question`, `golden`), and r1chat's own: `question`,
`answer`, and where they are wanted `kind` (as for reference answers) and `id`.
Code problems: HumanEval (`prompt`, `test`, `entry_point`), MBPP (`text` or `prompt`, `test_list`), LiveCodeBench
(`question_content`, `public_test_cases`), and r1chat's own: `question` with `tests` (Python, asserts) or `cases`
(`input`, `output`).
"""

from __future__ import annotations

import ast
import json
import random
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from r1chat.both import Both
from r1chat.errors import CheckError, EvaluationError
from r1chat.evaluation.problems import (
    CHOICE_PROMPT,
    CODE_PROMPT,
    INPUT_PROMPT,
    MATH_PROMPT,
    MATH_PROMPT_ZH,
    Problem,
)
from r1chat.evaluation.rows import column_names
from r1chat.judgements import CHECKS, Check
from r1chat.messages import LONGEST_MESSAGE
from r1chat.rewards import RightAnswer, check
from r1chat.rewards.programs import MOST_CODE, Requirements

FIELDS = (  # that a column can be named for
    *("question", "answer", "kind", "id", "choices", "tests", "cases"),
    *("correct answer", "incorrect answer 1", "incorrect answer 2", "incorrect answer 3"),
)
_QUESTIONS = ("question", "problem", "input", "question_content", "text", "prompt")
_IDS = ("id", "unique_id", "task_id", "question_id")
_LETTERS = "ABCDEFGHIJ"
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class _Read:
    """What a form makes of a row. `text` is what is asked, without a directive; `template` has one."""

    text: str
    template: str
    answer: str
    kind: Check
    tests: Requirements | None = None


def read_problem(row: Mapping[str, Any], number: int, prompt: str = "") -> tuple[Problem, str]:
    """The problem of a row, whose fields have lower-case names, and what it asks without a directive.

    `number` is its id where the row has none; `prompt`, with the field {question}, takes the place of the form's own.
    Raises EvaluationError: a reason without a full stop.
    """
    try:
        form = next((form for fields, form in _FORMS if all(field in row for field in fields)), None)
        if form is None:
            raise EvaluationError(_NO_FORM.format(fields=column_names(row)))
        if not _string(row, *_QUESTIONS).strip():
            raise EvaluationError(_NO_QUESTION)
        id = next((str(row[name]) for name in _IDS if row.get(name)), str(number))
        read = form(row, id)
        question = prompt.replace("{question}", read.text) if prompt else read.template.format(question=read.text)
        if len(question) > LONGEST_MESSAGE:
            raise EvaluationError(_LONG_QUESTION.format(most=LONGEST_MESSAGE))
        problem = Problem(id, question, read.answer, read.kind, read.tests)
        if not problem.tests:
            check(problem.reference)
    except CheckError as error:
        raise EvaluationError(error.text) from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:  # a field of an unexpected kind
        raise EvaluationError(_ODD_FIELD.format(reason=error)) from None
    return problem, read.text


def _string(row: Mapping[str, Any], *names: str) -> str:
    name = next((name for name in names if name in row), None)
    if name is None:
        raise EvaluationError(_MISSING.format(field=names[0]))
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise EvaluationError(_NO_TEXT.format(field=name))
    return str(value)


def _open_question(row: Mapping[str, Any], id: str) -> _Read:
    """A question and its answer: GSM8K, MATH-500, AIME, CMATH, and our own."""
    question = _string(row, *_QUESTIONS)
    reference = RightAnswer.read(_string(row, "golden", "answer"))
    kind = row.get("kind")
    if kind == "tests":
        raise EvaluationError(_TESTS_AS_ANSWER)
    if kind is not None and kind not in CHECKS:
        raise EvaluationError(_NO_KIND.format(kind=kind, kinds=", ".join(CHECKS)))
    template = MATH_PROMPT_ZH if _HAN.search(question) else MATH_PROMPT
    return _Read(question, template, reference.text, kind or reference.kind)


def _gpqa(row: Mapping[str, Any], id: str) -> _Read:
    """The right answer and three wrong ones, in an order that the problem alone decides: the same in every run."""
    right = _string(row, "correct answer")
    options = [right, *(_string(row, f"incorrect answer {number}") for number in (1, 2, 3))]
    random.Random(f"{id}{row['question']}").shuffle(options)
    return _choice(_string(row, "question"), options, _LETTERS[options.index(right)])


def _mmlu(row: Mapping[str, Any], id: str) -> _Read:
    options, labels = _options(row["choices"])
    answer = _string(row, "answer").strip()
    names = [label.casefold() for label in labels] or list(_LETTERS[: len(options)].casefold())
    if answer.casefold() in names:
        place = names.index(answer.casefold())
    elif labels or answer not in map(str, range(len(options))):
        raise EvaluationError(_NO_CHOICE.format(answer=answer, count=len(options)))
    else:
        place = int(answer)
    return _choice(_string(row, "question"), options, _LETTERS[place])


def _options(value: object) -> tuple[list[str], list[str]]:
    """The options to choose among, and their labels where they have some. Raises EvaluationError."""
    value = _parsed(value)
    if isinstance(value, dict) and "text" in value and "label" in value:
        options, labels = _texts(value["text"], _NO_OPTIONS), _texts(value["label"], _NO_OPTIONS)
        if len({label.casefold() for label in labels}) != len(options) or len(labels) != len(options):
            raise EvaluationError(_NO_LABELS)
    else:
        options, labels = _texts(value, _NO_OPTIONS), []
    if not 2 <= len(options) <= len(_LETTERS):
        raise EvaluationError(_ODD_COUNT.format(count=len(options), most=len(_LETTERS)))
    return options, [label.strip() for label in labels]


def _parsed(value: object) -> object:
    """A list or an object that a file without them, such as a CSV, has as JSON; any other value as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def _texts(value: object, reason: Both) -> list[str]:
    """A list of texts or numbers. Raises EvaluationError with the reason for any other value."""
    if not isinstance(value, list) or any(
        isinstance(text, bool) or not isinstance(text, (str, int, float)) for text in value
    ):
        raise EvaluationError(reason)
    return [str(text) for text in value]


def _choice(question: str, options: list[str], letter: str) -> _Read:
    lines = "\n".join(f"({name}) {option}" for name, option in zip(_LETTERS, options, strict=False))
    return _Read(f"{question}\n\n{lines}", CHOICE_PROMPT, letter, "choice")


def _asserted(row: Mapping[str, Any], id: str) -> _Read:
    """A program that is followed by asserts: our own, HumanEval, MBPP."""
    question, before = _string(row, *_QUESTIONS), ""
    if "entry_point" in row:  # HumanEval: the prompt is the beginning of a program
        asserts = f"{_string(row, 'test')}\ncheck({_string(row, 'entry_point')})"
        before = "\n".join(line for line in question.split("\n") if line.startswith(("import ", "from ")))
        question = f"Complete this function:\n\n```python\n{question.strip()}\n```"
    else:
        asserts = _program(next(row[name] for name in ("tests", "test_list") if name in row))
        before = _program(row.get("test_setup_code") or row.get("test_imports") or "")
        if "test_list" in row:  # MBPP says the function's name in its tests alone
            question = f"{question}\nIt must pass: {asserts.split(chr(10))[0]}"
    code = f"{before}\n{asserts}"
    if len(code) > MOST_CODE:
        raise EvaluationError(_LONG_TESTS.format(most=MOST_CODE))
    try:
        compile(code, "tests", "exec")
        only_values = all(isinstance(part, ast.Expr) and _is_value(part.value) for part in ast.parse(asserts).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # nested too deep for the parser
        raise EvaluationError(_NO_PYTHON.format(reason=error or type(error).__name__)) from None
    if only_values:  # nothing at all, or a list that is Python's and not JSON's
        raise EvaluationError(_NO_TESTS)
    return _Read(question, CODE_PROMPT, "", "text", Requirements(asserts, before=before))


def _program(value: object) -> str:
    """Lines of Python: a text, or a list of texts."""
    value = _parsed(value)
    return value if isinstance(value, str) else "\n".join(_texts(value, _NO_TESTS))


def _is_value(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict)


def _with_input(row: Mapping[str, Any], id: str) -> _Read:
    """A program that reads and prints: our own, LiveCodeBench (its public tests)."""
    cases = next(row[name] for name in ("cases", "public_test_cases") if name in row)
    cases = json.loads(cases) if isinstance(cases, str) else cases
    if not cases or not isinstance(cases, list) or any(case.get("testtype", "stdin") != "stdin" for case in cases):
        raise EvaluationError(_NO_INPUT)
    pairs = tuple((_string(case, "input"), _string(case, "output")) for case in cases)
    return _Read(_string(row, *_QUESTIONS), INPUT_PROMPT, "", "text", Requirements(cases=pairs))


_FORMS: tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Any], str], _Read]], ...] = (
    (("prompt", "test", "entry_point"), _asserted),
    (("text", "test_list"), _asserted),
    (("prompt", "test_list"), _asserted),
    (("question", "tests"), _asserted),
    (("question", "cases"), _with_input),
    (("question_content", "public_test_cases"), _with_input),
    (("question", "correct answer", "incorrect answer 1"), _gpqa),
    (("question", "choices", "answer"), _mmlu),
    (("input", "golden"), _open_question),
    (("question", "golden"), _open_question),
    (("question", "answer"), _open_question),
    (("problem", "answer"), _open_question),
)

_NO_FORM = Both(
    "its fields ({fields}) are of no form that is known; question and answer are enough, and a TOML file can say which "
    "columns those are",
    "它的字段（{fields}）不属于任何已知形式；有 question 和 answer 就够了，也可以用 TOML 文件指明对应的列",
)
_LONG_QUESTION = Both("its question is longer than {most:,} characters", "题目超过 {most:,} 个字符")
_NO_QUESTION = Both("the question is empty", "题目为空")
_ODD_FIELD = Both("a field holds what cannot be read there ({reason})", "有字段的内容无法读取（{reason}）")
_MISSING = Both("“{field}” is missing", "缺少“{field}”")
_NO_TEXT = Both("“{field}” is no text", "“{field}”不是文本")
_TESTS_AS_ANSWER = Both("give its tests as “tests”, not as an answer", "测试请写在“tests”里，而不是作为答案")
_NO_KIND = Both("“{kind}” is no kind of check: {kinds}", "“{kind}”不是检查方式：{kinds}")
_NO_CHOICE = Both("the answer {answer} is none of the {count} choices", "答案 {answer} 不在 {count} 个选项之中")
_NO_OPTIONS = Both(
    '“choices” is no list of texts: write ["Lyon", "Paris"] or {"text": ["Lyon", "Paris"], "label": ["A", "B"]}, as '
    "JSON in a CSV file, too",
    '“choices”不是文本列表：请写成 ["Lyon", "Paris"] 或 {"text": ["Lyon", "Paris"], "label": ["A", "B"]}；'
    "在 CSV 文件中也写成 JSON",
)
_NO_LABELS = Both(
    "the labels of “choices” are not one for each text, all different; write as many as there are texts",
    "“choices”的标签与文本不是一一对应，或有重复；请为每个文本写一个不同的标签",
)
_ODD_COUNT = Both(
    "“choices” has {count} options; write at least 2, at most {most}",
    "“choices”有 {count} 个选项；请写 2 到 {most} 个",
)
_LONG_TESTS = Both("its tests are longer than {most:,} characters", "它的测试超过 {most:,} 个字符")
_NO_PYTHON = Both("its tests are no Python ({reason})", "它的测试不是 Python（{reason}）")
_NO_TESTS = Both(
    "it has no tests; write asserts as one text, or as a list of texts (in a CSV file as JSON)",
    "它没有测试；请把 assert 写成一段文本，或文本列表（在 CSV 文件中写成 JSON）",
)
_NO_INPUT = Both("its tests do not read standard input; write them as asserts", "它的测试不读取标准输入；请写成 assert")

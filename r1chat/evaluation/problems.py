r"""Tasks: problems with right answers, from files or made up.

A file is JSON Lines, JSON or CSV. Its fields tell which form it is: GSM8K (`question`, `answer` with `####`), MATH-500
and AIME (`problem`, `answer`), GPQA (`Question`, `Correct Answer`, `Incorrect Answer 1` …), MMLU (`question`,
`choices`, `answer` as an index or a letter), CMATH (`input`, `golden`), and r1chat's own: `question`, `answer`, and
where they are wanted `kind` (as for reference answers) and `id`. Code problems: HumanEval (`prompt`, `test`,
`entry_point`), MBPP (`text` or `prompt`, `test_list`), LiveCodeBench (`question_content`, `public_test_cases`), and
r1chat's own: `question` with `tests` (Python, asserts) or `cases` (`input`, `output`). A TOML file gives a task a name
and a prompt:

    name = "our-sums"
    file = "sums.jsonl"                  # beside the TOML file
    prompt = "{question}\nAnswer with a number in \\boxed{}."
    paper = "math_500"                   # a column of the paper's table, if it is that task

No problems of other people come with r1chat.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from r1chat.both import Both
from r1chat.errors import CheckError, EvaluationError
from r1chat.evaluation import generated
from r1chat.judgements import CHECKS, Check
from r1chat.rewards import Reference, check
from r1chat.rewards.programs import MOST_CODE, Requirements

MADE_UP = 100  # problems
LARGEST = 200_000_000  # bytes of a task file

# DeepSeek's advice for R1: no few-shot examples, and the directive in the user's turn.
MATH_PROMPT = "{question}\nPlease reason step by step, and put your final answer within \\boxed{{}}."
MATH_PROMPT_ZH = "{question}\n请一步步推理，并把最终答案放在\\boxed{{}}中。"
CHOICE_PROMPT = (
    "{question}\n\n{options}\n\nPlease reason step by step, and put the letter of your answer in \\boxed{{}}."
)

CODE_PROMPT = "{question}\n\nWrite a Python program and put all of it in one block: ```python … ```."
INPUT_PROMPT = (
    "{question}\n\nWrite a Python program that reads standard input and writes standard output, and put all of it in "
    "one block: ```python … ```."
)

_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Problem:
    """A question as the model is asked it, the directive included, and its right answer.

    A problem with `tests` asks for a program, and has no answer.
    """

    id: str
    question: str
    answer: str
    kind: Check
    tests: Requirements | None = None

    @property
    def reference(self) -> Reference:
        """What an answer is checked against."""
        return Reference(self.answer, self.kind)


@dataclass(frozen=True, slots=True)
class Origin:
    """How a task was loaded: the arguments of `load_task`, with an absolute path for a file."""

    name: str
    split: str = "test"
    count: int | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """Problems under a name. `source` tells where they come from; `paper` names a column of the paper's table or "".

    `origin` None: the task was not loaded, but made by a program.
    """

    name: str
    problems: tuple[Problem, ...]
    source: str
    paper: str = ""
    origin: Origin | None = None

    @property
    def digest(self) -> str:
        """Tells whether two tasks are the same: 16 hexadecimal digits over all problems."""
        text = json.dumps(
            [[p.id, p.question, p.answer, p.kind, *([asdict(p.tests)] if p.tests else [])] for p in self.problems]
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def code(self) -> bool:
        """Whether any problem asks for a program, which must be run to be judged."""
        return any(problem.tests for problem in self.problems)


def load_task(name: str, split: str = "test", count: int | None = None, language: str = "") -> Task:
    """The task of a name or a file: a made-up one (`generated.TASKS`), a TOML file, or a file of problems.

    `count`: the first so many problems; None: all of a file, MADE_UP of a made-up task. `split` and `language` are for
    made-up tasks. Raises EvaluationError with what to correct.
    """
    if name in generated.TASKS:
        task = _made_up(name, split, MADE_UP if count is None else count, language)
        return replace(task, origin=Origin(name, split, count, language))
    task = _from_file(name)
    path = str(Path(name).expanduser().absolute())
    return replace(task, problems=task.problems[:count], origin=Origin(path, split, count, language))


def _from_file(name: str) -> Task:
    file = Path(name).expanduser()
    if file.suffix.lower() == ".toml":
        return _from_toml(file)
    if file.suffix.lower() in (".jsonl", ".json", ".csv"):
        return Task(file.stem, _read(file, ""), f"{file.name}, sha256 {_digest(file)}", _paper(file.stem))
    raise EvaluationError(_UNKNOWN.format(name=name, names=", ".join(generated.TASKS)))


def _made_up(name: str, split: str, count: int, language: str) -> Task:
    problems = tuple(
        Problem(made.id, made.question, made.answer, made.kind)
        for made in generated.problems(name, split, count, language)
    )
    return Task(name, problems, f"made up, split {split}, {language or 'both languages'}")


def _from_toml(file: Path) -> Task:
    try:
        values = tomllib.loads(_text(file))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EvaluationError(_BAD_TOML.format(file=file, reason=error)) from None
    data, prompt = values.get("file"), values.get("prompt", "")
    if not isinstance(data, str) or not isinstance(prompt, str):
        raise EvaluationError(_BAD_TOML.format(file=file, reason='it needs a line such as: file = "sums.jsonl"'))
    if prompt and "{question}" not in prompt:
        raise EvaluationError(_BAD_TOML.format(file=file, reason="its prompt needs the field {question}"))
    path = file.parent / data
    paper = str(values.get("paper", ""))
    return Task(str(values.get("name", file.stem)), _read(path, prompt), f"{path.name}, sha256 {_digest(path)}", paper)


# --- files of problems -----------------------------------------------------------------------------------------------


def _read(file: Path, prompt: str) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    for line, row in _rows(file):
        try:
            problem = _problem(row, str(len(problems) + 1), prompt)
            if not problem.tests:
                check(problem.reference)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise EvaluationError(_BAD_ROW.format(file=file.name, line=line, reason=_reason(error))) from None
        except CheckError as error:
            raise EvaluationError(_BAD_ROW.format(file=file.name, line=line, reason=error.text)) from None
        problems.append(problem)
    if not problems:
        raise EvaluationError(_EMPTY.format(file=file))
    return tuple(problems)


def _rows(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """The rows with their numbers, and their fields by lower-case name."""
    text = _text(file)
    found: list[tuple[int, object]]
    if file.suffix.lower() == ".csv":
        try:
            found = list(enumerate(csv.DictReader(io.StringIO(text)), 2))
        except csv.Error as error:
            raise EvaluationError(_UNREADABLE.format(file=file, reason=error)) from None
    elif file.suffix.lower() == ".json":
        found = list(enumerate(_parsed(file, 1, text), 1))
    else:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        found = [(number, _parsed(file, number, line)) for number, line in lines]
    rows = []
    for number, row in found:
        if not isinstance(row, dict):
            raise EvaluationError(_BAD_ROW.format(file=file.name, line=number, reason=_NO_OBJECT))
        rows.append((number, {str(name).strip().lower(): value for name, value in row.items()}))
    return rows


def _parsed(file: Path, line: int, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise EvaluationError(_BAD_ROW.format(file=file.name, line=line, reason=_NO_JSON)) from None


def _problem(row: Mapping[str, Any], number: str, prompt: str) -> Problem:
    """The problem of a row. Raises KeyError, TypeError and ValueError where the row is of no form that is known."""
    form = next((form for fields, form in _FORMS if all(field in row for field in fields)), None)
    if form is None:
        raise KeyError(", ".join(row) or "nothing")
    question = _string(row, *_QUESTIONS)
    if not question.strip():
        raise ValueError("the question is empty")
    problem = form(
        row, str(row.get("id") or row.get("unique_id") or row.get("task_id") or row.get("question_id") or number)
    )
    return replace(problem, question=prompt.replace("{question}", question)) if prompt else problem


_QUESTIONS = ("question", "problem", "input", "question_content", "text", "prompt")


def _string(row: Mapping[str, Any], *names: str) -> str:
    name = next((name for name in names if name in row), None)
    if name is None:
        raise ValueError(f"“{names[0]}” is missing")
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(f"“{names[0]}” is no text")
    return str(value)


def _with_directive(question: str) -> str:
    return (MATH_PROMPT_ZH if _HAN.search(question) else MATH_PROMPT).format(question=question)


def _open_question(row: Mapping[str, Any], id: str) -> Problem:
    """A question and its answer: GSM8K, MATH-500, AIME, CMATH, and our own."""
    question = _string(row, *_QUESTIONS)
    reference = Reference.read(_string(row, "golden", "answer"))
    kind = row.get("kind")
    if kind == "tests":
        raise ValueError("give its tests as “tests”, not as an answer")
    if kind is not None and kind not in CHECKS:
        raise ValueError(f"“{kind}” is no kind of check: {', '.join(CHECKS)}")
    return Problem(id, _with_directive(question), reference.text, kind or reference.kind)


def _gpqa(row: Mapping[str, Any], id: str) -> Problem:
    right = _string(row, "correct answer")
    options = [right, *(_string(row, f"incorrect answer {number}") for number in (1, 2, 3))]
    random.Random(f"{id}{row['question']}").shuffle(options)  # the same order in every run
    return _choice(id, _string(row, "question"), options, "ABCD"[options.index(right)])


def _mmlu(row: Mapping[str, Any], id: str) -> Problem:
    options = [str(option) for option in row["choices"]]
    answer = row["answer"]
    letter = "ABCDEFGHIJ"[int(answer)] if str(answer).isdigit() else str(answer).strip().upper()
    if not options or letter not in "ABCDEFGHIJ"[: len(options)] or len(letter) != 1:
        raise ValueError(f"the answer {answer} is none of the {len(options)} choices")
    return _choice(id, _string(row, "question"), options, letter)


def _choice(id: str, question: str, options: list[str], letter: str) -> Problem:
    lines = "\n".join(f"({name}) {option}" for name, option in zip("ABCDEFGHIJ", options, strict=False))
    return Problem(id, CHOICE_PROMPT.format(question=question, options=lines), letter, "choice")


def _asserted(row: Mapping[str, Any], id: str) -> Problem:
    """A program that is followed by asserts: our own, HumanEval, MBPP."""
    question, before = _string(row, *_QUESTIONS), ""
    if "entry_point" in row:  # HumanEval: the prompt is the beginning of a program
        asserts = f"{_string(row, 'test')}\ncheck({_string(row, 'entry_point')})"
        before = "\n".join(line for line in question.split("\n") if line.startswith(("import ", "from ")))
        question = f"Complete this function:\n\n```python\n{question.strip()}\n```"
    else:
        tests = next(row[name] for name in ("tests", "test_list") if name in row)
        asserts = "\n".join(map(str, tests)) if isinstance(tests, list) else str(tests)
        setup = row.get("test_setup_code") or row.get("test_imports") or ""
        before = "\n".join(map(str, setup)) if isinstance(setup, list) else str(setup)
        if "test_list" in row:  # MBPP says the function's name in its tests alone
            question = f"{question}\nIt must pass: {asserts.split(chr(10))[0]}"
    code = f"{before}\n{asserts}"
    if len(code) > MOST_CODE:
        raise ValueError(f"its tests are longer than {MOST_CODE:,} characters")
    try:
        compile(code, "tests", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # nested too deep for the parser
        raise ValueError(f"its tests are no Python ({error or type(error).__name__})") from None
    if not asserts.strip():
        raise ValueError("it has no tests")
    return Problem(id, CODE_PROMPT.format(question=question), "", "text", Requirements(asserts, before=before))


def _with_input(row: Mapping[str, Any], id: str) -> Problem:
    """A program that reads and prints: our own, LiveCodeBench (its public tests)."""
    cases = next(row[name] for name in ("cases", "public_test_cases") if name in row)
    cases = json.loads(cases) if isinstance(cases, str) else cases
    if not cases or not isinstance(cases, list) or any(case.get("testtype", "stdin") != "stdin" for case in cases):
        raise ValueError("its tests do not read standard input; write them as asserts")
    pairs = tuple((_string(case, "input"), _string(case, "output")) for case in cases)
    question = INPUT_PROMPT.format(question=_string(row, *_QUESTIONS))
    return Problem(id, question, "", "text", Requirements(cases=pairs))


_FORMS: tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Any], str], Problem]], ...] = (
    (("prompt", "test", "entry_point"), _asserted),
    (("text", "test_list"), _asserted),
    (("prompt", "test_list"), _asserted),
    (("question", "tests"), _asserted),
    (("question", "cases"), _with_input),
    (("question_content", "public_test_cases"), _with_input),
    (("question", "correct answer", "incorrect answer 1"), _gpqa),
    (("question", "choices", "answer"), _mmlu),
    (("input", "golden"), _open_question),
    (("question", "answer"), _open_question),
    (("problem", "answer"), _open_question),
)


def _paper(name: str) -> str:
    """The column of the paper's table that a file of this name holds; "" where there is none."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return next((column for column, names in _PAPER.items() if any(part in plain for part in names)), "")


_PAPER = {"aime_2024": ("aime24", "aime2024"), "math_500": ("math500",), "gpqa_diamond": ("gpqadiamond",)}


def _text(file: Path) -> str:
    try:
        if file.exists() and not file.is_file():
            raise EvaluationError(_UNREADABLE.format(file=file, reason="no regular file"))
        if file.stat().st_size > LARGEST:
            raise EvaluationError(_TOO_LARGE.format(file=file, most=LARGEST // 1_000_000))
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=error.strerror)) from None
    except UnicodeDecodeError:
        raise EvaluationError(_UNREADABLE.format(file=file, reason="it is no text in UTF-8")) from None


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _reason(error: Exception) -> Both:
    if isinstance(error, KeyError):
        return _NO_FORM.format(fields=error.args[0])
    return Both(str(error), str(error))


_UNKNOWN = Both(
    "There is no task “{name}”. Give a file (.toml, .jsonl, .json or .csv), or one of: {names}.",
    "没有名为“{name}”的任务。请给出文件（.toml、.jsonl、.json 或 .csv），或以下之一：{names}。",
)
_BAD_TOML = Both("{file} is no task: {reason}.", "{file} 不是任务文件：{reason}。")
_BAD_ROW = Both(
    "Line {line} of {file} is no problem: {reason}. Correct it, or remove that line.",
    "{file} 的第 {line} 行不是题目：{reason}。请改正或删除该行。",
)
_NO_JSON = Both("it is no JSON", "不是 JSON")
_NO_OBJECT = Both("it is no JSON object", "不是 JSON 对象")
_NO_FORM = Both(
    "its fields ({fields}) are of no form that is known; question and answer are enough",
    "它的字段（{fields}）不属于任何已知形式；有 question 和 answer 就够了",
)
_EMPTY = Both("{file} holds no problem.", "{file} 里没有题目。")
_TOO_LARGE = Both("{file} is larger than {most} MB. Split it.", "{file} 大于 {most} MB。请拆分。")
_UNREADABLE = Both("{file} cannot be read ({reason}).", "{file} 无法读取（{reason}）。")

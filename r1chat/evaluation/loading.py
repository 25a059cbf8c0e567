r"""Tasks by name: made up, from a file, or from a data set that was fetched from a hub.

A file is JSON Lines, JSON, CSV or Parquet (`rows`), in a form that its fields tell (`forms`). A TOML file gives a task
a name, a prompt, and columns of other names:

    name = "our-sums"
    file = "sums.jsonl"                  # beside the TOML file, in no other folder; or, on a hub:
    from = "OWNER/NAME:FILE"
    prompt = "{question}\nAnswer with a number in \\boxed{}."
    paper = "math_500"                   # a column of the paper's table, if it is that task
    [columns]                            # field = column; without this table the columns have the names of a form
    question = "query"
    answer = "label"

Nothing is fetched here: `missing` tells what has to be.
"""

from __future__ import annotations

import hashlib
import re
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from r1chat.both import Both
from r1chat.errors import EvaluationError
from r1chat.evaluation import generated
from r1chat.evaluation.forms import FIELDS, read_problem
from r1chat.evaluation.problems import Problem, Task, TaskOrigin
from r1chat.evaluation.published import DATA_SETS, known_name
from r1chat.evaluation.rows import SUFFIXES, bad_row, column_names, digest, read_rows, read_text
from r1chat.files import named_path
from r1chat.library.datasets import DataFile

MADE_UP = 100  # problems
_PATIENCE = 120.0  # seconds for the rows of a file: patterns may take long to read
LARGEST_TOML = 20_000  # bytes: a dotted key takes time in proportion to its square
DATA_FOLDER = "datasets"  # in the data folder
_PARTS = ("train", "dev")  # of a file


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a task is read from a file. `hub`: the file is one of a data set; `columns`: field -> column."""

    name: str
    file: Path
    hub: DataFile | None = None
    prompt: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    paper: str = ""
    mixed: bool = False


def load_task(
    name: str,
    split: str = "test",
    count: int | None = None,
    language: str = "",
    folder: Path | str = "",
    hub: str = "",
) -> Task:
    """The task of a name: a made-up one (`generated.TASKS`), a data set (`DATA_SETS`), a TOML file or one of problems.

    `count`: the first so many problems; None: all of a file, MADE_UP of a made-up task. `split` of a file: "train" and
    "dev" are about eight and two tenths of it, by a hash of the question; "test" is all of it. `language` is for
    made-up tasks. Data sets lie in `folder`; `hub` is one in place of the table's, OWNER/NAME:FILE, and `name` any
    name. Raises EvaluationError, LibraryError and PathError with what to correct.
    """
    if name in generated.TASKS and not hub:
        task = _made_up(name, split, MADE_UP if count is None else count, language)
        return replace(task, origin=TaskOrigin(name, split, count, language))
    recipe = _recipe(name, Path(folder), hub)
    if recipe.hub and not recipe.file.is_file():
        raise EvaluationError(_NOT_HERE.format(name=name, source=recipe.hub, where=f" --from {hub}" if hub else ""))
    if split not in generated.SPLITS:
        raise EvaluationError(_NO_PART.format(split=split))
    pairs = _read(recipe)
    if split in _PARTS:
        pairs = [
            (problem, text) for problem, text in pairs if (generated.split_of(text) == "train") == (split == "train")
        ]
    if recipe.mixed:
        pairs.sort(key=lambda pair: hashlib.sha256(pair[1].encode()).digest())
    path = "" if hub or known_name(name) else str(named_path(name).absolute())
    source = f"{recipe.hub or recipe.file.name}, sha256 {digest(recipe.file)}"
    if split in _PARTS:
        source += f", {split}"
    origin = TaskOrigin(path or name, split, count, language, str(Path(folder).absolute()) if recipe.hub else "", hub)
    return Task(recipe.name, tuple(problem for problem, _ in pairs)[:count], source, recipe.paper, origin)


def missing(name: str, folder: Path, hub: str = "") -> DataFile | None:
    """What must be fetched into `folder` before `load_task` can load that task; None where nothing must be.

    Raises EvaluationError, LibraryError and PathError as `load_task` does.
    """
    if name in generated.TASKS and not hub:
        return None
    recipe = _recipe(name, folder, hub)
    return None if recipe.file.is_file() else recipe.hub


def _made_up(name: str, split: str, count: int, language: str) -> Task:
    problems = tuple(
        Problem(problem.id, problem.question, problem.answer, problem.kind)
        for problem in generated.problems(name, split, count, language)
    )
    return Task(name, problems, f"made up, split {split}, {language or 'both languages'}")


def _recipe(name: str, folder: Path, hub: str) -> _Recipe:
    file = named_path(name)
    known = DATA_SETS.get(known_name(name))
    if hub:
        if name in generated.TASKS or file.suffix.lower() in (".toml", *SUFFIXES):
            raise EvaluationError(_TWO_SOURCES.format(name=name, hub=hub))
        data = DataFile.parse(hub)
        return _with_hub(known_name(name) or name, data, folder, mixed=bool(known and known.mixed))
    if known:
        return replace(_with_hub(known_name(name), known.file, folder, mixed=known.mixed), paper=known.paper)
    if file.suffix.lower() == ".toml":
        return _from_toml(file, folder)
    if file.suffix.lower() in SUFFIXES:
        return _Recipe(file.stem, file, paper=_paper(file.stem))
    raise EvaluationError(_UNKNOWN.format(name=name, names=", ".join((*generated.TASKS, *DATA_SETS))))


def _with_hub(name: str, data: DataFile, folder: Path, mixed: bool = False) -> _Recipe:
    place = data.place(folder)
    if place.suffix.lower() not in SUFFIXES:
        raise EvaluationError(_NO_SUFFIX.format(file=data, suffixes=", ".join(SUFFIXES)))
    return _Recipe(name, place, data, mixed=mixed)


def _from_toml(file: Path, folder: Path) -> _Recipe:
    def text(name: str) -> str:
        value = values.get(name, "")
        if not isinstance(value, str):
            raise _bad(file, _NO_WORDS.format(name=name))
        return value

    try:
        values = tomllib.loads(read_text(file, LARGEST_TOML))
    except (ValueError, RecursionError) as error:  # of TOML, or of a number of thousands of digits
        raise _bad(file, Both.of(str(error))) from None
    data, hub, prompt = text("file"), text("from"), text("prompt")
    if bool(data) == bool(hub):
        raise _bad(file, _NO_DATA)
    if prompt and "{question}" not in prompt:
        raise _bad(file, _NO_FIELD)
    name = text("name") or file.stem
    recipe = _with_hub(name, DataFile.parse(hub), folder) if hub else _Recipe(name, file.parent / data)
    if data and (re.search(r"[/\\:\0]", data) or data in (".", "..") or recipe.file.is_symlink()):
        raise _bad(file, _NOT_BESIDE)  # it may come from others, and what it names is sent to a model
    if recipe.file.suffix.lower() not in SUFFIXES:
        raise _bad(file, _NO_SUFFIX_HERE.format(suffixes=", ".join(SUFFIXES)))
    return replace(recipe, prompt=prompt, columns=_columns(file, values.get("columns", {})), paper=text("paper"))


def _columns(file: Path, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(column, str) for column in value.values()):
        raise _bad(file, _NO_COLUMNS)
    if unknown := [name for name in value if name.lower() not in FIELDS]:
        raise _bad(file, _NO_SUCH_FIELD.format(name=unknown[0], names=", ".join(FIELDS)))
    return {name.lower(): column.strip().lower() for name, column in value.items()}


def _bad(file: Path, reason: Both) -> EvaluationError:
    return EvaluationError(_BAD_TOML.format(file=file, reason=reason))


def _read(recipe: _Recipe) -> list[tuple[Problem, str]]:
    """The problems, and what each asks without a directive."""
    pairs: list[tuple[Problem, str]] = []
    ids: set[str] = set()  # by which a run tells what is done
    began = time.monotonic()
    for line, row in read_rows(recipe.file):
        if time.monotonic() - began > _PATIENCE:
            raise EvaluationError(_TOO_SLOW.format(file=recipe.file, count=len(pairs), seconds=_PATIENCE))
        try:
            fields = _renamed(row, recipe.columns) if recipe.columns else row
            problem, text = read_problem(fields, len(pairs) + 1, recipe.prompt)
            if problem.id in ids:
                raise EvaluationError(_SAME_ID.format(id=problem.id))
            ids.add(problem.id)
            pairs.append((problem, text))
        except EvaluationError as error:
            raise bad_row(recipe.file, line, error.text) from None
    if not pairs:
        raise EvaluationError(_EMPTY.format(file=recipe.file))
    return pairs


def _renamed(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """The row with the columns that were named, and nothing else."""
    if absent := [column for column in columns.values() if column not in row]:
        raise EvaluationError(_NO_COLUMN.format(column=absent[0], columns=column_names(row)))
    return {name: row[column] for name, column in columns.items()}


def _paper(name: str) -> str:
    """The column of the paper's table that a file of this name holds; "" where there is none."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return next((column for column, names in _PAPER.items() if any(part in plain for part in names)), "")


_PAPER = {"aime_2024": ("aime24", "aime2024"), "math_500": ("math500",), "gpqa_diamond": ("gpqadiamond",)}

_UNKNOWN = Both(
    "There is no task “{name}”. Give a file (.toml, .jsonl, .json, .csv or .parquet), or one of: {names}.",
    "没有名为“{name}”的任务。请给出文件（.toml、.jsonl、.json、.csv 或 .parquet），或以下之一：{names}。",
)
_NOT_HERE = Both(
    "{name} is not on this computer yet. `r1chat eval fetch {name}{where}` fetches {source} from the hub; or give a "
    "file that you have.",
    "本机上还没有 {name}。`r1chat eval fetch {name}{where}` 会从站点获取 {source}；也可以给出你已有的文件。",
)
_TWO_SOURCES = Both(
    "{name} has its own problems: leave out --from {hub}, or choose another name for what comes from there.",
    "{name} 已有自己的题目：请去掉 --from {hub}，或为从那里获取的题目另起名字。",
)
_NO_SUFFIX = Both(
    "{file} is no file of problems. Choose one that ends in {suffixes}.",
    "{file} 不是题目文件。请选择以 {suffixes} 结尾的文件。",
)
_NOT_BESIDE = Both(
    "`file` is the name of a file in the folder of the TOML file, without a path and no link",
    "`file` 须是 TOML 文件所在文件夹中的文件名，不含路径，也不能是链接",
)
_NO_PART = Both(
    "{split} is no split. There are train, dev and test.", "没有“{split}”这个划分。可用：train、dev 和 test。"
)
_BAD_TOML = Both("{file} is no task: {reason}.", "{file} 不是任务文件：{reason}。")
_NO_WORDS = Both("“{name}” is no text", "“{name}”不是文本")
_NO_DATA = Both(
    'it needs one line such as file = "sums.jsonl" or from = "OWNER/NAME:FILE"',
    '需要一行，例如 file = "sums.jsonl" 或 from = "OWNER/NAME:FILE"',
)
_NO_FIELD = Both("its prompt needs the field {{question}}", "prompt 中需要字段 {{question}}").format()
_NO_SUFFIX_HERE = Both("its file must end in {suffixes}", "它的文件必须以 {suffixes} 结尾")
_NO_COLUMNS = Both('“columns” is no table such as question = "query"', '“columns”不是形如 question = "query" 的表')
_NO_SUCH_FIELD = Both(
    "there is no field “{name}” for a column; there are {names}", "没有可对应列的字段“{name}”；可用：{names}"
)
_TOO_SLOW = Both(
    "{file} takes too long to read: {count:,} problems after {seconds:.0f} s. Use simpler patterns or tests.",
    "读取 {file} 太慢：{seconds:.0f} 秒后只得到 {count:,} 道题。请使用更简单的正则表达式或测试。",
)
_NO_COLUMN = Both("there is no column “{column}”, only {columns}", "没有列“{column}”，只有 {columns}")
_SAME_ID = Both("another row has the id “{id}”, too", "另一行也使用了编号“{id}”")
_EMPTY = Both("{file} holds no problem.", "{file} 里没有题目。")

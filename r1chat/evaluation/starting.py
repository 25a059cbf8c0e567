"""A run in a process of its own, begun by the page.

It continues when the page is closed; its folder tells how far it is.
"""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from r1chat import detached
from r1chat.backends.catalogue import Catalogue
from r1chat.both import Both
from r1chat.config import Settings
from r1chat.errors import EvaluationError
from r1chat.evaluation.generated import TASKS
from r1chat.evaluation.listing import FOLDER, Evaluations
from r1chat.evaluation.loading import DATA_FOLDER, load_task
from r1chat.evaluation.problems import Task, TaskOrigin
from r1chat.evaluation.record import read_specification
from r1chat.evaluation.run import Run, RunSettings
from r1chat.evaluation.running import claim

OUTPUT = "output.txt"  # in the run's folder: what the process prints
_LONGEST_NAME = 200
MOST_PROBLEMS = 20_000  # of a file
MOST_MADE_UP = 1_000  # they are drawn while the page waits
_PASSED = (  # settings by which the process finds the same models as the page
    *("find_models", "ollama", "ollama_host", "base_url", "context", "gpu_layers", "threads", "keep_alive"),
)
_starting = threading.Lock()  # two clicks at the same moment


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asks for on the page. `model` is a key; `budget` None: thoughts as long as they are."""

    task: str
    model: str
    count: int = 50
    k: int = 1
    budget: int | None = None
    run_code: bool = False


def begin(settings: Settings, catalogue: Catalogue, order: Order) -> Path:
    """Begin a run, or go on with the same one; its folder.

    Raises EvaluationError for an order that makes no sense, for code problems where `run_code` is not set, and while
    another run is worked on; BackendError for a model that is not there.
    """
    most = MOST_MADE_UP if order.task in TASKS else MOST_PROBLEMS
    if not 1 <= order.count <= most:
        raise EvaluationError(_BAD_COUNT.format(most=most, count=order.count))
    task = load_task(order.task, count=order.count, folder=settings.data_dir / DATA_FOLDER)
    _check_code(task, order.run_code)
    sampling = tuple(sorted((name, value) for name, value in settings.preferred_sampling.items() if name != "seed"))
    run_settings = RunSettings(
        order.model, order.k, 0, sampling, thinking=settings.thinking, system=settings.system, budget=order.budget
    )
    with _starting:
        _check_free(settings)
        folder = _folder(settings.data_dir / FOLDER, task, run_settings, catalogue)
        _start(settings, folder, order.run_code)
    return folder


def _folder(parent: Path, task: Task, settings: RunSettings, catalogue: Catalogue) -> Path:
    """The folder of this very run, or a new one. Raises EvaluationError, BackendError."""
    name, number = name_of(task, settings), 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        is_new = not folder.exists()
        try:
            return Run(folder, task, settings, catalogue).folder
        except EvaluationError:  # another run has that name, or this one makes no sense
            if is_new:
                raise
        number += 1


def resume(settings: Settings, folder: Path, run_code: bool) -> None:
    """Go on with a run. Raises EvaluationError as `begin` does, and where nobody noted how its task is loaded."""
    task = load_again(folder)
    _check_code(task, run_code)
    with _starting:
        _check_free(settings)
        _start(settings, folder, run_code)


def name_of(task: Task, settings: RunSettings) -> str:
    """The name of a run's folder where the person gives none: `_LONGEST_NAME` bytes, so that a number may follow."""
    budget = "" if settings.budget is None else f"-b{settings.budget}"
    model = settings.model.partition(":")[2]
    end = f"-k{settings.k}{budget}"
    name = re.sub(r"[^\w.-]+", "-", f"{task.name}-{model}").encode()[: _LONGEST_NAME - len(end)].decode(errors="ignore")
    return name.strip("-.") + end


def load_again(folder: Path) -> Task:
    """The task of a run. Raises EvaluationError where it cannot be loaded any more."""
    try:
        values = TaskOrigin(**read_specification(folder).get("asked") or {})
    except TypeError:
        raise EvaluationError(_NO_ORIGIN.format(name=folder.name)) from None
    return load_task(**asdict(values))


def settings_of(folder: Path) -> RunSettings:
    """What a run asks of its model. Raises EvaluationError."""
    values = read_specification(folder)
    known = {name: values[name] for name in RunSettings.__slots__ if name in values}
    try:
        return RunSettings(**{**known, "sampling": tuple((name, value) for name, value in known["sampling"])})
    except (TypeError, ValueError, KeyError):
        raise EvaluationError(_NO_ORIGIN.format(name=folder.name)) from None


def _check_code(task: Task, run_code: bool) -> None:
    if task.code and not run_code:
        raise EvaluationError(_MAY_RUN.format(task=task.name))


def _check_free(settings: Settings) -> None:
    if name := Evaluations(settings.data_dir).running():
        raise EvaluationError(_BUSY.format(name=name))


def _start(settings: Settings, folder: Path, run_code: bool) -> None:
    values = {name: getattr(settings, name) for name in _PASSED if name in settings.model_fields_set}
    passed = {f"R1CHAT_{name.upper()}": str(value) for name, value in values.items() if value is not None}
    if key := settings.api_key.get_secret_value():
        passed["R1CHAT_API_KEY"] = key
    arguments = ["eval", "resume", folder.name, *(["--run-code"] if run_code else [])]
    try:
        owner = detached.begin(arguments, settings, folder / OUTPUT, passed)
    except OSError as error:
        raise EvaluationError(_NO_PROCESS.format(reason=error.strerror)) from None
    claim(folder, owner)  # from now on the run lives, though its process is still loading


_BAD_COUNT = Both(
    "{count} is no number of problems. Give one from 1 to {most:,}.",
    "{count} 不是题目数量。请给出 1 到 {most:,} 的数。",
)
_MAY_RUN = Both(
    "{task} asks for programs. To judge them, what the model writes is run on this computer, confined as far as the "
    "system allows. Tick “Run what the model writes” if you want that.",
    "{task} 要求编写程序。评判时会在本机运行模型写的程序，并在系统允许的范围内加以限制。"
    "如果同意，请勾选“运行模型写的程序”。",
)
_BUSY = Both(
    "{name} is being measured. Stop it first, or wait until it is done.", "正在测量 {name}。请先停止它，或等它完成。"
)
_NO_ORIGIN = Both(
    "Nobody noted how the task of {name} is loaded. Go on with the same command by which it was begun.",
    "没有记录 {name} 的任务来源。请用开始它的同一条命令继续。",
)
_NO_PROCESS = Both("No process could be started ({reason}). Try again.", "无法启动进程（{reason}）。请重试。")

"""The folders of training runs: what was asked for, how far a run is, and that there is one at a time.

A run's folder holds `wish.json` (what was asked for), `status.json` (how far it is), `log.jsonl` (a line for each
step and each look at what was set apart), its data, a checkpoint while it runs, and in the end the adapter. Whoever
watches a run reads these files; the process that trains is the only one that writes them, but for `cancel` and `pause`,
which ask it to stop.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from r1chat.both import Both
from r1chat.detached import is_locked
from r1chat.errors import ExportError, PathError, TrainingError
from r1chat.files import make_folder, read_json, read_text, replacing, require_no_links, sweep
from r1chat.store.erasures import Erasures
from r1chat.store.reply_owner import current_owner, is_alive

WISH, STATUS, LOG, LOCK = "wish.json", "status.json", "log.jsonl", ".running"
_NUMBERS = ".numbers.json"  # the last number that was given to a run, by the name before it
_HELD = ".training.lock"  # locked while a process trains: the system unlocks it when that dies, in whatever way
_GLANCE = 0.5  # seconds to wait for it, since `holder` may hold it for a moment
_LOADING = 60.0  # seconds until a process that was named has locked it
_LONGEST_LOG = 20_000_000  # bytes
CANCEL, PAUSE = "cancel", "pause"
TrainingKind = Literal["prefer", "sft", "kto", "grpo"]
KINDS: tuple[TrainingKind, ...] = get_args(TrainingKind)
RunState = Literal[
    "preparing", "training", "proving", "done", "stopped", "paused", "cancelled", "failed", "interrupted"
]
UNFINISHED: tuple[RunState, ...] = ("interrupted", "paused", "cancelled", "failed")  # a run that can go on


@dataclass(frozen=True, slots=True)
class RunWish:
    """What is asked of a run. `model` is a key; `data` a file in place of the store's judgements; 0: as suits."""

    kind: TrainingKind
    model: str
    data: str = ""
    rate: float = 0.0
    epochs: float = 0.0
    seed: int = 0
    threads: int = 1
    every_model: bool = False  # judgements of other models, too
    weights: str = ""  # the original weights, where the model's file cannot be trained, see `base.read_base`
    samples: int = 0  # replies to each question with a right answer in the proof
    device: str = "auto"  # see `training.device`
    trials: int = 1  # of prefer, sft, kto: runs from the same start at different rates, of which the best is kept
    limit: int = 0  # of grpo: tokens of a sample
    longest: int = 0  # tokens of the rows that are taken, see `gather.fitting`
    by: str = ""  # of kto: the aspects whose marks are the labels, see `aspects.weights`; "": the thumbs


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is. Seconds and bytes; 0 where it is not known yet. `why`: the end in a sentence, (en, zh)."""

    state: RunState = "preparing"
    why: tuple[str, str] = ("", "")
    began: str = ""
    ended: str = ""
    rows: int = 0
    held: int = 0
    step: int = 0
    steps: int = 0
    left: float = 0.0
    memory: int = 0
    rate: float = 0.0
    base: dict[str, Any] = field(default_factory=dict)  # name, title, sha256, path
    data: str = ""  # SHA-256 of the rows
    proof: dict[str, Any] = field(default_factory=dict)
    trials: list[Any] = field(default_factory=list)  # those that have ended, see `trials.read_trials`

    @property
    def sentence(self) -> Both:
        return Both(*self.why)

    @classmethod
    def read(cls, values: Any) -> RunStatus:
        """The status that an object of JSON holds; other keys count for nothing. Raises TypeError, ValueError."""
        known = cls()
        if not isinstance(values, dict):
            raise TypeError("no object")
        arguments = {name: values[name] for name in asdict(known) if name in values}
        arguments["why"] = tuple(str(part) for part in arguments.get("why", known.why))
        if len(arguments["why"]) != len(known.why) or arguments.get("state", known.state) not in get_args(RunState):
            raise ValueError("no state with a sentence in both languages")
        for name, value in arguments.items():
            default = getattr(known, name)
            kinds = (int, float) if isinstance(default, (int, float)) else type(default)
            if not isinstance(value, kinds) or (isinstance(default, (int, float)) and not abs(value) < 1 << 53):
                raise TypeError(name)
        json.dumps(arguments, ensure_ascii=False).encode()  # half a surrogate cannot be shown
        return cls(**arguments)


def _is_entry(figures: Any) -> bool:
    """Whether these are the figures of one step, as a log has them."""
    if not isinstance(figures, dict) or not isinstance(figures["step"], int):
        return False
    return all(isinstance(value, (int, float)) and not abs(value) >= 1 << 53 for value in figures.values())


class TrainingRun:
    """A run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def adapter(self) -> Path:
        """The adapter's file, which is there in the end."""
        return self.folder / "adapter.gguf"

    @property
    def wish(self) -> RunWish:
        """What was asked for. Raises TrainingError where that cannot be read."""
        try:
            return RunWish(**read_json(self.folder / WISH))
        except (OSError, ValueError, TypeError):
            raise TrainingError(_UNREADABLE.format(name=self.name)) from None

    @property
    def status(self) -> RunStatus:
        """How far it is; `interrupted` where the process that made it has died."""
        try:
            status = RunStatus.read(read_json(self.folder / STATUS))
        except (OSError, ValueError, TypeError):
            status = RunStatus()
        if status.state in ("preparing", "training", "proving") and not self.alive:
            return replace(status, state="interrupted", why=(_INTERRUPTED.en, _INTERRUPTED.zh))
        return status

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return holder(self.folder.parent) == self.name

    def write(self, status: RunStatus) -> None:
        """Raises ExportError where the disk is full."""
        with replacing(self.folder / STATUS) as file:
            file.write(json.dumps(asdict(status), ensure_ascii=False).encode())

    def note(self, line: dict[str, Any]) -> None:
        """Add a line to the log, as far as the disk has room."""
        with suppress(OSError), (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def log(self) -> list[dict[str, Any]]:
        """All lines of the log that are whole. A run that goes on after a kill repeats steps: the last line counts."""
        try:
            lines = read_text(self.folder / LOG, _LONGEST_LOG).splitlines()
        except (OSError, ValueError):
            return []
        by_step: dict[tuple[int, bool, int], dict[str, Any]] = {}
        for text in lines:
            with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                line = json.loads(text)
                is_look = "look" in line
                figures, trial = line["look"] if is_look else line, line.get("trial", 0)
                if _is_entry(figures) and isinstance(trial, int):
                    by_step[trial, is_look, figures["step"]] = line
        return [by_step[key] for key in sorted(by_step)]

    @property
    def checkpoints(self) -> list[Path]:
        """What it can go on from: a file, or one of each trial."""
        return [*self.folder.glob("checkpoint.pt"), *self.folder.glob("trial-*/checkpoint.pt")]

    def drop_checkpoints(self) -> None:
        """Let it begin anew."""
        for file in self.checkpoints:
            file.unlink(missing_ok=True)

    def drop_data(self) -> None:
        """Remove its data, which the next try gathers anew."""
        for file in (*self.folder.glob("data.*"), *self.folder.glob("answers.*")):
            file.unlink(missing_ok=True)
        sweep(self.folder, older=0.0)

    def cancel(self) -> None:
        """Ask its process to stop; it does so after the step that it computes."""
        with suppress(OSError):
            (self.folder / CANCEL).touch()

    def pause(self) -> None:
        """Ask its process to end after the step that it computes, with a checkpoint from which the run goes on."""
        with suppress(OSError):
            (self.folder / PAUSE).touch()

    @property
    def is_cancelled(self) -> bool:
        return (self.folder / CANCEL).exists()

    @property
    def is_stopping(self) -> bool:
        """Whether its process was asked to stop, for good or for now."""
        return self.is_cancelled or (self.folder / PAUSE).exists()

    def delete(self) -> None:
        """Remove the folder. Raises TrainingError while it runs."""
        if self.alive:
            raise TrainingError(_RUNS.format(name=self.name))
        shutil.rmtree(self.folder, ignore_errors=True)


class Runs:
    """All runs of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "learning"
        self.erasures = Erasures(data_dir)

    def all(self) -> list[TrainingRun]:
        """Newest first."""
        folders = [wish.parent for wish in self.folder.glob(f"*/{WISH}")]
        return [
            TrainingRun(folder) for folder in sorted(folders, key=lambda folder: folder.stat().st_ctime, reverse=True)
        ]

    def get(self, name: str) -> TrainingRun:
        """Raises TrainingError for a name that no run has."""
        run = TrainingRun(self.folder / checked_name(name))
        if not (run.folder / WISH).exists():
            raise TrainingError(_NO_RUN.format(name=name))
        _require_no_links(run)
        return run

    @property
    def current(self) -> TrainingRun | None:
        """The run whose process lives."""
        name = holder(self.folder)
        return TrainingRun(self.folder / name) if name else None

    def begin(self, wish: RunWish, name: str = "") -> TrainingRun:
        """The folder of a new run, or of one that the same wish began and that did not come to its end.

        Raises TrainingError where that name is taken by another wish, or where no folder can be made.
        """
        with _worded():
            make_folder(self.folder)
            self.folder.chmod(0o700)  # what people wrote lies in it, also where the data folder is open to others
        run = TrainingRun(self.folder / (checked_name(name) if name else self._free_name(wish)))
        _require_no_links(run)
        if (run.folder / WISH).exists():
            if run.wish != wish or run.status.state in ("done", "stopped"):
                raise TrainingError(_TAKEN.format(name=run.name))
            for request in (CANCEL, PAUSE):
                (run.folder / request).unlink(missing_ok=True)
            return run
        with _worded():
            make_folder(run.folder)
        with _worded(), replacing(run.folder / WISH) as file:
            file.write(json.dumps(asdict(wish), ensure_ascii=False).encode())
        return run

    def _free_name(self, wish: RunWish) -> str:
        """The name of an unfinished run of the same wish, or one that no run has had."""
        for run in self.all():
            with suppress(TrainingError):
                if run.wish == wish and run.status.state in UNFINISHED and not run.alive:
                    return run.name
        model = re.sub(r"[^\w.-]+", "-", wish.model.partition(":")[2]).strip("-.")[:40] or "model"
        stem, numbers = f"{model}-{wish.kind}", self._numbers()
        there = [folder.name.removeprefix(f"{stem}-") for folder in self.folder.glob(f"{stem}-*")]
        number = 1 + max([numbers.get(stem, 0), *(int(text) for text in there if re.fullmatch("[0-9]{1,9}", text))])
        with _worded(), replacing(self.folder / _NUMBERS) as file:
            file.write(json.dumps({**numbers, stem: number}).encode())
        return f"{stem}-{number}"

    def _numbers(self) -> dict[str, int]:
        """The last number that was given to a run, by the name before it: none is given again to another one."""
        try:
            values = read_json(self.folder / _NUMBERS)
        except (OSError, ValueError):
            return {}
        entries = values.items() if isinstance(values, dict) else ()
        return {stem: number for stem, number in entries if isinstance(number, int) and 0 < number < 1 << 53}


def _require_no_links(run: TrainingRun) -> None:
    """Raise TrainingError for a folder with links, through which a run would write."""
    try:
        require_no_links(run.folder)
    except PathError as error:
        raise TrainingError(error.text) from None


@contextmanager
def only_one(run: TrainingRun) -> Iterator[None]:
    """Hold the place of the one run that may train. Raises TrainingError where another one holds it."""
    claim(run, current_owner())
    lock = FileLock(run.folder.parent / _HELD)
    try:
        lock.acquire(timeout=_GLANCE)
    except Timeout:
        raise TrainingError(_BUSY.format(name=run.name)) from None
    try:
        yield
    finally:
        (run.folder.parent / LOCK).unlink(missing_ok=True)
        lock.release()


def check_free(run: TrainingRun) -> None:
    """Raises TrainingError while the process of a run lives, this one or another."""
    if other := holder(run.folder.parent):
        raise TrainingError(_BUSY.format(name=other))


def claim(run: TrainingRun, owner: str) -> None:
    """Give a process the place of the one that may train. Raises TrainingError where another one has it."""
    folder = run.folder.parent
    with FileLock(folder / f"{LOCK}.lock"):  # for this moment; another process may look at the same time
        if (holder(folder), _owner(folder)) != (run.name, owner):
            check_free(run)
        (folder / LOCK).write_text(json.dumps({"owner": owner, "run": run.name}), encoding="utf-8")


def _claimed(lock: Path) -> tuple[str, str] | None:
    """The name of the run that a lock is for, and the process that owns it; None where that cannot be read."""
    try:
        values = read_json(lock)
        return str(values["run"]), str(values["owner"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _owner(folder: Path) -> str:
    claimed = _claimed(folder / LOCK)
    return claimed[1] if claimed else ""


def holder(folder: Path) -> str:
    """The name of the run whose process lives; "" where there is none."""
    claimed = _claimed(folder / LOCK)
    if claimed is None:
        return ""
    alive = is_alive(claimed[1])
    if alive is None:  # the computer may have another name since then
        alive = _is_held(folder)
    return claimed[0] if alive else ""


def _is_held(folder: Path) -> bool:
    """Whether a process trains; for where nobody can tell whether the one that was named lives."""
    with suppress(OSError):
        if abs(time.time() - (folder / LOCK).stat().st_mtime) < _LOADING:
            return True
    return is_locked(folder / _HELD)


def checked_name(name: str) -> str:
    """A name that can be a file's. Raises TrainingError."""
    plain = re.fullmatch(r"[\w][\w .()-]{0,79}", name) and len(name.encode()) <= 200
    if not plain or name != name.strip() or name.endswith("."):
        raise TrainingError(_BAD_NAME.format(name=name))
    return name


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _worded() -> Iterator[None]:
    """A full disk, as an error of training."""
    try:
        yield
    except ExportError as error:
        raise TrainingError(error.text) from None


_UNREADABLE = Both(
    "The run {name} cannot be read. Delete it, and train again.", "无法读取训练 {name}。请删除后重新训练。"
)
_INTERRUPTED = Both(
    "Its process ended before it was done. Train again with the same settings: it goes on where it was, or begins anew "
    "if the judgements have changed.",
    "训练进程在完成前结束。请用相同设置重新训练：会从中断处继续；如果评价有变，则从头开始。",
)
_RUNS = Both("{name} is being trained. Cancel it first.", "{name} 正在训练。请先取消。")
_NO_RUN = Both(
    "There is no run {name}. `r1chat adapters` lists them.", "没有名为 {name} 的训练。用 `r1chat adapters` 查看。"
)
_TAKEN = Both(
    "There is a run {name} already, with other settings or come to its end. Give this one another name with --name.",
    "已有名为 {name} 的训练，设置不同或已结束。请用 --name 另起名字。",
)
_BUSY = Both(
    "{name} is being trained. Wait until it is done, or cancel it: two runs at once would take each other's memory.",
    "{name} 正在训练。请等它完成，或取消它：同时进行两次训练会互相争用内存。",
)
_BAD_NAME = Both(
    "“{name}” cannot be a name. Use up to 80 letters, digits, spaces, dots, dashes and brackets.",
    "“{name}”不能作名字。请用不超过 80 个字母、数字、空格、点、短横线和括号。",
)

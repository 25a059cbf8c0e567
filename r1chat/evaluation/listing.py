"""What lies in the folder of evaluations: runs and curves, how far each is, and what it found; for the page.

Figures are computed once for each state of a run's file, since the bootstrap takes some tenths of a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from r1chat.both import Both
from r1chat.errors import EvaluationError, R1ChatError
from r1chat.evaluation.curve import Point, read_points
from r1chat.evaluation.judging import is_of_today, renew
from r1chat.evaluation.measures import Measures, Paired, Solved, compare_runs, measure, pass_at
from r1chat.evaluation.record import DONE, SPECIFICATION, read_failure, read_solved, read_specification
from r1chat.evaluation.running import is_running
from r1chat.unicode import clean

FOLDER = "evaluations"  # in the data folder
CURVE = "curve.json"
PACE = 20  # problems by which the time left is told: long ones and short ones, and what else the computer does now


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it lies in its folder.

    `asked`: its `run.json`. `share`: pass@1 so far, nan where nothing is judged. `failure`: the error that ended it.
    `left`: about how many seconds the problems that are not done take, by the pace of the last ones; 0 if not known.
    """

    folder: Path
    asked: Mapping[str, Any]
    done: int
    share: float
    running: bool
    failure: Both | None = None
    left: float = 0.0

    @property
    def name(self) -> str:
        """The name of its folder, with U+FFFD for what is not UTF-8 in it."""
        return clean(self.folder.name)

    @property
    def problems(self) -> int:
        return int(self.asked["problems"])

    @property
    def complete(self) -> bool:
        return self.done >= self.problems

    @property
    def began(self) -> datetime:
        """When it was begun, in UTC."""
        with suppress(ValueError, TypeError):
            began = datetime.fromisoformat(self.asked["began"]) if "began" in self.asked else None
            if began is not None and began.tzinfo is not None and MINYEAR + 1 < began.year < MAXYEAR - 1:
                return began
        return datetime.fromtimestamp((self.folder / SPECIFICATION).stat().st_mtime, UTC)  # of an older version

    @property
    def temperature(self) -> float | None:
        """What it is sampled with; None where an older version did not note it."""
        value = dict(self.asked["sampling"]).get("temperature", self.asked.get("recommended", {}).get("temperature"))
        return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve as it lies in its folder. `points` are empty while its runs are made."""

    name: str
    points: Sequence[Point]
    task: str
    model: str
    running: bool


class Evaluations:
    """The evaluations of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / FOLDER

    def all(self) -> list[StoredRun]:
        """All runs, newest first. What cannot be read is left out."""
        runs = []
        for file in self.folder.glob(f"*/{SPECIFICATION}"):
            with suppress(EvaluationError, OSError):
                runs.append(self._read(file.parent))
        return sorted(runs, key=lambda run: (run.began, run.name), reverse=True)

    def get(self, name: str) -> StoredRun:
        """A run by its name. Raises EvaluationError where there is none, or it cannot be read."""
        files = self.folder.glob(f"*/{SPECIFICATION}")
        folder = next((file.parent for file in files if clean(file.parent.name) == name), None)
        if folder is None:
            raise EvaluationError(_NO_RUN.format(name=name))
        try:
            return self._read(folder)
        except OSError:
            raise EvaluationError(_NO_RUN.format(name=name)) from None

    def _read(self, folder: Path) -> StoredRun:
        specification = sound_specification(folder)
        done = self.solved(folder)
        shares = [share for outcome in done if not math.isnan(share := pass_at(1, outcome))]
        share = sum(shares) / len(shares) if shares else math.nan
        left = seconds_left(done, int(specification["problems"]))
        return StoredRun(folder, specification, len(done), share, is_running(folder), read_failure(folder), left)

    def solved(self, folder: Path) -> tuple[Solved, ...]:
        """What a run has done so far."""
        return _solved(folder, *_state(folder))

    def renew(self, runs: Sequence[StoredRun]) -> bool:
        """Judge anew those that other rules judged, where that can be; whether there were any."""
        renewed = False
        for run in runs:
            with suppress(R1ChatError, OSError):
                renewed |= bool(run.done) and renew(run.folder)
        return renewed

    def measures(self, run: StoredRun) -> Measures:
        """The figures of a run so far."""
        return _measures(run.folder, *_state(run.folder))

    def paired(self, first: StoredRun, second: StoredRun) -> Paired | None:
        """The second run against the first, where both are of the same problems and judged by the rules of today.

        None where they are not.
        """
        same = first.asked["digest"] == second.asked["digest"]
        if not same or not is_of_today(first.folder) or not is_of_today(second.folder):
            return None
        return _paired(first.folder, _state(first.folder), second.folder, _state(second.folder))

    def running(self) -> str:
        """The name of a run or a curve on which a process works; "" where there is none."""
        for depth in ("*", "*/*"):
            for file in self.folder.glob(f"{depth}/{SPECIFICATION}"):
                if is_running(file.parent):
                    return clean(file.parent.relative_to(self.folder).parts[0])
        return ""

    def curves(self) -> list[Curve]:
        """The curves that are drawn, or whose runs are being made, newest first."""
        entries = []
        for folder in {file.parents[1] for file in self.folder.glob(f"*/*/{SPECIFICATION}")}:
            running = any(is_running(file.parent) for file in folder.glob(f"*/{SPECIFICATION}"))
            with suppress(EvaluationError, OSError):
                specification = read_specification(next(folder.glob(f"*/{SPECIFICATION}")).parent)
                points = read_points(folder / CURVE) if (folder / CURVE).exists() else []
                if points or running:
                    curve = Curve(
                        clean(folder.name),
                        points,
                        str(specification.get("task")),
                        str(specification.get("title")),
                        running,
                    )
                    entries.append((folder.stat().st_mtime, curve))
        return [curve for _, curve in sorted(entries, key=lambda entry: (entry[0], entry[1].name), reverse=True)]


def seconds_left(done: Sequence[Solved], problems: int) -> float:
    """About how many seconds the rest of so many problems takes: at the mean pace of the last `PACE` that are done.

    0 where that is not known: nothing is done yet, or an older version noted no times.
    """
    times = [outcome.seconds for outcome in done[-PACE:] if outcome.seconds > 0]
    return (problems - len(done)) * sum(times) / len(times) if times else 0.0


def sound_specification(folder: Path) -> dict[str, Any]:
    """What was asked of a run, whose fields are what they should be. Raises EvaluationError."""
    specification = read_specification(folder)
    kinds: Mapping[str, type | tuple[type, ...]] = {
        **dict.fromkeys(("task", "title", "model", "digest", "source", "paper"), str),
        **dict.fromkeys(("problems", "k", "seed"), int),
        "budget": (int, type(None)),
        "sampling": list,
    }
    sound = all(isinstance(specification.get(field), kind) for field, kind in kinds.items())
    sound = sound and all(isinstance(pair, list) and len(pair) == 2 for pair in specification["sampling"])
    sound = sound and all(isinstance(pair[0], str) for pair in specification["sampling"])
    numbers = [value for value in _flat(specification) if isinstance(value, int | float)]
    sound = sound and all(abs(number) < 1 << 63 for number in numbers)  # nor "not a number"
    sound = sound and specification["problems"] > 0 and specification["k"] > 0
    if not sound or not isinstance(specification.get("recommended", {}), dict):
        raise EvaluationError(_NO_RUN.format(name=clean(folder.name)))
    return specification


def _flat(value: Any) -> Iterator[Any]:
    """What is in lists and objects."""
    parts = [value]
    while parts:  # as deep as JSON may be
        part = parts.pop()
        if isinstance(part, dict | list):
            parts += part.values() if isinstance(part, dict) else part
        else:
            yield part


def _state(folder: Path) -> tuple[int, int]:
    """Size and time of the file of what is done: it tells whether that has changed."""
    try:
        status = (folder / DONE).stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=200)
def _solved(folder: Path, size: int, changed: int) -> tuple[Solved, ...]:
    return tuple(read_solved(folder))


@lru_cache(maxsize=100)
def _measures(folder: Path, size: int, changed: int) -> Measures:
    return measure(_solved(folder, size, changed))


@lru_cache(maxsize=20)
def _paired(first: Path, first_state: tuple[int, int], second: Path, second_state: tuple[int, int]) -> Paired:
    return compare_runs(_solved(first, *first_state), _solved(second, *second_state))


_NO_RUN = Both(
    "There is no run “{name}” that could be read. Reload the page.", "没有可读取的运行“{name}”。请刷新页面。"
)

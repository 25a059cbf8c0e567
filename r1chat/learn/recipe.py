"""The stages of R1's recipe that a person had run by `r1chat train`: where they lie, and their curves. Without PyTorch.

A stage trains in a folder of the person's choice. The data folder's `recipe.json` lists these folders, the newest
first, so that the Learn page finds their logs; only `r1chat train` writes it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from r1chat.both import Both
from r1chat.errors import ExportError
from r1chat.files import named_path, read_json, read_text, replacing
from r1chat.training.outcome import verdict

FILE = "recipe.json"
LOG, SAMPLES, DEMO = "log.jsonl", "samples.jsonl", "demo.json"
StageName = Literal["cold-start", "reject", "grpo", "distill"]
STAGES: tuple[StageName, ...] = get_args(StageName)
MOST = 40  # folders that are remembered
LIVE = 300.0  # seconds since the log's last line within which a stage may still be going on
LARGEST = 1e15  # figure that a curve shows
LONGEST = 20_000_000  # bytes of a log that are read


@dataclass(frozen=True, slots=True)
class RecipeStage:
    """A stage that was run. `samples` and `kept`: of rejection sampling and distillation, what was written and kept.

    `tested`: the demo's share of right answers on the test split; None where nothing was measured.
    """

    name: StageName
    folder: Path
    log: Sequence[dict[str, float]]
    samples: int
    kept: int
    tested: float | None
    live: bool

    @property
    def title(self) -> str:
        """The folder's name; of a demo's stage also the demo's."""
        return self.folder.name if self.tested is None else f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def verdict(self) -> Both | None:
        """What reinforcement learning did, in words."""
        with suppress(KeyError):  # a log that was edited
            return verdict(self.log) if self.name == "grpo" else None
        return None

    def points(self, key: str) -> list[tuple[int, float]]:
        """The figure `key` by step. What a kill had repeated counts once."""
        curve: list[tuple[int, float]] = []
        for line in self.log:
            if key in line:
                step = int(line["step"])
                while curve and curve[-1][0] >= step:
                    curve.pop()
                curve.append((step, line[key]))
        return curve


def remember(data_dir: Path, name: StageName, folder: Path) -> None:
    """Note that a stage is run in a folder, as far as the data folder can be written to."""
    entry = {"stage": name, "folder": str(named_path(folder).resolve())}
    entries = [entry, *(known for known in _entries(data_dir) if known != entry)][:MOST]
    with suppress(OSError, ExportError, UnicodeError):
        data_dir.mkdir(parents=True, exist_ok=True)
        with replacing(data_dir / FILE) as file:
            file.write(json.dumps(entries, ensure_ascii=False, indent=1).encode())


def stages(data_dir: Path) -> list[RecipeStage]:
    """All stages whose folders still hold a log, the newest first."""
    all_stages = []
    for entry in _entries(data_dir):
        folder = Path(entry["folder"])
        log = _lines(folder / LOG)
        if log:
            name = next(known for known in STAGES if known == entry["stage"])
            sample_lines = [line for line in _objects(folder / SAMPLES) if isinstance(line.get("kept"), list)]
            all_stages.append(
                RecipeStage(
                    name,
                    folder,
                    log,
                    sum(int(line["samples"]) for line in sample_lines if _is_figure(line.get("samples"))),
                    sum(len(line["kept"]) for line in sample_lines),
                    _tested(folder),
                    _age(folder / LOG) < LIVE,
                )
            )
    return all_stages


def _entries(data_dir: Path) -> list[dict[str, str]]:
    try:
        values = read_json(data_dir / FILE)
    except (OSError, ValueError):
        return []
    entries = []
    for value in values if isinstance(values, list) else []:
        if isinstance(value, dict):
            name, folder = value.get("stage"), value.get("folder")
            if name in STAGES and isinstance(folder, str):
                entries.append({"stage": str(name), "folder": folder})
    return entries


def _lines(file: Path) -> list[dict[str, float]]:
    """The figures of a log, line by line; of those by task (`dev`) the mean."""
    lines = []
    for line in _objects(file):
        figures = {}
        for key, value in line.items():
            values = [
                figure for figure in (value.values() if isinstance(value, dict) else [value]) if _is_figure(figure)
            ]
            if values:
                figures[key] = sum(values) / len(values)
        if "step" in figures:
            lines.append(figures)
    return lines


def _is_figure(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < LARGEST


def _objects(file: Path) -> list[dict[str, Any]]:
    """The whole lines of a file of JSON objects; none where it is no file, or immense."""
    objects = []
    with suppress(OSError, ValueError):
        for text in read_text(file, LONGEST).splitlines():
            with suppress(ValueError, RecursionError):
                line = json.loads(text)
                if isinstance(line, dict):
                    objects.append(line)
    return objects


def _tested(folder: Path) -> float | None:
    """What `r1chat train demo` measured of this stage."""
    try:
        values = read_json(folder.parent / DEMO)["stages"]
        by_folder = {"cold" if name == "cold start" else name.replace(" ", "-"): it for name, it in values.items()}
        return float(by_folder[folder.name]["pass@1"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _age(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return float("inf")

"""What a run's folder says: what was asked for (`run.json`), what is done (`solved.jsonl`), and why it ended early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from r1chat.both import Both
from r1chat.config import RUN_FILE
from r1chat.errors import EvaluationError, PathError
from r1chat.evaluation.measures import Solved
from r1chat.files import read_json, require_no_links
from r1chat.unicode import cleaned

SPECIFICATION, DONE = RUN_FILE, "solved.jsonl"
DATABASE = "r1chat.db"  # with every sample
FAILURE = "failure.json"  # why the run ended before it was done, in both languages
_SOLVED = TypeAdapter(Solved)


def read_specification(folder: Path) -> dict[str, Any]:
    """What was asked of the run in a folder: its `run.json`.

    Raises EvaluationError where that cannot be read, and for a folder with links, through which a run would write.
    """
    try:
        require_no_links(folder)
    except PathError as error:
        raise EvaluationError(error.text) from None
    try:
        values = cleaned(read_json(folder / SPECIFICATION))
    except (OSError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise EvaluationError(_UNREADABLE.format(name=folder.name, file=SPECIFICATION))
    return values


def read_solved(folder: Path) -> list[Solved]:
    """What a run in a folder has done so far, without a last line that is not whole (yet).

    Raises EvaluationError where a whole line cannot be read.
    """
    try:
        lines = (folder / DONE).read_bytes().split(b"\n")
    except OSError:
        return []
    try:
        return [_SOLVED.validate_json(line) for line in lines[:-1]]
    except ValueError:
        raise EvaluationError(_UNREADABLE.format(name=folder.name, file=DONE)) from None


def read_failure(folder: Path) -> Both | None:
    """Why a run ended before it was done; None where it did not end by an error."""
    try:
        en, zh = read_json(folder / FAILURE)
        return Both(str(en), str(zh))
    except (OSError, ValueError, TypeError):
        return None


def drop_cut_line(file: Path) -> None:
    """Remove a last line that a kill cut off: its problem is asked again. Only for the process that holds the lock."""
    try:
        data = file.read_bytes()
    except OSError:
        return
    if data and not data.endswith(b"\n"):
        with file.open("rb+") as stream:
            stream.truncate(data.rfind(b"\n") + 1)


def runs(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The runs below a folder, the oldest first, with what was asked for. One that cannot be read is left out."""
    entries = []
    for file in folder.glob(f"*/{SPECIFICATION}"):
        with suppress(EvaluationError, OSError):
            entries.append((file.stat().st_mtime, file.parent, read_specification(file.parent)))
    for _, place, specification in sorted(entries, key=lambda entry: entry[:2]):
        yield place, specification


_UNREADABLE = Both(
    "The run {name} cannot be read: its {file} is damaged. Restore a copy of its folder, or delete it.",
    "无法读取运行 {name}：其中的 {file} 已损坏。请恢复该文件夹的副本，或将其删除。",
)

"""What was erased for good leaves the folders of runs, too."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from r1chat.errors import R1ChatError
from r1chat.files import replacing
from r1chat.learn.runs import Runs, TrainingRun
from r1chat.learn.starting import OUTPUT
from r1chat.store import Store

log = logging.getLogger(__name__)
DATA = ("data.jsonl", "data.test.jsonl", "answers.jsonl")


def forget_erased(store: Store, runs: Runs) -> None:
    """Take the rows of conversations that the store no longer has out of every run that was made from it.

    A run that has lost rows loses its answers before and after and what it printed, which may repeat them; figures and
    adapter stay.
    """
    for run in runs.all():
        with suppress(R1ChatError, OSError):  # a full disk, a busy database: at the next start
            if not run.alive and not run.wish.data:
                _forget(store, run)


def _forget(store: Store, run: TrainingRun) -> None:
    rows = {file: _rows(file) for name in DATA if (file := run.folder / name).exists()}
    erased = store.erased({conversation for lines in rows.values() for _, conversation in lines if conversation})
    if not erased:
        return
    for file, lines in rows.items():
        with replacing(file) as stream:
            stream.writelines(line for line, conversation in lines if conversation not in erased)
    (run.folder / OUTPUT).unlink(missing_ok=True)
    run.write(replace(run.status, proof={**run.status.proof, "examples": []} if run.status.proof else {}))
    log.info("run %s: what was erased was taken out of its data", run.name)


def _rows(file: Path) -> list[tuple[bytes, str]]:
    """The lines of a file, each with the id of its conversation; "" where it names none."""
    rows = []
    for line in file.read_bytes().splitlines(keepends=True):
        conversation = ""
        with suppress(ValueError, AttributeError, RecursionError):
            conversation = str(json.loads(line).get("conversation", ""))
        rows.append((line, conversation))
    return rows

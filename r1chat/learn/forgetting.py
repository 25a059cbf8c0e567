"""What was deleted is erased for good in time, and leaves the folders of runs, too."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from r1chat.app import App
from r1chat.both import Both
from r1chat.errors import R1ChatError
from r1chat.files import DAY, replacing, sweep
from r1chat.learn.runs import UNFINISHED, Runs, TrainingRun
from r1chat.learn.starting import OUTPUT
from r1chat.store import Store

log = logging.getLogger(__name__)
_MINUTE = 60.0  # seconds
DATA = ("data.jsonl", "data.test.jsonl", "answers.jsonl")


class DailyPurge:
    """Does once a day, for an app that runs on, what a start does: see `App.purge` and `forget_erased`."""

    def __init__(self, app: App, every: float = DAY) -> None:
        """`every`: seconds."""
        self._app, self._every = app, every
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="r1chat-purge", daemon=True).start()

    def close(self) -> None:
        """Do it no more."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.wait(self._every):
            try:
                self._app.purge()
                forget_erased(self._app.store, Runs(self._app.settings.data_dir))
            except (R1ChatError, OSError) as error:  # a full disk, a busy database: the next day
                log.warning("what was deleted could not be erased yet: %s", error)


def erase_now(app: App, conversation_id: str) -> None:
    """Erase a deleted conversation for good, before its time, from the store and the runs. Raises NotFoundError.

    A run that goes on gives it up when it ends.
    """
    app.store.erase_now(conversation_id)
    forget_erased(app.store, Runs(app.settings.data_dir))


def forget_erased(store: Store, runs: Runs) -> None:
    """Take the rows of conversations that the store no longer has out of every run that was made from it.

    A run that has lost rows loses its answers before and after and what it printed, which may repeat them, and its
    checkpoint, which was trained on them; figures and adapter stay.
    """
    for run in runs.all():
        with suppress(R1ChatError, OSError):  # a full disk, a busy database: at the next start
            if not run.alive and not run.wish.data:
                sweep(run.folder, older=_MINUTE)  # what a killed process left, of private texts perhaps
                forget_erased_in(store, run)


def forget_erased_in(store: Store, run: TrainingRun) -> None:
    """Do so in one run that was made from the store. Raises StoreError, ExportError and OSError."""
    rows = {file: _rows(file) for name in DATA if (file := run.folder / name).exists()}
    erased = store.erased({conversation for lines in rows.values() for _, conversation in lines if conversation})
    if not erased:
        return
    status = run.status
    if run.checkpoints and status.state in UNFINISHED:
        status = replace(status, why=(_BEGINS_ANEW.en, _BEGINS_ANEW.zh))
    run.drop_checkpoints()
    for file, lines in rows.items():
        with replacing(file) as stream:
            stream.writelines(line for line, conversation in lines if conversation not in erased)
    (run.folder / OUTPUT).unlink(missing_ok=True)
    run.write(replace(status, proof={**status.proof, "examples": []} if status.proof else {}))
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


_BEGINS_ANEW = Both(
    "Some of its data were erased for good, and its checkpoint with them: when it goes on, it begins anew with the "
    "judgements of that day.",
    "它的部分数据已被永久清除，检查点也一并清除：继续时会用当时的评价从头开始。",
)

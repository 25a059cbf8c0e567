"""What was deleted is erased for good in time, and leaves the folders of runs, too."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Set
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
from r1chat.store.erasures import Erasures, Notes

log = logging.getLogger(__name__)
_MINUTE = 60.0  # seconds
NAMES = "data.conversations.jsonl"  # of a run from a file, which is the person's own: the conversations that it names
DATA = ("data.jsonl", "data.test.jsonl", "answers.jsonl", NAMES)


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
    """Erase a deleted conversation for good, before its time, from the store and the runs.

    A run that goes on gives it up when it ends. Raises NotFoundError, ExportError.
    """
    runs = Runs(app.settings.data_dir)
    app.store.erase_now(conversation_id, runs.erasures.note)
    forget_erased(app.store, runs)


def forget_erased(store: Store, runs: Runs) -> None:
    """Take the rows of conversations that r1chat erased for good out of every run, but for one that is under way.

    What the store merely does not have, after a restore or in another database, stays. A run that has lost rows loses
    its answers before and after and what it printed, which may repeat them, and its checkpoint, which was trained on
    them; figures and adapter stay. One from a file that names such conversations loses the answers and what it printed:
    the file is the person's own, and it goes on with that.
    """
    notes, erased, everywhere = runs.erasures.notes(), set[str](), True
    try:
        erased = _gone(store, notes)
    except (R1ChatError, OSError):  # a busy database: at the next start
        everywhere = False
    for run in runs.all():
        try:
            if run.alive:
                everywhere = False
                continue
            sweep(run.folder, older=_MINUTE)  # what a killed process left, of private texts perhaps
            _forget(run, erased)
        except (R1ChatError, OSError):  # a full disk
            everywhere = False
    if everywhere:
        runs.erasures.settle(notes, erased)


def note_names(run: TrainingRun, conversations: Set[str]) -> None:
    """Keep which conversations the file of a run names, so that it can forget them. Raises ExportError."""
    with replacing(run.folder / NAMES) as stream:
        stream.writelines(json.dumps({"conversation": name}).encode() + b"\n" for name in sorted(conversations))


def forget_erased_in(store: Store, run: TrainingRun) -> None:
    """Do so in one run, at its end. Raises StoreError, ExportError and OSError."""
    _forget(run, _gone(store, Erasures(run.folder.parent.parent).notes()))


def _gone(store: Store, notes: Notes) -> set[str]:
    """The ids that were noted and whose erasure came to its end. Raises StoreError."""
    ids = {conversation for noted in notes.values() for conversation in noted}
    return store.erased(ids) if ids else set()


def _forget(run: TrainingRun, erased: Set[str]) -> None:
    rows = {file: _rows(file) for name in DATA if erased and (file := run.folder / name).exists()}
    if not any(conversation in erased for lines in rows.values() for _, conversation in lines):
        return
    status = run.status
    if not (run.folder / NAMES).exists():
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

"""One export, archive or import at a time, in a background thread: its progress, its result and its files.

The files are kept for an hour, less where the next job begins or the app ends: they may hold what is erased meanwhile.
Knows no HTML.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from uuid import uuid4

from r1chat.archive import ArchiveCounts, ImportCounts
from r1chat.errors import BusyError, ExportError, R1ChatError
from r1chat.export import Summary
from r1chat.ui.words.page import Words

JobKind = Literal["export", "archive", "import"]
JobResult = Summary | ArchiveCounts | ImportCounts
JobProgress = Callable[[int, int], None]
Work = Callable[[Path, JobProgress], JobResult]

FOLDER = "job-"  # how the names of these folders begin
OLD = 24 * 3600  # seconds
KEPT = 3600.0  # seconds for which the files of a job that is over can be downloaded
PATIENCE = 5.0  # seconds that the app waits for a job to break off

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobState:
    """The state of a job: `done` of `total` steps; once over, it has a result or an error, or was cancelled."""

    id: str
    kind: JobKind
    done: int = 0
    total: int = 0
    over: bool = False
    cancelled: bool = False
    result: JobResult | None = None
    error: R1ChatError | None = None
    files: tuple[tuple[str, int], ...] = ()  # names and bytes


class Cancelled(Exception):
    """Raised inside a job that the person cancelled."""


class Jobs:
    """The jobs of one app. `parent` is where the folder of a job is made."""

    def __init__(self, parent: Path, keep_for: float = KEPT) -> None:
        """`keep_for`: seconds, see KEPT."""
        self._parent, self._keep_for = parent, keep_for
        _forget(parent)
        self._lock = threading.Lock()
        self._cancel = threading.Event()
        self._folder: TemporaryDirectory[str] | None = None
        self._state: JobState | None = None
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> JobState | None:
        """The state of the newest job; None before the first one."""
        return self._state

    @property
    def running(self) -> bool:
        """Whether a job is running."""
        return self._state is not None and not self._state.over

    def start(self, kind: JobKind, work: Work) -> JobState:
        """Begin a job in a fresh folder. Raises BusyError while one runs, and ExportError where it cannot be made."""
        with self._lock:
            if self.running:
                raise BusyError(Words.job_busy)
            if self._folder is not None:
                self._folder.cleanup()
            try:
                self._folder = TemporaryDirectory(prefix=FOLDER, dir=self._parent, ignore_cleanup_errors=True)
            except OSError as error:
                raise ExportError(Words.import_no_room.format(why=error.strerror or error)) from None
            self._cancel = threading.Event()
            self._state = state = JobState(uuid4().hex, kind)
            arguments = (work, Path(self._folder.name), self._cancel)
            self._thread = threading.Thread(target=self._run, args=arguments, name=f"r1chat-{kind}", daemon=True)
            self._thread.start()
        return state

    def dismiss(self) -> None:
        """Forget a job that is over, and its files."""
        with self._lock:
            if self.running:
                return
            if self._folder is not None:
                self._folder.cleanup()
            self._folder = self._state = None

    def cancel(self) -> None:
        """Cancel the running job at its next step."""
        self._cancel.set()

    def file(self, job_id: str, name: str) -> Path | None:
        """The path of a file of the newest job; None for an older job or an unknown name."""
        with self._lock:
            state, folder = self._state, self._folder
        if state is None or folder is None or state.id != job_id or name not in dict(state.files):
            return None
        return Path(folder.name) / name

    def _expire(self, job_id: str) -> None:
        if self._state is not None and self._state.id == job_id:
            self.dismiss()

    def close(self) -> None:
        """Cancel the running job and remove the files."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(PATIENCE)
        if self._folder is not None:
            self._folder.cleanup()

    def _run(self, work: Work, folder: Path, cancel: threading.Event) -> None:
        def progress(done: int, total: int) -> None:
            if cancel.is_set():
                raise Cancelled
            self._set(done=done, total=total)

        try:
            result = work(folder, progress)
            self._set(over=True, result=result, files=_files(folder))
            timer = threading.Timer(self._keep_for, self._expire, [self._state.id if self._state else ""])
            timer.daemon = True
            timer.start()
        except Cancelled:
            self._set(over=True, cancelled=True)
        except R1ChatError as error:
            self._set(over=True, error=error)
        except Exception:  # a defect of ours: the page must not wait for ever
            log.exception("a job of the data page failed")
            self._set(over=True, error=R1ChatError(Words.job_failed))

    def _set(self, **changes: Any) -> None:
        assert self._state is not None
        self._state = replace(self._state, **changes)


def _forget(parent: Path) -> None:
    """Remove the folders of jobs that a crash left behind; another r1chat may still use one that is young."""
    for folder in parent.glob(f"{FOLDER}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > OLD:
                shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> tuple[tuple[str, int], ...]:
    return tuple((file.name, file.stat().st_size) for file in sorted(folder.iterdir()))

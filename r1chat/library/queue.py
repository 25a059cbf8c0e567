"""The downloads of one r1chat: one after the other, in a thread of their own, remembered in `downloads.json`.

They go on while no page is open. A download that a crash interrupted stands there as paused at the next start.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from r1chat.both import Both
from r1chat.errors import LibraryError, R1ChatError
from r1chat.files import read_json, replacing
from r1chat.library.download import WAIT, DownloadProgress, DownloadStoppedError, discard, download, part_of
from r1chat.library.hub import MODELSCOPE, Hub, RemoteFile, Variant, choose, grouped, known_file, own_folder, source

DownloadState = Literal["waiting", "running", "checking", "paused", "done", "failed"]
KEPT = 50  # downloads that are done and still listed
_MOST_BYTES, _MOST_KEPT = 16 << 20, 1000  # of `downloads.json`: others may have written it, if the folder is shared
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DownloadJob:
    """A download as it is shown. `speed` is in bytes a second, `left` in seconds, None where it cannot be told."""

    repo: str
    variant: Variant
    state: DownloadState = "waiting"
    done: int = 0
    speed: float = 0.0
    error: R1ChatError | None = None
    samples: tuple[tuple[float, int], ...] = field(default=(), repr=False, compare=False)

    @property
    def id(self) -> str:
        """Repository, folder where it has one, and name."""
        return "/".join(filter(None, (self.repo, self.variant.folder, self.variant.name)))

    @property
    def total(self) -> int:
        """Bytes of the whole model; 0 where the hub did not tell."""
        return self.variant.size

    @property
    def left(self) -> float | None:
        """Seconds until it is there."""
        return (self.total - self.done) / self.speed if self.speed > 0 and self.total else None


class Downloads:
    """The queue. `changed` is called, from any thread, whenever a job has changed. Safe to call from any thread."""

    def __init__(self, folder: Path, hub: Hub, changed: Callable[[], None] = lambda: None, wait: float = WAIT) -> None:
        """`wait`: the pause in seconds after a first broken connection."""
        self._wait = wait
        self.folder = folder
        self.hub = hub
        self._changed = changed
        self._file = folder / "downloads.json"
        self._jobs: dict[str, DownloadJob] = {}
        self._stop = threading.Event()
        self._running = ""
        self._cancelled: set[str] = set()
        self._closed = False
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._load()

    def jobs(self) -> list[DownloadJob]:
        """All downloads, in the order in which they were asked for."""
        with self._wake:
            return list(self._jobs.values())

    def add(self, repo: str, variant: Variant) -> DownloadJob:
        """Queue a model as it is listed now. One that is paused or has failed goes on, but for files that changed."""
        job = DownloadJob(repo, variant)
        with self._wake:
            known = self._jobs.get(job.id)
            active = known is not None and known.state in ("waiting", "running", "checking")
            if known is not None and (active or (known.state == "done" and self.path(known).exists())):
                return known
            if len(self._jobs) >= KEPT:
                for old in [name for name, other in self._jobs.items() if other.state == "done"]:
                    del self._jobs[old]
            if known is not None:
                for file in known.variant.files:
                    if not any(_same(file, other) for other in variant.files):
                        part_of(self._place(job), file).unlink(missing_ok=True)
            self._jobs[job.id] = job = replace(job, done=sum(map(_size, self.growing(job))))
            self._begin()
        self._save()
        return job

    def pause(self, job_id: str) -> None:
        """Stop a download; what came is kept."""
        self._end(job_id, "paused")

    def resume(self, job_id: str) -> None:
        """Go on with a download that was paused or has failed, as the hub lists it now. Raises LibraryError."""
        job = self._get(job_id)
        if job.state in ("paused", "failed"):
            variants = source(job.variant.files[0].url, self.hub).variants(job.repo)
            path = job.variant.files[0].path
            variant = next((other for other in variants if other.files[0].path == path), None)
            self.add(job.repo, replace(variant or choose(variants, path), folder=job.variant.folder))

    def cancel(self, job_id: str) -> None:
        """Stop a download and delete what came of it."""
        job = self._get(job_id)
        with self._wake:
            if self._running == job_id:
                self._cancelled.add(job_id)
                self._stop.set()
                return
            del self._jobs[job_id]
        if job.state != "done":
            discard(job.variant, self._place(job))
        self._save()

    def path(self, job: DownloadJob) -> Path:
        """The first file of a job's model."""
        return self._place(job) / job.variant.files[0].name

    def growing(self, job: DownloadJob) -> list[Path]:
        """Where the files of a download grow."""
        return [part_of(self._place(job), file) for file in job.variant.files]

    def own(self, paths: Sequence[Path]) -> list[Path]:
        """Those of a listed model's files that may be deleted: they, or links to them, are in the models folder."""
        folder = os.path.realpath(self.folder)
        return [
            path
            for path in paths
            if path.suffix.lower() == ".gguf"
            and Path(os.path.realpath(path.parent)).is_relative_to(folder)
            and (path.is_file() or path.is_symlink())
        ]

    def delete(self, name: str, paths: Sequence[Path]) -> None:
        """Delete a model's files from the models folder, and its download from the list. Of a link, only the link goes.

        `paths` are all of them, as the list of models has them: another model's may have the same names. Raises
        LibraryError.
        """
        try:
            for file in self.own(paths):
                file.unlink()
                if file.parent != self.folder:
                    with suppress(OSError):
                        file.parent.rmdir()  # only if nothing else is in it
        except OSError as error:
            raise LibraryError(
                Both("{name} cannot be deleted ({reason}).", "无法删除 {name}（{reason}）。").format(
                    name=name, reason=error.strerror or error
                )
            ) from None
        with self._wake:
            for job in [job for job in self._jobs.values() if job.state == "done" and not self.path(job).exists()]:
                del self._jobs[job.id]
        self._save()

    def wait(self, job_id: str, timeout: float = 1.0) -> DownloadJob:
        """The job as soon as it has changed, or after `timeout` seconds. Raises LibraryError for one that is gone."""
        with self._wake:
            before = self._jobs.get(job_id)
            self._wake.wait_for(lambda: self._jobs.get(job_id) is not before, timeout)
            return self._get(job_id)

    def close(self) -> None:
        """Stop; a running download is kept as it is, and stands there as paused at the next start."""
        with self._wake:
            self._closed = True
            self._stop.set()
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(10)

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="r1chat-downloads", daemon=True)
            self._thread.start()
        self._wake.notify_all()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._next() is not None)
                job = self._next()
                if self._closed or job is None:
                    return
                self._running = job.id
                self._stop.clear()
                self._jobs[job.id] = replace(job, state="running", error=None, samples=())
                self._wake.notify_all()
            state: DownloadState = "done"
            error: R1ChatError | None = None
            try:
                download(
                    source(job.variant.files[0].url, self.hub),
                    job.variant,
                    self._place(job),
                    partial(self._report, job.id),
                    self._stop,
                    self._wait,
                )
            except DownloadStoppedError:
                state = "paused"
            except R1ChatError as problem:
                state, error = "failed", problem
            except Exception:  # a defect of ours: the queue must go on
                log.exception("a download broke")
                state = "failed"
                error = LibraryError(Both("r1chat itself failed; the log says how.", "r1chat 自身出错，详见日志。"))
            with self._wake:
                self._running = ""
                cancelled = job.id in self._cancelled and state != "done"
                self._cancelled.discard(job.id)
                if cancelled:
                    discard(job.variant, self._place(job))
                    del self._jobs[job.id]
                else:
                    self._jobs[job.id] = replace(self._jobs[job.id], state=state, error=error, speed=0.0, samples=())
                self._wake.notify_all()
            self._save()

    def _next(self) -> DownloadJob | None:
        return next((job for job in self._jobs.values() if job.state == "waiting"), None)

    def _report(self, job_id: str, progress: DownloadProgress) -> None:
        with self._wake:
            job = self._jobs[job_id]
            samples = deque(job.samples, maxlen=20)
            if not samples or time.monotonic() - samples[-1][0] >= 0.25:
                samples.append((time.monotonic(), progress.done))
            elif not progress.checking:
                return
            self._jobs[job_id] = replace(
                job,
                state="checking" if progress.checking else "running",
                done=progress.done,
                speed=_speed(samples),
                samples=tuple(samples),
            )
            self._wake.notify_all()
        self._changed()

    def _end(self, job_id: str, state: DownloadState) -> None:
        job = self._get(job_id)
        with self._wake:
            if self._running == job_id:
                self._stop.set()
                return
            if job.state == "waiting":
                self._jobs[job_id] = replace(job, state=state)
                self._wake.notify_all()
        self._save()

    def _get(self, job_id: str) -> DownloadJob:
        with self._wake:
            job = self._jobs.get(job_id)
        if job is None:
            raise LibraryError(Both("That download is no longer there.", "该下载已不存在。"))
        return job

    def _place(self, job: DownloadJob) -> Path:
        return self.folder / "--".join(filter(None, (job.repo.replace("/", "--"), job.variant.folder)))

    # -- what outlasts the process ------------------------------------------------------------------------------------

    def _save(self) -> None:
        with self._wake:
            rows = [
                {"repo": job.repo, "variant": asdict(job.variant), "state": job.state, "done": job.done}
                for job in self._jobs.values()
                if job.state != "done"
            ]
        try:
            if rows or self._file.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                with replacing(self._file, follow=False) as stream:
                    stream.write(json.dumps(rows).encode())
        except (OSError, R1ChatError) as error:  # the list is a comfort: what is loaded is found again by its name
            log.warning("the list of downloads cannot be kept: %s", error)
        self._changed()

    def _load(self) -> None:
        try:
            rows = read_json(self._file, _MOST_BYTES, follow=False)
        except (OSError, ValueError):
            return
        for row in rows[:_MOST_KEPT] if isinstance(rows, list) else []:
            job = _job(row, (self.hub, Hub(MODELSCOPE)))
            if job is not None:
                self._jobs[job.id] = replace(job, state="paused", done=sum(map(_size, self.growing(job))))


def _speed(samples: Sequence[tuple[float, int]]) -> float:
    """Bytes a second over samples of (time in seconds, bytes)."""
    (begin, first), (end, last) = samples[0], samples[-1]
    return max(0.0, (last - first) / (end - begin)) if end > begin else 0.0


def _same(file: RemoteFile, other: RemoteFile) -> bool:
    """Whether what came of one is a part of the other."""
    return (file.name, file.size, file.sha256) == (other.name, other.size, other.sha256)


def _size(path: Path) -> int:
    """Bytes of a file; 0 for one that is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _job(row: Any, hubs: Sequence[Hub]) -> DownloadJob | None:
    """A row of the file; None for one that makes no sense, or names another source than these hubs."""
    try:
        repo, entry = row["repo"], row["variant"]
        files = [known_file(file, repo, hubs) for file in entry["files"]]
        [variant] = grouped([file for file in files if file is not None])
        folder = entry.get("folder", "")
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    if len(variant.files) != len(files) or folder not in ("", own_folder(variant)):
        return None
    return DownloadJob(repo, replace(variant, folder=folder))

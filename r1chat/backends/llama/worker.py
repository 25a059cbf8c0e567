"""The one thread that computes: replies queue for it, first come, first served, and idle work waits until none does.

All models share the thread. On a CPU two replies at once take longer than one after the other; and a llama.cpp context
is not thread-safe, so whoever owns all of them needs no locks. Models stay loaded while there is ample memory.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from r1chat.backends.chat_template import CHATML_TEMPLATE, R1_TEMPLATE, ChatTemplate
from r1chat.backends.llama.files import ModelFile
from r1chat.backends.llama.job import Job
from r1chat.backends.llama.machine import Needs, default_threads
from r1chat.backends.llama.model import LoadStoppedError, Model
from r1chat.backends.llama.session import Session
from r1chat.backends.llama.writer import StoppedError
from r1chat.backends.prompt import OPEN
from r1chat.errors import BackendError, GenerationError, ModelFileError
from r1chat.messages import Finish, Progress

CLOSE_WITHIN = 20.0  # seconds for the chunk that is being computed
READING = 90  # percent of loading that is reading files; the rest is llama.cpp's own
_BLOCK = 8 << 20  # bytes that are read before anybody may stop it

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How models are run. `memory` tells the bytes that are free; `endless` replies go on to the window's end."""

    context: int
    gpu_layers: int
    threads: int | None  # None: as suits the model
    batch: int
    memory: Callable[[], int]
    endless: bool = False


class Worker:
    """Owns the thread, the queue and the models that are loaded. Its methods are safe to call from any thread."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._later: Job | None = None  # idle work; a newer piece replaces it
        self._current: Job | None = None
        self._sessions: dict[ModelFile, Session] = {}  # the one that was used last comes last
        self._thread: threading.Thread | None = None
        self._closing = False
        self.resting = threading.Event()  # set while there is nothing to do
        self.resting.set()

    def submit(self, job: Job) -> None:
        """Queue a job. Raises GenerationError after `close`."""
        with self._changed:
            if self._closing:
                raise GenerationError("r1chat is closing; start it again to go on.")
            if job.idle:
                if self._later:
                    self._later.stopped = True
                    self._later.end(_closed())
                self._later = job
            else:
                self._queue.append(job)
                if ahead := self.ahead_of(job):
                    job.tell(Progress("queued", ahead))
                    job.heartbeat = None
            current = self._current
            if current and current.idle and (current.file != job.file or current.file in self._sessions):
                current.stopped = True  # but a model that both want goes on loading
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="r1chat-llama", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def ahead_of(self, job: Job) -> int:
        """How many replies will be made before this one."""
        with self._changed:
            ahead = 0
            for other in self._queue:
                if other is job:
                    break
                ahead += not other.stopped
            else:
                return 0
            return ahead + bool(self._current and not self._current.idle and not self._current.stopped)

    def window(self, file: ModelFile) -> int:
        """The context window of a model that is loaded, in tokens; 0 if it is not."""
        session = self._sessions.get(file)
        return session.window if session else 0

    def close(self) -> None:
        """Stop all work, and free the models as soon as the chunk that is being computed is done."""
        with self._changed:
            self._closing = True
            for job in (*self._queue, self._later, self._current):
                if job:
                    job.stopped = True
            thread = self._thread
            self._changed.notify_all()
        if thread and thread is not threading.current_thread():
            thread.join(CLOSE_WITHIN)

    # -- in the worker's own thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        while job := self._next():
            try:
                finish = self._serve(job)
            except StoppedError:
                job.end(_closed())
            except BackendError as error:
                job.end(error)
            except Exception:  # a defect of ours: the reader must not wait for ever
                log.exception("the llama.cpp worker failed")
                job.end(GenerationError("r1chat itself failed while it ran the model. Try again, or see the log."))
            else:
                if finish:
                    job.tell(finish)
                job.end()
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def _next(self) -> Job | None:
        """The next job that somebody waits for; None when it is time to go."""
        with self._changed:
            self._current = None
            while True:
                while self._queue:
                    job = self._queue.popleft()
                    if not job.stopped:
                        return self._begin(job)
                    job.end(_closed())
                if self._later:
                    job, self._later = self._later, None
                    if not job.stopped:
                        return self._begin(job)
                    job.end(_closed())
                if self._closing:
                    return None
                self.resting.set()
                self._changed.wait()

    def _begin(self, job: Job) -> Job:
        self._current = job
        self.resting.clear()
        job.heartbeat = Progress("waiting")
        return job

    def _serve(self, job: Job) -> Finish | None:
        session, loading = self._sessions.get(job.file), 0.0
        if session is None:
            session, loading = self._load(job)
        with self._changed:
            self._sessions.pop(job.file, None)
            self._sessions[job.file] = session
            if job.idle and self._queue:
                job.stopped = True
        if job.stopped:
            raise StoppedError
        if job.idle:
            session.warm(job.request, job)
            return None
        if job.seeds is not None:
            session.many(job.request, job.seeds, self._options.memory() * 9 // 10, job)
            return None
        return replace(session.reply(job.request, job), load=loading)

    def _load(self, job: Job) -> tuple[Session, float]:
        """Load the job's model, and how many seconds that took. Raises StoppedError, ModelFileError."""
        began = time.perf_counter()
        file, options = job.file, self._options
        if file.header is None or file.problem:
            raise ModelFileError(file.problem)
        needs = Needs.of(file.header, file.size, batch=options.batch, gpu_layers=options.gpu_layers)
        self._make_room(file, needs)
        window = needs.window(options.context, options.memory())

        def progress(percent: float) -> bool:
            told = Progress("loading", int(percent), 100)
            if job.heartbeat != told:
                job.tell(told)
            return not (job.stopped or (job.idle and self._another_is_wanted(file)))

        _read_files(file, progress)
        try:
            model = Model(
                file.path,
                gpu_layers=options.gpu_layers,
                on_progress=lambda share: progress(READING + (100 - READING) * share),
            )
        except LoadStoppedError:
            raise StoppedError from None
        try:
            session = Session(
                model,
                _template(file, model),
                window,
                batch=options.batch,
                threads=options.threads or default_threads(model.weights),
                token_bytes=needs.per_token,
                never=model.ends() if options.endless else (),
            )
        except BackendError:
            model.close()
            raise
        return session, time.perf_counter() - began

    def _make_room(self, file: ModelFile, needs: Needs) -> None:
        """Unload models, the one that was used longest ago first, until memory is ample: for twice the new one."""
        ample = 2 * needs.bytes_for(self._options.context)
        for other in list(self._sessions):
            if other.path == file.path or self._options.memory() < ample:  # the same path: its file was replaced
                self._sessions.pop(other).close()

    def _another_is_wanted(self, file: ModelFile) -> bool:
        with self._changed:
            return bool(self._queue) and self._queue[0].file != file


def _closed() -> GenerationError:
    """What a reply ends with when the worker gave it up; whoever stopped it does not listen any more."""
    return GenerationError("r1chat closed while the reply was being made. Continue it next time.")


def _read_files(file: ModelFile, progress: Callable[[float], bool]) -> None:
    """Read a model's files once, into the system's cache. Raises StoppedError, ModelFileError.

    llama.cpp maps a file in one step, which for a large one on a slow disk takes minutes, and which nobody can watch or
    stop. After this it takes no time.
    """
    buffer, done = bytearray(_BLOCK), 0
    try:
        for part in file.parts:
            with part.path.open("rb", buffering=0) as stream:
                while count := stream.readinto(buffer):
                    done += count
                    if not progress(READING * done / max(done, file.size)):
                        raise StoppedError
    except OSError as error:
        raise ModelFileError(f"{file.path.name} cannot be read ({error.strerror}). Check the disk.") from error


def _template(file: ModelFile, model: Model) -> ChatTemplate:
    """The file's own chat template, else one that its vocabulary suggests."""
    header = file.header
    source = header.chat_template if header else ""
    if not source:
        source = R1_TEMPLATE if model.is_token("<｜Assistant｜>") else CHATML_TEMPLATE
    special = header.special_tokens if header else {}
    return ChatTemplate(source, special.get("bos", ""), special.get("eos", ""), knows_think=model.is_token(OPEN))

"""The queue: one reply at a time, first come, first served; idle work waits until there is none.

All engines share one worker thread, since on a CPU two replies at once take longer than one after the other. Models
stay loaded, each in its own process, while there is ample memory.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from r1chat.backends.llama.channel import Device, Loaded, LoadSpec
from r1chat.backends.llama.engine import Engine, TaskStoppedError
from r1chat.backends.llama.files import ModelFile
from r1chat.backends.llama.job import Job
from r1chat.backends.llama.machine import Needs, fitting_layers
from r1chat.backends.llama.process import EngineDiedError
from r1chat.backends.llama.spare_process import Spare
from r1chat.both import Both
from r1chat.errors import BackendError, GenerationError, ModelFileError
from r1chat.messages import Finish, Progress

CLOSE_WITHIN = 20.0  # seconds for the chunk that is being computed
CHUNK, CHUNK_ON_GPU = 64, 512  # tokens of a prompt that are read at once: how long a stop may take

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How models are run. `memory` tells the bytes that are free; `endless` replies go on to the window's end."""

    context: int
    gpu_layers: int | None  # None: as many as fit
    threads: int | None  # None: as suits the model
    batch: int | None  # None: as suits the device
    memory: Callable[[], int]
    endless: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """A model in an engine. `devices` are the GPUs that it uses."""

    engine: Engine
    loaded: Loaded
    devices: tuple[Device, ...]
    mapped: bool


class Worker:
    """Owns the thread, the queue and the engines. Its methods are safe to call from any thread."""

    def __init__(self, options: WorkerOptions, spare: Spare) -> None:
        self._options = options
        self._spare = spare
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._later: Job | None = None  # idle work; a newer piece replaces it
        self._current: Job | None = None
        self._running: dict[ModelFile, Running] = {}  # the one that was used last comes last
        self._thread: threading.Thread | None = None
        self._closing = False
        self.resting = threading.Event()  # set while there is nothing to do
        self.resting.set()

    def submit(self, job: Job) -> None:
        """Queue a job. Raises GenerationError after `close`."""
        with self._changed:
            if self._closing:
                raise GenerationError(_CLOSING)
            if job.idle:
                if self._later:
                    self._later.stop()
                    self._later.end(_closed())
                self._later = job
            else:
                self._queue.append(job)
                if ahead := self.ahead_of(job):
                    job.tell(Progress("queued", ahead))
                    job.heartbeat = None
            current = self._current
            if current and current.idle and (current.file != job.file or current.file.loaded in self._running):
                current.stop()  # but a model that both want goes on loading
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

    def running(self, file: ModelFile) -> Running | None:
        """The model in its engine, if it is loaded."""
        return self._running.get(file.loaded)

    def unload(self, file: ModelFile) -> bool:
        """End the engine of a model, and give its memory back; False while it is at work."""
        with self._changed:
            if self._current and self._current.file.loaded == file.loaded:
                return False
            running = self._running.pop(file.loaded, None)
        if running:
            running.engine.close()
        return True

    def close(self) -> None:
        """Stop all work, and end the engines as soon as the chunk that is being computed is done."""
        with self._changed:
            self._closing = True
            for job in (*self._queue, self._later, self._current):
                if job:
                    job.stop()
            thread = self._thread
            self._changed.notify_all()
        if thread and thread is not threading.current_thread():
            thread.join(CLOSE_WITHIN)

    # -- in the worker's own thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        while job := self._next():
            try:
                finish = self._serve(job)
            except TaskStoppedError:
                job.end(_closed())
            except BackendError as error:
                job.end(error)
            except Exception:  # a defect of ours: the reader must not wait for ever
                log.exception("the llama.cpp worker failed")
                job.end(GenerationError(_DEFECT))
            else:
                if finish:
                    job.tell(finish)
                job.end()
        for running in self._running.values():
            running.engine.close()
        self._running.clear()

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
        file, adapter = job.file.loaded, str(job.file.adapter.path) if job.file.adapter else ""
        running, loading = self._running.get(file), 0.0
        if running is None or not running.engine.alive:
            self._forget(file)
            began = time.perf_counter()
            running = self._load(job)
            loading = time.perf_counter() - began
        with self._changed:
            self._running.pop(file, None)
            self._running[file] = running
            if job.idle and self._queue:
                job.stopped = True
        if job.stopped:
            raise TaskStoppedError
        try:
            if job.idle:
                running.engine.warm(job.request, job, adapter)
                return None
            if job.seeds is not None:
                running.engine.many(job.request, job.seeds, self._options.memory() * 9 // 10, job, adapter)
                return None
            return replace(running.engine.reply(job.request, job, adapter), load=loading)
        except EngineDiedError:
            self._forget(file)
            self._spare.start()  # for whoever sends again
            raise

    def _load(self, job: Job) -> Running:
        """Load the job's model in an engine of its own. Raises TaskStoppedError, BackendError."""
        file, options = job.file.loaded, self._options
        if file.header is None or file.problem:
            raise ModelFileError(file.problem.text if file.problem else "")
        self._make_room(file)
        engine = self._spare.take()
        try:
            gpus = () if options.gpu_layers == 0 else tuple(device for device in engine.devices() if device.gpu)
            layers = options.gpu_layers
            if layers is None:
                layers = fitting_layers(file.header, file.size, options.context, gpus)
            try:
                return self._load_into(engine, job, layers, gpus)
            except ModelFileError:
                if options.gpu_layers is not None or not layers:
                    raise
                log.warning("%s could not be loaded onto the GPU; it runs on the processor", file.name)
            engine.close()
            engine = self._spare.take()
            return self._load_into(engine, job, 0, gpus)
        except TaskStoppedError:
            self._spare.give_back(engine)
            raise
        except BackendError:
            engine.close()
            self._spare.start()
            raise

    def _load_into(self, engine: Engine, job: Job, gpu_layers: int, gpus: Sequence[Device]) -> Running:
        file, options = job.file.loaded, self._options
        header = file.header
        assert header is not None
        batch = options.batch or (CHUNK_ON_GPU if gpu_layers and gpus else CHUNK)
        needs = Needs.of(header, file.size, batch=batch, gpu_layers=gpu_layers if gpus else 0)
        fit = needs.fit(options.context, options.memory())
        spec = LoadSpec(
            paths=tuple(str(part.path) for part in file.parts),
            window=fit.window,
            batch=batch,
            token_bytes=needs.per_token,
            threads=options.threads,
            gpu_layers=gpu_layers,
            mapped=fit.mapped,
            endless=options.endless,
            template=header.chat_template,
            bos=header.special_tokens.get("bos", ""),
            eos=header.special_tokens.get("eos", ""),
        )
        loaded = engine.load(spec, job)
        return Running(engine, loaded, tuple(gpus) if loaded.gpu_layers else (), fit.mapped)

    def _make_room(self, file: ModelFile) -> None:
        """Unload models, the one that was used longest ago first, until memory is ample: for twice the new one."""
        assert file.header is not None
        layers = self._options.gpu_layers or 0
        needs = Needs.of(file.header, file.size, batch=CHUNK, gpu_layers=layers)
        ample = 2 * needs.bytes_for(self._options.context)
        for other in list(self._running):
            if other.path == file.path or self._options.memory() < ample:  # the same path: its file was replaced
                self._forget(other)

    def _forget(self, file: ModelFile) -> None:
        """End the engine of a model, if it has one."""
        if running := self._running.pop(file, None):
            running.engine.close()


def _closed() -> GenerationError:
    """What a reply ends with when the worker gave it up; whoever stopped it does not listen any more."""
    return GenerationError(_CLOSED)


_CLOSING = Both("r1chat is closing; start it again to go on.", "r1chat 正在关闭；请重新启动后继续。")
_CLOSED = Both(
    "r1chat closed while the reply was being made. Continue it next time.",
    "回复生成过程中 r1chat 被关闭。下次可以继续。",
)
_DEFECT = Both(
    "r1chat itself failed while it ran the model. Try again, or see the log.",
    "r1chat 在运行模型时出错。请重试，或查看日志。",
)

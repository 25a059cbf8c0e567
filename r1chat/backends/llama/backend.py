"""GGUF files, run by llama.cpp: the backend that needs no server.

Inside: `files` finds models, `worker` queues replies, `engine` is a process that has a model loaded, `channel` the
messages to and from it. What runs in that process is in `child`; a crash there ends one reply, and not the app.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from r1chat.backends import HEARTBEAT
from r1chat.backends.llama.adapters import mismatch
from r1chat.backends.llama.channel import Device
from r1chat.backends.llama.digests import Digests
from r1chat.backends.llama.engine import Engine
from r1chat.backends.llama.files import ModelFile, ModelFiles, OfFiles
from r1chat.backends.llama.found import FoundModel
from r1chat.backends.llama.job import Job
from r1chat.backends.llama.listing import beside_parents, describe, from_disk, rank, remarks, titles, usable
from r1chat.backends.llama.machine import available_memory
from r1chat.backends.llama.process import installed
from r1chat.backends.llama.spare_process import Spare
from r1chat.backends.llama.worker import Running, Worker, WorkerOptions
from r1chat.both import Both
from r1chat.errors import BackendError, ModelFileError, UnreachableError
from r1chat.messages import BackendEvent, Finish, ModelInfo, Progress, Request

CONTEXT = 16384  # tokens of a window, where nobody asked for another

log = logging.getLogger(__name__)


class LlamaCppBackend(OfFiles):
    """Models from GGUF files and from folders of them, in the order of `model_paths`; usable ones first.

    `context` is the window in tokens, as far as the model and memory allow; None: 16,384. `gpu_layers` go to a GPU: -1
    all, None as many as fit. `threads` None: as suits the machine and the model. `batch` is the chunk of a prompt that
    is read at once. `memory` tells the bytes that are free. With `endless`, for measurements, replies end only at the
    window or the token limit. `elsewhere` gives what other programs have. `ahead`: an engine is started before anybody
    needs it.

    Replies are made one at a time, first come, first served. The same request with the same seed gives the same reply
    on the same machine. Text of messages stays text even where it reads like one of the model's special tokens, except
    with templates that rewrite messages, and with SentencePiece vocabularies (which R1 and its distills do not have).
    """

    name = "llama.cpp"

    def __init__(
        self,
        model_paths: Sequence[Path],
        *,
        context: int | None = None,
        gpu_layers: int | None = None,
        threads: int | None = None,
        batch: int | None = None,
        memory: Callable[[], int] = available_memory,
        elsewhere: Callable[[], Iterable[FoundModel]] = lambda: (),
        endless: bool = False,
        ahead: bool = True,
    ) -> None:
        self._spare = Spare()
        self._files = ModelFiles(model_paths, self._spare.knows, elsewhere)
        self._wish = context
        self._options = WorkerOptions(
            context=context or CONTEXT,
            gpu_layers=gpu_layers,
            threads=threads,
            batch=batch,
            memory=memory,
            endless=endless,
        )
        self._worker = Worker(self._options, self._spare)
        self._digests = Digests(self._worker.resting)
        atexit.register(self.close)
        if ahead and installed():
            self._spare.start()

    def models(self) -> list[ModelInfo]:
        """Every GGUF that was found; one that cannot be used is there with the reason, and hides no other.

        Raises UnreachableError where llama-cpp-python is not installed.
        """
        if not installed():
            raise UnreachableError(NOT_INSTALLED)
        files = self._files.find()
        names = titles(files)
        free = self._options.memory()
        infos = [(self._info(file, names[file.name]), file.program) for file in files]
        return beside_parents([info for info, _ in sorted(infos, key=lambda line: rank(line[0], line[1], free))])

    def file(self, model: str) -> ModelFile | None:
        """The file of a model, usable or not; None where there is no such model."""
        return self._files.get(model)

    def digest(self, model: str) -> str:
        """The SHA-256 of a model's file; "" while it is not known (large files take their time: ask again)."""
        file = self._files.get(model)
        return self._digests.of(file, learn=True) if file else ""

    def stream(self, request: Request) -> Generator[BackendEvent, None, None]:
        """See `Backend.stream`. Tokens that come within a hundredth of a second travel in one event."""
        with closing(self._events(Job(request, self._usable(request.model)))) as events:
            for _, event in events:
                yield event

    def stream_many(
        self, request: Request, seeds: Sequence[int | None]
    ) -> Generator[tuple[int, BackendEvent], None, None]:
        """Like `stream`, a reply for each seed, all in one batch: events with the index of their seed, in no order.

        Each reply ends with its own `Finish`; a `Progress` is told to every one that goes on. The prompt is read once.
        Where memory is short, there are several batches. The same seed gives another text than alone: numbers that are
        computed side by side differ in their last digits.
        """
        going = set(range(len(seeds)))
        with closing(self._events(Job(request, self._usable(request.model), seeds=seeds))) as events:
            for index, event in events:
                if isinstance(event, Progress):
                    yield from ((i, event) for i in sorted(going))
                    continue
                if isinstance(event, Finish):
                    going.discard(index)
                yield index, event

    def _events(self, job: Job) -> Generator[tuple[int, BackendEvent], None, None]:
        """What a job tells, and a heartbeat where that is nothing."""
        self._worker.submit(job)
        try:
            while (events := job.take(HEARTBEAT)) is not None:
                yield from events or [(0, self._heartbeat(job))]
        finally:
            job.stop()

    def warm(self, request: Request) -> None:
        """Read the prompt of `request` while nobody waits for a reply; loads the model if need be.

        Returns when that is done, or has given way to a reply. If the messages end with a reply, what is read is the
        next turn's prompt up to where the person's message will be; with no messages the model is only loaded.
        """
        try:
            job = Job(request, self._usable(request.model), idle=True)
            self._worker.submit(job)
            while job.take(None) is not None:
                pass
        except BackendError as error:
            log.debug("%s was not warmed: %s", request.model, error)

    def unload(self, model: str) -> bool:
        """Give the memory of a model back; False while it makes a reply. Nothing happens to one that is not loaded."""
        file = self._files.get(model)
        return self._worker.unload(file) if file else True

    def close(self) -> None:
        """Stop what runs and end all engines."""
        atexit.unregister(self.close)
        self._digests.close()
        self._worker.close()
        self._spare.close()

    def _heartbeat(self, job: Job) -> Progress:
        if job.heartbeat:
            return job.heartbeat
        ahead = self._worker.ahead_of(job)
        return Progress("queued", ahead) if ahead else Progress("waiting")

    def _usable(self, name: str) -> ModelFile:
        """The file of a model. Raises UnreachableError, UnknownModelError, ModelFileError."""
        if not installed():
            raise UnreachableError(NOT_INSTALLED)
        file = usable(self._files, name)
        if problem := self._mismatch(file):
            raise problem
        return file

    def _mismatch(self, file: ModelFile) -> ModelFileError | None:
        """Why a model with an adapter cannot be used with the base that is here."""
        return mismatch(file, lambda base: self._digests.of(base, learn=True))

    def _info(self, file: ModelFile, title: str) -> ModelInfo:
        running = self._worker.running(file)
        if problem := self._mismatch(file):
            file = replace(file, problem=problem)
        notes = [] if file.problem else [*remarks(file, self._wish), *self._placement(file, running)]
        return describe(
            file,
            backend=self.name,
            version=f"llama-cpp-python {version('llama-cpp-python')}",
            title=title,
            wish=self._options.context,
            window=running.loaded.window if running else 0,
            digest=self._digests.of(file, learn=running is not None) if file.header else "",
            notes=notes,
        )

    def _placement(self, file: ModelFile, running: Running | None) -> Iterator[Both]:
        """Where a model runs, if that is worth a word."""
        if running and running.loaded.gpu_layers:
            names = ", ".join(device.description or device.name for device in running.devices)
            yield _ON_GPU.format(layers=running.loaded.gpu_layers, all=running.loaded.layers, names=names)
            return
        free = self._options.memory()
        if running.mapped if running else file.size > free and not self._may_use_gpu():
            yield from_disk(file.size, free)

    def _may_use_gpu(self) -> bool:
        return self._options.gpu_layers != 0 and self._spare.has_gpu()


def devices() -> list[Device]:
    """The devices that llama.cpp can compute on, with the memory that is free now. Raises BackendError."""
    with closing(Engine()) as engine:
        return engine.devices()


NOT_INSTALLED = Both(
    'GGUF files need llama.cpp, which is not installed. Install it: pip install "r1chat[llama]", or without a compiler '
    'pip install "r1chat[llama-server]" (in a checkout: pip install -e ".[llama]"). Ollama and servers need none.',
    '运行 GGUF 文件需要 llama.cpp，但尚未安装。请安装：pip install "r1chat[llama]"，没有编译器时用 pip install '
    '"r1chat[llama-server]"（在源码目录中：pip install -e ".[llama]"）。Ollama 和服务器不需要它。',
)
_ON_GPU = Both("{layers} of {all} layers run on {names}.", "{all} 层中有 {layers} 层运行在 {names} 上。")

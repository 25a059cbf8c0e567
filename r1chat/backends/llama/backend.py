"""GGUF files, run in this process by llama.cpp: the backend that needs no server.

How it works inside: `files` finds models, `worker` queues replies for the one thread that computes,
`session` turns a prompt into tokens and decodes, `model` and `context` call the C functions.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from r1chat.backends.gguf import Header
from r1chat.backends.llama.digests import Digests
from r1chat.backends.llama.files import ModelFile, ModelFiles
from r1chat.backends.llama.job import Job
from r1chat.backends.llama.machine import available_memory, readable
from r1chat.backends.llama.worker import Options, Worker
from r1chat.backends.prompt import OPEN
from r1chat.config import NANO
from r1chat.errors import BackendError, ModelFileError, UnknownModelError
from r1chat.messages import BackendEvent, Finish, ModelInfo, Progress, Request

HEARTBEAT = 0.15  # seconds; the contract of Backend.stream says 0.2
CHUNK, CHUNK_ON_GPU = 64, 512  # tokens of a prompt that are read at once: how long a stop may take

log = logging.getLogger(__name__)


class LlamaCppBackend:
    """Models from GGUF files and from folders of them, in the order of `model_paths`; usable ones first.

    `context` is the window in tokens, as far as the model and memory allow. `gpu_layers` go to a GPU, -1: all.
    `threads` None: as suits the machine and the model. `batch` is the chunk of a prompt that is read at once. `memory`
    tells the bytes that are free. With `endless`, for measurements, replies end only at the window or the token limit.

    Replies are made one at a time, first come, first served. The same request with the same seed gives the same reply
    on the same machine. Text of messages stays text even where it reads like one of the model's special tokens, except
    with templates that rewrite messages, and with SentencePiece vocabularies (which R1 and its distills do not have).
    """

    name = "llama.cpp"

    def __init__(
        self,
        model_paths: Sequence[Path],
        *,
        context: int = 16384,
        gpu_layers: int = 0,
        threads: int | None = None,
        batch: int | None = None,
        memory: Callable[[], int] = available_memory,
        endless: bool = False,
    ) -> None:
        self._files = ModelFiles(model_paths)
        self._options = Options(
            context=context,
            gpu_layers=gpu_layers,
            threads=threads,
            batch=batch or (CHUNK_ON_GPU if gpu_layers else CHUNK),
            memory=memory,
            endless=endless,
        )
        self._worker = Worker(self._options)
        self._digests = Digests(self._worker.resting)
        atexit.register(self.close)  # a thread that computes while the interpreter goes would take it down

    def models(self) -> list[ModelInfo]:
        """Every GGUF that was found; one that cannot be used is there with the reason, and hides no other."""
        models = [self._info(file) for file in self._files.find()]
        return sorted(models, key=lambda model: not model.ready)

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
            job.stopped = True

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

    def header(self, model: str) -> Header | None:
        """What the file of a model says of itself; None where there is no such file."""
        file = self._files.get(model)
        return file.header if file else None

    def close(self) -> None:
        atexit.unregister(self.close)
        self._digests.close()
        self._worker.close()

    def _heartbeat(self, job: Job) -> Progress:
        if job.heartbeat:
            return job.heartbeat
        ahead = self._worker.ahead_of(job)
        return Progress("queued", ahead) if ahead else Progress("waiting")

    def _usable(self, name: str) -> ModelFile:
        """The file of a model. Raises UnknownModelError, ModelFileError."""
        if file := self._files.get(name):
            if file.problem:
                raise ModelFileError(file.problem)
            return file
        names = ", ".join(file.name for file in self._files.find() if not file.problem) or "none"
        raise UnknownModelError(
            f"There is no GGUF file of a model {name!r}. Put it into the models folder, or choose one of: {names}."
        )

    def _info(self, file: ModelFile) -> ModelInfo:
        header = file.header
        if header is None:
            return ModelInfo(self.name, file.name, title=file.name, size=file.size, note=file.problem, ready=False)
        template, trained = header.chat_template, header.trained_context
        window = self._worker.window(file)
        context = self._options.context
        return ModelInfo(
            self.name,
            file.name,
            title=header.name or file.name,
            size=file.size,
            parameters=file.parameters,
            quantisation=header.quantisation,
            context=window or min(context, trained or context),
            trained_context=trained,
            thinks=_thinks(header),
            note=file.problem or self._remark(file),
            digest=self._digests.of(file, learn=bool(window)),
            architecture=header.architecture,
            template_hash=hashlib.sha256(template.encode()).hexdigest() if template else "",
            backend_version=f"llama-cpp-python {version('llama-cpp-python')}",
            ready=not file.problem,
            loaded=bool(window),
        )

    def _remark(self, file: ModelFile) -> str:
        """What a person should know of a model that can be used."""
        free = self._options.memory()
        if not self._options.gpu_layers and file.size > free:
            return (
                f"Too large for the memory that is free now: it has {readable(file.size)}, {readable(free)} are free."
            )
        if file.name == NANO:
            size = f"{file.parameters / 1e6:.1f} million parameters"
            return f"A demonstration with {size}: it does small sums, in English and Chinese, and nothing else."
        return ""


def _thinks(header: Header) -> bool:
    """Whether a model writes its thought between tags, as far as its file tells."""
    template = header.chat_template
    return OPEN in template or (header.has_think_token and ("think>" in template or not template))

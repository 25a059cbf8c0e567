"""GGUF files, run by llama.cpp: the backend that needs no server.

Inside: `files` finds models, `worker` queues replies, `engine` is a process that has a model loaded, `channel` the
messages to and from it. What runs in that process is in `child`; a crash there ends one reply, and not the app.
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
from r1chat.backends.llama.channel import Device
from r1chat.backends.llama.digests import Digests
from r1chat.backends.llama.engine import Engine, installed
from r1chat.backends.llama.files import ModelFile, ModelFiles
from r1chat.backends.llama.job import Job
from r1chat.backends.llama.machine import available_memory, readable
from r1chat.backends.llama.spare import Spare
from r1chat.backends.llama.worker import Options, Running, Worker
from r1chat.backends.prompt import OPEN
from r1chat.both import Both
from r1chat.config import NANO
from r1chat.errors import BackendError, ModelFileError, UnknownModelError, UnreachableError
from r1chat.messages import BackendEvent, Finish, ModelInfo, Progress, Request

HEARTBEAT = 0.15  # seconds; the contract of Backend.stream says 0.2
DISK_SPEED = 1e9  # bytes/s of an ordinary SSD, for the estimate of a model that runs from disk

log = logging.getLogger(__name__)


class LlamaCppBackend:
    """Models from GGUF files and from folders of them, in the order of `model_paths`; usable ones first.

    `context` is the window in tokens, as far as the model and memory allow. `gpu_layers` go to a GPU: -1 all, None as
    many as fit. `threads` None: as suits the machine and the model. `batch` is the chunk of a prompt that is read at
    once. `memory` tells the bytes that are free. With `endless`, for measurements, replies end only at the window or
    the token limit.

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
        gpu_layers: int | None = None,
        threads: int | None = None,
        batch: int | None = None,
        memory: Callable[[], int] = available_memory,
        endless: bool = False,
    ) -> None:
        self._spare = Spare()
        self._files = ModelFiles(model_paths, self._spare.knows)
        self._options = Options(
            context=context,
            gpu_layers=gpu_layers,
            threads=threads,
            batch=batch,
            memory=memory,
            endless=endless,
        )
        self._worker = Worker(self._options, self._spare)
        self._digests = Digests(self._worker.resting)
        atexit.register(self.close)
        if installed():
            self._spare.start()

    def models(self) -> list[ModelInfo]:
        """Every GGUF that was found; one that cannot be used is there with the reason, and hides no other.

        Raises UnreachableError where llama-cpp-python is not installed.
        """
        if not installed():
            raise UnreachableError(NOT_INSTALLED)
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

    def header(self, model: str) -> Header | None:
        """What the file of a model says of itself; None where there is no such file."""
        file = self._files.get(model)
        return file.header if file else None

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
        if file := self._files.get(name):
            if file.problem:
                raise ModelFileError(file.problem.text)
            return file
        names = ", ".join(file.name for file in self._files.find() if not file.problem) or _NO_NAMES
        raise UnknownModelError(_UNKNOWN.format(name=repr(name), names=names))

    def _info(self, file: ModelFile) -> ModelInfo:
        header = file.header
        if header is None:
            return ModelInfo(self.name, file.name, title=file.name, size=file.size, note=str(file.problem), ready=False)
        template, trained = header.chat_template, header.trained_context
        running = self._worker.running(file)
        context = self._options.context
        return ModelInfo(
            self.name,
            file.name,
            title=header.name or file.name,
            size=file.size,
            parameters=file.parameters,
            quantisation=header.quantisation,
            context=running.loaded.window if running else min(context, trained or context),
            trained_context=trained,
            thinks=_thinks(header),
            note=str(file.problem or self._remark(file, running)),
            digest=self._digests.of(file, learn=running is not None),
            architecture=header.architecture,
            template_hash=hashlib.sha256(template.encode()).hexdigest() if template else "",
            backend_version=f"llama-cpp-python {version('llama-cpp-python')}",
            ready=not file.problem,
            loaded=running is not None,
        )

    def _remark(self, file: ModelFile, running: Running | None) -> Both | str:
        """What a person should know of a model that can be used."""
        free = self._options.memory()
        if running and running.loaded.gpu_layers:
            names = ", ".join(device.description or device.name for device in running.devices)
            return _ON_GPU.format(layers=running.loaded.gpu_layers, all=running.loaded.layers, names=names)
        on_gpu = self._options.gpu_layers != 0 and self._spare.has_gpu()
        if running.mapped if running else file.size > free and not on_gpu:
            seconds = max(0.1, (file.size - free) / DISK_SPEED)
            return _FROM_DISK.format(size=readable(file.size), free=readable(free), seconds=f"{seconds:.1f}")
        if file.name == NANO:
            return _NANO.format(millions=f"{file.parameters / 1e6:.1f}")
        return ""


def devices() -> list[Device]:
    """The devices that llama.cpp can compute on, with the memory that is free now. Raises BackendError."""
    with closing(Engine()) as engine:
        return engine.devices()


def _thinks(header: Header) -> bool:
    """Whether a model writes its thought between tags, as far as its file tells."""
    template = header.chat_template
    return OPEN in template or (header.has_think_token and ("think>" in template or not template))


NOT_INSTALLED = Both(
    'GGUF files need llama.cpp, which is not installed. Install it: pip install "r1chat[llama]" (or in a checkout: '
    'pip install -e ".[llama]"); Ollama and servers work without it.',
    '运行 GGUF 文件需要 llama.cpp，但尚未安装。请安装：pip install "r1chat[llama]"（在源码目录中：pip install -e '
    '".[llama]"）；Ollama 和服务器不需要它。',
)
_UNKNOWN = Both(
    "There is no GGUF file of a model {name}. Put it into the models folder, or choose one of: {names}.",
    "没有名为 {name} 的 GGUF 模型文件。请将其放入模型文件夹，或选择：{names}。",
)
_NO_NAMES = Both("none", "无")
_ON_GPU = Both("{layers} of {all} layers run on {names}.", "{all} 层中有 {layers} 层运行在 {names} 上。")
_FROM_DISK = Both(
    "Larger than the memory that is free now: it has {size}, {free} are free. It runs from disk: about {seconds} s for "
    "each token on an SSD that reads 1 GB/s.",
    "超过当前可用内存：模型 {size}，可用 {free}。将直接从磁盘运行："
    "在读取速度 1 GB/s 的固态硬盘上每个词元约需 {seconds} 秒。",
)
_NANO = Both(
    "A demonstration with {millions} million parameters: it does small sums, in English and Chinese, and nothing else.",
    "演示模型，{millions} 百万参数：只会用中英文做简单的算术。",
)

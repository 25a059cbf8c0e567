"""GGUF files without a compiler: llama.cpp's own server, from the package xllamacpp, in a child process on loopback.

Stands in for `LlamaCppBackend` where llama-cpp-python is missing. Each loaded model is a server of its own, spoken to
as to any other llama-server; a base with a LoRA adapter is one, too.
"""

from __future__ import annotations

import atexit
import logging
import secrets
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from r1chat.backends import HEARTBEAT
from r1chat.backends.llama.adapters import mismatch
from r1chat.backends.llama.digests import Digests
from r1chat.backends.llama.files import ModelFile, ModelFiles, OfFiles
from r1chat.backends.llama.found import FoundModel
from r1chat.backends.llama.listing import beside_parents, describe, from_disk, rank, remarks, titles, usable
from r1chat.backends.llama.machine import Fit, Needs, available_memory
from r1chat.backends.llama.process import Process
from r1chat.backends.openai import OpenAIBackend
from r1chat.both import Both
from r1chat.errors import BackendError, GenerationError, ModelFileError, UnreachableError
from r1chat.messages import BackendEvent, ModelInfo, Progress, Request

CONTEXT = 16384  # tokens of a window, where nobody asked for another
DIES_WITHIN = 1.0  # seconds between a broken connection and the end of its server
_BATCH = 64  # tokens of a prompt that are read at once: how long a stop may take

log = logging.getLogger(__name__)


class _Server:
    """A child process that serves one model. Constructing it waits until the model is loaded. Raises BackendError."""

    def __init__(self, file: ModelFile, fit: Fit, threads: int | None, gpu_layers: int | None) -> None:
        self.window = fit.window
        self.users = 0  # streams that are open
        self.process = Process("server")
        key = secrets.token_urlsafe(16)  # other programs on this machine shall not use it
        spec = {
            "path": str(file.path),
            "adapter": str(file.adapter.path) if file.adapter else "",
            "window": fit.window,
            "mapped": fit.mapped,
            "batch": _BATCH,
            "weights": file.size,
            "threads": threads,
            "gpu_layers": gpu_layers,
            "key": key,
        }
        try:
            with suppress(OSError, ValueError):  # it has died: the next line says so
                self.process.channel.send("load", spec)
            message = self.process.channel.receive()
            if message is None:
                raise self.process.died()
            if message[0] == "broken":
                raise BackendError(_BROKEN.format(reason=message[1]))
            if message[0] != "ready":
                raise ModelFileError(_REFUSED.format(name=file.path.name, reason=message[1]))
            self.client = OpenAIBackend(message[1], key)
            self.model = self.client.models()[0].name
        except BackendError:
            self.process.close()
            raise

    def close(self) -> None:
        self.client.close()
        self.process.close()


class LlamaServerBackend(OfFiles):
    """Models from GGUF files, like `LlamaCppBackend`: the same names, keys and order, so either may take over.

    One model is loaded at a time. Samples of a vote queue for it.
    """

    name = "llama.cpp"

    def __init__(
        self,
        model_paths: Sequence[Path],
        *,
        context: int | None = None,
        gpu_layers: int | None = None,
        threads: int | None = None,
        memory: Callable[[], int] = available_memory,
        elsewhere: Callable[[], Iterable[FoundModel]] = lambda: (),
    ) -> None:
        """`context` None: 16,384 tokens. `gpu_layers` and `threads` None: as suits the machine.

        `elsewhere` gives what other programs have.
        """
        self._files = ModelFiles(model_paths, lambda architecture: True, elsewhere)  # its server knows, when it loads
        self._wish = context
        self._gpu_layers = gpu_layers
        self._threads = threads
        self._memory = memory
        self._lock = threading.RLock()  # held while a server starts
        self._servers: dict[ModelFile, _Server] = {}
        self._resting = threading.Event()
        self._resting.set()
        self._digests = Digests(self._resting)
        self._closed = False
        atexit.register(self.close)

    def models(self) -> list[ModelInfo]:
        """Every GGUF that was found; one that cannot be used is there with the reason, and hides no other."""
        files = self._files.find()
        names = titles(files)
        free = self._memory()
        infos = [(self._info(file, names[file.name]), file.program) for file in files]
        return beside_parents([info for info, _ in sorted(infos, key=lambda line: rank(line[0], line[1], free))])

    def stream(self, request: Request) -> Generator[BackendEvent, None, None]:
        """See `Backend.stream`."""
        file = self._usable(request.model)
        server: _Server | None = None
        try:
            for started in self._start(file):
                if isinstance(started, _Server):
                    server = started
                else:
                    yield started
            assert server is not None
            with closing(server.client.stream(replace(request, model=server.model))) as events:
                yield from events
        except BackendError as error:
            broke = isinstance(error, GenerationError | UnreachableError)
            if server and server.process.ends_within(DIES_WITHIN if broke else 0):
                death = server.process.died()
                self._forget(file)
                raise death from error
            raise
        finally:
            if server:
                with self._lock:
                    server.users -= 1
                    if not any(other.users for other in self._servers.values()):
                        self._resting.set()

    def warm(self, request: Request) -> None:
        """Load the model, and read the prompt of `request` while nobody waits for a reply."""
        try:
            file = self._usable(request.model)
            server = self._server(file)
        except BackendError as error:
            log.debug("%s was not warmed: %s", request.model, error)
            return
        try:
            if request.messages:
                server.client.warm(replace(request, model=server.model))
        finally:
            with self._lock:
                server.users -= 1

    def unload(self, model: str) -> bool:
        """Give the memory of a model back; False while it makes a reply. Nothing happens to one that is not loaded."""
        file = self._files.get(model)
        with self._lock:
            server = self._servers.get(file) if file else None
            if server and server.users:
                return False
            if file:
                self._forget(file)
        return True

    def close(self) -> None:
        """End all servers."""
        atexit.unregister(self.close)
        self._closed = True
        self._digests.close()
        for file in list(self._servers):
            self._forget(file)

    def _usable(self, name: str) -> ModelFile:
        """The file of a model. Raises UnknownModelError, ModelFileError."""
        file = usable(self._files, name)
        if problem := self._mismatch(file):
            raise problem
        return file

    def _mismatch(self, file: ModelFile) -> ModelFileError | None:
        """Why a model with an adapter cannot be used with the base that is here."""
        return mismatch(file, lambda base: self._digests.of(base, learn=True))

    # -- servers ------------------------------------------------------------------------------------------------------

    def _start(self, file: ModelFile) -> Generator[Progress | _Server, None, None]:
        """The server of a file, with a heartbeat until it is there. Raises BackendError."""
        results: list[_Server | BackendError] = []

        def start() -> None:
            try:
                results.append(self._server(file))
            except BackendError as error:
                results.append(error)

        thread = threading.Thread(target=start, name="r1chat-llama-server", daemon=True)
        thread.start()
        thread.join(HEARTBEAT)
        while thread.is_alive():
            yield Progress("waiting")
            thread.join(HEARTBEAT)
        if isinstance(results[0], BackendError):
            raise results[0]
        yield results[0]

    def _server(self, file: ModelFile) -> _Server:
        """The server of a file, started if need be, with one user more. Raises BackendError."""
        with self._lock:
            if self._closed:
                raise GenerationError(_CLOSING)
            server = self._servers.get(file)
            if server is None or not server.process.alive:
                for other, running in list(self._servers.items()):
                    if not running.users or other == file:
                        self._forget(other)
                server = self._servers[file] = self._load(file)
            server.users += 1
            self._resting.clear()
            return server

    def _load(self, file: ModelFile) -> _Server:
        assert file.header is not None
        gpu_layers = self._gpu_layers or 0
        needs = Needs.of(file.header, file.size, batch=_BATCH, gpu_layers=gpu_layers)
        fit = needs.fit(self._wish or CONTEXT, self._memory())
        return _Server(file, fit, self._threads, self._gpu_layers)

    def _forget(self, file: ModelFile) -> None:
        if server := self._servers.pop(file, None):
            server.close()

    def _info(self, file: ModelFile, title: str) -> ModelInfo:
        server = self._servers.get(file)
        if problem := self._mismatch(file):
            file = replace(file, problem=problem)
        notes = [] if file.problem else remarks(file, self._wish)
        free = self._memory()
        if not file.problem and not server and file.size > free and self._gpu_layers == 0:
            notes.append(from_disk(file.size, free))
        return describe(
            file,
            backend=self.name,
            version=f"xllamacpp {version('xllamacpp')}",
            title=title,
            wish=self._wish or CONTEXT,
            window=server.window if server else 0,
            digest=self._digests.of(file, learn=server is not None) if file.header else "",
            notes=notes,
        )


_REFUSED = Both(
    "llama.cpp cannot load {name} ({reason}). Download the file again, or choose another model.",
    "llama.cpp 无法加载 {name}（{reason}）。请重新下载该文件，或选择其他模型。",
)
_BROKEN = Both(
    "llama.cpp cannot start, since xllamacpp does not load ({reason}). Install the system's library that it names, or "
    "the package anew. `libgomp` comes with: apt install libgomp1.",
    "llama.cpp 无法启动：xllamacpp 加载失败（{reason}）。请安装其中提到的系统库，或重新安装该包。"
    "`libgomp` 可用 apt install libgomp1 安装。",
)
_CLOSING = Both("r1chat is closing; start it again to go on.", "r1chat 正在关闭；请重新启动后继续。")

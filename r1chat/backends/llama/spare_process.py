"""The engine process that is started ahead of need: it answers questions about llama.cpp, and takes the next model."""

from __future__ import annotations

import logging
import threading

from r1chat.backends.llama.engine import Engine
from r1chat.backends.llama.process import EngineDiedError
from r1chat.errors import BackendError

log = logging.getLogger(__name__)

_known: dict[str, bool] = {}  # architectures: the llama.cpp of this process stays the same


class Spare:
    """At most one engine without a model. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._has_gpu: bool | None = None
        self._closed = False

    def start(self) -> None:
        """Have an engine ready soon; does not wait for it, and never raises."""
        try:
            with self._lock:
                if not self._closed:
                    self._running()
        except BackendError as error:  # whoever needs one will be told
            log.warning("no engine was started ahead of need: %s", error)

    def knows(self, architecture: str) -> bool:
        """Whether this llama.cpp can run models of an architecture. Raises BackendError."""
        with self._lock:
            if architecture not in _known:
                try:
                    _known[architecture] = self._running().knows(architecture)
                except EngineDiedError:
                    _known[architecture] = False
            return _known[architecture]

    def has_gpu(self) -> bool:
        """Whether there is a GPU that this llama.cpp can use. Raises BackendError."""
        with self._lock:
            if self._has_gpu is None:
                self._has_gpu = any(device.gpu for device in self._running().devices())
            return self._has_gpu

    def take(self) -> Engine:
        """An engine for the caller to keep, and to close. Raises BackendError."""
        with self._lock:
            engine = self._running()
            self._engine = None
            return engine

    def give_back(self, engine: Engine) -> None:
        """Take an engine that has not loaded a model after all."""
        with self._lock:
            if self._engine is None and engine.alive and not self._closed:
                self._engine = engine
                return
        engine.close()

    def close(self) -> None:
        """End the spare engine; no other will be kept."""
        with self._lock:
            self._closed = True
            engine, self._engine = self._engine, None
        if engine:
            engine.kill()  # it has no model and does nothing: there is nothing that it could end in order
            engine.close()

    def _running(self) -> Engine:
        if self._engine and not self._engine.alive:
            self._engine.close()
            self._engine = None
        if self._engine is None:
            self._engine = Engine()
        return self._engine

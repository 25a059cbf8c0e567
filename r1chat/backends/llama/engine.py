"""An engine: a process of its own with llama.cpp in it, as the page's process sees it.

A crash of llama.cpp ends that process and nothing else. Whoever waits for it gets an `EngineDiedError` with a sentence.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Protocol

from r1chat.backends.llama.channel import (
    Device,
    Loaded,
    LoadSpec,
    Measured,
    MeasureSpec,
    pack_request,
    unpack_error,
    unpack_event,
)
from r1chat.backends.llama.process import Process
from r1chat.both import Both
from r1chat.errors import BackendError
from r1chat.messages import BackendEvent, Finish, Request

log = logging.getLogger(__name__)


class TaskStoppedError(Exception):
    """The task was stopped before it was done."""


class Waiting(Protocol):
    """Whoever waits for a task: takes its events, and may stop it."""

    def tell(self, event: BackendEvent, sample: int = 0) -> None: ...

    def on_stop(self, act: Callable[[], None] | None) -> None:
        """Call `act` when the task is stopped, at once if it has been; None: forget it."""
        ...


class Engine:
    """One process, and the model that it has loaded, if any. One task at a time; others wait for their turn.

    Starting does not wait until the process is ready; whatever comes first does.
    Raises BackendError where no process can be started.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # held by the task that runs
        self._number = 0
        self._ready = False
        self._process = Process("main", verbose=log.isEnabledFor(logging.DEBUG))
        self._channel = self._process.channel

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """The process has not ended."""
        return self._process.alive

    def knows(self, architecture: str) -> bool:
        """Whether it can run models of an architecture. Raises BackendError."""
        return bool(self._do("knows", architecture))

    def devices(self) -> list[Device]:
        """The devices that it can compute on, with the memory that is free now. Raises BackendError."""
        return [Device(**device) for device in self._do("devices")]

    def measure(self, spec: MeasureSpec) -> Measured:
        """Time a model, which is not kept. Raises BackendError."""
        return Measured(**self._do("measure", asdict(spec)))

    def load(self, spec: LoadSpec, waiting: Waiting) -> Loaded:
        """Load a model, once in an engine's life. Raises TaskStoppedError (it may be tried again), BackendError."""
        return Loaded(**self._do("load", asdict(spec), waiting=waiting))

    def reply(self, request: Request, waiting: Waiting, adapter: str = "") -> Finish:
        """Make a reply; its text and the progress are told. `adapter`: path of a LoRA adapter to compute with.

        Raises TaskStoppedError, BackendError.
        """
        return Finish(**self._do("reply", pack_request(request), adapter, waiting=waiting))

    def many(
        self, request: Request, seeds: Sequence[int | None], memory: int, waiting: Waiting, adapter: str = ""
    ) -> None:
        """Make a reply for each seed, within so many bytes of memory; their ends are told, too."""
        self._do("many", pack_request(request), adapter, list(seeds), memory, waiting=waiting)

    def warm(self, request: Request, waiting: Waiting, adapter: str = "") -> None:
        """Read the prompt of a request. Raises TaskStoppedError, BackendError."""
        self._do("warm", pack_request(request), adapter, waiting=waiting)

    def kill(self) -> None:
        """End the process in the midst of a task, which then raises EngineDiedError. From any thread."""
        self._process.kill()

    def close(self) -> None:
        """End the process, and with it all the memory that it has. Returns when that is done."""
        self._process.close()

    # -- one task -----------------------------------------------------------------------------------------------------

    def _do(self, kind: str, *values: Any, waiting: Waiting | None = None) -> Any:
        """Send a task, pass its events on, and return what it ends with."""
        with self._lock:
            self._await_ready()
            self._number += 1
            number = self._number
            try:
                self._channel.send(kind, number, *values)
            except (OSError, ValueError):
                raise self._process.died() from None
            if waiting is None:
                return self._result(None)
            waiting.on_stop(lambda: self._stop(number))
            try:
                return self._result(waiting)
            finally:
                waiting.on_stop(None)

    def _await_ready(self) -> None:
        if self._ready:
            return
        message = self._channel.receive()
        if message is None:
            raise self._process.died()
        if message[0] != "ready":
            raise BackendError(_UNUSABLE.format(reason=message[1]))
        self._ready = True

    def _result(self, waiting: Waiting | None) -> Any:
        while (message := self._channel.receive()) is not None:
            if message[0] == "done":
                return message[1]
            if message[0] == "stopped":
                raise TaskStoppedError
            if message[0] == "error":
                raise unpack_error(message[1:])
            if waiting and (event := unpack_event(message)):
                waiting.tell(event[1], event[0])
        raise self._process.died()

    def _stop(self, number: int) -> None:
        with suppress(OSError, ValueError):  # it has ended: whoever waits will be told
            self._channel.send("stop", number)


_UNUSABLE = Both(
    'llama-cpp-python is installed but cannot be used ({reason}). Install it again: pip install --force-reinstall "'
    'llama-cpp-python".',
    "已安装 llama-cpp-python，但无法使用（{reason}）。请重新安装：pip install --force-reinstall llama-cpp-python。",
)

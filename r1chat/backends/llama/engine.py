"""An engine: a process of its own with llama.cpp in it, as the page's process sees it.

A crash of llama.cpp ends that process and nothing else. Whoever waits for it gets an `EngineDiedError` with a sentence.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any, Protocol

from r1chat.backends.llama.channel import (
    Channel,
    Device,
    Loaded,
    LoadSpec,
    pack_request,
    unpack_error,
    unpack_event,
)
from r1chat.both import Both
from r1chat.errors import BackendError, GenerationError
from r1chat.messages import BackendEvent, Finish, Request

CLOSE_WITHIN = 5.0  # seconds for the process to end by itself; then it is killed
# The child gets our module path word for word: it must find the same r1chat and the same llama.cpp.
_START = "import sys; n = int(sys.argv[1]); sys.path[:] = sys.argv[2:2 + n]; " + (
    "from r1chat.backends.llama.child.main import main; main()"
)
_LAST_WORDS = 4096  # bytes of standard error that are looked at after a crash

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The task was stopped before it was done."""


class EngineDiedError(GenerationError):
    """The engine's process ended while it was needed."""


class Waiting(Protocol):
    """Whoever waits for a task: takes its events, and may stop it."""

    def tell(self, event: BackendEvent, sample: int = 0) -> None: ...

    def on_stop(self, act: Callable[[], None] | None) -> None:
        """Call `act` when the task is stopped, at once if it has been; None: forget it."""
        ...


def installed() -> bool:
    """Whether llama-cpp-python is there. Does not import it."""
    return find_spec("llama_cpp") is not None


class Engine:
    """One process, and the model that it has loaded, if any. One task at a time; others wait for their turn.

    Starting does not wait until the process is ready; whatever comes first does.
    Raises BackendError where no process can be started.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # held by the task that runs
        self._number = 0
        self._ready = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        path = [entry or os.getcwd() for entry in sys.path]
        flags = ["--verbose"] if log.isEnabledFor(logging.DEBUG) else []
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(len(path)), *path, *flags],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                start_new_session=True,  # signals of the terminal are for the page's process
                env=os.environ | {"GGML_NO_BACKTRACE": "1"},  # else ggml starts a debugger before it aborts
            )
        except OSError as error:
            self._stderr.close()
            raise BackendError(_NO_PROCESS.format(reason=error.strerror)) from error
        assert self._process.stdin and self._process.stdout
        self._channel = Channel(self._process.stdout, self._process.stdin)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """The process has not ended."""
        return self._process.poll() is None

    def knows(self, architecture: str) -> bool:
        """Whether it can run models of an architecture. Raises BackendError."""
        return bool(self._do("knows", architecture))

    def devices(self) -> list[Device]:
        """The devices that it can compute on, with the memory that is free now. Raises BackendError."""
        return [Device(**device) for device in self._do("devices")]

    def load(self, spec: LoadSpec, waiting: Waiting) -> Loaded:
        """Load a model, once in an engine's life. Raises StoppedError (then it may be tried again), BackendError."""
        return Loaded(**self._do("load", asdict(spec), waiting=waiting))

    def reply(self, request: Request, waiting: Waiting) -> Finish:
        """Make a reply; its text and the progress are told. Raises StoppedError, BackendError."""
        return Finish(**self._do("reply", pack_request(request), waiting=waiting))

    def many(self, request: Request, seeds: Sequence[int | None], memory: int, waiting: Waiting) -> None:
        """Make a reply for each seed, within so many bytes of memory; their ends are told, too."""
        self._do("many", pack_request(request), list(seeds), memory, waiting=waiting)

    def warm(self, request: Request, waiting: Waiting) -> None:
        """Read the prompt of a request. Raises StoppedError, BackendError."""
        self._do("warm", pack_request(request), waiting=waiting)

    def close(self) -> None:
        """End the process, and with it all the memory that it has. Returns when that is done."""
        self._channel.close()
        try:
            self._process.wait(CLOSE_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if not self._stderr.closed:
            log.debug("engine %d: %s", self.pid, self._last_words())
            self._stderr.close()

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
                raise self._died() from None
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
            raise self._died()
        if message[0] != "ready":
            raise BackendError(_UNUSABLE.format(reason=message[1]))
        self._ready = True

    def _result(self, waiting: Waiting | None) -> Any:
        while (message := self._channel.receive()) is not None:
            if message[0] == "done":
                return message[1]
            if message[0] == "stopped":
                raise StoppedError
            if message[0] == "error":
                raise unpack_error(message[1:])
            if waiting and (event := unpack_event(message)):
                waiting.tell(event[1], event[0])
        raise self._died()

    def _stop(self, number: int) -> None:
        with suppress(OSError, ValueError):  # it has ended: whoever waits will be told
            self._channel.send("stop", number)

    def _died(self) -> EngineDiedError:
        """The process is gone: why, as far as that can be told."""
        try:
            status = self._process.wait(CLOSE_WITHIN)
        except subprocess.TimeoutExpired:  # it has closed its channel and goes on: no use to anybody
            self._process.kill()
            status = self._process.wait()
        words = self._last_words()
        log.warning("the engine's process %d ended with status %d: %s", self.pid, status, words)
        return EngineDiedError(_cause(status, words))

    def _last_words(self) -> str:
        if self._stderr.closed:
            return ""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _LAST_WORDS))
        return self._stderr.read().decode(errors="replace").strip()


def _cause(status: int, words: str) -> Both:
    """Why a process ended, by its exit status and what it wrote last."""
    name = ""
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
    if name == "SIGKILL":
        return _KILLED
    if name == "SIGBUS":
        return _FILE_CUT
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    assertion = next((line.partition(": ")[2] or line for line in lines if "GGML_ASSERT" in line), "")
    return _CRASHED.format(reason=assertion or name or f"exit status {status}")


_KILLED = Both(
    "The model's process was ended by the system, most likely because memory ran out. What came is kept. Send again; "
    "if it happens again, close other programs, or choose a smaller model or a smaller context.",
    "模型进程被系统终止，很可能是内存不足。已生成的部分已保留。请重新发送；如果再次发生，请关闭其他程序，或选择更小的模型或更小的上下文。",
)
_FILE_CUT = Both(
    "The model's file was cut or replaced while it was in use, or its disk failed. What came is kept. Check the file, "
    "or download it again, then send again.",
    "模型文件在使用中被截断或替换，或磁盘出错。已生成的部分已保留。请检查该文件或重新下载，然后重新发送。",
)
_CRASHED = Both(
    "llama.cpp crashed ({reason}). What came is kept. Send again; if it happens again, choose another model.",
    "llama.cpp 崩溃（{reason}）。已生成的部分已保留。请重新发送；如果再次发生，请选择其他模型。",
)
_UNUSABLE = Both(
    'llama-cpp-python is installed but cannot be used ({reason}). Install it again: pip install --force-reinstall "'
    'llama-cpp-python".',
    "已安装 llama-cpp-python，但无法使用（{reason}）。请重新安装：pip install --force-reinstall llama-cpp-python。",
)
_NO_PROCESS = Both(
    "The system did not start a process for the model ({reason}). Close other programs and try again.",
    "系统未能为模型启动进程（{reason}）。请关闭其他程序后重试。",
)

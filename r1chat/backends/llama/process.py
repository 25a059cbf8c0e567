"""A child process with llama.cpp in it: started, spoken to over a channel, ended, and its death explained."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec

from r1chat.backends.llama.channel import Channel
from r1chat.both import Both
from r1chat.errors import BackendError, GenerationError

CLOSE_WITHIN = 5.0  # seconds for the process to end by itself; then it is killed
# The child gets our module path word for word: it must find the same r1chat and the same llama.cpp.
_START = (
    "import sys; n = int(sys.argv[2]); sys.path[:] = sys.argv[3:3 + n]; from importlib import import_module; "
    "import_module('r1chat.backends.llama.child.' + sys.argv[1]).main()"
)
_LAST_WORDS = 4096  # bytes of standard error that are looked at after a crash

log = logging.getLogger(__name__)


class EngineDiedError(GenerationError):
    """The engine's process ended while it was needed."""


def installed(package: str = "llama_cpp") -> bool:
    """Whether a package is there. Does not import it."""
    return find_spec(package) is not None


class Process:
    """A process that runs `main` of a module of `child`. Does not wait until it is ready.

    It ends when its channel does, so not later than this process. Raises BackendError where none can be started.
    """

    def __init__(self, module: str, *, verbose: bool = False) -> None:
        try:
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        except OSError as error:  # the disk for temporary files is full
            raise BackendError(_NO_PROCESS.format(reason=error.strerror)) from error
        path = [entry or os.getcwd() for entry in sys.path]
        flags = ["--verbose"] if verbose else []
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, module, str(len(path)), *path, *flags],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                start_new_session=True,  # signals of the terminal are for the page's process
                env=os.environ | {"GGML_NO_BACKTRACE": "1"},  # else ggml starts a debugger before it aborts
            )
        except OSError as error:
            self._stderr.close()
            raise BackendError(_NO_PROCESS.format(reason=error.strerror)) from error
        assert self._child.stdin and self._child.stdout
        self.channel = Channel(self._child.stdout, self._child.stdin)
        self.pid = self._child.pid

    @property
    def alive(self) -> bool:
        """It has not ended."""
        return self._child.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Whether it has ended, or does so now: a broken connection is seen before the end of its other side."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)
        return not self.alive

    def kill(self) -> None:
        """End it at once; whoever waits for it is told that it has died. From any thread."""
        self._child.kill()

    def close(self) -> None:
        """End it, and with it all the memory that it has. Returns when that is done."""
        self.channel.close()
        try:
            self._child.wait(CLOSE_WITHIN)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if not self._stderr.closed:
            log.debug("engine %d: %s", self.pid, self._last_words())
            self._stderr.close()

    def died(self) -> EngineDiedError:
        """Why it is gone, as far as that can be told; one that lives on without its channel is ended."""
        try:
            status = self._child.wait(CLOSE_WITHIN)
        except subprocess.TimeoutExpired:
            self._child.kill()
            status = self._child.wait()
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
_NO_PROCESS = Both(
    "The system did not start a process for the model ({reason}). Close other programs and try again.",
    "系统未能为模型启动进程（{reason}）。请关闭其他程序后重试。",
)

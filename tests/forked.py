"""Runs r1chat's commands in processes of their own, without the seconds that each would take to import everything.

A nursery is a process that has imported r1chat and then forks: each command is a fork of it with its own environment,
streams, signals and exit code. `CODE` as the first word makes the second one a program, as `python -c` does. Where the
start of Python itself is what a test is about, it uses `subprocess`.

Run as a program (`python tests/forked.py SOCKET MODULE…`), this file is the nursery. That of the page is its fork.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from contextlib import redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

CORE = (
    "alembic.command",
    "r1chat.app",
    "r1chat.backends.ollama",
    "r1chat.backends.openai",
    "r1chat.calibration",
    "r1chat.cli.main",
    "r1chat.cli.opening",
    "r1chat.cli.terminal",
)
PAGE = ("r1chat.ui.server", "r1chat.ui.application")  # what is imported besides
CODE = "-c"
PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL
ROOT = Path(__file__).parents[1]
DEADLINE = 60  # seconds


class Forked:
    """A started command: what the tests use of `subprocess.Popen`, with text in UTF-8."""

    def __init__(
        self,
        *words: str,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int = DEVNULL,
        stdout: int = PIPE,
        stderr: int = PIPE,
        terminal: bool = False,
        new_session: bool = False,
        page: bool = False,
    ) -> None:
        """Start `r1chat WORDS`. `terminal`: its standard input is a terminal, which it is to be controlled by. `page`:
        it finds everything of the page imported, as `r1chat serve` does."""
        ours, theirs = socket.socketpair()
        descriptors: list[int] = []  # the command's descriptors, closed here once it has them
        self.stdin = self._stream(stdin, descriptors, writes=True)
        self.stdout = self._stream(stdout, descriptors)
        self.stderr = self._stream(stderr, descriptors)
        order = {
            "words": words,
            "env": dict(os.environ if env is None else env),
            "cwd": str(cwd or Path.cwd()),
            "session": terminal or new_session,
            "terminal": terminal,
        }
        order["page"] = page or words[0] == "serve"
        _send(order, [theirs.fileno(), *descriptors])
        theirs.close()
        for number in descriptors:
            os.close(number)
        self._told = ours.makefile("r")
        ours.close()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._await_end, daemon=True).start()

    @staticmethod
    def _stream(kind: int, descriptors: list[int], writes: bool = False) -> IO[str] | None:
        if kind == PIPE:
            reading, writing = os.pipe()
            descriptors.append(reading if writes else writing)
            return open(writing if writes else reading, "w" if writes else "r", encoding="utf-8")
        descriptors.append(os.open(os.devnull, os.O_RDWR) if kind == DEVNULL else os.dup(kind))
        return None

    def _await_end(self) -> None:
        with self._told:
            line = self._told.readline()
        self.returncode = int(line) if line else -signal.SIGKILL
        self._ended.set()

    def wait(self, timeout: float = DEADLINE) -> int:
        """Wait for the end; its exit code, negative after a signal. Raises TimeoutExpired."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("r1chat", timeout)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self._ended.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, text: str | None = None, timeout: float = DEADLINE) -> tuple[str, str]:
        """Write the input, read everything, wait for the end: what came on stdout and stderr."""
        read = ["", ""]

        def drain(place: int, stream: IO[str] | None) -> None:
            if stream is not None and not stream.closed:
                with stream:
                    read[place] = stream.read()

        readers = [threading.Thread(target=drain, args=pair) for pair in enumerate((self.stdout, self.stderr))]
        for reader in readers:
            reader.start()
        if self.stdin is not None:
            with suppress(BrokenPipeError), self.stdin:
                self.stdin.write(text or "")
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        for reader in readers:
            reader.join(timeout)
        return read[0], read[1]


def run(*words: str, stdin: str | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `r1chat WORDS` to its end; without `stdin` there is nothing to read."""
    command = Forked(*words, stdin=DEVNULL if stdin is None else PIPE, **options)
    out, err = command.communicate(stdin)
    return subprocess.CompletedProcess(words, command.wait(), out, err)


def _send(order: dict[str, Any], descriptors: list[int]) -> None:
    """Give the nursery an order, and what it needs for it."""
    socket.send_fds(_page_nursery() if order["page"] else _nursery(), [json.dumps(order).encode()], descriptors)


@cache
def _nursery() -> socket.socket:
    """The socket on which a nursery takes orders; the nursery ends when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, __file__, str(theirs.fileno()), *CORE]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=os.environ | {"PYTHONPATH": path})
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait(DEADLINE)

    atexit.register(end)
    return ours


@cache
def _page_nursery() -> socket.socket:
    """The same of a nursery that has imported the page, too."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    socket.send_fds(_nursery(), [json.dumps({"import": PAGE}).encode()], [theirs.fileno()])
    theirs.close()
    atexit.register(ours.close)
    return ours


# --- in the nursery --------------------------------------------------------------------------------------------------


def take_orders(orders: socket.socket) -> None:
    """Start a command for each order until the tests end."""
    assert threading.active_count() == 1, "a process with threads cannot be forked"
    gc.collect()
    gc.freeze()  # else each command looks through half a million objects once more when it ends
    while True:
        text, descriptors, _, _ = socket.recv_fds(orders, 1 << 20, 4)
        if not text:
            return
        order = json.loads(text)
        if os.fork() == 0:
            orders.close()
            if "import" in order:
                for name in order["import"]:
                    importlib.import_module(name)
                warm_page()
                return take_orders(socket.socket(fileno=descriptors[0]))
            keep(order, *descriptors)
        for number in descriptors:
            os.close(number)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def warm() -> None:
    """Do once what every command does: half of the time that a short one takes goes into what it does first."""
    from r1chat.app import build
    from r1chat.backends.scripted import ScriptedBackend
    from r1chat.cli.main import main
    from r1chat.config import Settings

    with suppress(SystemExit), redirect_stdout(io.StringIO()):
        main(["--help"])
    with tempfile.TemporaryDirectory() as folder:
        app = build(
            Settings(data_dir=Path(folder), ollama=False, find_models=False),
            {"scripted": ScriptedBackend(lambda _: "ok")},
        )
        app.chat.send(None, "?", "scripted:scripted").wait(DEADLINE)
        app.close()
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join(DEADLINE)  # those of the reply are about to end


def warm_page() -> None:
    """Have the page rendered, if it is not kept: that imports Gradio."""
    from starlette.responses import PlainTextResponse

    from r1chat.ui.mounting import with_chat_page

    with_chat_page(PlainTextResponse(""))


def keep(order: dict[str, Any], status_fd: int, *streams: int) -> None:
    """Start the command, and tell its process number, then its exit code."""
    pid = os.fork()
    if pid == 0:
        os.close(status_fd)
        become(order, streams)
    for number in (0, 1, 2, *streams):
        os.close(number)
    with suppress(BrokenPipeError):  # the test ended before the command
        os.write(status_fd, b"%d\n" % pid)
        os.write(status_fd, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os._exit(0)


def become(order: dict[str, Any], streams: tuple[int, ...]) -> None:
    """Be the command."""
    if order["session"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if order["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    tempfile.tempdir = None  # the nursery's own
    os.chdir(order["cwd"])
    words = order["words"]
    sys.argv = ["r1chat", *words] if words[0] != CODE else [CODE, *words[2:]]
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    if words[0] == CODE:
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
        sys.exit()
    from r1chat.cli.main import main

    sys.exit(main(words))


if __name__ == "__main__":
    for name in sys.argv[2:]:
        importlib.import_module(name)
    warm()
    take_orders(socket.socket(fileno=int(sys.argv[1])))

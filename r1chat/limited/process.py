"""The parent's side of a child process that answers one question at a time and is killed where that takes too long."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

START_LIMIT = 60.0  # seconds for the child to start, perhaps on a machine that is busy
_CHILD = Path(__file__).with_name("child.py")


class NotStartedError(Exception):
    """The child process did not start."""


class LimitedProcess:
    """One child process that runs the function `answer` of a program.

    It is started when it is first needed and again after it was killed, and ends with this process. Safe to call from
    any thread; questions wait for each other.
    """

    def __init__(self, program: Path) -> None:
        """`program`: a Python file with a function `answer`, from and to values of JSON. It need not import r1chat."""
        self._program = program
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def ask(self, question: object, limit: float) -> object:
        """The answer; None where there is none within `limit` seconds or the child's memory.

        Raises NotStartedError where the child does not start.
        """
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._start()
            line = self._exchange(json.dumps([limit, question]) + "\n", limit)
            return json.loads(line) if line else None

    def close(self) -> None:
        """End the child; the next question starts another."""
        with self._lock:
            self._end()

    def _forget(self) -> None:
        """After a fork: the child belongs to the parent."""
        self._lock = threading.Lock()
        self._parents, self._child = self._child, None  # kept: a Popen that is dropped while it runs warns

    def _start(self) -> None:
        self._end()
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(_CHILD), str(self._program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
        except OSError as error:
            raise NotStartedError from error
        if self._exchange("", START_LIMIT) != "ready\n":
            self._end()
            raise NotStartedError

    def _exchange(self, line: str, limit: float) -> str:
        """Write a line and read one; "" where none came in time, and then the child is gone."""
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        late = threading.Event()

        def expire() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(limit, expire)
        timer.daemon = True
        timer.start()
        try:
            child.stdin.write(line)
            child.stdin.flush()
            answer = child.stdout.readline()
        except OSError:  # it died while we wrote
            answer = ""
        except BaseException:  # Ctrl-C: nobody will read this answer, so it must not be the next question's
            self._end()
            raise
        finally:
            timer.cancel()
            timer.join()
        if late.is_set() or not answer.endswith("\n"):
            self._end()
        return answer if answer.endswith("\n") else ""

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        try:
            child.communicate()
        except OSError:
            child.wait()

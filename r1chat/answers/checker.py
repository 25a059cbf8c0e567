"""Regular expressions, searched for in a process that may be killed: `(a|a)*b` takes for ever.

One child process is started when it is first needed and kept. `child.py` is what runs there, and bounds each search by
processor time.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from r1chat.both import Both
from r1chat.errors import CheckError

# Seconds on the clock for one search: where the child can bound its own processor time, only against a stuck process.
LIMIT = 120.0 if hasattr(signal, "setitimer") else 2.0
START_LIMIT = 60.0  # seconds for the child to start, perhaps on a machine that is busy
_PROGRAM = Path(__file__).with_name("child.py")


class Checker:
    """One child process. Safe to call from any thread; questions wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None

    def ask(self, *question: str) -> object:
        """The child's answer; None where it has none within its bounds. Raises CheckError if it does not start."""
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._start()
            line = self._exchange(json.dumps(question) + "\n", LIMIT)
            return json.loads(line) if line else None

    def close(self) -> None:
        """End the child; the next question starts another."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """After a fork: the child belongs to the parent."""
        self._lock = threading.Lock()
        self._parents, self._child = self._child, None  # kept, since dropping a Popen that runs complains

    def _start(self) -> None:
        self._end()
        with suppress(OSError):
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
        if self._child is None or self._exchange("", START_LIMIT) != "ready\n":
            self._end()
            raise CheckError(
                Both(
                    "Patterns cannot be checked: the process that searches for them did not start. Check that r1chat "
                    "may start processes and that memory is left, and try again.",
                    "无法检查正则表达式：负责查找的进程未能启动。请确认 r1chat 可以启动进程且内存充足，然后重试。",
                )
            )

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


_CHECKER = Checker()
atexit.register(_CHECKER.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_CHECKER.forget)


def found(pattern: str, text: str) -> bool | None:
    """Does a regular expression occur in a text? None: it takes too long. Raises CheckError where it is invalid."""
    verdict = _CHECKER.ask(pattern, text)
    if isinstance(verdict, str):
        raise CheckError(
            Both(
                "This is not a regular expression: {error}. Correct it, or choose another kind of check.",
                "这不是有效的正则表达式：{error}。请更正，或选择其他检查方式。",
            ).format(error=verdict)
        )
    return verdict if isinstance(verdict, bool) else None

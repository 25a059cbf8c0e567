"""Questions that may take for ever, asked of a process that may be killed.

Math-Verify on `9^{9^{9^9}}` and a hostile regular expression never come back, and Math-Verify's own time-outs need the
main thread. So both run in one child process, started when it is first needed, killed when an answer takes too long,
and started again for the next question. Knows nothing of answers; `child.py` is what runs there.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from r1chat.errors import CheckError

LIMIT = 2.0  # seconds for one question
START_LIMIT = 60.0  # seconds for the child to start: it imports sympy, perhaps on a machine that is busy
_PROGRAM = Path(__file__).with_name("child.py")


class Checker:
    """One child process. Safe to call from any thread; questions wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None

    def ask(self, *question: str) -> object:
        """The child's answer; None where it has none, or none in time. Raises CheckError where it does not start."""
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
        self._child = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        greeting = self._exchange("", START_LIMIT)
        if greeting != "ready\n":
            self._end()
            raise CheckError(
                f"Formulas cannot be compared: the checker did not start ({greeting.strip() or 'it said nothing'}). "
                "Install r1chat again; it needs math-verify[antlr4_13_2]."
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


def equal(a: str, b: str) -> bool | None:
    """Are two LaTeX formulas mathematically the same? None: they are no formulas, or it could not be told in time."""
    verdict = _CHECKER.ask("equal", a, b)
    return verdict if isinstance(verdict, bool) else None


def found(pattern: str, text: str) -> bool | None:
    """Does a regular expression occur in a text? None: not told in time. Raises CheckError where it is none."""
    verdict = _CHECKER.ask("search", pattern, text)
    if isinstance(verdict, str):
        raise CheckError(f"This is not a regular expression: {verdict}. Correct it, or choose another kind of check.")
    return verdict if isinstance(verdict, bool) else None

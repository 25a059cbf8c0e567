"""The program that `checker.py` runs: a pattern and a text a line in, a verdict a line out, all JSON.

Run by its path, so that it needs no r1chat. Each search is bounded by processor time, not by the clock: a busy machine
changes no verdict.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from contextlib import suppress

PROCESSOR_TIME = 2.0  # seconds of one search
LAST_RESORT = 10.0  # seconds of processor time after which the system ends this process
MEMORY = 1024**3  # bytes that this process may take, where the system can hold it to that


class Expired(Exception):
    """The search took its processor time."""


def main() -> None:
    """Answer questions until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app
    limit_memory()
    timed = hasattr(signal, "setitimer")
    if timed:
        signal.signal(signal.SIGVTALRM, expire)
    print("ready", flush=True)
    for line in sys.stdin:
        pattern, text = json.loads(line)
        if timed:
            signal.setitimer(signal.ITIMER_VIRTUAL, PROCESSOR_TIME)
            signal.setitimer(signal.ITIMER_PROF, LAST_RESORT)  # SIGPROF is not handled: it ends the process
        verdict: bool | str | None
        try:
            verdict = search(pattern, text)
        except (Expired, MemoryError, RecursionError, OverflowError):
            verdict = None
        finally:
            if timed:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
                signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(verdict), flush=True)


def expire(signal_number: int, frame: object) -> None:
    """The handler of the timer."""
    raise Expired


def search(pattern: str, text: str) -> bool | str:
    """Whether the pattern occurs in the text; what is wrong with it where it is no pattern."""
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        return str(error)


def limit_memory() -> None:
    """Hold this process to `MEMORY`, on systems that can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # the app was killed
        main()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(0)

"""What runs in the child process: the function `answer` of the program that is named on the command line.

A line in holds the seconds that the answer may take and the question, a line out the answer, both JSON. Run by its
path, so that it needs no r1chat.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from contextlib import suppress

MEMORY = 1024**3  # bytes that this process may take, where the system can hold it to that


def main(program: str) -> None:
    """Answer questions until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app
    limit_resources()
    answer = runpy.run_path(program)["answer"]
    print("ready", flush=True)
    for line in sys.stdin:
        limit, question = json.loads(line)
        _end_after(limit + 1)
        try:
            text = json.dumps(answer(question))
        except MemoryError:
            text = "null"
        _end_after(0)
        print(text, flush=True)


def _end_after(seconds: float) -> None:
    """End this process in so many seconds, where the app that would end it is gone by then; 0: do not."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # SIGALRM ends a process also within one long search of `re`


def limit_resources() -> None:
    """Hold this process to `MEMORY`, on systems that can, and have it write no core file (see `r1chat.core_files`)."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (0 if most == 0 else 1, most))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # the app was killed
        main(sys.argv[1])
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(0)

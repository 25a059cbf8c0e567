"""The program that `patterns.py` runs in a `LimitedProcess`: searches a text for a regular expression.

Each search is bounded by processor time, not by the clock: a busy machine changes no verdict. Imports no r1chat.
"""

from __future__ import annotations

import re
import signal

LAST_RESORT = 10.0  # seconds of processor time after which the system ends this process
_TIMED = hasattr(signal, "setitimer")


class Expired(Exception):
    """The search took its processor time."""


def answer(question: tuple[str, str, float]) -> bool | str | None:
    """Whether the pattern occurs in the text; None where that takes too long.

    `question` is the pattern, the text, and the seconds of processor time that the search may take. For what is no
    pattern the answer is what is wrong with it.
    """
    pattern, text, seconds = question
    try:
        if _TIMED:
            signal.signal(signal.SIGVTALRM, expire)
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
            signal.setitimer(signal.ITIMER_PROF, LAST_RESORT)  # SIGPROF is not handled: it ends the process
        return re.search(pattern, text) is not None
    except re.error as error:
        return str(error)
    except (Expired, MemoryError, RecursionError, OverflowError):
        return None
    finally:
        if _TIMED:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)


def expire(signal_number: int, frame: object) -> None:
    """The handler of the timer."""
    raise Expired

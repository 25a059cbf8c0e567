"""Regular expressions, searched for in a process that may be killed: `(a|a)*b` takes exponential time."""

from __future__ import annotations

import signal
from pathlib import Path

from r1chat.both import Both
from r1chat.errors import CheckError, RightAnswerError
from r1chat.limited import LimitedProcess, NotStartedError

SECONDS = 2.0  # of processor time for one search
# Seconds on the clock for one search: where the child can bound its own processor time, only against a stuck process.
LIMIT = 120.0 if hasattr(signal, "setitimer") else 2.0

_NOT_STARTED = Both(
    "Patterns cannot be checked: the process that searches for them did not start. Check that r1chat may start "
    "processes and that memory is left, and try again.",
    "无法检查正则表达式：负责查找的进程未能启动。请确认 r1chat 可以启动进程且内存充足，然后重试。",
)
_NOT_A_PATTERN = Both(
    "This is not a regular expression: {error}. Correct it, or choose another kind of check.",
    "这不是有效的正则表达式：{error}。请更正，或选择其他检查方式。",
)
_PROCESS = LimitedProcess(Path(__file__).with_name("pattern_program.py"))


def occurs(pattern: str, text: str, seconds: float = SECONDS) -> bool | None:
    """Whether a regular expression occurs in a text; None where the search takes more `seconds` of processor time.

    Raises RightAnswerError where the pattern is invalid, CheckError where the process does not start.
    """
    try:
        verdict = _PROCESS.ask([pattern, text, seconds], LIMIT)
    except NotStartedError:
        raise CheckError(_NOT_STARTED) from None
    if isinstance(verdict, str):
        raise RightAnswerError(_NOT_A_PATTERN.format(error=verdict))
    return verdict if isinstance(verdict, bool) else None

"""Which process makes a reply, and whether it still lives. Knows nothing of replies."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def current_owner() -> str:
    """This process, as `host:pid:start`; the start tells it from a later process that is given the same number."""
    _, start = _state_and_start(os.getpid())
    return f"{socket.gethostname()}:{os.getpid()}:{start}"


def is_alive(owner: str) -> bool | None:
    """Whether that process still runs; None where nobody here can tell (another machine, Windows, not an owner)."""
    host, _, process = owner.partition(":")
    number, _, start = process.partition(":")
    if host != socket.gethostname() or not number.isdecimal() or sys.platform == "win32":
        return None
    try:
        os.kill(int(number), 0)
    except PermissionError:
        pass  # it is there, and another person's
    except (ProcessLookupError, OverflowError):
        return False
    state, started = _state_and_start(int(number))
    if state in ("Z", "X"):
        return False  # killed, and its parent has not looked yet
    return not start or not started or start == started


def _state_and_start(pid: int) -> tuple[str, str]:
    """A process's state, and when it began in ticks since the machine did; both "" where the system has no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "", ""
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return fields[0], fields[19]

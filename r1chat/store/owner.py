"""Which process makes a reply, and whether it still lives. Knows nothing of replies."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def current_owner() -> str:
    """This process, as `host:pid:start`; the start tells it from a later process that is given the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start(os.getpid())}"


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
    now = _start(int(number))
    return not start or not now or start == now


def _start(pid: int) -> str:
    """When a process began, in clock ticks since the machine did; "" where the system has no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]  # the name before it may hold spaces and brackets

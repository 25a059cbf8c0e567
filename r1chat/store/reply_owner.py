"""Which process makes a reply, and whether it still lives. Knows nothing of replies."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Literal, NamedTuple

_EXITING = 0x4  # PF_EXITING of the Linux kernel: the process has begun to end


class _Process(NamedTuple):
    """What /proc says of a process."""

    ended: bool  # it is a zombie, or about to end
    start: str  # in ticks since the machine started


def current_owner() -> str:
    """This process, as `host:pid:start`; the start tells it from a later process that is given the same number."""
    return owner_of(os.getpid())


def owner_of(pid: int) -> str:
    """A process of this machine as `current_owner` tells itself."""
    process = _read(pid)
    return f"{socket.gethostname()}:{pid}:{process.start if process else ''}"


def is_alive(owner: str) -> bool | None:
    """Whether that process still runs; None where nobody here can tell (another machine, Windows, not an owner)."""
    host, _, rest = owner.partition(":")
    pid, _, start = rest.partition(":")
    if owner == current_owner():
        return True
    if host != socket.gethostname() or not pid.isdecimal() or sys.platform == "win32":
        return None
    if _read(os.getpid()) is None:  # a system without /proc
        return _signal(int(pid)) != "nobody"
    process = _read(int(pid))  # one look: between two of them it may end
    if process is None:
        return _signal(int(pid)) == "forbidden"  # another person's, which some systems hide in /proc
    return not process.ended and (not start or process.start == start)


def _signal(pid: int) -> Literal["taken", "forbidden", "nobody"]:
    """What becomes of a signal to that process; none is really sent."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return "forbidden"
    except (ProcessLookupError, OverflowError):
        return "nobody"
    return "taken"


def _read(pid: int) -> _Process | None:
    """A process of this machine; None where there is none, or where the system has no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    state, flags, start = fields[0], fields[6], fields[19]
    return _Process(state in ("Z", "X") or bool(int(flags) & _EXITING), start)

"""Which process works on a run's folder: one at a time, and it can be asked to end.

While a run is worked on, its folder's `.lock` is locked (the system unlocks it when the process dies, in whatever way),
and `.running` names the process, for whoever looks.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from r1chat.both import Both
from r1chat.detached import is_locked
from r1chat.errors import EvaluationError
from r1chat.files import read_text
from r1chat.store.reply_owner import current_owner, is_alive

LOCK, OWNER = ".lock", ".running"
_GLANCE = 0.5  # seconds to wait for a lock, since `is_running` may hold it for a moment


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Work on a run's folder alone. Raises EvaluationError while another process, or another run of this one, does."""
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=_GLANCE)
    except Timeout:
        raise EvaluationError(_BUSY.format(name=folder.name)) from None
    try:
        claim(folder, current_owner())
        yield
    finally:
        (folder / OWNER).unlink(missing_ok=True)
        lock.release()


def claim(folder: Path, owner: str) -> None:
    """Name the process that works on a run, or is about to; see `r1chat.store.reply_owner`."""
    (folder / OWNER).write_text(owner, encoding="utf-8")


def is_running(folder: Path) -> bool:
    """Whether a process works on a run."""
    owner = _owner(folder)
    if not owner:
        return False
    alive = is_alive(owner)
    return is_locked(folder / LOCK) if alive is None else alive


def stop(folder: Path) -> None:
    """Ask the process that works on a run to end. What is done stays, and the run can go on.

    Raises EvaluationError where that process is another person's, or of another machine.
    """
    owner = _owner(folder)
    pid, _, start = owner.partition(":")[2].partition(":")
    if not is_running(folder):
        return
    unknown = is_alive(owner) is None and os.name == "posix"  # Windows cannot tell, and its numbers are its own
    unknown = unknown or (not start and Path("/proc/self").exists())  # a folder of others may name any process
    if unknown or not pid.isdecimal() or int(pid) == os.getpid():
        raise EvaluationError(_NOT_OURS.format(name=folder.name))
    try:
        os.kill(int(pid), signal.SIGTERM)
    except PermissionError:
        raise EvaluationError(_NOT_OURS.format(name=folder.name)) from None
    except OSError:
        return  # it has ended meanwhile


def _owner(folder: Path) -> str:
    with suppress(OSError, ValueError):
        return read_text(folder / OWNER)
    return ""


_BUSY = Both(
    "The run {name} is being worked on by another r1chat eval. Wait until it ends, or stop it; nothing was changed. "
    "To measure something else meanwhile, give that a name of its own with --name.",
    "另一个 r1chat eval 正在进行运行 {name}。请等它结束或先停止它；没有任何改动。"
    "如要同时测量别的内容，请用 --name 另起名字。",
)
_NOT_OURS = Both(
    "The run {name} was begun by a process that cannot be stopped from here. Stop it where it was begun.",
    "运行 {name} 由无法从这里停止的进程启动。请在启动它的地方停止。",
)

"""What a process owes those around it: readable streams, a log, an orderly end.

Knows nothing of chatting. Logging is configured here and nowhere else.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from r1chat.unicode import CONTROL, without_controls

_ENTITY = re.compile(r"&#?\w{2,30};")  # of Markdown: a control character by its number or name
_RARE = 5_000  # new objects between two looks for garbage


def speak_utf8() -> None:
    """Read and write UTF-8 whatever the locale says; what is no text becomes U+FFFD."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def harmless(text: str, stream: TextIO) -> str:
    """Text that cannot steer the terminal, where the stream is one; else the text as it is."""
    if not stream.isatty():
        return text
    text = _ENTITY.sub(lambda entity: "\ufffd" if CONTROL.search(unescape(entity[0])) else entity[0], text)
    return without_controls(text.replace("\r", ""))


def stop_writing() -> None:
    """Nobody reads our output any more: what is still buffered goes nowhere, without a word at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)  # a data folder may be another's


class _LogFile(RotatingFileHandler):
    """The log in the data folder, for its owner alone; made by the first line that is written to it."""

    def _open(self) -> Any:
        number = os.open(self.baseFilename, _APPEND, 0o600)
        return io.TextIOWrapper(os.fdopen(number, "ab"), encoding=self.encoding, errors=self.errors)


def log_to(file: Path, verbose: bool) -> None:
    """Warnings and worse go to a file; with `verbose` everything goes to stderr too."""
    logging.raiseExceptions = False  # a log that cannot be written is not worth a traceback on the terminal
    to_file = _LogFile(file, maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=True)
    to_file.setLevel(logging.WARNING)
    handlers: list[logging.Handler] = [to_file, *([logging.StreamHandler()] if verbose else [])]
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=handlers, force=True)
    logging.root.setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger("r1chat").setLevel(logging.DEBUG if verbose else logging.NOTSET)


def log_file() -> Path | None:
    """The log file, if there is one."""
    files = [Path(handler.baseFilename) for handler in logging.root.handlers if isinstance(handler, _LogFile)]
    return next((file for file in files if file.exists()), None)


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """For one long job that makes many values and no cycles: a twelfth of its time went into looking for some."""
    threshold = gc.get_threshold()
    if threshold[0] >= _RARE:  # whoever calls has seen to it, and to what is frozen
        yield
        return
    gc.freeze()  # what is there by now stays
    gc.set_threshold(_RARE, 20, 20)
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)


@contextmanager
def polite_signals() -> Iterator[None]:
    """Inside, a request to end (SIGTERM, or SIGHUP from a terminal that closes) unwinds the stack: SystemExit.

    So does whatever error the unwinding itself meets.
    """
    came = []

    def leave(number: int, frame: object) -> None:
        came.append(number)
        raise SystemExit(128 + number)

    before = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # under nohup it is ignored
            before[number] = signal.signal(number, leave)
    try:
        yield
    except Exception:
        if came:
            raise SystemExit(128 + came[0]) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def first_signal(end: Callable[[], None]) -> Iterator[list[int]]:
    """Inside, the first request to end (Ctrl-C, SIGTERM, SIGHUP) calls `end`; the next one acts as usual.

    Yields the list of the signals received. Nothing is raised: in the midst of a wait an exception can lose or keep its
    lock, and one that comes while Python calls a weak reference back (as imports do all the time) is lost.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, before[number])
        end()

    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows does not have the last
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}  # not nohup's
    try:
        for number in before:
            signal.signal(number, stop)
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_after(received: list[int]) -> None:
    """End the program where a signal other than Ctrl-C asked for it."""
    if ends := [number for number in received if number != signal.SIGINT]:
        raise SystemExit(128 + ends[0])

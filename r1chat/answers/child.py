"""The program that `checker.py` runs: a question a line in, an answer a line out, both JSON.

Run by its path, so that it needs no r1chat. Whatever a question does here, the worst is that this process dies.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import signal
import sys
import warnings
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, TextIO

_EFFECTS = (
    *("subprocess.", "socket.", "shutil.", "ctypes.", "pty.", "os.system", "os.exec", "os.fork", "os.posix_spawn"),
    *("os.spawn", "os.startfile", "os.kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink"),
    *("os.chmod", "os.chown", "os.truncate", "os.utime"),
)
MEMORY = 2 * 1024**3  # bytes that this process may take, where the system can hold it to that
LAST_RESORT = 30  # seconds after which it ends by itself, should nobody be left to kill it


def main() -> None:
    """Answer questions until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)  # nothing that a library prints may pass for an answer
        warnings.simplefilter("ignore")
        try:
            equal("x^2-1", "(x+1)(x-1)")  # so that the first question finds all loaded
        except ImportError as error:
            print(error, file=out, flush=True)
            return
        limit_memory()
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            sys.addaudithook(refuse_effects)
            print("ready", file=out, flush=True)
            for line in sys.stdin:
                print(json.dumps(bounded(json.loads(line), nowhere)), file=out, flush=True)


def bounded(question: list[str], nowhere: TextIO) -> bool | str | None:
    """The answer to a question; None where the libraries fail on it."""
    faulthandler.dump_traceback_later(LAST_RESORT, exit=True, file=nowhere)
    try:
        kind, first, second = question
        return equal(first, second) if kind == "equal" else search(first, second)
    except Exception:  # sympy raises of every kind; what it cannot read has no answer
        return None
    finally:
        faulthandler.cancel_dump_traceback_later()


def equal(a: str, b: str) -> bool | None:
    """Math-Verify's verdict, in either direction; None where one of the two is no formula."""
    from math_verify import verify  # type: ignore[import-untyped]

    one, other = formula(a), formula(b)
    if not one or not other:
        return None
    return any(verify(*pair, timeout_seconds=None) for pair in ((one, other), (other, one)))


@lru_cache(maxsize=256)
def formula(text: str) -> list[Any]:
    """What Math-Verify's LaTeX reader makes of a text. Its reader of plain expressions is not used: it evaluates."""
    from math_verify import LatexExtractionConfig, parse

    formulas: list[Any] = parse(
        f"${text}$", [LatexExtractionConfig()], fallback_mode="no_fallback", parsing_timeout=None
    )
    return formulas


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


def refuse_effects(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: who computes here may read, but change nothing outside. sympy makes even numbers by `eval`."""
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event.startswith(_EFFECTS):
        raise PermissionError(f"{event} is refused here")


if __name__ == "__main__":
    main()

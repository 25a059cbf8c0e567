"""The names of the person at this machine, as the operating system knows them."""

from __future__ import annotations

import getpass
import platform
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# Names that are words of many texts, so that replacing them everywhere would do more harm than good.
_COMMON_WORDS = """
    admin administrator app apple art bill black brown case chase code cross dan data day debian dean default desktop
    dev docker fedora field fox frank gold grace gray green guest hall hill home hope host jack joy jupyter king lane
    laptop law linux local localhost long mac macbook mark max may mid min miles name node noble none owner page
    parker pat pc pi pitch power price prime read rich rob root rose runner sandbox server short small square stone
    sue sum test tester ubuntu unknown user username van von wang web west white will wise wood workspace
    young"""
_COMMON = frozenset(_COMMON_WORDS.split())


def account_names() -> frozenset[str]:
    """The login, the full name, its parts of at least 3 letters, and a telling host name, for `find` and `Redactor`.

    A login or part that is an everyday word (`root`, `Mark`, `Will`) is left out; a full name of several words is
    kept. A host name counts where it holds a hyphen or a digit (`annas-laptop`). The full name is known on POSIX only.
    """
    full = _full_name()
    parts = [part for part in re.split(r"[\s,.]+", full) if len(part) >= 3]
    single = [*_logins(), *parts, full if " " not in full else "", _host()]
    names = {name for name in single if _is_telling(name)}
    return frozenset(names | ({full} if " " in full else set()))


def _is_telling(name: str) -> bool:
    shortest = 3 if name.isascii() else 2  # a Chinese name may have two characters
    return len(name) >= shortest and not name.isdecimal() and name.casefold() not in _COMMON


def _logins() -> Iterable[str]:
    with suppress(OSError, KeyError, ImportError):  # no such account, as in some containers
        yield getpass.getuser()
    with suppress(RuntimeError):  # no home folder
        yield Path.home().name


def _full_name() -> str:
    if sys.platform == "win32":
        return ""
    import os
    import pwd

    try:
        comment = pwd.getpwuid(os.getuid()).pw_gecos
    except KeyError:
        return ""
    return " ".join(comment.partition(",")[0].split())


def _host() -> str:
    first = platform.node().partition(".")[0]
    return first if re.search(r"[-0-9]", first) and len(first) >= 5 else ""

"""Whose program listens at an address of this computer. Linux tells it; elsewhere nobody knows.

Ports above 1023 are anybody's: where a person's own server does not run, another account can take its usual one.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from r1chat.loopback import is_loopback, is_own, own_names, spelled_address

_Address = IPv4Address | IPv6Address

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))  # proc_pid_net(5)
_LISTENS = "0A"
_LOOPBACK: dict[int, _Address] = {4: ip_address("127.0.0.1"), 6: ip_address("::1")}
_OF_ITS_NAME = ip_address("127.0.1.1")  # what the hosts file of Debian and its kin gives the name of the computer
_ORDINARY = 1000  # the first account of a person; those below are the system's
_SERVICES = range(61_184, 65_520)  # that systemd gives to services which it starts (DynamicUser)
_NOBODY = 65_534  # also stands for every account that a user namespace does not know
_OLLAMA = "ollama"  # the account that Ollama's installer makes, whatever its number


def other_account_at(url: str, tables: Sequence[Path] = TABLES) -> str:
    """The account of a person, not ours, whose program listens at a URL of this computer: its name, or its number.

    "" where it is ours, the system's or nobody's, and where it cannot be known.
    """
    if sys.platform != "linux":
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443, "postgresql": 5432}.get(parts.scheme, 0)
    except ValueError:
        return ""
    others = (_other(uid) for address in _meant(parts.hostname or "") for uid in _owners(address, port, tables))
    return next(filter(None, others), "")


def other_account_of(socket: Path) -> str:
    """The account of a person, not ours, that made a Unix-domain socket; "" as of `other_account_at`."""
    if sys.platform != "linux":
        return ""
    try:
        return _other(socket.stat().st_uid)
    except OSError:
        return ""


def _meant(host: str) -> list[_Address]:
    """The addresses of this computer that a host means, as far as can be told without DNS; none of another computer."""
    host = host.lower().rstrip(".")
    address = spelled_address(host)
    if address is None:
        own = [_OF_ITS_NAME] if host in own_names() else []
        return [*_LOOPBACK.values(), *own] if own or is_loopback(host) else []
    if address.is_unspecified:  # as servers print it; a connection to it comes here
        return [_LOOPBACK[address.version]]
    return [address] if address.is_loopback or is_own(address) else []


def _owners(address: _Address, port: int, tables: Sequence[Path]) -> list[int]:
    """The accounts that listen at an address; where there are none, those that listen at every address."""
    exact, everywhere = set(), set()
    for local_address, account in _listeners(port, tables):
        mapped = local_address.ipv4_mapped if isinstance(local_address, IPv6Address) else None
        if address in (local_address, mapped):
            exact.add(account)
        elif local_address.is_unspecified:
            everywhere.add(account)
    return sorted(exact or everywhere)


def _listeners(port: int, tables: Sequence[Path]) -> Iterator[tuple[_Address, int]]:
    for table in tables:
        with suppress(OSError, ValueError, struct.error), table.open(encoding="ascii") as lines:
            next(lines, "")  # names of the columns
            for line in lines:
                _, local, _, state, _, _, _, account, *_ = line.split()
                address, _, number = local.partition(":")
                if state == _LISTENS and int(number, 16) == port:
                    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
                    yield ip_address(struct.pack(f"={len(words)}I", *words)), int(account)


def _other(uid: int) -> str:
    import pwd

    if uid < _ORDINARY or uid in _SERVICES or uid in (os.getuid(), os.geteuid()):
        return ""
    if uid == _NOBODY and not _knows_all_accounts():
        return ""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return "" if name == _OLLAMA else name


def _knows_all_accounts() -> bool:
    """Whether this process is in no user namespace of its own."""
    with suppress(OSError):
        return Path("/proc/self/uid_map").read_text(encoding="ascii").split() == ["0", "0", str(2**32 - 1)]
    return False

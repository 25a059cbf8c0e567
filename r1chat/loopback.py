"""Which host names and addresses mean this computer, or its own network."""

from __future__ import annotations

import os
import socket
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")  # the names by which a person opens a page of this computer
_NAMES = frozenset(
    {"localhost.localdomain", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback", "broadcasthost"}
)
_HOSTS_FILE = (
    Path(os.environ.get("SYSTEMROOT", ""), "System32/drivers/etc/hosts") if os.name == "nt" else Path("/etc/hosts")
)
_LARGEST_HOSTS_FILE = 1_000_000  # characters
_EMBEDDING = (ip_network("::/96"), ip_network("64:ff9b::/96"))  # IPv6 addresses that end in an IPv4 address


def is_loopback(host: str) -> bool:
    """Whether a host name or an IP address, in lower case and without brackets, means this computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_this_computer(host: str) -> bool:
    """Whether a host name or address, however it is spelled, means this computer, as far as can be told without DNS."""
    host = host.strip("[]").lower().rstrip(".")
    address = spelled_address(host)
    if address is None:
        return is_loopback(host) or host in own_names()
    return (
        address.is_loopback or address.is_unspecified or is_own(address)
    )  # servers print the unspecified one as theirs


def is_own(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of this computer's: others can be nobody's to listen at."""
    try:
        with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def is_inside(host: str) -> bool:
    """Whether a host name or address leads to this computer or its network, however it is spelled.

    A name is looked up; one that is not known leads nowhere. By the time somebody connects, it may lead elsewhere.
    """
    if is_loopback(host.lower()):
        return True
    try:
        addresses = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return not all(_is_public(ip_address(str(address[0]).partition("%")[0])) for *_, address in addresses)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and any(address in network for network in _EMBEDDING):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


@cache
def own_names() -> frozenset[str]:
    """The names of this computer: its host name, and what its hosts file gives a loopback address."""
    name = socket.gethostname().lower().rstrip(".")
    first = name.partition(".")[0]
    names = {*_NAMES, *filter(None, (name, first, first and f"{first}.local"))}
    try:
        with _HOSTS_FILE.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_LARGEST_HOSTS_FILE).splitlines()
    except OSError:
        lines = []
    for line in lines:
        address, *known = line.partition("#")[0].lower().split() or [""]
        if is_loopback(address) or address == "0.0.0.0":
            names.update(known)
    return frozenset(names)


def spelled_address(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a host name spells, also as `127.1`, `0x7f000001` or `[::ffff:127.0.0.1]`."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(host))
        except (OSError, UnicodeEncodeError, ValueError):
            return None
    return getattr(address, "ipv4_mapped", None) or address

"""Which host names and addresses mean this computer, or its own network."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

LOOPBACK = ("127.0.0.1", "localhost", "::1")  # the names by which a person opens a page of this computer
_EMBEDDING = (ip_network("::/96"), ip_network("64:ff9b::/96"))  # IPv6 addresses that end in an IPv4 address


def is_loopback(host: str) -> bool:
    """Whether a host name or an IP address, in lower case and without brackets, means this computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_inside(host: str) -> bool:
    """Whether a host name or address leads to this computer or its network, however it is spelled.

    A name is looked up; one that is not known leads nowhere. By the time somebody connects, it may lead elsewhere.
    """
    if is_loopback(host.lower()):
        return True
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return not all(_is_public(ip_address(str(address[0]).partition("%")[0])) for *_, address in found)


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

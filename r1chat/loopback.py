"""Which host names and addresses mean this computer, or its own network."""

from __future__ import annotations

from ipaddress import ip_address

LOOPBACK = ("127.0.0.1", "localhost", "::1")  # the names by which a person opens a page of this computer


def is_loopback(host: str) -> bool:
    """Whether a host name or an IP address, in lower case and without brackets, means this computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_inside(host: str) -> bool:
    """Whether a host means this computer or, as an IP address, its own network: none of the internet's."""
    if is_loopback(host):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False

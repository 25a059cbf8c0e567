"""Python imports this at its start where its folder is on PYTHONPATH: connections outside loopback are refused.

Each is noted first.

`r1chat doctor --privacy` runs r1chat with it, and all processes that r1chat starts. Each attempt is a line of the file
that R1CHAT_CONNECTIONS names. Names count as well: asking for the address of one asks a server.
"""

import os
import sys
from ipaddress import ip_address

_FILE = os.environ.get("R1CHAT_CONNECTIONS", "")


def _is_here(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or not isinstance(host, str) or host in ("", "localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _watch(event: str, args: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        target = address[0] if isinstance(address, tuple) and address else None  # a path: a socket of this computer
        destination = f"{address[0]}:{address[1]}" if isinstance(address, tuple) and len(address) > 1 else ""
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        target = args[0].decode("ascii", "replace") if isinstance(args[0], bytes) else args[0]
        destination = str(target)
    else:
        return
    if not _is_here(target):
        with open(_FILE, "a", encoding="utf-8") as file:
            file.write(f"{event} {destination}\n")
        raise ConnectionRefusedError(f"r1chat doctor --privacy refuses connections outside loopback: {destination}")


if _FILE:
    sys.addaudithook(_watch)

"""Which links of a model's text may be followed. A link to this computer is shown as text: it could lead to r1chat."""

from __future__ import annotations

import re
import socket
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

from r1chat.loopback import is_loopback

_HOST = re.compile(r"https?:/*([^/?#]*)", re.IGNORECASE)


def leads_here(url: str) -> bool:
    """Whether a browser that opens `url` would ask this computer, however the address is spelled."""
    match = _HOST.match(re.sub(r"[\t\r\n]", "", url.strip()).replace("\\", "/"))
    if match is None:
        return False
    if re.search(r"[\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f]", unquote(match[1])):
        return True  # letters that a browser leaves out: no honest address has them
    host = unicodedata.normalize("NFKC", unquote(match[1].rpartition("@")[2])).lower().replace("。", ".")
    host = re.sub(r"(?<![^.])0x(?=\.|$)", "0", re.sub(r":\d*$", "", host).rstrip("."))  # "0x" is a zero to a browser
    address = _address(host)
    return is_loopback(str(address or host)) or (address is not None and address.is_unspecified)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a host name spells, also as `127.1`, `0x7f000001` or `[::ffff:127.0.0.1]`."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(host))
        except (OSError, UnicodeEncodeError, ValueError):
            return None
    return getattr(address, "ipv4_mapped", None) or address

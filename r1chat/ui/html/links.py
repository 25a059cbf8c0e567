"""Which links of a model's text may be followed, and how one is marked that names another host than its own.

A link to this computer is shown as text: it could lead to r1chat. Names are judged by their letters, this computer's
name and its hosts file; none is looked up in DNS, which would tell others what a conversation holds.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape, unescape
from urllib.parse import unquote

from r1chat.loopback import is_loopback, own_names, spelled_address

_HOST = re.compile(r"https?:/*([^/?#]*)", re.IGNORECASE)
_LEFT_OUT = re.compile(r"[\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f]")  # letters that a browser leaves out
# Public name servers answer such names with the address that they spell: 127.0.0.1.nip.io, a-127-0-0-1.sslip.io.
_SPELLED = re.compile(r"(?:^|[.-])((?:127|0)(?:[.-]\d{1,3}){3})(?=[.-])")
_SPELLED_HEX = re.compile(r"(?:^|[.-])(7f[0-9a-f]{6})(?=\.)")
_SPELLED_IPV6 = re.compile(r"(?:^|\.)([0-]*-0*1)(?=\.)")

_LINK = re.compile(r'<a href="([^"]*)"[^>]*>((?:[^<]|<(?!/a>))*)</a>')
_LONGEST_NAME, _LONGEST_TEXT = 253, 2000  # characters: of a name in DNS, and of a link's text that is looked through
_TAG = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r"https?:[/\\]*[^\s/\\?#]+|www\.[^\s/\\?#]+", re.IGNORECASE)
_BARE_ADDRESS = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?=$|[/:?#])")


def leads_here(url: str) -> bool:
    """Whether a browser that opens `url` would ask this computer, as far as that can be told without DNS."""
    authority = _authority(url)
    if authority is None:
        return False
    if _LEFT_OUT.search(unquote(authority)):
        return True  # no honest address has such letters
    host = _host(authority)
    address = spelled_address(host)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return is_loopback(host) or host in own_names() or _spells_loopback(host)


def mark_other_hosts(html: str) -> str:
    """Write the real host behind each link whose text is an address of another host. `html` is sanitised."""
    return _LINK.sub(_marked, html) if "<a " in html else html


def _marked(link: re.Match[str]) -> str:
    authority = _authority(unescape(link[1]))
    if authority is None:
        return link[0]
    real = _host(authority)
    text = _LEFT_OUT.sub("", unescape(_TAG.sub("", link[2]))).strip()
    bare = _BARE_ADDRESS.match(text[:_LONGEST_NAME])
    addresses = _ADDRESS.findall(text[:_LONGEST_TEXT]) or ([bare[0]] if bare else [])
    hosts = [_host(_authority(address if ":" in address else f"http://{address}") or "") for address in addresses]
    if len(text) > _LONGEST_TEXT:
        hosts.append("")  # who knows what it shows
    if all(_is_within(real, host) for host in hosts):
        return link[0]
    return f"{link[0]} <strong>({escape(real)})</strong>"


def _is_within(host: str, domain: str) -> bool:
    """Whether a host is the one that a text shows, or belongs to it: docs.example.org to example.org."""
    domain = domain.removeprefix("www.").rstrip(".,;:!)]}'\"")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _authority(url: str) -> str | None:
    """What stands between the scheme of a web address and its path; None for other addresses."""
    match = _HOST.match(re.sub(r"[\t\r\n]", "", url.strip()).replace("\\", "/"))
    return match[1] if match else None


def _host(authority: str) -> str:
    """The host as a browser reads it: without name, password and port, in lower case, with plain letters and dots."""
    host = unicodedata.normalize("NFKC", unquote(authority.rpartition("@")[2])).lower().replace("。", ".")
    return re.sub(r"(?<![^.])0x(?=\.|$)", "0", re.sub(r":\d*$", "", host).rstrip("."))  # "0x" is a zero to a browser


def _spells_loopback(host: str) -> bool:
    """Whether a name has a label, or four, that spell an address of this computer."""
    if len(host) > _LONGEST_NAME:
        return False
    if any(spelled_address(match[1].replace("-", ".")) is not None for match in _SPELLED.finditer(host)):
        return True
    return bool(_SPELLED_HEX.search(host) or _SPELLED_IPV6.search(host))

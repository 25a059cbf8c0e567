"""A client that opens the page as a browser does: with an address that works once, and the keys that it brings."""

from __future__ import annotations

import re
import ssl
from html import unescape
from typing import Any

import httpx

# Options of httpx for a server on loopback: no proxy, and no certificates, which each client would load for 0.03 s.
PLAIN: dict[str, Any] = {"trust_env": False, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


def open_page(client: httpx.Client, address: str) -> None:
    """Open a launch address with this client; from then on it holds the cookie and sends the session key."""
    response = client.get(address)
    match = re.search(r'data-session="([^"]+)"', response.text)
    assert response.status_code == 200 and match, response.text
    client.headers["x-r1chat-key"] = unescape(match[1])
    client.base_url = address.partition("?")[0]

"""Who may talk to the page: an ASGI middleware in front of every route, HTTP and WebSocket, before anything is read.

A request passes if its `Host` is one of ours (so no foreign name resolves to us: DNS rebinding), its `Origin`, if it
has one, is this very page, it was not sent by another site, and it carries the cookie of this launch. The cookie is
had by opening the printed address, which holds the token. Knows nothing of what it guards. Of a refused request no
more than `_DRAINED` bytes are read, and nothing is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from hmac import compare_digest
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from r1chat.loopback import LOOPBACK
from r1chat.ui.language import pick
from r1chat.ui.words.page import words

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # gr.HTML compiles its js_on_load with `new Function`
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    )
)
SECURITY_HEADERS: Headers = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_DRAINED, _DRAIN_SECONDS = 1024 * 1024, 1.0
_OURS = {name for name, _ in SECURITY_HEADERS}


class Guard:
    """Wraps an ASGI app. `hosts` are the names by which the page may be asked for, `port` the one that is served.

    A name may bring a port of its own (`pi.local:8080`), for a forwarded one. The address to open is
    `http://<host>:<port>/?token=<token>`.
    """

    def __init__(self, app: App, *, token: str, port: int, hosts: Iterable[str] = LOOPBACK) -> None:
        if not token:
            raise ValueError("an empty token would open the page to everybody")
        self.app = app
        self.token = token.encode()
        self.cookie = f"r1chat-{port}"  # cookies do not know ports: two instances need two names
        self.hosts = frozenset(authority for host in hosts for authority in _authorities(host.lower(), port))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = self._foreign(scope)
        if refusal is not None:
            await _refuse(scope, receive, send, *refusal)
        elif (token := _token(scope)) is not None and self._admits(scope, token):
            await self._admit(scope, send)
        elif self._has_cookie(scope):
            await self.app(scope, receive, _hardened(send))
        else:
            await _refuse(scope, receive, send, 403, "")

    # -- another site -------------------------------------------------------------------------------------------------

    def _foreign(self, scope: Scope) -> tuple[int, str] | None:
        """Status and sentence to refuse a request that is not for, or not from, this page."""
        hosts = _values(scope, b"host")
        if len(hosts) != 1:
            return 400, "A request needs one Host header."
        if hosts[0].lower() not in self.hosts:
            return 421, "This server is not known by that name. Open the printed address, or set R1CHAT_ALLOWED_HOSTS."
        origins = _values(scope, b"origin")
        if origins and origins not in ([f"http://{hosts[0]}"], [f"https://{hosts[0]}"]):
            return 403, "Requests of other sites are refused."
        sites = _values(scope, b"sec-fetch-site")
        if sites and sites not in (["same-origin"], ["none"]) and not _navigation(scope):
            return 403, "Requests of other sites are refused."
        return None

    # -- the key ------------------------------------------------------------------------------------------------------

    def _admits(self, scope: Scope, token: str) -> bool:
        return compare_digest(token.encode(), self.token) or self._has_cookie(scope)

    def _has_cookie(self, scope: Scope) -> bool:
        for header in _values(scope, b"cookie"):
            for pair in header.split(";"):
                name, _, value = pair.strip().partition("=")
                if name == self.cookie and compare_digest(value.encode(), self.token):
                    return True
        return False

    async def _admit(self, scope: Scope, send: Send) -> None:
        """Set the cookie, and go on to the page without the token in its address.

        A browser keeps a strict cookie back while it follows a redirect that another site began. So where another
        site's link led here, a page of ours begins the second request.
        """
        rest = urlencode([(name, value) for name, value in _query(scope) if name != "token"])
        target = f"/?{rest}" if rest else "/"
        cookie = f"{self.cookie}={self.token.decode()}; Path=/; HttpOnly; SameSite=Strict"
        headers = [(b"set-cookie", cookie.encode()), (b"cache-control", b"no-store")]
        if _values(scope, b"sec-fetch-site") in ([], ["none"], ["same-origin"]):
            await _respond(send, 303, [*headers, (b"location", target.encode())], b"")
        else:
            page = f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(target)}"><title>r1chat</title>'
            await _respond(send, 200, [*headers, (b"content-type", b"text/html; charset=utf-8")], page.encode())


def _authorities(host: str, port: int) -> list[str]:
    """What the Host header says for this name: with the port, and without where it is HTTP's own."""
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    if ":" in host.rpartition("]")[2]:
        return [host]
    return [f"{host}:{port}", host] if port == 80 else [f"{host}:{port}"]


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def _token(scope: Scope) -> str | None:
    """The token in the address of the page; None where there is none, or more than one."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
        return None
    tokens = [value for name, value in _query(scope) if name == "token"]
    return tokens[0] if len(tokens) == 1 else None


def _navigation(scope: Scope) -> bool:
    """Another site's link to the page, opened by a person in a window of its own."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and scope["path"] == "/"
        and _values(scope, b"sec-fetch-mode") == ["navigate"]
        and _values(scope, b"sec-fetch-dest") == ["document"]
    )


def _hardened(send: Send) -> Send:
    """Adds our headers to the app's response, and takes away what would open it to other sites."""

    async def hardened(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            kept = [
                (name, value)
                for name, value in message.get("headers", [])
                if name.lower() not in _OURS and not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": [*kept, *SECURITY_HEADERS]}
        await send(message)

    return hardened


async def _respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode()), *SECURITY_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    """Answer with a small page that says why; a WebSocket is closed before it opens."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    page = words(pick(next(iter(_values(scope, b"accept-language")), None)))
    title, text = (page.forbidden, page.open_printed) if not sentence else ("r1chat", sentence)
    body = f'<!doctype html><html lang="{page.lang}"><meta charset="utf-8"><title>r1chat</title>' + (
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p></html>"
    )
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),  # the rest of a refused request is never read
    ]
    await _drain(receive)
    await _respond(send, status, headers, body.encode())


async def _drain(receive: Receive) -> None:
    """Read the rest of a small request: a connection closed on unread bytes is reset, and our answer lost with it."""
    read = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while read <= _DRAINED:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return

"""Who may talk to the page: an ASGI middleware in front of every route, HTTP and WebSocket, before anything is read.

A request passes if its `Host` is one of ours (so no foreign name resolves to us: DNS rebinding), its `Origin`, if it
has one, is this very page, it was not sent by another site, and it carries the keys of `secrets.py`: the cookie for the
shell of the page, and the session key as well for everything else. A browser has them by opening an address with a
launch key, or by proving that it had them before. Knows nothing of what it guards. Of a refused request no more than
`_DRAINED` bytes are read, and nothing is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from r1chat.both import Language
from r1chat.loopback import LOOPBACK
from r1chat.ui import door
from r1chat.ui.language import LANGUAGE_COOKIE, spoken
from r1chat.ui.policy import NAMES, Headers, framed, security_headers
from r1chat.ui.secrets import Keys, same

Scope = MutableMapping[str, Any]
ASGIMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[ASGIMessage]]
Send = Callable[[ASGIMessage], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY_HEADER, CHALLENGE_HEADER, OPENER_HEADER = b"x-r1chat-key", b"x-r1chat-challenge", b"x-r1chat-opener"
ENTER, LAUNCH = "/r1chat/enter", "/r1chat/launch"

# pages beside the chat
_FRAMES = frozenset(f"/{name}{end}" for name in ("data", "models", "learn", "evaluation") for end in ("", "/"))
_DRAINED, _DRAIN_SECONDS = 1024 * 1024, 1.0
_MOST_DRAINING = 50  # refused requests whose rest is read at a time: each holds its connection open
_DRAINING: set[object] = set()
_PROXYS = (b"x-forwarded-", b"forwarded", b"x-original-", b"x-rewrite-", b"x-gradio-server", b"x-direct-url")
_SCHEME = b"x-forwarded-proto"
_HTML: Headers = [(b"content-type", b"text/html; charset=utf-8")]
_TEXT: Headers = [(b"content-type", b"text/plain; charset=utf-8")]
_NEVER_KEPT: Headers = [(b"cache-control", b"no-store")]
_REMOVER = b"""self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  await self.registration.unregister();
  for (const client of await self.clients.matchAll({type: 'window'})) await client.navigate(client.url);
})()));
"""
_SCRIPTS = {f"/r1chat/{name}": Path(__file__).with_name(name).read_bytes() for name in ("key.js", "door.js")}


class Guard:
    """Wraps an ASGI app. `hosts` are the names by which the page may be asked for; their port is that of the `keys`.

    A name may bring a port of its own (`pi.local:8080`), for a forwarded one. `is_shell` says of a path that it holds
    nothing private: the frame of a page, its scripts and styles. The address to open is
    `http://<host>:<port>/?token=<launch key>`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Keys,
        hosts: Iterable[str] = LOOPBACK,
        is_shell: Callable[[str], bool] = lambda path: path == "/",
    ) -> None:
        self.app = app
        self.keys = keys
        self.cookie = f"r1chat-{keys.port}"  # cookies know no ports: two instances need two names
        self.hosts = frozenset(authority for host in hosts for authority in _authorities(host.lower(), keys.port))
        self._is_shell = is_shell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif (refusal := self._foreign(scope)) is not None:
            status, sentence = refusal
            await _refuse(scope, receive, send, status, door.refusal(sentence, _language(scope)), _HTML)
        elif not await self._serves(scope, receive, send):
            await self._check(scope, receive, send)

    async def _check(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that carries the secrets; answer any other."""
        token, has_cookie = _token(scope), self._has_cookie(scope)
        if token is not None and not _is_prefetch(scope) and self.keys.use_launch_key(token):
            await self._admit(scope, send)
        elif not has_cookie:
            await self._lock(scope, receive, send)
        elif token is not None:  # an old address, opened by who is in
            await _respond(send, 303, [*_NEVER_KEPT, (b"location", _target(scope).encode())], b"")
        elif scope.get("method") in ("GET", "HEAD") and self._is_shell(scope["path"]):
            plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            await self.app(_without_proxys({**scope, "headers": plain}), receive, _framing(_hardened(send)))
        elif same(_session_key(scope), self.keys.session):
            await self.app(_without_proxys(_without_key(scope)), receive, _hardened(send, private=True))
        else:
            await self._lock(scope, receive, send)

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

    # -- the keys -----------------------------------------------------------------------------------------------------

    async def _serves(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer the requests that are meant for the guard itself; whether this was one."""
        method, path = scope.get("method"), scope["path"]
        if _values(scope, b"service-worker"):  # ours has none: another server held this port, and left one
            await _respond(send, 200, [(b"content-type", b"text/javascript"), *_NEVER_KEPT], _REMOVER)
        elif method == "GET" and path in _SCRIPTS:
            headers = [(b"content-type", b"text/javascript; charset=utf-8"), (b"cache-control", b"no-cache")]
            await _respond(send, 200, headers, _SCRIPTS[path])
        elif method == "POST" and path == ENTER:
            if same(_session_key(scope), self.keys.session):
                await _respond(send, 204, [*_NEVER_KEPT, self._set_cookie()], b"")
            else:
                await self._lock(scope, receive, send)
        elif method == "POST" and path == LAUNCH:
            openers = _values(scope, OPENER_HEADER)
            if len(openers) == 1 and same(openers[0], self.keys.opener):
                await _respond(send, 200, [*_NEVER_KEPT, *_TEXT], self.keys.new_launch_key().encode())
            else:
                await self._lock(scope, receive, send)
        else:
            return False
        return True

    def _has_cookie(self, scope: Scope) -> bool:
        for header in _values(scope, b"cookie"):
            for pair in header.split(";"):
                name, _, value = pair.strip().partition("=")
                if name == self.cookie and same(value, self.keys.cookie):
                    return True
        return False

    def _set_cookie(self) -> tuple[bytes, bytes]:
        return b"set-cookie", f"{self.cookie}={self.keys.cookie}; Path=/; HttpOnly; SameSite=Strict".encode()

    async def _admit(self, scope: Scope, send: Send) -> None:
        """Hand over the keys by a page that goes on without the launch key in its address.

        No redirect: a browser keeps a strict cookie back while it follows one that another site began.
        """
        page = door.entrance(_target(scope), _language(scope), self.keys.browser, self.keys.session)
        await _respond(send, 200, [*_HTML, *_NEVER_KEPT, self._set_cookie()], page)

    async def _lock(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request without its secrets. A page says what to do; a script gets the challenge and a sentence."""
        challenge = (CHALLENGE_HEADER, self.keys.challenge.encode())
        lang = _language(scope)
        opened = scope["type"] == "http" and scope["method"] == "GET" and not scope["path"].startswith("/r1chat/")
        if opened and _values(scope, b"sec-fetch-mode") in ([], ["navigate"]):
            await _refuse(scope, receive, send, 403, door.locked(_target(scope), lang), [*_HTML, challenge])
        else:
            sentence = door.NO_KEY_PLAIN.pick(lang).encode()
            await _refuse(scope, receive, send, 403, sentence, [*_TEXT, challenge])


def _authorities(host: str, port: int) -> list[str]:
    """What the Host header says for this name: with the port, and without it where it is HTTP's own or a proxy's."""
    bare = port == 80 or host not in LOOPBACK
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    if ":" in host.rpartition("]")[2]:
        return [host]
    return [f"{host}:{port}", *([host] if bare else [])]


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def _token(scope: Scope) -> str | None:
    """The launch key in the address of the page; None where there is none, or more than one."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
        return None
    tokens = [value for name, value in _query(scope) if name == "token"]
    return tokens[0] if len(tokens) == 1 else None


def _target(scope: Scope) -> str:
    """The path and query of a request, without keys: never another host."""
    path = scope["path"] if scope["path"] in _FRAMES else "/"
    rest = urlencode([(name, value) for name, value in _query(scope) if name not in ("token", "key")])
    return f"{path}?{rest}" if rest else path


def _session_key(scope: Scope) -> str:
    """The session key of a request: in its header or, where a browser lets a script set none, in its query."""
    headers = _values(scope, KEY_HEADER)
    keys = headers or [value for name, value in _query(scope) if name == "key"]
    return keys[0] if len(keys) == 1 else ""


def _without_key(scope: Scope) -> Scope:
    """The request as the app sees it."""
    query = scope.get("query_string", b"")
    if b"key=" not in query:
        return scope
    parts = [part for part in query.split(b"&") if not part.startswith(b"key=")]
    return {**scope, "query_string": b"&".join(parts)}


def _without_proxys(scope: Scope) -> Scope:
    """The request without headers in which a proxy tells where it was sent to: Gradio repeats them in what it serves.

    Whether the page was asked for over HTTPS stays: behind a proxy with TLS its addresses depend on it.
    """
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if not name.startswith(_PROXYS) or (name == _SCHEME and value in (b"http", b"https"))
    ]
    return {**scope, "headers": headers}


def _is_prefetch(scope: Scope) -> bool:
    """The browser opens an address that the person has not asked for yet: that must not use up its launch key."""
    return any("prefetch" in value for name in (b"sec-purpose", b"purpose") for value in _values(scope, name))


def _language(scope: Scope) -> Language:
    cookies = [pair.strip().partition("=") for header in _values(scope, b"cookie") for pair in header.split(";")]
    chosen = next((value for name, _, value in cookies if name == LANGUAGE_COOKIE), None)
    return spoken(chosen, next(iter(_values(scope, b"accept-language")), None))


def _navigation(scope: Scope) -> bool:
    """Another site's link to the page, opened by a person in a window of its own."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and scope["path"] == "/"
        and _values(scope, b"sec-fetch-mode") == ["navigate"]
        and _values(scope, b"sec-fetch-dest") == ["document"]
    )


def _hardened(send: Send, private: bool = False) -> Send:
    """Adds our headers to the app's response, and takes away what would open it to other sites.

    What is `private` is not kept by the browser, unless the app says how long it may be.
    """

    async def hardened(message: ASGIMessage) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = message.get("headers", [])
            ours = message.get("r1chat.security", security_headers())
            theirs = [
                (name, value)
                for name, value in headers
                if name.lower() not in NAMES and not name.lower().startswith(b"access-control-")
            ]
            if private and not any(name.lower() == b"cache-control" for name, _ in theirs):
                theirs.append((b"cache-control", b"no-store"))
            message = {"type": message["type"], "status": message["status"], "headers": [*theirs, *ours]}
        await send(message)

    return hardened


def _framing(send: Send) -> Send:
    """Holds back a page until it is whole, to put our key script into it and to name its inline scripts."""
    start: ASGIMessage = {}
    body = bytearray()

    async def framing(message: ASGIMessage) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            types = [value for name, value in message.get("headers", []) if name.lower() == b"content-type"]
            if message["status"] == 200 and any(value.startswith(b"text/html") for value in types):
                start = message
                return
        if not start or message["type"] != "http.response.body":
            await send(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body", False):
            return
        html, security = framed(bytes(body))
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(html)).encode()))
        await send({**start, "headers": headers, "r1chat.security": security})
        await send({"type": "http.response.body", "body": html})

    return framing


async def _respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = [] if status == 204 else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length, *security_headers()]})
    await send({"type": "http.response.body", "body": body})


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Answer without asking the app; a WebSocket is closed before it opens."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await _drain(receive)
    closing: Headers = [(b"connection", b"close")]  # the rest of a refused request is never read
    await _respond(send, status, [*headers, *_NEVER_KEPT, *closing], body)


async def _drain(receive: Receive) -> None:
    """Read the rest of a small request: a connection closed on unread bytes is reset, and our answer lost with it."""
    if len(_DRAINING) >= _MOST_DRAINING:
        return
    read, this = 0, object()
    _DRAINING.add(this)
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while read <= _DRAINED:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return
    finally:
        _DRAINING.discard(this)

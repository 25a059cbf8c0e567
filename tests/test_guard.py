"""The guard in front of a real server on loopback: raw requests, and a real browser."""

from __future__ import annotations

import asyncio
import hmac
import shutil
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from keyed import PLAIN, open_page

from r1chat.ui.allowed import is_shell
from r1chat.ui.guard import Guard
from r1chat.ui.secrets import Keys

ROOT = b"the root key of a data folder..."
SECURITY_HEADERS = (
    "content-security-policy",
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "x-dns-prefetch-control",
)


class Served:
    """A guarded app on loopback. `seen` are the paths of the requests that reached the app."""

    def __init__(self, keys: Keys, seen: list[str]) -> None:
        self.keys = keys
        self.port = keys.port
        self.seen = seen
        self.origin = f"http://127.0.0.1:{self.port}"
        self.cookie = {"cookie": f"r1chat-{self.port}={keys.cookie}"}
        self.key = {"x-r1chat-key": keys.session}

    @property
    def address(self) -> str:
        return f"{self.origin}/?token={self.keys.new_launch_key()}"

    def get(self, path: str = "/", **headers: str) -> httpx.Response:
        return self.send("GET", path, **headers)

    def send(self, method: str, path: str = "/", **headers: str) -> httpx.Response:
        """With both secrets, and headers named as keywords (`sec_fetch_site`)."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        secrets = {**self.cookie, **self.key}
        return httpx.request(method, self.origin + path, headers={**secrets, **extra}, **PLAIN)

    def raw(self, request: str) -> str:
        """Send bytes as they are; the whole response."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request.replace("\n", "\r\n").encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns. In a thread of its own, since Playwright's loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@contextmanager
def serving(
    app: FastAPI, hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1"), port: int = 0
) -> Iterator[Served]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    port = listener.getsockname()[1]
    seen: list[str] = []

    async def recorded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            seen.append(scope["path"])
        await app(scope, receive, send)

    keys = Keys(ROOT, port)
    guard = Guard(recorded, hosts=hosts, keys=keys, is_shell=is_shell)
    server = uvicorn.Server(uvicorn.Config(guard, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            threading.Event().wait(0.01)
        yield Served(keys, seen)
    finally:
        server.should_exit = True
        thread.join()


def small_app() -> FastAPI:
    """An app that is as open as can be: every guard in the tests is the guard's."""
    app = FastAPI()
    app.state.go_on = threading.Event()

    @app.middleware("http")
    async def open_to_everybody(request: Request, call_next: Callable[..., Any]) -> Any:
        response = await call_next(request)
        for name in ("origin", "credentials", "methods", "headers"):
            response.headers[f"Access-Control-Allow-{name}"] = "*"
        response.headers["Content-Security-Policy"] = "default-src *"
        response.headers["X-Kept"] = "yes"
        return response

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def events() -> Any:
            yield "data: first\n\n"
            await asyncio.to_thread(app.state.go_on.wait, 20)
            yield "data: second\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError

    @app.websocket("/socket")
    async def websocket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
    def anything(path: str) -> PlainTextResponse:
        return PlainTextResponse(f"the app at /{path}")

    return app


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return small_app()


@pytest.fixture(scope="module")
def served(app: FastAPI) -> Iterator[Served]:
    with serving(app) as served:
        yield served


# --- the keys --------------------------------------------------------------------------------------------------------


def test_launch_address_gives_the_keys_and_hides_its_own(served: Served) -> None:
    response = httpx.get(served.address + "&lang=zh&x=a%26b", **PLAIN)
    assert response.status_code == 200
    assert 'data-target="/?lang=zh&amp;x=a%26b"' in response.text
    cookie = response.headers["set-cookie"]
    assert cookie == f"r1chat-{served.port}={served.keys.cookie}; Path=/; HttpOnly; SameSite=Strict"
    assert response.headers["cache-control"] == "no-store"


def test_client_that_opened_a_launch_address_is_in(served: Served) -> None:
    with httpx.Client(**PLAIN) as client:
        open_page(client, served.address)
        assert client.get("/").text == "the app at /"
        assert client.post("/anything").text == "the app at /anything"


def test_launch_address_works_once(served: Served) -> None:
    address = served.address
    assert httpx.get(address, **PLAIN).status_code == 200
    again = httpx.get(address, **PLAIN)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers and served.keys.session not in again.text


@pytest.mark.parametrize("header", ["sec-purpose", "purpose"])
def test_launch_address_is_not_used_up_by_a_browser_that_looks_ahead(served: Served, header: str) -> None:
    address = served.address
    assert httpx.get(address, headers={header: "prefetch;prerender"}, **PLAIN).status_code == 403
    assert httpx.get(address, **PLAIN).status_code == 200


def test_only_the_newest_launch_addresses_are_remembered(served: Served) -> None:
    oldest = served.address
    newer = [served.address for _ in range(64)]
    assert httpx.get(oldest, **PLAIN).status_code == 403
    assert httpx.get(newer[0], **PLAIN).status_code == 200


@pytest.mark.parametrize(
    "path", ["/x", "/gradio_api/queue/join", "/r1chat/feed", "/r1chat/act", "/config", "/r1chat/library/whole"]
)
def test_the_cookie_alone_opens_nothing_private(served: Served, path: str) -> None:
    seen = len(served.seen)
    for method in ("GET", "POST"):
        for key in ({}, {"x-r1chat-key": ""}, {"x-r1chat-key": served.keys.cookie}, {"x-r1chat-key": "\xff"}):
            headers = {**served.cookie, **{name: value.encode("latin-1") for name, value in key.items()}}
            response = httpx.request(method, served.origin + path, headers=headers, **PLAIN)
            assert response.status_code == 403
    assert len(served.seen) == seen


@pytest.mark.parametrize("path", ["/", "/data/", "/models/", "/r1chat/page.css", "/assets/index.js"])
def test_the_cookie_opens_the_shell_of_a_page(served: Served, path: str) -> None:
    assert httpx.get(served.origin + path, headers=served.cookie, **PLAIN).status_code == 200


def test_the_session_key_alone_opens_nothing(served: Served) -> None:
    for path in ("/", "/x"):
        assert httpx.get(served.origin + path, headers=served.key, **PLAIN).status_code == 403


def test_the_session_key_may_stand_in_the_query_and_the_app_does_not_see_it(served: Served) -> None:
    url = f"{served.origin}/stream-of?a=1&key={served.keys.session}"
    assert httpx.get(url, headers=served.cookie, **PLAIN).status_code == 200
    double = f"{served.origin}/x?key={served.keys.session}&key={served.keys.session}"
    assert httpx.get(double, headers=served.cookie, **PLAIN).status_code == 403


def test_who_has_the_session_key_gets_a_lost_cookie_back(served: Served) -> None:
    """Another port of this host can overwrite our cookie, but not read the storage of our origin."""
    response = httpx.post(served.origin + "/r1chat/enter", headers=served.key, **PLAIN)
    assert response.status_code == 204
    assert response.headers["set-cookie"].startswith(f"r1chat-{served.port}={served.keys.cookie};")


@pytest.mark.slow
def test_a_browser_that_was_here_proves_itself_after_a_restart(app: FastAPI) -> None:
    with serving(app) as first:
        browser_key, port, old = first.keys.browser, first.port, first.key
    with serving(app, port=port) as second:
        refused = httpx.post(second.origin + "/r1chat/enter", headers=old, **PLAIN)
        assert refused.status_code == 403
        challenge = refused.headers["x-r1chat-challenge"]
        proof = hmac.digest(bytes.fromhex(browser_key), challenge.encode(), "sha256").hex()
        entered = httpx.post(second.origin + "/r1chat/enter", headers={"x-r1chat-key": proof}, **PLAIN)
        assert entered.status_code == 204
        headers = {"x-r1chat-key": proof, "cookie": entered.headers["set-cookie"].partition(";")[0]}
        assert httpx.get(second.origin + "/x", headers=headers, **PLAIN).text == "the app at /x"


def test_the_browser_key_of_one_port_is_none_for_another() -> None:
    """Whoever serves our port while we are away can have the browser sign, but only with that port's key."""
    assert Keys(ROOT, 7860).browser != Keys(ROOT, 7861).browser
    assert Keys(ROOT, 7860).challenge != Keys(ROOT, 7860).challenge


def test_a_worker_that_another_server_left_on_our_port_is_removed(served: Served, page: Any) -> None:
    """A browser asks for its script again after each visit; whoever had the port before may have installed one."""
    response = served.get("/worker.js", service_worker="script")
    assert response.status_code == 200 and "unregister" in response.text
    page.goto(served.address)
    page.get_by_text("the app at /").wait_for()
    registered = "navigator.serviceWorker.register('/worker.js').then(() => true, () => false)"
    assert page.evaluate(registered) is False, "the policy allows no worker at all"


@pytest.mark.parametrize("opener", [None, "", "wrong", "twice"])
def test_a_launch_address_is_made_for_who_has_the_opener(served: Served, opener: str | None) -> None:
    url = served.origin + "/r1chat/launch"
    secret = served.keys.opener
    headers = [("x-r1chat-opener", value) for value in ([secret, secret] if opener == "twice" else [opener]) if value]
    assert httpx.post(url, headers=headers, **PLAIN).status_code == 403
    key = httpx.post(url, headers={"x-r1chat-opener": secret}, **PLAIN).text
    assert httpx.get(f"{served.origin}/?token={key}", **PLAIN).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/assets/index.js", "/gradio_api/queue/join", "/r1chat/feed?conversation=x", "/%2e"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_without_the_cookie_no_route_is_reached(served: Served, method: str, path: str) -> None:
    seen = len(served.seen)
    response = httpx.request(method, served.origin + path, **PLAIN)
    assert response.status_code == 403
    assert len(served.seen) == seen


def test_refusal_says_what_to_do_in_the_browsers_language(served: Served) -> None:
    english = httpx.get(served.origin, **PLAIN).text
    chinese = httpx.get(served.origin, headers={"accept-language": "zh-CN,zh;q=0.9"}, **PLAIN).text
    assert "This browser has no key to r1chat yet" in english and "r1chat open" in english and 'lang="en"' in english
    assert "这个浏览器还没有 r1chat 的密钥" in chinese and "r1chat open" in chinese and 'lang="zh"' in chinese


@pytest.mark.parametrize(
    "query", ["token=", "token=wrong", "token={}x", "Token={}", "token={}&token=x", "token={0}&token={0}"]
)
def test_wrong_launch_key_gets_nothing(served: Served, query: str) -> None:
    response = httpx.get(f"{served.origin}/?{query.format(served.keys.new_launch_key())}", **PLAIN)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("path", ["/other?token={}", "//evil.example/?token={}", "/data/?token={}"])
def test_launch_key_is_taken_only_at_the_page(served: Served, path: str) -> None:
    response = httpx.get(served.origin + path.format(served.keys.new_launch_key()), **PLAIN)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
def test_launch_key_is_taken_only_from_a_get(served: Served, method: str) -> None:
    assert httpx.request(method, served.address, **PLAIN).status_code == 403


def test_old_launch_address_does_no_harm_to_who_is_in(served: Served) -> None:
    response = served.get("/?token=of-another-launch&x=1")
    assert (response.status_code, response.headers["location"]) == (303, "/?x=1")


def test_launch_address_is_not_used_up_by_the_key_of_another(served: Served) -> None:
    first, second = served.address, served.address
    assert [httpx.get(address, **PLAIN).status_code for address in (second, first)] == [200, 200]


@pytest.mark.parametrize("cookie", ["", "wrong", "{}x", "x{}", '"{}"', "\xff"])
def test_wrong_cookie_is_none(served: Served, cookie: str) -> None:
    value = f"r1chat-{served.port}={cookie.format(served.keys.cookie)}".encode("latin-1")
    headers: Any = {"cookie": value, **served.key}
    assert httpx.get(served.origin, headers=headers, **PLAIN).status_code == 403


def test_cookie_is_found_among_others(served: Served) -> None:
    """Even behind one of the same name, as another port of this host may have tossed it."""
    own = f"r1chat-{served.port}={served.keys.cookie}"
    assert served.get(cookie=f"a=b; r1chat-{served.port}=tossed; {own}; c=d").status_code == 200


def test_cookie_of_another_instance_does_not_count(served: Served) -> None:
    assert served.get(cookie=f"r1chat-{served.port + 1}={served.keys.cookie}").status_code == 403


@pytest.mark.parametrize("root", [b"", b"short"])
def test_a_short_root_key_is_not_accepted_at_all(root: bytes) -> None:
    with pytest.raises(ValueError, match="short key"):
        Keys(root, 7860)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_loopback_names_are_ours(served: Served, name: str) -> None:
    assert served.get(host=f"{name}:{served.port}").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "localhost",
        "localhost:80",
        "localhost.:{port}",
        "localhost.evil.example:{port}",
        "evil.example#localhost:{port}",
        "user@localhost:{port}",
        "0.0.0.0:{port}",
        "127.0.0.2:{port}",
        "127.1:{port}",
        "::1:{port}",
        "localhost:{port}, localhost:{port}",
        "localhost:0{port}",
        "http://localhost:{port}",
    ],
)
def test_foreign_or_odd_name_is_refused(served: Served, host: str) -> None:
    seen = len(served.seen)
    response = served.get(host=host.format(port=served.port))
    assert response.status_code in (400, 421)
    assert len(served.seen) == seen


@pytest.mark.parametrize(
    "lines",
    [
        "GET / HTTP/1.1\nConnection: close\n",
        "GET / HTTP/1.0\n",
        "GET / HTTP/1.1\nHost: localhost:{port}\nHost: evil.example\nConnection: close\n",
        "GET / HTTP/1.1\nHost: localhost:{port}\nHost: localhost:{port}\nConnection: close\n",
        "GET / HTTP/1.1\nHost:\nConnection: close\n",
        "GET http://localhost:{port}/ HTTP/1.1\nHost: evil.example\nConnection: close\n",
    ],
)
def test_missing_or_doubled_name_is_refused(served: Served, lines: str) -> None:
    seen = len(served.seen)
    response = served.raw(
        f"{lines.format(port=served.port)}Cookie: {served.cookie['cookie']}\nX-R1chat-Key: {served.keys.session}\n\n"
    )
    assert response.split()[1] in ("400", "421")
    assert len(served.seen) == seen


def test_configured_names_are_ours_with_the_port_or_their_own(app: FastAPI) -> None:
    with serving(app, hosts=("127.0.0.1", "Chat.Local", "pi.local:8080")) as served:
        assert served.get(host=f"chat.local:{served.port}").status_code == 200
        assert served.get(host="chat.local").status_code == 200  # behind a proxy at the ports of HTTP and HTTPS
        assert served.get(host="pi.local:8080").status_code == 200
        assert served.get(host=f"pi.local:{served.port}").status_code == 421
        assert served.get(host=f"localhost:{served.port}").status_code == 421
        assert served.get(host="127.0.0.1").status_code == 421


@pytest.mark.slow
def test_refused_requests_whose_body_never_comes_hold_only_some_connections(app: FastAPI) -> None:
    guard = Guard(app, keys=Keys(ROOT, 7860))
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"evil.example")]}

    async def answered_at_once(many: int) -> int:
        never, answered = asyncio.Event(), 0

        async def receive() -> dict[str, Any]:
            await never.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal answered
            answered += message["type"] == "http.response.start"

        requests = [asyncio.create_task(guard(dict(scope), receive, send)) for _ in range(many)]
        for _ in range(20):
            await asyncio.sleep(0)
        at_once = answered
        await asyncio.gather(*requests)
        assert answered == many
        return at_once

    assert run(answered_at_once(200)) == 150


# --- other sites -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "file://",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:{port}",  # ours, but not the one that was asked
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}/",
        "ftp://127.0.0.1:{port}",
        "http://127.0.0.1:{port} http://evil.example",
    ],
)
def test_foreign_origin_is_refused(served: Served, method: str, origin: str) -> None:
    seen = len(served.seen)
    response = served.send(method, "/gradio_api/upload", origin=origin.format(port=served.port))
    assert response.status_code == 403
    assert len(served.seen) == seen


def test_doubled_origin_is_refused(served: Served) -> None:
    response = served.raw(
        f"POST / HTTP/1.1\nHost: 127.0.0.1:{served.port}\nCookie: {served.cookie['cookie']}\nConnection: close\n"
        f"Content-Length: 0\nOrigin: {served.origin}\nOrigin: http://evil.example\n\n"
    )
    assert response.split()[1] == "403"


def test_own_origin_passes(served: Served) -> None:
    assert served.send("POST", "/x", origin=served.origin).status_code == 200
    assert served.send("POST", "/x", origin=served.origin.replace("http:", "https:")).status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_request_of_the_page_or_of_a_person_passes(served: Served, site: str) -> None:
    assert served.send("POST", "/x", sec_fetch_site=site).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-ORIGIN", "same-origin, cross-site"])
@pytest.mark.parametrize(
    ("method", "path", "mode", "dest"),
    [
        ("GET", "/", "no-cors", "script"),
        ("GET", "/", "cors", "empty"),
        ("GET", "/", "navigate", "iframe"),
        ("GET", "/", "navigate", "embed"),
        ("POST", "/", "navigate", "document"),
        ("HEAD", "/", "navigate", "document"),
        ("GET", "/gradio_api/file=x", "navigate", "document"),
        ("GET", "/x", "websocket", "empty"),
    ],
)
def test_request_of_another_site_is_refused(
    served: Served, site: str, method: str, path: str, mode: str, dest: str
) -> None:
    seen = len(served.seen)
    response = served.send(method, path, sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest)
    assert response.status_code == 403
    assert len(served.seen) == seen


def test_another_sites_link_may_open_the_page(served: Served) -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert served.get("/", **link).status_code == 200


def test_another_sites_link_with_a_launch_key_goes_on_by_a_page_of_ours(served: Served) -> None:
    response = httpx.get(
        served.address + "&x=%22%3E%3Cscript%3E",
        headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
        **PLAIN,
    )
    assert response.status_code == 200
    assert 'data-target="/?x=%22%3E%3Cscript%3E"' in response.text
    assert response.headers["set-cookie"].startswith(f"r1chat-{served.port}={served.keys.cookie};")


# --- responses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "headers"),
    [
        ("/", 200, {}),
        ("/x", 200, {"origin": "http://127.0.0.1:{port}"}),
        ("/broken", 500, {}),
        ("/?token=old", 303, {}),
        ("/r1chat/key.js", 200, {"cookie": ""}),
        ("/", 403, {"cookie": ""}),
        ("/", 403, {"origin": "http://evil.example"}),
        ("/", 421, {"host": "evil.example"}),
    ],
)
def test_every_response_is_closed_to_other_sites(
    served: Served, path: str, status: int, headers: dict[str, str]
) -> None:
    response = served.get(path, **{name: value.format(port=served.port) for name, value in headers.items()})
    assert response.status_code == status
    for name in SECURITY_HEADERS:
        assert len(response.headers.get_list(name)) == 1
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-dns-prefetch-control"] == "off"  # Firefox would look up the host of each link that shows
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "*" not in policy


def test_what_the_app_says_besides_is_kept(served: Served) -> None:
    assert served.get().headers["x-kept"] == "yes"


def test_a_refusal_is_read_whole_whatever_was_sent_with_the_request(served: Served) -> None:
    body = b"x" * 900_000
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        head = f"POST /echo HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nOrigin: http://evil.example\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 403")
    assert answer.endswith(b"</html>")


def test_stream_is_passed_on_piece_by_piece(app: FastAPI, served: Served) -> None:
    app.state.go_on.clear()
    with httpx.stream(
        "GET", served.origin + "/stream", headers={**served.cookie, **served.key}, timeout=10, **PLAIN
    ) as response:
        pieces = response.iter_text()
        assert next(pieces) == "data: first\n\n"  # the second is not even made yet
        app.state.go_on.set()
        assert "".join(pieces) == "data: second\n\n"


# --- WebSockets: the server of these tests speaks none, so the guard is asked as a server would ----------------------


async def open_socket(app: FastAPI, headers: dict[str, str]) -> list[dict[str, Any]]:
    """What the guard and the app say to a WebSocket that wants to open."""
    messages: list[dict[str, Any]] = []
    heard = [{"type": "websocket.disconnect"}, {"type": "websocket.connect"}]

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return heard.pop()

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "path": "/socket", "query_string": b"", "headers": pairs, "subprotocols": []}
    await Guard(app, keys=KEYS)(scope, receive, send)
    return messages


KEYS = Keys(ROOT, 7860)
OPENING = {
    "host": "127.0.0.1:7860",
    "origin": "http://127.0.0.1:7860",
    "cookie": f"r1chat-7860={KEYS.cookie}",
    "x-r1chat-key": KEYS.session,
}


def test_socket_of_the_page_opens(app: FastAPI) -> None:
    messages = run(open_socket(app, OPENING))
    assert [message["type"] for message in messages] == ["websocket.accept", "websocket.send", "websocket.close"]


@pytest.mark.parametrize(
    "change",
    [
        {"host": "evil.example:7860"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"cookie": "r1chat-7860=wrong"},
        {"cookie": ""},
        {"x-r1chat-key": ""},
    ],
)
def test_socket_of_anybody_else_is_closed_before_it_opens(app: FastAPI, change: dict[str, str]) -> None:
    assert run(open_socket(app, OPENING | change)) == [{"type": "websocket.close", "code": 1008}]


# --- a real browser --------------------------------------------------------------------------------------------------

ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    rebinding = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    with playwright.sync_playwright() as context:
        browser = context.chromium.launch(executable_path=chromium, args=[*ARGUMENTS.split(), rebinding])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def other_site() -> Iterator[Callable[[str], str]]:
    """Serves a page of another site; the call gives its address, by a name that the browser takes for another site."""
    html = ""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()

    def show(page: str) -> str:
        nonlocal html
        html = page
        return f"http://localhost:{server.server_port}/"

    yield show
    server.shutdown()
    thread.join()
    server.server_close()


async def real_page() -> FastAPI:
    """A small page: a component of our own that a stream patches, and some of Gradio's.

    A coroutine, since Gradio makes an event loop for each of its locks where none is running, and closes none of them.
    """
    import gradio as gr

    show = """
    const list = element.querySelector('ul');
    watch('value', () => { for (const word of props.value ?? []) list.innerHTML += `<li>${word}</li>`; });
    """

    def count(word: str) -> Iterator[list[str]]:
        for number in range(3):
            yield [f"{word} {number}"]

    with gr.Blocks(title="A page", analytics_enabled=False) as blocks:
        html = gr.HTML(None, html_template="<ul></ul>", js_on_load=show, elem_id="shown")
        word = gr.Textbox(label="Word")
        gr.Dropdown(["one", "two"], label="Pick", interactive=True)
        with gr.Accordion("More", open=False):
            gr.Textbox(label="Inside")
        gr.Button("Go").click(count, word, html, show_progress="hidden")
    return gr.mount_gradio_app(FastAPI(), blocks, path="/", ssr_mode=False)


@pytest.fixture(scope="module")
def gradio_page() -> Iterator[Served]:
    with serving(run(real_page())) as served:
        yield served


def test_gradio_page_works_behind_the_guard_and_stays_on_loopback(gradio_page: Served, page: Any) -> None:
    complaints: list[str] = []
    requests: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda response: complaints.append(response.url) if response.status >= 400 else None)
    page.on("request", lambda request: requests.append(request.url))

    page.goto(gradio_page.address)
    page.wait_for_url(gradio_page.origin + "/")
    page.get_by_label("Word").fill("number")
    page.get_by_role("button", name="Go", exact=True).click()
    page.locator("#shown li").nth(2).wait_for()
    assert page.locator("#shown li").all_inner_texts() == ["number 0", "number 1", "number 2"]
    page.get_by_role("button", name="More").click()
    page.get_by_label("Inside").wait_for()
    page.get_by_label("Pick").click()
    page.get_by_role("option", name="two").click()
    page.reload()
    page.get_by_label("Word").wait_for()

    assert complaints == []
    assert len(requests) > 10
    assert [url for url in requests if not url.startswith(gradio_page.origin + "/")] == []


def test_printed_address_opens_the_page_from_another_sites_link_too(
    served: Served, page: Any, other_site: Callable[[str], str]
) -> None:
    page.goto(other_site(f'<a href="{served.address}">open</a>'))
    page.get_by_text("open").click()
    page.get_by_text("the app at /").wait_for()
    assert page.url == served.origin + "/"


def test_other_site_reaches_nothing_although_the_browser_has_the_cookie(
    served: Served, page: Any, other_site: Callable[[str], str]
) -> None:
    page.goto(served.address)
    page.get_by_text("the app at /").wait_for()
    seen = len(served.seen)
    tried: set[str] = set()
    page.on("request", lambda request: tried.add(request.url.removeprefix(served.origin)))
    address = other_site(
        f"""<img src="{served.origin}/image"><iframe src="{served.origin}/"></iframe>
        <link rel="stylesheet" href="{served.origin}/style.css"><script src="{served.origin}/script.js"></script>
        <form method="post" action="{served.origin}/form" target="there"></form><iframe name="there"></iframe>
        <script>
        document.forms[0].submit();
        navigator.sendBeacon('{served.origin}/beacon', 'x');
        const form = new FormData(); form.append('files', new Blob(['x']), 'x.txt');
        Promise.allSettled([
          fetch('{served.origin}/upload', {{method: 'POST', body: form, mode: 'no-cors', credentials: 'include'}}),
          fetch('{served.origin}/read', {{credentials: 'include'}}),
          fetch('{served.origin}/json', {{method: 'PUT', body: '1', credentials: 'include'}}),
        ]).then(results => {{ document.body.dataset.done = results.map(result => result.status).join(' ') }});
        </script>"""
    )
    page.goto(address)
    page.locator("body[data-done]").wait_for()
    page.wait_for_load_state("networkidle")
    paths = {"/", "/image", "/style.css", "/script.js", "/form", "/upload", "/read", "/json", "/beacon"}
    assert paths <= tried
    assert not paths & set(served.seen[seen:])
    assert page.locator("body").get_attribute("data-done") == "rejected rejected rejected"


def test_foreign_name_that_resolves_to_loopback_reaches_nothing(served: Served, page: Any) -> None:
    seen = len(served.seen)
    response = page.goto(f"http://evil.example:{served.port}/?token={served.keys.new_launch_key()}")
    assert response.status == 421
    assert served.seen[seen:] == []

"""Senseless and huge requests to the launched app: a refusal in a moment, never an error of ours, and it goes on."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import httpx
import pytest
from launched import Launched

POSTS = [
    "/gradio_api/queue/join",
    "/gradio_api/cancel",
    "/gradio_api/reset",
    "/r1chat/act",
    "/r1chat/summary",
    "/r1chat/library/get",
    "/r1chat/library/pause",
    "/r1chat/library/remove",
    "/r1chat/learn/train",
    "/r1chat/learn/keep",
    "/r1chat/evaluation/start",
    "/r1chat/evaluation/keep",
    "/r1chat/evaluation/resume",
    "/r1chat/data/export",
    "/r1chat/data/archive",
    "/r1chat/data/consent",
    "/r1chat/data/exclude",
    "/r1chat/data/cancel",
]
BODIES: dict[str, str | bytes] = {
    "deep lists": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "deep and closed": '{"data": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "null": "null",
    "a text": '"x"',
    "not a number": '{"fn_index": NaN, "data": [Infinity], "id": NaN, "repo": NaN}',
    "wrong types": json.dumps({"data": {"a": 1}, "fn_index": "x", "session_hash": [], "event_id": 5, "id": {}}),
    "a handler by its name": json.dumps({"data": [], "api_name": "opened", "session_hash": "probe"}),
    "a handler that is none": json.dumps({"data": [], "fn_index": 10**9, "session_hash": "probe"}),
    "no text": b"\xff\xfe\x00",
    "half a surrogate": '{"id": "\\ud800", "repo": "\\ud800", "text": "\\ud800"}',
}


@pytest.mark.parametrize("path", POSTS)
def test_a_senseless_body_is_no_error_of_ours(page: httpx.Client, path: str) -> None:
    for name, body in BODIES.items():
        start = time.monotonic()
        response = page.post(path, content=body, headers={"content-type": "application/json"})
        assert response.status_code < 500, name
        assert time.monotonic() - start < 15, name


@pytest.mark.parametrize("verb", ["rename", "model", "search"])
def test_a_name_of_five_megabytes_is_cut(page: httpx.Client, verb: str) -> None:
    body = page.post("/r1chat/act", json={"verb": "ask", "text": "1 + 1 = ?", "lang": "en"}).json()
    text = "x" * 5_000_000
    act = {"verb": verb, "id": body["conversation"], "conversation": body["conversation"]}
    answer = page.post("/r1chat/act", json={**act, "text": text, "model": text, "query": text})
    assert len(answer.content) < 20_000
    opened = page.post("/r1chat/act", json={"verb": "open", "id": body["conversation"]})
    assert opened.status_code == 200 and len(opened.content) < 100_000


def test_an_act_that_is_too_large_is_refused_while_it_comes(page: httpx.Client) -> None:
    for path in ("/r1chat/act", "/r1chat/learn/keep", "/r1chat/library/get", "/r1chat/evaluation/start"):
        assert page.post(path, content=b"x" * 20_000_000).status_code == 413


RAW = {
    "no request": "hello\n\n",
    "two lengths": "POST /r1chat/act HTTP/1.1\nHost: {host}\nContent-Length: 5\nContent-Length: 50\n\nhello",
    "length and chunks": "POST / HTTP/1.1\nHost: {host}\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\nGET /c",
    "a folded header": "GET / HTTP/1.1\nHost: {host}\n x: y\n\n",
    "a header without a name": "GET / HTTP/1.1\nHost: {host}\n: y\n\n",
    "a negative length": "POST /r1chat/act HTTP/1.1\nHost: {host}\nContent-Length: -1\n\n",
    "an endless line": "GET /" + "a" * 2_000_000,
    "an upgrade": "GET / HTTP/1.1\nHost: {host}\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: x\n\n",
    "another method": "CONNECT evil.example:443 HTTP/1.1\nHost: {host}\n\n",
    "HTTP/2": "PRI * HTTP/2.0\n\nSM\n\n",
}


@pytest.mark.parametrize("name", RAW)
def test_a_malformed_request_is_refused(launched: Launched, page: httpx.Client, name: str) -> None:
    request = RAW[name].format(host=f"127.0.0.1:{launched.port}").replace("\n", "\r\n").encode()
    with socket.create_connection(("127.0.0.1", launched.port), timeout=20) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            status = connection.recv(65536).split()[1:2]
        except OSError:
            status = []  # it has hung up
    assert status == [] or status[0][:1] == b"4"
    assert page.get("/r1chat/page.css").status_code == 200


@pytest.mark.parametrize("path", ["/", "/data/", "/models/", "/learn/"])
@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-Host",
        "X-Forwarded-Prefix",
        "X-Forwarded-Server",
        "X-Original-Host",
        "X-Gradio-Server",
        "X-Direct-Url",
        "Forwarded",
    ],
)
def test_what_a_header_says_of_a_proxy_is_not_repeated(page: httpx.Client, path: str, name: str) -> None:
    response = page.get(path, headers={name: "http://proxy.example"})
    assert response.status_code == 200
    assert "proxy.example" not in response.text + str(response.headers)


def test_behind_a_proxy_with_tls_the_page_asks_over_https(page: httpx.Client) -> None:
    host = page.base_url.netloc.decode()
    assert f'"https://{host}"' in page.get("/", headers={"X-Forwarded-Proto": "https"}).text
    assert f'"http://{host}"' in page.get("/", headers={"X-Forwarded-Proto": "javascript"}).text


@pytest.mark.slow
def test_what_any_page_can_send_writes_no_line(tmp_path: Path) -> None:
    """To the terminal, or into the file of a service, which it would fill."""
    folder = tmp_path / "data"
    with (tmp_path / "errors").open("wb") as errors:
        other = Launched(folder)
        other.start(stderr=errors.fileno())
        try:
            for request in (
                f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{other.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                "\x16\x03\x01\x02\x00\x01\r\n\r\n",
            ):
                with socket.create_connection(("127.0.0.1", other.port), 10) as connection:
                    connection.sendall(request.encode("latin-1"))
                    assert connection.recv(1024).startswith(b"HTTP/1.1 4")
        finally:
            other.stop()
    assert (tmp_path / "errors").read_text() == ""

"""Connections of somebody else on this computer, who has no key: they do not keep the person out."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from launched import Launched

from r1chat.ui.connections import MOST_WAITING

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 10_000, b"complete"])
def test_of_connections_that_wait_only_so_many_are_kept(own: Launched, data: bytes) -> None:
    """Without a request, in the midst of one, and after one that anybody may make."""
    if data == b"complete":
        data = f"GET /r1chat/key.js HTTP/1.1\r\nHost: 127.0.0.1:{own.port}\r\n\r\nGET /".encode()
    with ExitStack() as stack:
        connections = []
        for _ in range(MOST_WAITING + 60):
            connections.append(stack.enter_context(socket.create_connection(("127.0.0.1", own.port), 10)))
            connections[-1].sendall(data)
        with closing(own.client()) as client:
            response = client.post("/r1chat/act", json={"verb": "ask", "text": "1 + 1 = ?", "lang": "en"})
            assert response.status_code == 200
        deadline = time.monotonic() + 30
        while (still := sum(map(_is_open, connections))) > MOST_WAITING and time.monotonic() < deadline:
            time.sleep(0.1)
        assert 0 < still <= MOST_WAITING


def test_a_flood_of_connections_does_not_crowd_out_one_whose_request_is_on_its_way(own: Launched) -> None:
    request = f"GET /r1chat/key.js HTTP/1.1\r\nHost: 127.0.0.1:{own.port}\r\n\r\n".encode()
    for _ in range(10):  # a busy machine may take longer for the flood than a request has
        with ExitStack() as stack:
            honest = stack.enter_context(socket.create_connection(("127.0.0.1", own.port), 10))
            flood = [
                stack.enter_context(socket.create_connection(("127.0.0.1", own.port), 10))
                for _ in range(MOST_WAITING + 60)
            ]
            for connection in flood:
                connection.sendall(request)
            flood[-1].recv(1024)
            try:
                honest.sendall(request)
                if honest.recv(1024).startswith(b"HTTP/1.1 200"):
                    return
            except OSError:
                continue
    raise AssertionError("the connection was closed each time")


def test_connections_that_read_no_response_are_bounded_too(own: Launched) -> None:
    request = f"GET /r1chat/key.js HTTP/1.1\r\nHost: 127.0.0.1:{own.port}\r\n\r\n".encode()
    assert own.process is not None
    files = Path(f"/proc/{own.process.pid}/fd")
    before = len(list(files.iterdir()))
    with ExitStack() as stack:
        for _ in range(2 * MOST_WAITING):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
            connection.settimeout(10)
            connection.connect(("127.0.0.1", own.port))
            connection.sendall(100 * request)
        deadline = time.monotonic() + 30
        while (open_ := len(list(files.iterdir())) - before) > MOST_WAITING + 10 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert open_ <= MOST_WAITING + 10
        with closing(own.client()) as client:
            assert client.get("/").status_code == 200


def test_a_stream_is_not_closed_for_connections_that_wait(own: Launched) -> None:
    with closing(own.client()) as client, ExitStack() as stack:
        answer = client.post("/r1chat/act", json={"verb": "temporary", "lang": "en"}).json()
        with client.stream(
            "GET", "/r1chat/feed", params={"conversation": answer["conversation"], "lang": "en"}
        ) as feed:
            for _ in range(2 * MOST_WAITING):
                stack.enter_context(socket.create_connection(("127.0.0.1", own.port), 10))
            with closing(own.client()) as other:
                act = {"verb": "ask", "text": "heron", "conversation": answer["conversation"], "lang": "en"}
                assert other.post("/r1chat/act", json=act).status_code == 200
            deadline = time.monotonic() + 60
            for line in feed.iter_lines():
                if "heron" in line:
                    break
                assert time.monotonic() < deadline


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        while data := connection.recv(65_536):
            assert data
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False

"""The replay server itself: what it sends is what was recorded."""

import http.client
import json
import socket
from contextlib import closing
from dataclasses import replace

import pytest
from replay import Replay, wire, written


def ask(server: Replay, method: str, path: str, body: object = None) -> tuple[int, str, bytes]:
    with closing(http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)) as connection:
        connection.request(method, path, json.dumps(body) if body is not None else None)
        with connection.getresponse() as response:
            return response.status, response.headers["Content-Type"], response.read()


def test_body_comes_as_it_was_recorded() -> None:
    exchange = wire("ollama/10-chat-r1-nano", 1)[0]
    with Replay(exchange) as server:
        status, content_type, body = ask(server, "POST", "/api/chat", {"model": "r1-nano"})
        assert (status, content_type) == (200, "application/x-ndjson")
        assert body.decode() == "".join(text for _, text in exchange.chunks)
    assert server.requests[0].json == {"model": "r1-nano"}


def test_the_exchange_most_like_the_request_answers_it() -> None:
    with Replay(wire("ollama/21-continue")) as server:
        prompt = "<｜User｜>27 + 43 = ?<｜Assistant｜><think>\nI need to find 27 + 43. Step by st\n</think>\n\n"
        _, _, body = ask(server, "POST", "/api/generate", {"model": "r1-nano:latest", "prompt": prompt})
    assert json.loads(body.splitlines()[0])["response"] == "The"


def test_a_second_request_gets_the_next_exchange() -> None:
    with Replay(written("GET", "/", "one"), written("GET", "/", "two")) as server:
        assert [ask(server, "GET", "/")[2] for _ in range(3)] == [b"one", b"two", b"one"]


def test_an_unknown_route_is_404() -> None:
    with Replay() as server:
        assert ask(server, "GET", "/nothing") == (404, "text/plain", b"404 page not found")


def test_a_cut_breaks_the_framing() -> None:
    with Replay(wire("ollama/34-server-dies")) as server, pytest.raises(http.client.IncompleteRead):
        ask(server, "POST", "/api/chat", {"model": "r1-nano"})


def test_it_notices_that_the_client_left_before_the_first_byte() -> None:
    stalled = replace(wire("ollama/10-chat-r1-nano", 1)[0], stalls_after=-1)
    with Replay(stalled) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            body = b'{"model": "r1-nano"}'
            connection.sendall(
                b"POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            connection.settimeout(0.01)
            while not server.requests:
                with pytest.raises(TimeoutError):
                    connection.recv(1)
        assert server.requests[0].left.wait(10)


def test_rechunking_keeps_the_bytes() -> None:
    exchange = wire("ollama/10-chat-plain", 2)[0]
    with Replay(exchange, rechunk=1) as server:
        _, _, body = ask(server, "POST", "/api/chat", {"model": "plain"})
    assert body.decode() == "".join(text for _, text in exchange.chunks)

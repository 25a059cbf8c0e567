"""A local HTTP server that replays recorded exchanges: their chunks as they were framed, their cuts and their errors.

    with Replay(wire("ollama/03-models"), wire("ollama/10-chat-r1-nano", 1)) as server:
        ...                     # talk to server.url
        server.requests         # what was asked, and whether the client left before the answer was complete

A request is answered by the exchange of the same method and path that is most like it, one that was not used yet
before one that was. A request for which there is none is answered with 404, as Ollama does.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent / "wire"


@dataclass(frozen=True, eq=False)
class Exchange:
    """One request and its answer. `ended` is `complete`, `client left` or `cut: …` (the connection breaks)."""

    method: str
    path: str
    json: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunks: tuple[tuple[float, str], ...] = ()
    ended: str = "complete"
    stalls_after: int | None = None  # chunks, after which nothing comes until the client leaves; -1: no headers either

    def likeness(self, method: str, path: str, body: Any) -> int | None:
        """How much of the request is the same, its text above all; None where this cannot be its answer."""
        if (method, path) != (self.method, self.path):
            return None
        if not isinstance(body, dict) or not isinstance(self.json, dict):
            return 0
        if self.json.get("_debug_render_only") != body.get("_debug_render_only"):
            return None
        if "model" in self.json and _full(self.json["model"]) != _full(body.get("model")):
            return None
        same = [key for key, value in body.items() if self.json.get(key) == value]
        return len(same) + 10 * ("messages" in same or "prompt" in same)


def wire(name: str, *indexes: int) -> list[Exchange]:
    """The exchanges of a recording, or only those with these indexes, in that order."""
    recorded = json.loads((WIRE / f"{name}.json").read_text(encoding="utf-8"))["exchanges"]
    return [_exchange(recorded[i]) for i in indexes or range(len(recorded))]


def written(method: str, path: str, body: str, status: int = 200, content_type: str = "application/json") -> Exchange:
    """An exchange that nobody recorded: a body sent as one chunk."""
    headers = {"Content-Type": content_type, "Transfer-Encoding": "chunked"}
    return Exchange(method, path, status=status, headers=headers, chunks=((0.0, body),))


def _exchange(recorded: dict[str, Any]) -> Exchange:
    request, response = recorded["request"], recorded["response"]
    return Exchange(
        method=request["method"],
        path=request["path"],
        json=request.get("json"),
        status=response["status"],
        headers=response["headers"],
        chunks=tuple((ms, text) for ms, text in response["chunks"]),
        ended=response["ended"],
    )


def _full(model: Any) -> str:
    return str(model).removesuffix(":latest")


@dataclass
class Received:
    """A request as it came. `port` is the client's; `left` is set when it is gone before its answer was complete."""

    method: str
    path: str
    headers: dict[str, str]
    json: Any
    port: int
    left: threading.Event = field(default_factory=threading.Event)


class Replay:
    """The server. `pace` 1 keeps the recorded times, 0 sends at once; `rechunk` cuts bodies into so many bytes."""

    def __init__(self, *exchanges: Exchange | Iterable[Exchange], pace: float = 0.0, rechunk: int = 0) -> None:
        self.exchanges = [e for item in exchanges for e in ([item] if isinstance(item, Exchange) else item)]
        self.pace = pace
        self.rechunk = rechunk
        self.requests: list[Received] = []
        self.closing = threading.Event()
        self._used: set[int] = set()
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.replay = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def asked(self, path: str) -> list[Received]:
        """The requests for `path` so far."""
        return [request for request in self.requests if request.path == path]

    def choose(self, request: Received) -> Exchange | None:
        """The answer to a request."""
        with self._lock:
            self.requests.append(request)
            ranked = []
            for i, exchange in enumerate(self.exchanges):
                likeness = exchange.likeness(request.method, request.path, request.json)
                if likeness is not None:
                    ranked.append((i not in self._used, likeness, -i))
            if not ranked:
                return None
            index = -max(ranked)[2]
            self._used.add(index)
            return self.exchanges[index]

    def __enter__(self) -> Replay:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()
        assert not self._http.errors, self._http.errors


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    replay: Replay

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connections: set[socket.socket] = set()
        self.errors: list[BaseException] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if (error := sys.exception()) and not isinstance(error, ConnectionError):
            self.errors.append(error)

    def hang_up(self) -> None:
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # gone already


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        payload = json.loads(body) if body else None
        received = Received(self.command, self.path, dict(self.headers), payload, self.client_address[1])
        exchange = self.server.replay.choose(received)
        if exchange is None:
            exchange = written(self.command, self.path, "404 page not found", 404, "text/plain")
        try:
            complete = self._answer(exchange)
        except ConnectionError:
            complete = False
        if not complete:
            self.close_connection = True
            received.left.set()

    do_POST = do_HEAD = do_DELETE = do_GET

    def _answer(self, exchange: Exchange) -> bool:
        """Whether the client was still there at the end."""
        if exchange.stalls_after == -1:
            return self._stall()
        chunked = exchange.headers.get("Transfer-Encoding") == "chunked"
        pieces = self._pieces(exchange)
        headers = dict(exchange.headers)
        if not chunked:  # some bodies became shorter when paths were replaced in the recording
            headers["Content-Length"] = str(sum(len(data) for _, data in pieces))
        self.send_response_only(exchange.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        now = 0.0
        for count, (ms, data) in enumerate(pieces):
            if count == exchange.stalls_after:
                return self._stall()
            if self._left_within((ms - now) / 1000 * self.server.replay.pace):
                return False
            now = ms
            self.connection.sendall(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        if exchange.ended == "client left" or exchange.stalls_after is not None:
            return self._stall()
        if exchange.ended.startswith("cut"):
            self.close_connection = True
        elif chunked:
            self.connection.sendall(b"0\r\n\r\n")
        return True

    def _pieces(self, exchange: Exchange) -> list[tuple[float, bytes]]:
        size = self.server.replay.rechunk
        pieces = [(ms, text.encode()) for ms, text in exchange.chunks]
        if not size:
            return pieces
        whole = b"".join(data for _, data in pieces)
        return [(0.0, whole[i : i + size]) for i in range(0, len(whole), size)]

    def _stall(self) -> bool:
        while not self.server.replay.closing.is_set():
            if self._left_within(0.05):
                return False
        self.close_connection = True
        return True

    def _left_within(self, seconds: float) -> bool:
        """Waits; True as soon as the client has closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], max(0.0, seconds))
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

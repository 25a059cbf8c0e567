"""A really launched r1chat: a process of its own, its addresses, and requests with its keys."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import forked
import httpx
from forked import Forked
from keyed import PLAIN, open_page

DEADLINE = 60  # seconds


class Launched:
    """`r1chat serve` with a data folder of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.env = {**os.environ, "R1CHAT_OLLAMA": "false", "R1CHAT_FIND_MODELS": "false", **settings}
        self.port = 0
        self.address = ""
        self.process: Forked | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, stderr: int = 2) -> None:
        """Start it; after an earlier start, on the same port. `stderr`: the descriptor that its errors go to."""
        words = ["serve", "--port", str(self.port), "--no-browser", "--data-dir", str(self.folder)]
        self.process = Forked(*words, env=self.env, stderr=stderr)
        assert self.process.stdout is not None
        match = None
        for line in self.process.stdout:
            if match := re.search(r"http://127\.0\.0\.1:(\d+)/\?token=\S+", line):
                break
        assert match, "it printed no address"
        self.address, self.port = match[0], int(match[1])

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it, by a signal; nothing happens where it is not running."""
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(DEADLINE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None

    def fresh_address(self) -> str:
        """What `r1chat open` prints."""
        done = forked.run("open", "--no-browser", "--data-dir", str(self.folder), env=self.env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def client(self) -> httpx.Client:
        """A client that holds the keys, from a launch address of its own."""
        serving = json.loads((self.folder / "serving.json").read_text(encoding="utf-8"))
        opener = {"x-r1chat-opener": serving["opener"]}
        key = httpx.post(self.origin + "/r1chat/launch", headers=opener, **PLAIN).text
        client = httpx.Client(**PLAIN, timeout=20)
        open_page(client, f"{self.origin}/?token={key}")
        return client


class OtherPort:
    """A server of somebody else on this computer: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[tuple[str, dict[str, str]]] = []  # path, headers
        self.pages: dict[str, str] = {}
        self.cookies: list[str] = []  # Set-Cookie lines of every answer

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def other_port(handle: Callable[[str], bytes] | None = None, port: int = 0) -> Iterator[OtherPort]:
    """Serve as another user of the machine would, on 127.0.0.1."""
    other = OtherPort()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            self.rfile.read(length)
            other.asked.append((self.path, dict(self.headers.items())))
            body = handle(self.path) if handle else other.pages.get(self.path.partition("?")[0], "").encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            for cookie in other.cookies:
                self.send_header("set-cookie", cookie)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_OPTIONS = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    other.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield other
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

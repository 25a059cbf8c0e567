"""A model hub on loopback: the routes of Hugging Face, with files of a few megabytes and faults on demand."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class FakeHub:
    """What the hub has, and how it behaves. `asked`: each request as (path, Range, Authorization)."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}  # repository -> path -> content
        self.data: dict[str, dict[str, bytes]] = {}  # the same of data sets
        self.gated: set[str] = set()  # data sets that want a token
        self.sizes = True  # whether listings of data sets tell sizes
        self.asked: list[tuple[str, str, str]] = []
        self.status = 0  # answers every download with this
        self.cut_after = 0  # bytes after which a connection breaks, once for each entry
        self.cuts = 0
        self.hold_at = 0  # bytes after which a download is held back
        self.wrong_digest = False
        self.ranges = True
        self.elsewhere = ""  # redirects downloads to this address
        self.pace = threading.Event()  # held back while it is clear
        self.pace.set()
        self.hints = 0  # "103 Early Hints" before each answer
        self.address = ""

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        path = unquote(parts.path)
        self.asked.append((path, handler.headers.get("range", ""), handler.headers.get("authorization", "")))
        try:
            for _ in range(self.hints):
                handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        except OSError:  # nobody listens any more
            handler.close_connection = True
            return
        if path == "/api/models":
            text = parse_qs(parts.query).get("search", [""])[0].lower()
            rows = [{"id": name, "downloads": 5, "gated": False} for name in self.files if text in name.lower()]
            self._json(handler, rows)
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/main", path):
            if match[1] not in self.files:
                handler.send_error(404)
            else:
                self._json(handler, [self._row(name, data) for name, data in self.files[match[1]].items()])
        elif match := re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/repo/files", path):  # ModelScope
            rows = [self._row(name, data) for name, data in self.files.get(match[1], {}).items()]
            files = [{"Path": row["path"], "Size": row["size"], "Sha256": row["digest"]} for row in rows]
            self._json(handler, {"Code": 200, "Data": {"Files": files}})
        elif match := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/tree/main(?:/(.+))?", path):
            folder = f"{match[2]}/" if match[2] else ""
            inside = [name for name in self.data.get(match[1], {}) if name.startswith(folder)]
            if not inside:
                handler.send_error(404)
                return
            names = [name for name in inside if "/" not in name.removeprefix(folder)]
            rows = [self._row(name, self.data[match[1]][name]) for name in names[:1_000]]  # its first page
            self._json(handler, rows if self.sizes else [{"type": "file", "path": row["path"]} for row in rows])
        elif match := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/main/(.+)", path):
            if match[1] in self.gated and not handler.headers.get("authorization"):
                handler.send_error(401)
            else:
                data = self.data.get(match[1], {}).get(match[2])
                handler.send_error(404) if data is None else self._file(handler, data)
        elif match := re.fullmatch(r"/(?:models/)?([^/]+/[^/]+)/resolve/(?:main|master)/(.+)", path):
            self._file(handler, self.files[match[1]][match[2]])
        else:
            handler.send_error(404)

    def _row(self, name: str, data: bytes) -> dict[str, object]:
        digest = "0" * 64 if self.wrong_digest else hashlib.sha256(data).hexdigest()
        lfs = {"oid": digest, "size": len(data)}
        return {"type": "file", "path": name, "size": len(data), "lfs": lfs, "digest": digest}

    def _json(self, handler: BaseHTTPRequestHandler, value: object) -> None:
        body = json.dumps(value).encode()
        handler.send_response(200)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _file(self, handler: BaseHTTPRequestHandler, data: bytes) -> None:
        if self.status:
            handler.send_response(self.status)
            handler.send_header("content-length", "0")
            handler.send_header("retry-after", "0")
            handler.end_headers()
            return
        if self.elsewhere:
            handler.send_response(302)
            handler.send_header("location", self.elsewhere + urlsplit(handler.path).path)
            handler.send_header("content-length", "0")
            handler.end_headers()
            return
        byte_range = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("range", "")) if self.ranges else None
        start = int(byte_range[1]) if byte_range else 0
        end = min(len(data), int(byte_range[2]) + 1) if byte_range and byte_range[2] else len(data)
        handler.send_response(206 if byte_range else 200)
        if byte_range:
            handler.send_header("content-range", f"bytes {start}-{end - 1}/{len(data)}")
        handler.send_header("content-length", str(end - start))
        handler.end_headers()
        if self.cuts:
            self.cuts -= 1
            end = min(end, start + self.cut_after)
        try:
            for at in range(start, end, 65536):
                if self.hold_at and at >= self.hold_at:
                    self.pace.clear()
                self.pace.wait(20)
                handler.wfile.write(data[at : min(end, at + 65536)])
        except OSError:
            pass
        handler.close_connection = True


@contextmanager
def serving_hub() -> Iterator[FakeHub]:
    hub = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        hub.pace.set()
        server.shutdown()
        server.server_close()
        thread.join()

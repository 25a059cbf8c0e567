"""The files of the pages, held in memory and answered before any route is looked for: a page asks for seventy of them.

Our scripts are at `/r1chat/scripts/`, by their places below this folder, our logo and font at `/r1chat/static/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from r1chat.ui.responses import as_json

HERE = Path(__file__).parent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_ASKED_EACH_TIME, _A_DAY, _FOR_EVER = "no-cache", "max-age=86400", "max-age=31536000, immutable"
_MANIFEST = {"name": "r1chat", "start_url": ".", "icons": [{"src": "r1chat/static/logo.svg", "sizes": "any"}]}


@dataclass(frozen=True)
class File:
    """A response: its body, its media type, and how long a browser keeps it."""

    body: bytes
    media_type: str
    kept: str

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As ASGI has them."""
        values = {"content-type": self.media_type, "cache-control": self.kept, "content-length": str(len(self.body))}
        return [(name.encode(), value.encode()) for name, value in values.items()]


class Files:
    """Wraps an ASGI app: GET and HEAD for the path of a file are answered here."""

    def __init__(self, app: ASGIApp, files: Mapping[str, File]) -> None:
        self._app, self._files = app, files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = self._files.get(scope["path"]) if scope["type"] == "http" else None
        if file is None or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": file.headers})
        await send({"type": "http.response.body", "body": file.body if scope["method"] == "GET" else b""})


def own_files() -> Iterator[tuple[str, File]]:
    """Our scripts, what is in `static/`, and what browsers ask for unasked: an icon and a manifest. By path."""
    for path in HERE.rglob("*.js"):
        yield f"/r1chat/scripts/{path.relative_to(HERE).as_posix()}", _read(path, _ASKED_EACH_TIME)
    for path in (HERE / "static").iterdir():
        yield f"/r1chat/static/{path.name}", _read(path, _A_DAY)
    manifest = File(as_json(_MANIFEST).encode(), "application/manifest+json", _ASKED_EACH_TIME)
    for folder in ("", "/data"):
        yield f"{folder}/favicon.ico", _read(HERE / "static/logo.svg", _A_DAY)
        yield f"{folder}/manifest.json", manifest


def named_by_content(folder: Path, names: list[str], at: str) -> Iterator[tuple[str, File]]:
    """Files whose names change with what is in them, so that a browser may keep them. By path, below `at`."""
    for name in names:
        yield f"{at}/{name}", _read(folder / name, _FOR_EVER)


def style_sheet(text: str) -> File:
    """A style sheet that we made."""
    return File(text.encode(), _TYPES[".css"], _ASKED_EACH_TIME)


def _read(path: Path, cache_control: str) -> File:
    return File(path.read_bytes(), _TYPES[path.suffix], cache_control)

"""The page as an HTTP server on loopback: Gradio, the feed and a few texts, behind the guard."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import socket
import threading
import time
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

from r1chat.app import App
from r1chat.config import FIRST_PORT
from r1chat.errors import ConfigError, NotFoundError
from r1chat.ui.allowed import Allowed
from r1chat.ui.data.mounting import mount as mount_data
from r1chat.ui.guard import Guard
from r1chat.ui.judge import difference, reference
from r1chat.ui.library import routes as library
from r1chat.ui.page import mount, theme
from r1chat.ui.talk.feed import Viewer
from r1chat.ui.talk.render import ReplyRenderer
from r1chat.ui.words.page import words

LOOPBACK = ("127.0.0.1", "localhost", "::1")
log = logging.getLogger(__name__)


def application(app: App, hosts: tuple[str, ...], port: int, token: str) -> Guard:
    """The ASGI application: the routes that the pages use, behind the guard."""
    web = FastAPI(title="r1chat", docs_url=None, redoc_url=None, openapi_url=None)

    @web.get("/r1chat/feed")
    async def feed(request: Request) -> StreamingResponse:
        asked = request.query_params
        viewer = Viewer(app, asked.get("conversation", ""), asked.get("model", ""), asked.get("lang", "en"))
        return StreamingResponse(_events(viewer), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @web.get("/r1chat/answer/{reply_id}")
    def answer(reply_id: str) -> PlainTextResponse:
        return _text(lambda: app.store.reply(reply_id).reply.answer)

    @web.get("/r1chat/message/{turn_id}")
    def message(turn_id: str) -> PlainTextResponse:
        return _text(lambda: app.store.turn(turn_id).content)

    @web.get("/r1chat/thought/{reply_id}")
    def thought(reply_id: str, start: int = 0, end: int | None = None) -> PlainTextResponse:
        return _text(lambda: app.chat.as_it_stands(reply_id).reply.reasoning[max(0, start) : end])

    @web.get("/r1chat/outline/{reply_id}")
    def outline(reply_id: str, lang: str = "en") -> PlainTextResponse:
        def html() -> str:
            renderer = ReplyRenderer(reply_id, words(lang))
            renderer.update(app.chat.as_it_stands(reply_id).reply)
            return renderer.outline()

        return _text(html)

    @web.get("/r1chat/rewards/{reply_id}")
    def rewards(reply_id: str, lang: str = "en") -> PlainTextResponse:
        def html() -> str:
            stored = app.store.reply(reply_id)
            right = app.store.judgements.reference(stored.turn_id)
            return reference.rewards(stored, app.store.turn(stored.turn_id).content, right, words(lang))

        return _text(html)

    @web.get("/r1chat/difference/{reply_id}")
    def changes(reply_id: str, lang: str = "en") -> PlainTextResponse:
        def html() -> str:
            corrected = app.store.reply(reply_id)
            return difference.html(app.store.reply(corrected.provenance.parent_id or ""), corrected, words(lang))

        return _text(html)

    library.add(web, app)
    mount_data(web, app, theme())
    mount(web, app)
    return Guard(Allowed(web), hosts=hosts, port=port, token=token)


class PageServer:
    """The page on a port of its own. Raises ConfigError where that port is taken."""

    def __init__(self, app: App, log_level: str = "warning") -> None:
        settings = app.settings
        self._listener = _listen(settings.host, settings.port)
        port = self._listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        hosts = (*LOOPBACK, *([settings.host] if settings.host not in LOOPBACK else []), *settings.allowed_hosts)
        shown = "127.0.0.1" if settings.host in ("0.0.0.0", "::", *LOOPBACK) else settings.host
        self.address = f"http://{shown}:{port}/?token={token}"
        web = application(app, hosts, port, token)
        self._server = uvicorn.Server(uvicorn.Config(web, log_level=log_level, timeout_graceful_shutdown=1))

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve until interrupted; `ready` gets the address to open as soon as it answers."""
        threading.Thread(target=self._tell, args=(ready,), name="r1chat-ready", daemon=True).start()
        with suppress(KeyboardInterrupt):
            self._server.run(sockets=[self._listener])

    def start(self) -> None:
        """Serve in the background; returns as soon as it answers."""
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), name="r1chat-page")
        self._thread.start()
        self._tell(lambda address: None)

    def stop(self) -> None:
        """End what `start` began."""
        self._server.should_exit = True
        self._thread.join(10)

    def _tell(self, ready: Callable[[str], None]) -> None:
        while not self._server.started:
            if self._server.should_exit:
                return
            time.sleep(0.01)
        ready(self.address)


def serve(app: App, announce: Callable[[str], None], log_level: str = "warning") -> None:
    """Serve the page until interrupted, and open a browser on it if the settings say so."""

    def ready(address: str) -> None:
        announce(address)
        if app.settings.open_browser:
            with suppress(webbrowser.Error):
                webbrowser.open(address)

    PageServer(app, log_level).run(ready)


def _listen(host: str, port: int | None) -> socket.socket:
    """A listening socket: on the port that was asked for, else on the first free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in [port] if port is not None else range(FIRST_PORT, FIRST_PORT + 100):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
            return listener
        except OSError as error:
            listener.close()
            reason = error.strerror or str(error)
    where = f"port {port}" if port is not None else f"any port from {FIRST_PORT} to {FIRST_PORT + 99}"
    raise ConfigError(
        f"r1chat cannot listen on {where} of {host} ({reason}). Is r1chat open already? Choose another port with "
        "--port, or 0 for any free one."
    )


def _text(read: Callable[[], str]) -> PlainTextResponse:
    try:
        return PlainTextResponse(read(), headers={"Cache-Control": "no-store"})
    except NotFoundError as error:
        return PlainTextResponse(str(error), status_code=404)


async def _events(viewer: Viewer) -> AsyncIterator[str]:
    """The viewer's patches as server-sent events. The viewer blocks, so it runs in a thread of its own."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    room = threading.Semaphore(4)  # patches on their way: a slow page gets newer ones, not more

    def give(patch: dict[str, Any] | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: the server has stopped
            loop.call_soon_threadsafe(queue.put_nowait, patch)

    def run() -> None:
        try:
            for patch in viewer.patches():
                room.acquire()
                give(patch)
        except Exception:  # a defect of ours: the browser connects again, and the log says what it was
            log.exception("the feed broke")
        finally:
            give(None)

    threading.Thread(target=run, name="r1chat-feed", daemon=True).start()
    try:
        while (patch := await queue.get()) is not None:
            room.release()
            yield f"data: {json.dumps(patch, ensure_ascii=False, separators=(',', ':'))}\n\n" if patch else ": \n\n"
    finally:
        viewer.leave()
        room.release(1000)

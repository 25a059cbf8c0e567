"""The page as an HTTP server on loopback: Gradio and our own routes, behind the guard."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from starlette.routing import Mount

from r1chat.app import App
from r1chat.both import Both
from r1chat.config import FIRST_PORT
from r1chat.errors import ConfigError
from r1chat.loopback import LOOPBACK
from r1chat.store.reply_owner import current_owner
from r1chat.ui import opening, routes
from r1chat.ui.allowed import Allowed, is_shell
from r1chat.ui.bounded import Bounded
from r1chat.ui.connections import BoundedConnection
from r1chat.ui.data.mounting import mount as mount_data
from r1chat.ui.evaluation import routes as evaluation
from r1chat.ui.guard import Guard
from r1chat.ui.learn import routes as learn
from r1chat.ui.library import routes as library
from r1chat.ui.mounting import mount
from r1chat.ui.secrets import Keys, Serving, last_serving, record_serving, root_key

LARGEST_HEAD = 1024 * 1024  # bytes of a request's headers: another port can make a browser send many cookies


def application(app: App, hosts: tuple[str, ...], keys: Keys) -> Guard:
    """The ASGI application: the routes that the pages use, behind the guard."""
    web = FastAPI(title="r1chat", docs_url=None, redoc_url=None, openapi_url=None)

    routes.add(web, app)
    opening.add(web, app)
    library.add(web, app)
    learn.add(web, app)
    evaluation.add(web, app)
    mount_data(web, app)
    mount(web, app)
    web.add_exception_handler(RequestValidationError, _senseless)
    for server in (route.app for route in web.routes if isinstance(route, Mount)):
        if isinstance(server, FastAPI):  # Gradio's: a handler that is none is a KeyError there
            server.add_exception_handler(RequestValidationError, _senseless)
            server.add_exception_handler(KeyError, _senseless)
    bounded = Bounded(Allowed(web), ("/r1chat/evaluation/", "/r1chat/learn/", "/r1chat/library/"))
    return Guard(bounded, hosts=hosts, keys=keys, is_shell=is_shell)


async def _senseless(request: Request, error: Exception) -> Response:
    """The answer to a body that is none of ours. FastAPI's own repeats it, and fails where it holds NaN."""
    return PlainTextResponse("The request makes no sense to r1chat. Reload the page.", 422)


class PageServer:
    """The page on a port of its own. Raises ConfigError where that port is taken."""

    def __init__(self, app: App, log_level: str = "warning") -> None:
        settings = app.settings
        self._folder = settings.data_dir
        before = last_serving(self._folder)
        listener = _listen(settings.host, settings.port, before.port if before else None)
        port = listener.getsockname()[1]
        self._listeners, loopback = _with_other_loopback(listener, settings.host, port)
        self.keys = Keys(root_key(self._folder), port)
        hosts = (*loopback, *([settings.host] if settings.host not in LOOPBACK else []), *settings.allowed_hosts)
        shown = {"0.0.0.0": "127.0.0.1", "localhost": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
        self.origin = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
        web = application(app, hosts, self.keys)
        config = uvicorn.Config(
            web,
            log_level=log_level,
            timeout_graceful_shutdown=1,
            http=BoundedConnection,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)
        self._server = uvicorn.Server(config)

    @property
    def address(self) -> str:
        """An address to open, with a launch key of its own: it works once."""
        return f"{self.origin}/?token={self.keys.new_launch_key()}"

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve until interrupted; `ready` gets the address to open as soon as it answers."""
        threading.Thread(target=self._tell, args=(ready,), name="r1chat-ready", daemon=True).start()
        with suppress(KeyboardInterrupt):
            self._server.run(sockets=self._listeners)

    def start(self) -> None:
        """Serve in the background; returns as soon as it answers."""
        self._thread = threading.Thread(target=self._server.run, args=(self._listeners,), name="r1chat-page")
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
        record_serving(self._folder, Serving(self.origin, self.keys.opener, current_owner(), self.keys.port))
        ready(self.address)


def serve(app: App, announce: Callable[[str], None], log_level: str = "warning") -> None:
    """Serve the page until interrupted, and open a browser on it if the settings say so."""

    def ready(address: str) -> None:
        announce(address)
        if app.settings.open_browser:
            with suppress(webbrowser.Error):
                webbrowser.open(server.address)  # the printed one stays good for another browser

    server = PageServer(app, log_level)
    app.begin_titling()
    server.run(ready)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Not that requests were cut off when the server ended: every open page has one."""
    cut = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut and not record.getMessage().startswith("Cancel ")


def _with_other_loopback(listener: socket.socket, host: str, port: int) -> tuple[list[socket.socket], tuple[str, ...]]:
    """The sockets to listen on, and the names of this computer by which the page may be asked for.

    A browser asks `localhost` at both loopback addresses. Whoever else held one of them under our port would be the
    same origin as the page: so we hold both, or are not known by the names that lead to the one that is taken.
    """
    other = {"127.0.0.1": "::1", "localhost": "::1", "0.0.0.0": "::1", "::1": "127.0.0.1"}.get(host)
    if other is None:  # every address, or one of another computer's network, by which nobody asks for loopback
        return [listener], LOOPBACK
    second = None
    try:
        second = socket.socket(socket.AF_INET6 if ":" in other else socket.AF_INET)
        if second.family == socket.AF_INET6:
            second.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        second.bind((other, port))
        second.listen(128)
    except OSError as refusal:
        if second is not None:
            second.close()
        if refusal.errno in (errno.EADDRINUSE, errno.EACCES):
            return [listener], tuple(name for name in LOOPBACK if name not in (other, "localhost"))
        return [listener], LOOPBACK  # this computer has no such address: nobody can hold it
    return [listener, second], LOOPBACK


def _listen(host: str, port: int | None, before: int | None = None) -> socket.socket:
    """A listening socket: on the port that was asked for, else on the one `before`, so that bookmarks work, else on the
    first free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    usual = range(FIRST_PORT, FIRST_PORT + 100)
    for candidate in [port] if port is not None else [*([before] if before in usual else []), *usual]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
            return listener
        except OSError as refusal:
            listener.close()
            reason = refusal.strerror or str(refusal)
    last = FIRST_PORT + 99
    where = Both(f"port {port}", f"端口 {port}")
    if port is None:
        where = Both(f"any port from {FIRST_PORT} to {last}", f"{FIRST_PORT} 到 {last} 的任何端口")
    raise ConfigError(
        Both(
            "r1chat cannot listen on {where} of {host} ({reason}). Is r1chat open already? Choose another port with "
            "--port, or 0 for any free one.",
            "r1chat 无法在 {host} 上监听{where}（{reason}）。r1chat 是否已经打开？请用 --port 换一个端口，"
            "0 表示任何空闲端口。",
        ).format(where=where, host=host, reason=reason)
    )

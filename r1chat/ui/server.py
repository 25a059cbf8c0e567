"""The page as an HTTP server on loopback: the pages and our routes, behind the guard."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from r1chat.app import App
from r1chat.ui.allowed import Allowed, is_shell
from r1chat.ui.bounded import Bounded
from r1chat.ui.connections import BoundedConnection
from r1chat.ui.guard import Guard
from r1chat.ui.later import Later
from r1chat.ui.listening import Listening
from r1chat.ui.mounting import with_chat_page

LARGEST_HEAD = 1024 * 1024  # bytes of a request's headers: another port can make a browser send many cookies
_READ_BY_FASTAPI = ("/r1chat/evaluation/", "/r1chat/learn/", "/r1chat/library/")


_NOT_WORTH_A_LINE = (
    "Cancel ",
    "Invalid HTTP request received",  # any page of a browser can send these, without end
    "Unsupported upgrade request",
    "No supported WebSocket library",
)


class PageServer:
    """The page on a port of its own. Raises ConfigError where that port is taken."""

    def __init__(self, app: App, log_level: str = "warning", listening: Listening | None = None) -> None:
        """`listening`: the port, where it has been opened already."""
        self._listening = listening or Listening(app.settings)
        self.keys, self.origin = self._listening.keys, self._listening.origin
        routes = Later(partial(_routes, app))
        bounded = Bounded(Allowed(with_chat_page(routes)), _READ_BY_FASTAPI)
        config = uvicorn.Config(
            Guard(bounded, hosts=self._listening.hosts, keys=self.keys, is_shell=is_shell),
            log_level=log_level,
            timeout_graceful_shutdown=1,
            http=BoundedConnection,
            ws="none",
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
        config.load()
        routes.begin()  # when this thread imports nothing more
        logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)
        self._server = uvicorn.Server(config)

    @property
    def address(self) -> str:
        """An address to open, with a launch key of its own: it works once."""
        return self._listening.address

    def run(self) -> None:
        """Serve until interrupted."""
        with suppress(KeyboardInterrupt):
            self._server.run(sockets=self._listening.sockets)

    def start(self) -> None:
        """Serve in the background; returns as soon as it answers."""
        self._thread = threading.Thread(target=self._server.run, args=(self._listening.sockets,), name="r1chat-page")
        self._thread.start()
        while not self._server.started and not self._server.should_exit:
            time.sleep(0.01)

    def end(self) -> None:
        """Ask `run` to return, or not to begin."""
        self._server.should_exit = True

    def stop(self) -> None:
        """End what `start` began."""
        self.end()
        self._thread.join(10)


def _routes(app: App) -> ASGIApp:
    from r1chat.ui.application import application

    return application(app)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Not that requests were cut off when the server ended: every open page has one. Nor what anybody can cause."""
    cut = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut and not record.getMessage().startswith(_NOT_WORTH_A_LINE)

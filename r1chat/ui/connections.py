"""The connections of the page's server: those that wait for a request are few, and do not wait for long.

Everybody on this computer can open connections. Each takes a file descriptor, of which a process has 1,024 as a rule,
and may hold `server.LARGEST_HEAD` bytes of a request that never ends.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_WAITING = 100  # connections without a request in progress; a browser opens six
HEAD_WITHIN = 20.0  # seconds from the opening of a connection, or the end of a response, to the end of the next head


class BoundedConnection(H11Protocol):
    """HTTP/1.1 over one connection, which is closed where the head of a request does not come.

    Where more than MOST_WAITING wait, the one that has waited longest is closed.
    """

    _waiting: dict[H11Protocol, None] = {}  # noqa: RUF012 - of the whole process, the longest first
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        super().connection_made(transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a request in progress may take as long as it takes."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request. One that came meanwhile is begun here."""
        super().on_response_complete()
        self._look()

    def _look(self) -> None:
        """Wait where no request is in progress."""
        if self.transport.is_closing() or (self.cycle is not None and not self.cycle.response_complete):
            self._stop_waiting()
        elif self not in self._waiting:
            self._waiting[self] = None
            self._late = self.loop.call_later(HEAD_WITHIN, self.transport.close)
            if len(self._waiting) > MOST_WAITING:
                longest: Any = next(iter(self._waiting))
                longest._stop_waiting()
                longest.transport.close()

    def _stop_waiting(self) -> None:
        self._waiting.pop(self, None)
        if self._late is not None:
            self._late.cancel()
            self._late = None

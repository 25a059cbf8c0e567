"""The connections of the page's server: those that wait for a request are few, and do not wait for long.

Everybody on this computer can open connections. Each takes a file descriptor, of which a process has 1,024 as a rule,
and may hold `server.LARGEST_HEAD` bytes of a request that never ends.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_WAITING = 100  # connections without a request in progress; a browser opens six
MOST_AT_ALL = 400  # of them while some are young
YOUNG = 1.0  # seconds within which a request is usually there: others cannot crowd such a connection out
HEAD_WITHIN = 20.0  # seconds from the opening of a connection, or the end of a response, to the end of the next head


class BoundedConnection(H11Protocol):
    """HTTP/1.1 over one connection, which is closed where the head of a request does not come.

    A connection also waits while its other side reads nothing of a response. Where more than MOST_WAITING wait, those
    that have waited longest are closed, but none within YOUNG seconds: a flood of connections would close the ones of a
    browser before their requests are read. Above MOST_AT_ALL none is spared.
    """

    _waiting: dict[BoundedConnection, float] = {}  # noqa: RUF012 - of the whole process: since when, the longest first
    _late: asyncio.TimerHandle | None = None
    _unread = False  # the buffers are full of what the other side does not take

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

    def pause_writing(self) -> None:
        """Wait for the other side to read."""
        super().pause_writing()
        self._unread = True
        self._look()

    def resume_writing(self) -> None:
        """Go on with the response."""
        super().resume_writing()
        self._unread = False
        self._look()

    def _look(self) -> None:
        """Wait where no request is in progress, or where its response is not read; the clock is for heads alone."""
        busy = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing() or (busy and not self._unread):
            self._stop_waiting()
            return
        if busy:
            self._stop_clock()
        elif self._late is None:
            self._late = self.loop.call_later(HEAD_WITHIN, self._end)
        if self not in self._waiting:
            self._waiting[self] = self.loop.time()
            if len(self._waiting) > MOST_WAITING:
                self._close_longest()
                self.loop.call_later(YOUNG, self._close_longest)

    def _close_longest(self) -> None:
        """Close those that have waited longest, as far as too many wait."""
        while len(self._waiting) > MOST_WAITING:
            longest, since = next(iter(self._waiting.items()))
            if len(self._waiting) <= MOST_AT_ALL and self.loop.time() - since < YOUNG:
                return
            longest._stop_waiting()
            longest._end()

    def _end(self) -> None:
        """Close it; without what is left to be sent, for which closing would wait."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def _stop_waiting(self) -> None:
        self._waiting.pop(self, None)
        self._stop_clock()

    def _stop_clock(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

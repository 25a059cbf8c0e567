"""What passes between whoever reads a stream and the thread that computes it. Knows neither of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from r1chat.backends.llama.files import ModelFile
from r1chat.errors import BackendError
from r1chat.messages import BackendEvent, Progress, Raw, Request


class Job:
    """One request on its way: the worker tells it events, whoever reads the stream takes them. Never blocks the worker.

    With `seeds` it is a reply for each of them. Set `stopped` when nobody wants the rest. `idle` work is done only
    while there is no other.
    """

    def __init__(
        self, request: Request, file: ModelFile, *, seeds: Sequence[int | None] | None = None, idle: bool = False
    ) -> None:
        self.request = request
        self.file = file
        self.seeds = seeds
        self.idle = idle
        self.stopped = False
        self.heartbeat: Progress | None = None  # what to say while nothing comes; None: still in the queue
        self._changed = threading.Condition()
        self._events: list[tuple[int, BackendEvent]] = []
        self._ended = False
        self._error: BackendError | None = None

    def tell(self, event: BackendEvent, sample: int = 0) -> None:
        """Take an event of a sample. A `Progress` is for all of them, and replaces an older one that nobody saw."""
        if isinstance(event, Progress):
            self.heartbeat = event
        elif isinstance(event, Raw):
            self.heartbeat = Progress("waiting")
        with self._changed:
            if isinstance(event, Progress) and self._events and isinstance(self._events[-1][1], Progress):
                self._events.pop()
            self._events.append((sample, event))
            self._changed.notify()

    def end(self, error: BackendError | None = None) -> None:
        """Nothing more will come."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def take(self, timeout: float | None) -> list[tuple[int, BackendEvent]] | None:
        """All events that have come, with their samples; none after `timeout` seconds; None after the last one.

        Raises what broke it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._ended, timeout)
            events, self._events = self._events, []
            if events or not self._ended:
                return events
            if self._error:
                raise self._error
            return None

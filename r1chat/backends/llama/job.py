"""A request on its way between whoever reads a stream and the worker that has an engine compute it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from r1chat.backends.llama.files import ModelFile
from r1chat.errors import BackendError
from r1chat.messages import BackendEvent, Progress, Raw, Request


class Job:
    """The worker tells it events, whoever reads the stream takes them. Never blocks the worker.

    With `seeds` it is a reply for each of them. `idle` work is done only while there is no other.
    """

    def __init__(
        self, request: Request, file: ModelFile, *, seeds: Sequence[int | None] | None = None, idle: bool = False
    ) -> None:
        self.request = request
        self.file = file
        self.seeds = seeds
        self.idle = idle
        self.stopped = False  # nobody wants the rest
        self.heartbeat: Progress | None = None  # what to say while nothing comes; None: still in the queue
        self._changed = threading.Condition()
        self._events: list[tuple[int, BackendEvent]] = []
        self._ended = False
        self._error: BackendError | None = None
        self._act_on_stop: Callable[[], None] | None = None

    def stop(self) -> None:
        """Nobody wants the rest: whoever computes it is told at once."""
        with self._changed:
            self.stopped = True
            act = self._act_on_stop
        if act:
            act()

    def on_stop(self, act: Callable[[], None] | None) -> None:
        """Call `act` when the job is stopped, at once if it has been; None: forget it."""
        with self._changed:
            self._act_on_stop = act
        if act and self.stopped:
            act()

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

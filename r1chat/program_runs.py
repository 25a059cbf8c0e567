"""Runs of programs against their tests, in the background: begun, stopped, and ended with r1chat."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_GLANCE = 0.1  # seconds between two looks of a run that waits for its turn

log = logging.getLogger(__name__)


class ProgramRuns:
    """Runs by reply (its id), each in a thread of its own. One works at a time: two would take each other's time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._stops: dict[str, threading.Event] = {}
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def begin(self, reply_id: str, work: Callable[[Callable[[], bool]], None], after: Callable[[], None]) -> None:
        """Do `work`, which asks what it is given whether to stop; then `after`, when the run is none of `running`.

        Nothing where the reply's tests run already.
        """
        with self._lock:
            if reply_id in self._stops or self._closed:
                return
            stop = self._stops[reply_id] = threading.Event()
            thread = threading.Thread(
                target=self._run, args=(reply_id, stop, work, after), name="r1chat-tests", daemon=True
            )
            self._threads.add(thread)
            thread.start()

    def running(self) -> frozenset[str]:
        """The replies whose tests run, or wait for their turn."""
        with self._lock:
            return frozenset(self._stops)

    def stop(self, reply_id: str) -> None:
        """End a run, within a fraction of a second; until then it is one of `running`."""
        with self._lock:
            if stop := self._stops.get(reply_id):
                stop.set()

    def close(self) -> None:
        """End all runs and wait for that. No other begins."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
            for stop in self._stops.values():
                stop.set()
        for thread in threads:
            thread.join(10)

    def _run(
        self,
        reply_id: str,
        stop: threading.Event,
        work: Callable[[Callable[[], bool]], None],
        after: Callable[[], None],
    ) -> None:
        try:
            while not (own_turn := self._turn.acquire(timeout=_GLANCE)) and not stop.is_set():
                pass
            try:
                work(stop.is_set)
            finally:
                if own_turn:
                    self._turn.release()
        except Exception:  # a defect of ours: the page must not wait for this run for ever
            log.exception("running tests failed")
        finally:
            with self._lock:
                if self._stops.get(reply_id) is stop:
                    del self._stops[reply_id]
                self._threads.discard(threading.current_thread())
            after()

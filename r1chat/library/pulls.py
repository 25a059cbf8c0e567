"""Pulls of Ollama models in threads of their own: they go on while no page is open. The server resumes by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

from r1chat.errors import R1ChatError
from r1chat.messages import BackendEvent, Progress

PullSource = Callable[[str], Generator[BackendEvent, None, None]]
PullState = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull as it is shown. Sizes in bytes; `total` 0: not known yet. `checking`: all is there."""

    model: str
    state: PullState = "running"
    done: int = 0
    total: int = 0
    error: R1ChatError | None = None

    @property
    def checking(self) -> bool:
        """Whether the server computes digests and writes, with nothing left to fetch."""
        return self.state == "running" and 0 < self.total == self.done


class Pulls:
    """The pulls of this r1chat. Safe to call from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pulls: dict[str, Pull] = {}
        self._stops: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []

    def all(self) -> list[Pull]:
        """Every pull, in the order in which they were asked for."""
        with self._lock:
            return list(self._pulls.values())

    def start(self, model: str, source: PullSource) -> None:
        """Pull a model; nothing happens where that is under way."""
        with self._lock:
            if (known := self._pulls.get(model)) and known.state == "running":
                return
            self._pulls.pop(model, None)
            self._pulls[model] = Pull(model)
            stop = self._stops[model] = threading.Event()
            thread = threading.Thread(target=self._run, args=(model, source, stop), name="r1chat-pull", daemon=True)
            self._threads = [*(other for other in self._threads if other.is_alive()), thread]
            thread.start()

    def cancel(self, model: str) -> None:
        """Stop a pull, and take it off the list."""
        with self._lock:
            self._pulls.pop(model, None)
            if stop := self._stops.pop(model, None):
                stop.set()

    def close(self) -> None:
        """Stop them all."""
        for pull in self.all():
            self.cancel(pull.model)
        for thread in self._threads:
            thread.join(5)

    def _run(self, model: str, source: PullSource, stop: threading.Event) -> None:
        try:
            with closing(source(model)) as events:
                for event in events:
                    if stop.is_set():
                        return
                    if isinstance(event, Progress):
                        self._change(model, stop, done=event.done, total=event.total)
            self._change(model, stop, state="done")
        except R1ChatError as error:
            self._change(model, stop, state="failed", error=error)

    def _change(self, model: str, stop: threading.Event, **values: object) -> None:
        with self._lock:
            if self._stops.get(model) is stop:
                self._pulls[model] = replace(self._pulls[model], **values)  # type: ignore[arg-type]

"""All backends as one list: which models there are, and where there are none, why."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from r1chat.backends import Backend
from r1chat.backends.gguf import Header
from r1chat.errors import BackendError, UnknownModelError
from r1chat.messages import ModelInfo

FRESH_FOR = 5.0  # seconds that an answer of a backend is believed


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """What one backend said when it was asked for its models: the models, or a sentence about why there are none."""

    name: str
    models: tuple[ModelInfo, ...] = ()
    error: str = ""


class Catalogue:
    """The backends in use, by name, in the order in which a person should see them. Safe to use from any thread."""

    def __init__(self, backends: Mapping[str, Backend], last_choice: str = "") -> None:
        """`last_choice` names a model that is never the default while there is another one."""
        self._backends = dict(backends)
        self._last_choice = last_choice
        self._lock = threading.Lock()
        self._known: list[BackendStatus] = []
        self._asked = float("-inf")

    def statuses(self, fresh: bool = False) -> list[BackendStatus]:
        """Ask every backend, at the same time. Believes the last answers for a few seconds unless `fresh`."""
        with self._lock:
            if fresh or time.monotonic() - self._asked > FRESH_FOR:
                with ThreadPoolExecutor(max(1, len(self._backends)), "r1chat-models") as pool:
                    self._known = list(pool.map(self._ask, self._backends))
                self._asked = time.monotonic()
            return self._known

    def models(self) -> list[ModelInfo]:
        """Every model of every backend that answers."""
        return [model for status in self.statuses() for model in status.models]

    def find(self, key: str) -> tuple[Backend, ModelInfo]:
        """The backend and the model behind a key `backend:name`. Raises UnknownModelError, or why it is away."""
        backend_name, _, name = key.partition(":")
        for fresh in (False, True):
            status = next((s for s in self.statuses(fresh) if s.name == backend_name), None)
            if status is None:
                break
            for model in status.models:
                if model.name == name:
                    return self._backends[backend_name], model
        if status is not None and status.error:
            raise BackendError(status.error)
        names = ", ".join(model.key for model in self.models() if model.ready) or "none"
        raise UnknownModelError(f"There is no model {key!r} now. Choose another one; there are: {names}.")

    def header(self, key: str) -> Header | None:
        """What the file of a model says of itself; None where it is no file of this machine, or not any more."""
        backend_name, _, name = key.partition(":")
        read = getattr(self._backends.get(backend_name), "header", None)
        found: Header | None = read(name) if read else None
        return found

    def default(self, wanted: str = "", backend: str = "") -> ModelInfo:
        """The model to begin with: the one that was asked for by name or key, else the first usable one.

        Raises UnknownModelError where nothing fits.
        """
        models = [model for model in self.models() if not backend or model.backend == backend]
        if wanted:
            for model in models:
                if wanted in (model.name, model.key):
                    return model
        else:
            usable = [model for model in models if model.ready]
            for model in sorted(usable, key=lambda model: model.name == self._last_choice):
                return model
        errors = " ".join(s.error for s in self.statuses() if s.error and s.name in (backend or s.name))
        names = ", ".join(model.key for model in self.models() if model.ready) or "none"
        what = f"no model {wanted!r}" if wanted else "no model that can be used"
        where = f" at backend {backend!r}" if backend else ""
        raise UnknownModelError(f"There is {what}{where}. There are: {names}. {errors}".strip())

    def close(self) -> None:
        """Close every backend."""
        for backend in self._backends.values():
            backend.close()

    def _ask(self, name: str) -> BackendStatus:
        try:
            return BackendStatus(name, tuple(self._backends[name].models()))
        except BackendError as error:
            return BackendStatus(name, error=str(error))

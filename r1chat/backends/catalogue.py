"""All backends as one list: which models there are, and where there are none, why.

Each backend is asked in a thread of its own and has a cache of its own, so that one that hangs delays nobody who does
not need it. No lock is held while a backend is asked.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from r1chat.backends import Backend
from r1chat.backends.gguf import Header
from r1chat.both import Both
from r1chat.errors import BackendError, UnknownModelError, UnreachableError
from r1chat.listener import other_account_at
from r1chat.loopback import is_this_computer
from r1chat.messages import LONGEST_NAME, ModelInfo

FRESH_FOR = 5.0  # seconds for which an answer is used without asking again
PATIENCE = 1.0  # seconds to wait for an answer before an older one is used
FILES = "llama.cpp"  # the backend that runs files
LONGEST_WAIT = 60.0  # seconds to wait for the first answer of a backend where one cannot do without

log = logging.getLogger(__name__)

_NO_ANSWER = Both(
    "{name} has not answered yet. The other models can be used meanwhile; look whether its server runs, then refresh.",
    "{name} 还没有回应。其他模型可以照常使用；请检查它的服务器是否在运行，然后刷新。",
)
_DEFECT = Both(
    "r1chat itself failed while it asked {name} for its models. The log says more.",
    "r1chat 在向 {name} 查询模型时自身出错。详情见日志。",
)
_NO_MODEL = Both(
    "There is no model {key!r} now. Choose another one; there are: {names}.",
    "现在没有模型 {key!r}。请另选一个；现有：{names}。",
)
_NO_DEFAULT = Both("There is {what}{where}. There are: {names}.{errors}", "{what}{where}。现有：{names}。{errors}")
_NO_MODEL_NAMED = Both("no model {name!r}", "没有模型 {name!r}")
_NO_USABLE_MODEL = Both("no model that can be used", "没有可用的模型")
_AT_BACKEND = Both(" at backend {name!r}", "（后端 {name!r}）")
_NONE = Both("none", "无")
_OF_ANOTHER = Both(
    "The server of this model is a program of {account}, another account of this computer, which reads what you send.",
    "此模型的服务器是本机另一个账户 {account} 的程序，它会读到你发送的内容。",
)
_TAKEN_OVER = Both(
    "Nothing was sent. What listens at {name}'s address is now a program of {account}, another account of this "
    "computer. Choose another model; if you send again, that program reads it.",
    "没有发送任何内容。现在在 {name} 的地址监听的是本机另一个账户 {account} 的程序。请选择其他模型；"
    "如果再次发送，该程序会读到内容。",
)
_NOT_BY_ITSELF = Both(
    " What listens at {name}'s address is a program of {account}, another account of this computer: r1chat sends "
    "nothing there unless you choose one of its models.",
    "在 {name} 的地址监听的是本机另一个账户 {account} 的程序：除非你选择其中的模型，r1chat 不会向其发送内容。",
)


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """The last answer of one backend: its models, or the error that says why there are none."""

    name: str
    models: tuple[ModelInfo, ...] = ()
    failure: BackendError | None = None  # why there are no models
    account: str = ""  # another person's account of this computer, whose program its server is

    @property
    def error(self) -> str:
        """The failure in English; "" where there is none."""
        return str(self.failure or "")

    def model(self, key: str) -> ModelInfo | None:
        """The model with that key."""
        return next((model for model in self.models if model.key == key), None)


class Catalogue:
    """The backends in use, by name, in the order in which a person should see them. Safe to use from any thread."""

    def __init__(self, backends: Mapping[str, Backend], last_choice: str = "") -> None:
        """`last_choice` names a model that is never the default while there is another one."""
        self._backends = dict(backends)
        self._last_choice = last_choice
        self._caches = {name: _Cache(name, backend) for name, backend in self._backends.items()}

    def statuses(self, fresh: bool = False, patience: float | None = PATIENCE) -> list[BackendStatus]:
        """The newest answer of every backend. Answers older than some seconds, or all if `fresh`, are asked for anew.

        A backend that takes longer than `patience` seconds (None: as long as it takes) is represented by its old
        answer, or an error where it has none. Its new answer is cached when it comes.
        """
        return self._ask(self._caches, 0.0 if fresh else FRESH_FOR, patience)

    def backend(self, name: str) -> Backend | None:
        """The backend of that name, if it is in use."""
        return self._backends.get(name)

    def files_failure(self) -> BackendError | None:
        """Why no GGUF file can run here: nothing is installed that does it. None where files can run."""
        failures = (status.failure for status in self.statuses() if status.name == FILES)
        return next((failure for failure in failures if isinstance(failure, UnreachableError)), None)

    def models(self) -> list[ModelInfo]:
        """Every model of every backend that answers."""
        return [model for status in self.statuses() for model in status.models]

    def find(self, key: str) -> tuple[Backend, ModelInfo]:
        """The backend and the model behind a key `backend:name`. Asks that backend alone, and waits where it must.

        Raises UnknownModelError, or BackendError with the reason why the backend has no models, or because its server
        is now a program of another account than at the last answer: a person is to see that before something is sent.
        """
        status = self._status_for(key, max_age=FRESH_FOR, patience=PATIENCE)
        account = _account_of(self._backends.get(status.name))
        if account and account != status.account:
            self._caches[status.name].renew(0.0)
            raise BackendError(_TAKEN_OVER.format(name=status.name, account=account))
        if (model := status.model(key)) is None or not model.ready:
            status = self._status_for(key, max_age=0.0, patience=LONGEST_WAIT)
            model = status.model(key)
        if model is None:
            raise self._missing(key, status)
        return self._backends[status.name], model

    def glance(self, key: str, max_age: float = FRESH_FOR) -> ModelInfo:
        """The model that `find` returns, to be shown only: does not wait for slow backends.

        `max_age`: seconds for which an earlier answer of the backend is good enough. Raises BackendError.
        """
        status = self._status_for(key, max_age=max_age, patience=PATIENCE)
        if (model := status.model(key)) is None:
            raise self._missing(key, status)
        return model

    def host(self, key: str) -> str:
        """The host (with its port) that messages to a model are sent to; "" where that is this computer itself."""
        backend_name, _, _ = key.partition(":")
        parts = urlsplit(str(getattr(self._backends.get(backend_name), "url", "")))
        if parts.hostname and not is_this_computer(parts.hostname):
            return parts.netloc.rpartition("@")[2]
        cache = self._caches.get(backend_name)
        model = cache.known(key) if cache is not None else None
        remote = model.remote_host if model is not None else ""
        return urlsplit(remote).netloc.rpartition("@")[2] or remote

    def account(self, key: str) -> str:
        """The account of this computer, another person's, whose program the server of a model is; "" for none."""
        cache = self._caches.get(key.partition(":")[0])
        return cache.account() if cache is not None else ""

    def is_served(self, key: str) -> bool:
        """Whether a server runs the model, which may go away, and not this process."""
        return bool(getattr(self._backends.get(key.partition(":")[0]), "url", ""))

    def header(self, key: str) -> Header | None:
        """What the file of a model says of itself; None where it is no file of this machine, or not any more."""
        backend_name, _, name = key.partition(":")
        read = getattr(self._backends.get(backend_name), "header", None)
        header: Header | None = read(name) if read else None
        return header

    def paths(self, key: str) -> list[Path]:
        """The files of a model, and of no other one; empty where none of this machine is read for it."""
        backend_name, _, name = key.partition(":")
        find = getattr(self._backends.get(backend_name), "paths", None)
        paths: list[Path] = find(name) if find else []
        return paths

    def key_of(self, path: Path) -> str:
        """The key of the model that a file of this machine is; "" if it is none."""
        for backend_name, backend in self._backends.items():
            find = getattr(backend, "name_of", None)
            if find and (name := find(path)):
                return f"{backend_name}:{name}"
        return ""

    def file_header(self, key: str) -> Header | None:
        """The same, and of a model of Ollama's whose file lies on this machine, too."""
        backend_name, _, name = key.partition(":")
        find = getattr(self._backends.get(FILES), "of_ollama", None)
        if backend_name != "ollama" or find is None:
            return self.header(key)
        file = find(name)
        header: Header | None = file.header if file else None
        return header

    def default(self, name_or_key: str = "", backend: str = "", patience: float = LONGEST_WAIT) -> ModelInfo:
        """The model to begin with: the one that was asked for by name or key, else the first usable one.

        One whose server is a program of another person's account has to be asked for by its key. Waits for slow
        backends only where the others have no such model, and for `patience` seconds at most.

        Raises UnknownModelError.
        """
        statuses: list[BackendStatus] = []
        for wait in (PATIENCE, patience):
            statuses = self._ask([name for name in self._caches if name == (backend or name)], FRESH_FOR, wait)
            models = [
                model
                for status in statuses
                for model in status.models
                if not status.account or model.key == name_or_key
            ]
            if name_or_key:
                fitting = [model for model in models if name_or_key in (model.name, model.key)]
            else:
                usable = [model for model in models if model.ready]
                fitting = sorted(usable, key=lambda model: model.name == self._last_choice)
            if fitting:
                return fitting[0]
        failures = [status.failure.text for status in statuses if status.failure is not None]
        others = [
            _NOT_BY_ITSELF.format(name=status.name, account=status.account) for status in statuses if status.account
        ]
        raise UnknownModelError(
            _NO_DEFAULT.format(
                what=_NO_MODEL_NAMED.format(name=name_or_key) if name_or_key else _NO_USABLE_MODEL,
                where=_AT_BACKEND.format(name=backend) if backend else "",
                names=self._usable_keys(),
                errors=Both(
                    "".join([*(f" {text.en}" for text in failures), *(text.en for text in others)]),
                    "".join(text.zh for text in (*failures, *others)),
                ),
            )
        )

    def add(self, name: str, backend: Backend) -> None:
        """Take a backend in, behind the others."""
        self._caches = {**self._caches, name: _Cache(name, backend)}
        self._backends = {**self._backends, name: backend}

    def remove(self, name: str) -> None:
        """Let go of a backend and close it; what it is doing breaks off."""
        cache, backend = self._caches.get(name), self._backends.get(name)
        if cache is None or backend is None:
            return
        self._caches = {known: other for known, other in self._caches.items() if known != name}
        self._backends = {known: other for known, other in self._backends.items() if known != name}
        cache.close()
        backend.close()

    def close(self) -> None:
        """Close every backend."""
        for cache in self._caches.values():
            cache.close()
        for backend in self._backends.values():
            backend.close()

    def _ask(self, names: Iterable[str], max_age: float, patience: float | None) -> list[BackendStatus]:
        caches = [self._caches[name] for name in names]
        for cache in caches:  # all at the same time
            cache.renew(max_age)
        deadline = None if patience is None else time.monotonic() + patience
        return [cache.newest(deadline) for cache in caches]

    def _status_for(self, key: str, max_age: float, patience: float | None) -> BackendStatus:
        """What the backend of a model answers; an empty status where there is no such backend."""
        backend_name = key.partition(":")[0]
        if backend_name not in self._caches:
            return BackendStatus("")
        return self._ask([backend_name], max_age, patience)[0]

    def _missing(self, key: str, status: BackendStatus) -> BackendError:
        if status.failure is not None:
            return BackendError(status.failure.text)
        return UnknownModelError(_NO_MODEL.format(key=key, names=self._usable_keys()))

    def _usable_keys(self) -> Both | str:
        """The keys of the models that can be used, as a list for a sentence."""
        return ", ".join(model.key for model in self.models() if model.ready) or _NONE


def _account_of(backend: Backend | None) -> str:
    """The account, another person's, whose program listens at a backend's address; "" for none."""
    return other_account_at(str(getattr(backend, "url", "")))


class _Cache:
    """What one backend answered last. The lock is held for moments only, never while the backend is asked."""

    def __init__(self, name: str, backend: Backend) -> None:
        self._name = name
        self._backend = backend
        self._lock = threading.Lock()
        self._status: BackendStatus | None = None
        self._answered = float("-inf")
        self._asked = float("-inf")
        self._took = 0.0  # seconds that the last answer took
        self._question: threading.Event | None = None  # set when the answer to the question under way is there
        self._closed = False

    def renew(self, max_age: float) -> None:
        """Ask the backend in the background, unless its answer is that new (in seconds) or a question is under way."""
        with self._lock:
            if self._question is not None or time.monotonic() - self._answered <= max_age:
                return
            self._question, self._asked = threading.Event(), time.monotonic()
            asking = threading.Thread(target=self._ask, args=[self._question], name=f"r1chat-models-{self._name}")
            asking.daemon = True  # a server that hangs must not hold up the end of the app
            asking.start()

    def newest(self, deadline: float | None) -> BackendStatus:
        """The answer to the question under way if it comes before `deadline` (None: whenever it comes), else the old.

        There is no waiting for a backend that was too slow last time and has an old answer.
        """
        with self._lock:
            question, status = self._question, self._status
            slow = status is not None and self._took > PATIENCE
        if question is not None and deadline is None:
            question.wait()
        elif question is not None and deadline is not None and not slow:
            question.wait(max(0.0, deadline - time.monotonic()))
        with self._lock:
            return self._status or BackendStatus(self._name, failure=BackendError(_NO_ANSWER.format(name=self._name)))

    def known(self, key: str) -> ModelInfo | None:
        """A model of the last answer."""
        with self._lock:
            return self._status.model(key) if self._status is not None else None

    def account(self) -> str:
        """The other account of the last answer."""
        with self._lock:
            return self._status.account if self._status is not None else ""

    def close(self) -> None:
        """The backend is about to be closed: what a question under way meets from now on is no defect."""
        self._closed = True

    def _ask(self, question: threading.Event) -> None:
        try:
            models = [model for model in self._backend.models() if len(model.name) <= LONGEST_NAME]
            account = _account_of(self._backend)
            if account:
                note = _OF_ANOTHER.format(account=account)
                models = [replace(model, note=note) if model.ready else model for model in models]
            status = BackendStatus(self._name, tuple(models), account=account)
        except BackendError as error:
            status = BackendStatus(self._name, failure=error)
        except Exception:
            if not self._closed:
                log.exception("asking %s for its models broke", self._name)
            status = BackendStatus(self._name, failure=BackendError(_DEFECT.format(name=self._name)))
        with self._lock:
            self._status, self._question = status, None
            self._answered = time.monotonic()
            self._took = self._answered - self._asked
        question.set()

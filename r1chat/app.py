"""The composition root: builds the app from settings. The only module that imports concrete backends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from r1chat.backends import Backend
from r1chat.backends.catalogue import Catalogue
from r1chat.both import Both
from r1chat.chat import Chat
from r1chat.config import NANO, Settings, change, is_elsewhere, is_run, is_usual, nano_model, own_rater, prepare
from r1chat.conversations import ConversationInfo
from r1chat.errors import BackendError, ConfigError, EnvironmentSettingError, ExportError, R1ChatError
from r1chat.library.hub import HUGGING_FACE, Hub
from r1chat.library.pulls import Pulls
from r1chat.library.queue import Downloads
from r1chat.library.speed import Meter, remove_leftovers
from r1chat.messages import BackendEvent, ModelInfo, Request
from r1chat.rewards.programs import remove_old_boxes
from r1chat.servers import Server, Servers
from r1chat.store import IN_MEMORY, Store
from r1chat.store.backup import forget_old_copies
from r1chat.store.erasures import Erasures
from r1chat.teach import Teacher
from r1chat.titling import IDLE, Titler

if TYPE_CHECKING:
    from r1chat.backends.llama.files import ModelFiles

log = logging.getLogger(__name__)

_LEFT_OUT = Both(
    "The server {name} is left out. {reason} Remove it (Settings → Servers), then add it again.",
    "已略去服务器 {name}。{reason}请移除它（设置 → 服务器），然后重新添加。",
)
_NOT_OF_THIS_FOLDER = Both(
    "{url} is outside this computer, and the data folder that names it is not your usual one, so nothing is sent "
    "there. If you want that, make the folder your usual one with R1CHAT_DATA_DIR, or name the server with --base-url.",
    "{url} 在这台电脑之外，而列出它的数据文件夹不是你平常使用的，因此不会向那里发送任何内容。如果确实需要，请用 "
    "R1CHAT_DATA_DIR 把它设为常用文件夹，或用 --base-url 指定该服务器。",
)
_MAKING = threading.Lock()  # of the app of temporary conversations
KEPT_AFTER_DELETION = timedelta(days=30)  # then a deleted conversation is erased for good


@dataclass
class App:
    """The parts that the page, the terminal and the tests use."""

    settings: Settings
    store: Store
    catalogue: Catalogue
    chat: Chat
    teacher: Teacher
    downloads: Downloads
    meter: Meter
    servers: Servers
    pulls: Pulls = field(default_factory=Pulls)
    titler: Titler | None = None
    kept: App | None = None  # of an app of temporary conversations: the one that keeps the others

    @property
    def is_temporary(self) -> bool:
        """Whether its conversations are in memory alone."""
        return self.kept is not None

    @property
    def main(self) -> App:
        """The app whose conversations are kept."""
        return self.kept or self

    def begin_temporary(self) -> App:
        """The same app, for conversations that never touch the disk; made when the first of them begins."""
        with _MAKING:
            return self._temporary

    @cached_property
    def _temporary(self) -> App:
        store = Store(IN_MEMORY)
        chat = _chat(self.settings, store, self.catalogue)
        teacher = Teacher(chat, self.teacher.rater)
        return replace(self, store=store, chat=chat, teacher=teacher, kept=self)

    @property
    def temporary(self) -> App | None:
        """The app of the temporary conversations; None before the first of them."""
        return vars(self).get("_temporary")

    def home_of(self, *ids: str) -> App:
        """The app in which the first known one of these conversations, messages or replies is; else the main one."""
        main = self.main
        if temporary := main.temporary:
            for thing in filter(None, ids):
                if temporary.store.holds(thing):
                    return temporary
                if main.store.holds(thing):
                    break
        return main

    def temporary_conversations(self) -> list[ConversationInfo]:
        """Those that are in memory alone, newest first."""
        return self.temporary.store.conversations() if self.temporary else []

    def begin_titling(self, idle: float = IDLE) -> None:
        """Have conversations named by their model from now on, as the settings say; `idle`: see `Titler`."""
        self.titler = Titler(self.chat, lambda: self.settings.titles, idle)

    def purge(self) -> None:
        """Erase for good what was deleted KEPT_AFTER_DELETION ago, as each start does. Raises StoreError, ExportError.

        The folders of training runs lose it by `learn.forgetting.forget_erased`.
        """
        _purge(self.settings, self.store)

    def change(self, **values: str) -> None:
        """Keep settings in `settings.toml`, in force from now on. Raises ConfigError, ExportError."""
        self.settings = change(self.settings, **values)
        default = self.chat.default_behaviour
        self.chat.default_behaviour = replace(default, thinking=self.settings.thinking, system=self.settings.system)

    def add_server(self, url: str, key: str) -> str:
        """Take an OpenAI-compatible server in, from now on; the name of its backend. Raises ConfigError."""
        from r1chat.backends.openai_wire import parse_base_url

        server = Server(parse_base_url(url.strip()), key.strip())
        backend = _of_list(server)
        try:
            self.servers.add(server)
        except R1ChatError:
            backend.close()
            raise
        self.catalogue.add(server.name, backend)
        _add_servers(self.catalogue, self.servers, self.settings.data_dir)  # those that another r1chat has added since
        return server.name

    def remove_server(self, server_id: str) -> None:
        """Let go of a server. Raises ConfigError for one that was not added on the page."""
        self.catalogue.remove(self.servers.remove(server_id).name)

    def close(self) -> int:
        """Stop and save running replies and downloads, and close models, connections and the database.

        The number of replies whose end could not be saved.
        """
        if self.titler:
            self.titler.close()
        self.downloads.close()
        self.pulls.close()
        self.meter.close()
        self.teacher.close()
        if self.temporary:
            self.temporary.teacher.close()
            self.temporary.chat.close()
            self.temporary.store.close()
        lost = self.chat.close()
        self.catalogue.close()
        self.store.close()
        return lost


def build(settings: Settings, backends: Mapping[str, Backend] | None = None, *, ahead: bool = False) -> App:
    """Build the app. Raises ConfigError and StoreError. `backends` replaces the backends of the settings.

    `ahead`: an engine of llama.cpp is started before anybody needs it.
    """
    prepare(settings)
    store = Store(settings.database)
    store.interrupt_unfinished()
    try:
        _purge(settings, store)
    except ExportError as error:  # the disk has no room for the note: at the next start
        log.warning("what was deleted could not be erased yet: %s", error)
    remove_old_boxes()
    remove_leftovers(settings.data_dir)
    catalogue = connect(settings, ahead) if backends is None else Catalogue(backends, last_choice=NANO)
    chat = _chat(settings, store, catalogue)
    servers = Servers(settings.data_dir)
    _add_servers(catalogue, servers, settings.data_dir)
    teacher = Teacher(chat, own_rater(settings))
    return App(settings, store, catalogue, chat, teacher, library(settings), meter(settings), servers)


def _purge(settings: Settings, store: Store) -> None:
    store.purge(KEPT_AFTER_DELETION, Erasures(settings.data_dir).note)
    forget_old_copies(settings.database, KEPT_AFTER_DELETION)


def _chat(settings: Settings, store: Store, catalogue: Catalogue) -> Chat:
    return Chat(
        store,
        catalogue,
        preferred=settings.preferred_sampling,
        system=settings.system,
        thinking=settings.thinking,
    )


def _of_list(server: Server) -> Backend:
    from r1chat.backends.openai import OpenAIBackend

    return OpenAIBackend(server.url, server.key, name=server.name)


def library(settings: Settings) -> Downloads:
    """The downloads of models; no hub is asked yet."""
    return Downloads(settings.models_folder, hub_of(settings))


def hub_of(settings: Settings) -> Hub:
    """The hub of the settings; it is not asked yet."""
    address = settings.hub or HUGGING_FACE
    token = settings.hub_token.get_secret_value()
    if not token and address.rstrip("/") == HUGGING_FACE:
        token = settings.hf_token.get_secret_value()
    return Hub(address, token)


def own_models(settings: Settings) -> ModelFiles:
    """The GGUF files of the settings, without those of other programs, by the names of the list of models."""
    from r1chat.backends.llama.files import ModelFiles

    return ModelFiles(_own_paths(settings), lambda architecture: True)


def _own_paths(settings: Settings) -> list[Path]:
    return [*settings.model_path, settings.models_folder, nano_model()]


def meter(settings: Settings) -> Meter:
    """The speeds of this machine; nothing is measured yet."""
    return Meter(
        settings.data_dir,
        measure=settings.measure_speed,
        gpu=settings.gpu_layers != 0,
        threads=settings.threads,
    )


def connect(settings: Settings, ahead: bool = False) -> Catalogue:
    """The backends that the settings ask for, without a database; no model is loaded and no server asked yet."""
    return Catalogue(_backends(settings, ahead), last_choice=NANO)


def connect_all(settings: Settings) -> Catalogue:
    """The same, with the servers that were added on the page. Raises ConfigError."""
    catalogue = connect(settings)
    _add_servers(catalogue, Servers(settings.data_dir), settings.data_dir)
    return catalogue


def _add_servers(catalogue: Catalogue, servers: Servers, data_dir: Path) -> None:
    """Add the servers of a data folder; of one that others may have made, none outside this computer."""
    if is_run(data_dir):
        return
    usual = is_usual(data_dir)
    for server in servers.all():
        if catalogue.backend(server.name):
            continue
        if not usual and is_elsewhere(server.url):
            catalogue.add(server.name, _Unusable(server.name, _NOT_OF_THIS_FOLDER.format(url=server.url)))
            continue
        try:
            backend = _of_list(server)
        except ConfigError as error:  # the others, and the page on which it can be removed, are there all the same
            log.warning("a server of the list cannot be used: %s", error)
            environment = isinstance(error, EnvironmentSettingError)
            left_out = _LEFT_OUT.format(name=server.name, reason=error.text)
            backend = _Unusable(server.name, error.text if environment else left_out)
        catalogue.add(server.name, backend)


class _Unusable:
    """In place of the backend of a server that cannot be asked: it has no models, and says why."""

    def __init__(self, name: str, why: Both) -> None:
        self.name = name
        self._why = why

    def models(self) -> list[ModelInfo]:
        raise BackendError(self._why)

    def stream(self, request: Request) -> Iterator[BackendEvent]:
        raise BackendError(self._why)

    def warm(self, request: Request) -> None:
        pass

    def close(self) -> None:
        pass


def _backends(settings: Settings, ahead: bool) -> dict[str, Backend]:
    backends: dict[str, Backend] = {"llama.cpp": _llama_cpp(settings, ahead)}
    if settings.ollama or settings.backend == "ollama":
        backends["ollama"] = _or_unusable("ollama", lambda: _ollama(settings))
    if settings.base_url:
        backends["openai"] = _or_unusable("openai", lambda: _openai(settings))
    return backends


def _or_unusable(name: str, make: Callable[[], Backend]) -> Backend:
    """The backend; where the environment keeps it from being made, one that says so: the others work all the same."""
    try:
        return make()
    except EnvironmentSettingError as error:
        return _Unusable(name, error.text)


def _openai(settings: Settings) -> Backend:
    from r1chat.backends.openai import OpenAIBackend

    return OpenAIBackend(settings.base_url, settings.api_key.get_secret_value())


def _ollama(settings: Settings) -> Backend:
    from r1chat.backends.ollama import OllamaBackend

    return OllamaBackend(settings.ollama_host, context=settings.context, keep_alive=settings.keep_alive)


def _llama_cpp(settings: Settings, ahead: bool) -> Backend:
    """What runs GGUF files: llama-cpp-python, or where only that is installed, the server of xllamacpp."""
    from r1chat.backends.llama.backend import LlamaCppBackend
    from r1chat.backends.llama.found import found_models
    from r1chat.backends.llama.process import installed
    from r1chat.backends.llama.server import LlamaServerBackend

    server = installed("xllamacpp") and not installed("llama_cpp")
    kind = LlamaServerBackend if server else partial(LlamaCppBackend, ahead=ahead)
    return kind(
        _own_paths(settings),
        context=settings.context if "context" in settings.model_fields_set else None,
        gpu_layers=settings.gpu_layers,
        threads=settings.threads,
        elsewhere=found_models if settings.find_models else lambda: (),
    )

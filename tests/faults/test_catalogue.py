"""A backend that hangs, breaks or comes late does not hold up the others."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from r1chat.app import App, build
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.openai import OpenAIBackend
from r1chat.backends.scripted import ScriptedBackend
from r1chat.config import load
from r1chat.errors import BackendError, UnknownModelError
from r1chat.messages import ModelInfo
from r1chat.ui.composer.blocks import model_key

MODEL = "scripted:scripted"


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that accepts every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connections.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        server.shutdown(socket.SHUT_RDWR)
        for connection in connections:
            connection.close()


@pytest.fixture
def app(tmp_path: Path, silent: str) -> Iterator[App]:
    backends = {"openai": OpenAIBackend(silent), "scripted": ScriptedBackend(lambda _request: ["It is 10."])}
    app = build(load(data_dir=tmp_path / "data"), backends)
    yield app
    app.close()


class Switched(ScriptedBackend):
    """Answers which models it has only while the switch is on."""

    def __init__(self) -> None:
        super().__init__(lambda _request: ["It is 10."], name="switched")
        self.on = threading.Event()
        self.asked = threading.Semaphore(0)

    def models(self) -> list[ModelInfo]:
        self.asked.release()
        assert self.on.wait(30)
        return super().models()


def test_a_message_to_another_model_does_not_wait_for_a_server_that_hangs(app: App) -> None:
    app.catalogue.statuses(fresh=True, patience=0)  # the question to the silent server is under way
    assert app.chat.send(None, "7 + 3 = ?", MODEL).wait(10).answer == "It is 10."
    status = app.catalogue.statuses(patience=0)[0]
    assert "has not answered yet" in status.error  # when the reply was there, it still hung


def test_a_model_is_found_without_asking_the_other_backends(tmp_path: Path) -> None:
    other = Switched()
    with closing(Catalogue({"switched": other, "scripted": ScriptedBackend(lambda _request: [])})) as catalogue:
        assert catalogue.find(MODEL)[1].key == MODEL
        assert catalogue.glance(MODEL).key == MODEL
        assert catalogue.default(backend="scripted").key == MODEL
        assert not other.asked.acquire(blocking=False)


@pytest.mark.slow
def test_a_server_that_hangs_is_listed_with_its_reason_beside_the_models_of_others(app: App) -> None:
    hanging, scripted = app.catalogue.statuses()
    assert hanging.models == ()
    assert "openai has not answered yet" in hanging.error
    assert hanging.failure is not None
    assert "openai 还没有回应" in hanging.failure.sentence("zh")
    assert [model.key for model in scripted.models] == [MODEL]
    with pytest.raises(UnknownModelError, match=r"There is no model .nobody:x. now.*scripted:scripted"):
        app.catalogue.find("nobody:x")


@pytest.mark.slow
def test_an_old_answer_is_used_while_the_backend_is_asked_again() -> None:
    backend = Switched()
    with closing(Catalogue({"switched": backend})) as catalogue:
        backend.on.set()
        assert catalogue.find("switched:scripted")[1].name == "scripted"
        backend.on.clear()
        backend.model_names = ("newer",)
        assert [model.name for model in catalogue.statuses(fresh=True, patience=0)[0].models] == ["scripted"]
        assert catalogue.find("switched:scripted")[1].name == "scripted"
        backend.on.set()
        assert [model.name for model in catalogue.statuses(fresh=True, patience=None)[0].models] == ["newer"]


def test_the_first_answer_of_a_slow_backend_is_waited_for_by_who_needs_it() -> None:
    backend = Switched()
    with closing(Catalogue({"switched": backend})) as catalogue:
        assert "has not answered yet" in catalogue.statuses(patience=0)[0].error
        threading.Timer(0.2, backend.on.set).start()
        assert catalogue.default("scripted").key == "switched:scripted"


@pytest.mark.slow
def test_the_first_model_is_not_waited_for_without_end(tmp_path: Path) -> None:
    """A backend that is about to look at a hostile file held the page: it opens, and gets its model later."""
    backend = Switched()
    with closing(build(load(data_dir=tmp_path / "data"), {"switched": backend})) as app:
        keys: list[str] = []
        looking = threading.Thread(target=lambda: keys.append(model_key(app, "")), daemon=True)
        looking.start()
        looking.join(20)
        assert keys == [""]
        backend.on.set()
        assert app.catalogue.default().key == "switched:scripted"


def test_a_defect_of_one_backend_is_told_and_leaves_the_others_alone() -> None:
    class Broken(ScriptedBackend):
        def models(self) -> list[ModelInfo]:
            raise ZeroDivisionError("oops")

    backends = {"broken": Broken(lambda _request: []), "scripted": ScriptedBackend(lambda _request: [])}
    with closing(Catalogue(backends)) as catalogue:
        broken, scripted = catalogue.statuses(patience=None)
        assert "r1chat itself failed" in broken.error
        assert scripted.models
        with pytest.raises(BackendError, match="r1chat itself failed"):
            catalogue.find("broken:scripted")


def test_a_model_that_was_just_added_is_found() -> None:
    backend = ScriptedBackend(lambda _request: [])
    with closing(Catalogue({"scripted": backend})) as catalogue:
        assert catalogue.default().name == "scripted"
        backend.model_names = ("scripted", "pulled")
        assert catalogue.find("scripted:pulled")[1].name == "pulled"

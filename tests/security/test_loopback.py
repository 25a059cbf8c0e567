"""Both loopback addresses are ours under our port, or we are not known by the names that lead to the other one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from keyed import PLAIN

from r1chat.app import build
from r1chat.backends.scripted import ScriptedBackend
from r1chat.config import load
from r1chat.ui.server import PageServer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # of gradio's


@contextmanager
def served(folder: Path, port: int = 0, host: str = "127.0.0.1") -> Iterator[int]:
    """A page; its port."""
    settings = load(data_dir=folder, port=port, host=host, ollama=False)
    with closing(build(settings, {"scripted": ScriptedBackend(lambda _: [])})) as app:
        server = PageServer(app)
        server.start()
        yield server.keys.port
        server.stop()


def status(port: int, host: str, at: str = "127.0.0.1") -> int:
    """What the server says to somebody without a key who asks for it by a name."""
    return httpx.get(f"http://{at}:{port}/", headers={"host": f"{host}:{port}"}, **PLAIN).status_code


@pytest.fixture
def other() -> Iterator[socket.socket]:
    """Somebody else's server on the other loopback address."""
    try:
        listener = socket.socket(socket.AF_INET6)
        listener.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with listener:
        listener.listen()
        yield listener


def test_a_name_that_leads_to_somebody_elses_server_is_not_ours(tmp_path: Path, other: socket.socket) -> None:
    with served(tmp_path, other.getsockname()[1]) as port:
        assert status(port, "127.0.0.1") == 403
        assert status(port, "localhost") == 421


def test_nobody_else_can_hold_the_other_loopback_address(tmp_path: Path, other: socket.socket) -> None:
    with served(tmp_path) as port:
        assert status(port, "localhost", "[::1]") == status(port, "localhost") == 403
        with socket.socket(socket.AF_INET6) as stranger, pytest.raises(OSError):
            stranger.bind(("::1", port))


def test_the_same_holds_where_the_page_is_served_at_the_other_address(tmp_path: Path, other: socket.socket) -> None:
    del other  # there is an IPv6 loopback
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        with served(tmp_path, stranger.getsockname()[1], "::1") as port:
            assert status(port, "[::1]", "[::1]") == 403
            assert status(port, "localhost", "[::1]") == status(port, "127.0.0.1", "[::1]") == 421

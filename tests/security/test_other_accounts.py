"""A server that another account of this computer runs, in the place where a person's own would be."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest
from replay import Exchange, Replay, written

from r1chat.app import App, build
from r1chat.backends.ollama import OllamaBackend
from r1chat.backends.scripted import ScriptedBackend
from r1chat.config import load
from r1chat.errors import BackendError, StoreError, UnknownModelError
from r1chat.listener import other_account_at
from r1chat.store import Store
from r1chat.ui.opening import opened
from r1chat.ui.talk import availability
from r1chat.ui.words.page import words

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a listening program is")

THEIRS = 54_321  # an account of a person that is not in the list of accounts
KEY = "ollama:deepseek-r1:7b"
OLLAMA = (
    written("GET", "/api/tags", json.dumps({"models": [{"name": "deepseek-r1:7b", "size": 5, "digest": "a"}]})),
    written("GET", "/api/ps", json.dumps({"models": []})),
    written("GET", "/api/version", json.dumps({"version": "0.12.6"})),
    written("POST", "/api/show", json.dumps({"template": "{{ .Prompt }}", "capabilities": ["completion"]})),
)


def table(path: Path, *rows: tuple[str, str, int]) -> Path:
    """A table of connections as Linux writes it; a row is an address, a state and an account."""
    lines = [
        f"   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 {uid:5}        0 4711"
        for local, state, uid in rows
    ]
    path.write_text("\n".join(["  sl  local_address rem_address   st", *lines, ""]))
    return path


@pytest.mark.skipif(sys.byteorder != "little", reason="the addresses are written for such a processor")
@pytest.mark.parametrize(
    ("host", "row", "account"),
    [
        ("127.0.0.1", ("0100007F:2CAA", "0A", THEIRS), "54321"),
        ("localhost", ("0100007F:2CAA", "0A", THEIRS), "54321"),
        ("127.0.0.1", ("00000000:2CAA", "0A", THEIRS), "54321"),  # listens everywhere
        ("127.0.0.1", ("00000000000000000000000000000000:2CAA", "0A", THEIRS), "54321"),
        ("127.0.0.1", ("0000000000000000FFFF00000100007F:2CAA", "0A", THEIRS), "54321"),
        ("[::1]", ("00000000000000000000000001000000:2CAA", "0A", THEIRS), "54321"),
        *(
            (host, ("00000000:2CAA", "0A", THEIRS), "54321")
            for host in ("0.0.0.0", "127.1", "0", "2130706433", "[::ffff:127.0.0.1]", "LOCALHOST.", "ip6-localhost")
        ),
        ("[::]", ("00000000000000000000000001000000:2CAA", "0A", THEIRS), "54321"),
        (socket.gethostname(), ("0101007F:2CAA", "0A", THEIRS), "54321"),
        ("127.0.0.1", ("0200007F:2CAA", "0A", THEIRS), ""),  # another address
        ("127.0.0.1", ("0100007F:2CAB", "0A", THEIRS), ""),  # another port
        ("127.0.0.1", ("0100007F:2CAA", "01", THEIRS), ""),  # a connection
        ("127.0.0.1", ("0100007F:2CAA", "0A", 0), ""),
        ("127.0.0.1", ("0100007F:2CAA", "0A", 999), ""),  # a service
        ("127.0.0.1", ("0100007F:2CAA", "0A", 61_200), ""),
        ("127.0.0.1", ("0100007F:2CAA", "0A", os.getuid() if hasattr(os, "getuid") else 0), ""),
        ("192.168.1.5", ("0501A8C0:2CAA", "0A", THEIRS), ""),  # not this computer, as r1chat says anyway
    ],
)
def test_an_account_of_another_person_is_told_and_no_other_one(
    host: str, row: tuple[str, str, int], account: str, tmp_path: Path
) -> None:
    assert other_account_at(f"http://{host}:11434", [tmp_path / "missing", table(tmp_path / "tcp", row)]) == account


def test_who_listens_at_the_very_address_is_asked_before_who_listens_everywhere(tmp_path: Path) -> None:
    rows = ("0100007F:2CAA", "0A", 0), ("00000000:2CAA", "0A", THEIRS)
    assert other_account_at("http://127.0.0.1:11434", [table(tmp_path / "tcp", *rows)]) == ""


def test_a_table_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_text("heading\n 0: x:y 0 0A\n")
    assert other_account_at("http://127.0.0.1:11434", [tmp_path / "tcp", tmp_path]) == ""


def test_our_own_server_is_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert other_account_at(f"http://127.0.0.1:{server.getsockname()[1]}") == ""


# --- in r1chat -------------------------------------------------------------------------------------------------------


def listening_as(account: int, *exchanges: Exchange) -> Replay:
    """A server whose socket belongs to another account."""
    "localhost".encode("idna")  # loads a module that the account may not be allowed to read
    os.seteuid(account)
    try:
        return Replay(*exchanges)
    finally:
        os.seteuid(0)


@pytest.fixture
def their_database() -> Iterator[socket.socket]:
    """A socket that listens, of another account. What it is sent fails the test."""
    if os.geteuid() != 0:
        pytest.skip("only root can listen as somebody else")
    pytest.importorskip("psycopg")
    os.seteuid(THEIRS)
    try:
        theirs = socket.create_server(("127.0.0.1", 0))
    finally:
        os.seteuid(0)
    with theirs:
        yield theirs
        theirs.settimeout(0.2)
        with suppress(TimeoutError):
            while True:
                connection, _ = theirs.accept()
                with connection:
                    connection.settimeout(0.2)
                    assert connection.recv(1) == b"", "nothing is sent"


@pytest.mark.parametrize(
    ("place", "environment"),
    [
        ("127.0.0.1:{port}/r1chat", {}),
        ("localhost:{port}/r1chat", {}),
        ("/r1chat", {"PGHOST": "127.0.0.1", "PGPORT": "{port}"}),
        ("/r1chat", {"PGHOSTADDR": "127.0.0.1", "PGPORT": "{port}"}),
        ("database.invalid:{port}/r1chat", {"PGHOSTADDR": "127.0.0.1"}),
        ("/r1chat?service=theirs", {"PGSERVICEFILE": "{services}"}),
        ("/r1chat", {"PGSERVICEFILE": "{services}", "PGSERVICE": "theirs"}),
        ("/r1chat?host=127.0.0.9:{port}&host=127.0.0.1:{port}", {}),
        ("/r1chat?host=127.0.0.9,127.0.0.1&port={port},{port}", {}),
    ],
)
def test_no_password_goes_to_a_database_of_another_account(
    their_database: socket.socket,
    place: str,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port, services = their_database.getsockname()[1], tmp_path / "services"
    services.write_text(f"[theirs]\nhost=127.0.0.1\nport={port}\n", encoding="utf-8")
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(port=port, services=services))
    with pytest.raises(StoreError, match="54321, another account of this computer, so nothing was sent"):
        Store(f"postgresql://anna:secret@{place.format(port=port)}")


def test_no_password_goes_through_a_socket_that_another_account_made(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    pytest.importorskip("psycopg")
    folder = Path(mkdtemp(prefix="r1-"))  # a short path: a socket's has 107 bytes
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(folder / ".s.PGSQL.5432"))
        theirs.listen()
        os.chown(folder / ".s.PGSQL.5432", THEIRS, THEIRS)
        with pytest.raises(StoreError, match="54321, another account of this computer, so nothing was sent"):
            Store(f"postgresql://anna:secret@/r1chat?host={folder}")
    shutil.rmtree(folder)


@pytest.mark.parametrize("place", ["/r1chat?host=a,b&port=1", "/r1chat?host=a&port=%20", "a:1,b:2/r1chat"])
def test_an_address_of_a_database_that_makes_no_sense_is_told(place: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError):
        Store(f"postgresql://anna:secret@{place}")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    if os.geteuid() != 0:
        pytest.skip("only root can listen as somebody else")
    with listening_as(THEIRS, *OLLAMA) as theirs:
        backends = {
            "ollama": OllamaBackend(theirs.url),
            "llama.cpp": ScriptedBackend(lambda _request: ["10."], name="llama.cpp"),
        }
        opened = build(load(data_dir=tmp_path / "data"), backends)
        with closing(opened):
            yield opened


def test_the_model_of_another_account_is_chosen_by_a_person_alone(app: App) -> None:
    assert app.catalogue.models()[0].key == KEY  # it is offered
    assert app.catalogue.default().key == availability.usable_now(app) == "llama.cpp:scripted"
    instead = availability.look(app, "llama.cpp:gone", words("en")).others
    assert [model.key for model in instead] == ["llama.cpp:scripted"]
    with pytest.raises(UnknownModelError, match="54321, another account of this computer"):
        app.catalogue.default("deepseek-r1:7b")
    assert app.catalogue.default(KEY).key == KEY


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_says_to_whose_program_messages_go(app: App, lang: str) -> None:
    w = words("zh" if lang == "zh" else "en")
    app.catalogue.statuses(patience=None)
    line = availability.where_html(availability.look(app, KEY, w), w)
    assert re.search("54321, another account" if lang == "en" else "另一个账户 54321", line)
    assert "54321" in str(app.catalogue.find(KEY)[1].note)
    own = availability.where_html(availability.look(app, "llama.cpp:scripted", w), w)
    assert own == w.where_here


def test_the_model_of_another_account_is_not_chosen_by_a_link(app: App) -> None:
    assert app.catalogue.models()[0].key == KEY
    assert opened(app, "en", "", KEY)["model"] == "llama.cpp:scripted"
    assert opened(app, "en", "", "llama.cpp:scripted")["model"] == "llama.cpp:scripted"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can listen as somebody else")
def test_nothing_is_sent_to_another_account_that_takes_the_place_of_a_server_between_two_looks(tmp_path: Path) -> None:
    """Neither at once nor while it holds back the list of its models."""
    with Replay(*OLLAMA) as ours:
        backend, port = OllamaBackend(ours.url), int(ours.url.rpartition(":")[2])
        app = build(load(data_dir=tmp_path / "data"), {"ollama": backend})
        assert app.catalogue.find(KEY)[1].note == ""
    os.seteuid(THEIRS)
    try:
        theirs = socket.create_server(("127.0.0.1", port))
    finally:
        os.seteuid(0)
    with theirs, closing(app):
        for _ in range(2):
            with pytest.raises(BackendError, match="now a program of 54321"):
                app.catalogue.find(KEY)

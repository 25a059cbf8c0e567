"""What `r1chat doctor --privacy` finds: the connections that are really made, and none where there are none."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from r1chat.cli.main import main
from r1chat.cli.privacy import WATCHER
from r1chat.store import hosts_elsewhere


@pytest.mark.slow
def test_a_conversation_makes_no_connection_outside_this_computer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("R1CHAT_OLLAMA", "false")
    downloads = tmp_path / "downloads"  # a folder with a program of somebody else in it
    downloads.mkdir()
    (downloads / "httpx.py").write_text("open('ran', 'w')\nraise SystemExit(9)\n", encoding="utf-8")
    monkeypatch.chdir(downloads)
    assert main(["doctor", "--privacy", "--json", "--data-dir", str(tmp_path)]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert seen["connections"] == []
    assert "70" in seen["answer"]
    assert not (tmp_path / "r1chat.db").exists(), "it was held in the person's own data"
    assert not (downloads / "ran").exists(), "a file of the current folder was run"


@pytest.mark.slow
def test_a_server_elsewhere_is_named_and_not_reached(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("R1CHAT_OLLAMA", "false")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    address = "http://192.0.2.1:8080/v1"  # a network for examples
    assert main(["doctor", "--privacy", "--base-url", address, "--data-dir", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "192.0.2.1" in out and "Connections outside this computer: 0" not in out


@pytest.mark.slow
def test_a_database_elsewhere_is_named_and_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv("R1CHAT_OLLAMA", "false")
    monkeypatch.setenv("R1CHAT_DATABASE_URL", "postgresql://ann@198.51.100.7:5432/chats?connect_timeout=1")
    assert main(["doctor", "--privacy", "--data-dir", str(tmp_path)]) == 1
    assert "Your database is at 198.51.100.7: what you and the models write goes there" in capsys.readouterr().out
    assert hosts_elsewhere("postgresql://ann@127.0.0.1,localhost/chats") == []
    assert hosts_elsewhere(f"sqlite:///{tmp_path / 'chats.db'}") == []


WAYS = {
    "connect": "socket.create_connection(('192.0.2.1', 9), 1)",
    "connect over IPv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 9))",
    "a datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
    "a name": "socket.getaddrinfo('example.invalid', 80)",
    "a name, the old way": "socket.gethostbyname('example.invalid')",
    "an address of the network": "socket.create_connection(('10.0.0.1', 9), 1)",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_out_is_noted_and_refused(tmp_path: Path, way: str) -> None:
    done = watched(tmp_path, WAYS[way])
    assert "refuses connections" in done.stderr
    assert len((tmp_path / "notes").read_text().splitlines()) == 1


def test_loopback_is_let_through(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = watched(tmp_path, f"socket.create_connection(('localhost', {port})); print('through')")
    assert done.stdout == "through\n"
    assert not (tmp_path / "notes").exists()


def watched(folder: Path, statement: str) -> subprocess.CompletedProcess[str]:
    """Run a statement in a Python that is watched."""
    env = {"PYTHONPATH": str(WATCHER), "R1CHAT_CONNECTIONS": str(folder / "notes")}
    command = [sys.executable, "-P", "-c", f"import socket\n{statement}"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)

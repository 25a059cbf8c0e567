"""A r1chat that is killed in the midst of a reply: what came is there at the next start, marked and whole."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from launched import Launched

from r1chat.conversations import StoredReply
from r1chat.store import Store

pytestmark = pytest.mark.slow

EVERY = 0.01  # seconds between two words


@contextmanager
def counting_server() -> Iterator[tuple[str, list[float]]]:
    """An OpenAI-compatible server that counts without end; its address, and when it said each word."""
    times: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}).encode()
            self.send_response(200 if self.path.endswith("/models") else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            with suppress(OSError):
                for number in range(100_000):
                    delta = {"content": f"{'<think>' if number == 0 else ''}{number} "}
                    line = json.dumps({"choices": [{"index": 0, "delta": delta}]})
                    self.wfile.write(f"data: {line}\n\n".encode())
                    self.wfile.flush()
                    times.append(time.monotonic())
                    time.sleep(EVERY)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1", times
        server.shutdown()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, list[StoredReply]]]:
    """The data folder, how many words had come a second before the kill, and the replies after the next start."""
    folder = tmp_path_factory.mktemp("data")
    with counting_server() as (url, times):
        r1chat = Launched(folder, R1CHAT_BASE_URL=url, R1CHAT_BACKEND="openai")
        r1chat.start()
        with closing(r1chat.client()) as client:
            for number in range(3):
                act = {"verb": "ask", "text": f"Count {number}", "model": "openai:m"}
                assert client.post("/r1chat/act", json=act).status_code == 200
            time.sleep(2)
        at = time.monotonic()
        r1chat.stop(signal.SIGKILL)
        before = sum(1 for moment in times if moment < at - 1.0) // 3
        r1chat.start()
        with closing(Store(f"sqlite:///{folder / 'r1chat.db'}")) as store:
            turns = [turn for info in store.conversations() for turn in store.conversation(info.id).turns]
            replies = [turn.reply for turn in turns if turn.reply is not None]
        r1chat.stop()
    yield folder, before, replies


def test_every_reply_that_was_cut_off_is_marked_at_the_next_start(
    killed: tuple[Path, int, list[StoredReply]],
) -> None:
    assert [stored.reply.finish for stored in killed[2]] == ["interrupted"] * 3


def test_no_more_than_the_last_second_of_a_reply_is_lost(killed: tuple[Path, int, list[StoredReply]]) -> None:
    _, before, replies = killed
    assert before > 20, "hardly anything was said: this test shows nothing"
    for stored in replies:
        words = stored.reply.reasoning.split()
        assert words == [str(number) for number in range(len(words))]
        assert len(words) >= 0.8 * before  # the three of them are not told words in step


def test_the_database_is_whole_after_a_kill(killed: tuple[Path, int, list[StoredReply]]) -> None:
    with closing(sqlite3.connect(killed[0] / "r1chat.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []

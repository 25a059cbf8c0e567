"""A server that dies, lies, hangs or trickles in the midst of a reply: what came is kept, and Stop works."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from r1chat.app import App, build
from r1chat.backends import wire
from r1chat.backends.bridge import LONGEST_REPLY
from r1chat.backends.openai import OpenAIBackend
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.config import load
from r1chat.generation import Generation
from r1chat.messages import Request

KEY = "openai:m"
Send = Callable[[bytes], object]


def event(text: str) -> bytes:
    """A line of the stream with some text of the reply."""
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


@contextmanager
def talking(folder: Path, play: Callable[[Send, threading.Event], object]) -> Iterator[App]:
    """An app with a server that lists one model and streams what `play` sends; the event is set at the end."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.endswith("/models")
            body = json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}).encode() if known else b""
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            with suppress(OSError):  # the app has left
                play(self.wfile.write, over)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        app = build(load(data_dir=folder / "data"), {"openai": OpenAIBackend(url)})
        try:
            yield app
        finally:
            over.set()
            app.close()
            server.shutdown()


def ended(app: App, generation: Generation) -> tuple[str, str, str, str | None]:
    """How a reply ended, as it is stored: thought, answer, error and finish."""
    generation.wait(60)
    assert generation.done
    assert generation.saved(60)
    reply = app.store.reply(generation.reply_id).reply
    return reply.reasoning, reply.answer, str(reply.error), reply.finish


def test_a_server_that_dies_leaves_what_came(tmp_path: Path) -> None:
    with talking(tmp_path, lambda send, _over: (send(event("<think>hm")), send(event("</think>It is")))) as app:
        reasoning, answer, _, finish = ended(app, app.chat.send(None, "?", KEY))
        assert (reasoning, answer) == ("hm", "It is")
        assert finish in ("cut", "error")


@pytest.mark.parametrize(
    "lie",
    [
        b"data: {not json\n\n",
        b"data: \xff\xfe\n\n",
        b"data: []\n\n",
        b'data: {"choices": "none"}\n\n',
        b'data: {"error": {"message": "out of memory"}}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": "' + b"\n\n",
    ],
)
def test_a_server_that_lies_leaves_what_came_before_and_an_end(tmp_path: Path, lie: bytes) -> None:
    with talking(tmp_path, lambda send, _over: (send(event("<think>hm</think>It is")), send(lie))) as app:
        reasoning, answer, error, finish = ended(app, app.chat.send(None, "?", KEY))
        assert (reasoning, answer) == ("hm", "It is")
        assert finish in ("cut", "error")
        assert finish == "cut" or error


def test_a_line_of_countless_values_is_left_at_once_and_the_app_ends(tmp_path: Path) -> None:
    line = b"data: " + b"{}" * 4_000_000 + b"\n\n"
    began = time.process_time()
    with talking(tmp_path, lambda send, _over: (send(event("<think>hm</think>It is")), send(line))) as app:
        reasoning, answer, error, finish = ended(app, app.chat.send(None, "?", KEY))
        assert (reasoning, answer, finish) == ("hm", "It is", "error")
        assert "more than r1chat takes at once" in error
    assert time.process_time() - began < 20  # quadratic, it would take hours


def test_a_reply_without_end_is_ended_with_a_sentence_and_what_came_is_kept(tmp_path: Path) -> None:
    sent = 0

    def flood(send: Send, over: threading.Event) -> None:
        nonlocal sent
        piece = event("a" * 65_536)
        while not over.is_set() and sent < 4 * LONGEST_REPLY:
            send(piece)
            sent += 65_536

    with talking(tmp_path, flood) as app:
        _, answer, error, finish = ended(app, app.chat.send(None, "?", KEY))
        assert finish == "error"
        assert "more than 4,194,304 characters" in error
        assert LONGEST_REPLY - 65_536 <= len(answer) <= LONGEST_REPLY


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"[" * 200_000),
        (400, b'{"error": {"message": "exceed_context_size (' + b"9" * 5_000 + b' tokens) (5 tokens)"}}'),
    ],
)
def test_an_error_that_cannot_be_read_is_told_as_the_servers(tmp_path: Path, status: int, body: bytes) -> None:
    request = httpx.Request("POST", "http://127.0.0.1/v1/chat/completions")
    response = httpx.Response(status, content=body, request=request)
    # In a thread: the main one may hold a loop of Gradio, which asyncio.run would drop unclosed.
    with pytest.raises(wire.Refusal) as refusal, ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, wire.success(response)).result()
    assert isinstance(refusal.value.sentence, str)
    if (error := wire.too_long(refusal.value.text)) is not None:
        assert "too long" in error.text.en


def test_a_server_that_hangs_in_the_midst_of_a_reply_can_be_stopped(tmp_path: Path) -> None:
    def play(send: Send, over: threading.Event) -> None:
        send(event("<think>hm"))
        over.wait(120)

    with talking(tmp_path, play) as app:
        generation = app.chat.send(None, "?", KEY)
        for reply in generation.watch():
            if reply.reasoning:
                generation.stop()
        assert ended(app, generation) == ("hm", "", "", "stopped")


def test_a_server_that_trickles_is_read_byte_by_byte(tmp_path: Path) -> None:
    def play(send: Send, _over: threading.Event) -> None:
        for byte in event("<think>思考</think>好") + b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n':
            send(bytes([byte]))
            time.sleep(0.001)
        send(b"data: [DONE]\n\n")

    with talking(tmp_path, play) as app:
        assert ended(app, app.chat.send(None, "?", KEY)) == ("思考", "好", "", "stop")


def test_an_endless_thought_is_ended_by_its_budget_and_by_stop(tmp_path: Path) -> None:
    def endless(request: Request) -> Script:
        if request.so_far is not None and request.so_far.closed:
            return ["Enough."]
        return (f" t{number}" if number else "<think>" for number in range(1_000_000_000))

    app = build(load(data_dir=tmp_path / "data"), {"scripted": ScriptedBackend(endless)})
    try:
        budgeted = app.chat.send(None, "?", "scripted:scripted", steering=(100, False))
        assert ended(app, budgeted)[1:] == ("Enough.", "", "stop")
        stopped = app.chat.send(None, "?", "scripted:scripted")
        for reply in stopped.watch():
            if reply.reasoning:
                stopped.stop()
        assert ended(app, stopped)[1:] == ("", "", "stopped")
    finally:
        app.close()

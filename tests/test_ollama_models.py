"""Ollama's models through r1chat: pulling, deleting, and what is in memory until when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from replay import Exchange, Replay, wire, written

from r1chat.backends.ollama import OllamaBackend
from r1chat.errors import BackendError
from r1chat.library.pulls import Pull, Pulls
from r1chat.messages import Progress

NAME = "deepseek-r1:1.5b"
LAYERS = {"sha256:aabee1234567": 1_117_320_736, "sha256:369ca498f347": 387}  # weights and template


def pull_lines(*more: dict[str, object]) -> list[str]:
    """The lines of a pull as Ollama sends them, then others."""
    lines: list[dict[str, object]] = [{"status": "pulling manifest"}]
    for digest, total in LAYERS.items():
        status = {"status": f"pulling {digest[7:]}", "digest": digest, "total": total}
        lines += [status, *({**status, "completed": total * part // 4} for part in range(1, 5))]
    return [json.dumps(line) + "\n" for line in (*lines, *more)]


SUCCESS = ({"status": "verifying sha256 digest"}, {"status": "writing manifest"}, {"status": "success"})


def pulled(*lines: str, **changes: object) -> Exchange:
    headers = {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"}
    exchange = Exchange("POST", "/api/pull", headers=headers, chunks=tuple((0.0, line) for line in lines))
    return replace(exchange, **changes)  # type: ignore[arg-type]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_pull_tells_how_far_it_is_over_all_layers() -> None:
    with Replay(pulled(*pull_lines(*SUCCESS))) as server, closing(OllamaBackend(server.url)) as backend:
        events = [event for event in backend.manage.pull(NAME) if isinstance(event, Progress)]
        assert server.asked("/api/pull")[0].json == {"model": NAME, "stream": True}
    loading = [event.done for event in events if event.stage == "loading"]
    assert loading == sorted(loading) and loading[-1] == sum(LAYERS.values())
    assert events[-1].done == events[-1].total == sum(LAYERS.values())


@pytest.mark.parametrize(
    ("exchange", "words"),
    [
        (pulled('{"error":"pull model manifest: file does not exist"}\n'), "has no model 'deepseek-r1:1.5b'"),
        (pulled(*pull_lines({"error": "no space left on device"})), "no space left on device. What came is kept"),
        (pulled(*pull_lines()), "stopped in the middle"),
        (pulled(*pull_lines(), ended="cut: by the server"), "connection|broke|stopped"),
        (written("POST", "/api/pull", '{"error":"invalid model name"}', 400), "invalid model name"),
    ],
)
def test_pull_that_fails_says_why(exchange: Exchange, words: str) -> None:
    with Replay(exchange) as server, closing(OllamaBackend(server.url)) as backend:
        with pytest.raises(BackendError, match=words) as raised:
            list(backend.manage.pull(NAME))
        assert raised.value.sentence("zh") != str(raised.value)


def test_cancelled_pull_hangs_up_and_is_off_the_list() -> None:
    stalled = pulled(*pull_lines(), stalls_after=4)
    with Replay(stalled) as server, closing(OllamaBackend(server.url)) as backend:
        pulls = Pulls()
        pulls.start(NAME, backend.manage.pull)
        pulls.start(NAME, backend.manage.pull)  # twice is once
        until(lambda: pulls.all()[0].done > 0)
        pulls.cancel(NAME)
        assert pulls.all() == []
        (request,) = server.asked("/api/pull")
        assert request.left.wait(20)
        pulls.close()


def test_pulls_are_kept_with_how_they_ended() -> None:
    exchanges = [pulled(*pull_lines(*SUCCESS)), pulled('{"error":"no space left on device"}\n')]
    with Replay(*exchanges) as server, closing(OllamaBackend(server.url)) as backend:
        pulls = Pulls()
        pulls.start("a", backend.manage.pull)
        until(lambda: pulls.all()[0].state != "running")
        pulls.start("b", backend.manage.pull)
        until(lambda: pulls.all()[1].state != "running")
        good, bad = pulls.all()
        assert good == Pull("a", "done", sum(LAYERS.values()), sum(LAYERS.values()))
        assert bad.state == "failed" and "no space left" in str(bad.error)
        pulls.close()


def test_what_is_in_memory_and_until_when_as_recorded() -> None:
    with Replay(wire("ollama/41-unload")) as server, closing(OllamaBackend(server.url)) as backend:
        backend.manage.keep("r1-nano", 0)
        first = backend.manage.in_memory()[0]
        assert (first.name, first.size, first.on_gpu) == ("r1-go:latest", 23446158, 0)
        assert first.until is not None and first.until.isoformat().startswith("2026-11-20T17:59")
        assert server.asked("/api/chat")[0].json == {
            "model": "r1-nano", "messages": [], "keep_alive": 0, "stream": False
        }  # fmt: skip


def test_model_that_stays_has_no_end_and_keeping_one_does_not_load_it_again() -> None:
    running = {
        "name": NAME,
        "size": 2_000,
        "size_vram": 500,
        "expires_at": "2318-03-09T01:00:00Z",
        "context_length": 4096,
    }
    exchanges = [written("GET", "/api/ps", json.dumps({"models": [running]})), written("POST", "/api/chat", "{}")]
    with Replay(*exchanges) as server, closing(OllamaBackend(server.url)) as backend:
        (model,) = backend.manage.in_memory()
        assert (model.until, model.on_gpu) == (None, 500)
        backend.manage.keep(NAME, -1)
        sent = server.asked("/api/chat")[0].json
        assert (sent["keep_alive"], sent["options"]) == (-1, {"num_ctx": 4096})


def test_deleting_a_model_twice_says_that_it_is_gone_as_recorded() -> None:
    with Replay(wire("ollama/41-unload")) as server, closing(OllamaBackend(server.url)) as backend:
        backend.manage.delete("again")
        with pytest.raises(BackendError, match="does not have the model 'again'"):
            backend.manage.delete("again")


def test_server_that_is_not_there_is_told() -> None:
    with (
        closing(OllamaBackend("http://127.0.0.1:9")) as backend,
        pytest.raises(BackendError, match="Is Ollama running"),
    ):
        backend.manage.in_memory()


@pytest.mark.slow
def test_a_server_that_does_not_say_what_is_in_memory_has_its_models_all_the_same() -> None:
    tags = written("GET", "/api/tags", json.dumps({"models": [{"name": NAME, "digest": "d"}]}))
    show = written("POST", "/api/show", json.dumps({"capabilities": ["completion"], "template": ""}))
    version = written("GET", "/api/version", json.dumps({"version": "0.32.15"}))
    hanging = replace(written("GET", "/api/ps", "{}"), stalls_after=-1)
    with Replay(tags, show, version, hanging, hanging) as server, closing(OllamaBackend(server.url)) as backend:
        assert [model.name for model in backend.models()] == [NAME]
        with pytest.raises(BackendError, match="did not answer in time"):
            backend.manage.in_memory()

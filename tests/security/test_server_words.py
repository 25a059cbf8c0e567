"""What servers say: the key that they were sent is in nothing that is shown or stored, and no number breaks a page."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote

import pytest
from replay import Exchange, Replay, written

from r1chat.backends import wire
from r1chat.backends.ollama import OllamaBackend
from r1chat.backends.ollama_models import MOST_LAYERS
from r1chat.backends.ollama_wire import broken_off as ollama_broke
from r1chat.backends.openai import OpenAIBackend
from r1chat.backends.openai_wire import Chunk, StreamReader
from r1chat.backends.openai_wire import broken_off as openai_broke
from r1chat.errors import BackendError
from r1chat.messages import Message, Request
from r1chat.sizes import readable_size

KEY = "sk/very+secret/123"
SPELLINGS = {
    "as it is": KEY,
    "slashes escaped": KEY.replace("/", "\\/"),
    "all escaped": "".join(f"\\u{ord(character):04x}" for character in KEY),
    "escaped twice": KEY.replace("/", "\\\\\\/"),
    "in an address": quote(KEY, safe=""),
    "in an address, twice": quote(quote(KEY, safe=""), safe=""),
}


def has_key(text: str) -> bool:
    return "very" in text or "123" in text or "secret" in text


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_key_is_taken_out_however_it_is_spelled(spelling: str) -> None:
    assert wire.without_key(f"bad key {spelling} !", KEY) == "bad key ••• !"


def test_words_without_a_key_stay_as_they_are() -> None:
    text = "C:\\\\dir 100%25 \\u0041 sk/very"
    assert wire.without_key(text, KEY) == text and wire.without_key(text, "") == text


REFUSALS = {
    "slash": json.dumps({"error": {"message": f"bad {KEY}"}}).replace("/", "\\/"),
    "u": f'{{"error": {{"message": "bad {SPELLINGS["all escaped"]}"}}}}',
    "nested": json.dumps({"error": {"message": json.dumps({"message": f"bad {KEY}"}).replace("/", "\\/")}}),
    "nested, backslash escaped": json.dumps({"message": json.dumps({"message": KEY}).replace("/", "\\/")}).replace(
        "\\\\", "\\u005c"
    ),
}


def sent_key(server: Replay) -> bool:
    return any(value == f"Bearer {KEY}" for value in server.requests[0].headers.values())


@pytest.mark.parametrize("body", REFUSALS.values(), ids=REFUSALS)
def test_refusal_that_holds_the_key_is_told_without_it(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", KEY)
    with Replay(written("GET", "/v1/models", body, 400)) as server:
        with closing(OpenAIBackend(server.url, KEY)) as backend, pytest.raises(BackendError) as refused:
            backend.models()
        assert sent_key(server)
    assert "•••" in str(refused.value) and not has_key(refused.value.sentence("zh") + str(refused.value))
    with Replay(written("DELETE", "/api/delete", body, 400)) as server:
        with closing(OllamaBackend(server.url)) as backend, pytest.raises(BackendError) as refused:
            backend.manage.delete("m")
        assert sent_key(server)
    assert "•••" in str(refused.value) and not has_key(str(refused.value))


def test_pull_that_breaks_with_the_key_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", KEY)
    with Replay(pulled({"error": f"bad {KEY}"})) as server, closing(OllamaBackend(server.url)) as backend:
        pull = backend.manage.pull("m")
        with pytest.raises(BackendError, match="bad •••") as broke:
            list(pull)
    assert not has_key(str(broke.value))


def test_reply_that_breaks_or_ends_with_the_key_is_stored_without_it() -> None:
    nested = {"message": json.dumps({"message": f"bad {KEY}"}).replace("/", "\\/")}
    for error in (openai_broke(nested, KEY), ollama_broke(f"bad {KEY}", KEY)):
        assert "bad •••" in str(error) and not has_key(str(error))
    reading = StreamReader(0, KEY)
    reading.read(Chunk.model_validate({"choices": [{"finish_reason": f"bad {KEY}"}]}))
    assert reading.finish().raw_reason == "bad •••"


def test_ollamas_reply_that_breaks_with_the_key_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", KEY)
    exchanges = [
        written("POST", "/api/show", json.dumps({"template": "{{ .Prompt }}", "capabilities": ["completion"]})),
        written("POST", "/api/chat", json.dumps({"error": f"bad {KEY}"}) + "\n"),
    ]
    with Replay(*exchanges) as server, closing(OllamaBackend(server.url)) as backend:
        reply = backend.stream(Request("m", (Message("user", "Hi"),)))
        with pytest.raises(BackendError, match="bad •••") as broke:
            list(reply)
    assert not has_key(str(broke.value))


def test_where_a_server_leads_is_told_without_the_key() -> None:
    led = written("GET", "/v1/models", "{}", 302)
    led = replace(led, headers={**led.headers, "Location": f"http://x/?k={quote(KEY, safe='')}"})
    with Replay(led) as server, closing(OpenAIBackend(server.url, KEY)) as backend:
        ask = backend.models
        with pytest.raises(BackendError, match="k=•••") as refused:
            ask()
    assert not has_key(str(refused.value))


def pulled(*lines: dict[str, object]) -> Exchange:
    return written("POST", "/api/pull", "".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize("field", ["size", "size_vram", "context_length"])
def test_models_in_memory_have_sizes_that_can_be(field: str) -> None:
    listed = f'{{"models": [{{"name": "m", "size": 5, "{field}": {"9" * 400}}}]}}'
    with Replay(written("GET", "/api/ps", listed)) as server, closing(OllamaBackend(server.url)) as backend:
        [model] = backend.manage.in_memory()
    assert (model.name, model.on_gpu) == ("m", 0) and model.size in (0, 5)


def test_no_number_is_too_large_to_be_written_as_a_size() -> None:
    assert readable_size(10**400) == readable_size(10**24)


def test_pull_of_layers_without_end_is_left() -> None:
    lines = [{"status": "x", "digest": f"{number}", "total": 10, "completed": 1} for number in range(MOST_LAYERS + 1)]
    with Replay(pulled(*lines)) as server, closing(OllamaBackend(server.url)) as backend:
        pull = backend.manage.pull("m")
        with pytest.raises(BackendError, match="more parts of 'm' than a model has"):
            list(pull)


def test_digests_without_end_are_not_kept() -> None:
    long = "a" * 100_000
    lines = [{"status": "x", "digest": f"{long}{number}", "total": 10, "completed": 1} for number in range(3)]
    with Replay(pulled(*lines, {"status": "success"})) as server, closing(OllamaBackend(server.url)) as backend:
        *_, last = backend.manage.pull("m")
    assert (last.done, last.total) == (1, 10)

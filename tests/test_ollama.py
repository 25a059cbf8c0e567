"""The Ollama backend, against what a real server sent."""

import gc
import json
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from replay import Exchange, Replay, wire, written

from r1chat.backends.ollama import OllamaBackend, parse_host
from r1chat.both import Both
from r1chat.errors import (
    ConfigError,
    ContextError,
    GenerationError,
    R1ChatError,
    UnknownModelError,
    UnreachableError,
    UnsupportedError,
)
from r1chat.messages import (
    Answer,
    BackendEvent,
    Began,
    Finish,
    Message,
    Params,
    Progress,
    Raw,
    Reasoning,
    Reply,
    ReplySoFar,
    Request,
)
from r1chat.think import collect

SHOW = "ollama/03-models"
RENDER = "ollama/20-render"
PARAMS = Params(temperature=0.6, top_p=0.95, seed=7)
SUM = (Message("user", "27 + 43 = ?"),)
THOUGHT = "I need to find 27 + 43. Step by step: 7+3=10, 2+4+1=7. So it is 70."
ANSWER = "The answer is \\boxed{70}."


def shown(model: str) -> Exchange:
    return next(e for e in wire(SHOW) if e.path == "/api/show" and e.json == {"model": model})


@contextmanager
def backend_at(*exchanges: Any, rechunk: int = 0, **settings: Any) -> Iterator[tuple[OllamaBackend, Replay]]:
    with Replay(*exchanges, rechunk=rechunk) as server, closing(OllamaBackend(server.url, **settings)) as backend:
        yield backend, server


def request(model: str = "r1-nano", so_far: ReplySoFar | None = None, **params: Any) -> Request:
    return Request(model, SUM, so_far, replace(PARAMS, **params))


def texts(events: list[BackendEvent]) -> str:
    return "".join(e.text for e in events if isinstance(e, Raw | Reasoning | Answer))


def thought_and_answer(reply: Reply) -> tuple[str, bool, str]:
    return reply.reasoning, reply.closed, reply.answer


# --- models ----------------------------------------------------------------------------------------------------------


def test_models_say_what_show_knows() -> None:
    version = wire("ollama/01-version", 0)
    with backend_at(version, wire(SHOW), context=16384) as (backend, _):
        models = {model.name: model for model in backend.models()}
    nano = models["r1-nano:latest"]
    assert nano.key == "ollama:r1-nano:latest"
    assert (nano.title, nano.size, nano.quantisation, nano.parameters) == ("r1-nano", 5_099_605, "F16", 2_536_128)
    assert (nano.context, nano.trained_context, nano.architecture) == (4096, 4096, "qwen2")
    assert (nano.thinks, nano.continues, nano.ready, nano.loaded) == (True, True, True, False)
    assert nano.digest.startswith("caed3238")
    assert (nano.backend_version, nano.note) == ("0.33.0-rc2", "")
    assert len(nano.template_hash) == 64
    assert {name.removesuffix(":latest"): model.thinks for name, model in models.items()} == {
        "r1-nano": True,
        "r1-hub": True,
        "r1-library": True,
        "r1-go": True,
        "r1-unknown": True,
        "plain": False,
    }
    assert all(model.continues for model in models.values())


def test_models_that_think_come_first() -> None:
    with backend_at(wire("ollama/01-version", 0), wire(SHOW)) as (backend, _):
        assert [model.thinks for model in backend.models()] == [True] * 5 + [False]


def test_the_loaded_model_is_marked_and_comes_first() -> None:
    running = wire("ollama/10-chat-r1-go", 6)
    with backend_at(wire("ollama/01-version", 0), wire(SHOW, *range(8)), running) as (backend, _):
        models = backend.models()
    assert [model.name for model in models if model.loaded] == [models[0].name] == ["r1-go:latest"]


def test_window_is_the_setting_where_the_model_was_made_for_more() -> None:
    with backend_at(wire("ollama/01-version", 0), wire(SHOW), context=2048) as (backend, _):
        assert {(model.context, model.trained_context) for model in backend.models()} == {(2048, 4096)}


@pytest.mark.parametrize(("key", "sent"), [(" secret \n", "Bearer secret"), ("", None)])
def test_the_key_of_ollama_s_own_programs_is_sent(key: str, sent: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", key)
    with backend_at(wire("ollama/01-version")) as (backend, server):
        backend.models()
    assert {received.headers.get("Authorization") for received in server.requests} == {sent}


def test_no_models_installed() -> None:
    with backend_at(wire("ollama/01-version")) as (backend, _):
        assert backend.models() == []


def test_details_are_asked_once_a_digest() -> None:
    with backend_at(wire("ollama/01-version", 0), wire(SHOW)) as (backend, server):
        first = backend.models()
        assert len(server.asked("/api/show")) == 6
        assert backend.models() == first
        assert len(server.asked("/api/show")) == 6


def test_details_are_asked_again_when_the_digest_changes() -> None:
    tags = wire(SHOW, 0)[0]
    changed = replace(tags, chunks=((0.0, tags.chunks[0][1].replace("caed3238", "00000000")),))
    with backend_at(wire("ollama/01-version", 0), tags, changed, wire(SHOW, *range(1, 9))) as (backend, server):
        backend.models()
        assert any(model.digest.startswith("00000000") for model in backend.models())
        assert [r.json["model"] for r in server.asked("/api/show")[6:]] == ["r1-nano:latest"]


def test_a_model_that_cannot_be_described_is_listed_with_the_reason() -> None:
    broken = replace(wire(SHOW, 7)[0], json={"model": "plain"})
    with backend_at(wire("ollama/01-version", 0), wire(SHOW, 0, 1, 2, 3, 4, 5, 8), broken) as (backend, _):
        last = backend.models()[-1]
    assert (last.name, last.ready) == ("plain:latest", False)
    assert "ollama pull plain" in str(last.note)


def listing(tags: object, show: object, ps: object = None) -> list[Exchange]:
    """What a server answers on its models, each of which is shown as `show`."""
    return [
        *wire("ollama/01-version", 0),
        written("GET", "/api/tags", json.dumps(tags)),
        written("GET", "/api/ps", json.dumps(ps or {"models": []})),
        written("POST", "/api/show", json.dumps(show)),
    ]


PLAIN_SHOW = {"template": "{{ .Prompt }}", "capabilities": ["completion"], "model_info": {}}


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ({"name": 3}, ["even"]),
        (None, ["even"]),
        ({"name": "x" * 301}, ["even"]),
        ({"name": "odd", "details": None}, ["odd", "even"]),
        ({"name": "odd", "details": {"family": None, "quantization_level": 4}}, ["odd", "even"]),
        ({"name": "odd", "digest": None, "size": "large", "remote_host": None}, ["odd", "even"]),
    ],
)
def test_an_odd_entry_of_the_list_hides_only_itself(entry: object, names: list[str]) -> None:
    entries = {"models": [entry, {"name": "even"}]}
    with backend_at(listing(entries, PLAIN_SHOW, entries)) as (backend, _):
        models = backend.models()
        assert [model.name for model in models] == names and all(model.ready for model in models)
        assert {model.name for model in backend.manage.in_memory()} == set(names)


def test_a_server_before_its_first_pull_has_no_models_and_is_one() -> None:
    with backend_at(listing({"models": None}, PLAIN_SHOW, {"models": None})) as (backend, _):
        assert backend.models() == [] and backend.manage.in_memory() == []


def test_a_list_of_odd_entries_alone_is_no_list_of_ollama() -> None:
    with backend_at(listing({"models": ["a", "b"]}, PLAIN_SHOW)) as (backend, _), pytest.raises(UnreachableError):
        backend.models()


@pytest.mark.parametrize("odd", [{"capabilities": None}, {"template": None}, {"template": ["x"]}, {"model_info": 4}])
def test_an_odd_field_of_a_description_hides_no_model(odd: dict[str, object]) -> None:
    with backend_at(listing({"models": [{"name": "odd"}]}, {**PLAIN_SHOW, **odd})) as (backend, _):
        (model,) = backend.models()
    assert model.ready and not model.thinks


def test_models_that_only_embed_are_left_out_and_those_far_away_say_so() -> None:
    tags = {"models": [{"name": "embedder"}, {"name": "far:cloud", "remote_host": "https://ollama.com"}]}
    show = {"capabilities": ["completion", "thinking"], "model_info": None, "template": "<think>"}
    far = replace(written("POST", "/api/show", json.dumps(show)), json={"model": "far:cloud"})
    embedder = replace(written("POST", "/api/show", '{"capabilities":["embedding"]}'), json={"model": "embedder"})
    listing = written("GET", "/api/tags", json.dumps(tags))
    with backend_at(wire("ollama/01-version", 0, 4), listing, far, embedder) as (backend, _):
        models = backend.models()
    assert [model.name for model in models] == ["far:cloud"]
    note = Both.of(models[0].note)
    assert "ollama.com" in note.en and "leaves" in note.en and "离开本机" in note.zh


def test_an_old_server_is_named_as_such() -> None:
    old = written("GET", "/api/version", '{"version":"0.6.2"}')
    with backend_at(old, wire(SHOW)) as (backend, _):
        models = backend.models()
    assert not any(model.continues for model in models)
    assert all("0.12.6" in str(model.note) for model in models)


def test_a_server_built_by_hand_counts_as_new() -> None:
    with backend_at(written("GET", "/api/version", '{"version":"0.0.0"}'), wire(SHOW)) as (backend, _):
        assert all(model.continues and not model.note for model in backend.models())


# --- fresh replies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["r1-nano", "r1-hub", "r1-library"])
def test_thinking_field_becomes_reasoning_and_content_becomes_answer(model: str) -> None:
    with backend_at(shown(model), wire(f"ollama/10-chat-{model}")) as (backend, _):
        events = list(backend.stream(request(model)))
    kinds = [type(event) for event in events if not isinstance(event, Progress)]
    assert kinds == sorted(kinds, key=[Reasoning, Answer, Finish].index)
    assert thought_and_answer(collect(events)) == (THOUGHT, True, ANSWER)


def test_chinese_question() -> None:
    with backend_at(shown("r1-nano"), wire("ollama/10-chat-r1-nano")) as (backend, _):
        reply = collect(backend.stream(Request("r1-nano", (Message("user", "8 + 5 等于几？"),), None, PARAMS)))
    assert reply.answer == "The answer is \\boxed{13}."


def test_unrecognised_template_that_opens_the_thought_is_asked_for_once() -> None:
    rendered = replace(wire(RENDER, 0)[0], json={"model": "r1-unknown", "_debug_render_only": True})
    with backend_at(shown("r1-unknown"), wire("ollama/10-chat-r1-unknown"), rendered) as (backend, server):
        events = list(backend.stream(request("r1-unknown")))
        list(backend.stream(request("r1-unknown")))
        assert [r.json.get("_debug_render_only") for r in server.asked("/api/chat")] == [None, True, None]
    began = next(e for e in events if not isinstance(e, Progress))
    assert isinstance(began, Began) and began.opened
    assert thought_and_answer(collect(events)) == (THOUGHT, True, ANSWER)


def test_lone_closing_tag_is_left_to_the_parser_where_the_prompt_cannot_be_seen() -> None:
    with backend_at(shown("r1-unknown"), wire("ollama/10-chat-r1-unknown", 1)) as (backend, _):
        events = list(backend.stream(request("r1-unknown")))
    assert not any(isinstance(e, Raw) and e.text == "<think>" for e in events)
    assert thought_and_answer(collect(events)) == (THOUGHT, True, ANSWER)


def test_go_template_leaves_the_opening_to_the_model() -> None:
    with backend_at(shown("r1-go"), wire("ollama/10-chat-r1-go"), wire(RENDER, 8)) as (backend, _):
        events = list(backend.stream(request("r1-go")))
    assert "<think>" not in texts(events)
    reply = collect(events)
    assert reply.closed and reply.answer == "答案是 \\boxed{130}。"


def test_a_model_that_cannot_think_is_not_asked_to() -> None:
    without_think = wire("ollama/10-chat-plain", 3)
    with backend_at(shown("plain"), without_think) as (backend, server):
        reply = collect(backend.stream(request("plain")))
        assert "think" not in server.requests[-1].json
    assert (reply.finish, reply.answer) == ("stop", "答案是 \\boxed{130}。")


def test_each_call_says_what_keeps_text_from_being_lost() -> None:
    exchanges = [shown("r1-nano"), wire(RENDER, 0), wire("ollama/10-chat-r1-nano", 1), wire("ollama/21-continue")]
    with backend_at(*exchanges, context=4096, keep_alive="5m") as (backend, server):
        list(backend.stream(request()))
        list(backend.stream(request(so_far=ReplySoFar("I need"))))
        backend.warm(request())
        calls = [r.json for r in server.requests if r.path != "/api/show"]
    assert len(calls) == 5
    for call in calls:
        assert (call["truncate"], call["shift"], call["keep_alive"]) == (False, False, "5m")
        assert call["options"]["num_ctx"] == 4096


def test_every_sampling_parameter_is_sent() -> None:
    with backend_at(shown("r1-nano"), wire("ollama/10-chat-r1-nano", 1)) as (backend, server):
        list(backend.stream(request(top_k=3, min_p=0.1, repeat_penalty=1.2, max_tokens=99)))
        assert server.requests[-1].json["options"] == {
            "num_ctx": 4096,
            "temperature": 0.6,
            "top_p": 0.95,
            "top_k": 3,
            "min_p": 0.1,
            "repeat_penalty": 1.2,
            "presence_penalty": 0.0,
            "seed": 7,
            "num_predict": 99,
        }


def test_default_sampling_overrides_the_server_s_and_leaves_the_seed_to_it() -> None:
    with backend_at(shown("r1-nano"), wire("ollama/10-chat-r1-nano", 1)) as (backend, server):
        list(backend.stream(Request("r1-nano", SUM)))
        options = server.requests[-1].json["options"]
    assert options["repeat_penalty"] == 1.0 and options["top_k"] == 0
    assert not {"seed", "num_predict"} & options.keys()


@pytest.mark.parametrize(("setting", "sent"), [("30m", "30m"), ("-1", -1), ("300", 300), (0, 0)])
def test_keep_alive_in_seconds_is_a_number(setting: str | int, sent: str | int) -> None:
    with backend_at(shown("r1-nano"), wire("ollama/10-chat-r1-nano", 1), keep_alive=setting) as (backend, server):
        list(backend.stream(request()))
        assert server.requests[-1].json["keep_alive"] == sent


def test_last_line_becomes_the_finish() -> None:
    with backend_at(shown("r1-nano"), wire("ollama/10-chat-r1-nano", 1)) as (backend, _):
        *_, last = backend.stream(request())
    assert last == Finish(
        "stop",
        raw_reason="stop",
        prompt_tokens=13,
        completion_tokens=54,
        context=4096,
        load=0.000867558,
        prefill=0.006142,
        decode=0.033832,
    )


def chat(*lines: object) -> Exchange:
    return written("POST", "/api/chat", "".join(json.dumps(line) + "\n" for line in lines))


DONE = {"message": {"content": ""}, "done": True, "done_reason": "stop"}


@pytest.mark.parametrize(
    ("lines", "finish"),
    [
        (({"message": None}, DONE), "stop"),
        (({"message": {"content": None}, "response": None}, DONE), "stop"),
        (({"done": True, "done_reason": None},), "stop"),
        (({"done": True, "done_reason": ["length"]},), "length"),
        (({"done": True, "done_reason": "stop", "_debug_info": [], "eval_count": "x"},), "stop"),
    ],
)
def test_odd_fields_do_not_break_a_good_reply(lines: tuple[object, ...], finish: str) -> None:
    with backend_at(shown("plain"), chat({"message": {"content": "Yes"}}, *lines)) as (backend, _):
        reply = collect(backend.stream(request("plain")))
    assert (reply.answer, reply.finish) == ("Yes", finish)


def test_a_call_of_a_tool_is_told() -> None:
    call = {"message": {"content": "", "tool_calls": [{"function": {"name": "weather", "arguments": {}}}]}}
    with backend_at(shown("plain"), chat(call, DONE)) as (backend, _):
        reply = collect(backend.stream(request("plain")))
    assert (reply.finish, reply.answer, reply.wants_tool) == ("cut", "", True)


@pytest.mark.parametrize("error", ["out of memory", {"message": "out of memory"}, {"error": "out of memory"}])
def test_an_error_in_mid_stream_is_told_in_the_servers_words_in_every_form(error: object) -> None:
    with backend_at(shown("plain"), chat({"message": {"content": "Well"}}, {"error": error})) as (backend, _):
        reply = backend.stream(request("plain"))
        with pytest.raises(GenerationError, match="broke off: out of memory"):
            list(reply)


def test_token_limit_in_mid_thought() -> None:
    with backend_at(shown("r1-nano"), wire("ollama/12-limits", 0)) as (backend, _):
        reply = collect(backend.stream(request(max_tokens=12)))
    assert (reply.finish, reply.reasoning, reply.closed) == ("length", "I need to find 27 + 43.", False)


def test_history_shows_the_thoughts_that_messages_carry() -> None:
    messages = (*SUM, Message("assistant", "70", reasoning="7 + 3"), Message("user", "113 + 50 = ?"))
    prompt = "<U>27 + 43 = ?<A>\u20601\u2060<E><U>113 + 50 = ?<A><think>\n"
    debug = {"message": {"role": "assistant", "content": ""}, "_debug_info": {"rendered_template": prompt}}
    rendered = replace(
        written("POST", "/api/chat", json.dumps(debug)), json={"model": "r1-nano", "_debug_render_only": True}
    )
    with backend_at(shown("r1-nano"), rendered, wire("ollama/21-continue")) as (backend, server):
        list(backend.stream(Request("r1-nano", messages, None, PARAMS)))
        assert [m["content"] for m in server.asked("/api/chat")[0].json["messages"]][1] == "\u20601\u2060"
        sent = server.asked("/api/generate")[-1].json["prompt"]
    assert sent == "<U>27 + 43 = ?<A><think>\n7 + 3\n</think>\n\n70<E><U>113 + 50 = ?<A><think>\n"


def test_second_closing_tag_in_the_content_is_passed_on_to_the_parser() -> None:
    with backend_at(shown("r1-nano"), wire("ollama/23-warm", 1)) as (backend, _):
        reply = collect(backend.stream(request()))
    assert reply.reopened and "</think>" not in reply.answer


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_lines_may_be_cut_at_any_byte(size: int) -> None:
    exchanges = [shown("r1-nano"), wire("ollama/10-chat-r1-nano", 4)]
    with backend_at(*exchanges, rechunk=size) as (backend, _):
        reply = collect(backend.stream(request()))
    assert reply.answer == "The answer is \\boxed{13}." and reply.finish == "stop"


@pytest.mark.parametrize("break_", ["\x85", "\u2028", "\u2029"])
def test_unicode_line_breaks_inside_a_line_are_text(break_: str) -> None:
    parts = [{"message": {"content": f"a{break_}b"}, "done": False}, {"done": True, "done_reason": "stop"}]
    body = "\n".join(json.dumps(part, ensure_ascii=False) for part in parts)
    with backend_at(shown("plain"), written("POST", "/api/chat", body)) as (backend, _):
        assert texts(list(backend.stream(request("plain")))) == f"a{break_}b"


# --- continuing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "so_far", "expected"),
    [
        (1, ReplySoFar("I need to find 27 + 43. Step by st"), "My first guess is 44."),
        (2, ReplySoFar("I need to find 27 + 43. Step by st", closed=True), "The answer is \\boxed{43}。"),
        (3, ReplySoFar(f"{THOUGHT}\nWait,"), "\\boxed{707}"),
        (4, ReplySoFar(THOUGHT, True, "The answer is \\boxed{"), "The answer is \\boxed{70}."),
    ],
    ids=["resume in mid-thought", "answer now", "think longer", "resume in the answer"],
)
def test_reply_is_continued_through_the_raw_route(index: int, so_far: ReplySoFar, expected: str) -> None:
    recorded = wire("ollama/21-continue", index)[0]
    with backend_at(shown("r1-nano"), wire(RENDER), recorded) as (backend, server):
        events = list(backend.stream(request(so_far=so_far)))
        render, generate = server.requests[1:]
    assert render.json["_debug_render_only"] is True and render.json["stream"] is False
    assert generate.json["prompt"] == recorded.json["prompt"]
    assert (generate.json["raw"], generate.json["think"]) == (True, False)
    assert not any(isinstance(e, Reasoning | Answer) for e in events)
    reply = collect(events, so_far)
    assert reply.finish == "stop" and reply.closed
    assert expected in reply.reasoning + reply.answer
    assert reply.reasoning.startswith(so_far.reasoning) and reply.answer.startswith(so_far.answer)


def test_skipped_thought_is_an_empty_one() -> None:
    with backend_at(shown("r1-nano"), wire(RENDER), wire("ollama/21-continue", 2)) as (backend, server):
        list(backend.stream(request(so_far=ReplySoFar("", closed=True))))
        assert server.requests[-1].json["prompt"].endswith("<｜Assistant｜><think>\n\n</think>\n\n")


def test_thought_that_stopped_at_a_line_s_end_is_closed_by_one_newline() -> None:
    with backend_at(shown("r1-nano"), wire(RENDER), wire("ollama/21-continue", 2)) as (backend, server):
        list(backend.stream(request(so_far=ReplySoFar("7 + 3\n\n", closed=True))))
        assert server.requests[-1].json["prompt"].endswith("<think>\n7 + 3\n</think>\n\n")


def test_thought_is_opened_where_the_template_does_not() -> None:
    generate = replace(wire("ollama/21-continue", 1)[0], json={"model": "r1-go"})
    with backend_at(shown("r1-go"), wire(RENDER, 8), generate) as (backend, server):
        list(backend.stream(request("r1-go", ReplySoFar("让我"))))
        assert server.requests[-1].json["prompt"] == "<｜User｜>27 + 43 = ?<｜Assistant｜><think>\n让我"


def test_a_model_that_does_not_think_gets_no_thought() -> None:
    rendered = replace(wire(RENDER, 8)[0], json={"model": "plain", "_debug_render_only": True})
    generate = replace(wire("ollama/21-continue", 4)[0], json={"model": "plain"})
    with backend_at(shown("plain"), rendered, generate) as (backend, server):
        list(backend.stream(request("plain", ReplySoFar("", False, "也许是"))))
        list(backend.stream(request("plain", ReplySoFar("", True, "也许是"))))
        prompts = {r.json["prompt"] for r in server.asked("/api/generate")}
    assert prompts == {"<｜User｜>27 + 43 = ?<｜Assistant｜>也许是"}


def test_a_reply_of_which_nothing_came_is_begun_afresh() -> None:
    with backend_at(shown("r1-nano"), wire("ollama/10-chat-r1-nano", 1)) as (backend, _):
        reply = collect(backend.stream(request(so_far=ReplySoFar())), ReplySoFar())
    assert thought_and_answer(reply) == (THOUGHT, True, ANSWER)


def test_stopped_reply_goes_on_where_it_stood() -> None:
    resumed = wire("ollama/22-stop-and-resume", 2)[0]
    with backend_at(shown("r1-nano"), wire("ollama/10-chat-r1-nano", 1), wire(RENDER, 0), resumed) as (backend, server):
        events: list[BackendEvent] = []
        with closing(backend.stream(request())) as stream:
            while not texts(events).endswith("2+4+1"):
                events.append(next(stream))
        so_far = collect([*events, Finish("stopped")]).so_far
        reply = collect(backend.stream(request(so_far=so_far)), so_far)
        assert server.requests[-1].json["prompt"] == resumed.json["prompt"]
    assert thought_and_answer(reply) == (THOUGHT, True, ANSWER)


def test_a_server_that_cannot_render_cannot_continue() -> None:
    ignores_the_flag = replace(wire("ollama/10-chat-r1-nano", 5)[0], json=None)
    with backend_at(shown("r1-nano"), ignores_the_flag) as (backend, server):
        with pytest.raises(UnsupportedError, match="too old"):
            list(backend.stream(request(so_far=ReplySoFar("I need"))))
        assert server.requests[-1].json["options"]["num_predict"] == 1


# --- endings ---------------------------------------------------------------------------------------------------------


def test_stream_without_a_last_line_was_cut() -> None:
    loop = wire("ollama/32-loop")
    with backend_at(shown("r1-nano"), wire(RENDER, 0), loop) as (backend, _):
        events = list(backend.stream(request(so_far=ReplySoFar("7777"))))
    assert texts(events) == "7" * 31
    assert events[-1] == Finish("cut", context=4096)


def until_error(stream: Iterator[BackendEvent]) -> tuple[list[BackendEvent], R1ChatError]:
    events: list[BackendEvent] = []
    try:
        for event in stream:
            events.append(event)
    except R1ChatError as error:
        return events, error
    raise AssertionError("no error was raised")


def test_runner_that_dies_breaks_the_reply_after_its_text_and_the_next_works() -> None:
    dies, works = wire("ollama/33-runner-dies")
    with backend_at(shown("r1-nano"), dies, works) as (backend, _):
        story = (Message("user", "tell me a long story about the sea"),)
        events, error = until_error(backend.stream(Request("r1-nano", story, None, PARAMS)))
        assert texts(events).startswith("\n * * *")
        assert isinstance(error, GenerationError) and "unexpected EOF" in str(error) and "kept" in str(error)
        assert collect(backend.stream(request())).answer == ANSWER


def test_server_that_dies_breaks_the_reply_after_its_text() -> None:
    with backend_at(shown("r1-nano"), wire("ollama/34-server-dies")) as (backend, server):
        events, error = until_error(backend.stream(request()))
    assert texts(events).startswith("\n * * *")
    assert isinstance(error, GenerationError) and server.url in str(error)


def test_iterator_closed_in_mid_stream_closes_the_connection() -> None:
    stalled = replace(wire("ollama/10-chat-r1-nano", 1)[0], stalls_after=5)
    with backend_at(shown("r1-nano"), stalled) as (backend, server):
        with closing(backend.stream(request())) as stream:
            assert any(isinstance(event, Reasoning) for event in stream)
        assert server.requests[-1].left.wait(10)


def test_iterator_closed_before_the_first_byte_closes_the_connection() -> None:
    stalled = replace(wire("ollama/10-chat-r1-nano", 1)[0], stalls_after=-1)
    with backend_at(shown("r1-nano"), stalled) as (backend, server):
        with closing(backend.stream(request())) as stream:
            while not server.asked("/api/chat"):
                assert next(stream) == Progress("waiting")
        assert server.requests[-1].left.wait(10)


def test_heartbeats_fill_the_time_between_two_chunks() -> None:
    stalled = replace(wire("ollama/10-chat-r1-nano", 1)[0], stalls_after=2)
    with (
        backend_at(shown("r1-nano"), stalled) as (backend, _),
        closing(backend.stream(request())) as stream,
    ):
        while not isinstance(event := next(stream), Reasoning):
            assert event == Progress("waiting")
        assert isinstance(next(e for e in stream if not isinstance(e, Reasoning)), Progress)
        assert next(stream) == Progress("waiting")


def test_backend_that_closes_ends_its_streams_with_a_sentence() -> None:
    stalled = replace(wire("ollama/10-chat-r1-nano", 1)[0], stalls_after=2)
    with backend_at(shown("r1-nano"), stalled) as (backend, _), closing(backend.stream(request())) as stream:
        while not isinstance(next(stream), Reasoning):
            pass
        backend.close()
        _, error = until_error(stream)
        assert isinstance(error, GenerationError)
        with pytest.raises(GenerationError, match="closing"):
            backend.models()


# --- warming ---------------------------------------------------------------------------------------------------------


def test_warming_evaluates_up_to_where_the_next_message_begins() -> None:
    render, generate = wire("ollama/23-warm", 3, 4)
    history = tuple(Message(m["role"], m["content"]) for m in render.json["messages"][:-1])
    with backend_at(shown("r1-nano"), render, generate) as (backend, server):
        backend.warm(Request("r1-nano", history, None, PARAMS))
        warm = server.requests[-1].json
    assert warm["prompt"] == generate.json["prompt"]
    assert (warm["raw"], warm["options"]["num_predict"]) == (True, 1)


def test_warming_gives_way_to_a_message() -> None:
    generate = replace(wire("ollama/23-warm", 4)[0], stalls_after=-1)
    with backend_at(shown("r1-nano"), wire(RENDER, 0), generate, wire("ollama/10-chat-r1-nano", 1)) as (
        backend,
        server,
    ):
        warming = threading.Thread(target=backend.warm, args=(request(),))
        warming.start()
        while warming.is_alive() and not server.asked("/api/generate"):
            warming.join(0.01)
        reply = collect(backend.stream(request()))
        warming.join(10)
        assert not warming.is_alive()
        assert server.asked("/api/generate")[0].left.wait(10)
    assert reply.answer == ANSWER


def test_warming_never_raises() -> None:
    with closing(OllamaBackend("127.0.0.1:1")) as backend:
        backend.warm(request())


# --- refusals --------------------------------------------------------------------------------------------------------


def refusal(exchange: Exchange, model: str = "r1-nano", so_far: ReplySoFar | None = None) -> R1ChatError:
    with backend_at(shown("r1-nano"), shown("plain"), wire(RENDER, 0), exchange, context=512) as (backend, _):
        return until_error(backend.stream(request(model, so_far)))[1]


@pytest.mark.parametrize(
    ("name", "index", "so_far", "needed"),
    [
        ("ollama/31-too-long", 1, None, 2620),
        ("ollama/35-raw-too-long", 3, ReplySoFar("0 + 1 = 1."), 978),
        ("ollama/35-raw-too-long", 2, ReplySoFar("0 + 1 = 1."), 0),
    ],
    ids=["chat", "raw", "raw without numbers"],
)
def test_prompt_that_does_not_fit_is_said_with_its_numbers(
    name: str, index: int, so_far: ReplySoFar | None, needed: int
) -> None:
    error = refusal(wire(name, index)[0], so_far=so_far)
    assert isinstance(error, ContextError)
    assert (error.needed, error.context) == (needed, 512)
    assert "512" in str(error) and "Nothing was cut" in str(error)


def test_unknown_model_says_how_to_get_it() -> None:
    with backend_at(wire(SHOW, 7)) as (backend, _):
        _, error = until_error(backend.stream(request("nowhere")))
    assert isinstance(error, UnknownModelError) and "`ollama pull nowhere`" in str(error)


def test_model_that_went_away_since_it_was_listed() -> None:
    gone = replace(wire("ollama/30-errors", 0)[0], json=None)
    assert isinstance(refusal(gone), UnknownModelError)


def test_refused_origin_has_a_sentence() -> None:
    error = refusal(wire("ollama/30-errors", 11)[0])
    assert isinstance(error, UnreachableError) and "403" in str(error) and "127.0.0.1" in str(error)


@pytest.mark.parametrize("index", [1, 5])
def test_other_refusals_carry_the_server_s_words(index: int) -> None:
    exchange = replace(wire("ollama/30-errors", index)[0], json=None)
    error = refusal(exchange)
    assert isinstance(error, GenerationError)
    assert json.loads(exchange.chunks[0][1])["error"] in str(error)


HTML = "<!DOCTYPE html><html><body>Welcome to nginx!</body></html>"


@pytest.mark.parametrize("status", [200, 404, 502])
def test_html_means_that_it_is_not_an_ollama_server(status: int) -> None:
    pages = [
        written(method, path, HTML, status, "text/html")
        for method, path in [("GET", "/api/tags"), ("GET", "/api/ps"), ("GET", "/api/version"), ("POST", "/api/chat")]
    ]
    with backend_at(pages, shown("r1-nano")) as (backend, _):
        with pytest.raises(UnreachableError, match="is no Ollama server"):
            backend.models()
        with pytest.raises(UnreachableError, match="is no Ollama server"):
            list(backend.stream(request()))


def test_a_model_with_an_adapter_says_whose_it_is() -> None:
    with backend_at(wire("ollama/04-adapter")) as (backend, _):
        child, parent = sorted(backend.models(), key=lambda model: model.name)
    assert (child.name, child.parent, str(child.note)) == ("brief:latest", parent.key, "An adapter of nano.")
    assert (parent.name, parent.parent, str(parent.note)) == ("nano:latest", "", "")


def test_another_kind_of_server_is_not_taken_for_one_that_lacks_the_model() -> None:
    elsewhere = [replace(wire("llama-server/30-errors", 5)[0], path=path) for path in ("/api/tags", "/api/ps")]
    with backend_at(elsewhere) as (backend, _), pytest.raises(UnreachableError, match="is no Ollama server"):
        backend.models()


@pytest.mark.parametrize("body", ["", "null", "[]", '"yes"', "{}", '{"models": 3}'])
def test_json_of_something_else_is_not_an_ollama_server(body: str) -> None:
    exchanges = [written("GET", path, body) for path in ("/api/tags", "/api/ps", "/api/version")]
    with backend_at(exchanges) as (backend, _), pytest.raises(UnreachableError, match="is no Ollama server"):
        backend.models()


def test_redirects_are_not_followed() -> None:
    moved = written("GET", "/api/tags", "", 302)
    moved = replace(moved, headers={**moved.headers, "Location": "http://elsewhere.example/"})
    with (
        backend_at(moved, wire("ollama/01-version")) as (backend, _),
        pytest.raises(UnreachableError, match=r"elsewhere\.example"),
    ):
        backend.models()


def test_nobody_there_says_what_to_check_and_gives_no_dangerous_advice() -> None:
    with closing(OllamaBackend("127.0.0.1:1")) as backend:
        with pytest.raises(UnreachableError) as listed:
            backend.models()
        with pytest.raises(UnreachableError) as streamed:
            list(backend.stream(request()))
    for sentence in (str(listed.value), str(streamed.value)):
        assert "http://127.0.0.1:1" in sentence and "`ollama serve`" in sentence and "OLLAMA_HOST" in sentence
        assert "0.0.0.0" not in sentence and "ORIGINS" not in sentence


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1"])
def test_proxies_from_the_environment_do_not_see_local_traffic(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with (
        Replay(wire("ollama/01-version")) as server,
        closing(OllamaBackend(server.url.replace("127.0.0.1", host))) as backend,
    ):
        assert backend.models() == []


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("  ", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("::", "http://[::1]:11434"),
        ("[::]:8080", "http://[::1]:8080"),
        ("fe80::1", "http://[fe80::1]:11434"),
        (":56789", "http://127.0.0.1:56789"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        ("example.com:56789/", "http://example.com:56789"),
        ("example.com/path/", "http://example.com:11434/path"),
        ("http://example.com", "http://example.com:80"),
        ("https://example.com", "https://example.com:443"),
        ("https://example.com:56789/path", "https://example.com:56789/path"),
        ('"127.0.0.1:11434"', "http://127.0.0.1:11434"),
    ],
)
def test_ollama_host_in_any_form(value: str, url: str) -> None:
    assert parse_host(value) == url


@pytest.mark.parametrize("value", ["ftp://example.com", "example.com:port", "http://[::1", "1.2.3.4:99999"])
def test_ollama_host_that_is_no_address(value: str) -> None:
    with pytest.raises(ConfigError, match="OLLAMA_HOST"):
        OllamaBackend(value)


@pytest.mark.slow
def test_templates_of_a_server_that_lies_do_not_fill_the_memory() -> None:
    """Each listing names another model, and each has a template of megabytes."""
    exchanges = [
        written("GET", "/api/ps", '{"models": []}'),
        written("GET", "/api/version", '{"version": "0.13.0"}'),
    ]
    for number in range(8):
        tag = {"name": f"m{number}:x", "size": 1, "digest": "d"}
        exchanges.append(written("GET", "/api/tags", json.dumps({"models": [tag]})))
        exchanges.append(written("POST", "/api/show", json.dumps({"template": "{% if a %}" + "x" * 3_000_000})))
    with Replay(*exchanges) as server, closing(OllamaBackend(server.url)) as backend:
        tracemalloc.start()
        try:
            assert [model.name for _ in range(8) for model in backend.models()] == [f"m{n}:x" for n in range(8)]
            gc.collect()
            assert tracemalloc.get_traced_memory()[0] < 6_000_000
        finally:
            tracemalloc.stop()

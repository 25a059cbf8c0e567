"""The OpenAI-compatible backend, against what llama-server and Ollama's own such route really sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from replay import Exchange, Replay, wire, written
from test_formats import DATA, WIRE

from r1chat.app import build
from r1chat.backends.openai import OpenAIBackend
from r1chat.backends.openai_wire import parse_base_url
from r1chat.config import load
from r1chat.errors import (
    BackendError,
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
    LaterThought,
    Message,
    Params,
    Progress,
    Raw,
    Reasoning,
    Reply,
    ReplySoFar,
    Request,
    segments,
)
from r1chat.think import collect
from r1chat.ui import registry
from r1chat.ui.act import Act
from r1chat.ui.payload import Payload

PROBE = "llama-server/01-probe"
CHAT = "llama-server/10-chat"
CONTINUE = "llama-server/20-continue"
PARAMS = Params(temperature=0.6, top_p=0.95, seed=7)
SUM = (Message("user", "27 + 43 = ?"),)
STORY = (Message("user", "tell me a long story about the sea"),)
PARTIAL = "I need to find 27 + 43. Step by step: 7+3=10,"
THOUGHT = f"{PARTIAL} 2+4+1=7. So it is 70."
ANSWER = "The answer is \\boxed{70}."


def anonymous(*exchanges: Exchange) -> list[Exchange]:
    """The same answers, whatever model is asked for: the recordings call it by several names."""
    return [replace(e, json={k: v for k, v in (e.json or {}).items() if k != "model"}) for e in exchanges]


@contextmanager
def backend_at(
    *exchanges: Any, key: str = "", base: str = "/v1", **settings: Any
) -> Iterator[tuple[OpenAIBackend, Replay]]:
    with (
        Replay(*exchanges, **settings) as server,
        closing(OpenAIBackend(server.url + base, key)) as backend,
    ):
        yield backend, server


def llama(*exchanges: Exchange, **settings: Any) -> Any:
    """A backend at a llama-server that answers with these."""
    return backend_at(wire(PROBE), anonymous(*exchanges), **settings)


def models_of(kind: str, **more: Any) -> Exchange:
    """The list of models of a server of which there is no recording."""
    return written("GET", "/v1/models", json.dumps({"data": [{"id": "r1", "owned_by": kind, **more}]}))


def sse(*chunks: Any, last: str = "data: [DONE]\n\n") -> Exchange:
    body = "".join(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks) + last
    return written("POST", "/v1/chat/completions", body, content_type="text/event-stream")


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def request(so_far: ReplySoFar | None = None, messages: tuple[Message, ...] = SUM, **params: Any) -> Request:
    return Request("r1-nano", messages, so_far, replace(PARAMS, **params))


def texts(events: list[BackendEvent]) -> str:
    return "".join(e.text for e in events if isinstance(e, Raw | Reasoning | Answer))


def thought_and_answer(reply: Reply) -> tuple[str, bool, str]:
    return reply.reasoning, reply.closed, reply.answer


def until_error(stream: Iterator[BackendEvent]) -> tuple[list[BackendEvent], R1ChatError]:
    events: list[BackendEvent] = []
    try:
        for event in stream:
            events.append(event)
    except R1ChatError as error:
        return events, error
    raise AssertionError("no error was raised")


# --- models ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/"])
def test_llama_server_tells_of_its_model(base: str) -> None:
    with backend_at(wire(PROBE), base=base) as (backend, _):
        (model,) = backend.models()
    assert (model.key, model.title) == ("openai:r1-nano", "r1-nano")
    assert (model.size, model.parameters, model.quantisation) == (5_081_856, 2_536_128, "F16")
    assert (model.context, model.trained_context) == (2048, 4096)
    assert (model.thinks, model.continues, model.loaded, model.note) == (True, True, True, "")
    assert model.backend_version == "b1-0c1e570" and len(model.template_hash) == 64


def test_llama_server_with_its_properties_switched_off_tells_less() -> None:
    with backend_at(wire(PROBE, 1)) as (backend, _):
        (model,) = backend.models()
    assert (model.context, model.continues, model.backend_version) == (2048, True, "")


def test_ollama_s_own_such_route_is_a_server_that_cannot_continue() -> None:
    with backend_at(wire("ollama/40-openai")) as (backend, _):
        models = backend.models()
    assert {model.name for model in models} >= {"r1-nano:latest", "plain:latest"}
    assert not any(model.continues for model in models) and all(
        "cannot continue" in str(model.note) for model in models
    )
    assert {model.context for model in models} == {0}


def test_vllm_tells_its_window() -> None:
    with backend_at(models_of("vllm", max_model_len=8192)) as (backend, _):
        (model,) = backend.models()
    assert (model.context, model.continues) == (8192, True)


def test_unknown_window_is_the_one_that_was_set() -> None:
    with Replay(models_of("somebody")) as server, closing(OpenAIBackend(server.url, context=4096)) as backend:
        assert backend.models()[0].context == 4096


def test_what_others_put_into_the_same_fields_does_no_harm() -> None:
    with backend_at(models_of("somebody", meta="yes", status=3, created=None)) as (backend, _):
        assert backend.models()[0].name == "r1"


def test_models_of_a_router_say_which_are_loaded() -> None:
    listed = {
        "data": [
            {"id": "one", "owned_by": "llamacpp", "status": {"value": "loaded"}},
            {"id": "/models/two.gguf", "owned_by": "llamacpp", "status": {"value": "unloaded"}},
        ]
    }
    with backend_at(written("GET", "/v1/models", json.dumps(listed))) as (backend, _):
        assert [(model.title, model.loaded) for model in backend.models()] == [("one", True), ("two", False)]


# --- fresh replies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "index"),
    [(CHAT, 0), (CHAT, 2), (CHAT, 3), (CHAT, 4), (CHAT, 5), ("llama-server/11-chat-hub-template", 0)],
    ids=["reasoning_content", "none", "deepseek", "deepseek-legacy", "auto", "leaking end token"],
)
def test_every_reasoning_format_gives_the_same_reply(name: str, index: int) -> None:
    with llama(wire(name, index)[0]) as (backend, _):
        reply = collect(backend.stream(request()))
    assert thought_and_answer(reply) == (THOUGHT, True, ANSWER) and reply.finish == "stop"


def test_reasoning_content_becomes_reasoning_and_content_becomes_answer() -> None:
    with llama(wire(CHAT, 0)[0]) as (backend, _):
        kinds = [type(event) for event in backend.stream(request()) if not isinstance(event, Progress)]
    assert kinds == sorted(kinds, key=[Reasoning, Answer, Finish].index) and set(kinds) == {Reasoning, Answer, Finish}


def test_the_other_name_of_the_field() -> None:
    with backend_at(wire("ollama/40-openai")) as (backend, _):
        events = list(backend.stream(request()))
    assert any(isinstance(event, Reasoning) for event in events)
    assert thought_and_answer(collect(events)) == (THOUGHT, True, ANSWER)
    assert events[-1] == Finish("stop", raw_reason="stop", prompt_tokens=13, completion_tokens=54)


def answered(*chunks: Any, **settings: Any) -> list[BackendEvent]:
    """The events of a reply by a server that sends these."""
    with backend_at(models_of("somebody"), sse(*chunks), **settings) as (backend, _):
        return list(backend.stream(request()))


@pytest.mark.parametrize(
    "thought",
    [
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Let me see."}]}]},  # Mistral
        {"content": [{"type": "thinking", "thinking": "Let me see."}]},
        {"content": [{"type": "reasoning", "text": "Let me see."}]},
        {"content": "", "reasoning_details": [{"type": "reasoning.text", "text": "Let me see."}]},  # OpenRouter
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}, {"summary": "Let me see."}]},
        {"reasoning": "Let me see.", "reasoning_details": [{"type": "reasoning.text", "text": "Let me see."}]},
        {"reasoning": {"content": "Let me see."}},
        {"thinking": "Let me see."},
        {"reasoning_text": "Let me see."},
    ],
)
def test_a_thought_is_a_thought_under_every_name(thought: dict[str, Any]) -> None:
    answer = [{"type": "text", "text": "Yes"}]
    reply = collect(answered(delta(**thought), delta("stop", content=answer)))
    assert thought_and_answer(reply) == ("Let me see.", True, "Yes")


def test_texts_within_each_other_without_end_are_no_text() -> None:
    endless: Any = "deep"
    for _ in range(150):
        endless = [{"type": "thinking", "thinking": endless}]
    assert texts(answered(delta(content=endless), delta("stop", content="Yes"))) == "Yes"


def test_a_refusal_is_the_answer() -> None:
    refusal = (delta(content=None, refusal="I cannot "), delta("stop", content=None, refusal="help."))
    assert collect(answered(*refusal)).answer == "I cannot help."


@pytest.mark.parametrize("field", ["tool_calls", "function_call"])
@pytest.mark.parametrize("word", ["stop", "tool_calls", None])
def test_a_call_of_a_tool_is_told(field: str, word: str | None) -> None:
    call = {"name": "weather", "arguments": "{}"}
    value: Any = [{"index": 0, "function": call}] if field == "tool_calls" else call
    reply = collect(answered(delta(word, content=None, **{field: value}), {"choices": None}))
    assert (reply.finish, reply.answer, reply.wants_tool) == ("cut", "", True)


@pytest.mark.parametrize("value", [None, []])
def test_no_tools_are_no_call(value: Any) -> None:
    reply = collect(answered(delta("stop", content="Yes", tool_calls=value, function_call=None)))
    assert (reply.finish, reply.wants_tool) == ("stop", False)


def test_unrecognised_template_that_opens_the_thought_is_asked_for_once() -> None:
    unknown = wire("llama-server/12-chat-unknown-template", 0)[0]
    with llama(unknown, wire(CONTINUE, 5)[0]) as (backend, server):
        events = list(backend.stream(request()))
        list(backend.stream(request()))
        assert len(server.asked("/apply-template")) == 1
    began = next(e for e in events if not isinstance(e, Progress))
    assert isinstance(began, Began) and began.opened
    assert thought_and_answer(collect(events)) == (THOUGHT, True, ANSWER)


def test_lone_closing_tag_is_left_to_the_parser_where_the_prompt_cannot_be_seen() -> None:
    with llama(wire("llama-server/12-chat-unknown-template", 0)[0]) as (backend, _):
        events = list(backend.stream(request()))
    assert "<think>" not in texts(events)
    assert thought_and_answer(collect(events)) == (THOUGHT, True, ANSWER)


def test_tags_in_the_content_are_passed_on() -> None:
    with llama(wire("llama-server/13-key-and-format-none", 1)[0]) as (backend, server):
        reply = collect(backend.stream(request()))
        assert not server.asked("/apply-template")
    assert thought_and_answer(reply) == (THOUGHT, True, ANSWER)


def test_progress_of_the_prompt() -> None:
    progress = next(e for e in wire(CHAT) if e.json and e.json.get("return_progress"))
    with llama(progress) as (backend, server):
        events = list(backend.stream(request()))
        assert server.requests[-1].json["return_progress"] is True
    assert [e for e in events if isinstance(e, Progress) and e.stage == "prefill"] == [
        Progress("prefill", 12, 13),
        Progress("prefill", 13, 13),
    ]


def test_usage_and_timings_become_the_finish() -> None:
    with llama(wire(CHAT, 0)[0]) as (backend, _):
        *_, last = backend.stream(request())
    assert last == Finish(
        "stop",
        raw_reason="stop",
        prompt_tokens=13,
        cached_tokens=0,
        completion_tokens=54,
        context=2048,
        prefill=0.017279,
        decode=0.024559,
    )


def test_timings_alone_tell_the_counts() -> None:
    with llama(wire(CHAT, 2)[0]) as (backend, _):
        *_, last = backend.stream(request())
    assert isinstance(last, Finish)
    assert (last.prompt_tokens, last.cached_tokens, last.completion_tokens) == (13, 12, 54)


def test_token_limit_in_mid_thought() -> None:
    cut = next(e for e in wire(CHAT) if e.json and e.json.get("max_tokens") and "logprobs" not in e.json)
    with llama(cut) as (backend, server):
        reply = collect(backend.stream(request(max_tokens=12)))
        assert server.requests[-1].json["max_tokens"] == 12
    assert (reply.finish, reply.closed, reply.answer) == ("length", False, "") and reply.reasoning


@pytest.mark.parametrize(("name", "index"), [("llama-server/21-answer-now", 1), ("llama-server/22-budget", 0)])
def test_second_closing_tag_in_the_content_is_passed_on_to_the_parser(name: str, index: int) -> None:
    with llama(wire(name, index)[0]) as (backend, _):
        reply = collect(backend.stream(request()))
    assert reply.reopened and "</think>" not in reply.answer


def test_only_the_first_of_several_samples_is_read() -> None:
    with llama(wire("llama-server/23-many", 0)[0]) as (backend, _):
        reply = collect(backend.stream(request()))
    assert reply.reasoning.startswith("I need to find 27 + 43. My first guess is 25. Wait,")
    assert reply.answer == ANSWER


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_events_may_be_cut_at_any_byte(size: int) -> None:
    with llama(wire(CHAT, 0)[0], rechunk=size) as (backend, _):
        assert thought_and_answer(collect(backend.stream(request()))) == (THOUGHT, True, ANSWER)


@pytest.mark.parametrize("break_", ["\x85", "\u2028", "\u2029"])
def test_unicode_line_breaks_inside_an_event_are_text(break_: str) -> None:
    with backend_at(models_of("somebody"), sse(delta(content=f"a{break_}b"), delta("stop"))) as (backend, _):
        assert texts(list(backend.stream(request()))) == f"a{break_}b"


def test_comments_between_events_and_windows_line_ends_are_skipped() -> None:
    body = f": waiting\r\n\r\nevent: message\r\ndata: {json.dumps(delta('stop', content='Yes'))}\r\n\r\n"
    exchange = written("POST", "/v1/chat/completions", body, content_type="text/event-stream")
    with backend_at(models_of("somebody"), exchange) as (backend, _):
        assert [e for e in backend.stream(request()) if not isinstance(e, Progress)] == [
            Raw("Yes"),
            Finish("stop", "stop"),
        ]


# --- what is sent ----------------------------------------------------------------------------------------------------


def sent_to(listing: Any, **params: Any) -> dict[str, Any]:
    with backend_at(listing, sse(delta("stop", content="Yes"))) as (backend, server):
        list(backend.stream(request(**params)))
        return dict(server.asked("/v1/chat/completions")[0].json)


def test_llama_server_gets_every_sampling_parameter_in_its_words() -> None:
    sent = sent_to(wire(PROBE), top_k=3, min_p=0.1, repeat_penalty=1.2)
    assert (sent["temperature"], sent["top_p"], sent["top_k"], sent["min_p"]) == (0.6, 0.95, 3, 0.1)
    assert (sent["repeat_penalty"], sent["seed"]) == (1.2, 7)
    assert sent["stream_options"] == {"include_usage": True}
    neutral = sent_to(wire(PROBE))
    assert (neutral["top_k"], neutral["min_p"], neutral["repeat_penalty"]) == (0, 0.0, 1.0)


def test_vllm_gets_them_in_its_own() -> None:
    sent = sent_to(models_of("vllm"), repeat_penalty=1.2)
    assert (sent["top_k"], sent["repetition_penalty"]) == (-1, 1.2) and "repeat_penalty" not in sent


def test_a_strict_server_gets_only_what_does_something() -> None:
    assert (
        not {"top_k", "min_p", "repeat_penalty", "return_progress", "max_tokens"}
        & sent_to(models_of("somebody")).keys()
    )
    assert sent_to(models_of("somebody"), top_k=5)["top_k"] == 5


def test_key_goes_with_every_request() -> None:
    with backend_at(wire(PROBE), anonymous(wire(CHAT, 0)[0]), key="secret") as (backend, server):
        list(backend.stream(request()))
        assert {r.headers.get("Authorization") for r in server.requests} == {"Bearer secret"}


def test_no_connection_is_used_twice() -> None:
    with llama(*wire(CONTINUE, 5, 7)) as (backend, server):
        for _ in range(2):
            list(backend.stream(request(ReplySoFar(PARTIAL))))
        ports = [r.port for r in server.requests]
    assert len(ports) == 6 == len(set(ports))


def test_history_shows_thoughts_that_the_template_would_drop() -> None:
    messages = (*SUM, Message("assistant", "70", reasoning="7 + 3"), Message("assistant", "so 70"), *SUM)
    prompt = "27 + 43 = ?<A>\u20601\u2060<E><A>so 70<E>27 + 43 = ?<A><think>\n"
    rendered = written("POST", "/apply-template", json.dumps({"prompt": prompt}))
    completion = written(
        "POST", "/completion", 'data: {"content":"70","stop":true}\n\n', content_type="text/event-stream"
    )
    with llama(rendered, completion) as (backend, server):
        list(backend.stream(request(messages=messages)))
        sent = server.asked("/completion")[-1].json["prompt"]
    assert sent == "27 + 43 = ?<A><think>\n7 + 3\n</think>\n\n70<E><A>so 70<E>27 + 43 = ?<A><think>\n"


def test_history_of_a_server_without_that_route_carries_thoughts_in_their_field() -> None:
    messages = (*SUM, Message("assistant", "70", reasoning="7 + 3"), Message("assistant", "so 70"), *SUM)
    with llama(wire(CHAT, 0)[0]) as (backend, server):
        list(backend.stream(request(messages=messages)))
        assert server.requests[-1].json["messages"][1:3] == [
            {"role": "assistant", "content": "70", "reasoning_content": "7 + 3"},
            {"role": "assistant", "content": "so 70"},
        ]


# --- continuing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "so_far", "expected"),
    [
        (6, ReplySoFar(PARTIAL), (THOUGHT, True, ANSWER)),
        (7, ReplySoFar(PARTIAL, closed=True), (PARTIAL, True, "答案是 \\boxed{10}.")),
    ],
    ids=["in the thought", "answer now"],
)
def test_llama_server_continues_from_the_prompt_as_it_renders_it(
    index: int, so_far: ReplySoFar, expected: tuple[str, bool, str]
) -> None:
    render, raw = wire(CONTINUE, 5, index)
    with llama(render, raw) as (backend, server):
        events = list(backend.stream(request(so_far)))
        assert server.requests[-2].json["messages"] == render.json["messages"]
        assert server.requests[-1].json["prompt"] == raw.json["prompt"]
    reply = collect(events, so_far)
    assert thought_and_answer(reply) == expected
    assert (reply.finish, reply.raw_finish, reply.usage.context) == ("stop", "eos", 2048)
    assert isinstance(events[-1], Finish) and events[-1].completion_tokens


@pytest.mark.parametrize(
    ("so_far", "end"),
    [
        (ReplySoFar("", closed=True), "<think>\n\n</think>\n\n"),
        (ReplySoFar(THOUGHT, True, "The answer"), f"<think>\n{THOUGHT}\n</think>\n\nThe answer"),
        (ReplySoFar("", False, "I need"), "<think>\nI need"),
    ],
    ids=["skipped thought", "in the answer", "no tag so far"],
)
def test_raw_prompt_ends_where_the_reply_stands(so_far: ReplySoFar, end: str) -> None:
    with llama(*wire(CONTINUE, 5, 7)) as (backend, server):
        list(backend.stream(request(so_far, max_tokens=20)))
        raw = server.requests[-1].json
    assert raw["prompt"] == f"<｜User｜>27 + 43 = ?<｜Assistant｜>{end}"
    assert (raw["n_predict"], raw["return_progress"]) == (20, True)


def test_llama_server_without_that_route_continues_the_final_message() -> None:
    in_thought, in_answer = wire(CONTINUE, 0, 1)
    with llama(in_thought, in_answer) as (backend, server):
        so_far = ReplySoFar(PARTIAL)
        assert thought_and_answer(collect(backend.stream(request(so_far)), so_far)) == (THOUGHT, True, ANSWER)
        first = server.requests[-1].json
        so_far = ReplySoFar(THOUGHT, True, "The answer is")
        assert thought_and_answer(collect(backend.stream(request(so_far)), so_far)) == (THOUGHT, True, ANSWER)
        second = server.requests[-1].json
    # the server adds no newline around its tags
    assert first["messages"][-1] == {"role": "assistant", "reasoning_content": f"\n{PARTIAL}", "content": ""}
    assert (first["continue_final_message"], first["add_generation_prompt"]) == ("reasoning_content", False)
    last = {"role": "assistant", "reasoning_content": f"\n{THOUGHT}\n", "content": "\n\nThe answer is"}
    assert (second["messages"][-1], second["continue_final_message"]) == (last, "content")


@pytest.mark.parametrize("closed", [False, True])
def test_llama_server_without_that_route_goes_on_in_a_second_thought(closed: bool) -> None:
    later = (LaterThought(len("Two.\n\n"), len("It is 4.")),)
    so_far = ReplySoFar("Two.\n\nWait, 3", closed, "It is 4.\n\nOr" if closed else "It is 4.", later)
    rest = sse(delta("stop", content=" 6." if closed else " + 3.\n</think>\n\nOr 6."))
    with llama(rest) as (backend, server):
        reply = collect(backend.stream(request(so_far)), so_far)
        sent = server.requests[-1].json
    end = "Wait, 3\n</think>\n\nOr" if closed else "Wait, 3"
    last = {"role": "assistant", "reasoning_content": "\nTwo.\n", "content": f"\n\nIt is 4.\n\n<think>\n{end}"}
    assert (sent["messages"][-1], sent["continue_final_message"]) == (last, "content")
    assert segments(reply.reasoning, reply.answer, reply.later) == [
        ("Two.", "It is 4."),
        ("Wait, 3" if closed else "Wait, 3 + 3.", "Or 6."),
    ]


def test_llama_server_without_that_route_cannot_continue_a_reply_without_a_thought() -> None:
    with llama(wire(CONTINUE, 1)[0]) as (backend, _), pytest.raises(UnsupportedError):
        list(backend.stream(request(ReplySoFar("", False, "I need"))))


def test_vllm_whose_tokens_cannot_be_asked_for_continues_the_final_message() -> None:
    rest = sse(delta(reasoning="3=10."), delta("stop", content="\n\n10"))
    with backend_at(models_of("vllm"), rest) as (backend, server):
        reply = collect(backend.stream(request(ReplySoFar("7+"))), ReplySoFar("7+"))
        sent = server.requests[-1].json
    assert sent["messages"][-1] == {"role": "assistant", "content": "<think>\n7+"}
    assert (sent["continue_final_message"], sent["add_generation_prompt"]) == (True, False)
    assert thought_and_answer(reply) == ("7+3=10.", True, "10")


def test_vllm_s_adapter_is_a_child_of_its_model_with_its_window() -> None:
    with backend_at(wire("vllm/01-models")) as (backend, _):
        parent, child = backend.models()
    assert (child.name, child.parent, child.context) == ("child", parent.key, 2048)
    assert child.continues and child.recalls and child.template_hash == parent.template_hash


def test_a_thought_that_vllm_s_template_opens_is_a_thought_from_its_first_word() -> None:
    with backend_at(wire("vllm/01-models"), wire("vllm/10-chat")) as (backend, server):
        events = list(backend.stream(request(temperature=0.0)))
        sent = server.asked("/v1/chat/completions")[0].json
    began = next(event for event in events if isinstance(event, Began))
    assert began.opened and events.index(began) < events.index(next(e for e in events if isinstance(e, Raw)))
    reply = collect(iter(events))
    assert reply.closed and reply.reasoning.startswith("Okay, let me find") and reply.answer == ANSWER
    assert sent["skip_special_tokens"] is False, "</think> is a control token here, and would not be written out"


VLLM_THOUGHT = "I need to find 27 + 43.\n7+3=10→0\n"


@pytest.mark.parametrize(
    ("so_far", "prompt", "answer"),
    [
        (ReplySoFar(VLLM_THOUGHT), f"<think>\n{VLLM_THOUGHT}", ANSWER),
        (
            ReplySoFar(VLLM_THOUGHT, closed=True),
            f"<think>\n{VLLM_THOUGHT.rstrip()}\n</think>\n\n",
            "The answer is \\boxed{1}.",
        ),
        (
            ReplySoFar(f"{VLLM_THOUGHT}2+4+1=7→70\nSo it is 70.", closed=True, answer="The answer is"),
            "So it is 70.\n</think>\n\nThe answer is",
            ANSWER,
        ),
    ],
    ids=["in the thought", "behind it", "in the answer"],
)
def test_vllm_goes_on_from_the_prompt_as_text(so_far: ReplySoFar, prompt: str, answer: str) -> None:
    with backend_at(wire("vllm/01-models"), wire("vllm/20-continue")) as (backend, server):
        reply = collect(backend.stream(request(so_far, temperature=0.0)), so_far)
        body = server.asked("/v1/completions")[0].json
        counted = server.asked("/tokenize")[1].json
    assert counted["prompt"].endswith(prompt) and counted["add_special_tokens"] is False
    assert body["max_tokens"] == 2048 - len(body["prompt"]), "it would end after 16 tokens"
    assert reply.closed and reply.answer == answer


def test_an_answer_at_once_is_no_thought_where_vllm_parts_them_itself() -> None:
    parted = sse(delta(reasoning="7+3=10."), delta("stop", content="10"))
    at_once = sse(delta("stop", content="It is 10."))
    with backend_at(wire("vllm/01-models"), wire("vllm/10-chat", 0, 1), parted, at_once) as (backend, _):
        assert thought_and_answer(collect(backend.stream(request()))) == ("7+3=10.", True, "10")
        assert thought_and_answer(collect(backend.stream(request()))) == ("", False, "It is 10.")


def test_what_comes_after_a_closed_thought_is_answer_whatever_the_server_calls_it() -> None:
    so_far = ReplySoFar("7+3=10.", closed=True, answer="It is")
    with backend_at(models_of("vllm"), sse(delta("stop", reasoning=" 10."))) as (backend, _):
        assert thought_and_answer(collect(backend.stream(request(so_far)), so_far)) == ("7+3=10.", True, "It is 10.")


def test_other_servers_cannot_continue() -> None:
    with backend_at(wire("ollama/40-openai")) as (backend, server):
        with pytest.raises(UnsupportedError, match="cannot continue a reply"):
            list(backend.stream(request(ReplySoFar("I need"))))
        assert not server.asked("/v1/chat/completions")


def test_a_reply_of_which_nothing_came_is_begun_afresh_anywhere() -> None:
    with backend_at(wire("ollama/40-openai")) as (backend, _):
        assert collect(backend.stream(request(ReplySoFar()))).answer == ANSWER


# --- endings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["", "data: [DONE]\n\n"])
def test_stream_that_never_says_why_it_ends_was_cut(last: str) -> None:
    with backend_at(models_of("somebody"), sse(delta(content="Well"), last=last)) as (backend, _):
        assert list(backend.stream(request()))[-1] == Finish("cut")


@pytest.mark.parametrize(
    ("word", "finish"),
    [
        *((word, "stop") for word in ("stop", "STOP", "eos_token", "end_turn", "stop_sequence", "COMPLETE")),
        *((word, "length") for word in ("length", "max_tokens", "model_length")),
        *((word, "cut") for word in ("content_filter", "insufficient_system_resource", "abort", "error", "tool_calls")),
    ],
)
def test_only_a_reply_that_its_server_calls_whole_is_whole(word: str, finish: str) -> None:
    chunks = (delta(content="Turn off the"), delta(word))
    with Replay(models_of("me"), sse(*chunks)) as server, closing(OpenAIBackend(server.url)) as backend:
        last = list(backend.stream(request()))[-1]
    assert isinstance(last, Finish)
    assert (last.reason, last.raw_reason) == (finish, word)


def test_reason_without_the_done_line_is_no_cut() -> None:
    with backend_at(models_of("somebody"), sse(delta("stop", content="Yes"), last="")) as (backend, _):
        assert list(backend.stream(request()))[-1] == Finish("stop", "stop")


def test_server_that_dies_breaks_the_reply_after_its_text() -> None:
    with llama(wire("llama-server/32-server-dies", 0)[0]) as (backend, server):
        events, error = until_error(backend.stream(request(messages=STORY)))
    assert texts(events).startswith("\n * * *")
    assert isinstance(error, GenerationError) and server.url in str(error) and "kept" in str(error)


@pytest.mark.parametrize("error", [{"message": "out of memory", "code": 500}, "out of memory"])
def test_error_in_mid_stream_breaks_the_reply_after_its_text(error: Any) -> None:
    with backend_at(models_of("somebody"), sse(delta(content="Well"), {"error": error})) as (backend, _):
        events, raised = until_error(backend.stream(request()))
    assert texts(events) == "Well"
    assert isinstance(raised, GenerationError) and "out of memory" in str(raised)


@pytest.mark.parametrize(
    "lines",
    [
        'data: {"object": "error", "message": "out of memory", "code": 500}\n\n',
        'data: {"detail": "out of memory"}\n\n',
        'event: error\ndata: {"message": "out of memory", "code": 503}\n\n',
        'event: error\ndata: {"error": {"message": "out of memory"}}\n\n',
        "event: error\ndata: out of memory\n\n",
    ],
)
def test_an_error_in_mid_stream_is_told_in_the_servers_words_in_every_form(lines: str) -> None:
    before = 'event: message\ndata: {"choices": []}\n\n'
    with backend_at(models_of("me"), sse(delta(content="Well"), last=before + lines), key=KEY) as (backend, _):
        events, raised = until_error(backend.stream(request()))
    assert texts(events) == "Well"
    assert isinstance(raised, GenerationError) and "broke off: out of memory." in str(raised)


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": None},
        {"choices": [], "usage": "much"},
        {"choices": [], "usage": {"prompt_tokens_details": []}},
        {"choices": [], "timings": [1], "prompt_progress": {"total": "x"}, "tokens": None, "stop": None},
        {"choices": [{"index": None, "delta": None, "message": None}]},
        {"choices": [{"index": 0, "delta": None, "message": {"content": "Well, yes", "reasoning": "Hm"}}]},
        {"choices": [{"index": 0, "delta": {}, "message": {"content": "Well, yes"}}]},
    ],
)
@pytest.mark.parametrize("rechunk", [0, 1])
def test_odd_fields_do_not_break_a_good_reply(odd: dict[str, Any], rechunk: int) -> None:
    pieces = (delta(reasoning="Hm"), delta(content="Well,"), delta(content=" yes"))
    reply = collect(answered(*pieces, odd, delta("stop"), rechunk=rechunk))
    assert (*thought_and_answer(reply), reply.finish) == ("Hm", True, "Well, yes", "stop")


def test_a_whole_message_at_the_end_repeats_no_thought_that_stood_between_tags() -> None:
    whole = {"index": 0, "message": {"content": "Well", "reasoning_content": "Hm"}, "finish_reason": "stop"}
    assert texts(answered(delta(content="<think>Hm</think>Well"), {"choices": [whole]})) == "<think>Hm</think>Well"


@pytest.mark.parametrize("odd", [{"choices": "none"}, {"choices": [{"delta": "text"}]}, {"choices": [7]}])
def test_choices_that_cannot_be_read_break_the_reply_off_since_text_might_be_lost(odd: dict[str, Any]) -> None:
    with backend_at(models_of("me"), sse(delta(content="Well"), odd, delta("stop"))) as (backend, _):
        events, raised = until_error(backend.stream(request()))
    assert texts(events) == "Well" and "cannot be read" in str(raised)


@pytest.mark.parametrize("rechunk", [0, 1])
def test_a_byte_order_mark_takes_no_text_away(rechunk: int) -> None:
    whole = {"choices": [{"message": {"content": "Well"}, "finish_reason": "stop"}]}
    stream = sse(delta(content="Well"), delta("stop"))
    marked = replace(stream, chunks=tuple((at, f"\ufeff{text}") for at, text in stream.chunks))
    for exchange in (marked, written("POST", "/v1/chat/completions", f"\ufeff{json.dumps(whole)}")):
        with backend_at(models_of("me"), exchange, rechunk=rechunk) as (backend, _):
            assert collect(backend.stream(request())).answer == "Well"


def test_a_whole_message_counts_where_no_pieces_come() -> None:
    whole = {"index": 0, "delta": {}, "message": {"content": "Well", "reasoning": "Hm"}, "finish_reason": "stop"}
    assert thought_and_answer(collect(answered({"choices": [whole]}))) == ("Hm", True, "Well")


def test_iterator_closed_in_mid_stream_closes_the_connection() -> None:
    with llama(wire("llama-server/31-client-left", 0)[0]) as (backend, server):
        with closing(backend.stream(request(messages=STORY))) as stream:
            assert any(isinstance(event, Reasoning) for event in stream)
        assert server.requests[-1].left.wait(10)


def test_iterator_closed_before_the_first_byte_closes_the_connection() -> None:
    with llama(replace(wire(CHAT, 0)[0], stalls_after=-1)) as (backend, server):
        with closing(backend.stream(request())) as stream:
            while not server.asked("/v1/chat/completions"):
                assert next(stream) == Progress("waiting")
        assert server.requests[-1].left.wait(10)


def test_heartbeats_repeat_the_progress_of_the_prompt() -> None:
    progress = next(e for e in wire(CHAT) if e.json and e.json.get("return_progress"))
    with llama(replace(progress, stalls_after=1)) as (backend, _), closing(backend.stream(request())) as stream:
        while next(stream) != Progress("prefill", 12, 13):
            pass
        assert next(stream) == Progress("prefill", 12, 13)


# --- warming ---------------------------------------------------------------------------------------------------------


def test_warming_llama_server_only_fills_its_cache() -> None:
    rendered = written("POST", "/apply-template", json.dumps({"prompt": "A70<end><User>\u2063<Assistant><think>\n"}))
    filled = written("POST", "/completion", 'data: {"content":"","stop":true}\n\n', content_type="text/event-stream")
    with backend_at(wire(PROBE), rendered, filled) as (backend, server):
        backend.warm(request(messages=(*SUM, Message("assistant", "70"))))
        warm = server.requests[-1].json
    assert (warm["prompt"], warm["n_predict"]) == ("A70<end><User>", 0)


def test_warming_gives_way_to_a_message() -> None:
    stalled = replace(wire(CONTINUE, 7)[0], stalls_after=-1)
    with llama(wire(CONTINUE, 5)[0], stalled, wire(CHAT, 0)[0]) as (backend, server):
        warming = threading.Thread(target=backend.warm, args=(request(),))
        warming.start()
        while warming.is_alive() and not server.asked("/completion"):
            warming.join(0.01)
        assert collect(backend.stream(request())).answer == ANSWER
        warming.join(10)
        assert not warming.is_alive()
        assert server.asked("/completion")[0].left.wait(10)


def test_warming_others_does_nothing_and_never_raises() -> None:
    with backend_at(wire("ollama/40-openai")) as (backend, server):
        backend.warm(request())
        assert [r.path for r in server.requests] == ["/v1/models"]
    with closing(OpenAIBackend("http://127.0.0.1:1")) as backend:
        backend.warm(request())


# --- refusals --------------------------------------------------------------------------------------------------------


KEY = "sk-a-key-that-nobody-should-see"


@pytest.mark.parametrize("status", [401, 400, 500])
def test_a_key_that_a_server_repeats_is_cut_out_of_its_words(status: int) -> None:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: Bearer {KEY}."}})
    refused = replace(written("GET", "/v1/models", body), status=status)
    with backend_at(refused, key=KEY) as (backend, _), pytest.raises(BackendError, match="Incorrect API key") as caught:
        backend.models()
    assert all(KEY not in sentence for sentence in (caught.value.sentence("en"), caught.value.sentence("zh")))


def test_a_key_that_a_server_repeats_in_mid_stream_is_cut_out_of_its_words() -> None:
    events = ({"choices": [{"delta": {"content": "Hm"}}]}, {"error": {"message": f"quota of {KEY}"}})
    lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    reply = Exchange(
        "POST",
        "/v1/chat/completions",
        headers={"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"},
        chunks=((0.0, lines),),
    )
    models = written("GET", "/v1/models", '{"data": [{"id": "parrot"}]}')
    with backend_at(models, reply, key=KEY) as (backend, _), pytest.raises(BackendError, match="quota of") as caught:
        list(backend.stream(Request("parrot", SUM, None, PARAMS)))
    assert KEY not in caught.value.sentence("en")


def test_an_error_of_megabytes_is_kept_as_a_sentence() -> None:
    refused = replace(written("GET", "/v1/models", json.dumps({"error": "no " * 1_000_000})), status=500)
    with backend_at(refused) as (backend, _), pytest.raises(BackendError, match="refuses") as caught:
        backend.models()
    assert len(caught.value.sentence("en")) < 1500


def test_a_model_without_a_name_that_can_be_used_does_not_hide_the_others() -> None:
    entries = '[{"id": 7}, null, {"id": "\\ud800"}, {"id": "parrot"}, {"object": "model"}]'
    with backend_at(written("GET", "/v1/models", f'{{"data": {entries}}}')) as (backend, _):
        models = backend.models()
        assert [(model.name, model.ready) for model in models] == [("\ufffd", False), ("parrot", True)]
        assert "no Unicode" in str(models[0].note)


@pytest.mark.parametrize(
    "odd", [{"owned_by": 5}, {"parent": 5}, {"meta": [1]}, {"meta": {"n_ctx": "x", "ftype": 3}}, {"status": "loaded"}]
)
def test_an_odd_field_of_a_model_hides_no_model(odd: dict[str, Any]) -> None:
    listed = {"data": [{"id": "odd", "owned_by": "llamacpp", **odd}, {"id": "even", "owned_by": "llamacpp"}]}
    with backend_at(written("GET", "/v1/models", json.dumps(listed))) as (backend, _):
        assert [model.name for model in backend.models()] == ["odd", "even"]


def test_wrong_key_says_where_to_put_the_right_one() -> None:
    refused = wire("llama-server/13-key-and-format-none", 2)[0]
    with backend_at(refused) as (backend, _), pytest.raises(UnreachableError, match="R1CHAT_API_KEY"):
        backend.models()


def test_wrong_key_is_no_crash_in_a_reply() -> None:
    with llama(wire("llama-server/13-key-and-format-none", 0)[0]) as (backend, _):
        _, error = until_error(backend.stream(request()))
    assert "Invalid API Key" in str(error)


def test_prompt_that_does_not_fit_is_said_with_its_numbers() -> None:
    with llama(wire("llama-server/30-errors", 2)[0]) as (backend, _):
        _, error = until_error(backend.stream(request()))
    assert isinstance(error, ContextError)
    assert (error.needed, error.context) == (13_894, 2048)
    assert "13,894" in str(error) and "2,048" in str(error)
    assert "对话长 13,894 个 token，而窗口只能容纳 2,048 个 token" in error.sentence("zh")


@pytest.mark.parametrize(
    "sentence",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages, "
        "100 in the completion). Please reduce the length of the messages or completion.",
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
        "'max_tokens' is too large: 100. This model's maximum context length is 4096 tokens and your request has 5000 "
        "input tokens.",
    ],
)
def test_other_servers_word_a_long_prompt_differently(sentence: str) -> None:
    body = json.dumps({"error": {"message": sentence, "type": "BadRequestError", "code": 400}})
    exchange = written("POST", "/v1/chat/completions", body, 400)
    with backend_at(models_of("vllm"), exchange) as (backend, _):
        _, error = until_error(backend.stream(request()))
    assert isinstance(error, ContextError) and (error.needed, error.context) == (5000, 4096)


def test_unknown_model() -> None:
    with backend_at(wire("ollama/40-openai", 0), anonymous(wire("ollama/40-openai", 3)[0])) as (backend, _):
        _, error = until_error(backend.stream(request()))
    assert isinstance(error, UnknownModelError) and "'r1-nano'" in str(error)


def test_route_that_is_not_there_speaks_of_the_address() -> None:
    elsewhere = replace(wire("llama-server/30-errors", 5)[0], path="/v2/models")
    with backend_at(elsewhere, base="/v2") as (backend, _), pytest.raises(UnreachableError, match="/v1"):
        backend.models()


def test_template_with_which_a_reply_cannot_be_continued() -> None:
    refused = replace(wire("llama-server/30-errors", 4)[0], json=None)
    with backend_at(models_of("vllm"), refused) as (backend, _):
        _, error = until_error(backend.stream(request(ReplySoFar("7 + 3", closed=True))))
    assert isinstance(error, UnsupportedError) and "fresh" in str(error)


@pytest.mark.parametrize("index", [0, 1])
def test_other_refusals_carry_the_server_s_words(index: int) -> None:
    exchange = wire("llama-server/30-errors", index)[0]
    with llama(exchange) as (backend, _):
        _, error = until_error(backend.stream(request()))
    assert isinstance(error, GenerationError)
    assert json.loads(exchange.chunks[0][1])["error"]["message"] in str(error)


@pytest.mark.parametrize("status", [200, 404, 502])
def test_html_means_that_it_is_not_such_a_server(status: int) -> None:
    html = "<!DOCTYPE html><html><body>Welcome to nginx!</body></html>"
    listing = written("GET", "/v1/models", html, status, "text/html")
    with backend_at(listing) as (backend, _), pytest.raises(UnreachableError, match="is no OpenAI-compatible server"):
        backend.models()
    chat = written("POST", "/v1/chat/completions", html, status, "text/html")
    with backend_at(models_of("somebody"), chat) as (backend, _):
        _, error = until_error(backend.stream(request()))
    assert isinstance(error, UnreachableError)


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"data": [{}]}'])
def test_json_of_something_else_is_not_such_a_server(body: str) -> None:
    listing = written("GET", "/v1/models", body)
    with backend_at(listing) as (backend, _), pytest.raises(UnreachableError, match="is no OpenAI-compatible server"):
        backend.models()


def test_redirects_are_not_followed() -> None:
    moved = written("GET", "/v1/models", "", 307)
    moved = replace(moved, headers={**moved.headers, "Location": "http://elsewhere.example/"})
    with backend_at(moved) as (backend, server):
        with pytest.raises(UnreachableError, match=r"elsewhere\.example"):
            backend.models()
        assert len(server.requests) == 1


def test_nobody_there_says_what_to_check() -> None:
    with closing(OpenAIBackend("127.0.0.1:1")) as backend:
        with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:1/v1.*--base-url") as raised:
            backend.models()
        assert raised.value.sentence("zh").startswith(
            "无法连接 http://127.0.0.1:1/v1 的 OpenAI 兼容服务器（那里没有程序应答）"
        )
        with pytest.raises(UnreachableError):
            list(backend.stream(request()))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "127.1", "2130706433", "0", "[::ffff:127.0.0.1]"])
def test_proxies_from_the_environment_do_not_see_local_traffic(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with (
        Replay(wire(PROBE)) as server,
        closing(OpenAIBackend(server.url.replace("127.0.0.1", host) + "/v1")) as backend,
    ):
        assert backend.models()[0].name == "r1-nano"


NO_ADDRESSES = (
    "ftp://example.com",
    "http://",
    "http://[::1",
    "http://xn--/v1",
    "http://xn--a/v1",
    "http://a:99999",
    "http://a:0",
)


@pytest.mark.parametrize("value", ["", *NO_ADDRESSES])
def test_base_url_that_is_no_address(value: str) -> None:
    with pytest.raises(ConfigError, match="--base-url"):
        OpenAIBackend(value)


# --- odd streams of the real world -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(WIRE))
def test_recorded_deltas_give_what_a_person_expects(name: str) -> None:
    deltas = json.loads((DATA / "wire" / f"{name}.json").read_text(encoding="utf-8"))
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in (*chunks, delta("stop"))) + "data: [DONE]\n\n"
    stream = written("POST", "/v1/chat/completions", body, content_type="text/event-stream")
    with backend_at(models_of("else"), stream) as (backend, _):
        reply = collect(backend.stream(request()))
    assert (reply.reasoning, reply.answer, reply.finish) == (*WIRE[name], "stop")


def event_stream(body: str) -> Exchange:
    return written("POST", "/v1/chat/completions", body, content_type="text/event-stream")


FIRST = f"data: {json.dumps(delta(content='It is '))}\n\n"
LAST = f"data: {json.dumps(delta('stop', content='70.'))}\n\ndata: [DONE]\n\n"


PARTS = delta("stop", content=[{"type": "text", "text": "70."}])  # type: ignore[arg-type]
WHOLE = {"choices": [{"message": {"content": "It is 70."}, "finish_reason": "stop"}]}
HALF = 'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n'
WRONG = {"choices": [{"delta": {"content": 7}, "finish_reason": "stop"}], "usage": {"completion_tokens": -3}}


@pytest.mark.parametrize(
    ("exchange", "answer"),
    [
        (event_stream(FIRST[:-2] + LAST), "It is 70."),
        (event_stream(FIRST.strip() + "\n" + LAST), "It is 70."),
        (event_stream(f"{FIRST}data: {json.dumps(PARTS)}\n\n"), "It is 70."),
        (written("POST", "/v1/chat/completions", json.dumps(WHOLE)), "It is 70."),
        (event_stream(FIRST + HALF + LAST), "It is \ufffd70."),
        (event_stream(f"{FIRST}data: {json.dumps(WRONG)}\n\n"), "It is"),
    ],
    ids=["two in a line", "two in an event", "parts", "no stream", "half a surrogate", "wrong types"],
)
def test_one_odd_piece_costs_nothing_of_the_rest(exchange: Exchange, answer: str) -> None:
    with backend_at(models_of("else"), exchange) as (backend, _):
        reply = collect(backend.stream(request()))
    assert (reply.answer, reply.finish) == (answer, "stop")


def test_a_line_that_cannot_be_read_keeps_what_came_before() -> None:
    with backend_at(models_of("else"), event_stream(FIRST + 'data: {"choices": [\n\n' + LAST)) as (backend, _):
        events, error = until_error(backend.stream(request()))
    assert texts(events) == "It is " and isinstance(error, GenerationError) and "is kept" in str(error)


def test_a_line_without_end_is_left() -> None:
    endless = FIRST + "data: " + "x" * (17 << 20)
    with backend_at(models_of("else"), event_stream(endless)) as (backend, _):
        events, error = until_error(backend.stream(request()))
    assert texts(events) == "It is " and "16 MB" in str(error)


def test_a_compressed_body_is_refused() -> None:
    bomb = replace(event_stream(FIRST), headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"})
    with backend_at(models_of("else"), bomb) as (backend, server):
        _, error = until_error(backend.stream(request()))
        assert server.requests[-1].json["stream"] is True
    assert isinstance(error, GenerationError) and "compressed" in str(error)


# --- thinking as a choice --------------------------------------------------------------------------------------------

QWEN = (
    "{% for m in messages %}<U>{{ m.content }}{% endfor %}<A>"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
)
QWEN_PROPS = written("GET", "/props", json.dumps({"chat_template": QWEN}))


def at_qwen(*exchanges: Exchange) -> Any:
    entry = {"data": [{"id": "qwen", "owned_by": "llamacpp"}]}
    return backend_at(written("GET", "/v1/models", json.dumps(entry)), QWEN_PROPS, *exchanges)


def test_off_is_asked_for_in_the_way_of_the_template() -> None:
    with at_qwen(event_stream(LAST)) as (backend, server):
        assert backend.models()[0].reasoning.choices == ("off", "on")
        list(backend.stream(replace(request(), model="qwen", thinking="off")))
        assert server.asked("/v1/chat/completions")[-1].json["chat_template_kwargs"] == {"enable_thinking": False}
        list(backend.stream(replace(request(), model="qwen")))
        assert "chat_template_kwargs" not in server.asked("/v1/chat/completions")[-1].json


def test_off_that_is_a_word_of_the_system_prompt_is_said_there() -> None:
    folder = Path(__file__).parent / "data" / "formats" / "templates"
    template = (folder / "NVIDIA-Nemotron-Nano-v2.jinja").read_text(encoding="utf-8")
    entry = {"data": [{"id": "nemotron", "owned_by": "llamacpp"}]}
    props = written("GET", "/props", json.dumps({"chat_template": template}))
    with backend_at(written("GET", "/v1/models", json.dumps(entry)), props, event_stream(LAST)) as (backend, server):
        form = backend.models()[0].reasoning
        assert form is not None and form.choices == ("off", "on")
        messages = (Message("system", "Be brief."), *SUM)
        list(backend.stream(replace(request(messages=messages), model="nemotron", thinking="off")))
        assert server.asked("/v1/chat/completions")[-1].json["messages"][0]["content"] == "Be brief.\n/no_think"
        list(backend.stream(replace(request(messages=messages), model="nemotron")))
        assert server.asked("/v1/chat/completions")[-1].json["messages"][0]["content"] == "Be brief."


def test_a_server_whose_template_is_not_known_does_not_steer_a_thought() -> None:
    with backend_at(written("GET", "/v1/models", '{"data":[{"id":"novel-7b","owned_by":"vllm"}]}')) as (backend, _):
        model = backend.models()[0]
        assert not model.continues and "cannot be steered" in str(model.note)
        _, error = until_error(backend.stream(replace(request(ReplySoFar("7 + 3")), model="novel-7b")))
    assert isinstance(error, UnsupportedError)


def test_an_address_with_a_password_in_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="Leave it out") as caught:
        parse_base_url("http://user:secret@127.0.0.1:8080/v1")
    assert "secret" not in str(caught.value)


NO_KEYS = ("sk-abc\u200bdef", "sk-abc\u2028def", "sk–abc", "skä", "sk abc", "sk\nabc", "sk-\ud800")


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_that_no_header_takes_is_refused_without_showing_it(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="no key has") as refused:
        OpenAIBackend("127.0.0.1:1", key)
    assert key not in str(refused.value)
    for name in ("api_key", "hub_token"):
        with pytest.raises(ConfigError, match=rf"{name} = '…': it holds a character that no key has"):
            load(data_dir=tmp_path, **{name: key})
    assert load(data_dir=tmp_path, api_key=" sk-abc\n").api_key.get_secret_value() == "sk-abc"


def test_a_server_that_cannot_be_used_is_not_kept(tmp_path: Path) -> None:
    with closing(build(load(data_dir=tmp_path), {})) as app:
        for url, key in [("http://127.0.0.1:1/v1", NO_KEYS[0]), *((url, "") for url in NO_ADDRESSES)]:
            with pytest.raises(ConfigError):
                app.add_server(url, key)
        assert app.servers.all() == () and app.catalogue.statuses() == []
    assert not (tmp_path / "servers.json").exists()


def test_an_entry_of_the_list_of_servers_that_cannot_be_used_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path))  # the person's usual folder
    entries = [{"url": "http://127.0.0.1:1/v1", "key": NO_KEYS[0]}, *({"url": url} for url in NO_ADDRESSES)]
    (tmp_path / "servers.json").write_text(json.dumps(entries), encoding="utf-8")
    with closing(build(load(data_dir=tmp_path), {})) as app:
        assert all("is left out" in status.error for status in app.catalogue.statuses(fresh=True, patience=None))
        assert len(app.catalogue.statuses()) == len(entries)
        for server in app.servers.all():
            app.remove_server(server.id)
        assert app.catalogue.statuses() == []
    assert json.loads((tmp_path / "servers.json").read_text(encoding="utf-8")) == []


def test_a_server_with_a_long_address_is_removed_by_an_id_that_a_page_can_send(tmp_path: Path) -> None:
    url = "https://gateway.example/v1/0123456789abcdef0123456789abcdef/my-gateway/openai"
    with closing(build(load(data_dir=tmp_path), {})) as app:
        app.add_server(url, "sk-abc")
        (server,) = app.servers.all()
        page = json.dumps(registry.perform(app, Act("settings"))["blocks"], default=str)
        assert server.id in page
        registry.perform(app, Act.read(Payload({"verb": "remove-server", "id": server.id})))
        assert app.servers.all() == () and "sk-abc" not in (tmp_path / "servers.json").read_text(encoding="utf-8")

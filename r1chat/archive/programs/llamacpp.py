"""llama.cpp's own page. Pure.

Its exports are JSON Lines, a line for the conversation and one for each message, one conversation after the other (or
a zip of such files); before 2026 they were an object, or a list of objects, with `conv` and `messages`. Messages are a
tree below one of the type "root".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, reply_of
from r1chat.archive.untrusted import clean, first_text, identifier, mapping, moment, sequence

_NAMESPACE = uuid5(NAMESPACE_URL, "https://github.com/ggml-org/llama.cpp")


def is_llamacpp(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a whole conversation."""
    return isinstance(entry.get("conv"), dict) and isinstance(entry.get("messages"), list)


def read_llamacpp(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of a whole conversation."""
    return _read(mapping(entry.get("conv")), sequence(entry.get("messages")))


def is_llamacpp_line(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a line of a conversation."""
    return begins_llamacpp(entry) or "convId" in _unwrapped(entry)


def begins_llamacpp(entry: Mapping[str, Any]) -> bool:
    """Whether a line is the first one of a conversation."""
    return entry.get("type") == "session" or {"lastModified", "currNode"} <= entry.keys()


def llamacpp_conversation(entry: Mapping[str, Any]) -> str:
    """The conversation that a line belongs to."""
    return identifier(entry.get("id")) if begins_llamacpp(entry) else identifier(_unwrapped(entry).get("convId"))


def read_llamacpp_lines(entries: Sequence[Mapping[str, Any]]) -> ForeignChat:
    """The chat of all lines of a conversation."""
    info = next(filter(begins_llamacpp, entries), None)
    if info is None:
        info = {"id": llamacpp_conversation(entries[0])}
    return _read(info, [_unwrapped(entry) for entry in entries if not begins_llamacpp(entry)])


def _unwrapped(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(entry.get("message")) if entry.get("type") == "message" else entry


def _read(info: Mapping[str, Any], messages: Sequence[Any]) -> ForeignChat:
    chat = ForeignChat(
        "llamacpp",
        identifier(info.get("id")),
        _NAMESPACE,
        clean(info.get("name")),
        updated=moment(info.get("lastModified")),
        current=identifier(info.get("currNode")),
    )
    for place, value in enumerate(messages):
        data = mapping(value)
        if data.get("type") != "root":
            chat.add(_message(identifier(data.get("id")) or f"\0{place}", data, chat))
    return chat


def _message(key: str, data: Mapping[str, Any], chat: ForeignChat) -> ForeignMessage:
    role = clean(data.get("role"))
    chat.parts["files"] += len(sequence(data.get("extra")))
    calls = data.get("toolCalls")
    chat.parts["tool_calls"] += len(calls) if isinstance(calls, list) else bool(clean(calls).strip("[] \n"))
    message = ForeignMessage(
        key,
        identifier(data.get("parent")) or None,
        "",
        moment(data.get("timestamp")),
        children=[identifier(child) for child in sequence(data.get("children"))],
    )
    if role == "user":
        return replace(message, role="user", text=clean(data.get("content")))
    if role == "assistant":
        thought = first_text(data, "reasoningContent", "thinking")
        reply = reply_of(clean(data.get("content")), thought)
        return replace(message, role="assistant", reply=reply, model=clean(data.get("model")))
    left_out = {"system": "system_messages", "tool": "tool_messages"}.get(role, "other_messages")
    return replace(message, left_out=left_out)

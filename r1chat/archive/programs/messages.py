"""Lists of messages with a role and a content, as OpenAI's interface and most training tools take them; and ShareGPT's,
with `from` and `value`. Pure.

An entry is a conversation, an object that has the list; or the file is one conversation and its entries the messages.
What else such an object may have (id, title, model, times) is read by the names that are usual for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, ForeignRole, beside, reply_of
from r1chat.archive.untrusted import clean, first_text, identifier, mapping, moment, sequence

_MESSAGES, _SHAREGPT = uuid5(NAMESPACE_URL, "messages"), uuid5(NAMESPACE_URL, "https://sharegpt.com")
_ROLES: Mapping[str, ForeignRole] = {
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
}
_LEFT_OUT = {
    "system": "system_messages",
    "developer": "system_messages",
    "tool": "tool_messages",
    "function": "tool_messages",
    "function_call": "tool_messages",
    "observation": "tool_messages",
}
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "thought")
_TIMES = ("created_at", "create_time", "created", "timestamp", "date", "createdAt")


def is_messages(entry: Mapping[str, Any]) -> bool:
    """Whether an entry has a list of messages with a role."""
    messages = entry.get("messages")
    return isinstance(messages, list) and all(is_message(mapping(message)) for message in messages)


def is_message(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is one such message itself."""
    return isinstance(entry.get("role"), str) and "content" in entry


def is_sharegpt(entry: Mapping[str, Any]) -> bool:
    """Whether an entry has a list of messages with `from` and `value`."""
    turns = _turns(entry)
    if not turns:
        return turns is not None and "conversations" in entry
    return all("from" in mapping(turn) and "value" in mapping(turn) for turn in turns)


def is_sharegpt_message(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is one such message itself."""
    return isinstance(entry.get("from"), str) and "value" in entry


def read_messages(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of an entry with `messages`."""
    return _read("messages", entry, sequence(entry.get("messages")))


def read_message_list(entries: Sequence[Mapping[str, Any]]) -> ForeignChat:
    """The chat of a file whose entries are its messages."""
    return _read("sharegpt" if is_sharegpt_message(entries[0]) else "messages", {}, entries)


def read_sharegpt(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of an entry of ShareGPT; of a pair of replies (`chosen`, `rejected`) both, but not which is better."""
    chat = _read("sharegpt", entry, _turns(entry) or ())
    sides = [mapping(entry.get(name)) for name in ("chosen", "rejected")]
    if all(map(is_sharegpt_message, sides)):
        last = next(reversed(chat.messages), None)
        for name, side in zip(("chosen", "rejected"), sides, strict=True):
            chat.add(_message(name, last, side, chat))
        chat.feedback_left_out["preferences"] += 1
    return chat


def _turns(entry: Mapping[str, Any]) -> Sequence[Any] | None:
    for name in ("conversations", "conversation", "items"):
        if isinstance(entry.get(name), list):
            turns: Sequence[Any] = entry[name]
            return turns
    return None


def _read(backend: str, info: Mapping[str, Any], messages: Sequence[Any]) -> ForeignChat:
    chat_id = next((key for name in ("id", "uuid", "conversation_id") if (key := identifier(info.get(name)))), "")
    chat = ForeignChat(
        backend,
        "",  # the number of a row is no identity: another file may give it to another chat
        _SHAREGPT if backend == "sharegpt" else _MESSAGES,
        first_text(info, "title", "name"),
        moment(*(info.get(name) for name in _TIMES)),
        moment(info.get("updated_at"), info.get("update_time"), info.get("updated")),
        first_text(info, "model"),
        mark=chat_id,
    )
    chat.leave_out_of_all({"system_prompts": bool(clean(info.get("system")).strip())})
    chat.leave_out_of_all(beside(info))
    last: str | None = None
    for place, value in enumerate(messages):
        chat.add(_message(str(place), last, mapping(value), chat))
        last = str(place)
    return chat


def _message(key: str, parent: str | None, data: Mapping[str, Any], chat: ForeignChat) -> ForeignMessage:
    role_name = clean(data.get("role")) or clean(data.get("from"))
    content = data.get("content") if "role" in data else data.get("value")
    text, thought, files = _content(content)
    chat.parts["files"] += files
    chat.leave_out(data)
    message = ForeignMessage(key, parent, "", moment(*(data.get(name) for name in _TIMES)))
    role = _ROLES.get(role_name.lower(), "")
    if role == "user":
        return replace(message, role="user", text=text)
    if role == "assistant":
        reply = reply_of(text, first_text(data, *_THOUGHTS) or thought)
        return replace(message, role="assistant", reply=reply, model=clean(data.get("model")))
    return replace(message, left_out=_LEFT_OUT.get(role_name.lower(), "other_messages"))


def _content(content: Any) -> tuple[str, str, int]:
    """The text and the thought of some content, and how many images and files are in it."""
    if not isinstance(content, list):
        return clean(content), "", 0
    parts = [{"type": "text", "text": part} if isinstance(part, str) else mapping(part) for part in content]
    texts = [clean(part.get("text")) for part in parts if part.get("type") in ("text", "input_text", "output_text")]
    thoughts = [first_text(part, "thinking", "reasoning", "text") for part in parts if part.get("type") in _THOUGHTS]
    files = sum(part.get("type") not in ("text", "input_text", "output_text", *_THOUGHTS) for part in parts)
    return "\n\n".join(filter(None, texts)), "\n\n".join(filter(None, thoughts)), files

"""Jan: the files `thread.json` and `messages.jsonl` of a thread, in the form of OpenAI's threads. Pure.

A thread is a line of messages; a message may be without its thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, ended, reply_of
from r1chat.archive.untrusted import clean, first_text, identifier, mapping, moment, sequence
from r1chat.messages import FinishReason

_NAMESPACE = uuid5(NAMESPACE_URL, "https://jan.ai")
_ENDS: Mapping[str, FinishReason] = {
    "ready": "stop",
    "completed": "stop",
    "stopped": "stopped",
    "error": "error",
    "pending": "interrupted",
}


def is_jan(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a thread, or one message of a thread."""
    return entry.get("object") in ("thread", "thread.message")


def jan_thread(entry: Mapping[str, Any]) -> str:
    """The thread that an entry belongs to."""
    return identifier(entry.get("thread_id")) if entry["object"] == "thread.message" else identifier(entry.get("id"))


def read_jan(entries: Sequence[Mapping[str, Any]]) -> ForeignChat:
    """The chat of all entries of a thread."""
    thread: Mapping[str, Any] = next((entry for entry in entries if entry["object"] == "thread"), {})
    assistant = next(map(mapping, sequence(thread.get("assistants"))), {})
    chat = ForeignChat(
        "jan",
        jan_thread(entries[0]),
        _NAMESPACE,
        first_text(thread, "title") or first_text(mapping(thread.get("metadata")), "title"),
        moment(thread.get("created"), thread.get("created_at")),
        moment(thread.get("updated"), thread.get("updated_at")),
        first_text(mapping(assistant.get("model")), "id") or first_text(mapping(thread.get("model")), "id"),
    )
    chat.leave_out_of_all({"system_prompts": bool(clean(assistant.get("instructions")).strip())})
    inside = [message for message in map(mapping, sequence(thread.get("messages"))) if message]
    last: str | None = None
    for place, data in enumerate([*inside, *(entry for entry in entries if entry["object"] == "thread.message")]):
        message = _message(identifier(data.get("id")) or f"\0{place}", last, data, chat)
        chat.add(message)
        last = next(reversed(chat.messages))
    return chat


def _message(key: str, parent: str | None, data: Mapping[str, Any], chat: ForeignChat) -> ForeignMessage:
    texts: list[str] = []
    thoughts: list[str] = [first_text(data, "reasoning_content", "reasoning")]
    content = data.get("content")
    for part in map(mapping, [{"type": "text", "text": content}] if isinstance(content, str) else sequence(content)):
        kind, text = clean(part.get("type")), _value(part.get("text"))
        if kind == "text":
            texts.append(text)
        elif kind == "reasoning":
            thoughts.append(text or _value(part.get("reasoning")))
        else:
            chat.parts["tool_calls" if kind.startswith("tool") else "files"] += 1
    chat.parts["files"] += len(sequence(data.get("attachments")))
    metadata = mapping(data.get("metadata"))
    chat.parts["tool_calls"] += len(sequence(metadata.get("tool_calls")))
    text = "\n\n".join(filter(None, texts))
    message = ForeignMessage(key, parent, "", moment(data.get("created_at"), data.get("created")))
    role = clean(data.get("role"))
    if role == "user":
        return replace(message, role="user", text=text)
    if role != "assistant":
        left_out = {"system": "system_messages", "tool": "tool_messages"}.get(role, "other_messages")
        return replace(message, left_out=left_out)
    reply = ended(reply_of(text, "\n\n".join(filter(None, thoughts))), clean(data.get("status")), _ENDS)
    model = first_text(mapping(mapping(metadata.get("assistant")).get("model")), "id")
    model = first_text(data, "model") or first_text(metadata, "model", "model_id", "modelId") or model
    return replace(message, role="assistant", reply=reply, model=model)


def _value(text: Any) -> str:
    """The text of a part, which is an object with its `value`, or the text itself."""
    return clean(mapping(text).get("value")) or clean(text)

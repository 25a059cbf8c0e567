"""Claude: the entries of `conversations.json`, with their messages under `chat_messages`. Pure.

Since 2025 a message names the one that it follows; a first one names an id of zeros, which no message has. Exports
name no model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, ended, reply_of
from r1chat.archive.untrusted import clean, first_text, identifier, mapping, moment, sequence
from r1chat.messages import FinishReason

_NAMESPACE = uuid5(NAMESPACE_URL, "https://claude.ai")
_ENDS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "user_canceled": "stopped",
}


def is_claude(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a conversation of Claude: its messages have a sender."""
    messages = entry.get("chat_messages")
    if not isinstance(messages, list) or "chat_session" in entry:
        return False
    return any("sender" in mapping(message) for message in messages) or (not messages and "uuid" in entry)


def read_claude(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of an entry."""
    chat = ForeignChat(
        "claude",
        identifier(entry.get("uuid")),
        _NAMESPACE,
        clean(entry.get("name")),
        moment(entry.get("created_at")),
        moment(entry.get("updated_at")),
        clean(entry.get("model")),
        current=identifier(entry.get("current_leaf_message_uuid")),
    )
    last: str | None = None
    for place, value in enumerate(sequence(entry.get("chat_messages"))):
        data = mapping(value)
        key = identifier(data.get("uuid")) or f"\0{place}"
        parent = identifier(data.get("parent_message_uuid")) or None if "parent_message_uuid" in data else last
        chat.add(_message(key, parent, data, chat.parts))
        last = key
    return chat


def _message(key: str, parent: str | None, data: Mapping[str, Any], parts: Counter[str]) -> ForeignMessage:
    blocks = [mapping(block) for block in sequence(data.get("content"))]
    texts = [clean(block.get("text")) for block in blocks if block.get("type") == "text"]
    text = "\n\n".join(filter(None, texts)) or clean(data.get("text"))
    files = {identifier(mapping(file).get("file_uuid")) for file in sequence(data.get("files_v2"))} - {""}
    files |= {identifier(mapping(file).get("file_uuid")) for file in sequence(data.get("files"))} - {""}
    unnamed = [file for file in sequence(data.get("files")) if not identifier(mapping(file).get("file_uuid"))]
    parts["files"] += len(files) + len(unnamed) + len(sequence(data.get("attachments")))
    parts["tool_calls"] += sum(block.get("type") == "tool_use" for block in blocks)
    message = ForeignMessage(key, parent, "", moment(data.get("created_at")))
    sender = clean(data.get("sender"))
    if sender == "human":
        return replace(message, role="user", text=text)
    if sender != "assistant":
        return replace(message, left_out="system_messages" if sender == "system" else "other_messages")
    thoughts = [first_text(block, "thinking") for block in blocks if block.get("type") == "thinking"]
    reply = reply_of(text, "\n\n".join(filter(None, thoughts)), _thinking_time(blocks))
    reply = ended(reply, clean(data.get("stop_reason")), _ENDS)
    return replace(message, role="assistant", reply=reply, model=clean(data.get("model")))


def _thinking_time(blocks: list[Mapping[str, Any]]) -> float:
    """Seconds, from the times at which its blocks of thought began and ended."""
    total = 0.0
    for block in blocks:
        start, end = moment(block.get("start_timestamp")), moment(block.get("stop_timestamp"))
        if block.get("type") == "thinking" and start and end:
            total += max(0.0, (end - start).total_seconds())
    return total

"""LM Studio: one conversation in a file, `….conversation.json`. Pure.

A message has versions, of which one is selected; those after it were written with that one in view. A reply is made of
steps: blocks of text, some of them thoughts, and what tools did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, ended, reply_of
from r1chat.archive.untrusted import clean, first_text, identifier, mapping, moment, seconds, sequence
from r1chat.messages import FinishReason, Reply

_NAMESPACE = uuid5(NAMESPACE_URL, "https://lmstudio.ai")
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?s(?:ec|$)")
_ENDS: Mapping[str, FinishReason] = {
    "eosFound": "stop",
    "stopStringFound": "stop",
    "toolCalls": "stop",
    "userStopped": "stopped",
    "maxPredictedTokensReached": "length",
    "contextLengthReached": "length",
    "failed": "error",
}


def is_lmstudio(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a conversation of LM Studio: its messages have versions."""
    messages = entry.get("messages")
    if not isinstance(messages, list):
        return False
    if not messages:
        return "systemPrompt" in entry or "perChatPredictionConfig" in entry
    return any(isinstance(mapping(message).get("versions"), list) for message in messages)


def read_lmstudio(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of a file."""
    chat = ForeignChat(
        "lmstudio",
        identifier(entry.get("id")),
        _NAMESPACE,
        clean(entry.get("name")),
        moment(entry.get("createdAt")),
        moment(entry.get("updatedAt"), entry.get("assistantLastMessagedAt"), entry.get("userLastMessagedAt")),
        first_text(mapping(entry.get("lastUsedModel")), "identifier", "indexedModelIdentifier"),
    )
    fields = sequence(mapping(entry.get("perChatPredictionConfig")).get("fields"))
    configured = any(
        mapping(field).get("key") == "llm.prediction.systemPrompt" and clean(mapping(field).get("value"))
        for field in fields
    )
    chat.leave_out_of_all({"system_prompts": bool(clean(entry.get("systemPrompt")) or configured)})
    parent: str | None = None
    for place, value in enumerate(sequence(entry.get("messages"))):
        data = mapping(value)
        versions = sequence(data.get("versions"))
        keys = [f"{place}.{number}" for number in range(len(versions))]
        for key, version in zip(keys, versions, strict=True):
            chat.add(_message(key, parent, mapping(version), chat))
        if not keys:
            chat.add(ForeignMessage(str(place), parent, "", left_out="empty_messages"))
            continue
        selected = data.get("currentlySelected")
        parent = keys[selected if type(selected) is int and 0 <= selected < len(keys) else -1]
    chat.current = parent or ""
    return chat


def _message(key: str, parent: str | None, version: Mapping[str, Any], chat: ForeignChat) -> ForeignMessage:
    role = clean(version.get("role"))
    message = ForeignMessage(key, parent, "", moment(version.get("createdAt"), version.get("timestamp")))
    if role == "user":
        return replace(message, role="user", text=_text(version.get("content"), chat))
    if role == "assistant":
        info = _generation(version)
        model = first_text(mapping(version.get("senderInfo")), "senderName")
        model = model or first_text(info, "identifier", "indexedModelIdentifier")
        return replace(message, role="assistant", reply=_reply(version, info, chat), model=model)
    return replace(message, left_out="system_messages" if role == "system" else "other_messages")


def _generation(version: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the program noted of how a reply was made; of the last step that has it."""
    steps = [mapping(step) for step in sequence(version.get("steps"))]
    noted = [mapping(holder.get("genInfo")) for holder in (version, *steps)]
    return next((info for info in reversed(noted) if info), {})


def _reply(version: Mapping[str, Any], info: Mapping[str, Any], chat: ForeignChat) -> Reply:
    thoughts: list[str] = []
    answers: list[str] = []
    duration = 0.0
    for step in map(mapping, sequence(version.get("steps"))):
        style = mapping(step.get("style"))
        if step.get("type") != "contentBlock":
            chat.parts["tool_calls"] += clean(step.get("type")).startswith("tool")
        elif style.get("type") == "thinking":
            text = _text(step.get("content"), chat)
            thoughts.append(_without_tags(text, clean(step.get("prefix")), clean(step.get("suffix"))))
            match = _DURATION.search(clean(style.get("title"))[:200])
            duration += seconds(float(match[1])) if match else 0.0
        else:
            answers.append(_text(step.get("content"), chat))
    if "steps" not in version:
        answers.append(_text(version.get("content"), chat))
    reply = reply_of("\n\n".join(filter(None, answers)), "\n\n".join(filter(None, thoughts)), duration)
    return ended(reply, clean(mapping(info.get("stats")).get("stopReason")), _ENDS)


def _without_tags(thought: str, prefix: str, suffix: str) -> str:
    return thought.strip().removeprefix(prefix).removesuffix(suffix).strip("\n")


def _text(content: Any, chat: ForeignChat) -> str:
    """The text of some content; what else is in it is counted."""
    if not isinstance(content, list):
        return clean(content)
    parts = [mapping(part) for part in content]
    for part in parts:
        kind = clean(part.get("type"))
        chat.parts["tool_calls"] += kind == "toolCallRequest"
        chat.parts["files"] += kind in ("file", "image", "fileAttachment")
    return "\n\n".join(text for part in parts if part.get("type") == "text" and (text := clean(part.get("text"))))

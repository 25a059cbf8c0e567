"""ChatGPT: the entries of `conversations.json`, a tree of nodes by their ids under `mapping`. Pure.

A reply is several nodes in a row: thoughts (since 2025, as a rule only summaries of them), calls of tools and their
results, and the text, which `archive.rows` joins. `reasoning_recap` tells how long it thought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, ended, reply_of
from r1chat.archive.untrusted import clean, first_text, identifier, mapping, moment, seconds, sequence
from r1chat.messages import FinishReason, Reply, Timings

_NAMESPACE = uuid5(NAMESPACE_URL, "https://chatgpt.com")
_ENDS: Mapping[str, FinishReason] = {"stop": "stop", "max_tokens": "length", "interrupted": "stopped"}
_OF_SYSTEM = ("user_editable_context", "model_editable_context", "system_error")
_OF_TOOLS = ("execution_output", "tether_browsing_display", "tether_browsing_code", "tether_quote", "computer_output")


def is_chatgpt(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a conversation of ChatGPT: its nodes have messages with an author."""
    nodes = entry.get("mapping")
    if not isinstance(nodes, dict):
        return False
    messages = [mapping(node).get("message") for node in nodes.values()]
    spoken = [message for message in messages if isinstance(message, dict)]
    if not spoken:
        return "current_node" in entry or "create_time" in entry
    return any("author" in message for message in spoken)


def read_chatgpt(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of an entry."""
    chat = ForeignChat(
        "chatgpt",
        identifier(entry.get("conversation_id")) or identifier(entry.get("id")),
        _NAMESPACE,
        clean(entry.get("title")),
        moment(entry.get("create_time")),
        moment(entry.get("update_time")),
        clean(entry.get("default_model_slug")),
        current=identifier(entry.get("current_node")),
    )
    nodes = {clean(key): mapping(node) for key, node in mapping(entry.get("mapping")).items()}
    silent = {key for key, node in nodes.items() if not _says_something(mapping(node.get("message")))}
    for key, node in nodes.items():
        if key not in silent:
            chat.add(_message(key, _spoken_parent(node, nodes, silent), node, chat))
    return chat


def _spoken_parent(node: Mapping[str, Any], nodes: Mapping[str, Mapping[str, Any]], silent: set[str]) -> str | None:
    """The nearest node above that is a message."""
    passed: set[str] = set()
    parent = identifier(node.get("parent"))
    while parent in silent and parent not in passed:
        passed.add(parent)
        if len(passed) > 100:  # a chat begins with two or three
            break
        parent = identifier(nodes[parent].get("parent"))
    return parent or None


def _says_something(message: Mapping[str, Any]) -> bool:
    """False for the root, and for the empty system messages with which every chat begins."""
    if not message:
        return False
    role = clean(mapping(message.get("author")).get("role"))
    return role != "system" or bool(_text(mapping(message.get("content"))).strip())


def _message(key: str, parent: str | None, node: Mapping[str, Any], chat: ForeignChat) -> ForeignMessage:
    data = mapping(node.get("message"))
    content, metadata = mapping(data.get("content")), mapping(data.get("metadata"))
    kind, role = clean(content.get("content_type")), clean(mapping(data.get("author")).get("role"))
    chat.parts["files"] += _files(content) + (len(sequence(metadata.get("attachments"))) if role == "user" else 0)
    message = ForeignMessage(
        key,
        parent,
        "",
        moment(data.get("create_time")),
        children=[identifier(child) for child in sequence(node.get("children"))],
    )
    if role == "tool" or kind in _OF_TOOLS:
        return replace(message, left_out="tool_messages")
    if role == "system" or kind in _OF_SYSTEM or (role == "user" and metadata.get("is_user_system_message") is True):
        return replace(message, left_out="system_messages")
    if role == "user":
        return replace(message, role="user", text=_text(content))
    if role != "assistant":
        return replace(message, left_out="other_messages")
    if clean(data.get("recipient")) not in ("", "all"):
        return replace(message, left_out="tool_messages")
    return replace(message, role="assistant", reply=_reply(data, content), model=clean(metadata.get("model_slug")))


def _reply(data: Mapping[str, Any], content: Mapping[str, Any]) -> Reply:
    metadata = mapping(data.get("metadata"))
    kind = content.get("content_type")
    duration = seconds(metadata.get("finished_duration_sec"))
    if kind == "thoughts":
        thoughts = [_thought(mapping(thought)) for thought in sequence(content.get("thoughts"))]
        return reply_of("", "\n\n".join(filter(None, thoughts)), duration)
    if kind == "reasoning_recap":  # “Thought for 8 seconds”: no words of the model
        return Reply(finish="stop", timings=Timings(thinking=duration))
    text = _text(content)
    if kind == "code" and text:
        language = clean(content.get("language"))
        text = f"```{language if language.isalnum() and language != 'unknown' else ''}\n{text}\n```"
    reply = ended(reply_of(text), clean(mapping(metadata.get("finish_details")).get("type")), _ENDS)
    return replace(reply, finish="interrupted") if clean(data.get("status")) == "in_progress" else reply


def _thought(thought: Mapping[str, Any]) -> str:
    """A step of a thought, under its heading."""
    summary, content = clean(thought.get("summary")).strip(), clean(thought.get("content")).strip()
    return f"**{summary}**\n\n{content}" if summary and content else content or summary


def _text(content: Mapping[str, Any]) -> str:
    """The words of a message, whatever its type: its parts together, or its one text."""
    parts = [part if isinstance(part, str) else mapping(part).get("text") for part in sequence(content.get("parts"))]
    return "\n\n".join(text for part in parts if (text := clean(part))) or first_text(content, "text", "result")


def _files(content: Mapping[str, Any]) -> int:
    parts = [mapping(part) for part in sequence(content.get("parts")) if not isinstance(part, str)]
    return sum(bool(part) and not clean(part.get("text")) for part in parts)

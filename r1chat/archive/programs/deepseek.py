"""DeepSeek: the entries of `conversations.json`, a tree of nodes whose messages are fragments; and what its page is
sent of one chat (`chat_session` and `chat_messages`), as browser extensions save it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, ended, reply_of
from r1chat.archive.untrusted import clean, identifier, mapping, moment, seconds, sequence
from r1chat.messages import FinishReason

_NAMESPACE = uuid5(NAMESPACE_URL, "https://chat.deepseek.com")
_ENDS: Mapping[str, FinishReason] = {
    "FINISHED": "stop",
    "INCOMPLETE": "length",
    "WIP": "interrupted",
    "STOPPED": "stopped",
}


def is_deepseek(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a conversation of DeepSeek: its messages have fragments, or it is one of its sessions."""
    nodes = entry.get("mapping")
    if isinstance(nodes, dict):
        messages = [mapping(mapping(node).get("message")) for node in nodes.values()]
        return any("fragments" in message for message in messages) or ("inserted_at" in entry and not any(messages))
    session = _session(entry)
    return isinstance(session.get("chat_session"), dict) and isinstance(session.get("chat_messages"), list)


def read_deepseek(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of an entry."""
    if not isinstance(entry.get("mapping"), dict):
        return _read_session(_session(entry))
    chat = _chat(entry)
    for key, value in mapping(entry.get("mapping")).items():
        node = mapping(value)
        data = mapping(node.get("message"))
        if data:
            _add(chat, clean(key), identifier(node.get("parent")) or None, data, sequence(node.get("children")))
    return chat


def _session(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(entry.get("data")).get("biz_data")) or mapping(entry.get("biz_data")) or entry


def _read_session(session: Mapping[str, Any]) -> ForeignChat:
    info = mapping(session.get("chat_session"))
    chat = _chat(info)
    chat.current = identifier(info.get("current_message_id"))
    for place, value in enumerate(sequence(session.get("chat_messages"))):
        data = mapping(value)
        key = identifier(data.get("message_id")) or f"\0{place}"
        _add(chat, key, identifier(data.get("parent_id")) or None, data)
    return chat


def _chat(info: Mapping[str, Any]) -> ForeignChat:
    return ForeignChat(
        "deepseek",
        identifier(info.get("id")),
        _NAMESPACE,
        clean(info.get("title")),
        moment(info.get("inserted_at")),
        moment(info.get("updated_at")),
    )


def _add(
    chat: ForeignChat, key: str, parent: str | None, data: Mapping[str, Any], children: Sequence[Any] = ()
) -> None:
    """Add a message; one that holds a request and the response to it, as some do, as two."""
    fragments = [mapping(fragment) for fragment in sequence(data.get("fragments"))]
    request = _text(fragments, "REQUEST")
    thought = _text(fragments, "THINK") or clean(data.get("thinking_content"))
    answer = _text(fragments, "RESPONSE")
    if not fragments:
        content = clean(data.get("content"))
        request, answer = (content, "") if clean(data.get("role")).upper() == "USER" else ("", content)
    chat.leave_out(data)
    kinds = {clean(fragment.get("type")) for fragment in fragments}
    chat.parts["tool_calls"] += sum(
        clean(fragment.get("type")) not in ("REQUEST", "THINK", "RESPONSE") for fragment in fragments
    )
    created = moment(data.get("inserted_at"))
    after = [identifier(child) for child in children]
    has_request = "REQUEST" in kinds or clean(data.get("role")).upper() == "USER"
    has_reply = bool(kinds & {"THINK", "RESPONSE"}) or not has_request
    if has_request:
        own = f"{key}\0request" if has_reply else key
        chat.add(ForeignMessage(own, parent, "user", created, text=request, children=after))
        parent = own
    if has_reply:
        timings = seconds(data.get("thinking_elapsed_secs")) or sum(
            seconds(fragment.get("elapsed_secs")) for fragment in fragments if fragment.get("type") == "THINK"
        )
        reply = ended(reply_of(answer, thought, timings), clean(data.get("status")), _ENDS)
        model = clean(data.get("model"))
        chat.add(ForeignMessage(key, parent, "assistant", created, reply=reply, model=model, children=after))


def _text(fragments: Sequence[Mapping[str, Any]], kind: str) -> str:
    texts = (clean(fragment.get("content")) for fragment in fragments if fragment.get("type") == kind)
    return "\n\n".join(filter(None, texts))

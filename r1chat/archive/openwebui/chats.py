"""Open WebUI's entries -> chats: an entry of a list of chats, the chat alone, or a feedback with its snapshot. Pure.

`parentId` says what a message follows; `childrenIds` only orders what follows the same one. Chats from before there
were branches have a plain list. Sampling parameters are not in these files: replies get the defaults.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.foreign import ForeignChat, ForeignMessage, beside
from r1chat.archive.openwebui.content import content_of
from r1chat.archive.openwebui.feedback import feedback_of
from r1chat.archive.untrusted import clean, first_text, identifier, mapping, moment, sequence

BACKEND = "openwebui"
_NAMESPACE = uuid5(NAMESPACE_URL, "https://openwebui.com")
_MOST_BESIDE = 16  # replies to one message in the arena: it shows two, and more where a person has them made again
_MOST_JUDGEMENTS = 10_000  # in the arena, of one chat


def is_openwebui(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a chat or a feedback of Open WebUI."""
    if _is_feedback(entry):
        return True
    if "chat" in entry:
        body = entry["chat"]
        has_messages = isinstance(body, dict) and _has_messages(body)
        return has_messages or (body is None and {"id", "title", "user_id"} <= entry.keys())
    return isinstance(mapping(entry.get("history")).get("messages"), dict)


def read_openwebui(entry: Mapping[str, Any]) -> ForeignChat:
    """The chat of an entry, with the feedback on it."""
    if _is_feedback(entry):
        return _read_feedback(entry)
    reader = _Reader(entry)
    for message_id in reader.replies:
        data = reader.data[message_id]
        if annotation := mapping(data.get("annotation")):
            judged = reader.chat.updated or data.get("timestamp")  # the form does not say when: at the latest then
            reader.judge(message_id, annotation, data.get("arena") is True, judged)
    return reader.chat


def _is_feedback(entry: Mapping[str, Any]) -> bool:
    if "chat" in entry or not isinstance(entry.get("data"), dict):
        return False
    return "rating" in entry["data"] or entry.get("type") == "rating"


def _has_messages(body: Mapping[str, Any]) -> bool:
    return isinstance(mapping(body.get("history")).get("messages"), dict) or isinstance(body.get("messages"), list)


def _read_feedback(entry: Mapping[str, Any]) -> ForeignChat:
    meta, snapshot = mapping(entry.get("meta")), mapping(mapping(entry.get("snapshot")).get("chat"))
    about = {"id": meta.get("chat_id"), "user_id": entry.get("user_id")}
    reader = _Reader({**snapshot, **{key: value for key, value in about.items() if value}})
    reader.chat.is_chat = False
    when = moment(entry.get("updated_at"), entry.get("created_at"))
    reader.judge(clean(meta.get("message_id")), mapping(entry["data"]), meta.get("arena") is True, when)
    return reader.chat


class _Reader:
    """One chat, and what it takes to read the feedback on it."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        body = mapping(entry.get("chat")) or entry
        history = mapping(body.get("history"))
        self.data, parents = _messages(body, history)
        self.replies: dict[str, str] = {}  # message of an assistant that says something -> its model
        models = sequence(body.get("models"))
        self.chat = ForeignChat(
            BACKEND,
            identifier(entry.get("id")) or identifier(body.get("id")),
            _NAMESPACE,
            first_text(entry, "title") or first_text(body, "title"),
            moment(entry.get("created_at"), body.get("timestamp")),
            moment(entry.get("updated_at")),
            clean(models[0]) if len(models) == 1 else "",
            current=identifier(history.get("currentId")) or identifier(history.get("current_id")),
        )
        self._rater = f"{BACKEND}-{uuid5(_NAMESPACE, clean(entry.get('user_id'))).hex[:8]}"
        if clean(body.get("system")) or clean(mapping(body.get("params")).get("system")):
            self.chat.leave_out_of_all({"system_prompts": 1})
        self.chat.leave_out_of_all(beside(body))
        for message_id, data in self.data.items():
            self.chat.add(self._message(message_id, parents[message_id], data))
        self._questions = {key: self._question(key) for key in self.replies}
        self._beside: dict[str | None, list[str]] = defaultdict(list)  # message of the person -> replies to it
        for key, question in self._questions.items():
            self._beside[question].append(key)

    def judge(self, message_id: str, data: Mapping[str, Any], arena: bool, when: Any) -> None:
        """Add a person's feedback on a reply; in the arena, against the replies beside it."""
        models = data.get("sibling_model_ids")
        question = self._questions.get(message_id)
        beside = self._beside[question] if arena and question is not None else []
        if len(beside) > _MOST_BESIDE or len(self.chat.feedback) > _MOST_JUDGEMENTS:
            self.chat.feedback_left_out["crowded"] += 1
            beside = []
        siblings = [
            other
            for other in beside
            if other != message_id and (not isinstance(models, list) or self.replies[other] in models)
        ]
        order = list(self.chat.messages[question].children) if siblings and question is not None else []
        sides = [side for side in beside if side == message_id or side in siblings] if siblings else []
        sides.sort(key=lambda side: order.index(side) if side in order else len(order))
        self.chat.judged |= {message_id, *siblings}
        self.chat.feedback += feedback_of(
            data,
            self.chat.own_id(message_id),
            [self.chat.own_id(side) for side in sides],
            self._rater,
            when if isinstance(when, datetime) else moment(when) or self.chat.created or datetime.now(UTC),
            self.chat.feedback_left_out,
        )

    def _message(self, message_id: str, parent: str | None, data: Mapping[str, Any]) -> ForeignMessage:
        text, files = _text_and_files(data)
        self.chat.parts["files"] += files
        if not self.chat.leave_out(data)["sources"]:  # a search, a look into documents, of which the text is not here
            self.chat.parts["sources"] += any(
                mapping(status).get("action") for status in sequence(data.get("statusHistory"))
            )
        role = clean(data.get("role"))
        message = ForeignMessage(
            message_id,
            parent,
            "",
            moment(data.get("timestamp")),
            children=[identifier(child) for child in sequence(data.get("childrenIds"))],
        )
        if role == "user":
            return replace(message, role="user", text=text)
        if role != "assistant":
            left_out = {"system": "system_messages", "tool": "tool_messages"}.get(role, "other_messages")
            return replace(message, left_out=left_out)
        content = content_of(data, text)
        self.chat.parts["tool_calls"] += content.tool_calls
        reply, error = content.reply, data.get("error")
        if error:
            reply = replace(reply, finish="error", error=clean(mapping(error).get("content")) or clean(error))
        elif data.get("done") is False:
            reply = replace(reply, finish="interrupted")
        model = clean(data.get("selectedModelId")) or clean(data.get("model"))
        if reply.reasoning.strip() or reply.answer.strip():
            self.replies[message_id] = model
        return replace(message, role="assistant", reply=reply, model=model)

    def _question(self, message_id: str) -> str | None:
        """The nearest message of the person above a message."""
        seen = {message_id}
        at = self.chat.messages[message_id].parent
        while at in self.chat.messages and at not in seen and len(seen) < 100:
            message = self.chat.messages[at]
            if message.role == "user":
                return at
            seen.add(at)
            at = message.parent
        return None


def _messages(
    body: Mapping[str, Any], history: Mapping[str, Any]
) -> tuple[dict[str, Mapping[str, Any]], dict[str, str | None]]:
    """All messages of a chat by their ids, and what each follows."""
    if isinstance(messages := history.get("messages"), dict) and (messages or not body.get("messages")):
        data = {clean(key): mapping(value) for key, value in messages.items()}
        return data, {key: identifier(value.get("parentId")) or None for key, value in data.items()}
    data, parents = {}, {}
    last: str | None = None
    for place, value in enumerate(map(mapping, sequence(body.get("messages")))):
        key = identifier(value.get("id"))
        key = key if key and key not in data else f"\0{place}"
        parents[key] = (identifier(value.get("parentId")) or None) if "parentId" in value else last
        data[key] = value
        last = key
    return data, parents


def _text_and_files(data: Mapping[str, Any]) -> tuple[str, int]:
    """The text of a message, its parts together, and how many images and files are among them."""
    content = data.get("content")
    if not isinstance(content, list):
        return clean(content), 0
    parts = [mapping(part) for part in content]
    text = "\n\n".join(clean(part.get("text")) for part in parts if "text" in part)
    return text, sum("text" not in part for part in parts)

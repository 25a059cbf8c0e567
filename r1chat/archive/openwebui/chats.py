"""Open WebUI's exports -> rows: a list of chats, or a list of feedback with a snapshot of the chat that each is about.

Ids are made from theirs, so that the same chat gives the same rows whichever file it comes from. In its trees any
message may follow any other; here a message follows a reply and a reply answers a message, so each is put under the
nearest one above it of the right kind. Sampling parameters are not in these files: replies get the defaults. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from r1chat.archive.lines import Wrong
from r1chat.archive.openwebui.feedback import Said, said_of
from r1chat.archive.openwebui.text import split_content
from r1chat.archive.openwebui.tree import Message, branch_to, in_order, messages_of
from r1chat.archive.openwebui.values import clean, mapping, moment
from r1chat.messages import Provenance
from r1chat.store.archive import Row, Rows
from r1chat.store.schema import provenance_columns, reply_columns

BACKEND = "openwebui"
_NAMESPACE = uuid5(NAMESPACE_URL, "https://openwebui.com")


@dataclass(slots=True)
class Taken:
    """The rows of one chat: `shape` its conversation, messages and replies, each after those that it refers to.

    Positions are not set yet. `said` names replies that need not be among them. What was left out is counted by the
    codes of LEFT_OUT: of the chat, and of what was said of it.
    """

    conversation_id: str
    shape: Rows = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unsaid: Counter[str] = field(default_factory=Counter)


def taken(entry: Any, now: datetime) -> Taken:
    """One entry of an export: a chat, or a feedback. `now` stands for times that it lacks. Raises Wrong."""
    if isinstance(entry, dict) and isinstance(entry.get("data"), dict) and "chat" not in entry:
        return _feedback(entry, now)
    if isinstance(entry, dict) and isinstance(entry.get("chat", entry), dict):
        chat = _Chat(entry, now)
        for message_id in chat.reply_models:
            message = chat.messages[message_id]
            if annotation := mapping(message.data.get("annotation")):
                chat.judge(message_id, annotation, message.data.get("arena") is True, message.data.get("timestamp"))
        return chat.taken
    raise Wrong("this is neither a chat nor a feedback of Open WebUI")


def _feedback(entry: Mapping[str, Any], now: datetime) -> Taken:
    meta, snapshot = mapping(entry.get("meta")), mapping(mapping(entry.get("snapshot")).get("chat"))
    about = {"id": meta.get("chat_id"), "user_id": entry.get("user_id")}
    chat = _Chat({**snapshot, **{key: value for key, value in about.items() if value}}, now, known=bool(snapshot))
    when = entry.get("updated_at") or entry.get("created_at")
    chat.judge(clean(meta.get("message_id")), mapping(entry["data"]), meta.get("arena") is True, when)
    return chat.taken


class _Chat:
    """One chat on its way into rows. `known` False: there is only its id."""

    def __init__(self, entry: Mapping[str, Any], now: datetime, known: bool = True) -> None:
        body = mapping(entry.get("chat")) or entry
        self.messages = messages_of(body) if known else {}
        self.reply_models: dict[str, str] = {}  # message of an assistant -> its model; those that were taken
        self._key = clean(entry.get("id")) or clean(body.get("id")) or next(iter(self.messages), "")
        if known and not self._key:
            raise Wrong("this chat has neither an id nor messages")
        self._created = moment(entry.get("created_at") or body.get("timestamp"), now)
        self._rater = f"{BACKEND}-{uuid5(_NAMESPACE, clean(entry.get('user_id'))).hex[:8]}"
        self._turn_of: dict[str, str] = {}  # message of an assistant -> that of the person that it answers
        self.taken = Taken(self._id())
        if self.messages:
            self._take(entry, body)
        elif known:
            self.taken.left_out["empty_chats"] += 1

    def judge(self, message_id: str, data: Mapping[str, Any], arena: bool, when: Any) -> None:
        """What a person said of a reply; in the arena, against its siblings."""
        models = data.get("sibling_model_ids")
        siblings = [
            other
            for other, model in self.reply_models.items()
            if other != message_id
            and self._turn_of[other] == self._turn_of.get(message_id)
            and (not isinstance(models, list) or model in models)
        ]
        sides = sorted((message_id, *siblings), key=list(self.reply_models).index) if siblings and arena else []
        self.taken.said += said_of(
            data,
            self._id(message_id),
            [self._id(side) for side in sides],
            self._rater,
            moment(when, self._created),
            self.taken.unsaid,
        )

    def _take(self, entry: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        conversation: Row = {
            "id": self._id(),
            "title": clean(entry.get("title")) or clean(body.get("title")),
            "created_at": self._created,
            "updated_at": moment(entry.get("updated_at"), self._created),
        }
        self.taken.shape.append(("conversation", conversation))
        if clean(body.get("system")) or clean(mapping(body.get("params")).get("system")):
            self.taken.left_out["system_prompts"] += 1
        rows: dict[str, Row] = {}
        turn_above: dict[str | None, str] = {}  # message -> the nearest message of the person, itself or above
        reply_above: dict[str | None, str] = {}  # message -> the nearest reply, itself or above
        for message in in_order(self.messages):
            turn, reply = turn_above.get(message.parent), reply_above.get(message.parent)
            self.taken.left_out["files"] += message.files
            if message.role == "user":
                turn = message.id
                rows[message.id] = self._turn(message, reply)
            elif message.role == "assistant" and turn is not None and (row := self._reply(message, turn)):
                reply = message.id
                rows[message.id] = row
            elif message.role != "assistant":
                self.taken.left_out["system_prompts"] += 1
            elif turn is None:
                self.taken.left_out["no_question"] += 1
            if turn is not None:
                turn_above[message.id] = turn
            if reply is not None:
                reply_above[message.id] = reply
        current = clean(mapping(body.get("history")).get("currentId"))
        self._remember(branch_to(self.messages, current), conversation, rows)
        self.taken.left_out = +self.taken.left_out
        if len(self.taken.shape) == 1:
            self.taken.shape.clear()
            self.taken.left_out["empty_chats"] += 1

    def _turn(self, message: Message, reply: str | None) -> Row:
        row: Row = {
            "id": self._id(message.id),
            "conversation_id": self._id(),
            "parent_reply_id": None if reply is None else self._id(reply),
            "created_at": moment(message.data.get("timestamp"), self._created),
            "content": message.text,
        }
        self.taken.shape.append(("turn", row))
        return row

    def _reply(self, message: Message, turn: str) -> Row | None:
        """None for one without a word."""
        content = split_content(message.text)
        self.taken.left_out["tool_calls"] += content.tool_calls
        reply, error = content.reply, message.data.get("error")
        if not reply.reasoning and not reply.answer:
            self.taken.left_out["empty_replies"] += 1
            return None
        if error:
            reply = replace(reply, finish="error", error=clean(mapping(error).get("content")))
        elif message.data.get("done") is False:
            reply = replace(reply, finish="interrupted")
        model = clean(message.data.get("selectedModelId")) or clean(message.data.get("model"))
        self.reply_models[message.id], self._turn_of[message.id] = model, turn
        when = moment(message.data.get("timestamp"), self._created)
        row: Row = {"id": self._id(message.id), "turn_id": self._id(turn), "created_at": when, "saved_at": when}
        row |= reply_columns(reply) | provenance_columns(Provenance(BACKEND, model=model))
        self.taken.shape.append(("reply", row))
        return row

    def _remember(self, branch: list[str], conversation: Row, rows: Mapping[str, Row]) -> None:
        """Let every message and reply on the branch that was open lead to the next one."""
        last = conversation
        for message_id in branch:
            if (row := rows.get(message_id)) is None:
                continue
            if "turn_id" in row and row["turn_id"] == last["id"]:
                last["shown_reply_id"] = row["id"]
            elif "turn_id" not in row and row["parent_reply_id"] == (None if last is conversation else last["id"]):
                last["shown_turn_id"] = row["id"]
            last = row

    def _id(self, message_id: str = "") -> str:
        """Ours for this chat, or for a message of it."""
        return uuid5(_NAMESPACE, f"{self._key}\0{message_id}").hex

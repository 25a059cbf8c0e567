"""A chat of another program in the one shape that all readers of `programs` and `openwebui` produce. Pure.

What a form does not say stays empty: no time, model, title or id is made up here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from r1chat.archive.untrusted import name
from r1chat.messages import Finish, FinishReason, Raw, Reply, Timings
from r1chat.store.archive import Rows
from r1chat.think import collect

ForeignRole = Literal["user", "assistant", ""]
_SHOWN = ("files", "tool_calls", "sources")  # codes of LEFT_OUT for what a model is shown beside the words
# The names under which most forms keep it, of a message or of a chat.
_NAMES: Mapping[str, Sequence[str]] = {
    "files": ("file", "files", "image", "images", "video", "videos", "audio", "audios", "attachment", "attachments"),
    "tool_calls": ("tools", "functions", "tool_calls", "function_call", "function_calls"),
    "sources": ("sources", "citations", "documents", "context", "contexts", "knowledge", "search_results"),
}
# Of these also a text counts: a path, or JSON.
_AS_TEXT = frozenset(["image", "images", "video", "videos", "audio", "audios", "tools", "functions", "context"])
_LONGEST_ID = 1000  # characters; it is read again for every message


@dataclass(frozen=True, slots=True)
class ForeignMessage:
    """One message. `parent` is the id of the message that it follows, or None; `children` only orders those that
    follow it.

    A person's message has `text`, a model's has `reply`. `role` is "" for one that has no place here: `left_out` is the
    code of LEFT_OUT that says why; what follows it is put below the message above. `incomplete`: it has parts
    that have no place here, such as an image.
    """

    id: str
    parent: str | None
    role: ForeignRole
    created: datetime | None = None
    text: str = ""
    reply: Reply = Reply(finish="stop")  # noqa: RUF009  frozen
    model: str = ""
    children: Sequence[str] = ()
    left_out: str = ""
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Feedback:
    """Rows of judgements that make sense only where all the replies of `about` are: their ids, as ours."""

    about: tuple[str, ...]
    rows: Rows


@dataclass(slots=True)
class ForeignChat:
    """One chat. `messages` are by their ids, siblings in their order; `current` is the id of the last message of the
    branch that was open.

    `backend` is what the provenance of its replies names, a word for the program. `model` is the model that the chat
    as a whole names; it stands for replies only where no message names one. `parts` counts what messages have and
    r1chat has no place for, by the codes of LEFT_OUT.
    """

    backend: str
    id: str = ""
    namespace: UUID = NAMESPACE_URL
    title: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    model: str = ""
    messages: dict[str, ForeignMessage] = field(default_factory=dict)
    current: str = ""
    parts: Counter[str] = field(default_factory=Counter)
    feedback: list[Feedback] = field(default_factory=list)
    judged: set[str] = field(default_factory=set)  # messages that `feedback` is about
    feedback_left_out: Counter[str] = field(default_factory=Counter)
    mark: str = ""  # tells chats without an id apart that say the same
    is_chat: bool = True  # False: a feedback, which only brings along the chat that it is about
    incomplete: bool = False  # what the model was shown with every message is not here
    _parts_before: int = field(default=0, init=False)  # that were counted when a message was added last

    def add(self, message: ForeignMessage) -> None:
        """Add a message; one with an id that another one has gets an id of its own, so that none is lost.

        Its parts are counted already: it is `incomplete` where `parts` has grown since the message before.
        """
        if message.id in self.messages:
            message = replace(message, id=f"{message.id}\0{len(self.messages)}")
        parts = sum(self.parts[code] for code in _SHOWN)
        if parts > self._parts_before:
            message, self._parts_before = replace(message, incomplete=True), parts
        self.messages[message.id] = message

    def leave_out(self, data: Mapping[str, Any]) -> Counter[str]:
        """Count what an object of a message has beside its words, see `beside`. Before the message is added."""
        parts = beside(data)
        self.parts.update(parts)
        return parts

    def leave_out_of_all(self, parts: Mapping[str, int]) -> None:
        """Count parts of the chat as a whole: none of its replies was made from what is here alone."""
        self.parts.update(parts)
        self.incomplete |= any(parts.values())
        self._parts_before = sum(self.parts[code] for code in _SHOWN)

    def parent_of(self, message: ForeignMessage) -> str | None:
        """The id of the message that it follows; None at a beginning, also where that one is not in the chat."""
        return message.parent if message.parent in self.messages else None

    def own_id(self, message_id: str = "") -> str:
        """Our id of this chat, or of a message of it: the same whenever the same chat comes in.

        A chat without an id gets one from a digest of its whole content: ask only when all messages are added.
        """
        self.id = self.id or _digest(self)
        if len(self.id) > _LONGEST_ID:
            self.id = sha256(self.id.encode(errors="replace")).hexdigest()
        return uuid5(self.namespace, f"{self.id}\0{message_id}").hex


def reply_of(text: str, thought: str = "", thinking: float = 0.0) -> Reply:
    """A finished reply. Where the program does not keep the `thought` apart, it is split from the text by its tags.

    `thinking`: seconds.
    """
    if thought.strip():
        return Reply(thought.strip("\n"), True, text.strip("\n"), "stop", timings=Timings(thinking=thinking))
    reply = collect([Raw(text, tokens=0), Finish("stop")]) if text else Reply(finish="stop")
    return replace(reply, timings=Timings(thinking=thinking))  # what was timed is this very reading


def ended(reply: Reply, word: str, ends: Mapping[str, FinishReason]) -> Reply:
    """The reply with its end as its program says it; by a word that is not among `ends` it is not whole."""
    return replace(reply, finish=ends.get(word, "cut")) if word else reply


def beside(data: Mapping[str, Any]) -> Counter[str]:
    """How many parts an object of a message or of a chat has beside the words, by the codes of LEFT_OUT."""
    return Counter({code: sum(_number(name, data.get(name)) for name in names) for code, names in _NAMES.items()})


def _number(name: str, value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    if isinstance(value, str):
        return int(name in _AS_TEXT and bool(value.strip("[]{} \n")))
    return int(isinstance(value, dict) and bool(value))


def _digest(chat: ForeignChat) -> str:
    digest = sha256(f"{chat.mark}\0{chat.title}\0{chat.created}\0{chat.model}".encode())
    for message in chat.messages.values():
        model = name(message.model)  # a short one: messages may share a long one
        parts = (message.id, message.parent, message.role, message.created, model, message.text)
        for part in (*parts, message.reply.reasoning, message.reply.answer):
            text = str(part).encode(errors="replace")
            digest.update(b"%d:" % len(text))
            digest.update(text)
    return digest.hexdigest()

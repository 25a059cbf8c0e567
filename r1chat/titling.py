"""Titles of conversations, written by their own model while nothing else runs.

Until then, and wherever no title comes, the first words of the first message stand. A title that a person gave stays.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

from r1chat import steer
from r1chat.both import Both
from r1chat.chat import Chat, title_of
from r1chat.config import NANO, Titles
from r1chat.conversations import Conversation
from r1chat.errors import R1ChatError
from r1chat.languages import language_of
from r1chat.messages import Message, Params
from r1chat.think import Draft, Splitter

IDLE = 3.0  # seconds without a reply before a title is written
LONGEST = 60  # characters of a title
TURNS = 3  # messages; a conversation that has more keeps the title that it has
_TOKENS = 32

_ASK = Both(
    "Write a title of three to six words for this conversation. Write only the title.",
    "请为这段对话写一个不超过十二个字的标题。只写标题。",
)
_MARKS = re.compile(r"[*_`#\"“”„«»「」『』]+")
_PREFIX = re.compile(r"^\s*(?:title|标题)\s*[:：]\s*", re.IGNORECASE)


class Titler:
    """Writes the titles of one `Chat`'s conversations, one at a time, in a thread of its own.

    `mode` tells the setting whenever it is needed. A reply that begins, in any conversation, ends the title that is
    being written at once; it is tried again after that reply.
    """

    def __init__(self, chat: Chat, mode: Callable[[], Titles], idle: float = IDLE) -> None:
        self._chat = chat
        self._mode = mode
        self._idle = idle
        self._change = threading.Condition()  # guards the next three
        self._waiting: dict[str, None] = {}  # conversations, in order
        self._quiet_since = time.monotonic()
        self._closed = False
        self._cancelled = threading.Event()
        chat.when_begun(self._begun)
        chat.when_made(self._made)
        self._thread = threading.Thread(target=self._run, name="r1chat-titles", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the title that is being written, and write no more."""
        with self._change:
            self._closed = True
            self._cancelled.set()
            self._change.notify_all()
        self._thread.join(1.0)

    def _begun(self, conversation_id: str) -> None:
        with self._change:
            self._cancelled.set()

    def _made(self, turn_id: str) -> None:
        with suppress(R1ChatError):
            conversation_id = self._chat.store.turn(turn_id).conversation_id
            with self._change:
                self._waiting[conversation_id] = None
                self._quiet_since = time.monotonic()
                self._change.notify_all()

    def _run(self) -> None:
        while (conversation_id := self._next()) is not None:
            with suppress(R1ChatError):
                self._give_title(conversation_id)

    def _next(self) -> str | None:
        """Wait until nothing has run for a while; the conversation whose turn it is, None at the end."""
        with self._change:
            while not self._closed:
                left = self._quiet_since + self._idle - time.monotonic()
                if self._waiting and self._chat.working():
                    self._quiet_since = time.monotonic()
                elif self._waiting and left <= 0:
                    self._cancelled.clear()
                    conversation_id = next(iter(self._waiting))
                    del self._waiting[conversation_id]
                    return conversation_id
                self._change.wait(max(0.01, min(left, self._idle)) if self._waiting else None)
            return None

    def _give_title(self, conversation_id: str) -> None:
        conversation = self._chat.store.conversation(conversation_id)
        if not self._needs_title(conversation):
            return
        title = self._write(conversation)
        with self._change:
            if self._cancelled.is_set():
                self._waiting[conversation_id] = None  # after the reply that was in the way
                return
        if title and self._needs_title(self._chat.store.conversation(conversation_id)):
            self._chat.store.rename(conversation_id, title)
            self._chat.publish(conversation_id)

    def _needs_title(self, conversation: Conversation) -> bool:
        turns, model = conversation.turns, conversation.info.model
        mode, catalogue = self._mode(), self._chat.catalogue
        elsewhere = catalogue.host(model) or catalogue.account(model)
        if mode == "off" or (mode == "local" and elsewhere) or model.endswith(f":{NANO}"):
            return False
        return 0 < len(turns) <= TURNS and conversation.info.title == title_of(turns[0].content)

    def _write(self, conversation: Conversation) -> str:
        """The title as the model writes it, without a thought; "" where it writes none, or was cancelled."""
        last = conversation.turns[-1]
        if last.reply is None or last.reply.reply.finish != "stop":
            return ""
        backend, info, request = self._chat.upcoming(last.id, last.reply.reply, conversation.info.model)
        if info.thinks and not info.continues:
            return ""
        ask = Message("user", _ASK.pick(language_of(conversation.turns[0].content)))
        so_far = steer.skipped() if info.thinks else None
        params = Params(temperature=0.3, max_tokens=_TOKENS)
        request = replace(request, messages=(*request.messages, ask), so_far=so_far, params=params, budget=None)
        splitter, draft = Splitter(so_far), Draft()
        with closing(backend.stream(request)) as events:  # type: ignore[type-var]
            for event in events:
                if self._cancelled.is_set():
                    return ""
                for reply_event in splitter.feed(event):
                    draft.add(reply_event)
        return cleaned(draft.reply().answer)


def cleaned(answer: str) -> str:
    """What a model wrote as a title, without quotation marks and the like; "" where it is no title."""
    lines = [line.strip() for line in answer.strip().splitlines() if line.strip()]
    title = _PREFIX.sub("", _MARKS.sub("", lines[0])).strip().rstrip(".。:：").strip() if lines else ""
    return title if 0 < len(title) <= LONGEST and any(letter.isalnum() for letter in title) else ""

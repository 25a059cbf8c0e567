"""What one open page sees of one conversation, as a stream of patches. No Gradio, no HTTP: a test reads it directly.

A patch is `{"order": [section ids], "blocks": [{"id", "into", "kind", "html", "gone"}], "state": {…}}`, every part
optional: `order` names the sections from top to bottom, a block is made inside `into` if it is not there yet, and
`state` goes to the page's body. Only what has changed since the last patch is sent; `{}` is a heartbeat.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from r1chat.app import App
from r1chat.chat import Turn
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.messages import Reply, StoredReply, StoredTurn
from r1chat.ui import render
from r1chat.ui.words import words

Patch = dict[str, Any]
Block = dict[str, Any]

HEARTBEAT = 10.0  # seconds; a page that left is noticed after this at the latest
INTERVAL = 0.05  # seconds between two patches of a growing reply


class Viewer:
    """One page, looking at one conversation (or, with an empty id, at the welcome)."""

    def __init__(self, app: App, conversation_id: str, model: str, lang: str) -> None:
        self._app = app
        self._conversation_id = conversation_id
        self._model = model
        self._words = words(lang)
        self._sent: dict[str, tuple[str, str]] = {}  # block id -> kind and html, as the page has them
        self._renderers: dict[str, render.ReplyRenderer] = {}  # by reply
        self._asked: set[str] = set()  # the turns on the page
        self._shown: dict[str, str] = {}  # turn id -> reply id on the page
        self._left = threading.Event()

    def leave(self) -> None:
        """The page is gone: `patches` ends soon."""
        self._left.set()

    def patches(self) -> Iterator[Patch]:
        """The whole conversation, then every change of it, until the page leaves. Blocks while nothing happens."""
        if not self._conversation_id:
            yield self._welcome()
            while not self._left.wait(HEARTBEAT):
                yield {}
            return
        seen = -1
        while not self._left.is_set():
            news = self._app.chat.news(self._conversation_id, seen, HEARTBEAT)
            if news == seen:
                yield {}
                continue
            seen = news
            turn = self._app.chat.running(self._conversation_id)  # before the store: what runs no more is saved
            try:
                yield self._whole(turn)
            except NotFoundError as error:
                yield self._lost(error)
                continue
            if turn is not None and turn.reply_id in self._renderers:
                yield from self._follow(turn, seen)

    # -- a growing reply ----------------------------------------------------------------------------------------------

    def _follow(self, turn: Turn, seen: int) -> Iterator[Patch]:
        for reply in turn.watch(INTERVAL):
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            yield {"blocks": self._growing(turn.reply_id, reply)}
        yield self._whole(None)  # with everything that a finished reply offers

    def _growing(self, reply_id: str, reply: Reply) -> list[Block]:
        state = "done" if reply.finish else "answering" if reply.answer else "thinking"
        silent = "" if reply.reasoning or not (reply.closed or reply.answer or reply.finish) else " no-thought"
        blocks = self._change(f"reply-{reply_id}", kind=f"reply {state}{silent}")
        blocks += self._change(f"{reply_id}-sum", html=render.summary(reply, self._words))
        for block in self._renderers[reply_id].update(reply):
            into = f"{reply_id}-steps" if block.kind == "step" else f"{reply_id}-answer"
            new = {"into": into, "kind": block.kind, "html": block.html}
            blocks.append({"id": block.id, **({"gone": True} if block.gone else new)})
        return blocks

    # -- the whole ----------------------------------------------------------------------------------------------------

    def _whole(self, running: Turn | None) -> Patch:
        conversation = self._app.store.conversation(self._conversation_id)
        blocks: list[Block] = []
        for gone in self._asked - {turn.id for turn in conversation.turns}:  # `order` takes their sections away
            self._forget_turn(gone)
        for turn in conversation.turns:
            blocks += self._turn(turn, running)
        return {
            "order": [f"turn-{turn.id}" for turn in conversation.turns],
            "blocks": blocks,
            "state": {"running": "1" if running else "", "lang": self._words.lang, "empty": ""},
        }

    def _turn(self, turn: StoredTurn, running: Turn | None) -> list[Block]:
        section = f"turn-{turn.id}"
        self._asked.add(turn.id)
        blocks = self._change(f"ask-{turn.id}", section, "ask", render.message(turn.content, self._words))
        blocks += self._change(f"asked-{turn.id}", section, "acts asked", render.message_acts(turn, self._words))
        old = self._shown.get(turn.id)
        if old and (turn.reply is None or old != turn.reply.id):
            blocks.append({"id": f"reply-{old}", "gone": True})
            self._forget(old)
            del self._shown[turn.id]
        if turn.reply is not None:
            blocks += self._reply(turn.reply, section, running)
            self._shown[turn.id] = turn.reply.id
        return blocks

    def _reply(self, stored: StoredReply, section: str, running: Turn | None) -> list[Block]:
        live = running is not None and running.reply_id == stored.id
        reply = running.snapshot() if running is not None and live else stored.reply
        blocks: list[Block] = []
        if stored.id not in self._renderers:
            self._renderers[stored.id] = render.ReplyRenderer(stored.id, self._words)
            blocks += self._change(f"reply-{stored.id}", section, "reply", render.skeleton(stored.id))
        blocks += self._growing(stored.id, reply)
        blocks += self._change(f"{stored.id}-notes", html="" if live else render.notices(reply, self._words))
        blocks += self._change(f"{stored.id}-acts", html="" if live else render.reply_acts(stored, self._words))
        return blocks

    def _forget_turn(self, turn_id: str) -> None:
        self._asked.discard(turn_id)
        self._sent.pop(f"ask-{turn_id}", None)
        self._sent.pop(f"asked-{turn_id}", None)
        if reply_id := self._shown.pop(turn_id, ""):
            self._forget(reply_id)

    def _forget(self, reply_id: str) -> None:
        self._renderers.pop(reply_id, None)
        for block_id in (f"reply-{reply_id}", *(f"{reply_id}-{place}" for place in ("sum", "notes", "acts"))):
            self._sent.pop(block_id, None)

    def _change(self, block_id: str, into: str = "", kind: str = "", html: str | None = None) -> list[Block]:
        """The block, if the page has it otherwise; what is not given stays as it is."""
        old_kind, old_html = self._sent.get(block_id, ("", ""))
        new = (kind or old_kind, old_html if html is None else html)
        if block_id in self._sent and new == (old_kind, old_html):
            return []
        self._sent[block_id] = new
        block: Block = {"id": block_id}
        if into:
            block["into"] = into
        if kind and kind != old_kind:
            block["kind"] = kind
        if html is not None and html != old_html:
            block["html"] = html
        return [block]

    # -- no conversation ----------------------------------------------------------------------------------------------

    def _welcome(self) -> Patch:
        try:
            model = self._app.catalogue.find(self._model)[1] if self._model else None
        except R1ChatError:
            model = None
        html = render.welcome(model, str(self._app.settings.models_folder), self._words)
        return {
            "order": ["welcome-section"],
            "blocks": [{"id": "welcome", "into": "welcome-section", "kind": "welcome", "html": html}],
            "state": {"running": "", "lang": self._words.lang, "empty": "1"},
        }

    def _lost(self, error: NotFoundError) -> Patch:
        html = render.notice(str(error), error=True)
        return {
            "order": ["welcome-section"],
            "blocks": [{"id": "welcome", "into": "welcome-section", "kind": "welcome", "html": html}],
            "state": {"running": "", "lang": self._words.lang, "empty": "1"},
        }

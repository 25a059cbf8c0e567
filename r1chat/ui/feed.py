"""What one open page sees of one conversation, as a stream of patches. No Gradio, no HTTP: a test reads it directly.

A patch is `{"order": [section ids], "blocks": [{"id", "into", "kind", "html", "gone"}], "state": {…}}`, every part
optional: `order` names the sections from top to bottom, a block is made inside `into` if it is not there yet (a step
also says where in the thought it stands), and `state` goes to the page's body. Only what has changed since the last
patch is sent; `{}` is a heartbeat.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from r1chat import window
from r1chat.app import App
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.judgements import Judged
from r1chat.messages import Conversation, ModelInfo, Provenance, Reply, StoredReply, StoredTurn, Verdict
from r1chat.reflect import Watchdog
from r1chat.turn import Turn, Vote
from r1chat.ui import ledger, render, sidebar, votes
from r1chat.ui.words import words

Patch = dict[str, Any]
Block = dict[str, Any]

HEARTBEAT = 10.0  # seconds; a page that left is noticed after this at the latest
OUTLINE_EVERY = 1.0  # seconds; the outline of a long thought is large
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
        self._given: dict[str, int] = {}  # by reply: tokens of its thought that were there before
        self._asked: set[str] = set()  # the turns on the page
        self._shown: dict[str, str] = {}  # turn id -> reply id on the page
        self._moments: dict[str, object] = {}  # by reply: those of its strip
        self._closed: set[str] = set()  # replies whose strip is final
        self._outlined_at = float("-inf")
        self._outlined = ""  # the reply whose steps the outline shows
        self._fixed: dict[str, str] = {}  # model key -> why its replies cannot be continued
        self._judged = Judged()
        self._last_hidden = ""  # the last turn that the model does not see
        self._verdicts: dict[str, dict[tuple[int, int], Verdict]] = {}  # by reply and place
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
            if isinstance(turn, Turn) and turn.reply_id in self._renderers:
                yield from self._follow(turn, seen)
            elif isinstance(turn, Vote):
                yield from self._follow_vote(turn, seen)

    # -- a growing reply ----------------------------------------------------------------------------------------------

    def _follow(self, turn: Turn, seen: int) -> Iterator[Patch]:
        watchdog = Watchdog(self._app.store.turn(turn.turn_id).content)
        watched, alarms = 0, ""
        for reply in turn.watch(INTERVAL):
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            for alarm in watchdog.feed(reply.reasoning[watched:]) if len(reply.reasoning) > watched else ():
                alarms += render.alarm(alarm, turn.turn_id, self._words, self._cannot_steer(":".join(turn.model)))
            watched = max(watched, len(reply.reasoning))
            blocks = self._growing(turn.reply_id, reply)
            if not reply.closed and reply.finish is None:
                blocks += self._change(f"{turn.reply_id}-notes", html=alarms)
            thinking = "1" if reply.finish is None and not (reply.closed or reply.answer) else ""
            yield {"blocks": blocks, "state": {"thinking": thinking}}
        yield self._whole(None)  # with everything that a finished reply offers

    def _follow_vote(self, vote: Vote, seen: int) -> Iterator[Patch]:
        for replies in vote.watch():
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            blocks = self._growing(vote.reply_id, replies[0])
            blocks += self._change(f"{vote.reply_id}-notes", html=votes.progress(replies, self._words))
            yield {"blocks": blocks}
        winner = votes.majority(self._app.store.votes(vote.vote_id or ""))
        if winner and winner != vote.reply_id:
            self._app.chat.show_reply(winner)  # the change comes back as news
        else:
            yield self._whole(None)

    def _growing(self, reply_id: str, reply: Reply) -> list[Block]:
        state = "done" if reply.finish else "answering" if reply.answer else "thinking"
        silent = "" if reply.reasoning or not (reply.closed or reply.answer or reply.finish) else " no-thought"
        blocks = self._change(f"reply-{reply_id}", kind=f"reply {state}{silent}")
        if (reply.progress is not None and reply.progress.stage == "loading") or "model-line" in self._sent:
            blocks += self._change("model-line", html=sidebar.loading(reply.progress, self._words))
        renderer = self._renderers[reply_id]
        rendered = renderer.update(reply)
        given = self._given.get(reply_id, 0)
        blocks += self._change(f"{reply_id}-sum", html=render.summary(reply, self._words, renderer.counts(), given))
        moments = renderer.moments
        if moments != self._moments.get(reply_id) or (reply.closed and reply_id not in self._closed):
            self._moments[reply_id] = moments
            self._closed |= {reply_id} if reply.closed else set()
            blocks += self._change(f"{reply_id}-strip", html=renderer.strip(reply))
        now = time.monotonic()
        if reply_id == self._outlined and (reply.finish or now - self._outlined_at >= OUTLINE_EVERY):
            blocks += self._change("outline", html=renderer.outline())
            self._outlined_at = now
        return blocks + [self._piece(reply_id, block) for block in rendered]

    @staticmethod
    def _piece(reply_id: str, block: render.Block) -> Block:
        if block.gone:
            return {"id": block.id, "gone": True}
        into = f"{reply_id}-steps" if block.kind == "step" else f"{reply_id}-answer"
        place = {"start": block.start, "end": block.end}
        return {"id": block.id, "into": into, "kind": block.kind, "html": block.html, **place}

    # -- the whole ----------------------------------------------------------------------------------------------------

    def _whole(self, running: Turn | Vote | None) -> Patch:
        conversation = self._app.store.conversation(self._conversation_id)
        self._judged = self._app.teacher.judged(self._conversation_id)
        self._verdicts = {}
        for label in self._app.store.moment_labels_in(self._conversation_id):
            self._verdicts.setdefault(label.reply_id, {})[label.start, label.end] = label.verdict
        blocks: list[Block] = []
        for gone in self._asked - {turn.id for turn in conversation.turns}:  # `order` takes their sections away
            self._forget_turn(gone)
        self._outlined = next((turn.reply.id for turn in reversed(conversation.turns) if turn.reply is not None), "")
        for turn in conversation.turns:
            blocks += self._turn(turn, running)
        blocks += self._window(conversation, running)
        return {
            "order": [*(f"turn-{turn.id}" for turn in conversation.turns), "offers-section"],
            "blocks": blocks,
            "state": self._state(conversation, running),
        }

    def _window(self, conversation: Conversation, running: Turn | Vote | None) -> list[Block]:
        """What the model's window holds; which turns it no longer sees; what to do when it gets tight."""
        turns, view = conversation.turns, conversation.info
        blocks = self._change("ledger", html=ledger.html(turns, view, self._words))
        hidden = len(turns) - len(window.shown(turns, view.seen_from))
        last_hidden = turns[hidden - 1].id if hidden else ""
        if self._last_hidden not in ("", last_hidden):
            blocks.append({"id": f"left-out-{self._last_hidden}", "gone": True})
            self._sent.pop(f"left-out-{self._last_hidden}", None)
        self._last_hidden = last_hidden
        if hidden:
            line = ledger.left_out(hidden, self._words)
            blocks += self._change(f"left-out-{last_hidden}", f"turn-{last_hidden}", "left-out", line)
        offers = "" if running else ledger.offers(turns, view, self._chosen(), self._words)
        return blocks + self._change("offers", "offers-section", "offers", offers)

    def _chosen(self) -> ModelInfo | None:
        with suppress(R1ChatError):
            return self._app.catalogue.find(self._model)[1] if self._model else None
        return None

    def _state(self, conversation: Conversation, running: Turn | Vote | None) -> dict[str, str]:
        thinking = isinstance(running, Turn) and not running.snapshot().closed
        return {
            "running": "1" if running else "",
            "thinking": "1" if thinking else "",
            "lang": self._words.lang,
            "empty": "" if conversation.turns else "1",
            "cannotSteer": self._cannot_steer(self._model),
            "cannotAnswer": self._cannot_steer(":".join(running.model)) if isinstance(running, Turn) else "",
        }

    def _cannot_steer(self, model: str) -> str:
        """Why the replies of a model cannot be continued; "" where they can, or where nobody is there to ask."""
        if model not in self._fixed:
            self._fixed[model] = ""
            with suppress(R1ChatError):
                continues = self._app.catalogue.find(model)[1].continues
                self._fixed[model] = "" if continues else self._words.cannot_steer
        return self._fixed[model]

    def _turn(self, turn: StoredTurn, running: Turn | Vote | None) -> list[Block]:
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

    def _reply(self, stored: StoredReply, section: str, running: Turn | Vote | None) -> list[Block]:
        live = running is not None and running.reply_id == stored.id
        reply = running.snapshot() if running is not None and live else stored.reply
        blocks: list[Block] = []
        verdicts = self._verdicts.get(stored.id, {})
        if renderer := self._renderers.get(stored.id):
            for span, verdict in verdicts.items():
                if renderer.verdicts.get(span) != verdict:  # somebody said so, here or in another tab
                    blocks += [self._piece(stored.id, block) for block in renderer.judge(*span, verdict)]
        else:
            self._given[stored.id] = self._given_tokens(stored.provenance)
            self._renderers[stored.id] = render.ReplyRenderer(stored.id, self._words, verdicts)
            blocks += self._change(f"reply-{stored.id}", section, "reply", render.skeleton(stored.id))
        blocks += self._growing(stored.id, reply)
        if live:
            for place in ("notes", "acts", "teach"):
                blocks += self._change(f"{stored.id}-{place}", html="")
            return blocks
        notes = render.notices(reply, self._words) + render.origin(stored, self._words)
        if stored.provenance.vote_id:
            notes = votes.panel(self._app.store.votes(stored.provenance.vote_id), stored.id, self._words) + notes
        blocks += self._change(f"{stored.id}-notes", html=notes)
        made = stored.provenance
        cannot_resume = self._cannot_steer(f"{made.backend}:{made.model}") if reply.finish in render.CAN_GO_ON else ""
        acts = render.reply_acts(stored, self._words, self._cannot_steer(self._model), cannot_resume)
        blocks += self._change(f"{stored.id}-acts", html=acts)
        return blocks

    def _given_tokens(self, made: Provenance) -> int:
        """About how many tokens of a thought came from its parent's: as many as its characters take there."""
        if not made.kept_reasoning:
            return 0
        with suppress(NotFoundError):
            parent = self._app.store.reply(made.parent_id or "")
            whole = self._given_tokens(parent.provenance) + parent.reply.usage.reasoning_tokens
            if whole and parent.reply.reasoning:
                return round(whole * made.kept_reasoning / len(parent.reply.reasoning))
        return round(made.kept_reasoning / window.PER_TOKEN)

    def _forget_turn(self, turn_id: str) -> None:
        self._asked.discard(turn_id)
        self._sent.pop(f"ask-{turn_id}", None)
        self._sent.pop(f"asked-{turn_id}", None)
        if reply_id := self._shown.pop(turn_id, ""):
            self._forget(reply_id)

    def _forget(self, reply_id: str) -> None:
        self._renderers.pop(reply_id, None)
        self._given.pop(reply_id, None)
        self._moments.pop(reply_id, None)
        self._closed.discard(reply_id)
        for block_id in (
            f"reply-{reply_id}",
            *(f"{reply_id}-{place}" for place in ("sum", "strip", "notes", "judge", "acts", "teach")),
        ):
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
        html = render.welcome(self._chosen(), str(self._app.settings.models_folder), self._words)
        return self._only(html)

    def _lost(self, error: NotFoundError) -> Patch:
        return self._only(render.notice(str(error), error=True))

    def _only(self, html: str) -> Patch:
        return {
            "order": ["welcome-section"],
            "blocks": [
                {"id": "welcome", "into": "welcome-section", "kind": "welcome", "html": html},
                {"id": "outline", "html": ""},
                {"id": "ledger", "html": ""},
            ],
            "state": {
                "running": "",
                "thinking": "",
                "lang": self._words.lang,
                "empty": "1",
                "cannotSteer": self._cannot_steer(self._model),
                "cannotAnswer": "",
            },
        }

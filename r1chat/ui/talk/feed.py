"""What one open page sees of one conversation, as a stream of patches. No Gradio, no HTTP: a test reads it directly.

A patch is `{"order": [section ids], "blocks": [{"id", "into", "kind", "html", "gone"}], "state": {…}}`, every part
optional: `order` names the sections from top to bottom, a block is made inside `into` if it is not there yet (a step
also says where in the thought it stands), and `state` goes to the page's body. Only what has changed since the last
patch is sent; `{}` is a heartbeat.

A page that connects again still shows what it had: `fresh` marks a patch that names every block there is, and a block
that is `frame` leaves the one on the page alone, with what the person unfolded or wrote in it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from r1chat import calibration, window
from r1chat.app import App
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.generation import Generation, Samples
from r1chat.judgements import Judged
from r1chat.messages import Conversation, ModelInfo, Provenance, Reply, StoredReply, StoredTurn, Verdict
from r1chat.reflect import Watchdog
from r1chat.ui.compare import acts as duel
from r1chat.ui.compare import arena as arenas
from r1chat.ui.judge import consent, gathered, rating, reference
from r1chat.ui.talk import ledger, render, sidebar, votes
from r1chat.ui.words.page import words

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
        self._bars = calibration.load_or_default(app.settings.data_dir)
        self._sent: dict[str, tuple[str, str]] = {}  # block id -> kind and html, as the page has them
        self._renderers: dict[str, render.ReplyRenderer] = {}  # by reply
        self._given: dict[str, int] = {}  # by reply: tokens of its thought that were there before
        self._asked: set[str] = set()  # the turns on the page
        self._shown: dict[str, tuple[str, ...]] = {}  # by turn: the block below it, and the replies in that
        self._arenas: dict[str, arenas.Arena] = {}  # by turn: the comparisons that wait for a word
        self._hidden: set[str] = set()  # replies of which nobody must learn yet who wrote them
        self._moments: dict[str, object] = {}  # by reply: those of its strip
        self._closed: set[str] = set()  # replies whose strip is final
        self._outlined_at = float("-inf")
        self._outlined = ""  # the reply whose steps the outline shows
        self._fixed: dict[str, str] = {}  # model key -> why its replies cannot be continued
        self._judged = Judged()
        self._last_hidden = ""  # the last turn that the model does not see
        self._verdicts: dict[str, dict[tuple[int, int], Verdict]] = {}  # by reply and place
        self._fresh = True  # nothing was sent yet
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
            generation = self._app.chat.running(self._conversation_id)  # before the store: what runs no more is saved
            try:
                yield self._whole(generation)
            except NotFoundError as error:
                yield self._lost(error)
                continue
            if isinstance(generation, Samples) and not generation.vote_id:
                yield from self._follow_duel(generation, seen)
            elif generation is not None and generation.reply_id not in self._renderers:
                yield from self._wait_for(generation, seen)
            elif isinstance(generation, Generation):
                yield from self._follow(generation, seen)
            elif isinstance(generation, Samples):
                yield from self._follow_vote(generation, seen)

    # -- a growing reply ----------------------------------------------------------------------------------------------

    def _follow(self, generation: Generation, seen: int) -> Iterator[Patch]:
        watchdog = Watchdog(self._app.store.turn(generation.turn_id).content)
        watched, alarms = 0, ""
        for reply in generation.watch(INTERVAL):
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            for alarm in watchdog.feed(reply.reasoning[watched:]) if len(reply.reasoning) > watched else ():
                alarms += render.alarm(
                    alarm, generation.turn_id, self._words, self._cannot_steer(":".join(generation.model))
                )
            watched = max(watched, len(reply.reasoning))
            blocks = self._growing(generation.reply_id, reply)
            if reply.finish is None:
                blocks += self._change(f"{generation.reply_id}-notes", html="" if reply.closed else alarms)
            thinking = "1" if reply.finish is None and not (reply.closed or reply.answer) else ""
            yield {"blocks": blocks, "state": {"thinking": thinking}}
        yield self._whole(None)  # with everything that a finished reply offers

    def _follow_vote(self, vote: Samples, seen: int) -> Iterator[Patch]:
        for replies in vote.watch():
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            blocks = self._growing(vote.reply_id, replies[0])
            blocks += self._change(f"{vote.reply_id}-notes", html=votes.progress(replies, self._words))
            yield {"blocks": blocks}
        yield self._whole(None)

    def _wait_for(self, generation: Generation | Samples, seen: int) -> Iterator[Patch]:
        """A reply is made on another branch than the one that shows."""
        for _ in generation.watch(1.0):
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
        yield self._whole(None)

    def _follow_duel(self, sides: Samples, seen: int) -> Iterator[Patch]:
        for replies in sides.watch(INTERVAL):
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            blocks: list[Block] = []
            for reply_id, reply in zip(sides.reply_ids, replies, strict=True):
                if reply_id in self._renderers:  # who does not want to compare sees one only
                    blocks += self._growing(reply_id, reply)
            if (arena := self._arenas.get(sides.turn_id)) is not None:
                blocks += self._verdict(arena, replies)
            yield {"blocks": blocks}
        yield self._whole(None)

    def _growing(self, reply_id: str, reply: Reply) -> list[Block]:
        state = "done" if reply.finish else "answering" if reply.answer else "thinking"
        silent = "" if reply.reasoning or not (reply.closed or reply.answer or reply.finish) else " no-thought"
        blocks = self._change(f"reply-{reply_id}", kind=f"reply {state}{silent}")
        hidden = reply_id in self._hidden
        loading = reply.progress is not None and reply.progress.stage == "loading"
        if not hidden and (loading or "model-line" in self._sent):
            blocks += self._change("model-line", html=sidebar.loading(reply.progress, self._words))
        renderer = self._renderers[reply_id]
        rendered = renderer.update(reply)
        given = self._given.get(reply_id, 0)
        if hidden:
            summary = arenas.summary(reply, self._words)
        else:
            summary = render.summary(reply, self._words, renderer.counts(), given)
        blocks += self._change(f"{reply_id}-sum", html=summary)
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

    def _whole(self, running: Generation | Samples | None) -> Patch:
        conversation = self._app.chat.conversation(self._conversation_id)
        self._judged = self._app.teacher.judged(self._conversation_id)
        self._verdicts = {}
        for label in self._app.store.moment_labels_in(self._conversation_id):
            self._verdicts.setdefault(label.reply_id, {})[label.start, label.end] = label.verdict
        blocks: list[Block] = []
        for gone in self._asked - {turn.id for turn in conversation.turns}:  # `order` takes their sections away
            self._forget_turn(gone)
        self._find_arenas(conversation)
        self._outlined = next((turn.reply.id for turn in reversed(conversation.turns) if turn.reply is not None), "")
        if self._comparing(conversation):
            self._outlined = ""
        if not self._outlined:
            blocks += self._change("outline", html="")
        for turn in conversation.turns:
            blocks += self._turn(turn, running)
        blocks += self._window(conversation, running)
        switch = consent.switch(self._conversation_id, self._judged, self._words)
        blocks += self._change("consent", "consent-section", "consent", switch)
        blocks += self._change("gathered", html=self._gathered())
        fresh, self._fresh = self._fresh, False
        return {
            "fresh": fresh,
            "order": [*(f"turn-{turn.id}" for turn in conversation.turns), "offers-section", "consent-section"],
            "blocks": blocks,
            "state": self._state(conversation, running),
        }

    def _window(self, conversation: Conversation, running: Generation | Samples | None) -> list[Block]:
        """What the model's window holds; which turns it no longer sees; what to do when it gets tight."""
        turns, view = conversation.turns, conversation.info
        comparing = self._comparing(conversation)  # the window's size may give a side away
        blocks = self._change("ledger", html="" if comparing else ledger.html(turns, view, self._words))
        hidden = len(turns) - len(window.shown(turns, view.seen_from))
        last_hidden = turns[hidden - 1].id if hidden else ""
        if self._last_hidden not in ("", last_hidden):
            blocks.append({"id": f"left-out-{self._last_hidden}", "gone": True})
            self._sent.pop(f"left-out-{self._last_hidden}", None)
        self._last_hidden = last_hidden
        if hidden:
            line = ledger.left_out(hidden, self._words)
            blocks += self._change(f"left-out-{last_hidden}", f"turn-{last_hidden}", "left-out", line)
        offers = "" if running or comparing else ledger.offers(turns, view, self._chosen(), self._words)
        return blocks + self._change("offers", "offers-section", "offers", offers)

    def _gathered(self) -> str:
        return gathered.html(self._app.store.judgements.gathered(), self._words)

    def _chosen(self) -> ModelInfo | None:
        with suppress(R1ChatError):
            return self._app.catalogue.glance(self._model) if self._model else None
        return None

    def _state(self, conversation: Conversation, running: Generation | Samples | None) -> dict[str, str]:
        thinking = isinstance(running, Generation) and not running.snapshot().closed
        return {
            "running": "1" if running else "",
            "thinking": "1" if thinking else "",
            "lang": self._words.lang,
            "empty": "" if conversation.turns else "1",
            "cannotSteer": self._cannot_steer(self._model),
            "cannotAnswer": self._cannot_steer(":".join(running.model)) if isinstance(running, Generation) else "",
            "comparing": "1" if self._comparing(conversation) else "",
        }

    def _cannot_steer(self, model: str) -> str:
        """Why the replies of a model cannot be continued; "" where they can, or where nobody is there to ask."""
        if model not in self._fixed:
            self._fixed[model] = ""
            with suppress(R1ChatError):
                continues = self._app.catalogue.glance(model).continues
                self._fixed[model] = "" if continues else self._words.cannot_steer
        return self._fixed[model]

    def _turn(self, turn: StoredTurn, running: Generation | Samples | None) -> list[Block]:
        section = f"turn-{turn.id}"
        self._asked.add(turn.id)
        blocks = self._change(f"ask-{turn.id}", section, "ask", render.message(turn.content, self._words))
        asked = render.message_acts(turn, self._words)
        asked += reference.form(turn.id, self._judged.references.get(turn.id), self._words)
        blocks += self._change(f"asked-{turn.id}", section, "acts asked", asked)
        arena = self._arenas.get(turn.id)
        wanted: tuple[str, ...] = ()
        if arena is not None:
            wanted = (arena.block, arena.duel.left_id, arena.duel.right_id)
        elif turn.reply is not None:
            wanted = (f"reply-{turn.reply.id}", turn.reply.id)
        old = self._shown.get(turn.id, ())
        if old and old != wanted:
            blocks.append({"id": old[0], "gone": True})
            self._forget_shown(turn.id)
        if arena is not None:
            blocks += self._duel(arena, section, running)
        elif turn.reply is not None:
            blocks += self._reply(turn.reply, section, running)
        self._shown[turn.id] = wanted
        return blocks

    # -- two replies side by side -------------------------------------------------------------------------------------

    def _find_arenas(self, conversation: Conversation) -> None:
        turns = conversation.turns
        found = {turn.id: duel.arena(self._app, self._judged, turn, turn is turns[-1]) for turn in turns}
        self._arenas = {turn: arena for turn, arena in found.items() if arena is not None}
        blind = [arena for arena in self._arenas.values() if arena.blind]
        self._hidden = {side for arena in blind for _, side in arena.sides}

    def _comparing(self, conversation: Conversation) -> bool:
        return bool(conversation.turns) and conversation.turns[-1].id in self._arenas

    def _duel(self, arena: arenas.Arena, section: str, running: Generation | Samples | None) -> list[Block]:
        stored = [self._app.chat.as_it_stands(side) for _, side in arena.sides]
        replies = [each.reply for each in stored]
        if isinstance(running, Samples) and running.turn_id == arena.duel.turn_id and not running.vote_id:
            replies = running.snapshots()
        blocks: list[Block] = []
        if arena.block not in self._sent:  # once: what is inside is sent apart
            blocks += self._frame(arena.block, section, "duel", arenas.skeleton(arena, stored, self._words))
        for (side, _), each, reply in zip(arena.sides, stored, replies, strict=True):
            blocks += self._body(each, f"{arena.block}-{side}", reply)
        return blocks + self._verdict(arena, replies)

    def _verdict(self, arena: arenas.Arena, replies: list[Reply]) -> list[Block]:
        blocks: list[Block] = []
        for (_, reply_id), reply in zip(arena.sides, replies, strict=True):
            blocks += self._change(f"{reply_id}-notes", html=arenas.notes(reply, self._words))
        kind, html = arenas.verdict(arena, replies, self._words)
        return blocks + self._change(f"{arena.block}-verdict", kind=kind, html=html)

    def _compared(self, stored: StoredReply) -> str:
        """What was said of a reply and another one."""
        said = self._judged.said_of(stored.id)
        if said is None:
            return ""
        replies = [self._app.store.reply(side) for side in (said.duel.left_id, said.duel.right_id)]
        return arenas.result(said, stored.id, replies, duel.order(self._app, stored), self._words)

    # -- one reply ----------------------------------------------------------------------------------------------------

    def _reply(self, stored: StoredReply, section: str, running: Generation | Samples | None) -> list[Block]:
        live = running is not None and running.reply_id == stored.id
        reply = running.snapshot() if running is not None and live else stored.reply
        blocks = self._body(stored, section, reply)
        if live:
            for part in ("notes", "judge", "acts", "teach"):
                blocks += self._change(f"{stored.id}-{part}", html="")
            return blocks
        notes = render.not_saved(stored, self._words) + render.notices(reply, self._words)
        notes += render.origin(stored, self._words) + self._compared(stored)
        if stored.provenance.vote_id:
            samples = self._app.store.votes(stored.provenance.vote_id)
            notes = votes.panel(samples, stored.id, self._judged, self._words) + notes
        blocks += self._change(f"{stored.id}-notes", html=notes)
        made = stored.provenance
        cannot_resume = self._cannot_steer(f"{made.backend}:{made.model}") if reply.finish in render.CAN_GO_ON else ""
        acts = render.reply_acts(stored, self._words, self._cannot_steer(self._model), cannot_resume)
        acts = rating.thumbs(stored, self._judged, self._words) + acts + duel.sibling_acts(stored, self._words)
        acts += rating.more(stored, self._words)
        blocks += self._change(f"{stored.id}-acts", html=acts)
        blocks += self._change(f"{stored.id}-judge", html=rating.thought_panel(stored, self._judged, self._words))
        blocks += self._change(f"{stored.id}-teach", html=rating.panel(stored, self._judged, self._words))
        return blocks

    def _body(self, stored: StoredReply, into: str, reply: Reply) -> list[Block]:
        """Thought and answer, with what is said of the moments in them."""
        blocks: list[Block] = []
        verdicts = self._verdicts.get(stored.id, {})
        if renderer := self._renderers.get(stored.id):
            for span, verdict in verdicts.items():
                if renderer.verdicts.get(span) != verdict:  # somebody said so, here or in another tab
                    blocks += [self._piece(stored.id, block) for block in renderer.judge(*span, verdict)]
        else:
            self._given[stored.id] = self._given_tokens(stored.provenance)
            self._renderers[stored.id] = render.ReplyRenderer(stored.id, self._words, verdicts, self._bars)
            blocks += self._frame(f"reply-{stored.id}", into, "reply", render.skeleton(stored.id))
        return blocks + self._growing(stored.id, reply)

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
        self._forget_shown(turn_id)

    def _forget_shown(self, turn_id: str) -> None:
        block, *replies = self._shown.pop(turn_id, ("",))
        self._sent.pop(block, None)
        self._sent.pop(f"{block}-verdict", None)
        for reply_id in replies:
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

    def _frame(self, block_id: str, into: str, kind: str, html: str) -> list[Block]:
        """A block that is made of others, if the page does not have it."""
        return [{**block, "frame": True} for block in self._change(block_id, into, kind, html)]

    def _change(self, block_id: str, into: str = "", kind: str = "", html: str | None = None) -> list[Block]:
        """The block, if the page has it otherwise or may have it otherwise; what is not given stays as it is."""
        known = block_id in self._sent
        old_kind, old_html = self._sent.get(block_id, ("", ""))
        new = (kind or old_kind, old_html if html is None else html)
        if known and new == (old_kind, old_html):
            return []
        self._sent[block_id] = new
        block: Block = {"id": block_id}
        if into:
            block["into"] = into
        if kind and kind != old_kind:
            block["kind"] = kind
        if html is not None and (html != old_html or not known):
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
                {"id": "gathered", "html": self._gathered()},
            ],
            "state": {
                "running": "",
                "thinking": "",
                "lang": self._words.lang,
                "empty": "1",
                "cannotSteer": self._cannot_steer(self._model),
                "cannotAnswer": "",
                "comparing": "",
            },
        }

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
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from r1chat import calibration, window
from r1chat.app import App
from r1chat.conversations import Conversation, Provenance, StoredReply, StoredTurn, Verdict
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.generation import Generation, Samples
from r1chat.judgements import Judged
from r1chat.library.curated import expect, suitable
from r1chat.messages import ModelInfo, Reply
from r1chat.reflect import Moment, Watchdog
from r1chat.ui.compare import comparison as comparisons
from r1chat.ui.compare.acts import open_comparison, order, sibling_acts
from r1chat.ui.compare.comparison import OpenComparison
from r1chat.ui.composer.menus import model_name
from r1chat.ui.html.parts import EMPTY, notice
from r1chat.ui.html.plain import with_drawn_formulas
from r1chat.ui.judge import consent, gathered, rating, reference
from r1chat.ui.talk import availability, ledger, render, sidebar, temporary, votes
from r1chat.ui.talk.moments import legend, outline_count
from r1chat.ui.words.page import words

Patch = dict[str, Any]
PatchBlock = dict[str, Any]

HEARTBEAT = 10.0  # seconds; a page that left is noticed after this at the latest
PULSE = 2.0  # seconds between two looks at the server of the chosen model, while nothing else happens
OUTLINE_EVERY = 1.0  # seconds; the outline of a long thought is large
INTERVAL = 0.05  # seconds between two patches of a growing reply
MOST_SHOWN = 500  # messages, the last ones of a conversation: they are one patch, and one page

_MOST_ANCESTORS = 16  # replies from which the tokens of a thought are counted; beyond, its characters tell

_PLACES = ("who", "sum", "strip", "notes", "judge", "acts", "teach")  # of a reply, see `render.skeleton`


@dataclass(slots=True)
class _Reply:
    """A reply as the page has it."""

    renderer: render.ReplyRenderer
    given: int  # about how many tokens of its thought were there before it was sampled
    moments: tuple[Moment, ...] | None = None  # those of its strip
    final: bool = False  # its strip will not change


@dataclass(slots=True)
class _Message:
    """A person's message as the page has it, with what stands below it: one reply, or two side by side."""

    block: str = ""  # the block below the message
    replies: dict[str, _Reply] = field(default_factory=dict)
    makers: dict[str, str] = field(default_factory=dict)  # by reply: who wrote it
    comparison: OpenComparison | None = None  # the one that waits for a choice

    @property
    def blind(self) -> bool:
        """Nobody must learn yet who wrote its replies."""
        return self.comparison is not None and self.comparison.blind


class Viewer:
    """One page, looking at one conversation (or, with an empty id, at the welcome)."""

    def __init__(self, app: App, conversation_id: str, model: str, lang: str) -> None:
        self._app = app
        self._conversation_id = conversation_id
        self._model = model
        self._words = words(lang)
        self._bars = calibration.load_or_default(app.settings.data_dir)
        self._sent: dict[str, tuple[str, str]] = {}  # block id -> kind and html, as the page has them
        self._messages: dict[str, _Message] = {}  # by the id of the turn
        self._outlined_at = float("-inf")
        self._outlined = ""  # the reply whose steps the outline shows
        self._outline_sent = ""  # the reply whose outline the page has had whole
        self._of_another_file: set[str] = set()  # replies, see `render.of_another_file`
        self._names: dict[str, str] = {}  # model key -> what the menu calls it
        self._fixed: dict[str, str] = {}  # model key -> why its replies cannot be continued
        self._judged = Judged()
        self._last_hidden = ""  # the last turn that the model does not see
        self._verdicts: dict[str, dict[tuple[int, int], Verdict]] = {}  # by reply and place
        self._leading = ""  # the turn whose reply is the next thing to go on from
        self._fresh = True  # nothing was sent yet
        self._working = ""  # the conversations in which replies are made, as the page has them
        self._beat = float("-inf")  # when the last pulse was sent
        self._left = threading.Event()

    def leave(self) -> None:
        """The page is gone: `patches` ends soon."""
        self._left.set()

    def patches(self) -> Iterator[Patch]:
        """The whole conversation, then every change of it, until the page leaves. Blocks while nothing happens."""
        if not self._conversation_id:
            yield self._welcome()
            while not self._left.wait(PULSE):
                yield from self._pulse()
            return
        seen = -1
        while not self._left.is_set():
            news = self._app.chat.news(self._conversation_id, seen, PULSE)
            if news == seen:
                yield from self._pulse()
                continue
            seen = news
            generation = self._app.chat.running(self._conversation_id)  # before the store: what runs no more is saved
            try:
                yield self._whole(generation)
                yield from self._as_it_grows(generation, seen)
            except NotFoundError as error:  # deleted, maybe while a reply was being made
                yield self._lost(error)

    def _as_it_grows(self, generation: Generation | Samples | None, seen: int) -> Iterator[Patch]:
        """What is being made, until there are other news."""
        if isinstance(generation, Samples) and not generation.vote_id and generation.turn_id in self._messages:
            yield from self._follow_sides(generation, seen)
        elif generation is not None and self._shown(generation.turn_id, generation.reply_id) is None:
            yield from self._wait_for(generation, seen)
        elif isinstance(generation, Generation):
            yield from self._follow(generation, seen)
        elif isinstance(generation, Samples):
            yield from self._follow_vote(generation, seen)

    def _pulse(self) -> Iterator[Patch]:
        """What changed of the chosen model's server while nothing else did; from time to time a heartbeat."""
        patch: Patch = {}
        if self._app.catalogue.is_served(self._model) or not self._model:
            patch = {"blocks": blocks} if (blocks := self._presence(PULSE / 2)) else {}
        state: dict[str, str] = {}
        if (working := " ".join(self._app.chat.working())) != self._working:
            self._working = state["working"] = working
        if not self._model and (usable := availability.usable_now(self._app)):
            state["usable"] = usable
        if state:
            patch["state"] = state
        if patch:
            yield patch
        elif time.monotonic() - self._beat >= HEARTBEAT - PULSE:
            yield {}
        else:
            return
        self._beat = time.monotonic()

    def _presence(self, max_age: float | None = None) -> list[PatchBlock]:
        """Whether the chosen model can be used: beside the picker, under the message box, and in the middle."""
        now = availability.look(self._app, self._model, self._words, max_age)
        blocks = self._change("state-place", html=availability.state_html(now, self._words))
        blocks += self._change("where", html=availability.where_html(now, self._words))
        if self._conversation_id:
            return blocks + self._change("trouble", "offers-section", "offers", availability.trouble(now, self._words))
        return blocks + self._change("welcome", "welcome-section", "welcome", self._greeting(now))

    # -- a growing reply ----------------------------------------------------------------------------------------------

    def _follow(self, generation: Generation, seen: int) -> Iterator[Patch]:
        watchdog = Watchdog(self._app.store.turn(generation.turn_id).content)
        watched, alarms = 0, EMPTY
        for reply in generation.watch(INTERVAL):
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            for alarm in watchdog.feed(reply.reasoning[watched:]) if len(reply.reasoning) > watched else ():
                alarms += render.alarm(
                    alarm, generation.turn_id, self._words, self._cannot_steer(":".join(generation.model))
                )
            watched = max(watched, len(reply.reasoning))
            blocks = self._growing(generation.turn_id, generation.reply_id, reply)
            if reply.finish is None:
                blocks += self._change(f"{generation.reply_id}-notes", html=EMPTY if reply.closed else alarms)
            thinking = "1" if reply.finish is None and reply.thinking else ""
            yield {"blocks": blocks, "state": {"thinking": thinking}}
        yield self._whole(None)  # with everything that a finished reply offers

    def _follow_vote(self, vote: Samples, seen: int) -> Iterator[Patch]:
        for replies in vote.watch():
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            blocks = self._growing(vote.turn_id, vote.reply_id, replies[0])
            blocks += self._change(f"{vote.reply_id}-notes", html=votes.progress(replies, self._words))
            yield {"blocks": blocks}
        yield self._whole(None)

    def _wait_for(self, generation: Generation | Samples, seen: int) -> Iterator[Patch]:
        """A reply is made on another branch than the one that shows."""
        for _ in generation.watch(1.0):
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
        yield self._whole(None)

    def _follow_sides(self, sides: Samples, seen: int) -> Iterator[Patch]:
        for replies in sides.watch(INTERVAL):
            if self._left.is_set() or self._app.chat.news(self._conversation_id) != seen:
                return
            message = self._messages[sides.turn_id]
            blocks: list[PatchBlock] = []
            for reply_id, reply in zip(sides.reply_ids, replies, strict=True):
                if reply_id in message.replies:  # who does not want to compare sees one only
                    blocks += self._growing(sides.turn_id, reply_id, reply)
            if message.comparison is not None:
                blocks += self._verdict(message.comparison, replies)
            yield {"blocks": blocks}
        yield self._whole(None)

    def _shown(self, turn_id: str, reply_id: str) -> _Reply | None:
        """A reply, if the page shows it."""
        message = self._messages.get(turn_id)
        return message.replies.get(reply_id) if message is not None else None

    def _growing(self, turn_id: str, reply_id: str, reply: Reply) -> list[PatchBlock]:
        message = self._messages[turn_id]
        view = message.replies[reply_id]
        blocks = self._change(f"reply-{reply_id}", kind=f"reply {_state(reply)}")
        blocks += self._change(f"{reply_id}-who", html=Markup("{}").format(self._speaker(message, reply_id)))
        loading = reply.progress is not None and reply.progress.stage == "loading"
        if not message.blind and (loading or "model-line" in self._sent):
            blocks += self._change("model-line", html=sidebar.loading(reply.progress, self._words))
        rendered = view.renderer.update(reply)
        if message.blind:
            summary = comparisons.summary(reply, self._words)
        else:
            summary = render.summary(reply, self._words, view.renderer.counts(), view.given)
        blocks += self._change(f"{reply_id}-sum", html=summary)
        moments = view.renderer.moments
        if moments != view.moments or (reply.closed and not view.final):
            view.moments, view.final = moments, reply.closed
            blocks += self._change(f"{reply_id}-strip", html=view.renderer.strip(reply))
        now = time.monotonic()
        if reply_id == self._outlined and (reply.finish or now - self._outlined_at >= OUTLINE_EVERY):
            blocks += self._outline(reply_id, view.renderer, over=reply.finish is not None)
            self._outlined_at = now
        return blocks + [self._piece(reply_id, block) for block in rendered]

    def _outline(self, reply_id: str, renderer: render.ReplyRenderer, over: bool) -> list[PatchBlock]:
        """The outline: whole at first and at the end, between only the rows that have changed."""
        rows = renderer.outline_rows()
        if over or rows is None or self._outline_sent != reply_id:
            html = renderer.outline()
            self._outline_sent = reply_id if html else ""
            for part in ("outline-count", "outline-legend"):
                self._sent.pop(part, None)
            return self._change("outline", html=html)
        blocks: list[PatchBlock] = [
            {"id": row.id, "into": f"{reply_id}-outline", "kind": row.kind, "html": row.html} for row in rows
        ]
        count = outline_count(renderer.moments, self._words)
        blocks += self._change("outline-count", html=Markup("{}").format(count))
        return blocks + self._change("outline-legend", html=legend(renderer.moments, self._words))

    def _speaker(self, message: _Message, reply_id: str) -> str:
        """Who wrote a reply, for its heading; the side of a blind comparison has only its letter."""
        return self._words.answer_of if message.blind else message.makers.get(reply_id, "") or self._words.answer_of

    @staticmethod
    def _piece(reply_id: str, block: render.Block) -> PatchBlock:
        if block.gone:
            return {"id": block.id, "gone": True}
        into = f"{reply_id}-steps" if block.kind == "step" else f"{reply_id}-answer"
        if block.later:
            into = f"{reply_id}-later{block.later}-steps"
        place = {"start": block.start, "end": block.end}
        return {"id": block.id, "into": into, "kind": block.kind, "html": block.html, **place}

    # -- the whole ----------------------------------------------------------------------------------------------------

    def _whole(self, running: Generation | Samples | None) -> Patch:
        conversation = self._app.chat.conversation(self._conversation_id)
        self._judged = self._app.teacher.judged(self._conversation_id)
        self._verdicts = {}
        for label in self._app.store.moment_labels_in(self._conversation_id):
            self._verdicts.setdefault(label.reply_id, {})[label.start, label.end] = label.verdict
        failed = any(turn.reply is not None and turn.reply.reply.finish == "error" for turn in conversation.turns[-1:])
        blocks = self._presence(0.0 if failed and not running else None)
        turns = conversation.turns[-MOST_SHOWN:]
        for gone in self._messages.keys() - {turn.id for turn in turns}:  # `order` removes their sections
            self._forget_message(gone)
        for turn in turns:
            message = self._messages.setdefault(turn.id, _Message())
            message.comparison = open_comparison(self._app, self._judged, turn, turn is conversation.turns[-1])
        self._of_another_file = render.of_another_file(conversation.turns)
        self._outlined = next((turn.reply.id for turn in reversed(conversation.turns) if turn.reply is not None), "")
        if self._comparing(conversation):
            self._outlined = ""
        if not self._outlined:
            self._outline_sent = ""
            blocks += self._change("outline", html=EMPTY)
        room = self._window(conversation, running)  # what it offers is recommended before continuing the last reply
        self._leading = conversation.turns[-1].id if conversation.turns and not self._sent["offers"][1] else ""
        for turn in turns:
            if self._left.is_set():
                break
            blocks += self._turn(turn, running)
        blocks += room
        if before := len(conversation.turns) - len(turns):
            blocks += self._change("earlier", "earlier-section", "offers", ledger.earlier(before, self._words))
        if self._app.is_temporary:
            blocks += self._change("temporary", "temporary-section", "offers", temporary.line(self._words))
        else:
            switch = (
                consent.switch(self._conversation_id, self._judged, self._words) if self._judged.anything else EMPTY
            )
            blocks += self._change("consent", "consent-section", "consent", switch)
        blocks += self._change("gathered", html=self._gathered())
        fresh, self._fresh = self._fresh, False
        return {
            "fresh": fresh,
            "order": [
                *(["temporary-section"] if self._app.is_temporary else []),
                *(["earlier-section"] if before else []),
                *(f"turn-{turn.id}" for turn in turns),
                "offers-section",
                "consent-section",
            ],
            "blocks": blocks,
            "state": self._state(conversation, running),
        }

    def _window(self, conversation: Conversation, running: Generation | Samples | None) -> list[PatchBlock]:
        """What the model's window holds; which turns it no longer sees; what to do when it gets tight."""
        turns, view = conversation.turns, conversation.info
        comparing = self._comparing(conversation)  # the window's size may give a side away
        blocks = self._change("ledger", html=EMPTY if comparing else ledger.html(turns, view, self._words))
        hidden = len(turns) - len(window.shown(turns, view.seen_from))
        last_hidden = turns[hidden - 1].id if hidden else ""
        if self._last_hidden not in ("", last_hidden):
            blocks.append({"id": f"left-out-{self._last_hidden}", "gone": True})
            self._sent.pop(f"left-out-{self._last_hidden}", None)
        self._last_hidden = last_hidden
        if hidden and len(turns) - hidden < MOST_SHOWN:
            line = ledger.left_out(hidden, self._words)
            blocks += self._change(f"left-out-{last_hidden}", f"turn-{last_hidden}", "left-out", line)
        offers = EMPTY if running or comparing else ledger.offers(turns, view, self._chosen(), self._words)
        return blocks + self._change("offers", "offers-section", "offers", offers)

    def _gathered(self) -> Markup:
        return gathered.html(self._app.main.store.judgements.gathered(), self._words)

    def _chosen(self) -> ModelInfo | None:
        with suppress(R1ChatError):
            return self._app.catalogue.glance(self._model) if self._model else None
        return None

    def _state(self, conversation: Conversation, running: Generation | Samples | None) -> dict[str, str]:
        thinking = isinstance(running, Generation) and running.snapshot().thinking
        self._working = " ".join(self._app.chat.working())
        return {
            "working": self._working,
            "running": "1" if running else "",
            "thinking": "1" if thinking else "",
            "lang": self._words.lang,
            "heading": with_drawn_formulas(conversation.info.title) or self._untitled(),
            "empty": "" if conversation.turns else "1",
            "ended": _ended(conversation),
            "shown": self._conversation_id,
            "cannotSteer": self._cannot_steer(self._model),
            "cannotAnswer": self._cannot_steer(":".join(running.model)) if isinstance(running, Generation) else "",
            "comparing": "1" if self._comparing(conversation) else "",
        }

    def _untitled(self) -> str:
        """What a conversation without a title is called."""
        return temporary.NAME.pick(self._words.lang) if self._app.is_temporary else self._words.untitled

    def _cannot_steer(self, model: str) -> str:
        """Why the replies of a model cannot be continued; "" where they can, or where nobody is there to ask."""
        if model not in self._fixed:
            self._fixed[model] = ""
            with suppress(R1ChatError):
                continues = self._app.catalogue.glance(model).continues
                self._fixed[model] = "" if continues else self._words.cannot_steer
        return self._fixed[model]

    def _turn(self, turn: StoredTurn, running: Generation | Samples | None) -> list[PatchBlock]:
        section, message = f"turn-{turn.id}", self._messages[turn.id]
        blocks = self._change(f"you-{turn.id}", section, "you unseen", Markup("<h2>{}</h2>").format(self._words.you))
        blocks += self._change(f"ask-{turn.id}", section, "ask", render.message(turn.content, self._words))
        acts = render.message_acts(turn, self._words)
        acts += reference.form(turn.id, self._judged.references.get(turn.id), self._words)
        blocks += self._change(f"asked-{turn.id}", section, "acts asked", acts)
        comparison, below, replies = message.comparison, "", []
        if comparison is not None:
            below, replies = comparison.block, list(comparison.sides.reply_ids.values())
        elif turn.reply is not None:
            below, replies = f"reply-{turn.reply.id}", [turn.reply.id]
        if message.block and (message.block, [*message.replies]) != (below, replies):
            blocks.append({"id": message.block, "gone": True})
            self._forget_below(message)
        message.block = below
        if comparison is not None:
            blocks += self._sides(comparison, section, running)
        elif turn.reply is not None:
            blocks += self._reply(turn.reply, turn.content, section, running)
        return blocks

    # -- two replies side by side -------------------------------------------------------------------------------------

    def _comparing(self, conversation: Conversation) -> bool:
        return bool(conversation.turns) and self._messages[conversation.turns[-1].id].comparison is not None

    def _sides(
        self, comparison: OpenComparison, section: str, running: Generation | Samples | None
    ) -> list[PatchBlock]:
        sides = [self._app.chat.as_it_stands(reply_id) for reply_id in comparison.sides.reply_ids.values()]
        replies = [stored.reply for stored in sides]
        if isinstance(running, Samples) and running.turn_id == comparison.sides.turn_id and not running.vote_id:
            replies = running.snapshots()
        blocks: list[PatchBlock] = []
        if comparison.block not in self._sent:  # once: what is inside is sent apart
            html = comparisons.skeleton(comparison, sides, self._words)
            blocks += self._frame(comparison.block, section, "comparison", html)
        for side, stored, reply in zip(comparison.sides.reply_ids, sides, replies, strict=True):
            blocks += self._body(stored, f"{comparison.block}-{side}", reply)
        return blocks + self._verdict(comparison, replies)

    def _verdict(self, comparison: OpenComparison, replies: list[Reply]) -> list[PatchBlock]:
        blocks: list[PatchBlock] = []
        for reply_id, reply in zip(comparison.sides.reply_ids.values(), replies, strict=True):
            blocks += self._change(f"{reply_id}-notes", html=comparisons.notes(reply, self._words))
        kind, html = comparisons.verdict(comparison, replies, self._words)
        return blocks + self._change(f"{comparison.block}-verdict", kind=kind, html=html)

    def _compared(self, stored: StoredReply) -> Markup:
        """What was chosen between a reply and another one."""
        chosen = self._judged.said_of(stored.id)
        if chosen is None:
            return EMPTY
        replies = [self._app.store.reply(side) for side in chosen.sides.reply_ids.values()]
        return comparisons.result(chosen, stored.id, replies, order(self._app, stored, self._judged), self._words)

    # -- one reply ----------------------------------------------------------------------------------------------------

    def _reply(
        self, stored: StoredReply, question: str, section: str, running: Generation | Samples | None
    ) -> list[PatchBlock]:
        live = running is not None and running.reply_id == stored.id
        reply = running.snapshot() if running is not None and live else stored.reply
        blocks = self._body(stored, section, reply)
        if live:
            for part in ("notes", "judge", "acts", "teach"):
                blocks += self._change(f"{stored.id}-{part}", html=EMPTY)
            return blocks
        provenance = stored.provenance
        cannot_resume = (
            self._cannot_steer(f"{provenance.backend}:{provenance.model}") if render.can_go_on(reply) else ""
        )
        notes = render.not_saved(stored, self._words) + render.notices(reply, self._words, cannot_resume)
        notes += render.origin(stored, question, self._words, other_file=stored.id in self._of_another_file)
        notes += self._compared(stored)
        if stored.provenance.vote_id:
            samples = self._app.store.votes(stored.provenance.vote_id, stored.turn_id)
            notes = votes.panel(samples, stored.id, self._judged, self._words) + notes
        blocks += self._change(f"{stored.id}-notes", html=notes)
        blocks += self._change(f"{stored.id}-acts", html=self._acts(stored, cannot_resume))
        blocks += self._change(f"{stored.id}-judge", html=rating.thought_panel(stored, self._judged, self._words))
        blocks += self._change(f"{stored.id}-teach", html=rating.panel(stored, self._judged, self._words))
        return blocks

    def _acts(self, stored: StoredReply, cannot_resume: str) -> Markup:
        """The row under a reply that has ended."""
        words = self._words
        row = render.reply_acts(stored, words, cannot_resume, leads=stored.turn_id == self._leading)
        row += rating.thumbs(stored, self._judged, words)
        more = render.more_acts(stored, words, self._cannot_steer(self._model)) + sibling_acts(stored, words)
        row += rating.more(stored, self._judged, more, words)
        return row + render.position(stored, words) + render.figures(stored, self._maker(stored), words)

    def _maker(self, stored: StoredReply) -> str:
        """What the menu calls the model that wrote a reply, or that a person did. Text."""
        provenance = stored.provenance
        if provenance.origin == "corrected":
            return self._words.own_words
        key = f"{provenance.backend}:{provenance.model}"
        if key not in self._names:  # asked once: a server may be slow
            self._names[key] = provenance.model
            with suppress(R1ChatError):  # the model may be gone
                self._names[key] = model_name(self._app.catalogue.glance(key))
        return self._names[key]

    def _body(self, stored: StoredReply, into: str, reply: Reply) -> list[PatchBlock]:
        """Thought and answer, with the person's labels of the moments in them."""
        blocks: list[PatchBlock] = []
        verdicts = self._verdicts.get(stored.id, {})
        replies = self._messages[stored.turn_id].replies
        self._messages[stored.turn_id].makers[stored.id] = self._maker(stored)
        if view := replies.get(stored.id):
            for span, verdict in verdicts.items():
                if view.renderer.verdicts.get(span) != verdict:  # labelled here, or in another tab
                    blocks += [self._piece(stored.id, block) for block in view.renderer.judge(*span, verdict)]
        else:
            renderer = render.ReplyRenderer(stored.id, self._words, verdicts, self._bars)
            replies[stored.id] = _Reply(renderer, self._given_tokens(stored.provenance))
            blocks += self._frame(f"reply-{stored.id}", into, "reply", render.skeleton(stored.id))
        return blocks + self._growing(stored.turn_id, stored.id, reply)

    def _given_tokens(self, provenance: Provenance) -> int:
        """About how many tokens of a thought came from its parent's: as many as its characters take there."""
        line = [provenance]
        replies: list[Reply] = []  # those of the ancestors of `provenance`, whose part of the thought is in it
        with suppress(NotFoundError):
            while line[-1].kept_reasoning and len(replies) < _MOST_ANCESTORS:
                parent = self._app.store.reply(line[-1].parent_id or "")
                replies.append(parent.reply)
                line.append(parent.provenance)
        tokens = round(line[-1].kept_reasoning / window.PER_TOKEN)
        for child, parent_reply in reversed([*zip(line, replies, strict=False)]):
            whole = tokens + parent_reply.usage.reasoning_tokens
            if whole and parent_reply.reasoning:
                tokens = round(whole * child.kept_reasoning / len(parent_reply.reasoning))
            else:
                tokens = round(child.kept_reasoning / window.PER_TOKEN)
        return tokens

    def _forget_message(self, turn_id: str) -> None:
        self._sent.pop(f"you-{turn_id}", None)
        self._sent.pop(f"ask-{turn_id}", None)
        self._sent.pop(f"asked-{turn_id}", None)
        self._forget_below(self._messages.pop(turn_id))

    def _forget_below(self, message: _Message) -> None:
        blocks = [message.block, f"{message.block}-verdict"]
        for reply_id in message.replies:
            blocks += [f"reply-{reply_id}", *(f"{reply_id}-{place}" for place in _PLACES)]
        for block_id in blocks:
            self._sent.pop(block_id, None)
        message.block, message.replies = "", {}

    def _frame(self, block_id: str, into: str, kind: str, html: Markup) -> list[PatchBlock]:
        """A block that is made of others, if the page does not have it."""
        return [{**block, "frame": True} for block in self._change(block_id, into, kind, html)]

    def _change(self, block_id: str, into: str = "", kind: str = "", html: Markup | None = None) -> list[PatchBlock]:
        """The block, if the page has it otherwise or may have it otherwise; what is not given stays as it is."""
        known = block_id in self._sent
        old_kind, old_html = self._sent.get(block_id, ("", ""))
        new = (kind or old_kind, old_html if html is None else html)
        if known and new == (old_kind, old_html):
            return []
        self._sent[block_id] = new
        block: PatchBlock = {"id": block_id}
        if into:
            block["into"] = into
        if kind and kind != old_kind:
            block["kind"] = kind
        if html is not None and (html != old_html or not known):
            block["html"] = html
        return [block]

    # -- no conversation ----------------------------------------------------------------------------------------------

    def _welcome(self) -> Patch:
        return self._without_turns(self._presence())

    def _greeting(self, now: availability.Availability) -> Markup:
        folder = str(self._app.settings.models_folder)
        meter, window = self._app.meter, self._app.settings.context
        resources, speeds = meter.resources(), meter.known()
        offers = [
            render.Offer(model, expect(model, resources, speeds, window)) for model in suitable(resources, speeds)
        ]
        return render.welcome(now, folder, self._words, offers)

    def _lost(self, error: NotFoundError) -> Patch:
        html = notice(error.sentence(self._words.lang), error=True)
        return self._without_turns([{"id": "welcome", "into": "welcome-section", "kind": "welcome", "html": html}])

    def _without_turns(self, blocks: list[PatchBlock]) -> Patch:
        """A patch that shows these blocks, and no message."""
        self._working = " ".join(self._app.chat.working())
        return {
            "order": ["welcome-section"],
            "blocks": [
                *blocks,
                {"id": "outline", "html": ""},
                {"id": "ledger", "html": ""},
                {"id": "gathered", "html": self._gathered()},
            ],
            "state": {
                "working": self._working,
                "running": "",
                "thinking": "",
                "lang": self._words.lang,
                "heading": "",
                "empty": "1",
                "ended": "",
                "shown": "",
                "cannotSteer": self._cannot_steer(self._model),
                "cannotAnswer": "",
                "comparing": "",
            },
        }


def _ended(conversation: Conversation) -> str:
    """How the last reply ended: a reason to finish; "" where none has."""
    last = conversation.turns[-1].reply if conversation.turns else None
    return (last.reply.finish or "") if last is not None else ""


def _state(reply: Reply) -> str:
    """How far a reply is, as classes: done, answering or thinking; whether it has a thought, and whether that ended."""
    state = "done" if reply.finish else "answering" if reply.answer or reply.closed else "thinking"
    if not reply.reasoning and (reply.closed or reply.answer or reply.finish):
        return f"{state} no-thought"
    if reply.finish == "stopped":
        state += " halted"
    return f"{state} unclosed" if reply.finish and not reply.closed else state

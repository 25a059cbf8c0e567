"""Conversations with models: every way to begin a reply, from a message to a fork of a thought.

A reply is made by a turn (`turn.py`), which belongs to the app, not to whoever watches it. Knows no widget and no HTTP.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from uuid import uuid4

from r1chat import steer, votes, window
from r1chat.backends import Backend
from r1chat.backends.catalogue import Catalogue
from r1chat.errors import BackendError, BusyError, MessageError, R1ChatError, UnsupportedError
from r1chat.generation import Turn, Vote
from r1chat.messages import (
    ConversationInfo,
    Message,
    ModelInfo,
    Origin,
    Params,
    Provenance,
    Reply,
    ReplySoFar,
    Request,
    StoredReply,
    StoredTurn,
)
from r1chat.store import Store

LONGEST_MESSAGE = 1_000_000  # characters
TITLE_LENGTH = 60  # characters
MOST_SAMPLES = 32  # of a vote


class Chat:
    """Conversations with models: every way to begin a reply, and the replies that are being made."""

    def __init__(self, store: Store, catalogue: Catalogue, params: Params = Params()) -> None:  # noqa: B008
        self.store = store
        self.catalogue = catalogue
        self._params = params
        self._lock = threading.Lock()
        self._running: dict[str, Turn | Vote] = {}  # by conversation
        self._news = threading.Condition()
        self._closing = threading.Event()
        self._editions: dict[str, int] = {}  # by conversation: how often what it shows has changed
        self._when_made: list[Callable[[str], None]] = []

    def send(
        self,
        conversation_id: str | None,
        prompt: str,
        model: str,
        params: Params | None = None,
        after: str | None = None,
        steering: tuple[int | None, bool] | None = None,
    ) -> Turn:
        """Send a message at the end of the open branch, or `after` another reply of it, and begin its reply.

        None makes a conversation for it. `steering` is how it goes on from now: its budget, and whether thoughts are
        kept; None leaves that as it is. `model` is a key `backend:name`. Raises MessageError, UnknownModelError,
        BackendError, StoreError; the message is stored only if a reply could begin.
        """
        prompt = self._checked(prompt)
        backend, info = self._usable(model)
        if steering is not None or conversation_id is not None:
            _budget(steering[0] if steering else self.store.info(conversation_id or "").budget, info)
        if conversation_id is None:
            conversation_id = self.store.new_conversation(model=info.key).id
        with self._starting(conversation_id):
            if steering is not None:
                self.store.set_steering(conversation_id, *steering)
            return self._begin(self._asked(conversation_id, prompt, after), backend, info, params)

    def edit(self, turn_id: str, prompt: str, model: str, params: Params | None = None) -> Turn:
        """Say it differently: a sibling of that message, with a reply of its own. The old branch stays."""
        prompt = self._checked(prompt)
        backend, info = self._usable(model)
        old = self.store.turn(turn_id)
        _budget(self.store.info(old.conversation_id).budget, info)
        with self._starting(old.conversation_id):
            turn = self.store.add_turn(old.conversation_id, prompt, old.parent_reply_id)
            return self._begin(turn, backend, info, params)

    def again(self, turn_id: str, model: str, params: Params | None = None, skip_thought: bool = False) -> Turn:
        """Another reply to the same message, as a sibling; `skip_thought` leaves the thought out."""
        turn = self.store.turn(turn_id)
        if skip_thought:
            return self._sibling(turn, model, steer.skipped(), "skipped", params=params)
        return self._sibling(turn, model, None, "regenerated", params=params)

    def retry(self, conversation_id: str, turn_id: str, model: str) -> Turn:
        """Stop what runs and ask again, with other sampling: warmer, which leads out of most loops."""
        running = self.running(conversation_id)
        if running is not None:
            running.stop()
            running.wait(10)
        warmer = replace(self._params, seed=None, temperature=min(1.0, self._params.temperature + 0.2))
        return self.again(turn_id, model, warmer)

    def answer_now(self, conversation_id: str) -> None:
        """Close the thought that is running. Raises MessageError where there is none, UnsupportedError."""
        running = self.running(conversation_id)
        if not isinstance(running, Turn) or running.snapshot().closed or running.snapshot().answer:
            raise MessageError("The answer has already begun: there is no thought left to close.")
        backend, name = running.model
        _can_continue(self.catalogue.find(f"{backend}:{name}")[1])
        running.answer_now()

    def think_longer(self, reply_id: str, model: str) -> Turn:
        """A sibling whose thought is opened again and goes on. Raises MessageError where there is no thought."""
        stored = self.store.reply(reply_id)
        return self._sibling(self.store.turn(stored.turn_id), model, steer.extended(stored.reply), "extended", stored)

    def fork(self, reply_id: str, start: int, end: int, text: str, model: str) -> Turn:
        """A sibling that goes on from a step of this reply's thought, edited to `text`; what follows it is dropped.

        `start` and `end` are the step's place in the thought, in characters. A reply that is still being made stops
        first. Raises MessageError where the step is gone, UnsupportedError.
        """
        stored = self.as_it_stands(reply_id)
        so_far = steer.forked(stored.reply, start, end, text)
        same = stored.reply.reasoning.startswith(so_far.reasoning)
        turn = self.store.turn(stored.turn_id)
        _can_continue(self._usable(model)[1])
        if (running := self._making(stored)) is not None:
            running.stop()
            running.wait(10)
        return self._sibling(turn, model, so_far, "forked" if same else "edited", stored)

    def as_it_stands(self, reply_id: str) -> StoredReply:
        """A reply with all that came of it until now; the store lags behind one that is being made."""
        stored = self.store.reply(reply_id)
        running = self._making(stored)
        return stored if running is None else replace(stored, reply=running.snapshot())

    def _making(self, stored: StoredReply) -> Turn | None:
        """The turn that makes this reply now."""
        running = self.running(self.store.turn(stored.turn_id).conversation_id)
        return running if isinstance(running, Turn) and running.reply_id == stored.id else None

    def vote(self, turn_id: str, samples: int, model: str, params: Params | None = None) -> Vote:
        """Several replies to the same message at a time, as siblings. Raises MessageError for a senseless number."""
        if not 2 <= samples <= MOST_SAMPLES:
            raise MessageError(f"A vote takes 2 to {MOST_SAMPLES} samples, not {samples}. Choose another number.")
        backend, info = self._usable(model)
        turn = self.store.turn(turn_id)
        with self._starting(turn.conversation_id):
            view = self.store.info(turn.conversation_id)
            history, params, vote_id = self._history(turn, view), params or self._params, uuid4().hex
            first = random.getrandbits(31) if params.seed is None else params.seed
            drawn = [replace(params, seed=(first + index) % 2**31) for index in range(samples)]
            stored = [
                self.store.add_reply(turn.id, replace(_provenance(info, each, "voted", view), vote_id=vote_id))
                for each in drawn
            ]
            self.store.show_reply(stored[0].id)
            requests = [Request(info.name, history, None, each) for each in drawn]
            jobs = [(backend, request) for request in requests]
            vote = Vote(self.store, jobs, stored, turn.conversation_id, then=self._made, count=self._show_majority)
            self._running[turn.conversation_id] = vote
            vote.start()
        self.publish(turn.conversation_id)
        return vote

    def duel(
        self,
        conversation_id: str | None,
        prompt: str,
        sides: tuple[tuple[str, Params | None], tuple[str, Params | None]],
        blind: bool = True,
        steering: tuple[int | None, bool] = (None, False),
    ) -> Vote:
        """Send a message and have it answered twice, for a comparison: each side a model's key and its parameters.

        Which side stands left is drawn by lot where it is `blind`. The same model twice differs by its seed. No budget
        applies to the sides; `steering` is for later turns. Raises what `send` raises.
        """
        prompt = self._checked(prompt)
        usable = [(*self._usable(model), params or self._params) for model, params in sides]
        if blind:
            random.shuffle(usable)
        info = self._usable(sides[0][0])[1]
        if conversation_id is None:
            steer.checked_budget(steering[0], info.context)
            conversation_id = self.store.new_conversation(model=info.key).id
            self.store.set_steering(conversation_id, *steering)
        with self._starting(conversation_id):
            turn = self._asked(conversation_id, prompt)
            view = self.store.info(conversation_id)
            history = self._history(turn, view)
            jobs: list[tuple[Backend, Request]] = []
            stored: list[StoredReply] = []
            for backend, model, params in usable:
                drawn = replace(params, seed=random.getrandbits(31)) if params.seed is None else params
                if any(request.params == drawn for _, request in jobs):
                    drawn = replace(drawn, seed=((drawn.seed or 0) + 1) % 2**31)
                stored.append(self.store.add_reply(turn.id, _provenance(model, drawn, "sampled", view)))
                jobs.append((backend, Request(model.name, history, None, drawn)))
            self.store.judgements.begin_duel(stored[0].id, stored[1].id, blind)
            self.store.show_reply(stored[0].id)
            duel = Vote(self.store, jobs, stored, conversation_id, then=self._made)
            self._running[conversation_id] = duel
            duel.start()
        self.publish(conversation_id)
        return duel

    def resume(self, reply_id: str) -> Turn:
        """Continue a reply in place from where it stands, with the model and the settings that began it."""
        stored = self.store.reply(reply_id)
        turn = self.store.turn(stored.turn_id)
        made = stored.provenance
        backend, info = self._usable(f"{made.backend}:{made.model}")
        _can_continue(info)
        with self._starting(turn.conversation_id):
            request = Request(info.name, self._history(turn, made), stored.reply.so_far, made.params)
            return self._launch(backend, request, stored, turn.conversation_id)

    def close_thought(self, reply_id: str) -> Turn:
        """Answer now, for a reply that no longer runs: its thought is closed as it stands, and the answer follows.

        Raises MessageError where the answer has begun or there is no thought, UnsupportedError.
        """
        stored = self.store.reply(reply_id)
        if stored.reply.closed or stored.reply.answer or not stored.reply.reasoning:
            raise MessageError("The last reply has no open thought that could be closed.")
        turn = self.store.turn(stored.turn_id)
        made = stored.provenance
        backend, info = self._usable(f"{made.backend}:{made.model}")
        _can_continue(info)
        so_far = steer.cut(stored.reply.so_far)
        with self._starting(turn.conversation_id):
            closed = replace(stored.reply, reasoning=so_far.reasoning, closed=True)
            self.store.set_closed_by(reply_id, "person")
            request = Request(info.name, self._history(turn, made), so_far, made.params)
            return self._launch(backend, request, replace(stored, reply=closed), turn.conversation_id)

    def set_steering(self, conversation_id: str, budget: int | None, keep_thoughts: bool, model: str = "") -> None:
        """How a conversation goes on: its budget of thinking tokens, and whether the model sees its old thoughts.

        Raises MessageError for a budget that makes no sense, UnsupportedError where the model could not keep to it.
        """
        if model and budget is not None:
            info = self._usable(model)[1]
            steer.checked_budget(budget, info.context)
            if budget != self.store.info(conversation_id).budget:
                _can_continue(info)
        self.store.set_steering(conversation_id, steer.checked_budget(budget, 0), keep_thoughts)
        self.publish(conversation_id)

    def leave_out_oldest(self, conversation_id: str, model: str = "") -> None:
        """From now on show the model only as many of the latest turns as leave it half of its window.

        Raises MessageError where only one turn is left, or where no reply told how long its prompt was.
        """
        conversation = self.store.conversation(conversation_id)
        turns, view = conversation.turns, conversation.info
        last = turns[-1].reply if turns else None
        context = (self._usable(model)[1].context if model else 0) or (last and last.reply.usage.context) or 0
        first = window.oldest_left_out(turns, view.keep_thoughts, view.seen_from, context) if context else None
        if first is None:
            raise MessageError("There is no older turn that could be left out. Start a new conversation instead.")
        self.store.set_seen_from(conversation_id, first)
        self.publish(conversation_id)

    def show_all_turns(self, conversation_id: str) -> None:
        """From now on show the model every turn again."""
        self.store.set_seen_from(conversation_id, None)
        self.publish(conversation_id)

    def running(self, conversation_id: str) -> Turn | Vote | None:
        """The reply that is being made in this conversation, if there is one."""
        with self._lock:
            turn = self._running.get(conversation_id)
            return turn if turn is not None and not turn.done else None

    def show_reply(self, reply_id: str, step: int = 0) -> None:
        """Open the branch that goes through this reply, or through the sibling `step` places after it."""
        turn = self.store.turn(self.store.reply(reply_id).turn_id)
        self.store.show_reply(_beside(reply_id, [reply.id for reply in self.store.replies(turn.id)], step))
        self.publish(turn.conversation_id)

    def show_turn(self, turn_id: str, step: int = 0) -> None:
        """Open the branch that goes through this message, or through the sibling `step` places after it."""
        turn = self.store.turn(turn_id)
        siblings = self.store.turns_after(turn.conversation_id, turn.parent_reply_id)
        self.store.show_turn(_beside(turn_id, [sibling.id for sibling in siblings], step))
        self.publish(turn.conversation_id)

    def news(self, conversation_id: str, seen: int = -1, timeout: float = 0.0) -> int:
        """Wait until another branch shows or another reply begins; the number of such changes so far."""
        with self._news:
            self._news.wait_for(lambda: self._editions.get(conversation_id, 0) != seen, timeout)
            return self._editions.get(conversation_id, 0)

    def publish(self, conversation_id: str) -> None:
        """Tell every page that this conversation shows something else now."""
        with self._news:
            self._editions[conversation_id] = self._editions.get(conversation_id, 0) + 1
            self._news.notify_all()

    def close(self) -> None:
        """Stop every reply and wait until each is saved."""
        self._closing.set()
        with self._lock:
            turns = list(self._running.values())
        for turn in turns:
            turn.stop()
        for turn in turns:
            turn.wait(10)

    # -- beginning ----------------------------------------------------------------------------------------------------

    def _checked(self, prompt: str) -> str:
        prompt = prompt.strip("\n")
        if not prompt.strip():
            raise MessageError("The message is empty. Write something, then send it.")
        if len(prompt) > LONGEST_MESSAGE:
            raise MessageError(
                f"The message has {len(prompt):,} characters; the most is {LONGEST_MESSAGE:,}. "
                "Shorten it and send it again."
            )
        return prompt

    def _usable(self, key: str) -> tuple[Backend, ModelInfo]:
        backend, info = self.catalogue.find(key)
        if not info.ready:
            raise BackendError(info.note)
        return backend, info

    @contextmanager
    def _starting(self, conversation_id: str) -> Iterator[None]:
        """Holds the registry while a reply is begun: a conversation makes one at a time."""
        with self._lock:
            turn = self._running.get(conversation_id)
            if turn is not None and not turn.done:
                raise BusyError("A reply is still being made in this conversation. Wait for it, or stop it first.")
            yield

    def _asked(self, conversation_id: str, prompt: str, after: str | None = None) -> StoredTurn:
        """A message at the end of the open branch, or after that reply."""
        conversation = self.store.conversation(conversation_id)
        if after is None and conversation.turns and (last := conversation.turns[-1]).reply:
            after = last.reply.id
        turn = self.store.add_turn(conversation_id, prompt, after)
        if not conversation.info.title:
            self.store.rename(conversation_id, title_of(prompt))
        return turn

    def _sibling(
        self,
        turn: StoredTurn,
        model: str,
        so_far: ReplySoFar | None,
        origin: Origin,
        parent: StoredReply | None = None,
        params: Params | None = None,
    ) -> Turn:
        backend, info = self._usable(model)
        with self._starting(turn.conversation_id):
            return self._begin(turn, backend, info, params, so_far, origin, parent)

    def _begin(
        self,
        turn: StoredTurn,
        backend: Backend,
        info: ModelInfo,
        params: Params | None,
        so_far: ReplySoFar | None = None,
        origin: Origin = "sampled",
        parent: StoredReply | None = None,
    ) -> Turn:
        params = params or self._params
        if params.seed is None:
            params = replace(params, seed=random.getrandbits(31))
        if so_far is not None:
            _can_continue(info)
        view = self.store.info(turn.conversation_id)
        given = so_far or ReplySoFar()
        provenance = replace(
            _provenance(info, params, origin, view),
            budget=_budget(view.budget, info),
            parent_id=parent.id if parent else None,
            kept_reasoning=len(given.reasoning),
        )
        request = Request(info.name, self._history(turn, view), so_far, params)
        stored = self.store.add_reply(turn.id, provenance, Reply(reasoning=given.reasoning, closed=given.closed))
        self.store.set_model(turn.conversation_id, info.key)
        return self._launch(backend, request, stored, turn.conversation_id)

    def _launch(self, backend: Backend, request: Request, stored: StoredReply, conversation_id: str) -> Turn:
        turn = Turn(self.store, backend, request, stored, conversation_id, then=self._made)
        self._running[conversation_id] = turn
        turn.start()
        self.publish(conversation_id)
        return turn

    def when_made(self, call: Callable[[str], None]) -> None:
        """Have `call` called, with the id of the message, whenever replies to it are finished and saved."""
        self._when_made.append(call)

    def _show_majority(self, vote: Vote) -> None:
        """Open the reply that won, unless the person looks at something else by now."""
        with suppress(R1ChatError):  # where answers cannot be compared the page says why
            winner = votes.majority(self.store.votes(vote.vote_id or ""))
            turns = self.store.conversation(vote.conversation_id).turns
            if winner and any(turn.reply and turn.reply.id == vote.reply_id for turn in turns):
                self.store.show_reply(winner.id)

    def _made(self, turn: Turn | Vote) -> None:
        for call in self._when_made:
            call(turn.turn_id)
        if isinstance(turn, Turn):
            self._warm(turn)

    def _warm(self, turn: Turn) -> None:
        """Read the next turn's prompt as far as it is known, while nobody waits. A new message makes it give way."""
        if turn.snapshot().finish != "stop" or self._closing.is_set():
            return
        with suppress(R1ChatError):
            backend, info = self.catalogue.find(":".join(turn.model))
            asked = self.store.turn(turn.turn_id)
            view = self.store.info(asked.conversation_id)
            reply = turn.snapshot()
            answered = Message("assistant", reply.answer, reply.reasoning if view.keep_thoughts else "")
            backend.warm(Request(info.name, (*self._history(asked, view), answered)))

    def _history(self, turn: StoredTurn, view: ConversationInfo | Provenance) -> tuple[Message, ...]:
        """The branch up to this message, as far as the model is shown it: see `ConversationInfo`."""
        messages: list[Message] = []
        for step in window.shown(self.store.path(turn.id), view.seen_from):
            messages.append(Message("user", step.content))
            if step.id != turn.id and step.reply is not None:
                reply = step.reply.reply
                messages.append(Message("assistant", reply.answer, reply.reasoning if view.keep_thoughts else ""))
        return tuple(messages)


def _provenance(info: ModelInfo, params: Params, origin: Origin, view: ConversationInfo) -> Provenance:
    return Provenance(
        backend=info.backend,
        backend_version=info.backend_version,
        model=info.name,
        digest=info.digest,
        quantisation=info.quantisation,
        template_hash=info.template_hash,
        params=params,
        origin=origin,
        seen_from=view.seen_from,
        keep_thoughts=view.keep_thoughts,
    )


def _budget(budget: int | None, info: ModelInfo) -> int | None:
    """The budget of a conversation for a reply of this model; none where the model could not keep to it."""
    return steer.checked_budget(budget, info.context) if info.continues else None


def _can_continue(info: ModelInfo) -> None:
    if not info.continues:
        raise UnsupportedError(
            f"The server of {info.name} cannot continue a reply, and that is how a thought is steered. Ask again "
            "without it, or use a model through llama.cpp, Ollama, llama-server or vLLM."
        )


def title_of(prompt: str) -> str:
    """A conversation's name, from its first message."""
    line = " ".join(prompt.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def _beside(item: str, siblings: list[str], step: int) -> str:
    """The sibling `step` places after `item`, or the last one on that side."""
    return siblings[min(max(siblings.index(item) + step, 0), len(siblings) - 1)]

"""Conversations with models: every way to begin a reply, from a message to a fork of a thought.

A reply is made by a generation (`generation.py`), which belongs to the app, not to whoever watches it. Knows no widget
and no HTTP.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import MappingProxyType
from uuid import uuid4

from r1chat import sampling, steer, votes, window
from r1chat.backends import Backend
from r1chat.backends.catalogue import Catalogue
from r1chat.both import Both
from r1chat.conversations import (
    Behaviour,
    Conversation,
    Origin,
    Preset,
    StoredReply,
    StoredTurn,
)
from r1chat.errors import BackendError, BusyError, MessageError, R1ChatError, StoreError
from r1chat.generation import Generation, Samples, remaining
from r1chat.messages import LONGEST_MESSAGE, ModelInfo, Params, Reply, ReplySoFar, Request
from r1chat.prompting import (
    Prompting,
    assistant_message,
    behaving,
    budget_of,
    check_continues,
    keeps,
    thinking_of,
    with_seed,
)
from r1chat.recorder import SAVED_WITHIN, SWEEP_EVERY, Recorder
from r1chat.store import Store

TITLE_LENGTH = 60  # characters
MOST_SAMPLES = 32  # of a vote
MOST_PHRASINGS = 9  # of one question, itself among them
SECONDS_TO_END = 10.0  # for a reply that is stopped, and for saving what is not saved when the app ends

_EMPTY = Both("The message is empty. Write something, then send it.", "消息是空的。请先写点什么，再发送。")
_TOO_LONG = Both(
    "The message has {length:,} characters; the most is {most:,}. Shorten it and send it again.",
    "这条消息有 {length:,} 个字符；上限是 {most:,}。请缩短后再发送。",
)
_TOO_LONG_SYSTEM = Both(
    "The system prompt has {length:,} characters; the most is {most:,}. Shorten it, then save it again.",
    "系统提示词有 {length:,} 个字符；上限是 {most:,}。请缩短后再保存。",
)
_BUSY = Both(
    "A reply is still being made in this conversation. Wait for it, or stop it first.",
    "这个对话里还有一个回复正在生成。请等它结束，或先停止它。",
)
_LAST_NOT_SAVED = Both(
    "The last reply of this conversation is not saved yet. {why} Then go on.",
    "这个对话的上一个回复还没有保存。{why} 之后再继续。",
)
_NO_THOUGHT_LEFT = Both(
    "The answer has already begun: there is no thought left to close.", "回答已经开始：没有可以结束的思考了。"
)
_BAD_SAMPLES = Both(
    "A vote takes 2 to {most} samples, not {samples}. Choose another number.",
    "投票需要 2 到 {most} 个样本，不能是 {samples} 个。请换一个数字。",
)
_BAD_PHRASINGS = Both(
    "Asking in other words takes 2 to {most} different phrasings, not {count}. Write another one, or leave some out.",
    "换种说法提问需要 2 到 {most} 种不同的说法，不能是 {count} 种。请再写一种，或去掉一些。",
)
_NO_OLDER_TURN = Both(
    "There is no older turn that could be left out. Start a new conversation instead.",
    "没有更早的轮次可以略去。请改为开始一个新对话。",
)
_NO_OPEN_THOUGHT = Both(
    "This reply has no open thought that could be closed. Ask again, or continue it.",
    "这个回复没有可以结束的思考。请再问一次，或继续这个回复。",
)


class Chat:
    """Conversations with models: every way to begin a reply, and the replies that are being made."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        params: Params | None = None,
        sweep_every: float = SWEEP_EVERY,
        *,
        preferred: Mapping[str, object] = MappingProxyType({}),
        system: str = "",
        thinking: str = "",
        repeatable: bool = False,
        saved_within: float = SAVED_WITHIN,
    ) -> None:
        """`params`: for every reply that says nothing else; None: what each model's maker recommends, with `preferred`
        in place of some of it. `system` and `thinking` are for new conversations. `sweep_every`: seconds between two
        searches for replies that a killed process left behind. `repeatable`: a seed gives the same reply whatever came
        before, at the price of reading each prompt anew. `saved_within`: seconds that the end of a reply waits for the
        database.
        """
        self.store = store
        self.catalogue = catalogue
        self.prompting = Prompting(store, catalogue, params, preferred)
        self._repeatable = repeatable
        self.default_behaviour = Behaviour(thinking, system)
        self._lock = threading.Lock()  # guards the next two; held for moments only
        self._running: dict[str, Generation | Samples] = {}  # by conversation; until all of it is saved
        self._beginning: set[str] = set()  # conversations in which a reply is being begun
        self._news = threading.Condition()
        self._closing = threading.Event()
        self._editions: dict[str, int] = {}  # by conversation: how often what it shows has changed
        self._when_made: list[Callable[[str], None]] = []
        self._when_begun: list[Callable[[str], None]] = []
        self._recorder = Recorder(store, self.publish, sweep_every, saved_within)

    def send(
        self,
        conversation_id: str | None,
        prompt: str,
        model: str,
        params: Params | None = None,
        after: str | None = None,
        steering: tuple[int | None, bool | None] | None = None,
        behaviour: Behaviour | None = None,
        carried_from: str = "",
    ) -> Generation:
        """Send a message at the end of the open branch, or `after` another reply of it, and begin its reply.

        None makes a conversation for it, which is to behave as `behaviour` says (None: as the settings say), and has
        the own consent, or refusal, of the one that its message was carried over from. `steering` is how it goes on
        from now: its budget, and whether thoughts are kept (None: as the model's template does); None leaves that as it
        is. `model` is a key `backend:name`. Raises MessageError, UnknownModelError, BackendError, StoreError; nothing
        is stored then.
        """
        prompt = _checked(prompt)
        backend, info = self._usable(model)
        if steering is not None or conversation_id is not None:
            budget_of(steering[0] if steering else self.store.info(conversation_id or "").budget, info)
        with self._claimed(conversation_id):
            with self.store.transaction():
                if conversation_id is None:
                    conversation_id = self._begin_conversation(info, steering, behaviour, carried_from)
                elif steering is not None:
                    self.store.set_steering(conversation_id, steering[0], keeps(steering[1], info))
                turn = self._add_message(conversation_id, prompt, after)
                generation = self._new_generation(turn, backend, info, params)
            self._launch(generation)
        return generation

    def edit(self, turn_id: str, prompt: str, model: str, params: Params | None = None) -> Generation:
        """Ask it differently: a sibling of that message, with a reply of its own. The old branch stays."""
        prompt = _checked(prompt)
        backend, info = self._usable(model)
        old = self.store.turn(turn_id)
        budget_of(self.store.info(old.conversation_id).budget, info)
        with self._claimed(old.conversation_id):
            with self.store.transaction():
                turn = self.store.add_turn(old.conversation_id, prompt, old.parent_reply_id)
                generation = self._new_generation(turn, backend, info, params)
            self._launch(generation)
        return generation

    def again(self, turn_id: str, model: str, params: Params | None = None, skip_thought: bool = False) -> Generation:
        """Another reply to the same message, as a sibling; `skip_thought` leaves the thought out."""
        turn = self.store.turn(turn_id)
        if skip_thought:
            return self._sibling(turn, model, steer.skipped(), "skipped", params=params)
        return self._sibling(turn, model, None, "regenerated", params=params)

    def retry(self, conversation_id: str, turn_id: str, model: str) -> Generation:
        """Stop what runs and ask again, with other sampling: warmer, which leads out of most loops."""
        running = self.running(conversation_id)
        if running is not None:
            running.stop()
            running.wait(SECONDS_TO_END)
        usual = self.prompting.sampling_for(self._usable(model)[1], self.store.info(conversation_id))[0]
        warmer = replace(usual, seed=None, temperature=min(1.0, usual.temperature + 0.2))
        return self.again(turn_id, model, warmer)

    def answer_now(self, conversation_id: str) -> None:
        """Close the thought that is running. Raises MessageError where there is none, UnsupportedError."""
        running = self.running(conversation_id)
        if not isinstance(running, Generation) or not running.snapshot().thinking:
            raise MessageError(_NO_THOUGHT_LEFT)
        check_continues(self.catalogue.find(":".join(running.model))[1])
        running.answer_now()

    def think_longer(self, reply_id: str, model: str) -> Generation:
        """A sibling whose thought is opened again and goes on. Raises MessageError where there is no thought."""
        stored = self.as_it_stands(reply_id)
        return self._sibling(self.store.turn(stored.turn_id), model, steer.extended(stored.reply), "extended", stored)

    def fork(self, reply_id: str, start: int, end: int, text: str, model: str) -> Generation:
        """A sibling that goes on from a step of this reply's thought, edited to `text`; what follows it is dropped.

        `start` and `end` are the step's place in the thought, in characters. A reply that is still being made stops
        first. Raises MessageError where the step is gone, UnsupportedError.
        """
        stored = self.as_it_stands(reply_id)
        so_far = steer.forked(stored.reply, start, end, text)
        same = stored.reply.reasoning.startswith(so_far.reasoning)
        turn = self.store.turn(stored.turn_id)
        check_continues(self._usable(model)[1])
        running = self.running(turn.conversation_id)
        if isinstance(running, Generation) and running.reply_id == reply_id:
            running.stop()
            running.wait(SECONDS_TO_END)
        return self._sibling(turn, model, so_far, "forked" if same else "edited", stored)

    def vote(self, turn_id: str, samples: int, model: str, params: Params | None = None) -> Samples:
        """Several replies to the same message at a time, as siblings. Raises MessageError for a senseless number."""
        if not 2 <= samples <= MOST_SAMPLES:
            raise MessageError(_BAD_SAMPLES.format(most=MOST_SAMPLES, samples=samples))
        backend, info = self._usable(model)
        turn = self.store.turn(turn_id)
        params, vote_id = (
            params or self.prompting.sampling_for(info, self.store.info(turn.conversation_id))[0],
            uuid4().hex,
        )
        first_seed = random.getrandbits(31) if params.seed is None else params.seed
        with self._claimed(turn.conversation_id):
            with self.store.transaction():
                view = self.store.info(turn.conversation_id)
                history = self.prompting.history(turn, view, info)
                stored: list[StoredReply] = []
                jobs: list[tuple[Backend, Request]] = []
                for number in range(samples):
                    seeded = replace(params, seed=(first_seed + number) % 2**31)
                    provenance = replace(self.prompting.provenance(info, seeded, "voted", view), vote_id=vote_id)
                    stored.append(self.store.add_reply(turn.id, provenance))
                    jobs.append((backend, Request(info.name, history, None, seeded, thinking_of(view, info))))
                self.store.show_reply(stored[0].id)
            vote = Samples(
                self._recorder, jobs, stored, turn.conversation_id, then=self._made, count=self._show_majority
            )
            self._launch(vote)
        return vote

    def ask_in_other_words(
        self,
        conversation_id: str | None,
        phrasings: Sequence[str],
        model: str,
        steering: tuple[int | None, bool | None] = (None, None),
        behaviour: Behaviour | None = None,
        carried_from: str = "",
    ) -> Samples:
        """Send one question in several phrasings, siblings of each other, and have each answered once, as a vote.

        Equal phrasings count once. Raises MessageError for less than two or too many, and what `send` raises.
        """
        texts = list(dict.fromkeys(_checked(text) for text in phrasings))
        if not 2 <= len(texts) <= MOST_PHRASINGS:
            raise MessageError(_BAD_PHRASINGS.format(most=MOST_PHRASINGS, count=len(texts)))
        backend, info = self._usable(model)
        with self._claimed(conversation_id):
            with self.store.transaction():
                if conversation_id is None:
                    conversation_id = self._begin_conversation(info, steering, behaviour, carried_from)
                view, vote_id = self.store.info(conversation_id), uuid4().hex
                params = with_seed(self.prompting.sampling_for(info, view)[0])
                first = self._add_message(conversation_id, texts[0])
                others = [self.store.add_turn(conversation_id, text, first.parent_reply_id) for text in texts[1:]]
                stored: list[StoredReply] = []
                jobs: list[tuple[Backend, Request]] = []
                for turn in (first, *others):
                    provenance = replace(self.prompting.provenance(info, params, "voted", view), vote_id=vote_id)
                    stored.append(self.store.add_reply(turn.id, provenance))
                    history = self.prompting.history(turn, view, info)
                    jobs.append((backend, Request(info.name, history, None, params, thinking_of(view, info))))
                self.store.show_reply(stored[0].id)
            samples = Samples(self._recorder, jobs, stored, conversation_id, then=self._made, count=self._show_majority)
            self._launch(samples)
        return samples

    def begin_comparison(
        self,
        conversation_id: str | None,
        prompt: str,
        sides: tuple[tuple[str, Params | None], tuple[str, Params | None]],
        blind: bool = True,
        steering: tuple[int | None, bool | None] = (None, False),
        behaviour: Behaviour | None = None,
        behaviours: tuple[Behaviour | None, Behaviour | None] = (None, None),
        carried_from: str = "",
    ) -> Samples:
        """Send a message and have it answered twice, for a comparison: each side a model's key and its parameters.

        Which side stands left is drawn by lot where it is `blind`. The same model twice differs by its seed. No budget
        applies to the sides; `steering` is for later turns. `behaviours` are those of the sides, where they differ from
        the conversation's. Raises what `send` raises.
        """
        prompt = _checked(prompt)
        usable = [(*self._usable(model), params, own) for (model, params), own in zip(sides, behaviours, strict=True)]
        if blind:
            random.shuffle(usable)
        info = self._usable(sides[0][0])[1]
        if conversation_id is None:
            steer.checked_budget(steering[0], info.context)
        with self._claimed(conversation_id):
            with self.store.transaction():
                if conversation_id is None:
                    conversation_id = self._begin_conversation(info, steering, behaviour, carried_from)
                turn = self._add_message(conversation_id, prompt)
                common = self.store.info(conversation_id)
                stored: list[StoredReply] = []
                jobs: list[tuple[Backend, Request]] = []
                for backend, model, params, own in usable:
                    view = common if own is None else behaving(common, own)
                    history = self.prompting.history(turn, view, model)
                    seeded = with_seed(params or self.prompting.sampling_for(model, view)[0])
                    if any(request.params == seeded for _, request in jobs):
                        seeded = replace(seeded, seed=((seeded.seed or 0) + 1) % 2**31)
                    stored.append(
                        self.store.add_reply(turn.id, self.prompting.provenance(model, seeded, "sampled", view))
                    )
                    jobs.append((backend, Request(model.name, history, None, seeded, thinking_of(view, model))))
                self.store.judgements.begin_comparison(stored[0].id, stored[1].id, blind)
                self.store.show_reply(stored[0].id)
            samples = Samples(self._recorder, jobs, stored, conversation_id, then=self._made)
            self._launch(samples)
        return samples

    def resume(self, reply_id: str) -> Generation:
        """Continue a reply from where it stands, with the model and the settings that began it.

        In place, or as a sibling where messages follow it: they, and what was said of their replies, stand on its text.
        """
        return self._continue(reply_id, lambda stored: stored)

    def close_thought(self, reply_id: str) -> Generation:
        """Answer now, for a reply that no longer runs: its thought is closed as it stands, and the answer follows.

        Raises MessageError where the answer has begun or there is no thought, UnsupportedError.
        """
        return self._continue(reply_id, _with_closed_thought)

    def _continue(self, reply_id: str, change: Callable[[StoredReply], StoredReply]) -> Generation:
        """Continue a reply as `change` makes it, see `resume`."""
        stored = self.store.reply(reply_id)
        turn, provenance = self.store.turn(stored.turn_id), stored.provenance
        backend, info = self._usable(f"{provenance.backend}:{provenance.model}")
        check_continues(info)
        with self._claimed(turn.conversation_id):
            history = self.prompting.history(turn, provenance, info)
            if self.store.turns_after(turn.conversation_id, reply_id):
                change(stored)  # refused before there is a copy
                reply_id = self._copied(reply_id)
            original = self.store.take_reply(reply_id)  # now its end is saved
            if original is None:  # another r1chat works on this data folder
                raise BusyError(_BUSY)
            try:
                stored = change(original)
                params = remaining(provenance.params, 0, stored.reply)
                if params.max_tokens == 0:  # asked for after the limit was reached: as many again
                    params = provenance.params
                thinking = thinking_of(provenance, info)
                request = Request(info.name, history, stored.reply.so_far, params, thinking, budget=provenance.budget)
                generation = Generation(self._recorder, backend, request, stored, turn.conversation_id, then=self._made)
                self._launch(generation)
            except BaseException:
                self.store.save_reply(reply_id, original.reply)
                raise
        return generation

    def set_steering(self, conversation_id: str, budget: int | None, keep_thoughts: bool, model: str = "") -> None:
        """How a conversation goes on: its budget of thinking tokens, and whether the model sees its old thoughts.

        Raises MessageError for a budget that makes no sense, UnsupportedError where the model could not keep to it.
        """
        if model and budget is not None:
            info = self._usable(model)[1]
            steer.checked_budget(budget, info.context)
            if budget != self.store.info(conversation_id).budget:
                check_continues(info)
        self.store.set_steering(conversation_id, steer.checked_budget(budget, 0), keep_thoughts)
        self.publish(conversation_id)

    def set_behaviour(
        self,
        conversation_id: str,
        thinking: str | None = None,
        system: str | None = None,
        changed: Mapping[str, object] | None = None,
        *,
        system_role: bool | None = None,
    ) -> None:
        """How the next replies should behave; None leaves that as it is.

        `thinking`: "off", "on", an effort of the model's, or "" for its own way. `changed`: sampling parameters by
        name in place of the recommended ones. `system_role`: see `ConversationInfo`. What differs from the preset that
        was chosen makes the conversation's own of it. Raises MessageError for senseless values.
        """
        old = self.store.info(conversation_id).behaviour
        new = replace(
            old,
            thinking=old.thinking if thinking is None else thinking,
            system=old.system if system is None else checked_system(system),
            sampling=old.sampling if changed is None else sampling.as_text(changed),
            system_role=old.system_role if system_role is None else system_role,
        )
        self.store.set_behaviour(conversation_id, new if new == old else replace(new, preset=""))
        self.publish(conversation_id)

    def use_preset(self, conversation_id: str, preset: Preset, model: str) -> None:
        """Have the next replies behave as a preset says; its model becomes the conversation's, else `model` stays.

        Raises UnknownModelError, MessageError where the budget does not fit the model's window.
        """
        info = self._usable(preset.model or model)[1]
        budget = steer.checked_budget(preset.budget, info.context)
        with self.store.transaction():
            self.store.set_behaviour(conversation_id, preset.behaviour)
            self.store.set_steering(conversation_id, budget, self.store.info(conversation_id).keep_thoughts)
            self.store.set_model(conversation_id, info.key)
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
            raise MessageError(_NO_OLDER_TURN)
        self.store.set_seen_from(conversation_id, first)
        self.publish(conversation_id)

    def show_all_turns(self, conversation_id: str) -> None:
        """From now on show the model every turn again."""
        self.store.set_seen_from(conversation_id, None)
        self.publish(conversation_id)

    # -- what there is ------------------------------------------------------------------------------------------------

    def running(self, conversation_id: str) -> Generation | Samples | None:
        """The reply that is being made in this conversation, if there is one."""
        work = self._latest(conversation_id)
        return work if work is not None and not work.done else None

    def unsaved(self, conversation_id: str) -> Generation | Samples | None:
        """What has been made in this conversation, and is not saved yet, if there is such a thing."""
        work = self._latest(conversation_id)
        return work if work is not None and work.not_saved is not None else None

    def working(self) -> list[str]:
        """The ids of the conversations in which a reply is being made."""
        with self._lock:
            works = list(self._running.items())
        return sorted(conversation_id for conversation_id, work in works if not work.done)

    def conversation(self, conversation_id: str) -> Conversation:
        """A conversation with its open branch, first message to last, and with what of it is not saved yet."""
        conversation = self.store.conversation(conversation_id)
        return replace(
            conversation,
            turns=tuple(
                turn if turn.reply is None else replace(turn, reply=self._with_unsaved(turn.reply, conversation_id))
                for turn in conversation.turns
            ),
        )

    def as_it_stands(self, reply_id: str) -> StoredReply:
        """A reply with all that came of it until now; the store lags behind."""
        stored = self.store.reply(reply_id)
        conversation_id = self.store.turn(stored.turn_id).conversation_id
        running = self.running(conversation_id)
        if isinstance(running, Generation) and running.reply_id == reply_id:
            return replace(stored, reply=running.snapshot())
        return self._with_unsaved(stored, conversation_id)

    def _with_unsaved(self, stored: StoredReply, conversation_id: str) -> StoredReply:
        """A reply as the store has it, or as it ended if that is not saved yet."""
        work = self._latest(conversation_id)
        error = work.not_saved if work is not None and stored.id in work.reply_ids else None
        if work is None or error is None:
            return stored
        return replace(stored, reply=work.snapshots()[work.reply_ids.index(stored.id)], not_saved=error)

    def _latest(self, conversation_id: str) -> Generation | Samples | None:
        """What is being made in a conversation, or has been made there and is not saved yet."""
        with self._lock:
            return self._running.get(conversation_id)

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

    def when_made(self, call: Callable[[str], None]) -> None:
        """Have `call` called, with the id of the message, whenever replies to it are finished and saved."""
        self._when_made.append(call)

    def when_begun(self, call: Callable[[str], None]) -> None:
        """Have `call` called, with the id of the conversation, whenever a reply is about to be made."""
        self._when_begun.append(call)

    def upcoming(self, turn_id: str, reply: Reply, model: str) -> tuple[Backend, ModelInfo, Request]:
        """The next request of a conversation as far as it is known after this reply: all but the message.

        Raises UnknownModelError, BackendError, NotFoundError.
        """
        backend, info = self.catalogue.find(model)
        turn = self.store.turn(turn_id)
        view = self.store.info(turn.conversation_id)
        history = (
            *self.prompting.history(turn, view, info),
            assistant_message(reply, view.keep_thoughts and info.recalls),
        )
        budget = budget_of(view.budget, info)
        return backend, info, Request(info.name, history, thinking=thinking_of(view, info), budget=budget)

    def close(self) -> int:
        """Stop every reply, and save what is not saved yet, for some seconds; how many replies are lost."""
        self._closing.set()
        with self._lock:
            works = list(self._running.values())
        for work in works:
            work.stop()
        for work in works:
            work.wait(SECONDS_TO_END)
        return self._recorder.close(SECONDS_TO_END)

    # -- beginning ----------------------------------------------------------------------------------------------------

    def _begin_conversation(
        self,
        info: ModelInfo,
        steering: tuple[int | None, bool | None] | None,
        behaviour: Behaviour | None,
        carried_from: str,
    ) -> str:
        """A conversation with a model; its id."""
        conversation_id = self.store.new_conversation(model=info.key).id
        behaviour = self.default_behaviour if behaviour is None else behaviour
        if behaviour != Behaviour():
            self.store.set_behaviour(conversation_id, behaviour)
        budget, keep = steering or (None, None)
        if budget is not None or keeps(keep, info):
            self.store.set_steering(conversation_id, budget, keeps(keep, info))
        if carried_from:
            self.store.judgements.copy_consent(carried_from, conversation_id)
        return conversation_id

    def _usable(self, key: str) -> tuple[Backend, ModelInfo]:
        backend, info = self.catalogue.find(key)
        if not info.ready:
            raise BackendError(info.note)
        return backend, info

    @contextmanager
    def _claimed(self, conversation_id: str | None) -> Iterator[None]:
        """Inside, nobody else begins a reply in this conversation (None: a new one). The lock is not held meanwhile.

        Raises BusyError where one is being begun or made, StoreError where the end of the last one is not saved.
        """
        if conversation_id is None:
            yield
            return
        with self._lock:
            last = self._running.get(conversation_id)
            if conversation_id in self._beginning or (last is not None and not last.done):
                raise BusyError(_BUSY)
            self._beginning.add(conversation_id)
        try:
            if last is not None and (error := last.not_saved) is not None:
                raise StoreError(_LAST_NOT_SAVED.format(why=error.text))
            yield
        finally:
            with self._lock:
                self._beginning.discard(conversation_id)

    def _add_message(self, conversation_id: str, prompt: str, after: str | None = None) -> StoredTurn:
        """A message at the end of the open branch, or after that reply; the first one gives the title."""
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
    ) -> Generation:
        """Begin another reply to a message."""
        backend, info = self._usable(model)
        with self._claimed(turn.conversation_id):
            with self.store.transaction():
                generation = self._new_generation(turn, backend, info, params, so_far, origin, parent)
            self._launch(generation)
        return generation

    def _new_generation(
        self,
        turn: StoredTurn,
        backend: Backend,
        info: ModelInfo,
        params: Params | None,
        so_far: ReplySoFar | None = None,
        origin: Origin = "sampled",
        parent: StoredReply | None = None,
    ) -> Generation:
        """Store an empty reply, or one with the text that is given, and what will make it; nothing runs yet."""
        view = self.store.info(turn.conversation_id)
        params = with_seed(params or self.prompting.sampling_for(info, view)[0])
        if so_far is not None:
            check_continues(info)
        beginning = so_far or ReplySoFar()
        provenance = replace(
            self.prompting.provenance(info, params, origin, view),
            budget=budget_of(view.budget, info),
            parent_id=parent.id if parent else None,
            kept_reasoning=len(beginning.reasoning),
            kept_answer=len(beginning.answer),
            incomplete_prompt=so_far is not None and parent is not None and parent.provenance.incomplete_prompt,
        )
        history = self.prompting.history(turn, view, info)
        thinking = thinking_of(view, info)
        request = Request(info.name, history, so_far, params, thinking, self._repeatable, provenance.budget)
        reply = Reply(
            reasoning=beginning.reasoning, closed=beginning.closed, answer=beginning.answer, later=beginning.later
        )
        stored = self.store.add_reply(turn.id, provenance, reply)
        self.store.set_model(turn.conversation_id, info.key)
        return Generation(self._recorder, backend, request, stored, turn.conversation_id, then=self._made)

    def _copied(self, reply_id: str) -> str:
        """The id of a sibling that says the same."""
        stored = self.store.reply(reply_id)
        provenance = replace(
            stored.provenance,
            origin="forked",
            parent_id=reply_id,
            vote_id=None,
            kept_reasoning=len(stored.reply.reasoning),
            kept_answer=len(stored.reply.answer),
        )
        return self.store.add_reply(stored.turn_id, provenance, stored.reply).id

    def _launch(self, work: Generation | Samples) -> None:
        """Let it run, and tell every page. Called when what it needs is stored for good."""
        with self._lock:
            self._running[work.conversation_id] = work
        for call in self._when_begun:
            call(work.conversation_id)
        work.start()
        self.publish(work.conversation_id)

    # -- afterwards ---------------------------------------------------------------------------------------------------

    def _made(self, work: Generation | Samples) -> None:
        """All of it is finished and saved: let it go."""
        with self._lock:
            if self._running.get(work.conversation_id) is work:
                del self._running[work.conversation_id]
        if work.late:
            self.publish(work.conversation_id)
        for call in self._when_made:
            call(work.turn_id)
        if isinstance(work, Generation) and not self._repeatable:
            self._warm(work)

    def _show_majority(self, vote: Samples) -> None:
        """Open the reply that won, unless the person looks at something else by now."""
        with suppress(StoreError):  # the conversation was deleted meanwhile, or the database is locked
            winner = votes.majority(self.store.votes(vote.vote_id or ""))
            turns = self.store.conversation(vote.conversation_id).turns
            if winner and any(turn.reply and turn.reply.id == vote.reply_id for turn in turns):
                self.store.show_reply(winner.id)

    def _warm(self, generation: Generation) -> None:
        """Read the next turn's prompt as far as it is known, while nobody waits. A new message makes it give way."""
        if generation.snapshot().finish != "stop" or self._closing.is_set():
            return
        with suppress(R1ChatError):
            backend, _, request = self.upcoming(generation.turn_id, generation.snapshot(), ":".join(generation.model))
            backend.warm(request)


def checked_system(system: str) -> str:
    """A system prompt, without blank space around it. Raises MessageError for one that is too long."""
    system = system.strip()
    if len(system) > LONGEST_MESSAGE:
        raise MessageError(_TOO_LONG_SYSTEM.format(length=len(system), most=LONGEST_MESSAGE))
    return system


def _with_closed_thought(stored: StoredReply) -> StoredReply:
    """The reply with its thought closed by the person. Raises MessageError where no thought is open."""
    if not stored.reply.thinking or not stored.reply.reasoning:
        raise MessageError(_NO_OPEN_THOUGHT)
    closed = replace(stored.reply, reasoning=steer.cut(stored.reply.so_far).reasoning, closed=True)
    return replace(stored, reply=closed, provenance=replace(stored.provenance, closed_by="person"))


def _checked(prompt: str) -> str:
    """A person's message without blank lines around it. Raises MessageError where it is empty or too long."""
    prompt = prompt.strip("\n")
    if not prompt.strip():
        raise MessageError(_EMPTY)
    if len(prompt) > LONGEST_MESSAGE:
        raise MessageError(_TOO_LONG.format(length=len(prompt), most=LONGEST_MESSAGE))
    return prompt


def title_of(prompt: str) -> str:
    """A conversation's name, from its first message."""
    line = " ".join(prompt.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip(" ,.;:，。；：、") + "…"


def _beside(item: str, siblings: list[str], step: int) -> str:
    """The sibling `step` places after `item`, or the last one on that side."""
    return siblings[min(max(siblings.index(item) + step, 0), len(siblings) - 1)]

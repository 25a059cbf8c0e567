"""One turn: history -> backend -> thought and answer -> store, and the controls of a running turn.

A turn belongs to the app, not to whoever watches it: it runs in a thread of its own and saves as it goes. Knows no
widget and no HTTP.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from r1chat.backends import Backend
from r1chat.backends.catalogue import Catalogue
from r1chat.errors import BackendError, BusyError, MessageError, StoreError
from r1chat.messages import (
    Finish,
    Message,
    ModelInfo,
    Origin,
    Params,
    Provenance,
    Reply,
    Request,
    StoredReply,
    StoredTurn,
)
from r1chat.store import Store
from r1chat.think import Draft, Splitter

SAVE_EVERY = 0.5  # seconds; the promise is that a kill loses at most one
LONGEST_MESSAGE = 1_000_000  # characters
TITLE_LENGTH = 60  # characters

log = logging.getLogger(__name__)


class Turn:
    """One reply in the making. Thread-safe; any number of watchers, none of which slows the model down."""

    def __init__(
        self, store: Store, backend: Backend, request: Request, stored: StoredReply, conversation_id: str
    ) -> None:
        self.conversation_id = conversation_id
        self.turn_id = stored.turn_id
        self.reply_id = stored.id
        self._store = store
        self._backend = backend
        self._request = request
        self._draft = Draft(replace(stored.reply, finish=None, error="", progress=None))
        self._changed = threading.Condition()
        self._version = 0
        self._done = False
        self._stopping = threading.Event()
        self._answering = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"r1chat-turn-{stored.id[:8]}", daemon=True)

    # -- for everybody ------------------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """The reply is finished, and saved as far as that was possible."""
        return self._done

    def snapshot(self) -> Reply:
        """The reply as it stands."""
        with self._changed:
            return self._draft.reply()

    def watch(self, interval: float = 0.05) -> Iterator[Reply]:
        """The newest reply whenever it has changed, at most once in `interval` seconds; the finished one comes last."""
        seen, done = -1, False
        while not done:
            with self._changed:
                self._changed.wait_for(lambda seen=seen: self._version != seen)  # type: ignore[misc]
                seen, done = self._version, self._done
                reply = self._draft.reply()
            yield reply
            if not done:
                time.sleep(interval)

    def stop(self) -> None:
        """End the reply where it stands; what came is kept. Does nothing to a finished one."""
        self._stopping.set()

    def answer_now(self) -> None:
        """Close the thought as it stands and let the answer come. Does nothing once the thought is closed."""
        self._answering.set()

    def wait(self, timeout: float | None = None) -> Reply:
        """Block until the reply is finished and saved, or for `timeout` seconds; the reply as it stands then."""
        with self._changed:
            self._changed.wait_for(lambda: self.done, timeout)
            return self._draft.reply()

    # -- in its own thread --------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            self._make()
        except BackendError as error:
            self._fail(str(error))
        except Exception:  # a defect of ours: the person must not be left with a reply that never ends
            log.exception("a reply broke")
            self._fail("r1chat itself failed while it made this reply. What came is kept; try again, or see the log.")
        finally:
            self._save(last=True)
            with self._changed:
                self._done = True
                self._version += 1
                self._changed.notify_all()

    def _make(self) -> None:
        request: Request | None = self._request
        while request is not None:
            request = self._stretch(request)

    def _stretch(self, request: Request) -> Request | None:
        """One call of the backend, to its end or to where somebody steps in; the call to go on with, if any."""
        splitter = Splitter(request.so_far)
        saved = time.monotonic()
        with closing(self._backend.stream(request)) as events:  # type: ignore[type-var]
            for event in events:
                if self._stopping.is_set():
                    break
                self._take(splitter, event)
                if time.monotonic() - saved >= SAVE_EVERY:
                    self._save()
                    saved = time.monotonic()
                if self._answering.is_set() and not self._draft.closed:
                    return self._cut_thought(request, splitter)
        if not self._draft.finished:
            self._take(splitter, Finish("stopped" if self._stopping.is_set() else "cut"))
        return None

    def _cut_thought(self, request: Request, splitter: Splitter) -> Request:
        """Close the thought as it stands; the call that brings the answer."""
        self._take(splitter, Finish("stopped"))
        with self._changed:
            reply = self._draft.reply()
            base = replace(reply, reasoning=reply.reasoning.rstrip(), closed=True, finish=None, progress=None)
            self._draft = Draft(base)
        return replace(request, so_far=base.so_far)

    def _take(self, splitter: Splitter, event: object) -> None:
        reply_events = splitter.feed(event)  # type: ignore[arg-type]
        with self._changed:
            for reply_event in reply_events:
                self._draft.add(reply_event)
            self._version += 1
            self._changed.notify_all()

    def _fail(self, sentence: str) -> None:
        with self._changed:
            self._draft.fail(sentence)

    def _save(self, last: bool = False) -> None:
        try:
            self._store.save_reply(self.reply_id, self.snapshot())
        except StoreError as error:  # the conversation was deleted, or the disk is full: the reply itself goes on
            log.warning("a reply could not be saved: %s", error)
            if last and not self._draft.error:
                with self._changed:
                    self._draft.error = f"This reply could not be saved. {error}"


class Chat:
    """Conversations with models: every way to begin a reply, and the replies that are being made."""

    def __init__(self, store: Store, catalogue: Catalogue, params: Params = Params()) -> None:  # noqa: B008
        self.store = store
        self.catalogue = catalogue
        self._params = params
        self._lock = threading.Lock()
        self._running: dict[str, Turn] = {}  # by conversation
        self._news = threading.Condition()
        self._editions: dict[str, int] = {}  # by conversation: how often what it shows has changed

    def send(
        self,
        conversation_id: str | None,
        prompt: str,
        model: str,
        params: Params | None = None,
        after: str | None = None,
    ) -> Turn:
        """Send a message at the end of the open branch, or `after` another reply of it, and begin its reply.

        None makes a conversation for it. `model` is a key `backend:name`. Raises MessageError, UnknownModelError,
        BackendError, StoreError; the message is stored only if a reply could begin.
        """
        prompt = self._checked(prompt)
        backend, info = self._usable(model)
        conversation_id = conversation_id or self.store.new_conversation(model=info.key).id
        with self._starting(conversation_id):
            conversation = self.store.conversation(conversation_id)
            if after is None and conversation.turns and (last := conversation.turns[-1]).reply:
                after = last.reply.id
            turn = self.store.add_turn(conversation_id, prompt, after)
            if not conversation.info.title:
                self.store.rename(conversation_id, title_of(prompt))
            return self._begin(turn, backend, info, params)

    def edit(self, turn_id: str, prompt: str, model: str, params: Params | None = None) -> Turn:
        """Say it differently: a sibling of that message, with a reply of its own. The old branch stays."""
        prompt = self._checked(prompt)
        backend, info = self._usable(model)
        old = self.store.turn(turn_id)
        with self._starting(old.conversation_id):
            turn = self.store.add_turn(old.conversation_id, prompt, old.parent_reply_id)
            return self._begin(turn, backend, info, params)

    def again(self, turn_id: str, model: str, params: Params | None = None) -> Turn:
        """Another reply to the same message, as a sibling."""
        backend, info = self._usable(model)
        turn = self.store.turn(turn_id)
        with self._starting(turn.conversation_id):
            return self._begin(turn, backend, info, params, origin="regenerated")

    def resume(self, reply_id: str) -> Turn:
        """Continue a reply in place from where it stands, with the model and the settings that began it."""
        stored = self.store.reply(reply_id)
        turn = self.store.turn(stored.turn_id)
        made = stored.provenance
        backend, info = self._usable(f"{made.backend}:{made.model}")
        with self._starting(turn.conversation_id):
            request = Request(info.name, self._history(turn), stored.reply.so_far, made.params)
            return self._launch(backend, request, stored, turn.conversation_id)

    def running(self, conversation_id: str) -> Turn | None:
        """The reply that is being made in this conversation, if there is one."""
        with self._lock:
            turn = self._running.get(conversation_id)
            return turn if turn is not None and not turn.done else None

    def show_reply(self, reply_id: str, step: int = 0) -> None:
        """Open the branch that goes through this reply, or through the sibling `step` places after it."""
        turn = self.store.turn(self.store.reply(reply_id).turn_id)
        self.store.show_reply(_beside(reply_id, [reply.id for reply in self.store.replies(turn.id)], step))
        self._publish(turn.conversation_id)

    def show_turn(self, turn_id: str, step: int = 0) -> None:
        """Open the branch that goes through this message, or through the sibling `step` places after it."""
        turn = self.store.turn(turn_id)
        siblings = self.store.turns_after(turn.conversation_id, turn.parent_reply_id)
        self.store.show_turn(_beside(turn_id, [sibling.id for sibling in siblings], step))
        self._publish(turn.conversation_id)

    def news(self, conversation_id: str, seen: int = -1, timeout: float = 0.0) -> int:
        """Wait until another branch shows or another reply begins; the number of such changes so far."""
        with self._news:
            self._news.wait_for(lambda: self._editions.get(conversation_id, 0) != seen, timeout)
            return self._editions.get(conversation_id, 0)

    def _publish(self, conversation_id: str) -> None:
        with self._news:
            self._editions[conversation_id] = self._editions.get(conversation_id, 0) + 1
            self._news.notify_all()

    def close(self) -> None:
        """Stop every reply and wait until each is saved."""
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

    def _begin(
        self, turn: StoredTurn, backend: Backend, info: ModelInfo, params: Params | None, origin: Origin = "sampled"
    ) -> Turn:
        params = params or self._params
        if params.seed is None:
            params = replace(params, seed=random.getrandbits(31))
        provenance = Provenance(
            backend=info.backend,
            backend_version=info.backend_version,
            model=info.name,
            digest=info.digest,
            quantisation=info.quantisation,
            template_hash=info.template_hash,
            params=params,
            origin=origin,
        )
        history = self._history(turn)
        stored = self.store.add_reply(turn.id, provenance)
        self.store.set_model(turn.conversation_id, info.key)
        return self._launch(backend, Request(info.name, history, None, params), stored, turn.conversation_id)

    def _launch(self, backend: Backend, request: Request, stored: StoredReply, conversation_id: str) -> Turn:
        turn = Turn(self.store, backend, request, stored, conversation_id)
        self._running[conversation_id] = turn
        turn.start()
        self._publish(conversation_id)
        return turn

    def _history(self, turn: StoredTurn) -> tuple[Message, ...]:
        """The branch up to this message, as R1 wants it: answers without their thoughts."""
        messages: list[Message] = []
        for step in self.store.path(turn.id):
            messages.append(Message("user", step.content))
            if step.id != turn.id and step.reply is not None:
                messages.append(Message("assistant", step.reply.reply.answer))
        return tuple(messages)


def title_of(prompt: str) -> str:
    """A conversation's name, from its first message."""
    line = " ".join(prompt.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def _beside(item: str, siblings: list[str], step: int) -> str:
    """The sibling `step` places after `item`, or the last one on that side."""
    return siblings[min(max(siblings.index(item) + step, 0), len(siblings) - 1)]

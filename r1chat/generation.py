"""Replies in the making: a `Generation` makes one, `Samples` several to one message at a time.

They run in a thread of their own and save as they go; whoever watches them only watches. Knows no widget, no HTTP, and
not how a conversation came to ask.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace

from r1chat import steer
from r1chat.backends import Backend
from r1chat.errors import BackendError, NotFoundError, StoreError
from r1chat.messages import BackendEvent, ClosedBy, Finish, Reply, Request, StoredReply
from r1chat.store import Store
from r1chat.think import Draft, Splitter

SAVE_EVERY = 0.5  # seconds; the promise is that a kill loses at most one
LAST_TRIES = 12  # each waits as long as the store is patient: together a minute

log = logging.getLogger(__name__)


class Generation:
    """One reply in the making. Thread-safe; any number of watchers, none of which slows the model down."""

    def __init__(
        self,
        store: Store,
        backend: Backend,
        request: Request,
        stored: StoredReply,
        conversation_id: str,
        then: Callable[[Generation], None] = lambda generation: None,
    ) -> None:
        """Continues `stored.reply`, which holds what the request goes on from; nothing, for a fresh one.

        `then` is called in the thread that makes the reply when everything is done and saved.
        """
        self.conversation_id = conversation_id
        self.turn_id = stored.turn_id
        self.reply_id = stored.id
        self._store = store
        self._backend = backend
        self._request = request
        self._then = then
        self._budget = stored.provenance.budget
        self._draft = Draft(replace(stored.reply, finish=None, error="", progress=None))
        self._changed = threading.Condition()
        self._version = 0
        self._done = False
        self._stopping = threading.Event()
        self._answering = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"r1chat-turn-{stored.id[:8]}", daemon=True)

    @property
    def model(self) -> tuple[str, str]:
        """Backend and name of the model that makes it."""
        return self._backend.name, self._request.model

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
            self._fail(str(error), type(error).__name__)
        except Exception:  # a defect of ours: the person must not be left with a reply that never ends
            log.exception("a reply broke")
            self._fail("r1chat itself failed while it made this reply. What came is kept; try again, or see the log.")
        finally:
            self._save(last=True)
            with self._changed:
                self._done = True
                self._version += 1
                self._changed.notify_all()
        self._then(self)

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
                if (who := self._steps_in()) and not self._draft.closed:
                    return self._cut_thought(request, splitter, who)
        if not self._draft.finished:
            self._take(splitter, Finish("stopped" if self._stopping.is_set() else "cut"))
        return None

    def _steps_in(self) -> ClosedBy:
        if self._answering.is_set():
            return "person"
        return "budget" if self._budget is not None and self._draft.reasoning_tokens >= self._budget else ""

    def _cut_thought(self, request: Request, splitter: Splitter, who: ClosedBy) -> Request:
        """Close the thought as it stands; the call that brings the answer."""
        self._take(splitter, Finish("stopped"))
        with self._changed:
            reply = self._draft.reply()
            so_far = steer.cut(reply.so_far) if who == "person" else steer.spent(reply.so_far)
            base = replace(reply, reasoning=so_far.reasoning, closed=True, finish=None, progress=None)
            self._draft = Draft(base)
        self._store.set_closed_by(self.reply_id, who)
        return replace(request, so_far=so_far)

    def _take(self, splitter: Splitter, event: BackendEvent) -> None:
        reply_events = splitter.feed(event)
        with self._changed:
            for reply_event in reply_events:
                self._draft.add(reply_event)
            self._version += 1
            self._changed.notify_all()

    def _fail(self, sentence: str, name: str = "") -> None:
        with self._changed:
            self._draft.fail(sentence, name)

    def _save(self, last: bool = False) -> None:
        why_not = _saved(self._store, self.reply_id, self.snapshot(), last)
        if why_not and last and not self._draft.error:
            with self._changed:
                self._draft.error = f"This reply could not be saved. {why_not}"


class _Sample:
    """One of the replies of a vote."""

    def __init__(self, stored: StoredReply, backend: Backend, request: Request) -> None:
        self.reply_id = stored.id
        self.backend = backend
        self.request = request
        self.splitter = Splitter(request.so_far)
        self.draft = Draft()


class Samples:
    """Several replies to one message in the making, all at a time: samples of a vote, or the sides of a comparison.

    Thread-safe, watched and stopped like a `Generation`. `vote_id` is None for a comparison.
    """

    def __init__(
        self,
        store: Store,
        jobs: list[tuple[Backend, Request]],
        stored: list[StoredReply],
        conversation_id: str,
        then: Callable[[Samples], None] = lambda samples: None,
        count: Callable[[Samples], None] = lambda samples: None,
    ) -> None:
        """`jobs` and `stored` belong together, one by one.

        `count` is called when everything is saved and watchers still wait, `then` when all is done.
        """
        self.conversation_id = conversation_id
        self.turn_id = stored[0].turn_id
        self.reply_id = stored[0].id
        self.reply_ids = [reply.id for reply in stored]
        self.vote_id = stored[0].provenance.vote_id
        self._store = store
        self._then = then
        self._count = count
        self._samples = [_Sample(reply, *job) for reply, job in zip(stored, jobs, strict=True)]
        self._changed = threading.Condition()
        self._version = 0
        self.done = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="r1chat-vote", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def snapshot(self) -> Reply:
        """The first sample as it stands."""
        with self._changed:
            return self._samples[0].draft.reply()

    def snapshots(self) -> list[Reply]:
        """All samples as they stand."""
        with self._changed:
            return [sample.draft.reply() for sample in self._samples]

    def watch(self, interval: float = 0.2) -> Iterator[list[Reply]]:
        """All samples whenever one has changed, at most once in `interval` seconds; the finished ones come last."""
        seen, done = -1, False
        while not done:
            with self._changed:
                self._changed.wait_for(lambda seen=seen: self._version != seen)  # type: ignore[misc]
                seen, done = self._version, self.done
                replies = [sample.draft.reply() for sample in self._samples]
            yield replies
            if not done:
                time.sleep(interval)

    def stop(self) -> None:
        """End it: what is finished is kept as it is, the rest as far as it came."""
        self._stopping.set()

    def answer_now(self) -> None:
        """A vote is not steered: its samples must come about in the same way."""

    def wait(self, timeout: float | None = None) -> Reply:
        """Block until every sample is finished and saved, or for `timeout` seconds; the first sample as it stands."""
        with self._changed:
            self._changed.wait_for(lambda: self.done, timeout)
            return self._samples[0].draft.reply()

    def _run(self) -> None:
        saved = time.monotonic()
        try:
            with closing(sampled([(sample.backend, sample.request) for sample in self._samples])) as events:
                for index, event in events:
                    if self._stopping.is_set():
                        break
                    self._take(self._samples[index], event)
                    if time.monotonic() - saved >= SAVE_EVERY:
                        self._save()
                        saved = time.monotonic()
            self._end("")
        except Exception as error:
            if not isinstance(error, BackendError):
                log.exception("a vote broke")
            self._end(str(error) or "r1chat itself failed while it made this reply. Try again, or see the log.")
        finally:
            self._save(last=True)
            try:
                self._count(self)
            finally:
                with self._changed:
                    self.done = True
                    self._version += 1
                    self._changed.notify_all()
        self._then(self)

    def _take(self, sample: _Sample, event: BackendEvent | BackendError) -> None:
        with self._changed:
            if isinstance(event, BackendError):
                sample.draft.fail(str(event), type(event).__name__)
            else:
                for reply_event in sample.splitter.feed(event):
                    sample.draft.add(reply_event)
            self._version += 1
            self._changed.notify_all()

    def _end(self, error: str) -> None:
        for sample in self._samples:
            if sample.draft.finished:
                continue
            if error:
                with self._changed:
                    sample.draft.fail(error)
            else:
                self._take(sample, Finish("stopped" if self._stopping.is_set() else "cut"))

    def _save(self, last: bool = False) -> None:
        for sample, reply in zip(self._samples, self.snapshots(), strict=True):
            _saved(self._store, sample.reply_id, reply, last)


def _saved(store: Store, reply_id: str, reply: Reply, last: bool) -> str:
    """Save a reply; a sentence where that cannot be, "" else. The last time it waits for whoever holds the database.

    That may be a large import. The reply itself goes on when its conversation was deleted, or the disk is full.
    """
    why_not = ""
    for _ in range(LAST_TRIES if last else 1):
        try:
            store.save_reply(reply_id, reply)
            return ""
        except StoreError as error:
            why_not = str(error)
            log.warning("a reply could not be saved: %s", error)
            if isinstance(error, NotFoundError):
                break
    return why_not


def sampled(jobs: list[tuple[Backend, Request]]) -> Generator[tuple[int, BackendEvent | BackendError]]:
    """The events of several requests, each with the index of its request.

    In one batch where they differ only in their seed and the backend can (`stream_many`), else all at the same time. A
    request that fails yields its error in place of an event, and the others go on.
    """
    backend, first = jobs[0]
    many = getattr(backend, "stream_many", None)
    if many is not None and all(other is backend and _but_for_seed(request, first) for other, request in jobs):
        yield from many(first, [request.params.seed for _, request in jobs])
        return
    arrived: queue.Queue[tuple[int, BackendEvent | BackendError | None]] = queue.Queue(256)
    leaving = threading.Event()

    def run(index: int) -> None:
        try:
            backend, request = jobs[index]
            with closing(backend.stream(request)) as events:  # type: ignore[type-var]
                for event in events:
                    if leaving.is_set():
                        return
                    arrived.put((index, event))
        except BackendError as error:
            arrived.put((index, error))
        finally:
            arrived.put((index, None))

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(jobs))]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running:
            index, event = arrived.get()
            if event is None:
                running -= 1
            else:
                yield index, event
    finally:
        leaving.set()
        while any(thread.is_alive() for thread in threads):  # they may wait for room
            with suppress(queue.Empty):
                arrived.get(timeout=0.05)


def _but_for_seed(one: Request, other: Request) -> bool:
    return replace(one, params=replace(one.params, seed=other.params.seed)) == other

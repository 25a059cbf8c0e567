"""Replies in the making: a `Generation` makes one, `Samples` makes several to one message at the same time.

Each runs in a thread of its own, whoever watches it, and hands snapshots to the recorder, which saves them. Knows no
widget, no HTTP, and not how a conversation came to ask.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import Generic, TypeVar

from r1chat import steer
from r1chat.backends import Backend
from r1chat.both import Both, Wording
from r1chat.conversations import StoredReply
from r1chat.errors import BackendError, StoreError
from r1chat.messages import BackendEvent, ClosedBy, Finish, Params, Reply, Request
from r1chat.recorder import Recorder, Snapshot
from r1chat.think import Draft, Splitter

SAVE_EVERY = 0.5  # seconds; the promise is that a kill loses at most one

DEFECT = Both(
    "r1chat itself failed while it made this reply. What came is kept; try again, or see the log.",
    "生成这个回复时 r1chat 自身出错。已生成的内容已保留；请重试，或查看日志。",
)

log = logging.getLogger(__name__)

_Update = TypeVar("_Update")  # what a watcher is given


class _Work(ABC, Generic[_Update]):
    """A thread that makes replies, the replies as others see them, and how they are stopped. Thread-safe."""

    def __init__(self, recorder: Recorder, stored: Sequence[StoredReply], conversation_id: str) -> None:
        self.conversation_id = conversation_id
        self.turn_id = stored[0].turn_id
        self.reply_id = stored[0].id
        self.reply_ids = [reply.id for reply in stored]
        self._recorder = recorder
        self._changed = threading.Condition()  # guards the drafts
        self._version = 0
        self._done = False
        self.late = False  # its end was saved when watchers had left already
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"r1chat-reply-{self.reply_id[:8]}", daemon=True)

    # -- for everybody ------------------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Nothing comes any more. All is saved, or could not be saved so far: see `not_saved`."""
        return self._done

    @property
    def not_saved(self) -> StoreError | None:
        """Why the end of a finished reply is not saved yet; None where it is saved, or where nothing has ended."""
        return self._recorder.error(self.reply_ids) if self._done else None

    def saved(self, timeout: float) -> bool:
        """Wait until everything so far is saved, at most `timeout` seconds; whether it is."""
        return self._recorder.wait(self.reply_ids, timeout)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it where it stands; what came is kept. Does nothing to what is finished."""
        self._stopping.set()

    def snapshots(self) -> list[Reply]:
        """All its replies as they stand."""
        with self._changed:
            return self._replies()

    def snapshot(self) -> Reply:
        """The reply, or the first of them, as it stands."""
        return self.snapshots()[0]

    def wait(self, timeout: float | None = None) -> Reply:
        """Block until it is done, or for `timeout` seconds; the (first) reply as it stands then."""
        with self._changed:
            self._changed.wait_for(lambda: self._done, timeout)
            return self._replies()[0]

    def watch(self, interval: float = 0.05) -> Iterator[_Update]:
        """The newest state whenever it has changed, at most once in `interval` seconds; the finished one comes last."""
        seen, done = -1, False
        while not done:
            with self._changed:
                self._changed.wait_for(lambda seen=seen: self._version != seen)  # type: ignore[misc]
                seen, done = self._version, self._done
                replies = self._replies()
            yield self._seen(replies)
            if not done:
                time.sleep(interval)

    # -- for who makes them -------------------------------------------------------------------------------------------

    @abstractmethod
    def _replies(self) -> list[Reply]:
        """The replies as they stand. The caller holds `_changed`."""

    @abstractmethod
    def _seen(self, replies: list[Reply]) -> _Update:
        """What a watcher is given of the replies."""

    @abstractmethod
    def _run(self) -> None:
        """What the thread does."""

    @abstractmethod
    def _save(self) -> None:
        """Hand the newest snapshots to the recorder."""

    def _tell(self) -> None:
        """Let everybody who waits look again."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _end(self, when_saved: Callable[[], None]) -> None:
        """Save the end of it. `when_saved` is called once that is done, however late; watchers wait only a moment."""
        self._save()
        saved = self._recorder.wait(self.reply_ids, self._recorder.saved_within)
        try:
            if saved:
                when_saved()
        finally:
            self._done = True
            self._tell()
        if not saved:
            self.late = True
            self._recorder.wait(self.reply_ids)
            when_saved()


class Generation(_Work[Reply]):
    """One reply in the making. Any number of watchers, none of which slows the model down."""

    def __init__(
        self,
        recorder: Recorder,
        backend: Backend,
        request: Request,
        stored: StoredReply,
        conversation_id: str,
        then: Callable[[Generation], None] = lambda generation: None,
    ) -> None:
        """Continues `stored.reply`, which holds what the request goes on from; nothing, for a fresh one.

        `then` is called in the generation's own thread when everything is done and saved.
        """
        super().__init__(recorder, [stored], conversation_id)
        self._backend = backend
        self._request = request
        self._then = then
        self._budget = stored.provenance.budget
        self._closed_by = stored.provenance.closed_by
        self._tokens_before = stored.reply.usage.tokens  # of the reply, before the call that runs
        self._draft = Draft(replace(stored.reply, finish=None, error="", progress=None))
        self._answering = threading.Event()

    @property
    def model(self) -> tuple[str, str]:
        """Backend and name of the model that makes it."""
        return self._backend.name, self._request.model

    def answer_now(self) -> None:
        """Close the thought as it stands and let the answer come. Does nothing once the thought is closed."""
        self._answering.set()

    # -- in its own thread --------------------------------------------------------------------------------------------

    def _replies(self) -> list[Reply]:
        return [self._draft.reply()]

    def _seen(self, replies: list[Reply]) -> Reply:
        return replies[0]

    def _run(self) -> None:
        try:
            request: Request | None = self._request
            while request is not None:
                request = self._call(request)
        except BackendError as error:
            self._fail(error.text, type(error).__name__)
        except Exception:  # a defect of ours: the person must not be left with a reply that never ends
            log.exception("a reply broke")
            self._fail(DEFECT)
        self._end(lambda: None)
        self._then(self)

    def _call(self, request: Request) -> Request | None:
        """One call of the backend, to its end or to where the thought is closed; then the call that brings the answer.

        None where the reply is finished.
        """
        splitter = Splitter(request.so_far)
        saved_at = time.monotonic()
        with closing(self._backend.stream(request)) as events:  # type: ignore[type-var]
            for event in events:
                if self._stopping.is_set():
                    break
                self._take(splitter, event)
                if time.monotonic() - saved_at >= SAVE_EVERY:
                    self._save()
                    saved_at = time.monotonic()
                if (closed_by := self._closes_thought()) and not self._draft.closed:
                    return self._close_thought(request, splitter, closed_by)
        if not self._draft.finished:
            self._take(splitter, Finish("stopped" if self._stopping.is_set() else "cut"))
        return None

    def _closes_thought(self) -> ClosedBy:
        """Who wants the thought closed now, if anybody does."""
        if self._answering.is_set():
            return "person"
        return "budget" if self._budget is not None and self._draft.reasoning_tokens >= self._budget else ""

    def _close_thought(self, request: Request, splitter: Splitter, closed_by: ClosedBy) -> Request | None:
        """Close the thought as it stands; the call that brings the answer, None where max_tokens leave it no token."""
        self._take(splitter, Finish("stopped"))
        with self._changed:
            reply = self._draft.reply()
            so_far = steer.cut(reply.so_far) if closed_by == "person" else steer.spent(reply.so_far)
            base = replace(reply, reasoning=so_far.reasoning, closed=True, finish=None, progress=None)
            self._draft, self._closed_by = Draft(base), closed_by
        self._save()
        params = remaining(request.params, self._tokens_before, reply)
        if params.max_tokens == 0:
            self._take(Splitter(so_far), Finish("length", "limit"))
            return None
        self._tokens_before = reply.usage.tokens
        return replace(request, so_far=so_far, params=params)

    def _take(self, splitter: Splitter, event: BackendEvent) -> None:
        reply_events = splitter.feed(event)
        with self._changed:
            for reply_event in reply_events:
                self._draft.add(reply_event)
        self._tell()

    def _fail(self, sentence: Wording, name: str = "") -> None:
        with self._changed:
            self._draft.fail(sentence, name)

    def _save(self) -> None:
        self._recorder.save(self.reply_id, Snapshot(self.snapshot(), self._closed_by))


def remaining(params: Params, before: int, reply: Reply) -> Params:
    """`params` for the next call of a reply that had `before` tokens when `params` applied; at least 0 max_tokens."""
    if params.max_tokens is None:
        return params
    return replace(params, max_tokens=max(0, params.max_tokens - (reply.usage.tokens - before)))


class _Sample:
    """One of several replies that are made together."""

    def __init__(self, stored: StoredReply, backend: Backend, request: Request) -> None:
        self.reply_id = stored.id
        self.backend = backend
        self.request = request
        self.splitter = Splitter(request.so_far)
        self.draft = Draft()


class Samples(_Work[list[Reply]]):
    """Several replies to one message in the making: the samples of a vote, or the two sides of a comparison.

    Watched and stopped like a `Generation`. `vote_id` is None for a comparison.
    """

    def __init__(
        self,
        recorder: Recorder,
        jobs: list[tuple[Backend, Request]],
        stored: list[StoredReply],
        conversation_id: str,
        then: Callable[[Samples], None] = lambda samples: None,
        count: Callable[[Samples], None] = lambda samples: None,
    ) -> None:
        """`jobs` and `stored` belong together, one by one.

        `count` is called when everything is saved and watchers still wait, `then` when all is done.
        """
        super().__init__(recorder, stored, conversation_id)
        self.vote_id = stored[0].provenance.vote_id
        self._then = then
        self._count = count
        self._samples = [_Sample(reply, *job) for reply, job in zip(stored, jobs, strict=True)]

    # -- in its own thread --------------------------------------------------------------------------------------------

    def _replies(self) -> list[Reply]:
        return [sample.draft.reply() for sample in self._samples]

    def _seen(self, replies: list[Reply]) -> list[Reply]:
        return replies

    def _run(self) -> None:
        saved_at = time.monotonic()
        try:
            with closing(sampled([(sample.backend, sample.request) for sample in self._samples])) as events:
                for index, event in events:
                    if self._stopping.is_set():
                        break
                    self._take(self._samples[index], event)
                    if time.monotonic() - saved_at >= SAVE_EVERY:
                        self._save()
                        saved_at = time.monotonic()
            self._finish_all()
        except BackendError as error:
            self._finish_all(error.text)
        except Exception:
            log.exception("several replies broke")
            self._finish_all(DEFECT)
        self._end(lambda: self._count(self))
        self._then(self)

    def _take(self, sample: _Sample, event: BackendEvent | BackendError) -> None:
        with self._changed:
            if isinstance(event, BackendError):
                sample.draft.fail(event.text, type(event).__name__)
            else:
                for reply_event in sample.splitter.feed(event):
                    sample.draft.add(reply_event)
        self._tell()

    def _finish_all(self, error: Wording = "") -> None:
        """End the samples that have no end yet: with an error, or else as stopped or cut off."""
        for sample in self._samples:
            if sample.draft.finished:
                continue
            if error:
                with self._changed:
                    sample.draft.fail(error)
            else:
                self._take(sample, Finish("stopped" if self._stopping.is_set() else "cut"))

    def _save(self) -> None:
        for sample, reply in zip(self._samples, self.snapshots(), strict=True):
            self._recorder.save(sample.reply_id, Snapshot(reply))


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
        except Exception:
            log.exception("one of several replies broke")
            arrived.put((index, BackendError(DEFECT)))
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


def _but_for_seed(first: Request, second: Request) -> bool:
    return replace(first, params=replace(first.params, seed=second.params.seed)) == second

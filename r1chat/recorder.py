"""The recorder: saves replies that are being made, in a thread of its own.

It stands between a generation and the store, so that a slow, locked or full database never holds up the stream. Of each
reply it keeps the newest snapshot that is not saved yet; an older one that was not written is skipped. What cannot be
saved is tried again until it can.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from r1chat.both import Both
from r1chat.errors import NotFoundError, StoreError
from r1chat.messages import ClosedBy, Reply
from r1chat.store import Store

RETRY_AFTER = 0.5  # seconds between two tries; each of them waits for a locked database as well
SAVED_WITHIN = 2.0  # seconds; a finished reply that takes longer to save is shown as one that is not saved yet
SWEEP_EVERY = 30.0  # seconds between two searches for replies whose process is gone

log = logging.getLogger(__name__)

_SLOW = Both("The database has not taken it yet.", "数据库还没有写完。")
_DEFECT = Both("r1chat itself failed while it saved. The log says more.", "r1chat 在保存时自身出错。详情见日志。")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A reply at one moment, as it is to be saved."""

    reply: Reply
    closed_by: ClosedBy = ""


class Recorder:
    """Saves the newest snapshot of each reply. Thread-safe; only `wait` and `close` block."""

    def __init__(
        self,
        store: Store,
        on_interrupted: Callable[[str], None] = lambda conversation_id: None,
        sweep_every: float = SWEEP_EVERY,
        saved_within: float = SAVED_WITHIN,
    ) -> None:
        """`on_interrupted` is called with the id of a conversation in which a reply of an ended process was marked."""
        self._store = store
        self._on_interrupted = on_interrupted
        self._sweep_every = sweep_every
        self.saved_within = saved_within
        self._pending: dict[str, Snapshot] = {}  # by reply; the first one is saved next
        self._errors: dict[str, StoreError] = {}  # by reply: why its newest snapshot is not saved
        self._condition = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="r1chat-recorder", daemon=True)
        self._thread.start()

    def save(self, reply_id: str, snapshot: Snapshot) -> None:
        """Have a snapshot saved soon, in place of older ones of the same reply. Returns at once."""
        with self._condition:
            self._pending[reply_id] = snapshot
            self._condition.notify_all()

    def wait(self, reply_ids: Collection[str], timeout: float | None = None) -> bool:
        """Block until the newest snapshots of these replies are saved, or for `timeout` seconds; whether they are."""
        with self._condition:
            return self._condition.wait_for(lambda: self._pending.keys().isdisjoint(reply_ids), timeout)

    def error(self, reply_ids: Collection[str]) -> StoreError | None:
        """Why a snapshot of one of these replies is not saved yet; None where all are saved."""
        with self._condition:
            for reply_id in self._pending.keys() & set(reply_ids):
                return self._errors.get(reply_id, StoreError(_SLOW))
            return None

    def close(self, timeout: float) -> int:
        """Save what is not saved yet, for at most `timeout` seconds, then end the thread; how many replies are lost."""
        deadline = time.monotonic() + timeout
        with self._condition:
            self._condition.wait_for(lambda: not self._pending, timeout)
            self._closing = True
            lost = len(self._pending)
            self._condition.notify_all()
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if lost:
            log.error("%d replies could not be saved before the end", lost)
        return lost

    # -- in its own thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        sweep_at = time.monotonic() + self._sweep_every
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._pending or self._closing, sweep_at - time.monotonic())
                if self._closing:
                    return
                reply_id, snapshot = next(iter(self._pending.items()), ("", None))
            if snapshot is not None and not self._saved(reply_id, snapshot):
                with self._condition:
                    self._condition.wait_for(lambda: self._closing, RETRY_AFTER)
            if time.monotonic() >= sweep_at:
                self._sweep()
                sweep_at = time.monotonic() + self._sweep_every

    def _saved(self, reply_id: str, snapshot: Snapshot) -> bool:
        """Save one snapshot. Where that fails it stays pending, behind those of the other replies."""
        error: StoreError | None = None
        try:
            self._store.save_reply(reply_id, snapshot.reply, snapshot.closed_by)
        except NotFoundError:
            pass  # erased meanwhile: there is nothing left to save it in
        except StoreError as caught:
            error = caught
        except Exception:
            log.exception("saving a reply broke")
            error = StoreError(_DEFECT)
        with self._condition:
            if error is not None:
                if reply_id not in self._errors:
                    log.warning("a reply could not be saved, and will be tried again: %s", error)
                self._errors[reply_id] = error
                self._pending[reply_id] = self._pending.pop(reply_id)
            else:
                self._errors.pop(reply_id, None)
                if self._pending[reply_id] is snapshot:
                    del self._pending[reply_id]
            self._condition.notify_all()
        return error is None

    def _sweep(self) -> None:
        """Mark replies of other processes that ended since the start; their pages learn of it."""
        try:
            for conversation_id in self._store.interrupt_unfinished():
                self._on_interrupted(conversation_id)
        except StoreError as error:
            log.warning("replies whose process is gone could not be looked for: %s", error)
        except Exception:
            log.exception("looking for replies whose process is gone broke")

"""Verdicts by rule follow the rules: what others found, of an older r1chat or from elsewhere, is found anew, once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from r1chat.errors import R1ChatError
from r1chat.rewards import RightAnswer, accuracy
from r1chat.rewards.rules import rules
from r1chat.store import Store

_AT_ONCE = 200  # replies that are read at a time

log = logging.getLogger(__name__)
_one = threading.Lock()


def renew(store: Store, stopped: Callable[[], bool] = lambda: False) -> int:
    """Check the answers anew that were checked by other rules; the number of verdicts that changed.

    Raises StoreError, and CheckError where the process that checks does not start. Where it is `stopped` or breaks off,
    the next call goes on.
    """
    with _one:
        changed, after = 0, ""
        while True:
            with store.dataset.snapshot() as snapshot:
                checked = snapshot.checked_by_others(rules(), after, _AT_ONCE)
            if not checked:
                break
            after = checked[-1].reply_id
            right = []
            for reply in checked:
                if stopped():
                    return changed
                value = accuracy(reply.answer, RightAnswer(reply.text, reply.kind)).value
                if value == reply.accuracy:
                    right.append(reply.number)
                elif store.judgements.add_verification(
                    reply.reply_id, reply.reference_id, value, reply.answer, rules()
                ):
                    changed += 1
            store.judgements.confirm(right, rules())
        if changed:
            log.info("%d verdicts on answers were renewed by the rules of this version", changed)
        return changed


class Renewal:
    """Does it in the background, for an app that serves."""

    def __init__(self, store: Store) -> None:
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(store,), name="r1chat-verdicts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; what is left is done at the next start."""
        self._closing.set()
        self._thread.join(5.0)

    def _run(self, store: Store) -> None:
        try:
            renew(store, self._closing.is_set)
        except R1ChatError as error:  # a full disk, a busy database: at the next start
            log.warning("verdicts on answers could not be renewed yet: %s", error)

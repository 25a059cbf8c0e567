"""Verdicts by rule follow the rules: what an older r1chat stored is checked anew, once, when the rules have changed."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from r1chat import answers, rewards
from r1chat.errors import R1ChatError
from r1chat.files import read_text, replacing
from r1chat.rewards import RightAnswer, accuracy
from r1chat.store import Store

FILE = "rules.txt"  # in the data folder: the digest of the rules that its verdicts are of, and of the database's place
_AT_ONCE = 200  # replies that are read at a time

log = logging.getLogger(__name__)
_one = threading.Lock()


@cache
def rules() -> str:
    """A digest of the code that judges answers."""
    digest = hashlib.sha256()
    for package in (answers, rewards):
        for file in sorted(Path(package.__path__[0]).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def renew(store: Store, data_dir: Path, stopped: Callable[[], bool] = lambda: False) -> int:
    """Check all answers anew that were checked by other rules; the number of verdicts that changed.

    Raises StoreError, CheckError where the process that checks does not start, and ExportError where the data folder
    cannot be written. Where it is `stopped` or breaks off, the next call begins again.
    """
    stamp = f"{rules()} {hashlib.sha256(store.place.encode()).hexdigest()}"  # another database has verdicts of its own
    with _one:
        if _checked_by(data_dir) == stamp:
            return 0
        changed, after = 0, ""
        while True:
            with store.dataset.snapshot() as snapshot:
                checked = snapshot.checked(after, _AT_ONCE)
            if not checked:
                break
            after = checked[-1].reply_id
            for reply in checked:
                if stopped():
                    return changed
                value = accuracy(reply.answer, RightAnswer(reply.text, reply.kind)).value
                if value != reply.accuracy:
                    store.judgements.add_verification(reply.reply_id, reply.reference_id, value, reply.answer)
                    changed += 1
        with replacing(data_dir / FILE) as file:
            file.write(stamp.encode())
        if changed:
            log.info("%d verdicts on answers were renewed by the rules of this version", changed)
        return changed


def distrust(data_dir: Path) -> None:
    """Have all verdicts found anew the next time: some came from elsewhere, by a restored or an imported file."""
    with suppress(OSError):
        (data_dir / FILE).unlink(missing_ok=True)


class Renewal:
    """Does it in the background, for an app that serves."""

    def __init__(self, store: Store, data_dir: Path) -> None:
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(store, data_dir), name="r1chat-verdicts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; what is left is done at the next start."""
        self._closing.set()
        self._thread.join(5.0)

    def _run(self, store: Store, data_dir: Path) -> None:
        try:
            renew(store, data_dir, self._closing.is_set)
        except R1ChatError as error:  # a full disk, a busy database: at the next start
            log.warning("verdicts on answers could not be renewed yet: %s", error)


def _checked_by(data_dir: Path) -> str:
    try:
        return read_text(data_dir / FILE)
    except (OSError, ValueError):
        return ""

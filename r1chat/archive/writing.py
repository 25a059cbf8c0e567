"""From the store to an archive: a header, a line for each row, and a last line that tells whether the file is whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from r1chat.store import Store

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What an archive holds."""

    conversations: int = 0
    replies: int = 0
    judgements: int = 0  # rows of all other kinds but messages


def write(store: Store, path: Path, everything: bool = False, progress: Progress | None = None) -> Written:
    """Write all conversations with consent to a file of JSON Lines; `everything`: all of them, as a backup for oneself.

    Deleted conversations are left out. Personal data are not replaced. `progress` is called with the conversations that
    are done and their total, and may raise to break it off. Raises ExportError, also where there is nothing to write,
    and StoreError; then no file was written or replaced.
    """
    raise NotImplementedError

"""Taking a file in: all of it, or nothing where anything in it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from r1chat.store import Store

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken in. `left_out`: what the file has and r1chat has no place for, in words, with counts."""

    source: Literal["r1chat", "Open WebUI"]
    conversations: int = 0
    replies: int = 0
    judgements: int = 0  # ratings, comparisons, references and the like
    known: int = 0  # conversations that were there already, and gained nothing
    left_out: Mapping[str, int] = field(default_factory=dict)


def read(store: Store, path: Path, progress: Progress | None = None) -> Imported:
    """Take in an archive of r1chat, or chats or feedback that Open WebUI exported; the file itself tells which it is.

    `progress` is called with the bytes that are done and their total, and may raise to break it off. Raises
    ImportFileError, which names the line, and StoreError; then nothing was changed.
    """
    raise NotImplementedError

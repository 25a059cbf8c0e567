"""Rollback journals that lie beside a database and name another file.

When SQLite opens a database with such a journal, it deletes the file that the journal names (its "super-journal"; see
"Atomic Commit In SQLite", section 5). r1chat uses one database a connection and never makes one, so a journal that
names a file was put there by somebody else.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from r1chat.both import Both
from r1chat.errors import StoreError

_MAGIC = bytes.fromhex("d9d505f920a163d7")  # ends a journal that names another file, and begins every one

_NAMES_A_FILE = Both(
    "{journal} was not written by r1chat: opening {file} would delete another file that it names. Nothing was opened. "
    "If you trust where it comes from, move {journal} away and try again.",
    "{journal} 不是 r1chat 写的：打开 {file} 会删除其中指明的另一个文件。没有打开任何内容。"
    "如果你信任它的来源，请把 {journal} 移走后再试。",
)


def require_own_journal(database: Path) -> None:
    """Raise StoreError where the journal beside a database names another file, which SQLite would delete."""
    journal = Path(f"{database.resolve()}-journal")
    with suppress(OSError), open(os.open(journal, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:
        stream.seek(-len(_MAGIC), os.SEEK_END)
        if stream.read() == _MAGIC:
            raise StoreError(_NAMES_A_FILE.format(journal=journal, file=database))

"""Rows as they are, for archives: a conversation at a time out of the store (`outgoing`), and into it (`incoming`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from r1chat.store.archive_columns import FIELDS, JUDGEMENTS, Field, Row, Rows
from r1chat.store.database import Database
from r1chat.store.incoming import Incoming
from r1chat.store.outgoing import Outgoing

__all__ = ["FIELDS", "JUDGEMENTS", "Archive", "Field", "Incoming", "Outgoing", "Row", "Rows"]


class Archive:
    """All rows of one database. Safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def reading(self) -> Iterator[Outgoing]:
        """One consistent look at everything. Raises StoreError."""
        with self._database.read() as connection:
            yield Outgoing(connection)

    @contextmanager
    def adding(self) -> Iterator[Incoming]:
        """Collect rows that `Incoming.write` adds to the store; without it nothing is added. Raises StoreError."""
        incoming = Incoming(self._database)
        try:
            yield incoming
        finally:
            incoming.close()

"""SQLite as SQLAlchemy knows it, but one for all databases: what is compiled for one serves every other.

SQLAlchemy compiles each statement once for each engine, which takes longer than running it. A process of r1chat opens
several databases: the person's, the one in memory, those of imports and archives.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

DRIVER = "sqlite+r1chat"
_STATEMENTS = 1000  # that are kept; there are some hundreds


class SQLite(SQLiteDialect_pysqlite):
    """The dialect of every SQLite database; all are equal, which is how a compiled statement is found again."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is SQLite

    def __hash__(self) -> int:
        return hash(SQLite)


registry.register("sqlite.r1chat", __name__, "SQLite")
COMPILED: LRUCache[Any, Any] = LRUCache(_STATEMENTS)

"""What a database file of unknown origin must satisfy before `restore` puts it in place.

Its schema must be, statement by statement, what the migrations of its revision make: then it has no trigger, generated
column, default or constraint of somebody else, and the queries that follow evaluate nothing foreign. Then every value
must have the type of its column, and be a word that the column may hold, and comparisons must be of replies to one
message. All queries have a time limit.
"""

from __future__ import annotations

import math
import re
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import create_engine

from r1chat.both import Both, Wording
from r1chat.store import migrations
from r1chat.store.allowed import is_allowed
from r1chat.store.migrations import snapshot

LONGEST_VALUE = 64 * 1024**2  # bytes of a value, and of a row
_MOST_OBJECTS = 1000  # tables and indexes; a database of r1chat has some fifty
_BASE_TIME, _TIME_PER_MEGABYTE = 60.0, 1.0  # seconds: far more than a slow disk needs
_STEPS = 100_000  # of SQLite's virtual machine between two looks at the clock
_LARGEST_DOCUMENT = 4 * 1024**2  # bytes of a document's terms; texts are indexed in parts of 50,000 characters
ASTRAY = (  # comparisons of replies to another message, by the number of their row
    "SELECT duel.rowid FROM duel JOIN reply AS one ON one.id = left_id JOIN reply AS other ON other.id = right_id "
    "WHERE one.turn_id <> duel.turn_id OR other.turn_id <> duel.turn_id OR left_id = right_id"
)
MOVED = (  # messages after a reply in another conversation
    "SELECT turn.rowid FROM turn JOIN reply ON reply.id = turn.parent_reply_id JOIN turn AS above "
    "ON above.id = reply.turn_id WHERE above.conversation_id <> turn.conversation_id"
)
_DOCUMENTS_PER_CONVERSATION = 1_000_000  # see `search`
_ID = re.compile(r"[0-9a-f]{32}")
_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT ?"

_UNKNOWN_REVISION = Both("it does not say which version made it", "它没有说明由哪个版本创建")
_NEWER = Both("a newer version of r1chat made it", "它由更新版本的 r1chat 创建")
_ENCODING = Both("its texts are not in UTF-8", "其中的文本不是 UTF-8 编码")
_MISSING = Both("{name} is missing, or defined in another way", "{name} 缺失，或定义不同")
_EXTRA = Both("{name} is not one of r1chat's, or defined in another way", "{name} 不属于 r1chat，或定义不同")
_VALUE = Both(
    "the table {table} has a value in {column} that cannot stand there", "表 {table} 的 {column} 列有不该出现的值"
)
_ASTRAY = Both("it compares replies that do not belong to one message", "其中比较了不属于同一条消息的回复")
_MOVED = Both("a message follows a reply of another conversation", "有消息接在另一个对话的回复之后")

Object = tuple[object, object, object, object]  # type, name, table, SQL of a row of sqlite_master
_Row = tuple[Any, ...]
Types = Mapping[str, tuple[str, bool]]  # of each column its declared type, and whether it may be NULL


class UnexpectedContentError(Exception):
    """The file is not as r1chat makes it; `reason` completes a sentence about it."""

    def __init__(self, reason: Wording) -> None:
        super().__init__(str(reason))
        self.reason = reason


class NewerVersionError(UnexpectedContentError):
    """A later version of r1chat made it."""


@contextmanager
def bounded(connection: sqlite3.Connection, size: int) -> Iterator[Callable[[], bool]]:
    """Bound the values that queries on a file of `size` bytes may read, and their time in all; whether that is over.

    A query that exceeds it raises sqlite3.DataError or sqlite3.OperationalError ("interrupted"). What is done with its
    rows does not count for SQLite: see `in_time`.
    """
    end = time.monotonic() + _BASE_TIME + _TIME_PER_MEGABYTE * size / 1e6
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute("PRAGMA cell_size_check = ON")

    def over() -> bool:
        return time.monotonic() > end

    connection.set_progress_handler(over, _STEPS)
    try:
        yield over
    finally:
        connection.set_progress_handler(None, 0)


def in_time(rows: Iterable[_Row], over: Callable[[], bool]) -> Iterator[_Row]:
    """Rows until the time is over. Raises sqlite3.OperationalError as SQLite itself does then."""
    for row in rows:
        if over():
            raise sqlite3.OperationalError("interrupted")
        yield row


def check_schema(connection: sqlite3.Connection) -> None:
    """Raise UnexpectedContentError unless the schema is the one of the revision that the database names."""
    objects = _objects(connection)
    latest = _expected(migrations.LATEST)
    version_table = {row for row in latest if row[2] == migrations.VERSION_TABLE}
    if not version_table <= objects:  # until then nothing may be read but the schema
        raise UnexpectedContentError(_UNKNOWN_REVISION)
    if connection.execute("PRAGMA encoding").fetchone()[0] != "UTF-8":
        raise UnexpectedContentError(_ENCODING)
    revisions = connection.execute(f"SELECT version_num FROM {migrations.VERSION_TABLE} LIMIT 2").fetchall()
    if len(revisions) != 1 or revisions[0][0] not in migrations.REVISIONS:
        newer = len(revisions) == 1 and migrations.is_newer(revisions[0][0])
        raise NewerVersionError(_NEWER) if newer else UnexpectedContentError(_UNKNOWN_REVISION)
    revision = revisions[0][0]
    expected = latest if revision == migrations.LATEST else _expected(revision)
    for template, rows in ((_MISSING, expected - objects), (_EXTRA, objects - expected)):
        if rows:
            raise UnexpectedContentError(template.format(name=min(str(row[1])[:100] for row in rows)))


def check_values(connection: sqlite3.Connection, over: Callable[[], bool]) -> None:
    """Raise UnexpectedContentError for a value that is not of its column's type. The schema must be checked before.

    `over` is that of `bounded`. Raises sqlite3.OperationalError where the time is over, or a text is not UTF-8.
    """
    for (table,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' "
        "AND name NOT LIKE 'search\\_index%' ESCAPE '\\'"
    ).fetchall():
        types = column_types(connection, table)
        cursor = connection.execute(f'SELECT * FROM "{table}"')
        names = [entry[0] for entry in cursor.description]
        for row in in_time(cursor, over):
            wrong = wrong_column(table, types, names, row)
            if wrong is not None:
                raise UnexpectedContentError(_VALUE.format(table=table, column=wrong))


def check_relations(connection: sqlite3.Connection) -> None:
    """Raise UnexpectedContentError for comparisons and messages that refer to replies of another place.

    The schema must be checked before. Raises sqlite3.OperationalError where the time is over.
    """
    if connection.execute(f"{MOVED} LIMIT 1").fetchone() is not None:
        raise UnexpectedContentError(_MOVED)
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'duel'").fetchone():
        return  # a revision without comparisons
    if connection.execute(f"{ASTRAY} LIMIT 1").fetchone() is not None:
        raise UnexpectedContentError(_ASTRAY)


def rebuild_search_index(connection: sqlite3.Connection, over: Callable[[], bool]) -> None:
    """Fill the full-text index again from `search_document`, which `check_values` must have passed.

    `over` is that of `bounded`. Raises sqlite3.OperationalError where the time is over.

    FTS5 has no check of such an index (one without content) that finds every damage.
    """
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'search_index'").fetchone():
        return  # a revision without one
    documents = connection.execute("SELECT rowid, terms FROM search_document")
    with connection:
        connection.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
        connection.executemany(
            "INSERT INTO search_index (rowid, terms) VALUES (?, ?)",
            ((number, zlib.decompress(terms).decode()) for number, terms in in_time(documents, over)),
        )


def column_types(connection: sqlite3.Connection, table: str) -> Types:
    """The declared types of a table's columns."""
    rows = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    return {name: (kind.upper(), not notnull and not key) for _, name, kind, notnull, _, key in rows}


def wrong_column(table: str, types: Types, names: Sequence[str], row: Sequence[object]) -> str | None:
    """The first column of a row whose value the store could not work with; None where all are sound."""
    for name, value in zip(names, row, strict=True):
        kind, nullable = types[name]
        if value is None and nullable:
            continue
        if not _fits(value, kind) or (name == "id" and not _ID.fullmatch(str(value))):
            return name
        if name == "number" and isinstance(value, int) and not 0 < value < 2**63 // _DOCUMENTS_PER_CONVERSATION:
            return name
        if not is_allowed(table, name, value):
            return name
        if (table, name) == ("search_document", "terms") and not _decompresses(value):
            return name
    return None


def _fits(value: object, kind: str) -> bool:
    match kind:
        case "TEXT" | "VARCHAR(32)":
            return isinstance(value, str)
        case "INTEGER" | "BIGINT":
            return isinstance(value, int)
        case "BOOLEAN":
            return isinstance(value, int) and value in (0, 1)
        case "DOUBLE":
            return isinstance(value, int | float) and math.isfinite(value)
        case "DATETIME":
            return isinstance(value, str) and _is_moment(value)
        case "BLOB":
            return isinstance(value, bytes)
    return False


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(f"{value}+00:00").tzinfo is not None  # as `schema.UtcTime` reads it
    except ValueError:
        return False


def _decompresses(value: object) -> bool:
    if not isinstance(value, bytes):
        return False
    reader = zlib.decompressobj()
    try:
        reader.decompress(value, _LARGEST_DOCUMENT).decode()
    except (zlib.error, UnicodeDecodeError):
        return False
    return reader.eof


def _objects(connection: sqlite3.Connection) -> set[Object]:
    """Tables, indexes and whatever else the schema has; white space in their SQL does not count."""
    rows = connection.execute(_OBJECTS, (_MOST_OBJECTS,)).fetchall()
    return {
        (kind, name, table, " ".join(sql.split()) if isinstance(sql, str) else sql) for kind, name, table, sql in rows
    }


def _expected(revision: str) -> set[Object]:
    """What the migrations up to a revision make of an empty database."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            if revision == migrations.LATEST:
                snapshot.create(connection)  # quick; a test compares it with the migrations
            else:
                migrations.upgrade(connection, revision)
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            return _objects(raw)
    finally:
        engine.dispose()

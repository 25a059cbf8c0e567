"""Saves what can be read of a damaged SQLite database into a new one, and counts what cannot.

The damaged file is never written to: a copy of it and of its log is read. Each table is read by the ranges of its row
numbers; a range that cannot be read is halved until the rows that are lost stand alone. Rows whose conversation,
message or reply is lost cannot be kept either.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, select

from r1chat.both import Both
from r1chat.errors import StoreError
from r1chat.files import DAY, named_path
from r1chat.messages import Reply
from r1chat.store import migrations, search, strict_check
from r1chat.store.backup import NEWER, NO_FILE, check
from r1chat.store.database import Database
from r1chat.store.erase import TABLES
from r1chat.store.schema import conversations, replies, turns

_FOLDER = "r1chat-rescue-"
_TAKEN = Both(
    "{file} exists already. Give another name, or move it away; nothing was written.",
    "{file} 已经存在。请换一个名字，或把它移走；没有写入任何内容。",
)
_UNREADABLE = Both(
    "Nothing of {file} can be read ({reason}). Restore a backup instead: `r1chat restore FILE`.",
    "{file} 完全无法读取（{reason}）。请改为恢复备份：`r1chat restore FILE`。",
)
_NO_ROOM = Both(
    "What was read could not be written to {file} ({reason}). Look whether the disk is full; no file was made.",
    "读出的内容无法写入 {file}（{reason}）。请检查磁盘是否已满；没有生成文件。",
)

_LARGEST = 1 << 40  # bytes; a header that names more is garbage

_Row = dict[str, Any]


RESCUED = (*TABLES, "preset")  # all tables but the version and the search index, which is made anew


@dataclass(frozen=True, slots=True)
class Rescued:
    """What became of a table: rows that were saved, that could not be read, and whose owner is lost."""

    table: str
    saved: int
    unreadable: int  # at least as many; rows on pages that name no rows are not seen
    orphaned: int
    whole: bool  # the table could be read to its end


def rescue(damaged: Path, target: Path) -> list[Rescued]:
    """Save what can be read into `target`, a new database that `restore` takes. Raises StoreError."""
    damaged, target = named_path(damaged), named_path(target)
    if target.exists():
        raise StoreError(_TAKEN.format(file=target))
    for left in target.parent.glob(f"{_FOLDER}*"):  # of a killed process
        if time.time() - left.lstat().st_mtime > DAY:
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=_FOLDER, dir=target.parent if target.parent.is_dir() else None) as folder:
        copy, new = Path(folder) / "damaged.db", Path(folder) / "rescued.db"
        try:
            if not damaged.is_file():  # a device has no end, a pipe is waited for
                raise StoreError(NO_FILE.format(file=damaged))
            shutil.copyfile(damaged, copy)
            log = damaged.with_name(f"{damaged.name}-wal")
            if log.is_file():
                shutil.copyfile(log, f"{copy}-wal")
            size = sum(file.stat().st_size for file in Path(folder).iterdir())
            _pad(copy)
            versions, _, _ = _read(copy, migrations.VERSION_TABLE, size)
            if any(migrations.is_newer(row.get("version_num")) for row in versions):
                raise StoreError(NEWER.format(file=damaged))
            read = {name: _read(copy, name, size) for name in RESCUED}
        except (OSError, sqlite3.Error) as error:
            full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the copy's
            sentence, file = (_NO_ROOM, target) if full else (_UNREADABLE, damaged)
            raise StoreError(sentence.format(file=file, reason=error)) from None
        if not any(rows for rows, _, _ in read.values()):
            raise StoreError(_UNREADABLE.format(file=damaged, reason="no row"))
        try:
            orphaned = _write(new, {name: rows for name, (rows, _, _) in read.items()})
            check(new)
            new.chmod(0o600)
            shutil.move(new, target)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(_NO_ROOM.format(file=target, reason=error)) from None
    return [
        Rescued(name, len(rows) - orphaned[name], lost, orphaned[name], whole)
        for name, (rows, lost, whole) in read.items()
    ]


def _pad(file: Path) -> None:
    """Give a file that was cut off the length that its header names: SQLite reads nothing of a shorter one.

    The header has the page size in bytes 16 and 17 (1: 65,536), the number of pages in bytes 28 to 31.
    """
    with file.open("rb+") as stream:
        header = stream.read(32)
        size = int.from_bytes(header[16:18], "big")
        length = (65_536 if size == 1 else size) * int.from_bytes(header[28:32], "big")
        if header.startswith(b"SQLite format 3\0") and file.stat().st_size < length <= _LARGEST:
            stream.truncate(length)  # a hole: it takes no room


# --- reading ---------------------------------------------------------------------------------------------------------


def _read(file: Path, table: str, size: int) -> tuple[list[_Row], int, bool]:
    """The rows of a table that can be read, how many cannot, and whether its end was reached.

    The file may come from anybody. `size` is that of what is really there, in bytes: no table has more rows than that,
    or texts that are longer in all, unless pages of it are read more than once.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.set_authorizer(_refuse_views)
        with strict_check.bounded(connection, size) as over:
            connection.execute("PRAGMA cell_size_check = OFF")  # a damaged page may have rows that can be read
            columns = _safely(connection, f'PRAGMA table_xinfo("{table}")')
            if any(name.lower() == "rowid" for _, name, *_ in columns):
                return [], 0, False  # none of r1chat's: that name would no longer mean the number of the row
            names = [name for _, name, *_, hidden in columns if not hidden]  # computed columns are left out
            numbers, whole = _row_numbers(connection, table, size)
            if not numbers or not names:
                return [], 0, whole
            rows = list(_Rows(connection, table, names, size, over).read(numbers))
            readable = [row for row in rows if row is not None]
            return readable, len(rows) - len(readable), whole


def _refuse_views(action: int, first: object, second: object, database: object, view: object) -> int:
    return sqlite3.SQLITE_OK if view is None else sqlite3.SQLITE_DENY


def _row_numbers(connection: sqlite3.Connection, table: str, most: int) -> tuple[list[int], bool]:
    """All row numbers that the table or one of its indexes names, and whether one of them could be read to its end."""
    numbers: set[int] = set()
    whole = False
    names = [row[1] for row in _safely(connection, f'PRAGMA index_list("{table}")')]
    for source in (f'"{table}" NOT INDEXED', *(f'"{table}" INDEXED BY {_quoted(name)}' for name in names)):
        for order in ("", " ORDER BY rowid DESC"):  # from both ends: what lies between is what is damaged
            try:
                for (number,) in connection.execute(f"SELECT rowid FROM {source}{order}"):
                    numbers.add(number)
                    if len(numbers) > most:
                        raise sqlite3.DataError
                whole = True
                break
            except sqlite3.Error:
                continue
    return sorted(numbers), whole


@dataclass
class _Rows:
    """Reads the rows of a table, up to `left` bytes of text and until time is `over`."""

    connection: sqlite3.Connection
    table: str
    columns: list[str]
    left: int
    over: Callable[[], bool]

    def read(self, numbers: list[int]) -> Iterator[_Row | None]:
        """The rows with these numbers, in order; None for one that cannot be read."""
        if self.over():
            yield from [None] * len(numbers)
            return
        try:
            rows = self._range(numbers[0], numbers[-1])
        except sqlite3.Error:
            rows = None
        if rows is not None and (len(rows) == len(numbers) or len(numbers) == 1):
            self.left -= sum(map(_weight, rows))
            yield from (dict(zip(self.columns, row, strict=True)) for row in rows)
            yield from [None] * (len(numbers) - len(rows))
        elif len(numbers) == 1:
            yield None
        else:
            middle = len(numbers) // 2
            yield from self.read(numbers[:middle])
            yield from self.read(numbers[middle:])

    def _range(self, first: int, last: int) -> list[tuple[Any, ...]]:
        names = ", ".join(map(_quoted, self.columns))
        query = f'SELECT {names} FROM "{self.table}" NOT INDEXED WHERE rowid BETWEEN ? AND ?'
        rows, left = [], self.left
        for row in self.connection.execute(query, (first, last)):
            left -= _weight(row)
            if left < 0:
                raise sqlite3.DataError
            rows.append(row)
        return rows


def _weight(row: Iterable[object]) -> int:
    return sum(len(value) for value in row if isinstance(value, str | bytes))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _safely(connection: sqlite3.Connection, query: str) -> list[Any]:
    try:
        return connection.execute(query).fetchall()
    except sqlite3.Error:
        return []


# --- writing ---------------------------------------------------------------------------------------------------------


def _write(file: Path, read: dict[str, list[_Row]]) -> dict[str, int]:
    """A database of today's form with these rows, and its search index; how many rows of each table had no owner."""
    database = Database(f"sqlite:///{file}", patience=5.0)
    try:
        with database.write() as writing:
            raw = writing.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.execute("PRAGMA defer_foreign_keys = ON")
            for name, rows in read.items():
                types = strict_check.column_types(raw, name)
                for row in rows:
                    values = {column: value for column, value in row.items() if column in types}
                    if strict_check.wrong_column(name, types, list(values), list(values.values())):
                        continue  # `restore` would not take it
                    names = ", ".join(f'"{column}"' for column in values)
                    marks = ", ".join("?" * len(values))
                    with suppress(sqlite3.IntegrityError):  # twice the same id, or a field that is lost
                        raw.execute(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', list(values.values()))
            raw.execute(f"DELETE FROM duel WHERE rowid IN ({strict_check.ASTRAY})")  # `restore` would not take them
            raw.execute(f"UPDATE turn SET parent_reply_id = NULL WHERE rowid IN ({strict_check.MOVED})")
            _drop_lost_branches(raw)
            while _drop_orphans(raw):
                pass
            left = {name: raw.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in read}
            _index(writing)
    finally:
        database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return {name: len(rows) - left[name] for name, rows in read.items()}


def _drop_lost_branches(raw: sqlite3.Connection) -> None:
    """Delete the messages whose conversation, or anything above them in it, is lost.

    They lose the reply above them first: SQLite deletes what follows row by row, and no deeper than a thousand rows.
    """
    raw.execute(
        "CREATE TEMP TABLE lost AS WITH RECURSIVE lost (id) AS ("
        "SELECT id FROM turn WHERE conversation_id NOT IN (SELECT id FROM conversation) OR parent_reply_id NOT IN "
        "(SELECT reply.id FROM reply JOIN turn ON turn.id = reply.turn_id) UNION "
        "SELECT turn.id FROM lost JOIN reply ON reply.turn_id = lost.id JOIN turn ON turn.parent_reply_id = reply.id"
        ") SELECT id FROM lost"
    )
    raw.execute("UPDATE turn SET parent_reply_id = NULL WHERE id IN (SELECT id FROM lost)")
    raw.execute("DELETE FROM turn WHERE id IN (SELECT id FROM lost)")
    raw.execute("DROP TABLE lost")


def _drop_orphans(raw: sqlite3.Connection) -> bool:
    """Delete the rows that refer to rows that are not there; whether there were any."""
    broken = raw.execute("PRAGMA foreign_key_check").fetchall()
    for table, number, parent, _ in broken:
        if (table, parent) == ("reply", "reply"):  # only where it was continued from: it can do without
            raw.execute('UPDATE "reply" SET parent_id = NULL WHERE rowid = ?', (number,))
        else:
            raw.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (number,))
    return bool(broken)


def _index(connection: Connection) -> None:
    """Make everything findable."""
    for row in connection.execute(select(conversations.c.number, conversations.c.id, conversations.c.title)).all():
        search.index_title(connection, row.number, row.title)
        messages = select(turns.c.id, turns.c.content).where(turns.c.conversation_id == row.id)
        for turn in connection.execute(messages).all():
            search.index_new(connection, row.number, turn.id, turn.content)
            answers = select(replies.c.id, replies.c.answer, replies.c.reasoning).where(
                replies.c.turn_id == turn.id, replies.c.finish.is_not(None)
            )
            for reply in connection.execute(answers).all():
                text = Reply(answer=reply.answer, reasoning=reply.reasoning)
                search.index_new_reply(connection, row.number, reply.id, text)

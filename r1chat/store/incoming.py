"""Rows into the store: checked and collected while a file is read, then written, all or none.

While a file is read the store is only looked at. Its new rows go into a temporary SQLite database, which has no name in
any folder: the system removes it, also when the process is killed. `write` then adds them in transactions of at most
SLICE seconds or one step, with pauses in between, so that replies are saved meanwhile. New conversations are written as
deleted ones, which nobody sees, and the last transaction shows them all; what a kill leaves of them is erased as any
deleted conversation is, or when the same file comes again. What is new in conversations that were there before is
written at the end: in that last transaction too, or in several where it takes longer than SLICE. A conversation that
was deleted makes way for the same one of the file in that last transaction alone, however long it takes: until then
its deletion can be undone.

Whoever adds rows checks what they say; here only what a database cannot hold is refused.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, bindparam, insert, or_, select, update
from sqlalchemy.exc import DataError, IntegrityError

from r1chat.both import Both
from r1chat.errors import StoreError
from r1chat.messages import Reply
from r1chat.store import search
from r1chat.store.archive_columns import FIELDS, Row, Rows
from r1chat.store.database import Database
from r1chat.store.erase import TABLES, belonging, erase
from r1chat.store.listing import left_of_imports
from r1chat.store.outgoing import consents_for_all_of, rows_of
from r1chat.store.schema import conversations, presets, replies

SLICE = 0.4  # seconds that a transaction may take before the next one is begun
PAUSE = 0.12  # seconds between two; SQLite looks at least every 0.1 s whether a lock is free

log = logging.getLogger(__name__)

_TABLES = {"preset": presets, **TABLES}
_INSERTS = {kind: insert(table).returning(table.c[0]) for kind, table in TABLES.items()}  # to make them takes longest
_IDS = {kind: select(table.c.id).where(table.c.id == bindparam("wanted")) for kind, table in TABLES.items()}
_TIMES = {kind: [field.name for field in fields if field.value == "time"] for kind, fields in FIELDS.items()}
_SMALL = {  # columns that take 32 bits where a database tells sizes apart
    kind: [
        column.name
        for column in table.columns
        if isinstance(column.type, Integer) and not isinstance(column.type, BigInteger)
    ]
    for kind, table in _TABLES.items()
}
_PARENTS, _TERMS = "parents", "terms"  # beside the kinds of rows: from which replies others were made; more of a text
_TERMS_AT_ONCE = 4  # pieces of a text: a very long one is made findable in several steps
_TAKEN = Both(
    "The id of this {kind}, or its place, belongs to another one already.", "此 {kind} 的 id 或位置已被另一个占用。"
)
_LARGE_NUMBER = Both(
    "A number of this {kind} is larger than this database holds.", "此 {kind} 中有一个数字超出了此数据库的上限。"
)
_CHANGED = Both(
    "Conversations that the file has were changed, or came in, by another way while it was imported. Import it again: "
    "nothing comes in twice.",
    "导入期间，文件中的对话在这里被改动，或经由其他途径进入。请重新导入：不会有内容重复。",
)
_IN_PART = Both(
    "{why} A part of what is new in conversations that were here before came in. Import the file again for the rest: "
    "nothing comes in twice.",
    "{why}此前已有的对话中，新内容只导入了一部分。请重新导入该文件以补全其余内容：不会有内容重复。",
)
_NO_ROOM = Both(
    "The rows of the file could not be collected on disk before they are written ({reason}). Nothing was imported. "
    "Free some disk, or set TMPDIR to a folder that has room, then try again.",
    "无法在写入之前把文件内容暂存到磁盘（{reason}）。没有导入任何内容。"
    "请腾出磁盘空间，或将 TMPDIR 设为有空间的文件夹，然后重试。",
)


class _When(IntEnum):
    """In which order rows are written, by what their conversation is here."""

    NEW = 0
    EXTENDS = 1  # it was there before; presets and consents for all, too
    REPLACES = 2  # it was deleted, and can be restored until the last transaction


@dataclass(frozen=True, slots=True)
class _Step:
    """A row to write. `conversation`: its conversation's id; None for presets and consents for all.

    `terms`: what the search keeps of the row's text.
    """

    kind: str
    conversation: str | None
    when: _When
    row: Row
    terms: Sequence[str]


class Incoming:
    """What rows are added to. `find` comes before the rows of a conversation. For one thread; close it after use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._spool = _Spool()
        self._conversation: str | None = None  # whose rows are added
        self._when = _When.NEW
        self._making_way: set[str] = set()  # ids of its rows here: it was deleted, and is erased when it comes in
        with database.read() as connection:
            self._left = set(connection.scalars(left_of_imports()))
            somebody_spoke = connection.scalar(select(conversations.c.number).limit(1)) is not None
            self.consents_for_all = consents_for_all_of(connection)  # as they were
        self.was_empty = not somebody_spoke and not self.consents_for_all

    def close(self) -> None:
        """Forget the collected rows."""
        self._spool.close()

    def find(self, conversation_id: str) -> Rows | None:
        """The rows of a conversation that is there or was added; rows that are added next are its. One that was
        deleted counts as none.
        """
        self._conversation, self._making_way = conversation_id, set()
        with self._database.read() as connection:
            row = connection.execute(
                select(conversations.c.deleted_at).where(conversations.c.id == conversation_id)
            ).first()
            there: Rows = []
            if row is not None and row.deleted_at is not None:
                self._making_way = _ids(connection, conversation_id)
            elif row is not None:
                there = next(iter(rows_of(connection, [conversation_id])), [])
        self._when = _When.EXTENDS if there else _When.NEW
        if self._making_way and row is not None and row.deleted_at not in self._left:
            self._when = _When.REPLACES
        return there + self._spool.rows(conversation_id) or None

    def add(self, kind: str, row: Row) -> None:
        """Add a row, and let the search find its text. A conversation that was deleted makes way for the same one: it
        is erased for good, in the last transaction. Raises StoreError where an id is taken, or a number is too large.
        """
        if self._database.kind == "postgresql" and any(abs(row.get(name) or 0) >= 2**31 for name in _SMALL[kind]):
            raise StoreError(_LARGE_NUMBER.format(kind=kind))
        if row["id"] not in self._making_way:
            with self._database.read() as connection:
                if connection.scalar(_IDS[kind], {"wanted": row["id"]}) is not None:
                    raise StoreError(_TAKEN.format(kind=kind))
        general = kind == "consent" and row["conversation_id"] is None
        conversation, when = (None, _When.EXTENDS) if general else (self._conversation, self._when)
        terms = _terms(kind, row)
        self._spool.put(_Step(kind, conversation, when, row, terms[:_TERMS_AT_ONCE]))
        for start in range(_TERMS_AT_ONCE, len(terms), _TERMS_AT_ONCE):
            more = terms[start : start + _TERMS_AT_ONCE]
            self._spool.put(_Step(_TERMS, conversation, when, {"id": row["id"]}, more))

    def add_preset(self, row: Row) -> bool | None:
        """Add a preset, unless its id or its name is taken: None where the same one is there, False where another."""
        with self._database.read() as connection:
            there = _preset_like(connection, row)
        there = there or next((other for other in self._spool.presets() if _same_place(other, row)), None)
        if there:
            return None if there == row else False
        self._spool.put(_Step("preset", None, _When.EXTENDS, row, ()))
        return True

    def set_parents(self, parents: Mapping[str, str]) -> None:
        """Say of replies from which other ones they were made; both were added."""
        if parents:
            self._spool.put(_Step(_PARENTS, self._conversation, self._when, dict(parents), ()))

    def write(self, progress: Callable[[int, int], None]) -> int:
        """Write all rows, or none; how many consents for all were left out since the store is no longer empty.

        `progress` is called with the rows that are written and their total, and may raise to break it off, but not
        after conversations that were there before were added to. Raises StoreError.
        """
        return _Writing(self._database, self._spool).run(progress)


class _Spool:
    """The collected rows, in the order in which they are written: on disk where they are many."""

    def __init__(self) -> None:
        with _no_room():
            self._database = sqlite3.connect("", isolation_level=None)  # SQLite's own temporary file, without a name
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute(
                "CREATE TABLE step (number INTEGER PRIMARY KEY, at INTEGER, kind TEXT, id TEXT, conversation TEXT,"
                " row BLOB, terms BLOB, UNIQUE (kind, id))"
            )
            self._database.execute("CREATE INDEX of_conversation ON step (conversation)")
            self._database.execute("CREATE INDEX in_order ON step (at)")
            self._database.execute("BEGIN")

    def close(self) -> None:
        self._database.close()

    def put(self, step: _Step) -> None:
        """Collect a row. Raises StoreError where another one has its id."""
        own_id = None if step.kind in (_PARENTS, _TERMS) else step.row["id"]
        values = (step.when, step.kind, own_id, step.conversation, _packed(step.row), _packed(step.terms))
        try:
            with _no_room():
                self._database.execute(
                    "INSERT INTO step (at, kind, id, conversation, row, terms) VALUES (?, ?, ?, ?, ?, ?)", values
                )
        except sqlite3.IntegrityError:
            raise StoreError(_TAKEN.format(kind=step.kind)) from None

    def rows(self, conversation: str) -> Rows:
        """The collected rows of a conversation."""
        query = "SELECT kind, row FROM step WHERE conversation = ? AND kind NOT IN (?, ?) ORDER BY number"
        return [(kind, _unpacked(kind, row)) for kind, row in self._select(query, conversation, _PARENTS, _TERMS)]

    def presets(self) -> list[Row]:
        """The collected presets."""
        return [_unpacked("preset", row) for (row,) in self._select("SELECT row FROM step WHERE kind = 'preset'")]

    def steps(self) -> Iterator[_Step]:
        """All rows, as `_When` orders them."""
        query = "SELECT kind, conversation, at, row, terms FROM step ORDER BY at, number"
        for kind, conversation, at, row, terms in self._select(query):
            yield _Step(kind, conversation, _When(at), _unpacked(kind, row), json.loads(terms))

    def new_conversations(self, size: int) -> Iterator[list[str]]:
        """The ids of all conversations that are written whole, so many at a time."""
        cursor = self._select("SELECT id FROM step WHERE kind = 'conversation' ORDER BY at, number")
        while ids := [own_id for (own_id,) in cursor.fetchmany(size)]:
            yield ids

    def __len__(self) -> int:
        return int(next(self._select("SELECT count(*) FROM step"))[0])

    def _select(self, query: str, *values: str) -> sqlite3.Cursor:
        with _no_room():
            return self._database.execute(query, values)


class _Writing:
    """Puts the collected rows into the store."""

    def __init__(self, database: Database, spool: _Spool) -> None:
        self._database = database
        self._spool = spool
        self._mark = datetime.now(UTC)  # when the new conversations are said to have been deleted, until all is there
        self._total = len(spool)
        self._alone: bool | None = None  # whether the store has nothing but what is written here; None: not asked yet
        self._consents_left_out = 0

    def run(self, progress: Callable[[int, int], None]) -> int:
        steps = self._spool.steps()
        step = next(steps, None)
        done = 0
        extended = False  # whether a conversation that was there before was added to
        try:
            while step is not None:
                with self._database.write() as connection:
                    rows = _Rows(connection, self._mark)
                    extends = extended
                    until = time.monotonic() + SLICE
                    # What replaces something is one transaction, however long; it can be cancelled all the same.
                    while step is not None and (time.monotonic() < until or step.when is _When.REPLACES):
                        self._put(rows, step)
                        extends = extends or (step.when is _When.EXTENDS and step.conversation is not None)
                        step, done = next(steps, None), done + 1
                        if step is not None and step.when is _When.REPLACES and time.monotonic() >= until:
                            if not extended:
                                progress(done, self._total)
                            until = time.monotonic() + SLICE
                    if step is None:
                        self._show(connection)
                        if rows.erased:
                            search.tidy(connection)
                extended = extends
                if step is not None:
                    if not extended:
                        progress(done, self._total)
                    time.sleep(PAUSE)
        except BaseException as error:
            self._discard()
            if extended and isinstance(error, StoreError):
                raise StoreError(_IN_PART.format(why=error.text)) from error
            raise
        return self._consents_left_out

    def _put(self, rows: _Rows, step: _Step) -> None:
        if step.kind == "consent" and step.conversation is None:
            if self._alone is None:
                self._alone = not rows.somebody_else_spoke()
            if not self._alone:
                self._consents_left_out += 1
                return
        try:
            rows.put(step)
        except IntegrityError:
            raise StoreError(_CHANGED) from None
        except DataError:
            raise StoreError(_LARGE_NUMBER.format(kind=step.kind)) from None

    def _show(self, connection: Connection) -> None:
        """Let all new conversations be seen. Raises StoreError where one of them was erased meanwhile."""
        for ids in self._spool.new_conversations(500):
            ours = conversations.c.id.in_(ids) & (conversations.c.deleted_at == self._mark)
            if connection.execute(update(conversations).where(ours).values(deleted_at=None)).rowcount != len(ids):
                raise StoreError(_CHANGED)

    def _discard(self) -> None:
        """Erase the new conversations that were written; where that fails they stay deleted, and are erased later."""
        try:
            for ids in self._spool.new_conversations(20):
                with self._database.write() as connection:
                    ours = conversations.c.id.in_(ids) & (conversations.c.deleted_at == self._mark)
                    own_ids = connection.scalars(select(conversations.c.id).where(ours)).all()
                    for own_id in own_ids:
                        erase(connection, own_id)
                if not own_ids:
                    break  # they were written in this order
                time.sleep(PAUSE)
            with self._database.write() as connection:
                search.tidy(connection)
        except StoreError as error:
            log.warning("what was written of an import that broke off could not be erased yet: %s", error)


class _Rows:
    """Writes rows in one transaction."""

    def __init__(self, connection: Connection, mark: datetime) -> None:
        self._connection = connection
        self._mark = mark
        self._conversation: str | None = None
        self._number = 0  # of that conversation
        self.erased = False  # a conversation that had been deleted made way

    def somebody_else_spoke(self) -> bool:
        """Whether there is a conversation of another origin, or a consent for all."""
        other = or_(conversations.c.deleted_at.is_(None), conversations.c.deleted_at != self._mark)
        spoke = self._connection.scalar(select(conversations.c.number).where(other).limit(1)) is not None
        return spoke or bool(consents_for_all_of(self._connection))

    def put(self, step: _Step) -> None:
        """Write a row. Raises StoreError, and what SQLAlchemy raises where the store cannot hold it."""
        if step.kind == "preset":
            if not _preset_like(self._connection, step.row):  # else one was saved meanwhile: it stays
                self._connection.execute(insert(presets).values(step.row))
        elif step.kind == "conversation":
            self._put_conversation(step)
        else:
            if step.conversation is not None and step.conversation != self._conversation:
                self._enter(step)
            if step.kind == _PARENTS:
                this = update(replies).where(replies.c.id == bindparam("child")).values(parent_id=bindparam("parent"))
                pairs = [{"child": child, "parent": parent} for child, parent in step.row.items()]
                self._connection.execute(this, pairs)
                return
            if step.kind != _TERMS:
                self._connection.execute(_INSERTS[step.kind], step.row)
            if step.terms:
                search.add_new(self._connection, self._number, step.row["id"], step.terms)

    def _put_conversation(self, step: _Step) -> None:
        deleted = conversations.c.deleted_at.is_not(None)
        same = select(conversations.c.id).where(conversations.c.id == step.row["id"], deleted)
        if self._connection.scalar(same) is not None:
            erase(self._connection, step.row["id"])
            self.erased = True
        row = step.row | {"deleted_at": self._mark}
        self._number = self._connection.execute(_INSERTS["conversation"], row).scalar_one()
        self._conversation = step.conversation
        search.index_title(self._connection, self._number, step.row["title"])

    def _enter(self, step: _Step) -> None:
        is_there, is_ours = conversations.c.deleted_at.is_(None), conversations.c.deleted_at == self._mark
        condition = is_there if step.when is _When.EXTENDS else is_ours
        this = select(conversations.c.number).where(conversations.c.id == step.conversation, condition)
        number = self._connection.scalar(this.with_for_update())
        if number is None:
            raise StoreError(_CHANGED)
        self._conversation, self._number = step.conversation, number


@contextmanager
def _no_room() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(_NO_ROOM.format(reason=error)) from None


def _ids(connection: Connection, conversation_id: str) -> set[str]:
    """The ids of all rows of a conversation."""
    return {
        own_id
        for kind, table in TABLES.items()
        for own_id in connection.scalars(select(table.c.id).where(belonging(kind, [conversation_id])))
    }


def _terms(kind: str, row: Row) -> Sequence[str]:
    """What the search keeps of the text of a row."""
    if kind == "turn":
        return search.terms_of(row["content"])
    if kind == "reply" and row["finish"] is not None:
        return search.terms_of_reply(Reply(row["reasoning"], answer=row["answer"]))
    return ()


def _preset_like(connection: Connection, row: Row) -> Row | None:
    """The preset that has the id or the name of this one."""
    columns = [presets.c[field.name] for field in FIELDS["preset"]]
    same = or_(presets.c.id == row["id"], presets.c.name == row["name"])
    existing = connection.execute(select(*columns).where(same)).mappings().first()
    return None if existing is None else dict(existing)


def _same_place(preset: Row, other: Row) -> bool:
    return bool(preset["id"] == other["id"] or preset["name"] == other["name"])


def _packed(value: Any) -> bytes:
    def written(moment: datetime) -> str:
        return moment.astimezone(UTC).isoformat()

    return json.dumps(value, ensure_ascii=False, default=written).encode("utf-8", "surrogatepass")


def _unpacked(kind: str, packed: bytes) -> Row:
    row: Row = json.loads(packed.decode("utf-8", "surrogatepass"))
    for name in _TIMES.get(kind, ()):
        if row.get(name) is not None:
            row[name] = datetime.fromisoformat(row[name])
    return row

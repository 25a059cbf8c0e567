"""Rows as they are, for archives: a conversation at a time out of the store, and row by row into it.

Owns which columns an archive has, and the order of a conversation's rows: each follows those that it refers to, but for
a reply's `parent_id`, which may name a later one. Running numbers are not among the columns, their order is kept;
`owner` names a process of one machine, and `deleted_at` is never set, since what was deleted is in no archive. A reply
that still grows is given as "interrupted": who makes it does not go on with it elsewhere. A label past the end of its
thought, as a crash can leave one, says nothing any more and is left out. Whoever adds rows checks what they say; here
only what a database cannot hold is refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    Integer,
    bindparam,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import DataError, IntegrityError

from r1chat.both import Both
from r1chat.errors import StoreError
from r1chat.messages import Reply
from r1chat.store import search
from r1chat.store.database import Database
from r1chat.store.erase import BELONGS_TO, TABLES, belonging, erase
from r1chat.store.judgement_schema import (
    consents,
)
from r1chat.store.judgements import consented
from r1chat.store.schema import UtcTime, conversations, presets, replies

Row = dict[str, Any]  # column -> str, int, float, bool, datetime or None
Rows = list[tuple[str, Row]]  # each with its kind
Value = Literal["text", "integer", "float", "boolean", "time"]

JUDGEMENTS = ("moment_label", "rating", "step_label", "comparison", "reference", "verification")
_NOT_KEPT = {"number", "owner", "deleted_at"}
_AT_ONCE = 20  # conversations that are read together
_INSERTS = {kind: insert(table).returning(table.c[0]) for kind, table in TABLES.items()}  # to make them takes longest
_TAKEN = Both(
    "The id of this {kind}, or its place, belongs to another one already.", "此 {kind} 的 id 或位置已被另一个占用。"
)
_LARGE_NUMBER = Both(
    "A number of this {kind} is larger than this database holds.", "此 {kind} 中有一个数字超出了此数据库的上限。"
)


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an archive. `target` is the kind of row whose id it holds; `has_default`: rows may lack it."""

    name: str
    value: Value
    nullable: bool
    has_default: bool
    target: str = ""

    @property
    def default(self) -> str | bool | None:
        """What an older archive, which did not have the column yet, means."""
        return None if self.nullable else False if self.value == "boolean" else ""


def _field(column: Column[Any]) -> Field:
    values: tuple[tuple[type, Value], ...] = (
        (Boolean, "boolean"),
        (Integer, "integer"),
        (Double, "float"),
        (UtcTime, "time"),
    )
    text: Value = "text"
    value = next((name for kind, name in values if isinstance(column.type, kind)), text)
    target = next((key.column.table.name for key in column.foreign_keys), "")
    nullable = bool(column.nullable)
    return Field(column.name, value, nullable, nullable or column.server_default is not None, target)


FIELDS: Mapping[str, tuple[Field, ...]] = {
    kind: tuple(_field(column) for column in table.columns if column.name not in _NOT_KEPT)
    for kind, table in {"preset": presets, **TABLES}.items()
}


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
        """Add rows, all or none: an exception inside undoes everything. Others cannot write meanwhile."""
        with self._database.write() as connection:
            yield Incoming(connection)


class Outgoing:
    """What an archive is written from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def conversations(self, everything: bool) -> Sequence[str]:
        """The ids of all conversations that may be exported, or of all, oldest first; none that was deleted."""
        wanted = select(conversations.c.id).where(conversations.c.deleted_at.is_(None))
        if not everything:
            wanted = wanted.where(consented(self._connection))
        return self._connection.scalars(wanted.order_by(conversations.c.number)).all()

    def consents_for_all(self) -> Rows:
        """The global consents."""
        return _consents_for_all(self._connection)

    def presets(self, conversation_ids: Sequence[str] | None) -> Rows:
        """The presets that these conversations came from; None: all of them."""
        wanted = select(*(presets.c[field.name] for field in FIELDS["preset"])).order_by(presets.c.id)
        if conversation_ids is not None:
            used = select(conversations.c.preset).where(conversations.c.id.in_(conversation_ids))
            wanted = wanted.where(presets.c.name.in_(used))
        return [("preset", dict(row)) for row in self._connection.execute(wanted).mappings()]

    def rows(self, conversation_ids: Sequence[str]) -> Iterator[Rows]:
        """The rows of each of these conversations."""
        for start in range(0, len(conversation_ids), _AT_ONCE):
            yield from _rows(self._connection, conversation_ids[start : start + _AT_ONCE])


class Incoming:
    """What rows are added to. Rows of a conversation follow its own, or a `find` that found it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._number = 0  # of the conversation that rows are added to
        somebody_spoke = connection.scalar(select(conversations.c.number).limit(1)) is not None
        self.consents_for_all = _consents_for_all(connection)  # as they were
        self.was_empty = not somebody_spoke and not self.consents_for_all

    def find(self, conversation_id: str) -> Rows | None:
        """The rows of a conversation that is there. One that was deleted counts as none."""
        wanted = select(conversations).where(conversations.c.id == conversation_id).with_for_update()
        row = self._connection.execute(wanted).mappings().first()
        if row is None or row["deleted_at"] is not None:
            return None
        self._number = row["number"]
        return next(iter(_rows(self._connection, [conversation_id])))

    def add(self, kind: str, row: Row) -> None:
        """Add a row, and let the search find its text. A conversation that was deleted makes way for the same one: it
        is erased for good. Raises StoreError where an id or a place is taken, or a number is too large.
        """
        if kind == "conversation":
            deleted = conversations.c.deleted_at.is_not(None)
            same = select(conversations.c.id).where(conversations.c.id == row["id"], deleted)
            if self._connection.scalar(same) is not None:
                erase(self._connection, row["id"])
        try:
            made = self._connection.execute(_INSERTS[kind], row).scalar_one()
        except IntegrityError:
            raise StoreError(_TAKEN.format(kind=kind)) from None
        except DataError:
            raise StoreError(_LARGE_NUMBER.format(kind=kind)) from None
        if kind == "conversation":
            self._number = made
            search.index_title(self._connection, self._number, row["title"])
        elif kind == "turn":
            search.index_new(self._connection, self._number, row["id"], row["content"])
        elif kind == "reply" and row["finish"] is not None:
            text = Reply(row["reasoning"], answer=row["answer"])
            search.index_new_reply(self._connection, self._number, row["id"], text)

    def add_preset(self, row: Row) -> bool | None:
        """Add a preset, unless its id or its name is taken: None where the same one is there, False where another."""
        there = self._connection.execute(
            select(*(presets.c[field.name] for field in FIELDS["preset"])).where(
                or_(presets.c.id == row["id"], presets.c.name == row["name"])
            )
        )
        if found := there.mappings().first():
            return None if dict(found) == row else False
        self._connection.execute(insert(presets).values(row))
        return True

    def set_parents(self, parents: Mapping[str, str]) -> None:
        """Say of replies from which other ones they were made; both are there."""
        if parents:
            this = update(replies).where(replies.c.id == bindparam("child")).values(parent_id=bindparam("parent"))
            self._connection.execute(this, [{"child": child, "parent": parent} for child, parent in parents.items()])


def _rows(connection: Connection, conversation_ids: Sequence[str]) -> list[Rows]:
    """For each of these conversations that is there its rows, oldest conversation first."""
    gathered: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    belongs: dict[str, str] = {}  # any row's id -> its conversation's
    thoughts: dict[str, int] = {}  # reply -> characters
    late: list[Row] = []  # replies with a parent
    for kind in TABLES:
        for row in _select(connection, kind, belonging(kind, conversation_ids)):
            home = row["id"] if kind == "conversation" else belongs.get(row[BELONGS_TO[kind]])
            if home is None or row.get("end", 0) > thoughts.get(row.get("reply_id", ""), 0):
                continue
            belongs[row["id"]] = home
            gathered[home][kind].append(row)
            if kind == "reply":
                thoughts[row["id"]] = len(row["reasoning"])
                row["finish"] = row["finish"] or "interrupted"
                late += [row] if row["parent_id"] else []
    for row in late:
        if belongs.get(row["parent_id"]) != belongs[row["id"]]:
            row["parent_id"] = None  # it is in another conversation, which may be in no archive
    return [_in_order(rows) for rows in gathered.values()]


def _select(connection: Connection, kind: str, where: ColumnElement[bool]) -> list[Row]:
    table = TABLES[kind]
    columns = [table.c[field.name] for field in FIELDS[kind]]
    order = (table.c.number,) if "number" in table.c else (table.c.position, table.c.id)
    wanted = select(*columns).where(where).order_by(*order)
    return [dict(row) for row in connection.execute(wanted).mappings()]


def _consents_for_all(connection: Connection) -> Rows:
    return [("consent", row) for row in _select(connection, "consent", consents.c.conversation_id.is_(None))]


def _in_order(rows: Mapping[str, list[Row]]) -> Rows:
    """The conversation, its messages and replies branch by branch, and then the judgements, kind by kind."""
    after: dict[str | None, list[Row]] = defaultdict(list)
    to: dict[str, list[Row]] = defaultdict(list)
    for turn in rows["turn"]:
        after[turn["parent_reply_id"]].append(turn)
    for reply in rows["reply"]:
        to[reply["turn_id"]].append(reply)
    ordered: Rows = [("conversation", row) for row in rows["conversation"]]
    pending = after[None][::-1]
    while pending:
        turn = pending.pop()
        ordered.append(("turn", turn))
        ordered += [("reply", reply) for reply in to[turn["id"]]]
        pending += _last_first(after[reply["id"]] for reply in to[turn["id"]])
    others = [kind for kind in TABLES if kind not in ("conversation", "turn", "reply")]
    return ordered + [(kind, row) for kind in others for row in rows[kind]]


def _last_first(groups: Iterable[list[Row]]) -> list[Row]:
    return [row for group in groups for row in group][::-1]

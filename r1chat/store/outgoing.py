"""Rows out of the store, a conversation at a time.

Owns the order of a conversation's rows: each follows those that it refers to, but for a reply's `parent_id`, which may
name a later one. A reply that still grows is given as "interrupted": who makes it does not go on with it elsewhere. A
label past the end of its thought, as a crash can leave one, says nothing any more and is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, select

from r1chat.store.archive_columns import FIELDS, Row, Rows
from r1chat.store.erase import BELONGS_TO, TABLES, belonging
from r1chat.store.judgement_schema import consents
from r1chat.store.judgements import consented
from r1chat.store.schema import conversations, presets

_AT_ONCE = 20  # conversations that are read together


class Outgoing:
    """What an archive is written from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def conversations(self, everything: bool) -> Sequence[str]:
        """The ids of all conversations that may be exported, or of all, oldest first; none that was deleted."""
        query = select(conversations.c.id).where(conversations.c.deleted_at.is_(None))
        if not everything:
            query = query.where(consented(self._connection))
        return self._connection.scalars(query.order_by(conversations.c.number)).all()

    def consents_for_all(self) -> Rows:
        """The global consents."""
        return consents_for_all_of(self._connection)

    def presets(self, conversation_ids: Sequence[str] | None) -> Rows:
        """The presets that these conversations came from; None: all of them."""
        query = select(*(presets.c[field.name] for field in FIELDS["preset"])).order_by(presets.c.id)
        if conversation_ids is not None:
            used = select(conversations.c.preset).where(conversations.c.id.in_(conversation_ids))
            query = query.where(presets.c.name.in_(used))
        return [("preset", dict(row)) for row in self._connection.execute(query).mappings()]

    def rows(self, conversation_ids: Sequence[str]) -> Iterator[Rows]:
        """The rows of each of these conversations."""
        for start in range(0, len(conversation_ids), _AT_ONCE):
            yield from rows_of(self._connection, conversation_ids[start : start + _AT_ONCE])


def rows_of(connection: Connection, conversation_ids: Sequence[str]) -> list[Rows]:
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
    query = select(*columns).where(where).order_by(*order)
    return [dict(row) for row in connection.execute(query).mappings()]


def consents_for_all_of(connection: Connection) -> Rows:
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

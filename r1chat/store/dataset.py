"""Reading judgements as data: every judged message with its replies and what was said of them, in batches.

Part of the store. All is read in one snapshot, and memory stays flat however much there is. What is in force and wanted
is `entries`'s; knows neither refusals nor formats.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain, groupby, islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    Subquery,
    Table,
    func,
    literal,
    or_,
    select,
    union,
)

from r1chat.judgements import Comparison, Rating, Reference, StepLabel, Verification, Winner
from r1chat.messages import StoredReply
from r1chat.store import judgement_schema as rows
from r1chat.store.database import Database
from r1chat.store.entries import Filter, Kind, all_entries
from r1chat.store.judgement_schema import (
    comparison_sides,
    comparisons,
    exclusions,
    ratings,
    references,
    step_labels,
    verifications,
)
from r1chat.store.judgements import consented
from r1chat.store.schema import conversations, replies, stored_reply, turns

Value = TypeVar("Value")

BATCH = 500  # messages that are read at a time


class Entry(NamedTuple):
    """Where one judgement is."""

    kind: Kind
    id: str
    turn_id: str
    created: datetime


class JudgedReply(NamedTuple):
    """A reply as data are made of it; the fields are columns of its row."""

    id: str
    turn_id: str
    position: int
    origin: str
    parent_id: str | None
    finish: str | None
    closed: bool
    reasoning: str
    answer: str
    backend: str
    model: str
    digest: str
    seen_from: str | None
    keep_thoughts: bool
    created_at: datetime

    @property
    def model_key(self) -> str:
        """`backend:name`."""
        return f"{self.backend}:{self.model}"


class Exchange(NamedTuple):
    """An earlier message and the reply to it that the branch goes through."""

    reply_id: str
    answer: str
    reasoning: str
    turn_id: str
    message: str
    parent_reply_id: str | None


class JudgedTurn(NamedTuple):
    """A message, what came before it, and what is in force on its replies.

    `wanted` are the ids of the judgements that were asked for: only they are in `comparisons`, `ratings`, `steps` and
    among the corrections. `reference` and `verified` are given in any case. `replies` are those that were judged, and
    all to the message where its reference was asked for. `excluded` has the reasons, by judgement.
    """

    id: str
    conversation_id: str
    title: str
    consent: bool
    message: str
    history: tuple[Exchange, ...]  # first to last
    wanted: frozenset[str]
    replies: Mapping[str, JudgedReply]  # by id, oldest first
    comparisons: tuple[Comparison, ...]
    ratings: tuple[Rating, ...]
    steps: tuple[StepLabel, ...]
    reference: Reference | None
    verified: Mapping[str, Verification]  # by reply
    excluded: Mapping[str, str]


class Player(NamedTuple):
    """What a reply was made with; the fields are columns of its row."""

    model: str
    quantisation: str
    temperature: float
    budget: int | None


class Game(NamedTuple):
    """A comparison as a result."""

    winner: Winner
    left: Player
    right: Player


class Dataset:
    """The judgements in one database, as data."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One moment of the data, as long as the block lasts. Raises StoreError."""
        with self._database.read() as connection:
            yield Snapshot(connection)


class Snapshot:
    """The data as they were at one moment; for one thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def entries(
        self, wanted: Filter, consented_only: bool = False, before: tuple[datetime, str] | None = None
    ) -> Generator[Entry, None, None]:
        """Judgements in force, newest first, from those on that are older than `before` (a time and an id)."""
        found, listed = self._listed(wanted, consented_only)
        if before is not None:
            created, last = before
            listed = listed.where(
                or_(found.c.created_at < created, (found.c.created_at == created) & (found.c.id < last))
            )
        for row in self._stream(listed.order_by(found.c.created_at.desc(), found.c.id.desc())):
            if wanted.allows(row.content):
                yield _entry(row)

    def count(self, wanted: Filter, consented_only: bool = False) -> int:
        """How many judgements there are; the language is not looked at."""
        _, listed = self._listed(wanted, consented_only)
        return self._connection.scalar(listed.with_only_columns(func.count(), maintain_column_froms=True)) or 0

    def turns(self, wanted: Filter, consented_only: bool = True, repeated: bool = False) -> Iterator[list[JudgedTurn]]:
        """Judged messages in batches, oldest first, in an order that is always the same.

        `repeated`: only messages that were judged more than once, counting all that have the same text.
        """
        found, listed = self._listed(wanted, consented_only)
        if repeated:
            texts = listed.with_only_columns(turns.c.content, maintain_column_froms=True).group_by(turns.c.content)
            listed = listed.where(turns.c.content.in_(texts.having(func.count() > 1)))
        # Messages of one time lie together in the database, so this reads it from its beginning to its end.
        order = (turns.c.created_at, found.c.turn_id, found.c.kind, found.c.id)
        streamed = self._stream(listed.order_by(*order))
        asked = (row for row in streamed if wanted.allows(row.content))
        groups = groupby(asked, key=lambda row: row.turn_id)
        while batch := {turn_id: [*map(_entry, group)] for turn_id, group in islice(groups, BATCH)}:
            yield self.load(batch)

    def judged_turns(self, turn_ids: Collection[str]) -> dict[str, JudgedTurn]:
        """These messages with all that is in force on them, by id."""
        found, listed = self._listed(Filter(), False)
        asked: defaultdict[str, list[Entry]] = defaultdict(list)
        for row in self._connection.execute(listed.where(self._among(found.c.turn_id, turn_ids)).order_by(found.c.id)):
            asked[row.turn_id].append(_entry(row))
        return {turn.id: turn for turn in self.load(asked)}

    def stored_replies(self, reply_ids: Collection[str]) -> dict[str, StoredReply]:
        """Whole replies, by id; their siblings are not counted."""
        wanted = select(replies).where(self._among(replies.c.id, reply_ids))
        return {row["id"]: stored_reply(row, 1) for row in self._connection.execute(wanted).mappings()}

    def models(self, wanted: Filter) -> list[str]:
        """The keys `backend:name` of the models that replied to the judged messages that may be exported."""
        _, listed = self._listed(wanted, True)
        there = listed.with_only_columns(turns.c.id, maintain_column_froms=True)
        found = select(replies.c.backend, replies.c.model).distinct().where(replies.c.turn_id.in_(there))
        return sorted(f"{row.backend}:{row.model}" for row in self._connection.execute(found))

    def all_models(self) -> list[str]:
        """The keys `backend:name` of the models that replied to anything."""
        found = self._connection.execute(select(replies.c.backend, replies.c.model).distinct())
        return sorted(f"{row.backend}:{row.model}" for row in found)

    def games(self, wanted: Filter) -> Iterator[Game]:
        """Every comparison, with who played it; the kinds of the filter are not looked at. Texts are not read."""
        _, listed = self._listed(replace(wanted, kinds=frozenset({"comparison"})), False)
        there = listed.subquery()
        left, right = replies.alias("left_side"), replies.alias("right_side")
        sides = [side.c[name] for side in (left, right) for name in Player._fields]
        found = (
            select(there.c.content, comparisons.c.winner, *sides)
            .join(comparisons, comparisons.c.id == there.c.id)
            .join(comparison_sides, comparison_sides.c.id == comparisons.c.duel_id)
            .join(left, left.c.id == comparison_sides.c.left_id)
            .join(right, right.c.id == comparison_sides.c.right_id)
        )
        several = len(Player._fields)
        for row in self._stream(found):
            if wanted.allows(row.content):
                yield Game(row.winner, Player(*row[2 : 2 + several]), Player(*row[2 + several :]))

    def raters(self) -> list[str]:
        """Everybody who judged something."""
        found = union(*(select(table.c.rater) for table in (comparisons, ratings, step_labels, references)))
        return sorted(rater for rater in self._connection.scalars(found) if rater)

    def consents(self, conversation_ids: Collection[str]) -> dict[str, bool]:
        """Whether each of these conversations may be exported."""
        wanted = select(conversations.c.id, consented(self._connection).label("consent"))
        found = self._connection.execute(wanted.where(self._among(conversations.c.id, conversation_ids)))
        return {row.id: bool(row.consent) for row in found}

    def first_messages(self) -> Iterator[tuple[str, str]]:
        """Of all conversations that may be exported, the messages with which a prompt begins: conversation, text."""
        seen_from = select(replies.c.seen_from).where(replies.c.seen_from.is_not(None)).distinct()
        found = (
            select(turns.c.conversation_id, turns.c.content)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(conversations.c.deleted_at.is_(None), consented(self._connection))
            .where(or_(turns.c.parent_reply_id.is_(None), turns.c.id.in_(seen_from)))
        )
        for row in self._stream(found):
            yield row.conversation_id, row.content

    def conversations(self, wanted: Filter) -> Counter[str]:
        """How many judgements that may be exported each conversation has, by its id."""
        _, listed = self._listed(wanted, True)
        streamed = self._stream(listed.add_columns(turns.c.conversation_id))
        return Counter(row.conversation_id for row in streamed if wanted.allows(row.content))

    def load(self, asked: Mapping[str, Sequence[Entry]]) -> list[JudgedTurn]:
        """Messages with these judgements on them, in the order of the mapping."""
        ids: defaultdict[Kind, list[str]] = defaultdict(list)
        for entry in chain.from_iterable(asked.values()):
            ids[entry.kind].append(entry.id)
        given = self._references(asked)
        said = self._comparisons(ids["comparison"])
        rated = self._read(ratings, ids["rating"], rows.rating)
        steps = self._read(step_labels, ids["step"], rows.step_label)
        judged = {reply for each in said for reply in (each.sides.left_id, each.sides.right_id)}
        judged |= {each.reply_id for each in rated} | {each.reply_id for each in steps}
        wanted = frozenset(chain.from_iterable(ids.values()))
        with_all = [turn_id for turn_id, reference in given.items() if reference.id in wanted]
        found = self._replies(judged, ids["correction"], with_all)
        verified = self._verified(found, given)
        excluded = self._excluded(wanted)
        places = self._turns(asked)
        exchanges = self._exchanges(place.parent_reply_id for place in places.values())

        by_turn: defaultdict[str, dict[str, JudgedReply]] = defaultdict(dict)
        for reply in found.values():
            by_turn[reply.turn_id][reply.id] = reply
        comparisons_on = _by(said, lambda each: each.sides.turn_id)
        ratings_on = _by(rated, lambda each: found[each.reply_id].turn_id)
        steps_on = _by(steps, lambda each: found[each.reply_id].turn_id)
        return [
            JudgedTurn(
                id=place.id,
                conversation_id=place.conversation_id,
                title=place.title,
                consent=bool(place.consent),
                message=place.content,
                history=_path(exchanges, place.parent_reply_id),
                wanted=frozenset([entry.id for entry in entries]),
                replies=by_turn[place.id],
                comparisons=tuple(comparisons_on.get(place.id, ())),
                ratings=tuple(ratings_on.get(place.id, ())),
                steps=tuple(steps_on.get(place.id, ())),
                reference=given.get(place.id),
                verified=_picked(verified, by_turn[place.id]),
                excluded=_picked(excluded, [entry.id for entry in entries]),
            )
            for place, entries in ((places[turn_id], entries) for turn_id, entries in asked.items())
        ]

    # -- one table each -----------------------------------------------------------------------------------------------

    def _listed(self, wanted: Filter, consented_only: bool) -> tuple[Subquery, Select[Any]]:
        found = all_entries(wanted)
        content = turns.c.content if wanted.language else literal("").label("content")  # only `Filter.allows` reads it
        listed = (
            select(*found.c, content)
            .join(turns, turns.c.id == found.c.turn_id)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(conversations.c.deleted_at.is_(None))
        )
        if wanted.conversation_id:
            listed = listed.where(conversations.c.id == wanted.conversation_id)
        if consented_only:
            listed = listed.where(consented(self._connection))
        return found, listed

    def _stream(self, wanted: Select[Any]) -> Iterator[Row[Any]]:
        with self._connection.execute(wanted, execution_options={"yield_per": 1_000}) as rows:
            for several in rows.partitions():
                yield from several

    def _among(self, column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
        """Whether a column has one of these values: in SQLite one parameter, since SQLAlchemy is slow with hundreds."""
        if self._connection.dialect.name != "sqlite":
            return column.in_([*values])
        there = func.json_each(json.dumps([*values])).table_valued("value")
        return column.in_(select(there.c.value))

    def _read(self, table: Table, ids: Sequence[str], make: Callable[[RowMapping], Value]) -> list[Value]:
        if not ids:
            return []
        wanted = select(table).where(self._among(table.c.id, ids)).order_by(table.c.number)
        return [make(row) for row in self._connection.execute(wanted).mappings().all()]

    def _comparisons(self, ids: Sequence[str]) -> list[Comparison]:
        if not ids:
            return []
        joined = select(*rows.COMPARISON).join(comparison_sides, comparison_sides.c.id == comparisons.c.duel_id)
        wanted = joined.where(self._among(comparisons.c.id, ids)).order_by(comparisons.c.number)
        return [rows.whole_comparison(row) for row in self._connection.execute(wanted).all()]

    def _references(self, turn_ids: Iterable[str]) -> dict[str, Reference]:
        wanted = select(references).where(self._among(references.c.turn_id, turn_ids)).order_by(references.c.number)
        newest = {row["turn_id"]: rows.reference(row) for row in self._connection.execute(wanted).mappings()}
        return {turn_id: reference for turn_id, reference in newest.items() if reference.text}

    def _replies(self, ids: Iterable[str], corrected: Sequence[str], turn_ids: Sequence[str]) -> dict[str, JudgedReply]:
        needed = {*ids, *corrected}
        if corrected:
            needed |= set(
                self._connection.scalars(select(replies.c.parent_id).where(self._among(replies.c.id, corrected)))
            )
        wanted = select(*(replies.c[name] for name in JudgedReply._fields))
        found = self._connection.execute(wanted.where(self._among(replies.c.id, needed))).all()
        if turn_ids:
            found = [*found, *self._connection.execute(wanted.where(self._among(replies.c.turn_id, turn_ids)))]
        made = sorted((JudgedReply._make(row) for row in found), key=lambda each: each.position)
        return {each.id: each for each in made}

    def _verified(self, found: Iterable[str], given: Mapping[str, Reference]) -> dict[str, Verification]:
        if not given:
            return {}
        wanted = select(verifications).where(
            self._among(verifications.c.reply_id, found),
            self._among(verifications.c.reference_id, [reference.id for reference in given.values()]),
        )
        said = self._connection.execute(wanted.order_by(verifications.c.number)).mappings()
        return {row["reply_id"]: rows.verification(row) for row in said}

    def _excluded(self, subjects: Collection[str]) -> dict[str, str]:
        said = select(exclusions).where(self._among(exclusions.c.subject_id, subjects)).order_by(exclusions.c.number)
        newest = {row["subject_id"]: row for row in self._connection.execute(said).mappings()}
        return {subject: row["reason"] for subject, row in newest.items() if row["excluded"]}

    def _turns(self, turn_ids: Iterable[str]) -> dict[str, Row[Any]]:
        wanted = (
            select(
                turns.c.id,
                turns.c.content,
                turns.c.parent_reply_id,
                turns.c.conversation_id,
                conversations.c.title,
                consented(self._connection).label("consent"),
            )
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(self._among(turns.c.id, turn_ids))
        )
        return {row.id: row for row in self._connection.execute(wanted).all()}

    def _exchanges(self, reply_ids: Iterable[str | None]) -> dict[str, Exchange]:
        """These replies and all above them, a level at a time."""
        found: dict[str, Exchange] = {}
        ahead = {each for each in reply_ids if each is not None}
        while ahead:
            wanted = (
                select(
                    replies.c.id,
                    replies.c.answer,
                    replies.c.reasoning,
                    turns.c.id,
                    turns.c.content,
                    turns.c.parent_reply_id,
                )
                .join(turns, turns.c.id == replies.c.turn_id)
                .where(self._among(replies.c.id, ahead))
            )
            level = [Exchange._make(row) for row in self._connection.execute(wanted)]
            found |= {each.reply_id: each for each in level}
            ahead = {each.parent_reply_id for each in level if each.parent_reply_id is not None} - found.keys()
        return found


def _entry(row: Row[Any]) -> Entry:
    return Entry._make(row[:4])  # as `all_entries` has them


def _path(exchanges: Mapping[str, Exchange], reply_id: str | None) -> tuple[Exchange, ...]:
    path: list[Exchange] = []
    while reply_id is not None:
        path.append(exchanges[reply_id])
        reply_id = path[-1].parent_reply_id
    return tuple(path[::-1])


def _picked(values: Mapping[str, Value], keys: Iterable[str]) -> dict[str, Value]:
    return {key: values[key] for key in keys if key in values} if values else {}


def _by(values: Iterable[Value], key: Callable[[Value], str]) -> dict[str, list[Value]]:
    found: defaultdict[str, list[Value]] = defaultdict(list)
    for value in values:
        found[key(value)].append(value)
    return found

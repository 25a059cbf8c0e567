"""Reading judgements as data: every judged message with its replies and what was said of them, in batches.

Part of the store. All is read in one snapshot, and memory stays flat however much there is. What is in force and wanted
is `entries`'s; knows neither refusals nor formats.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Container, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain, groupby, islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
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
    union_all,
)

from r1chat.conversations import StoredReply
from r1chat.judgements import Check, Comparison, Rating, Reference, StepLabel, Verification, Winner
from r1chat.messages import segments
from r1chat.store import judgement_schema as rows
from r1chat.store.database import Database
from r1chat.store.entries import Filter, JudgementKind, all_entries
from r1chat.store.judgement_schema import (
    comparison_sides,
    comparisons,
    exclusions,
    ratings,
    references,
    step_labels,
    verifications,
)
from r1chat.store.judgements import consented, newest
from r1chat.store.schema import conversations, later_thoughts, replies, stored_reply, turns

_Value = TypeVar("_Value")

BATCH = 500  # messages that are read at a time
MOST_EARLIER = 300  # messages before a judged one that are read: more than a model's window holds of a talk


class JudgementEntry(NamedTuple):
    """Where one judgement is."""

    kind: JudgementKind
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
    closed_by: str  # "person" or "budget" where not the model ended its thought
    reasoning: str
    answer: str
    backend: str
    model: str
    digest: str
    seen_from: str | None
    keep_thoughts: bool
    thinking_choice: str
    budget: int | None
    system: str
    system_role: bool
    created_at: datetime
    later: str  # as the column has it: see `segments`
    incomplete_prompt: bool

    @property
    def segments(self) -> list[tuple[str, str]]:
        """Each thought, with the part of the answer that follows it."""
        return segments(self.reasoning, self.answer, later_thoughts(self.later))

    @property
    def model_key(self) -> str:
        """`backend:name`."""
        return f"{self.backend}:{self.model}"

    @property
    def skipped(self) -> bool:
        """Whether its model was given an empty thought, so that it began with the answer."""
        return self.origin == "skipped"


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

    `history` has the last MOST_EARLIER + 1 messages at most. `wanted` are the ids of the judgements that were asked
    for: only they are in `comparisons`, `ratings`, `steps` and among the corrections. `reference` and `verified` are
    given in any case. `replies` are those that were judged, and all to the message where its reference was asked for.
    `excluded` has the reasons, by judgement, of those that were asked for and of the reference. By what is not excluded
    there are `by_rater`, `corrected` and `disliked`, for all messages that were read together: see `DatasetView.load`.
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
    by_rater: Mapping[tuple[str, str], tuple[Rating, ...]]  # by reply and rater
    corrected: frozenset[str]
    disliked: frozenset[str]
    steps: tuple[StepLabel, ...]
    reference: Reference | None
    verified: Mapping[str, Verification]  # by reply
    excluded: Mapping[str, str]

    @property
    def is_long(self) -> bool:
        """Whether more stands before the message than `history` has."""
        return len(self.history) > MOST_EARLIER

    def accuracy(self, reply: JudgedReply) -> bool | None:
        """Whether a reply is right by the reference; None where that is not known, or the reference is excluded."""
        verification = self.verified.get(reply.id)
        if verification is None or verification.accuracy is None:
            return None
        return None if verification.reference_id in self.excluded else verification.accuracy >= 1


class Player(NamedTuple):
    """What a reply was made with; the fields are columns of its row."""

    model: str
    quantisation: str
    temperature: float
    budget: int | None


class Game(NamedTuple):
    """A comparison as a result. `blind`: the names were hidden. Digests are of the models' files, "" if not known."""

    winner: Winner
    left: Player
    right: Player
    blind: bool
    left_digest: str
    right_digest: str


class CheckedReply(NamedTuple):
    """An answer, the right one in force, and what the rule said of it: 1.0 right, 0.0 wrong, None undecided."""

    reply_id: str
    answer: str
    reference_id: str
    text: str
    kind: Check
    accuracy: float | None
    number: int  # of the verdict


class Dataset:
    """The judgements in one database, as data."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def snapshot(self, local: bool = False) -> Iterator[DatasetView]:
        """A view of the data that does not change while the block runs. Raises StoreError.

        `local`: the data stay on this machine, so only conversations whose own consent was refused are left out.
        """
        with self._database.read() as connection:
            yield DatasetView(connection, local)


class DatasetView:
    """A consistent view of the data, inside one transaction. Not safe to share between threads."""

    def __init__(self, connection: Connection, local: bool = False) -> None:
        self._connection = connection
        self._local = local

    def _consented(self) -> ColumnElement[bool]:
        return consented(self._connection, otherwise=True if self._local else None)

    def entries(
        self, selection: Filter, consented_only: bool = False, before: tuple[datetime, str] | None = None
    ) -> Generator[JudgementEntry, None, None]:
        """Judgements in force, newest first; `before`: only those older than this time and id."""
        entries, listed = self._listed(selection, consented_only)
        if before is not None:
            created, last = before
            listed = listed.where(
                or_(entries.c.created_at < created, (entries.c.created_at == created) & (entries.c.id < last))
            )
        for row in self._stream(listed.order_by(entries.c.created_at.desc(), entries.c.id.desc())):
            if selection.allows(row.content):
                yield _entry(row)

    def count(self, selection: Filter, consented_only: bool = False) -> int:
        """The number of judgements; the language of the selection is ignored."""
        _, listed = self._listed(selection, consented_only)
        return self._connection.scalar(listed.with_only_columns(func.count(), maintain_column_froms=True)) or 0

    def turns(
        self, selection: Filter, consented_only: bool = True, repeated: bool = False, evidence: bool = False
    ) -> Iterator[list[JudgedTurn]]:
        """Judged messages in batches, oldest first, in an order that is always the same.

        `repeated`: only messages that were judged more than once, counting all that have the same text. `evidence`:
        see `load`.
        """
        entries, listed = self._listed(selection, consented_only)
        if repeated:
            texts = listed.with_only_columns(turns.c.content, maintain_column_froms=True).group_by(turns.c.content)
            listed = listed.where(turns.c.content.in_(texts.having(func.count() > 1)))
        # Messages of one time lie together in the database, so this reads it from its beginning to its end.
        order = (turns.c.created_at, entries.c.turn_id, entries.c.kind, entries.c.id)
        streamed = self._stream(listed.order_by(*order))
        allowed_rows = (row for row in streamed if selection.allows(row.content))
        groups = groupby(allowed_rows, key=lambda row: row.turn_id)
        while batch := {turn_id: [*map(_entry, group)] for turn_id, group in islice(groups, BATCH)}:
            yield self.load(batch, evidence)

    def judged_turns(self, turn_ids: Collection[str]) -> dict[str, JudgedTurn]:
        """These messages with all that is in force on them, by id."""
        entries, listed = self._listed(Filter(), False)
        entries_by_turn: defaultdict[str, list[JudgementEntry]] = defaultdict(list)
        for row in self._connection.execute(
            listed.where(self._among(entries.c.turn_id, turn_ids)).order_by(entries.c.id)
        ):
            entries_by_turn[row.turn_id].append(_entry(row))
        return {turn.id: turn for turn in self.load(entries_by_turn, evidence=True)}

    def stored_replies(self, reply_ids: Collection[str]) -> dict[str, StoredReply]:
        """Whole replies, by id; their siblings are not counted."""
        query = select(replies).where(self._among(replies.c.id, reply_ids))
        return {row["id"]: stored_reply(row, 1) for row in self._connection.execute(query).mappings()}

    def models(self, selection: Filter) -> list[str]:
        """The keys `backend:name` of the models that replied to the judged messages that may be exported."""
        _, listed = self._listed(selection, True)
        turn_ids = listed.with_only_columns(turns.c.id, maintain_column_froms=True)
        models = select(replies.c.backend, replies.c.model).distinct().where(replies.c.turn_id.in_(turn_ids))
        return sorted(f"{row.backend}:{row.model}" for row in self._connection.execute(models))

    def all_models(self) -> list[str]:
        """The keys `backend:name` of the models that replied to anything."""
        models = self._connection.execute(select(replies.c.backend, replies.c.model).distinct())
        return sorted(f"{row.backend}:{row.model}" for row in models)

    def games(self, selection: Filter) -> Iterator[Game]:
        """Every comparison with the models of both sides; the kinds of the selection are ignored."""
        _, listed = self._listed(replace(selection, kinds=frozenset({"comparison"})), False)
        listed_entries = listed.subquery()
        left, right = replies.alias("left_side"), replies.alias("right_side")
        sides = [side.c[name] for side in (left, right) for name in Player._fields]
        others = comparison_sides.c.blind, left.c.digest, right.c.digest
        query = (
            select(listed_entries.c.content, comparisons.c.winner, *sides, *others)
            .join(comparisons, comparisons.c.id == listed_entries.c.id)
            .join(comparison_sides, comparison_sides.c.id == comparisons.c.duel_id)
            .join(left, left.c.id == comparison_sides.c.left_id)
            .join(right, right.c.id == comparison_sides.c.right_id)
        )
        middle, end = 2 + len(Player._fields), 2 + 2 * len(Player._fields)
        for row in self._stream(query):
            if selection.allows(row.content):
                yield Game(row.winner, Player(*row[2:middle]), Player(*row[middle:end]), *row[end:])

    def raters(self) -> list[str]:
        """Everybody who judged something."""
        raters = union(*(select(table.c.rater) for table in (comparisons, ratings, step_labels, references)))
        return sorted(rater for rater in self._connection.scalars(raters) if rater)

    def checked_by_others(self, rules: str, after: str, limit: int) -> list[CheckedReply]:
        """Replies whose answers were checked by other rules, by their ids, those beyond `after`; none of tests."""
        verdicts = newest(verifications, verifications.c.reply_id, verifications.c.reference_id)
        query = (
            select(
                verifications.c.reply_id,
                replies.c.answer,
                verifications.c.reference_id,
                references.c.text,
                references.c.kind,
                verifications.c.accuracy,
                verifications.c.number,
            )
            .join(replies, replies.c.id == verifications.c.reply_id)
            .join(references, references.c.id == verifications.c.reference_id)
            .where(
                verifications.c.reply_id > after,
                verifications.c.rules != rules,
                verifications.c.number.in_(verdicts),
                references.c.number.in_(newest(references, references.c.turn_id)),
                references.c.text != "",
                references.c.kind != "tests",
            )
        )
        rows = self._connection.execute(query.order_by(verifications.c.reply_id).limit(limit))
        return [CheckedReply._make(row) for row in rows]

    def unrated(self, rater: str, before: tuple[datetime, str] | None = None) -> tuple[str | None, int]:
        """The id of the newest finished reply whose answer the rater has not rated, and how many there are.

        `before`: only those older than this time and id. A person's own corrections are not among them, nor sides whose
        names are `hidden` from the rater.
        """
        rated = select(ratings.c.reply_id).where(
            ratings.c.thumb != "",
            ratings.c.part == "answer",
            ratings.c.rater == rater,
            ratings.c.number.in_(newest(ratings, ratings.c.reply_id, ratings.c.part, ratings.c.rater)),
        )
        waiting = (
            select(replies.c.id)
            .join(turns, turns.c.id == replies.c.turn_id)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(
                conversations.c.deleted_at.is_(None),
                replies.c.finish == "stop",
                replies.c.answer != "",
                replies.c.origin != "corrected",
                replies.c.id.not_in(rated),
                replies.c.id.not_in(_hidden(rater)),
            )
        )
        if before is not None:
            at, last = before
            waiting = waiting.where(
                or_(replies.c.created_at < at, (replies.c.created_at == at) & (replies.c.id < last))
            )
        count = self._connection.scalar(select(func.count()).select_from(waiting.subquery())) or 0
        first = self._connection.scalar(waiting.order_by(replies.c.created_at.desc(), replies.c.id.desc()).limit(1))
        return first, count

    def hidden(self, rater: str, reply_ids: Collection[str]) -> set[str]:
        """Those of these replies whose models the rater must not learn yet: sides of an open blind comparison."""
        query = select(replies.c.id).where(self._among(replies.c.id, reply_ids), replies.c.id.in_(_hidden(rater)))
        return set(self._connection.scalars(query))

    def consents(self, conversation_ids: Collection[str]) -> dict[str, bool]:
        """Whether each of these conversations may be exported."""
        query = select(conversations.c.id, self._consented().label("consent"))
        answers = self._connection.execute(query.where(self._among(conversations.c.id, conversation_ids)))
        return {row.id: bool(row.consent) for row in answers}

    def first_messages(self) -> Iterator[tuple[str, str]]:
        """Conversation id and text of each message that begins a prompt, in conversations that may be exported."""
        seen_from = select(replies.c.seen_from).where(replies.c.seen_from.is_not(None)).distinct()
        query = (
            select(turns.c.conversation_id, turns.c.content)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(conversations.c.deleted_at.is_(None), self._consented())
            .where(or_(turns.c.parent_reply_id.is_(None), turns.c.id.in_(seen_from)))
        )
        for row in self._stream(query):
            yield row.conversation_id, row.content

    def conversations(self, selection: Filter) -> Counter[str]:
        """The number of exportable judgements of each conversation, by its id."""
        _, listed = self._listed(selection, True)
        streamed = self._stream(listed.add_columns(turns.c.conversation_id))
        return Counter(row.conversation_id for row in streamed if selection.allows(row.content))

    def load(self, entries_by_turn: Mapping[str, Sequence[JudgementEntry]], evidence: bool = False) -> list[JudgedTurn]:
        """The messages with these judgements, in the order of the mapping (message id to entries).

        `evidence`: with all thumbs and corrections there, whichever judgements were asked for.
        """
        ids: defaultdict[JudgementKind, list[str]] = defaultdict(list)
        for entry in chain.from_iterable(entries_by_turn.values()):
            ids[entry.kind].append(entry.id)
        references_here = self._references(entries_by_turn)
        comparisons_here = self._comparisons(ids["comparison"])
        ratings_here = self._read(ratings, ids["rating"], rows.rating)
        steps_here = self._read(step_labels, ids["step"], rows.step_label)
        judged = {reply_id for comparison in comparisons_here for reply_id in comparison.sides.reply_ids.values()}
        judged |= {rating.reply_id for rating in ratings_here} | {label.reply_id for label in steps_here}
        judgement_ids = frozenset(chain.from_iterable(ids.values()))
        counted_ratings = self._ratings_on(entries_by_turn) if evidence else ratings_here
        corrections = self._corrections_on(entries_by_turn) if evidence else {}
        with_all = [turn_id for turn_id, reference in references_here.items() if reference.id in judgement_ids]
        replies_here = self._replies(judged, ids["correction"], with_all)
        verified = self._verified(replies_here, references_here)
        reference_ids = {turn_id: reference.id for turn_id, reference in references_here.items()}
        others = [*reference_ids.values(), *(rating.id for rating in counted_ratings), *corrections]
        excluded = self._excluded({*judgement_ids, *others})
        by_rater = _by_rater(counted_ratings, excluded)
        corrected = frozenset(parent for reply, parent in corrections.items() if reply not in excluded)
        disliked = frozenset(
            rating.reply_id
            for rating in counted_ratings
            if (rating.part, rating.thumb) == ("answer", "down") and rating.id not in excluded
        )
        places = self._turns(entries_by_turn)
        exchanges = self._exchanges(place.parent_reply_id for place in places.values())

        by_turn: defaultdict[str, dict[str, JudgedReply]] = defaultdict(dict)
        for reply in replies_here.values():
            by_turn[reply.turn_id][reply.id] = reply
        comparisons_on = _by(comparisons_here, lambda comparison: comparison.sides.turn_id)
        ratings_on = _by(ratings_here, lambda rating: replies_here[rating.reply_id].turn_id)
        steps_on = _by(steps_here, lambda label: replies_here[label.reply_id].turn_id)
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
                by_rater=by_rater,
                corrected=corrected,
                disliked=disliked,
                steps=tuple(steps_on.get(place.id, ())),
                reference=references_here.get(place.id),
                verified=_picked(verified, by_turn[place.id]),
                excluded=_picked(excluded, [*(entry.id for entry in entries), reference_ids.get(place.id, "")]),
            )
            for place, entries in ((places[turn_id], entries) for turn_id, entries in entries_by_turn.items())
        ]

    # -- one table each -----------------------------------------------------------------------------------------------

    def _listed(self, selection: Filter, consented_only: bool) -> tuple[Subquery, Select[Any]]:
        entries = all_entries(selection)
        content = (
            turns.c.content if selection.language else literal("").label("content")
        )  # only `Filter.allows` reads it
        listed = (
            select(*entries.c, content)
            .join(turns, turns.c.id == entries.c.turn_id)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(conversations.c.deleted_at.is_(None))
        )
        if selection.conversation_id:
            listed = listed.where(conversations.c.id == selection.conversation_id)
        if consented_only:
            listed = listed.where(self._consented())
        return entries, listed

    def _stream(self, query: Select[Any]) -> Iterator[Row[Any]]:
        with self._connection.execute(query, execution_options={"yield_per": 1_000}) as rows:
            for batch in rows.partitions():
                yield from batch

    def _among(self, column: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
        """Whether a column has one of these values: in SQLite one parameter, since SQLAlchemy is slow with hundreds."""
        if self._connection.dialect.name != "sqlite":
            return column.in_([*values])
        there = func.json_each(json.dumps([*values])).table_valued("value")
        return column.in_(select(there.c.value))

    def _read(self, table: Table, ids: Sequence[str], make: Callable[[RowMapping], _Value]) -> list[_Value]:
        if not ids:
            return []
        query = select(table).where(self._among(table.c.id, ids)).order_by(table.c.number)
        return [make(row) for row in self._connection.execute(query).mappings().all()]

    def _ratings_on(self, turn_ids: Iterable[str]) -> list[Rating]:
        """The thumbs in force on all replies to these messages."""
        query = select(ratings).join(replies, replies.c.id == ratings.c.reply_id)
        query = query.where(self._among(replies.c.turn_id, turn_ids)).order_by(ratings.c.number)
        newest = {
            (row["reply_id"], row["part"], row["rater"]): row for row in self._connection.execute(query).mappings()
        }
        return [rows.rating(row) for row in newest.values() if row["thumb"]]

    def _corrections_on(self, turn_ids: Iterable[str]) -> dict[str, str]:
        """The corrections of replies to these messages, and what each stands for."""
        original = replies.alias("original")
        query = select(replies.c.id, replies.c.parent_id).where(replies.c.origin == "corrected")
        query = query.join(original, (original.c.id == replies.c.parent_id) & (original.c.turn_id == replies.c.turn_id))
        pairs = self._connection.execute(query.where(self._among(replies.c.turn_id, turn_ids))).all()
        return {row.id: row.parent_id for row in pairs}

    def _comparisons(self, ids: Sequence[str]) -> list[Comparison]:
        if not ids:
            return []
        joined = select(*rows.COMPARISON).join(comparison_sides, comparison_sides.c.id == comparisons.c.duel_id)
        query = joined.where(self._among(comparisons.c.id, ids)).order_by(comparisons.c.number)
        return [rows.whole_comparison(row) for row in self._connection.execute(query).all()]

    def _references(self, turn_ids: Iterable[str]) -> dict[str, Reference]:
        query = select(references).where(self._among(references.c.turn_id, turn_ids)).order_by(references.c.number)
        newest = {row["turn_id"]: rows.reference(row) for row in self._connection.execute(query).mappings()}
        return {turn_id: reference for turn_id, reference in newest.items() if reference.text}

    def _replies(self, ids: Iterable[str], corrected: Sequence[str], turn_ids: Sequence[str]) -> dict[str, JudgedReply]:
        needed = {*ids, *corrected}
        if corrected:
            needed |= set(
                self._connection.scalars(select(replies.c.parent_id).where(self._among(replies.c.id, corrected)))
            )
        query = select(*(replies.c[name] for name in JudgedReply._fields))
        reply_rows = self._connection.execute(query.where(self._among(replies.c.id, needed))).all()
        if turn_ids:
            reply_rows = [*reply_rows, *self._connection.execute(query.where(self._among(replies.c.turn_id, turn_ids)))]
        judged = sorted((JudgedReply._make(row) for row in reply_rows), key=lambda reply: reply.position)
        return {reply.id: reply for reply in judged}

    def _verified(
        self, reply_ids: Iterable[str], references_by_turn: Mapping[str, Reference]
    ) -> dict[str, Verification]:
        if not references_by_turn:
            return {}
        query = select(verifications).where(
            self._among(verifications.c.reply_id, reply_ids),
            self._among(verifications.c.reference_id, [reference.id for reference in references_by_turn.values()]),
        )
        verification_rows = self._connection.execute(query.order_by(verifications.c.number)).mappings()
        return {row["reply_id"]: rows.verification(row) for row in verification_rows}

    def _excluded(self, subjects: Collection[str]) -> dict[str, str]:
        query = select(exclusions).where(self._among(exclusions.c.subject_id, subjects)).order_by(exclusions.c.number)
        newest = {row["subject_id"]: row for row in self._connection.execute(query).mappings()}
        return {subject: row["reason"] for subject, row in newest.items() if row["excluded"]}

    def _turns(self, turn_ids: Iterable[str]) -> dict[str, Row[Any]]:
        query = (
            select(
                turns.c.id,
                turns.c.content,
                turns.c.parent_reply_id,
                turns.c.conversation_id,
                conversations.c.title,
                self._consented().label("consent"),
            )
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(self._among(turns.c.id, turn_ids))
        )
        return {row.id: row for row in self._connection.execute(query).all()}

    def _exchanges(self, reply_ids: Iterable[str | None]) -> dict[str, Exchange]:
        """These replies and those above them, a level at a time, as far as a history goes."""
        exchanges: dict[str, Exchange] = {}
        pending = {exchange for exchange in reply_ids if exchange is not None}
        for _ in range(MOST_EARLIER + 1):
            if not pending:
                break
            query = (
                select(
                    replies.c.id,
                    replies.c.answer,
                    replies.c.reasoning,
                    turns.c.id,
                    turns.c.content,
                    turns.c.parent_reply_id,
                )
                .join(turns, turns.c.id == replies.c.turn_id)
                .where(self._among(replies.c.id, pending))
            )
            level = [Exchange._make(row) for row in self._connection.execute(query)]
            exchanges |= {exchange.reply_id: exchange for exchange in level}
            pending = {exchange.parent_reply_id for exchange in level if exchange.parent_reply_id} - exchanges.keys()
        return exchanges


def _entry(row: Row[Any]) -> JudgementEntry:
    return JudgementEntry._make(row[:4])  # as `all_entries` has them


def _path(exchanges: Mapping[str, Exchange], reply_id: str | None) -> tuple[Exchange, ...]:
    path: dict[str, Exchange] = {}
    while reply_id is not None and reply_id not in path and len(path) <= MOST_EARLIER:  # a restored file may circle
        path[reply_id] = exchanges[reply_id]
        reply_id = exchanges[reply_id].parent_reply_id
    return tuple(path.values())[::-1]


def _picked(values: Mapping[str, _Value], keys: Iterable[str]) -> dict[str, _Value]:
    return {key: values[key] for key in keys if key in values} if values else {}


def _by_rater(ratings_here: Iterable[Rating], excluded: Container[str]) -> dict[tuple[str, str], tuple[Rating, ...]]:
    groups: defaultdict[tuple[str, str], tuple[Rating, ...]] = defaultdict(tuple)
    for rating in ratings_here:
        if rating.id not in excluded:
            groups[rating.reply_id, rating.rater] += (rating,)
    return groups


def _by(values: Iterable[_Value], key: Callable[[_Value], str]) -> dict[str, list[_Value]]:
    groups: defaultdict[str, list[_Value]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups


def _hidden(rater: str) -> CompoundSelect[Any]:
    """The ids of the sides that a message shows without names, see `Judged.open_comparison`."""
    waiting = (
        comparison_sides.c.blind,
        comparison_sides.c.number.in_(newest(comparison_sides, comparison_sides.c.turn_id)),
        comparison_sides.c.id.not_in(select(comparisons.c.duel_id).where(comparisons.c.rater == rater)),
    )
    return union_all(*(select(comparison_sides.c[side]).where(*waiting) for side in ("left_id", "right_id")))

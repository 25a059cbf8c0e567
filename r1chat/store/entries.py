"""Which judgements are in force, and which of them are wanted: one query over all kinds. Part of the store.

In force is the newest that a rater said of a thing. A thumb or a label that was taken back is none; of references,
which are everybody's, the newest counts. A correction is the corrected reply; it has no rater.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal, or_, select, union_all

from r1chat.languages import language_of
from r1chat.store.judgement_schema import comparison_sides, comparisons, ratings, references, step_labels, verifications
from r1chat.store.judgements import newest
from r1chat.store.schema import replies

Kind = Literal["comparison", "correction", "rating", "step", "reference"]
Language = Literal["en", "zh", ""]

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which judgements are wanted; what is left empty does not matter.

    `model` is a key `backend:name`, or a name, of at least one reply that was judged. `language` is that of the
    message, "en" or "zh". `since` and `until` bound when it was judged, the second exclusively. `verified`: a reply
    that was judged was found right (True) or wrong (False) by rule. `shortest` and `longest` bound the characters of
    thought and answer together, of every reply that was judged.
    """

    kinds: frozenset[Kind] = frozenset()
    conversation_id: str = ""
    model: str = ""
    language: Language = ""
    since: datetime | None = None
    until: datetime | None = None
    rater: str = ""
    verified: bool | None = None
    shortest: int | None = None
    longest: int | None = None

    def allows(self, message: str) -> bool:
        """Whether a message is in the language that is wanted."""
        return not self.language or self.language == language_of(message)


def all_entries(wanted: Filter) -> Subquery:
    """`kind`, `id`, `turn_id` and `created_at` of every judgement that is in force and wanted.

    Neither consent nor the language is looked at, nor whether the conversation was deleted.
    """
    kinds = [kind for kind in KINDS if kind in (wanted.kinds or KINDS)]
    return union_all(*(_narrowed(kind, wanted) for kind in kinds)).subquery("entry")


def references_in_force() -> Select[Any]:
    """The ids of references that are in force."""
    return select(references.c.id).where(
        references.c.number.in_(newest(references, references.c.turn_id)), references.c.text != ""
    )


def _of(kind: Kind) -> tuple[Select[Any], ColumnElement[bool], ColumnElement[Any], ColumnElement[Any]]:
    """Those in force of a kind, which rows of `side` they judge, when that was, and who did."""
    name = literal(kind).label("kind")
    if kind == "comparison":
        found = select(name, comparisons.c.id, comparison_sides.c.turn_id, comparisons.c.created_at)
        found = found.join(comparison_sides, comparison_sides.c.id == comparisons.c.duel_id)
        found = found.where(comparisons.c.number.in_(newest(comparisons, comparisons.c.duel_id, comparisons.c.rater)))
        sides = _side.c.id.in_([comparison_sides.c.left_id, comparison_sides.c.right_id])
        return found, sides, comparisons.c.created_at, comparisons.c.rater
    if kind == "rating":
        found = select(name, ratings.c.id, replies.c.turn_id, ratings.c.created_at)
        found = found.join(replies, replies.c.id == ratings.c.reply_id).where(
            ratings.c.thumb != "",
            ratings.c.number.in_(newest(ratings, ratings.c.reply_id, ratings.c.part, ratings.c.rater)),
        )
        return found, _side.c.id == ratings.c.reply_id, ratings.c.created_at, ratings.c.rater
    if kind == "step":
        found = select(name, step_labels.c.id, replies.c.turn_id, step_labels.c.created_at)
        found = found.join(replies, replies.c.id == step_labels.c.reply_id).where(
            step_labels.c.verdict != "",
            step_labels.c.number.in_(newest(step_labels, step_labels.c.reply_id, step_labels.c.rater)),
        )
        return found, _side.c.id == step_labels.c.reply_id, step_labels.c.created_at, step_labels.c.rater
    if kind == "reference":
        found = select(name, references.c.id, references.c.turn_id, references.c.created_at)
        found = found.where(references.c.id.in_(references_in_force()))
        return found, _side.c.turn_id == references.c.turn_id, references.c.created_at, references.c.rater
    found = select(name, replies.c.id, replies.c.turn_id, replies.c.created_at)
    found = found.where(replies.c.origin == "corrected", replies.c.parent_id.is_not(None))
    sides = _side.c.id.in_([replies.c.id, replies.c.parent_id])
    return found, sides, replies.c.created_at, literal("")


_side = replies.alias("side")


def _narrowed(kind: Kind, wanted: Filter) -> Select[Any]:
    found, sides, created, rater = _of(kind)
    if wanted.since is not None:
        found = found.where(created >= wanted.since)
    if wanted.until is not None:
        found = found.where(created < wanted.until)
    if wanted.rater:
        found = found.where(rater == wanted.rater)
    if wanted.model:
        key = _side.c.backend + ":" + _side.c.model
        found = found.where(_any(sides, or_(_side.c.model == wanted.model, key == wanted.model)))
    if wanted.verified is not None:
        said = select(verifications.c.reply_id).where(
            verifications.c.reference_id.in_(references_in_force()),
            verifications.c.accuracy >= 1 if wanted.verified else verifications.c.accuracy < 1,
        )
        found = found.where(_any(sides, _side.c.id.in_(said)))
    length = func.length(_side.c.reasoning) + func.length(_side.c.answer)
    if wanted.shortest is not None:
        found = found.where(~_any(sides, length < wanted.shortest))
    if wanted.longest is not None:
        found = found.where(~_any(sides, length > wanted.longest))
    return found


def _any(sides: ColumnElement[bool], holds: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(_side.c.id).where(and_(sides, holds)).exists()

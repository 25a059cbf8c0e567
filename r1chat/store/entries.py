"""The judgements in force that a filter selects: one query over all kinds. Part of the store.

In force is the newest judgement of each rater on a subject, unless it was withdrawn; of references, which all raters
share, the newest. A correction is the corrected reply itself; it has no rater.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal, or_, select, union_all

from r1chat.languages import language_of
from r1chat.store.judgement_schema import comparison_sides, comparisons, ratings, references, step_labels, verifications
from r1chat.store.judgements import comparisons_in_force, newest
from r1chat.store.schema import replies, turns

JudgementKind = Literal["comparison", "correction", "rating", "step", "reference"]
LanguageFilter = Literal["en", "zh", ""]

KINDS: tuple[JudgementKind, ...] = get_args(JudgementKind)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which judgements to select; an empty field selects all.

    `model` is a key `backend:name`, or a name, of at least one reply that was judged; `models` are several of them, any
    of which will do. `trainable`: only what training can use, so no comparison without a winner and no reference of the
    kind "tests", since training runs no programs. `language` is that of the message, "en" or "zh". `since` and `until`
    bound when it was judged, the second exclusively. `verified`: a reply that was judged was found right (True) or
    wrong (False) by rule. `shortest` and `longest` bound the characters of thought and answer together, of every reply
    that was judged. `text` stands, in any case, in the message, in a reply that was judged, or in what the rater wrote.
    """

    kinds: frozenset[JudgementKind] = frozenset()
    conversation_id: str = ""
    model: str = ""
    models: frozenset[str] = frozenset()
    trainable: bool = False
    language: LanguageFilter = ""
    since: datetime | None = None
    until: datetime | None = None
    rater: str = ""
    verified: bool | None = None
    shortest: int | None = None
    longest: int | None = None
    text: str = ""

    def allows(self, message: str) -> bool:
        """Whether a message is in the selected language."""
        return not self.language or self.language == language_of(message)


def all_entries(selection: Filter) -> Subquery:
    """`kind`, `id`, `turn_id` and `created_at` of every selected judgement in force.

    Ignores the language of the filter, consent, and whether the conversation was deleted.
    """
    kinds = [kind for kind in KINDS if kind in (selection.kinds or KINDS)]
    return union_all(*(_narrowed(kind, selection) for kind in kinds)).subquery("entry")


def references_in_force() -> Select[Any]:
    """The ids of references that are in force."""
    return select(references.c.id).where(
        references.c.number.in_(newest(references, references.c.turn_id)), references.c.text != ""
    )


def _of(kind: JudgementKind) -> tuple[Select[Any], ColumnElement[bool], ColumnElement[Any], ColumnElement[Any]]:
    """Of a kind: the query of those in force, the condition on `side` for the replies judged, the time, the rater."""
    name = literal(kind).label("kind")
    if kind == "comparison":
        query = select(name, comparisons.c.id, comparison_sides.c.turn_id, comparisons.c.created_at)
        query = query.join(comparison_sides, comparison_sides.c.id == comparisons.c.duel_id)
        query = query.where(comparisons.c.number.in_(comparisons_in_force()))
        sides = _side.c.id.in_([comparison_sides.c.left_id, comparison_sides.c.right_id])
        return query, sides, comparisons.c.created_at, comparisons.c.rater
    if kind == "rating":
        query = select(name, ratings.c.id, replies.c.turn_id, ratings.c.created_at)
        query = query.join(replies, replies.c.id == ratings.c.reply_id).where(
            ratings.c.thumb != "",
            ratings.c.number.in_(newest(ratings, ratings.c.reply_id, ratings.c.part, ratings.c.rater)),
        )
        return query, _side.c.id == ratings.c.reply_id, ratings.c.created_at, ratings.c.rater
    if kind == "step":
        query = select(name, step_labels.c.id, replies.c.turn_id, step_labels.c.created_at)
        query = query.join(replies, replies.c.id == step_labels.c.reply_id).where(
            step_labels.c.verdict != "",
            step_labels.c.number.in_(newest(step_labels, step_labels.c.reply_id, step_labels.c.rater)),
        )
        return query, _side.c.id == step_labels.c.reply_id, step_labels.c.created_at, step_labels.c.rater
    if kind == "reference":
        query = select(name, references.c.id, references.c.turn_id, references.c.created_at)
        query = query.where(references.c.id.in_(references_in_force()))
        return query, _side.c.turn_id == references.c.turn_id, references.c.created_at, references.c.rater
    query = select(name, replies.c.id, replies.c.turn_id, replies.c.created_at)
    query = query.join(_original, (_original.c.id == replies.c.parent_id) & (_original.c.turn_id == replies.c.turn_id))
    query = query.where(replies.c.origin == "corrected")  # one of a reply to another message corrects nothing
    sides = _side.c.id.in_([replies.c.id, replies.c.parent_id])
    return query, sides, replies.c.created_at, literal("")


_side = replies.alias("side")
_original = replies.alias("original")


def _narrowed(kind: JudgementKind, selection: Filter) -> Select[Any]:
    query, sides, created, rater = _of(kind)
    if selection.since is not None:
        query = query.where(created >= selection.since)
    if selection.until is not None:
        query = query.where(created < selection.until)
    if selection.rater:
        query = query.where(rater == selection.rater)
    for names in ({selection.model} - {""}, selection.models):
        if names:
            key = _side.c.backend + ":" + _side.c.model
            query = query.where(_any(sides, or_(_side.c.model.in_(names), key.in_(names))))
    if selection.trainable and kind in _TRAINABLE:
        query = query.where(_TRAINABLE[kind])
    if selection.verified is not None:
        verified = select(verifications.c.reply_id).where(
            verifications.c.reference_id.in_(references_in_force()),
            verifications.c.accuracy >= 1 if selection.verified else verifications.c.accuracy < 1,
        )
        query = query.where(_any(sides, _side.c.id.in_(verified)))
    length = func.length(_side.c.reasoning) + func.length(_side.c.answer)
    if selection.shortest is not None:
        query = query.where(~_any(sides, length < selection.shortest))
    if selection.longest is not None:
        query = query.where(~_any(sides, length > selection.longest))
    if selection.text:
        query = query.where(_holds(kind, selection.text, sides))
    return query


_TRAINABLE = {"comparison": comparisons.c.winner.in_(("left", "right")), "reference": references.c.kind != "tests"}
_RATER_TEXT = {"comparison": comparisons.c.comment, "rating": ratings.c.comment, "reference": references.c.text}
_TURN = {"comparison": comparison_sides.c.turn_id, "reference": references.c.turn_id}


def _holds(kind: JudgementKind, text: str, sides: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL condition: the text stands in the message, in a reply that was judged, or in the rater's own words."""
    message = _TURN.get(kind, replies.c.turn_id)
    places = [
        select(turns.c.id).where(turns.c.id == message, turns.c.content.icontains(text, autoescape=True)).exists(),
        _any(sides, or_(*(part.icontains(text, autoescape=True) for part in (_side.c.answer, _side.c.reasoning)))),
    ]
    if kind in _RATER_TEXT:
        places.append(_RATER_TEXT[kind].icontains(text, autoescape=True))
    return or_(*places)


def _any(sides: ColumnElement[bool], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(_side.c.id).where(and_(sides, condition)).exists()

"""What was said of a reply is taken back where its text becomes another one, as by *Continue*. Part of the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, exists, insert, or_, select

from r1chat.messages import Reply
from r1chat.store import lookup
from r1chat.store.exclusion import carry_exclusion
from r1chat.store.judgement_schema import (
    comparison_sides,
    comparisons,
    exclusions,
    ratings,
    step_labels,
    verifications,
)
from r1chat.store.schema import replies

_ABOUT = (ratings.c.reply_id, step_labels.c.reply_id, verifications.c.reply_id)
_SIDES = (comparison_sides.c.left_id, comparison_sides.c.right_id)
_WITHDRAWN = {"rating": {"thumb": ""}, "step_label": {"verdict": ""}, "comparison": {"winner": "skipped"}}


def withdraw_judgements(connection: Connection, reply_id: str, reply: Reply) -> None:
    """Take back what was said of texts of a reply that `reply` has no more. To be called before it is saved.

    A thumb belongs to its part, and a wrong step to the text up to its end; a comparison and a correction to all of it.
    A verdict by rule is deleted, since it is found anew. A correction is a reply itself, so it is only excluded from
    exports.
    """
    lookup.check_id(reply_id, "reply")
    this = replies.c.id == reply_id
    about = (*(column == reply_id for column in _ABOUT), *(side == reply_id for side in _SIDES))
    corrected = exists().where(_corrections.c.parent_id == reply_id, _corrections.c.origin == "corrected")
    if not connection.scalar(select(or_(corrected, *(exists().where(condition) for condition in about)))):
        return  # as a rule
    old = connection.execute(select(replies.c.reasoning, replies.c.answer).where(this)).one_or_none()
    if old is None or (old.reasoning, old.answer) == (reply.reasoning, reply.answer):
        return
    parts = {"thought": old.reasoning != reply.reasoning, "answer": old.answer != reply.answer}
    for row in _in_force(connection, ratings, ratings.c.reply_id == reply_id, "part"):
        if row["thumb"] and parts[row["part"]]:
            _withdraw(connection, ratings, row)
    for row in _in_force(connection, step_labels, step_labels.c.reply_id == reply_id):
        judged = slice(0, row["end"]) if row["verdict"] == "first_wrong" else slice(None)
        if row["verdict"] and old.reasoning[judged] != reply.reasoning[judged]:
            _withdraw(connection, step_labels, row)
    sides = select(comparison_sides.c.id).where(or_(*(side == reply_id for side in _SIDES)))
    for row in _in_force(connection, comparisons, comparisons.c.duel_id.in_(sides), "duel_id"):
        if row["winner"] != "skipped":
            _withdraw(connection, comparisons, row)
    if parts["answer"]:
        connection.execute(delete(verifications).where(verifications.c.reply_id == reply_id))
    corrections = select(replies.c.id).where(replies.c.parent_id == reply_id, replies.c.origin == "corrected")
    for correction in connection.scalars(corrections).all():
        _add(connection, exclusions, {"subject_id": correction, "excluded": True, "rater": "", "reason": ""})


_corrections = replies.alias("correction")


def _in_force(connection: Connection, table: Table, where: ColumnElement[bool], subject: str = "") -> list[RowMapping]:
    """The newest row of each rater on a subject, which is a column beside those that the condition determines."""
    rows = connection.execute(select(table).where(where).order_by(table.c.number)).mappings()
    return list({(row["rater"], row[subject] if subject else ""): row for row in rows}.values())


def _withdraw(connection: Connection, table: Table, row: RowMapping) -> None:
    new_id = _add(connection, table, {name: row[name] for name in row if name != "number"} | _WITHDRAWN[table.name])
    carry_exclusion(connection, table, new_id, table.c.id == row["id"])


def _add(connection: Connection, table: Table, values: dict[str, Any]) -> str:
    new_id = uuid4().hex
    connection.execute(insert(table).values(values | {"id": new_id, "created_at": datetime.now(UTC)}))
    return new_id

"""Which rows of all tables belong to a conversation, and how they are erased. Part of the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, select, union_all, update

from r1chat.store import search
from r1chat.store.judgement_schema import (
    comparison_sides,
    comparisons,
    consents,
    exclusions,
    ratings,
    references,
    step_labels,
    verifications,
)
from r1chat.store.schema import conversations, moment_labels, replies, turns

TABLES: Mapping[str, Table] = {
    "conversation": conversations,
    "turn": turns,
    "reply": replies,
    "moment_label": moment_labels,
    "rating": ratings,
    "step_label": step_labels,
    "duel": comparison_sides,
    "comparison": comparisons,
    "reference": references,
    "verification": verifications,
    "consent": consents,
    "exclusion": exclusions,
}
BELONGS_TO = {  # the column that leads towards the conversation
    "turn": "conversation_id",
    "reply": "turn_id",
    "moment_label": "reply_id",
    "rating": "reply_id",
    "step_label": "reply_id",
    "duel": "turn_id",
    "comparison": "duel_id",
    "reference": "turn_id",
    "verification": "reply_id",
    "consent": "conversation_id",
    "exclusion": "subject_id",
}
EXCLUDABLE = ("reply", "rating", "step_label", "comparison", "reference")


def belonging(kind: str, conversation_ids: Collection[str]) -> ColumnElement[bool]:
    """SQL condition on the table of a kind: the row belongs to one of these conversations."""
    table = TABLES[kind]
    if kind == "conversation":
        return table.c.id.in_(conversation_ids)
    link = table.c[BELONGS_TO[kind]]
    if kind == "exclusion":
        return link.in_(union_all(*(_ids(subject, conversation_ids) for subject in EXCLUDABLE)))
    target = next(iter(link.foreign_keys)).column.table.name
    return link.in_(conversation_ids if target == "conversation" else _ids(target, conversation_ids))


def _ids(kind: str, conversation_ids: Collection[str]) -> Select[tuple[str]]:
    return select(TABLES[kind].c.id).where(belonging(kind, conversation_ids))


def erase(connection: Connection, conversation_id: str) -> None:
    """Delete a conversation and its judgements for good. Locked by the caller, who calls `search.tidy` last."""
    this = conversations.c.id == conversation_id
    search.forget(connection, connection.execute(select(conversations.c.number).where(this)).scalar_one())
    connection.execute(delete(exclusions).where(belonging("exclusion", [conversation_id])))  # has no foreign key
    # Else each message would take the next one with it, and SQLite goes no deeper than a thousand rows.
    above = turns.c.parent_reply_id.in_(_ids("reply", [conversation_id]))
    connection.execute(update(turns).where(above).values(parent_reply_id=None))
    connection.execute(delete(conversations).where(this))

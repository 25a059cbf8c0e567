"""What people say of single moments of a thought. Runs inside its caller's transaction.

Nothing is overwritten: of the labels on one span of one reply the newest is in force, the older ones are history.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, func, insert, select

from r1chat.both import Both
from r1chat.conversations import MomentLabel, Verdict
from r1chat.errors import StoreError
from r1chat.store.schema import conversations, moment_label, moment_labels, replies, turns


def add(
    connection: Connection, reply_id: str, span: tuple[int, int], kind: str, verdict: Verdict, rater: str, now: datetime
) -> MomentLabel:
    """A new label on a reply that is known to be there. Whoever calls holds the conversation's row."""
    start, end = span
    _check_span(connection, reply_id, start, end)
    values = {
        "id": uuid4().hex,
        "reply_id": reply_id,
        "start": start,
        "end": end,
        "kind": kind,
        "verdict": verdict,
        "rater": rater,
        "created_at": now,
    }
    rows = connection.execute(insert(moment_labels).returning(*moment_labels.c), values)
    return moment_label(rows.mappings().one())


def in_force(connection: Connection, reply_id: str) -> list[MomentLabel]:
    """The newest label of each span, in the order of the thought."""
    newest = (
        select(func.max(moment_labels.c.number))
        .where(moment_labels.c.reply_id == reply_id)
        .group_by(moment_labels.c.start, moment_labels.c.end)
    )
    query = select(moment_labels).where(moment_labels.c.number.in_(newest))
    ordered = query.order_by(moment_labels.c.start, moment_labels.c.end)
    return [moment_label(row) for row in connection.execute(ordered).mappings()]


def in_force_in(connection: Connection, conversation_id: str) -> list[MomentLabel]:
    """The newest label of each span of every reply of a conversation."""
    newest = (
        select(func.max(moment_labels.c.number))
        .join(replies, replies.c.id == moment_labels.c.reply_id)
        .join(turns, turns.c.id == replies.c.turn_id)
        .where(turns.c.conversation_id == conversation_id)
        .group_by(moment_labels.c.reply_id, moment_labels.c.start, moment_labels.c.end)
    )
    query = select(moment_labels).where(moment_labels.c.number.in_(newest)).order_by(moment_labels.c.number)
    return [moment_label(row) for row in connection.execute(query).mappings()]


def all_in_force(connection: Connection) -> list[tuple[MomentLabel, str]]:
    """The newest label of each span in all conversations that are not deleted, with the reasoning, by reply."""
    newest = select(func.max(moment_labels.c.number)).group_by(
        moment_labels.c.reply_id, moment_labels.c.start, moment_labels.c.end
    )
    query = (
        select(moment_labels, replies.c.reasoning)
        .join(replies, replies.c.id == moment_labels.c.reply_id)
        .join(turns, turns.c.id == replies.c.turn_id)
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .where(moment_labels.c.number.in_(newest), conversations.c.deleted_at.is_(None))
        .order_by(moment_labels.c.reply_id, moment_labels.c.start, moment_labels.c.end)
    )
    return [(moment_label(row), row["reasoning"]) for row in connection.execute(query).mappings()]


def _check_span(connection: Connection, reply_id: str, start: int, end: int) -> None:
    """A thought that still grows may be further than what was saved of it: its length is no bound yet."""
    query = select(func.length(replies.c.reasoning), replies.c.finish).where(replies.c.id == reply_id)
    length, finish = connection.execute(query).one()
    if not 0 <= start < end or (finish is not None and end > length):
        raise StoreError(
            Both(
                "Characters {start} to {end} are no part of this thought, which has {length}. "
                "Reload the page and choose the moment again; nothing was changed.",
                "第 {start} 到 {end} 个字符不在这段思考里，它有 {length} 个字符。"
                "请重新加载页面，再选一次；没有任何改动。",
            ).format(start=start, end=end, length=length)
        )

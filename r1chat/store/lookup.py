"""Rows by id; NotFoundError for an unknown or malformed one, since ids come from the page.

Runs inside the caller's transaction. `lock` keeps others from changing the conversation until that ends.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection, RowMapping, Select, select

from r1chat.both import Both
from r1chat.errors import NotFoundError
from r1chat.store.schema import conversations, replies, turns

_ID = re.compile(r"[0-9a-f]{32}")


_NAMES = {
    "conversation": "对话",
    "message": "消息",
    "reply": "回复",
    "vote": "投票",
    "comparison": "比较",
    "judgement": "评价",
    "reference": "参考答案",
}


def not_found(what: str) -> NotFoundError:
    """The error for an id that does not exist; `what` names its kind: "conversation", "message", "reply", …"""
    return NotFoundError(
        Both(
            "This {what} is not there, or not any more. Reload the page, or choose another conversation.",
            "这个{what}不存在，或已经不在了。请重新加载页面，或选择另一个对话。",
        ).format(what=Both(what, _NAMES.get(what, what)))
    )


def check_id(value: object, what: str) -> None:
    """Raises NotFoundError for a value that is no id of the store's."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise not_found(what)


def conversation(connection: Connection, conversation_id: str, lock: bool = False, deleted: bool = False) -> RowMapping:
    """The row of `conversation`; one that was deleted only where `deleted` allows it."""
    check_id(conversation_id, "conversation")
    query = select(conversations).where(conversations.c.id == conversation_id)
    return _one(connection, query, "conversation", lock, deleted)


def conversation_of_turn(connection: Connection, turn_id: str, lock: bool = False) -> RowMapping:
    """The row of the conversation that a message belongs to."""
    check_id(turn_id, "message")
    query = select(conversations).where(
        conversations.c.id.in_(select(turns.c.conversation_id).where(turns.c.id == turn_id))
    )
    return _one(connection, query, "message", lock, deleted=False)


def conversation_of_reply(
    connection: Connection, reply_id: str, lock: bool = False, deleted: bool = False
) -> RowMapping:
    """The row of the conversation that a reply belongs to."""
    check_id(reply_id, "reply")
    of_reply = select(turns.c.conversation_id).join(replies, replies.c.turn_id == turns.c.id)
    query = select(conversations).where(conversations.c.id.in_(of_reply.where(replies.c.id == reply_id)))
    return _one(connection, query, "reply", lock, deleted)


def conversation_of_vote(connection: Connection, vote_id: str) -> RowMapping:
    """The row of the conversation in which a vote was taken."""
    check_id(vote_id, "vote")
    of_vote = select(turns.c.conversation_id).join(replies, replies.c.turn_id == turns.c.id)
    query = select(conversations).where(conversations.c.id.in_(of_vote.where(replies.c.vote_id == vote_id)))
    return _one(connection, query, "vote", lock=False, deleted=False)


def _one(connection: Connection, query: Select[tuple[object, ...]], what: str, lock: bool, deleted: bool) -> RowMapping:
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None or (row["deleted_at"] is not None and not deleted):
        raise not_found(what)
    return row

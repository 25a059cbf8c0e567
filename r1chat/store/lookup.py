"""Rows by id; NotFoundError for an unknown or malformed one, since ids come from the page.

Runs inside the caller's transaction. `lock` keeps others from changing the conversation until that ends.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection, RowMapping, Select, bindparam, select

from r1chat.both import Both
from r1chat.errors import NotFoundError
from r1chat.store.schema import conversations, replies, turns

_ID = re.compile(r"[0-9a-f]{32}")

# The conversation of each kind of thing; to make these statements takes longer than to run them.
_OF_REPLY = select(turns.c.conversation_id).join(replies, replies.c.turn_id == turns.c.id)
_QUERIES: dict[str, Select[tuple[object, ...]]] = {
    kind: select(conversations).where(condition)
    for kind, condition in {
        "conversation": conversations.c.id == bindparam("id"),
        "message": conversations.c.id.in_(select(turns.c.conversation_id).where(turns.c.id == bindparam("id"))),
        "reply": conversations.c.id.in_(_OF_REPLY.where(replies.c.id == bindparam("id"))),
        "vote": conversations.c.id.in_(_OF_REPLY.where(replies.c.vote_id == bindparam("id"))),
    }.items()
}
_LOCKING = {kind: query.with_for_update() for kind, query in _QUERIES.items()}

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


def is_id(value: object) -> bool:
    """Whether it can be an id of the store's."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def check_id(value: object, what: str) -> None:
    """Raises NotFoundError for a value that is no id of the store's."""
    if not is_id(value):
        raise not_found(what)


def conversation(connection: Connection, conversation_id: str, lock: bool = False, deleted: bool = False) -> RowMapping:
    """The row of `conversation`; one that was deleted only where `deleted` allows it."""
    return _one(connection, "conversation", conversation_id, lock, deleted)


def conversation_of_turn(connection: Connection, turn_id: str, lock: bool = False) -> RowMapping:
    """The row of the conversation that a message belongs to."""
    return _one(connection, "message", turn_id, lock, deleted=False)


def conversation_of_reply(
    connection: Connection, reply_id: str, lock: bool = False, deleted: bool = False
) -> RowMapping:
    """The row of the conversation that a reply belongs to."""
    return _one(connection, "reply", reply_id, lock, deleted)


def conversation_of_vote(connection: Connection, vote_id: str) -> RowMapping:
    """The row of the conversation in which a vote was taken."""
    return _one(connection, "vote", vote_id, lock=False, deleted=False)


def _one(connection: Connection, what: str, its_id: str, lock: bool, deleted: bool) -> RowMapping:
    check_id(its_id, what)
    query = (_LOCKING if lock else _QUERIES)[what]
    row = connection.execute(query, {"id": its_id}).mappings().first()
    if row is None or (row["deleted_at"] is not None and not deleted):
        raise not_found(what)
    return row

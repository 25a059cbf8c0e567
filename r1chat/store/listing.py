"""The order of the lists of conversations and of deleted ones, and cursors that say where a part of one begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, ColumnElement, RowMapping, Select, func, literal, select, true, tuple_

from r1chat.both import Both
from r1chat.errors import StoreError
from r1chat.store.schema import UtcTime, conversations

UPDATED, DELETED = conversations.c.updated_at, conversations.c.deleted_at  # by which a list is ordered
NEWEST_FIRST = (UPDATED.desc(), conversations.c.number.desc())

_CURSOR = re.compile(r"([0-9T:.+-]{19,32})/([0-9]{1,18})")
_BAD_CURSOR = Both(
    "This part of the list of conversations is not there. Reload the page.", "对话列表没有这一部分。请重新加载页面。"
)


def left_of_imports() -> Select[tuple[datetime]]:
    """Query: when the conversations were deleted that an import is writing, or that a killed one left.

    Nobody deletes two at the very same moment.
    """
    return select(DELETED).where(DELETED.is_not(None)).group_by(DELETED).having(func.count() > 1)


def cursor(rows: Sequence[RowMapping], limit: int, by: Column[datetime] = UPDATED) -> str:
    """The cursor of what follows the first `limit` of these rows of `conversation`; "" where nothing does."""
    if len(rows) <= limit or limit < 1:
        return ""
    last = rows[limit - 1]
    return f"{last[by.name].isoformat()}/{last['number']}"


def after(cursor: str, by: Column[datetime] = UPDATED) -> ColumnElement[bool]:
    """SQL condition: the conversation comes after that cursor ("": any does). Raises StoreError for a malformed one."""
    at = moment(cursor)
    if at is None:
        return true()
    number = int(cursor.rpartition("/")[2])
    return tuple_(by, conversations.c.number) < tuple_(literal(at, UtcTime()), literal(number))


def moment(cursor: str) -> datetime | None:
    """When the conversation that a cursor stands behind was updated, or deleted; None for "". Raises StoreError."""
    if not cursor:
        return None
    match = _CURSOR.fullmatch(cursor)
    try:
        at = datetime.fromisoformat(match[1]) if match else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise StoreError(_BAD_CURSOR)
    return at

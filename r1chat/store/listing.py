"""The order of the list of conversations, and cursors that say where a part of it begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, literal, true, tuple_

from r1chat.both import Both
from r1chat.errors import StoreError
from r1chat.store.schema import UtcTime, conversations

NEWEST_FIRST = (conversations.c.updated_at.desc(), conversations.c.number.desc())

_CURSOR = re.compile(r"([0-9T:.+-]{19,32})/([0-9]{1,18})")
_BAD_CURSOR = Both(
    "This part of the list of conversations is not there. Reload the page.", "对话列表没有这一部分。请重新加载页面。"
)


def cursor(rows: Sequence[RowMapping], limit: int) -> str:
    """The cursor of what follows the first `limit` of these rows of `conversation`; "" where nothing does."""
    if len(rows) <= limit or limit < 1:
        return ""
    last = rows[limit - 1]
    return f"{last['updated_at'].isoformat()}/{last['number']}"


def after(cursor: str) -> ColumnElement[bool]:
    """SQL condition: the conversation comes after that cursor ("": any does). Raises StoreError for a malformed one."""
    updated = moment(cursor)
    if updated is None:
        return true()
    number = int(cursor.rpartition("/")[2])
    place = tuple_(conversations.c.updated_at, conversations.c.number)
    return place < tuple_(literal(updated, UtcTime()), literal(number))


def moment(cursor: str) -> datetime | None:
    """When the conversation that a cursor stands behind was updated; None for "". Raises StoreError."""
    if not cursor:
        return None
    match = _CURSOR.fullmatch(cursor)
    try:
        updated = datetime.fromisoformat(match[1]) if match else None
    except ValueError:
        updated = None
    if updated is None or updated.tzinfo is None:
        raise StoreError(_BAD_CURSOR)
    return updated

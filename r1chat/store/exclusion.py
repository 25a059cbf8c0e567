"""What was excluded from exports stays excluded when its rater changes it. Part of the store."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Table, insert, select

from r1chat.store.judgement_schema import exclusions


def carry_exclusion(connection: Connection, table: Table, new_id: str, *same: ColumnElement[bool]) -> None:
    """Exclude a judgement that was just added where the one that it supersedes is excluded.

    `same`: conditions on the rows of `table` that say something of the same subject, by the same rater.
    """
    earlier = select(table.c.id).where(*same, table.c.id != new_id).order_by(table.c.number.desc()).limit(1)
    if (superseded := connection.scalar(earlier)) is None:
        return
    of_it = select(exclusions).where(exclusions.c.subject_id == superseded).order_by(exclusions.c.number.desc())
    if (row := connection.execute(of_it.limit(1)).mappings().first()) and row["excluded"]:
        values = {name: row[name] for name in ("excluded", "reason", "rater")}
        again = values | {"id": uuid4().hex, "subject_id": new_id, "created_at": datetime.now(UTC)}
        connection.execute(insert(exclusions).values(again))

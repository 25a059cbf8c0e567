"""The history of the schema, in order, run by Alembic inside a transaction that the caller holds.

A new step is a module in `versions/` and one more entry in REVISIONS; then the snapshot is written anew (snapshot.py).
A step writes its tables out in full rather than import those of today: it must do the same in ten years. A table with
new rules is rebuilt with `op.batch_alter_table`.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0008", "0009", "0010", "0011")  # oldest first
LATEST = REVISIONS[-1]
VERSION_TABLE = "alembic_version"


def is_newer(revision: object) -> bool:
    """Whether a database's revision is one that a later version of r1chat has, as far as its name tells."""
    return isinstance(revision, str) and re.fullmatch(r"[0-9]{4}", revision) is not None and revision > LATEST


def upgrade(connection: Connection, target: str = LATEST) -> None:
    """Bring the database up to `target`. Raises what the database raises; the caller's transaction undoes the rest."""
    from alembic import command  # a third of a second, for nothing where the database is up to date
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, target)

"""Where a reply thought again within its answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("reply", sa.Column("later", sa.Text, nullable=False, server_default=""))

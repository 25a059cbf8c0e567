"""Which replies an import left out a part of the prompt of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("reply", sa.Column("incomplete_prompt", sa.Boolean, nullable=False, server_default=sa.false()))

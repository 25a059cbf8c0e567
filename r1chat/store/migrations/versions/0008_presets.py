"""Presets: a system prompt, sampling, thinking and model under a name; and where a system prompt is sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "preset",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("model", sa.Text, nullable=False, server_default=""),
        sa.Column("budget", sa.Integer),
        sa.Column("thinking_choice", sa.Text, nullable=False, server_default=""),
        sa.Column("system", sa.Text, nullable=False, server_default=""),
        sa.Column("system_role", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("sampling", sa.Text, nullable=False, server_default=""),
    )
    for table in ("conversation", "reply"):
        op.add_column(table, sa.Column("system_role", sa.Boolean, nullable=False, server_default=sa.false()))
        op.add_column(table, sa.Column("preset", sa.Text, nullable=False, server_default=""))

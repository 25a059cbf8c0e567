"""How next replies should behave, and how each reply was asked to: thinking, system prompt, sampling."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name in ("thinking_choice", "system", "sampling"):
        op.add_column("conversation", sa.Column(name, sa.Text, nullable=False, server_default=""))
    for name in ("thinking_choice", "system", "sampling_source"):
        op.add_column("reply", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("reply", sa.Column("presence_penalty", sa.Double, nullable=False, server_default="0"))

"""How a conversation is steered, who closed a thought and in which vote, and what people say of single moments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("conversation", sa.Column("budget", sa.Integer))
    op.add_column("conversation", sa.Column("keep_thoughts", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("reply", sa.Column("budget", sa.Integer))
    op.add_column("reply", sa.Column("closed_by", sa.Text, nullable=False, server_default=""))
    op.add_column("reply", sa.Column("vote_id", sa.Text))
    voted = sa.text("vote_id IS NOT NULL")
    op.create_index("ix_reply_vote_id", "reply", ["vote_id"], sqlite_where=voted, postgresql_where=voted)
    op.create_table(
        "moment_label",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("reply_id", sa.Text, sa.ForeignKey("reply.id", ondelete="CASCADE"), nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_moment_label_reply_id", "moment_label", ["reply_id"])

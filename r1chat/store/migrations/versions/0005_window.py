"""From which message on a model is shown a conversation, and what of it each reply was given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("conversation", sa.Column("seen_from", sa.Text))
    op.add_column("reply", sa.Column("seen_from", sa.Text))
    op.add_column("reply", sa.Column("keep_thoughts", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE reply SET keep_thoughts = conversation.keep_thoughts FROM turn, conversation "
        "WHERE turn.id = reply.turn_id AND conversation.id = turn.conversation_id AND conversation.keep_thoughts"
    )

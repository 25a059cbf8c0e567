"""Conversations, their turns, and sibling replies with all that is known of how each came to be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _conversation()
    _turn()
    _reply()
    if op.get_bind().dialect.name != "sqlite":  # SQLite has it from the start, and could not add it
        op.create_foreign_key(
            "turn_parent_reply_id_fkey", "turn", "reply", ["parent_reply_id"], ["id"], ondelete="CASCADE"
        )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _conversation() -> None:
    op.create_table(
        "conversation",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        _text("title"),
        _text("model"),
        sa.Column("shown_turn_id", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT),
    )
    op.create_index("ix_conversation_updated_at", "conversation", ["updated_at", "number"])


def _turn() -> None:
    op.create_table(
        "turn",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "parent_reply_id",
            sa.Text,
            sa.ForeignKey("reply.id", ondelete="CASCADE", use_alter=True, name="turn_parent_reply_id_fkey"),
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("shown_reply_id", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        _text("content"),
    )
    op.create_index("ix_turn_conversation_id", "turn", ["conversation_id"])
    op.create_index("ix_turn_parent_reply_id", "turn", ["parent_reply_id", "position"], unique=True)


def _reply() -> None:
    op.create_table(
        "reply",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("turn_id", sa.Text, sa.ForeignKey("turn.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("shown_turn_id", sa.Text),
        _text("owner"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("finish", sa.Text),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("reopened", sa.Boolean, nullable=False),
        _text("error"),
        _text("raw_finish"),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("cached_tokens", sa.Integer),
        sa.Column("reasoning_tokens", sa.Integer, nullable=False),
        sa.Column("answer_tokens", sa.Integer, nullable=False),
        sa.Column("context", sa.Integer),
        sa.Column("first_token", sa.Double),
        sa.Column("thinking", sa.Double, nullable=False),
        sa.Column("total", sa.Double, nullable=False),
        sa.Column("load", sa.Double),
        sa.Column("prefill", sa.Double),
        sa.Column("decode", sa.Double),
        _text("backend"),
        _text("backend_version"),
        _text("model"),
        _text("digest"),
        _text("quantisation"),
        _text("template_hash"),
        sa.Column("temperature", sa.Double, nullable=False),
        sa.Column("top_p", sa.Double, nullable=False),
        sa.Column("top_k", sa.Integer, nullable=False),
        sa.Column("min_p", sa.Double, nullable=False),
        sa.Column("repeat_penalty", sa.Double, nullable=False),
        sa.Column("seed", sa.BigInteger),
        sa.Column("max_tokens", sa.Integer),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text, sa.ForeignKey("reply.id", ondelete="SET NULL")),
        sa.Column("kept_reasoning", sa.Integer, nullable=False),
        sa.Column("kept_answer", sa.Integer, nullable=False),
        _text("reasoning"),
        _text("answer"),
    )
    op.create_index("ix_reply_turn_id", "reply", ["turn_id", "position"], unique=True)
    op.create_index("ix_reply_parent_id", "reply", ["parent_id"])
    growing = sa.text("finish IS NULL")
    op.create_index("ix_reply_growing", "reply", ["id"], sqlite_where=growing, postgresql_where=growing)

"""What people say of replies: ratings, wrong steps, comparisons, references; who may export what."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("moment_label", sa.Column("rater", sa.Text, nullable=False, server_default=""))
    _table(
        "rating",
        _reference("reply_id", "reply.id"),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("thumb", sa.Text, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False, server_default=""),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("helpfulness", sa.Integer),
        sa.Column("correctness", sa.Integer),
        sa.Column("clarity", sa.Integer),
        sa.Column("harmlessness", sa.Integer),
        sa.Column("thought_open", sa.Boolean),
    )
    _table(
        "step_label",
        _reference("reply_id", "reply.id"),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
    )
    _table(
        "duel",
        _reference("turn_id", "turn.id"),
        _reference("left_id", "reply.id"),
        _reference("right_id", "reply.id"),
        sa.Column("blind", sa.Boolean, nullable=False),
    )
    _table(
        "comparison",
        _reference("duel_id", "duel.id"),
        sa.Column("winner", sa.Text, nullable=False),
        sa.Column("left_thought_seen", sa.Boolean),
        sa.Column("right_thought_seen", sa.Boolean),
        sa.Column("dwell", sa.Double),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
    )
    _table(
        "reference",
        _reference("turn_id", "turn.id"),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
    )
    _table(
        "verification",
        _reference("reply_id", "reply.id"),
        _reference("reference_id", "reference.id"),
        sa.Column("accuracy", sa.Double),
    )
    _table(
        "consent",
        sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversation.id", ondelete="CASCADE")),
        sa.Column("allowed", sa.Boolean, nullable=False),
    )
    _table(
        "exclusion",
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("excluded", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
    )
    for table, column in (
        ("rating", "reply_id"),
        ("step_label", "reply_id"),
        ("duel", "turn_id"),
        ("duel", "left_id"),
        ("duel", "right_id"),
        ("comparison", "duel_id"),
        ("reference", "turn_id"),
        ("verification", "reply_id"),
        ("verification", "reference_id"),
        ("consent", "conversation_id"),
        ("exclusion", "subject_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])
    edited = sa.text("origin = 'corrected'")
    op.create_index("ix_reply_corrected", "reply", ["parent_id"], sqlite_where=edited, postgresql_where=edited)


def _table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        *columns,
        sa.Column("rater", sa.Text, nullable=False, server_default=""),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )


def _reference(name: str, target: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False)

"""By which rules a verdict on an answer was found; replies that their server broke off are no whole ones any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# The words of servers for a whole reply; "" of imports and corrections. All others were once taken for such words, too.
WHOLE = ("", "stop", "eos", "eos_token", "end_turn", "stop_sequence", "word", "complete")


def upgrade() -> None:
    op.add_column("verification", sa.Column("rules", sa.Text, nullable=False, server_default=""))
    reply = sa.table("reply", sa.column("finish"), sa.column("raw_finish"))
    word = sa.func.lower(sa.func.trim(reply.c.raw_finish))
    op.execute(reply.update().where(reply.c.finish == "stop", word.not_in(WHOLE)).values(finish="cut"))

"""The search index over titles, messages, thoughts and answers, filled from what is there."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from r1chat.store.search_terms import documents

revision = "0002"
down_revision = "0001"

PER_CONVERSATION = 1_000_000  # a text's number is its conversation's times this, plus its place; the title has place 0


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TABLE search_document (rowid INTEGER PRIMARY KEY, source TEXT NOT NULL, terms BLOB NOT NULL)"
        )
        op.execute(
            "CREATE VIRTUAL TABLE search_index USING "
            "fts5(terms, content = '', tokenize = 'ascii', detail = 'none', columnsize = 0, prefix = '3')"
        )
        _fill(
            sa.text("INSERT INTO search_document (rowid, source, terms) VALUES (:rowid, :source, :packed)"),
            sa.text("INSERT INTO search_index (rowid, terms) VALUES (:rowid, :terms)"),
        )
        op.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")
    else:
        op.execute(
            "CREATE TABLE search_document (rowid bigint PRIMARY KEY, source text NOT NULL, terms tsvector NOT NULL)"
        )
        _fill(
            sa.text(
                "INSERT INTO search_document (rowid, source, terms) "
                "VALUES (:rowid, :source, array_to_tsvector(string_to_array(:terms, ' ')))"
            )
        )
        op.execute("CREATE INDEX ix_search_document_terms ON search_document USING gin (terms)")


def _fill(*inserts: sa.TextClause) -> None:
    connection = op.get_bind()
    for conversation in connection.execute(sa.text("SELECT number, id, title FROM conversation")).all():
        title_number = conversation.number * PER_CONVERSATION
        rows = [
            {"rowid": title_number, "source": "", "terms": terms} for terms in list(documents(conversation.title))[:1]
        ]
        texts = ((text.id, terms) for text in _texts(connection, conversation.id) for terms in documents(text.text))
        rows += [
            {"rowid": number, "source": source, "terms": terms}
            for number, (source, terms) in enumerate(texts, title_number + 1)
        ]
        for row in rows:
            row["packed"] = zlib.compress(row["terms"].encode())
        for insert in inserts if rows else ():
            connection.execute(insert, rows)


def _texts(connection: sa.Connection, conversation_id: str) -> Sequence[sa.Row[Any]]:
    return connection.execute(
        sa.text(
            "SELECT id, content AS text, created_at FROM turn WHERE conversation_id = :id UNION ALL "
            "SELECT reply.id, reasoning || ' ' || answer, reply.created_at FROM reply JOIN turn ON turn.id = turn_id "
            "WHERE conversation_id = :id AND finish IS NOT NULL ORDER BY created_at"
        ),
        {"id": conversation_id},
    ).all()

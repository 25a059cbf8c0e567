"""The search index: which conversation has which words, and in which of its texts.

A document is the set of terms of one text: a title, a message, or a finished reply, thought and answer together. Its
number is that of its conversation × 1,000,000 + its place there, so that a hit names its conversation without a look at
any other table; the title has place 0. SQLite keeps documents in an FTS5 table, PostgreSQL as `tsvector` under a GIN
index. Both hold bare sets of terms: what is one, `words` decides, so that both find the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    Text,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from r1chat.messages import Reply
from r1chat.store.schema import conversations, replies, turns
from r1chat.store.words import Word, documents

_PER_CONVERSATION = 1_000_000

_document = table("search_document", column("rowid", BigInteger), column("source", Text), column("terms", Text))


@dataclass(frozen=True, slots=True)
class Found:
    """A row of `conversation` that has all the words, and the newest of its texts that has the longest of them."""

    conversation: RowMapping
    text: str


def index(connection: Connection, number: int, source: str, content: str) -> None:
    """Make a text findable, in place of what `source` said before. Whoever calls holds the conversation's row."""
    _delete(connection, number, source)
    last = connection.scalar(
        select(_document.c.rowid).where(_within(number)).order_by(_document.c.rowid.desc()).limit(1)
    )
    _insert(connection, (last or number * _PER_CONVERSATION) + 1, source, documents(content))


def index_reply(connection: Connection, number: int, reply_id: str, reply: Reply) -> None:
    """Make a finished reply findable. Whoever calls holds the conversation's row."""
    index(connection, number, reply_id, _both(reply.answer, reply.reasoning))


def index_title(connection: Connection, number: int, title: str) -> None:
    """Make a title findable, in place of the old one."""
    _delete(connection, number, "")
    _insert(connection, number * _PER_CONVERSATION, "", list(documents(title))[:1])


def forget(connection: Connection, number: int) -> None:
    """Drop all texts of a conversation."""
    connection.execute(delete(_document).where(_within(number)))


def find(connection: Connection, wanted: Sequence[Word], limit: int) -> list[Found]:
    """The conversations that have all the words, in whichever of their texts; the last changed first."""
    if not wanted:
        return []
    of_conversation = _document.c.rowid // _PER_CONVERSATION
    having = [conversations.c.number.in_(select(of_conversation).where(_has(connection, word))) for word in wanted]
    rows = (
        connection.execute(
            select(conversations)
            .where(conversations.c.deleted_at.is_(None), *having)
            .order_by(conversations.c.updated_at.desc(), conversations.c.number.desc())
            .limit(limit)
        )
        .mappings()
        .all()
    )
    longest = max(wanted, key=lambda word: len(word.text))
    newest = (
        select(func.max(_document.c.rowid))
        .where(_has(connection, longest), of_conversation.in_([row["number"] for row in rows]))
        .group_by(of_conversation)
    )
    hits = connection.execute(select(_document.c.rowid, _document.c.source).where(_document.c.rowid.in_(newest)))
    sources = {number // _PER_CONVERSATION: source for number, source in hits}
    texts = _texts(connection, list(sources.values()))
    return [Found(row, texts.get(sources[row["number"]], row["title"])) for row in rows]


def _texts(connection: Connection, sources: Sequence[str]) -> dict[str, str]:
    """What these sources say; nothing for a title."""
    messages = connection.execute(select(turns.c.id, turns.c.content).where(turns.c.id.in_(sources)))
    wanted = select(replies.c.id, replies.c.answer, replies.c.reasoning).where(replies.c.id.in_(sources))
    return {source: content for source, content in messages} | {
        source: _both(answer, reasoning) for source, answer, reasoning in connection.execute(wanted)
    }


def _both(answer: str, reasoning: str) -> str:
    return f"{answer}\n\n{reasoning}"  # the answer first: an excerpt is taken from where a word comes first


def _has(connection: Connection, word: Word) -> ColumnElement[bool]:
    """A condition on a document. Terms have only letters and digits: in quotes they cannot be read as operators."""
    if connection.dialect.name == "sqlite":
        query = " AND ".join(f'"{term}"{"*" if word.beginning else ""}' for term in word.terms)
        return literal_column("search_document").op("MATCH", is_comparison=True)(query)
    query = " & ".join(f"'{term}'{':*' if word.beginning else ''}" for term in word.terms)
    return _document.c.terms.op("@@", is_comparison=True)(cast(query, TSQUERY))


def _within(number: int) -> ColumnElement[bool]:
    return _document.c.rowid.between(number * _PER_CONVERSATION, (number + 1) * _PER_CONVERSATION - 1)


def _delete(connection: Connection, number: int, source: str) -> None:
    connection.execute(delete(_document).where(_within(number), _document.c.source == source))


def _insert(connection: Connection, number: int, source: str, found: Iterable[str]) -> None:
    as_terms = connection.dialect.name != "sqlite"
    for place, terms in enumerate(found):
        kept = func.array_to_tsvector(func.string_to_array(terms, " ")) if as_terms else terms
        connection.execute(insert(_document).values(rowid=number + place, source=source, terms=kept))

"""The search index: which conversation has which words, and in which of its texts.

A document is the set of terms of one text: a title, a message, or a finished reply, thought and answer together. Its
number is that of its conversation × 1,000,000 + its place there, so that a hit names its conversation without a look at
any other table; the title has place 0. What is a term, `words` decides, so that both kinds of database find the same.

PostgreSQL keeps a document as a `tsvector` under a GIN index. SQLite has an FTS5 table that keeps no text; to take a
document out of it, one must say what was put in, so its terms lie beside it, compressed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    RowMapping,
    Select,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    intersect,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from r1chat.messages import Reply
from r1chat.store.listing import NEWEST_FIRST
from r1chat.store.schema import conversations, replies, turns
from r1chat.store.search_terms import Word, documents

_PER_CONVERSATION = 1_000_000

_document = table("search_document", column("rowid", BigInteger), column("source", Text), column("terms", LargeBinary))
_fts5 = table("search_index", column("search_index", Text), column("rowid", BigInteger), column("terms", Text))
_LAST = (
    select(_document.c.rowid)
    .where(_document.c.rowid.between(bindparam("first"), bindparam("last")))
    .order_by(_document.c.rowid.desc())
    .limit(1)
)
_NEW_DOCUMENT, _NEW_TERMS, _OLD_TERMS = insert(_document), insert(_fts5), insert(_fts5)


@dataclass(frozen=True, slots=True)
class Match:
    """A row of `conversation` that has all the words, and the newest of its texts that has the longest of them."""

    conversation: RowMapping
    text: str


def index(connection: Connection, number: int, source: str, content: str) -> None:
    """Make a text findable, in place of what `source` said before. Whoever calls holds the conversation's row."""
    _delete(connection, _within(number) & (_document.c.source == source))
    index_new(connection, number, source, content)


def index_new(connection: Connection, number: int, source: str, content: str) -> None:
    """`index` for a source that said nothing before: it takes half the time."""
    add_new(connection, number, source, documents(content))


def add_new(connection: Connection, number: int, source: str, terms: Iterable[str]) -> None:
    """`index_new` for the terms of a text, as `terms_of` finds them."""
    first = number * _PER_CONVERSATION
    last = connection.scalar(_LAST, {"first": first, "last": first + _PER_CONVERSATION - 1})
    _insert(connection, (last or number * _PER_CONVERSATION) + 1, source, terms)


def terms_of(content: str) -> list[str]:
    """What the index keeps of a text. Takes about a second per million characters, and needs no connection."""
    return list(documents(content))


def terms_of_reply(reply: Reply) -> list[str]:
    """What the index keeps of a finished reply."""
    return terms_of(_both(reply.answer, reply.reasoning))


def index_reply(connection: Connection, number: int, reply_id: str, reply: Reply) -> None:
    """Make a finished reply findable. Whoever calls holds the conversation's row."""
    index(connection, number, reply_id, _both(reply.answer, reply.reasoning))


def index_new_reply(connection: Connection, number: int, reply_id: str, reply: Reply) -> None:
    """`index_reply` for a reply that was not findable before."""
    index_new(connection, number, reply_id, _both(reply.answer, reply.reasoning))


def index_title(connection: Connection, number: int, title: str) -> None:
    """Make a title findable, in place of the old one."""
    _delete(connection, _document.c.rowid == number * _PER_CONVERSATION)
    index_new_title(connection, number, title)


def index_new_title(connection: Connection, number: int, title: str) -> None:
    """`index_title` for a conversation without one."""
    _insert(connection, number * _PER_CONVERSATION, "", list(documents(title))[:1])


def forget(connection: Connection, number: int) -> None:
    """Take out all texts of a conversation."""
    _delete(connection, _within(number))


def tidy(connection: Connection) -> None:
    """Drop the words that FTS5 holds yet of texts that were taken out."""
    if connection.dialect.name == "sqlite":
        connection.execute(insert(_fts5).values(search_index="optimize"))


def find(connection: Connection, words: Sequence[Word], limit: int, condition: ColumnElement[bool]) -> list[Match]:
    """The conversations that have all the words, in whichever of their texts, and meet the condition; newest first."""
    if not words:
        return []
    if connection.dialect.name == "postgresql":  # its planner counts a look at a set of terms, but not its unpacking
        connection.execute(text("SET LOCAL enable_seqscan = off"))
    hits = [_matching(connection, word).subquery() for word in words]
    having_all = intersect(*(select(hit.c.rowid // _PER_CONVERSATION) for hit in hits))  # one set: cheap to plan
    latest = (
        select(conversations)
        .where(conversations.c.deleted_at.is_(None), conversations.c.number.in_(having_all), condition)
        .order_by(*NEWEST_FIRST)
        .limit(limit)
    )
    rows = connection.execute(latest).mappings().all()
    if not rows:
        return []
    longest = max(words, key=lambda word: len(word.text))
    sources = _sources(connection, longest, [row["number"] for row in rows])
    texts = _texts(connection, list(sources.values()))
    return [Match(row, texts.get(sources[row["number"]], row["title"])) for row in rows]


def _sources(connection: Connection, word: Word, numbers: Sequence[int]) -> dict[int, str]:
    """For each of these conversations the source of its newest text that has the word."""
    hits = _matching(connection, word).subquery()
    number = hits.c.rowid // _PER_CONVERSATION
    band = hits.c.rowid.between(min(numbers) * _PER_CONVERSATION, (max(numbers) + 1) * _PER_CONVERSATION)
    newest = select(func.max(hits.c.rowid)).where(band, number.in_(numbers)).group_by(number)
    documents = connection.execute(select(_document.c.rowid, _document.c.source).where(_document.c.rowid.in_(newest)))
    return {rowid // _PER_CONVERSATION: source for rowid, source in documents}


def _texts(connection: Connection, sources: Sequence[str]) -> dict[str, str]:
    """The texts of these sources; none for a title."""
    messages = connection.execute(select(turns.c.id, turns.c.content).where(turns.c.id.in_(sources)))
    query = select(replies.c.id, replies.c.answer, replies.c.reasoning).where(replies.c.id.in_(sources))
    return {source: content for source, content in messages} | {
        source: _both(answer, reasoning) for source, answer, reasoning in connection.execute(query)
    }


def _both(answer: str, reasoning: str) -> str:
    return f"{answer}\n\n{reasoning}"  # the answer first: an excerpt is taken from where a word comes first


def _matching(connection: Connection, word: Word) -> Select[tuple[int]]:
    """The numbers of the documents that have a word. Terms have only letters and digits: quotes hold them safely."""
    if connection.dialect.name == "sqlite":
        query = " AND ".join(f'"{term}"{"*" if word.beginning else ""}' for term in word.terms)
        return select(_fts5.c.rowid).where(literal_column("search_index").op("MATCH", is_comparison=True)(query))
    query = " & ".join(f"'{term}'{':*' if word.beginning else ''}" for term in word.terms)
    return select(_document.c.rowid).where(_document.c.terms.op("@@", is_comparison=True)(cast(query, TSQUERY)))


def _within(number: int) -> ColumnElement[bool]:
    return _document.c.rowid.between(number * _PER_CONVERSATION, (number + 1) * _PER_CONVERSATION - 1)


def _delete(connection: Connection, which: ColumnElement[bool]) -> None:
    if connection.dialect.name == "sqlite":
        for rowid, packed in connection.execute(select(_document.c.rowid, _document.c.terms).where(which)).all():
            out = {"search_index": "delete", "rowid": rowid, "terms": zlib.decompress(packed).decode()}
            connection.execute(_OLD_TERMS, out)  # how FTS5 spells it
    connection.execute(delete(_document).where(which))


def _insert(connection: Connection, rowid: int, source: str, pieces: Iterable[str]) -> None:
    for number, terms in enumerate(pieces, rowid):
        row = {"rowid": number, "source": source}
        if connection.dialect.name == "sqlite":
            connection.execute(_NEW_DOCUMENT, row | {"terms": zlib.compress(terms.encode())})
            connection.execute(_NEW_TERMS, {"rowid": number, "terms": terms})
        else:
            vector = func.array_to_tsvector(func.string_to_array(terms, " "))
            connection.execute(insert(_document).values(**row, terms=vector))

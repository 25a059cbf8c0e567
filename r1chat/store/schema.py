"""The tables, and how their rows become the values of `r1chat.messages` and back.

The schema of a real database is written in `r1chat.store.migrations`; a test compares the two. Indexes are only there.
A reply is one flat row: its columns bear the names of the fields of Reply, Usage, Timings, Provenance and Params. The
search index has another form in each kind of database and belongs to `search`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    RowMapping,
    Table,
    Text,
    TypeDecorator,
    false,
)

from r1chat.both import Both, Wording
from r1chat.conversations import Behaviour, ConversationInfo, MomentLabel, Preset, Provenance, StoredReply, StoredTurn
from r1chat.json_columns import value_of
from r1chat.messages import (
    FIRST_MOMENT,
    LAST_MOMENT,
    LONGEST_NAME,
    MOST_LATER,
    LaterThought,
    Params,
    Reply,
    Timings,
    Usage,
)

_Value = TypeVar("_Value", Reply, Usage, Timings, Provenance, Params)

_LONGEST_ERROR = 10_000  # characters of the sentence that a reply failed with

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class SafeText(TypeDecorator[str]):
    """Text without what a database refuses: NUL and lone surrogates become U+FFFD, one for one, so that places stay."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _storable(value)


class NameText(SafeText):
    """A name, of which LONGEST_NAME characters are kept and read: it is shown with every reply, whoever wrote it."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _storable(value[:LONGEST_NAME])

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value[:LONGEST_NAME]


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


class UtcTime(TypeDecorator[datetime]):
    """A moment, from FIRST_MOMENT to LAST_MOMENT; any other one is moved there, so that every time zone can show it.

    SQLite has no time zones: there it is written in UTC without one.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _bounded(value).astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _bounded(value).astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        if dialect.name == "sqlite":  # read in one step: an export has a million of them
            return lambda value: None if value is None else _bounded(datetime.fromisoformat(f"{value}+00:00"))
        return super().result_processor(dialect, coltype)


def _bounded(value: datetime) -> datetime:
    return FIRST_MOMENT if value < FIRST_MOMENT else LAST_MOMENT if value > LAST_MOMENT else value


def text_column(name: str, **options: Any) -> Column[str]:
    """Text that is there in every row, empty where nothing was said."""
    return Column(name, SafeText, nullable=False, server_default="", **options)


def name_column(name: str) -> Column[str]:
    """A name that is there in every row, empty where nothing was said."""
    return Column(name, NameText, nullable=False, server_default="")


metadata = MetaData()

conversations = Table(
    "conversation",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # names its texts in the search
    Column("id", SafeText, nullable=False, unique=True),
    name_column("title"),
    name_column("model"),
    Column("shown_turn_id", SafeText),  # see `tree`; a bookmark, not a reference
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),  # the last message or reply that was begun
    Column("deleted_at", UtcTime),
    Column("budget", Integer),  # tokens
    Column("keep_thoughts", Boolean, nullable=False, server_default=false()),
    Column("seen_from", SafeText),  # the id of a message; like `shown_turn_id` no reference
    name_column("thinking_choice"),
    text_column("system"),
    text_column("sampling"),  # JSON, see `r1chat.sampling`
    Column("system_role", Boolean, nullable=False, server_default=false()),
    name_column("preset"),  # its name; the preset may be gone
)

presets = Table(
    "preset",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("name", NameText, nullable=False, unique=True),
    name_column("model"),
    Column("budget", Integer),  # tokens
    name_column("thinking_choice"),
    text_column("system"),
    Column("system_role", Boolean, nullable=False, server_default=false()),
    text_column("sampling"),
)

turns = Table(
    "turn",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("conversation_id", SafeText, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("parent_reply_id", SafeText, ForeignKey("reply.id", ondelete="CASCADE", use_alter=True)),
    Column("position", Integer, nullable=False),
    Column("shown_reply_id", SafeText),
    Column("created_at", UtcTime, nullable=False),
    text_column("content"),
)

replies = Table(
    "reply",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("turn_id", SafeText, ForeignKey("turn.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("shown_turn_id", SafeText),
    text_column("owner"),  # the process that makes, or made, it
    Column("created_at", UtcTime, nullable=False),
    Column("saved_at", UtcTime, nullable=False),
    Column("finish", SafeText),  # NULL: it still grows
    Column("closed", Boolean, nullable=False),
    Column("reopened", Boolean, nullable=False),
    text_column("error"),
    name_column("raw_finish"),
    Column("prompt_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("reasoning_tokens", Integer, nullable=False),
    Column("answer_tokens", Integer, nullable=False),
    Column("context", Integer),  # tokens
    Column("first_token", Double),  # this and the other timings in seconds
    Column("thinking", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("load", Double),
    Column("prefill", Double),
    Column("decode", Double),
    name_column("backend"),
    name_column("backend_version"),
    name_column("model"),
    name_column("digest"),
    name_column("quantisation"),
    name_column("template_hash"),
    Column("temperature", Double, nullable=False),
    Column("top_p", Double, nullable=False),
    Column("top_k", Integer, nullable=False),
    Column("min_p", Double, nullable=False),
    Column("repeat_penalty", Double, nullable=False),
    Column("seed", BigInteger),
    Column("max_tokens", Integer),
    Column("origin", SafeText, nullable=False),
    Column("parent_id", SafeText, ForeignKey("reply.id", ondelete="SET NULL")),
    Column("kept_reasoning", Integer, nullable=False),
    Column("kept_answer", Integer, nullable=False),
    text_column("reasoning"),
    text_column("answer"),
    Column("budget", Integer),  # tokens
    name_column("closed_by"),
    Column("vote_id", SafeText),
    Column("seen_from", SafeText),
    Column("keep_thoughts", Boolean, nullable=False, server_default=false()),
    name_column("thinking_choice"),
    text_column("system"),
    name_column("sampling_source"),
    Column("presence_penalty", Double, nullable=False, server_default="0"),
    Column("system_role", Boolean, nullable=False, server_default=false()),
    name_column("preset"),
    text_column("later"),  # JSON: [[place in the reasoning, place in the answer], …]
    Column("incomplete_prompt", Boolean, nullable=False, server_default=false()),
)

moment_labels = Table(
    "moment_label",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # the order in which they came
    Column("id", SafeText, nullable=False, unique=True),
    Column("reply_id", SafeText, ForeignKey("reply.id", ondelete="CASCADE"), nullable=False),
    Column("start", Integer, nullable=False),  # this and `end` in characters of the reasoning
    Column("end", Integer, nullable=False),
    Column("kind", NameText, nullable=False),
    Column("verdict", SafeText, nullable=False),
    name_column("rater"),
    Column("created_at", UtcTime, nullable=False),
)


def reply_columns(value: Reply) -> dict[str, Any]:
    """What a reply is made of, for INSERT and UPDATE; its progress is not kept."""
    own = _fields(value, without={"usage", "timings", "progress", "error", "later"})
    own |= {"error": _as_stored(value.error), "later": _later_as_stored(value.later)}
    return own | _fields(value.usage) | _fields(value.timings)


def provenance_columns(value: Provenance) -> dict[str, Any]:
    """How a reply came to be, for INSERT and UPDATE."""
    return _fields(value, without={"params"}) | _fields(value.params)


def behaviour_columns(value: Behaviour) -> dict[str, Any]:
    """A behaviour as columns of a conversation or a preset; a preset has no column for its own name in it."""
    return {"thinking_choice" if name == "thinking" else name: setting for name, setting in asdict(value).items()}


def preset(row: RowMapping) -> Preset:
    """A row of `preset`."""
    behaviour = Behaviour(row["thinking_choice"], row["system"], row["sampling"], row["system_role"], row["name"])
    return Preset(row["id"], row["name"], behaviour, row["budget"], row["model"])


def stored_reply(row: RowMapping, siblings: int) -> StoredReply:
    """A row of `reply`, one of so many siblings."""
    return StoredReply(
        id=row["id"],
        turn_id=row["turn_id"],
        created=row["created_at"],
        reply=_read(
            Reply,
            row,
            usage=_read(Usage, row),
            timings=_read(Timings, row),
            progress=None,
            error=_as_read(row["error"]),
            later=later_thoughts(row["later"]),
        ),
        provenance=_read(Provenance, row, params=_read(Params, row)),
        position=row["position"],
        siblings=siblings,
    )


def stored_turn(row: RowMapping, siblings: int, reply: StoredReply | None) -> StoredTurn:
    """A row of `turn`, one of so many siblings, with the reply that it shows."""
    return StoredTurn(
        id=row["id"],
        conversation_id=row["conversation_id"],
        parent_reply_id=row["parent_reply_id"],
        created=row["created_at"],
        content=row["content"],
        reply=reply,
        position=row["position"],
        siblings=siblings,
    )


def conversation_info(row: RowMapping, excerpt: str = "") -> ConversationInfo:
    """A row of `conversation`."""
    return ConversationInfo(
        id=row["id"],
        title=row["title"],
        created=row["created_at"],
        updated=row["updated_at"],
        model=row["model"],
        excerpt=excerpt,
        budget=row["budget"],
        keep_thoughts=row["keep_thoughts"],
        seen_from=row["seen_from"],
        thinking_choice=row["thinking_choice"],
        system=row["system"],
        sampling=row["sampling"],
        system_role=row["system_role"],
        preset=row["preset"],
        deleted=row["deleted_at"],
    )


def moment_label(row: RowMapping) -> MomentLabel:
    """A row of `moment_label`."""
    return MomentLabel(
        id=row["id"],
        reply_id=row["reply_id"],
        start=row["start"],
        end=row["end"],
        kind=row["kind"],
        verdict=row["verdict"],
        created=row["created_at"],
        rater=row["rater"],
    )


def later_thoughts(column: str) -> tuple[LaterThought, ...]:
    """What `reply.later` says; nothing where it cannot be read, so that the texts of the reply still can."""
    places = value_of(column, list) or []
    if len(places) > MOST_LATER or not all(map(_is_place, places)):
        return ()
    thoughts = accumulate((thought for thought, _ in places), max)  # they grow, so that no text comes twice
    answers = accumulate((answer for _, answer in places), max)
    return tuple(map(LaterThought, thoughts, answers))


def _is_place(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(at) is int and 0 <= at < 2**31 for at in value)


def _later_as_stored(later: Sequence[LaterThought]) -> str:
    return json.dumps([[place.thought, place.answer] for place in later]) if later else ""


def _as_stored(text: Wording) -> str:
    """A text for a column: as it is, or a JSON array of its English and its Chinese."""
    return json.dumps([text.en, text.zh], ensure_ascii=False) if isinstance(text, Both) else text


def _as_read(column: str) -> Wording:
    """The text that `_as_stored` made a column of."""
    match value_of(column, list) if column.startswith('["') else None:
        case [str(en), str(zh)]:
            en, zh = (_storable(text[:_LONGEST_ERROR]) for text in (en, zh))  # JSON can spell what SafeText keeps out
            return Both(en, zh)
    return column[:_LONGEST_ERROR]


def _fields(value: Reply | Usage | Timings | Provenance | Params, without: Container[str] = ()) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value) if field.name not in without}


def _read(kind: type[_Value], row: RowMapping, **overrides: Any) -> _Value:
    return kind(
        **{field.name: overrides[field.name] if field.name in overrides else row[field.name] for field in fields(kind)}
    )

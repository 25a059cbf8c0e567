"""The tables of judgements, and how their rows become the values of `r1chat.judgements`.

Each has a running number: of several that say something of the same thing the highest is in force.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Integer, Row, RowMapping, Table

from r1chat.judgements import Aspects, Comparison, Rating, Reference, Sides, StepLabel, Verification
from r1chat.store.schema import SafeText, UtcTime, metadata, name_column, text_column


def _reference(name: str, target: str) -> Column[str]:
    return Column(name, SafeText, ForeignKey(target, ondelete="CASCADE"), nullable=False)


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("id", SafeText, nullable=False, unique=True),
        *columns,
        name_column("rater"),
        Column("created_at", UtcTime, nullable=False),
    )


ratings = _table(
    "rating",
    _reference("reply_id", "reply.id"),
    Column("part", SafeText, nullable=False),
    Column("thumb", SafeText, nullable=False),
    text_column("reasons"),  # with spaces between them
    text_column("comment"),
    Column("helpfulness", Integer),
    Column("correctness", Integer),
    Column("clarity", Integer),
    Column("harmlessness", Integer),
    Column("thought_open", Boolean),
)

step_labels = _table(
    "step_label",
    _reference("reply_id", "reply.id"),
    Column("verdict", SafeText, nullable=False),
    Column("start", Integer, nullable=False),  # this and `end` in characters of the reasoning
    Column("end", Integer, nullable=False),
)

comparison_sides = _table(  # stored as `duel`, which a comparison names as `duel_id`
    "duel",
    _reference("turn_id", "turn.id"),
    _reference("left_id", "reply.id"),
    _reference("right_id", "reply.id"),
    Column("blind", Boolean, nullable=False),
)

comparisons = _table(
    "comparison",
    _reference("duel_id", "duel.id"),
    Column("winner", SafeText, nullable=False),
    Column("left_thought_seen", Boolean),
    Column("right_thought_seen", Boolean),
    Column("dwell", Double),  # seconds
    text_column("comment"),
)

references = _table(
    "reference",
    _reference("turn_id", "turn.id"),
    Column("text", SafeText, nullable=False),
    Column("kind", SafeText, nullable=False),
)

verifications = _table(
    "verification",
    _reference("reply_id", "reply.id"),
    _reference("reference_id", "reference.id"),
    Column("accuracy", Double),
    text_column("rules"),  # a digest of those that found it, "" for others than this database's own
)

consents = _table(
    "consent",
    Column("conversation_id", SafeText, ForeignKey("conversation.id", ondelete="CASCADE")),  # NULL: all conversations
    Column("allowed", Boolean, nullable=False),
)

exclusions = _table(
    "exclusion",
    Column("subject_id", SafeText, nullable=False),  # a rating, comparison, step label, reference or corrected reply
    Column("excluded", Boolean, nullable=False),
    text_column("reason"),
)


def rating(row: RowMapping) -> Rating:
    """A row of `rating`."""
    return Rating(
        id=row["id"],
        reply_id=row["reply_id"],
        part=row["part"],
        thumb=row["thumb"],
        created=row["created_at"],
        rater=row["rater"],
        reasons=tuple(row["reasons"].split()),
        comment=row["comment"],
        aspects=Aspects(row["helpfulness"], row["correctness"], row["clarity"], row["harmlessness"]),
        thought_open=row["thought_open"],
    )


def step_label(row: RowMapping) -> StepLabel:
    """A row of `step_label`."""
    return StepLabel(
        id=row["id"],
        reply_id=row["reply_id"],
        verdict=row["verdict"],
        start=row["start"],
        end=row["end"],
        created=row["created_at"],
        rater=row["rater"],
    )


def sides(row: RowMapping) -> Sides:
    """A row of `comparison_sides`."""
    return Sides(
        id=row["id"],
        turn_id=row["turn_id"],
        left_id=row["left_id"],
        right_id=row["right_id"],
        blind=row["blind"],
        created=row["created_at"],
    )


def comparison(row: RowMapping, of: Sides) -> Comparison:
    """A row of `comparison`."""
    return Comparison(
        id=row["id"],
        sides=of,
        winner=row["winner"],
        created=row["created_at"],
        rater=row["rater"],
        left_thought_seen=row["left_thought_seen"],
        right_thought_seen=row["right_thought_seen"],
        dwell=row["dwell"],
        comment=row["comment"],
    )


_SIDES = [comparison_sides.c[name] for name in ("id", "turn_id", "left_id", "right_id", "blind", "created_at")]
_VERDICT = [
    comparisons.c[name]
    for name in ("id", "winner", "created_at", "rater", "left_thought_seen", "right_thought_seen", "dwell", "comment")
]
COMPARISON = (*_VERDICT, *_SIDES)  # of a comparison joined with its sides, in the order of their fields


def whole_comparison(row: Row[Any]) -> Comparison:
    """A row of COMPARISON; half the time of the two above, for where there are many."""
    sides_start = len(_VERDICT)
    return Comparison(row[0], Sides(*row[sides_start:]), *row[1:sides_start])


def reference(row: RowMapping) -> Reference:
    """A row of `reference`."""
    return Reference(
        id=row["id"],
        turn_id=row["turn_id"],
        text=row["text"],
        kind=row["kind"],
        created=row["created_at"],
        rater=row["rater"],
    )


def verification(row: RowMapping) -> Verification:
    """A row of `verification`."""
    return Verification(reply_id=row["reply_id"], reference_id=row["reference_id"], accuracy=row["accuracy"])

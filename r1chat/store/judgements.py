"""What people say of replies, kept for good: part of the store, beside conversations. Takes and returns
`r1chat.judgements`.

Everything is added, nothing overwritten. Raises NotFoundError for what is not there or was deleted, StoreError for a
judgement that makes no sense; nothing is stored then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Select, Table, case, func, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert

from r1chat.both import Both
from r1chat.errors import StoreError
from r1chat.judgements import (
    CHECKS,
    DOWN_REASONS,
    LONGEST_COMMENT,
    PARTS,
    UP_REASONS,
    WINNERS,
    Aspects,
    Check,
    Comparison,
    Judged,
    JudgementCounts,
    Part,
    Rating,
    Reference,
    Sides,
    StepLabel,
    StepVerdict,
    Thumb,
    Verification,
    Winner,
)
from r1chat.store import judgement_schema as rows
from r1chat.store import lookup
from r1chat.store.database import Database
from r1chat.store.exclusion import carry_exclusion
from r1chat.store.judgement_schema import (
    comparison_sides,
    comparisons,
    consents,
    exclusions,
    ratings,
    references,
    step_labels,
    verifications,
)
from r1chat.store.schema import conversations, moment_labels, replies, turns

_NO_PART = Both(
    "“{value}” is no part of a reply. Rate its answer or its thought.", "“{value}”不是回复的一部分。请评价回答或思考。"
)
_NO_THUMB = Both(
    "“{value}” is no thumb. Say up, down, or nothing to take it back.",
    "“{value}”不是赞或踩。请给出赞、踩，或留空以撤回。",
)
_NO_REASON = Both(
    "“{value}” is no reason for this thumb. Choose among: {known}.", "“{value}”不是这种评价的理由。可选：{known}。"
)
_NO_MARK = Both("A mark for {name} goes from 1 to 5, not {value}.", "{name} 的分数从 1 到 5，不能是 {value}。")
_NO_THOUGHT = Both(
    "This reply has no thought that could be rated. Rate its answer.", "这个回复没有可以评价的思考。请评价它的回答。"
)
_NO_STEP_VERDICT = Both(
    "“{value}” says nothing of a step. Choose a step again.", "“{value}”不是对步骤的评价。请重新选一步。"
)
_NO_STEPS = Both(
    "This reply has no thought whose steps could be judged. Rate its answer.",
    "这个回复没有可以逐步评价的思考。请评价它的回答。",
)
_NOT_A_STEP = Both(
    "Characters {start} to {end} are no step of this thought, which has {length}. Reload the page and choose the step "
    "again; nothing was changed.",
    "第 {start} 到 {end} 个字符不是这段思考的一步，它有 {length} 个字符。请重新加载页面，再选一次；没有任何改动。",
)
_STILL_WRITTEN = Both(
    "This reply is still being written. Wait until it ends, or stop it; then judge it.",
    "这个回复还在生成。请等它结束或先停止它，再来评价。",
)
_NOT_COMPARABLE = Both(
    "Only two different replies to the same message can be compared. Choose another one.",
    "只能比较同一条消息的两个不同回复。请另选一个。",
)
_NO_VERDICT = Both(
    "“{value}” is no verdict. Say left, right, tie, both bad, or skip it.",
    "“{value}”不是判定。请选左、右、平局、都不好，或跳过。",
)
_NO_CHECK = Both("“{value}” is no kind of check. Choose among: {known}.", "“{value}”不是检查方式。可选：{known}。")
_LONG_COMMENT = Both(
    "The comment has {length:,} characters; the most is {most:,}. Shorten it and save it again.",
    "评论有 {length:,} 个字符；上限是 {most:,}。请缩短后再保存。",
)


class Judgements:
    """The judgements in one database. Safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- judging ------------------------------------------------------------------------------------------------------

    def rate(
        self,
        reply_id: str,
        part: Part,
        thumb: Thumb,
        rater: str = "",
        reasons: Collection[str] = (),
        comment: str = "",
        aspects: Aspects = Aspects(),  # noqa: B008  frozen
        thought_open: bool | None = None,
    ) -> Rating:
        """Store a thumb for a part of a reply, in place of the rater's earlier one; an empty thumb withdraws it."""
        known = UP_REASONS if thumb == "up" else DOWN_REASONS if thumb == "down" else ()
        _check(part in PARTS, _NO_PART.format(value=part))
        _check(thumb in ("up", "down", ""), _NO_THUMB.format(value=thumb))
        for reason in reasons:
            _check(reason in known, _NO_REASON.format(value=reason, known=", ".join(known)))
        marks = {name: getattr(aspects, name) for name in Aspects.__slots__}
        for name, mark in marks.items():
            _check(mark is None or mark in range(1, 6), _NO_MARK.format(name=name, value=mark))
        with self._database.write() as connection:
            _check_written(connection, reply_id)
            if part == "thought" and not _length(connection, reply_id, replies.c.reasoning):
                raise StoreError(_NO_THOUGHT)
            ordered = [reason for reason in (*UP_REASONS, *DOWN_REASONS) if reason in reasons]
            values = {"reply_id": reply_id, "part": part, "thumb": thumb, "reasons": " ".join(ordered)}
            columns = values | {"comment": _comment(comment), "thought_open": thought_open} | marks
            row = _add(connection, ratings, rater, **columns)
            same = ratings.c.reply_id == reply_id, ratings.c.part == part, ratings.c.rater == rater
            carry_exclusion(connection, ratings, row["id"], *same)
            return rows.rating(row)

    def label_step(
        self, reply_id: str, verdict: StepVerdict, start: int = 0, end: int = 0, rater: str = ""
    ) -> StepLabel:
        """Label `reasoning[start:end]` as the first wrong step, or all steps as right; verdict "" withdraws it."""
        _check(verdict in ("first_wrong", "none_wrong", ""), _NO_STEP_VERDICT.format(value=verdict))
        if verdict != "first_wrong":
            start = end = 0
        with self._database.write() as connection:
            _check_written(connection, reply_id)
            length = _length(connection, reply_id, replies.c.reasoning)
            if verdict and not length:
                raise StoreError(_NO_STEPS)
            if verdict == "first_wrong" and not 0 <= start < end <= length:
                raise StoreError(_NOT_A_STEP.format(start=start, end=end, length=length))
            row = _add(connection, step_labels, rater, reply_id=reply_id, verdict=verdict, start=start, end=end)
            same = step_labels.c.reply_id == reply_id, step_labels.c.rater == rater
            carry_exclusion(connection, step_labels, row["id"], *same)
            return rows.step_label(row)

    def begin_comparison(self, left_id: str, right_id: str, blind: bool = True) -> Sides:
        """Put two replies to the same message side by side."""
        with self._database.write() as connection:
            lookup.conversation_of_reply(connection, left_id, lock=True)
            lookup.conversation_of_reply(connection, right_id)
            turn = select(replies.c.turn_id).where(replies.c.id.in_([left_id, right_id]))
            both = connection.scalars(turn).all()
            if len(both) != 2 or both[0] != both[1]:
                raise StoreError(_NOT_COMPARABLE)
            return rows.sides(
                _add(connection, comparison_sides, "", turn_id=both[0], left_id=left_id, right_id=right_id, blind=blind)
            )

    def compare(
        self,
        sides_id: str,
        winner: Winner,
        rater: str = "",
        thoughts_seen: tuple[bool | None, bool | None] = (None, None),
        dwell: float | None = None,
        comment: str = "",
    ) -> Comparison:
        """Store which side a rater prefers; "skipped" leaves it undecided. `thoughts_seen`: of left and right."""
        _check(winner in WINNERS, _NO_VERDICT.format(value=winner))
        with self._database.write() as connection:
            sides = _sides(connection, sides_id)
            left, right = thoughts_seen
            columns = {"winner": winner, "left_thought_seen": left, "right_thought_seen": right, "dwell": dwell}
            row = _add(connection, comparisons, rater, duel_id=sides_id, comment=_comment(comment), **columns)
            both = [sides.left_id, sides.right_id]
            pair = comparison_sides.c.left_id.in_(both), comparison_sides.c.right_id.in_(both)
            same = comparisons.c.duel_id.in_(select(comparison_sides.c.id).where(*pair)), comparisons.c.rater == rater
            carry_exclusion(connection, comparisons, row["id"], *same)
            return rows.comparison(row, sides)

    def set_reference(self, turn_id: str, text: str, kind: Check, rater: str = "") -> Reference:
        """Store the right answer to a message; an empty text withdraws it."""
        _check(kind in CHECKS, _NO_CHECK.format(value=kind, known=", ".join(CHECKS)))
        with self._database.write() as connection:
            lookup.conversation_of_turn(connection, turn_id, lock=True)
            row = _add(connection, references, rater, turn_id=turn_id, text=text.strip(), kind=kind)
            carry_exclusion(connection, references, row["id"], references.c.turn_id == turn_id)
            return rows.reference(row)

    def add_verification(
        self, reply_id: str, reference_id: str, accuracy: float | None, answer: str | None = None, rules: str = ""
    ) -> Verification | None:
        """Store the result of checking a reply against a reference.

        `answer`: what was checked. None, and nothing is stored, where the reply says something else by now. `rules`: a
        digest of those by which it was checked.
        """
        with self._database.write() as connection:
            lookup.conversation_of_reply(connection, reply_id, lock=True)
            now = connection.execute(select(replies.c.answer, replies.c.finish).where(replies.c.id == reply_id)).one()
            if answer is not None and (now.finish is None or now.answer != answer):
                return None
            values = {"reply_id": reply_id, "reference_id": reference_id, "accuracy": accuracy, "rules": rules}
            return rows.verification(_add(connection, verifications, "", **values))

    def confirm(self, numbers: Collection[int], rules: str) -> None:
        """Note that rules found these verdicts again, those with the running `numbers`."""
        if numbers:
            with self._database.write() as connection:
                connection.execute(update(verifications).where(verifications.c.number.in_(numbers)).values(rules=rules))

    def set_consent(self, conversation_id: str | None, allowed: bool, rater: str = "") -> None:
        """Store a consent to export a conversation; None: the global one, for conversations without their own."""
        with self._database.write() as connection:
            if conversation_id is not None:
                lookup.conversation(connection, conversation_id, lock=True)
            _add(connection, consents, rater, conversation_id=conversation_id, allowed=allowed)

    def copy_consent(self, from_id: str, conversation_id: str) -> None:
        """Give a conversation the own consent, or refusal, of another one, if that has any; it may be deleted."""
        this = consents.c.conversation_id == from_id
        newest = select(consents.c.allowed, consents.c.rater).where(this).order_by(consents.c.number.desc()).limit(1)
        with self._database.write() as connection:
            lookup.conversation(connection, conversation_id, lock=True)
            if own := connection.execute(newest).first():
                _add(connection, consents, own.rater, conversation_id=conversation_id, allowed=own.allowed)

    def exclude(self, subject_id: str, excluded: bool, reason: str = "", rater: str = "") -> None:
        """Exclude a judgement (or a corrected reply) from exports, or include it again."""
        lookup.check_id(subject_id, "judgement")
        with self._database.write() as connection:
            _add(connection, exclusions, rater, subject_id=subject_id, excluded=excluded, reason=_comment(reason))

    # -- reading ------------------------------------------------------------------------------------------------------

    def sides(self, sides_id: str) -> Sides:
        """Two replies that were put side by side."""
        with self._database.read() as connection:
            return _sides(connection, sides_id)

    def reference(self, turn_id: str) -> Reference | None:
        """The right answer to a message; None where there is none."""
        with self._database.read() as connection:
            lookup.conversation_of_turn(connection, turn_id)
            newest = select(references).where(references.c.turn_id == turn_id).order_by(references.c.number.desc())
            row = connection.execute(newest.limit(1)).mappings().first()
            return rows.reference(row) if row is not None and row["text"] else None

    def consent_for_all(self) -> bool:
        """The global consent: whether conversations without a consent of their own may be exported."""
        with self._database.read() as connection:
            return _consent_for_all(connection)

    def not_refused(self, ids: Collection[str]) -> set[str]:
        """Those of some conversations that are there, not deleted, and whose own export was not refused."""
        allowed = select(conversations.c.id).where(conversations.c.deleted_at.is_(None))
        usable: set[str] = set()
        with self._database.read() as connection:
            ordered = sorted(ids)
            for start in range(0, len(ordered), 500):
                part = conversations.c.id.in_(ordered[start : start + 500])
                usable.update(connection.scalars(allowed.where(part, consented(connection, otherwise=True))))
        return usable

    def judged(self, conversation_id: str, rater: str = "") -> Judged:
        """The judgements in force on all branches of a conversation, as this rater sees them."""
        with self._database.read() as connection:
            lookup.conversation(connection, conversation_id)
            here = select(turns.c.id).where(turns.c.conversation_id == conversation_id)
            replies_here = select(replies.c.id).where(replies.c.turn_id.in_(here))
            sides_here = select(comparison_sides.c.id).where(comparison_sides.c.turn_id.in_(here))

            def read(table: Table, *where: ColumnElement[bool]) -> list[Any]:
                query = select(table).where(*where).order_by(table.c.number)
                return list(connection.execute(query).mappings())

            rating_rows = map(
                rows.rating, read(ratings, ratings.c.reply_id.in_(replies_here), ratings.c.rater == rater)
            )
            steps = map(
                rows.step_label,
                read(step_labels, step_labels.c.reply_id.in_(replies_here), step_labels.c.rater == rater),
            )
            newest_references = {
                reference.turn_id: reference
                for reference in map(rows.reference, read(references, references.c.turn_id.in_(here)))
            }
            in_force = {turn: reference for turn, reference in newest_references.items() if reference.text}
            current_ids = {reference.id for reference in in_force.values()}
            verified = map(rows.verification, read(verifications, verifications.c.reply_id.in_(replies_here)))
            all_sides = {
                sides.id: sides
                for sides in map(rows.sides, read(comparison_sides, comparison_sides.c.turn_id.in_(here)))
            }
            verdicts = read(comparisons, comparisons.c.duel_id.in_(sides_here), comparisons.c.rater == rater)
            in_order = sorted({row["duel_id"]: row for row in verdicts}.values(), key=lambda row: row["number"])
            own = connection.scalars(
                select(consents.c.allowed)
                .where(consents.c.conversation_id == conversation_id)
                .order_by(consents.c.number.desc())
                .limit(1)
            ).first()
            return Judged(
                ratings={(rating.reply_id, rating.part): rating for rating in rating_rows},
                steps={label.reply_id: label for label in steps},
                references=in_force,
                verifications={result.reply_id: result for result in verified if result.reference_id in current_ids},
                sides={sides.turn_id: sides for sides in all_sides.values()},
                comparisons={row["duel_id"]: rows.comparison(row, all_sides[row["duel_id"]]) for row in in_order},
                consent=_consent_for_all(connection) if own is None else own,
                own_consent=own,
            )

    def gathered(self) -> JudgementCounts:
        """Counts of the judgements in force, in conversations that are not deleted."""
        with self._database.read() as connection:

            def count(query: Select[Any]) -> int:
                return connection.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0

            def of_replies(table: Table, *of: ColumnElement[Any]) -> Select[Any]:
                query = select(table).where(table.c.number.in_(newest(table, table.c.reply_id, *of)))
                return query.where(
                    table.c.reply_id.not_in(select(replies.c.id).where(replies.c.turn_id.in_(deleted_turns)))
                )

            deleted_turns = (  # few: excluding them is cheaper than selecting all others
                select(turns.c.id)
                .join(conversations, conversations.c.id == turns.c.conversation_id)
                .where(conversations.c.deleted_at.is_not(None))
            )
            winner_counts = connection.execute(
                select(comparisons.c.winner, func.count())
                .where(
                    comparisons.c.number.in_(comparisons_in_force()),
                    comparisons.c.duel_id.not_in(
                        select(comparison_sides.c.id).where(comparison_sides.c.turn_id.in_(deleted_turns))
                    ),
                )
                .group_by(comparisons.c.winner)
            )
            winners: Counter[str] = Counter({winner: number for winner, number in winner_counts})
            reference_ids = select(references.c.id).where(
                references.c.number.in_(newest(references, references.c.turn_id)),
                references.c.text != "",
                references.c.turn_id.not_in(deleted_turns),
            )
            verified_replies = select(verifications.c.reply_id).where(
                verifications.c.reference_id.in_(reference_ids), verifications.c.accuracy.is_not(None)
            )
            all_conversations = select(conversations).where(conversations.c.deleted_at.is_(None))
            return JudgementCounts(
                thumbs=count(of_replies(ratings, ratings.c.part, ratings.c.rater).where(ratings.c.thumb != "")),
                comparisons=winners["left"] + winners["right"],
                ties=winners["tie"] + winners["both_bad"],
                corrections=count(
                    select(replies).where(replies.c.origin == "corrected", replies.c.turn_id.not_in(deleted_turns))
                ),
                steps=count(of_replies(step_labels, step_labels.c.rater).where(step_labels.c.verdict != "")),
                references=count(reference_ids),
                verified=connection.scalar(select(func.count()).select_from(verified_replies.distinct().subquery()))
                or 0,
                moments=count(of_replies(moment_labels, moment_labels.c.start, moment_labels.c.end)),
                consented=count(all_conversations.where(consented(connection))),
                conversations=count(all_conversations),
            )


def newest(table: Table, *of: ColumnElement[Any]) -> Select[tuple[int]]:
    """Subquery: the `number` of the newest row for each combination of the columns `of`."""
    return select(func.max(table.c.number)).group_by(*of)


def comparisons_in_force() -> Select[tuple[int]]:
    """Subquery: the `number` of the newest verdict of each rater on two replies, however often they were compared.

    Of one comparison the newest verdict counts; where that was skipped, one of another comparison of the two.
    """
    left, right = comparison_sides.c.left_id, comparison_sides.c.right_id
    pair = case((left < right, left), else_=right), case((left < right, right), else_=left)
    decided = func.max(case((comparisons.c.winner != "skipped", comparisons.c.number)))
    return (
        select(func.coalesce(decided, func.max(comparisons.c.number)))
        .join(comparison_sides, comparison_sides.c.id == comparisons.c.duel_id)
        .where(comparisons.c.number.in_(newest(comparisons, comparisons.c.duel_id, comparisons.c.rater)))
        .group_by(*pair, comparisons.c.rater)
    )


def consented(connection: Connection, otherwise: bool | None = None) -> ColumnElement[bool]:
    """SQL condition on `conversation`: its own consent, else `otherwise`, which is the global one where it is None."""
    own = (
        select(consents.c.allowed)
        .where(consents.c.conversation_id == conversations.c.id)
        .order_by(consents.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(own, _consent_for_all(connection) if otherwise is None else otherwise)


def _consent_for_all(connection: Connection) -> bool:
    query = select(consents.c.allowed).where(consents.c.conversation_id.is_(None)).order_by(consents.c.number.desc())
    return bool(connection.scalars(query.limit(1)).first())


def _sides(connection: Connection, sides_id: str) -> Sides:
    lookup.check_id(sides_id, "comparison")
    row = connection.execute(select(comparison_sides).where(comparison_sides.c.id == sides_id)).mappings().first()
    if row is None:
        raise lookup.not_found("comparison")
    lookup.conversation_of_turn(connection, row["turn_id"])
    return rows.sides(row)


def _check_written(connection: Connection, reply_id: str) -> None:
    """Raise StoreError for a reply that is being made: its text becomes another one. Locks its conversation."""
    lookup.conversation_of_reply(connection, reply_id, lock=True)
    if connection.scalar(select(replies.c.finish).where(replies.c.id == reply_id)) is None:
        raise StoreError(_STILL_WRITTEN)


def _length(connection: Connection, reply_id: str, column: ColumnElement[str]) -> int:
    return connection.scalar(select(func.length(column)).where(replies.c.id == reply_id)) or 0


def _add(connection: Connection, table: Table, rater: str, **values: Any) -> Any:
    row = values | {"id": uuid4().hex, "rater": rater, "created_at": datetime.now(UTC)}
    return connection.execute(_insertion(table), row).mappings().one()


@cache
def _insertion(table: Table) -> ReturningInsert[Any]:
    """Made once: that takes longer than to run it."""
    return insert(table).returning(*table.c)


def _comment(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_COMMENT:
        raise StoreError(_LONG_COMMENT.format(length=len(text), most=LONGEST_COMMENT))
    return text


def _check(holds: bool, sentence: Both) -> None:
    if not holds:
        raise StoreError(sentence)

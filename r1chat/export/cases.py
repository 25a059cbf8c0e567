"""Every judgement on a message as one kind of value, and whether an export takes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from r1chat.export import refusals
from r1chat.judgements import Comparison, Rating, Reference, StepLabel
from r1chat.store.dataset import JudgedReply, JudgedTurn
from r1chat.store.entries import JudgementKind

ExportStatus = Literal["exported", "undecided", "no_consent", "excluded", "refused", "other_format"]


class Case(NamedTuple):
    """One judgement on a message, with the replies that it is about.

    `sides`: left and right of a comparison, the correction and what it stands for, the reply that was rated, or all
    replies to the message for a reference.
    """

    kind: JudgementKind
    id: str
    turn: JudgedTurn
    judgement: Comparison | JudgedReply | Rating | StepLabel | Reference
    sides: tuple[JudgedReply, ...]

    @property
    def rater(self) -> str:
        """Who judged; "" for a correction."""
        return "" if isinstance(self.judgement, JudgedReply) else self.judgement.rater

    @property
    def created(self) -> datetime:
        """When it was judged."""
        return self.judgement.created_at if isinstance(self.judgement, JudgedReply) else self.judgement.created

    @property
    def winner(self) -> JudgedReply | None:
        """The side that was preferred, of a comparison or a correction that was decided."""
        if self.kind == "correction":
            return self.sides[0]
        if isinstance(self.judgement, Comparison) and self.judgement.winner in ("left", "right"):
            return self.sides[self.judgement.winner == "right"]
        return None

    @property
    def liked(self) -> JudgedReply | None:
        """The winner, or the reply whose answer has a thumb up."""
        judgement = self.judgement
        if isinstance(judgement, Rating):
            return self.sides[0] if (judgement.part, judgement.thumb) == ("answer", "up") else None
        return self.winner

    @property
    def loser(self) -> JudgedReply | None:
        """The other side."""
        winner = self.winner
        return None if winner is None else next(side for side in self.sides if side is not winner)


def cases(turn: JudgedTurn) -> Iterator[Case]:
    """All judgements on a message that were asked for, always in the same order."""
    at = turn.replies
    for comparison in turn.comparisons:
        yield Case(
            "comparison", comparison.id, turn, comparison, (at[comparison.sides.left_id], at[comparison.sides.right_id])
        )
    for reply in at.values():
        if reply.id in turn.wanted and reply.parent_id is not None:
            yield Case("correction", reply.id, turn, reply, (reply, at[reply.parent_id]))
    for rating in turn.ratings:
        yield Case("rating", rating.id, turn, rating, (at[rating.reply_id],))
    for label in turn.steps:
        yield Case("step", label.id, turn, label, (at[label.reply_id],))
    if turn.reference is not None and turn.reference.id in turn.wanted:
        yield Case("reference", turn.reference.id, turn, turn.reference, tuple(at.values()))


def export_status(case: Case) -> tuple[ExportStatus, str]:
    """Whether an export takes a judgement, and else the reason: a code of REASONS, or a rater's words."""
    turn = case.turn
    if case.id in turn.excluded:
        return "excluded", turn.excluded[case.id]
    if not turn.consent:
        return "no_consent", ""
    if isinstance(case.judgement, Comparison) and case.winner is None:
        return "undecided", ""
    reason = refusals.of_texts(turn, case.sides) or _refusal(case)
    return ("refused", reason) if reason else ("exported", "")


def _refusal(case: Case) -> refusals.Reason | None:
    judgement = case.judgement
    if case.liked is not None and case.turn.accuracy(case.liked) is False:
        return "verified_wrong"
    if isinstance(judgement, Comparison):
        return refusals.of_comparison(case.turn, judgement)
    if isinstance(judgement, JudgedReply):
        return refusals.of_pair(*case.sides)
    if isinstance(judgement, Rating):
        return refusals.of_rating(case.turn, judgement)
    if isinstance(judgement, StepLabel):
        return refusals.of_step(case.turn, judgement)
    return None

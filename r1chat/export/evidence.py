"""What is known of a judgement beside its texts, as the values of the metadata columns (see `columns`)."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from r1chat.export.columns import CHOSEN, REJECTED
from r1chat.export.standing import Case
from r1chat.export.texts import Texts
from r1chat.judgements import Comparison, Rating
from r1chat.languages import language_of
from r1chat.store.dataset import JudgedReply, JudgedTurn

Values = dict[str, Any]

_SOURCES = {"comparison": "comparison", "correction": "correction", "rating": "thumbs", "step": "steps"}
_VERIFIED = {None: "", True: "right", False: "wrong"}
_SIDES = (*CHOSEN, *REJECTED)
_SEEN = {None: "", True: "yes", False: "no"}


def about(case: Case, texts: Texts) -> Values:
    """Of any judgement: the columns JUDGEMENT."""
    judgement = case.judgement
    comment = judgement.comment if isinstance(judgement, Comparison | Rating) else ""
    return {
        "id": case.id,
        "conversation": case.turn.conversation_id,
        "source": _SOURCES.get(case.kind, "reference"),
        "rater": case.rater,
        "created": case.created.astimezone(UTC).isoformat(timespec="seconds"),
        "language": language_of(case.turn.message),
        "comment": texts.clean(comment),
    }


def about_pair(case: Case, texts: Texts, chosen: JudgedReply, rejected: JudgedReply) -> Values:
    """Of a pair: the columns PAIR."""
    said = case.judgement if isinstance(case.judgement, Comparison) else None
    vote = {
        "blind": said is not None and said.sides.blind,
        "winner_side": said.winner if said else "",
        "dwell_seconds": (said and said.dwell) or 0.0,
    }
    sides = zip(_SIDES, (*about_reply(case, chosen).values(), *about_reply(case, rejected).values()), strict=True)
    return about(case, texts) | vote | dict(sides)


def about_reply(case: Case, reply: JudgedReply) -> Values:
    """Of one reply: the columns REPLY, in their order."""
    return {
        "reply": reply.id,
        "model": reply.model,
        "digest": reply.digest,
        "origin": reply.origin,
        "verified": _VERIFIED[accuracy(case.turn, reply)],
        "thought_seen": _SEEN[_thought_seen(case, reply)],
    }


def about_thumb(case: Case) -> Values:
    """Of a thumb, and of what is labelled without one: the columns THUMB."""
    said = case.judgement if isinstance(case.judgement, Rating) else None
    thought = next(
        (
            each.thumb
            for each in case.turn.ratings
            if said and each.part == "thought" and (each.reply_id, each.rater) == (said.reply_id, said.rater)
        ),
        "",
    )
    marks = ("helpfulness", "correctness", "clarity", "harmlessness")
    return {"reasons": " ".join(said.reasons) if said else "", "thought_thumb": thought} | {
        name: (said and getattr(said.aspects, name)) or 0 for name in marks
    }


def _thought_seen(case: Case, reply: JudgedReply) -> bool | None:
    said = case.judgement
    if isinstance(said, Comparison):
        return said.left_thought_seen if reply.id == said.sides.left_id else said.right_thought_seen
    return said.thought_open if isinstance(said, Rating) else None


def accuracy(turn: JudgedTurn, reply: JudgedReply) -> bool | None:
    """Whether a reply is right by the reference; None where that is not known."""
    said = turn.verified.get(reply.id)
    return None if said is None or said.accuracy is None else said.accuracy >= 1

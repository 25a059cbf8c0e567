"""The metadata columns of an exported row (see `columns`): who judged, when, with which models."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from r1chat.export.cases import Case
from r1chat.export.columns import CHOSEN, REJECTED
from r1chat.export.texts import Texts
from r1chat.judgements import Comparison, Rating
from r1chat.languages import language_of
from r1chat.store.dataset import JudgedReply

Values = dict[str, Any]

_SOURCES = {"comparison": "comparison", "correction": "correction", "rating": "thumbs", "step": "steps"}
_VERIFIED = {None: "", True: "right", False: "wrong"}
_SIDES = (*CHOSEN, *REJECTED)
_SEEN = {None: "", True: "yes", False: "no"}


def about(case: Case, texts: Texts) -> Values:
    """The columns JUDGEMENT of any judgement."""
    judgement = case.judgement
    comment = judgement.comment if isinstance(judgement, Comparison | Rating) else ""
    return {
        "id": case.id,
        "conversation": case.turn.conversation_id,
        "source": _SOURCES.get(case.kind, "reference"),
        "rater": case.rater,
        "created": case.created.astimezone(UTC).isoformat(timespec="seconds"),
        "language": language_of(case.turn.message),
        "question": texts.clean(case.turn.message),
        "comment": texts.clean(comment),
    }


def about_pair(case: Case, texts: Texts, chosen: JudgedReply, rejected: JudgedReply) -> Values:
    """The columns PAIR of a comparison or correction."""
    comparison = case.judgement if isinstance(case.judgement, Comparison) else None
    vote = {
        "blind": comparison is not None and comparison.sides.blind,
        "winner_side": comparison.winner if comparison else "",
        "dwell_seconds": (comparison and comparison.dwell) or 0.0,
    }
    values = (value for reply in (chosen, rejected) for value in about_reply(case, texts, reply).values())
    return about(case, texts) | vote | dict(zip(_SIDES, values, strict=True))


def about_reply(case: Case, texts: Texts, reply: JudgedReply) -> Values:
    """The columns REPLY of one reply, in their order. Many servers call a model by its path, which names its owner."""
    return {
        "reply": reply.id,
        "model": texts.clean(reply.model),
        "digest": reply.digest,
        "origin": reply.origin,
        "verified": _VERIFIED[case.turn.accuracy(reply)],
        "thought_seen": _SEEN[_thought_seen(case, reply)],
    }


def about_thumb(case: Case) -> Values:
    """The columns THUMB; empty for a judgement that is no rating."""
    rating = case.judgement if isinstance(case.judgement, Rating) else None
    ratings = case.turn.by_rater.get((rating.reply_id, rating.rater), ()) if rating else ()
    thought = next((other.thumb for other in ratings if other.part == "thought"), "")
    marks = ("helpfulness", "correctness", "clarity", "harmlessness")
    return {"reasons": " ".join(rating.reasons) if rating else "", "thought_thumb": thought} | {
        name: (rating and getattr(rating.aspects, name)) or 0 for name in marks
    }


def _thought_seen(case: Case, reply: JudgedReply) -> bool | None:
    judgement = case.judgement
    if isinstance(judgement, Comparison):
        return judgement.left_thought_seen if reply.id == judgement.sides.left_id else judgement.right_thought_seen
    return judgement.thought_open if isinstance(judgement, Rating) else None

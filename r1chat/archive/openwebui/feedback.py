"""An annotation or a feedback of Open WebUI -> rows of ratings, and of comparisons where it was in the arena. Pure.

A thumb up in the arena says that the reply won against its siblings, one down that it lost, as Open WebUI's own
leaderboard counts it. Ids are made from the content: the same feedback twice is one row, a changed mind another one,
and so is one that is changed back (see `merge`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from r1chat.archive.foreign import Feedback
from r1chat.archive.untrusted import clean, mapping
from r1chat.judgements import LONGEST_COMMENT, Thumb
from r1chat.store.archive import Row, Rows

_MEANING = {  # its reasons that are ours too; the others are kept as a comment
    "accurate_information": "correct",
    "thorough_explanation": "complete",
    "not_factually_correct": "wrong",
    "too_verbose": "too_long",
    "being_lazy": "incomplete",
    "didnt_fully_follow_instructions": "incomplete",
}
_ALLOWED = {"up": ("correct", "complete"), "down": ("wrong", "too_long", "incomplete")}
_NO_REASON = ("", "other")
_WORST_LIKED = 6  # of 10: the marks that its page offers with a thumb up begin there


def feedback_of(
    data: Mapping[str, Any],
    reply_id: str,
    sides: Sequence[str],
    rater: str,
    when: datetime,
    left_out: Counter[str],
) -> list[Feedback]:
    """The judgements in `data`, the fields of an annotation or a feedback, on a reply. `sides`: it and its rivals in
    their order; none outside of the arena. What r1chat has no place for is counted in `left_out`.
    """
    thumb = _thumb(data.get("rating"))
    if mapping(data.get("details")).get("rating") is not None:
        left_out["marks"] += 1
    if data.get("tags"):
        left_out["tags"] += 1
    if not thumb:
        left_out["no_thumb"] += 1
        return []
    reasons, comment = _words(thumb, clean(data.get("reason")), clean(data.get("comment")))
    by: Row = {"rater": rater, "created_at": when}
    rating: Row = {"reply_id": reply_id, "part": "answer", "thumb": thumb, "reasons": reasons, "comment": comment}
    rating["id"] = _id(reply_id, rater, thumb, reasons, comment)
    judgements = [Feedback((reply_id,), [("rating", rating | by)])]
    at = sides.index(reply_id) if sides else 0
    for other, rival in enumerate(sides):
        if rival != reply_id:
            left, right = (rival, reply_id) if other < at else (reply_id, rival)
            winner = "left" if (thumb == "up") == (left == reply_id) else "right"
            pair: Row = {"id": _id(left, "duel", right), "turn_id": "", "left_id": left, "right_id": right}
            comparison: Row = {"id": _id(pair["id"], rater, winner, comment), "duel_id": pair["id"], "winner": winner}
            rows: Rows = [("duel", pair | {"blind": True, "created_at": when})]
            judgements.append(Feedback((left, right), [*rows, ("comparison", comparison | {"comment": comment} | by)]))
    return judgements


def _thumb(rating: Any) -> Thumb:
    """A thumb is 1 or -1, in some versions as text; a mark up to 10 stands for the thumb that goes with it."""
    try:
        number = int(rating) if isinstance(rating, int | str) and not isinstance(rating, bool) else 0
    except ValueError:
        return ""
    if number == 1 or _WORST_LIKED <= number <= 10:
        return "up"
    return "down" if number == -1 or 2 <= number < _WORST_LIKED else ""


def _words(thumb: Thumb, reason: str, comment: str) -> tuple[str, str]:
    """Our reason, and a comment that has what our reasons do not say."""
    code = reason.strip().lower().replace("'", "").replace("’", "").replace(" ", "_")
    ours = _MEANING.get(code, "")
    if ours in _ALLOWED.get(thumb, ()):
        reason = ""
    else:
        ours, reason = "", "" if code in _NO_REASON else reason.strip().replace("_", " ")
    text = ": ".join(filter(None, (reason, comment.strip())))
    return ours, text if len(text) <= LONGEST_COMMENT else text[: LONGEST_COMMENT - 1] + "…"


def _id(about: str, *words: str) -> str:
    return uuid5(UUID(about), "\0".join(words)).hex

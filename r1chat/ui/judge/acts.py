"""What the buttons of `rating`, `reference` and `consent` do. Knows no Gradio and no SQL.

Everything that the page sends is taken as hostile input: it ends in a judgement, or in an error with its sentence.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from r1chat.app import App
from r1chat.errors import MessageError
from r1chat.judgements import Aspects, Check, Part, Rating, StepVerdict, Thumb
from r1chat.ui.words.page import words

LONGEST_CORRECTION = 500_000  # characters; the longest thoughts have some 200,000
LONGEST_REFERENCE = 4_000  # characters
LONGEST_PLACE = 10**9  # characters into a thought

_rating = threading.Lock()  # a rating says anew what was said before: two clicks must not forget each other


def rate(app: App, reply_id: str, text: str, lang: str) -> None:
    """Change one thing of a rating: the thumb, a reason, a mark or the comment. The rest stays as it is.

    Another thumb has other reasons, so they are let go.
    """
    said = _fields(text)
    part = cast(Part, _word(said, "part"))
    with _rating:
        stored = app.store.reply(reply_id)
        judged = app.teacher.judged(app.store.turn(stored.turn_id).conversation_id)
        now = judged.ratings.get((reply_id, part)) or Rating("", reply_id, part, "", stored.created)
        reasons, aspects, thumb, comment = set(now.reasons), now.aspects, now.thumb, now.comment
        if "thumb" in said:
            thumb = cast(Thumb, _word(said, "thumb"))
            reasons = reasons if thumb == now.thumb else set()
        if "reason" in said:
            reason = _word(said, "reason")
            reasons = reasons | {reason} if said.get("given") else reasons - {reason}
        if "aspect" in said:
            aspects = _marked(aspects, said["aspect"], said.get("mark"), lang)
        if "comment" in said:
            comment = str(said["comment"])
        seen = said.get("open")
        opened = seen if isinstance(seen, bool) else now.thought_open
        app.teacher.rate(reply_id, part, thumb, reasons, comment, aspects, opened)


def _marked(aspects: Aspects, aspect: object, mark: object, lang: str) -> Aspects:
    whole = mark is None or (type(mark) is int and 1 <= mark <= 5)
    if aspect not in Aspects.__slots__ or not whole:
        raise MessageError(words(lang).bad_mark)
    given: Any = {aspect: mark}
    return replace(aspects, **given)


def label_step(app: App, reply_id: str, text: str, lang: str) -> None:
    """The first wrong step, that there is none, or nothing any more."""
    said = _fields(text)
    verdict = cast(StepVerdict, _word(said, "verdict"))
    app.teacher.label_step(reply_id, verdict, _place(said, "start"), _place(said, "end"))


def correct(app: App, reply_id: str, text: str, lang: str) -> None:
    """A person's own answer, or thought, in place of a reply's."""
    said = _fields(text)
    written = str(said.get("text", ""))
    if len(written) > LONGEST_CORRECTION:
        limit = f"{LONGEST_CORRECTION:,}"
        raise MessageError(words(lang).long_correction.format(n=f"{len(written):,}", limit=limit))
    if said.get("part") == "thought":
        app.teacher.correct(reply_id, app.store.reply(reply_id).reply.answer, written)
    else:
        app.teacher.correct(reply_id, written)


def refer(app: App, turn_id: str, text: str, lang: str) -> None:
    """What is right in answer to a message; an empty text takes it back."""
    said = _fields(text)
    right, kind = str(said.get("text", "")), _word(said, "kind")
    if len(right) > LONGEST_REFERENCE:
        limit = f"{LONGEST_REFERENCE:,}"
        raise MessageError(words(lang).long_reference.format(n=f"{len(right):,}", limit=limit))
    app.teacher.set_reference(turn_id, right, cast(Check, kind) if kind else None)


def consent(app: App, conversation_id: str, text: str, lang: str) -> None:
    """Whether a conversation may be exported."""
    allowed = _fields(text).get("allowed")
    if not isinstance(allowed, bool):
        raise MessageError(words(lang).bad_consent)
    app.teacher.set_consent(conversation_id, allowed)


ACTS: Mapping[str, Callable[[App, str, str, str], object]] = {  # by verb; each takes app, id, JSON and language
    "rate": rate,
    "step": label_step,
    "correct": correct,
    "refer": refer,
    "consent": consent,
}


def _word(said: Mapping[str, Any], name: str) -> str:
    """One of our own words; what is none stays recognisable in the sentence that refuses it."""
    return re.sub(r"\W", "?", str(said.get(name, ""))[:40], flags=re.ASCII)


def _place(said: Mapping[str, Any], name: str) -> int:
    """A place in a thought; -1 for what can be none."""
    place = said.get(name)
    return place if type(place) is int and 0 <= place <= LONGEST_PLACE else -1


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    return fields if isinstance(fields, dict) else {}

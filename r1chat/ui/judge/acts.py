"""What the buttons of `rating`, `reference` and `consent` do. Knows no Gradio and no SQL.

Everything that the page sends is taken as hostile input: it ends in a judgement, or in an error with its sentence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from r1chat.app import App
from r1chat.errors import MessageError
from r1chat.judgements import Aspects, Check, Part, Rating, StepVerdict, Thumb
from r1chat.ui.act import Act, Actions
from r1chat.ui.words.page import Words

LONGEST_CORRECTION = 500_000  # characters; the longest thoughts have some 200,000
LONGEST_REFERENCE = 4_000  # characters
LONGEST_TESTS = 100_000  # characters of a reference that is tests


def rate(app: App, act: Act) -> None:
    """Change one thing of a rating: the thumb, a reason, a mark or the comment. The rest stays as it is."""
    fields = act.fields

    def change(rating: Rating) -> Rating:
        if "thumb" in fields:
            rating = rating.with_thumb(cast(Thumb, fields.word("thumb")))
        if "reason" in fields:
            reason = fields.word("reason")
            reasons = {*rating.reasons, reason} if fields.flag("given") else {*rating.reasons} - {reason}
            rating = replace(rating, reasons=tuple(reasons))
        if "aspect" in fields:
            rating = replace(rating, aspects=_marked(rating.aspects, fields["aspect"], fields["mark"]))
        if "comment" in fields:
            rating = replace(rating, comment=fields.text("comment"))
        opened = fields.flag("open")
        return rating if opened is None else replace(rating, thought_open=opened)

    app.teacher.change_rating(act.subject, cast(Part, fields.word("part")), change)


def _marked(aspects: Aspects, aspect: object, mark: object) -> Aspects:
    whole = mark is None or (type(mark) is int and 1 <= mark <= 5)
    if aspect not in Aspects.__slots__ or not whole:
        raise MessageError(Words.bad_mark)
    change: Any = {aspect: mark}
    return replace(aspects, **change)


def label_step(app: App, act: Act) -> None:
    """The first wrong step, that there is none, or nothing any more."""
    fields = act.fields
    verdict = cast(StepVerdict, fields.word("verdict"))
    app.teacher.label_step(act.subject, verdict, fields.place("start"), fields.place("end"))


def correct(app: App, act: Act) -> None:
    """A person's own answer, or thought, in place of a reply's."""
    fields = act.fields
    text = fields.text("text")
    if len(text) > LONGEST_CORRECTION:
        raise MessageError(Words.long_correction.format(n=f"{len(text):,}", limit=f"{LONGEST_CORRECTION:,}"))
    if fields.text("part") == "thought":
        app.teacher.correct(act.subject, app.store.reply(act.subject).reply.answer, text)
    else:
        app.teacher.correct(act.subject, text)


def refer(app: App, act: Act) -> None:
    """What is right in answer to a message; an empty text takes it back."""
    fields = act.fields
    right, kind = fields.text("text"), fields.word("kind")
    longest = LONGEST_TESTS if kind == "tests" else LONGEST_REFERENCE
    if len(right) > longest:
        raise MessageError(Words.long_reference.format(n=f"{len(right):,}", limit=f"{longest:,}"))
    app.teacher.set_reference(act.subject, right, cast(Check, kind) if kind else None)


def run_tests(app: App, act: Act) -> None:
    """Run the program in a reply against the tests of its message; the page has asked whether it may."""
    app.teacher.begin_tests(act.subject)


def stop_tests(app: App, act: Act) -> None:
    """End the run of a reply's tests."""
    app.teacher.stop_tests(act.subject)


def consent(app: App, act: Act) -> None:
    """Whether a conversation may be exported."""
    allowed = act.fields.flag("allowed")
    if allowed is None:
        raise MessageError(Words.bad_consent)
    app.teacher.set_consent(act.subject, allowed)


ACTIONS: Actions = {
    "rate": rate,
    "step": label_step,
    "correct": correct,
    "refer": refer,
    "run-tests": run_tests,
    "stop-tests": stop_tests,
    "consent": consent,
}

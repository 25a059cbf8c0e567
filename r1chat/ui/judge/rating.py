"""Judging a reply: its thumbs and what unfolds from them, its steps, its corrections. Pure: values and words in, HTML
out; what the buttons do stands in `judging`.

A `data-key` names what has to stay as it is while new HTML comes: unfolded, focused or half written.
"""

from __future__ import annotations

import json

from r1chat.judgements import DOWN_REASONS, UP_REASONS, Aspects, Judged, Part, Rating
from r1chat.messages import StoredReply
from r1chat.ui.html.markdown import plain
from r1chat.ui.judge import reference
from r1chat.ui.talk.render import button
from r1chat.ui.words.page import Words


def thumbs(stored: StoredReply, judged: Judged, words: Words) -> str:
    """The thumbs for an answer; they stand first among what can be done with a reply."""
    return _thumbs(stored.id, "answer", judged, words) if stored.reply.answer else ""


def more(stored: StoredReply, words: Words) -> str:
    """What is seldom done with a reply, behind “⋯”."""
    editing = {"label": words.correct_answer, "save": words.save_correction, "cancel": words.cancel}
    correct = button("correct", stored.id, words.correct_answer, part="answer", **editing)
    rules = button("rules", stored.id, words.rule_rewards)
    name = plain(words.more_acts)
    summary = f'<summary aria-label="{name}" title="{name}">⋯</summary>'
    return f'<details class="menu">{summary}<div>{correct}{rules}</div></details>'


def panel(stored: StoredReply, judged: Judged, words: Words) -> str:
    """Below a reply: whether it is right, what unfolds from its thumb, and what a correction changed."""
    parts = [reference.rules(stored, judged, words), _unfolded(stored.id, "answer", judged, words)]
    if stored.provenance.origin == "corrected":
        parts.insert(0, _later("difference", stored.id, words.what_changed))
    return "".join(parts)


def thought_panel(stored: StoredReply, judged: Judged, words: Words) -> str:
    """Below the steps of a thought: its thumbs, the word on its steps, and what unfolds. Empty without a thought.

    `data-verdict`, `data-start` and `data-end` tell the page which steps to mark, and the other data in which words.
    """
    if not stored.reply.reasoning:
        return ""
    label = judged.steps.get(stored.id)
    verdict = label.verdict if label is not None else ""
    none = verdict == "none_wrong"
    said = json.dumps({"verdict": "" if none else "none_wrong"})
    caption = f"✓ {words.no_wrong_step}"
    parts = [_thumbs(stored.id, "thought", judged, words), _toggle("step", stored.id, caption, said, none, "no-wrong")]
    editing = {"label": words.correct_thought, "save": words.save_correction, "cancel": words.cancel}
    parts.append(button("correct", stored.id, words.correct_thought, part="thought", **editing))
    place = ""
    if label is not None and verdict == "first_wrong":
        place = f' data-start="{label.start}" data-end="{label.end}"'
        back = button("step", stored.id, words.reference_back, text=json.dumps({"verdict": ""}), key="no-wrong-step")
        parts.append(f'<span class="said">✗ {plain(words.wrong_step_marked)} {back}</span>')
    marks = f' data-wrong="✗ {plain(words.first_wrong)}" data-right="✓ {plain(words.right_step)}"'
    row = f'<div class="acts" data-verdict="{verdict}"{place}{marks}>{"".join(parts)}</div>'
    return row + _unfolded(stored.id, "thought", judged, words)


def _thumbs(reply_id: str, part: Part, judged: Judged, words: Words) -> str:
    rating = judged.ratings.get((reply_id, part))
    given = rating.thumb if rating is not None else ""
    captions = {
        "up": words.good if part == "answer" else words.good_thought,
        "down": words.bad if part == "answer" else words.bad_thought,
    }
    made = ""
    for thumb, glyph in (("up", "▲"), ("down", "▼")):
        said = json.dumps({"part": part, "thumb": "" if given == thumb else thumb})
        made += _toggle("rate", reply_id, f"{glyph} {captions[thumb]}", said, given == thumb, f"{part}-{thumb}")
    name = plain(words.rate_answer if part == "answer" else words.rate_thought)
    return f'<span class="thumbs" role="group" aria-label="{name}" title="{name}">{made}</span>'


def _unfolded(reply_id: str, part: Part, judged: Judged, words: Words) -> str:
    """Reasons, marks and a comment; only where there is a thumb that they explain."""
    rating = judged.ratings.get((reply_id, part))
    if rating is None or not rating.thumb:
        return ""
    inside = _reasons(rating, words) + _marks(rating, words) + _comment(rating, words)
    saved = f'<span class="saved" data-rating="{plain(rating.id)}">✓ {plain(words.rating_saved)}</span>'
    summary = f"<summary>{plain(words.say_why)} {saved}</summary>"
    return f'<details class="why" data-key="{part}-why">{summary}{inside}</details>'


def _reasons(rating: Rating, words: Words) -> str:
    made = ""
    for reason in UP_REASONS if rating.thumb == "up" else DOWN_REASONS:
        given = reason in rating.reasons
        said = json.dumps({"part": rating.part, "reason": reason, "given": not given})
        caption = getattr(words, f"reason_{reason}")
        made += _toggle("rate", rating.reply_id, caption, said, given, f"{rating.part}-{reason}")
    return f'<div class="reasons" role="group" aria-label="{plain(words.rating_reasons)}">{made}</div>'


def _marks(rating: Rating, words: Words) -> str:
    rows = ""
    for aspect in Aspects.__slots__:
        name, given = getattr(words, f"aspect_{aspect}"), getattr(rating.aspects, aspect)
        made = ""
        for mark in range(1, 6):
            said = json.dumps({"part": rating.part, "aspect": aspect, "mark": None if given == mark else mark})
            key, label = f"{rating.part}-{aspect}-{mark}", words.mark_of.format(aspect=name, mark=mark)
            made += _toggle("rate", rating.reply_id, str(mark), said, given == mark, key, label)
        rows += f'<span class="aspect" role="group" aria-label="{plain(name)}"><span>{plain(name)}</span>{made}</span>'
    return f'<div class="marks" role="group" aria-label="{plain(words.rating_marks)}">{rows}</div>'


def _comment(rating: Rating, words: Words) -> str:
    name = plain(words.rating_comment)
    return (
        f'<textarea class="comment" rows="1" data-id="{plain(rating.reply_id)}" data-part="{rating.part}" '
        f'data-key="{rating.part}-comment" aria-label="{name}" placeholder="{name}">{plain(rating.comment)}</textarea>'
    )


def _toggle(verb: str, subject: str, caption: str, said: str, given: bool, key: str, label: str = "") -> str:
    """A button that is pressed or not. `said` is what it will say; a second press takes that back."""
    pressed, named = ("true" if given else "false"), (f' aria-label="{plain(label)}"' if label else "")
    return (
        f'<button type="button" class="toggle" aria-pressed="{pressed}" data-verb="{verb}" data-id="{plain(subject)}" '
        f'data-text="{plain(said)}" data-key="{key}"{named}>{plain(caption)}</button>'
    )


def _later(load: str, reply_id: str, caption: str) -> str:
    """Something that takes a while to find out: the page asks for it when it is unfolded."""
    return (
        f'<details class="later" data-key="{load}" data-load="{load}" data-id="{plain(reply_id)}">'
        f'<summary>{plain(caption)}</summary><div aria-live="polite"></div></details>'
    )

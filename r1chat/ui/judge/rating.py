"""Judging a reply: its thumbs and what unfolds from them, its steps, its corrections. Pure: values and words in, HTML
out; what the buttons do stands in `acts`.

A `data-key` names what has to stay as it is while new HTML comes: unfolded, focused or half written.
"""

from __future__ import annotations

import json

from markupsafe import Markup

from r1chat.conversations import StoredReply
from r1chat.judgements import DOWN_REASONS, UP_REASONS, Aspects, Judged, Part, Rating
from r1chat.ui.html.icons import icon, sign
from r1chat.ui.html.parts import EMPTY, attributes, button, concat, icon_button, menu, text_area
from r1chat.ui.judge import reference
from r1chat.ui.words.page import Words


def thumbs(stored: StoredReply, judged: Judged, words: Words) -> Markup:
    """The thumbs for an answer, in the row of what can be done with a reply."""
    return _thumbs(stored.id, "answer", judged, words) if stored.reply.answer else EMPTY


def more(stored: StoredReply, judged: Judged, others: Markup, words: Words) -> Markup:
    """The menu of what is done less often with a reply: `others`, and what teaches."""
    editing = {"label": words.correct_answer, "save": words.save_correction, "cancel": words.cancel}
    caption = Markup("{}<span>{}</span>")
    correct = caption.format(icon("pencil"), words.correct_answer)
    rules = caption.format(icon("scale"), words.rule_rewards)
    inside = others + button("correct", stored.id, correct, part="answer", **editing)
    inside += button("rules", stored.id, rules)
    if reference.has_tests(stored, judged) and stored.id not in judged.testing:
        inside += button("run-tests", stored.id, caption.format(icon("check"), words.run_tests))
    return menu(icon("ellipsis"), inside, kind="more", aria_label=words.more_acts, data_tip=words.more_acts)


def panel(stored: StoredReply, judged: Judged, words: Words) -> Markup:
    """Below a reply: whether it is right, what unfolds from its thumb, and what a correction changed."""
    stop = button("stop-tests", stored.id, words.stop_tests) if stored.id in judged.testing else EMPTY
    parts = [reference.rules(stored, judged, words), stop, _unfolded(stored.id, "answer", judged, words)]
    if stored.provenance.origin == "corrected":
        parts.insert(0, _later("difference", stored.id, words.what_changed))
    return concat(parts)


def thought_panel(stored: StoredReply, judged: Judged, words: Words) -> Markup:
    """Below the steps of a thought: its thumbs, the label of its steps, and what unfolds. Empty without a thought.

    `data-verdict`, `data-start` and `data-end` tell the page which steps to mark, and the other data in which words.
    """
    if not stored.reply.reasoning:
        return EMPTY
    label = judged.steps.get(stored.id)
    verdict = label.verdict if label is not None else ""
    none = verdict == "none_wrong"
    toggle = {"verdict": "" if none else "none_wrong"}
    editing = {"label": words.correct_thought, "save": words.save_correction, "cancel": words.cancel}
    parts = [
        icon_button("copy-thought", stored.id, "copy", words.copy_thought, data_done=words.copied),
        _thumbs(stored.id, "thought", judged, words),
        _toggle("step", stored.id, words.no_wrong_step, toggle, none, "no-wrong", picture="check"),
        button("correct", stored.id, words.correct_thought, part="thought", **editing),
    ]
    marks = {"verdict": verdict, "wrong": words.first_wrong, "right": words.right_step}
    if label is not None and verdict == "first_wrong":
        marks |= {"start": str(label.start), "end": str(label.end)}
        back = button("step", stored.id, words.reference_back, text=json.dumps({"verdict": ""}), key="no-wrong-step")
        parts.append(Markup('<span class="said">{}{} {}</span>').format(sign("flag"), words.wrong_step_marked, back))
    data = attributes(**{f"data_{name}": value for name, value in marks.items()})
    row = Markup('<div class="acts"{}>{}</div>').format(data, concat(parts))
    return row + _unfolded(stored.id, "thought", judged, words)


def _thumbs(reply_id: str, part: Part, judged: Judged, words: Words) -> Markup:
    rating = judged.ratings.get((reply_id, part))
    current = rating.thumb if rating is not None else ""
    captions = {
        "up": words.good if part == "answer" else words.good_thought,
        "down": words.bad if part == "answer" else words.bad_thought,
    }
    buttons = concat(
        _toggle(
            "rate",
            reply_id,
            icon(picture),
            {"part": part, "thumb": "" if current == thumb else thumb},
            current == thumb,
            f"{part}-{thumb}",
            captions[thumb],
        )
        for thumb, picture in (("up", "thumbs-up"), ("down", "thumbs-down"))
    )
    name = words.rate_answer if part == "answer" else words.rate_thought
    return Markup('<span class="thumbs" role="group" aria-label="{name}">{buttons}</span>').format(
        name=name, buttons=buttons
    )


def _unfolded(reply_id: str, part: Part, judged: Judged, words: Words) -> Markup:
    """Reasons, marks and a comment; only where there is a thumb that they explain."""
    rating = judged.ratings.get((reply_id, part))
    if rating is None or not rating.thumb:
        return EMPTY
    return Markup(
        '<details class="why" data-key="{part}-why"><summary>{caption} '
        '<span class="saved" data-rating="{id}">{tick}{saved}</span></summary>{inside}</details>'
    ).format(
        part=part,
        caption=words.say_why,
        id=rating.id,
        tick=sign("check"),
        saved=words.rating_saved,
        inside=_reasons(rating, words) + _marks(rating, words) + _comment(rating, words),
    )


def _reasons(rating: Rating, words: Words) -> Markup:
    buttons = []
    for reason in UP_REASONS if rating.thumb == "up" else DOWN_REASONS:
        pressed = reason in rating.reasons
        change = {"part": rating.part, "reason": reason, "given": not pressed}
        caption = str(getattr(words, f"reason_{reason}"))
        buttons.append(_toggle("rate", rating.reply_id, caption, change, pressed, f"{rating.part}-{reason}"))
    return Markup('<div class="reasons" role="group" aria-label="{}">{}</div>').format(
        words.rating_reasons, concat(buttons)
    )


def _marks(rating: Rating, words: Words) -> Markup:
    rows = []
    for aspect in Aspects.__slots__:
        name, current = str(getattr(words, f"aspect_{aspect}")), getattr(rating.aspects, aspect)
        buttons = []
        for mark in range(1, 6):
            change = {"part": rating.part, "aspect": aspect, "mark": None if current == mark else mark}
            key, label = f"{rating.part}-{aspect}-{mark}", words.mark_of.format(aspect=name, mark=mark)
            buttons.append(_toggle("rate", rating.reply_id, str(mark), change, current == mark, key, label))
        rows.append(
            Markup('<span class="aspect" role="group" aria-label="{name}"><span>{name}</span>{buttons}</span>').format(
                name=name, buttons=concat(buttons)
            )
        )
    return Markup('<div class="marks" role="group" aria-label="{}">{}</div>').format(words.rating_marks, concat(rows))


def _comment(rating: Rating, words: Words) -> Markup:
    return text_area(
        rating.comment,
        class_="comment",
        rows=1,
        data_id=rating.reply_id,
        data_part=rating.part,
        data_key=f"{rating.part}-comment",
        aria_label=words.rating_comment,
        placeholder=words.rating_comment,
    )


def _toggle(
    verb: str,
    subject: str,
    caption: str,
    change: object,
    pressed: bool,
    key: str,
    label: str | None = None,
    picture: str = "",
) -> Markup:
    """A button that is pressed or not. `change` is what it will say; a second press takes that back.

    `caption`: text, or an icon whose name is the `label`. `picture`: the icon before a text.
    """
    marks = attributes(
        aria_pressed="true" if pressed else "false",
        data_verb=verb,
        data_id=subject,
        data_text=json.dumps(change),
        data_key=key,
        aria_label=label,
        data_tip=label if isinstance(caption, Markup) else None,
    )
    kind = "toggle icon-button" if isinstance(caption, Markup) else "toggle"
    before = sign(picture) if picture else EMPTY
    return Markup('<button type="button" class="{}"{}>{}{}</button>').format(kind, marks, before, caption)


def _later(load: str, reply_id: str, caption: str) -> Markup:
    """Something that takes a while to find out: the page asks for it when it is unfolded."""
    marks = attributes(data_key=load, data_load=load, data_id=reply_id)
    return Markup('<details class="later"{}><summary>{}</summary><div aria-live="polite"></div></details>').format(
        marks, caption
    )

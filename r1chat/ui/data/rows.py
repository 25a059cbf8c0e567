"""Judgements with their evidence, as HTML: what was said, of which texts, by whom, and whether it would be exported."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import cast

from markupsafe import Markup

from r1chat.conversations import StoredReply
from r1chat.export import Format, JudgementRow, Page
from r1chat.export.refusals import REASONS, Reason
from r1chat.judgements import Comparison, Rating, Reference, StepLabel, Verification
from r1chat.redact import Redactor
from r1chat.ui.data.redaction import excerpt, whole
from r1chat.ui.html.blocks import Segments
from r1chat.ui.html.icons import sign
from r1chat.ui.html.parts import EMPTY, attributes, concat, joined, markdown, text_input
from r1chat.ui.html.unfinished import without_open_formula
from r1chat.ui.words.page import Words, spoken

MANY_SIDES = 8  # replies to one message that are listed under its reference
BEGINNING = 500  # characters of a reply that a row shows


@dataclass(frozen=True, slots=True)
class Shown:
    """How rows are shown: which conversations may be exported; texts with personal data and these names replaced."""

    consents: Mapping[str, bool] = field(default_factory=dict)
    redacted: bool = False
    names: Collection[str] = ()
    format: Format | None = None  # that of the export: the badges say whether it takes a row
    hidden: Collection[str] = ()  # replies whose models nobody must learn yet


def listing(page: Page, view: Shown, words: Words) -> Markup:
    """A page of rows, and a button for the next one."""
    rows = concat(_row(row, view, words) for row in page.rows)
    if page.next is None:
        return rows
    marks = attributes(data_verb="more", data_id=page.next)
    return Markup('{}<button class="more"{}>{}</button>').format(rows, marks, words.rows_more)


def reply(stored: StoredReply, redactor: Redactor | None, words: Words) -> Markup:
    """A whole reply, thought and answer, drawn; with a redactor as the text that an export writes."""
    parts = [(words.row_thought, stored.reply.reasoning), (words.row_answer, stored.reply.answer)]
    return concat(
        Markup("<h3>{}</h3>{}").format(title, drawn(text) if redactor is None else _as_text(text, redactor))
        for title, text in parts
        if text
    )


def drawn(text: str) -> Markup:
    """A text of a model with its Markdown and formulas."""
    pieces = Segments(trusting=True)
    pieces.feed(text)
    ends = [*pieces.starts[1:], len(text)][: len(pieces.starts)]  # a text of blank lines has no piece
    blocks = zip(pieces.prefixes, pieces.starts, ends, strict=True)
    return Markup('<div class="read">{}</div>').format(
        concat(markdown(prefix + text[start:end].rstrip()) for prefix, start, end in blocks)
    )


def _as_text(text: str, redactor: Redactor | None) -> Markup:
    return Markup('<div class="text">{}</div>').format(whole(text, redactor))


def _beginning(text: str, redactor: Redactor | None) -> Markup:
    """The first lines of a reply, drawn; with a redactor one line of text."""
    if redactor is not None:
        return excerpt(text, redactor)
    cut = text if len(text) <= BEGINNING else without_open_formula(text[:BEGINNING]).rstrip() + "…"
    return drawn(cut)


def _row(row: JudgementRow, view: Shown, words: Words) -> Markup:
    redactor = Redactor(view.names) if view.redacted else None
    return Markup(
        '<article class="judged {status}" data-id="{id}" id="row-{id}"><header>'
        '<span class="kind">{kind}</span><b>{verdict}</b>{badge}</header>{prompt}{sides}'
        '<div class="foot"><span class="meta">{meta}</span><a href="../?c={conversation}" title="{title}">{open}</a>'
        "{consent}{exclusion}</div></article>"
    ).format(
        status=row.status,
        id=row.id,
        kind=getattr(words, f"kind_{row.kind}"),
        verdict=_verdict(row, redactor, words),
        badge=_standing(row, view.format, redactor, words),
        prompt=_prompt(row.prompt, redactor),
        sides=_sides(row, view, redactor, words),
        meta=_meta(row, redactor, words),
        conversation=row.conversation_id,
        title=row.conversation_title or words.untitled,
        open=words.row_open,
        consent=_consent(row, view, words),
        exclusion=_exclusion(row, words),
    )


def _verdict(row: JudgementRow, redactor: Redactor | None, words: Words) -> Markup | str:
    judgement = row.judgement
    if isinstance(judgement, Comparison):
        return str(getattr(words, f"row_{judgement.winner}"))
    if isinstance(judgement, Rating):
        reasons = [str(getattr(words, f"reason_{reason}")) for reason in judgement.reasons]
        marks = [
            words.mark_of.format(aspect=getattr(words, f"aspect_{name}"), mark=mark)
            for name in judgement.aspects.__slots__
            if (mark := getattr(judgement.aspects, name)) is not None
        ]
        line = joined(str(getattr(words, f"row_{judgement.part}_{judgement.thumb}")), *reasons, *marks)
        return sign(f"thumbs-{judgement.thumb}") + line if judgement.thumb else line
    if isinstance(judgement, StepLabel):
        if judgement.verdict == "none_wrong":
            return words.row_none_wrong
        step = row.sides[0].reply.reasoning[judgement.start : judgement.end]
        return Markup("{}: <q>{}</q>").format(words.row_first_wrong, excerpt(step, redactor, 120))
    if isinstance(judgement, Reference):
        return excerpt(judgement.text, redactor, 120)
    return words.row_corrected


def _standing(row: JudgementRow, format: Format | None, redactor: Redactor | None, words: Words) -> Markup:
    name = str(getattr(words, f"status_{row.status}"))
    if row.status == "other_format" and format is not None:
        use = re.split("[:：]", str(getattr(words, f"format_{format.replace('-', '_')}")))[0]  # what the menu calls it
        return Markup('<span class="export-status">{}</span>').format(words.not_in_format.format(format=use))
    if row.status == "no_consent":  # many rows at once: the switches beside it say the rest
        return Markup('<span class="export-status" title="{}">{}</span>').format(words.why_no_consent, name)
    why: Markup | str = whole(row.reason, redactor) if row.status == "excluded" else ""
    if row.status == "refused":
        why = refusal(row.reason, words)
    elif row.status == "undecided":
        why = words.why_undecided
    because = Markup('<span class="because">{}</span>').format(why) if why else EMPTY
    return Markup('<span class="export-status">{}</span>{}').format(name, because)


def refusal(reason: str, words: Words) -> str:
    """Why a judgement is refused, as a sentence; a reason that is not known as it is."""
    return spoken(REASONS.get(cast(Reason, reason), reason), words)


def _prompt(prompt: str, redactor: Redactor | None) -> Markup:
    return Markup('<details class="asked"><summary>{}</summary><div class="text">{}</div></details>').format(
        excerpt(prompt, redactor), whole(prompt, redactor)
    )


def _sides(row: JudgementRow, view: Shown, redactor: Redactor | None, words: Words) -> Markup:
    names: tuple[str, ...] = ("",) * len(row.sides)
    won = -1
    if isinstance(row.judgement, Comparison):
        names, won = ("A", "B"), {"left": 0, "right": 1}.get(row.judgement.winner, -1)
    elif row.kind == "correction":
        names, won = (words.row_after, words.row_before), 0
    warm = len({stored.provenance.params.temperature for stored in row.sides}) > 1
    hidden = () if isinstance(row.judgement, Comparison) else view.hidden
    makers = [words.row_hidden if stored.id in hidden else _made_by(stored, warm, words) for stored in row.sides]
    labels = [
        Markup("<b>{}</b> {}").format(name, maker) if name else Markup("{}").format(maker)
        for name, maker in zip(names, makers, strict=True)
    ]
    sides = [*zip(labels, row.sides, row.verified, strict=True)]
    parts = concat(
        _side(label, stored, verified, place == won, redactor, words)
        for place, (label, stored, verified) in enumerate(sides[:MANY_SIDES])
    )
    rest = len(sides) - MANY_SIDES
    more = Markup('<p class="rest">{}</p>').format(words.redaction_more.format(n=rest)) if rest > 0 else EMPTY
    return Markup('<div class="sides">{}{}</div>').format(parts, more)


def _side(
    label: Markup,
    stored: StoredReply,
    verified: Verification | None,
    won: bool,
    redactor: Redactor | None,
    words: Words,
) -> Markup:
    best = Markup(' · <span class="best">{}{}</span>').format(sign("check"), words.row_won) if won else EMPTY
    return Markup(
        '<div class="{kind}"><details data-reply="{id}"><summary><span class="who">{label}{best}{mark}</span></summary>'
        '<div class="all"></div></details><div class="says">{says}</div></div>'
    ).format(
        kind="side won" if won else "side",
        id=stored.id,
        label=label,
        best=best,
        mark=_mark(verified, words),
        says=_beginning(stored.reply.answer or stored.reply.reasoning, redactor) or words.row_nothing,
    )


def _made_by(stored: StoredReply, warm: bool, words: Words) -> str:
    """The model, the temperature where the sides differ in it, and whether a person wrote it."""
    provenance = stored.provenance
    parts = [provenance.model or provenance.backend]
    if warm:
        parts.append(words.league_temperature.format(t=f"{provenance.params.temperature:g}"))
    if provenance.origin == "corrected":
        parts.append(words.origin_corrected)
    return " · ".join(parts)


def _mark(verified: Verification | None, words: Words) -> Markup:
    if verified is None:
        return EMPTY
    if verified.accuracy is None:
        return Markup(' · <span class="mark open">{}</span>').format(words.undecided)
    kind, word = ("right", words.is_right) if verified.accuracy >= 1 else ("wrong", words.is_wrong)
    return Markup(' · <span class="mark {}">{}</span>').format(kind, word)


def _meta(row: JudgementRow, redactor: Redactor | None, words: Words) -> Markup:
    judgement = row.judgement
    when = row.created.astimezone()
    parts: list[Markup | str] = [
        Markup('<time datetime="{}">{}</time>').format(when.isoformat(), f"{when:%Y-%m-%d %H:%M}"),
        row.rater,
    ]
    if isinstance(judgement, Comparison):
        parts.append(words.row_blind if judgement.sides.blind else "")
        if judgement.dwell:
            parts.append(words.row_dwell.format(time=words.duration(judgement.dwell, 1)))
        seen = {"A": judgement.left_thought_seen, "B": judgement.right_thought_seen}
        sides = ", ".join(side for side, was in seen.items() if was)
        if sides:
            parts.append(words.row_seen.format(sides=sides))
        elif False in seen.values():
            parts.append(words.row_seen_none)
    elif isinstance(judgement, Rating) and judgement.thought_open is not None:
        parts.append(words.row_seen_one if judgement.thought_open else words.row_seen_none)
    comment = getattr(judgement, "comment", "")
    parts.append(Markup("<q>{}</q>").format(whole(comment, redactor)) if comment else "")
    return Markup(" · ").join(part for part in parts if part)


def _consent(row: JudgementRow, view: Shown, words: Words) -> Markup:
    marks = attributes(
        data_verb="consent", data_id=row.conversation_id, checked=bool(view.consents.get(row.conversation_id))
    )
    return Markup('<label class="allow"><input type="checkbox"{}> {}</label>').format(marks, words.row_consent)


def _exclusion(row: JudgementRow, words: Words) -> Markup:
    if row.status == "excluded":
        return Markup('<button data-verb="include" data-id="{}">{}</button>').format(row.id, words.row_include)
    return Markup(
        '<details class="exclude"><summary>{exclude}</summary><form data-verb="exclude" data-id="{id}">'
        "{why}<button>{exclude}</button></form></details>"
    ).format(
        exclude=words.row_exclude,
        id=row.id,
        why=text_input(name="reason", maxlength=500, placeholder=words.row_why, aria_label=words.row_why),
    )

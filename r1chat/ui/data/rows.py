"""Judgements with their evidence, as HTML: what was said, of which texts, by whom, and whether it would be exported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import cast

from r1chat.export import Page, Row
from r1chat.export.refusals import REASONS, Reason
from r1chat.judgements import Comparison, Rating, Reference, StepLabel, Verification
from r1chat.messages import StoredReply
from r1chat.redact import Redactor
from r1chat.ui.data.evidence import excerpt, whole
from r1chat.ui.html.markdown import plain
from r1chat.ui.words.page import Words

MANY_SIDES = 8  # replies to one message that are listed under its reference


@dataclass(frozen=True, slots=True)
class Shown:
    """How rows are shown: which conversations may be exported; texts with personal data and these names replaced."""

    consents: Mapping[str, bool] = field(default_factory=dict)
    redacted: bool = False
    names: Collection[str] = ()


def listing(page: Page, shown: Shown, words: Words) -> str:
    """A page of rows, and a button for the next one."""
    rows = "".join(_row(row, shown, words) for row in page.rows)
    if page.next is None:
        return rows
    return f'{rows}<button class="more" data-verb="more" data-id="{plain(page.next)}">{plain(words.rows_more)}</button>'


def reply(stored: StoredReply, redactor: Redactor | None, words: Words) -> str:
    """A whole reply, thought and answer, as text."""
    parts = [(words.row_thought, stored.reply.reasoning), (words.row_answer, stored.reply.answer)]
    return "".join(
        f'<h4>{plain(title)}</h4><div class="text">{whole(text, redactor)}</div>' for title, text in parts if text
    )


def _row(row: Row, shown: Shown, words: Words) -> str:
    redactor = Redactor(shown.names) if shown.redacted else None
    title = plain(row.conversation_title or words.untitled)
    return (
        f'<article class="judged {row.standing}" data-id="{row.id}" id="row-{row.id}"><header>'
        f'<span class="kind">{plain(getattr(words, f"kind_{row.kind}"))}</span><b>{_verdict(row, redactor, words)}</b>'
        f"{_standing(row, words)}</header>"
        f"{_prompt(row.prompt, redactor)}{_sides(row, redactor, words)}"
        f'<div class="foot"><span class="meta">{_meta(row, words)}</span>'
        f'<a href="../?c={plain(row.conversation_id)}" title="{title}">{plain(words.row_open)}</a>'
        f"{_consent(row, shown, words)}{_exclusion(row, words)}</div></article>"
    )


def _verdict(row: Row, redactor: Redactor | None, words: Words) -> str:
    said = row.judgement
    if isinstance(said, Comparison):
        return plain(str(getattr(words, f"row_{said.winner}")))
    if isinstance(said, Rating):
        reasons = [str(getattr(words, f"reason_{reason}")) for reason in said.reasons]
        marks = [
            words.mark_of.format(aspect=getattr(words, f"aspect_{name}"), mark=mark)
            for name in said.aspects.__slots__
            if (mark := getattr(said.aspects, name)) is not None
        ]
        return plain(" · ".join([str(getattr(words, f"row_{said.part}_{said.thumb}")), *reasons, *marks]))
    if isinstance(said, StepLabel):
        if said.verdict == "none_wrong":
            return plain(words.row_none_wrong)
        step = row.sides[0].reply.reasoning[said.start : said.end]
        return f"{plain(words.row_first_wrong)}: <q>{excerpt(step, redactor, 120)}</q>"
    if isinstance(said, Reference):
        return excerpt(said.text, redactor, 120)
    return plain(words.row_corrected)


def _standing(row: Row, words: Words) -> str:
    name = plain(getattr(words, f"standing_{row.standing}"))
    if row.standing == "no_consent":  # many rows at once: the switches beside it say the rest
        return f'<span class="standing" title="{plain(words.why_no_consent)}">{name}</span>'
    why = row.reason if row.standing == "excluded" else ""
    if row.standing == "refused":
        english, chinese = REASONS.get(cast(Reason, row.reason), (row.reason, row.reason))
        why = chinese if words.lang == "zh" else english
    elif row.standing == "undecided":
        why = words.why_undecided
    told = f'<span class="because">{plain(why)}</span>' if why else ""
    return f'<span class="standing">{name}</span>{told}'


def _prompt(prompt: str, redactor: Redactor | None) -> str:
    return (
        f'<details class="asked"><summary>{excerpt(prompt, redactor)}</summary>'
        f'<div class="text">{whole(prompt, redactor)}</div></details>'
    )


def _sides(row: Row, redactor: Redactor | None, words: Words) -> str:
    names: tuple[str, ...] = ("",) * len(row.sides)
    won = -1
    if isinstance(row.judgement, Comparison):
        names, won = ("A", "B"), {"left": 0, "right": 1}.get(row.judgement.winner, -1)
    elif row.kind == "correction":
        names, won = (words.row_after, words.row_before), 0
    warm = len({stored.provenance.params.temperature for stored in row.sides}) > 1
    makers = [_made_by(stored, warm, words) for stored in row.sides]
    labels = [
        f"<b>{plain(name)}</b> {plain(maker)}" if name else plain(maker)
        for name, maker in zip(names, makers, strict=True)
    ]
    sides = [*zip(labels, row.sides, row.verified, strict=True)]
    parts = "".join(
        _side(label, stored, verified, place == won, redactor, words)
        for place, (label, stored, verified) in enumerate(sides[:MANY_SIDES])
    )
    rest = len(sides) - MANY_SIDES
    more = f'<p class="rest">{plain(words.redaction_more.format(n=rest))}</p>' if rest > 0 else ""
    return f'<div class="sides">{parts}{more}</div>'


def _side(
    label: str, stored: StoredReply, verified: Verification | None, won: bool, redactor: Redactor | None, words: Words
) -> str:
    text = stored.reply.answer or stored.reply.reasoning
    best = f' · <span class="best">✓ {plain(words.row_won)}</span>' if won else ""
    return (
        f'<details class="side{" won" if won else ""}" data-reply="{stored.id}"><summary><span class="who">'
        f"{label}{best}{_mark(verified, words)}</span>"
        f'<span class="says">{excerpt(text, redactor) or plain(words.row_nothing)}</span></summary>'
        '<div class="all"></div></details>'
    )


def _made_by(stored: StoredReply, warm: bool, words: Words) -> str:
    """The model, the temperature where the sides differ in it, and whether a person wrote it."""
    made = stored.provenance
    parts = [made.model or made.backend]
    if warm:
        parts.append(words.league_temperature.format(t=f"{made.params.temperature:g}"))
    if made.origin == "corrected":
        parts.append(words.origin_corrected)
    return " · ".join(parts)


def _mark(verified: Verification | None, words: Words) -> str:
    if verified is None:
        return ""
    if verified.accuracy is None:
        return f' · <span class="mark open">{plain(words.undecided)}</span>'
    kind, word = ("right", words.is_right) if verified.accuracy >= 1 else ("wrong", words.is_wrong)
    return f' · <span class="mark {kind}">{plain(word)}</span>'


def _meta(row: Row, words: Words) -> str:
    said = row.judgement
    when = row.created.astimezone()
    parts = [f'<time datetime="{when.isoformat()}">{when:%Y-%m-%d %H:%M}</time>', plain(row.rater)]
    if isinstance(said, Comparison):
        parts.append(plain(words.row_blind) if said.duel.blind else "")
        parts.append(plain(words.row_dwell.format(time=words.duration(said.dwell, 1))) if said.dwell else "")
        seen = {"A": said.left_thought_seen, "B": said.right_thought_seen}
        sides = ", ".join(side for side, was in seen.items() if was)
        if sides:
            parts.append(plain(words.row_seen.format(sides=sides)))
        elif False in seen.values():
            parts.append(plain(words.row_seen_none))
    elif isinstance(said, Rating) and said.thought_open is not None:
        parts.append(plain(words.row_seen_one if said.thought_open else words.row_seen_none))
    comment = getattr(said, "comment", "")
    parts.append(f"<q>{plain(comment)}</q>" if comment else "")
    return " · ".join(part for part in parts if part)


def _consent(row: Row, shown: Shown, words: Words) -> str:
    checked = " checked" if shown.consents.get(row.conversation_id) else ""
    return (
        f'<label class="allow"><input type="checkbox" data-verb="consent" data-id="{plain(row.conversation_id)}"'
        f"{checked}> {plain(words.row_consent)}</label>"
    )


def _exclusion(row: Row, words: Words) -> str:
    if row.standing == "excluded":
        return f'<button data-verb="include" data-id="{row.id}">{plain(words.row_include)}</button>'
    return (
        f'<details class="exclude"><summary>{plain(words.row_exclude)}</summary><form data-verb="exclude" '
        f'data-id="{row.id}"><input name="reason" maxlength="500" placeholder="{plain(words.row_why)}" '
        f'aria-label="{plain(words.row_why)}"><button>{plain(words.row_exclude)}</button></form></details>'
    )

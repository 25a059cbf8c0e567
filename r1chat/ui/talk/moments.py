"""A thought's moments of reflection as a person sees them: marks in the text, a strip above it, an outline beside it.

Pure: values and words in, HTML out. Colour is never the only mark: a kind has a glyph and a name, an effect a shape.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from r1chat.messages import Verdict
from r1chat.reflect import KINDS, Effect, Kind, Moment, Step
from r1chat.ui.html.formula import BEGIN, END
from r1chat.ui.html.markdown import plain, to_html
from r1chat.ui.words.page import Words

CLASSES: dict[Kind, str] = {
    "verification": "check",
    "correction": "fix",
    "alternative": "other",
    "re-reading": "reread",
    "realisation": "aha",
}
GLYPHS: dict[Kind, str] = {
    "verification": "✓",
    "correction": "↺",
    "alternative": "⇄",
    "re-reading": "¶",
    "realisation": "✦",
}
CROWD = 24  # moments; more than that hide each other on one line
NEAR = 80  # characters: a moment that begins so near to a step's beginning gives the step its glyph
Verdicts = Mapping[tuple[int, int], Verdict]  # by the moment's place in the thought

_PRIVATE = re.compile(f"[{BEGIN}{END}]")  # no text may bring these itself
_LINE_OPENING = re.compile(r"(?:\s|[-*+>#]+\s|\d{1,3}[.)]\s|\*\*|__)*")
_MARK_STOPS = re.compile(r"\n|\$|\\[(\[]|`|\*\*|__|\||<|\[")  # a mark must not begin in one thing and end in another


def marked_html(piece: str, start: int, moments: Sequence[Moment], verdicts: Verdicts) -> str:
    """The HTML of a step: `piece` stands at `start` of the thought, and `moments` begin in it."""
    text = _PRIVATE.sub("\ufffd", piece)
    shown: list[Moment] = []
    for moment in sorted(moments, key=lambda moment: -moment.start):
        begin, end = _extent(text, moment.start - start, moment.end - start)
        if begin < end:
            text = f"{text[:begin]}{BEGIN}{text[begin:end]}{END}{text[end:]}"
            shown.insert(0, moment)
    html = to_html(text)
    if html.count(BEGIN) != len(shown) or html.count(END) != len(shown):  # one fell into code
        return _glyph(moments) + _PRIVATE.sub("", html)
    for moment in shown:
        html = html.replace(BEGIN, _opening(moment, verdicts), 1).replace(END, "</mark>", 1)
    return _glyph(moments) + html


def _extent(text: str, begin: int, end: int) -> tuple[int, int]:
    opening = _LINE_OPENING.match(text, max(0, begin))
    begin = opening.end() if opening else max(0, begin)
    end = min(end, len(text))
    if stop := _MARK_STOPS.search(text, begin, end):
        end = stop.start()
    return begin, begin + len(text[begin:end].rstrip())


def _opening(moment: Moment, verdicts: Verdicts) -> str:
    verdict = verdicts.get((moment.start, moment.end))
    judged = f" judged-{verdict}" if verdict else ""
    return (
        f'<mark class="{CLASSES[moment.kind]} {moment.effect}{judged}" data-start="{moment.start}" '
        f'data-end="{moment.end}" data-kind="{moment.kind}">'
    )


def _glyph(moments: Sequence[Moment]) -> str:
    if not moments:
        return ""
    first = moments[0].kind
    return f'<div class="glyph {CLASSES[first]}" aria-hidden="true">{GLYPHS[first]}</div>'


def strip(moments: Sequence[Moment], length: int, reasoning: str, words: Words) -> str:
    """The moments on a line as long as the thought (`length` characters): by kind, filled where something changed.

    Where they would hide each other every kind has a line of its own.
    """
    if not moments:
        return ""
    dots, dense = [], len(moments) > CROWD
    if dense:
        dots = [f'<i class="{CLASSES[kind]}" aria-hidden="true">{GLYPHS[kind]}</i>' for kind in KINDS]
    for moment in moments:
        place = 100 * moment.start / max(1, length)
        name = f"{kind_name(moment.kind, words)}, {effect_name(moment.effect, words)}: {_quoted(reasoning, moment)}"
        dots.append(
            f'<button type="button" class="{CLASSES[moment.kind]} {moment.effect}" style="left:{place:.1f}%" '
            f'data-start="{moment.start}" title="{plain(name)}" aria-label="{plain(name)}">'
            f"{GLYPHS[moment.kind]}</button>"
        )
    sides = "".join(
        f'<button type="button" class="{side}" data-key="{side}" aria-label="{plain(label)}" title="{plain(label)}">'
        f"{glyph}</button>"
        for side, glyph, label in (
            ("before", "‹", words.previous_moment),
            ("after", "›", words.next_moment),
        )
    )
    line = "line dense" if dense else "line"
    return f'<div class="{line}" role="group" aria-label="{plain(words.moments)}">{"".join(dots)}</div>{sides}'


def _quoted(reasoning: str, moment: Moment) -> str:
    text = " ".join(reasoning[moment.start : moment.end].split())
    return text if len(text) <= 80 else text[:79] + "…"


def counts(moments: Sequence[Moment], words: Words) -> str:
    """`3 checks, 1 correction`, the most frequent first; empty where there are none."""
    found = Counter(moment.kind for moment in moments)
    ordered = sorted(found, key=lambda kind: (-found[kind], KINDS.index(kind)))
    names = {
        "verification": (words.one_check, words.many_checks),
        "correction": (words.one_correction, words.many_corrections),
        "alternative": (words.one_alternative, words.many_alternatives),
        "re-reading": (words.one_rereading, words.many_rereadings),
        "realisation": (words.one_realisation, words.many_realisations),
    }
    said = [names[kind][0] if found[kind] == 1 else names[kind][1].format(n=found[kind]) for kind in ordered]
    return words.comma.join(said)


def outline(reply_id: str, steps: Sequence[Step], moments: Sequence[Moment], words: Words) -> str:
    """The steps of a thought by their titles, with the glyph of a moment that begins them; and what the marks mean."""
    starts = [moment.start for moment in moments]
    rows = []
    for number, step in enumerate(steps, 1):
        at = bisect_left(starts, step.start)
        moment = moments[at] if at < len(starts) and starts[at] < min(step.end, step.start + NEAR) else None
        kind = f' class="{CLASSES[moment.kind]}"' if moment else ""
        glyph = GLYPHS[moment.kind] if moment else "·"
        title = step.title or words.step.format(n=number)
        rows.append(
            f'<li{kind}><i aria-hidden="true">{glyph}</i><button type="button" data-reply="{plain(reply_id)}" '
            f'data-start="{step.start}">{plain(title)}</button></li>'
        )
    if not rows:
        return ""
    legend = "".join(
        f'<li class="{CLASSES[kind]}"><i aria-hidden="true">{GLYPHS[kind]}</i>{plain(kind_name(kind, words))}</li>'
        for kind in KINDS
    )
    return (
        f"<h2>{plain(words.this_thought)}</h2><ol>{''.join(rows)}</ol>"
        f'<h2>{plain(words.marks)}</h2><ul class="legend">{legend}</ul><p>{plain(words.legend)}</p>'
    )


def kind_name(kind: Kind, words: Words) -> str:
    """What a kind is called."""
    return {
        "verification": words.verification,
        "correction": words.correction,
        "alternative": words.alternative,
        "re-reading": words.rereading,
        "realisation": words.realisation,
    }[kind]


def effect_name(effect: Effect, words: Words) -> str:
    """What an effect is called."""
    return {"changed": words.changed, "confirmed": words.confirmed, "none": words.no_effect}[effect]

"""A thought's moments of reflection as a person sees them: marks in the text, a strip above it, an outline beside it.

Pure: values and words in, HTML out. Colour is never the only mark: a kind has a glyph and a name, an effect a shape.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from r1chat.messages import Verdict
from r1chat.reflect import KINDS, Effect, Kind, Moment, Step
from r1chat.ui.html.formula import BEGIN, END
from r1chat.ui.html.parts import EMPTY, attributes, concat, markdown
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


def marked_html(piece: str, start: int, moments: Sequence[Moment], verdicts: Verdicts) -> Markup:
    """The HTML of a step: `piece` stands at `start` of the thought, and `moments` begin in it."""
    text = _PRIVATE.sub("\ufffd", piece)
    shown: list[Moment] = []
    for moment in sorted(moments, key=lambda moment: -moment.start):
        begin, end = _extent(text, moment.start - start, moment.end - start)
        if begin < end:
            text = f"{text[:begin]}{BEGIN}{text[begin:end]}{END}{text[end:]}"
            shown.insert(0, moment)
    html = markdown(text)
    if html.count(BEGIN) != len(shown) or html.count(END) != len(shown):  # one fell into code
        return _glyph(moments) + Markup("").join(_cut(html))
    pieces = _cut(html)  # text, mark, text, mark, …
    for place, moment in enumerate(shown):
        pieces[2 * place + 1] = Markup("{}{}</mark>").format(_opening(moment, verdicts), pieces[2 * place + 1])
    return _glyph(moments) + concat(pieces)


def _cut(html: Markup) -> list[Markup]:
    """The HTML in pieces, cut at both sides of each mark."""
    pieces = [html]
    for side in (BEGIN, END):
        pieces = [part for piece in pieces for part in piece.split(side)]
    return pieces


def _extent(text: str, begin: int, end: int) -> tuple[int, int]:
    opening = _LINE_OPENING.match(text, max(0, begin))
    begin = opening.end() if opening else max(0, begin)
    end = min(end, len(text))
    if stop := _MARK_STOPS.search(text, begin, end):
        end = stop.start()
    return begin, begin + len(text[begin:end].rstrip())


def _opening(moment: Moment, verdicts: Verdicts) -> Markup:
    verdict = verdicts.get((moment.start, moment.end))
    judged = f" judged-{verdict}" if verdict else ""
    kind = f"{CLASSES[moment.kind]} {moment.effect}{judged}"
    return Markup("<mark{}>").format(
        attributes(class_=kind, data_start=moment.start, data_end=moment.end, data_kind=moment.kind)
    )


def _glyph(moments: Sequence[Moment]) -> Markup:
    if not moments:
        return EMPTY
    first = moments[0].kind
    return Markup('<div class="glyph {}" aria-hidden="true">{}</div>').format(CLASSES[first], GLYPHS[first])


def strip(moments: Sequence[Moment], length: int, reasoning: str, words: Words) -> Markup:
    """The moments on a line as long as the thought (`length` characters): by kind, filled where something changed.

    Where they would hide each other every kind has a line of its own.
    """
    if not moments:
        return EMPTY
    dots, dense = [], len(moments) > CROWD
    if dense:
        dots = [Markup('<i class="{}" aria-hidden="true">{}</i>').format(CLASSES[kind], GLYPHS[kind]) for kind in KINDS]
    for moment in moments:
        name = f"{kind_name(moment.kind, words)}, {effect_name(moment.effect, words)}: {_quoted(reasoning, moment)}"
        marks = attributes(
            class_=f"{CLASSES[moment.kind]} {moment.effect}",
            style=f"left:{100 * moment.start / max(1, length):.1f}%",
            data_start=moment.start,
            title=name,
            aria_label=name,
        )
        dots.append(Markup('<button type="button"{}>{}</button>').format(marks, GLYPHS[moment.kind]))
    sides = concat(
        Markup('<button type="button"{}>{}</button>').format(
            attributes(class_=side, data_key=side, aria_label=label, title=label), glyph
        )
        for side, glyph, label in (("before", "‹", words.previous_moment), ("after", "›", words.next_moment))
    )
    line = "line dense" if dense else "line"
    return Markup('<div class="{}" role="group" aria-label="{}">{}</div>{}').format(
        line, words.moments, concat(dots), sides
    )


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


def outline(reply_id: str, steps: Sequence[Step], moments: Sequence[Moment], words: Words) -> Markup:
    """The steps of a thought by their titles, with the glyph of a moment that begins them; and what the marks mean."""
    starts = [moment.start for moment in moments]
    rows = []
    for number, step in enumerate(steps, 1):
        at = bisect_left(starts, step.start)
        moment = moments[at] if at < len(starts) and starts[at] < min(step.end, step.start + NEAR) else None
        rows.append(
            Markup('<li{}><i aria-hidden="true">{}</i><button type="button"{}>{}</button></li>').format(
                attributes(class_=CLASSES[moment.kind] if moment else None),
                GLYPHS[moment.kind] if moment else "·",
                attributes(data_reply=reply_id, data_start=step.start),
                step.title or words.step.format(n=number),
            )
        )
    if not rows:
        return EMPTY
    legend = concat(
        Markup('<li class="{}"><i aria-hidden="true">{}</i>{}</li>').format(
            CLASSES[kind], GLYPHS[kind], kind_name(kind, words)
        )
        for kind in KINDS
    )
    return Markup('<h2>{}</h2><ol>{}</ol><h2>{}</h2><ul class="legend">{}</ul><p>{}</p>').format(
        words.this_thought, concat(rows), words.marks, legend, words.legend
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

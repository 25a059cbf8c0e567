"""A thought's moments of reflection on the page: marks in its text, a timeline above it, an outline beside it.

Pure: values and words in, HTML out. Colour is never the only sign: each kind has a shape, a picture and a name; a shape
is filled where the moment changed the result, hollow where it confirmed it, and dotted where it did neither.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from r1chat.conversations import Verdict
from r1chat.reflect import KINDS, Effect, Moment, MomentKind, Reader, Step
from r1chat.ui.html.formula import BEGIN, END
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat, markdown
from r1chat.ui.talk.titles import title
from r1chat.ui.words.page import Words

CLASSES: dict[MomentKind, str] = {
    "verification": "check",
    "correction": "fix",
    "alternative": "other",
    "re-reading": "reread",
    "realisation": "aha",
}
GLYPHS: dict[MomentKind, str] = {  # where nothing can be drawn
    "verification": "✓",
    "correction": "↺",
    "alternative": "⇄",
    "re-reading": "¶",
    "realisation": "✦",
}
_SHAPES: dict[MomentKind, tuple[str, str]] = {  # outline of the mark, and the picture in it
    "verification": ('<circle cx="12" cy="12" r="11" class="shape"/>', "m7 12.5 3.5 3.5L17 9"),
    "correction": (
        '<path d="M12 0 24 12 12 24 0 12Z" class="shape"/>',
        "M8 10h6a3 3 0 0 1 0 6h-2M10.500 7 8 10l2.500 3",
    ),
    "alternative": (
        '<rect x="1.5" y="1.5" width="21" height="21" rx="4" class="shape"/>',
        "M6 9.500h11l-3-3M18 14.500H7l3 3",
    ),
    "re-reading": ('<path d="M3 1h18v22l-9-5-9 5Z" class="shape"/>', "M8 7h8M8 11.500h5"),
    "realisation": ('<path d="M12 0 23 6v12l-11 6L1 18V6Z" class="shape"/>', "M12 6.500v6M12 17h.01"),
}
SYMBOLS = Markup('<svg width="0" height="0" class="symbols" aria-hidden="true">{}</svg>').format(
    Markup("").join(
        Markup('<symbol id="moment-{}" viewBox="0 0 24 24">{}<path class="picture" d="{}"/></symbol>').format(
            CLASSES[kind],
            Markup(outline),  # noqa: S704
            picture,
        )
        for kind, (outline, picture) in _SHAPES.items()
    )
)  # to be put into a page once: every mark refers to it
GAP = 3.6  # percent of the timeline between two marks, so that they do not hide each other
NARROW_GAP = 13.7  # the same on a phone, whose line is 178 pixels wide: targets of 24 pixels
NARROW_CROWD = 8  # moments; more than that hide each other on a phone
MOST_ROWS = 2_000  # steps of an outline
MOST_MARKED = 2_000  # moments that are marked in the text
MOST_MARKS = 500  # on the strip, which is sent whole at each new moment
CROWD = 24  # moments; more than that hide each other on one line
_TITLED = 400  # characters of a step that its title is made from
Verdicts = Mapping[tuple[int, int], Verdict]  # by the moment's place in the thought

_PRIVATE = re.compile(f"[{BEGIN}{END}]")  # no text may bring these itself
_LINE_OPENING = re.compile(r"(?:\s|[-*+>#]+\s|\d{1,3}[.)]\s|\*\*|__)*")
_MARK_STOPS = re.compile(r"\n|\$|\\[(\[]|`|\*\*|__|\||<|\[")  # a mark must not begin in one thing and end in another


def marked_html(piece: str, start: int, moments: Sequence[Moment], verdicts: Verdicts) -> Markup:
    """The HTML of a step: `piece` stands at `start` of the thought, and `moments` begin in it."""
    text = _PRIVATE.sub("\ufffd", piece)
    visible: list[Moment] = []
    for moment in sorted(moments, key=lambda moment: -moment.start):
        begin, end = _extent(text, moment.start - start, moment.end - start)
        if begin < end:
            text = f"{text[:begin]}{BEGIN}{text[begin:end]}{END}{text[end:]}"
            visible.insert(0, moment)
    html = markdown(text)
    if html.count(BEGIN) != len(visible) or html.count(END) != len(visible):  # one fell into code
        first = mark(moments[0].kind, moments[0].effect, "glyph") if moments else EMPTY
        return first + Markup("").join(_cut(html))
    pieces = _cut(html)  # text, mark, text, mark, …
    for place, moment in enumerate(visible):
        opening = _opening(moment, verdicts) + mark(moment.kind, moment.effect, "glyph")
        pieces[2 * place + 1] = Markup("{}{}</mark>").format(opening, pieces[2 * place + 1])
    return concat(pieces)


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


def mark(kind: MomentKind, effect: Effect, place: str = "") -> Markup:
    """The sign of a moment, by its kind and effect. Needs `SYMBOLS` in the page."""
    name = CLASSES[kind]
    return Markup('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true"><use href="#moment-{}"/></svg>').format(
        " ".join(filter(None, ("moment", name, effect, place))), name
    )


def strip(moments: Sequence[Moment], length: int, reasoning: str, words: Words) -> Markup:
    """The timeline: the moments on a line as long as the thought (`length` characters), and the ways along it.

    Where they would hide each other every kind has a line of its own. There are marks for the first `MOST_MARKS`.
    """
    if not moments:
        return EMPTY
    moments = moments[:MOST_MARKS]
    dense = len(moments) > CROWD
    places = [100 * moment.start / max(1, length) for moment in moments]
    near = places if dense or len(moments) > NARROW_CROWD else _spread(places, NARROW_GAP)
    if not dense:
        places = _spread(places, GAP)
    dots = [mark(kind, "changed", "lane") for kind in KINDS] if dense else []
    for moment, place, narrow in zip(moments, places, near, strict=True):
        name = f"{kind_name(moment.kind, words)}, {effect_name(moment.effect, words)}: {_quoted(reasoning, moment)}"
        marks = attributes(
            class_=f"{CLASSES[moment.kind]} {moment.effect}",
            style=f"--at:{place:.1f}%;--near:{narrow:.1f}%",
            data_start=moment.start,
            title=name,
            aria_label=name,
            tabindex=-1 if dense else None,  # too small for fingers and too many for Tab: the arrows beside lead along
        )
        sign = EMPTY if dense else mark(moment.kind, moment.effect)
        dots.append(Markup('<button type="button"{}>{}</button>').format(marks, sign))
    sides = concat(
        Markup('<button type="button"{}>{}</button>').format(
            attributes(class_=f"icon-button {side}", data_key=side, aria_label=label, data_tip=label), icon(picture)
        )
        for side, picture, label in (
            ("before", "chevron-left", words.previous_moment),
            ("after", "chevron-right", words.next_moment),
            ("sheet", "list-tree", words.outline),
        )
    )
    line = "line dense" if dense else "line many" if len(moments) > NARROW_CROWD else "line"
    return Markup('<div class="{}" role="group" aria-label="{}">{}</div>{}').format(
        line, words.moments, concat(dots), sides
    )


def _spread(places: Sequence[float], gap: float) -> list[float]:
    """Places from 0 to 100, in order, moved apart to `gap` where they are nearer: first to the right, then back."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else place)
    limit = 100.0
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = max(0.0, min(moved[index], limit))
        limit = moved[index] - gap
    return moved


def _quoted(reasoning: str, moment: Moment) -> str:
    text = " ".join(reasoning[moment.start : moment.end].split())
    return text if len(text) <= 80 else text[:79] + "…"


def counts(moments: Sequence[Moment], words: Words) -> str:
    """`3 checks, 1 correction`, the most frequent first; empty where there are none."""
    by_kind = Counter(moment.kind for moment in moments)
    ordered = sorted(by_kind, key=lambda kind: (-by_kind[kind], KINDS.index(kind)))
    names = {
        "verification": (words.one_check, words.many_checks),
        "correction": (words.one_correction, words.many_corrections),
        "alternative": (words.one_alternative, words.many_alternatives),
        "re-reading": (words.one_rereading, words.many_rereadings),
        "realisation": (words.one_realisation, words.many_realisations),
    }
    phrases = [names[kind][0] if by_kind[kind] == 1 else names[kind][1].format(n=by_kind[kind]) for kind in ordered]
    return words.comma.join(phrases)


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """A step in the outline: the id of its element, the class of its first moment ("" where it has none), its HTML."""

    id: str
    kind: str
    html: Markup


class Outline:
    """The steps of one growing thought by their titles, the first `MOST_ROWS`, with the moments in them.

    Each call looks only at the steps that may have changed since the last one.
    """

    def __init__(self, reply_id: str, words: Words) -> None:
        self._reply_id = reply_id
        self._words = words
        self._rows: list[OutlineRow] = []
        self._final = 0  # rows, from the first, that will not change

    def update(self, text: str, reader: Reader) -> list[OutlineRow]:
        """The rows that are new or have changed. `text`: the thought that the reader has read."""
        steps, moments, settled = reader.steps, reader.moments, reader.settled
        open_from = moments[settled].start if settled < len(moments) else len(text)
        changed = []
        count = min(len(steps), MOST_ROWS)
        for index in range(self._final, count):
            row = self._row(index, steps[index], text, moments)
            if index == len(self._rows):
                self._rows.append(row)
            elif row == self._rows[index]:
                continue
            self._rows[index] = row
            changed.append(row)
        while self._final < count - 1 and steps[self._final].end <= open_from:
            self._final += 1
        return changed

    def html(self, moments: Sequence[Moment]) -> Markup:
        """All rows, and what the marks in them mean; empty where there is no step yet."""
        if not self._rows:
            return EMPTY
        rows = concat(
            Markup("<li{}>{}</li>").format(attributes(id=row.id, class_=row.kind or None), row.html)
            for row in self._rows
        )
        if len(self._rows) == MOST_ROWS:
            rows += Markup("<li>…</li>")
        return Markup(
            '<h2>{} <small id="outline-count">{}</small></h2><ol id="{}-outline">{}</ol>'
            '<div id="outline-legend">{}</div>'
        ).format(
            self._words.this_thought,
            outline_count(moments, self._words),
            self._reply_id,
            rows,
            legend(moments, self._words),
        )

    def _row(self, index: int, step: Step, text: str, moments: Sequence[Moment]) -> OutlineRow:
        first = bisect_left(moments, step.start, key=lambda moment: moment.start)
        last = bisect_left(moments, step.end, key=lambda moment: moment.start)
        inside = moments[first:last]
        signs = [mark(moment.kind, moment.effect) for moment in inside[:3]]
        name = title(text[step.start : min(step.end, step.start + _TITLED)]) or step.title
        html = Markup('<button type="button"{}>{}<span class="title">{}</span>{}</button>').format(
            attributes(data_reply=self._reply_id, data_start=step.start),
            signs[0] if signs else Markup('<i class="plain-step" aria-hidden="true"></i>'),
            name or self._words.step.format(n=index + 1),
            concat(signs[1:]),
        )
        return OutlineRow(f"{self._reply_id}-o{index}", CLASSES[inside[0].kind] if inside else "", html)


def outline_count(moments: Sequence[Moment], words: Words) -> str:
    """How many moments there are, in words; "" where there are none."""
    if not moments:
        return ""
    return words.one_moment if len(moments) == 1 else words.many_moments.format(n=len(moments))


def legend(moments: Sequence[Moment], words: Words) -> Markup:
    """The kinds that occur, and what filled and hollow marks mean."""
    kinds = {moment.kind for moment in moments}
    if not kinds:
        return EMPTY
    entries = concat(
        Markup("<li>{}{}</li>").format(mark(kind, "changed"), kind_name(kind, words)) for kind in KINDS if kind in kinds
    )
    return Markup('<h2 class="unseen">{}</h2><ul class="legend">{}</ul><p class="legend">{}</p>').format(
        words.marks, entries, words.legend
    )


def kind_name(kind: MomentKind, words: Words) -> str:
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

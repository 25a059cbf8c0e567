"""Runs as an SVG: shares with intervals, the paper's figures as marks; accuracy over thinking tokens. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from r1chat.both import Both
from r1chat.evaluation.curve import Point, label
from r1chat.evaluation.measures import Estimate, Measures
from r1chat.evaluation.report import paper_row

_Share = tuple[str, Estimate, float | None]  # its name, from 0 to 1, and the paper's figure in percent
_Block = tuple[str, Sequence[_Share]]  # with a title
_WIDTH, _LEFT, _ROW, _PLOT = 760, 250, 24, 440


def picture(runs: Sequence[tuple[Mapping[str, Any], Measures]]) -> str:
    """An SVG of the shares of runs, one block a run."""
    blocks: list[_Block] = []
    for specification, measures in runs:
        paper = paper_row(specification, measures)
        shares: list[_Share] = [("pass@1", measures.pass_1, paper.pass_1 if paper else None)]
        if measures.k > 1:
            shares.append((f"pass@{measures.k}", measures.pass_k, None))
            shares.append((f"cons@{measures.k}", measures.majority, paper.majority if paper else None))
        shares += [("truncated", measures.truncated, None), ("format", measures.format, None)]
        shares.append(("language", measures.language, None))
        blocks.append(
            (f"{specification['task']} · {specification['title']} · {measures.problems} × {measures.k}", shares)
        )
    return shares_of(blocks, "; ".join(str(specification["task"]) for specification, _ in runs))


def shares_of(blocks: Sequence[_Block], label: str) -> str:
    """An SVG of shares with their intervals, in blocks with titles; it follows the reader's light or dark theme."""
    marks: list[str] = []
    y = 40
    for title, shares in blocks:
        marks.append(f'<text class="title" x="0" y="{y}">{escape(title)}</text>')
        y += 12
        for name, estimate, known in shares:
            marks.append(_row(y, name, estimate, known))
            y += _ROW
        y += 34
    axis = "".join(
        f'<line class="grid" x1="{_at(share)}" x2="{_at(share)}" y1="20" y2="{y - 30}"/>'
        f'<text class="tick" x="{_at(share)}" y="{y - 14}">{share:.0%}</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {_WIDTH} {y}" role="img" '
        f'aria-label="{escape(label)}"><style>{_STYLE}</style>'
        f"{axis}{''.join(marks)}</svg>"
    )


def _row(y: int, name: str, estimate: Estimate, known: float | None) -> str:
    middle = y + _ROW // 2
    text = f'<text class="name" x="{_LEFT - 14}" y="{middle + 4}">{escape(name)}</text>'
    if math.isnan(estimate.value):
        return text + f'<text class="none" x="{_LEFT}" y="{middle + 4}">–</text>'
    mark = (
        f'<line class="interval" x1="{_at(estimate.low)}" x2="{_at(estimate.high)}" y1="{middle}" y2="{middle}"/>'
        f'<circle cx="{_at(estimate.value)}" cy="{middle}" r="5"/>'
        f'<text class="value" x="{_LEFT + _PLOT + 12}" y="{middle + 4}">{100 * estimate.value:.1f} %</text>'
    )
    if known is not None:
        x = _at(known / 100)
        mark += f'<path class="paper" d="M{x} {middle - 8}v16"><title>the paper: {known} %</title></path>'
    return text + mark


def _at(share: float) -> float:
    return round(_LEFT + _PLOT * share, 1)


def curve(title: str, points: Sequence[Point], lang: str = "en", style: bool = True) -> str:
    """An SVG of accuracy over thinking tokens (logarithmic), a line for budgets, one for "Wait", one for votes.

    `style`: with a style sheet that follows the reader's light or dark theme; else the page that shows it brings one.
    All text in it is escaped.
    """
    known = [point for point in points if not math.isnan(point.accuracy.value) and not math.isnan(point.tokens)]
    most = max((math.log10(point.tokens + 1) for point in known), default=1.0) or 1.0
    left, top, width, height = 60, 50, 640, 300

    def place(point: Point, share: float) -> tuple[float, float]:
        return round(left + width * math.log10(point.tokens + 1) / most, 1), round(top + height * (1 - share), 1)

    marks = [f'<text class="title" x="0" y="20">{escape(title)}</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = top + height * (1 - share)
        marks.append(f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y}" y2="{y}"/>')
        marks.append(f'<text class="tick" x="{left - 24}" y="{y + 4}">{share:.0%}</text>')
    for power in range(int(most) + 1):
        x = round(left + width * math.log10(10**power + 1) / most, 1)
        marks.append(f'<text class="tick" x="{x}" y="{top + height + 22}">{10**power:,}</text>')
    marks.append(f'<text class="tick" x="{left + width / 2}" y="{top + height + 42}">{_TOKENS.pick(lang)}</text>')
    for number, (kind, name) in enumerate(_KINDS.items()):
        own = sorted((point for point in known if point.kind == kind), key=lambda point: point.tokens)
        line = " ".join("{},{}".format(*place(point, point.accuracy.value)) for point in own)
        marks.append(f'<polyline class="{kind}" points="{line}"/>' if len(own) > 1 else "")
        for index, point in enumerate(own):
            (x, y), (_, high), (_, low) = (
                place(point, share) for share in (point.accuracy.value, point.accuracy.high, point.accuracy.low)
            )
            marks.append(
                f'<g class="{kind}"><line class="spread" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>'
                f'<circle cx="{x}" cy="{y}" r="5"/><text class="tick" x="{x}" y="{y + (24 if index % 2 else -12)}">'
                f"{escape(label(point).pick(lang))}</text></g>"
            )
        if own:
            marks.append(f'<text class="{kind}" x="{left + 110 * number}" y="40">● {name.pick(lang)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {left + width + 60} {top + height + 60}" role="img" '
        f'aria-label="{escape(title)}">{f"<style>{_STYLE}{_CURVES}</style>" if style else ""}{"".join(marks)}</svg>'
    )


_TOKENS = Both("thinking tokens a problem", "每题思考 token 数")
_KINDS = {"budget": Both("budgets", "预算"), "wait": Both("Wait", "Wait"), "vote": Both("votes", "投票")}
_CURVES = "polyline{fill:none;stroke-width:2}.spread{stroke-width:2;opacity:.35}" + "".join(
    f"polyline.{kind},.{kind} .spread{{stroke:{colour}}}.{kind} circle,text.{kind}{{fill:{colour}}}"
    for kind, colour in (
        ("budget", "light-dark(#3b5bdb,#8ea2ff)"),
        ("wait", "light-dark(#c04f00,#ff8a4c)"),
        ("vote", "light-dark(#1f7a3f,#6fcf8f)"),
    )
)
_STYLE = (
    "svg{color-scheme:light dark;font:13px system-ui,sans-serif}"
    "text{fill:light-dark(#22211f,#ece9e4)}.title{font-weight:600}.name{text-anchor:end}"
    ".tick{text-anchor:middle;font-size:11px;fill:light-dark(#63605a,#b0aba3)}"
    ".grid{stroke:light-dark(#e2ded6,#3b3835)}.interval{stroke:light-dark(#3b5bdb,#8ea2ff);stroke-width:3;opacity:.5}"
    "circle{fill:light-dark(#3b5bdb,#8ea2ff)}.paper{stroke:light-dark(#c04f00,#ff8a4c);stroke-width:3}"
)

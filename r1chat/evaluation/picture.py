"""A run, or several, as an SVG: shares with their intervals, the paper's figures as marks. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from r1chat.evaluation.measures import Estimate, Measures
from r1chat.evaluation.report import paper_row

_WIDTH, _LEFT, _ROW, _PLOT = 760, 250, 24, 440


def picture(runs: Sequence[tuple[Mapping[str, Any], Measures]]) -> str:
    """An SVG of the shares of runs, one block a run; it follows the reader's light or dark theme."""
    marks: list[str] = []
    y = 40
    for asked, measures in runs:
        title = f"{asked['task']} · {asked['title']} · {measures.problems} × {measures.k}"
        marks.append(f'<text class="title" x="0" y="{y}">{escape(title)}</text>')
        y += 12
        paper = paper_row(asked, measures)
        shares: list[tuple[str, Estimate, float | None]] = [
            ("pass@1", measures.pass_1, paper.pass_1 if paper else None)
        ]
        if measures.k > 1:
            shares.append((f"pass@{measures.k}", measures.pass_k, None))
            shares.append((f"cons@{measures.k}", measures.majority, paper.majority if paper else None))
        shares += [("truncated", measures.truncated, None), ("format", measures.format, None)]
        shares.append(("language", measures.language, None))
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
        f'aria-label="{escape("; ".join(str(asked["task"]) for asked, _ in runs))}"><style>{_STYLE}</style>'
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


_STYLE = (
    "svg{color-scheme:light dark;font:13px system-ui,sans-serif}"
    "text{fill:light-dark(#22211f,#ece9e4)}.title{font-weight:600}.name{text-anchor:end}"
    ".tick{text-anchor:middle;font-size:11px;fill:light-dark(#63605a,#b0aba3)}"
    ".grid{stroke:light-dark(#e2ded6,#3b3835)}.interval{stroke:light-dark(#3b5bdb,#8ea2ff);stroke-width:3;opacity:.5}"
    "circle{fill:light-dark(#3b5bdb,#8ea2ff)}.paper{stroke:light-dark(#c04f00,#ff8a4c);stroke-width:3}"
)

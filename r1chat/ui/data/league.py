"""A league as a picture and a table: ratings with their intervals. Pure; the picture is SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

from r1chat.league import FEW, Standing, league
from r1chat.ui.data.players import Result
from r1chat.ui.html.markdown import plain
from r1chat.ui.words.page import Words

_WIDTH, _ROW, _EDGE, _AXIS = 320, 34, 8, 18  # in the SVG's own units, which are pixels where there is room
_TICKS = 4  # at most


def panel(results: Sequence[Result], words: Words) -> str:
    """The league of these results, or why there is none yet."""
    standings = league(results)
    if not standings:
        return f"<p>{plain(words.league_few.format(n=len(results), few=FEW))}</p>"
    how = plain(words.league_how.format(n=f"{len(results):,}"))
    return f"{picture(standings, words)}<p>{how}</p>{table(standings, words)}"


def picture(standings: Sequence[Standing], words: Words) -> str:
    """A line for each player from the low to the high end of its interval, a dot at its rating, and a scale."""
    low = min(one.low for one in standings)
    high = max(one.high for one in standings)
    span = max(high - low, 1.0)
    bottom = _ROW * len(standings)

    def x(points: float) -> str:
        return f"{_EDGE + (points - low) / span * (_WIDTH - 2 * _EDGE):.1f}"

    scale = "".join(
        f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="0" y2="{bottom}"/>'
        f'<text class="tick" x="{x(tick)}" y="{bottom + _AXIS - 4}" text-anchor="middle">{tick:.0f}</text>'
        for tick in _ticks(low, high)
    )
    rows = "".join(
        _line(one, _ROW * place, x(one.low), x(one.rating), x(one.high)) for place, one in enumerate(standings)
    )
    return (
        f'<svg class="league" viewBox="0 0 {_WIDTH} {bottom + _AXIS}" role="img" '
        f'aria-label="{plain(words.league_title)}">{scale}{rows}</svg>'
    )


def table(standings: Sequence[Standing], words: Words) -> str:
    """The same in numbers."""
    heads = (words.league_player, words.league_rating, words.league_interval, words.league_games)
    head = "".join(f'<th scope="col">{plain(name)}</th>' for name in heads)
    rows = "".join(
        f'<tr><th scope="row">{plain(one.name)}</th><td>{one.rating:.0f}</td><td>{one.low:.0f}–{one.high:.0f}</td>'
        f"<td>{one.wins}, {one.ties}, {one.losses}</td></tr>"
        for one in standings
    )
    caption = f"<caption>{plain(words.league_title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _line(one: Standing, top: int, low: str, rating: str, high: str) -> str:
    name = plain(one.name)
    return (
        f"<g><title>{name}: {one.rating:.0f} ({one.low:.0f}–{one.high:.0f})</title>"
        f'<text x="0" y="{top + 13}">{name}</text>'
        f'<line class="interval" x1="{low}" x2="{high}" y1="{top + 24}" y2="{top + 24}"/>'
        f'<circle cx="{rating}" cy="{top + 24}" r="4.5"/></g>'
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two ratings."""
    least = max(high - low, 1.0) / _TICKS
    power = 10 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    first = math.ceil(low / step)
    return [step * place for place in range(first, math.floor(high / step) + 1)]

"""A league as a picture and a table: ratings with their intervals. Pure; the picture is SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from r1chat.league import FEW, MOST, Standing, league
from r1chat.ui.data.players import GameResult
from r1chat.ui.html.parts import concat
from r1chat.ui.words.page import Words

_WIDTH, _ROW, _EDGE, _AXIS = 320, 34, 8, 18  # in the SVG's own units, which are pixels where there is room
_TICKS = 4  # at most


def panel(results: Sequence[GameResult], words: Words) -> Markup:
    """The league of these results, or why there is none yet."""
    standings = league(results)
    if not standings:
        return Markup("<p>{}</p>").format(words.league_few.format(n=len(results), few=FEW))
    how = words.league_how.format(n=f"{len(results):,}")
    left_out = Markup("<p>{}</p>").format(words.league_most.format(n=MOST)) if len(standings) == MOST else Markup()
    return Markup("{}{}<p>{}</p>{}").format(picture(standings, words), left_out, how, table(standings, words))


def picture(standings: Sequence[Standing], words: Words) -> Markup:
    """A line for each player from the low to the high end of its interval, a dot at its rating, and a scale."""
    low = min(standing.low for standing in standings)
    high = max(standing.high for standing in standings)
    span = max(high - low, 1.0)
    bottom = _ROW * len(standings)

    def x(points: float) -> str:
        return f"{_EDGE + (points - low) / span * (_WIDTH - 2 * _EDGE):.1f}"

    scale = concat(
        Markup(
            '<line class="grid" x1="{x}" x2="{x}" y1="0" y2="{bottom}"/>'
            '<text class="tick" x="{x}" y="{below}" text-anchor="middle">{tick:.0f}</text>'
        ).format(x=x(tick), bottom=bottom, below=bottom + _AXIS - 4, tick=tick)
        for tick in _ticks(low, high)
    )
    rows = concat(
        _line(standing, _ROW * place, x(standing.low), x(standing.rating), x(standing.high))
        for place, standing in enumerate(standings)
    )
    return Markup('<svg class="league" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        _WIDTH, bottom + _AXIS, words.league_title, scale, rows
    )


def table(standings: Sequence[Standing], words: Words) -> Markup:
    """The same in numbers."""
    names = (words.league_player, words.league_rating, words.league_interval, words.league_games)
    head = concat(Markup('<th scope="col">{}</th>').format(name) for name in names)
    rows = concat(
        Markup('<tr><th scope="row">{}</th><td>{:.0f}</td><td>{:.0f}–{:.0f}</td><td>{}, {}, {}</td></tr>').format(
            standing.name,
            standing.rating,
            standing.low,
            standing.high,
            standing.wins,
            standing.ties,
            standing.losses,
        )
        for standing in standings
    )
    return Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
        words.league_title, head, rows
    )


def _line(standing: Standing, top: int, low: str, rating: str, high: str) -> Markup:
    return Markup(
        "<g><title>{name}: {points:.0f} ({least:.0f}–{most:.0f})</title>"
        '<text x="0" y="{text}">{name}</text>'
        '<line class="interval" x1="{low}" x2="{high}" y1="{line}" y2="{line}"/>'
        '<circle cx="{rating}" cy="{line}" r="4.5"/></g>'
    ).format(
        name=standing.name,
        points=standing.rating,
        least=standing.low,
        most=standing.high,
        text=top + 13,
        line=top + 24,
        low=low,
        high=high,
        rating=rating,
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two ratings."""
    least = max(high - low, 1.0) / _TICKS
    power = 10 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    first = math.ceil(low / step)
    return [step * place for place in range(first, math.floor(high / step) + 1)]

"""Comparisons as results for a league. A player is a model, with those settings in which any of them differ."""

from __future__ import annotations

from r1chat.judgements import Winner
from r1chat.store import Store
from r1chat.store.dataset import Player
from r1chat.store.entries import Filter
from r1chat.ui.words.page import Words

GameResult = tuple[str, str, float]

_SCORES: dict[Winner, float] = {"left": 1.0, "right": 0.0, "tie": 0.5, "both_bad": 0.5}


def results(store: Store, filter: Filter, words: Words) -> list[GameResult]:
    """Every comparison with a verdict between different players, of conversations that are not deleted."""
    with store.dataset.snapshot() as snapshot:
        games = [game for game in snapshot.games(filter) if game.winner in _SCORES]
    players = {player for game in games for player in (game.left, game.right)}
    varied = [len({player[place] for player in players}) > 1 for place in range(len(Player._fields))]
    names = {player: _name(player, varied, words) for player in players}
    return [(names[game.left], names[game.right], _SCORES[game.winner]) for game in games if game.left != game.right]


def _name(player: Player, varied: list[bool], words: Words) -> str:
    _, quantised, warm, allowed = varied
    parts = [player.model]
    if quantised and player.quantisation:
        parts.append(player.quantisation)
    if warm:
        parts.append(words.league_temperature.format(t=f"{player.temperature:g}"))
    if allowed:
        budget = player.budget
        parts.append(words.league_no_budget if budget is None else words.league_budget.format(n=f"{budget:,}"))
    return " · ".join(parts)

"""Comparisons as results for a league. A player is a model, with those settings in which any of them differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from r1chat.judgements import Winner
from r1chat.store import Store
from r1chat.store.dataset import JudgedReply
from r1chat.store.entries import Filter
from r1chat.ui.words import Words

Result = tuple[str, str, float]

_SCORES: dict[Winner, float] = {"left": 1.0, "right": 0.0, "tie": 0.5, "both_bad": 0.5}


class Player(NamedTuple):
    """A model and the settings of a reply of it."""

    model: str
    quantisation: str
    temperature: float
    budget: int | None


def results(store: Store, filter: Filter, words: Words) -> list[Result]:
    """Every comparison with a verdict between different players, of conversations that are not deleted."""
    games = list(_games(store, filter))
    players = {player for left, right, _ in games for player in (left, right)}
    varied = [len({player[place] for player in players}) > 1 for place in range(len(Player._fields))]
    return [
        (_name(left, varied, words), _name(right, varied, words), score)
        for left, right, score in games
        if left != right
    ]


def _games(store: Store, filter: Filter) -> Iterator[tuple[Player, Player, float]]:
    with store.dataset.snapshot() as snapshot:
        for batch in snapshot.turns(filter, consented_only=False):
            for turn in batch:
                for said in turn.comparisons:
                    score = _SCORES.get(said.winner)
                    if score is not None:
                        duel = said.duel
                        yield _player(turn.replies[duel.left_id]), _player(turn.replies[duel.right_id]), score


def _player(reply: JudgedReply) -> Player:
    return Player(reply.model, reply.quantisation, reply.temperature, reply.budget)


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

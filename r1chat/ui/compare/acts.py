"""Asking two replies, comparing siblings and voting: what the buttons do. Knows no Gradio and no SQL."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from r1chat.app import App
from r1chat.errors import MessageError
from r1chat.judgements import WINNERS, Judged
from r1chat.messages import ModelInfo, Params, StoredReply, StoredTurn
from r1chat.teach import comparable
from r1chat.ui.compare.arena import Arena
from r1chat.ui.html.markdown import plain
from r1chat.ui.talk.render import button
from r1chat.ui.words.page import Words, words

Act = Callable[[str, str, str, str, str], object]  # conversation, id, text, model, language

HOTTEST = 5.0  # temperature
ANOTHER = 1.0  # the temperature that is offered against the one that is set
LONGEST_LOOK = 86_400.0  # seconds; who looked for longer did something else
MOST = 1e9  # of any number that the page sends


def acts(app: App) -> Mapping[str, Act]:
    """What the verbs of a comparison do."""
    return {
        "verdict": lambda _c, duel, text, _m, lang: _decide(app, duel, text, words(lang)),
        "reopen": lambda _c, duel, *_: app.teacher.reopen(duel),
        "keep-choice": lambda _c, duel, *_: app.teacher.keep(duel),
        "oppose": lambda _c, reply, text, _m, lang: _oppose(app, reply, text, words(lang)),
        "rank": lambda _c, turn, _t, _m, lang: _rank(app, turn, words(lang)),
    }


def ask_both(app: App, text: str, conversation: str, model: str, lang: str, steering: tuple[int | None, bool]) -> str:
    """Send a message to two models, or to one twice; the id of the conversation.

    `text`: a JSON object with the `prompt`, and `against`: a model's key, or `temperature`: of the second reply.
    """
    asked = _fields(text)
    params: Params | None = None
    if (temperature := asked.get("temperature")) is not None:
        if (warmth := _number(temperature)) is None or warmth > HOTTEST:
            raise MessageError(words(lang).bad_temperature)
        params = replace(app.settings.params, temperature=warmth)
    against = str(asked.get("against") or model)
    sides = ((model, None), (against, params))
    return app.chat.duel(conversation or None, str(asked.get("prompt", "")), sides, steering=steering).conversation_id


def _decide(app: App, duel_id: str, text: str, w: Words) -> None:
    said = _fields(text)
    duel = app.store.judgements.duel(duel_id)
    winner = next((each for each in WINNERS if each == said.get("winner")), None)
    comment, looked = said.get("comment", ""), said.get("dwell")
    dwell = _number(looked)
    if winner is None or not isinstance(comment, str) or (looked is not None and dwell is None):
        raise MessageError(w.bad_choice)
    judged = app.teacher.judged(app.store.turn(duel.turn_id).conversation_id)
    if duel_id in judged.comparisons and duel_id not in judged.reopened:
        raise MessageError(w.duel_decided)
    seen = said.get("seen")
    marks = seen if isinstance(seen, dict) else {}
    thoughts = [app.store.reply(side).reply.reasoning for side in (duel.left_id, duel.right_id)]
    left, right = (
        mark if isinstance(mark := marks.get(side), bool) and thought else None
        for side, thought in zip(("left", "right"), thoughts, strict=True)
    )
    if dwell is not None and dwell > LONGEST_LOOK:
        dwell = None
    app.teacher.compare(duel_id, winner, (left, right), dwell, comment)


def _oppose(app: App, reply_id: str, text: str, w: Words) -> None:
    """Compare a reply with the sibling at that position; without one, with the newest other that is whole."""
    stored = app.store.reply(reply_id)
    _nothing_waits(app, stored.turn_id, w)
    others = [other for other in app.store.replies(stored.turn_id) if other.id != reply_id]
    whole = [other for other in others if comparable(other.reply) and text in ("", str(other.position))]
    if not whole or not comparable(stored.reply):
        raise MessageError(w.no_sibling)
    app.teacher.oppose(reply_id, whole[-1].id)


def _rank(app: App, turn_id: str, w: Words) -> None:
    _nothing_waits(app, turn_id, w)
    if sum(comparable(stored.reply) for stored in app.store.replies(turn_id)) < 3:
        raise MessageError(w.too_few)
    app.teacher.rank(turn_id)


def _nothing_waits(app: App, turn_id: str, w: Words) -> None:
    judged = app.teacher.judged(app.store.turn(turn_id).conversation_id)
    if judged.open_duel(turn_id) is not None:
        raise MessageError(w.duel_waiting)


# --- what the page shows of it ---------------------------------------------------------------------------------------


def arena(app: App, judged: Judged, turn: StoredTurn, last: bool) -> Arena | None:
    """The comparison of replies to a message that waits for a word; `last`: no message follows on this branch."""
    duel = judged.open_duel(turn.id)
    if duel is None:
        return None
    shown = turn.reply.id if turn.reply is not None else ""
    goes_on = {duel.left_id: "left", duel.right_id: "right"}.get(shown, "")
    left = app.teacher.ranking(turn.id).left if turn.id in judged.ranking else 0
    return Arena(duel, judged.comparisons.get(duel.id), goes_on, not last, left)


def order(app: App, stored: StoredReply) -> list[list[int]]:
    """The ranking of all whole replies to a message, by position, best first; [] where it is not complete."""
    if stored.siblings < 3:
        return []
    ranking = app.teacher.ranking(stored.turn_id)
    if ranking.ask is not None or sum(map(len, ranking.groups)) < 3:
        return []
    positions = {sibling.id: sibling.position for sibling in app.store.replies(stored.turn_id)}
    return [sorted(positions[one] for one in group) for group in ranking.groups]


def sibling_acts(stored: StoredReply, w: Words) -> str:
    """The button that compares a reply with its siblings; a menu where there are several."""
    if stored.siblings < 2:
        return ""
    if stored.siblings == 2:
        return button("oppose", stored.id, w.compare)
    others = [number for number in range(stored.siblings, 0, -1) if number != stored.position]
    choices = [
        button("oppose", stored.id, w.compare_with.format(other=_place(number, stored, w)), text=str(number))
        for number in others
    ]
    choices.insert(0, button("rank", stored.turn_id, w.rank))
    return (
        f'<details class="menu siblings"><summary>{plain(w.compare)}</summary><div>{"".join(choices)}</div></details>'
    )


def _place(number: int, stored: StoredReply, w: Words) -> str:
    return w.position.format(position=number, siblings=stored.siblings)


def menu(models: Sequence[ModelInfo], key: str, temperature: float, w: Words) -> str:
    """The control beside Send: which two replies to ask for. `key`: the model that is chosen."""
    others = "".join(
        f'<button type="button" data-against="{plain(model.key)}">{plain(model.title or model.name)}</button>'
        for model in models
        if model.ready and model.key != key
    )
    offered = ANOTHER if temperature != ANOTHER else 0.6
    number = (
        f'<input type="number" min="0" max="{HOTTEST:g}" step="0.1" value="{offered}" '
        f'aria-label="{plain(w.compare_settings)}">'
    )
    return (
        f'<details class="menu"><summary role="button">{plain(w.compare)}</summary><div>'
        f'<p>{plain(w.compare_note)}</p><button type="button" data-against="">{plain(w.compare_twice)}</button>'
        f'<div class="line"><span>{plain(w.compare_settings)}</span>{number}'
        f'<button type="button" data-against="" data-temperature="1">{plain(w.compare_go)}</button></div>'
        f"<p>{plain(w.compare_against)}</p>{others or f'<small>{plain(w.no_other_model)}</small>'}</div></details>"
    )


# --- reading what the page sent --------------------------------------------------------------------------------------


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    return fields if isinstance(fields, dict) else {}


def _number(value: object) -> float | None:
    """A finite number from 0 on; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        return None
    return float(min(value, MOST))

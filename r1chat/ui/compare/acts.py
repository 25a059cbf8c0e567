"""Asking two replies, comparing siblings and choosing: what the buttons do. Knows no Gradio and no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import Markup

from r1chat.app import App
from r1chat.conversations import Behaviour, Preset, StoredReply, StoredTurn
from r1chat.errors import MessageError
from r1chat.judgements import WINNERS, Judged
from r1chat.messages import ModelInfo, Params
from r1chat.teach import comparable, ranking_of
from r1chat.ui.act import Act, Actions
from r1chat.ui.compare.comparison import OpenComparison
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, button, concat, text_input
from r1chat.ui.words.page import Words

HOTTEST = 5.0  # temperature
ANOTHER = 1.0  # the temperature that is offered against the one that is set
LONGEST_LOOK = 86_400.0  # seconds; who looked for longer did something else


# --- what the buttons do ---------------------------------------------------------------------------------------------


def ask_both(app: App, act: Act, behaviour: Behaviour | None) -> str:
    """Send a message to two models, or to one twice; the id of the conversation.

    The text is a JSON object with the `prompt`, and `against`: a model's key, `temperature`: of the second reply, or
    `presets`: the ids of two. `behaviour` is that of a new conversation.
    """
    fields = act.fields
    if isinstance(fields["presets"], list):
        return _ask_presets(app, act, fields["presets"], behaviour)
    params: Params | None = None
    if fields["temperature"] is not None:
        temperature = fields.number("temperature")
        if temperature is None or temperature > HOTTEST:
            raise MessageError(Words.bad_temperature)
        params = replace(app.settings.params, temperature=temperature)
    sides = ((act.model, None), (fields.text("against") or act.model, params))
    conversation = act.conversation or None
    prompt = fields.text("prompt")
    return app.chat.begin_comparison(
        conversation, prompt, sides, steering=act.steering, behaviour=behaviour, carried_from=act.carried
    ).conversation_id


def _ask_presets(app: App, act: Act, ids: list[object], behaviour: Behaviour | None) -> str:
    presets = [app.main.store.presets.find(preset_id) for preset_id in ids if isinstance(preset_id, str)]
    if len(presets) != 2 or presets[0].id == presets[1].id:
        raise MessageError(Words.two_presets)
    first, second = presets
    comparison = app.chat.begin_comparison(
        act.conversation or None,
        act.fields.text("prompt"),
        ((first.model or act.model, None), (second.model or act.model, None)),
        steering=act.steering,
        behaviour=behaviour,
        behaviours=(first.behaviour, second.behaviour),
        carried_from=act.carried,
    )
    return comparison.conversation_id


def choose(app: App, act: Act) -> None:
    """Which side is better, whether its thoughts were seen, how long the person looked, and a comment."""
    fields, sides_id = act.fields, act.subject
    sides = app.store.judgements.sides(sides_id)
    winner = next((known for known in WINNERS if known == fields["winner"]), None)
    comment, dwell = fields["comment"], fields.number("dwell")
    bad_comment = comment is not None and not isinstance(comment, str)
    if winner is None or bad_comment or (fields["dwell"] is not None and dwell is None):
        raise MessageError(Words.bad_choice)
    judged = app.teacher.judged(app.store.turn(sides.turn_id).conversation_id)
    if sides_id in judged.comparisons and sides_id not in judged.reopened:
        raise MessageError(Words.comparison_decided)
    seen = fields.object("seen")
    thoughts = [app.store.reply(side).reply.reasoning for side in (sides.left_id, sides.right_id)]
    left, right = (
        seen.flag(side) if thought else None for side, thought in zip(("left", "right"), thoughts, strict=True)
    )
    if dwell is not None and dwell > LONGEST_LOOK:
        dwell = None
    app.teacher.compare(sides_id, winner, (left, right), dwell, fields.text("comment"))


def choose_again(app: App, act: Act) -> None:
    """Open a comparison that was decided."""
    app.teacher.reopen(act.subject)


def keep_choice(app: App, act: Act) -> None:
    """Close a comparison that was opened again, as it was decided."""
    app.teacher.keep(act.subject)


def compare(app: App, act: Act) -> None:
    """Compare a reply with the sibling at that position; without one, with the newest other that is whole."""
    stored = app.store.reply(act.subject)
    _no_comparison_waits(app, stored.turn_id)
    others = [other for other in app.store.replies(stored.turn_id) if other.id != stored.id]
    whole = [other for other in others if comparable(other.reply) and act.text in ("", str(other.position))]
    if not whole or not comparable(stored.reply):
        raise MessageError(Words.no_sibling)
    app.teacher.begin_comparison(stored.id, whole[-1].id)


def rank(app: App, act: Act) -> None:
    """Compare all replies to a message, two at a time."""
    _no_comparison_waits(app, act.subject)
    if sum(comparable(stored.reply) for stored in app.store.replies(act.subject)) < 3:
        raise MessageError(Words.too_few)
    app.teacher.rank(act.subject)


def _no_comparison_waits(app: App, turn_id: str) -> None:
    judged = app.teacher.judged(app.store.turn(turn_id).conversation_id)
    if judged.open_comparison(turn_id) is not None:
        raise MessageError(Words.comparison_waiting)


ACTIONS: Actions = {
    "choose": choose,
    "reopen": choose_again,
    "keep-choice": keep_choice,
    "compare": compare,
    "rank": rank,
}


# --- what the page shows of it ---------------------------------------------------------------------------------------


def open_comparison(app: App, judged: Judged, turn: StoredTurn, last: bool) -> OpenComparison | None:
    """The comparison of replies to a message that waits for a choice; `last`: no message follows on this branch."""
    sides = judged.open_comparison(turn.id)
    if sides is None:
        return None
    current_id = turn.reply.id if turn.reply is not None else ""
    goes_on = {sides.left_id: "left", sides.right_id: "right"}.get(current_id, "")
    left = app.teacher.ranking(turn.id).left if turn.id in judged.ranking else 0
    return OpenComparison(sides, judged.comparisons.get(sides.id), goes_on, not last, left)


def order(app: App, stored: StoredReply, judged: Judged) -> list[list[int]]:
    """The ranking of all whole replies to a message, by position, best first; [] where it is not complete."""
    if stored.siblings < 3:
        return []
    siblings = app.store.replies(stored.turn_id)
    ranking = ranking_of(siblings, judged)
    if ranking.ask is not None or sum(map(len, ranking.groups)) < 3:
        return []
    positions = {sibling.id: sibling.position for sibling in siblings}
    return [sorted(positions[reply_id] for reply_id in group) for group in ranking.groups]


def sibling_acts(stored: StoredReply, words: Words) -> Markup:
    """What compares a reply with its siblings, for its menu: one button, or a group where there are several."""
    if stored.siblings < 2:
        return EMPTY
    caption = Markup("{}<span>{}</span>")
    if stored.siblings == 2:
        return button("compare", stored.id, caption.format(icon("scale"), words.compare_siblings))
    choices = [button("rank", stored.turn_id, words.rank)]
    for number in range(stored.siblings, 0, -1):
        if number != stored.position:
            place = words.position.format(position=number, siblings=stored.siblings)
            choices.append(button("compare", stored.id, words.compare_with.format(other=place), text=number))
    head = Markup("<p>{}</p>").format(caption.format(icon("scale"), words.compare_siblings))
    return Markup('<div class="siblings" role="group" aria-label="{}">{}{}</div>').format(
        words.compare_siblings, head, concat(choices)
    )


def ask_menu(
    models: Sequence[ModelInfo], key: str, temperature: float, presets: Sequence[Preset], words: Words
) -> Markup:
    """The control beside Send: which two replies to ask for. `key`: the model that is chosen."""
    others = concat(
        Markup('<button type="button"{}>{}</button>').format(
            attributes(data_against=model.key), model.title or model.name
        )
        for model in models
        if model.ready and model.key != key
    )
    inside = Markup(
        '<p>{note}</p><button type="button" data-against="">{twice}</button>'
        '<div class="line"><span>{settings}</span>'
        "{temperature}"
        '<button type="button" data-against="" data-temperature="1">{go}</button></div>'
        "<p>{against}</p>{others}{presets}"
        '<button type="button" class="phrasings" data-command="phrasings">{phrasings}</button>'
    ).format(
        note=words.compare_note,
        twice=words.compare_twice,
        settings=words.compare_settings,
        temperature=text_input(
            type="number",
            min=0,
            max=f"{HOTTEST:g}",
            step="0.1",
            value=str(ANOTHER if temperature != ANOTHER else 0.6),
            aria_label=words.compare_settings,
        ),
        go=words.compare_go,
        against=words.compare_against,
        others=others or Markup("<small>{}</small>").format(words.no_other_model),
        presets=_preset_line(presets, words),
        phrasings=words.phrasings,
    )
    caption = icon("columns-2") + Markup('<span class="text">{}</span>').format(words.compare)
    return Markup(
        '<details class="menu"><summary role="button" aria-label="{}">{}</summary><div>{}</div></details>'
    ).format(words.compare, caption, inside)


def _preset_line(presets: Sequence[Preset], words: Words) -> Markup:
    """Two presets to choose, where there are two."""
    if len(presets) < 2:
        return EMPTY
    selects = [
        Markup('<select class="preset"{}>{}</select>').format(
            attributes(aria_label=label),
            concat(
                Markup("<option{}>{}</option>").format(
                    attributes(value=preset.id, selected=number == place), preset.name
                )
                for number, preset in enumerate(presets)
            ),
        )
        for place, label in enumerate((words.compare_presets, words.compare_presets_with))
    ]
    return Markup(
        '<p>{title}</p><div class="line">{selects}<button type="button" data-against="" data-presets="1">{go}</button>'
        "</div>"
    ).format(title=words.compare_presets, selects=concat(selects), go=words.compare_presets_go)

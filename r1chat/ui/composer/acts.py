"""Choosing the model, how it thinks and how it should behave, and keeping presets. Knows no Gradio and no SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from r1chat import sampling, steer
from r1chat.app import App
from r1chat.chat import checked_system
from r1chat.conversations import Behaviour
from r1chat.errors import MessageError
from r1chat.phrasings import MOST, rephrase
from r1chat.sampling import BOUNDS
from r1chat.ui.act import Act, Actions, PageUpdate
from r1chat.ui.composer.blocks import composer_blocks, thinking_block
from r1chat.ui.composer.choice import Choice, choice_of, model_info, of_preset
from r1chat.ui.composer.panel import panel
from r1chat.ui.payload import Payload
from r1chat.ui.words.page import Words
from r1chat.unicode import clean

LONGEST_NUMBER = 40  # characters


def chosen(app: App, act: Act) -> Choice:
    """What is chosen on the page that sent an act: by its conversation, or by the page where none has begun."""
    if act.conversation:
        return choice_of(app, act.conversation, act.model)
    budget, keep = act.steering
    return Choice(budget, bool(keep), behaviour_of(app, act))


def behaviour_of(app: App, act: Act) -> Behaviour:
    """How a new conversation should behave. Raises MessageError for senseless values."""
    sent = act.behaviour
    if "system" not in sent:  # the page did not know yet
        return replace(app.chat.default_behaviour, thinking=act.thinking)
    return Behaviour(
        act.thinking,
        checked_system(sent.text("system")),
        sampling.as_text({name: sent.object("sampling")[name] for name in BOUNDS if name in sent.object("sampling")}),
        sent.flag("system_role") is True,
        sent.text("preset"),
    )


def steer_thinking(app: App, act: Act) -> PageUpdate:
    """Keep the choice of thinking, the budget, and whether thoughts are kept."""
    budget, keep = act.steering
    if act.conversation:
        app.chat.set_steering(act.conversation, budget, keep is True, act.model)
        if act.thinking != app.store.info(act.conversation).thinking_choice:
            app.chat.set_behaviour(act.conversation, thinking=act.thinking)
    else:
        info = model_info(app, act.model)
        steer.checked_budget(budget, info.context if info else 0)
    choice = chosen(app, act)
    return {"steering": choice.steering, "blocks": [thinking_block(app, act.model, choice, act.words)]}


def choose_model(app: App, act: Act) -> PageUpdate:
    """Keep the chosen model with the conversation; a new one is steered as that model was last."""
    if act.conversation:
        app.store.set_model(act.conversation, act.model)
    choice = choice_of(app, act.conversation, act.model)
    answer: PageUpdate = {"model": act.model, "blocks": composer_blocks(app, act.model, choice, act.words)}
    if not act.conversation:
        choice = replace(choice, behaviour=replace(behaviour_of(app, act), thinking=choice.behaviour.thinking))
        answer["steering"] = choice.steering
    return answer


def refresh_models(app: App, act: Act) -> PageUpdate:
    """Ask every backend anew for its models."""
    app.catalogue.statuses(fresh=True)
    return {"blocks": composer_blocks(app, act.model, chosen(app, act), act.words)}


def ask_phrasings(app: App, act: Act) -> str:
    """Ask one question in several phrasings: `phrasings` in a JSON object; the id of the conversation."""
    sent = act.fields["phrasings"]
    texts = [clean(text) for text in sent if isinstance(text, str)] if isinstance(sent, list) else []
    behaviour = None if act.conversation else behaviour_of(app, act)
    conversation = act.conversation or None
    return app.chat.ask_in_other_words(
        conversation, texts, act.model, act.steering, behaviour, carried_from=act.carried
    ).conversation_id


def write_phrasings(app: App, act: Act, stopped: Callable[[], bool]) -> list[str]:
    """Phrasings of `text` by the model; `count` of them at most, those that were written where it was `stopped`."""
    backend, info = app.catalogue.find(act.model)
    count = min(act.fields.count("count") or 1, MOST)
    return rephrase(act.fields.text("text"), count, backend, info, stopped)


# --- how it should behave --------------------------------------------------------------------------------------------


def show_behaviour(app: App, act: Act) -> PageUpdate:
    """The dialog with what is chosen, and what the model's maker recommends."""
    return _panel(app, act, chosen(app, act))


def behave(app: App, act: Act) -> PageUpdate:
    """Keep the system prompt, the sampling, and whether thoughts are kept, as the dialog has them."""
    choice = _as_written(app, act)
    if act.conversation:
        behaviour = choice.behaviour
        app.chat.set_behaviour(
            act.conversation,
            system=behaviour.system,
            changed=sampling.from_text(behaviour.sampling),
            system_role=behaviour.system_role,
        )
        app.chat.set_steering(act.conversation, choice.budget, choice.keep)
        choice = choice_of(app, act.conversation, act.model)
    return {"steering": choice.steering, "behaviour": choice.behaving}


def use_preset(app: App, act: Act) -> PageUpdate:
    """Have the conversation behave as a preset says."""
    preset = app.main.store.presets.find(act.subject)
    model = preset.model or act.model
    if act.conversation:
        app.chat.use_preset(act.conversation, preset, act.model)
    else:
        info = app.catalogue.find(model)[1]
        steer.checked_budget(preset.budget, info.context)
    choice = (
        choice_of(app, act.conversation, model) if act.conversation else of_preset(preset, act.keep_thoughts is True)
    )
    answer = _panel(app, replace(act, model=model), choice)
    answer["blocks"] += composer_blocks(app, model, choice, act.words)
    return {**answer, "model": model, "steering": choice.steering, "behaviour": choice.behaving}


def save_preset(app: App, act: Act) -> PageUpdate:
    """Keep what the dialog has under a name: a new preset, or the one with the id in place of what it was.

    Raises MessageError in a temporary conversation, of which nothing is written to disk.
    """
    if app.is_temporary:
        raise MessageError(Words.preset_in_temporary)
    choice = _as_written(app, act)
    saved = app.main.store.presets.save(
        act.fields.text("name"), choice.behaviour, choice.budget, act.model, preset_id=act.subject
    )
    return use_preset(app, replace(act, subject=saved.id))


def delete_preset(app: App, act: Act) -> PageUpdate:
    """Forget a preset."""
    app.main.store.presets.delete(act.subject)
    choice = chosen(app, act)
    answer = _panel(app, act, choice)
    answer["blocks"] += composer_blocks(app, act.model, choice, act.words)
    return answer


def _panel(app: App, act: Act, choice: Choice) -> PageUpdate:
    info = model_info(app, act.model)
    advice = app.chat.prompting.advice(info, choice.behaviour.thinking)
    return {
        "blocks": [{"id": "behaviour", "html": panel(info, advice, choice, app.main.store.presets.all(), act.words)}]
    }


def _as_written(app: App, act: Act) -> Choice:
    """What is chosen, with what stands in the dialog. Raises MessageError for senseless values."""
    fields, choice = act.fields, chosen(app, act)
    changed = {name: number for name in BOUNDS if (number := _number(fields.object("sampling"), name, act.words))}
    behaviour = Behaviour(
        choice.behaviour.thinking,
        checked_system(fields.text("system")),
        sampling.as_text({name: float(text) for name, text in changed.items()}),
        fields.flag("system_role") is True,
    )
    if behaviour == replace(choice.behaviour, preset=""):
        behaviour = choice.behaviour
    keep = fields.flag("keep")
    return Choice(choice.budget, choice.keep if keep is None else keep, behaviour)


def _number(fields: Payload, name: str, words: Words) -> str:
    """A number as it was written, with a comma or a point; "" where nothing was. Raises MessageError."""
    text = fields.text(name).strip().replace(",", ".")
    if text and not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?", text, re.IGNORECASE | re.ASCII):
        raise MessageError(Words.no_number.format(value=text[:LONGEST_NUMBER], name=getattr(Words, name)))
    return text


ACTIONS: Actions = {
    "steer": steer_thinking,
    "model": choose_model,
    "models": refresh_models,
    "behaviour": show_behaviour,
    "behave": behave,
    "use-preset": use_preset,
    "save-preset": save_preset,
    "delete-preset": delete_preset,
}

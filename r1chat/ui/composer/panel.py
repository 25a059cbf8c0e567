"""How it should behave: the dialog with the system prompt, sampling and presets of a conversation. Pure HTML."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from r1chat import sampling
from r1chat.conversations import Preset
from r1chat.messages import ModelInfo
from r1chat.sampling import Recommended
from r1chat.ui.composer.choice import Choice
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat, text_area, text_input
from r1chat.ui.words.page import Words

_FIELDS = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "repeat_penalty", "seed", "max_tokens")


def panel(
    model: ModelInfo | None, advice: Recommended, choice: Choice, presets: Sequence[Preset], words: Words
) -> Markup:
    """The inside of the dialog."""
    return Markup(
        '<form method="dialog"><header><h2 id="behaviour-title">{title}</h2>{close}</header><div class="inside">'
        "{presets}{system}{sampling}"
        '<label class="tick"><input type="checkbox" name="keep"{keep}> {keep_words}</label></div>'
        '<div class="footer"><div class="line">{save_as}</div>'
        '<button type="button" class="second" data-command="close">{cancel}</button>'
        '<button type="submit" class="first" data-command="behave">{save}</button></div></form>'
    ).format(
        title=words.behaviour,
        close=close_button(words),
        presets=_presets(choice, presets, words),
        system=_system(model, choice, words),
        sampling=_sampling(advice, choice, words),
        keep=attributes(checked=choice.keep),
        keep_words=words.keep_thoughts,
        save_as=_save_as(choice, presets, words),
        cancel=words.cancel,
        save=words.save,
    )


def close_button(words: Words) -> Markup:
    """The cross of a dialog."""
    marks = attributes(type="button", class_="square", data_command="close", aria_label=words.close, title=words.close)
    return Markup("<button{}>{}</button>").format(marks, icon("x"))


def _system(model: ModelInfo | None, choice: Choice, words: Words) -> Markup:
    family = sampling.family_of(model) if model else None
    parts = [
        Markup('<label for="system">{}</label>{}').format(
            words.system_prompt,
            text_area(
                choice.behaviour.system,
                id="system",
                name="system",
                rows=4,
                placeholder=words.system_placeholder,
                aria_describedby="system-note",
            ),
        )
    ]
    if family is not None and family.no_system_prompt:
        note = words.system_advised.format(family=family.name)
        parts.append(
            Markup(
                '<p id="system-note" class="caution">{}</p>'
                '<label class="tick"><input type="checkbox" name="system_role"{}> {}</label>'
            ).format(note, attributes(checked=choice.behaviour.system_role), words.system_anyway)
        )
    elif model is not None and model.reasoning is not None and model.reasoning.system_part:
        parts.append(Markup('<p id="system-note" class="caution">{}</p>').format(words.system_kept))
    return Markup("<section>{}</section>").format(concat(parts))


def _sampling(advice: Recommended, choice: Choice, words: Words) -> Markup:
    changed = sampling.from_text(choice.behaviour.sampling)
    hints = {"seed": words.random_seed, "max_tokens": words.no_most}
    fields = concat(
        Markup("<label><span>{}</span>{}</label>").format(
            str(getattr(words, name)),
            text_input(
                type="text",
                inputmode="decimal",
                name=name,
                placeholder=hints.get(name) or _number(getattr(advice.params, name)),
                value=_number(changed[name]) if name in changed else "",
            ),
        )
        for name in _FIELDS
    )
    return Markup(
        '<section><h3>{title}</h3><div class="grid">{fields}</div><div class="line"><small>{source}</small>'
        '<button type="button" class="second" data-command="recommended">{back}</button></div></section>'
    ).format(title=words.sampling_title, fields=fields, source=source(advice, words), back=words.back_to_recommended)


def source(advice: Recommended, words: Words) -> str:
    """Who recommends these parameters, in words."""
    if advice.source == "GGUF":
        who = words.source_file
    elif advice.known:
        who = words.source_family.format(family=advice.source)
    else:
        who = words.source_fallback
    return words.sampling_source.format(source=who)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _presets(choice: Choice, presets: Sequence[Preset], words: Words) -> Markup:
    rows = []
    for preset in presets:
        used = preset.name == choice.behaviour.preset
        state = Markup("<small>{}</small>").format(words.in_use) if used else EMPTY
        rows.append(
            Markup(
                '<li><span class="name">{name}</span>{state}'
                '<button type="button" class="second"{use}>{use_word}</button>'
                '<button type="button" class="square"{delete}>{cross}</button></li>'
            ).format(
                name=preset.name,
                state=state,
                use=attributes(
                    data_command="use-preset", data_id=preset.id, aria_label=f"{words.use_preset}: {preset.name}"
                ),
                use_word=words.use_preset,
                delete=attributes(
                    data_command="delete-preset",
                    data_id=preset.id,
                    aria_label=f"{words.delete_preset}: {preset.name}",
                    title=words.delete_preset,
                ),
                cross=icon("x"),
            )
        )
    inside = (
        Markup("<ul>{}</ul>").format(concat(rows)) if rows else Markup("<small>{}</small>").format(words.no_presets)
    )
    return Markup('<section class="presets"><h3>{}</h3>{}</section>').format(words.presets, inside)


def _save_as(choice: Choice, presets: Sequence[Preset], words: Words) -> Markup:
    used = next((preset for preset in presets if preset.name == choice.behaviour.preset), None)
    name = text_input(
        type="text",
        name="preset",
        maxlength=80,
        placeholder=words.preset_name,
        aria_label=words.preset_name,
        value=used.name if used else "",
        data_id=used.id if used else "",
        data_name=used.name if used else "",
    )
    return name + Markup('<button type="button" class="second" data-command="save-preset">{}</button>').format(
        words.save_preset
    )

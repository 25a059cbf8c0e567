"""The menus of the composer as HTML: which model answers, and how it thinks. Pure: values and words in, Markup out.

A menu is a button with `aria-haspopup` and a `role=menu` behind it; `composer/popup.js` opens it and moves the focus.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from r1chat.backends.catalogue import BackendStatus
from r1chat.both import Both
from r1chat.config import NANO
from r1chat.messages import ModelInfo
from r1chat.reasoning_format import OFF, ON
from r1chat.sampling import family_of
from r1chat.steer import BUDGETS
from r1chat.ui.composer.choice import Choice
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import EMPTY, attributes, concat, joined
from r1chat.ui.words.page import Words, spoken

BACKEND_TITLES = {
    "llama.cpp": Both("llama.cpp", "llama.cpp"),
    "ollama": Both("Ollama", "Ollama"),
    "openai": Both("OpenAI-compatible server", "OpenAI 兼容服务器"),
}


def backend_title(name: str, words: Words) -> str:
    """What a backend is called; a server that was added in the settings by its address."""
    if name.startswith("openai@"):
        return name.partition("@")[2].replace("~", ":")
    return BACKEND_TITLES.get(name, Both(name, name)).pick(words.lang)


def model_name(model: ModelInfo) -> str:
    """What a model is called on the page."""
    return model.name if model.name == NANO else model.title or model.name


def model_menu(statuses: Sequence[BackendStatus], key: str, words: Words) -> Markup:
    """The button with the chosen model, and all models by their backends; what cannot be used says why."""
    chosen, groups = None, []
    for status in statuses:
        if not status.models and status.failure is None:
            continue
        items = []
        for model in status.models:
            chosen = model if model.key == key else chosen
            why = "" if model.ready else spoken(model.note, words)
            items.append(_radio("model", model.key, model_name(model), model.key == key, why, model.quantisation))
        if status.failure is not None:
            items.append(Markup("<small>{}</small>").format(status.failure.sentence(words.lang)))
        if status.account:
            items.append(Markup("<small>{}</small>").format(words.where_account.format(account=status.account)))
        groups.append(_group(backend_title(status.name, words), items))
    if key and chosen is None:
        gone = key.partition(":")[2]
        groups.append(_group(words.model, [_radio("model", key, gone, True, words.model_gone)]))
    name = model_name(chosen) if chosen else key.partition(":")[2] or words.no_model_chosen
    more = Markup("<button{}>{}{}</button><a{}>{}</a>").format(
        attributes(type="button", role="menuitem", tabindex=-1, data_command="models"),
        icon("refresh-cw"),
        words.refresh_models,
        attributes(role="menuitem", tabindex=-1, href="models/"),
        words.all_models,
    )
    kind = "away" if chosen is None or not chosen.ready else "ready"
    label = Markup('<span class="dot {}"></span><span class="text">{}</span>').format(kind, name)
    foot = Markup('<div class="foot">{}</div>').format(more)
    family = family_of(chosen) if chosen else None
    hint = words.few_shot.format(family=family.name) if family is not None and family.no_system_prompt else ""
    spare = Markup("<span{}></span>").format(attributes(id="few-shot-words", hidden=True, data_words=hint))
    return _popup("model", words.choose_model.format(name=name), label, concat(groups) + foot, words.model) + spare


def thinking_menu(model: ModelInfo | None, choice: Choice, words: Words) -> Markup:
    """The button with the choice of thinking, and what the model's format can be told; what it cannot says why."""
    form = model.reasoning if model else None
    chosen = chosen_thinking(model, choice.behaviour.thinking)
    options = form.choices if form else (OFF, ON)
    if OFF not in options:
        options = (OFF, *options)
    items = [
        _radio("thinking", value, thinking_word(value, words), value == chosen, _why_not(model, value, words))
        for value in options
    ]
    no_budget = ""
    if model is not None and not model.continues:
        no_budget = words.cannot_steer
    elif chosen == OFF:
        no_budget = words.budget_needs_thought
    budget = str(choice.steering["budget"])
    budgets = [("off", words.budget_none)]
    budgets += [(str(n), words.budget_tokens_of.format(n=f"{n:,}")) for n in BUDGETS.values()]
    budgets.append(("own", words.budget_custom))
    limits = [
        _radio("budget", value, text, value == budget, no_budget if value != "off" else "") for value, text in budgets
    ]
    caption = thinking_word(chosen, words)
    if chosen != OFF and choice.budget is not None and not no_budget:
        caption = joined(caption if chosen != ON else "", words.budget_tokens_of.format(n=f"{choice.budget:,}"))
    name = words.thinking_pill.format(choice=caption)
    both = Markup('<span class="text wide">{}</span><span class="text narrow">{}</span>').format(name, caption)
    inside = _group(words.thoughts, items) + _group(words.budget_group, limits)
    return _popup("thinking", name, icon("lightbulb") + both, inside, words.budget)


def chosen_thinking(model: ModelInfo | None, thinking: str) -> str:
    """Which option of a model a choice of thinking means; where it knows none of that name, its default."""
    if model is not None and not model.thinks:
        return OFF
    form = model.reasoning if model else None
    if thinking == OFF or (form is None and thinking) or (form is not None and thinking in form.choices):
        return thinking
    return form.default_effort if form is not None and form.efforts and form.default_effort else ON


def thinking_word(value: str, words: Words) -> str:
    """A choice of thinking in words; an effort that we do not know as the template names it."""
    if value in (OFF, ON):
        return words.thinking_off if value == OFF else words.thinking_on
    return str(getattr(words, f"effort_{value}", value))


def _why_not(model: ModelInfo | None, value: str, words: Words) -> str:
    """Why a model cannot be told to think like that; "" where it can."""
    if model is None:
        return ""
    if not model.thinks and value != OFF:
        return words.always_off
    can_leave_out = model.continues or (model.reasoning is not None and model.reasoning.can_skip) or not model.thinks
    return words.no_off_switch if value == OFF and not can_leave_out else ""


# --- pieces ----------------------------------------------------------------------------------------------------------


def _popup(name: str, title: str, label: Markup, inside: Markup, menu_name: str) -> Markup:
    button = attributes(
        type="button",
        id=f"{name}-button",
        class_="pill",
        aria_haspopup="menu",
        aria_expanded="false",
        aria_controls=f"{name}-menu",
        aria_label=title,
    )
    menu = attributes(id=f"{name}-menu", role="menu", class_="popup", aria_label=menu_name, hidden=True)
    return Markup("<button{}>{}{}</button><div{}>{}</div>").format(button, label, icon("chevron-down"), menu, inside)


def _group(title: str, items: Sequence[Markup]) -> Markup:
    return Markup('<div role="group"{}><div class="heading" aria-hidden="true">{}</div>{}</div>').format(
        attributes(aria_label=title), title, concat(items)
    )


def _radio(kind: str, value: str, text: str, checked: bool, why: str = "", more: str = "") -> Markup:
    """One of several options. `why` says why it cannot be chosen."""
    marks = attributes(
        type="button",
        role="menuitemradio",
        tabindex=-1,
        aria_checked="true" if checked else "false",
        aria_disabled="true" if why else None,
        data_choose=kind,
        data_value=value,
    )
    small = Markup("<small>{}</small>").format(why or more) if why or more else EMPTY
    return Markup('<button{}>{}<span class="text">{}</span>{}</button>').format(marks, icon("check"), text, small)

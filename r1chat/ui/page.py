"""The layout of the page. What its widgets do stands in `wiring`, what the scripts do beside their rooms."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from r1chat.steer import BUDGETS
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import icon_button
from r1chat.ui.startup import gradio as gr
from r1chat.ui.talk.moments import SYMBOLS
from r1chat.ui.talk.render import tools
from r1chat.ui.talk.screen import OWN_BUDGET
from r1chat.ui.words.page import words

# A component of our own. Its template is static: no text of a model or a person ever reaches Gradio's templating,
# which would run it as code. Its script is a module that r1chat serves itself; see `talk/transcript.js`.
_TRANSCRIPT = '<h1 class="unseen" id="title" hidden></h1><div class="read" role="log" aria-live="off"></div>'
_IMPORT = """import(new URL('r1chat/scripts/talk/main.js', document.baseURI)).then(
  main => main.start({props, watch, setWidgets: () => trigger('widgets')}));"""


@dataclass(frozen=True)
class Widgets:
    """The widgets that change with the language, or whose values a script sets or reads."""

    lang: gr.State  # "en" or "zh"
    brand: gr.HTML
    new: gr.Button
    search: gr.Textbox
    models: gr.Accordion
    refresh: gr.Button
    settings: gr.Accordion
    fold: gr.Radio
    language: gr.Radio
    burger: gr.HTML
    model: gr.Dropdown
    budget: gr.Dropdown
    own_budget: gr.Number  # thinking tokens, where the budget is one's own
    keep_thoughts: gr.Checkbox
    outline: gr.HTML
    transcript: gr.HTML
    jump: gr.HTML
    prompt: gr.Textbox
    hint: gr.HTML
    answer: gr.Button
    send: gr.Button
    stop: gr.Button


def layout() -> Widgets:
    """The widgets in their places, in English until the page knows better."""
    w = words("en")
    with gr.Row(elem_id="frame"):
        with gr.Column(elem_id="left", min_width=0):
            brand = gr.HTML(brand_html("en"), elem_id="brand-block", padding=False)
            new = gr.Button(w.new_conversation, elem_id="new", size="sm")
            search = gr.Textbox(
                label=w.search,
                placeholder=w.search,
                show_label=False,
                container=False,
                elem_id="search",
                max_lines=1,
                interactive=True,
            )
            gr.HTML('<nav class="list" id="list"></nav>', elem_id="conversations", padding=False)
            gr.HTML('<div id="gathered"></div>', elem_id="gathered-block", padding=False)
            with gr.Accordion(w.models, open=False, elem_id="models") as models:
                gr.HTML('<div id="backends-place"></div>', padding=False)
                refresh = gr.Button(w.refresh, size="sm", elem_id="refresh")
            with gr.Accordion(w.settings, open=False, elem_id="settings") as settings:
                fold = gr.Radio(fold_choices("en"), value="end", label=w.thoughts, elem_id="fold")
                keep_thoughts = gr.Checkbox(False, label=w.keep_thoughts, elem_id="keep-thoughts", interactive=True)
                language = gr.Radio(
                    [("English", "en"), ("中文", "zh")], value="en", label=w.language, elem_id="language"
                )
        with gr.Column(elem_id="middle", min_width=0):
            with gr.Row(elem_id="top"):
                burger = gr.HTML(burger_html("en"), elem_id="burger-block", padding=False, min_height=0)
                model = gr.Dropdown(
                    [],
                    label=w.model,
                    show_label=False,
                    container=False,
                    elem_id="model",
                    filterable=False,
                    interactive=True,
                )
                gr.HTML('<div id="model-place"></div>', elem_id="model-state", padding=False)
                budget = gr.Dropdown(
                    budget_choices("en"),
                    value="off",
                    label=w.budget,
                    show_label=False,
                    container=False,
                    elem_id="budget",
                    filterable=False,
                    interactive=True,
                )
                own_budget = gr.Number(
                    OWN_BUDGET,
                    label=w.budget_tokens,
                    show_label=False,
                    container=False,
                    precision=0,
                    elem_id="own-budget",
                    interactive=True,
                    visible=False,
                )
                gr.HTML('<div id="ledger"></div>', elem_id="ledger-block", padding=False)
            with gr.Column(elem_classes=["scroll"], min_width=0):
                transcript = gr.HTML(
                    None,
                    html_template=_TRANSCRIPT,
                    js_on_load=_IMPORT,
                    elem_id="transcript",
                    apply_default_css=False,
                    container=False,
                )
            with gr.Column(elem_id="bottom", min_width=0):
                jump = gr.HTML(jump_html("en"), elem_id="jump-block", padding=False)
                with gr.Column(elem_id="box", min_width=0):
                    prompt = gr.Textbox(
                        label=w.message,
                        placeholder=w.placeholder,
                        show_label=False,
                        container=False,
                        lines=1,
                        max_lines=12,
                        elem_id="prompt",
                        interactive=True,
                        autofocus=True,
                    )
                    with gr.Row(elem_id="controls"):
                        hint = gr.HTML(hint_html("en"), elem_id="hint", padding=False)
                        gr.HTML('<div id="compare-place"></div>', elem_id="compare", padding=False)
                        answer = gr.Button(w.answer_now, elem_id="answer", size="sm")
                        send = gr.Button(w.send, variant="primary", elem_id="send", size="sm")
                        stop = gr.Button(w.stop, variant="primary", elem_id="stop", size="sm")
        outline = gr.HTML(outline_html("en"), elem_id="right", padding=False)
    return Widgets(
        lang=gr.State("en"),
        brand=brand,
        new=new,
        search=search,
        models=models,
        refresh=refresh,
        settings=settings,
        fold=fold,
        language=language,
        burger=burger,
        model=model,
        budget=budget,
        own_budget=own_budget,
        keep_thoughts=keep_thoughts,
        outline=outline,
        transcript=transcript,
        jump=jump,
        prompt=prompt,
        hint=hint,
        answer=answer,
        send=send,
        stop=stop,
    )


def brand_html(lang: str) -> Markup:
    """The logo and the name; before them a link to the message box, for who goes by keys."""
    return Markup(
        '<a class="skip" href="#prompt">{}</a><div id="brand"><img src="r1chat/static/logo.svg" alt="">r1chat</div>'
    ).format(words(lang).skip_to_message)


def burger_html(lang: str) -> Markup:
    """The button that opens the list on a phone."""
    return Markup('<button id="burger" aria-label="{}">☰</button>').format(words(lang).conversations)


def jump_html(lang: str) -> Markup:
    """The button that jumps to the newest text, and what scripts take copies of or write into."""
    w = words(lang)
    return Markup(
        '<button id="jump" aria-label="{jump}" title="{jump}">{arrow}</button>{tools}{symbols}'
        '<template id="copy-code">{copy}</template><div id="offline" role="alert" hidden></div>'
        '<div id="announcer" class="unseen" role="status" aria-live="polite"></div>'
    ).format(
        jump=w.jump,
        arrow=icon("arrow-down"),
        tools=tools(w),
        symbols=SYMBOLS,
        copy=icon_button("copy-code", "", "copy", w.copy_code, data_done=w.copied),
    )


def outline_html(lang: str) -> Markup:
    """The place of the steps of a thought."""
    return Markup('<aside aria-label="{}"><div id="outline"></div></aside>').format(words(lang).outline)


def hint_html(lang: str) -> Markup:
    """Which keys send and break a line."""
    return Markup('<span id="where"></span> <span class="keys">{}</span>').format(words(lang).hint)


def script_words(lang: str) -> dict[str, str]:
    """The sentences that the scripts say themselves."""
    w = words(lang)
    return {
        "unreachable": w.unreachable,
        "broken": w.broken,
        "notRunning": w.not_running,
        "startAgain": w.start_again,
        "conversations": w.conversations,
        "transcript": w.transcript,
        "thinking": w.said_thinking,
        "answering": w.said_answering,
        "done": w.said_done,
        "stopped": w.said_stopped,
        "failed": w.said_failed,
        "copyFailed": w.copy_failed,
        "close": w.close,
        "summarising": w.summarising,
        "placeholder": w.placeholder,
    }


def budget_choices(lang: str) -> list[tuple[str, str]]:
    w = words(lang)
    quick, normal, deep = (str(BUDGETS[name]) for name in ("quick", "normal", "deep"))
    named = [(w.budget_off, "off"), (w.budget_quick, quick), (w.budget_normal, normal), (w.budget_deep, deep)]
    return [*named, (w.budget_own, "own")]


def fold_choices(lang: str) -> list[tuple[str, str]]:
    w = words(lang)
    return [(w.fold_open, "open"), (w.fold_end, "end"), (w.fold_keep, "keep")]


def reworded(widgets: Widgets, lang: str) -> dict[gr.blocks.Block, object]:
    """Every word of the layout in a language, as updates."""
    w = words(lang)
    return {
        widgets.brand: brand_html(lang),
        widgets.new: gr.update(value=w.new_conversation),
        widgets.search: gr.update(label=w.search, placeholder=w.search),
        widgets.models: gr.update(label=w.models),
        widgets.refresh: gr.update(value=w.refresh),
        widgets.settings: gr.update(label=w.settings),
        widgets.fold: gr.update(label=w.thoughts, choices=fold_choices(lang)),
        widgets.keep_thoughts: gr.update(label=w.keep_thoughts),
        widgets.budget: gr.update(label=w.budget, choices=budget_choices(lang)),
        widgets.own_budget: gr.update(label=w.budget_tokens),
        widgets.outline: outline_html(lang),
        widgets.answer: gr.update(value=w.answer_now),
        widgets.language: gr.update(label=w.language, value=lang),
        widgets.burger: burger_html(lang),
        widgets.model: gr.update(label=w.model),
        widgets.jump: jump_html(lang),
        widgets.prompt: gr.update(label=w.message, placeholder=w.placeholder),
        widgets.hint: hint_html(lang),
        widgets.send: gr.update(value=w.send),
        widgets.stop: gr.update(value=w.stop),
    }

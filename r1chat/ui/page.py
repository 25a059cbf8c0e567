"""The page: its layout, and how it is mounted. What a person's acts do is in `wiring.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Response

from r1chat.app import App
from r1chat.steer import BUDGETS
from r1chat.ui.html.markdown import pygments_css
from r1chat.ui.talk.render import tools
from r1chat.ui.talk.transcript import conversation_list, transcript
from r1chat.ui.words.page import words

_HERE = Path(__file__).parent
_SHEETS = ("page.css", "html/text.css", "judge/rating.css", "compare/duel.css")
_SANS = ["system-ui", "Noto Sans", "Noto Sans CJK SC", "sans-serif"]
_MONO = ["ui-monospace", "Noto Sans Mono", "monospace"]


@dataclass(frozen=True)
class Widgets:
    """Every widget that some act reads or changes."""

    conversation: gr.State  # its id, "" while there is none
    lang: gr.State  # "en" or "zh"
    brand: gr.HTML
    new: gr.Button
    search: gr.Textbox
    conversations: gr.HTML
    models: gr.Accordion
    backends: gr.HTML
    refresh: gr.Button
    settings: gr.Accordion
    fold: gr.Radio
    language: gr.Radio
    burger: gr.HTML
    model: gr.Dropdown
    model_state: gr.HTML
    budget: gr.Dropdown
    own_budget: gr.Number  # thinking tokens, where the budget is one's own
    keep_thoughts: gr.Checkbox
    ledger: gr.HTML
    outline: gr.HTML
    transcript: gr.HTML
    jump: gr.HTML
    prompt: gr.Textbox
    hint: gr.HTML
    compare: gr.HTML
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
                label=w.search, placeholder=w.search, show_label=False, container=False, elem_id="search", max_lines=1
            )
            conversations = conversation_list()
            gr.HTML('<div id="gathered"></div>', elem_id="gathered-block", padding=False)
            with gr.Accordion(w.models, open=False, elem_id="models") as models:
                backends = gr.HTML("", padding=False)
                refresh = gr.Button(w.refresh, size="sm", elem_id="refresh")
            with gr.Accordion(w.settings, open=False, elem_id="settings") as settings:
                fold = gr.Radio(fold_choices("en"), value="end", label=w.thoughts, elem_id="fold")
                keep_thoughts = gr.Checkbox(False, label=w.keep_thoughts, elem_id="keep-thoughts")
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
                model_state = gr.HTML("", elem_id="model-state", padding=False)
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
                    1000,
                    label=w.budget_tokens,
                    show_label=False,
                    container=False,
                    precision=0,
                    elem_id="own-budget",
                    visible=False,
                )
                ledger = gr.HTML('<div id="ledger"></div>', elem_id="ledger-block", padding=False)
            with gr.Column(elem_classes=["scroll"], min_width=0):
                shown = transcript()
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
                        autofocus=True,
                    )
                    with gr.Row(elem_id="controls"):
                        hint = gr.HTML(f"<span>{w.hint}</span>", elem_id="hint", padding=False)
                        compare = gr.HTML("", elem_id="compare", padding=False)
                        answer = gr.Button(w.answer_now, elem_id="answer", size="sm")
                        send = gr.Button(w.send, variant="primary", elem_id="send", size="sm")
                        stop = gr.Button(w.stop, variant="primary", elem_id="stop", size="sm")
        outline = gr.HTML(outline_html("en"), elem_id="right", padding=False)
    return Widgets(
        conversation=gr.State(""),
        lang=gr.State("en"),
        brand=brand,
        new=new,
        search=search,
        conversations=conversations,
        models=models,
        backends=backends,
        refresh=refresh,
        settings=settings,
        fold=fold,
        language=language,
        burger=burger,
        model=model,
        model_state=model_state,
        budget=budget,
        own_budget=own_budget,
        keep_thoughts=keep_thoughts,
        ledger=ledger,
        outline=outline,
        transcript=shown,
        jump=jump,
        prompt=prompt,
        hint=hint,
        compare=compare,
        answer=answer,
        send=send,
        stop=stop,
    )


def brand_html(lang: str) -> str:
    return f'<div id="brand">r1chat <small>{words(lang).tagline}</small></div>'


def burger_html(lang: str) -> str:
    return f'<button id="burger" aria-label="{words(lang).conversations}">☰</button>'


def jump_html(lang: str) -> str:
    """The button that jumps to the newest text; the tools of a step wait beside it until they are needed."""
    w = words(lang)
    return f'<button id="jump" aria-label="{w.jump}" title="{w.jump}">↓</button>{tools(w)}'


def outline_html(lang: str) -> str:
    return f'<aside aria-label="{words(lang).outline}"><div id="outline"></div></aside>'


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
        widgets.hint: f"<span>{w.hint}</span>",
        widgets.send: gr.update(value=w.send),
        widgets.stop: gr.update(value=w.stop),
    }


def theme() -> gr.themes.Base:
    """Quiet, and with the system's own fonts: none is loaded."""
    base = gr.themes.Base(primary_hue="indigo", neutral_hue="stone", font=_SANS, font_mono=_MONO)
    return base.set(
        body_background_fill="#fbfaf8",
        body_background_fill_dark="#191817",
        body_text_color="#22211f",
        body_text_color_dark="#ece9e4",
    )


def mount(web: FastAPI, app: App) -> None:
    """Put the page at `/`."""
    from r1chat.ui.wiring import wire

    with gr.Blocks(title="r1chat", analytics_enabled=False, fill_width=True, fill_height=True) as blocks:
        wire(app, blocks, layout())
    blocks.queue(default_concurrency_limit=16, api_open=False)
    style = _styles()

    @web.get("/r1chat/page.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    gr.mount_gradio_app(
        web,
        blocks,
        path="/",
        server_name="127.0.0.1",
        footer_links=[],
        show_error=True,
        ssr_mode=False,
        theme=theme(),
        head='<link rel="stylesheet" href="r1chat/page.css">',
        max_file_size=0,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
    )


def _styles() -> str:
    """Our style sheet. Served by ourselves, since Gradio rewrites the selectors of what it is given."""
    sheets = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SHEETS)
    return sheets + pygments_css(dark=False) + pygments_css(dark=True)

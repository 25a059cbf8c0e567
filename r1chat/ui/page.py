"""The layout of the page. Gradio gives the frame; what is in it are plain elements that our scripts bring to life.

Words are English until the page knows better: `data-word` and `data-name` say which of the words of `opening.py` stands
where, and `talk/main.js` puts them in, so that nothing that was typed meanwhile is lost.
"""

from __future__ import annotations

from markupsafe import Markup

from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import attributes, text_area, text_input
from r1chat.ui.startup import gradio as gr
from r1chat.ui.words.page import words

# A component of our own. Its template is static: no text of a model or a person ever reaches Gradio's templating,
# which would run it as code. Its script is a module that r1chat serves itself; see `talk/transcript.js`.
_IMPORT = """import(new URL('r1chat/scripts/talk/main.js', document.baseURI)).then(main => main.start());"""


def layout() -> None:
    """The elements in their places."""
    with gr.Row(elem_id="frame"):
        with gr.Column(elem_id="left", min_width=0):
            gr.HTML(_list_head(), elem_id="brand-block", padding=False)
            gr.HTML('<nav class="list" id="list"></nav>', elem_id="conversations", padding=False)
            gr.HTML('<div id="gathered"></div>', elem_id="gathered-block", padding=False)
            gr.HTML(_list_foot(), elem_id="foot-block", padding=False)
        with gr.Column(elem_id="middle", min_width=0):
            gr.HTML(_head(), elem_id="top", padding=False)
            with gr.Column(elem_classes=["scroll"], min_width=0):
                gr.HTML(
                    None,
                    html_template='<div class="read" role="log" aria-live="off"></div>',
                    js_on_load=_IMPORT,
                    elem_id="transcript",
                    apply_default_css=False,
                    container=False,
                )
            with gr.Column(elem_id="bottom", min_width=0):
                gr.HTML('<div id="jump-place"></div>', elem_id="jump-block", padding=False)
                gr.HTML(_composer(), elem_id="composer-block", padding=False)
        gr.HTML(_outline(), elem_id="right", padding=False)


def _icon_button(name: str, sign: str, word: str, **marks: str | bool) -> Markup:
    """A button that shows a sign; `word` is its name."""
    title = str(getattr(words("en"), word))
    data = attributes(type="button", id=name, data_name=word, aria_label=title, title=title, **marks)
    return Markup("<button{}>{}</button>").format(data, icon(sign))


def _word(word: str) -> Markup:
    return Markup('<span class="text" data-word="{}">{}</span>').format(word, getattr(words("en"), word))


def _list_head() -> Markup:
    return Markup(
        '<a class="skip" href="#prompt" data-word="skip_to_message">{skip}</a>'
        '<div id="brand"><img src="r1chat/static/logo.svg" alt=""><span class="name">r1chat</span>{hide}</div>'
        '<button type="button" id="new">{plus}{new}</button>'
        '<div id="search">{search}</div>'
    ).format(
        skip=words("en").skip_to_message,
        hide=_icon_button("hide-list", "panel-left", "hide_list", class_="square", data_command="toggle-list"),
        plus=icon("plus"),
        new=_word("new_conversation"),
        search=text_input(
            type="search",
            data_name="search",
            data_holds="search",
            aria_label=words("en").search,
            placeholder=words("en").search,
            spellcheck="false",
        ),
    )


def _list_foot() -> Markup:
    return Markup(
        '<a id="learn-link" href="learn/">{cap}{learn}</a>'
        '<a id="evaluation-link" href="evaluation/">{chart}{evaluation}</a>'
        '<a id="models-link" href="models/">{box}{models}</a>'
        '<button type="button" id="settings-button" aria-haspopup="dialog" data-command="settings">'
        "{gear}{settings}</button>"
    ).format(
        cap=icon("graduation-cap"),
        learn=_word("learn"),
        chart=icon("chart-column"),
        evaluation=_word("evaluation"),
        box=icon("box"),
        models=_word("models"),
        gear=icon("settings-2"),
        settings=_word("settings"),
    )


def _head() -> Markup:
    return Markup(
        '<div id="head">{burger}{show}<h1 id="title" hidden></h1><div id="ledger"></div>{outline}</div>'
    ).format(
        burger=_icon_button("burger", "menu", "conversations", class_="square"),
        show=_icon_button("show-list", "panel-left", "show_list", class_="square", data_command="toggle-list"),
        outline=_icon_button(
            "toggle-outline", "panel-right", "hide_outline", class_="square", data_command="toggle-outline"
        ),
    )


def _composer() -> Markup:
    w = words("en")
    return Markup(
        '<template id="icon-pencil">{pencil}</template><template id="icon-x">{x}</template>'
        '<div id="queue"></div><div id="box">'
        '<div id="prompt">{prompt}</div>'
        '<div id="few-shot" role="status" hidden></div>'
        '<div id="controls"><div id="model-place"></div><div id="thinking-place"></div>'
        '<div id="own-budget" hidden>{own}</div>'
        '{behaviour}<span class="space"></span><div id="compare"><div id="compare-place"></div></div>'
        '<button type="button" id="answer" hidden>{now}{answer}</button>'
        '<button type="button" id="stop"{stop} hidden>{stop_sign}'
        '<span class="unseen" data-word="stop">{stop_word}</span>'
        '</button><button type="button" id="send"{send} disabled>{send_sign}'
        '<span class="unseen" data-word="send">{send_word}</span></button></div></div>'
        '<div id="note"><div id="state-place"></div><div id="where"></div>'
        '<div id="hint" data-word="hint">{hint}</div></div>'
        '<dialog id="behaviour" class="sheet own" aria-labelledby="behaviour-title"></dialog>'
        '<dialog id="phrasings" class="sheet own" aria-labelledby="phrasings-title"></dialog>'
        '<dialog id="settings" class="sheet" aria-labelledby="settings-title"></dialog>'
        '<dialog id="palette" class="sheet" data-name="palette">{palette}'
        '<ul id="palette-list" role="listbox" data-name="palette">'
        '<li role="presentation"><ul id="palette-acts" role="group" data-name="palette_acts"></ul>'
        '</li><li role="presentation"><ul id="palette-found" role="group" data-name="conversations"></ul></li></ul>'
        "</dialog>"
    ).format(
        pencil=icon("pencil"),
        x=icon("x"),
        palette=text_input(
            type="search",
            role="combobox",
            aria_expanded="true",
            aria_controls="palette-list",
            aria_autocomplete="list",
            spellcheck="false",
            data_name="palette",
            data_holds="palette",
        ),
        prompt=text_area(
            rows=1,
            data_name="message",
            data_holds="placeholder",
            aria_label=w.message,
            placeholder=w.placeholder,
            autofocus=True,
            enterkeyhint="send",
        ),
        own=text_input(type="number", min=1, step=1, data_name="budget_tokens", aria_label=w.budget_tokens, value=1000),
        behaviour=_icon_button(
            "behaviour-button",
            "sliders-horizontal",
            "behaviour",
            class_="pill",
            data_command="behaviour",
            aria_haspopup="dialog",
        ),
        now=icon("fast-forward"),
        answer=_word("answer_now"),
        stop=attributes(title=w.stop),
        stop_sign=icon("square"),
        stop_word=w.stop,
        send=attributes(title=w.send),
        send_sign=icon("arrow-up"),
        send_word=w.send,
        hint=w.hint,
    )


def _outline() -> Markup:
    name = attributes(data_name="outline", aria_label=words("en").outline)
    return Markup('<aside{}><div id="outline"></div></aside>').format(name)

"""What stays with Gradio: opening the page.

Everything that a person does goes over a route of our own instead (`routes`, `talk/acts.js`): Gradio drops an event
of a widget while an earlier one is pending.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from markupsafe import escape

from r1chat.app import App
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.ui.composer.blocks import composer_blocks, model_key
from r1chat.ui.composer.choice import choice_of
from r1chat.ui.language import LANGUAGE_COOKIE, spoken
from r1chat.ui.page import Widgets, jump_html, script_words
from r1chat.ui.startup import gradio as gr
from r1chat.ui.talk.screen import model_blocks, show
from r1chat.ui.words.page import words

P = ParamSpec("P")
T = TypeVar("T")
Updates = dict[Any, Any]


def worded(handler: Callable[P, T]) -> Callable[P, T]:
    """The boundary to Gradio: an error that a person can act on is shown as its sentence, and changes nothing.

    The handler's last argument is the request, which tells the language.
    """

    @functools.wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return handler(*args, **kwargs)
        except R1ChatError as error:
            lang = _language(args[-1]) if args else "en"
            raise gr.Error(str(escape(error.sentence(lang))), duration=12, print_exception=False) from None

    return guarded


def wire(app: App, blocks: gr.Blocks, ui: Widgets) -> None:
    """Have the page filled when it opens."""
    views = Views(app, ui)
    blocks.load(views.opened, None, list(vars(ui).values()), show_progress="hidden", api_visibility="private")


class Views:
    """The handlers. Each says what the page shows then."""

    def __init__(self, app: App, ui: Widgets) -> None:
        self.app = app
        self.ui = ui

    @worded
    def opened(self, request: gr.Request) -> Updates:
        """The page opens: in the browser's language, on the conversation of its address."""
        lang, conversation, model = _language(request), str(request.query_params.get("c", "")), ""
        told = ""
        if conversation:
            try:
                model = self.app.home_of(conversation).store.info(conversation).model
            except NotFoundError:
                conversation, told = "", words(lang).no_such_conversation
        else:
            model = str(request.query_params.get("model", ""))[:300]  # from the page of models
        key, w = model_key(self.app, model), words(lang)
        app = self.app.home_of(conversation)
        shown = show(app, conversation, key, w)
        choice = choice_of(app, conversation, key)
        shown["blocks"] += model_blocks(self.app, key, w)
        shown["blocks"] += composer_blocks(self.app, key, choice, w)
        page = {"lang": lang, "words": script_words(lang), "answer": shown, "model": key, "told": told}
        return {self.ui.transcript: page, self.ui.jump: jump_html(lang)}


def _language(request: object) -> str:
    cookies, headers = getattr(request, "cookies", {}), getattr(request, "headers", {})
    return spoken(cookies.get(LANGUAGE_COOKIE), headers.get("accept-language"))

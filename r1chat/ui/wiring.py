"""What stays with Gradio: opening the page, its language, and looking for models anew.

Everything that a person does goes over a route of our own instead (`routes`, `talk/acts.js`): Gradio drops an event
of a widget while an earlier one is pending. Where a script needs the value of a Gradio widget, or sets it, an event
that stays in the browser passes it on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from markupsafe import escape

from r1chat.app import App
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.ui.act import Answer
from r1chat.ui.language import LANGUAGE_COOKIE, pick, spoken
from r1chat.ui.page import Widgets, reworded, script_words
from r1chat.ui.startup import gradio as gr
from r1chat.ui.talk.screen import backends_block, model_blocks, model_choices, model_key, show
from r1chat.ui.words.page import words

P = ParamSpec("P")
T = TypeVar("T")
Updates = dict[Any, Any]

_REMEMBER_LANGUAGE = f"""lang => {{
  document.cookie = `{LANGUAGE_COOKIE}=${{lang}}; path=/; max-age=31536000; SameSite=Strict`;
  const {{conversation = '', model = '', query = ''}} = globalThis.r1chat?.state ?? {{}};
  return [lang, {{conversation, model, query}}];
}}"""
_REMEMBER_FOLD = """mode => {
  localStorage.setItem('r1chat.fold', mode);
  document.dispatchEvent(new Event('r1chat:fold'));
  return mode;
}"""
_RECALL_FOLD = "() => localStorage.getItem('r1chat.fold') ?? 'end'"
_CHOSEN = "(model, budget) => { globalThis.r1chat?.chosen({model, budget}); }"
_STEERED = "(model, budget) => { globalThis.r1chat?.chosen({model, budget}); globalThis.r1chat?.act('steer'); }"
_MODEL_CHOSEN = "(model, budget) => { globalThis.r1chat?.chosen({model, budget}); globalThis.r1chat?.act('model'); }"
_SHOW_OWN_BUDGET = "budget => ({__type__: 'update', visible: budget === 'own'})"
_WIDGETS = "() => globalThis.r1chat.widgets()"


def worded(handler: Callable[P, T]) -> Callable[P, T]:
    """The boundary to Gradio: an error that a person can act on is shown as its sentence, and changes nothing.

    The handler's last argument is the language, or the request, which tells it.
    """

    @functools.wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return handler(*args, **kwargs)
        except R1ChatError as error:
            told = args[-1] if args else "en"
            lang = told if isinstance(told, str) else _language(told)
            raise gr.Error(str(escape(error.sentence(lang))), duration=12, print_exception=False) from None

    return guarded


def wire(app: App, blocks: gr.Blocks, ui: Widgets) -> None:
    """Connect every widget with what it does."""
    views = Views(app, ui)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    here: dict[str, Any] = {"queue": False, **quiet}
    everything = list(vars(ui).values())
    pickers = [ui.model, ui.budget]

    blocks.load(views.opened, None, everything, **quiet)
    blocks.load(None, None, ui.fold, js=_RECALL_FOLD, **here)

    gr.on([ui.refresh.click, ui.models.expand], views.refreshed, [ui.model, ui.lang], everything, **quiet)
    ui.language.input(views.language_chosen, [ui.language, ui.transcript], everything, js=_REMEMBER_LANGUAGE, **quiet)
    ui.fold.input(None, ui.fold, ui.fold, js=_REMEMBER_FOLD, **here)

    # the scripts learn what the pickers say, and set it
    gr.on([ui.model.change, ui.budget.change], None, pickers, None, js=_CHOSEN, **here)
    ui.model.input(None, pickers, None, js=_MODEL_CHOSEN, **here)
    ui.budget.input(None, pickers, None, js=_STEERED, **here)
    ui.budget.change(None, ui.budget, ui.own_budget, js=_SHOW_OWN_BUDGET, **here)
    ui.transcript.widgets(None, None, [ui.model, ui.budget, ui.own_budget, ui.keep_thoughts], js=_WIDGETS, **here)


class Views:
    """The handlers. Each says what the page shows then."""

    def __init__(self, app: App, ui: Widgets) -> None:
        self.app = app
        self.ui = ui

    @worded
    def opened(self, request: gr.Request) -> Updates:
        """The page opens: in the browser's language, on the conversation of its address."""
        lang, conversation, model = _language(request), str(request.query_params.get("c", "")), ""
        if conversation:
            try:
                model = self.app.home_of(conversation).store.conversation(conversation).info.model
            except NotFoundError:
                conversation = ""
        else:
            model = str(request.query_params.get("model", ""))[:300]  # from the page of models
        return self._whole(conversation, model_key(self.app, model), lang, "")

    @worded
    def language_chosen(self, lang: str, page: object) -> Updates:
        """The whole page in another language."""
        fields = page if isinstance(page, dict) else {}
        conversation, model, query = (str(fields.get(name) or "") for name in ("conversation", "model", "query"))
        return self._whole(conversation, model, pick(lang), query)

    @worded
    def refreshed(self, model: str | None, lang: str) -> Updates:
        """Ask every backend anew for its models."""
        self.app.catalogue.statuses(fresh=True)
        return self._models(model_key(self.app, model or ""), lang, {})

    def _whole(self, conversation: str, model: str, lang: str, query: str) -> Updates:
        shown = show(self.app.home_of(conversation), conversation, words(lang), query)
        updates: Updates = {**reworded(self.ui, lang), self.ui.lang: lang, **self._models(model, lang, shown)}
        if steering := shown.get("steering"):
            steered = {
                self.ui.budget: {"value": steering["budget"]},
                self.ui.own_budget: {"value": steering["own"], "visible": steering["budget"] == "own"},
                self.ui.keep_thoughts: {"value": steering["keep"]},
            }
            for widget, values in steered.items():  # beside the words of the same widget
                updates[widget] = {**updates[widget], **values}
        return updates

    def _models(self, key: str, lang: str, shown: Answer) -> Updates:
        w = words(lang)
        blocks = [*shown.get("blocks", []), *model_blocks(self.app, key, w), backends_block(self.app, w)]
        page = {"lang": lang, "words": script_words(lang), "answer": {**shown, "blocks": blocks}, "model": key}
        return {
            self.ui.model: gr.update(choices=model_choices(self.app, key, w), value=key or None, label=w.model),
            self.ui.transcript: page,
        }


def _language(request: object) -> str:
    cookies, headers = getattr(request, "cookies", {}), getattr(request, "headers", {})
    return spoken(cookies.get(LANGUAGE_COOKIE), headers.get("accept-language"))

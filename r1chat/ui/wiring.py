"""What a person's acts do: one paragraph each. Every argument of a handler is treated as hostile input."""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from r1chat.app import App
from r1chat.errors import MessageError, NotFoundError, R1ChatError
from r1chat.messages import ConversationInfo, ModelInfo, Verdict
from r1chat.steer import BUDGETS
from r1chat.ui.compare import acts as duel
from r1chat.ui.judge import acts as judging
from r1chat.ui.page import Widgets, reworded
from r1chat.ui.talk import carry, sidebar
from r1chat.ui.words.page import pick, words

P = ParamSpec("P")
T = TypeVar("T")
Updates = dict[Any, Any]

LANGUAGE_COOKIE = "r1chat_lang"
_REMEMBER_LANGUAGE = f"""lang => {{
  document.cookie = `{LANGUAGE_COOKIE}=${{lang}}; path=/; max-age=31536000; SameSite=Strict`;
  return lang;
}}"""
_REMEMBER_FOLD = """mode => {
  localStorage.setItem('r1chat.fold', mode);
  document.dispatchEvent(new Event('r1chat:fold'));
  return mode;
}"""
_RECALL_FOLD = "() => localStorage.getItem('r1chat.fold') ?? 'end'"

log = logging.getLogger(__name__)


def said(handler: Callable[P, T]) -> Callable[P, T]:
    """The boundary of the page: an error that a person can act on is shown as its sentence, and changes nothing."""

    @functools.wraps(handler)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return handler(*args, **kwargs)
        except R1ChatError as error:
            raise gr.Error(escape(str(error)), duration=12, print_exception=False) from None

    return guarded


def wire(app: App, blocks: gr.Blocks, ui: Widgets) -> None:
    """Connect every widget with what it does."""
    views = Views(app, ui)
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    everything = list(vars(ui).values())
    here = [ui.conversation, ui.model, ui.lang]

    # the page opens: in the browser's language, on the conversation of its address
    blocks.load(views.opened, None, everything, **quiet)
    blocks.load(None, None, ui.fold, js=_RECALL_FOLD, **quiet)

    # a message is sent
    wheel = [ui.budget, ui.own_budget, ui.keep_thoughts]
    gr.on([ui.send.click, ui.prompt.submit], views.sent, [ui.prompt, *here, *wheel], everything, **quiet)
    ui.stop.click(views.stopped, [ui.conversation], None, **quiet)
    ui.answer.click(views.answered, [ui.conversation], None, **quiet)

    # a click in the transcript, or in the list; those of the transcript may come one right after the other
    ui.transcript.act(views.acted, [*here, *wheel], everything, trigger_mode="multiple", **quiet)
    ui.transcript.carry(views.carried_on, [*here, ui.prompt], everything, **quiet)
    ui.transcript.judge(views.judged, [ui.lang], None, trigger_mode="multiple", **quiet)
    ui.conversations.act(views.list_acted, [*here, ui.search], everything, **quiet)
    ui.new.click(views.new, [ui.model, ui.lang, ui.search], everything, **quiet)
    ui.search.change(
        views.searched, [ui.search, ui.conversation, ui.lang], ui.conversations, trigger_mode="always_last", **quiet
    )

    # models and settings
    ui.model.input(views.model_chosen, here, everything, **quiet)
    gr.on([ui.refresh.click, ui.models.expand], views.refreshed, [ui.model, ui.lang], everything, **quiet)
    ui.budget.change(views.budget_chosen, ui.budget, ui.own_budget, **quiet)
    steered = [ui.budget.input, ui.own_budget.submit, ui.own_budget.blur, ui.keep_thoughts.input]
    gr.on(steered, views.steered, [*here, *wheel], None, trigger_mode="always_last", **quiet)
    ui.fold.input(None, ui.fold, ui.fold, js=_REMEMBER_FOLD, **quiet)
    ui.language.input(
        views.language_chosen, [ui.language, ui.conversation, ui.model, ui.search], everything, js=None, **quiet
    )
    ui.language.input(None, ui.language, None, js=_REMEMBER_LANGUAGE, **quiet)


class Views:
    """The handlers. Each calls one method of the chat or the store, and says what the page shows then."""

    def __init__(self, app: App, ui: Widgets) -> None:
        self.app = app
        self.ui = ui

    # -- the page -----------------------------------------------------------------------------------------------------

    @said
    def opened(self, request: gr.Request) -> Updates:
        cookie = request.cookies.get(LANGUAGE_COOKIE)
        lang = cookie if cookie in ("en", "zh") else pick(request.headers.get("accept-language"))
        conversation, model = str(request.query_params.get("c", "")), ""
        if conversation:
            try:
                model = self.app.store.conversation(conversation).info.model
            except NotFoundError:
                conversation = ""
        key = self._model_key(model)
        return {
            **reworded(self.ui, lang),
            self.ui.lang: lang,
            **self._models(key, lang),
            **self._show(conversation, key, lang),
        }

    @said
    def language_chosen(self, lang: str, conversation: str, model: str, query: str) -> Updates:
        lang = pick(lang)
        return {
            **reworded(self.ui, lang),
            self.ui.lang: lang,
            **self._models(model, lang),
            **self._show(conversation, model, lang, query),
        }

    # -- messages -----------------------------------------------------------------------------------------------------

    @said
    def sent(self, prompt: str, conversation: str, model: str, lang: str, *wheel: object) -> Updates:
        steering = _steering(wheel, lang)
        model = model or self._model_key("")  # sent before the page knew which model it offers
        generation = self.app.chat.send(conversation or None, prompt or "", model, steering=steering)
        return {self.ui.prompt: "", **self._show(generation.conversation_id, model, lang)}

    @said
    def stopped(self, conversation: str) -> None:
        generation = self.app.chat.running(conversation)
        if generation is not None:
            generation.stop()

    @said
    def answered(self, conversation: str) -> None:
        self.app.chat.answer_now(conversation)

    def budget_chosen(self, budget: str) -> Any:
        return gr.update(visible=budget == "own")

    @said
    def steered(self, conversation: str, model: str, lang: str, *wheel: object) -> None:
        steering = _steering(wheel, lang)
        if conversation:
            self.app.chat.set_steering(conversation, *steering, model)

    @said
    def acted(self, event: gr.EventData, conversation: str, model: str, lang: str, *wheel: object) -> Updates:
        verb, subject, text = _verb(event)
        if verb == "ask":
            return self.sent(text, conversation, model, lang, *wheel)
        if verb == "ask-both":
            begun = duel.ask_both(self.app, text, conversation, model or "", lang, _steering(wheel, lang))
            return {self.ui.prompt: "", **self._show(begun, model, lang)}
        act = self._acts().get(verb)
        if act is None:
            log.warning("the page sent an unknown act")
        else:
            act(conversation, subject, text, model, lang)
        return {self.ui.conversation: conversation}  # what it changed comes through the feed

    @said
    def judged(self, event: gr.EventData, lang: str) -> None:
        verb, subject, text = _verb(event)
        act = judging.ACTS.get(verb)
        if act is None:
            log.warning("the page sent an unknown judgement")
        else:
            act(self.app, subject, text, lang)  # what it changed comes through the feed

    def _acts(self) -> dict[str, Callable[[str, str, str, str, str], object]]:
        """What the verbs of the transcript do, each with conversation, id, text, model and language."""
        chat = self.app.chat
        return {
            "stop": lambda conversation, *_: self.stopped(conversation),
            "answer": lambda conversation, *_: chat.answer_now(conversation),
            "again": lambda _c, turn, _t, model, _l: chat.again(turn, model),
            "retry": lambda conversation, turn, _t, model, _l: chat.retry(conversation, turn, model),
            "skip": lambda _c, turn, _t, model, _l: chat.again(turn, model, skip_thought=True),
            "longer": lambda _c, reply, _t, model, _l: chat.think_longer(reply, model),
            "resume": lambda _c, reply, *_: chat.resume(reply),
            "edit": lambda _c, turn, text, model, _l: chat.edit(turn, text, model),
            "reply": lambda _c, reply, text, *_: chat.show_reply(reply, _step(text)),
            "turn": lambda _c, turn, text, *_: chat.show_turn(turn, _step(text)),
            "vote": lambda _c, turn, text, model, lang: chat.vote(turn, _samples(text, lang), model),
            "fork": lambda _c, reply, text, model, _l: chat.fork(reply, *_place(text), _field(text, "text"), model),
            "label": lambda conversation, reply, text, *_: self._labelled(conversation, reply, text),
            "leave-out": lambda conversation, _s, _t, model, _l: chat.leave_out_oldest(conversation, model),
            "show-all": lambda conversation, *_: chat.show_all_turns(conversation),
            **duel.acts(self.app),
        }

    def carried_on(self, conversation: str, model: str, lang: str, draft: str) -> Iterator[Updates]:
        """A new conversation. Its first message grows in the box, and waits there for what the person makes of it."""
        w = words(lang)
        try:
            texts = carry.first_message(self.app, conversation, model, w)
            yield {
                **self._show("", model, lang),
                self.ui.prompt: gr.update(value="", placeholder=w.summarising, interactive=False),
            }
            text = ""
            for text in texts:
                yield {self.ui.prompt: text}
        except R1ChatError as error:
            raise gr.Error(escape(str(error)), duration=12, print_exception=False) from None
        whole = gr.update(value=text + str(draft or ""), placeholder=w.placeholder, interactive=True)
        yield {self.ui.prompt: whole}

    def _labelled(self, conversation: str, reply: str, text: str) -> None:
        verdict: Verdict = "confirmed" if _field(text, "verdict") == "confirmed" else "denied"
        self.app.store.label_moment(reply, *_place(text), _field(text, "kind")[:32], verdict, self.app.teacher.rater)
        self.app.chat.publish(conversation)

    # -- the list -----------------------------------------------------------------------------------------------------

    @said
    def new(self, model: str, lang: str, query: str) -> Updates:
        return self._show("", model, lang, query)

    @said
    def searched(self, query: str, conversation: str, lang: str) -> dict[str, str]:
        return self._list(conversation, lang, query)

    @said
    def list_acted(self, event: gr.EventData, conversation: str, model: str, lang: str, query: str) -> Updates:
        verb, subject, text = _verb(event)
        store = self.app.store
        if verb == "open":
            info = store.conversation(subject).info
            key = self._model_key(info.model)
            return {**self._models(key, lang), **self._show(subject, key, lang, query)}
        if verb == "rename":
            store.rename(subject, text.strip())
        elif verb == "delete":
            generation = self.app.chat.running(subject)
            if generation is not None:
                generation.stop()
            info = store.conversation(subject).info
            store.delete(subject)
            shown = "" if subject == conversation else conversation
            return self._show(shown, model, lang, query, deleted=info)
        elif verb == "undo":
            store.undelete(subject)
            return self._show(subject, model, lang, query)
        return {self.ui.conversations: self._list(conversation, lang, query)}

    # -- models -------------------------------------------------------------------------------------------------------

    @said
    def model_chosen(self, conversation: str, model: str, lang: str) -> Updates:
        if conversation:
            self.app.store.set_model(conversation, model)
        return {
            self.ui.model_state: self._model_state(model, lang),
            self.ui.compare: self._compare(model, lang),
            self.ui.transcript: {"conversation": conversation, "model": model, "lang": lang},
        }

    @said
    def refreshed(self, model: str, lang: str) -> Updates:
        self.app.catalogue.statuses(fresh=True)
        return self._models(self._model_key(model), lang)

    # -- what the page shows ------------------------------------------------------------------------------------------

    def _show(
        self, conversation: str, model: str, lang: str, query: str = "", deleted: ConversationInfo | None = None
    ) -> Updates:
        steering: Updates = {}
        if conversation:
            info = self.app.store.info(conversation)
            budget = "off" if info.budget is None else str(info.budget)
            known = budget == "off" or info.budget in BUDGETS.values()
            steering = {
                self.ui.budget: budget if known else "own",
                self.ui.own_budget: gr.update(value=info.budget or 1000, visible=not known),
                self.ui.keep_thoughts: info.keep_thoughts,
            }
        return {
            **steering,
            self.ui.conversation: conversation,
            self.ui.transcript: {"conversation": conversation, "model": model, "lang": lang},
            self.ui.conversations: self._list(conversation, lang, query, deleted),
        }

    def _list(
        self, conversation: str, lang: str, query: str = "", deleted: ConversationInfo | None = None
    ) -> dict[str, str]:
        query = (query or "").strip()
        infos = self.app.store.search(query) if query else self.app.store.conversations()
        return {"html": sidebar.conversations(infos, conversation, words(lang), deleted, found=bool(query))}

    def _models(self, key: str, lang: str) -> Updates:
        statuses = self.app.catalogue.statuses()
        models = [model for status in statuses for model in status.models]
        choices = [(sidebar.model_label(model), model.key) for model in models]
        if key and key not in [value for _, value in choices]:
            choices.append((f"⚠ {key}", key))
        return {
            self.ui.model: gr.update(choices=choices, value=key or None, label=words(lang).model),
            self.ui.model_state: self._model_state(key, lang),
            self.ui.compare: self._compare(key, lang),
            self.ui.backends: sidebar.backends(statuses, str(self.app.settings.models_folder), words(lang)),
        }

    def _model_state(self, key: str, lang: str) -> str:
        model, why = self._find(key)
        return sidebar.model_state(model, why, words(lang))

    def _compare(self, key: str, lang: str) -> str:
        return duel.menu(self.app.catalogue.models(), key or "", self.app.settings.temperature, words(lang))

    def _find(self, key: str) -> tuple[ModelInfo | None, str]:
        try:
            return self.app.catalogue.glance(key or ""), ""
        except R1ChatError as error:
            return None, str(error)

    def _model_key(self, wanted: str) -> str:
        """The model to show: the one of the conversation, else the one of the settings, else the best there is."""
        if wanted:
            return wanted
        settings = self.app.settings
        try:
            return self.app.catalogue.default(settings.model, settings.backend or "").key
        except R1ChatError:
            return ""


def _verb(event: gr.EventData) -> tuple[str, str, str]:
    data = getattr(event, "_data", None)
    data = data if isinstance(data, dict) else {}
    verb, subject, text = (data.get(name, "") for name in ("verb", "id", "text"))
    return str(verb), str(subject)[:64], str(text)


def _step(text: str) -> int:
    return {"-1": -1, "1": 1}.get(text, 0)


def _steering(wheel: Sequence[object], lang: str) -> tuple[int | None, bool]:
    """The budget that was chosen, or, where it is one's own, written; and whether thoughts are kept."""
    chosen, own, keep = wheel if len(wheel) == 3 else ("off", None, False)
    if chosen in ("off", None, ""):
        return None, bool(keep)
    tokens = own if chosen == "own" else int(str(chosen)) if str(chosen).isdecimal() else None
    if isinstance(tokens, bool) or not isinstance(tokens, int):
        raise MessageError(words(lang).bad_budget)
    return tokens, bool(keep)


def _samples(text: str, lang: str) -> int:
    if not re.fullmatch(r"-?\d{1,4}", text):
        raise MessageError(words(lang).bad_samples.format(value=text[:40]))
    return int(text)


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    return fields if isinstance(fields, dict) else {}


def _field(text: str, name: str) -> str:
    return str(_fields(text).get(name, ""))


def _place(text: str) -> tuple[int, int]:
    """Where something stands in a thought. What makes no sense becomes a place that is nowhere."""
    start, end = (_fields(text).get(name) for name in ("start", "end"))
    return (start, end) if isinstance(start, int) and isinstance(end, int) else (-1, -1)

"""Whether the chosen model can be used now, why not, what can be used instead, and where messages to it go.

One answer for the line beside the picker, the middle of the page and the line under the message box, so that they never
contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from r1chat.app import App
from r1chat.config import NANO
from r1chat.errors import R1ChatError
from r1chat.library.forecast import forecast
from r1chat.messages import ModelInfo
from r1chat.ui.html.parts import EMPTY, button, concat, unbroken
from r1chat.ui.talk import sidebar
from r1chat.ui.words.page import Words, spoken

OFFERED = 2  # models that are offered in place of one that is gone


@dataclass(frozen=True, slots=True)
class Availability:
    """The state of the chosen model. `model` is None where it is not there; `why` then says it, as a sentence.

    `host`: where messages go, "" for this computer; `account`: whose program gets them there, if another person's.
    `others`: models that can be used now. `engine`: files that are downloaded could run.
    """

    model: ModelInfo | None
    why: str
    host: str
    others: tuple[ModelInfo, ...] = ()
    expected: str = ""  # the forecast for a file of this computer
    account: str = ""
    engine: bool = True

    @property
    def available(self) -> bool:
        """A message can be sent."""
        return self.model is not None and self.model.ready


def look(app: App, key: str, words: Words, max_age: float | None = None) -> Availability:
    """The state of the model `key` ("" for none). `max_age`: seconds for which the last answer is good enough."""
    catalogue = app.catalogue
    if key:
        try:
            model = catalogue.glance(key) if max_age is None else catalogue.glance(key, max_age)
            if model.ready:
                account = catalogue.account(key)
                expected = _expected(app, model, words)
                return Availability(model, "", catalogue.host(key), expected=expected, account=account)
            return Availability(model, spoken(model.note, words), catalogue.host(key), _others(app, key))
        except R1ChatError as error:
            return Availability(None, error.sentence(words.lang), catalogue.host(key), _others(app, key))
    failures = {status.name: status.failure for status in catalogue.statuses() if status.failure is not None}
    backend, others, engine = _wanted_backend(app), _others(app, ""), catalogue.files_failure()
    failure = None if others else engine
    if backend and failures:
        failure = failures.get(backend, next(iter(failures.values())))
    why = failure.sentence(words.lang) if failure else words.no_model
    return Availability(None, why, "", others, engine=engine is None)


def usable_now(app: App) -> str:
    """The key of a model to begin with, where there was none when the page was opened; "" while there is none."""
    backend, name = _wanted_backend(app), app.settings.model
    for status in app.catalogue.statuses():
        for model in status.models if status.name == (backend or status.name) else ():
            if model.ready and name in (("", model.name, model.key) if not status.account else (model.key,)):
                return model.key
    return ""


def _wanted_backend(app: App) -> str:
    return app.settings.backend or ("openai" if app.settings.base_url else "")


def _expected(app: App, model: ModelInfo, words: Words) -> str:
    """What to expect of a model that runs here; "" where its file is not known."""
    header = app.catalogue.header(model.key)
    if header is None:
        return ""
    expectation = forecast(header, model.size, app.settings.context, app.meter.resources(), app.meter.known())
    return expectation.sentence(words.lang)


def _others(app: App, key: str) -> tuple[ModelInfo, ...]:
    own = (status for status in app.catalogue.statuses() if not status.account)
    usable = [model for status in own for model in status.models if model.ready and model.key != key]
    return tuple(sorted(usable, key=lambda model: model.name == NANO)[:OFFERED])


def state_html(availability: Availability, words: Words) -> Markup:
    """The line beside the picker."""
    return sidebar.model_state(availability.model, availability.why, words, availability.expected)


def where_html(availability: Availability, words: Words) -> Markup:
    """The line under the message box."""
    return sidebar.where(availability.host, availability.account, availability.available, words)


def trouble(availability: Availability, words: Words) -> Markup:
    """Why the chosen model cannot be used, with the ways out; empty where it can."""
    if availability.available:
        return EMPTY
    ways = button("look-again", "", words.look_again, kind="way") + concat(
        button("use-model", "", words.use_model.format(name=model.title or model.name), kind="way", text=model.key)
        for model in availability.others
    )
    return Markup('<div class="notice error" role="status"><p>{}</p><div class="ways">{}</div></div>').format(
        unbroken(availability.why), ways
    )

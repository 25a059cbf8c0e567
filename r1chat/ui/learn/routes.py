"""What the Learn page asks for. Every argument is treated as hostile input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from pydantic import BaseModel, Field, StringConstraints

from r1chat.app import App
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.both import Both
from r1chat.errors import R1ChatError, TrainingError
from r1chat.judgements import Winner
from r1chat.learn.blind import BlindQueue
from r1chat.learn.children import Children, blind_results, liked
from r1chat.learn.defaults import MOST_TRIALS
from r1chat.learn.forgetting import forget_erased
from r1chat.learn.overview import materials
from r1chat.learn.recipe import RecipeStage, stages
from r1chat.learn.runs import KINDS, Runs, RunWish
from r1chat.learn.starting import start
from r1chat.learn.train import check_installed, missing
from r1chat.ui.data.answering import QUIET, spoken
from r1chat.ui.learn import blind, page
from r1chat.ui.responses import HTMLResponse, PlainTextResponse
from r1chat.ui.words.learn import LEARN_WORDS, LearnWords

_HERE = Path(__file__).parent
_Text = Annotated[str, StringConstraints(max_length=400)]


class _TrainingRequest(BaseModel):
    """What to train, and how: a kind, and after a colon the aspects of marks that label; in how many trials."""

    model: _Text
    kind: _Text
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] = 1


class _Act(BaseModel):
    """A run or a child; `text` is a new name."""

    id: _Text
    text: _Text = ""


class _BlindVerdict(BaseModel):
    """Which side of a pair of a child is better; `seen`: whether the thoughts were open."""

    id: _Text
    sides: _Text
    winner: Winner
    seen: tuple[bool, bool]


def add(web: FastAPI, app: App) -> None:
    """Add the page at /learn/ and its routes. To be called before anything is mounted at `/`."""
    runs, children = Runs(app.settings.data_dir), Children.of(app)
    forget_erased(app.store, runs)
    learning = _Learning(app, runs, children, BlindQueue(app, children))
    _add_page(web)
    _add_parts(web, learning)
    _add_comparisons(web, learning)
    _add_acts(web, learning)  # last, since a verb may be any word


@dataclass(frozen=True, slots=True)
class _Learning:
    """What the routes have in common."""

    app: App
    runs: Runs
    children: Children
    queue: BlindQueue

    def answer(self, request: Request, make: Callable[[LearnWords], str]) -> Response:
        """HTML in the language of whoever asks, or what is wrong in a sentence; and whether a run is going on."""
        w = LEARN_WORDS[spoken(request).lang]
        try:
            response: Response = HTMLResponse(make(w), headers=QUIET)
        except R1ChatError as error:
            response = PlainTextResponse(error.sentence(w.lang), status_code=400, headers=QUIET)
        response.headers["X-Running"] = "yes" if self.runs.current else "no"
        return response

    def whole(self, w: LearnWords) -> Markup:
        return page.whole(materials(self.app), missing(), self.cards(w), self.families(w), self.stages, w)

    def cards(self, w: LearnWords) -> Markup:
        return page.run_cards(self.runs.all(), self.children.of_runs(), w)

    def families(self, w: LearnWords) -> list[page.Family]:
        return _families(self.app, self.children, w)

    @property
    def stages(self) -> list[RecipeStage]:
        return stages(self.app.settings.data_dir)

    def train(self, form: _TrainingRequest) -> None:
        """Begin what a person asks for. Raises TrainingError, BackendError."""
        check_installed()
        self.app.catalogue.find(form.model)
        if form.kind not in page.WAYS:
            raise TrainingError(LearnWords.senseless)
        name, _, by = form.kind.partition(":")
        kind = next(known for known in KINDS if known == name)
        if kind == "grpo" and form.trials > 1:
            raise TrainingError(LearnWords.no_trials)
        start(self.app.settings, self.runs.begin(RunWish(kind, form.model, by=by, trials=form.trials)))

    def pair(self, request: Request, name: str) -> Response:
        """The pair of a child that waits for a verdict."""

        def card(w: LearnWords) -> Markup:
            return blind.card(name, self.queue.next(name), self.queue.liked(name), w, spoken(request))

        return self.answer(request, card)

    def act(self, verb: str, target: _Act) -> None:
        """Do what a button says. Raises TrainingError."""
        runs, children = self.runs, self.children
        if verb == "cancel":
            runs.get(target.id).cancel()
        elif verb == "pause":
            runs.get(target.id).pause()
        elif verb == "resume":
            run = runs.get(target.id)
            start(self.app.settings, runs.begin(run.wish, run.name))
        elif verb == "delete-run":
            runs.get(target.id).delete()
        elif verb == "keep":
            children.keep(runs.get(target.id))
        elif verb == "rename":
            children.rename(target.id, target.text.strip())
        elif verb == "delete":
            children.delete(target.id)
        else:
            raise TrainingError(LearnWords.senseless)
        if verb in ("keep", "rename", "delete"):
            self.app.catalogue.statuses(fresh=True)


def _add_page(web: FastAPI) -> None:
    """The frame of the page, and its style."""
    sheets = (_HERE.parent / "colours.css", _HERE / "learn.css")
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)

    @web.get("/learn")
    def with_slash() -> RedirectResponse:
        return RedirectResponse("learn/", status_code=307)

    @web.get("/learn/")
    def frame(request: Request) -> Response:
        return HTMLResponse(page.document(LEARN_WORDS[spoken(request).lang]), headers=QUIET)

    @web.get("/r1chat/learn/page.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")


def _add_parts(web: FastAPI, learning: _Learning) -> None:
    """What stands on the page, whole and in parts."""

    @web.get("/r1chat/learn/whole")
    def whole(request: Request) -> Response:
        return learning.answer(request, learning.whole)

    @web.get("/r1chat/learn/runs")
    def run_list(request: Request) -> Response:
        return learning.answer(request, learning.cards)

    @web.get("/r1chat/learn/family")
    def family(request: Request) -> Response:
        return learning.answer(request, lambda w: page.family(learning.families(w), w))

    @web.get("/r1chat/learn/recipe")
    def recipe(request: Request) -> Response:
        return learning.answer(request, lambda w: page.recipe(learning.stages, w))


def _add_comparisons(web: FastAPI, learning: _Learning) -> None:
    """The blind queue of a child."""

    @web.post("/r1chat/learn/pair")
    def next_pair(request: Request, target: _Act) -> Response:
        return learning.pair(request, target.id)

    @web.post("/r1chat/learn/judge")
    def judge(request: Request, verdict: _BlindVerdict) -> Response:
        def decide(w: LearnWords) -> str:
            learning.queue.decide(verdict.id, verdict.sides, verdict.winner, verdict.seen)
            return ""

        decided = learning.answer(request, decide)
        return learning.pair(request, verdict.id) if decided.status_code == 200 else decided


def _add_acts(web: FastAPI, learning: _Learning) -> None:
    """What buttons do; the answer is the runs as they are then."""

    @web.post("/r1chat/learn/train")
    def train(request: Request, form: _TrainingRequest) -> Response:
        def make(w: LearnWords) -> str:
            learning.train(form)
            return learning.cards(w)

        return learning.answer(request, make)

    @web.post("/r1chat/learn/{verb}")
    def act(request: Request, verb: str, target: _Act) -> Response:
        def make(w: LearnWords) -> str:
            learning.act(verb, target)
            return learning.cards(w)

        return learning.answer(request, make)


def _families(app: App, children: Children, w: LearnWords) -> list[page.Family]:
    """Children by their base; those that cannot be used now say why."""
    backend = app.catalogue.backend("llama.cpp")
    infos = {info.name: info for info in backend.models()} if isinstance(backend, LlamaCppBackend) else {}
    families: dict[str, list[page.Child]] = {}
    results = blind_results(app.store)  # once, however many children there are
    for name in children.names():
        record, info = children.record(name), infos.get(name)
        parent = infos.get(info.parent.partition(":")[2]) if info and info.parent else None
        base = parent.name if parent else str(record.get("base", {}).get("name", "?"))
        note = "" if info and info.ready else Both.of(info.note).pick(w.lang) if info else w.senseless
        preference = liked(results, *children.contenders(name, base))
        child = page.Child(name, info.key if info else "", record, preference, note)
        families.setdefault((parent.title or parent.name) if parent else base, []).append(child)
    return [page.Family(base, families[base]) for base in sorted(families)]

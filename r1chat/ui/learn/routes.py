"""What the Learn page asks for. Every argument is treated as hostile input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from pydantic import BaseModel, StringConstraints

from r1chat.app import App
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.both import Both
from r1chat.errors import R1ChatError, TrainingError
from r1chat.judgements import Winner
from r1chat.learn.blind import BlindQueue
from r1chat.learn.children import Children, liked_in
from r1chat.learn.forgetting import forget_erased
from r1chat.learn.overview import materials
from r1chat.learn.recipe import Stage, stages
from r1chat.learn.runs import KINDS, Runs, Wish
from r1chat.learn.starting import start
from r1chat.learn.train import check_installed, missing
from r1chat.ui.data.answering import QUIET, spoken
from r1chat.ui.learn import blind, page
from r1chat.ui.responses import HTMLResponse, PlainTextResponse
from r1chat.ui.words.learn import LEARN_WORDS, LearnWords

_HERE = Path(__file__).parent
Text = Annotated[str, StringConstraints(max_length=400)]


class Asked(BaseModel):
    """What to train, and how: a kind, and after a colon the aspects of marks that label."""

    model: Text
    kind: Text


class Named(BaseModel):
    """A run or a child; `text` is a new name."""

    id: Text
    text: Text = ""


class Verdict(BaseModel):
    """Which side of a pair of a child is better; `seen`: whether the thoughts were open."""

    id: Text
    sides: Text
    winner: Winner
    seen: tuple[bool, bool]


def add(web: FastAPI, app: App) -> None:
    """Add the page at /learn/ and its routes. To be called before anything is mounted at `/`."""
    sheets = (_HERE.parent / "colours.css", _HERE / "learn.css")
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    runs, children = Runs(app.settings.data_dir), Children(app.settings.models_folder)
    queue = BlindQueue(app, children)
    forget_erased(app.store, runs)

    def answer(request: Request, make: Callable[[LearnWords], str]) -> Response:
        w = LEARN_WORDS[spoken(request).lang]
        try:
            response: Response = HTMLResponse(make(w), headers=QUIET)
        except R1ChatError as error:
            response = PlainTextResponse(error.sentence(w.lang), status_code=400, headers=QUIET)
        response.headers["X-Running"] = "yes" if runs.current else "no"
        return response

    def cards(w: LearnWords) -> Markup:
        return page.run_cards(runs.all(), children.of_runs(), w)

    def families(w: LearnWords) -> list[page.Family]:
        return _families(app, children, w)

    def known() -> list[Stage]:
        return stages(app.settings.data_dir)

    @web.get("/learn")
    def with_slash() -> RedirectResponse:
        return RedirectResponse("learn/", status_code=307)

    @web.get("/learn/")
    def frame(request: Request) -> Response:
        return HTMLResponse(page.document(LEARN_WORDS[spoken(request).lang]), headers=QUIET)

    @web.get("/r1chat/learn/page.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    @web.get("/r1chat/learn/whole")
    def whole(request: Request) -> Response:
        return answer(request, lambda w: page.whole(materials(app), missing(), cards(w), families(w), known(), w))

    @web.get("/r1chat/learn/runs")
    def run_list(request: Request) -> Response:
        return answer(request, cards)

    @web.get("/r1chat/learn/family")
    def family(request: Request) -> Response:
        return answer(request, lambda w: page.family(families(w), w))

    @web.get("/r1chat/learn/recipe")
    def recipe(request: Request) -> Response:
        return answer(request, lambda w: page.recipe(known(), w))

    @web.post("/r1chat/learn/train")
    def train(request: Request, asked: Asked) -> Response:
        def make(w: LearnWords) -> str:
            check_installed()
            app.catalogue.find(asked.model)
            if asked.kind not in page.WAYS:
                raise TrainingError(LearnWords.senseless)
            name, _, by = asked.kind.partition(":")
            kind = next(known for known in KINDS if known == name)
            start(app.settings, runs.begin(Wish(kind, asked.model, by=by)))
            return cards(w)

        return answer(request, make)

    def pair(request: Request, name: str) -> Response:
        return answer(request, lambda w: blind.card(name, queue.next(name), queue.liked(name), w, spoken(request)))

    @web.post("/r1chat/learn/pair")
    def next_pair(request: Request, named: Named) -> Response:
        return pair(request, named.id)

    @web.post("/r1chat/learn/judge")
    def judge(request: Request, verdict: Verdict) -> Response:
        def make(w: LearnWords) -> str:
            queue.decide(verdict.id, verdict.sides, verdict.winner, verdict.seen)
            return ""

        decided = answer(request, make)
        return pair(request, verdict.id) if decided.status_code == 200 else decided

    @web.post("/r1chat/learn/{verb}")
    def act(request: Request, verb: str, named: Named) -> Response:
        def make(w: LearnWords) -> str:
            _act(app, runs, children, verb, named)
            return cards(w)

        return answer(request, make)


def _act(app: App, runs: Runs, children: Children, verb: str, named: Named) -> None:
    """Do what a button says. Raises TrainingError."""
    if verb == "cancel":
        runs.get(named.id).cancel()
    elif verb == "pause":
        runs.get(named.id).pause()
    elif verb == "resume":
        run = runs.get(named.id)
        start(app.settings, runs.begin(run.wish, run.name))
    elif verb == "delete-run":
        runs.get(named.id).delete()
    elif verb == "keep":
        children.keep(runs.get(named.id))
        app.catalogue.statuses(fresh=True)
    elif verb == "rename":
        children.rename(named.id, named.text.strip())
        app.catalogue.statuses(fresh=True)
    elif verb == "delete":
        children.delete(named.id)
        app.catalogue.statuses(fresh=True)
    else:
        raise TrainingError(LearnWords.senseless)


def _families(app: App, children: Children, w: LearnWords) -> list[page.Family]:
    """Children by their base; those that cannot be used now say why."""
    backend = app.catalogue.backend("llama.cpp")
    infos = {info.name: info for info in backend.models()} if isinstance(backend, LlamaCppBackend) else {}
    found: dict[str, list[page.Child]] = {}
    for name in children.names():
        record, info = children.record(name), infos.get(name)
        parent = infos.get(info.parent.partition(":")[2]) if info and info.parent else None
        base = parent.name if parent else str(record.get("base", {}).get("name", "?"))
        note = "" if info and info.ready else Both.of(info.note).pick(w.lang) if info else w.senseless
        child = page.Child(name, info.key if info else "", record, liked_in(app.store, name, base), note)
        found.setdefault((parent.title or parent.name) if parent else base, []).append(child)
    return [page.Family(base, found[base]) for base in sorted(found)]

"""What the library page asks for. Every argument is treated as hostile input."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import psutil
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from pydantic import BaseModel, StringConstraints

from r1chat.app import App
from r1chat.both import Both
from r1chat.errors import LibraryError, R1ChatError
from r1chat.library.hub import choose, parse_address
from r1chat.ui.data.answering import QUIET, spoken
from r1chat.ui.library import page
from r1chat.ui.words.library import LIBRARY_WORDS, LibraryWords

_HERE = Path(__file__).parent
Text = Annotated[str, StringConstraints(max_length=400)]


class Wish(BaseModel):
    """A file of a repository."""

    repo: Text
    file: Text = ""


class Named(BaseModel):
    """A download or a model."""

    id: Text


def add(web: FastAPI, app: App) -> None:
    """Add the page at /models/ and its routes. To be called before anything is mounted at `/`."""
    style = (_HERE / "library.css").read_text(encoding="utf-8")
    script = (_HERE / "library.js").read_text(encoding="utf-8")

    def answer(request: Request, make: Callable[[LibraryWords], str]) -> Response:
        w = LIBRARY_WORDS[spoken(request).lang]
        try:
            response: Response = HTMLResponse(make(w), headers=QUIET)
        except R1ChatError as error:
            response = PlainTextResponse(error.sentence(w.lang), status_code=400, headers=QUIET)
        busy = any(job.state in ("waiting", "running", "checking") for job in app.downloads.jobs())
        response.headers["X-Running"] = "yes" if busy else "no"
        return response

    @web.get("/models")
    def with_slash() -> RedirectResponse:
        return RedirectResponse("models/", status_code=307)

    @web.get("/models/")
    def frame(request: Request) -> Response:
        return HTMLResponse(page.document(LIBRARY_WORDS[spoken(request).lang]), headers=QUIET)

    @web.get("/r1chat/library/whole")
    def whole(request: Request) -> Response:
        def make(w: LibraryWords) -> str:
            models, removable = _models(app)
            return page.library(_machine(app), models, app.downloads.jobs(), removable, app.downloads.hub.host, w)

        return answer(request, make)

    @web.get("/r1chat/library/page.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    @web.get("/r1chat/library/page.js")
    def scripts() -> Response:
        return Response(script, media_type="text/javascript")

    @web.get("/r1chat/library/jobs")
    def jobs(request: Request) -> Response:
        return answer(request, lambda w: page.downloads(app.downloads.jobs(), w))

    @web.get("/r1chat/library/here")
    def here(request: Request) -> Response:
        return answer(request, lambda w: page.installed(*_models(app), w))

    @web.get("/r1chat/library/search")
    def search(request: Request, text: str = "") -> Response:
        def make(w: LibraryWords) -> str:
            if "/" in text:
                repo, file = parse_address(text)
                variants = app.downloads.hub.variants(repo)
                return page.variants(repo, [choose(variants, file)] if file else variants, _machine(app), w)
            return page.found(app.downloads.hub.search(text), w)

        return answer(request, make)

    @web.get("/r1chat/library/variants")
    def variants(request: Request, repo: str = "") -> Response:
        return answer(request, lambda w: page.variants(repo, app.downloads.hub.variants(repo), _machine(app), w))

    @web.post("/r1chat/library/get")
    def get(request: Request, wish: Wish) -> Response:
        def make(w: LibraryWords) -> str:
            app.downloads.add(wish.repo, choose(app.downloads.hub.variants(wish.repo), wish.file))
            return page.downloads(app.downloads.jobs(), w)

        return answer(request, make)

    @web.post("/r1chat/library/{verb}")
    def act(request: Request, verb: str, named: Named) -> Response:
        def make(w: LibraryWords) -> str:
            acts = {"pause": app.downloads.pause, "resume": app.downloads.resume, "cancel": app.downloads.cancel}
            if verb == "remove":
                remove(app, named.id)
                return page.installed(*_models(app), w)
            if verb in acts:
                acts[verb](named.id)
            return page.downloads(app.downloads.jobs(), w)

        return answer(request, make)


def remove(app: App, key: str) -> None:
    """Delete a model's files from the models folder. Raises LibraryError for one that is elsewhere, or not there."""
    name = key.removeprefix("llama.cpp:")
    files = app.downloads.files(name)
    if not files:
        words = LibraryWords.not_ours if any(model.key == key for model in _models(app)[0]) else LibraryWords.no_model
        raise LibraryError(Both(words.en, words.zh).format(name=name[:100]))
    app.downloads.delete(name)
    app.catalogue.statuses(fresh=True)


def _models(app: App) -> tuple[list, set[str]]:  # type: ignore[type-arg]
    models = [model for status in app.catalogue.statuses(fresh=True) for model in status.models]
    return models, {model.key for model in models if app.downloads.files(model.name)}


def _machine(app: App) -> page.Machine:
    memory = psutil.virtual_memory()
    folder = app.settings.models_folder
    place = next(path for path in (folder, *folder.parents) if path.exists())
    return page.Machine(memory.total, memory.available, shutil.disk_usage(place).free)

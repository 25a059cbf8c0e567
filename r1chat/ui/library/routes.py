"""What the library page asks for. Every argument is treated as hostile input."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import psutil
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from pydantic import BaseModel, StringConstraints

from r1chat.app import App
from r1chat.backends.ollama_models import FOREVER, OllamaModels
from r1chat.both import Both
from r1chat.errors import LibraryError, R1ChatError
from r1chat.library import local
from r1chat.library.hub import choose, parse_address, source
from r1chat.ui.data.answering import QUIET, spoken
from r1chat.ui.library import ollama as ollama_page
from r1chat.ui.library import page
from r1chat.ui.responses import HTMLResponse, PlainTextResponse
from r1chat.ui.words.library import LIBRARY_WORDS, LibraryWords

_HERE = Path(__file__).parent
_Text = Annotated[str, StringConstraints(max_length=1000)]


class _FileRequest(BaseModel):
    """A file of a repository."""

    repo: _Text
    file: _Text = ""


class _Act(BaseModel):
    """A download or a model."""

    id: _Text


def add(web: FastAPI, app: App) -> None:
    """Add the page at /models/ and its routes. To be called before anything is mounted at `/`."""
    sheets = (_HERE.parent / "colours.css", _HERE / "library.css")
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)

    def answer(request: Request, make: Callable[[LibraryWords], str]) -> Response:
        w = LIBRARY_WORDS[spoken(request).lang]
        try:
            response: Response = HTMLResponse(make(w), headers=QUIET)
        except R1ChatError as error:
            response = PlainTextResponse(error.sentence(w.lang), status_code=400, headers=QUIET)
        busy = any(job.state in ("waiting", "running", "checking") for job in app.downloads.jobs())
        busy = busy or any(pull.state == "running" for pull in app.pulls.all())
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
            machine = _machine(app, measure=True)
            here = _here(app, machine)
            return page.library(machine, here, _downloads(app, w), _ollama(app), app.downloads.hub.host, w)

        return answer(request, make)

    @web.get("/r1chat/library/page.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    @web.get("/r1chat/library/jobs")
    def jobs(request: Request) -> Response:
        return answer(request, lambda w: _downloads(app, w))

    @web.get("/r1chat/library/here")
    def here(request: Request) -> Response:
        return answer(request, lambda w: page.installed(_here(app, _machine(app)), w))

    @web.get("/r1chat/library/forecasts")
    def forecasts(request: Request) -> Response:
        app.meter.speeds()  # waits until they are measured
        return answer(request, lambda w: page.forecasts(_machine(app), w))

    @web.get("/r1chat/library/ollama")
    def ollama(request: Request) -> Response:
        return answer(request, lambda w: ollama_page.ollama_state(_known_ollama(app), w))

    @web.post("/r1chat/library/ollama/{verb}")
    def act_on_ollama(request: Request, verb: str, target: _Act) -> Response:
        def make(w: LibraryWords) -> str:
            act(app, verb, target.id.strip())
            return ollama_page.ollama_state(_known_ollama(app), w)

        return answer(request, make)

    @web.get("/r1chat/library/search")
    def search(request: Request, text: str = "") -> Response:
        def make(w: LibraryWords) -> str:
            if local.is_path(text):
                path, header, size = local.look_at(text)
                return page.local_file(str(path), header, size, _machine(app).of_file(header, size), w)
            if "/" in text:
                repo, file = parse_address(text)
                hub = source(text, app.downloads.hub)
                variants = hub.variants(repo)
                chosen = [choose(variants, file)] if file else variants
                return page.variants(hub.repository(repo), chosen, _machine(app), w)
            return page.found(app.downloads.hub.search(text), w)

        return answer(request, make)

    @web.get("/r1chat/library/variants")
    def variants(request: Request, repo: str = "", header: bool = False) -> Response:
        def make(w: LibraryWords) -> str:
            hub, (name, _) = source(repo, app.downloads.hub), parse_address(repo)
            items = hub.variants(name)
            read = hub.header(name, items) if header else None
            return page.variants(hub.repository(name), items, _machine(app), w, read)

        return answer(request, make)

    @web.post("/r1chat/library/get")
    def get(request: Request, wish: _FileRequest) -> Response:
        def make(w: LibraryWords) -> str:
            hub, (name, _) = source(wish.repo, app.downloads.hub), parse_address(wish.repo)
            app.downloads.add(name, choose(hub.variants(name), wish.file))
            return _downloads(app, w)

        return answer(request, make)

    @web.post("/r1chat/library/{verb}")
    def act_on_download(request: Request, verb: str, target: _Act) -> Response:
        def make(w: LibraryWords) -> str:
            acts = {"pause": app.downloads.pause, "resume": app.downloads.resume, "cancel": app.downloads.cancel}
            if verb == "remove":
                remove(app, target.id)
                return page.installed(_here(app, _machine(app)), w)
            if verb == "link":
                local.link(target.id, app.settings.models_folder)
                app.catalogue.statuses(fresh=True)
                return page.installed(_here(app, _machine(app)), w)
            if verb in acts:
                acts[verb](target.id)
            return _downloads(app, w)

        return answer(request, make)


def act(app: App, verb: str, model: str) -> None:
    """Pull, cancel, keep or unload a model of Ollama. Raises BackendError."""
    server = _server(app)
    if verb == "pull" and model:
        app.pulls.start(model, server.pull)
    elif verb == "stop-pull":
        app.pulls.cancel(model)
    elif verb == "keep":
        server.keep(model, FOREVER)
    elif verb == "unload":
        server.keep(model, 0)


def remove(app: App, key: str) -> None:
    """Delete a model's files: its own from the models folder, or Ollama's through its server.

    Raises LibraryError for one that is elsewhere, or not there, and BackendError.
    """
    if key.startswith("ollama:"):
        _server(app).delete(key.removeprefix("ollama:"))
        app.catalogue.statuses(fresh=True)
        return
    name = key.removeprefix("llama.cpp:")
    paths = app.catalogue.paths(f"llama.cpp:{name}")
    if not app.downloads.own(paths):
        here = _here(app, _machine(app))
        words = LibraryWords.not_ours if any(model.key == key for model in here.models) else LibraryWords.no_model
        raise LibraryError(Both(words.en, words.zh).format(name=name[:100]))
    app.downloads.delete(name, paths)
    app.catalogue.statuses(fresh=True)


def _here(app: App, machine: page.Machine) -> page.Here:
    growing = {path for job in app.downloads.jobs() if job.state != "done" for path in app.downloads.growing(job)}
    models = [
        model
        for status in app.catalogue.statuses(fresh=True)
        for model in status.models
        if model.ready or growing.isdisjoint(app.catalogue.paths(model.key))  # the download itself stands above
    ]
    own = {model.key: app.downloads.own(app.catalogue.paths(model.key)) for model in models}
    removable = {model.key for model in models if model.backend == "ollama" or own[model.key]}
    expected = {}
    for model in models:
        if model.ready and (header := app.catalogue.header(model.key)) is not None:
            expected[model.key] = machine.of_file(header, model.size)
    linked = {key for key in removable if any(path.is_symlink() for path in own[key])}
    return page.Here(models, removable, linked, expected)


def _downloads(app: App, w: LibraryWords) -> Markup:
    jobs = app.downloads.jobs()
    done = [job for job in jobs if job.state == "done"]
    keys = {job.id: key for job in done if (key := app.catalogue.key_of(app.downloads.path(job)))}
    return page.downloads(jobs, keys, w)


def _server(app: App) -> OllamaModels:
    """The Ollama server. Raises LibraryError where r1chat looks for none."""
    manage = getattr(app.catalogue.backend("ollama"), "manage", None)
    if not isinstance(manage, OllamaModels):
        raise LibraryError(Both("r1chat is set to use no Ollama.", "r1chat 未设置使用 Ollama。"))
    return manage


def _ollama(app: App) -> ollama_page.Ollama | None:
    """The state of the Ollama server; None where there is none to ask."""
    try:
        return _known_ollama(app)
    except R1ChatError:
        return None


def _known_ollama(app: App) -> ollama_page.Ollama:
    server = _server(app)
    return ollama_page.Ollama(server.url, server.in_memory(), app.pulls.all())


def _machine(app: App, measure: bool = False) -> page.Machine:
    folder = app.settings.models_folder
    place = next(path for path in (folder, *folder.parents) if path.exists())
    return page.Machine(
        psutil.virtual_memory().total,
        shutil.disk_usage(place).free,
        app.meter.resources(),
        app.settings.context,
        app.meter.known(),
        measuring=measure and app.meter.begin(),
        failure=app.catalogue.files_failure(),
    )

"""What the Evaluation page asks for. Every argument is treated as hostile input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from pydantic import BaseModel, StringConstraints

from r1chat.app import App
from r1chat.errors import EvaluationError, R1ChatError
from r1chat.evaluation import running
from r1chat.evaluation.generated import TASKS
from r1chat.evaluation.listing import Evaluations, StoredRun
from r1chat.evaluation.loading import DATA_FOLDER, missing
from r1chat.evaluation.published import DATA_SETS
from r1chat.evaluation.samples import is_kept, keep, read_samples
from r1chat.evaluation.starting import Order, begin, resume
from r1chat.ui.data.answering import QUIET, spoken
from r1chat.ui.evaluation import page, samples, table
from r1chat.ui.responses import HTMLResponse, PlainTextResponse
from r1chat.ui.words.evaluation import EVALUATION_WORDS, EvaluationWords

MOST_COLUMNS = 8

_UI = Path(__file__).parents[1]
_SHEETS = ("colours.css", "learn/learn.css", "evaluation/evaluation.css")
_Text = Annotated[str, StringConstraints(max_length=400)]
Names = Annotated[list[_Text], Query(alias="run", max_length=100)]


class _RunRequest(BaseModel):
    """What to measure. `task`: a made-up one, a data set, or "file" for the file at `path`; `budget` None: no limit."""

    task: _Text
    model: _Text
    path: Annotated[str, StringConstraints(max_length=1_000)] = ""
    count: int = 50
    k: int = 1
    budget: int | None = None
    run_code: bool = False


class _Act(BaseModel):
    """A run. `agreed`: the person allows that programs of the model are run; `text`: a conversation."""

    id: _Text
    text: _Text = ""
    agreed: bool = False


def add(web: FastAPI, app: App) -> None:
    """Add the page at /evaluation/ and its routes. To be called before anything is mounted at `/`."""
    style = "".join((_UI / name).read_text(encoding="utf-8") for name in _SHEETS)
    evaluations = Evaluations(app.settings.data_dir)

    def answer(request: Request, make: Callable[[EvaluationWords], str]) -> Response:
        w = EVALUATION_WORDS[spoken(request).lang]
        try:
            response: Response = HTMLResponse(make(w), headers=QUIET)
        except R1ChatError as error:
            response = PlainTextResponse(error.sentence(w.lang), status_code=400, headers=QUIET)
        response.headers["X-Running"] = "yes" if evaluations.running() else "no"
        return response

    def overview(names: Sequence[str] | None) -> page.Overview:
        runs = evaluations.all()
        known = {run.name for run in runs}
        chosen = [run.name for run in runs[:2]] if names is None else [name for name in names if name in known]
        if evaluations.renew([run for run in runs if run.name in chosen[:MOST_COLUMNS]]):
            runs = evaluations.all()
        folder = app.settings.data_dir / DATA_FOLDER
        here = [name for name in DATA_SETS if missing(name, folder) is None]
        return page.Overview(runs, evaluations.curves(), chosen[:MOST_COLUMNS], here)

    def side_by_side(view: page.Overview, w: EvaluationWords) -> Markup:
        chosen = [run for run in view.runs if run.name in view.chosen and run.done]
        columns = [table.Column(run, evaluations.measures(run)) for run in chosen]
        paired = evaluations.paired(chosen[1], chosen[0]) if len(chosen) == 2 else None
        return table.side_by_side(columns, paired, samples.folded(chosen, w), w)

    @web.get("/evaluation")
    def with_slash() -> RedirectResponse:
        return RedirectResponse("evaluation/", status_code=307)

    @web.get("/evaluation/")
    def frame(request: Request) -> Response:
        return HTMLResponse(page.document(EVALUATION_WORDS[spoken(request).lang]), headers=QUIET)

    @web.get("/r1chat/evaluation/page.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    @web.get("/r1chat/evaluation/whole")
    def whole(request: Request, names: Names = []) -> Response:  # noqa: B006  pydantic copies it
        def make(w: EvaluationWords) -> str:
            view = overview(names or None)
            models = [model for model in app.catalogue.models() if model.ready]
            return page.whole(view, models, side_by_side(view, w), w)

        return answer(request, make)

    @web.get("/r1chat/evaluation/runs")
    def run_list(request: Request, names: Names = []) -> Response:  # noqa: B006
        return answer(request, lambda w: page.run_list(overview(names), w))

    @web.get("/r1chat/evaluation/table")
    def figures(request: Request, names: Names = []) -> Response:  # noqa: B006
        return answer(request, lambda w: side_by_side(overview(names), w))

    @web.get("/r1chat/evaluation/curves")
    def curves(request: Request) -> Response:
        return answer(request, lambda w: page.curves(evaluations.curves(), w))

    @web.get("/r1chat/evaluation/samples")
    def sample_list(
        request: Request, run: _Text, start: Annotated[int, Query(ge=0)] = 0, wrong: bool = False
    ) -> Response:
        return answer(request, lambda w: _samples(app, evaluations, evaluations.get(run), start, wrong, w))

    @web.post("/r1chat/evaluation/start")
    def start(request: Request, form: _RunRequest) -> Response:
        def make(w: EvaluationWords) -> str:
            if form.task != page.FILE and form.task not in TASKS and form.task not in DATA_SETS:
                raise EvaluationError(EvaluationWords.senseless)
            name = form.path if form.task == page.FILE else form.task
            order = Order(name, form.model, form.count, form.k, form.budget, form.run_code)
            folder = begin(app.settings, app.catalogue, order)
            return page.run_list(overview([folder.name]), w)

        return answer(request, make)

    @web.post("/r1chat/evaluation/keep")
    def keep_conversation(request: Request, target: _Act) -> Response:
        def make(w: EvaluationWords) -> str:
            keep(evaluations.get(target.id).folder, target.text, app.store)
            return samples.link(target.text, w)

        return answer(request, make)

    @web.post("/r1chat/evaluation/{verb}")
    def act(request: Request, verb: str, target: _Act, names: Names = []) -> Response:  # noqa: B006
        def make(w: EvaluationWords) -> str:
            run = evaluations.get(target.id)
            if verb == "stop":
                running.stop(run.folder)
            elif verb == "resume":
                resume(app.settings, run.folder, target.agreed)
            else:
                raise EvaluationError(EvaluationWords.senseless)
            return page.run_list(overview(names), w)

        return answer(request, make)


def _samples(app: App, evaluations: Evaluations, run: StoredRun, start: int, wrong: bool, w: EvaluationWords) -> Markup:
    """Some problems of a run, from the one with the number `start` on; `wrong`: those with a wrong sample alone."""
    solved = evaluations.solved(run.folder)
    if wrong:
        solved = tuple(problem for problem in solved if any(sample.correct is False for sample in problem.samples))
    problems = read_samples(run.folder, solved[start : start + samples.AT_ONCE])
    conversations = {problem.conversation for problem in problems if is_kept(problem.conversation, app.store)}
    following = start + samples.AT_ONCE
    return samples.problems(run.name, problems, conversations, following if following < len(solved) else None, w)

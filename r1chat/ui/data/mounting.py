"""Puts the data page at `/data/`: a document of our own, its style sheet, and what it asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from r1chat.app import App
from r1chat.ui.data import routes
from r1chat.ui.data.jobs import Jobs

_HERE = Path(__file__).parent


def mount(web: FastAPI, app: App) -> None:
    """Put the page at `/data/`. To be called before anything is mounted at `/`."""
    jobs = Jobs(app.settings.data_dir)

    @asynccontextmanager
    async def while_served(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(jobs.close)

    web.router.lifespan_context = while_served
    style = (_HERE / "data.css").read_text(encoding="utf-8")

    @web.get("/r1chat/data.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    @web.get("/data")
    def with_slash(request: Request) -> RedirectResponse:
        query = request.url.query
        return RedirectResponse(f"data/?{query}" if query else "data/", status_code=307)

    routes.add(web, app, jobs)

"""Puts the data page where it belongs: Gradio's frame at `/data/` with a component of our own, and what it asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from r1chat.app import App
from r1chat.ui.data import routes
from r1chat.ui.data.jobs import Jobs

_HERE = Path(__file__).parent
_IMPORT = "import(new URL('../r1chat/scripts/data/data.js', document.baseURI));"


def mount(web: FastAPI, app: App, theme: gr.themes.Base) -> None:
    """Put the page at `/data/`. To be called before anything is mounted at `/`."""
    jobs = Jobs(app.settings.data_dir)

    @asynccontextmanager
    async def while_served(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(jobs.close)

    web.router.lifespan_context = while_served
    routes.add(web, app, jobs)
    with gr.Blocks(title="r1chat: data", analytics_enabled=False, fill_width=True, fill_height=True) as blocks:
        gr.HTML(
            None,
            html_template='<div class="data"><div id="trouble" role="alert"></div></div>',
            js_on_load=_IMPORT,
            elem_id="data",
            apply_default_css=False,
            container=False,
        )
    style = (_HERE / "data.css").read_text(encoding="utf-8")

    @web.get("/r1chat/data.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css")

    @web.get("/data")
    def with_slash(request: Request) -> RedirectResponse:
        query = request.url.query  # Gradio answers below its path only
        return RedirectResponse(f"data/?{query}" if query else "data/", status_code=307)

    gr.mount_gradio_app(
        web,
        blocks,
        path="/data",
        server_name="127.0.0.1",
        footer_links=[],
        ssr_mode=False,
        theme=theme,
        head='<link rel="stylesheet" href="../r1chat/page.css"><link rel="stylesheet" href="../r1chat/data.css">',
        max_file_size=0,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
    )

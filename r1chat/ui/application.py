"""Every route of r1chat: those below `/r1chat/`, and the pages beside the chat."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from r1chat.app import App
from r1chat.ui import opening, routes
from r1chat.ui.data.mounting import mount as mount_data
from r1chat.ui.evaluation import routes as evaluation
from r1chat.ui.learn import routes as learn
from r1chat.ui.library import routes as library
from r1chat.ui.responses import PlainTextResponse


def application(app: App) -> FastAPI:
    """The routes as an ASGI application, which nothing guards."""
    web = FastAPI(title="r1chat", docs_url=None, redoc_url=None, openapi_url=None)
    routes.add(web, app)
    opening.add(web, app)
    library.add(web, app)
    learn.add(web, app)
    evaluation.add(web, app)
    mount_data(web, app)
    web.add_exception_handler(RequestValidationError, _senseless)
    return web


async def _senseless(request: Request, error: Exception) -> Response:
    """The answer to a body that is none of ours. FastAPI's own repeats it, and fails where it holds NaN."""
    return PlainTextResponse("The request makes no sense to r1chat. Reload the page.", 422)

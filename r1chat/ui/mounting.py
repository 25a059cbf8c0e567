"""The chat page at `/` and its files. No route of Gradio's is served: what it rendered is, and its frontend's files."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from r1chat.ui.files import Files, named_by_content, own_files, style_sheet
from r1chat.ui.kept_page import ORIGIN, ChatPage, frontend, kept_or_rendered
from r1chat.ui.responses import HTMLResponse


def with_chat_page(app: ASGIApp) -> ASGIApp:
    """An ASGI app that serves the page and its files, and passes every other request to `app`."""
    page = kept_or_rendered(_render)

    async def document(request: Request) -> Response:
        forwarded = request.headers.get("x-forwarded-proto")  # of a proxy with TLS
        scheme = forwarded if forwarded in ("http", "https") else "http"
        return HTMLResponse(page.document.replace(ORIGIN, f"{scheme}://{request.headers['host']}"))

    folders = [Mount(f"/{name}", StaticFiles(directory=frontend() / name)) for name in ("assets", "static")]
    files = {
        **dict(own_files()),
        **dict(named_by_content(frontend() / "assets", page.assets, "/assets")),
        "/theme.css": style_sheet(page.theme),
        "/r1chat/page.css": style_sheet(page.styles),
    }
    return Files(_Page([Route("/", document), *folders], redirect_slashes=False, default=app), files)


class _Page(Router):
    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.default(scope, receive, send)  # the page has nothing to begin or end


def _render() -> ChatPage:
    from r1chat.ui.rendering import render  # imports Gradio

    return render()

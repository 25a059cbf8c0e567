"""The allow list of routes: an ASGI middleware that answers 404 to every request that the pages do not make.

Only pages and downloads may be opened by navigation, so a link to any other route is dead. Of Gradio there is no route
at all (see `mounting.py`): it has some that fetch any address, serve any file, take uploads, or run a handler by its
name.
"""

from __future__ import annotations

import re

from r1chat.ui.guard import ASGIApp, Receive, Scope, Send
from r1chat.ui.responses import PlainTextResponse

_NAME = r"[\w-][\w.-]*"  # a segment that begins with a dot leads elsewhere
_PAGES = re.compile(rf"/(?:data/?|models/?|learn/?|evaluation/?)?|/r1chat/data/file/{_NAME}/{_NAME}")
_REQUESTS = {
    "GET": re.compile(
        rf"/(?:theme\.css|favicon\.ico|manifest\.json|(?:assets|static)/(?:{_NAME}/)*{_NAME})"
        rf"|/r1chat/(?:{_NAME}/)*{_NAME}"
    ),
    "POST": re.compile(rf"/r1chat/(?:{_NAME}/)*{_NAME}"),
}
_REQUESTS["HEAD"] = _REQUESTS["GET"]
_SHELL = re.compile(
    rf"/(?:data/?|models/?|learn/?|evaluation/?)?|/(?:theme\.css|favicon\.ico|manifest\.json|(?:assets|static)/(?:{_NAME}/)*{_NAME})"
    rf"|/r1chat/(?:(?:scripts|static)/(?:{_NAME}/)*{_NAME}|(?:page|data|library/page|learn/page|evaluation/page)\.css|data/file/{_NAME}/{_NAME})"
)


def is_shell(path: str) -> bool:
    """Whether a route holds nothing private: frames, scripts, styles; and downloads, whose address nobody can guess."""
    return _SHELL.fullmatch(path) is not None


class Allowed:
    """Wraps an ASGI app: a request for a route that is not on the list never reaches it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and _allowed(scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":  # no page opens one
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("There is no such page.", 404)(scope, receive, send)


def _allowed(scope: Scope) -> bool:
    method, path = scope["method"], scope["path"]
    if method in ("GET", "HEAD") and _PAGES.fullmatch(path):
        return True
    routes = _REQUESTS.get(method)
    navigates = (b"sec-fetch-mode", b"navigate") in scope["headers"]
    return routes is not None and not navigates and routes.fullmatch(path) is not None

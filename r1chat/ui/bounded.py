"""A bound on the bodies of requests that FastAPI itself reads: the routes that read on their own have theirs."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from r1chat.ui.responses import PlainTextResponse

LARGEST = 1_000_000  # bytes


class Bounded:
    """Wraps an ASGI app: a request to one of the `paths` whose body is larger gets status 413."""

    def __init__(self, app: ASGIApp, paths: tuple[str, ...]) -> None:
        self._app, self._paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._paths):
            await self._app(scope, receive, send)
            return
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] != "http.request":  # the browser has gone
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > LARGEST:
                response = PlainTextResponse("The request is too large for r1chat. Reload the page.", 413)
                await response(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, again, send)

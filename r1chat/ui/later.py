"""An ASGI app that is still being made: its imports take as long as a browser needs for the scripts of the page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Later:
    """Makes the app in a thread once `begin` is called. Requests wait for it, and fail if making it does."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._app: Future[ASGIApp] = Future()
        self._make = make

    def begin(self) -> None:
        Thread(target=self._run, name="r1chat-routes").start()

    def _run(self) -> None:
        try:
            self._app.set_result(self._make())
        except BaseException as error:
            self._app.set_exception(error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await (await self._made())(scope, receive, send)

    async def _made(self) -> ASGIApp:
        if not self._app.done():
            await asyncio.shield(asyncio.wrap_future(self._app))  # a request that is cut off cancels nobody's app
        return self._app.result()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The server begins without waiting. At its end the app is told of its beginning and its end."""
        events = [await receive()]
        await send({"type": "lifespan.startup.complete"})
        events.append(await receive())

        async def next_event() -> Message:
            return events.pop(0)

        async def tell(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                await send(message)

        await (await self._made())(scope, next_event, tell)

"""What the chat page asks for and sends. Every route lies behind the guard, and takes what it gets as hostile input.

An error that a person can act on comes as status 400 (404 for what is not there) and its sentence, in their language.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from r1chat.app import App
from r1chat.calibration import load_or_default
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.rewards.programs import unprotected
from r1chat.ui.act import Act
from r1chat.ui.composer.acts import write_phrasings
from r1chat.ui.document import document
from r1chat.ui.judge import difference, reference
from r1chat.ui.language import LANGUAGE_COOKIE, spoken
from r1chat.ui.payload import Payload
from r1chat.ui.registry import perform
from r1chat.ui.responses import JSONResponse, PlainTextResponse, as_json
from r1chat.ui.talk import carry
from r1chat.ui.talk.feed import Viewer
from r1chat.ui.talk.render import ReplyRenderer
from r1chat.ui.words.page import Words, words

LARGEST = 16_000_000  # bytes of an act; the longest message has a million characters
MOST_IDS = 1_000  # that a page asks about at once
QUIET = {"Cache-Control": "no-store"}

log = logging.getLogger(__name__)


def add(web: FastAPI, app: App) -> None:
    """Add the routes, all below /r1chat/."""
    _add_acts(web, app)
    _add_feed(web, app)
    _add_texts(web, app)


# --- acts ------------------------------------------------------------------------------------------------------------


def _add_acts(web: FastAPI, app: App) -> None:
    @web.post("/r1chat/act")
    async def act(request: Request) -> Response:
        sent = await _sent(request)
        if sent is None:
            return refused(_words(request).long_act, 413)
        done = Act.read(sent)
        try:
            return JSONResponse(await run_in_threadpool(perform, app, done), headers=QUIET)
        except R1ChatError as error:
            return refused(error.sentence(done.lang), 400)

    @web.post("/r1chat/summary")
    async def summary(request: Request) -> Response:
        sent = await _sent(request)
        if sent is None:
            return refused(_words(request).long_act, 413)
        act = Act.read(sent)
        try:
            home = await run_in_threadpool(app.home_of, act.conversation)
            texts = await run_in_threadpool(carry.first_message, home, act.conversation, act.model, act.words)
        except R1ChatError as error:
            return refused(error.sentence(act.lang), 400)
        lines = (f"{json.dumps(text)}\n" for text in texts)
        return StreamingResponse(_guarded(lines), media_type="application/jsonl", headers=QUIET)

    @web.post("/r1chat/phrasings")
    async def phrasings(request: Request) -> Response:
        sent = await _sent(request)
        if sent is None:
            return refused(_words(request).long_act, 413)
        act, left = Act.read(sent), threading.Event()
        watching = asyncio.create_task(_set_when_left(request, left))
        try:
            return JSONResponse(await run_in_threadpool(write_phrasings, app, act, left.is_set), headers=QUIET)
        except R1ChatError as error:
            return refused(error.sentence(act.lang), 400)
        finally:
            watching.cancel()

    @web.post("/r1chat/lost")
    async def lost(request: Request) -> Response:
        """Which of these conversations are not there any more, or never were on the disk."""
        sent = await _sent(request)
        ids = sent.texts("ids")[:MOST_IDS] if sent else []
        existing = await run_in_threadpool(app.store.kept, ids)
        return JSONResponse([name for name in ids if name not in existing], headers=QUIET)


async def _set_when_left(request: Request, left: threading.Event) -> None:
    """Say when the browser has gone: nobody waits for the answer any more."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    left.set()


async def _sent(request: Request) -> Payload | None:
    """The JSON object of a request; None where it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return Payload.parse(bytes(body))


def refused(sentence: str, status: int) -> Response:
    """A sentence that the page shows."""
    return PlainTextResponse(sentence, status_code=status, headers=QUIET)


def _guarded(lines: Iterator[str]) -> Iterator[str]:
    try:
        yield from lines
    except R1ChatError as error:  # the page keeps what it has
        log.info("a summary broke off: %s", error)


def _words(request: Request) -> Words:
    """In the language that was chosen on the page, else in the browser's."""
    return words(spoken(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language")))


# --- texts -----------------------------------------------------------------------------------------------------------


def _add_texts(web: FastAPI, app: App) -> None:
    def answered(request: Request, read: Callable[[Words], str]) -> Response:
        page = _words(request)
        try:
            return PlainTextResponse(read(page), headers=QUIET)
        except R1ChatError as error:
            status = 404 if isinstance(error, NotFoundError) else 400
            return refused(error.sentence(page.lang), status)

    @web.get("/r1chat/answer/{reply_id}")
    def answer(request: Request, reply_id: str) -> Response:
        return answered(request, lambda page: app.home_of(reply_id).chat.as_it_stands(reply_id).reply.answer)

    @web.get("/r1chat/message/{turn_id}")
    def message(request: Request, turn_id: str) -> Response:
        return answered(request, lambda page: app.home_of(turn_id).store.turn(turn_id).content)

    @web.get("/r1chat/thought/{reply_id}")
    def thought(request: Request, reply_id: str, start: int = 0, end: int | None = None) -> Response:
        return answered(
            request, lambda page: app.home_of(reply_id).chat.as_it_stands(reply_id).reply.reasoning[max(0, start) : end]
        )

    @web.get("/r1chat/document/{conversation_id}")
    def conversation_document(request: Request, conversation_id: str, form: str = "html") -> Response:
        return answered(request, lambda page: document(app.home_of(conversation_id).store, conversation_id, form, page))

    @web.get("/r1chat/outline/{reply_id}")
    def outline(request: Request, reply_id: str) -> Response:
        def html(page: Words) -> str:
            renderer = ReplyRenderer(reply_id, page, bars=load_or_default(app.settings.data_dir))
            renderer.update(app.home_of(reply_id).chat.as_it_stands(reply_id).reply)
            return renderer.outline()

        return answered(request, html)

    @web.get("/r1chat/rewards/{reply_id}")
    def rewards(request: Request, reply_id: str) -> Response:
        def html(page: Words) -> str:
            home = app.home_of(reply_id)
            stored = home.store.reply(reply_id)
            turn = home.store.turn(stored.turn_id)
            right = home.store.judgements.reference(stored.turn_id)
            outcome = None
            if right is not None and right.kind == "tests":
                verified = home.teacher.judged(turn.conversation_id).verifications.get(reply_id)
                outcome = reference.outcome(home.teacher.outcome(reply_id, right.id), verified)
            return reference.rewards(stored, turn.content, right, outcome, page)

        return answered(request, html)

    @web.get("/r1chat/sandbox/{reply_id}")
    def sandbox(request: Request, reply_id: str) -> Response:
        """What a person should know before the program in a reply is run."""
        return answered(request, lambda page: page.run_tests_sure.format(missing=unprotected().pick(page.lang)))

    @web.get("/r1chat/difference/{reply_id}")
    def changes(request: Request, reply_id: str) -> Response:
        def html(page: Words) -> str:
            store = app.home_of(reply_id).store
            corrected = store.reply(reply_id)
            return difference.html(store.reply(corrected.provenance.parent_id or ""), corrected, page)

        return answered(request, html)


# --- the feed --------------------------------------------------------------------------------------------------------


def _add_feed(web: FastAPI, app: App) -> None:
    @web.get("/r1chat/feed")
    async def feed(request: Request) -> StreamingResponse:
        params = request.query_params
        conversation = params.get("conversation", "")
        home = await run_in_threadpool(app.home_of, conversation)
        viewer = Viewer(home, conversation, params.get("model", ""), params.get("lang", "en"))
        return StreamingResponse(_events(viewer), media_type="text/event-stream", headers=QUIET)


async def _events(viewer: Viewer) -> AsyncIterator[str]:
    """The viewer's patches as server-sent events. The viewer blocks, so it runs in a thread of its own."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    room = threading.Semaphore(4)  # patches on their way: a slow page gets newer ones, not more

    def give(patch: dict[str, Any] | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: the server has stopped
            loop.call_soon_threadsafe(queue.put_nowait, patch)

    def run() -> None:
        try:
            for patch in viewer.patches():
                room.acquire()
                give(patch)
        except Exception:  # a defect of ours: the browser connects again, and the log says what it was
            log.exception("the feed broke")
        finally:
            give(None)

    threading.Thread(target=run, name="r1chat-feed", daemon=True).start()
    try:
        while (patch := await queue.get()) is not None:
            room.release()
            yield f"data: {as_json(patch)}\n\n" if patch else ": \n\n"
    finally:
        viewer.leave()
        room.release(1000)

"""What the page is told when it opens: its words, and the conversation of its address or an empty one.

A route of our own, as everything else that the page asks for. An event of Gradio would do it over its queue: later, and
with errors in the browser's console where a person leaves the page before it is there.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from r1chat.app import App
from r1chat.both import Language
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.ui.act import LONGEST_ID, LONGEST_NAME
from r1chat.ui.composer.blocks import composer_blocks, model_key
from r1chat.ui.composer.choice import choice_of
from r1chat.ui.language import LANGUAGE_COOKIE, spoken
from r1chat.ui.page import jump_html, script_words
from r1chat.ui.routes import QUIET, refused
from r1chat.ui.talk.screen import model_blocks, show
from r1chat.ui.words.page import words


def add(web: FastAPI, app: App) -> None:
    """Add the route."""

    @web.get("/r1chat/opening")
    async def opening(request: Request) -> Response:
        lang = spoken(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language"))
        conversation = request.query_params.get("c", "")[:LONGEST_ID]
        model = request.query_params.get("model", "")[:LONGEST_NAME]
        try:
            return JSONResponse(await run_in_threadpool(opened, app, lang, conversation, model), headers=QUIET)
        except R1ChatError as error:
            return refused(error.sentence(lang), 400)


def opened(app: App, lang: Language, conversation: str, model: str) -> dict[str, Any]:
    """`words` of the scripts, `answer` as after an act, the key of the `model`, and what the person is `told`.

    `conversation`: its id; one that is not there opens the empty page, and that is told. `model`: the key of the one to
    begin with where no conversation shows, from the page of models; "" for the usual one.
    """
    told, w = "", words(lang)
    if conversation:
        try:
            model = app.home_of(conversation).store.info(conversation).model
        except NotFoundError:
            conversation, told = "", w.no_such_conversation
    key, home = model_key(app, model), app.home_of(conversation)
    shown = show(home, conversation, key, w)
    shown["blocks"] += model_blocks(app, key, w)
    shown["blocks"] += composer_blocks(app, key, choice_of(home, conversation, key), w)
    shown["blocks"].append({"id": "jump-place", "html": jump_html(lang)})
    return {"lang": lang, "words": script_words(lang), "answer": shown, "model": key, "told": told}

"""How the routes of the data page answer: in the person's language, with HTML, or with the sentence of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from pydantic import AfterValidator

from r1chat.errors import R1ChatError
from r1chat.ui.wiring import LANGUAGE_COOKIE
from r1chat.ui.words.page import Words, pick, words

QUIET = {"Cache-Control": "no-store"}

# JSON may hold halves of surrogate pairs, which no encoding takes.
Text = Annotated[str, AfterValidator(lambda text: text.encode("utf-8", "replace").decode())]


def spoken(request: Request) -> Words:
    """In the language that was chosen on the chat page, else in the browser's."""
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    return words(cookie if cookie in ("en", "zh") else pick(request.headers.get("accept-language")))


def html_answer(request: Request, make: Callable[[Words], str]) -> Response:
    """What `make` makes; where it raises an error that a person may read, status 400 and its sentence."""
    try:
        return HTMLResponse(make(spoken(request)), headers=QUIET)
    except R1ChatError as error:
        return sentence(error)


def sentence(error: R1ChatError) -> Response:
    """Status 400, and what the error says."""
    return PlainTextResponse(str(error), status_code=400, headers=QUIET)

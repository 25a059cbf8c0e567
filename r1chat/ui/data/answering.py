"""How the routes of the data page answer: in the person's language, with HTML, or with the sentence of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from r1chat.errors import R1ChatError
from r1chat.ui import language
from r1chat.ui.payload import Payload
from r1chat.ui.responses import HTMLResponse, PlainTextResponse
from r1chat.ui.words.page import Words
from r1chat.ui.words.page import words as words_in

QUIET = {"Cache-Control": "no-store"}

LARGEST = 1_000_000  # bytes of what the page sends; files come another way


def spoken(request: Request) -> Words:
    """In the language that was chosen on the chat page, else in the browser's."""
    cookie = request.cookies.get(language.LANGUAGE_COOKIE)
    return words_in(language.spoken(cookie, request.headers.get("accept-language")))


def html_answer(request: Request, make: Callable[[Words], str]) -> Response:
    """What `make` makes; where it raises an error that a person may read, status 400 and its sentence."""
    words = spoken(request)
    try:
        return HTMLResponse(make(words), headers=QUIET)
    except R1ChatError as error:
        return sentence(error, words)


def sentence(error: R1ChatError, words: Words) -> Response:
    """Status 400, and what the error says in the page's language."""
    return PlainTextResponse(error.sentence(words.lang), status_code=400, headers=QUIET)


async def sent(request: Request) -> Payload:
    """The JSON object that the page sent; without fields where it is none, or too large to be one."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return Payload()
    return Payload.parse(bytes(body))


Sent = Annotated[Payload, Depends(sent)]

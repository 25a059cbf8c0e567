"""The responses of all routes. Whatever text they are given can be sent: half a surrogate pair becomes U+FFFD."""

from __future__ import annotations

import json
from typing import Any

from starlette import responses

from r1chat.unicode import clean


class HTMLResponse(responses.HTMLResponse):
    """A page, or a part of one."""

    def render(self, content: str) -> bytes:
        return clean(content).encode()


class PlainTextResponse(responses.PlainTextResponse):
    """A text, or a sentence."""

    def render(self, content: str) -> bytes:
        return clean(content).encode()


class JSONResponse(responses.JSONResponse):
    """A JSON value."""

    def render(self, content: Any) -> bytes:
        return as_json(content).encode()


def as_json(value: Any) -> str:
    """A value as JSON that every encoding takes. Raises ValueError for NaN and infinity."""
    return clean(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))

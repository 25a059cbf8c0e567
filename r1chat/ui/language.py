"""Which of the page's languages a browser gets: the one that was chosen before, else the one that it asks for."""

from __future__ import annotations

import re

from r1chat.both import Language

LANGUAGE_COOKIE = "r1chat_lang"


def pick(accept_language: str | None) -> Language:
    """The language of ours that an `Accept-Language` header prefers; English where it names neither."""
    best: Language = "en"
    weight = 0.0
    for entry in (accept_language or "").split(","):
        match = re.fullmatch(r"\s*(en|zh)(?:-[\w-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?", entry, re.IGNORECASE)
        if match and (quality := float(match[2] or 1)) > weight:
            best, weight = ("zh" if match[1].lower() == "zh" else "en"), quality
    return best


def spoken(cookie: str | None, accept_language: str | None) -> Language:
    """The language of the cookie where that is one of ours, else the one that the header prefers."""
    if cookie == "zh":
        return "zh"
    return "en" if cookie == "en" else pick(accept_language)

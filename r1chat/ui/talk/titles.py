"""A step of a thought in a few words, as HTML: code stays code, and a short formula is drawn. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from markupsafe import Markup

from r1chat.ui.html.parts import EMPTY, markdown

LENGTH = 52  # characters of a title; a Chinese one counts double
_READ = 400  # characters of the step
_LONGEST_FORMULA = 40  # characters of LaTeX that are drawn; what is longer becomes "…"

_FENCE = re.compile(r"\s*(?:```|~~~)[^\n]*\n(?:[ \t]*\n)*([^\n]*)")
_OPENING = re.compile(r"(?:\s|[-*+>#]+\s|\d{1,3}[.)]\s|\*\*|__)*")
_NOISE = re.compile(
    r"(?:(?:okay|ok|alright|right|so|now|well|hmm+|and|then)[,.]?\s+)+(?=\S)|[嗯好，那么]+(?=[，,])[，,]", re.IGNORECASE
)
_PIECE = re.compile(
    r"(?P<code>`+[^`\n]+`+)|(?P<formula>\$\$.+?\$\$|\$[^$\n]+\$|\\\(.+?\\\)|\\\[.+?\\\])|(?P<end>[.!?](?=\s|$)|[。！？\n])",
    re.DOTALL,
)
_OPEN = re.compile(r"(?:\$\$?|\\[(\[]).*", re.DOTALL)  # a formula that was cut, or is still being written
_LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\s]*\)")
_WIDE = re.compile(r"[\u2e80-\uffef]")


@lru_cache(8192)
def title(text: str) -> Markup:
    """The beginning of a step, at most `LENGTH` characters long; empty where it has no words, code or formula yet."""
    if fence := _FENCE.match(text):
        return _code(fence[1].strip())
    text = text[_OPENING.match(text).end() :][:_READ]  # type: ignore[union-attr]
    text = _NOISE.sub("", text, count=1) if (noise := _NOISE.match(text)) and noise.end() < len(text) else text
    parts, room, at = EMPTY, LENGTH, 0
    while at < len(text) and room > 0:
        piece = _PIECE.search(text, at)
        plain = text[at : piece.start() if piece else len(text)]
        html, room = _fitting(_OPEN.sub("…", plain) if piece is None else plain, room, first=not parts)
        parts += html
        if piece is None or room <= 0 or (piece["end"] and parts):
            break
        at = piece.end()
        if piece["code"]:
            code = piece["code"].strip("`").strip()
            parts += _code(code[: room + 8])
            room -= len(code)
        elif piece["formula"]:
            source = piece["formula"].strip("$").removeprefix("\\(").removeprefix("\\[")
            source = source.removesuffix("\\)").removesuffix("\\]").strip()
            if len(source) <= _LONGEST_FORMULA:
                parts += Markup(re.sub(r"^<p>|</p>\s*$", "", markdown(f"\\({source}\\)")))  # noqa: S704
                room -= len(re.sub(r"\\[A-Za-z]+|[{}]", "", source))
            elif not parts.endswith("…"):
                parts += Markup("…")
                room -= 1
    return EMPTY if parts == "…" else parts


def _code(text: str) -> Markup:
    short = text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"
    return Markup("<code>{}</code>").format(short) if short else EMPTY


def _fitting(text: str, room: int, first: bool) -> tuple[Markup, int]:
    """As much of a text as fits, without the signs of Markdown, and the room that is left: 0 where it was cut."""
    text = re.sub(r"\s+", " ", _LINK.sub(r"\1", re.sub(r"\*\*|__", "", text)))
    if first:
        text = text.lstrip(" ,;:，。、")
        text = text[:1].upper() + text[1:]
    for at, letter in enumerate(text):
        room -= 2 if _WIDE.match(letter) else 1
        if room < 0:
            space = text.rfind(" ", at // 2, at)
            cut = space if space > 0 else at
            return Markup("{}…").format(text[:cut].rstrip(" ,;:，。、—-(（")), 0
    return Markup("{}").format(text), room

"""One line of plain text in a file of Markdown: what names and titles from outside become there. Pure."""

from __future__ import annotations

import re

from r1chat.unicode import CONTROL

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LIVE = re.compile(r"[\\`*\[\]!|~$&<>]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.", re.IGNORECASE)


def plain_line(text: str) -> str:
    """The text in one line in which no reader of Markdown finds markup, HTML, a link or the end of a table's cell."""
    line = " ".join(CONTROL.sub(" ", text).split())
    return _LIVE.sub(lambda sign: _ENTITIES.get(sign[0], f"\\{sign[0]}"), line)

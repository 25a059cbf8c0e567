"""Markdown as a terminal draws it: styles, tables, highlighted code, and formulas as Unicode text.

Pure: text and a width in, text with escape sequences out. The page's parser reads the Markdown, so that both see the
same formulas and emphasis; Rich draws what it finds.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator

from markdown_it.token import Token
from rich.console import Console
from rich.markdown import Markdown

from r1chat.cli.formula import to_text
from r1chat.ui.html.markdown import parse

_TRAILING_SPACES = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)  # Rich fills every line up to its width


def draw(markdown: str, width: int, colour: bool) -> str:
    """The text as lines of at most `width` cells, without a last line end. Its control characters must be gone."""
    tokens = parse(markdown)
    if tokens is None:
        return markdown
    document = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    document.parsed = list(_drawable(tokens))
    canvas = io.StringIO()
    Console(
        file=canvas,
        width=width,
        force_terminal=True,
        no_color=not colour,
        color_system="standard",
        legacy_windows=False,
    ).print(document)
    return _TRAILING_SPACES.sub(r"\1", canvas.getvalue()).strip("\n")


def _drawable(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens with formulas as text and line breaks kept, as on the page."""
    for token in tokens:
        if token.type == "formula":
            token.type = "text"
            token.content = to_text(token.content, token.meta["display"]) if token.content else token.markup
        elif token.type == "softbreak":
            token.type = "hardbreak"
        if token.children:
            token.children = list(_drawable(token.children))
        yield token

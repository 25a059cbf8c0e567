"""Markdown as a terminal draws it: styles, tables, highlighted code, and formulas as Unicode text.

Pure: text and a width in, text with escape sequences out. The page's parser reads the Markdown, so that both see the
same formulas and emphasis; Rich draws what it finds.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterable, Iterator

from markdown_it.token import Token
from rich.console import Console
from rich.markdown import Markdown

from r1chat.ui.html.formula_text import subscript, superscript, to_text
from r1chat.ui.html.markdown import parse
from r1chat.unicode import without_controls

_TRAILING_SPACES = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)  # Rich fills every line up to its width
_BLANK_EDGES = re.compile(r"\A(?:(?:\x1b\[[0-9;]*m)*\n)+|(?:\n(?:\x1b\[[0-9;]*m)*)+\Z")  # as around its tables
_RAISED = re.compile(r"<sup>(.+)</sup>")  # the number of a footnote
_SCRIPTS = {"<sub>": subscript, "<sup>": superscript}
_SUMMARY = {"<summary>": "open", "</summary>": "close"}
log = logging.getLogger(__name__)


def draw(markdown: str, width: int, colour: bool) -> str:
    """The text as lines of at most `width` cells, without a last line end; U+FFFD stands for its control characters.

    Never raises: what cannot be drawn is returned as it is, but for them.
    """
    try:
        if (tokens := parse(markdown)) is not None:
            return _drawn(list(_drawable(tokens)), width, colour)
    except Exception:  # a defect of a parser on some odd text: the text itself must still be read
        log.exception("a text of %d characters could not be drawn", len(markdown))
    return without_controls(markdown)


def _drawn(tokens: list[Token], width: int, colour: bool) -> str:
    document = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    document.parsed = tokens
    canvas = io.StringIO()
    Console(
        file=canvas,
        width=width,
        force_terminal=True,
        no_color=not colour,
        color_system="standard",
        legacy_windows=False,
    ).print(document)
    return _BLANK_EDGES.sub("", _TRAILING_SPACES.sub(r"\1", canvas.getvalue()))


def _drawable(tokens: Iterable[Token], inline: bool = False) -> Iterator[Token]:
    """The tokens that Rich knows: formulas and tags as text, and line breaks kept, as on the page.

    Control characters are taken out here: the parser makes some of entities and of an address's `%1b`.
    """
    script: Callable[[str], str] | None = None
    for token in tokens:
        if token.type == "formula":
            token.type = "text"
            token.content = to_text(token.content, token.meta["display"]) if token.content else token.markup
        elif token.type == "softbreak" or (token.type == "tag" and token.content == "<br>"):
            token.type = "hardbreak"
        elif token.type == "tag" and inline:
            script = _SCRIPTS.get(token.content)
            if not (raised := _RAISED.fullmatch(token.content)):
                continue
            token.type, token.content = "text", superscript(raised[1])
        elif token.type == "tag" and token.content in _SUMMARY:
            token = Token(f"paragraph_{_SUMMARY[token.content]}", "p", 1 if token.content == "<summary>" else -1)
        elif token.type == "tag":
            continue
        elif token.type == "text" and script:
            token.content = script(token.content)
        if token.children:
            token.children = list(_drawable(_without_bare_links(token.children), inline=True))
        token.content, token.info = without_controls(token.content), without_controls(token.info)
        token.attrs = {
            name: without_controls(value) if isinstance(value, str) else value for name, value in token.attrs.items()
        }
        yield token


def _without_bare_links(tokens: list[Token]) -> Iterator[Token]:
    """Rich writes an address behind its link; where the link's text is the address, that would be twice."""
    bare = False
    for index, token in enumerate(tokens):
        if token.type == "link_open":
            bare = tokens[index + 1].content == token.attrs.get("href")
        if not (bare and token.type in ("link_open", "link_close")):
            yield token

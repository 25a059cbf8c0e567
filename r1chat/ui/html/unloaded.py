"""Markdown that loads nothing where it is opened: pictures become links, HTML becomes text; code stays as it is.

Readers of Markdown differ. What one of them may take for text counts as text: indented code (the text of a footnote to
some), and code spans of a paragraph in which one crosses a line, or a `|` may divide cells of a table.
"""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt

from r1chat.ui.html.markdown import MAX_TEXT

_FENCE_END = re.compile(r"[ >]*(`{3,}|~{3,})[ \t]*")
_FENCE = re.compile(r"^([ \t>*+\-0-9.)]*)(?=```|~~~)", re.MULTILINE)
_CODE = r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:[^\n]*?[^`\n])(?P=ticks)(?!`))|`+"
_LIVE = (
    r"\\<(?=[A-Za-z/!?])|\\[^<]|<(?:https?://|mailto:)[^\s<>`]*>"
    r"|(?P<math>\$[^$`\n]+\$)|(?P<tag><(?=[A-Za-z/!?]))|(?P<picture>!+\[(?P<nameless>\](?=\())?)|!+"
)
_TEXT, _WITH_CODE = re.compile(_LIVE), re.compile(f"{_CODE}|{_LIVE}")


def unloaded(text: str) -> str:
    """The text of a message so that no program that draws it asks for a picture, or runs HTML. A fence is closed.

    In more than MAX_TEXT characters code is not told from text, and no fence begins.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # a line ends there, too
    if len(text) > MAX_TEXT:
        return _FENCE.sub(r"\1\\", _TEXT.sub(_dead, text))
    lines = text.split("\n")
    fences: set[tuple[int, int]] = set()
    blocks: list[tuple[int, int]] = []
    end = ""
    for token in _blocks().parse(text):
        if token.map and token.type == "fence":
            fences.add((token.map[0], token.map[1]))
            last = _FENCE_END.fullmatch(lines[min(token.map[1], len(lines)) - 1])
            whole = token.map[1] - token.map[0] > 1 and last and last[1].startswith(token.markup)
            end = "" if whole or token.level or token.map[1] < len(lines) else f"\n{token.markup}"
        elif token.map and token.type == "inline":
            blocks.append((token.map[0], token.map[1]))
    done, at = [], 0
    for start, stop in sorted([*fences, *blocks]):
        done += [_TEXT.sub(_dead, line) for line in lines[at:start]]
        part = "\n".join(lines[max(start, at) : stop])
        part = _fence(part) if (start, stop) in fences else _paragraph(part)
        done += [part] if stop > at else []
        at = max(at, stop)
    return "\n".join([*done, *(_TEXT.sub(_dead, line) for line in lines[at:])]) + end


def _fence(text: str) -> str:
    """A fence; its first line must be no head of a table, which some readers look for before a fence."""
    first, line_end, code = text.partition("\n")
    return _TEXT.sub(_dead, first).replace("|", "\\|") + line_end + code


def _paragraph(text: str) -> str:
    return (_WITH_CODE if "|" not in text and _has_plain_code(text) else _TEXT).sub(_dead, text)


def _has_plain_code(text: str) -> bool:
    """Whether it is plain where code begins and ends: at two neighbouring runs of as many ticks in one line each."""
    if "\\`" in text:  # the first tick of a run may be text
        return False
    lines = ([len(run) for run in re.findall("`+", line)] for line in text.split("\n"))
    return all(runs[::2] == runs[1::2] for runs in lines)


def _dead(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if groups["math"]:  # there a blank is nothing, and an entity would be shown
        return re.sub(r"<(?=[A-Za-z/!?])", "< ", groups["math"]).replace("![", "! [")
    if groups["tag"] or match[0] == "\\<":
        return "&lt;"
    if groups["picture"]:
        others = "\\!" * (groups["picture"].count("!") - 1)
        return f"{others}[…]" if groups["nameless"] else f"{others}["
    return match[0]


@cache
def _blocks() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False})
    md.core.ruler.disable("inline")
    return md

"""LaTeX in Markdown: finds formulas by their delimiters, and turns them into MathML.

Owns the delimiters, bare environments and a bare `\\boxed{…}`, and what of a dollar sign is only a price. What it makes
is not yet safe HTML: `markdown` sends everything through its sanitiser.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache, lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from math_core import LatexError, LatexToMathML

MAX_FORMULA = 8_000  # characters; what is longer stays source
MAX_EXPANSIONS = 16  # of the macros that a formula defines itself
STACK = 64 * 2**20  # bytes: math-core recurses, up to 3 KB a level, and an overflow would end the whole process

# One dollar. As in Pandoc: no blank inside next to it, no digit after it; and no letter or digit before it. The next
# dollar decides, so "$5 and $10" and "5$/kg or 6$/kg" stay prices. With blanks inside it has to look like LaTeX.
_DOLLAR = re.compile(r"(?<![\w\\])\$(?![\s$])((?:\\.|[^\\$`])++)(?<!\s)\$(?!\d)", re.ASCII | re.DOTALL)
_SPACED_DOLLAR = re.compile(r"(?<![\w\\])\$ (?=[^$`\n]*[\\^_])([^$`\n]++)(?<= )\$(?!\d)", re.ASCII)
_ENVIRONMENT = (
    r"\\begin\{((?:align|aligned|array|cases|equation|eqnarray|gather|gathered|multline|split|[pbvBV]?matrix)\*?)\}"
)
_BLOCK_OPENER = re.compile(rf"\$\$|\\\[|{_ENVIRONMENT}")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BOXED = r"\boxed{"
_NUMBERED = r"\begin{equation}"  # only there may a formula have a number

# What models write and math-core does not know, by what it knows.
_SYNONYMS = {"split": "aligned", "eqnarray": "align", "eqnarray*": "align*", "mbox": "text", "hbox": "text"}
_SYNONYM = re.compile(r"(?<=\{)(?:split|eqnarray\*?)(?=\})|(?<=\\)[mh]box(?=\s*\{)")

BEGIN, END = "\ue000", "\ue001"  # the sides of a mark, on their way through Markdown: none stands within a formula
_SIDES = re.compile(f"[{BEGIN}{END}]")


def formulas(md: MarkdownIt) -> None:
    """A markdown-it plugin: formulas become `formula` tokens, and their lines are never lists, quotes or headings."""
    md.inline.ruler.before("escape", "formula", _inline)
    md.block.ruler.before("table", "formula", _block, {"alt": ["paragraph", "blockquote", "list"]})
    md.add_render_rule("formula", _render)


@lru_cache(maxsize=2048)
def to_mathml(source: str, display: bool) -> str | None:
    """MathML of a formula, not sanitised; None where it is too long, or no LaTeX that we know."""
    if len(source) > MAX_FORMULA:
        return None
    return _worker().submit(_convert, source, display).result()


def _convert(source: str, display: bool) -> str | None:
    source = _SYNONYM.sub(lambda match: _SYNONYMS[match[0]], source)
    try:
        return _converter().convert_with_local_state(source, displaystyle=display)
    except LatexError:
        if display and not source.startswith(_NUMBERED) and r"\tag" in source:
            return _convert(rf"{_NUMBERED}{source}\end{{equation}}", display)
        return None


@cache
def _converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False, max_expansions=MAX_EXPANSIONS, allow_unreliable_rendering=True)


@cache
def _worker() -> Executor:
    """The one thread in which formulas are converted, with room for as deep a nesting as MAX_FORMULA allows."""
    before = threading.stack_size(STACK)
    try:
        worker = ThreadPoolExecutor(1, thread_name_prefix="r1chat-formula")
        worker.submit(_converter).result()  # starts the thread while the size is in force
        return worker
    finally:
        threading.stack_size(before)


def _render(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    content, source = _SIDES.sub("", token.content), _SIDES.sub("", token.markup)
    mathml = to_mathml(content, token.meta["display"]) if content else None
    shown = mathml or f'<code class="math-source">{escape(source)}</code>'
    return BEGIN * token.markup.count(BEGIN) + shown + END * token.markup.count(END)


# --- where a formula begins and ends ---------------------------------------------------------------------------------


def _inline(state: StateInline, silent: bool) -> bool:
    source, position, limit = state.src, state.pos, state.posMax
    if source[position] == "$":
        found = _dollars(source, position, limit)
    elif source[position] == "\\":
        found = _backslash(source, position, limit)
    else:
        return False
    if found is None:
        return False
    content, end, display = found
    if not silent:
        token = state.push("formula", "math", 0)
        token.content, token.markup, token.meta = content.strip(), source[position:end], {"display": display}
    state.pos = end
    return True


Found = tuple[
    str, int, bool
]  # the LaTeX ("" where the formula is not finished), where it ends, whether it is displayed


def _dollars(source: str, start: int, limit: int) -> Found | None:
    if source.startswith("$$", start):
        end = source.find("$$", start + 2, limit)
        if end >= 0:
            content = source[start + 2 : end]
            return (content, end + 2, True) if content.strip() else None
        return ("", limit, True) if start == 0 else None  # in the middle of a line it may be anything
    match = _DOLLAR.match(source, start, limit) or _SPACED_DOLLAR.match(source, start, limit)
    return (match[1], match.end(), False) if match else None


def _backslash(source: str, start: int, limit: int) -> Found | None:
    """`\\(…\\)`, `\\[…\\]`, `\\boxed{…}` or an environment; with an open end too, for nothing else begins so."""
    opener = source[start : start + 2]
    line = source.find("\n", start, limit)
    line = limit if line < 0 else line
    if opener == r"\(":
        end = source.find(r"\)", start, limit)
        return (source[start + 2 : end], end + 2, False) if end >= 0 else ("", line, False)
    if opener == r"\[":
        end = source.find(r"\]", start, limit)
        return (source[start + 2 : end], end + 2, True) if end >= 0 else ("", limit, True)
    if source.startswith(_BOXED, start):
        end = _closing_brace(source, start + len(_BOXED), limit)
        return (source[start:end], end, False) if end >= 0 else ("", line, False)
    if opener == r"\b" and (environment := re.compile(_ENVIRONMENT).match(source, start, limit)):
        closer = rf"\end{{{environment[1]}}}"
        end = source.find(closer, start, limit)
        end += len(closer)
        return (source[start:end], end, True) if end >= len(closer) else ("", limit, True)
    return None


def _closing_brace(source: str, start: int, limit: int) -> int:
    depth = 1
    for match in _BRACE.finditer(source, start, min(limit, start + MAX_FORMULA)):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return -1


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A paragraph of the lines from a displayed formula's opening to its closing, a blank line or a fence."""
    position = state.bMarks[start] + state.tShift[start]
    opener = _BLOCK_OPENER.match(state.src, position, state.eMarks[start])
    if opener is None:
        return False
    closer = rf"\end{{{opener[1]}}}" if opener[1] else {"$$": "$$", r"\[": r"\]"}[opener[0]]
    line, position = start, opener.end()
    while (closed := state.src.find(closer, position, state.eMarks[line])) < 0:
        line += 1
        if line >= end or state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            break
        position = state.bMarks[line] + state.tShift[line]
        if state.src.startswith(("```", "~~~"), position):
            break
    if line == start and state.src[closed + len(closer) : state.eMarks[line]].strip():
        return False  # text follows on the same line: an ordinary paragraph
    if silent:
        return True
    after = min(line + 1, end) if closed >= 0 else line
    token = state.push("paragraph_open", "p", 1)
    token.map = [start, after]
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, after, state.blkIndent, False).strip()
    token.map, token.children = [start, after], []
    state.push("paragraph_close", "p", -1)
    state.line = after
    return True

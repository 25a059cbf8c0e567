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

from r1chat.ui.html.blocks import OTHER_BLOCK
from r1chat.ui.html.breaking import boxed_text, breakable
from r1chat.ui.html.latex import known

MAX_FORMULA = 8_000  # characters; what is longer stays source
MAX_LINES = 60  # of a displayed formula
MAX_EXPANSIONS = 16  # of the macros that a formula defines itself
STACK = 64 * 2**20  # bytes: math-core recurses, up to 3 KB a level, and an overflow would end the whole process

# One dollar. As in Pandoc: no blank inside next to it, no digit after it; and no letter or digit before it. The next
# dollar decides, so "$5 and $10" and "5$/kg or 6$/kg" stay prices. With blanks inside it has to look like LaTeX.
_DOLLAR = re.compile(r"(?<![\w\\])\$(?![\s$])((?:\\.|[^\\$`])++)(?<!\s)\$(?!\d)", re.ASCII | re.DOTALL)
_SPACED_DOLLAR = re.compile(r"(?<![\w\\])\$ (?=[^$`\n]*[\\^_])([^$`\n]++)(?<= )\$(?!\d)", re.ASCII)
# "$6。设$x$" and "$6 ($x$ items)" are a price and a formula: a number, then prose, and the next dollar opens.
_PRICE = re.compile(
    r"\d[\d.,]*(?:[KMB万亿])?\s*(?:[\u3001-\u9fff\uff00-\uffef]|[A-Za-z]{2,}|[(\[](?!.*[)\]]))", re.DOTALL
)
_BEGINS_FORMULA = re.compile(r"[A-Za-z\\(\[{|]")
_ENVIRONMENT = (
    r"\\begin\{((?:align|aligned|array|cases|equation|eqnarray|gather|gathered|multline|split|[pbvBV]?matrix)\*?)\}"
)
_BLOCK_OPENER = re.compile(rf"\$\$|\\\[|{_ENVIRONMENT}")
_TAG = re.compile(r"\\tag\*?\{([^{}]*)\}")
_ESCAPED_TWICE = re.compile(
    r"\\\\\((?!\s*\))((?:(?!\\\\).){1,2000}?)\\\\\)|\\\\\[((?:(?!\\\\).){1,2000}?)\\\\\]", re.DOTALL
)
_BARE = re.compile(r"\[ (?=[^\[\]\n]*\\[a-zA-Z])([^\[\]\n]{1,2000}) \](?!\()")  # the backslashes were lost
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BOXED = r"\boxed{"
_NUMBERED = r"\begin{equation}"  # only there may a formula have a number

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
    try:
        return _converter().convert_with_local_state(known(source), displaystyle=display)
    except LatexError:
        if r"\tag" not in source or source.startswith(_NUMBERED):
            return None
        if display:
            return _convert(rf"{_NUMBERED}{source}\end{{equation}}", display)
        return _convert(_TAG.sub(r"\\quad(\\text{\1})", source).replace(r"\tag", ""), display)


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
    display = token.meta["display"]
    mathml = to_mathml(content, display) if content else None
    if mathml is None:
        html = f'<code class="math-source">{escape(source)}</code>'
    elif display:
        html = boxed_text(mathml) or mathml
    else:
        html = breakable(mathml)
    return BEGIN * token.markup.count(BEGIN) + html + END * token.markup.count(END)


# --- where a formula begins and ends ---------------------------------------------------------------------------------


def _inline(state: StateInline, silent: bool) -> bool:
    source, position, limit = state.src, state.pos, state.posMax
    if source[position] == "$":
        formula = _dollars(source, position, limit)
    elif source[position] == "\\":
        formula = _backslash(source, position, limit)
    elif source[position] == "[" and (bare := _BARE.match(source, position, limit)):
        formula = bare[1], bare.end(), True
    else:
        return False
    if formula is None:
        return False
    content, end, display = formula
    if not silent:
        token = state.push("formula", "math", 0)
        token.content, token.markup, token.meta = content.strip(), source[position:end], {"display": display}
    state.pos = end
    return True


FormulaSpan = tuple[
    str, int, bool
]  # the LaTeX ("" where the formula is not finished), where it ends, whether it is displayed


def formula_at(source: str, start: int) -> FormulaSpan | None:
    """The formula that begins at a `$` or a backslash of a text; None where none does, or where it is not finished."""
    find = _dollars if source[start] == "$" else _backslash
    formula = find(source, start, len(source))
    return formula if formula and formula[0] else None


def _dollars(source: str, start: int, limit: int) -> FormulaSpan | None:
    if source.startswith("$$", start):
        end = source.find("$$", start + 2, limit)
        if end >= 0:
            content = source[start + 2 : end]
            return (content, end + 2, True) if content.strip() else None
        return ("", limit, True) if start == 0 else None  # in the middle of a line it may be anything
    match = _DOLLAR.match(source, start, limit) or _SPACED_DOLLAR.match(source, start, limit)
    if match is None or (_PRICE.match(match[1]) and _BEGINS_FORMULA.match(source, match.end(), limit)):
        return None
    return match[1], match.end(), False


def _backslash(source: str, start: int, limit: int) -> FormulaSpan | None:
    """`\\(…\\)`, `\\[…\\]`, `\\boxed{…}` or an environment; with an open end too, for nothing else begins so."""
    if match := _ESCAPED_TWICE.match(source, start, limit):
        return match[1] or match[2], match.end(), match[1] is None
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
        return _bare_block(state, start, end, silent)
    closer = rf"\end{{{opener[1]}}}" if opener[1] else {"$$": "$$", r"\[": r"\]"}[opener[0]]
    line, position = start, opener.end()
    blank = 0  # the first blank line: the formula ends there if it is closed nowhere below
    while (closed := state.src.find(closer, position, state.eMarks[line])) < 0:
        line += 1
        over = line >= end or line - start > MAX_LINES or state.sCount[line] < state.blkIndent
        if over and not (line < end and state.isEmpty(line)):
            break
        position = state.bMarks[line] + state.tShift[line]
        if state.isEmpty(line):
            blank = blank or line
        elif state.isEmpty(line - 1) and OTHER_BLOCK.match(state.src, position, state.eMarks[line]):
            break
        if state.src.startswith(("```", "~~~"), position):
            break
    if closed < 0 and blank:
        line = blank
    if line == start and state.src[closed + len(closer) : state.eMarks[line]].strip():
        return False  # text follows on the same line: an ordinary paragraph
    if silent:
        return True
    after = min(line + 1, end) if closed >= 0 else line
    token = state.push("paragraph_open", "p", 1)
    token.map = [start, after]
    token = state.push("inline", "", 0)
    content = state.getLines(start, after, state.blkIndent, False).strip()
    token.content = _without_blank_lines(content, opener[0]) if blank and closed >= 0 else content
    token.map, token.children = [start, after], []
    state.push("paragraph_close", "p", -1)
    state.line = after
    return True


def _without_blank_lines(formula: str, opener: str) -> str:
    """A displayed formula whose blank lines separate its lines, unless it has an environment of its own."""
    if r"\begin" in formula or opener not in ("$$", r"\["):
        return re.sub(r"\n[ \t]*(?=\n)", "", formula)
    lines = re.sub(r"\n[ \t]*\n\s*", r" \\\\ ", formula[2:-2].strip())
    return rf"{opener}\begin{{gathered}}{lines}\end{{gathered}}{formula[-2:]}"


def _bare_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`[` and `]` alone on their lines around a formula: a display whose backslashes were lost."""

    def text(line: int) -> str:
        return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()

    if text(start) != "[":
        return False
    close = next((line for line in range(start + 1, min(end, start + MAX_LINES)) if text(line) == "]"), 0)
    content = state.getLines(start + 1, close, state.blkIndent, False).strip() if close else ""
    if "\\" not in content and "=" not in content:
        return False
    if not silent:
        state.push("paragraph_open", "p", 1).map = [start, close + 1]
        token = state.push("inline", "", 0)
        token.content, token.map, token.children = rf"\[{content}\]", [start, close + 1], []
        state.push("paragraph_close", "p", -1)
        state.line = close + 1
    return True

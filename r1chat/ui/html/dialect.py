"""What models write beyond CommonMark, as rules for markdown-it: a plugin without a renderer of its own.

Headings without a space, underlined titles, alerts, `|` within a table's formulas and code, task boxes, footnotes, bare
addresses, harmless HTML tags, commands of LaTeX outside of formulas, and the direction of right-to-left text.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_FENCE = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})")
_HEADING = re.compile(r"^( {0,3}#{2,6})(?=[^#\s])")
_UNDERLINE = re.compile(r" {0,3}={3,}[ \t]*$")
_ALERT = re.compile(r"^([ >]*> ?)\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*$")
_SECTION = re.compile(r"^ {0,3}\\((?:sub){0,2})section\*?\{([^{}]*)\}[ \t]*$")
_LIST_LINE = re.compile(r"^[ \t]*\\(?:begin|end)\{(?:itemize|enumerate)\}[ \t]*$")
_ITEM = re.compile(r"^[ \t]*\\item(?![A-Za-z])[ \t]*")
_DELIMITER, _MAYBE_DELIMITER = re.compile(":?-+:?"), re.compile(":?-*:?")
_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)|(?<!\\)\$\$.+?\$\$|(?<!\\)\$(?![\s$])[^$]+?(?<!\s)\$(?!\d)|\\\(.+?\\\)")
_PIPE = re.compile(r"\\?\|")
MAX_ROW = 4_000  # characters of a table's row that is looked at

_TAG = re.compile(r"<(/?)(br|sub|sup|kbd|mark|small|del|ins|s|u|b|i|em|strong)[ \t]*(/?)>", re.IGNORECASE)
_DETAILS = re.compile(r" {0,3}<details(?: open)?>[ \t]*(?:<summary>(.*?)</summary>[ \t]*)?(.*)$", re.IGNORECASE)
_SUMMARY = re.compile(r" {0,3}<summary>(.*?)</summary>[ \t]*(.*)$", re.IGNORECASE)
_TEXT_COMMAND = re.compile(r"\\(textbf|textit|emph|underline|texttt)\{([^{}\n]{1,2000})\}")
_TEXT_TAGS = {"textbf": "strong", "textit": "em", "emph": "em", "underline": "u", "texttt": "code"}
_FOOTNOTE = re.compile(r"\[\^([\w-]{1,20})\](:?)")
_TASK = re.compile(r"\[([ xX])\][ \t]+")
_ADDRESS = re.compile(
    r"(?<![\w@/.])(?:https?://|www\.)[^\s<>`\"“”‘’，。、；：！？（）《》【】「」]+|(?<![\w@/.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+",
    re.ASCII | re.IGNORECASE,
)


def dialect(md: MarkdownIt) -> None:
    """A markdown-it plugin."""
    md.core.ruler.after("normalize", "dialect_lines", _lines)
    md.core.ruler.after("block", "tasks", _tasks)
    md.core.ruler.after("inline", "addresses", _addresses)
    md.core.ruler.push("direction", _direction)
    md.block.ruler.before("fence", "markdown_fence", _markdown_fence, {"alt": ["paragraph", "blockquote", "list"]})
    md.block.ruler.before("fence", "details", _details, {"alt": ["paragraph", "blockquote", "list"]})
    md.inline.ruler.before("escape", "text_command", _text_command)
    md.inline.ruler.before("link", "footnote", _footnote)
    md.inline.ruler.before("autolink", "tag", _tag)
    md.add_render_rule("tag", lambda self, tokens, index, options, env: tokens[index].content)


# --- lines -----------------------------------------------------------------------------------------------------------


def _lines(state: StateCore) -> None:
    """Rewrites single lines outside of fences."""
    fence = ""
    table = False
    lines: list[str] = []
    for line in state.src.split("\n"):
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and not line[opened.end() :].strip(" \t`~"):
                fence = ""
        elif opened:
            fence = opened[1]
        elif (
            _UNDERLINE.match(line)
            and lines
            and lines[-1].strip()
            and not lines[-1].lstrip().startswith(("#", ">", "|"))
        ):
            lines[-1] = f"# {lines[-1].strip()}"
            continue
        else:
            if "|" in line and lines and "-" in line and _is_delimiters(line) and "|" in lines[-1]:
                lines[-1] = _row(lines[-1])
                table = True
            elif not line.strip():
                table = False
            elif table:
                line = _row(line)
            rewritten = _rewritten(line)
            if rewritten is None:
                continue
            line = rewritten
        lines.append(line)
    state.src = "\n".join(lines)


def _is_delimiters(line: str) -> bool:
    """Whether it is the line below a table's head."""
    first, *others = (cell.strip(" \t") for cell in line.lstrip(" >").removeprefix("|").split("|"))
    return _DELIMITER.fullmatch(first) is not None and all(map(_MAYBE_DELIMITER.fullmatch, others))


def _rewritten(line: str) -> str | None:
    """The line in CommonMark; None for one that says nothing."""
    line = _HEADING.sub(r"\1 ", line)
    line = _ALERT.sub(lambda match: f"{match[1]}**{match[2].capitalize()}**", line)
    if "\\" in line:
        if _LIST_LINE.match(line):
            return None
        line = _SECTION.sub(lambda match: f"{'#' * (2 + len(match[1]) // 3)} {match[2]}", line)
        line = _ITEM.sub("- ", line)
    return line


def _row(line: str) -> str:
    """A table's row whose formulas and code keep their bars."""
    if len(line) > MAX_ROW:
        return line
    return _SPAN.sub(lambda span: _PIPE.sub(lambda bar: "\\" + bar[0], span[0]), line)


# --- blocks ----------------------------------------------------------------------------------------------------------


def _markdown_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A fence of Markdown, in which a fence with a language is text up to its own closing line."""
    position = state.bMarks[start] + state.tShift[start]
    opening = re.compile(r"(`{3,})[ \t]*(markdown|md)[ \t]*$", re.IGNORECASE).match(
        state.src[position : state.eMarks[start]]
    )
    if opening is None or state.is_code_block(start):
        return False
    if silent:
        return True
    marks, depth, line = opening[1], 0, start
    closed = False
    while (line := line + 1) < end:
        position = state.bMarks[line] + state.tShift[line]
        if position < state.eMarks[line] and state.sCount[line] < state.blkIndent:
            break
        text = state.src[position : state.eMarks[line]]
        fence = re.match(r"(`{3,})[ \t]*(\S*)", text)
        if fence is None or state.sCount[line] - state.blkIndent >= 4 or len(fence[1]) < len(marks):
            continue
        if fence[2]:
            depth += 1
        elif depth:
            depth -= 1
        else:
            closed = True
            break
    state.line = line + closed
    token = state.push("fence", "code", 0)
    token.info, token.markup = opening[2], marks
    token.content = state.getLines(start + 1, line, state.sCount[start], True)
    token.map = [start, state.line]
    return True


def _details(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`<details>` with what is in it, up to `</details>` or the end."""
    text = state.src[state.bMarks[start] : state.eMarks[start]]
    match = _DETAILS.match(text)
    if match is None or state.env.get("details", 0) > 3:
        return False
    if silent:
        return True
    summary, first, last, depth = match[1], start + 1, start + 1, 1
    if summary is None and first < end:
        titled = _SUMMARY.match(state.src[state.bMarks[first] : state.eMarks[first]])
        if titled:
            summary, first, last = titled[1], first + 1, first + 1
    while last < end:
        line = state.src[state.bMarks[last] : state.eMarks[last]].lower()
        depth += line.count("<details") - line.count("</details")
        if depth <= 0:
            break
        last += 1
    _push_tag(state, "<details>")
    for content, before, after in ((summary or "…", "<summary>", "</summary>"), (match[2].strip(), "", "")):
        if not content or content == "</details>":
            continue
        _push_tag(state, before)
        token = state.push("inline", "", 0)
        token.content, token.map, token.children = content, [start, start + 1], []
        _push_tag(state, after)
    if match[2].strip() != "</details>":
        limit, state.lineMax = state.lineMax, last
        state.env["details"] = state.env.get("details", 0) + 1
        state.md.block.tokenize(state, first, last)
        state.env["details"] -= 1
        state.lineMax = limit
        state.line = min(last + 1, end)
    else:
        state.line = start + 1
    _push_tag(state, "</details>")
    return True


def _push_tag(state: StateBlock, html: str) -> None:
    if html:
        state.push("tag", "", 0).content = html


# --- within a line ---------------------------------------------------------------------------------------------------


def _tag(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "<":
        return False
    match = _TAG.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("tag", "", 0).content = f"<{match[1]}{match[2].lower()}>" if match[2].lower() != "br" else "<br>"
    state.pos = match.end()
    return True


def _text_command(state: StateInline, silent: bool) -> bool:
    """`\\textbf{…}` and its like, outside of formulas."""
    if state.src[state.pos] != "\\":
        return False
    match = _TEXT_COMMAND.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        tag = _TEXT_TAGS[match[1]]
        state.push("tag", "", 0).content = f"<{tag}>"
        end = state.posMax
        state.pos, state.posMax = match.start(2), match.end(2)
        state.md.inline.tokenize(state)
        state.posMax = end
        state.push("tag", "", 0).content = f"</{tag}>"
    state.pos = match.end()
    return True


def _footnote(state: StateInline, silent: bool) -> bool:
    """`[^1]` as a raised number; `[^1]:` at the beginning of a line is the number before the note itself."""
    if not state.src.startswith("[^", state.pos):
        return False
    match = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    begins = state.pos == 0 or state.src[state.pos - 1] == "\n"
    if not silent:
        state.push("tag", "", 0).content = f"<sup>{escapeHtml(match[1])}</sup>"
    state.pos = match.end() if begins else match.end(1) + 1
    return True


# --- the whole -------------------------------------------------------------------------------------------------------


def _tasks(state: StateCore) -> None:
    """`[ ]` and `[x]` at the beginning of a list's item are boxes."""
    for item, token in zip(state.tokens, state.tokens[2:], strict=False):
        if item.type == "list_item_open" and token.type == "inline" and (box := _TASK.match(token.content)):
            token.content = ("☐ " if box[1] == " " else "☑ ") + token.content[box.end() :]


def _addresses(state: StateCore) -> None:
    """Bare web and mail addresses become links."""
    for token in state.tokens:
        if token.type != "inline" or not token.children or not re.search(r"https?://|www\.|@", token.content):
            continue
        children: list[Token] = []
        linked = 0
        for child in token.children:
            linked += child.nesting if child.type in ("link_open", "link_close") else 0
            children += [child] if linked or child.type != "text" else _linked(child)
        token.children = children


def _linked(text: Token) -> list[Token]:
    pieces: list[Token] = []
    position = 0
    for match in _ADDRESS.finditer(text.content):
        address = _trimmed(match[0])
        if len(address) < 6:
            continue
        href = (
            address
            if "://" in address
            else f"http://{address}"
            if address.lower().startswith("www.")
            else f"mailto:{address}"
        )
        pieces += [
            _text(text, text.content[position : match.start()]),
            Token("link_open", "a", 1, attrs={"href": href}),
            _text(text, address),
            Token("link_close", "a", -1),
        ]
        position = match.start() + len(address)
    return [*pieces, _text(text, text.content[position:])] if pieces else [text]


def _trimmed(address: str) -> str:
    """Without the punctuation that belongs to the sentence."""
    while address:
        last = address[-1]
        if last in ".,;:!?'*_~|" or (last in ")]}" and address.count(last) > address.count("([{"[")]}".index(last)])):
            address = address[:-1]
        else:
            break
    return address


def _text(like: Token, content: str) -> Token:
    return Token("text", "", 0, content=content, level=like.level)


_DIRECTED = {
    "paragraph_open",
    "heading_open",
    "list_item_open",
    "bullet_list_open",
    "ordered_list_open",
    "th_open",
    "td_open",
    "blockquote_open",
}
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def _direction(state: StateCore) -> None:
    """Each block takes the direction of its first letter, where there is any right-to-left text at all."""
    if _RIGHT_TO_LEFT.search(state.src):
        for token in state.tokens:
            if token.type in _DIRECTED:
                token.attrSet("dir", "auto")

"""Markdown -> safe HTML: the one place where a model's text becomes markup.

CommonMark without HTML, with tables, struck-out text, formulas and highlighted code; line breaks are kept, as a model
means them. Whatever comes out passes a list of allowed tags, attributes, classes and link schemes. Hostile text costs
bounded time and never raises: what cannot be rendered is shown as it is, escaped.
"""

from __future__ import annotations

import logging
import re
import time
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from io import StringIO
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.token import STANDARD_TYPES, Name, Punctuation, Text, Whitespace  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

from r1chat.ui.html.dialect import dialect
from r1chat.ui.html.formula import formulas
from r1chat.ui.html.links import leads_here, mark_other_hosts
from r1chat.unicode import without_controls

MAX_TEXT = 100_000  # characters; what is longer is shown as plain text
LEXING = 0.25  # seconds of computing for the colours of one piece of code
MAX_NESTING = 40  # quotes and lists in one another

# A language is the model's word, and code may be hostile. Each lexer here was tried with repetitions of all sorts: none
# took more than 0.1 s from one token to the next, odd code aside. Those of Scala and Objective-C did.
LANGUAGES = (
    " bash c c++ c# cpp csharp css diff dockerfile go haskell html ini java javascript js json json5 jsx julia kotlin "
    "latex tex lua makefile matlab mysql ocaml perl php powershell ps1 py py3 python python3 pycon r rb "
    "ruby rs rust scheme sh shell sql swift toml ts tsx typescript xml yaml yml zsh "
)

_UNCOLOURED = {Name, Punctuation, Whitespace}  # they look like the text: half as many tags
_LONG_WORD = re.compile(r"[^\s\u2e80-\uffef]{30}")  # in a table's cell: it may be broken anywhere
_SHORT_WORDS = re.compile(r"[\u3400-\u9fff]{1,6}")  # Chinese, which may break between any two characters
_ODD_CODE = re.compile(r"\s{65}|[^\n]{2000}")  # nobody writes it, and some lexers take minutes for it
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")  # half a pair from a broken stream: no encoding takes it

log = logging.getLogger(__name__)


def to_html(text: str) -> str:
    """The text as HTML that can be put into the page. Never raises."""
    text = _NO_CHARACTER.sub("\ufffd", text)
    try:
        if (tokens := parse(text)) is not None:
            return mark_other_hosts(_sanitiser().clean(_parser().renderer.render(tokens, _parser().options, {})))
    except Exception:  # a defect of a parser on some odd text: the text itself must still be read
        log.exception("a text of %d characters could not be rendered", len(text))
    return f'<p class="plain">{escape(text)}</p>'


def parse(text: str) -> list[Token] | None:
    """The Markdown as tokens of markdown-it; formulas are tokens of type `formula`.

    None for a text that is too long or nested too deep, which is to be shown as it is.
    """
    if len(text) > MAX_TEXT:
        return None
    tokens = _parser().parse(text)
    return tokens if all(token.level < MAX_NESTING - 1 for token in tokens) else None  # any deeper, text is dropped


def plain(text: str) -> str:
    """The text as it is, escaped for HTML and quoted attributes."""
    return escape(_NO_CHARACTER.sub("\ufffd", text))


def pygments_css(dark: bool) -> str:
    """The rules that colour code in one of the themes; those of the dark one hold below `.dark`."""
    style, below = ("lightbulb", ".dark .code") if dark else ("xcode", ".code")  # every colour is easy to read
    formatter = HtmlFormatter(style=style, classprefix="hl-")
    return "\n".join(formatter.get_token_style_defs(below))


# --- parsing ---------------------------------------------------------------------------------------------------------


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Only what a click may open; anything else stays as it was written."""
        return url.lower().startswith(("http://", "https://", "mailto:"))


@cache
def _parser() -> MarkdownIt:
    md = _Markdown("commonmark", {"html": False, "breaks": True, "maxNesting": MAX_NESTING})
    md.enable(["table", "strikethrough"])
    # No underlined headings: the first dash under a growing text would make one. No definitions: each block is alone.
    md.disable(["lheading", "reference", "html_block", "html_inline"])
    md.inline.ruler.at("emphasis", _emphasis)
    md.use(formulas)
    md.use(dialect)
    md.core.ruler.push("code_without_controls", _code_without_controls)
    for name, rule in (("fence", _fence), ("code_block", _fence), ("image", _image)):
        md.add_render_rule(name, rule)
    for name in ("th_open", "td_open"):
        md.add_render_rule(name, _cell)
    return md


def _code_without_controls(state: StateCore) -> None:
    """Code is copied and run: it must read as it is. In a text, marks of direction have their use."""
    for token in state.tokens:
        for part in (token, *(token.children or ())):
            if part.type in ("fence", "code_block", "code_inline"):
                part.content = without_controls(part.content)


def _emphasis(state: StateInline, silent: bool) -> bool:
    """CommonMark's rule for `*` and `_`, but `2*3*4` is a product, and next to Chinese no space is needed."""
    marker = state.src[state.pos]
    if silent or marker not in "*_":
        return False
    run = state.scanDelims(state.pos, marker == "*")
    opens, closes = run.can_open, run.can_close
    if marker == "*":
        before = state.src[state.pos - 1] if state.pos else " "
        after = state.src[state.pos + run.length] if state.pos + run.length < state.posMax else " "
        if _OPERAND_END.match(before) and (_OPERAND_START if run.length == 1 else _DIGIT).match(after):
            opens = closes = False
        else:
            bold = run.length == 2  # `**Result:**10` is bold, though CommonMark wants a blank or punctuation behind it
            opens = opens or ((_is_cjk(before) or (bold and _is_punctuation(after))) and not after.isspace())
            closes = closes or ((_is_cjk(after) or (bold and _is_punctuation(before))) and not before.isspace())
    for _ in range(run.length):
        token = state.push("text", "", 0)
        token.content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker), length=run.length, token=len(state.tokens) - 1, end=-1, open=opens, close=closes
            )
        )
    state.pos += run.length
    return True


_OPERAND_END = re.compile(r"[A-Za-z0-9)\]}]")
_OPERAND_START = re.compile(r"[A-Za-z0-9(\[{\\$]")
_DIGIT = re.compile(r"[0-9]")


def _is_punctuation(char: str) -> bool:
    return unicodedata.category(char)[0] == "P"


def _is_cjk(char: str) -> bool:
    return ord(char) > 0x2E7F and unicodedata.east_asian_width(char) in "WF"


# --- rendering -------------------------------------------------------------------------------------------------------


def _fence(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    language = (token.info.split() or [""])[0][:30]
    label = f'<div class="code-language">{escape(language)}</div>'  # the page puts a button into it
    return f'<div class="code">{label}<pre><code>{_highlighted(token.content, language)}</code></pre></div>\n'


def _highlighted(code: str, language: str) -> str:
    language = language.lower()
    lexer = _lexer(language) if f" {language} " in LANGUAGES and not _ODD_CODE.search(code) else None
    if lexer is None:
        return escape(code)
    html = StringIO()
    _formatter().format(_tokens(code, lexer), html)
    return html.getvalue()


def _tokens(code: str, lexer: Lexer) -> Iterator[tuple[Any, str]]:
    """The code in pieces of one colour; what the lexer has not reached in its time stays without."""
    end = time.thread_time() + LEXING
    for position, kind, piece in lexer.get_tokens_unprocessed(code):
        yield (Text if kind in _UNCOLOURED else kind), piece
        if time.thread_time() > end:
            yield Text, code[position + len(piece) :]
            return


@cache
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:  # an older Pygments
        return None


@cache
def _formatter() -> HtmlFormatter:
    return HtmlFormatter(nowrap=True, classprefix="hl-")


def _image(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """No image is loaded: its description is shown, as a link to it unless it is part of another link."""
    token = tokens[index]
    address = str(token.attrs.get("src", ""))
    text = escape(self.renderInlineAsText(token.children or [], options, env) or address)
    linked = sum(other.nesting for other in tokens[:index] if other.tag == "a")
    return text if linked or not address else f'<a href="{escape(address)}">{text}</a>'


def _cell(self: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    align = str(token.attrs.get("style", "")).removeprefix("text-align:")
    classes = [align] if align else []
    if _LONG_WORD.search(tokens[index + 1].content):
        classes.append("long")
    elif _SHORT_WORDS.fullmatch(tokens[index + 1].content.strip()):
        classes.append("short")
    attribute = f' class="{" ".join(classes)}"' if classes else ""
    return f"<{token.tag}{attribute}" + (' dir="auto">' if token.attrs.get("dir") else ">")


# --- what may reach the page -----------------------------------------------------------------------------------------

_TAGS = (
    "a b blockquote br code details del div em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre s small span strong "
    "sub summary sup table tbody td th thead tr u ul wbr"
)
_MATHML = (
    "math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt "
    "mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"
)
_MATHML_ATTRIBUTES = (
    "accent accentunder depth display displaystyle form height largeop linethickness lspace mathvariant maxsize "
    "minsize movablelimits notation rspace scriptlevel stretchy style symmetric voffset width"
)
_STYLES = (  # math-core lays out tables with these
    "border-bottom border-left border-right border-top color justify-items margin-left padding-bottom padding-left "
    "padding-right padding-top text-align width"
)
_CLASSES = {
    "code": {"math-source"},
    "div": {"code", "code-language"},
    "mrow": {"menclose-updiagonalstrike", "menclose-downdiagonalstrike", "menclose-horizontalstrike"},
    "p": {"plain"},
    "span": {"boxed", "display", "wide"} | {f"hl-{name}" for name in STANDARD_TYPES.values() if name},
    "td": {"left", "center", "right", "long", "short"},
    "th": {"left", "center", "right", "long", "short"},
}


@cache
def _sanitiser() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags={*_TAGS.split(), *_MATHML.split()},
        attributes={
            "a": {"href", "title"},
            "ol": {"start", "dir"},
            **{tag: {"dir"} for tag in ("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "td", "th", "ul")},
            **{tag: set(_MATHML_ATTRIBUTES.split()) for tag in _MATHML.split()},
        },
        allowed_classes=_CLASSES,
        filter_style_properties=set(_STYLES.split()),
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        attribute_filter=_attribute,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute, None where it goes: an address of this computer, a part of a formula put far away."""
    if name == "href" and leads_here(value):
        return None
    if length := _LENGTH.fullmatch(value):
        most = _FAR_UP if name == "voffset" else _FAR
        return value if abs(float(length[1])) * _EM.get(length[2], 1.0) <= most else None
    return value


_LENGTH = re.compile(r"([+-]?(?:\d{1,9}(?:\.\d*)?|\.\d+))(em|ex|px|pt|pc|mm|cm|in|mu|ch|rem|lh|vw|vh)")
_EM = {"ex": 0.5, "px": 1 / 16, "pt": 1 / 12, "mm": 0.24, "cm": 2.4, "in": 6.0, "mu": 1 / 18, "ch": 0.5}  # in em
_FAR, _FAR_UP = 60.0, 3.0  # em; further, it would stand over other messages or have the page scroll

"""Where a line may break within an inline formula. Browsers never break a `math` element: a long one is cut in pieces.

A formula becomes several `math` elements, each ending behind a relation, a binary operator or a comma outside of all
brackets. A box becomes a `span`, and a long text in a formula ordinary text, so that both wrap as prose does.
What still cannot break is marked `wide`, and scrolls in its own line.
"""

from __future__ import annotations

import re
from html import unescape

SHORT = 12  # characters on the page: never cut
WIDE = 30  # characters on the page that fill a line on a phone
PIECE = 5  # characters that a piece has at least
TEXT = 18  # characters of a text that wraps as prose does

_TAG = re.compile(r"<(/?)([a-z]+)[^>]*?(/?)>")
_OPERATOR = re.compile(r"<mo([^>]*)>([^<]*)</mo>")
_BREAKABLE = set("=≠<>≤≥≈≡≅∼→⇒⟹⟶⟺⇔↔∈⊂⊆+−-±×⋅·÷,;")
_OPENING, _CLOSING = set("([{⟨⌊⌈"), set(")]}⟩⌋⌉")


def breakable(mathml: str) -> str:
    """The inline formula as HTML that wraps. A short one comes back as it is."""
    if _length(mathml) <= SHORT:
        return mathml
    return _pieces(_children(mathml))


def boxed_text(mathml: str) -> str | None:
    """A displayed formula that is one box around a text, as a block that wraps; None for any other."""
    children = _children(mathml)
    if len(children) == 1 and children[0].startswith("<menclose") and "<mtext>" in mathml and _length(mathml) > WIDE:
        return f'<span class="display">{_pieces(children)}</span>'
    return None


def _pieces(children: list[str]) -> str:
    if len(children) == 1:
        child = children[0]
        if child.startswith('<menclose notation="box">'):
            return f'<span class="boxed">{_pieces(_children(child))}</span>'
        if child.startswith("<mrow>"):
            return _pieces(_children(child))
    html: list[str] = []
    piece: list[str] = []
    depth = 0
    for child in children:
        operator = _OPERATOR.fullmatch(child)
        sign = unescape(operator[2]) if operator else ""
        depth = max(0, depth + (sign in _OPENING) - (sign in _CLOSING))
        if child.startswith("<mtext>") and _length(child) > TEXT:
            html += [_math(piece), child.removeprefix("<mtext>").removesuffix("</mtext>").replace("\xa0", " ")]
            piece = []
        elif child.startswith('<menclose notation="box">') and _length(child) > WIDE:
            html += [_math(piece), _pieces([child])]
            piece = []
        elif operator and sign in _BREAKABLE and not depth and piece and _length("".join(piece)) >= PIECE:
            html.append(_math([*piece, f'<mo{operator[1]} form="infix">{operator[2]}</mo>']) + "<wbr>")
            piece = []
        else:
            piece.append(child)
    html.append(_math(piece))
    return "".join(html)


def _math(children: list[str]) -> str:
    if not children:
        return ""
    content = "".join(children)
    math = f"<math>{content}</math>"
    return f'<span class="wide">{math}</span>' if _length(content) > WIDE else math


def _length(mathml: str) -> int:
    """How many characters stand on the page."""
    return len(unescape(_TAG.sub("", mathml)))


def _children(element: str) -> list[str]:
    """The elements directly within an element."""
    children: list[str] = []
    depth, start = 0, 0
    for tag in _TAG.finditer(element):
        closes, empty = bool(tag[1]), bool(tag[3])
        if not closes and depth == 1:
            start = tag.start()
        depth += 0 if empty else -1 if closes else 1
        if depth == 1 and (closes or empty):
            children.append(element[start : tag.end()])
    return children

"""LaTeX as one line of Unicode text, for terminals, titles, excerpts: `\\frac{a+1}{2}` is `(a + 1)/2`, `x^2` is `x²`.

The page's converter reads the LaTeX; what is here turns its MathML into characters. Rows of a table (matrices, cases,
aligned equations) are separated by semicolons, or stand on lines of their own where the table is the whole formula.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import lru_cache
from xml.etree import ElementTree

from r1chat.ui.html.formula import to_mathml

_SUPERSCRIPTS = str.maketrans("0123456789+-−=()ni′*°", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ′*°")
_SUBSCRIPTS = str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_ACCENTS = {"\u0332": "\u0305", "‾": "\u0305", "¯": "\u0305", "→": "\u20d7", "\u20d7": "\u20d7"} | {
    "^": "\u0302",
    "ˆ": "\u0302",
    "~": "\u0303",
    "˜": "\u0303",
    "˙": "\u0307",
}
_BRACES = "⏞⏟"
_BINARY = frozenset("=≠<>≤≥≈≡∼≅≃∝→←↔⇒⇐⇔↦⟶⟹∈∉⊂⊆⊃⊇∪∩∧∨+−-±∓×⋅·÷∣")
_INVISIBLE = str.maketrans("", "", "\u2061\u2062\u2063\u2064\u200b")
_ATOM = re.compile(r"[\w.,′'√°%∞]*")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(\w+);")


@lru_cache(maxsize=512)
def to_text(source: str, display: bool) -> str:
    """The formula as text, one line unless a displayed table makes more; its source where it is no LaTeX we know."""
    mathml = to_mathml(source, display)
    if mathml is None:
        return source
    root = ElementTree.fromstring(_ENTITY.sub(lambda match: html.unescape(match[0]), mathml))
    if display and len(root) == 1 and root[0].tag == "mtable":
        return "\n".join(" ".join(_row(_joined(row)).split()) for row in root[0])
    return " ".join(_text(root).split())


def _text(node: ElementTree.Element) -> str:
    return _ELEMENTS.get(node.tag, _row)(node)


def _row(node: ElementTree.Element) -> str:
    """The children in a row, with spaces around what joins two operands."""
    if not len(node):
        return (node.text or "").translate(_INVISIBLE)
    line = ""
    for child in node:
        piece = _text(child)
        joins = child.tag == "mo" and piece in _BINARY and line.strip() and line.rstrip()[-1] not in "([{,|⟨"
        if joins and line.rstrip()[-1] not in _BINARY:
            line += f" {piece} "
        elif line and line[-1].isalpha() and piece[:1].isalpha() and _is_word(child):
            line += f" {piece}"
        else:
            spaced = piece == "," and child.get("rspace") != "0"  # not that of 1{,}000
            line += f"{piece} " if spaced or (piece[-1:].isalpha() and _is_word(child)) else piece
    return line


def _joined(row: ElementTree.Element) -> ElementTree.Element:
    """The cells of a table's row as one row: the sides of an aligned equation."""
    whole = ElementTree.Element("mrow")
    for cell in row:
        whole.extend(cell)
    return whole


def _is_word(node: ElementTree.Element) -> bool:
    """Whether it is the name of a function, such as `sin`; letters in a row are a product."""
    return any(len(part.text or "") > 1 and part.tag == "mi" for part in node.iter())


def _fraction(node: ElementTree.Element) -> str:
    over, under = (_text(child).strip() for child in node)
    if node.get("linethickness") == "0":
        return f"{over} choose {under}"
    return f"{_grouped(over)}/{_grouped(under)}"


def _grouped(text: str) -> str:
    return text if _ATOM.fullmatch(text) or _is_enclosed(text) else f"({text})"


def _is_enclosed(text: str) -> bool:
    """Whether one pair of parentheses holds all of the text."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if not depth:
            return index == len(text) - 1
    return False


def _root(node: ElementTree.Element) -> str:
    if node.tag == "msqrt":
        return f"√{_grouped(_row(node).strip())}"
    radicand, degree = (_text(child).strip() for child in node)
    return f"{superscript(degree)}√{_grouped(radicand)}"


def _scripts(node: ElementTree.Element) -> str:
    base, *scripts = (_text(child).strip() for child in node)
    if scripts[0] in _BRACES:
        return base
    signs = {
        "msub": (subscript,),
        "munder": (subscript,),
        "msup": (superscript,),
        "mover": (superscript,),
        "msubsup": (subscript, superscript),
        "munderover": (subscript, superscript),
    }[node.tag]
    if node.tag == "mover" and (accent := _ACCENTS.get(scripts[0])):
        return "".join(char + accent for char in base)
    if len(base) > 1 and not _ATOM.fullmatch(base) and node.tag in ("msup", "msub"):
        base = _grouped(base)
    text = base + "".join(sign(script) for sign, script in zip(signs, scripts, strict=True))
    return f"{text} " if node.tag.startswith(("munder", "msubsup")) and base in "∑∏∫⋃⋂lim" else text


def superscript(script: str) -> str:
    """`2` as `²`; with the sign of LaTeX where Unicode has no such characters."""
    return _script(script.replace("∘", "°"), _SUPERSCRIPTS, "^")


def subscript(script: str) -> str:
    """`2` as `₂`; with the sign of LaTeX where Unicode has no such characters."""
    return _script(script, _SUBSCRIPTS, "_")


def _script(script: str, table: dict[int, int], sign: str) -> str:
    """Small characters where Unicode has them all, else the sign of LaTeX."""
    tight = script.replace(" ", "")
    if tight and all(ord(char) in table for char in tight):
        return tight.translate(table)
    return f"{sign}{script}" if len(script) == 1 else f"{sign}({script})"


def _box(node: ElementTree.Element) -> str:
    inside = _row(node).strip()
    return f"▌{inside}▐" if node.get("notation") == "box" else inside


def _table(node: ElementTree.Element) -> str:
    return "; ".join(_cells(row, ", ") for row in node)


def _cells(row: ElementTree.Element, between: str) -> str:
    cells = (" ".join(_row(cell).split()) for cell in row)
    return between.join(cell for cell in cells if cell)


def _space(node: ElementTree.Element) -> str:
    return " " if node.get("width", "0").rstrip("em") > "0.1" else ""


_ELEMENTS: dict[str, Callable[[ElementTree.Element], str]] = {
    "mfrac": _fraction,
    "msqrt": _root,
    "mroot": _root,
    **dict.fromkeys(("msub", "msup", "msubsup", "munder", "mover", "munderover"), _scripts),
    "menclose": _box,
    "mtable": _table,
    "mspace": _space,
    "mphantom": lambda node: "",
}

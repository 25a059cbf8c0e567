"""LaTeX that models write and math-core does not know, rewritten into LaTeX that it knows. Pure text.

Covers commands of KaTeX, physics, siunitx and mhchem that occur in answers. What is not known here is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MAX_REWRITES = 200  # commands of one formula

_ENVIRONMENTS = {
    "split": "aligned",
    "eqnarray": "align",
    "eqnarray*": "align*",
    "smallmatrix": "matrix",
    "dcases": "cases",
    "alignedat": "aligned",
    "alignat": "align",
    "alignat*": "align*",
}
_ENVIRONMENT = re.compile(
    r"(\\(?:begin|end)\{)(split|eqnarray\*?|smallmatrix|dcases|alignedat|alignat\*?)\}(?:(?<=at\})\{\d*\}|(?<=at\*\})\{\d*\})?"
)
_GROUP_FREE = re.compile(r"\\(?:require|label|class|cssId)\s*\{[^{}]*\}|\\(?:nonumber|notag|displaylimits)(?![A-Za-z])")
_SETS = re.compile(r"\\([ZQRC])(?![A-Za-z])")
_BOX = re.compile(r"\\([mh]box)(?=\s*\{)")

_UNITS = {
    "metre": "m",
    "meter": "m",
    "gram": "g",
    "second": "s",
    "hour": "h",
    "minute": "min",
    "day": "d",
    "litre": "L",
    "liter": "L",
    "newton": "N",
    "joule": "J",
    "watt": "W",
    "volt": "V",
    "ampere": "A",
    "ohm": r"\Omega",
    "mole": "mol",
    "kelvin": "K",
    "celsius": "{}^{\\circ}C",
    "degreeCelsius": "{}^{\\circ}C",
    "degree": "{}^{\\circ}",
    "hertz": "Hz",
    "pascal": "Pa",
    "coulomb": "C",
    "farad": "F",
    "tesla": "T",
    "electronvolt": "eV",
    "percent": r"\%",
    "radian": "rad",
    "kilo": "k",
    "mega": "M",
    "giga": "G",
    "deci": "d",
    "centi": "c",
    "milli": "m",
    "micro": r"\mu ",
    "nano": "n",
    "pico": "p",
    "per": "/",
    "squared": "^{2}",
    "cubed": "^{3}",
    "square": "",
    "cubic": "",
}
_UNIT = re.compile(r"\\([A-Za-z]+)")


def known(source: str) -> str:
    """The formula in commands that math-core knows. Linear in its length; never raises."""
    source = _ENVIRONMENT.sub(lambda match: f"{match[1]}{_ENVIRONMENTS[match[2]]}}}", source)
    source = _GROUP_FREE.sub("", _BOX.sub(r"\\text", _SETS.sub(r"\\mathbb{\1}", source)))
    for match in reversed(list(_COMMAND.finditer(source))[:MAX_REWRITES]):
        count, rewrite = _COMMANDS[match[1]]
        arguments, end = _arguments(source, match.end(), count)
        if arguments is not None:
            source = source[: match.start()] + rewrite(arguments) + source[end:]
    return source


def _arguments(source: str, position: int, count: int) -> tuple[list[str] | None, int]:
    """The `count` brace groups that follow (past an option in brackets), and where they end; None if one is missing."""
    arguments: list[str] = []
    option = re.compile(r"\*?\s*(?:\[[^\[\]]*\])?").match(source, position)
    position = option.end() if option else position
    while len(arguments) < count:
        while source[position : position + 1].isspace():
            position += 1
        if source[position : position + 1] != "{":
            return None, position
        depth, start = 1, position + 1
        while depth and (position := position + 1) < len(source):
            if source[position] == "\\":
                position += 1
            else:
                depth += {"{": 1, "}": -1}.get(source[position], 0)
        if depth:
            return None, position
        arguments.append(source[start:position])
        position += 1
    return arguments, position


def _unit(text: str) -> str:
    text = _UNIT.sub(lambda match: _UNITS.get(match[1], match[0]), text.replace(".", r"\,"))
    return rf"\mathrm{{{text}}}"


_ARROWS = {"<=>": r"\rightleftharpoons ", "<->": r"\leftrightarrow ", "->": r"\rightarrow ", "<-": r"\leftarrow "}
_CHEMISTRY = re.compile(
    r"(?P<arrow><=>|<->|->|<-)(?:\[(?P<above>[^\[\]]*)\])?"
    r"|\^(?:\{(?P<braced>[^{}]*)\}|(?P<charge>\d*[+-]|\w+))"
    r"|_(?:\{(?P<index>[^{}]*)\}|(?P<digit>\w+))"
    r"|(?<=[A-Za-z)\]])(?P<count>\d+)"
    r"|(?P<letters>[A-Za-z]+)"
    r"|(?<=[A-Za-z0-9)\]])(?P<sign>[+-])(?=$|[\s)\]])"
    r"|(?P<blank>\s+)"
)


def _chemistry(text: str) -> str:
    """A chemical formula of mhchem's `\\ce`: indices, charges and arrows."""

    def piece(match: re.Match[str]) -> str:
        group, value = match.lastgroup, match[match.lastgroup or 0] or ""
        if match["arrow"]:
            arrow = _ARROWS[match["arrow"]]
            return rf"\xrightarrow{{{match['above']}}}" if match["above"] and match["arrow"] == "->" else arrow
        if group in ("braced", "charge", "sign"):
            return f"^{{{value}}}"
        if group in ("index", "digit", "count"):
            return f"_{{{value}}}"
        return rf"\mathrm{{{value}}}" if group == "letters" else ""

    return "{" + _CHEMISTRY.sub(piece, text) + "}"


def _unicode(text: str) -> str:
    match = re.fullmatch(r"\s*(?:U\+|x)?([0-9A-Fa-f]{1,5})\s*", text)
    char = chr(int(match[1], 16)) if match else ""
    return rf"\text{{{char}}}" if char.isprintable() and char not in "\\{}$" else ""


Rewrite = Callable[[Sequence[str]], str]
_COMMANDS: dict[str, tuple[int, Rewrite]] = {
    "abs": (1, lambda a: rf"\left|{a[0]}\right|"),
    "norm": (1, lambda a: rf"\left\|{a[0]}\right\|"),
    "dv": (2, lambda a: rf"\frac{{\mathrm{{d}}{a[0]}}}{{\mathrm{{d}}{a[1]}}}"),
    "pdv": (2, lambda a: rf"\frac{{\partial {a[0]}}}{{\partial {a[1]}}}"),
    "substack": (1, lambda a: rf"\begin{{matrix}}{a[0]}\end{{matrix}}"),
    "framebox": (1, lambda a: rf"\boxed{{{a[0]}}}"),
    "fbox": (1, lambda a: rf"\boxed{{\text{{{a[0]}}}}}"),
    "colorbox": (2, lambda a: rf"\text{{{a[1]}}}"),
    "fcolorbox": (3, lambda a: rf"\boxed{{\text{{{a[2]}}}}}"),
    "bbox": (1, lambda a: f"{{{a[0]}}}"),
    "href": (2, lambda a: f"{{{a[1]}}}"),
    "smash": (1, lambda a: f"{{{a[0]}}}"),
    "unicode": (1, lambda a: _unicode(a[0])),
    "ce": (1, lambda a: _chemistry(a[0])),
    "num": (1, lambda a: f"{{{a[0]}}}"),
    "ang": (1, lambda a: rf"{{{a[0]}}}^{{\circ}}"),
    "si": (1, lambda a: _unit(a[0])),
    "unit": (1, lambda a: _unit(a[0])),
    "SI": (2, lambda a: rf"{a[0]}\,{_unit(a[1])}"),
    "qty": (2, lambda a: rf"{a[0]}\,{_unit(a[1])}"),
}
_COMMAND = re.compile(rf"\\({'|'.join(sorted(_COMMANDS, key=len, reverse=True))})(?![A-Za-z])")

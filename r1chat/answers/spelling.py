r"""One spelling for what can be written in many ways: full-width digits, Unicode signs, LaTeX wrappers. Pure text.

Knows neither the grammar of answers (`syntax.py`) nor when two answers agree (`compare.py`).
"""

from __future__ import annotations

import re
import unicodedata

CURRENCY = "\ue024"  # private-use character for `\$`, so that it cannot be mistaken for a delimiter of mathematics

_BEFORE_NFKC = {"ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}"}
_BEFORE_NFKC |= {"㎡": "m^2", "㎥": "m^3", "µ": "μ", "Ω": "Ω", "º": "°", "˚": "°", "′": "'", "″": "''", "‴": "'''"}
_SIGNS = {
    **dict.fromkeys("−‐‑‒–—－", "-"),
    **dict.fromkeys("·⋅•∙", r"\cdot "),
    **dict.fromkeys("、，", ","),
    "；": ";",
    "：": ":",
    "∶": ":",
    "。": ".",
    "×": r"\times ",
    "÷": "/",
    "⁄": "/",
    "±": r"\pm ",
    "∓": r"\mp ",
    "≤": r"\le ",
    "⩽": r"\le ",
    "≦": r"\le ",
    "≥": r"\ge ",
    "⩾": r"\ge ",
    "≧": r"\ge ",
    "≠": r"\ne ",
    "≈": r"\approx ",
    "≡": r"\equiv ",
    "∞": r"\infty ",
    "°": r"^\circ ",
    "∪": r"\cup ",
    "∩": r"\cap ",
    "∖": r"\setminus ",
    "∈": r"\in ",
    "∅": r"\emptyset ",
    "Ø": r"\emptyset ",
    "∠": r"\angle ",
    "△": r"\triangle ",
    "∧": " and ",
    "∨": " or ",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "⌊": r"\lfloor ",
    "⌋": r"\rfloor ",
    "⌈": r"\lceil ",
    "⌉": r"\rceil ",
    "→": r"\to ",
    "π": r"\pi ",
    "θ": r"\theta ",
    "φ": r"\phi ",
    "α": r"\alpha ",
    "β": r"\beta ",
    "γ": r"\gamma ",
    "λ": r"\lambda ",
    "μ": r"\mu ",
    "ω": r"\omega ",
    "Ω": r"\Omega ",
    "\u200b": "",
    "\ufeff": "",
}
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_EARLY_SIGN = re.compile("|".join(_BEFORE_NFKC))
_RAISED = re.compile(r"[⁰¹²³⁴-⁹⁻ⁿ]+")
_LOWERED = re.compile(r"[₀-₉]+")
_VULGAR = re.compile(r"[¼½¾⅐-⅞]")
_ROOT = re.compile(r"√\s*(\d+(?:\.\d+)?|[a-zA-Z])")
_CUBE_ROOT = re.compile(r"∛\s*(\d+(?:\.\d+)?|[a-zA-Z])")
_NO_SPACE = re.compile(
    r"(?<!\\)\\(?:!|(?:left|right|middle)(?![a-zA-Z])\s*\.?|[bB]igg?[lrm]?(?![a-zA-Z])|(?:no)?limits(?![a-zA-Z]))"
)
_SPACES = re.compile(r"(?<!\\)\\(?:[,;:> ]|(?:quad|qquad|enspace|thinspace)(?![a-zA-Z]))|[~\u00a0\u2009\u202f\u3000]")
_SWITCHES = re.compile(
    r"\\(?:displaystyle|textstyle|scriptstyle|bf|bfseries|it|rm|sf|tt|em|tiny|scriptsize|footnotesize|small|normalsize"
    r"|large|Large|LARGE|huge|Huge|boldmath|centering)(?![a-zA-Z])"
    r"|\\(?:color|hspace|vspace|phantom|label|tag)\*?\s*\{[^{}]*\}"
)
_FONT = re.compile(
    r"\\(?:text|textbf|textit|textrm|textsf|texttt|textnormal|textup|emph|mbox|hbox|mathrm|mathbf|mathit|mathsf|mathtt"
    r"|mathnormal|mathcal|mathscr|boldsymbol|bm|pmb|underline|operatorname\*?|textcolor\s*\{[^{}]*\}|fbox|boxed|ce|unit)"
    r"\s*\{|(?<!\\)[{}]"
)
_NUMBER_SETS = re.compile(r"\\(?:mathbb|Bbb|mathbf)\s*(?:\{\s*([RZNQC])\s*\}|([RZNQC]))")
_SLANTED = re.compile(r"(?:\{\})?\^\s*(?:\{(\d+)\}|(\d))\s*/\s*_\s*(?:\{(\d+)\}|(\d))")
_STARRED_POWER = re.compile(r"(?<=[\w)}\]])\*\*(?=[\w({\\-])")
_APOSTROPHES = re.compile(r"(?<![\d.,'])\d{1,3}(?:'\d{3})+(?![\d'])")  # 1'000'000
_MINUTES_OF_ARC = re.compile(
    r"(\d{1,3})\s*\^\s*\{?\s*\\circ\s*\}?\s*(\d{1,2}(?:\.\d{1,9})?)\s*'(?!')(?:\s*(\d{1,2}(?:\.\d{1,9})?)\s*'')?"
)
_MINUTES = re.compile(
    r"(小时\s*\d{1,3})\s*分(?![钟之米数])|(\d{1,3})\s*分(?=\s*\d{1,2}(?:\.\d{1,9})?\s*秒)"
)  # 3小时20分
_RUPEES = re.compile(r"(?<![a-zA-Z])Rs\.?\s*(?=\d)")
_LAYERS = 8  # of nested fonts, and of wrappers, that are looked through
_WRAPPERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("__", "__"), ("`", "`"))
_QUOTES = (('"', '"'), ("“", "”"), ("「", "」"), ("*", "*"), ("_", "_"))
TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathsf|mbox|operatorname)\s*\{([^{}]*)\}")
_BRACE = re.compile(r"(\\f?box(?:ed)?\s*)?(?<!\\)([{}])")
_BLANK = re.compile(r"\s*\}")
_BARE_BOX = re.compile(r"\\boxed\s*([^\s{}$\\]+)")


def tidy(text: str) -> str:
    r"""The text in plain characters: signs as LaTeX or ASCII; no fonts, colours or spacing commands.

    What stood in `\text{…}` or `\mathrm{…}` stands between spaces. `\$` becomes `CURRENCY`.
    """
    text = _EARLY_SIGN.sub(lambda sign: _BEFORE_NFKC[sign[0]], text)
    text = _RAISED.sub(lambda run: "^{" + unicodedata.normalize("NFKC", run[0]).replace("−", "-") + "}", text)
    text = _LOWERED.sub(lambda run: "_{" + unicodedata.normalize("NFKC", run[0]) + "}", text)
    text = _VULGAR.sub(lambda half: " " + unicodedata.normalize("NFKC", half[0]).replace("⁄", "/"), text)
    text = _CUBE_ROOT.sub(r"\\sqrt[3]{\1}", _ROOT.sub(r"\\sqrt{\1}", text)).replace("√", r"\sqrt ")
    text = _SIGN.sub(lambda sign: _SIGNS[sign[0]], unicodedata.normalize("NFKC", text))
    text = _STARRED_POWER.sub("^", text)
    text = text.replace(r"\$", CURRENCY).replace(r"\%", "%").replace(r"\#", "#").replace("{,}", ",")
    text = _SPACES.sub(" ", _NO_SPACE.sub("", text))
    text = _NUMBER_SETS.sub(lambda symbol: rf"\mathbb{{{symbol[1] or symbol[2]}}} ", text)
    text = re.sub(r"\\[dtc](?=frac|binom)", r"\\", _SWITCHES.sub(" ", text))
    text = _without_fonts(text)
    text = _SLANTED.sub(lambda part: rf"\frac{{{part[1] or part[2]}}}{{{part[3] or part[4]}}}", text)
    text = _APOSTROPHES.sub(lambda number: number[0].replace("'", ","), text.replace("’", "'"))
    text = _RUPEES.sub("₹", text)
    text = _MINUTES.sub(lambda time: (time[1] or time[2]) + "分钟", text)
    text = _MINUTES_OF_ARC.sub(lambda angle: rf"({angle[1]}+{angle[2]}/60+{angle[3] or 0}/3600)^\circ ", text)
    return text.strip()


def _without_fonts(text: str) -> str:
    """The text with each font command and its braces replaced by a space."""
    opened: list[bool] = []  # for each brace: does it belong to a font command?
    parts, start = [], 0
    for brace in _FONT.finditer(text):
        if brace[0] == "}":
            font = bool(opened) and opened.pop()
        else:
            font = brace[0] != "{"
            opened.append(font)
        if font:
            parts += [text[start : brace.start()], " "]
            start = brace.end()
    return "".join((*parts, text[start:]))


def unwrap(text: str) -> str:
    r"""The text without what stands around all of it: `$…$`, `\boxed{…}`, `**…**`, quotes, a closing full stop."""
    for _ in range(_LAYERS):
        inner = _without_wrapper(text.strip())
        if inner == text:
            break
        text = inner
    return text


def _without_wrapper(text: str) -> str:
    for before, after in (*_WRAPPERS, *_QUOTES):
        inside = text[len(before) : -len(after)]
        if inside.strip() and text.startswith(before) and text.endswith(after) and before not in inside:
            return inside
    if whole := TEXT.fullmatch(text):
        return whole[1]
    if re.match(r"\\f?box", text) and (box := last_box(text)) and text.endswith("}"):
        return box
    length = len(text.rstrip(".．。,，;；:：、"))
    text = text[: length + text[:length].endswith("\\")]  # \; is a space
    if text.endswith(")") and not re.search(r"[(\[]", text):
        return text.rstrip(")")
    return text[:-1] if re.search(r"[^\W\d]{2}[!！?？]\Z", text[-3:]) else text  # 5! and n! are factorials


def boxes(text: str) -> list[tuple[int, int, str]]:
    r"""Every closed `\boxed{…}` or `\fbox{…}` that holds something: start, end, content. Linear in the text's length.

    Of nested boxes only the outer one is given.
    """
    opened: list[tuple[int, int] | None] = []  # an entry for each brace: starts of the box and of its content
    closed: list[tuple[int, int, int]] = []  # starts of a box and of its content, and the closing brace
    for brace in _BRACE.finditer(text):
        if brace[2] == "{":
            opened.append((brace.start(), brace.end()) if brace[1] else None)
        elif opened:
            starts = opened.pop()
            if starts is not None and not _BLANK.match(text, starts[1], brace.end()):
                while closed and closed[-1][0] > starts[0]:
                    closed.pop()
                closed.append((*starts, brace.start()))
    if not closed and (bare := _BARE_BOX.search(text)):
        return [(bare.start(), bare.end(), bare[1].rstrip(".,;"))]
    return [(start, end + 1, text[content:end].strip()) for start, content, end in closed]


def last_box(text: str) -> str:
    """The content of the last of `boxes`, or an empty text."""
    spans = boxes(text)
    return spans[-1][2] if spans else ""

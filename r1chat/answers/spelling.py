r"""One spelling for what can be written in many: full-width digits, typographic signs, LaTeX wrappers. Pure text.

Knows neither what a number is (`numbers.py`) nor when two answers are the same (`compare.py`).
"""

from __future__ import annotations

import re
import unicodedata

_SIGNS = {
    "−": "-",
    "‐": "-",
    "‑": "-",
    "–": "-",
    "×": r"\times ",
    "·": r"\cdot ",
    "⋅": r"\cdot ",
    "÷": "/",
    "⁄": "/",
    "±": r"\pm ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "∞": r"\infty ",
    "°": r"^\circ ",
    "∪": r"\cup ",
    "∩": r"\cap ",
    "∈": r"\in ",
    "π": r"\pi ",
    "θ": r"\theta ",
    "α": r"\alpha ",
    "β": r"\beta ",
    "λ": r"\lambda ",
    "\u200b": "",
    "\ufeff": "",
}
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_RAISED = re.compile(r"[⁰¹²³⁴-⁹⁻]+")
_VULGAR = re.compile(r"[¼½¾⅐-⅞]")
_ROOT = re.compile(r"√\s*(?:(\d+(?:\.\d+)?|[a-zA-Z])|\(([^()]*)\))")
_SPACES = re.compile(r"\\(?:[,;:! ]|quad\b|qquad\b|displaystyle\b|left(?![a-z])|right(?![a-z]))|[~\u00a0\u2009\u202f]")
_WRAPPERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("__", "__"), ("`", "`"))
_LAYERS = 12  # of wrapping that are looked through
_QUOTES = (('"', '"'), ("“", "”"), ("「", "」"), ("*", "*"))
TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathsf|mbox|operatorname)\s*\{([^{}]*)\}")
_BRACE = re.compile(r"(\\f?box(?:ed)?\s*)?(?<!\\)([{}])")
_BARE_BOX = re.compile(r"\\boxed\s*([^\s{}$\\]+)")


def tidy(text: str) -> str:
    """The text in plain characters: signs as LaTeX or ASCII, no spacing commands, `dfrac` as `frac`."""
    text = _RAISED.sub(lambda run: "^{" + unicodedata.normalize("NFKC", run[0]).replace("−", "-") + "}", text)
    text = _VULGAR.sub(lambda one: " " + unicodedata.normalize("NFKC", one[0]).replace("⁄", "/"), text)
    text = _ROOT.sub(lambda root: r"\sqrt{" + (root[1] or root[2]) + "}", text)
    text = _SIGN.sub(lambda sign: _SIGNS[sign[0]], unicodedata.normalize("NFKC", text))
    text = _SPACES.sub(" ", text.replace("{,}", ","))
    return re.sub(r"\\[dtc]frac", r"\\frac", text).replace(r"\%", "%").replace(r"\$", "$").strip()


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
    if text.startswith(r"\boxed") and (box := last_box(text)) and text.endswith("}"):
        return box
    text = text.rstrip(".。,，;；:：")
    if text.endswith(")") and not re.search(r"[(\[]", text):
        return text.rstrip(")")
    return text[:-1] if re.search(r"[^\W\d]{2}[!！?？]\Z", text[-3:]) else text  # 5! and n! are factorials


def last_box(text: str) -> str:
    r"""What stands in the last `\boxed{…}` that is closed and holds something, else "". Linear in the text's length.

    Of nested boxes the outer one counts.
    """
    opened: list[int | None] = []  # one entry for each brace: where the box's content starts, None for another brace
    found = ""
    for brace in _BRACE.finditer(text):
        if brace[2] == "{":
            opened.append(brace.end() if brace[1] else None)
        elif opened:
            start = opened.pop()
            if start is not None and (content := text[start : brace.start()].strip()):
                found = content
    if not found and (bare := _BARE_BOX.search(text)):
        return bare[1].rstrip(".,;")
    return found

"""Draws the formulas of a text that grows as Unicode text, each as soon as it is whole. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from r1chat.ui.html.formula import formula_at
from r1chat.ui.html.formula_text import to_text
from r1chat.ui.html.unfinished import LONGEST_DISPLAY, LONGEST_INLINE, without_open_formula

_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_SIGN = re.compile(
    r"\\[\\$`](?![(\[])"  # escaped
    r"|^ {0,3}(?P<fence>```|~~~).*?(?:^ {0,3}(?P=fence)|\Z)"
    r"|(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)"
    r"|(?P<opener>\$\$?|\\[(\[]|\\boxed\{|\\begin\{)"
    r"|(?P<open>`+|\\[a-z]*\Z)",
    re.MULTILINE | re.DOTALL,
)


class Formulas:
    """One text, fed piece by piece."""

    def __init__(self) -> None:
        self._text = ""  # from the last paragraph on that is not wholly passed on
        self._start = 0  # the place of its first character in the whole text
        self._passed = 0  # characters of `_text` that are passed on
        self._ends: list[int] = []  # places at which formulas end
        self._shifts: list[int] = []  # by how much what follows them stands further along once it is drawn

    def feed(self, text: str, last: bool = False) -> str:
        """Go on with the text; what can be shown of it now. A formula that is open is held back until the `last`."""
        self._text += text
        whole = self._text if last else _without_open_end(without_open_formula(self._text))
        parts, position = [], self._passed
        for begin, end, drawing in _drawn(whole):
            if begin < position:
                continue
            parts += [whole[position:begin], drawing]
            self._ends.append(self._start + end)
            self._shifts.append((self._shifts[-1] if self._shifts else 0) + len(drawing) - (end - begin))
            position = end
        parts.append(whole[position:])
        self._passed = max(position, len(whole))
        self._drop()
        return "".join(parts)

    def place(self, position: int) -> int:
        """Where a character of the text stands in what was returned."""
        index = bisect_right(self._ends, position)
        return position + (self._shifts[index - 1] if index else 0)

    def _drop(self) -> None:
        """Forget the paragraphs that are passed on, unless they end within a fence of code."""
        cut = self._text.rfind("\n\n", 0, self._passed)
        if cut > 0 and len(_FENCE.findall(self._text, 0, cut)) % 2 == 0:
            self._text = self._text[cut:]
            self._start += cut
            self._passed -= cut


def _without_open_end(text: str) -> str:
    """The text up to code or a `\\boxed{…}` that may still be closed."""
    position = 0
    while sign := _SIGN.search(text, position):
        position, start = sign.end(), sign.start()
        if sign["open"] and "\n" not in text[start:] and len(text) - start <= LONGEST_INLINE:
            return text[:start]
        if sign["opener"] and (formula := formula_at(text, start)):
            position = formula[1]
        elif sign["opener"] and sign["opener"].endswith("{") and len(text) - start <= LONGEST_DISPLAY:
            return text[:start]
    return text


def _drawn(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each formula outside of code begins and ends, and how it is drawn."""
    position = 0
    while sign := _SIGN.search(text, position):
        position = sign.end()
        if sign["opener"] and (formula := formula_at(text, sign.start())):
            latex, position, display = formula
            yield sign.start(), position, to_text(latex.strip(), display)

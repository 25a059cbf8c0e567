"""Cuts a chain into the steps that a person reads, edits and judges.

Owns where a step begins and what it is called. A step is a paragraph, or several short ones; it also begins at a
moment, and where a paragraph grows long. Formulas in display and code stay whole.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass

from r1chat.reflect.moments import Moment
from r1chat.reflect.sentences import Sentence

SHORT = 160  # characters: a paragraph after less than that goes on with the same step
LONG = 700  # characters: a step ends with the next sentence
TITLE = 48  # characters of a title; a Chinese one counts double

_MATHS = re.compile(r"\\\(.{0,200}?\\\)|\\\[.{0,200}?(?:\\\]|$)|\$\$?[^$]{0,200}\$\$?")
_COMMAND = re.compile(r"\\[a-zA-Z]{1,20}|[\\{}]")
_MARKUP = re.compile(r"[*_`#>~|]+|\[|\]\([^)\s]{0,200}\)|\]|<[^<>]{0,40}>")
_OPENING = (
    r"okay|ok|alright|so|well|now|hmm+|but|and|oh|ah|wait a (?:second|minute|moment)|wait|then|let me|let's"
    r"|嗯|好的|好|那么|那|所以|但是|但|不过|然后|等等|等一下"
)
_NOISE = re.compile(
    r"^(?:[\s\-–—•.…:,，。、;；!！\"“'(（]+|\d{1,3}[.)、]\s*+"
    rf"|(?:{_OPENING})(?=[\s,，。:：—.!！]|(?<=[\u4e00-\u9fff])))+",
    re.I,
)
_MARKED = re.compile(r"[\\${}*_`#>~|\[\]<]")  # what _MATHS, _COMMAND or _MARKUP begins with


@dataclass(frozen=True, slots=True)
class Step:
    """The chain from `start` to `end`, str indices; between two steps there is only white space."""

    start: int
    end: int
    title: str


class StepCutter:
    """Give it sentences in order, each with the moment that it completes; `steps` grows.

    Every step but the last is final; of the last the end moves, and its title may come later where it begins with a
    formula.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._display = False  # inside \[ … \] or $$ … $$

    def copy(self) -> StepCutter:
        """A cutter that goes on by itself from here."""
        other = copy(self)
        other.steps = [*self.steps]
        return other

    def take(self, sentence: Sentence, moment: Moment | None) -> None:
        """Add one sentence."""
        last = self.steps[-1] if self.steps else None
        formula = self._display or sentence.text.startswith(("\\[", "$$"))
        if last is None or self._begins(sentence, moment, formula, sentence.start - last.start):
            self.steps.append(Step(sentence.start, sentence.end, "" if formula else title(sentence.text)))
        else:
            step_title = last.title or ("" if formula else title(sentence.text))
            self.steps[-1] = Step(last.start, sentence.end, step_title)
        opened, closed = sentence.text.rfind("\\["), sentence.text.rfind("\\]")
        if opened != closed:
            self._display = opened > closed
        if sentence.text.count("$$") % 2:
            self._display = not self._display

    def _begins(self, sentence: Sentence, moment: Moment | None, formula: bool, length: int) -> bool:
        if moment:
            return moment.start >= sentence.start  # else it began in the sentence before, and is not torn apart
        if formula or (sentence.code and not sentence.text.startswith("```")):
            return False
        return length >= LONG or (sentence.paragraph and length >= SHORT)


def title(sentence: str) -> str:
    """A few words from the beginning, without Markdown, LaTeX and "Okay, so"; empty where there are no words."""
    text = sentence[:400]
    if _MARKED.search(text):
        text = _COMMAND.sub(" ", _MARKUP.sub("", _MATHS.sub(_plain, text)))
    text = " ".join(text.split())
    text = _NOISE.sub("", text).rstrip(" .:,;，。：；、!！")
    if not any(map(str.isalpha, text)):
        return ""
    return text[0].upper() + _shorten(text)[1:]


def _plain(formula: re.Match[str]) -> str:
    inside = formula.group().strip("$").removeprefix("\\(").removeprefix("\\[")
    inside = inside.removesuffix("\\)").removesuffix("\\]").strip()
    return inside if len(inside) <= 16 and "\\" not in inside else "…"


def _shorten(text: str) -> str:
    fits = TITLE if text.isascii() else _fitting(text)
    if len(text) <= fits:
        return text
    space = text.rfind(" ", fits // 2, fits)
    return text[: space if space > 0 else fits].rstrip(" ,;:，。、—-(（") + "…"


def _fitting(text: str) -> int:
    """How many characters of it fill a title."""
    room = TITLE
    for at, letter in enumerate(text):
        room -= 2 if _is_wide(letter) else 1
        if room < 0:
            return at
    return len(text)


def _is_wide(letter: str) -> bool:
    return "\u2e80" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7af" or "\uff00" <= letter <= "\uffef"

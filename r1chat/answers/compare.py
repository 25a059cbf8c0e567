r"""Are two final answers the same? Cheap readings first; mathematics, in another process, for the rest.

Owns the order of the readings. What number a text is stands in `numbers.py`; how a question to Math-Verify is bounded,
in `checker.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from r1chat.answers import checker, numbers
from r1chat.answers.final import choice, is_prose
from r1chat.answers.spelling import TEXT, tidy, unwrap

LONGEST = 1_000  # characters; longer answers are compared as text only

_SPACE = re.compile(r"(?<!\d)\s+|\s+(?!\d)")  # all but those between two digits
_NAMED = re.compile(r"\s*(\\?[a-zA-Z]+(?:_\{?\w{1,9}\}?)?)\s*=(?!=)\s*(.+)", re.DOTALL)
_FUNCTION = re.compile(r"(?<![\\a-zA-Z])(sin|cos|tan|sec|csc|cot|log|ln|exp|pi|theta|alpha|beta|lambda)(?![a-zA-Z])")
_JOINT = re.compile(r"(?<![a-zA-Z\\])(or|and)(?![a-zA-Z])|[或和与]")


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer, read in every way that needs no mathematics."""

    text: str  # in lower case if it is prose, else without white space
    choice: str | None = None
    name: str = ""  # of the variable that it says the value of
    number: numbers.Number | None = None
    formula: str = ""  # LaTeX; "" where it is prose, or too long


@lru_cache(maxsize=1024)
def read(answer: str) -> Reading:
    """All that an answer may be."""
    spelled = unwrap(tidy(unwrap(answer)))
    plain = unwrap(TEXT.sub(r"\1", spelled))
    text = " ".join(plain.casefold().split()) if is_prose(plain) else _SPACE.sub("", plain)
    if len(spelled) > LONGEST:
        return Reading(text)
    named = _NAMED.fullmatch(plain)
    return Reading(
        text=text,
        choice=choice(plain),
        name=named[1] if named else "",
        number=numbers.read(plain) or _value(named[2] if named else plain),
        formula=_latex(spelled),
    )


def is_number(text: str) -> bool:
    """Is the text a plain number, perhaps with a unit?"""
    return read(text).number is not None


def is_formula(text: str) -> bool:
    """May the text be mathematics, as far as can be told without reading it as such?"""
    return bool(read(text).formula)


def same_text(a: str, b: str) -> bool:
    """Are two texts the same, whatever their case, white space and mark-up?"""
    return read(a).text == read(b).text


def glance(a: str, b: str) -> bool | None:
    """The verdict where it needs no mathematics; None where it does."""
    one, other = read(a), read(b)
    if one.text == other.text:
        return bool(one.text)
    if one.choice and other.choice:
        return one.choice == other.choice
    if one.number and other.number:
        same_name = not (one.name and other.name) or one.name == other.name
        return same_name and numbers.agree(one.number, other.number)
    return None if one.formula and other.formula else False


def compare(a: str, b: str) -> bool | None:
    """Like `equivalent`, but None where it could not be told."""
    verdict = glance(a, b)
    return verdict if verdict is not None else checker.equal(read(a).formula, read(b).formula)


def equivalent(a: str, b: str) -> bool:
    r"""Do two final answers say the same? Symmetric, and bounded in time: see `checker.LIMIT`.

    In this order: the same text, whatever its wrapping; choices by their letter; plain numbers exactly, with the
    judgements of `numbers.agree` (`1/2`, `0.5`, `\frac12` and `50\%` agree); formulas by Math-Verify. `x = 5` agrees
    with `5`, not with `y = 5`. Prose agrees with nothing but the same prose. What cannot be told in time counts as
    different. Raises CheckError where the checker does not start.
    """
    return bool(compare(a, b))


def _value(text: str) -> numbers.Number | None:
    """The number that a chain of equations without variables ends in: `27 + 43 = 70`."""
    *before, last = text.split("=")
    return None if re.search(r"[^\W\d_]", "".join(before)) else numbers.read(last.strip())


def _latex(text: str) -> str:
    """What the LaTeX reader takes: functions and "or" as commands, no `$`; "" for prose."""
    text = _JOINT.sub(lambda joint: rf" \text{{ {joint[1] or 'or'} }} ", text)  # 3 and 4, x=1 或 x=2
    if is_prose(text) or not re.search(r"\w", text):
        return ""
    return _FUNCTION.sub(r"\\\1 ", re.sub(r"\$|\\[()\[\]]", "", text).replace("**", "^").replace("\n", " "))

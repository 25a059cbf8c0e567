"""Parts behind a total: "There are 70 animals: 27 cats and 43 dogs." Pure text."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import islice

from r1chat.answers.retractions import NUMBER, bare

_MOST = 4  # places in one sentence where parts may begin
_WHOLE = re.compile(
    r"[,，;；(（]?\s*(?:\bincluding\b|\bnamely\b|\bconsisting\s+of\b|\bmade\s+up\s+of\b|包括|包含)", re.IGNORECASE
)
_SOME = re.compile(
    rf"[,，;；(（]?\s*其中|[,，;；(（]\s*(?:(?:{NUMBER.pattern}|one|two)\s+)?of\s+(?:which|whom|them|these)\b|:\s|：|\s[(（](?=\w)|[,，]\s?(?=\d)",
    re.IGNORECASE,
)
_CONCLUDED = re.compile(
    r"(?:\b(?:so|thus|hence|therefore|making|giving|leaving|that\s+leaves|which\s+(?:makes|gives|leaves|means))\b|所以|因此|故|剩|那么)"
    r"[^\n]{0,80}?\d",
    re.IGNORECASE,
)


def before_parts(sentence: str) -> tuple[str, bool]:
    """A sentence up to the parts of the total in it; and False where it does not say which number it is about."""
    if (marker := _WHOLE.search(sentence)) and NUMBER.search(sentence, 0, marker.start()):
        return (sentence, True) if _CONCLUDED.search(sentence, marker.end()) else (sentence[: marker.start()], True)
    for marker in islice(_SOME.finditer(sentence), _MOST):
        totals = NUMBER.findall(sentence, 0, marker.start())
        parts = NUMBER.findall(sentence, marker.start())
        if not totals or not parts:
            continue
        if _CONCLUDED.search(sentence, marker.end()):
            break
        if len(parts) > 1 and _value(totals[-1]) == sum(map(_value, parts)):
            return sentence[: marker.start()], True
        if marker[0].strip() not in tuple(":：(（,，"):
            return sentence, False
    return sentence, True


def _value(number: str) -> Fraction:
    try:
        return Fraction(bare(number))
    except (ValueError, ZeroDivisionError):
        return Fraction(-1)

"""Results that are no exact value as they are stated: "at least 5", "between 5 and 6", "5 if …". Pure text."""

from __future__ import annotations

import re

from r1chat.answers.final import final_answer, stated
from r1chat.answers.retractions import NUMBER, bare

_UNEQUAL = re.compile(r"≠|!=|\\not\s?=|\\neq?(?![a-zA-Z])")
_MARKS = r"[\s*_$\\(]{0,6}"
_BEFORE = re.compile(
    r"(?:\bat\s(?:least|most)|\b(?:more|less|fewer|greater|smaller|larger|higher|lower)\sthan|\bup\sto|\beither"
    rf"|至少|至多|最多|最少|不少于|不多于|不超过|不低于|超过|大于|小于|多于|少于){_MARKS}({NUMBER.pattern})",
    re.IGNORECASE,
)
_BEHIND = re.compile(  # with a unit of up to two words before it
    r"[*_$\\)°%]{0,6}(?:\s?[^\W\d]{1,12}){0,2}?(?:[,，]?\s*[(（]?(?:only\s)?(?:if|unless)\s|\s[(（]?only\s(?:for|when)\s"
    r"|[,，]?\s?[(（]?(?:如果|假如|倘若|除非|仅当|只有))",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"\bbetween{_MARKS}({NUMBER.pattern})[^.\n]{{0,20}}?\sand{_MARKS}({NUMBER.pattern})"
    rf"|({NUMBER.pattern})\s{{0,3}}[个元米]?\s{{0,3}}(?:[到至和与~～—–-])\s{{0,3}}({NUMBER.pattern})\s*[^\s，。]?之间"
    rf"|({NUMBER.pattern})[*_$]*(?:\s?[^\W\d]{{1,12}})?\s?(?:\bor\b|或者?)(?!\s*(?:about|so)\b){_MARKS}({NUMBER.pattern})",
    re.IGNORECASE,
)


def is_hedged(answer: str) -> bool:
    """Is the number that an answer states excluded, a bound, one of two, or right on a condition alone?

    A condition counts only where the result is announced: in "he saves $28 if he goes there" it is the question's.
    """
    if _UNEQUAL.search(final_answer(answer) or ""):
        return True
    numbers = {bare(number[0]) for number in NUMBER.finditer(final_answer(answer) or "")}
    text, announced = stated(answer)
    places = [number for number in NUMBER.finditer(text) if bare(number[0]) in numbers]
    if not places:
        return False
    place = places[0] if announced else places[-1]
    for hedge in (*_RANGE.finditer(text), *_BEFORE.finditer(text)):
        ends = {bare(number) for number in hedge.groups() if number}
        if numbers <= ends and hedge.start() <= place.start() < hedge.end():
            return True
    return announced and len(numbers) == 1 and bool(_BEHIND.match(text, place.end()))

"""Words that belong to a number: "minus 7" is -7, 每小时60千米 is 60千米/小时, "10 squared" is not 10. Pure text.

Owns the words before and behind a number that change its value, in English and Chinese: `plain` writes as signs what it
can, `is_part` says of the others that a number may not be taken out of its words.
"""

from __future__ import annotations

import re

from r1chat.answers.numerals import ENGLISH, scale, to_digits

_NUMBER = r"\d[\d,]{0,30}(?:\.\d+)?"
_MINUS = re.compile(  # behind another operand it is an operation: "20 minus 8"
    r"(?:\bnegative|(?P<minus>\bminus)|零下|(?<![正胜平\d])[负負])(?P<gap>[ *_]{0,4})"
    rf"(?=[$¥€£]?\d)|\b(?:negative|(?P<less>minus))\s(?P<words>{ENGLISH})|零下(?=[一二三四五六七八九十])",
    re.IGNORECASE,
)
_NO_OPERAND = re.compile(
    r"(?:\A|[\n.,:;!?=(*_\"“，。：；]|\b(?:is|are|was|be|equals?|to|of|at|about|by|and|or|only|exactly|gets?|gives?|minus)|[是为得])"
    r"[\s*_]{0,4}\Z",
    re.IGNORECASE,
)
_BELOW_ZERO = re.compile(
    rf"(?<![-−\d.])({_NUMBER}(?:\s?°?\s?[CF]\b|\s?°|\s+degrees?(?:\s+(?:celsius|fahrenheit))?)?)\s+below\s+zero\b",
    re.IGNORECASE,
)
_EVERY = re.compile(rf"每(小时|分钟?|秒)钟?[^\W\d]{{0,4}}({_NUMBER})\s?(千米|公里|米|厘米|千克|克|升|毫升)(?![每/])")
_HOURS = re.compile(
    r"(?<![\d:])(\d{1,4})(?:\s?h(?:rs?)?\s?,?\s?(?:and\s)?|\shours?,\s(?:and\s)?)(\d{1,2})\s?m(?:ins?|inutes?)?(?![\w²³/])",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"[\s-]{1,2}(?:squared|cubed|thirds?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|hundredths?|thousandths?"
    r"|to\sthe\s(?:power|\w{3,10}\spower)|factorial|minus|plus|times\s\d|remainder|rem\.|mod(?:ulo)?|(?:[a-z]+\s)?and\s(?:an?|one|three)\s(?:half|thirds?|quarters?))\b"
    r"|\s?R\s?\d|\s?余|\s?的?(?:平方|立方|阶乘|相反数|倒数)(?![\u4e00-\u9fff])|\s?(?:分之|成(?![为功员分])|折|[几多]|个[半多])",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"(?:\b(?:minus|negative)|零下|[负負±]的?|\b(?:opposite|reciprocal|inverse|square|cube|half|double|root|factorial)\sof|(?P<part>(?:\d|\b{ENGLISH})\s+and\s)"
    r"|\d\s?[,，]?\s?(?:with\s+)?(?:an?\s+)?(?:remainder|rem\.?|r|余数?)(?:\s+of)?|分之)[\s*_$]{0,4}\Z",
    re.IGNORECASE,
)
_REACH = 40  # characters before a number in which words that belong to it stand


def plain(text: str) -> str:
    """The text with signs, rates and hours in words written as signs and units."""
    text = _MINUS.sub(_signed, text)
    text = _BELOW_ZERO.sub(r"-\1", text)
    text = _EVERY.sub(r"\2\3/\1", text)
    return _HOURS.sub(r"\1 hours \2 minutes", text)


def _signed(sign: re.Match[str]) -> str:
    operation = sign["minus"] or sign["less"]
    if operation and not _NO_OPERAND.search(sign.string, max(0, sign.start() - _REACH), sign.start()):
        return sign[0]
    if words := sign["words"]:
        return "-" + to_digits(words)
    return "负" if sign["gap"] is None else f"{sign['gap'].strip()}-"


def is_part(text: str, start: int, end: int) -> bool:
    """Do words beside a number at `start` to `end` change its value, so that it is no result of its own?"""
    if _BEHIND.match(text, end) or scale(text, end):
        return True
    before = _BEFORE.search(text, max(0, start - _REACH), start)
    return before is not None and (not before["part"] or "/" in text[start:end])

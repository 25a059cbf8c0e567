"""Dates and times of day as people write them, in English and Chinese. Pure; works on what `spelling.tidy` leaves."""

from __future__ import annotations

import re
from dataclasses import dataclass

from r1chat.answers import numerals

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:[a-z]+day,?\s+)?"
_YEAR = r"(?:,?\s+(?P<year>\d{4}))?"
_DATES = (
    re.compile(rf"{_WEEKDAY}{_MONTH}\s+{_DAY}(?!\d){_YEAR}", re.IGNORECASE),
    re.compile(rf"{_WEEKDAY}(?:the\s+)?{_DAY}\s+(?:of\s+)?{_MONTH}(?![a-z]){_YEAR}", re.IGNORECASE),
    re.compile(r"(?P<year>\d{4})[-/](\d{1,2})[-/](\d{1,2})"),
    re.compile(r"(?:(?P<year>\d{4})\s*年\s*)?(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]"),
)
_TIME = re.compile(
    r"(?P<early>上午|凌晨|早上|清晨|早晨)?(?P<late>下午|晚上|傍晚|中午)?\s*(?P<hour>\d{1,2})\s*"
    r"(?::\s*(?P<minute>\d{2})(?::\s*(?P<second>\d{2}))?|[时点]\s*(?:(?P<zh>\d{1,2})\s*分?|(?P<half>半)|整)?)?\s*"
    r"(?P<half_day>[ap]\.?\s?m\b\.?)?",
    re.IGNORECASE,
)
_ENGLISH_NUMBER = r"\d{1,2}|[a-z]+(?:-[a-z]+)?"
_SPOKEN = re.compile(  # "half past three", "ten minutes to four", "9 o'clock"; "five to three" is a ratio as well
    rf"(?:(?P<minutes>half|(?:a\s+)?quarter|(?:{_ENGLISH_NUMBER})(?=\s+minutes?\b))(?:\s+minutes?)?"
    rf"\s+(?P<way>past|after|to|before)\s+)?(?P<hour>{_ENGLISH_NUMBER})(?P<full>\s+o['’]?\s?clock)?"
    r"(?:\s+(?:(?P<early>a\.?m\.?|in the morning)|(?P<late>p\.?m\.?|in the (?:afternoon|evening)|at night)))?",
    re.IGNORECASE,
)
_NUMERAL = "[零〇一二两三四五六七八九十]{1,3}"
_SPOKEN_CHINESE = re.compile(  # 三点半, 下午三点一刻, 差五分四点; 三点五 is a decimal, and 三点十五 is none
    rf"(?P<before>上午|凌晨|早上|清晨|早晨|下午|晚上|傍晚|中午)?\s*(?:差\s*(?P<lack>{_NUMERAL}|\d{{1,2}})\s*(?P<unit>分钟?|刻钟?)\s*)?"
    rf"(?P<hour>{_NUMERAL}|\d{{1,2}})\s*[点點时時](?P<full>整|钟|鐘)?"
    rf"(?:过?\s*(?:(?P<half>半)|(?P<quarters>[一三13])刻|(?P<minute>{_NUMERAL}|\d{{1,2}})(?P<mark>分)?))?",
)
_NAMED = {
    "noon": "12:00",
    "midday": "12:00",
    "正午": "12:00",
    "midnight": "00:00",
    "午夜": "00:00",
}


@dataclass(frozen=True, slots=True)
class Date:
    """A day; `year` is None where none was written."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day in seconds. `certain`: it was written with am or pm, or in a form that no ratio has."""

    seconds: int
    half_day: bool
    certain: bool


DateOrTime = Date | Time


def read(text: str) -> DateOrTime | None:
    """The date or time that the whole text is, if it is one."""
    text = text.strip()
    if len(text) > 40:
        return None
    return _date(text) or _time(_in_digits(text))


def days(text: str) -> list[Date]:
    """Every day that a text names."""
    matches = [
        match for pattern in _DATES for match in re.finditer(rf"(?<![a-zA-Z\d-]){pattern.pattern}", text, pattern.flags)
    ]
    return [day for match in matches if (day := _date(match[0]))]


def _date(text: str) -> Date | None:
    for number, pattern in enumerate(_DATES):
        match = pattern.fullmatch(text)
        if not match:
            continue
        year = int(match["year"]) if match["year"] else None
        parts = [part for index, part in enumerate(match.groups(), 1) if index != match.re.groupindex["year"]]
        if number == 0:
            month, day = _MONTHS.index(parts[0].lower()) + 1, int(parts[1])
        elif number == 1:
            month, day = _MONTHS.index(parts[1].lower()) + 1, int(parts[0])
        else:
            month, day = int(parts[0]), int(parts[1])
        return Date(month, day, year) if 1 <= month <= 12 and 1 <= day <= 31 else None
    return None


def _in_digits(text: str) -> str:
    """A time of day in words as digits with a colon; any other text as it is."""
    if digits := _NAMED.get(text.lower().removeprefix("12 ").removeprefix("at ")):
        return digits
    if match := _SPOKEN_CHINESE.fullmatch(text):
        return _chinese_time(match) or text
    if (match := _SPOKEN.fullmatch(text)) and (match["way"] or match["full"]):
        return _english_time(match) or text
    return text


def _chinese_time(match: re.Match[str]) -> str:
    hour, minute = _chinese(match["hour"]), 0
    if match["half"]:
        minute = 30
    elif match["quarters"]:
        minute = 15 * _chinese(match["quarters"])
    elif minutes := match["minute"]:
        if not (match["mark"] or match["before"] or "十" in minutes[:2] or minutes.isdigit()):
            return ""  # 三点五
        minute = _chinese(minutes)
    elif match["lack"]:
        hour, minute = (hour - 1) or 12, 60 - _chinese(match["lack"]) * (15 if match["unit"][0] == "刻" else 1)
    return f"{match['before'] or ''}{hour}点{minute:02d}分" if hour >= 0 and 0 <= minute < 60 else ""


def _english_time(match: re.Match[str]) -> str:
    hour, minute = _english(match["hour"]), 0
    if words := (match["minutes"] or "").lower():
        minute = 30 if words == "half" else 15 if words.endswith("quarter") else _english(words)
        if match["way"].lower() in ("to", "before"):
            hour, minute = (hour - 1) or 12, 60 - minute
    half_day = " am" if match["early"] else " pm" if match["late"] else ""
    return f"{hour}:{minute:02d}{half_day}" if hour >= 0 and 0 <= minute < 60 else ""


def _chinese(text: str) -> int:
    return int(text) if text.isdigit() else numerals.integer(text)


def _english(words: str) -> int:
    """A number in digits or words; -1000 for any other word."""
    digits = numerals.to_digits(words)
    return int(digits) if digits.isdigit() else -1000


def _time(text: str) -> Time | None:
    match = _TIME.fullmatch(text)
    if not match:
        return None
    chinese = bool(match["early"] or match["late"])
    half = (match["half_day"] or "").lower().replace(".", "").replace(" ", "")
    if not (match["minute"] or half or chinese or "点" in text or match["zh"]):
        return None
    hour, minute = int(match["hour"]), 30 if match["half"] else int(match["minute"] or match["zh"] or 0)
    if hour > 24 or minute > 59:
        return None
    if (half == "pm" or match["late"]) and hour < 12:
        hour += 12
    if (half == "am" or match["early"]) and hour == 12:
        hour = 0
    digits = match["minute"] or ""
    certain = bool(half or chinese or digits.startswith("0") or not digits or hour == 0)
    return Time(hour * 3600 + minute * 60 + int(match["second"] or 0), bool(half or chinese) or hour > 12, certain)


def agree(a: DateOrTime, b: DateOrTime) -> bool:
    """Is it the same day, or the same time? What one side leaves out (a year, am or pm) does not count."""
    if isinstance(a, Date) and isinstance(b, Date):
        return (a.month, a.day) == (b.month, b.day) and (None in (a.year, b.year) or a.year == b.year)
    if isinstance(a, Time) and isinstance(b, Time):
        if a.half_day and b.half_day:
            return a.seconds == b.seconds
        return a.seconds % 43_200 == b.seconds % 43_200 if a.half_day != b.half_day else a.seconds == b.seconds
    return False

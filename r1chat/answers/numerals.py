r"""Numbers in words, English and Chinese: "twenty-one", `三十五个`, `三分之二`, `百分之五十`, `3.5 million`. Pure."""

from __future__ import annotations

import re

# Words of at most three letters that a product of variables must not be taken for.
_LITTLE = """no on in up go am pm is it so to of we by or at an as he me my us if do be yes not the and but for are was
    has had can may one two six ten all any few new old red odd day"""
LITTLE_WORDS = frozenset(_LITTLE.split())

_BELOW_TWENTY = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen"""
_ONES = _BELOW_TWENTY.split()
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: value for value, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_ORDINAL_WORDS = _ORDINALS.split()
_GREAT = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_WORD = f"(?:{'|'.join(sorted((*_SMALL, *_GREAT), key=len, reverse=True))})"
ENGLISH = rf"(?:a\s+)?{_WORD}(?:(?:\s+and\s+|[\s-]+){_WORD}){{0,20}}(?![a-zA-Z])"  # a number in words
_ENGLISH = re.compile(ENGLISH, re.IGNORECASE)
_PART = re.compile(
    rf"(?P<top>an?|{'|'.join(_ONES[1:10])})?[\s-]*(?P<bottom>{'|'.join(_PARTS)}|halve)s?(?=\s*$)", re.IGNORECASE
)
_SCALE = re.compile(
    r"\s*(hundred|thousand|million|billion|trillion|dozen)(?![a-zA-Z])|\s*(?:([百千])(?![克米瓦焦帕卡分时伏])|([万萬亿億]))+"
)
_SCALES = {**_GREAT, "dozen": 12, "百": 100, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_CHINESE_SCALES = {"十": 10, "百": 100, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_DIGIT = f"[{''.join(_DIGITS)}]"
_NUMERAL = f"[{''.join(_DIGITS)}十百千万萬亿億]{{1,40}}"
CLASSIFIERS = (
    "个個只元块塊人本张張支枝颗顆条條头頭页頁次倍棵名盆朵天年月日岁歲米克吨升秒种種辆"
    "輛件双雙组組位台套步段根道题瓶杯袋箱筐束排层间节点"
)
_UNIT = (
    rf"(?:[{CLASSIFIERS}][\u4e00-\u9fff]{{0,6}}"
    r"|千米|公里|厘米|分米|毫米|平方[\u4e00-\u9fff]+|立方[\u4e00-\u9fff]+|千克|公斤|小时|分钟|度|角|分)"
)
_CHINESE = re.compile(
    rf"(?P<sign>[负負]?)(?:(?P<whole>{_NUMERAL})又)?(?:(?P<bottom>{_NUMERAL})分之)?(?P<number>{_NUMERAL})(?:[点點](?P<places>{_DIGIT}{{1,40}}))?"
    rf"(?=\s*(?:{_UNIT})?\s*$)"
)
# 两个半小时, 半小时 and 三天半; 三点半 is a time of day.
_HALVED = "小时|小時|钟头|鐘頭|分钟|分鐘|秒|天|日|周|星期|年|世纪|公里|千米|里|米|厘米|公斤|千克|斤|克|吨|噸|升|倍"
_HALF = re.compile(
    rf"(?:(?P<number>{_NUMERAL}|\d{{1,9}})\s*[个個]?)?半(?P<unit>[个個]?\s*(?:{_HALVED}|[月圈]))"
    rf"|(?P<before>{_NUMERAL}|\d{{1,9}})\s*(?P<of>[个個]?\s*(?:{_HALVED}|[个個]月))半"
)
_COUNTED = re.compile(  # "one" and 一 are words of their own
    rf"(?<![a-zA-Z-])(?!one(?![\s-]+(?:hundred|thousand|million|billion)))(?P<english>{ENGLISH})"
    rf"(?![\s-]+(?:half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|eighths?|tenths?))"
    rf"|(?<![第周期])(?P<chinese>[负負]?(?:(?!一)[{''.join(_DIGITS)}十]|{_NUMERAL[:-6]}{{2,40}}))(?=(?!点[{''.join(_DIGITS)}])[{CLASSIFIERS}]|千米|公里|厘米|千克|公斤|小时|分钟)",
    re.IGNORECASE,
)
_RATIO = re.compile(r"\s+to\s+|\s*比\s*", re.IGNORECASE)
_ORDINAL = re.compile(
    r"(?:the\s+)?(-?\d[\d,]*)\s*(?:\^\s*(?:\{\s*(?:st|nd|rd|th)\s*\}|(?:st|nd|rd|th)\b)|(?:st|nd|rd|th)(?![a-zA-Z])|-?th(?![a-zA-Z]))"
    r"(?:\s+[a-z]+)?(?=\s*$)"
)
_TENTHS = re.compile(rf"打?(?:({_DIGIT}{{1,2}}|\d\d?|\d\.\d)折|({_DIGIT})成({_DIGIT})?)$")  # 八五折: 85 % of a price
_CHINESE_ORDINAL = re.compile(rf"第\s*([\d]+|{_NUMERAL})\s*[\u4e00-\u9fff]{{0,4}}(?=\s*$)")


def scale(text: str, start: int) -> tuple[int, int] | None:
    """The factor of "million" or `万` at `start`, and where it ends."""
    match = _SCALE.match(text, start)
    if not match:
        return None
    if match[1]:
        return _SCALES[match[1]], match.end()
    factor = 1
    for character in match[0].strip():
        factor *= _SCALES[character]
    return factor, match.end()


def to_digits(text: str) -> str:
    """A text that is a number in words, or begins with one, in digits; any other text unchanged."""
    text = text.strip()
    if ordinal := _ORDINAL.match(text):
        return ordinal[1]
    if ordinal := _CHINESE_ORDINAL.match(text):
        return ordinal[1] if ordinal[1].isdigit() else str(integer(ordinal[1]))
    if half := _HALF.fullmatch(text):
        number, unit = half["number"] or half["before"] or "0", half["unit"] or half["of"]
        return f"{number if number.isdigit() and number.isascii() else integer(number)}.5 {unit}"
    if tenths := _TENTHS.fullmatch(text):
        digits = (tenths[1] or tenths[2] + (tenths[3] or "")).replace(".", "")
        return "".join(str(_DIGITS.get(digit, digit)) for digit in digits).ljust(2, "0") + "%"
    if (chinese := _CHINESE.match(text)) and chinese["number"][0] not in "百千万萬亿億":
        return _chinese(chinese) + " " + text[chinese.end() :]
    if text.lower() in _ORDINAL_WORDS:
        return str(_ORDINAL_WORDS.index(text.lower()) + 1)
    if part := _PART.fullmatch(text):
        top = (part["top"] or "a").lower()
        bottom = _PARTS.get(part["bottom"].lower(), 2)
        return f"{_SMALL.get(top, 1)}/{bottom}"
    if (english := _ENGLISH.match(text)) and english[0].strip().lower() not in ("a",):
        value = _english(english[0])
        if value is not None:
            return f"{value} {text[english.end() :]}".strip()
    return text


def counted_in_digits(text: str) -> str:
    """A text with its number words in digits, those in Chinese where they count something; "one" stays a word."""

    def digits(number: re.Match[str]) -> str:
        return to_digits(number[0]).strip() if number["english"] else to_digits(number[0] + "个").split(" ")[0]

    return _COUNTED.sub(digits, text)


def ratio(text: str) -> str:
    """A ratio in words (`5 to 3`, `3比4比5`) with colons; "" for any other text."""
    parts = [to_digits(part).strip() for part in _RATIO.split(text)]
    return ":".join(parts) if 1 < len(parts) < 6 and all(map(str.isdecimal, parts)) else ""


def _english(words: str) -> int | None:
    """The value of number words; None for a row of them that is no number, as in "one two"."""
    total, section, last = 0, 0, 10**15
    for word in re.split(r"[\s-]+", words.lower()):
        if word in ("and", "a"):
            continue
        if word in _SMALL:
            value = _SMALL[word]
            if value >= last or (last < 20) or (last < 100 and value >= 10):
                return None
            section += value
            last = value
        elif word == "hundred":
            section, last = (section or 1) * 100, 100
        else:
            total, section, last = total + (section or 1) * _GREAT[word], 0, 10**15
    return total + section


def _chinese(match: re.Match[str]) -> str:
    number = str(integer(match["number"]))
    if match["places"]:
        number += "." + "".join(str(_DIGITS[digit]) for digit in match["places"])
    sign = "-" if match["sign"] else ""
    if match["bottom"] == "百":
        return f"{sign}{number}%"
    if match["whole"]:
        return f"{sign}{integer(match['whole'])} {number}/{integer(match['bottom'])}" if match["bottom"] else match[0]
    if match["bottom"]:
        return f"{sign}{number}/{integer(match['bottom'])}"
    return sign + number


def integer(text: str) -> int:
    """The value of a Chinese numeral: 二十五, 二〇二四."""
    if all(character in _DIGITS for character in text):  # 二〇二四
        return int("".join(str(_DIGITS[character]) for character in text))
    total = section = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif (unit := _CHINESE_SCALES[character]) >= 10**4:
            total, section, digit = (total + section + digit or 1) * unit, 0, 0
        else:
            section, digit = section + (digit or 1) * unit, 0
    return total + section + digit

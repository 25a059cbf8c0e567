r"""Plain numbers as people write them -> exact fractions. Pure; what is no plain number is left to others.

Read are `1,234.50`, `.5`, `-3/4`, `1 1/2`, `\frac12`, `50\%`, `1.5 \times 10^3`, `2e-3`, `$18`, `12 apples`,
`3 million`, `3万元`, `三十五`, `三分之一`, `百分之五十`. A comma before three digits separates thousands, and words
after a number are its unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from r1chat.answers.spelling import TEXT

LONGEST = 400  # characters of one number; longer ones are compared as text
_TELLING = 6  # significant digits from which on a decimal may stand for the value that rounds to it

# Units that are told apart; of all others, any word after a number is taken for its unit and then ignored.
_MEASURES = """mm cm dm m km in ft mg g kg oz lb t ml l s ms min h hz khz mhz j kj w kw v pa kpa mol cents
    dollars degrees 毫米 厘米 分米 米 千米 公里 克 千克 公斤 吨 毫升 升 秒 分钟 小时 度 元 角 分"""
_SYMBOLS = frozenset(_MEASURES.split())
_MONEY = {"$": "dollars", "¥": "元"}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_CHINESE_SCALES = {"百": 100, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_NO_SCALES = ("千克", "千米", "千瓦", "百分")
# Words that go on with a formula or a sentence: then what stands before them is not the whole number.
_GOES_ON = """sin cos tan sec csc cot log exp sqrt theta alpha beta gamma lambda
    and not nor but plus minus times over mod than"""
_NO_UNITS = frozenset(_GOES_ON.split())
_CLASSIFIER = "[个個只元块塊人本张張支枝颗顆条條头頭页頁次倍棵名盆朵天年月日岁歲米克吨升秒种種辆輛件双雙组組位台套]"

_FRACTION = re.compile(r"\\frac\s*(?:\{\s*(-?[\d.]+)\s*\}|(\d))\s*(?:\{\s*(-?[\d.]+)\s*\}|(\d))")
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:[ ]\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+"
_NUMBER = re.compile(
    rf"""(?P<sign>[-+]?) \s* (?P<money>[$€£¥₹]?) \s* (?P<inner>-?) \s*
    (?: (?P<whole>\d+) \s+ (?P<top>\d+)/(?P<bottom>\d+)
      | (?P<number>{_DIGITS}) (?: \s*/\s* (?P<over>-?(?:{_DIGITS})) )?
        (?: e(?P<e>[-+]?\d{{1,2}})
          | \s* (?:\\times|\\cdot|\*|x) \s* 10 \s* \^ \s* \{{?\s* (?P<power>[-+]?\d{{1,2}}) \s*\}}? )? )
    (?:\s* (?P<percent>%|per\s?cent\b))? (?P<unit>.*)""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_UNIT = re.compile(r"([^\W\d_]+)(?:[^\W\d_]|[\s/().,'-])*")
_CHINESE_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_DIGIT = f"[{''.join(_CHINESE_DIGITS)}]"
_NUMERAL = f"[{''.join(_CHINESE_DIGITS)}十{''.join(_CHINESE_SCALES)}]{{1,40}}"
_CHINESE = re.compile(
    rf"(?P<sign>[负負]?)(?:(?P<bottom>{_NUMERAL})分之)?(?P<number>{_NUMERAL})(?:[点點](?P<places>{_DIGIT}{{1,40}}))?"
    rf"{_CLASSIFIER}?"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number and how it was written: `places` digits after the point (0: exact), `digits` significant ones."""

    value: Fraction
    places: int = 0
    digits: int = 0
    percent: bool = False
    unit: str = ""


def read(text: str) -> Number | None:
    """The number that the text is, spelled as `tidy` and `unwrap` leave it; None for anything else."""
    if len(text) > LONGEST:
        return None
    text = _FRACTION.sub(lambda f: f" {f[1] or f[2]}/{f[3] or f[4]}", TEXT.sub(r" \1 ", text)).strip()
    match = _NUMBER.fullmatch(text)
    try:
        return _western(match) if match else _chinese(text)
    except (ValueError, ZeroDivisionError):  # 1.2.3, 5/0
        return None


def agree(a: Number, b: Number) -> bool:
    """Is it the same number?

    Judgements: 50% is 1/2, and it is 50 too, since who was asked for per cent may leave the sign out. A decimal of six
    or more significant digits agrees with what rounds to it: 0.333333 is 1/3, 0.33 is not. Units count for nothing
    where one side has none or they are mere words; the symbols of measures are told apart: 5 cm is not 5 m.
    """
    if a.unit != b.unit and a.unit in _SYMBOLS and b.unit in _SYMBOLS:
        return False
    if _close(a, b, Fraction(1)):
        return True
    return a.percent != b.percent and _close(a, b, Fraction(1, 100) if a.percent else Fraction(100))


def _close(a: Number, b: Number, scale: Fraction) -> bool:
    """Is `scale` times the first the second, as far as the written digits go?"""
    rooms = [
        factor / (2 * 10**number.places)
        for number, factor in ((a, scale), (b, Fraction(1)))
        if number.places and number.digits >= _TELLING
    ]
    return abs(a.value * scale - b.value) <= max(rooms, default=0)


def _western(match: re.Match[str]) -> Number | None:
    measured = _unit(match["unit"])
    if measured is None:
        return None
    unit, scale = measured
    places = digits = 0
    if match["whole"]:
        value = int(match["whole"]) + Fraction(int(match["top"]), int(match["bottom"]))
    else:
        value = _exact(match["number"]) * Fraction(10) ** int(match["e"] or match["power"] or 0)
        if match["over"]:
            value /= _exact(match["over"])
        elif scale == 1 and not (match["e"] or match["power"]):
            places = len(match["number"].partition(".")[2])
            digits = len(re.sub(r"\D", "", match["number"]).lstrip("0"))
    if "-" in (match["sign"], match["inner"]):
        value = -value
    unit = unit or _MONEY.get(match["money"], "")
    return Number(value * scale, places, digits, percent=bool(match["percent"]), unit=unit)


def _exact(digits: str) -> Fraction:
    return Fraction(re.sub(r"[ ,]", "", digits).rstrip("."))


def _unit(text: str) -> tuple[str, int] | None:
    """A unit and the scale before it, 1 where there is none; None for what is no unit. A letter right behind the
    number, as in 5x, is algebra.
    """
    text = re.sub(r"\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ)", " degrees", text).lower()
    if re.match(r"[a-z](?![a-z])", text):
        return None
    text = text.strip()
    if not text or text in _SYMBOLS:
        return text, 1
    first, _, rest = text.partition(" ")
    scale = _SCALES.get(first, 1)
    if text[0] in _CHINESE_SCALES and not text.startswith(_NO_SCALES):
        scale, rest = _CHINESE_SCALES[text[0]], text[1:]
    if scale != 1:
        inner = _unit(f" {rest}")
        return inner and (inner[0], scale * inner[1])
    words = _UNIT.fullmatch(re.sub(r"\^\s*\{?[23]\}?", "", text))
    if words is None or _NO_UNITS & set(re.split(r"\W+", text)):
        return None
    return (text, 1) if len(words[1]) > 2 or words[1] in _SYMBOLS or not words[1].isascii() else None


def _chinese(text: str) -> Number | None:
    match = _CHINESE.fullmatch(text)
    if match is None or match["number"][0] in _CHINESE_SCALES:  # 千 alone is no number
        return None
    value = Fraction(_chinese_integer(match["number"]))
    for place, digit in enumerate(match["places"] or "", 1):
        value += Fraction(_CHINESE_DIGITS[digit], 10**place)
    percent = match["bottom"] == "百"
    if match["bottom"] and not percent:
        value /= _chinese_integer(match["bottom"])
    return Number(-value if match["sign"] else value, percent=percent)


def _chinese_integer(text: str) -> int:
    if all(character in _CHINESE_DIGITS for character in text):  # 二〇二四
        return int("".join(str(_CHINESE_DIGITS[character]) for character in text))
    total = section = digit = 0
    for character in text:
        if character in _CHINESE_DIGITS:
            digit = _CHINESE_DIGITS[character]
        elif (unit := _CHINESE_SCALES.get(character, 10)) >= 10**4:
            total, section, digit = (total + section + digit or 1) * unit, 0, 0
        else:
            section, digit = section + (digit or 1) * unit, 0
    return total + section + digit

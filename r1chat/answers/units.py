"""Units of measurement as people write them, in English and Chinese, and their conversion by pint.

A unit's name is looked up in the table below, never in pint's own, which would take "cats" for a centi-atmosphere.
pint is imported when two different units are first compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

# pint's name, then the spellings. Symbols (of three letters at most) are case-sensitive, words are not.
_TABLE = """
meter: m meter meters metre metres 米 公尺
kilometer: km kilometer kilometers kilometre kilometres kms 千米 公里
decimeter: dm decimeter decimeters 分米
centimeter: cm centimeter centimeters centimetre centimetres 厘米 公分
millimeter: mm millimeter millimeters millimetre millimetres 毫米
micrometer: um \\mum micrometer micrometers micron microns 微米
nanometer: nm nanometer nanometers nanometre nanometres 纳米
angstrom: angstrom angstroms Å 埃
inch: in in. inch inches 英寸
foot: ft ft. foot feet 英尺
yard: yd yard yards 码
mile: mi mile miles 英里
light_year: light-year light-years 光年
gram: g gram grams 克
kilogram: kg kilogram kilograms kgs 千克 公斤
half_kilogram: 斤 市斤
milligram: mg milligram milligrams 毫克
microgram: ug \\mug microgram micrograms 微克
metric_ton: t tonne tonnes 吨
ton: ton tons
pound: lb lbs pound pounds 磅
ounce: oz ounce ounces 盎司
second: s sec secs second seconds 秒 秒钟
millisecond: ms millisecond milliseconds 毫秒
microsecond: us \\mus microsecond microseconds 微秒
nanosecond: ns nanosecond nanoseconds 纳秒
minute: min mins minute minutes 分钟
hour: h hr hrs hour hours 小时 个小时 时 钟头
day: day days 天 日
week: week weeks 周 星期 个星期
month: month months 个月 月
year: yr yrs year years 年 岁
liter: L l liter liters litre litres 升 公升
milliliter: mL ml milliliter milliliters 毫升
gallon: gal gallon gallons 加仑
quart: qt quart quarts
pint: pint pints
cup: cup cups
hectare: ha hectare hectares 公顷
acre: acre acres 英亩
chinese_acre: 亩
half_kilometer: 里 华里
hertz: Hz hertz 赫兹 赫
kilohertz: kHz kilohertz 千赫 千赫兹
megahertz: MHz megahertz 兆赫
gigahertz: GHz gigahertz
newton: N newton newtons 牛 牛顿
kilonewton: kN kilonewton kilonewtons 千牛
millinewton: mN millinewton millinewtons
joule: J joule joules 焦 焦耳
kilojoule: kJ kilojoule kilojoules 千焦
megajoule: MJ megajoule megajoules 兆焦
calorie: cal calorie calories 卡 卡路里
kilocalorie: kcal kilocalorie kilocalories 千卡 大卡
electron_volt: eV 电子伏特 电子伏
kiloelectron_volt: keV
megaelectron_volt: MeV
gigaelectron_volt: GeV
watt: W watt watts 瓦 瓦特
kilowatt: kW kilowatt kilowatts 千瓦
megawatt: MW megawatt megawatts 兆瓦
milliwatt: mW milliwatt milliwatts 毫瓦
kilowatt_hour: kWh 千瓦时
horsepower: hp horsepower 马力
pascal: Pa pascal pascals 帕 帕斯卡
kilopascal: kPa kilopascal kilopascals 千帕
megapascal: MPa megapascal megapascals 兆帕
atmosphere: atm atmosphere atmospheres 大气压
bar: bar bars
mmHg: mmHg 毫米汞柱
volt: V volt volts 伏 伏特
kilovolt: kV kilovolt kilovolts 千伏
millivolt: mV millivolt millivolts 毫伏
ampere: A amp amps ampere amperes 安 安培
milliampere: mA milliampere milliamperes milliamp milliamps 毫安
microampere: \\muA microampere microamperes 微安
ohm: \\Omega ohm ohms 欧 欧姆
kiloohm: k\\Omega kilohm kilohms kiloohms 千欧
megaohm: M\\Omega megohm megohms 兆欧
coulomb: C coulomb coulombs 库 库仑
microcoulomb: \\muC microcoulomb microcoulombs 微库
nanocoulomb: nC nanocoulomb nanocoulombs
farad: F farad farads 法 法拉
microfarad: uF \\muF microfarad microfarads 微法
nanofarad: nF nanofarad nanofarads
picofarad: pF picofarad picofarads 皮法
millifarad: mF millifarad millifarads
tesla: T tesla teslas 特斯拉
weber: Wb weber webers 韦伯
henry: H henry henrys henries 亨利
millihenry: mH millihenry millihenrys
mole: mol mole moles 摩尔
millimole: mmol millimole millimoles 毫摩尔
molar: M molar
kelvin: K kelvin kelvins 开尔文
degC: ^\\circC degrees_celsius degree_celsius celsius 摄氏度
degF: ^\\circF degrees_fahrenheit degree_fahrenheit fahrenheit 华氏度
degree: ^\\circ degree degrees deg 度
arcminute: arcminute arcminutes
radian: rad radian radians 弧度
bit: bit bits 比特
byte: B byte bytes 字节
kilobyte: kB KB kilobyte kilobytes
megabyte: MB megabyte megabytes
gigabyte: GB gigabyte gigabytes
terabyte: TB terabyte terabytes
becquerel: Bq becquerel becquerels
candela: cd candela
lumen: lm lumen lumens
mile/hour: mph
kilometer/hour: kph kmh
meter/second: mps
usd: dollar dollars USD 美元 bucks
usd_cent: cent cents ¢ 美分
cny: 元 yuan RMB CNY 人民币 块 块钱 元钱 圆
cny_jiao: 角 毛 毛钱
eur: euro euros EUR 欧元 €
gbp: GBP £ 英镑
jpy: yen JPY 日元
inr: rupee rupees INR 卢比
percent: % percent per_cent pct percentage_points 个百分点
"""
_DEFINITIONS = (
    *(f"{currency} = [{currency}]" for currency in ("usd", "cny", "eur", "gbp", "jpy", "inr")),
    "usd_cent = usd / 100",
    "cny_jiao = cny / 10",
    "half_kilogram = 0.5 kilogram",
    "half_kilometer = 0.5 kilometer",
    "chinese_acre = 2000 / 3 meter ** 2",
)
CURRENCIES = {"$": "usd", "\ue024": "usd", "¥": "cny", "￥": "cny", "€": "eur", "£": "gbp", "₹": "inr"}
_TEMPERATURES = {"kelvin": (Fraction(1), Fraction(0)), "degC": (Fraction(1), Fraction("273.15"))}
_TEMPERATURES["degF"] = (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9))  # factor and offset to kelvin
_ANGLES = ("degree", "radian")
_NEUTRAL = re.compile(
    r"(?:square |cubic |sq\.? )?units?(?:\s*\^?\s*\{?[23]\}?)?|(?:平方|立方)?(?:个)?单位", re.IGNORECASE
)

_SPELLINGS: dict[str, str] = {}
for _line in _TABLE.strip().splitlines():
    _pint, _, _names = _line.partition(": ")
    _SPELLINGS |= dict.fromkeys(_names.split(), _pint)
_WORDS = {name.lower(): unit for name, unit in _SPELLINGS.items() if len(name) > 3 and name.isascii()}


def _pattern(name: str) -> str:
    pattern = re.escape(name).replace("_", r"\s+").replace(r"\\circ", r"(?:\{\s*\\circ\s*\}|\\circ)\s*")
    pattern = re.sub(r"\\\\mu(?=[a-zA-Z])", r"\\\\mu\\s*", pattern)
    if name in _WORDS:
        pattern = f"(?i:{pattern})"
    return pattern + ("(?![a-zA-Z])" if name[-1].isascii() and name[-1].isalpha() else "")


_NAME = "|".join(map(_pattern, sorted(_SPELLINGS, key=len, reverse=True)))
_FACTOR = re.compile(
    r"(?P<square>(?i:square|sq\.?)\s+|平方)?(?P<cubic>(?i:cubic|cu\.?)\s+|立方)?(?P<name>" + _NAME + r")"
    r"(?:\s*\^\s*(?:\{\s*(?P<braced>-?\d)\s*\}|(?P<raised>-?\d))|(?P<plain>[23])(?!\d)|(?P<word>\s+(?:squared|cubed)))?"
)
_JOIN = re.compile(
    r"\s*(?P<per>/|(?i:per|each|every)(?![a-zA-Z])(?:\s+an?\s)?|每|\ba\b|\ban\b)\s*|\s*(?:\\cdot(?![a-zA-Z])|\*|\.)\s*|\s+|(?=[^\x00-\x7f])"
)
_END = re.compile(
    r"\s*(?:$|[,;:!。)\]}|=<>&]|\\\\|\\(?:\}|approx|ne|le|ge|cup|rangle|rfloor|end)|(?:or|and)(?![a-zA-Z])|[或和且与及]|(?=[\d+-]))"
)
_TRAILING = re.compile(
    r"\s+(?:in total|in all|altogether|long|wide|tall|high|deep|old|away|each|apart|left|remaining|ago|later|earlier"
    r"|longer|shorter|taller|heavier|of [a-z]+(?: [a-z]+)?|in (?:the )?[a-z]+)(?![a-zA-Z])"
    r"|(?:长|宽|高|深|重|多|的[\u4e00-\u9fff]{1,6})(?=\s*$)",
    re.IGNORECASE,
)
_NO_THINGS = """sin cos tan sec csc cot log exp sqrt theta alpha beta gamma lambda and not nor but plus minus times
    over mod remainder squared cubed thirds fifths sixths sevenths eighths ninths tenths hundredths than
    if when where is are was were equals approximately about"""
_GOES_ON = frozenset(_NO_THINGS.split())
_THING = re.compile(r"\s*([a-zA-Z][a-zA-Z'’-]*(?:[\s/.]+[a-zA-Z(][a-zA-Z'’)-]*){0,7})(?:\s*\^\s*\{?\s*[23]\s*\}?)?")
_CHINESE_THING = re.compile(r"\s*(?!个?[半多]|[几折]|成(?![为功员分]))[\u4e00-\u9fff]{1,14}")
_LINKS = re.compile("[或和且与及为是]")


@dataclass(frozen=True, slots=True)
class Unit:
    """What stands behind a number. `factors`: pint's names with their exponents; none for a thing that is counted."""

    factors: tuple[tuple[str, int], ...]
    text: str = ""

    @property
    def percent(self) -> bool:
        """Is it per cent?"""
        return self.factors == (("percent", 1),)

    @property
    def angle(self) -> str | None:
        """Either of "degree" and "radian", or None."""
        return self.factors[0][0] if len(self.factors) == 1 and self.factors[0][0] in _ANGLES else None

    @property
    def neutral(self) -> bool:
        """Does it say nothing, as in "12 square units"?"""
        return _NEUTRAL.fullmatch(self.text.strip()) is not None


def letter(name: str) -> Unit | None:
    """The unit with a symbol of one letter, as in 4L."""
    return Unit(((_SPELLINGS[name], 1),), name) if len(name) == 1 and name in _SPELLINGS else None


def currency(sign: str) -> Unit:
    """The unit that a sign before an amount stands for."""
    return Unit(((CURRENCIES[sign], 1),), sign)


def match(text: str, start: int) -> tuple[Unit, int] | None:
    """A unit at `start` that reaches to the end of its item, and where it ends; None where there is none.

    A single letter right behind a number, as in 5m, is algebra.
    """
    spaced = text[start : start + 1].isspace() or text[start - 1 : start].isspace()
    begin = start + len(text[start:]) - len(text[start:].lstrip()) if text[start : start + 1].isspace() else start
    known = _known(text, begin)
    if known:
        unit, end = known
        letter = text[begin:end].strip()
        if spaced or len(letter) > 1 or not letter.isalpha() or not letter.isascii():
            trailing = _TRAILING.match(text, end)
            if trailing and _END.match(text, trailing.end()):
                return unit, trailing.end()
            if _END.match(text, end):
                return unit, end
    return _counted(text, begin, spaced)


def _known(text: str, start: int) -> tuple[Unit, int] | None:
    """The longest run of known units at `start`."""
    factors: list[tuple[str, int]] = []
    position, sign, inverse = start, 1, False
    best: tuple[Unit, int] | None = None
    for _ in range(6):
        factor = _FACTOR.match(text, position)
        if not factor:
            break
        factors.append((_name(factor["name"]), sign * _exponent(factor)))
        position = factor.end()
        if _END.match(text, position) or _TRAILING.match(text, position) or not best:
            best = Unit(_collect(factors), text[start:position].strip()), position
        join = _JOIN.match(text, position)
        if not join:
            break
        inverse = inverse or bool(join["per"])
        sign = -1 if join["per"] or (inverse and join[0].strip() == "") else 1
        position = join.end()
    return best


def _name(spelling: str) -> str:
    key = re.sub(r"\s+", "_", spelling.strip())
    key = re.sub(r"\{?_?\\circ_?\}?_?", r"\\circ", key)
    key = re.sub(r"\\mu_", r"\\mu", key)
    return _SPELLINGS.get(key) or _WORDS[key.lower()]


def _exponent(factor: re.Match[str]) -> int:
    if factor["square"] or factor["cubic"]:
        return 2 if factor["square"] else 3
    if factor["word"]:
        return 2 if "sq" in factor["word"].lower() else 3
    return int(factor["braced"] or factor["raised"] or factor["plain"] or 1)


def _collect(factors: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """The factors with the exponents of equal ones added."""
    exponents: dict[str, int] = {}
    for name, exponent in factors:
        exponents[name] = exponents.get(name, 0) + exponent
    return tuple(sorted((name, exponent) for name, exponent in exponents.items() if exponent))


def _counted(text: str, start: int, spaced: bool) -> tuple[Unit, int] | None:
    """Words that name what was counted: `apples`, `t-shirts`, `名学生`; 2x-y is algebra."""
    if thing := _CHINESE_THING.match(text, start):
        if _END.match(text, thing.end()) and not _LINKS.search(thing[0]):
            return Unit((), thing[0].strip()), thing.end()
        return None
    thing = _THING.match(text, start)
    if not thing or text[start - 1 : start] == "\\" or not _END.match(text, thing.end()):
        return None
    words = thing[1].lower().split()
    if max(map(len, words[0].split("-"))) < 3 or _GOES_ON.intersection(words) or "or" in words:
        return None
    return Unit((), thing[1].strip()), thing.end()


def price(amount: Unit, rate: Unit) -> bool:
    """Is one a sum of money, and the other the same per something?"""
    return (
        len(amount.factors) == 1
        and amount.factors[0][0] in CURRENCIES.values()
        and (
            amount.factors[0] in rate.factors
            and all(exponent < 0 for name, exponent in rate.factors if name != amount.factors[0][0])
        )
    )


def conversion(a: Unit, b: Unit) -> tuple[Fraction, Fraction] | None:
    """Factor and offset by which a number of `a` becomes one of `b`; None where they measure different things."""
    if a.factors == b.factors:
        return Fraction(1), Fraction(0)
    first, second = _temperature(a), _temperature(b)
    if first and second:
        return first[0] / second[0], (first[1] - second[1]) / second[0]
    try:
        base, other_base = _base(a.factors), _base(b.factors)
    except ValueError:
        return None
    return (base[0] / other_base[0], Fraction(0)) if base[1] == other_base[1] else None


def per_time(amount: Unit, rate: Unit) -> bool:
    """Is one the other per day, week, month or year?"""
    rest = [(name, exponent) for name, exponent in rate.factors if (name, exponent) not in amount.factors]
    times = ("day", "week", "month", "year")
    return len(rest) == 1 == len(rate.factors) - len(amount.factors) and rest[0][0] in times and rest[0][1] == -1


def in_degrees(unit: Unit) -> bool:
    """Is it degrees Celsius or Fahrenheit?"""
    return unit.factors in ((("degC", 1),), (("degF", 1),))


def _temperature(unit: Unit) -> tuple[Fraction, Fraction] | None:
    return _TEMPERATURES.get(unit.factors[0][0]) if len(unit.factors) == 1 and unit.factors[0][1] == 1 else None


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(non_int_type=Fraction)
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


@lru_cache(maxsize=512)
def _base(factors: tuple[tuple[str, int], ...]) -> tuple[Fraction, frozenset[tuple[str, int]]]:
    """A unit in base units: its factor, and their exponents. Raises ValueError for one that pint cannot convert."""
    registry = _registry()
    unit: Any = registry.Unit("")
    for name, exponent in factors:
        unit *= registry.Unit(name.replace("degC", "delta_degC").replace("degF", "delta_degF")) ** exponent
    try:
        factor, base = registry.get_base_units(unit)
    except Exception as error:
        raise ValueError(str(error)) from error
    dimensions = registry.Unit(base).dimensionality
    angular = any(name in _ANGLES for name, _ in factors)
    return Fraction(factor), frozenset({**dimensions, **({"angle": 1} if angular else {})}.items())

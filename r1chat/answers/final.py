r"""Where in a reply its final answer stands. Pure: text in, text out, spelled as it was written.

Owns the ways in which models announce a result, in English and Chinese, and what a choice looks like. Does not judge
what it finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from r1chat.answers import checks, dates, denials, letters, numerals, parts, retractions, spoken, units
from r1chat.answers.exclamations import calm
from r1chat.answers.letters import choice, choices
from r1chat.answers.retractions import NUMBER as _NUMBER
from r1chat.answers.spelling import TEXT, boxes, tidy, unwrap

WINDOW = 4_000  # characters at the end of an answer in which it is looked for, where nothing is boxed
_NEAR = 3  # lines at the end in which a number is looked for: further up it is seldom the answer
_LEAD = 80  # characters before an announcement that may say whose it is
_SHORT = 40  # characters of a line that may be the answer as a whole
_LINK = 40  # characters between two boxes that state one answer together
_MASK = "\ue001"  # stands for every character of a formula while sentences are divided

_SPAN = re.compile(r"\$\$(.{1,400}?)\$\$|\\\[(.{1,400}?)\\\]|\\\((.{1,400}?)\\\)|\$([^$\n]{1,400})\$", re.DOTALL)
_OPENING = re.compile(r"\$|\\[(\[]")
_ANNOUNCED = re.compile(
    r"\b(?:answers?|option|choice)\b[^.\n:：=]{0,40}?(?:\b(?:is|are|be)\b|[:：=])(?:\sthus|\stherefore)?"
    r"[ *_]{0,3}[:：]?"
    r"|^[ #*_]{0,8}(?:final\s+)?(?:answer|solution|result)s?[ *_]{0,4}[:：]?[ *_]{0,4}$"
    r"|^[ #*_]{0,8}(?:最终)?(?:答案|结果|结论)[ *_]{0,4}[:：]?[ *_]{0,4}$"
    r"|(?:答案|选项|選項)[^。，\n:：]{0,10}?(?:是(?!否)|为|為|[:：])[ *_]{0,3}[:：]?"
    r"|^[ *_]{0,4}(?P<sentence>答)[ *_]{0,4}[:：]"
    r"|(?:选择|選擇|选|選)[ *_:：]{0,4}(?=[ *_$]{0,4}[(（]?(?-i:[A-J]{1,6}(?![a-zA-Z])))"
    r"|^ {0,3}####(?!#)",
    re.IGNORECASE | re.MULTILINE,
)
_REPORTED = re.compile(
    r"\b(?:some|many|most|others|people|students|one|you|it)(?:\s+people)?(?:\s+(?:may|might|could|would))?"
    r"\s+(?:say|think|claim|believe|argue|guess|expect|seem)s?(?:\s+that)?\s+(?:the\s+)?(?:\w{1,10}\s)?$"
    r"|有人(?:说|认为|以为)[^。\n]{0,4}$|(?:人|同学|学生)[会都就常可能]{0,4}$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:(?:certainly|definitely|clearly|probably|really|therefore|also)\s+)?(?:not|never|unknown|unclear|hardly|nowhere"
    r"|no\s+longer|by\s+no\s+means|in\s+no\s+way|(?:something\s+)?other\s+than|different\s+from|anything\s+but|far\s+from"
    r"|(?:as )?follows)\b|[不未如]",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:not|cannot|never)\b|n['’]t\b|[不未难非没]", re.IGNORECASE)
_ASKED = re.compile(r"[^\w\n]{0,6}[吗么呢]?[^\w\n]{0,3}[?？]")
_PLACE = re.compile(r"(?:(?:found|given|shown|explained)\s+)?(?:in|on|at|see|under|from)\s|[在见]", re.IGNORECASE)
_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_STARS = re.compile(r"(?<![\w)])(?:\*\*|__)|(?:\*\*|__)(?![\w(])")
_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)  # asked for by R1-Zero's prompt
_EMPTY_BOX = re.compile(r"\\boxed\s*\{\s*\}?")
_PAUSE = re.compile(
    r"[。！？；]|，(?!\s*\ue001)|[.?;](?:\s|$)|(?<=[^\W\d_][^\W\d_])!|,\s+(?=[a-zA-Z]{2})(?!(?:and|or)\b)"
    r"|\s(?:because|since|so|which|where|as)\s|\s\((?=[a-zA-Z])",
    re.IGNORECASE,
)
_EXPLAINED = re.compile(
    r"[,，]?\s+(?:because|since|as|where|which(?!\s+(?:makes|leaves|equals|totals)\b)"
    r"|for(?!\s+(?:is|are|was)\b)|after|before|out of|if|when"
    r"|rather than|instead of|in order)\s"
    r"|\sto\s+(?!get|the\s(?:\w+\s)?power|obtain|give|find|yield|equal|be\b|make|reach|arrive|produce)[a-z]{2,}\s"
    r"|[,，]?因为|[,，]?即|\s\((?=[a-zA-Z])",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d:])\d{1,2}:[0-5]\d(?::[0-5]\d)?(?![\d:])(?:\s*[ap]\.?m\b\.?)?", re.IGNORECASE)
_CONCLUDED = re.compile(  # the result comes behind the reason after all: "for the three pens, so each costs **$1.25**"
    r"\*\*[^*]{0,40}\d|(?:[,;]\s*(?:and\s+)?|\s)(?:so|thus|hence|therefore|making|giving)\s[^.]{0,80}\d|所以|因此|故",
    re.IGNORECASE,
)
_PROVED = re.compile(r"\b(?:because|since|as|which)\b|因为", re.IGNORECASE)
_EQUALS = re.compile(rf"[+*/×·-]\s?{_NUMBER.pattern}[^=.\n]{{0,30}}=\s?{_NUMBER.pattern}")
_SENTENCE = re.compile(
    r"(?<=[。！？；])|(?<=[^\W\d_]\.)(?<!i\.e\.)(?<!e\.g\.)\s|(?<=[\d)$%*\ue001]\.)\s+(?=[A-Z])|(?<=[^\W\d_][!?])\s"
)
_NUMBERS = re.compile(
    rf"(?:{_NUMBER.pattern})(?:(?:\s|,|，|、|;|\band\b|\bor\b|和|或|与){{1,6}}(?:{_NUMBER.pattern})){{1,20}}"
)
_RATE = re.compile(
    r"\s?(?:per|an?|each|every)\s(?:square\s|cubic\s)?[a-zA-Z]{1,12}(?![a-zA-Z])|\s?每\s?[\u4e00-\u9fff]{1,3}",
    re.IGNORECASE,
)
_RATIO = re.compile(
    r"(?<![\d:])\d+(?:\.\d+)?(?:(?:[:∶]|\s[:∶]\s|\s?比\s?|(?<=比[为是]\d)：|(?<=比\d)：)\d+(?:\.\d+)?){1,4}(?![\d:])"
)
_RATIO_IN_WORDS = re.compile(
    r"\b(?:ratio|proportion|odds)\b[^.\n]{0,80}?(\d+(?:\sto\s\d+){1,4})(?![\d.]\d)", re.IGNORECASE
)
_VALUE = rf"(?<![a-zA-Z\\])[a-zA-Z](?:_?\d|[₀-₉])?\s?(?:=|is|equals|[为是])\s?(?:{_NUMBER.pattern})"
_SYSTEM = re.compile(rf"{_VALUE}(?:[,，;；]?\s?(?:and\s|[和且])?\s?{_VALUE}){{1,5}}")
_ASSIGNED = re.compile(_VALUE)
_IS = re.compile(r"\s(?:is|equals)\s|[为是]")
_BRACKETED = re.compile(r"[(（][^()（）\d\n]{0,20}\d[\d.,]{0,12}\s?[^()（）\d\n]{1,30}[)）]")
_UNIT_RUN = re.compile(
    r"(?i:\s(?:square|cubic|sq\.?|cu\.?|degrees?)(?=\s[a-z]))?\s?[a-zA-Z°℃℉µμΩ²³³/·^\u4e00-\u9fff\d]{1,16}"
)
_PARTS = ("", ",", "and", ", and", "又", "零")  # between the units of one quantity
_WORD = re.compile(r"(?<![\\a-zA-Z])(?:[a-zA-Z]{3,}|(?i:so|is|it|to|of|we|by|no)(?![a-zA-Z]))|[\u3400-\u9fff]")
_FUNCTIONS = """sin cos tan sec csc cot sinh cosh tanh arcsin arccos arctan log exp sqrt lim max min gcd lcm det mod
    theta alpha beta gamma lambda omega"""
_NO_WORDS = frozenset(_FUNCTIONS.split())
_VARIABLE = re.compile(r"\s*(?:\\[a-zA-Z]+|[a-zA-Z])(?:_\{?\w+\}?)?(?:\([a-zA-Z]\))?\s*")
_BULLET = re.compile(r"^\s*(?:[-*+•]|#{1,6}|\d{1,2}[.)])\s+")
_PICTURES = re.compile(
    r"(?<=[^\s\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\s\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]+$"
)
_COPULA = re.compile(r"\b(?:is|are|was|be|equals?|to)\b\s*:?|[为是]|=|[:：](?=\s)", re.IGNORECASE)
_LINKS = re.compile(r"(?:[\s,，、;；]|\b(?:and|or)\b|[和或与且])*", re.IGNORECASE)
_JUDGED = re.compile(r"\W*(yes|no|true|false|是的|不是|不能|能|正确|错误)(?=[\s*_]*[,.;:，。；：!！—])", re.IGNORECASE)
_BOX_LINK = re.compile(
    r"[\s$*_,，、;；]*(?:\\[()\[\]]\s*)?(?P<joint>and|or|和|或者?|与|且|以及)?[\s$*_,，、;；]*(?:\\[()\[\]]\s*)?"
    r"(?:(?P<name>[a-zA-Z](?:_\{?\w\}?)?)\s*=)?[\s$]*",
    re.IGNORECASE,
)
_BOX_NAME = re.compile(r"(?<![a-zA-Z\\])([a-zA-Z](?:_\{?\w\}?)?)\s*=\s*$")
_CHOSEN = re.compile(
    r"\b(?:option|choice|answer)\s+[*(\[]{0,3}([A-J])[*)\]]{0,3}\s+is\s+(?:the\s+)?(?:correct|right)", re.IGNORECASE
)
_NO_VALUE = re.compile(
    r"\b(?:not|no|less|more|least|most|between|above|below|under|over|never|cannot|or|and|except|without|fewer)\b|n't"
    r"|[不非无没或和与]|至少|至多|超过|以上|以下|大于|小于|除",
    re.IGNORECASE,
)


_ONLY_MARKS = re.compile(r"[\s\\\[\]()$*.,;:^-]*")  # delimiters that nothing stands between; {} is a set


@dataclass(frozen=True, slots=True)
class _Statement:
    """Where a reply states its result."""

    result: str
    behind: str = ""  # what the reply goes on to say; empty where the result stands last
    around: str = ""  # the lines that state it; empty for a box
    announced: bool = False
    reported: bool = False  # as what others say
    unclear: bool = False  # whether it is the result: it may be denied, doubted, a check or a part of it


def final_answer(answer: str) -> str | None:
    r"""The result that an answer arrives at, as it is written there; None where there is none, or it was taken back.

    The last `\boxed{…}` counts, with those before it that it is joined to by a comma, "and" or "or"; else what follows
    the last "the answer is", "答案是" or `####`; else the last line where it is nothing but a formula, a choice or
    bold; else what the last line emphasises; else the last number of the last lines; else the last line if it is short.
    A boxed or announced result that is taken back behind it gives way to what is plainly stated instead. None, too,
    where a number is named, but not plainly stated: see `is_unclear`.
    """
    statement = _final(_plain(answer))
    return None if statement is None or statement.unclear else _settled(statement)


def as_factorial(answer: str) -> str | None:
    """The result with the exclamation mark that stands behind it, which may be meant as a factorial; None without."""
    result, exclaimed = final_answer(answer), _final(answer)
    if result is None or exclaimed is None or not exclaimed.result.startswith(f"{result}!"):
        return None
    return f"{result}!"


def is_taken_back(answer: str) -> bool:
    """Does an answer state a result and take it back without plainly stating another?"""
    statement = _final(_plain(answer))
    return statement is not None and not statement.unclear and _settled(statement) is None


def is_unclear(answer: str) -> bool:
    """Does an answer name a number without plainly stating it as its result: denied, doubted, or one of several?"""
    statement = _final(_plain(answer))
    return statement is not None and statement.unclear


def chosen(answer: str) -> str | None:
    """The letters that an answer chooses, in order; empty where it names none, None where it chooses none plainly."""
    answer = _plain(answer)
    statement = _final(answer)
    if statement and not statement.unclear and (statement.announced or not statement.around):
        result = _settled(statement) or ""
        if plain := "".join(sorted(choices(result))) or choice(result):
            return plain
        if small := re.fullmatch(r"\(?([a-j])\)?", result):
            return small[1].upper()
    return letters.chosen(answer[-WINDOW:])


def stated(answer: str) -> tuple[str, bool]:
    """The line in which an answer announces its result, and True; or its last lines, and False. No text for a box."""
    statement = _final(_plain(answer))
    return (statement.around, statement.announced) if statement else ("", False)


@lru_cache(maxsize=16)
def _plain(answer: str) -> str:
    return spoken.plain(calm(answer))


def _settled(statement: _Statement) -> str | None:
    result = choice(statement.result) or statement.result
    after = retractions.settled(result, statement.behind, reported=statement.reported)
    return statement.result if after == result else after


@lru_cache(maxsize=16)
def _final(answer: str) -> _Statement | None:
    statement = _first_statement(answer)
    if statement is None or (_ONLY_MARKS.fullmatch(statement.result) and not statement.unclear):
        return None
    return statement


def _first_statement(answer: str) -> _Statement | None:
    if box := _boxed(answer):
        result = unwrap(box)
        behind = answer[boxes(answer)[-1][1] :]
        if len(behind) > 2 * WINDOW:
            behind = f"{behind[:WINDOW]}\n{behind[-WINDOW:]}"
        return _Statement(result, behind) if result else None
    tail = _EMPTY_BOX.sub("", answer[-WINDOW:])
    if tagged := _TAGGED.findall(tail):
        tail = tagged[-1]
    reported: _Statement | None = None
    for announced in reversed(list(_ANNOUNCED.finditer(tail))):
        if chosen := _CHOSEN.match(tail, announced.start()):
            return _Statement(chosen[1], tail[chosen.end() :], chosen[0], announced=True)
        rest = tail[announced.end() :].lstrip()
        if _DENIED.match(rest) or _NEGATED.search(announced[0]):
            continue
        result = _stated(checks.divided(rest)[0], whole=bool(announced["sentence"]))
        if result:
            line = rest.lstrip("*_ \n").partition("\n")[0]
            behind = _behind(rest, result)
            unclear = bool(_PLACE.match(rest)) and not _NUMBER.search(denials.without_labels(line))
            statement = _Statement(retractions.before_mark(result), behind, line, announced=True, unclear=unclear)
            begin = max(tail.rfind("\n", 0, announced.start()), announced.start() - _LEAD)
            before = tail[begin : announced.start()] if begin >= 0 else "\n" + tail[: announced.start()]
            if not (_REPORTED.search(before) or denials.is_doubt(before) or _ASKED.match(behind)):
                return statement
            reported = reported or replace(statement, reported=True)
    return reported or _last(tail)


def _behind(text: str, result: str) -> str:
    """The text behind the first value of what was announced."""
    start = text.find(result)
    if start >= 0 and (letter := choice(result)):
        return text[text.index(letter, start) + 1 :]
    if start >= 0 and (number := _NUMBER.search(text, start, start + len(result))):
        return text[number.end() :]
    if start >= 0:
        return text[start + len(result) :]
    number = _NUMBER.search(text)
    return text[number.end() :] if number else text[len(text.partition("\n")[0]) :]


def all_boxes(answer: str) -> list[str]:
    r"""The contents of every `\boxed{…}`, in order."""
    return [content for _, _, content in boxes(answer)]


def is_prose(text: str) -> bool:
    r"""Does the text hold words, other than names of functions and what `\text{…}` holds?"""
    return any(word.lower() not in _NO_WORDS for word in _WORD.findall(TEXT.sub(" ", text)))


def is_system(text: str) -> bool:
    """Is a text the values of several names: x = 3 and y = 2?"""
    return bool(_SYSTEM.fullmatch(text))


def last_values(answer: str, count: int) -> str:
    """The last lines of an answer, joined, where each is the value of a name; else empty."""
    lines = [_without_delimiters(unwrap(_bare(line))) for line in answer.strip().splitlines()[-count:]]
    return ", ".join(lines) if len(lines) == count and all(map(_ASSIGNED.fullmatch, lines)) else ""


def single_number(text: str) -> re.Match[str] | None:
    """The only number in a sentence that states it: no comparison, no negation."""
    if _NO_VALUE.search(text):
        return None
    numbers = list(_NUMBER.finditer(text))
    return numbers[0] if len(numbers) == 1 else None


def _boxed(answer: str) -> str:
    """The last box, and those that are joined to it: `x = 2` or `x = 3`."""
    spans = boxes(answer)
    if not spans:
        return ""
    parts: list[str] = []
    joint = ""
    for index in range(len(spans) - 1, -1, -1):
        start, _, content = spans[index]
        name = _BOX_NAME.search(answer[max(0, start - 20) : start])
        parts.insert(0, f"{name[1]} = {content}" if name and len(spans) > 1 else content)
        if index == 0 or start - spans[index - 1][1] > _LINK:
            break
        link = _BOX_LINK.fullmatch(answer, spans[index - 1][1], start)
        if not link or not link[0].strip() or "\n\n" in link[0]:
            break
        joint = link["joint"] or joint
    if len(parts) == 1:
        return spans[-1][2]
    return (r" \text{ or } " if joint.lower() in ("or", "或", "或者") else ", ").join(parts)


def _stated(text: str, *, whole: bool) -> str:
    """The answer at the beginning of what was announced; `whole`: a sentence was, with all its clauses."""
    text = text.lstrip("*_ \n")
    span = _span(text)
    if span and (span[1] or span[2]):  # a formula on lines of its own
        return _result(_content(span))
    end = text.find("\n", span.end() if span else 0)
    line = text if end < 0 else text[:end]
    if choice(bare := _STARS.sub("", line.rstrip("*_ "))):
        return unwrap(bare)
    clause = _PICTURES.sub("", _divided(line)[0] if whole else _clause(line))
    return _sentence(_unexplained(clause), first=True) or ""


def _span(text: str, start: int = 0) -> re.Match[str] | None:
    """A formula with its delimiters at `start`; the text between two prices is none."""
    span = _SPAN.match(text, start)
    if span is None or not span[4] or not span[4][0].isdigit():
        return span
    behind = text[span.end() : span.end() + 1]
    return None if is_prose(span[4]) or span[4][-1].isspace() or behind.isdigit() else span


def _spans(text: str) -> list[re.Match[str]]:
    """All formulas of a text."""
    spans, start = [], 0
    while opening := _OPENING.search(text, start):
        span = _span(text, opening.start())
        if span:
            spans.append(span)
        start = span.end() if span else opening.end()
    return spans


def _masked(text: str) -> str:
    for span in _spans(text):
        text = text[: span.start()] + _MASK * len(span[0]) + text[span.end() :]
    return text


def _clause(line: str) -> str:
    """The line up to its first pause that is not within a formula."""
    pause = _PAUSE.search(_masked(line))
    return line[: pause.start()] if pause else line


def _sentence(sentence: str, *, first: bool) -> str | None:
    """The answer in a sentence. `first`: it was announced, so it comes early; else it comes last."""
    plain = unwrap(_STARS.sub("", sentence))
    if not plain:
        return None
    if not is_prose(_masked(sentence).replace(_MASK, " ")):
        return _result(unwrap(_without_delimiters(plain)))
    if values := [span for span in _spans(sentence) if not _VARIABLE.fullmatch(_content(span))]:
        return _result(unwrap(_without_delimiters(_run(sentence, values, first=first))))
    for bold in map(unwrap, reversed(_BOLD.findall(sentence))):
        if not is_prose(bold):
            return bold
        if _NUMBER.search(bold):
            return _measured(bold) or bold
    if first and _JUDGED.match(plain + ",") and len(plain) < _SHORT:
        return plain
    numbers = list(_NUMBER.finditer(plain))
    if numbers and (clock := next((time for time in _CLOCK.finditer(plain) if time.end() >= numbers[-1].end()), None)):
        return clock[0]
    if system := next(_SYSTEM.finditer(plain), None):
        return _IS.sub(" = ", system[0])
    if numbers and (ratio := _ratio(plain, numbers[-1])):
        return ratio
    if _NUMBERS.fullmatch(plain) or (first and _begins_with_number(plain)) or not numbers:
        return _result(plain) if first else None
    for copula in reversed(list(_COPULA.finditer(plain))):
        rest = unwrap(plain[copula.end() :])
        if _NUMBERS.fullmatch(rest):
            return rest
        if parts_of_ratio := _RATIO.match(rest):
            return parts_of_ratio[0]
        if rest and not is_prose(rest) and re.search(r"\w", rest) and (first or _NUMBER.search(rest)):
            return _result(rest)
        if number := _NUMBER.match(rest):
            return _with_unit(rest, number)
    if len(numbers) == 1 or not first:
        return _with_unit(plain, numbers[-1])
    return _result(plain)


def _ratio(text: str, number: re.Match[str]) -> str:
    """The ratio that a number is the end of; empty where it is none."""
    if numerals.ratio(text):
        return text
    ratios = [match[0] for match in _RATIO.finditer(text) if match.end() >= number.end()]
    ratios += [match[1] for match in _RATIO_IN_WORDS.finditer(text) if match.end() >= number.end()]
    return ratios[0] if ratios else ""


def _begins_with_number(text: str) -> bool:
    """Is it one number with its unit, and nothing else?"""
    number = _NUMBER.match(text)
    if number is None:
        return False
    rest = text[number.end() :]
    return not _NUMBER.search(rest) and not _COPULA.search(rest) and len(rest) <= _SHORT


def _measured(text: str) -> str | None:
    """The only number of a text, with its unit."""
    numbers = list(_NUMBER.finditer(text))
    return _with_unit(text, numbers[0]) if len(numbers) == 1 else None


def _with_unit(text: str, number: re.Match[str]) -> str:
    """A number with the known unit behind it; a quantity in several units whole: 2 hours and 30 minutes.

    The whole text where words beside the number change its value.
    """
    start, end = number.start(), _end_of_unit(text, number)
    for earlier in reversed(list(_NUMBER.finditer(text, 0, number.start()))):
        first = _end_of_unit(text, earlier)
        if end == number.end() or first == earlier.end() or text[first:start].strip().lower() not in _PARTS:
            break
        start = earlier.start()
    if spoken.is_part(text, start, end):
        return text
    return text[start:end].strip()


def quantities(sentence: str) -> Iterator[str]:
    """Every number of a sentence, with its unit."""
    return (_with_unit(sentence, number) for number in _NUMBER.finditer(sentence))


def _end_of_unit(text: str, number: re.Match[str]) -> int:
    """Where a number ends with its "million" and the known unit of measurement, or rate, behind it."""
    scale = numerals.scale(text, number.end())
    start = scale[1] if scale else number.end()
    run = _UNIT_RUN.match(text, start)
    for end in range(run.end() if run else start, start, -1):
        behind = text[end : end + 1]
        if behind.isascii() and behind.isalpha():
            continue
        if text[start:end].strip() == "in" and re.match(r"\s+[a-z]", text[end:]):
            continue  # 72 in all
        if _is_unit(text[start:end]):
            rate = _RATE.match(text, end)
            return rate.end() if rate and _is_unit(text[start : rate.end()]) else end
    return start


def _is_unit(text: str) -> bool:
    candidate = tidy("1 " + text)
    match = units.match(candidate, 1)
    return match is not None and bool(match[0].factors) and match[1] == len(candidate)


def _run(sentence: str, spans: list[re.Match[str]], *, first: bool) -> str:
    """The first or last formula, with those that are joined to it by a comma, "and" or "or"."""
    at = 0 if first else len(spans) - 1
    low = high = at
    while high + 1 < len(spans) and first and _LINKS.fullmatch(sentence, spans[high].end(), spans[high + 1].start()):
        high += 1
    while low > 0 and not first and _LINKS.fullmatch(sentence, spans[low - 1].end(), spans[low].start()):
        low -= 1
    text = sentence[spans[low].start() : spans[high].end()]
    run = _UNIT_RUN.match(sentence, spans[high].end())
    if run and units.match(tidy("1 " + run[0]), 1):
        text += run[0]
    return text


def _without_delimiters(text: str) -> str:
    for span in reversed(_spans(text)):
        text = text[: span.start()] + _content(span) + text[span.end() :]
    return text


def _last(text: str) -> _Statement | None:
    """What a text states that announces nothing."""
    if text.rstrip().endswith("```"):  # code answers in another way
        return None
    if not _names("\n".join(text.splitlines()[-_NEAR:])) and not dates.read(tidy(unwrap(text))):
        text = numerals.counted_in_digits(text)
    around = "\n".join(text.splitlines()[-_NEAR:])
    if letter := letters.marked(text):
        return _Statement(letter, around=around)
    text, certain = checks.divided(text)
    result, stated = _at_the_end(text)
    return _Statement(result or "", around=around, unclear=not (certain and stated)) if result or not stated else None


def _at_the_end(text: str) -> tuple[str | None, bool]:
    """The result with which a text ends, and False where it names a number that may not be its result."""
    lines = [_bare(line) for line in text.splitlines() if re.search(r"\w", line)]
    if not lines:
        return None, True
    spans = _spans(text)
    if spans and (spans[-1][1] or spans[-1][2]) and not re.search(r"\w", text[spans[-1].end() :]):
        return _result(_content(spans[-1])), True
    last = unwrap(lines[-1])
    if choice(last) or not is_prose(last) or _BOLD.fullmatch(lines[-1]):
        return _result(last), True
    judged = _JUDGED.match(lines[0])
    if judged and len(lines) == 1 and not denials.without_denied(last)[1]:
        return last, True
    short = len(last) <= _SHORT
    if not _NUMBER.search(last) and not _spans(last) and short and len(lines) == 1:
        return last, True
    near = lines[-_NEAR:]
    result, stated = _last_number(near)
    if result or not stated:
        return result, stated and not denials.refuses("\n".join(near))
    if judged:
        return judged[1], True
    return (last if short and not re.search(r"[.!?。！？:：]$", lines[-1]) else None), True


def _bare(line: str) -> str:
    """A line without a bullet before it and pictures behind it."""
    return _PICTURES.sub("", _BULLET.sub("", line)).strip()


def _last_number(lines: list[str]) -> tuple[str | None, bool]:
    """The result in the last sentence of some lines that states one, and False where that is not plain.

    Passed over: what is asked, numbers of pages and the like, and a sentence that says of itself that it is a check.
    """
    passed_over = False
    sentences = [part for line in lines for part in _divided(line) if re.search(r"\w", part)]
    for sentence in reversed(sentences):
        if not _names(sentence):
            continue
        passed_over = True
        rest, denied = denials.without_denied(denials.without_labels(sentence))
        if denials.is_question(sentence) or denials.is_elsewhere(sentence):
            continue
        rest = checks.without_check(rest)
        if not _names(rest):
            if denied:
                return None, False
            continue
        rest, whole = parts.before_parts(_without_conversion(rest))
        if answer := _sentence(_unexplained(rest), first=False):
            return answer, whole and denied.isdisjoint(map(retractions.bare, _NUMBER.findall(answer)))
    return None, not passed_over


def _without_conversion(sentence: str) -> str:
    """A sentence without the same quantity in another unit: "5 km (about 3.1 miles)"."""
    for bracket in _BRACKETED.finditer(sentence):
        number = _NUMBER.search(bracket[0])
        values = list(_NUMBER.finditer(sentence, 0, bracket.start()))
        if values and number and _end_of_unit(sentence, values[-1]) >= len(sentence[: bracket.start()].rstrip()):
            a, b = (
                units.match(tidy("1 " + text), 1)
                for text in (sentence[values[-1].end() : bracket.start()], bracket[0][number.end() : -1])
            )
            if (
                a
                and b
                and a[0].factors != b[0].factors
                and a[0].factors
                and b[0].factors
                and units.conversion(a[0], b[0])
            ):
                return sentence[: bracket.start()] + sentence[bracket.end() :]
    return sentence


def _names(sentence: str) -> bool:
    """Does a sentence hold a number or a formula?"""
    return bool(_NUMBER.search(sentence)) or any(not _VARIABLE.fullmatch(_content(span)) for span in _spans(sentence))


def _unexplained(sentence: str) -> str:
    """The sentence up to the reason that it gives, if a result stands before that."""
    for reason in _EXPLAINED.finditer(_masked(sentence)):
        if _CONCLUDED.search(sentence, reason.end()):
            break
        if not _PROVED.search(reason[0]) and _EQUALS.search(sentence, reason.end()):
            break  # 30 for one and 40 for the other: 30 + 40 = 70
        if _NUMBER.search(sentence[: reason.start()]):
            before = sentence[: reason.start()]
            bracket = before.rfind("(")
            aside = bracket > before.rfind(")") and _NUMBER.search(before[:bracket])  # 24 (12 for each half)
            return before[:bracket] if aside else before
    return sentence


def _divided(line: str) -> list[str]:
    """The sentences of a line."""
    masked = _masked(line)
    ends = [0, *(end.end() for end in _SENTENCE.finditer(masked)), len(line)]
    return [line[start:end] for start, end in pairwise(ends)]


def _content(span: re.Match[str]) -> str:
    return unwrap(next(group for group in span.groups() if group))


def _result(text: str) -> str:
    """What a chain of equations ends in; an equation that only names the result (`x = 5`) stays whole."""
    parts = text.rstrip("*_ ").split("=")
    if (
        len(parts) == 1
        or re.search(r"[,，、;&]|\\\\|\b(?:and|or)\b|[或和且]", text)
        or not parts[-1].strip()
        or (
            len(parts) == 2
            and (any(map(_VARIABLE.fullmatch, parts)) or (re.search(r"[a-zA-Z]", parts[0]) and not is_prose(parts[0])))
        )
    ):
        return text
    return unwrap(parts[-1])

r"""Where in a reply its final answer stands. Pure: text in, text out, spelled as it was written.

Owns the ways in which models announce a result, in English and Chinese, and what a choice looks like. Does not judge
what it finds.
"""

from __future__ import annotations

import re

from r1chat.answers import numbers
from r1chat.answers.spelling import TEXT, last_box, tidy, unwrap

WINDOW = 4_000  # characters at the end of an answer in which it is looked for, where nothing is boxed
_NEAR = 3  # lines at the end in which a number is looked for: further up it is seldom the answer
_SHORT = 40  # characters of a line that may be the answer as a whole

_SPAN = re.compile(r"\$\$(.{1,400}?)\$\$|\\\[(.{1,400}?)\\\]|\\\((.{1,400}?)\\\)|\$([^$\n]{1,400})\$", re.DOTALL)
_ANNOUNCED = re.compile(
    r"\b(?:answer|option|choice)\b[^.\n:：=]{0,40}?(?:\b(?:is|are|be)\b|[:：=])(?:\sthus|\stherefore)?[ *_]{0,3}[:：]?"
    r"|(?:答案|选项|選項)[^。，\n:：]{0,10}?(?:是(?!否)|为|為|[:：])[ *_]{0,3}[:：]?"
    r"|(?:选择|選擇|选|選)[:：]?(?=[ *_]{0,4}[(（]?[A-J](?![a-zA-Z]))"
    r"|^ {0,3}####",
    re.IGNORECASE | re.MULTILINE,
)
_DENIED = re.compile(r"(?:not|unknown|unclear|(?:as )?follows)\b|[不未如]", re.IGNORECASE)
_BOLD = re.compile(r"\*\*[^*\n]{1,200}\*\*")
_STARS = re.compile(r"(?<![\w)])(?:\*\*|__)|(?:\*\*|__)(?![\w(])")
_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)  # asked for by R1-Zero's prompt
_EMPTY_BOX = re.compile(r"\\boxed\s*\{\s*\}?")
_PAUSE = re.compile(
    r"[。！？；，]|[.!?;](?:\s|$)|,\s+(?=[a-zA-Z])|\s(?:because|since|so|which|where|as)\s", re.IGNORECASE
)
_NUMBER = re.compile(
    r"(?:(?<![0-9a-zA-Z)\]}.])[-−])?[$¥€£]?"
    r"(?:\\[dt]?frac\s*(?:\{-?[\d.]{1,40}\}|\d)\s*(?:\{[\d.]{1,40}\}|\d)"
    r"|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:/\d+)?)(?:\s?\\?[%％])?"
)
_WORD = re.compile(r"(?<![\\a-zA-Z])(?:[a-zA-Z]{3,}|(?i:so|is|it|to|of|we|by|no)(?![a-zA-Z]))|[\u3400-\u9fff]")
_FUNCTIONS = "sin cos tan sec csc cot sinh cosh tanh log exp sqrt lim max min gcd lcm det mod theta alpha beta lambda"
_NO_WORDS = frozenset(_FUNCTIONS.split())
_VARIABLE = re.compile(r"\s*(?:\\[a-zA-Z]+|[a-zA-Z])(?:_\{?\w+\}?)?\s*")
_BULLET = re.compile(r"^\s*(?:[-*+•]|#{1,6}|\d{1,2}[.)])\s+")
_LETTER = re.compile(r"[(\[（][A-J][)\]）]")
_CHOICE = re.compile(
    r"(?i:option|choice|选项|選項|选|選)?[\s:：]*(?:[(\[（]([A-J])[)\]）]|([A-J])(?=\s*$|\s*[).:：、）](?!\d)|\s+[(（]))"
)


def final_answer(answer: str) -> str | None:
    r"""The result that an answer arrives at, as it is written there; None where there is none.

    The last `\boxed{…}` counts; else what follows the last "the answer is", "答案是" or `####`; else the last line
    where it is nothing but a formula, a choice or bold; else the last number of the last lines; else the last line if
    it is short.
    """
    if box := last_box(answer):
        return unwrap(box) or None
    tail = _EMPTY_BOX.sub("", answer[-WINDOW:])
    if tagged := _TAGGED.findall(tail):
        tail = tagged[-1]
    for announced in reversed(list(_ANNOUNCED.finditer(tail))):
        stated = _stated(tail[announced.end() :].lstrip())
        if stated and not _DENIED.match(stated):
            return stated
    return _last(tail)


def choice(text: str) -> str | None:
    """The letter of a choice, A to J: `B`, `(B)`, `B. Paris`, `选B`; None where the text is no choice."""
    text = unwrap(text)
    match = _CHOICE.match(text)
    if match is None or len(_LETTER.findall(text)) > 1:  # a list of the choices
        return None
    return match[1] or match[2]


def is_prose(text: str) -> bool:
    r"""Does the text hold words, other than names of functions and what `\text{…}` holds?"""
    return any(word.lower() not in _NO_WORDS for word in _WORD.findall(TEXT.sub(" ", text)))


def _stated(text: str) -> str:
    """The answer at the beginning of what was announced."""
    if span := _SPAN.match(text.lstrip("*_ \n")):
        return _result(_content(span))
    line = _STARS.sub("", text.strip("*_ \n").partition("\n")[0])
    if choice(line):
        return unwrap(line)
    pause = _PAUSE.search(line)
    stated = unwrap(line[: pause.start()] if pause else line)
    found: list[str] = _NUMBER.findall(stated)
    if len(found) == 1 and is_prose(stated) and numbers.read(tidy(stated)) is None:
        return found[0].strip()
    return _result(stated)


def _last(text: str) -> str | None:
    """The answer of a text that announces none."""
    if text.rstrip().endswith("```"):  # code answers in another way
        return None
    lines = [_BULLET.sub("", line).strip() for line in text.splitlines() if re.search(r"\w", line)]
    if not lines:
        return None
    spans = list(_SPAN.finditer(text))
    if spans and not re.search(r"\w", text[spans[-1].end() :]):
        return _result(_content(spans[-1]))
    last = unwrap(lines[-1])
    if choice(last) or not is_prose(last) or _BOLD.fullmatch(lines[-1]):
        return _result(last)
    short = len(last) <= _SHORT
    found: list[str] = _NUMBER.findall(last)
    if not found and short and len(lines) == 1:
        return last
    if found := found or _NUMBER.findall("\n".join(lines[-_NEAR:])):
        return found[-1].strip()
    return last if short and not re.search(r"[.!?。！？:：]$", lines[-1]) else None


def _content(span: re.Match[str]) -> str:
    return unwrap(next(group for group in span.groups() if group))


def _result(text: str) -> str:
    """What a chain of equations ends in; an equation that only names the result (`x = 5`) stays whole."""
    parts = text.rstrip("*_ ").split("=")
    if len(parts) == 1 or "," in text or not parts[-1].strip() or (len(parts) == 2 and _VARIABLE.fullmatch(parts[0])):
        return text
    return unwrap(parts[-1])

"""An answer, read in every way that it may be meant: as a text, a choice, a moment, mathematics."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from r1chat.answers import dates, numerals, spoken, syntax
from r1chat.answers.final import is_prose, single_number
from r1chat.answers.letters import choice, choices
from r1chat.answers.retractions import NUMBER
from r1chat.answers.spelling import CURRENCY, tidy, unwrap
from r1chat.answers.tree import Node, Num, Op, Quantity

LONGEST = 1_000  # characters; longer answers are compared as text only
_MARKS = re.compile(r"[*_`$\"“”「」’‘~]+|(?<![0-9)])[!！]|[.。,，;；:：?？]+(?=\s|$)|(?<=\s)'|'(?=\s|$)")
_WEEKDAY = re.compile("(?:周|礼拜)(?=[一二三四五六日天])")
_SPACE = re.compile(r"(?<!\d)\s+|\s+(?!\d)")  # all but those between two digits
_LEAD = re.compile(
    r"\s*(?:(?:the\s+)?(?:final\s+)?answer\s+is|approximately|approx\.?|about|roughly|around|therefore|thus|hence|so"
    r"|exactly|only|is|are|答案[是为]?|大约是?|约为?|等于|[是为共]|一共|∴|∵|~|\\sim|\\approx|\\therefore|:)\s*",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\s*(?:[A-Za-z][A-Za-z ']{2,40}|[\u4e00-\u9fff]{1,14})\s*(?:=|:|\\approx|为|是)\s*(?=\S)")
_DOLLAR = re.compile(r"\$")
_JUDGED = re.compile(
    r"(yes|no|true|false|是的|不是|正确|错误|是|否|不能|能|对|错)(?=\s*[,.;:，。；：!！(—-]|\s*$)", re.IGNORECASE
)
_WORDS = {
    "是的": "yes",
    "是": "yes",
    "否": "no",
    "不是": "no",
    "正确": "true",
    "对": "true",
    "错误": "false",
    "错": "false",
    "能": "yes",
    "不能": "no",
}
_SYNONYMS = (
    (r"allrealnumbers|allreals|全体实数|任意实数|所有实数|一切实数", r"\mathbb{R}"),
    (r"nosolutions?|norealsolutions?|无解|无实数解|emptyset|theemptyset|空集", r"\emptyset"),
    (r"infinity|无穷大|正无穷", r"\infty"),
)
_MATHEMATICAL = re.compile(r"[\\0-9^_=+*/<>]")


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer, read in every way that it may be meant."""

    text: str  # see `plain_text`
    letters: frozenset[str] = frozenset()  # of choices
    rest: str = ""  # what follows a choice's letter
    moment: dates.DateOrTime | None = None
    nodes: tuple[Node, ...] = ()  # as mathematics; the likeliest first
    word: str = ""  # yes, no, true or false, at the beginning
    unread: bool = False  # it looks like mathematics that could not be read


@lru_cache(maxsize=2048)
def read(answer: str) -> Reading:
    """All that an answer may be."""
    plain = unwrap(_undelimited(unwrap(tidy(spoken.plain(unwrap(answer[: 20 * LONGEST]))))))
    text = plain_text(plain)
    if len(plain) > LONGEST or len(answer) > 20 * LONGEST:
        return Reading(answer, unread=not is_prose(plain[:LONGEST]))
    for pattern, symbol in _SYNONYMS:
        if re.fullmatch(pattern, text.casefold()):
            plain = symbol
    letters = choices(plain)
    rest = ""
    if not letters and (letter := choice(plain)):
        letters = frozenset(letter)
        rest = re.sub(r"^[\s(\[]*(?i:option|choice|选项|选)?[\s:(\[]*[A-J][\s)\].:,、]*", "", plain).strip(" ()")
    word = _JUDGED.match(plain)
    nodes = _nodes(rest or plain)
    return Reading(
        text=text,
        letters=letters,
        rest=rest,
        moment=dates.read(plain),
        nodes=nodes,
        word=_WORDS.get(word[1], word[1].lower()) if word else "",
        unread=not nodes and (_changed(plain) if is_prose(plain) else bool(_MATHEMATICAL.search(plain))),
    )


def _changed(plain: str) -> bool:
    """Does prose hold a number whose value the words beside it change?"""
    return any(spoken.is_part(plain, *number.span()) for number in NUMBER.finditer(plain))


def plain_text(plain: str) -> str:
    """The characters that count when texts are compared: prose without case and marks, all without white space."""
    if is_prose(plain):
        plain = _WEEKDAY.sub("星期", _MARKS.sub("", plain).casefold())
    return _SPACE.sub("", plain)


def _undelimited(text: str) -> str:
    """Without the $ that delimit formulas; those before an amount become `CURRENCY`."""
    signs = [sign.start() for sign in _DOLLAR.finditer(text)]
    prices = [text[sign + 1 : sign + 2].isdigit() or text[sign + 1 : sign + 2] == "." for sign in signs]
    money = bool(signs) and (all(prices) or len(signs) % 2 == 1)
    return re.sub(r"\\[()\[\]](?![a-zA-Z])", " ", text.replace("$", CURRENCY if money else " "))


def _nodes(plain: str) -> tuple[Node, ...]:
    """The trees of a text, none where it is no mathematics."""
    nodes: list[Node] = []
    for text in _attempts(plain):
        for thousands in (True, False):
            try:
                node = syntax.parse(text, thousands=thousands)
            except (syntax.Unreadable, ValueError, RecursionError):
                continue
            if node not in nodes:
                nodes.append(node)
        if nodes:
            break
    return tuple(nodes)


def _attempts(plain: str) -> Iterable[str]:
    """Texts to read as mathematics, the likeliest first."""
    bare = plain
    for _ in range(3):
        lead = _LEAD.match(bare)
        if not lead or lead.end() == len(bare):
            break
        bare = bare[lead.end() :]
    yield numerals.ratio(bare) or numerals.to_digits(bare)
    label = _LABEL.match(bare)
    if label:
        yield numerals.to_digits(bare[label.end() :])
    if is_prose(plain) and (number := single_number(plain)) and not spoken.is_part(plain, *number.span()):
        yield plain[number.start() :].strip()
        yield number[0].strip()


def is_number(text: str) -> bool:
    """Is the text a rational number, perhaps with a unit?"""
    nodes = read(text).nodes
    if not nodes:
        return False
    node = nodes[0]
    if isinstance(node, Quantity):
        node = node.value
    if isinstance(node, Op) and node.kind == "neg":
        node = node.args[0]
    if isinstance(node, Op) and node.kind == "/":
        return all(isinstance(argument, Num) for argument in node.args)
    return isinstance(node, Num)


def is_formula(text: str) -> bool:
    """Can the text be read as mathematics?"""
    return bool(read(text).nodes)


def same_text(a: str, b: str) -> bool:
    """Are two texts the same, whatever their case, white space, punctuation and mark-up?"""
    return read(a).text == read(b).text

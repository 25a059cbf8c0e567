r"""Are two final answers the same? Each is read as a text, a choice, a moment or mathematics; then like meets like.

Owns the judgements of what people take for the same answer. The grammar stands in `syntax.py`, the arithmetic in
`arithmetic.py`, units in `units.py`. Nothing here depends on time: the same question has the same verdict everywhere.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeGuard

from r1chat.answers import arithmetic, dates, numerals, regions, syntax, units
from r1chat.answers.arithmetic import Undecided
from r1chat.answers.final import choice, choices, is_prose, single_number
from r1chat.answers.spelling import CURRENCY, tidy, unwrap
from r1chat.answers.syntax import (
    Based,
    Builder,
    Cases,
    Group,
    Matrix,
    Node,
    Num,
    Op,
    Quantity,
    Relation,
    Sym,
    Unreadable,
)
from r1chat.answers.units import Unit

LONGEST = 1_000  # characters; longer answers are compared as text only
_MOST_STEPS = 5_000  # pairs of nodes that one comparison looks at
_MOST_ITEMS = 60  # of a set or list that are compared one by one

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
}
_SYNONYMS = (
    (r"allrealnumbers|allreals|全体实数|任意实数|所有实数|一切实数", r"\mathbb{R}"),
    (r"nosolutions?|norealsolutions?|无解|无实数解|emptyset|theemptyset|空集", r"\emptyset"),
    (r"infinity|无穷大|正无穷", r"\infty"),
)
_MATHEMATICAL = re.compile(r"[\\0-9^_=+*/<>]")
_NAMES = ("angle", "triangle", "overline", "vec", "overrightarrow", "hat", "bar", "tilde", "widehat")


class _Budget(threading.local):
    """The pairs of nodes that this thread's comparison may still look at."""

    left = _MOST_STEPS


_budget = _Budget()


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer, read in every way that it may be meant."""

    text: str  # see `_text`
    letters: frozenset[str] = frozenset()  # of choices
    rest: str = ""  # what follows a choice's letter
    moment: dates.Moment | None = None
    nodes: tuple[Node, ...] = ()  # as mathematics; the likeliest first
    word: str = ""  # yes, no, true or false, at the beginning
    unread: bool = False  # it looks like mathematics that could not be read


@lru_cache(maxsize=2048)
def read(answer: str) -> Reading:
    """All that an answer may be."""
    plain = unwrap(_undelimited(unwrap(tidy(unwrap(answer[: 20 * LONGEST])))))
    text = _text(plain)
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
        unread=not nodes and not is_prose(plain) and bool(_MATHEMATICAL.search(plain)),
    )


def _text(plain: str) -> str:
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
    found: list[Node] = []
    for text in _attempts(plain):
        for thousands in (True, False):
            try:
                node = syntax.parse(text, thousands=thousands)
            except (Unreadable, ValueError, RecursionError):
                continue
            if node not in found:
                found.append(node)
        if found:
            break
    return tuple(found)


def _attempts(plain: str) -> Iterable[str]:
    """Texts to read as mathematics, the likeliest first."""
    bare = plain
    for _ in range(3):
        lead = _LEAD.match(bare)
        if not lead or lead.end() == len(bare):
            break
        bare = bare[lead.end() :]
    yield numerals.to_digits(bare)
    label = _LABEL.match(bare)
    if label:
        yield numerals.to_digits(bare[label.end() :])
    if is_prose(plain) and (number := single_number(plain)) is not None:
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


def compare(answer: str, reference: str) -> bool | None:
    r"""Is an answer the reference? None: undecided, since one of the two is beyond what can be read or computed.

    Values are compared exactly, or to 200 digits, never by an absolute tolerance. Judgements: `1/2`, `0.5`, `\frac12`
    and `50\%` are one; so are 50% and 50, since who is asked for per cent may leave the sign out. A decimal of six
    significant digits stands for the fraction that rounds to it, one of eight for an irrational number. A unit that
    one side leaves out does not count; units that measure the same are converted, others differ. `x = 5` agrees with
    `5`, not with `y = 5`. Lists and sets have no order, tuples have. A bare number agrees with the same digits in the
    reference's base. Prose agrees with the same prose only.
    """
    _budget.left = _MOST_STEPS
    a, b = read(answer), read(reference)
    if a.text == b.text and a.text:
        return True
    if not a.text and not b.text and not (a.nodes and b.nodes):
        return False
    if a.letters and b.letters:
        return a.letters == b.letters
    if a.moment and b.moment:
        return _moments(a, b)
    if a.word and b.word and not (a.nodes and b.nodes):
        return a.word == b.word
    for one, other in ((a, b), (b, a)):
        if one.letters and one.rest and not other.letters and _text(one.rest) == other.text:
            return True
    if a.nodes and b.nodes:
        verdicts = [decide(one, other) for one in a.nodes for other in b.nodes]
        return True if True in verdicts else verdicts[0]
    return None if (a.unread or b.unread) and (a.unread or a.nodes) and (b.unread or b.nodes) else False


def equivalent(a: str, b: str) -> bool:
    """Do two final answers say the same? Symmetric; what is undecided counts as different. See `compare`."""
    return bool(compare(a, b) or compare(b, a))


def _moments(a: Reading, b: Reading) -> bool | None:
    """Times of day and dates. What may be a ratio as well (10:15) is decided where both readings say the same."""
    assert a.moment and b.moment
    verdict = dates.agree(a.moment, b.moment)
    certain = any(getattr(moment, "certain", True) for moment in (a.moment, b.moment))
    if certain or verdict or not (a.nodes and b.nodes):
        return verdict
    return None if decide(a.nodes[0], b.nodes[0]) else False


def decide(a: Node, b: Node) -> bool | None:
    """Do two trees, of an answer and of its reference, say the same? None: undecided."""
    try:
        return _agree(a, b)
    except (Undecided, RecursionError):
        return None


def _agree(a: Node, b: Node) -> bool | None:
    _budget.left -= 1
    if _budget.left < 0:
        raise Undecided
    if a == b:
        return True
    if _approximate(a) or _approximate(b):
        return _any(_agree(one, other) for one in _alternatives(a) for other in _alternatives(b))
    if regions.looks_like(a) or regions.looks_like(b):
        verdict = _regions(a, b)
        if verdict is not None:
            return verdict
    values, others = _assigned(a), _assigned(b)
    if len(values) > 1 or len(others) > 1:
        verdict = _systems(a, b, values, others)
        if verdict is not None:
            return verdict
    if isinstance(a, Relation) or isinstance(b, Relation):
        return _relations(a, b)
    a, b = _multiplied(a), _multiplied(b)
    if any(isinstance(node, Op) and node.kind != "det" and _holds_matrix(node) for node in (a, b)):
        raise Undecided  # products and powers of matrices
    listed, other_listed = _unordered(a), _unordered(b)
    if listed is not None or other_listed is not None:
        return _lists(a, b, listed, other_listed)
    if isinstance(a, Group | Matrix) or isinstance(b, Group | Matrix):
        return _ordered(a, b)
    if isinstance(a, Cases) or isinstance(b, Cases):
        return _cases(a, b)
    return _values(a, b)


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    undecided = False
    for verdict in verdicts:
        if verdict is False:
            return False
        undecided = undecided or verdict is None
    return None if undecided else True


def _any(verdicts: Iterable[bool | None]) -> bool | None:
    undecided = False
    for verdict in verdicts:
        if verdict:
            return True
        undecided = undecided or verdict is None
    return None if undecided else False


# -- relations ----------------------------------------------------------------------------------------------------


def _approximate(node: Node) -> bool:
    return isinstance(node, Relation) and "≈" in node.operators


def _alternatives(node: Node) -> list[Node]:
    """What a chain with ≈ says: each of its sides that is no mere name."""
    if not isinstance(node, Relation) or "≈" not in node.operators:
        return [node]
    sides = [side for index, side in enumerate(node.sides) if index or not _name(side)]
    return sides or [node]


def _name(node: Node) -> str:
    """The name that an equation gives a value to: x, a_10, f(x), |AB|, P(A); empty for anything else."""
    match node:
        case Sym(name=name) if name not in arithmetic.CONSTANTS or name in "ei":
            return name
        case Op(kind="*", args=(Sym(name=name), Group() | Sym() | Num() as argument)) if len(name) == 1 or "_" in name:
            inside = argument.name if isinstance(argument, Sym) else ""
            return f"{name}({inside})" if name in "fghPFGQRVSTEuv" else ""
        case Op(kind="*", args=(Sym(name="m"), Sym(name=name))) if name.startswith("angle"):
            return name
    return ""


def _labelled(node: Node) -> bool:
    """Is it a name in more than one letter (an angle, a segment, an area), which other texts may leave out?"""
    name = _name(node)
    return name.startswith(_NAMES) or len(name.partition("_")[0]) > 1


def _equation(node: Node) -> bool:
    return isinstance(node, Relation) and set(node.operators) == {"="}


def _assigned(node: Node) -> dict[str, Node]:
    """The values that equations give to different names; empty where a node is anything else."""
    match node:
        case Relation(operators=("=",), sides=(Group(items=names, opening=opening), Group(items=values))) if opening:
            if len(names) == len(values) and all(map(_name, names)):
                return {_name(name): value for name, value in zip(names, values, strict=True)}
        case Relation(operators=operators, sides=sides) if set(operators) == {"="}:
            if name := _name(sides[0]):
                return {name: sides[-1]}
            if len(sides) == 2 and (name := _name(sides[1])):
                return {name: sides[0]}
        case Group(items=items, opening="", joint="") if all(map(_equation, items)):
            single = [_assigned(item) for item in items]
            if all(len(assigned) == 1 for assigned in single):
                together = {name: value for assigned in single for name, value in assigned.items()}
                return together if len(together) == len(items) else {}
    return {}


def _systems(a: Node, b: Node, values: dict[str, Node], others: dict[str, Node]) -> bool | None:
    """Values of several unknowns, against the same or against a tuple in the order of the names."""
    if values and others:
        if values.keys() == others.keys():
            return _all(_agree(values[name], others[name]) for name in values)
        if not (_one_stem(values) or _one_stem(others)):
            return False
    for system, node, first in ((values, b, True), (others, a, False)):
        brackets = (node.opening, node.closing) if isinstance(node, Group) else None
        if len(system) < 2 or _assigned(node) or (_one_stem(system) and brackets != ("(", ")")):
            continue
        items = _sequence(node)
        if items is None or len(items) != len(system) or any(isinstance(item, Relation) for item in items):
            return False
        if brackets in (("[", ")"), ("(", "]")):
            return False
        names = list(system) if brackets == ("", "") else sorted(system)
        pairs = [(system[name], item) for name, item in zip(names, items, strict=True)]
        return _all(_agree(*(pair if first else reversed(pair))) for pair in pairs)
    return None


def _one_stem(system: dict[str, Node]) -> bool:
    """Are all names one with different indices, as x_1 and x_2 are?"""
    return len({name.partition("_")[0] for name in system}) == 1


def _relations(a: Node, b: Node) -> bool | None:
    if isinstance(a, Relation) and isinstance(b, Relation):
        if _equation(a) and _equation(b):
            return _equations(a, b)
        if a.operators == b.operators and len(a.sides) == len(b.sides):
            if a.operators == ("≡", "mod"):
                return _congruent(a, b)
            same = _all(_agree(one, other) for one, other in zip(a.sides, b.sides, strict=True))
            if same or len(a.operators) > 1:
                return same
        return _inequalities(a, b)
    relation, other, first = (a, b, True) if isinstance(a, Relation) else (b, a, False)
    assert isinstance(relation, Relation)
    if relation.operators == ("∈",):
        value = relation.sides[1]
    elif _equation(relation):
        value = relation.sides[-1] if not _name(relation.sides[-1]) or _name(relation.sides[0]) else relation.sides[0]
    else:
        return False
    return _agree(value, other) if first else _agree(other, value)


def _equations(a: Relation, b: Relation) -> bool | None:
    """Two equations: of the same zeros, or with values of the same name."""
    name, other = (next((n for n in (_name(side.sides[0]), _name(side.sides[-1])) if n), "") for side in (a, b))
    value, other_value = (_assigned(side) for side in (a, b))
    constant = all(not arithmetic.variables(node) for each in (value, other_value) for node in each.values())
    if value and other_value and constant:
        if name != other and not (_labelled(a.sides[0]) or _labelled(b.sides[0])):
            return False
        return _agree(next(iter(value.values())), next(iter(other_value.values())))
    if len(a.sides) == len(b.sides) == 2:
        one, two = (arithmetic.cleared(Op("+", (side.sides[0], syntax.negative(side.sides[1]))))[0] for side in (a, b))
        try:
            if arithmetic.proportional(one, two):
                return True
        except Undecided:
            return None
    if value and other_value and (name == other or "(" in name or "(" in other):
        return _agree(next(iter(value.values())), next(iter(other_value.values())))
    if not value and not other_value:
        return _all((_agree(a.sides[0], b.sides[0]), _agree(a.sides[-1], b.sides[-1])))
    return False


def _inequalities(a: Relation, b: Relation) -> bool | None:
    """Two inequalities such as x + y < 5, up to a factor."""
    if len(a.operators) != 1 or len(b.operators) != 1:
        return False
    turned = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "≠": "≠"}
    if a.operators[0] not in turned or b.operators[0] not in turned:
        return False
    one, two = (Op("+", (side.sides[0], syntax.negative(side.sides[1]))) for side in (a, b))
    sign = 1 if a.operators == b.operators else -1 if turned[a.operators[0]] == b.operators[0] else 0
    return bool(sign) and arithmetic.proportional(
        one, two, lambda ratio: ratio.real * sign > 0 or a.operators[0] == "≠"
    )


def _congruent(a: Relation, b: Relation) -> bool | None:
    residue, modulus = arithmetic.exact(a.sides[1]), arithmetic.exact(a.sides[2])
    other, other_modulus = arithmetic.exact(b.sides[1]), arithmetic.exact(b.sides[2])
    if residue is None or modulus is None or other is None or not modulus:
        return _all(_agree(one, two) for one, two in zip(a.sides, b.sides, strict=True))
    return _name(a.sides[0]) == _name(b.sides[0]) and modulus == other_modulus and (residue - other) % modulus == 0


def _regions(a: Node, b: Node) -> bool | None:
    """Sets of real numbers; None where one of the two is not, and must be compared in another way."""
    names = [_bound(node) for node in (a, b)]
    if names[0] and names[1] and names[0] != names[1]:
        return False
    one, other = regions.region(_member(a)), regions.region(_member(b))
    if one is None or other is None:
        if (one is None) != (other is None) and isinstance(a, Num) | isinstance(b, Num):
            return False
        return None
    return regions.same(one, other)


def _member(node: Node) -> Node:
    """A finite list that stands beside a region is a set of points."""
    listed = _unordered(node)
    if listed is not None and not regions.looks_like(node):
        return Group(tuple(listed.items), "{", "}")
    return node


def _bound(node: Node) -> str:
    """The variable that an inequality is about."""
    match node:
        case Relation(sides=sides):
            return next((side.name for side in sides if isinstance(side, Sym) and arithmetic.variables(side)), "")
        case Group(items=items, opening=""):
            return next(filter(None, map(_bound, items)), "")
    return ""


# -- several items ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Items:
    """Items without an order; `name` is what they are values of; `braces`: it is a set, so repetition is nothing."""

    items: tuple[Node, ...]
    name: str = ""
    braces: bool = False


def _unordered(node: Node) -> _Items | None:
    """The items of a list, a set, an expression with ±, or of several values of one name."""
    match node:
        case Sym(name="empty"):
            return _Items((), braces=True)
        case Group(items=items, opening="{"):
            return _Items(tuple(each for item in items for each in _signs(item)), braces=True)
        case Group(items=items, opening=""):
            return _named_list(items)
        case Relation(operators=("=",) | ("∈",), sides=(left, right)) if _name(left):
            inner = _unordered(right)
            return inner and _Items(inner.items, _name(left), inner.braces)
        case Op(kind="∪", args=(left, right)):
            one, other = _unordered(left), _unordered(right)
            return _Items((*one.items, *other.items), braces=True) if one and other else None
    expressions = _signs(node)
    return _Items(tuple(expressions)) if len(expressions) > 1 else None


def _named_list(items: tuple[Node, ...]) -> _Items | None:
    """x = 1 or x = 2; n = 1, 2, 3; x_1 = 1, x_2 = 3; plain items."""
    values: list[Node] = []
    stems: set[str] = set()
    for index, item in enumerate(items):
        assigned = _assigned(item) if isinstance(item, Relation) else {}
        if len(assigned) == 1:
            ((name, value),) = assigned.items()
            stems.add(name.partition("_")[0])
            values += _signs(value)
        elif isinstance(item, Relation):
            return None if not all(isinstance(each, Relation) for each in items) else _Items(items)
        else:
            values += _signs(item)
        if index and len(assigned) == 1 and not isinstance(items[0], Relation):
            return None
    if len(stems) > 1:
        return _Items(items)
    return _Items(tuple(values), stems.pop() if stems else "")


def _signs(node: Node) -> list[Node]:
    """The expressions that one with ± stands for, or the node alone."""
    if not any(isinstance(each, Op) and each.kind in ("pm", "mp") for each in arithmetic.walk(node)):
        return [node]
    return [_signed(node, sign) for sign in (1, -1)]


def _signed(node: Node, sign: int) -> Node:
    match node:
        case Op(kind=("pm" | "mp") as kind, args=(inner,)):
            inner = _signed(inner, sign)
            return inner if (kind == "pm") == (sign > 0) else syntax.negative(inner)
        case Op(kind=kind, args=args):
            return Op(kind, tuple(_signed(argument, sign) for argument in args))
        case Quantity(value=value, unit=unit):
            return Quantity(_signed(value, sign), unit)
        case Group(items=items, opening=opening, closing=closing, joint=joint):
            return Group(tuple(_signed(item, sign) for item in items), opening, closing, joint)
        case Relation(operators=operators, sides=sides):
            return Relation(operators, tuple(_signed(side, sign) for side in sides))
        case Matrix(rows=rows):
            return Matrix(tuple(tuple(_signed(cell, sign) for cell in row) for row in rows))
        case Cases(rows=rows):
            return Cases(tuple(tuple(_signed(cell, sign) for cell in row) for row in rows))
        case Builder(element=element, condition=condition):
            return Builder(_signed(element, sign), _signed(condition, sign))
    return node


def _lists(a: Node, b: Node, one: _Items | None, other: _Items | None) -> bool | None:
    if one is not None and other is not None:
        if one.name and other.name and one.name != other.name:
            return False
        return _matched(one.items, other.items, as_sets=one.braces or other.braces)
    listed, node = (one, b) if one is not None else (other, a)
    assert listed is not None
    ordered = _sequence(node)
    if ordered is not None:
        if listed.braces or len(ordered) != len(listed.items):
            return False
        pairs = zip(listed.items, ordered, strict=True)
        return _all(_agree(*pair) if one is not None else _agree(pair[1], pair[0]) for pair in pairs)
    if not listed.items:
        return False
    return _matched(listed.items, (node,), as_sets=True) if len(listed.items) <= 2 else False


def _matched(a: Sequence[Node], b: Sequence[Node], *, as_sets: bool) -> bool | None:
    """Has every item its match on the other side? In lists each match is used up."""
    if max(len(a), len(b)) > _MOST_ITEMS:
        raise Undecided
    if not as_sets and len(a) != len(b):
        return False
    undecided = False
    for items, others in ((a, list(b)), (b, list(a))):
        for item in items:
            verdicts = [decide(item, other) for other in others]
            if True in verdicts:
                if not as_sets:
                    del others[verdicts.index(True)]
            elif None in verdicts:
                undecided = True
            else:
                return False
        if not as_sets:
            break
    return None if undecided else True


def _sequence(node: Node) -> tuple[Node, ...] | None:
    """The items of a tuple, a list, or a matrix of one row or column."""
    match node:
        case Group(items=items, opening=opening) if opening != "{":
            return items
        case Matrix(rows=rows) if len(rows) == 1:
            return rows[0]
        case Matrix(rows=rows) if all(len(row) == 1 for row in rows):
            return tuple(row[0] for row in rows)
    return None


def _ordered(a: Node, b: Node) -> bool | None:
    if isinstance(a, Matrix) and isinstance(b, Matrix):
        if len(a.rows) != len(b.rows) or len(a.rows[0]) != len(b.rows[0]):
            return False
        rows = zip(a.rows, b.rows, strict=True)
        return _all(_agree(one, other) for row, others in rows for one, other in zip(row, others, strict=True))
    if isinstance(a, Group) and isinstance(b, Group) and len(a.items) == 2 and a.opening != b.opening:
        return False  # an open interval or a point against a closed interval
    one, other = _sequence(a), _sequence(b)
    if one is None or other is None or len(one) != len(other):
        return False
    return _all(_agree(*pair) for pair in zip(one, other, strict=True))


def _holds_matrix(node: Op) -> bool:
    return any(isinstance(argument, Matrix) for argument in node.args)


def _multiplied(node: Node) -> Node:
    """A number times a matrix, multiplied out; rows in brackets as a matrix."""
    match node:
        case Op(kind="*", args=(factor, Matrix(rows=rows))) if not isinstance(factor, Matrix):
            return Matrix(tuple(tuple(Op("*", (factor, cell)) for cell in row) for row in rows))
        case Op(kind="neg", args=(inner,)) if isinstance(matrix := _multiplied(inner), Matrix):
            return Matrix(tuple(tuple(syntax.negative(cell) for cell in row) for row in matrix.rows))
        case Group(items=items, opening="[") if all(isinstance(row, Group) and row.opening == "[" for row in items):
            rows = tuple(row.items for row in items if isinstance(row, Group))
            return Matrix(rows) if len({len(row) for row in rows}) == 1 else node
    return node


def _cases(a: Node, b: Node) -> bool | None:
    """Functions by cases: every row has its match, whatever the order."""
    if not isinstance(a, Cases) or not isinstance(b, Cases) or len(a.rows) != len(b.rows):
        return False
    left = list(b.rows)
    for row in a.rows:
        verdicts = [
            len(row) == len(other)
            and _all(Sym("otherwise") in (one, two) or decide(one, two) for one, two in zip(row, other, strict=True))
            for other in left
        ]
        if True not in verdicts:
            return None if None in verdicts else False
        del left[verdicts.index(True)]
    return True


# -- one value ----------------------------------------------------------------------------------------------------


def _values(a: Node, b: Node) -> bool | None:
    for one, other, first in ((a, b, True), (b, a, False)):
        if _compound(one) and not isinstance(other, Quantity) and not _compound(other):  # 5 dollars and 25 cents: 5.25
            sums = [_summed(one, argument.unit) for argument in one.args if isinstance(argument, Quantity)]
            return _any(_quantities(each, other) if first else _quantities(other, each) for each in sums)
    a, b = _summed(a), _summed(b)
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        return _quantities(a, b)
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Op) and one.kind == "ratio":
            return _ratios(one, other)
    if isinstance(b, Based) and isinstance(a, Num) and a.value.denominator == 1 and str(a.value) == b.digits:
        return True
    return arithmetic.equal(a, b)


def _compound(node: Node) -> TypeGuard[Op]:
    """Is it a quantity in several units, such as 2 hours 30 minutes?"""
    return isinstance(node, Op) and node.kind == "+" and all(isinstance(part, Quantity) for part in node.args)


def _summed(node: Node, unit: Unit | None = None) -> Node:
    """A compound quantity in one unit, its last if none is given; any other node unchanged."""
    if not _compound(node):
        return node
    parts = [argument for argument in node.args if isinstance(argument, Quantity)]
    last = unit or parts[-1].unit
    terms: list[Node] = []
    for part in parts:
        scale = units.conversion(part.unit, last)
        if scale is None:
            raise Undecided
        terms.append(Op("*", (Num(scale[0]), part.value)))
    return Quantity(Op("+", tuple(terms)), last)


def _ratios(ratio: Op, other: Node) -> bool | None:
    parts = ratio.args
    if isinstance(other, Op) and other.kind == "ratio":
        if len(parts) != len(other.args):
            return False
        if any(arithmetic.exact(part) == 0 for part in (*parts, *other.args)):
            return _all(arithmetic.equal(part, two) for part, two in zip(parts, other.args, strict=True))
        return _all(
            arithmetic.equal(Op("*", (part, other.args[0])), Op("*", (two, parts[0])))
            for part, two in zip(parts[1:], other.args[1:], strict=True)
        )
    return len(parts) == 2 and arithmetic.equal(Op("/", parts), other)


def _quantities(a: Node, b: Node) -> bool | None:
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        return _measured(a, b)
    quantity, other, first = (a, b, True) if isinstance(a, Quantity) else (b, a, False)
    assert isinstance(quantity, Quantity)
    unit = quantity.unit

    def same(value: Node) -> bool:
        return arithmetic.equal(value, other) if first else arithmetic.equal(other, value)

    if isinstance(other, Group | Matrix | Relation):
        return False
    if unit.percent:
        return same(_times(Fraction(1, 100), quantity.value)) or (_exceeds_one(other) and same(quantity.value))
    if unit.angle and same(quantity.value if unit.angle == "radian" else Op("deg", (quantity.value,))):
        return True
    match other:
        case Op(kind="*", args=(value, Sym(name=name))) if not arithmetic.variables(value):
            symbol = units.letter(name)  # 4L against 4 liters
            if symbol and unit.factors and units.conversion(unit, symbol):
                measured = Quantity(value, symbol)
                return _measured(quantity, measured) if first else _measured(measured, quantity)
    if arithmetic.variables(other) and (letters := unit.text) and len(letters) <= 2 and letters.isalpha():
        product: Node = quantity.value  # 5 m against 5m: m may be a variable
        for letter in letters:
            product = Op("*", (product, Sym(letter)))
        if same(product):
            return True
    return same(quantity.value)


def _exceeds_one(node: Node) -> bool:
    value = arithmetic.exact(node)
    return value is not None and abs(value) > 1


def _times(factor: Fraction, node: Node) -> Node:
    return Op("*", (Num(factor), node)) if factor != 1 else node


def _measured(a: Quantity, b: Quantity) -> bool | None:
    """Two quantities, each with a unit."""
    if a.unit.percent != b.unit.percent:
        thing = b if a.unit.percent else a  # 50% and 50 people
        return not thing.unit.factors and _exceeds_one(thing.value) and arithmetic.equal(a.value, b.value)
    if a.unit.factors and b.unit.factors:
        scale = units.conversion(a.unit, b.unit)
        if scale is None:
            if any(units.price(one, other) for one, other in ((a.unit, b.unit), (b.unit, a.unit))):
                return arithmetic.equal(a.value, b.value)  # $18 and 18 dollars a day
            pairs = ((a.unit, b.unit), (b.unit, a.unit))
            plain = any(one.angle == "degree" and units.temperature(other) for one, other in pairs)  # 20 degrees: 20°C
            return plain and arithmetic.equal(a.value, b.value)
        if a.unit.angle != b.unit.angle:
            radians = [Op("deg", (part.value,)) if part.unit.angle == "degree" else part.value for part in (a, b)]
            return arithmetic.equal(*radians)
        factor, offset = scale
        value = _times(factor, a.value)
        return arithmetic.equal(value if not offset else Op("+", (value, Num(offset))), b.value)
    same = arithmetic.equal(a.value, b.value)
    counted = not a.unit.factors and not b.unit.factors
    return same if counted or not same or a.unit.neutral or b.unit.neutral else None

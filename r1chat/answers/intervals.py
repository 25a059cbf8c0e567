r"""Sets of real numbers as unions of intervals: (0, 1), x >= 3, \mathbb{R} \setminus \{0\}, {x | 1 < x}."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from r1chat.answers.arithmetic import Undecided, exact, near, number, variables, walk
from r1chat.answers.tree import Builder, Group, Node, Num, Op, Quantity, Relation, Sym

_TURNED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "=": "=", "≠": "≠"}
_GREATEST_INTEGER, _MOST_INTEGERS = 10**9, 500
_MOST_PIECES = 100  # of two sets that are intersected
_INFINITY = Sym("infinity")


@dataclass(frozen=True, slots=True)
class Interval:
    """Real numbers between two values, which belong to it or not; a point has both the same."""

    low: Any
    high: Any
    with_low: bool
    with_high: bool


Region = tuple[Interval, ...]


def looks_like(node: Node) -> bool:
    """Is it a set of real numbers in a form that only such a set has?"""
    match node:
        case Relation(operators=operators):
            if operators == ("∈",):
                return looks_like(node.sides[1])
            return all(operator in "<>≤≥≠" for operator in operators)
        case Builder() | Sym(name="set R"):
            return True
        case Op(kind=kind):
            return kind in ("∪", "∩", "∖")
        case Group(items=items, opening=opening, closing=closing):
            if opening:
                return (opening, closing) in (("(", "]"), ("[", ")")) or (
                    len(items) == 2 and opening in "([" and any(_infinite(item) for item in items)
                )
            return any(looks_like(item) for item in items)
        case _:
            return False


def _infinite(node: Node) -> bool:
    return node in (_INFINITY, Op("neg", (_INFINITY,)))


@lru_cache(maxsize=64)  # a list of sets is compared item by item
def region(node: Node) -> Region | None:
    """The set that a node stands for, in order; None where it is none of real constants. Raises Undecided."""
    intervals = _region(node)
    return None if intervals is None else _merged(intervals)


def same(a: Region, b: Region) -> bool:
    """Are two regions equal?"""
    return len(a) == len(b) and all(
        near(interval.low, other.low)
        and near(interval.high, other.high)
        and (interval.with_low, interval.with_high) == (other.with_low, other.with_high)
        for interval, other in zip(a, b, strict=True)
    )


def _everything() -> Region:
    limit = number(_INFINITY)
    return (Interval(-limit, limit, False, False),)


def _region(node: Node) -> Region | None:
    match node:
        case Sym(name="set R"):
            return _everything()
        case Sym(name="empty"):
            return ()
        case Quantity(value=value):
            return _region(value)
        case Group(items=items, opening="{"):
            return _points(items)
        case Group(items=(low, high), opening=opening, closing=closing) if opening:
            return _interval(low, high, opening == "[", closing == "]")
        case Group(items=items, opening="", joint=joint):
            return _conditions(items, joint)
        case Op(kind=("∪" | "∩" | "∖") as kind, args=(left, right)):
            return _combined(kind, _region(left), _region(right))
        case Builder(element=element, condition=condition):
            inside = _region(condition)
            if inside is None or not isinstance(element, Relation) or element.operators != ("∈",):
                return inside
            if element.sides[1] in (Sym("set Z"), Sym("set N")):
                return _integers(inside)
            within = _region(element)
            return inside if within is None else _intersection(within, inside)
        case Relation():
            return _relation(node)
        case _:
            return None


def _integers(within: Region) -> Region | None:
    """The integers in a bounded region, as points."""
    points: list[Interval] = []
    for interval in _merged(within):
        low, high = interval.low, interval.high
        if not (abs(low) < _GREATEST_INTEGER and abs(high) < _GREATEST_INTEGER and high - low <= _MOST_INTEGERS):
            raise Undecided
        inside = [value for value in {*_around(low), *_around(high)} if _holds(interval, number(Num(Fraction(value))))]
        if inside:
            first = number(Num(Fraction(min(inside))))
            points += [Interval(at, at, True, True) for at in (first + n for n in range(max(inside) - min(inside) + 1))]
    return tuple(points)


def _around(limit: Any) -> range:
    """The integers next to a limit, on both sides."""
    return range(int(limit) - 1, int(limit) + 2)


def _holds(interval: Interval, value: Any) -> bool:
    """Is the value in the interval? One that is near an end is that end."""
    if near(interval.low, value) or near(interval.high, value):
        return (interval.with_low or not near(interval.low, value)) and (
            interval.with_high or not near(interval.high, value)
        )
    return bool(interval.low < value < interval.high)


def _combined(kind: str, a: Region | None, b: Region | None) -> Region | None:
    if a is None or b is None:
        return None
    if kind == "∪":
        return (*a, *b)
    return _intersection(a, b if kind == "∩" else _complement(b))


def _points(items: tuple[Node, ...]) -> Region | None:
    points: list[Interval] = []
    for item in items:
        for value in (Op("neg", item.args), item.args[0]) if isinstance(item, Op) and item.kind == "pm" else (item,):
            if variables(value) or isinstance(value, Group | Relation):
                return None
            at = number(value)
            points.append(Interval(at, at, True, True))
    return tuple(points)


def _interval(low: Node, high: Node, with_low: bool, with_high: bool) -> Region | None:
    low = low.value if isinstance(low, Quantity) else low
    high = high.value if isinstance(high, Quantity) else high
    if variables(low) or variables(high) or isinstance(low, Group | Relation) or isinstance(high, Group | Relation):
        return None
    first, last = number(low), number(high)
    if first > last:
        return None
    return (Interval(first, last, with_low and not _infinite(low), with_high and not _infinite(high)),)


def _conditions(items: tuple[Node, ...], joint: str) -> Region | None:
    """Several conditions on one variable: "or" unites, a comma or "and" intersects, unless nothing were left."""
    parts = []
    for item in items:
        part = _region(item)
        if part is None:
            return None
        parts.append(part)
    if not joint:
        together = parts[0]
        for part in parts[1:]:
            together = _intersection(together, part)
        if together:
            return together
    return tuple(interval for part in parts for interval in part)


def _relation(node: Relation) -> Region | None:
    operators, sides = node.operators, node.sides
    if operators == ("∈",):
        return _region(sides[1])
    if len(sides) == 2 and len(_names := variables(sides[0]) | variables(sides[1])) == 1 and operators[0] in _TURNED:
        return _solved(node, next(iter(_names)))
    places = [
        index for index, side in enumerate(sides) if isinstance(side, Sym) and not _infinite(side) and variables(side)
    ]
    if len(places) != 1 or len(sides) > 3:
        return None
    middle = places[0]
    solution = _everything()
    for index, operator in enumerate(operators):
        if middle not in (index, index + 1) or operator not in _TURNED:
            return None
        left = index != middle
        bound = sides[index if left else index + 1]
        if isinstance(bound, Op) and bound.kind == "pm":
            return None
        limit = _limit(_TURNED[operator] if left else operator, bound)
        if limit is None:
            return None
        solution = _intersection(solution, limit)
    return solution


def _solved(node: Relation, name: str) -> Region | None:
    """The solutions of a linear inequality in one variable, or of one with an absolute value: 2x > 6, |x - 1| < 3."""
    (operator,), (left, right) = node.operators, node.sides
    if variables(right):
        if variables(left):
            return None
        operator, left, right = _TURNED[operator], right, left
    inside = left.args[0] if isinstance(left, Op) and left.kind == "abs" else left
    line = _line(inside, name)
    if (
        line is None
        or isinstance(right, Group | Relation | Builder)
        or any(isinstance(part, Op) and part.kind in ("pm", "mp") for part in walk(right))
    ):
        return None
    slope, start = line
    bound = right.value if isinstance(right, Quantity) else right
    values = _limit(operator, bound)
    if values is None or inside is left:
        return values and _mapped(values, slope, start)
    other = _limit(_TURNED[operator], Op("neg", (bound,)))
    assert other is not None
    if operator in "<≤≠":
        return _mapped(_intersection(values, other), slope, start)
    return _mapped((*values, *other), slope, start)


def _line(node: Node, name: str) -> tuple[Any, Any] | None:
    """Slope and value at 0 of a linear expression; None for any other."""
    if node == Sym(name):
        return number(Num(Fraction(1))), number(Num(Fraction(0)))
    values = [exact(_put(node, name, Num(Fraction(value)))) for value in (0, 1, 2, 5)]
    if None in values:
        return None
    at_zero, at_one, at_two, at_five = (value for value in values if value is not None)
    slope = at_one - at_zero
    if not slope or (at_two, at_five) != (at_zero + 2 * slope, at_zero + 5 * slope):
        return None
    return number(Num(slope)), number(Num(at_zero))


def _put(node: Node, name: str, value: Num) -> Node:
    """The expression with a number for a variable."""
    if node == Sym(name):
        return value
    return Op(node.kind, tuple(_put(argument, name, value) for argument in node.args)) if isinstance(node, Op) else node


def _mapped(values: Region, slope: Any, start: Any) -> Region:
    """The arguments for which a line has these values."""
    mapped = []
    for interval in values:
        low, high = (interval.low - start) / slope, (interval.high - start) / slope
        ends = (low, high, interval.with_low, interval.with_high)
        mapped.append(Interval(*ends) if slope > 0 else Interval(high, low, interval.with_high, interval.with_low))
    return tuple(mapped)


def _limit(operator: str, bound: Node) -> Region | None:
    """All numbers that are in this relation to a constant."""
    bound = bound.value if isinstance(bound, Quantity) else bound
    if variables(bound) or isinstance(bound, Group | Relation | Builder):
        return None
    at, limit = number(bound), number(_INFINITY)
    point = Interval(at, at, True, True)
    match operator:
        case "=":
            return (point,)
        case "≠":
            return _complement((point,))
        case "<" | "≤":
            return (Interval(-limit, at, False, operator == "≤"),)
        case _:
            return (Interval(at, limit, operator == "≥", False),)


def _merged(intervals: Region) -> Region:
    """The same numbers in ascending intervals that do not touch."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda part: (part.low, not part.with_low)):
        if interval.low > interval.high or (
            near(interval.low, interval.high) and not (interval.with_low and interval.with_high)
        ):
            continue
        last = merged[-1] if merged else None
        if last and (
            interval.low < last.high or (near(interval.low, last.high) and (interval.with_low or last.with_high))
        ):
            if near(interval.high, last.high):
                high, with_high = last.high, last.with_high or interval.with_high
            else:
                longer = interval if interval.high > last.high else last
                high, with_high = longer.high, longer.with_high
            merged[-1] = Interval(
                last.low, high, last.with_low or (near(last.low, interval.low) and interval.with_low), with_high
            )
        else:
            merged.append(interval)
    return tuple(merged)


def _complement(intervals: Region) -> Region:
    limit = number(_INFINITY)
    low, with_low, gaps = -limit, False, []
    for interval in _merged(intervals):
        gaps.append(Interval(low, interval.low, with_low, not interval.with_low and interval.low != -limit))
        low, with_low = interval.high, not interval.with_high
    gaps.append(Interval(low, limit, with_low and low != limit, False))
    return _merged(tuple(gaps))


def _intersection(a: Region, b: Region) -> Region:
    if len(a) + len(b) > _MOST_PIECES:
        raise Undecided
    return _complement((*_complement(a), *_complement(b)))


__all__ = ["Interval", "Num", "Region", "Undecided", "looks_like", "region", "same"]

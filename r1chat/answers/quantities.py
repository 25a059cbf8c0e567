"""Whether two single values are the same: numbers, quantities with units, percentages, ratios."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TypeGuard

from r1chat.answers import arithmetic, units
from r1chat.answers.arithmetic import Undecided
from r1chat.answers.tree import Based, Group, Matrix, Node, Num, Op, Quantity, Relation, Sym
from r1chat.answers.units import Unit


def all_of(verdicts: Iterable[bool | None]) -> bool | None:
    """Three-valued and: False as soon as one is, None where one is undecided."""
    undecided = False
    for verdict in verdicts:
        if verdict is False:
            return False
        undecided = undecided or verdict is None
    return None if undecided else True


def any_of(verdicts: Iterable[bool | None]) -> bool | None:
    """Three-valued or: True as soon as one is, None where one is undecided."""
    undecided = False
    for verdict in verdicts:
        if verdict:
            return True
        undecided = undecided or verdict is None
    return None if undecided else False


def same_value(a: Node, b: Node) -> bool | None:
    """Are two single values the same? None: undecided. Raises Undecided."""
    for node, other, first in ((a, b, True), (b, a, False)):
        if _compound(node) and not isinstance(other, Quantity) and not _compound(other):  # 5 dollars and 25 cents: 5.25
            sums = [_summed(node, argument.unit) for argument in node.args if isinstance(argument, Quantity)]
            return any_of(_quantities(total, other) if first else _quantities(other, total) for total in sums)
    a, b = _summed(a), _summed(b)
    if isinstance(a, Quantity) or isinstance(b, Quantity):
        return _quantities(a, b)
    for node, other in ((a, b), (b, a)):
        if isinstance(node, Op) and node.kind == "ratio":
            return _ratios(node, other)
    if isinstance(b, Based) and isinstance(a, Num) and a.value.denominator == 1 and str(a.value) == b.digits:
        return True
    first_integral, second_integral = _without_constant(a), _without_constant(b)
    if first_integral and second_integral:
        return arithmetic.shifted(first_integral, second_integral)
    return arithmetic.equal(a, b)


def _without_constant(node: Node) -> Node | None:
    """An indefinite integral without its constant: a sum in one variable and C or K; None for anything else."""
    if not isinstance(node, Op) or node.kind != "+" or len(arithmetic.variables(node)) != 2:
        return None
    for at, part in enumerate(node.args):
        if isinstance(part, Sym) and part.name.partition("_")[0] in ("C", "K"):
            rest = node.args[:at] + node.args[at + 1 :]
            term = rest[0] if len(rest) == 1 else Op("+", rest)
        elif isinstance(part, Op) and part.kind == "+" and (inner := _without_constant(part)):
            term = Op("+", (*node.args[:at], inner, *node.args[at + 1 :]))
        else:
            continue
        return term if len(arithmetic.variables(term)) == 1 else None
    return None


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
            return all_of(
                arithmetic.equal(part, other_part) for part, other_part in zip(parts, other.args, strict=True)
            )
        return all_of(
            arithmetic.equal(Op("*", (part, other.args[0])), Op("*", (other_part, parts[0])))
            for part, other_part in zip(parts[1:], other.args[1:], strict=True)
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
            if any(units.price(unit, other) for unit, other in ((a.unit, b.unit), (b.unit, a.unit))):
                return arithmetic.equal(a.value, b.value)  # $18 and 18 dollars a day
            for unit, other in ((a.unit, b.unit), (b.unit, a.unit)):
                if unit.angle == "degree" and units.in_degrees(other):  # 20 degrees: 20°C
                    plain = unit is a.unit or unit.text[:1].isalpha() or unit.text == "度"
                    return arithmetic.equal(a.value, b.value) and (plain or None)  # 20° asked for may be an angle
                if units.per_time(unit, other):  # 60 km a day: 60 km
                    return None if arithmetic.equal(a.value, b.value) else False
            return False
        if a.unit.angle != b.unit.angle:
            radians = [Op("deg", (part.value,)) if part.unit.angle == "degree" else part.value for part in (a, b)]
            return arithmetic.equal(*radians)
        factor, offset = scale
        value = _times(factor, a.value)
        return arithmetic.equal(value if not offset else Op("+", (value, Num(offset))), b.value)
    same = arithmetic.equal(a.value, b.value)
    counted = not a.unit.factors and not b.unit.factors
    return same if counted or not same or a.unit.neutral or b.unit.neutral else None

"""The tree of an answer: what `syntax.py` makes of a text."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from r1chat.answers.units import Unit

TALLEST = 120  # levels of a tree, so that functions that recurse over it stay far from Python's limit


@dataclass(frozen=True, slots=True)
class Num:
    """A rational number. Of a decimal, `digits` significant ones were written, the last worth 10 ** -`places`."""

    value: Fraction
    digits: int = 0
    places: int = 0


@dataclass(frozen=True, slots=True)
class Based:
    """Digits in another base, as in 1011_2."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Sym:
    r"""A variable, or a constant by its name: e, i, pi, infinity, R (the reals), empty."""

    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """An operation: + * / ^ neg ! % pm mp root log, a function's name, ∪ ∩ \\ and others."""

    kind: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit."""

    value: Node
    unit: Unit


@dataclass(frozen=True, slots=True)
class Group:
    """Several items. `opening` and `closing` are the brackets, both empty for a list; `joint` is "or", or empty."""

    items: tuple[Node, ...]
    opening: str = ""
    closing: str = ""
    joint: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A chain such as 0 < x <= 3: one operator between each two sides. Of `mod` the last side is the modulus."""

    operators: tuple[str, ...]
    sides: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of equal length."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """A function by cases: a value and its condition in each row."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Builder:
    """The set of all elements for which conditions hold."""

    element: Node
    condition: Node


Node = Num | Based | Sym | Op | Quantity | Group | Relation | Matrix | Cases | Builder


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below a node."""
    match node:
        case Op(args=args):
            return args
        case Quantity(value=value):
            return (value,)
        case Group(items=items):
            return items
        case Relation(sides=sides):
            return sides
        case Matrix(rows=rows) | Cases(rows=rows):
            return tuple(cell for row in rows for cell in row)
        case Builder(element=element, condition=condition):
            return element, condition
    return ()


def height(node: Node) -> int:
    """The levels of a tree, counted without recursion."""
    level: list[Node] = [node]
    height = 0
    while level and height <= TALLEST:
        level = [child for parent in level for child in children(parent)]
        height += 1
    return height


def has_variables(node: Node) -> bool:
    """Is a variable among the factors of a term?"""
    while isinstance(node, Op) and node.kind in ("*", "/", "^"):
        if has_variables(node.args[-1]):
            return True
        node = node.args[0]
    return isinstance(node, Sym) and node.name not in ("pi", "e", "i", "infinity")


def negative(node: Node) -> Node:
    """The node with its sign turned."""
    if isinstance(node, Num):
        return Num(-node.value, node.digits, node.places)
    if isinstance(node, Quantity):
        return Quantity(negative(node.value), node.unit)
    return Op("neg", (node,))


def quotient(top: Node, bottom: Node) -> Node:
    """A fraction; of a quantity, the quantity with its number divided."""
    if isinstance(top, Quantity) and not isinstance(bottom, Quantity):
        return Quantity(Op("/", (top.value, bottom)), top.unit)
    return Op("/", (top, bottom))


def inside(node: Node, kind: str) -> Node:
    """± before a quantity belongs to its number."""
    return Quantity(Op(kind, (node.value,)), node.unit) if isinstance(node, Quantity) else Op(kind, (node,))


def integer_root(value: int, degree: int) -> int | None:
    """The integer whose power is `value`, if there is one."""
    if value < 0:
        root = integer_root(-value, degree) if degree % 2 else None
        return None if root is None else -root
    if degree == 2:
        root = isqrt(value)
        return root if root * root == value else None
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle - 1)
    return low if low**degree == value else None

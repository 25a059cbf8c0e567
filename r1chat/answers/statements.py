"""What a tree says: the names that it gives values to, its items without or with an order, what ± stands for. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from r1chat.answers import arithmetic
from r1chat.answers.tree import Builder, Cases, Group, Matrix, Node, Num, Op, Quantity, Relation, Sym, negative

_NAMES = ("angle", "triangle", "overline", "vec", "overrightarrow", "hat", "bar", "tilde", "widehat")


def is_approximate(node: Node) -> bool:
    """Is it a chain with ≈?"""
    return isinstance(node, Relation) and "≈" in node.operators


def alternatives(node: Node) -> list[Node]:
    """What a chain with ≈ says: each of its sides that is no mere name."""
    if not isinstance(node, Relation) or "≈" not in node.operators:
        return [node]
    sides = [side for index, side in enumerate(node.sides) if index or not name_of(side)]
    return sides or [node]


def name_of(node: Node) -> str:
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


def is_labelled(node: Node) -> bool:
    """Is it a name in more than one letter (an angle, a segment, an area), which other texts may leave out?"""
    name = name_of(node)
    return name.startswith(_NAMES) or len(name.partition("_")[0]) > 1


def is_equation(node: Node) -> bool:
    """Is it a chain of = alone?"""
    return isinstance(node, Relation) and set(node.operators) == {"="}


def assignments(node: Node) -> dict[str, Node]:
    """The values that equations give to different names; empty where a node is anything else."""
    match node:
        case Relation(operators=("=",), sides=(Group(items=names, opening=opening), Group(items=values))) if opening:
            if len(names) == len(values) and all(map(name_of, names)):
                return {name_of(name): value for name, value in zip(names, values, strict=True)}
        case Relation(operators=operators, sides=sides) if set(operators) == {"="}:
            if name := name_of(sides[0]):
                return {name: sides[-1]}
            if len(sides) == 2 and (name := name_of(sides[1])):
                return {name: sides[0]}
        case Group(items=items, opening="", joint="") if all(map(is_equation, items)):
            single = [assignments(item) for item in items]
            if all(len(assigned) == 1 for assigned in single):
                together = {name: value for assigned in single for name, value in assigned.items()}
                return together if len(together) == len(items) else {}
    return {}


def one_stem(system: dict[str, Node]) -> bool:
    """Are all names one with different indices, as x_1 and x_2 are?"""
    return len({name.partition("_")[0] for name in system}) == 1


def bound_variable(node: Node) -> str:
    """The variable that an inequality is about."""
    match node:
        case Relation(sides=sides):
            return next((side.name for side in sides if isinstance(side, Sym) and arithmetic.variables(side)), "")
        case Group(items=items, opening=""):
            return next(filter(None, map(bound_variable, items)), "")
    return ""


@dataclass(frozen=True, slots=True)
class Items:
    """Items without an order; `name` is what they are values of; `braces`: it is a set, so repetition is nothing."""

    items: tuple[Node, ...]
    name: str = ""
    braces: bool = False


def unordered(node: Node) -> Items | None:
    """The items of a list, a set, an expression with ±, or of several values of one name."""
    match node:
        case Sym(name="empty"):
            return Items((), braces=True)
        case Group(items=items, opening="{"):
            return Items(tuple(value for item in items for value in _signs(item)), braces=True)
        case Group(items=items, opening=""):
            return _named_list(items)
        case Relation(operators=("=",) | ("∈",), sides=(left, right)) if name_of(left):
            inner = unordered(right)
            return inner and Items(inner.items, name_of(left), inner.braces)
        case Op(kind="∪", args=(left, right)):
            left_items, right_items = unordered(left), unordered(right)
            return Items((*left_items.items, *right_items.items), braces=True) if left_items and right_items else None
    expressions = _signs(node)
    return Items(tuple(expressions)) if len(expressions) > 1 else None


def _named_list(items: tuple[Node, ...]) -> Items | None:
    """x = 1 or x = 2; n = 1, 2, 3; x_1 = 1, x_2 = 3; plain items."""
    values: list[Node] = []
    stems: set[str] = set()
    for index, item in enumerate(items):
        assigned = assignments(item) if isinstance(item, Relation) else {}
        if len(assigned) == 1:
            ((name, value),) = assigned.items()
            stems.add(name.partition("_")[0])
            values += _signs(value)
        elif isinstance(item, Relation):
            return None if not all(isinstance(other, Relation) for other in items) else Items(items)
        else:
            values += _signs(item)
        if index and len(assigned) == 1 and not isinstance(items[0], Relation):
            return None
    if len(stems) > 1:
        return Items(items)
    return Items(tuple(values), stems.pop() if stems else "")


def _signs(node: Node) -> list[Node]:
    """The expressions that one with ± stands for, or the node alone."""
    if not any(isinstance(part, Op) and part.kind in ("pm", "mp") for part in arithmetic.walk(node)):
        return [node]
    return [_signed(node, sign) for sign in (1, -1)]


def _signed(node: Node, sign: int) -> Node:
    match node:
        case Op(kind=("pm" | "mp") as kind, args=(inner,)):
            inner = _signed(inner, sign)
            return inner if (kind == "pm") == (sign > 0) else negative(inner)
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


def sequence(node: Node) -> tuple[Node, ...] | None:
    """The items of a tuple, a list, or a matrix of one row or column."""
    match node:
        case Group(items=items, opening=opening) if opening != "{":
            return items
        case Matrix(rows=rows) if len(rows) == 1:
            return rows[0]
        case Matrix(rows=rows) if all(len(row) == 1 for row in rows):
            return tuple(row[0] for row in rows)
    return None


def holds_matrix(node: Op) -> bool:
    """Is one of its arguments a matrix?"""
    return any(isinstance(argument, Matrix) for argument in node.args)


def multiplied(node: Node) -> Node:
    """A number times a matrix, multiplied out; rows in brackets as a matrix."""
    match node:
        case Op(kind="*", args=(factor, Matrix(rows=rows))) if not isinstance(factor, Matrix):
            return Matrix(tuple(tuple(Op("*", (factor, cell)) for cell in row) for row in rows))
        case Op(kind="neg", args=(inner,)) if isinstance(matrix := multiplied(inner), Matrix):
            return Matrix(tuple(tuple(negative(cell) for cell in row) for row in matrix.rows))
        case Group(items=items, opening="[") if all(isinstance(row, Group) and row.opening == "[" for row in items):
            rows = tuple(row.items for row in items if isinstance(row, Group))
            return Matrix(rows) if len({len(row) for row in rows}) == 1 else node
    return node

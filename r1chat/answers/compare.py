r"""Are two final answers the same? Each is read as a text, a choice, a moment or mathematics; then like meets like.

Owns the judgements of what people take for the same answer. `reading.py` reads an answer, `statements.py` looks at its
tree, `quantities.py` compares single values. Nothing here depends on time: a question has one verdict everywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from r1chat.answers import arithmetic, dates, intervals
from r1chat.answers.arithmetic import Undecided
from r1chat.answers.quantities import all_of, any_of, same_value
from r1chat.answers.reading import Reading, plain_text, read
from r1chat.answers.statements import (
    Items,
    alternatives,
    assignments,
    bound_variable,
    holds_matrix,
    is_approximate,
    is_equation,
    is_labelled,
    multiplied,
    name_of,
    one_stem,
    sequence,
    unordered,
)
from r1chat.answers.tree import Cases, Group, Matrix, Node, Num, Op, Relation, Sym, negative

_MOST_STEPS = 5_000  # pairs of nodes that one comparison looks at
_MOST_ITEMS = 60  # of a set or list that are compared one by one


class _Budget(threading.local):
    """The pairs of nodes that this thread's comparison may still look at."""

    left = _MOST_STEPS


_budget = _Budget()


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
    for first, second in ((a, b), (b, a)):
        if first.letters and first.rest and not second.letters and plain_text(first.rest) == second.text:
            return True
    if a.nodes and b.nodes:
        verdicts = [decide(node, other) for node in a.nodes for other in b.nodes]
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
    if is_approximate(a) or is_approximate(b):
        return any_of(_agree(alternative, other) for alternative in alternatives(a) for other in alternatives(b))
    if intervals.looks_like(a) or intervals.looks_like(b):
        verdict = _intervals(a, b)
        if verdict is not None:
            return verdict
    values, others = assignments(a), assignments(b)
    if len(values) > 1 or len(others) > 1:
        verdict = _systems(a, b, values, others)
        if verdict is not None:
            return verdict
    if isinstance(a, Relation) or isinstance(b, Relation):
        return _relations(a, b)
    a, b = multiplied(a), multiplied(b)
    if any(isinstance(node, Op) and node.kind != "det" and holds_matrix(node) for node in (a, b)):
        raise Undecided  # products and powers of matrices
    listed, other_listed = unordered(a), unordered(b)
    if listed is not None or other_listed is not None:
        return _lists(a, b, listed, other_listed)
    if isinstance(a, Group | Matrix) or isinstance(b, Group | Matrix):
        return _ordered(a, b)
    if isinstance(a, Cases) or isinstance(b, Cases):
        return _cases(a, b)
    return same_value(a, b)


# -- relations --------------------------------------------------------------------------------------------------------


def _systems(a: Node, b: Node, values: dict[str, Node], others: dict[str, Node]) -> bool | None:
    """Values of several unknowns, against the same or against a tuple in the order of the names."""
    if values and others:
        if values.keys() == others.keys():
            return all_of(_agree(values[name], others[name]) for name in values)
        if not (one_stem(values) or one_stem(others)):
            return False
    for system, node, first in ((values, b, True), (others, a, False)):
        brackets = (node.opening, node.closing) if isinstance(node, Group) else None
        if len(system) < 2 or assignments(node) or (one_stem(system) and brackets != ("(", ")")):
            continue
        items = sequence(node)
        if items is None or len(items) != len(system) or any(isinstance(item, Relation) for item in items):
            return False
        if brackets in (("[", ")"), ("(", "]")):
            return False
        names = list(system) if brackets == ("", "") else sorted(system)
        pairs = [(system[name], item) for name, item in zip(names, items, strict=True)]
        return all_of(_agree(*(pair if first else reversed(pair))) for pair in pairs)
    return None


def _relations(a: Node, b: Node) -> bool | None:
    if isinstance(a, Relation) and isinstance(b, Relation):
        if is_equation(a) and is_equation(b):
            return _equations(a, b)
        if a.operators == b.operators and len(a.sides) == len(b.sides):
            if a.operators == ("≡", "mod"):
                return _congruent(a, b)
            same = all_of(_agree(side, other) for side, other in zip(a.sides, b.sides, strict=True))
            if same or len(a.operators) > 1:
                return same
        return _inequalities(a, b)
    relation, other, first = (a, b, True) if isinstance(a, Relation) else (b, a, False)
    assert isinstance(relation, Relation)
    if relation.operators == ("∈",):
        value = relation.sides[1]
    elif is_equation(relation):
        value = (
            relation.sides[-1] if not name_of(relation.sides[-1]) or name_of(relation.sides[0]) else relation.sides[0]
        )
    else:
        return False
    return _agree(value, other) if first else _agree(other, value)


def _equations(a: Relation, b: Relation) -> bool | None:
    """Two equations: of the same zeros, or with values of the same name."""
    name, other = (next((n for n in (name_of(side.sides[0]), name_of(side.sides[-1])) if n), "") for side in (a, b))
    value, other_value = (assignments(side) for side in (a, b))
    constant = all(not arithmetic.variables(node) for values in (value, other_value) for node in values.values())
    if value and other_value and constant:
        if name != other and not (is_labelled(a.sides[0]) or is_labelled(b.sides[0])):
            return False
        return _agree(next(iter(value.values())), next(iter(other_value.values())))
    if len(a.sides) == len(b.sides) == 2:
        numerator, other_numerator = (
            arithmetic.cleared(Op("+", (side.sides[0], negative(side.sides[1]))))[0] for side in (a, b)
        )
        try:
            if arithmetic.proportional(numerator, other_numerator):
                return True
        except Undecided:
            return None
    if value and other_value and (name == other or "(" in name or "(" in other):
        return _agree(next(iter(value.values())), next(iter(other_value.values())))
    if not value and not other_value:
        return all_of((_agree(a.sides[0], b.sides[0]), _agree(a.sides[-1], b.sides[-1])))
    return False


def _inequalities(a: Relation, b: Relation) -> bool | None:
    """Two inequalities such as x + y < 5, up to a factor."""
    if len(a.operators) != 1 or len(b.operators) != 1:
        return False
    turned = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "≠": "≠"}
    if a.operators[0] not in turned or b.operators[0] not in turned:
        return False
    difference, other_difference = (Op("+", (side.sides[0], negative(side.sides[1]))) for side in (a, b))
    sign = 1 if a.operators == b.operators else -1 if turned[a.operators[0]] == b.operators[0] else 0
    return bool(sign) and arithmetic.proportional(
        difference, other_difference, lambda ratio: ratio.real * sign > 0 or a.operators[0] == "≠"
    )


def _congruent(a: Relation, b: Relation) -> bool | None:
    residue, modulus = arithmetic.exact(a.sides[1]), arithmetic.exact(a.sides[2])
    other, other_modulus = arithmetic.exact(b.sides[1]), arithmetic.exact(b.sides[2])
    if residue is None or modulus is None or other is None or not modulus:
        return all_of(_agree(side, other_side) for side, other_side in zip(a.sides, b.sides, strict=True))
    return name_of(a.sides[0]) == name_of(b.sides[0]) and modulus == other_modulus and (residue - other) % modulus == 0


def _intervals(a: Node, b: Node) -> bool | None:
    """Sets of real numbers; None where one of the two is not, and must be compared in another way."""
    names = [bound_variable(node) for node in (a, b)]
    if names[0] and names[1] and names[0] != names[1]:
        return False
    region, other_region = intervals.region(_member(a)), intervals.region(_member(b))
    if region is None or other_region is None:
        if (region is None) != (other_region is None) and isinstance(a, Num) | isinstance(b, Num):
            return False
        return None
    _budget.left -= len(region) + len(other_region)  # a set of integers has hundreds of points
    if _budget.left < 0:
        raise Undecided
    return intervals.same(region, other_region)


def _member(node: Node) -> Node:
    """A finite list that stands beside a region is a set of points."""
    listed = unordered(node)
    if listed is not None and not intervals.looks_like(node):
        return Group(tuple(listed.items), "{", "}")
    return node


# -- several items ----------------------------------------------------------------------------------------------------


def _lists(a: Node, b: Node, first: Items | None, second: Items | None) -> bool | None:
    if first is not None and second is not None:
        if first.name and second.name and first.name != second.name:
            return False
        return _matched(first.items, second.items, as_sets=first.braces or second.braces)
    listed, node = (first, b) if first is not None else (second, a)
    assert listed is not None
    ordered = sequence(node)
    if ordered is not None:
        if listed.braces or len(ordered) != len(listed.items):
            return False
        pairs = zip(listed.items, ordered, strict=True)
        return all_of(_agree(*pair) if first is not None else _agree(pair[1], pair[0]) for pair in pairs)
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


def _ordered(a: Node, b: Node) -> bool | None:
    if isinstance(a, Matrix) and isinstance(b, Matrix):
        if len(a.rows) != len(b.rows) or len(a.rows[0]) != len(b.rows[0]):
            return False
        rows = zip(a.rows, b.rows, strict=True)
        return all_of(_agree(entry, other) for row, others in rows for entry, other in zip(row, others, strict=True))
    if isinstance(a, Group) and isinstance(b, Group) and len(a.items) == 2 and a.opening != b.opening:
        return False  # an open interval or a point against a closed interval
    items, other_items = sequence(a), sequence(b)
    if items is None or other_items is None or len(items) != len(other_items):
        return False
    return all_of(_agree(*pair) for pair in zip(items, other_items, strict=True))


def _cases(a: Node, b: Node) -> bool | None:
    """Functions by cases: every row has its match, whatever the order."""
    if not isinstance(a, Cases) or not isinstance(b, Cases) or len(a.rows) != len(b.rows):
        return False
    left = list(b.rows)
    for row in a.rows:
        verdicts = [
            len(row) == len(other)
            and all_of(
                Sym("otherwise") in (cell, other_cell) or decide(cell, other_cell)
                for cell, other_cell in zip(row, other, strict=True)
            )
            for other in left
        ]
        if True not in verdicts:
            return None if None in verdicts else False
        del left[verdicts.index(True)]
    return True

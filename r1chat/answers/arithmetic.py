"""Are two expressions equal? Exact rational arithmetic first, else values to 250 digits; never an absolute tolerance.

Expressions with variables are compared at fixed points. The work is bounded by counted steps and by the size of
numbers, so a verdict depends on neither the machine nor its load. What goes beyond the bounds raises `Undecided`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import ceil, comb, factorial, floor, gcd, lcm, perm
from typing import Any

from r1chat.answers.tree import Based, Matrix, Node, Num, Op, Sym, children, integer_root

CONSTANTS = frozenset(("e", "pi", "i", "infinity", "empty", "log base"))
_BITS = 65_536  # of one exact numerator or denominator
_EXACT_WORK = 8_000_000  # bits handled in one exact evaluation
_STEPS = 3_000  # of one numeric evaluation; a function counts for several
_DIGITS, _AGREE = 250, 200  # decimal digits that constants are computed to, and that have to agree
_POINT_DIGITS, _POINT_AGREE = 60, 40  # the same for expressions with variables
_GREATEST = 10**30  # magnitude of an exponent, and of an angle
_POINTS = 8  # at which expressions with variables are compared; the first half of them is positive
_INTEGERS = frozenset("nkmNK")  # variables that stand for integers, where only these agree
_RATIONAL_DIGITS, _IRRATIONAL_DIGITS = 6, 8  # significant digits from which on a decimal stands for what rounds to it
_FLOAT_DIGITS = 16  # significant digits from which on a decimal is the output of floating point
_FUNCTION_COST = 12

_SERIES = ("sum", "prod")
_TERMS = 1_000  # of a sum or product
_COSTLY = ("!", "binom", "log", "root", "exp", "sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh")


class Undecided(Exception):
    """The question is beyond the bounds, or about something that has no value here."""


class _NoValue(Exception):
    """The expression has no value at this point: 1/0, log 0."""


def variables(node: Node) -> frozenset[str]:
    """The names in an expression that are no constants."""
    names = frozenset(symbol.name for symbol in walk(node) if isinstance(symbol, Sym)) - CONSTANTS
    return names - {series.args[0].name for series in walk(node) if isinstance(series, Op) and series.kind in _SERIES}  # type: ignore[union-attr]


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, without recursion."""
    waiting: list[Node] = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(children(current))


# -- exact --------------------------------------------------------------------------------------------------------


def exact(node: Node) -> Fraction | None:
    """The value of an expression of rational numbers, where it is small enough; None for all others."""
    try:
        return _Exact().value(node)
    except (Undecided, ZeroDivisionError, ValueError, OverflowError):
        return None


class _Exact:
    """One exact evaluation, with the work it has done."""

    def __init__(self) -> None:
        self.work = 0

    def value(self, node: Node) -> Fraction | None:
        match node:
            case Num(value=number):
                return self.kept(number)
            case Based(digits=digits, base=base):
                return Fraction(int(digits, base))
            case Op(kind=kind) if kind in _SERIES:
                return None
            case Op(kind=kind, args=args):
                values = []
                for argument in args:
                    if isinstance(argument, Matrix):
                        return self.kept(_determinant([[self.need(cell) for cell in row] for row in argument.rows]))
                    value = self.value(argument)
                    if value is None:
                        return None
                    values.append(value)
                result = self.operate(kind, values)
                return None if result is None else self.kept(result)
            case _:
                return None

    def need(self, node: Node) -> Fraction:
        value = self.value(node)
        if value is None:
            raise Undecided
        return value

    def kept(self, value: Fraction) -> Fraction:
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        self.work += bits
        if bits > _BITS or self.work > _EXACT_WORK:
            raise Undecided
        return value

    def operate(self, kind: str, values: list[Fraction]) -> Fraction | None:
        first = values[0]
        match kind, values:
            case "+", _:
                total = Fraction(0)
                for value in values:
                    total = self.kept(total + value)
                return total
            case "*", [_, second]:
                return first * second
            case "/", [_, second]:
                return first / second
            case "neg", _:
                return -first
            case "^", [_, second]:
                return _power(first, second)
            case "root", [degree, second]:
                return _power(second, 1 / degree)
            case "abs", _:
                return abs(first)
            case "floor", _:
                return Fraction(floor(first))
            case "ceil", _:
                return Fraction(ceil(first))
            case "!", _ if first.denominator == 1 and 0 <= first <= 3_000:
                return Fraction(factorial(int(first)))
            case (("binom" | "permutations"), [_, second]) if _counts(first, second):
                return Fraction((comb if kind == "binom" else perm)(int(first), int(second)))
            case "max", _:
                return max(values)
            case "min", _:
                return min(values)
            case (("gcd" | "lcm"), _) if all(value.denominator == 1 for value in values):
                return Fraction((gcd if kind == "gcd" else lcm)(*map(int, values)))
            case "sgn", _:
                return Fraction((first > 0) - (first < 0))
            case "log", [base, second]:
                return _logarithm(base, second)
            case _:
                return None


def _counts(n: Fraction, k: Fraction) -> bool:
    return n.denominator == k.denominator == 1 and 0 <= k <= n <= 5_000


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """A power that is rational and small; None for others, ZeroDivisionError for 0 ** -1."""
    if base in (0, 1):
        return base if exponent > 0 or base == 1 else 1 / base if exponent < 0 else None
    if exponent.denominator > 1:
        if exponent.denominator > 64:
            return None
        parts = [integer_root(part, exponent.denominator) for part in (base.numerator, base.denominator)]
        if base < 0 or None in parts:  # of a negative base the root may be complex
            return None
        base = Fraction(*(part for part in parts if part is not None))
        exponent = Fraction(exponent.numerator)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * bits > _BITS:
        return None
    return base ** int(exponent)


def _logarithm(base: Fraction, value: Fraction) -> Fraction | None:
    """A logarithm that is an integer."""
    if base <= 1 or value <= 0:
        return None
    power, target = Fraction(1), max(value, 1 / value)
    for exponent in range(400):
        if power >= target:
            return (Fraction(exponent) if value >= 1 else Fraction(-exponent)) if power == target else None
        power *= base
    return None


def _determinant(rows: list[list[Fraction]]) -> Fraction:
    if len(rows) > 8 or any(len(row) != len(rows) for row in rows):
        raise Undecided
    sign = Fraction(1)
    rows = [list(row) for row in rows]
    for column in range(len(rows)):
        pivot = next((row for row in range(column, len(rows)) if rows[row][column]), None)
        if pivot is None:
            return Fraction(0)
        if pivot != column:
            rows[pivot], rows[column], sign = rows[column], rows[pivot], -sign
        sign *= rows[column][column]
        for row in range(column + 1, len(rows)):
            factor = rows[row][column] / rows[column][column]
            rows[row] = [value - factor * above for value, above in zip(rows[row], rows[column], strict=True)]
    return sign


# -- numeric ------------------------------------------------------------------------------------------------------

_contexts = threading.local()


def _context() -> Any:
    """This thread's own mpmath context, whose precision nobody else changes."""
    if not hasattr(_contexts, "value"):
        import mpmath  # type: ignore[import-untyped]

        _contexts.value = mpmath.MPContext()
    return _contexts.value


class _Numeric:
    """One numeric evaluation. `scale` is the greatest magnitude from which digits may have been lost."""

    def __init__(self, digits: int, values: Mapping[str, Fraction], log_base: int | None) -> None:
        self.mp = _context()
        self.mp.dps = digits
        self.steps = 0
        self.scale = self.mp.mpf(0)
        self.values = dict(values)
        self.log_base = log_base

    def value(self, node: Node) -> Any:
        self.step(1)
        mp = self.mp
        match node:
            case Num(value=number):
                return mp.mpf(number.numerator) / number.denominator
            case Based(digits=digits, base=base):
                return mp.mpf(int(digits, base))
            case Sym(name=name):
                return self.symbol(name)
            case Op(kind=kind, args=args):
                if kind in _COSTLY:
                    self.step(_FUNCTION_COST)
                if kind == "det":
                    return self.determinant(args[0])
                if kind in _SERIES:
                    return self.series(kind, *args)
                return self.operate(kind, [self.value(argument) for argument in args])
            case _:
                raise Undecided

    def step(self, cost: int) -> None:
        self.steps += cost
        if self.steps > _STEPS:
            raise Undecided

    def symbol(self, name: str) -> Any:
        mp = self.mp
        if name in self.values:
            return mp.mpf(self.values[name].numerator) / self.values[name].denominator
        if name == "log base":
            return mp.e if self.log_base is None else mp.mpf(self.log_base)
        constants = {"e": mp.e, "pi": mp.pi, "i": mp.j}
        if name in constants:
            return +constants[name]
        raise Undecided

    def series(self, kind: str, index: Node, first: Node, last: Node, term: Node) -> Any:
        low, high = exact(first), exact(last)
        if low is None or high is None or high - low > _TERMS or low.denominator != 1 or not isinstance(index, Sym):
            raise Undecided
        total = self.mp.mpf(0 if kind == "sum" else 1)
        for number in range(int(low), floor(high) + 1):
            self.values[index.name] = Fraction(number)
            value = self.value(term)
            self.lose(value)
            total = total + value if kind == "sum" else total * value
        self.values.pop(index.name, None)
        return total

    def lose(self, *terms: Any) -> None:
        """Remember the magnitude of terms that may have cancelled out."""
        self.scale = max(self.scale, *(abs(term) for term in terms))

    def determinant(self, node: Node) -> Any:
        if not isinstance(node, Matrix) or len(node.rows) > 6 or any(len(row) != len(node.rows) for row in node.rows):
            raise Undecided
        return self.minor([[self.value(cell) for cell in row] for row in node.rows])

    def minor(self, rows: list[list[Any]]) -> Any:
        if not rows:
            return self.mp.mpf(1)
        self.step(len(rows))
        total = self.mp.mpf(0)
        for column, value in enumerate(rows[0]):
            term = value * self.minor([row[:column] + row[column + 1 :] for row in rows[1:]])
            self.lose(term)
            total += -term if column % 2 else term
        return total

    def operate(self, kind: str, values: list[Any]) -> Any:
        mp, first = self.mp, values[0]
        second = values[-1]
        match kind:
            case "+":
                self.lose(*values)
                return sum(values[1:], first)
            case "*":
                return first * second
            case "/":
                if second == 0:
                    raise _NoValue
                return first / second
            case "neg":
                return -first
            case "^":
                return self.power(first, second)
            case "root":
                return self.root(first, second)
            case "abs":
                return abs(first)
            case "floor" | "ceil":
                real = self.real(first)
                if abs(real - mp.nint(real)) < mp.mpf(10) ** (-mp.dps // 2):
                    return mp.nint(real)
                return mp.floor(real) if kind == "floor" else mp.ceil(real)
            case "!":
                if abs(first) > 10**6 or (self.real(first) < 0 and first == mp.nint(first)):
                    raise _NoValue
                return mp.factorial(first)
            case "binom":
                if max(abs(first), abs(second)) > 10**5:
                    raise Undecided
                return mp.binomial(first, second)
            case "log":
                base, number = values
                if base in (0, 1) or number == 0:
                    raise _NoValue
                self.lose(mp.mpf(1))
                return mp.log(number) / mp.log(base)
            case "exp":
                return self.power(+mp.e, first)
            case "deg":
                return first * mp.pi / 180
            case "max" | "min":
                return (max if kind == "max" else min)(map(self.real, values))
            case "Re" | "Im":
                return mp.re(first) if kind == "Re" else mp.im(first)
            case "sgn":
                return mp.sign(first)
            case "sin" | "cos" | "tan" | "sec" | "csc" | "cot" | "sinh" | "cosh" | "tanh":
                if abs(first) > _GREATEST or (kind.endswith("h") and abs(first) > 10**6):
                    raise Undecided
                self.lose(mp.mpf(1), first)
                if kind in ("tan", "sec") and abs(mp.cos(first)) < mp.mpf(10) ** (-mp.dps // 2):
                    raise _NoValue
                if kind in ("cot", "csc") and abs(mp.sin(first)) < mp.mpf(10) ** (-mp.dps // 2):
                    raise _NoValue
                return getattr(mp, kind)(first)
            case _ if kind.startswith("arc") and hasattr(mp, f"a{kind[3:]}"):
                self.lose(mp.mpf(1))
                return getattr(mp, f"a{kind[3:]}")(first)
            case _:
                raise Undecided

    def real(self, value: Any) -> Any:
        if abs(self.mp.im(value)) > self.mp.mpf(10) ** (-self.mp.dps // 2):
            raise _NoValue
        return self.mp.re(value)

    def power(self, base: Any, exponent: Any) -> Any:
        mp = self.mp
        if base == 0:
            if mp.re(exponent) <= 0:
                raise _NoValue
            return mp.mpf(0)
        if abs(exponent) * (abs(mp.log(abs(base))) + 1) > _GREATEST:
            raise Undecided
        return mp.power(base, exponent)

    def root(self, degree: Any, value: Any) -> Any:
        mp = self.mp
        if degree == 0 or abs(degree) > 10**6:
            raise Undecided
        if mp.im(value) == 0 and mp.re(value) < 0 and degree == mp.nint(mp.re(degree)) and int(degree) % 2:
            return -mp.power(-value, 1 / mp.mpf(int(degree)))
        return self.power(value, 1 / degree)

    def zero(self, difference: Any, magnitude: Any, digits: int) -> bool:
        """Is a difference nothing but lost digits, next to the numbers that it is between?"""
        return bool(abs(difference) <= magnitude * self.mp.mpf(10) ** -digits) or bool(
            abs(difference) <= self.scale * self.mp.mpf(10) ** -(self.mp.dps - 20)
        )


def equal(a: Node, b: Node) -> bool:
    """Do two expressions have the same value, for all values of their variables? Raises Undecided."""
    if a == b:
        return True
    first, second = exact(a), exact(b)
    if first is not None and second is not None:
        return first == second or _rounds(a, first, second) or _rounds(b, second, first)
    bases: tuple[int | None, ...] = (None,)
    if any(node == Sym("log base") for root in (a, b) for node in walk(root)):
        bases = (10, None)  # \log is either
    names = sorted(variables(a) | variables(b))
    if any(name.startswith("set ") for name in names):
        return False
    if len(names) > 12:
        raise Undecided
    return any(_same(a, b, names, base) for base in bases)


def _same(a: Node, b: Node, names: list[str], log_base: int | None) -> bool:
    if not names:
        return _same_constant(a, b, log_base)
    agreed = _agreements(a, b, names, _samples(names), log_base)
    if False in agreed:
        return _same_at_integers(a, b, names, log_base)
    if agreed.count(True) >= 2:
        return True
    if any(name not in _INTEGERS for name in names):
        raise Undecided
    return _same_at_integers(a, b, names, log_base)


def _same_at_integers(a: Node, b: Node, names: list[str], log_base: int | None) -> bool:
    r"""Are two expressions the same where n and k are integers, as (-1)^n and \cos n\pi are?"""
    special = any(isinstance(node, Op) and node.kind in ("^", "!", "sin", "cos", "tan") for node in walk(a))
    if not special or any(name not in _INTEGERS for name in names):
        return False
    agreed = _agreements(a, b, names, _integer_samples(names), log_base)
    return False not in agreed and agreed.count(True) >= 4


def _same_constant(a: Node, b: Node, log_base: int | None) -> bool:
    numeric = _Numeric(_DIGITS, {}, log_base)
    try:
        first, second = numeric.value(a), numeric.value(b)
    except (_NoValue, ZeroDivisionError):
        return False
    except (ValueError, OverflowError, TypeError, NotImplementedError) as error:
        raise Undecided from error
    if numeric.zero(first - second, max(abs(first), abs(second)), _AGREE):
        return True
    return any(
        isinstance(node, Num)
        and node.digits >= _IRRATIONAL_DIGITS
        and abs(value - other) <= numeric.mp.mpf(10) ** -node.places / 2
        for node, value, other in ((a, first, second), (b, second, first))
    )


def _agreements(
    a: Node, b: Node, names: list[str], points: list[dict[str, Fraction]], log_base: int | None
) -> list[bool | None]:
    """Whether the expressions agree at each point; None where one of them has no real value there."""
    verdicts: list[bool | None] = []
    for point in points:
        numeric = _Numeric(_POINT_DIGITS, point, log_base)
        try:
            first, second = numeric.value(a), numeric.value(b)
        except (_NoValue, ZeroDivisionError):
            verdicts.append(None)
            continue
        except (ValueError, OverflowError, TypeError, NotImplementedError) as error:
            raise Undecided from error
        if numeric.zero(first - second, max(abs(first), abs(second)), _POINT_AGREE):
            verdicts.append(True)
            continue
        complex_numbers = any(abs(numeric.mp.im(value)) > 0 for value in (first, second))
        imaginary = any(symbol == Sym("i") for root in (a, b) for symbol in walk(root))
        verdicts.append(None if complex_numbers and not imaginary else False)
    return verdicts


def _samples(names: list[str]) -> list[dict[str, Fraction]]:
    """Fixed points without any pattern; in the second half some values are negative."""
    points = []
    for number in range(_POINTS):
        point = {}
        for index, name in enumerate(names):
            value = Fraction((7919 * (number + 2) * (index + 3) + 104_729 * index) % 997 + 150, 431)
            negative = number >= _POINTS // 2 and (index + number) % 2 == 0
            point[name] = -value if negative else value
        points.append(point)
    return points


def _integer_samples(names: list[str]) -> list[dict[str, Fraction]]:
    return [{name: Fraction(number + index) for index, name in enumerate(names)} for number in range(1, 8)]


def _rounds(node: Node, value: Fraction, other: Fraction) -> bool:
    """Is a decimal what the other number rounds to? It needs six significant digits: 0.333333 is 1/3, 0.33 is not."""
    if isinstance(node, Num) and node.digits >= _RATIONAL_DIGITS:
        if abs(value - other) * 2 <= Fraction(10) ** -node.places:
            return True
        return node.digits >= _FLOAT_DIGITS and abs(value - other) <= abs(value) / 10**15
    return False


# -- equations ----------------------------------------------------------------------------------------------------


def proportional(a: Node, b: Node, accept: Callable[[Any], bool] = lambda ratio: True) -> bool:
    """Is one expression a constant multiple of the other, and not zero? Raises Undecided."""
    names = sorted(variables(a) | variables(b))
    if not names or variables(a) != variables(b):
        return False
    ratios = []
    for point in _samples(names):
        numeric = _Numeric(_POINT_DIGITS, point, 10)
        try:
            first, second = numeric.value(a), numeric.value(b)
            if second == 0 or first == 0:
                continue
            ratios.append(first / second)
        except (_NoValue, ZeroDivisionError):
            continue
        except (ValueError, OverflowError, TypeError, NotImplementedError) as error:
            raise Undecided from error
    if len(ratios) < 3:
        raise Undecided
    tolerance = _context().mpf(10) ** -(_POINT_AGREE - 10)
    return all(abs(ratio / ratios[0] - 1) <= tolerance for ratio in ratios) and accept(ratios[0])


def shifted(a: Node, b: Node) -> bool:
    """Do two expressions differ by a constant, as two antiderivatives do? Raises Undecided."""
    names = sorted(variables(a) | variables(b))
    if variables(a) != variables(b):
        return False
    differences = []
    for point in _samples(names):
        numeric = _Numeric(_POINT_DIGITS, point, 10)
        try:
            first, second = numeric.value(a), numeric.value(b)
            if first.imag == 0 and second.imag == 0:
                differences.append(first - second)
        except (_NoValue, ZeroDivisionError):
            continue
        except (ValueError, OverflowError, TypeError, NotImplementedError) as error:
            raise Undecided from error
    if len(differences) < 3:
        raise Undecided
    tolerance = _context().mpf(10) ** -(_POINT_AGREE - 10)
    return all(abs(difference - differences[0]) <= tolerance for difference in differences)


_ONE = Num(Fraction(1))


def cleared(node: Node) -> tuple[Node, Node]:
    """Numerator and denominator of an expression, so that an equation's zeros are those of the numerator."""
    match node:
        case Op(kind="+", args=args):
            top, bottom = cleared(args[0])
            for argument in args[1:]:
                other, below = cleared(argument)
                if below == bottom:
                    top = Op("+", (top, other))
                else:
                    top = Op("+", (_times(top, below), _times(other, bottom)))
                    bottom = _times(bottom, below)
            return top, bottom
        case Op(kind="neg", args=(inner,)):
            top, bottom = cleared(inner)
            return Op("neg", (top,)), bottom
        case Op(kind="*", args=(left, right)):
            (top, bottom), (other, below) = cleared(left), cleared(right)
            return _times(top, other), _times(bottom, below)
        case Op(kind="/", args=(left, right)):
            (top, bottom), (other, below) = cleared(left), cleared(right)
            return _times(top, below), _times(bottom, other)
        case Op(kind="^", args=(base, Num(value=power))) if power.denominator == 1 and 0 < abs(power) <= 12:
            top, bottom = cleared(base)
            if power < 0:
                top, bottom = bottom, top
            exponent = Num(abs(power))
            return Op("^", (top, exponent)), bottom if bottom == _ONE else Op("^", (bottom, exponent))
        case _:
            return node, _ONE


def _times(a: Node, b: Node) -> Node:
    return b if a == _ONE else a if b == _ONE else Op("*", (a, b))


def number(node: Node) -> Any:
    """The value of a real constant, to 250 digits; infinity as such. Raises Undecided where it has none."""
    match node:
        case Sym(name="infinity"):
            return _context().inf
        case Op(kind="neg", args=(Sym(name="infinity"),)):
            return -_context().inf
    numeric = _Numeric(_DIGITS, {}, 10)
    try:
        return numeric.real(numeric.value(node))
    except (_NoValue, ZeroDivisionError, ValueError, OverflowError, TypeError, NotImplementedError) as error:
        raise Undecided from error


def near(a: Any, b: Any) -> bool:
    """Are two values of `number` the same, as far as they were computed?"""
    if a == b:
        return True
    mp = _context()
    return bool(mp.isfinite(a) and mp.isfinite(b) and abs(a - b) <= max(abs(a), abs(b)) * mp.mpf(10) ** -_AGREE)

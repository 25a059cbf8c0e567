r"""The grammar of answers: a tidied text -> a tree. Pure; bounded by the text's length and the depth of nesting.

Reads LaTeX and plain spelling alike: numbers, quantities, expressions, equations and inequalities, sets, tuples and
intervals, lists, ratios, matrices and systems. What it does not know raises `Unreadable`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from r1chat.answers import numerals, units
from r1chat.answers.spelling import CURRENCY
from r1chat.answers.units import Unit

DEEPEST = 40  # levels of nesting
_TALLEST = 120  # levels of a tree, so that functions that recurse over it stay far from Python's limit
_MOST_ATOMS = 3_000
_LONGEST_NUMBER = 1_000  # characters of one number


class Unreadable(Exception):
    """The text is no mathematics that this grammar knows."""


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

_FUNCTIONS = """sin cos tan sec csc cot sinh cosh tanh arcsin arccos arctan arccot arcsec arccsc log ln lg exp sqrt
    max min gcd lcm det sgn Re Im arg deg"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
_ALIASES = {"tg": "tan", "ctg": "cot", "arctg": "arctan", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
_ALIASES |= {"cosec": "csc", "cbrt": "cbrt", "abs": "abs", "floor": "floor", "ceil": "ceil"}
_LETTER_NAMES = """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi
    rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell hbar"""
_GREEK = frozenset(_LETTER_NAMES.split())
_RELATIONS = {
    "=": "=",
    "<": "<",
    ">": ">",
    "<=": "≤",
    ">=": "≥",
    "!=": "≠",
    r"\le": "≤",
    r"\leq": "≤",
    r"\leqslant": "≤",
    r"\leqq": "≤",
    r"\ge": "≥",
    r"\geq": "≥",
    r"\geqslant": "≥",
    r"\geqq": "≥",
    r"\lt": "<",
    r"\gt": ">",
    r"\ne": "≠",
    r"\neq": "≠",
    r"\in": "∈",
    r"\notin": "∉",
    r"\approx": "≈",
    r"\simeq": "≈",
    r"\doteq": "≈",
    r"\equiv": "≡",
    r"\subset": "⊂",
    r"\subseteq": "⊆",
    r"\to": "→",
    r"\rightarrow": "→",
    r"\mapsto": "→",
    r"\parallel": "∥",
    r"\perp": "⊥",
    r"\sim": "∼",
}
_SETS = {r"\cup": "∪", r"\cap": "∩", r"\setminus": "∖", r"\backslash": "∖", r"\bigcup": "∪"}
_TIMES = {r"\times": "*", r"\cdot": "*", r"\div": "/", r"\ast": "*", "*": "*", "/": "/"}
_MARKS = """vec overrightarrow overleftrightarrow overline bar hat widehat tilde angle triangle dot ddot odot stackrel
    overset underset"""
_ACCENTS = frozenset(_MARKS.split())
_ENVIRONMENTS = ("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array")
_ALIGNED = ("aligned", "align", "align*", "split", "gathered", "gather", "gather*", "alignedat")
_SYSTEMS = ("cases", "rcases", "dcases", *_ALIGNED)
_CLOSERS = {"(": ")]", "[": ")]", "\\{": ("\\}",), "{": "}", "\\langle": ("\\rangle",), "\\lbrace": ("\\rbrace",)}

_SPACE = re.compile(r"\s+")
_COMMAND = re.compile(r"\\(?:[a-zA-Z]+\*?|.)", re.DOTALL)
_RECURRING = re.compile(
    r"(\d*)\.(\d*)(?:\\(?:overline|bar|dot)\s*(?:\{\s*(\d+)\s*\}|(\d))(?:(\d*)\\dot\s*(?:\{\s*(\d)\s*\}|(\d)))?)"
)
_ELLIPSIS = re.compile(
    r"(\d*)\.(\d*?)(\d)\3{2,}(?:\\[lc]?dots|\.\.\.)|(\d*)\.(\d*?)(\d{2,6}?)\6+(?:\\[lc]?dots|\.\.\.)"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?")
_SPACED_THOUSANDS = re.compile(r"\d{1,3}(?:\s\d{3})+(?![\d.]*\d)(?:\.\d+)?")
_NUMBER = re.compile(r"\d+(?:\.(?!\.)\d*)?|\.\d+")
_SCIENCE = re.compile(r"[eE]([-+]?\d{1,4})(?![\d.])")
_BASED = re.compile(r"([0-9A-F]+)\s*_\s*(?:\{\s*\(?\s*(\d{1,2}|[a-z]{3,8})\s*\)?\s*\}|(\d))", re.ASCII)
_BASES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_BASES |= {"eleven": 11, "twelve": 12, "sixteen": 16}
_MIXED = re.compile(
    r"(?:\s+|\s*又\s*|\s*(?:又\s*)?\\(?=frac))(?:frac\s*(?:\{\s*(\d+)\s*\}|(\d))\s*(?:\{\s*(\d+)\s*\}|(\d))|(\d+)\s*/\s*(\d+)(?![\d.]))"
)
_POWER_OF_TEN = re.compile(
    r"\s*(?:\\times|\\cdot|\*|x)\s*10\s*(?:\^|\*\*)\s*(?:\{\s*([-+]?\s*\d{1,4})\s*\}|([-+]?\d{1,4})(?!\d))"
)
_COMBINATIONS = re.compile(
    r"([CAP])\s*(?:_\s*\{?\s*(\d{1,4})\s*\}?\s*\^\s*\{?\s*(\d{1,4})\s*\}?|\^\s*\{?\s*(\d{1,4})\s*\}?\s*_\s*\{?\s*(\d{1,4})\s*\}?)"
)
_LETTERS = re.compile(r"[a-zA-Z]+")
_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{([^{}]{1,20})\}|([a-zA-Z0-9]))")
_PRIMES = re.compile(r"'+|\^\s*\{?\s*\\prime\s*\}?")
_DEGREES = re.compile(r"\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ)")
_OR, _AND = (
    re.compile(r"or(?![a-zA-Z])|\\lor(?![a-zA-Z])|\\vee(?![a-zA-Z])|或者?"),
    re.compile(
        r"and(?![a-zA-Z])|\\land(?![a-zA-Z])|\\wedge(?![a-zA-Z])|&&|[和且与及并]且?|以及|,|;|\\\\(?:\s*\[[^\]]*\])?|\n"
    ),
)
_MODULUS = re.compile(r"\s*(?:\\p?mod(?![a-zA-Z])|\\pod|\(?\s*(?:\\b?mod|mod)(?![a-zA-Z]))\s*")
_RELATION = re.compile(r"<=|>=|!=|[=<>]|\\[a-zA-Z]+")
_HEADER = re.compile(r"\s*\{[^{}]*\}|\s*\[[^\]]*\]")
_PARTS = re.compile(r"(?:and|又|零)\s*(?=\d)")
_OTHERWISE = re.compile(r"(?:otherwise|else|其他|其它|否则)(?![a-z])")
_CONDITION = re.compile(r"(?:if|when|for|and|where)(?![a-z])|[当若且时]")
_POINT = re.compile(r"[A-Z](?:_\{?\w\}?)?'?\s*(?=\()")


def parse(text: str, *, thousands: bool = True) -> Node:
    r"""The tree of a text that `spelling.tidy` has made plain.

    `thousands`: a comma before three digits separates thousands, outside of brackets. Raises Unreadable.
    """
    parser = _Parser(text, thousands)
    node = parser.listing("")
    parser.space()
    if parser.position < len(text):
        raise Unreadable(text[parser.position :])
    if _height(node) > _TALLEST:
        raise Unreadable("too long an expression")
    return node


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


def _height(node: Node) -> int:
    """The levels of a tree, counted without recursion."""
    level: list[Node] = [node]
    height = 0
    while level and height <= _TALLEST:
        level = [child for parent in level for child in children(parent)]
        height += 1
    return height


class _Parser:
    """Recursive descent over the characters of one text."""

    def __init__(self, text: str, thousands: bool) -> None:
        self.text = text
        self.position = 0
        self.thousands = thousands
        self.depth = 0
        self.atoms = 0  # that were read, those of failed attempts included
        self.bars = 0  # absolute values that are open
        self.functions = 0  # whose argument is being read

    # -- characters ---------------------------------------------------------------------------------------------------

    def space(self) -> None:
        if found := _SPACE.match(self.text, self.position):
            self.position = found.end()

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found

    def peek(self) -> str:
        """The next command or character after white space; an empty text at the end."""
        self.space()
        if self.text.startswith("\\", self.position):
            found = _COMMAND.match(self.text, self.position)
            return found[0] if found else "\\"
        return self.text[self.position : self.position + 1]

    def accept(self, token: str) -> bool:
        if self.peek() == token:
            self.position += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise Unreadable(f"{token} is missing")

    def ends(self, stop: str | tuple[str, ...]) -> bool:
        """Is this the end of the text, or one of the tokens that close what is open?"""
        token = self.peek()
        return not token or token in stop

    # -- lists and relations ------------------------------------------------------------------------------------------

    def listing(self, stop: str | tuple[str, ...]) -> Node:
        """Items between commas, "and" and "or", up to one of `stop`."""
        groups, items = [], [self.statement(stop)]
        while not self.ends(stop):
            either = self.take(_OR)
            if not either and not self.take(_AND):
                break
            self.space()
            while extra := self.take(_OR) or self.take(_AND):  # "1, 2, and 3"
                either = either or (extra if _OR.fullmatch(extra[0]) else None)
                self.space()
            if self.ends(stop):
                break
            if either:
                groups.append(items)
                items = []
            items.append(self.statement(stop))
        groups.append(items)
        if len(groups) == 1:
            return items[0] if len(items) == 1 else Group(tuple(items))
        if len(items) > 1 and all(len(group) == len(items) for group in groups):
            return Group(tuple(Group(tuple(group)) for group in groups), joint="or")
        return Group(tuple(item for group in groups for item in group), joint="or")

    def statement(self, stop: str | tuple[str, ...]) -> Node:
        """An expression, or a chain of relations."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")
        if self.accept("&"):
            self.space()
        if self.peek() in (r"\approx", r"\simeq", "="):  # "≈ 12.57"
            self.position += len(self.peek())
        sides, operators = [self.operand()], []
        while True:
            self.accept("&")
            self.space()
            if len(sides) == 1 and self.peek() == ":" and ":" not in stop:
                sides = [self.ratio(sides[0])]
            found = _RELATION.match(self.text, self.position)
            operator = _RELATIONS.get(found[0]) if found else None
            if found is None or operator is None:
                break
            self.position = found.end()
            self.accept("&")
            if operator in "<>" and self.accept("="):
                operator = {"<": "≤", ">": "≥"}[operator]
            operators.append(operator)
            sides.append(self.operand())
        if operators and (found := self.take(_MODULUS)):
            operators.append("mod")
            sides.append(self.argument())
            self.accept(")")
        self.depth -= 1
        return Relation(tuple(operators), tuple(sides)) if operators else sides[0]

    def ratio(self, first: Node) -> Node:
        parts = [first]
        while self.accept(":"):
            parts.append(self.sum())
        return Op("ratio", tuple(parts))

    def operand(self) -> Node:
        """Sums joined by operations on sets."""
        node = self.sum()
        while (token := self.peek()) in _SETS:
            self.position += len(token)
            node = Op(_SETS[token], (node, self.sum()))
        return node

    # -- arithmetic ---------------------------------------------------------------------------------------------------

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")
        terms = [self.signed()]
        while True:
            token = self.peek()
            if token in ("+", "-"):
                self.position += 1
                term = self.signed()
                terms.append(term if token == "+" else negative(term))
            elif token in (r"\pm", r"\mp"):
                self.position += 3
                terms.append(Op(token[1:], (self.signed(),)))
            elif isinstance(terms[-1], Quantity) and (token.isdigit() or self.between(terms[-1])):
                terms.append(self.term())  # 2 hours 30 minutes
                if not isinstance(terms[-1], Quantity):
                    raise Unreadable("a number without a unit")
            else:
                break
        self.depth -= 1
        if len(terms) == 1:
            return terms[0]
        last = terms[-1]
        if isinstance(last, Quantity) and not any(isinstance(term, Quantity) for term in terms[:-1]):
            terms[-1] = last.value  # 2\pi + 3 cm
            return Quantity(Op("+", tuple(terms)), last.unit)
        return Op("+", tuple(terms))

    def between(self, quantity: Quantity) -> bool:
        """Does "and" stand between two parts of one quantity, as in "2 hours and 30 minutes"?"""
        start = self.position
        if not quantity.unit.factors or not (link := self.take(_PARTS)):
            return False
        part = self.attempt(self.term)
        fits = isinstance(part, Quantity) and part.unit != quantity.unit and units.conversion(part.unit, quantity.unit)
        self.position = link.end() if fits else start
        return bool(fits)

    def attempt(self, rule: Callable[[], Node]) -> Node | None:
        """What a rule reads here; None, and the position unchanged, where it reads nothing."""
        start, depth, bars, thousands = self.position, self.depth, self.bars, self.thousands
        try:
            return rule()
        except Unreadable:
            self.position, self.depth, self.bars, self.thousands = start, depth, bars, thousands
            return None

    def signed(self) -> Node:
        token = self.peek()
        if token in ("+", "-", r"\pm", r"\mp"):
            self.position += len(token)
            self.depth += 1
            if self.depth > DEEPEST:
                raise Unreadable("too many signs")
            inner = self.signed()
            self.depth -= 1
            if token == "+":
                return inner
            return negative(inner) if token == "-" else _inside(inner, token[1:])
        return self.term()

    def term(self) -> Node:
        """Factors, with or without a sign between them; a unit at the end."""
        self.space()
        sign = self.text[self.position : self.position + 1]
        if sign in units.CURRENCIES and sign:
            self.position += 1
            value = negative(self.factor()) if self.accept("-") else self.factor()
            unit = self.unit()
            return Quantity(value, units.currency(sign) if unit is None or not unit.factors else unit)
        node = self.factor()
        while True:
            unit = self.unit(variables=_has_variables(node))
            if unit is not None:
                return Quantity(node, unit)
            token = self.peek()
            if token in _TIMES:
                self.position += len(token)
                right = self.signed_factor()
                node = quotient(node, right) if _TIMES[token] == "/" else Op("*", (node, right))
            elif self.begins_factor(token):
                node = Op("*", (node, self.factor()))
            else:
                return node

    def signed_factor(self) -> Node:
        if self.accept("-"):
            return negative(self.factor())
        self.accept("+")
        return self.factor()

    def unit(self, variables: bool = False) -> Unit | None:
        """A unit that ends the item; where it follows `variables`, a single letter is another one."""
        found = units.match(self.text, self.position)
        if found is None:
            return None
        unit, end = found
        symbol = self.text[self.position : end].partition("^")[0].strip()
        if variables and (not unit.factors or len(symbol) == 1):  # a t^2
            return None
        self.position = end
        return unit

    def begins_factor(self, token: str) -> bool:
        """May the next token stand right behind a factor, multiplied by it?"""
        if not token or token in "+-=<>,;:!^_&)]}%'" or (token == "|" and self.bars):
            return False
        if _OR.match(self.text, self.position) or _AND.match(self.text, self.position):
            return False
        if token.isdigit() or token == ".":
            before = self.text[: self.position].rstrip()
            return before.endswith((")", "}", "!")) or before[-1:].isalpha()
        if token.startswith("\\"):
            name = token[1:]
            return (
                name in _GREEK
                or name in FUNCTIONS
                or name in _ACCENTS
                or name
                in ("frac", "sqrt", "binom", "langle", "lfloor", "lceil", "lvert", "begin", "infty", "left", "sum")
            )
        return token in "([{|" or (token.isascii() and token.isalpha())

    def factor(self) -> Node:
        """An atom with what follows it: !, powers, per cent."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")
        node = self.atom()
        while True:
            if self.text.startswith("!", self.position) and not self.text.startswith("!=", self.position):
                self.position += 1
                node = Op("!", (node,))
                continue
            if _DEGREES.match(self.text, self.position):
                unit = units.match(self.text, self.position)
                if unit is None or self.functions:  # inside of an expression: sin 30° + 1
                    self.take(_DEGREES)
                    node = Op("deg", (node,))
                    continue
                break
            if primes := self.take(_PRIMES):
                node = Sym(f"{node.name}{primes[0]}") if isinstance(node, Sym) else Op("prime", (node,))
                continue
            if self.peek() == "^":
                self.position += 1
                node = Op("^", (node, self.exponent()))
                continue
            break
        self.depth -= 1
        return node

    def exponent(self) -> Node:
        """What stands after ^: a group, a signed number (10^-3), or one factor."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")
        node = self.raised()
        self.depth -= 1
        return node

    def raised(self) -> Node:
        if self.peek() == "{":
            return self.argument()
        if self.accept("-"):
            return negative(self.exponent())
        self.accept("+")
        if self.peek() == "(":
            return self.atom()
        if found := self.take(re.compile(r"\d+(?:\.\d+)?")):
            node: Node = Num(Fraction(found[0]))
        else:
            node = self.argument()
        if self.peek() == "^":  # 2^3^2
            self.position += 1
            return Op("^", (node, self.exponent()))
        return node

    def argument(self) -> Node:
        r"""What a command takes: a group in braces, one digit (\frac12), one letter, or another command."""
        token = self.peek()
        if token == "{":
            self.position += 1
            node = self.listing("}")
            self.expect("}")
            return node
        if token.isdigit():
            self.position += 1
            return Num(Fraction(int(token)))
        if token.startswith("\\") or token == "(":
            self.depth += 1
            if self.depth > DEEPEST:
                raise Unreadable("nested too deeply")
            node = self.atom()
            self.depth -= 1
            return node
        if token.isascii() and token.isalpha():
            self.position += 1
            return _symbol(token)
        raise Unreadable(f"{token} is no argument")

    # -- atoms --------------------------------------------------------------------------------------------------------

    def atom(self) -> Node:
        self.atoms += 1
        if self.atoms > _MOST_ATOMS:
            raise Unreadable("too much to read")
        token = self.peek()
        if token.isdigit() or token == ".":
            return self.number()
        if token in ("(", "[", r"\{", "{", r"\langle", r"\lbrace"):
            return self.bracket(token)
        if token in ("|", r"\lvert", r"\vert"):
            return self.absolute(token)
        if token.startswith("\\"):
            return self.command(token)
        if token.isascii() and token.isalpha():
            return self.letters()
        raise Unreadable(f"{token} cannot begin an expression")

    def number(self) -> Node:
        start = self.position
        if (based := self.take(_BASED)) is not None:
            return _based(based)
        if found := self.take(_RECURRING):
            return _recurring(
                found[1], found[2], (found[3] or found[4]) + (found[5] or "") + (found[6] or found[7] or "")
            )
        if found := self.take(_ELLIPSIS):
            return _recurring(found[1] or found[4] or "", found[2] or found[5] or "", found[3] or found[6])
        found = (self.thousands and self.take(_THOUSANDS)) or self.take(_SPACED_THOUSANDS) or self.take(_NUMBER)
        if not found or len(found[0]) > _LONGEST_NUMBER:
            raise Unreadable("too long a number")
        written = re.sub(r"[\s,]", "", found[0])
        node = _decimal(written)
        if "." not in written and (mixed := _MIXED.match(self.text, self.position)):
            top, bottom = int(mixed[1] or mixed[2] or mixed[5]), int(mixed[3] or mixed[4] or mixed[6])
            if 0 < top < bottom:
                self.position = mixed.end()
                return Num(node.value + Fraction(top, bottom))
        if science := _SCIENCE.match(self.text, self.position):
            self.position = science.end()
            return _shifted(node, int(science[1]))
        if (power := _POWER_OF_TEN.match(self.text, self.position)) and self.text[start - 1 : start] != "^":
            self.position = power.end()
            return _shifted(node, int((power[1] or power[2]).replace(" ", "")))
        if scale := numerals.scale(self.text, self.position):
            factor, self.position = scale
            return Num(node.value * factor)
        return node

    def bracket(self, opening: str) -> Node:
        """A group, a tuple, an interval or a set."""
        self.position += len(opening)
        closers = _CLOSERS[opening]
        thousands, self.thousands = self.thousands, False
        bars, self.bars = self.bars, 0
        braces = opening in (r"\{", r"\lbrace")
        if braces and self.peek() in closers:
            self.position += len(self.peek())
            node: Node = Sym("empty")
        else:
            if opening in "({":  # (1,234) may be a pair, (1234) is a number
                self.thousands = False
            inner = self.listing((*closers, "|", r"\mid", ":") if braces else tuple(closers))
            if braces and (separator := self.peek()) in ("|", r"\mid", ":"):
                self.position += len(separator)
                inner = Builder(inner, self.listing(tuple(closers)))
            closing = self.peek()
            if closing not in closers:
                raise Unreadable(f"{opening} is not closed")
            self.position += len(closing)
            node = _bracketed(inner, opening, closing)
        self.thousands, self.bars = thousands, bars
        return node

    def absolute(self, opening: str) -> Node:
        self.position += len(opening)
        closing = {"|": "|", r"\lvert": r"\rvert", r"\vert": r"\vert"}[opening]
        self.bars += 1
        node = self.sum()
        self.bars -= 1
        self.expect(closing)
        return Op("abs", (node,))

    def letters(self) -> Node:
        """A function's name, a variable with its index, or a point with its coordinates."""
        if (
            (based := _BASED.match(self.text, self.position))
            and not based[1].isdigit()
            and (based[2] or based[3]) in ("16", "12", "11")
        ):
            self.position = based.end()
            return _based(based)
        if found := self.take(_COMBINATIONS):
            top, bottom = int(found[2] or found[5]), int(found[3] or found[4])
            if bottom <= top:
                return Op("binom" if found[1] == "C" else "permutations", (Num(Fraction(top)), Num(Fraction(bottom))))
            self.position = found.start()
        if (point := _POINT.match(self.text, self.position)) is not None:
            start, self.position = self.position, point.end()
            place = self.attempt(lambda: self.bracket("("))
            if isinstance(place, Group) and len(place.items) > 1:
                return place
            self.position = start
        run = _LETTERS.match(self.text, self.position)
        assert run is not None
        name = run[0]
        for length in range(len(name), 1, -1):
            head = _ALIASES.get(name[:length], name[:length])
            if head in FUNCTIONS or head in ("cbrt", "abs", "floor", "ceil"):
                self.position += length
                return self.function(head)
            if (head in _GREEK and length > 2) or head in ("pi", "xi", "mu", "nu"):
                self.position += length
                return self.subscripted(head)
        before, behind = self.text[self.position - 1 : self.position], self.text[run.end() : run.end() + 1]
        alone = (self.position == 0 or before.isspace()) and (not behind or behind.isspace())
        word = name.lower() in numerals.LITTLE_WORDS or (len(name) == 3 and not _odd(name))
        if len(name) > 3 or (alone and word):
            raise Unreadable(f"{name} is a word")
        self.position += 1
        return self.subscripted(name[0])

    def subscripted(self, name: str) -> Node:
        if found := self.take(_SUBSCRIPT):
            return Sym(f"{name}_{''.join((found[1] or found[2]).split())}")
        return _symbol(name)

    def command(self, token: str) -> Node:
        name = token[1:]
        self.position += len(token)
        if name == "frac":
            top = self.argument()
            return quotient(top, self.argument())
        if name == "sqrt":
            return self.root()
        if name == "binom":
            top = self.argument()
            return Op("binom", (top, self.argument()))
        if name in _ALIASES or name in FUNCTIONS:
            return self.function(_ALIASES.get(name, name))
        if name in ("lfloor", "lceil"):
            node = self.sum()
            self.expect("\\r" + name[1:])
            return Op(name[1:], (node,))
        if name == "infty":
            return Sym("infinity")
        if name in ("emptyset", "varnothing"):
            return Sym("empty")
        if name == "mathbb":
            letter = self.argument()
            if not isinstance(letter, Sym):
                raise Unreadable("mathbb")
            self.take(re.compile(r"\s*\^?\s*[+]|\s*_\s*\+"))
            return Sym(f"set {letter.name}")
        if name in _GREEK:
            return self.subscripted(name)
        if name in _ACCENTS:
            return self.accented(name)
        if name == "lim":
            self.take(re.compile(r"\s*_\s*\{[^{}]*\}"))
            return Op("lim", (self.term(),))
        if name in ("sum", "prod"):
            return self.series(name)
        if name == "begin":
            return self.environment()
        raise Unreadable(f"\\{name} is not known")

    def series(self, name: str) -> Node:
        """A sum or product over an index: its name, first and last value, and the term."""
        bounds = self.take(re.compile(r"\s*_\s*\{\s*([a-zA-Z])\s*=([^{}]*)\}\s*\^"))
        if not bounds:
            raise Unreadable(name)
        last = self.argument()
        return Op(name, (Sym(bounds[1]), parse(bounds[2]), last, self.term()))

    def accented(self, name: str) -> Node:
        """A vector, a segment, an angle: a name with a mark on it."""
        if self.peek() == "{":
            inner = re.compile(r"\{([^{}]{1,20})\}").match(self.text, self.position)
            if not inner:
                raise Unreadable(name)
            self.position = inner.end()
            label = inner[1]
        else:
            letters = self.take(re.compile(r"[a-zA-Z]{1,4}(?![a-z])|\d|\\[a-z]+"))
            label = letters[0] if letters else ""
        return Sym(f"{name} {''.join(label.split())}")

    def root(self) -> Node:
        degree: Node = Num(Fraction(2))
        if self.accept("["):
            degree = self.sum()
            self.expect("]")
        digits = self.take(re.compile(r"\s*\d+"))  # nobody means 7 times the root of 1 by \sqrt 17
        return Op("root", (degree, Num(Fraction(int(digits[0]))) if digits else self.argument()))

    def function(self, name: str) -> Node:
        """A function with its argument: in brackets, or the factors that follow up to the next function."""
        if name in ("log", "lg", "ln"):
            return self.logarithm(name)
        inverse, power = False, None
        if name not in ("exp", "sqrt") and self.peek() == "^":
            self.position += 1
            power = self.exponent()
            inverse = power == Num(Fraction(-1))
        argument = self.function_argument()
        if name in ("max", "min", "gcd", "lcm"):
            items = argument.items if isinstance(argument, Group) else (argument,)
            return Op(name, items)
        if isinstance(argument, Group | Relation | Matrix):
            if name == "det" and isinstance(argument, Matrix):
                return Op("det", (argument,))
            raise Unreadable(name)
        if name == "sqrt":
            return Op("root", (Num(Fraction(2)), argument))
        if name == "cbrt":
            return Op("root", (Num(Fraction(3)), argument))
        if inverse:
            return Op(f"arc{name}", (argument,))
        node = Op(name, (argument,))
        return node if power is None else Op("^", (node, power))

    def logarithm(self, name: str) -> Node:
        base: Node = Sym("e") if name == "ln" else Num(Fraction(10)) if name == "lg" else Sym("log base")
        power = None
        for _ in range(2):
            if self.peek() == "_":
                self.position += 1
                found = self.take(re.compile(r"\d+"))
                base = Num(Fraction(int(found[0]))) if found else self.argument()
            elif self.peek() == "^":
                self.position += 1
                power = self.exponent()
        node = Op("log", (base, self.function_argument()))
        return node if power is None else Op("^", (node, power))

    def function_argument(self) -> Node:
        self.functions += 1
        node = self.factors_of_argument()
        self.functions -= 1
        return node

    def factors_of_argument(self) -> Node:
        token = self.peek()
        if token in ("(", "["):
            return self.factor()
        if token in ("+", "-"):
            return self.signed_factor()
        node = self.factor()
        while True:
            token = self.peek()
            if units.match(self.text, self.position) is not None and not token.startswith("\\"):
                return node
            if not self.begins_factor(token) or token[1:] in FUNCTIONS or token in "([{":
                return node
            run = _LETTERS.match(self.text, self.position)
            if run and run[0] in FUNCTIONS:
                return node
            node = Op("*", (node, self.factor()))

    def environment(self) -> Node:
        found = self.take(re.compile(r"\s*\{\s*([a-zA-Z]+\*?)\s*\}"))
        if not found:
            raise Unreadable("begin")
        name, rows = found[1], []
        if name in ("array", "alignedat"):
            while self.take(_HEADER):
                pass
        if name not in _ENVIRONMENTS + _SYSTEMS:
            raise Unreadable(name)
        thousands, self.thousands = self.thousands, False
        bars, self.bars = self.bars, 0
        while True:
            self.take(re.compile(r"\s*(?:\\hline|\\\[[^\]]*\])"))
            cells = self.row()
            if cells:
                rows.append(cells)
            if not self.take(re.compile(r"\s*\\\\(?:\s*\[[^\]]*\])?")):
                break
        if not self.take(re.compile(rf"\s*\\end\s*\{{\s*{re.escape(name)}\s*\}}")):
            raise Unreadable(f"{name} has no end")
        self.thousands, self.bars = thousands, bars
        return _environment(name, rows)

    def row(self) -> list[Node]:
        """The cells of a row; in systems, `statement` reads what stands around & together."""
        cells: list[Node] = []
        while True:
            token = self.peek()
            if self.take(_OTHERWISE):
                cells.append(Sym("otherwise"))
            elif token in ("", r"\\", r"\end"):
                return cells
            elif token in "&,;" or self.take(_CONDITION):
                self.position += token in "&,;"
            else:
                cells.append(self.statement(""))


def _has_variables(node: Node) -> bool:
    """Is a variable among the factors of a term?"""
    while isinstance(node, Op) and node.kind in ("*", "/", "^"):
        if _has_variables(node.args[-1]):
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


def _inside(node: Node, kind: str) -> Node:
    """± before a quantity belongs to its number."""
    return Quantity(Op(kind, (node.value,)), node.unit) if isinstance(node, Quantity) else Op(kind, (node,))


def _symbol(name: str) -> Sym:
    return Sym(name)


def _odd(name: str) -> bool:
    """Do three letters look like a product, not like a word?"""
    return not set(name.lower()) & set("aeiouy") or name in ("abc", "xyz", "axy", "bxy", "cxy", "abx", "aby")


def _based(found: re.Match[str]) -> Node:
    base = found[2] or found[3]
    number = int(base) if base.isdigit() else _BASES.get(base, 0)
    if not 2 <= number <= 16 or len(found[1]) > 200 or any(int(digit, 16) >= number for digit in found[1]):
        raise Unreadable(f"{found[1]} in base {base}")
    return Based(found[1], number)


def _recurring(whole: str, fixed: str, period: str) -> Num:
    value = Fraction(int(whole or 0)) + Fraction(int(fixed or 0), 10 ** len(fixed))
    return Num(value + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed)))


def _decimal(written: str) -> Num:
    places = len(written.partition(".")[2])
    digits = len(written.replace(".", "").lstrip("0")) if places else 0
    return Num(Fraction(written.rstrip(".") or "0"), digits, places)


def _shifted(node: Num, power: int) -> Num:
    return Num(node.value * Fraction(10) ** power, node.digits, node.places - power)


def _bracketed(inner: Node, opening: str, closing: str) -> Node:
    if isinstance(inner, Builder):
        return inner
    if opening in (r"\{", r"\lbrace"):
        items = inner.items if isinstance(inner, Group) and not inner.opening else (inner,)
        return Group(items, "{", "}")
    if opening == "{":
        return (
            Group(inner.items, "{", "}")
            if isinstance(inner, Group) and not inner.opening and not inner.joint
            else inner
        )
    if opening == r"\langle":
        return Group(inner.items, "(", ")") if isinstance(inner, Group) and not inner.opening else inner
    if isinstance(inner, Group) and not inner.opening and not inner.joint:
        if len(inner.items) != 2 and (opening, closing) not in (("(", ")"), ("[", "]")):
            raise Unreadable("brackets do not match")
        return Group(inner.items, opening, closing)
    if (opening, closing) not in (("(", ")"), ("[", "]")):
        raise Unreadable("brackets do not match")
    return inner


def _environment(name: str, rows: list[list[Node]]) -> Node:
    if not rows:
        raise Unreadable(name)
    if name in _ENVIRONMENTS:
        if len({len(row) for row in rows}) != 1:
            raise Unreadable("rows of different lengths")
        matrix = Matrix(tuple(map(tuple, rows)))
        return Op("det", (matrix,)) if name == "vmatrix" else matrix
    flat = [cell for row in rows for cell in row]
    if name.endswith("cases") and any(len(row) > 1 and not isinstance(row[0], Relation) for row in rows):
        return Cases(tuple(map(tuple, rows)))
    return flat[0] if len(flat) == 1 else Group(tuple(flat))


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


__all__ = [
    "CURRENCY",
    "Based",
    "Builder",
    "Cases",
    "Group",
    "Matrix",
    "Node",
    "Num",
    "Op",
    "Quantity",
    "Relation",
    "Sym",
    "Unreadable",
    "negative",
    "parse",
]

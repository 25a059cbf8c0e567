r"""The grammar of answers: a tidied text -> a tree. Pure; bounded by the text's length and the depth of nesting.

Reads LaTeX and plain spelling alike: numbers, quantities, expressions, equations and inequalities, sets, tuples and
intervals, lists, ratios, matrices and systems. What it does not know raises `Unreadable`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from r1chat.answers import numerals, tokens, units
from r1chat.answers.tree import (
    TALLEST,
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
    has_variables,
    height,
    inside,
    negative,
    quotient,
)
from r1chat.answers.units import Unit

DEEPEST = 40  # levels of nesting
_MOST_ATOMS = 3_000
_LONGEST_NUMBER = 1_000  # characters of one number


class Unreadable(Exception):
    """The text is no mathematics that this grammar knows."""


def parse(text: str, *, thousands: bool = True) -> Node:
    r"""The tree of a text that `spelling.tidy` has made plain.

    `thousands`: a comma before three digits separates thousands, outside of brackets. Raises Unreadable.
    """
    parser = _Parser(text, thousands)
    node = parser.listing("")
    parser.space()
    if parser.position < len(text):
        raise Unreadable(text[parser.position :])
    if height(node) > TALLEST:
        raise Unreadable("too long an expression")
    return node


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
        if match := tokens.SPACE.match(self.text, self.position):
            self.position = match.end()

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()
        return match

    def peek(self) -> str:
        """The next command or character after white space; an empty text at the end."""
        self.space()
        if self.text.startswith("\\", self.position):
            match = tokens.COMMAND.match(self.text, self.position)
            return match[0] if match else "\\"
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
            either = self.take(tokens.OR)
            if not either and not self.take(tokens.AND):
                break
            self.space()
            while extra := self.take(tokens.OR) or self.take(tokens.AND):  # "1, 2, and 3"
                either = either or (extra if tokens.OR.fullmatch(extra[0]) else None)
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
            match = tokens.RELATION.match(self.text, self.position)
            operator = tokens.RELATIONS.get(match[0]) if match else None
            if match is None or operator is None:
                break
            self.position = match.end()
            self.accept("&")
            if operator in "<>" and self.accept("="):
                operator = {"<": "≤", ">": "≥"}[operator]
            operators.append(operator)
            sides.append(self.operand())
        if operators and (match := self.take(tokens.MODULUS)):
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
        while (token := self.peek()) in tokens.SETS:
            self.position += len(token)
            node = Op(tokens.SETS[token], (node, self.sum()))
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
        if not quantity.unit.factors or not (link := self.take(tokens.PARTS)):
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
            return negative(inner) if token == "-" else inside(inner, token[1:])
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
            unit = self.unit(variables=has_variables(node))
            if unit is not None:
                return Quantity(node, unit)
            token = self.peek()
            if token in tokens.TIMES:
                self.position += len(token)
                right = self.signed_factor()
                node = quotient(node, right) if tokens.TIMES[token] == "/" else Op("*", (node, right))
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
        match = units.match(self.text, self.position)
        if match is None:
            return None
        unit, end = match
        symbol = self.text[self.position : end].partition("^")[0].strip()
        if variables and (not unit.factors or len(symbol) == 1):  # a t^2
            return None
        self.position = end
        return unit

    def begins_factor(self, token: str) -> bool:
        """May the next token stand right behind a factor, multiplied by it?"""
        if not token or token in "+-=<>,;:!^_&)]}%'" or (token == "|" and self.bars):
            return False
        if tokens.OR.match(self.text, self.position) or tokens.AND.match(self.text, self.position):
            return False
        if token.isdigit() or token == ".":
            before = self.text[: self.position].rstrip()
            return before.endswith((")", "}", "!")) or before[-1:].isalpha()
        if token.startswith("\\"):
            name = token[1:]
            return (
                name in tokens.GREEK
                or name in tokens.FUNCTIONS
                or name in tokens.ACCENTS
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
            if tokens.DEGREES.match(self.text, self.position):
                unit = units.match(self.text, self.position)
                if unit is None or self.functions:  # inside of an expression: sin 30° + 1
                    self.take(tokens.DEGREES)
                    node = Op("deg", (node,))
                    continue
                break
            if primes := self.take(tokens.PRIMES):
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
        if match := self.take(re.compile(r"\d+(?:\.\d+)?")):
            node: Node = Num(Fraction(match[0]))
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
        if (based := self.take(tokens.BASED)) is not None:
            return _based(based)
        if match := self.take(tokens.RECURRING):
            return _recurring(
                match[1], match[2], (match[3] or match[4]) + (match[5] or "") + (match[6] or match[7] or "")
            )
        if match := self.take(tokens.ELLIPSIS):
            return _recurring(match[1] or match[4] or "", match[2] or match[5] or "", match[3] or match[6])
        match = (
            (self.thousands and self.take(tokens.THOUSANDS))
            or self.take(tokens.SPACED_THOUSANDS)
            or self.take(tokens.NUMBER)
        )
        if not match or len(match[0]) > _LONGEST_NUMBER:
            raise Unreadable("too long a number")
        digits = re.sub(r"[\s,]", "", match[0])
        node = _decimal(digits)
        if "." not in digits and (mixed := tokens.MIXED.match(self.text, self.position)):
            top, bottom = int(mixed[1] or mixed[2] or mixed[5]), int(mixed[3] or mixed[4] or mixed[6])
            if 0 < top < bottom:
                self.position = mixed.end()
                return Num(node.value + Fraction(top, bottom))
        if science := tokens.SCIENCE.match(self.text, self.position):
            self.position = science.end()
            return _shifted(node, int(science[1]))
        if (power := tokens.POWER_OF_TEN.match(self.text, self.position)) and self.text[start - 1 : start] != "^":
            self.position = power.end()
            return _shifted(node, int((power[1] or power[2]).replace(" ", "")))
        if scale := numerals.scale(self.text, self.position):
            factor, self.position = scale
            return Num(node.value * factor)
        return node

    def bracket(self, opening: str) -> Node:
        """A group, a tuple, an interval or a set."""
        self.position += len(opening)
        closers = tokens.CLOSERS[opening]
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
            (based := tokens.BASED.match(self.text, self.position))
            and not based[1].isdigit()
            and (based[2] or based[3]) in ("16", "12", "11")
        ):
            self.position = based.end()
            return _based(based)
        if match := self.take(tokens.COMBINATIONS):
            top, bottom = int(match[2] or match[5]), int(match[3] or match[4])
            if bottom <= top:
                return Op("binom" if match[1] == "C" else "permutations", (Num(Fraction(top)), Num(Fraction(bottom))))
            self.position = match.start()
        if (point := tokens.POINT.match(self.text, self.position)) is not None:
            start, self.position = self.position, point.end()
            place = self.attempt(lambda: self.bracket("("))
            if isinstance(place, Group) and len(place.items) > 1:
                return place
            self.position = start
        run = tokens.LETTERS.match(self.text, self.position)
        assert run is not None
        name = run[0]
        for length in range(len(name), 1, -1):
            head = tokens.ALIASES.get(name[:length], name[:length])
            if head in tokens.FUNCTIONS or head in ("cbrt", "abs", "floor", "ceil"):
                self.position += length
                return self.function(head)
            if (head in tokens.GREEK and length > 2) or head in ("pi", "xi", "mu", "nu"):
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
        if match := self.take(tokens.SUBSCRIPT):
            return Sym(f"{name}_{''.join((match[1] or match[2]).split())}")
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
        if name in tokens.ALIASES or name in tokens.FUNCTIONS:
            return self.function(tokens.ALIASES.get(name, name))
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
        if name in tokens.GREEK:
            return self.subscripted(name)
        if name in tokens.ACCENTS:
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
                match = self.take(re.compile(r"\d+"))
                base = Num(Fraction(int(match[0]))) if match else self.argument()
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
            if not self.begins_factor(token) or token[1:] in tokens.FUNCTIONS or token in "([{":
                return node
            run = tokens.LETTERS.match(self.text, self.position)
            if run and run[0] in tokens.FUNCTIONS:
                return node
            node = Op("*", (node, self.factor()))

    def environment(self) -> Node:
        match = self.take(re.compile(r"\s*\{\s*([a-zA-Z]+\*?)\s*\}"))
        if not match:
            raise Unreadable("begin")
        name, rows = match[1], []
        if name in ("array", "alignedat"):
            while self.take(tokens.HEADER):
                pass
        if name not in tokens.ENVIRONMENTS + tokens.SYSTEMS:
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
            if self.take(tokens.OTHERWISE):
                cells.append(Sym("otherwise"))
            elif token in ("", r"\\", r"\end"):
                return cells
            elif token in "&,;" or self.take(tokens.CONDITION):
                self.position += token in "&,;"
            else:
                cells.append(self.statement(""))


def _symbol(name: str) -> Sym:
    return Sym(name)


def _odd(name: str) -> bool:
    """Do three letters look like a product, not like a word?"""
    return not set(name.lower()) & set("aeiouy") or name in ("abc", "xyz", "axy", "bxy", "cxy", "abx", "aby")


def _based(match: re.Match[str]) -> Node:
    base = match[2] or match[3]
    number = int(base) if base.isdigit() else tokens.BASES.get(base, 0)
    digits = "".join(match[1].split())
    if not 2 <= number <= 16 or len(digits) > 200 or any(int(digit, 16) >= number for digit in digits):
        raise Unreadable(f"{digits} in base {base}")
    return Based(digits, number)


def _recurring(whole: str, fixed: str, period: str) -> Num:
    value = Fraction(int(whole or 0)) + Fraction(int(fixed or 0), 10 ** len(fixed))
    return Num(value + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed)))


def _decimal(text: str) -> Num:
    places = len(text.partition(".")[2])
    digits = len(text.replace(".", "").lstrip("0")) if places else 0
    return Num(Fraction(text.rstrip(".") or "0"), digits, places)


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
    if name in tokens.ENVIRONMENTS:
        if len({len(row) for row in rows}) != 1:
            raise Unreadable("rows of different lengths")
        matrix = Matrix(tuple(map(tuple, rows)))
        return Op("det", (matrix,)) if name == "vmatrix" else matrix
    flat = [cell for row in rows for cell in row]
    if name.endswith("cases") and any(len(row) > 1 and not isinstance(row[0], Relation) for row in rows):
        return Cases(tuple(map(tuple, rows)))
    return flat[0] if len(flat) == 1 else Group(tuple(flat))

"""The vocabulary of the grammar in `syntax.py`: commands of LaTeX, names, and the patterns of numbers and words."""

from __future__ import annotations

import re

_FUNCTIONS = """sin cos tan sec csc cot sinh cosh tanh arcsin arccos arctan arccot arcsec arccsc log ln lg exp sqrt
    max min gcd lcm det sgn Re Im arg deg"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
ALIASES = {"tg": "tan", "ctg": "cot", "arctg": "arctan", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
ALIASES |= {"cosec": "csc", "cbrt": "cbrt", "abs": "abs", "floor": "floor", "ceil": "ceil"}
_LETTER_NAMES = """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi
    rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell hbar"""
GREEK = frozenset(_LETTER_NAMES.split())
RELATIONS = {
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
SETS = {r"\cup": "∪", r"\cap": "∩", r"\setminus": "∖", r"\backslash": "∖", r"\bigcup": "∪"}
TIMES = {r"\times": "*", r"\cdot": "*", r"\div": "/", r"\ast": "*", "*": "*", "/": "/"}
_MARKS = """vec overrightarrow overleftrightarrow overline bar hat widehat tilde angle triangle dot ddot odot stackrel
    overset underset"""
ACCENTS = frozenset(_MARKS.split())
ENVIRONMENTS = ("matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array")
_ALIGNED = ("aligned", "align", "align*", "split", "gathered", "gather", "gather*", "alignedat")
SYSTEMS = ("cases", "rcases", "dcases", *_ALIGNED)
CLOSERS = {"(": ")]", "[": ")]", "\\{": ("\\}",), "{": "}", "\\langle": ("\\rangle",), "\\lbrace": ("\\rbrace",)}
SPACE = re.compile(r"\s+")
COMMAND = re.compile(r"\\(?:[a-zA-Z]+\*?|.)", re.DOTALL)
RECURRING = re.compile(
    r"(\d*)\.(\d*)(?:\\(?:overline|bar|dot)\s*(?:\{\s*(\d+)\s*\}|(\d))(?:(\d*)\\dot\s*(?:\{\s*(\d)\s*\}|(\d)))?)"
)
ELLIPSIS = re.compile(r"(\d*)\.(\d*?)(\d)\3{2,}(?:\\[lc]?dots|\.\.\.)|(\d*)\.(\d*?)(\d{2,6}?)\6+(?:\\[lc]?dots|\.\.\.)")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?")
SPACED_THOUSANDS = re.compile(r"\d{1,3}(?:\s\d{3})+(?![\d.]*\d)(?:\.\d+)?")
NUMBER = re.compile(r"\d+(?:\.(?!\.)\d*)?|\.\d+")
SCIENCE = re.compile(r"[eE]([-+]?\d{1,4})(?![\d.])")
BASED = re.compile(
    r"([0-9A-F]+(?:\s+[A-F][0-9A-F]*|(?<=[A-F])\s+[0-9][0-9A-F]*){0,60})\s*_\s*(?:\{\s*\(?\s*(\d{1,2}|[a-z]{3,8})\s*\)?\s*\}|(\d))",
    re.ASCII,
)
BASES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
BASES |= {"eleven": 11, "twelve": 12, "sixteen": 16}
MIXED = re.compile(
    r"(?:\s+|\s*又\s*|\s*(?:又\s*)?\\(?=frac))(?:frac\s*(?:\{\s*(\d+)\s*\}|(\d))\s*(?:\{\s*(\d+)\s*\}|(\d))|(\d+)\s*/\s*(\d+)(?![\d.]))"
)
POWER_OF_TEN = re.compile(
    r"\s*(?:\\times|\\cdot|\*|x)\s*10\s*(?:\^|\*\*)\s*(?:\{\s*([-+]?\s*\d{1,4})\s*\}|([-+]?\d{1,4})(?!\d))"
)
COMBINATIONS = re.compile(
    r"([CAP])\s*(?:_\s*\{?\s*(\d{1,4})\s*\}?\s*\^\s*\{?\s*(\d{1,4})\s*\}?|\^\s*\{?\s*(\d{1,4})\s*\}?\s*_\s*\{?\s*(\d{1,4})\s*\}?)"
)
LETTERS = re.compile(r"[a-zA-Z]+")
SUBSCRIPT = re.compile(r"\s*_\s*(?:\{([^{}]{1,20})\}|([a-zA-Z0-9]))")
PRIMES = re.compile(r"'+|\^\s*\{?\s*\\prime\s*\}?")
DEGREES = re.compile(r"\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ)")
OR, AND = (
    re.compile(r"or(?![a-zA-Z])|\\lor(?![a-zA-Z])|\\vee(?![a-zA-Z])|或者?"),
    re.compile(
        r"and(?![a-zA-Z])|\\land(?![a-zA-Z])|\\wedge(?![a-zA-Z])|&&|[和且与及并]且?|以及|,|;|\\\\(?:\s*\[[^\]]*\])?|\n"
    ),
)
MODULUS = re.compile(r"\s*(?:\\p?mod(?![a-zA-Z])|\\pod|\(?\s*(?:\\b?mod|mod)(?![a-zA-Z]))\s*")
RELATION = re.compile(r"<=|>=|!=|[=<>]|\\[a-zA-Z]+")
HEADER = re.compile(r"\s*\{[^{}]*\}|\s*\[[^\]]*\]")
PARTS = re.compile(r"(?:and|又|零)\s*(?=\d)")
OTHERWISE = re.compile(r"(?:otherwise|else|其他|其它|否则)(?![a-z])")
CONDITION = re.compile(r"(?:if|when|for|and|where)(?![a-z])|[当若且时]")
POINT = re.compile(r"[A-Z](?:_\{?\w\}?)?'?\s*(?=\()")

"""Countdown: numbers, each used once with + - ×, shall make a target; every right expression counts."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import partial

from r1chat.both import Language
from r1chat.evaluation.generated.drawing import OPERATIONS, Drawn, say

_COUNTDOWN_EN = (
    "Using the numbers {n}, each once, and + - *, make {t}.",
    "Use {n} (each exactly once) with +, - and * to get {t}.",
    "Countdown: numbers {n}, target {t}.",
    "Make {t} from {n}, using each number once.",
    "Find an expression with {n}, each used once, that equals {t}.",
    "How can you make {t} out of {n}?",
)
_COUNTDOWN_ZH = (
    "用 {n} 各一次，通过 + - * 得到 {t}。",
    "请用数字 {n}（每个只用一次）算出 {t}。",
    "数字 {n}，每个用一次，怎样得到 {t}？",
    "用 {n} 凑出 {t}，每个数只用一次。",
)
_COUNTDOWN_4_EN = (
    *_COUNTDOWN_EN,
    "Use the four numbers {n}, each of them once, to make {t}.",
    "Four numbers: {n}. Make {t} with + - * and parentheses.",
    "Combine {n} with +, - and * into {t}. Every number must be used once.",
    "Which expression of {n} gives {t}?",
    "I have the cards {n}. How do I get {t}, with each card once?",
    "Reach the target {t} with {n}.",
)
_COUNTDOWN_4_ZH = (
    *_COUNTDOWN_ZH,
    "用 {n} 这四个数各一次，算出 {t}。",
    "四个数 {n}，用加、减、乘和括号得到 {t}。",
    "把 {n} 用 + - * 连起来，使结果等于 {t}，每个数用一次。",
    "我有四张牌 {n}，每张用一次，怎么算出 {t}？",
    "怎样由 {n} 得到目标数 {t}？",
)


def countdown(rng: random.Random, lang: Language) -> Drawn:
    """Three numbers, each used once with + - ×, shall make a target; every right expression counts."""
    numbers, target = _game(rng, 3)
    question = say(rng, lang, _COUNTDOWN_EN, _COUNTDOWN_ZH, n=", ".join(map(str, numbers)), t=target)
    core = f"countdown {sorted(numbers)} {target}"
    pattern = partial(_pattern, numbers, target)
    return Drawn(core, question, pattern, "pattern", (numbers, target), _solution(numbers, target))


def countdown_4(rng: random.Random, lang: Language) -> Drawn:
    """The same with four numbers.

    The third of `values` are one or two of the `beginnings`, drawn blindly: where a search for the target may begin.
    """
    while True:
        numbers, target = _game(rng, 4)
        starts = beginnings(numbers, target)
        solutions = {start: solution for start in starts if (solution := _solution_from(numbers, target, *start))}
        if solutions:
            break
    tries = tuple(rng.sample(starts, rng.randint(1, TRIES)))
    example = next(solutions[start] for start in (*tries, *starts) if start in solutions)
    question = say(rng, lang, _COUNTDOWN_4_EN, _COUNTDOWN_4_ZH, n=", ".join(map(str, numbers)), t=target)
    core = f"countdown {sorted(numbers)} {target}"
    pattern = partial(_pattern, numbers, target)
    return Drawn(core, question, pattern, "pattern", (numbers, target, tries), example)


TRIES = 2  # at most, in a chain for countdown with four numbers; a third would be more than small models are trained on


def _game(rng: random.Random, count: int) -> tuple[tuple[int, ...], int]:
    """Numbers from 1 to 10, and a target of two digits that they make when they are gone through in some order."""
    while True:
        numbers = tuple(rng.randint(1, 10) for _ in range(count))
        target, *others = rng.sample(numbers, count)
        for other in others:
            target = rng.choice((target + other, abs(target - other), target * other))
        if 10 <= target <= 99 and target not in numbers:
            return numbers, target


def beginnings(numbers: tuple[int, ...], target: int) -> list[tuple[str, int]]:
    """How a search from the target may begin: a sign and the number that is used last.

    62 of 7, 8, 3, 2 with ("-", 8): the other three must make 62-8=54. See `needed`.
    """
    last = dict.fromkeys(numbers)
    return [
        (sign, number) for number in last for sign, need, _ in needed(target, number) if need is not None and need > 0
    ]


def left_after(numbers: tuple[int, ...], target: int, sign: str, last: int) -> tuple[tuple[int, ...], int, str]:
    """After a beginning: the other numbers, what they must make, and the sign that leads from it to the target."""
    at = numbers.index(last)
    need, undo = next((need, undo) for way, need, undo in needed(target, last) if way == sign and need is not None)
    return numbers[:at] + numbers[at + 1 :], need, undo


def _solution_from(numbers: tuple[int, ...], target: int, sign: str, last: int) -> str:
    """The expression that a beginning leads to; "" where it leads nowhere."""
    others, need, undo = left_after(numbers, target, sign, last)
    try:
        return combined(_solution(others, need), undo, last)
    except ValueError:
        return ""


def pairs(numbers: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """The ways to begin a countdown of three numbers: the larger and the smaller of a pair, and the number left."""
    for left in (2, 1, 0):
        a, b = sorted((numbers[i] for i in range(3) if i != left), reverse=True)
        yield a, b, numbers[left]


def needed(target: int, c: int) -> Iterator[tuple[str, int | None, str]]:
    """What a pair must make so that `c` leads from it to the target: a sign, that number, and the sign that undoes it.

    24 with 3: 24-3=21 (21+3), 24+3=27 (27-3), 24/3=8 (8*3). None where the target is no multiple of `c`.
    """
    yield "-", target - c, "+"
    yield "+", target + c, "-"
    yield "/", None if target % c else target // c, "*"


def made(a: int, b: int) -> dict[str, int]:
    """What a pair makes with each sign."""
    return {"+": a + b, "-": a - b, "*": a * b}


def _solution(numbers: tuple[int, ...], target: int) -> str:
    """The first expression in the order of `pairs` and `needed`. Raises ValueError where there is none."""
    for a, b, c in pairs(numbers):
        for _, need, sign in needed(target, c):
            for first, value in made(a, b).items():
                if value == need:
                    return combined(f"{a}{first}{b}", sign, c)
    raise ValueError(f"nothing makes {target} of {numbers}")


def combined(first: str, sign: str, last: int) -> str:
    """The expression "first sign last", with parentheses where they are needed."""
    bare = re.sub(r"\(.*\)", "", first)  # what stands outside of parentheses
    return f"({first}){sign}{last}" if sign == "*" and re.search("[-+]", bare) else f"{first}{sign}{last}"


def _pattern(numbers: tuple[int, ...], target: int) -> str:
    r"""A regular expression for a \boxed answer that makes the target of some numbers, each used once.

    "×" and \times may stand for "*", spaces anywhere, and "= target" at the end.
    """
    forms = [re.findall(r"\d+|.", form) for form in sorted(_forms(numbers, target))]
    return rf"\\boxed\{{\s*{_alternatives(forms)}\s*(?:=\s*{target}\s*)?\}}"


def _forms(numbers: tuple[int, ...], target: int) -> set[str]:
    """All expressions of some numbers, each used once, that make the target; parentheses may be superfluous.

    For each part of the numbers, values and levels (0 a number, 1 a product, 2 a sum) with the expressions that have
    them. A part is put together of a left and a right side, as the expression is read: from left to right.
    """
    whole = (1 << len(numbers)) - 1
    expressions: dict[int, dict[tuple[int, int], set[str]]] = {
        1 << at: {(number, 0): {str(number)}} for at, number in enumerate(numbers)
    }
    for part in range(1, whole + 1):
        forms = expressions.setdefault(part, {})
        left = (part - 1) & part
        while left:
            for (a, a_level), firsts in expressions[left].items():
                for (b, b_level), seconds in expressions[part ^ left].items():
                    for sign, do in OPERATIONS.items():
                        value, level = do(a, b), 1 if sign == "*" else 2
                        if part == whole and value != target:
                            continue
                        texts = forms.setdefault((value, level), set())
                        for first in _sides(firsts, a_level, a_level <= level):
                            texts.update(first + sign + second for second in _sides(seconds, b_level, b_level < level))
            left = (left - 1) & part
    return {text for texts in expressions[whole].values() for text in texts}


def _sides(texts: set[str], level: int, bare: bool) -> list[str]:
    """The ways to write one side of an operation: bare where that is read rightly, and in parentheses."""
    return [*(texts if bare else ()), *(f"({text})" for text in texts if level)]


def _alternatives(forms: list[list[str]]) -> str:
    """A regular expression for any of some lists of pieces, none of which begins another; beginnings are shared."""
    if len(forms) == 1:
        return r"\s*".join(map(_piece, forms[0]))
    heads: dict[str, list[list[str]]] = {}
    for head, *rest in forms:
        heads.setdefault(head, []).append(rest)
    ways = [_piece(head) + (rf"\s*{_alternatives(rests)}" if rests[0] else "") for head, rests in heads.items()]
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _piece(text: str) -> str:
    return r"(?:\*|×|\\times|\\cdot)" if text == "*" else re.escape(text)

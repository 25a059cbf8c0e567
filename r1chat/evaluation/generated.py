r"""Made-up tasks: small sums and the like in English and Chinese, without an end and without a licence.

A problem is drawn from a seed. What it asks for (its *core*, such as "27+43") decides by its hash to which split it
belongs, so that train, dev and test share no core, in whatever words and language they ask for it.
"""

from __future__ import annotations

import hashlib
import math
import operator
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Literal

from r1chat.both import Both
from r1chat.errors import EvaluationError
from r1chat.evaluation.words import WORDS
from r1chat.judgements import Check

SPLITS = ("train", "dev", "test")
DIRECTIVES = Both("Put your final answer within \\boxed{}.", "请把最终答案放在\\boxed{}中。")  # DeepSeek's advice

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a generator draws: the core, the question in one of several wordings, and the right answer.

    `right` is the answer, or a function that makes it: a pattern takes milliseconds, and most of what is drawn for a
    small split is of another one. `values` are the numbers and words of the problem, in an order that belongs to the
    task: chains are made from them. `example` is an answer that is right, where `answer` is a pattern that
    describes all of them.
    """

    core: str
    question: str
    right: str | Callable[[], str]
    kind: Check = "number"
    values: tuple[Any, ...] = ()
    example: str = ""

    @property
    def answer(self) -> str:
        """The right answer, or the pattern of all that are right."""
        return self.right if isinstance(self.right, str) else self.right()


@dataclass(frozen=True, slots=True)
class Made:
    """A problem of a split. `language` is "en" or "zh", `example` a right answer."""

    id: str
    core: str
    question: str
    answer: str
    kind: Check
    language: Language
    values: tuple[Any, ...] = ()
    example: str = ""


Draw = Callable[[random.Random, Language], Drawn]


def problems(name: str, split: str = "test", count: int = 100, language: str = "", seed: int = 0) -> Iterator[Made]:
    """At most `count` problems of a task, fewer where it has no more cores; both languages in turn, or one.

    Raises EvaluationError for a split or language that is none.
    """
    if split not in SPLITS or language not in ("", "en", "zh"):
        raise EvaluationError(_BAD_CHOICE.format(split=split, language=language))
    draw = TASKS[name]
    rng = random.Random(f"{name} {split} {seed}")
    seen: set[str] = set()
    misses = 0
    while len(seen) < count:
        words: Language = language or ("en", "zh")[len(seen) % 2]  # type: ignore[assignment]
        drawn = draw(rng, words)
        if drawn.core in seen or split_of(drawn.core) != split:
            misses += 1
            if misses > 2_000 + 100 * count:
                return
            continue
        seen.add(drawn.core)
        question = drawn.question
        if rng.random() < 0.3:
            question = f"{question} {DIRECTIVES.pick(words)}"
        answer = drawn.answer
        example = drawn.example or answer
        yield Made(f"{name}-{len(seen)}", drawn.core, question, answer, drawn.kind, words, drawn.values, example)


def split_of(core: str) -> str:
    """The split of a core: eight tenths train, one tenth each dev and test."""
    tenth = hashlib.sha256(core.encode()).digest()[0] * 10 // 256
    return {8: "dev", 9: "test"}.get(tenth, "train")


# --- the generators --------------------------------------------------------------------------------------------------


def _say(rng: random.Random, lang: Language, en: tuple[str, ...], zh: tuple[str, ...], **values: object) -> str:
    """One of the wordings, filled in."""
    return rng.choice(zh if lang == "zh" else en).format(**values)


_ASK_EN = (
    "{x} = ?",
    "{x}=?",
    "What is {x}?",
    "what is {x}",
    "What's {x}?",
    "Compute {x}.",
    "How much is {x}?",
    "Calculate {x}",
    "Please calculate {x}.",
    "Can you work out {x} for me?",
    "Work out {x}.",
    "What does {x} equal?",
    "Tell me the result of {x}.",
    "Solve: {x}",
    "Find the value of {x}.",
    "{x}",
    "{x} is what?",
    "{x} equals?",
    "I need to know {x}.",
    "What do you get for {x}?",
    "Could you compute {x}?",
    "How much does {x} make?",
    "what's the answer to {x}",
    "Evaluate {x}.",
    "My homework says {x}. What is it?",
    "Do you know what {x} is?",
    "What is the result of {x}?",
    "Answer this: {x} = ?",
    "Give me {x}.",
    "do {x}",
    "Hi! What is {x}?",
    "What would {x} be?",
    "{x} please",
)
_ASK_ZH = (
    "{x} = ？",
    "{x}=?",
    "{x} 等于多少？",
    "{x}等于几？",
    "计算 {x}。",
    "请计算：{x}",
    "请问 {x} 是多少？",
    "帮我算一下 {x}",
    "算一算：{x}",
    "求 {x} 的值。",
    "{x} 的结果是多少？",
    "{x} 是多少？",
    "{x}=",
    "{x}得多少？",
    "{x} 得几？",
    "{x}",
    "请求出 {x} 的结果。",
    "你能算 {x} 吗？",
    "{x}，结果是什么？",
    "我想知道 {x} 等于多少。",
    "麻烦算一下：{x}",
    "作业题：{x} = ？",
    "你好，{x} 等于几？",
    "告诉我 {x} 是多少",
    "{x} 应该是多少？",
    "口算 {x}。",
)


def _asked(
    rng: random.Random, lang: Language, expression: str, answer: object, values: tuple[Any, ...], core: str = ""
) -> Drawn:
    question = _say(rng, lang, _ASK_EN, _ASK_ZH, x=expression)
    return Drawn(core or expression.replace(" ", ""), question, str(answer), values=(expression, *values))


def _number(rng: random.Random, digits: int) -> int:
    """A number of at most so many digits; short ones are as likely as long ones."""
    return rng.randrange(10 ** rng.randint(1, digits))


_SUM_EN = {
    "+": ("{a} plus {b}", "{a} and {b} together", "the sum of {a} and {b}", "{a} added to {b}"),
    "-": ("{a} minus {b}", "the difference {a} minus {b}", "{b} less than {a}", "{a} take away {b}"),
}
_SUM_ZH = {"+": ("{a}加{b}", "{a} 加上 {b}", "{a} 与 {b} 的和"), "-": ("{a}减{b}", "{a} 减去 {b}", "{a} 与 {b} 的差")}
_PRODUCT_EN = ("{a} times {b}", "the product of {a} and {b}", "{a} multiplied by {b}")
_PRODUCT_ZH = ("{a}乘{b}", "{a} 乘以 {b}", "{a} 与 {b} 的积")


def sums(rng: random.Random, lang: Language) -> Drawn:
    """Sums and differences of numbers to 5 digits; the result or a term may be negative."""
    a, b = _number(rng, 5), _number(rng, 5)
    if rng.random() < 0.15:
        sign = rng.choice("+-")
        text = rng.choice((_SUM_ZH if lang == "zh" else _SUM_EN)[sign]).format(a=a, b=b)
        question = _say(rng, lang, _ASK_EN, _ASK_ZH, x=text)
        value = a + b if sign == "+" else a - b
        return Drawn(f"{a}{sign}{b}", question, str(value), values=(f"{a} {sign} {b}", sign, a, b))
    if rng.random() < 0.5:
        if rng.random() < 0.15:
            return _asked(rng, lang, f"-{a} + {b}", b - a, ("-", b, a))
        return _asked(rng, lang, f"{a} + {b}", a + b, ("+", a, b))
    return _asked(rng, lang, f"{a} - {b}", a - b, ("-", a, b))


def products(rng: random.Random, lang: Language) -> Drawn:
    """Products of 3 by 2 digits."""
    a, b = _number(rng, 3), _number(rng, 2)
    if rng.random() < 0.15:
        text = rng.choice(_PRODUCT_ZH if lang == "zh" else _PRODUCT_EN).format(a=a, b=b)
        question = _say(rng, lang, _ASK_EN, _ASK_ZH, x=text)
        return Drawn(f"{a}*{b}", question, str(a * b), values=(f"{a} × {b}", a, b))
    sign = rng.choice(("×", "*", "x") if lang == "en" else ("×", "*"))
    return _asked(rng, lang, f"{a} {sign} {b}", a * b, (a, b), f"{a}*{b}")


def division(rng: random.Random, lang: Language) -> Drawn:
    """Quotient and remainder."""
    b = rng.randint(2, 12)
    a = rng.randint(b, 999)
    quotient, rest = divmod(a, b)
    chance = rng.random()
    if chance < 0.25:
        a = quotient * b
        sign = rng.choice(("/", "÷", ":") if lang == "en" else ("/", "÷"))
        text = f"{a} {sign} {b}" if rng.random() < 0.7 else f"{a} 除以 {b}" if lang == "zh" else f"{a} divided by {b}"
        question = _say(rng, lang, _ASK_EN, _ASK_ZH, x=text)
        return Drawn(f"{a}div{b}", question, str(quotient), values=(a, b, "div"))
    if chance < 0.6:
        question = _say(
            rng,
            lang,
            (
                "What is the remainder of {a} divided by {b}?",
                "Divide {a} by {b}. What remains?",
                "What is the remainder when {a} is divided by {b}?",
                "{a} mod {b} = ?",
                "Find the remainder of {a} / {b}.",
                "If I divide {a} by {b}, what is left over?",
            ),
            ("{a} 除以 {b} 的余数是多少？", "{a} ÷ {b} 余几？", "求 {a} 除以 {b} 的余数。", "{a} 除以 {b}，还剩多少？"),
            a=a,
            b=b,
        )
        return Drawn(f"{a}mod{b}", question, str(rest), values=(a, b, "mod"))
    question = _say(
        rng,
        lang,
        (
            "How many times does {b} go into {a}? Give the whole number.",
            "What is {a} divided by {b}, rounded down?",
            "Divide {a} by {b} and give the whole part.",
            "How often does {b} fit into {a}?",
            "What is the integer quotient of {a} and {b}?",
        ),
        (
            "{a} 除以 {b} 的商（取整）是多少？",
            "{a} 里面最多有几个 {b}？",
            "{a} ÷ {b} 的整数部分是多少？",
            "求 {a} 除以 {b} 的商，只要整数。",
        ),
        a=a,
        b=b,
    )
    return Drawn(f"{a}div{b}", question, str(quotient), values=(a, b, "div"))


def expressions(rng: random.Random, lang: Language) -> Drawn:
    """Two operations, with parentheses or by precedence; three terms."""
    a, b, c = rng.randint(2, 30), rng.randint(2, 30), rng.randint(2, 12)
    text, value, steps = rng.choice(  # the steps in their order; "." is the result of the first
        (
            (f"({a} + {b}) × {c}", (a + b) * c, ((a, "+", b), (".", "*", c))),
            (f"{a} + {b} × {c}", a + b * c, ((b, "*", c), (a, "+", "."))),
            (f"{a} × {c} - {b}", a * c - b, ((a, "*", c), (".", "-", b))),
            (f"{c} × ({a} - {b})", c * (a - b), ((a, "-", b), (".", "*", c))),
            (f"({a} - {b}) + {c}", a - b + c, ((a, "-", b), (".", "+", c))),
            (f"{a} - ({b} - {c})", a - (b - c), ((b, "-", c), (a, "-", "."))),
            (f"{a} + {b} + {c}", a + b + c, ((a, "+", b), (".", "+", c))),
            (f"{a} + {b} - {c}", a + b - c, ((a, "+", b), (".", "-", c))),
            (f"{a} × {c} + {b}", a * c + b, ((a, "*", c), (".", "+", b))),
        )
    )
    return _asked(rng, lang, text, value, steps)


def decimals(rng: random.Random, lang: Language) -> Drawn:
    """Which of two decimals is larger: 9.11 or 9.9?"""
    whole = rng.randint(0, 20)
    a, b = rng.randint(1, 9), rng.randint(10, 99)
    while b == 10 * a:
        b = rng.randint(10, 99)
    first, second = f"{whole}.{a}", f"{whole}.{b:02d}"
    answer = first if 10 * a > b else second
    if rng.random() < 0.5:
        first, second = second, first
    question = _say(
        rng,
        lang,
        (
            "Which is larger, {x} or {y}?",
            "{x} or {y}: which one is bigger?",
            "Is {x} or {y} the larger number?",
            "{x} or {y}?",
            "Is {x} larger than {y}? Give the larger one.",
            "Is {x} larger than {y}?",
            "Is {x} bigger than {y}?",
            "Is {x} greater than {y}?",
            "What is larger: {x} or {y}?",
            "Which number is greater, {x} or {y}?",
            "which is bigger {x} or {y}",
            "Compare {x} and {y}: which is larger?",
            "Tell me the larger of {x} and {y}.",
            "Of {x} and {y}, which one is the bigger number?",
            "max({x}, {y}) = ?",
            "{x} vs {y}, which is bigger?",
        ),
        (
            "{x} 和 {y} 哪个大？",
            "{x} 与 {y}，哪个数更大？",
            "{x} 和 {y}，哪个更大？",
            "{x} 和 {y} 哪个更大？",
            "{x}比{y}大吗？",
            "比较 {x} 和 {y}，哪个大？",
            "{x} 跟 {y} 比，谁大？",
            "请找出 {x} 和 {y} 中较大的数。",
            "{x} 大还是 {y} 大？",
        ),
        x=first,
        y=second,
    )
    return Drawn(f"max({whole}.{a},{whole}.{b:02d})", question, answer, values=(first, second))


def percentages(rng: random.Random, lang: Language) -> Drawn:
    """A share of a number, in percent."""
    percent = rng.choice((5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80, 90))
    of = rng.randint(1, 100) * (100 // math.gcd(percent, 100))
    question = _say(
        rng,
        lang,
        (
            "What is {p}% of {n}?",
            "How much is {p} percent of {n}?",
            "{p}% of {n} = ?",
            "{p}% of {n}",
            "Calculate {p}% of {n}.",
            "Find {p} percent of {n}.",
            "How much is {p}% of {n}?",
            "What is {p} percent of {n}?",
            "I have {n} coins and give away {p}%. How many do I give away?",
            "{p} % of {n} is how much?",
        ),
        (
            "{n} 的 {p}% 是多少？",
            "求 {n} 的百分之 {p}。",
            "{n}的{p}%等于多少？",
            "计算 {n} 的 {p}%。",
            "{n} 的百分之{p}是几？",
            "{p}% × {n} = ？",
        ),
        p=percent,
        n=of,
    )
    return Drawn(f"{percent}%{of}", question, str(percent * of // 100), values=(percent, of))


def fractions(rng: random.Random, lang: Language) -> Drawn:
    """Sums, differences and products of two fractions, in lowest terms."""
    b, d = rng.randint(2, 12), rng.randint(2, 12)
    a, c = rng.randint(1, b - 1), rng.randint(1, d - 1)
    sign = rng.choice("+-×")
    x, y = Fraction(a, b), Fraction(c, d)
    value = x + y if sign == "+" else x - y if sign == "-" else x * y
    drawn = _asked(rng, lang, f"{a}/{b} {sign} {c}/{d}", value, (a, b, sign, c, d))
    hint = " Give a fraction in lowest terms." if lang == "en" else " 请给出最简分数。"
    hint = hint if rng.random() < 0.5 else ""
    return Drawn(drawn.core, drawn.question + hint, drawn.answer, "expression", drawn.values)


def equations(rng: random.Random, lang: Language) -> Drawn:
    """Linear equations with a whole solution."""
    a, x, b = rng.randint(2, 15), rng.randint(-12, 20), rng.randint(-40, 40)
    left = f"{a}x {'+' if b >= 0 else '-'} {abs(b)}"
    question = _say(
        rng,
        lang,
        (
            "Solve for x: {e}",
            "Find x if {e}.",
            "{e}. What is x?",
            "Solve {e}",
            "Solve the equation {e}.",
            "What is x when {e}?",
            "If {e}, what is x?",
            "{e}, x = ?",
            "For which x is {e}?",
        ),
        ("解方程：{e}", "已知 {e}，求 x。", "{e}，x 等于多少？", "如果 {e}，那么 x 是多少？", "求解 {e}", "{e}，求x"),
        e=f"{left} = {a * x + b}",
    )
    return Drawn(f"{left}={a * x + b}".replace(" ", ""), question, str(x), values=(a, b, a * x + b))


def divisors(rng: random.Random, lang: Language) -> Drawn:
    """The greatest common divisor of two numbers."""
    g = rng.randint(1, 15)
    a, b = g * rng.randint(1, 20), g * rng.randint(1, 20)
    question = _say(
        rng,
        lang,
        (
            "What is the greatest common divisor of {a} and {b}?",
            "gcd({a}, {b}) = ?",
            "Find the gcd of {a} and {b}.",
            "What is the greatest common factor of {a} and {b}?",
            "GCD of {a} and {b}?",
            "Which is the largest number that divides both {a} and {b}?",
        ),
        (
            "{a} 和 {b} 的最大公约数是多少？",
            "求 {a} 与 {b} 的最大公因数。",
            "{a} 和 {b} 的最大公因数是几？",
            "gcd({a}, {b}) 是多少？",
            "求最大公约数：{a}，{b}",
        ),
        a=a,
        b=b,
    )
    return Drawn(f"gcd({min(a, b)},{max(a, b)})", question, str(math.gcd(a, b)), values=(a, b))


def primes(rng: random.Random, lang: Language) -> Drawn:
    """Whether a number to 999 is prime: A (prime) or B (not prime)."""
    n = rng.randint(2, 999)
    prime = all(n % d for d in range(2, math.isqrt(n) + 1))
    question = _say(
        rng,
        lang,
        (
            "Is {n} a prime number? (A) yes (B) no",
            "{n}: prime or not? (A) prime (B) not prime",
            "Is {n} prime? (A) yes (B) no",
            "Is the number {n} a prime? (A) Yes (B) No",
            "Decide whether {n} is prime. (A) prime (B) not prime",
        ),
        (
            "{n} 是质数吗？(A) 是 (B) 不是",
            "判断 {n} 是否为素数：(A) 是 (B) 否",
            "{n}是不是质数？(A) 是 (B) 不是",
            "{n} 是素数吗？(A) 是 (B) 否",
        ),
        n=n,
    )
    return Drawn(f"prime({n})", question, "A" if prime else "B", "choice", (n,))


def sorting(rng: random.Random, lang: Language) -> Drawn:
    """Four to six numbers in ascending or descending order."""
    numbers = rng.sample(range(100), rng.randint(4, 6))
    down = rng.random() < 0.3
    question = _say(
        rng,
        lang,
        (
            "Sort in {way} order, with commas: {n}",
            "Put these numbers into {way} order, separated by commas: {n}",
            "Sort these numbers in {way} order: {n}",
            "Sort {n} in {way} order.",
            "Arrange in {way} order: {n}",
            "Please order the numbers {n} ({way}).",
            "List {n} in {way} order.",
        ),
        (
            "请按{way}的顺序排列，用逗号隔开：{n}",
            "把下列数{way}排序，用逗号隔开：{n}",
            "将 {n} {way}排列。",
            "{way}排序：{n}",
            "请把 {n} 按{way}排好。",
        ),
        way=(("从大到小" if down else "从小到大") if lang == "zh" else ("descending" if down else "ascending")),
        n=", ".join(map(str, numbers)),
    )
    answer = ", ".join(map(str, sorted(numbers, reverse=down)))
    return Drawn(f"sort{'-' if down else '+'}{numbers}", question, answer, "text", (numbers, down))


def _syllables(rng: random.Random) -> str:
    """A word that does not exist: two to four syllables."""
    parts = (rng.choice("bcdfghklmnprstvwz") + rng.choice("aeiou") + rng.choice("nrstlmpg ") for _ in range(4))
    return "".join(list(parts)[: rng.randint(2, 4)]).replace(" ", "")


def letters(rng: random.Random, lang: Language) -> Drawn:
    """How often a letter occurs in a word: the r in strawberry."""
    word = rng.choice(WORDS) if rng.random() < 0.6 else _syllables(rng)
    letter = rng.choice(word) if rng.random() < 0.85 else rng.choice("abcdefghijklmnopqrstuvwxyz")
    question = _say(
        rng,
        lang,
        (
            'How many "{c}" are in "{w}"?',
            "How many times does the letter {c} occur in {w}?",
            "Count the {c}s in {w}.",
            "How many {c} in {w}?",
            "how many {c}'s are in the word {w}",
            "How many times does the letter {c} occur in “{w}”?",
            "How many times does {c} appear in {w}?",
            "How many letters {c} does the word {w} have?",
            "How often is there a {c} in the word “{w}”?",
            "how many {c}s are there in {w}?",
            "Count the letter {c} in '{w}'",
            "What is the number of {c}'s in {w}?",
        ),
        (
            "单词 {w} 里有几个字母 {c}？",
            "“{w}”中字母“{c}”出现了几次？",
            "{w} 这个单词里有多少个 {c}？",
            "数一数 {w} 里的 {c}。",
            "{w}里有几个{c}？",
            "字母 {c} 在 {w} 中出现几次？",
            "请数出单词“{w}”里字母 {c} 的个数。",
        ),
        c=letter,
        w=word,
    )
    return Drawn(f"{letter} in {word}", question, str(word.count(letter)), values=(letter, word))


def clock(rng: random.Random, lang: Language) -> Drawn:
    """The time so many minutes later, as minutes past the hour."""
    hour, minute, later = rng.randint(0, 23), rng.randrange(0, 60, 5), rng.randrange(5, 300, 5)
    total = hour * 60 + minute + later
    split = later >= 60 and rng.random() < 0.4  # "2 h 35 min"
    question = _say(
        rng,
        lang,
        (
            "It is {t}. What time is it {m} later? Write hours and minutes as HH:MM.",
            "It is {t}. What time is it {m} later?",
            "What time is it {m} after {t}?",
            "A train leaves at {t} and needs {m}. When does it arrive?",
            "A bus leaves at {t}. The ride takes {m}. When does it arrive?",
            "A film begins at {t} and takes {m}. When does it end?",
            "{t} plus {m} is what time?",
            "School starts at {t} and ends {m} later. When does it end?",
        ),
        (
            "现在是 {t}。{m}以后是几点？请按 HH:MM 的格式回答。",
            "现在是{t}，{m}以后是几点？",
            "{t} 过{m}是几点？",
            "一列火车 {t} 出发，行驶{m}，几点到达？",
            "一趟汽车{t}出发，路上要{m}，什么时候到？",
            "电影 {t} 开始，长{m}，几点结束？",
        ),
        t=f"{hour:02d}:{minute:02d}" if rng.random() < 0.5 else f"{hour}:{minute:02d}",
        m=_duration(later, split, lang, rng),
    )
    answer = f"{total // 60 % 24:02d}:{total % 60:02d}"
    return Drawn(f"{hour}:{minute}+{later}", question, answer, "text", (hour, minute, later, split))


def _duration(minutes: int, split: bool, lang: Language, rng: random.Random) -> str:
    """A time in minutes, or in hours and minutes."""
    hours, rest = divmod(minutes, 60)
    if lang == "zh":
        return f" {hours} 小时 {rest} 分钟" if split else f" {minutes} 分钟"
    if not split:
        return f"{minutes} minutes"
    text = rng.choice(("{} h {} min", "{} hours and {} minutes", "{} hours {} minutes")).format(hours, rest)
    return text.replace("1 hours", "1 hour") if hours == 1 else text


_NAMES = Both(
    "Anna Ben Carla David Emma Felix Grace Hugo Ivy Jack Lena Max Nora Oscar Paul Rosa Sam Tom Mary Peter",
    "小明 小红 小华 小丽 小刚 小芳 小军 小美 小强 小王 小李 妈妈 爸爸 老师 爷爷 丽丽",
)
_THINGS = Both(
    "apples books pens stickers marbles eggs coins cards cookies oranges balls stamps toys flowers cups",
    "个苹果 本书 支笔 张贴纸 颗玻璃球 个鸡蛋 枚硬币 张卡片 块饼干 个橘子 个球 张邮票 朵花 个杯子 颗糖",
)
Steps = tuple[tuple[Any, str, Any], ...]
_STORIES: tuple[tuple[tuple[str, ...], tuple[str, ...], Callable[[int, int, int, int], Steps]], ...] = (
    (
        (
            "{n} has {b} boxes with {e} {t} each, and gets {m} more. How many {t} does {n} have now?",
            "{n} owns {b} bags of {e} {t} and then finds {m} {t}. How many {t} is that?",
        ),
        (
            "{n}有 {b} 盒东西，每盒 {e} {t}，又得到 {m} {t}。现在一共有多少{t}？",
            "{n}有{b}袋，每袋{e}{t}，后来又买了{m}{t}，一共多少？",
        ),
        lambda b, e, m, less: ((b, "*", e), (".", "+", m)),
    ),
    (
        (
            "{n} has {b} boxes with {e} {t} each and gives {l} {t} away. How many are left?",
            "There are {b} rows of {e} {t}. {n} takes {l} of them. How many remain?",
        ),
        ("{n}有 {b} 盒东西，每盒 {e} {t}，送出 {l} {t}。还剩多少？", "有{b}排，每排{e}{t}，{n}拿走{l}{t}，还剩多少？"),
        lambda b, e, m, less: ((b, "*", e), (".", "-", less)),
    ),
    (
        ("{n} buys {b} bags with {e} {t} each, finds {m} more, and loses {l}. How many {t} are there?",),
        ("{n}买了 {b} 袋，每袋 {e} {t}，又找到 {m} {t}，丢了 {l} {t}。一共有多少？",),
        lambda b, e, m, less: ((b, "*", e), (".", "+", m), (".", "-", less)),
    ),
    (
        (
            "{n} has {b} shelves with {e} {t} each. A friend has twice as many, and gives {l} away. How many {t} does "
            "the friend have?",
        ),
        ("{n}有 {b} 层架子，每层 {e} {t}。朋友的数量是{n}的两倍，又送出 {l} {t}。朋友还有多少？",),
        lambda b, e, m, less: ((b, "*", e), (".", "*", 2), (".", "-", less)),
    ),
    (
        (
            "{n} has {m} {t} and gets {e} more. How many {t} does {n} have?",
            "{n} had {m} {t}. Then {n} bought {e} {t}. How many now?",
            "There are {m} {t} on the table and {e} on the floor. How many are there in all?",
        ),
        (
            "{n}有{m}{t}，又得到{e}{t}，现在有多少？",
            "桌上有 {m} {t}，地上有 {e} {t}，一共有多少？",
            "{n}原来有{m}{t}，后来买了{e}{t}，共有多少？",
        ),
        lambda b, e, m, less: ((m, "+", e),),
    ),
    (
        (
            "{n} has {m} {t} and gives {l} to a friend. How many {t} are left?",
            "There were {m} {t}. {n} ate {l}. How many are there now?",
            "{n} had {m} {t} and lost {l} of them. How many does {n} still have?",
        ),
        (
            "{n}有{m}{t}，给了朋友{l}{t}，还剩多少？",
            "原来有 {m} {t}，{n}用掉了 {l} {t}，还剩几？",
            "{n}有 {m} {t}，丢了 {l} {t}，还有多少？",
        ),
        lambda b, e, m, less: ((m, "-", less),),
    ),
    (
        (
            "One of the {t} costs {e} dollars. How many dollars do {b} of them cost?",
            "A ticket costs {e} euros. How much do {b} tickets cost?",
            "{n} earns {e} dollars an hour and works {b} hours. How much does {n} earn?",
            "Each of {b} children gets {e} {t}. How many {t} are needed?",
            "A car drives {e} km in an hour. How far does it drive in {b} hours?",
            "{n} reads {e} pages a day. How many pages are that in {b} days?",
        ),
        (
            "一张票 {e} 元，{b} 张票多少钱？",
            "{n}每小时挣 {e} 元，工作 {b} 小时，一共挣多少元？",
            "{b}个孩子每人分{e}{t}，一共需要多少？",
            "汽车每小时行驶 {e} 公里，{b} 小时行驶多少公里？",
            "{n}每天看 {e} 页书，{b} 天看多少页？",
        ),
        lambda b, e, m, less: ((b, "*", e),),
    ),
    (
        (
            "{n} buys {b} {t} for {e} dollars each and pays with a 200 dollar note. How much change does {n} get?",
            "{n} has 200 dollars and buys {b} {t} at {e} dollars each. How many dollars are left?",
        ),
        ("{n}买了{b}{t}，每样 {e} 元，付了 200 元，应找回多少元？",),
        lambda b, e, m, less: ((b, "*", e), (200, "-", ".")),
    ),
    (
        (
            "A rope is {e} times {b} metres long. {l} metres are cut off. How long is it now?",
            "{n} is {e} years old and the grandmother {b} times as old. How old was the grandmother {l} years ago?",
        ),
        (
            "一根绳子长 {b} 米的 {e} 倍，剪去 {l} 米，还剩多少米？",
            "{n}{e}岁，奶奶的年龄是{n}的{b}倍，{l}年前奶奶多少岁？",
        ),
        lambda b, e, m, less: ((b, "*", e), (".", "-", less)),
    ),
    (
        (
            "{n} is {e} years old. How old will {n} be in {m} years?",
            "It was {e} degrees in the morning and is {m} degrees warmer now. How many degrees is it now?",
        ),
        ("{n}今年 {e} 岁，{m} 年后多少岁？", "早上 {e} 度，现在升高了 {m} 度，现在多少度？"),
        lambda b, e, m, less: ((e, "+", m),),
    ),
    (
        (
            "There are {b} birds and {e} dogs. How many legs do they have together?",
            "How many legs do {b} birds and {e} dogs have?",
        ),
        ("有 {b} 只鸡和 {e} 只兔子，一共有多少条腿？", "{b}只鸡和{e}只兔，共有几只脚？"),
        lambda b, e, m, less: ((b, "*", 2), (e, "*", 4), (2 * b, "+", 4 * e)),
    ),
)


def stories(rng: random.Random, lang: Language) -> Drawn:
    """Word problems of one to three steps, and heads and legs of chickens and rabbits."""
    if rng.random() < 0.12:
        return _cage(rng, lang)
    kind = rng.randrange(len(_STORIES))
    boxes, each, more, less = rng.randint(2, 9), rng.randint(2, 12), rng.randint(2, 20), rng.randint(1, 4)
    english, chinese, solve = _STORIES[kind]
    if kind in (4, 5, 9):  # one sum: larger numbers
        each, more, less = rng.randint(2, 99), rng.randint(20, 99), rng.randint(2, 19)
    values = {"b": boxes, "e": each, "m": more, "l": less, "t": rng.choice(_THINGS.pick(lang).split())}
    question = _say(rng, lang, english, chinese, n=rng.choice(_NAMES.pick(lang).split()), **values)
    steps = solve(boxes, each, more, less)
    core = f"story{kind} " + " ".join(f"{a}{sign}{b}" for a, sign, b in steps)
    return Drawn(core, question, str(_result(steps)), values=steps)


_DO: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def _result(steps: Steps) -> int:
    """Of operations one after another; "." is the result of the one before."""
    value = 0
    for a, sign, b in steps:
        value = _DO[sign](value if a == "." else a, value if b == "." else b)
    return value


def _cage(rng: random.Random, lang: Language) -> Drawn:
    """Chickens and rabbits by their heads and legs: how many rabbits (or chickens)?"""
    chickens, rabbits = rng.randint(1, 30), rng.randint(1, 20)
    heads, legs = chickens + rabbits, 2 * chickens + 4 * rabbits
    rabbit = rng.choice((True, False))
    question = _say(
        rng,
        lang,
        (
            "A cage holds chickens and rabbits with {h} heads and {f} legs. How many {w} are there?",
            "Chickens and rabbits have {h} heads and {f} legs together. How many {w}?",
        ),
        (
            "笼中有鸡和兔共 {h} 只，脚共 {f} 只，{w}有几只？",
            "鸡兔同笼，共有 {h} 个头，{f} 只脚，{w}有多少只？",
            "笼子里有鸡和兔，共{h}个头、{f}条腿，有几只{w}？",
        ),
        h=heads,
        f=legs,
        w=("rabbits" if rabbit else "chickens") if lang == "en" else ("兔" if rabbit else "鸡"),
    )
    both = lang == "zh" and rng.random() < 0.4
    if both:
        question = _say(
            rng,
            lang,
            (),
            ("笼中有鸡和兔共 {h} 只，脚共 {f} 只，鸡和兔各有几只？", "鸡兔同笼，共 {h} 个头，{f} 只脚，鸡兔各几只？"),
            h=heads,
            f=legs,
        )
    answer = f"{chickens}, {rabbits}" if both else str(rabbits if rabbit else chickens)
    what = "both" if both else "rabbits" if rabbit else "chickens"
    return Drawn(
        f"cage {heads} {legs}", question, answer, "expression" if both else "number", ("cage", heads, legs, what)
    )


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
    question = _say(rng, lang, _COUNTDOWN_EN, _COUNTDOWN_ZH, n=", ".join(map(str, numbers)), t=target)
    core = f"countdown {sorted(numbers)} {target}"
    pattern = partial(_pattern, numbers, target)
    return Drawn(core, question, pattern, "pattern", (numbers, target), _solution(numbers, target))


def countdown_4(rng: random.Random, lang: Language) -> Drawn:
    """The same with four numbers.

    The third of `values` are one or two of the `beginnings`, drawn blindly: where a search for the target may begin.
    """
    while True:
        numbers, target = _game(rng, 4)
        begun = beginnings(numbers, target)
        solutions = {one: solution for one in begun if (solution := _solution_from(numbers, target, *one))}
        if solutions:
            break
    tries = tuple(rng.sample(begun, rng.randint(1, TRIES)))
    example = next(solutions[one] for one in (*tries, *begun) if one in solutions)
    question = _say(rng, lang, _COUNTDOWN_4_EN, _COUNTDOWN_4_ZH, n=", ".join(map(str, numbers)), t=target)
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
    return [(sign, one) for one in last for sign, need, _ in needed(target, one) if need is not None and need > 0]


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
    made: dict[int, dict[tuple[int, int], set[str]]] = {
        1 << at: {(number, 0): {str(number)}} for at, number in enumerate(numbers)
    }
    for part in range(1, whole + 1):
        found = made.setdefault(part, {})
        left = (part - 1) & part
        while left:
            for (a, a_level), firsts in made[left].items():
                for (b, b_level), seconds in made[part ^ left].items():
                    for sign, do in _DO.items():
                        value, level = do(a, b), 1 if sign == "*" else 2
                        if part == whole and value != target:
                            continue
                        texts = found.setdefault((value, level), set())
                        for one in _sides(firsts, a_level, a_level <= level):
                            texts.update(one + sign + two for two in _sides(seconds, b_level, b_level < level))
            left = (left - 1) & part
    return {text for texts in made[whole].values() for text in texts}


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


TASKS: dict[str, Draw] = {
    "sums": sums,
    "products": products,
    "division": division,
    "expressions": expressions,
    "decimals": decimals,
    "percentages": percentages,
    "fractions": fractions,
    "equations": equations,
    "divisors": divisors,
    "primes": primes,
    "sorting": sorting,
    "letters": letters,
    "clock": clock,
    "stories": stories,
    "countdown": countdown,
    "countdown-4": countdown_4,
}

_BAD_CHOICE = Both(
    "“{split}” with language “{language}”: a split is one of train, dev and test, a language en or zh.",
    "“{split}”、语言“{language}”：划分只能是 train、dev 或 test，语言只能是 en 或 zh。",
)

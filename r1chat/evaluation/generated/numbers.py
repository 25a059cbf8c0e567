"""Decimals, percentages, fractions, equations, divisors, primes and sorting."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from r1chat.both import Language
from r1chat.evaluation.generated.drawing import Drawn, asked, say


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
    question = say(
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
    question = say(
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
    problem = asked(rng, lang, f"{a}/{b} {sign} {c}/{d}", value, (a, b, sign, c, d))
    hint = " Give a fraction in lowest terms." if lang == "en" else " 请给出最简分数。"
    hint = hint if rng.random() < 0.5 else ""
    return Drawn(problem.core, problem.question + hint, problem.answer, "expression", problem.values)


def equations(rng: random.Random, lang: Language) -> Drawn:
    """Linear equations with a whole solution."""
    a, x, b = rng.randint(2, 15), rng.randint(-12, 20), rng.randint(-40, 40)
    left = f"{a}x {'+' if b >= 0 else '-'} {abs(b)}"
    question = say(
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
    question = say(
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
    question = say(
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
    question = say(
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

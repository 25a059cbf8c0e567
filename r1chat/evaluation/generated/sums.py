"""Sums, products, division and expressions of whole numbers."""

from __future__ import annotations

import random

from r1chat.both import Language
from r1chat.evaluation.generated.drawing import ASK_EN, ASK_ZH, Drawn, asked, number, say

_SUM_EN = {
    "+": ("{a} plus {b}", "{a} and {b} together", "the sum of {a} and {b}", "{a} added to {b}"),
    "-": ("{a} minus {b}", "the difference {a} minus {b}", "{b} less than {a}", "{a} take away {b}"),
}
_SUM_ZH = {"+": ("{a}加{b}", "{a} 加上 {b}", "{a} 与 {b} 的和"), "-": ("{a}减{b}", "{a} 减去 {b}", "{a} 与 {b} 的差")}
_PRODUCT_EN = ("{a} times {b}", "the product of {a} and {b}", "{a} multiplied by {b}")
_PRODUCT_ZH = ("{a}乘{b}", "{a} 乘以 {b}", "{a} 与 {b} 的积")


def sums(rng: random.Random, lang: Language) -> Drawn:
    """Sums and differences of numbers to 5 digits; the result or a term may be negative."""
    a, b = number(rng, 5), number(rng, 5)
    if rng.random() < 0.15:
        sign = rng.choice("+-")
        text = rng.choice((_SUM_ZH if lang == "zh" else _SUM_EN)[sign]).format(a=a, b=b)
        question = say(rng, lang, ASK_EN, ASK_ZH, x=text)
        value = a + b if sign == "+" else a - b
        return Drawn(f"{a}{sign}{b}", question, str(value), values=(f"{a} {sign} {b}", sign, a, b))
    if rng.random() < 0.5:
        if rng.random() < 0.15:
            return asked(rng, lang, f"-{a} + {b}", b - a, ("-", b, a))
        return asked(rng, lang, f"{a} + {b}", a + b, ("+", a, b))
    return asked(rng, lang, f"{a} - {b}", a - b, ("-", a, b))


def products(rng: random.Random, lang: Language) -> Drawn:
    """Products of at most 3 by 2 digits."""
    return _product(rng, lang, number(rng, 3), number(rng, 2))


def products_3x2(rng: random.Random, lang: Language) -> Drawn:
    """Products of 3 by 2 digits, none of them fewer: small models cannot do these in their head."""
    return _product(rng, lang, rng.randint(100, 999), rng.randint(10, 99))


def _product(rng: random.Random, lang: Language, a: int, b: int) -> Drawn:
    if rng.random() < 0.15:
        text = rng.choice(_PRODUCT_ZH if lang == "zh" else _PRODUCT_EN).format(a=a, b=b)
        question = say(rng, lang, ASK_EN, ASK_ZH, x=text)
        return Drawn(f"{a}*{b}", question, str(a * b), values=(f"{a} × {b}", a, b))
    sign = rng.choice(("×", "*", "x") if lang == "en" else ("×", "*"))
    return asked(rng, lang, f"{a} {sign} {b}", a * b, (a, b), f"{a}*{b}")


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
        question = say(rng, lang, ASK_EN, ASK_ZH, x=text)
        return Drawn(f"{a}div{b}", question, str(quotient), values=(a, b, "div"))
    if chance < 0.6:
        question = say(
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
    question = say(
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
    return asked(rng, lang, text, value, steps)

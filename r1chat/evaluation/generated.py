r"""Made-up tasks: small sums and the like in English and Chinese, without an end and without a licence.

A problem is drawn from a seed. What it asks for (its *core*, such as "27+43") decides by its hash to which split it
belongs, so that train, dev and test share no core, in whatever words and language they ask for it.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from r1chat.both import Both
from r1chat.errors import EvaluationError
from r1chat.judgements import Check

SPLITS = ("train", "dev", "test")
DIRECTIVES = Both("Put your final answer within \\boxed{}.", "请把最终答案放在\\boxed{}中。")  # DeepSeek's advice

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a generator draws: the core, the question in one of several wordings, and the right answer.

    `values` are the numbers and words of the problem, in an order that belongs to the task: chains are made from them.
    """

    core: str
    question: str
    answer: str
    kind: Check = "number"
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A problem of a split. `language` is "en" or "zh"."""

    id: str
    core: str
    question: str
    answer: str
    kind: Check
    language: Language
    values: tuple[Any, ...] = ()


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
        yield Made(f"{name}-{len(seen)}", drawn.core, question, drawn.answer, drawn.kind, words, drawn.values)


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
)


def _asked(
    rng: random.Random, lang: Language, expression: str, answer: object, values: tuple[Any, ...], core: str = ""
) -> Drawn:
    question = _say(rng, lang, _ASK_EN, _ASK_ZH, x=expression)
    return Drawn(core or expression.replace(" ", ""), question, str(answer), values=(expression, *values))


def _number(rng: random.Random, digits: int) -> int:
    """A number of at most so many digits; short ones are as likely as long ones."""
    return rng.randrange(10 ** rng.randint(1, digits))


def sums(rng: random.Random, lang: Language) -> Drawn:
    """Sums and differences of numbers to 5 digits; the result or a term may be negative."""
    a, b = _number(rng, 5), _number(rng, 5)
    if rng.random() < 0.5:
        if rng.random() < 0.15:
            return _asked(rng, lang, f"-{a} + {b}", b - a, ("-", b, a))
        return _asked(rng, lang, f"{a} + {b}", a + b, ("+", a, b))
    return _asked(rng, lang, f"{a} - {b}", a - b, ("-", a, b))


def products(rng: random.Random, lang: Language) -> Drawn:
    """Products of 3 by 2 digits."""
    a, b = _number(rng, 3), _number(rng, 2)
    sign = rng.choice(("×", "*", "x") if lang == "en" else ("×", "*"))
    return _asked(rng, lang, f"{a} {sign} {b}", a * b, (a, b), f"{a}*{b}")


def division(rng: random.Random, lang: Language) -> Drawn:
    """Quotient and remainder."""
    b = rng.randint(2, 12)
    a = rng.randint(b, 999)
    quotient, rest = divmod(a, b)
    if rng.random() < 0.5:
        question = _say(
            rng,
            lang,
            ("What is the remainder of {a} divided by {b}?", "Divide {a} by {b}. What remains?"),
            ("{a} 除以 {b} 的余数是多少？", "{a} ÷ {b} 余几？"),
            a=a,
            b=b,
        )
        return Drawn(f"{a}mod{b}", question, str(rest), values=(a, b, "mod"))
    question = _say(
        rng,
        lang,
        ("How many times does {b} go into {a}? Give the whole number.", "What is {a} divided by {b}, rounded down?"),
        ("{a} 除以 {b} 的商（取整）是多少？", "{a} 里面最多有几个 {b}？"),
        a=a,
        b=b,
    )
    return Drawn(f"{a}div{b}", question, str(quotient), values=(a, b, "div"))


def expressions(rng: random.Random, lang: Language) -> Drawn:
    """Two operations, with parentheses or by precedence."""
    a, b, c = rng.randint(2, 30), rng.randint(2, 30), rng.randint(2, 12)
    text, value, steps = rng.choice(  # the steps in their order; "." is the result of the first
        (
            (f"({a} + {b}) × {c}", (a + b) * c, ((a, "+", b), (".", "*", c))),
            (f"{a} + {b} × {c}", a + b * c, ((b, "*", c), (a, "+", "."))),
            (f"{a} × {c} - {b}", a * c - b, ((a, "*", c), (".", "-", b))),
            (f"{c} × ({a} - {b})", c * (a - b), ((a, "-", b), (".", "*", c))),
            (f"({a} - {b}) + {c}", a - b + c, ((a, "-", b), (".", "+", c))),
            (f"{a} - ({b} - {c})", a - (b - c), ((b, "-", c), (a, "-", "."))),
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
        ),
        ("{x} 和 {y} 哪个大？", "{x} 与 {y}，哪个数更大？", "{x} 和 {y}，哪个更大？"),
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
        ("What is {p}% of {n}?", "How much is {p} percent of {n}?", "{p}% of {n} = ?"),
        ("{n} 的 {p}% 是多少？", "求 {n} 的百分之 {p}。"),
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
    return Drawn(drawn.core, drawn.question + hint, drawn.answer, "expression", drawn.values)


def equations(rng: random.Random, lang: Language) -> Drawn:
    """Linear equations with a whole solution."""
    a, x, b = rng.randint(2, 15), rng.randint(-12, 20), rng.randint(-40, 40)
    left = f"{a}x {'+' if b >= 0 else '-'} {abs(b)}"
    question = _say(
        rng,
        lang,
        ("Solve for x: {e}", "Find x if {e}.", "{e}. What is x?"),
        ("解方程：{e}", "已知 {e}，求 x。"),
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
        ("What is the greatest common divisor of {a} and {b}?", "gcd({a}, {b}) = ?"),
        ("{a} 和 {b} 的最大公约数是多少？", "求 {a} 与 {b} 的最大公因数。"),
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
        ("Is {n} a prime number? (A) yes (B) no", "{n}: prime or not? (A) prime (B) not prime"),
        ("{n} 是质数吗？(A) 是 (B) 不是", "判断 {n} 是否为素数：(A) 是 (B) 否"),
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
        ("Sort in {way} order, with commas: {n}", "Put these numbers into {way} order, separated by commas: {n}"),
        ("请按{way}的顺序排列，用逗号隔开：{n}", "把下列数{way}排序，用逗号隔开：{n}"),
        way=(("从大到小" if down else "从小到大") if lang == "zh" else ("descending" if down else "ascending")),
        n=", ".join(map(str, numbers)),
    )
    answer = ", ".join(map(str, sorted(numbers, reverse=down)))
    return Drawn(f"sort{'-' if down else '+'}{numbers}", question, answer, "text", (numbers, down))


_WORDS = (
    "strawberry",
    "banana",
    "letter",
    "coffee",
    "apple",
    "balloon",
    "mississippi",
    "committee",
    "raccoon",
    "butter",
    "pepper",
    "summer",
    "winter",
    "yellow",
    "orange",
    "cherry",
    "tomato",
    "potato",
    "rabbit",
    "kitten",
    "puppy",
    "window",
    "mirror",
    "bottle",
    "little",
    "middle",
    "bubble",
    "puzzle",
    "giggle",
    "follow",
    "sorrow",
    "arrow",
    "error",
    "terror",
    "carrot",
    "parrot",
    "barrel",
    "tunnel",
    "funnel",
    "pebble",
    "ribbon",
    "cotton",
    "button",
    "gallop",
    "wallet",
    "pillow",
    "village",
    "college",
    "address",
    "success",
    "process",
    "possess",
    "address",
    "bookkeeper",
    "tennessee",
    "cinnamon",
    "grammar",
    "occurrence",
    "parallel",
    "umbrella",
    "assassin",
    "cappuccino",
    "mozzarella",
    "spaghetti",
    "accommodation",
    "recommendation",
    "embarrassment",
)


def letters(rng: random.Random, lang: Language) -> Drawn:
    """How often a letter occurs in a word: the r in strawberry."""
    word = rng.choice(_WORDS)
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
        ),
        (
            "单词 {w} 里有几个字母 {c}？",
            "“{w}”中字母“{c}”出现了几次？",
            "{w} 这个单词里有多少个 {c}？",
            "数一数 {w} 里的 {c}。",
        ),
        c=letter,
        w=word,
    )
    return Drawn(f"{letter} in {word}", question, str(word.count(letter)), values=(letter, word))


def clock(rng: random.Random, lang: Language) -> Drawn:
    """The time so many minutes later, as minutes past the hour."""
    hour, minute, later = rng.randint(0, 23), rng.randrange(0, 60, 5), rng.randrange(5, 300, 5)
    total = hour * 60 + minute + later
    question = _say(
        rng,
        lang,
        ("It is {t}. What time is it {m} minutes later? Write hours and minutes as HH:MM.",),
        ("现在是 {t}。{m} 分钟以后是几点？请按 HH:MM 的格式回答。",),
        t=f"{hour:02d}:{minute:02d}",
        m=later,
    )
    return Drawn(
        f"{hour}:{minute}+{later}", question, f"{total // 60 % 24:02d}:{total % 60:02d}", "text", (hour, minute, later)
    )


_NAMES = Both("Anna Ben Carla David Emma Felix Grace Hugo", "小明 小红 小华 小丽 小刚 小芳 小军 小美")
_THINGS = Both("apples books pens stickers marbles eggs", "个苹果 本书 支笔 张贴纸 颗玻璃球 个鸡蛋")


def stories(rng: random.Random, lang: Language) -> Drawn:
    """Word problems of two to four steps."""
    name = rng.choice(_NAMES.pick(lang).split())
    thing = rng.choice(_THINGS.pick(lang).split())
    boxes, each, more, less = rng.randint(2, 9), rng.randint(2, 12), rng.randint(2, 20), rng.randint(1, 4)
    have = boxes * each
    kind = rng.randrange(4)
    values = {"n": name, "t": thing, "b": boxes, "e": each, "m": more, "l": less}
    templates: tuple[tuple[str, str, int, tuple[Any, ...]], ...] = (
        (
            "{n} has {b} boxes with {e} {t} each, and gets {m} more. How many {t} does {n} have now?",
            "{n}有 {b} 盒东西，每盒 {e} {t}，又得到 {m} {t}。现在一共有多少{t}？",
            have + more,
            ((".", "+", more),),
        ),
        (
            "{n} has {b} boxes with {e} {t} each and gives {l} {t} away. How many are left?",
            "{n}有 {b} 盒东西，每盒 {e} {t}，送出 {l} {t}。还剩多少？",
            have - less,
            ((".", "-", less),),
        ),
        (
            "{n} buys {b} bags with {e} {t} each, finds {m} more, and loses {l}. How many {t} are there?",
            "{n}买了 {b} 袋，每袋 {e} {t}，又找到 {m} {t}，丢了 {l} {t}。一共有多少？",
            have + more - less,
            ((".", "+", more), (".", "-", less)),
        ),
        (
            "{n} has {b} shelves with {e} {t} each. A friend has twice as many, and gives {l} away. How many {t} does "
            "the friend have?",
            "{n}有 {b} 层架子，每层 {e} {t}。朋友的数量是{n}的两倍，又送出 {l} {t}。朋友还有多少？",
            2 * have - less,
            ((".", "*", 2), (".", "-", less)),
        ),
    )
    english, chinese, answer, steps = templates[kind]
    question = (chinese if lang == "zh" else english).format(**values)
    return Drawn(
        f"story{kind} {boxes} {each} {more} {less}", question, str(answer), values=((boxes, "*", each), *steps)
    )


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
}

_BAD_CHOICE = Both(
    "“{split}” with language “{language}”: a split is one of train, dev and test, a language en or zh.",
    "“{split}”、语言“{language}”：划分只能是 train、dev 或 test，语言只能是 en 或 zh。",
)

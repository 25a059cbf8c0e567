r"""Chains of thought for the made-up tasks: what a model is taught to write, in small steps.

A chain begins with what is asked, works in lines that need one look-up each (`columns`), now and then checks itself or
corrects a mistake, and ends with the result. What stands between `WRONG` and `RIGHT` is a mistake: the model reads it
in training and is not taught to write it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from r1chat.both import Both
from r1chat.evaluation import generated
from r1chat.evaluation.generated import Language
from r1chat.training import columns

WRONG, RIGHT = "\ue000", "\ue001"
_Values = Sequence[Any]

GIVEN_UP = Both("I find no way.", "我没有找到办法。")
NONE_FOUND = Both("I have tried, but I have found no way.", "我试过了，但是没有找到办法。")

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31)


def chain(task: str, values: _Values, answer: str, lang: Language, rng: random.Random, brief: bool = False) -> str:
    """The thought for a problem: lines, "\n" between them. A `brief` one says what is asked and the result, no more."""
    task_line, *lines = MAKERS[task](values, lang)
    if brief:
        return f"{_opening(task_line, lang, rng, in_steps=False)}\n{_result(answer, lang)}"
    lines.insert(0, _opening(task_line, lang, rng))
    if lines[-1] == GIVEN_UP.pick(lang):
        return "\n".join(lines)
    chance = rng.random()
    if chance < 0.12:
        _spoil(lines, lang, rng)
    lines.append(_result(answer, lang))
    if chance > 0.75:
        lines.append(_check(task, values, answer, lang))
    return "\n".join(lines)


def reply(thought: str, answer: str, lang: Language) -> str:
    """The answer after a thought; where that has given up, a sentence that says so."""
    return NONE_FOUND.pick(lang) if thought.endswith(GIVEN_UP.pick(lang)) else answer_text(answer, lang)


def answer_text(answer: str, lang: Language) -> str:
    """The answer after the thought."""
    return f"The answer is \\boxed{{{answer}}}." if lang == "en" else f"答案是\\boxed{{{answer}}}。"


def _result(answer: str, lang: Language) -> str:
    return f"So it is {answer}." if lang == "en" else f"所以是{answer}。"


def _opening(task_line: str, lang: Language, rng: random.Random, in_steps: bool = True) -> str:
    if lang == "en":
        ways = ("I need to find {}.", "Let me find {}.", "Okay, let me find {} step by step.")
    else:
        ways = ("我需要算{}。", "让我算{}。", "好的，一步一步算{}。")
    return rng.choice(ways if in_steps else ways[:-1]).format(task_line)


def _spoil(lines: list[str], lang: Language, rng: random.Random) -> None:
    """Puts a wrong line before one that computes something, and the doubt that corrects it."""
    places = [number for number, line in enumerate(lines) if number and "=" in line and "→" in line]
    if not places:
        return
    number = rng.choice(places)
    line = lines[number]
    head, result = line.split("→")
    last = int(head[-1])
    wrong = head[:-1] + str((last + rng.choice((1, 2, 8, 9))) % 10)
    doubt = "Wait, that is wrong. Again:" if lang == "en" else "等等，不对。重新算："
    lines[number : number + 1] = [f"{WRONG}{wrong}→{result}{RIGHT}", doubt, line]


def _check(task: str, values: _Values, answer: str, lang: Language) -> str:
    """A true check of the result where one is cheap, else a look back at it."""
    if task == "sums" and not answer.startswith("-"):
        _, sign, a, b = values
        x, y = a % 10, b % 10
        last = f"{x}{sign}{y}={x + y if sign == '+' else x - y}"
        return (
            f"Wait, let me check the last digit: {last}, so it ends with {answer[-1]}. Yes."
            if lang == "en"
            else f"等等，检查一下最后一位：{last}，所以末位是{answer[-1]}。没错。"
        )
    if task in ("products", "products-3x2"):
        _, a, b = values
        x, y = a % 10, b % 10
        return (
            f"Wait, let me check the last digit: {x}*{y}={x * y}, so it ends with {answer[-1]}. Yes."
            if lang == "en"
            else f"等等，检查一下最后一位：{x}*{y}={x * y}，所以末位是{answer[-1]}。没错。"
        )
    return "Wait, let me check the steps again. Yes, they are right." if lang == "en" else "等等，再检查一遍。没错。"


# --- the lines of each task; the first says what is asked ------------------------------------------------------------


def _sums(values: _Values, lang: Language) -> list[str]:
    expression, sign, a, b = values
    head = [f"{a} {sign} {b}:"] if expression.startswith("-") else []
    return [expression, *head, *columns.work(a, sign, b)[0]]


def _products(values: _Values, lang: Language) -> list[str]:
    expression, a, b = values
    large, small = max(a, b), min(a, b)
    return [expression, f"{large} * {small}:", *columns.multiply(large, small)[0]]


def _division(values: _Values, lang: Language) -> list[str]:
    a, b, what = values
    lines, quotient, rest = columns.divide(a, b)
    end = (f"quotient {quotient}, remainder {rest}") if lang == "en" else f"商{quotient}，余{rest}"
    titles = {
        "mod": ("the remainder of {} / {}", "{} / {} 的余数"),
        "div": ("how often {1} goes into {0}", "{} / {} 的商"),
    }
    return [titles[what][lang == "zh"].format(a, b), *lines, end]


def _steps(steps: Sequence[tuple[Any, str, Any]]) -> list[str]:
    """Operations one after another; "." is the result of the one before."""
    lines: list[str] = []
    value = 0
    for a, sign, b in steps:
        a, b = (value if part == "." else part for part in (a, b))
        worked, value = columns.work(a, sign, b)
        text = f"{a} {sign} {b if b >= 0 else f'({b})'}"
        lines += [f"{text} = {value}"] if worked == [f"{a}*{b}={value}"] else [f"{text}:", *worked]
    return lines


def _expressions(values: _Values, lang: Language) -> list[str]:
    expression, *steps = values
    return [expression, *_steps(steps)]


def _stories(values: _Values, lang: Language) -> list[str]:
    if values[0] == "cage":
        _, heads, legs, what = values
        return _cage(heads, legs, what, lang)
    return ["the total" if lang == "en" else "总数", *_steps(values)]


def _decimals(values: _Values, lang: Language) -> list[str]:
    first, second = values
    whole, decimals = first.split(".")
    other_decimals = second.split(".")[1]
    x, y = decimals.ljust(2, "0"), other_decimals.ljust(2, "0")
    sign = ">" if x > y else "<"
    larger = first if x > y else second
    return [
        f"the larger of {first} and {second}" if lang == "en" else f"{first}和{second}中较大的",
        f"{first}={whole}.{x}, {second}={whole}.{y}",
        f"{x[0]}{'>' if x[0] > y[0] else '<' if x[0] < y[0] else '='}{y[0]}, {x}{sign}{y}→{larger}",
    ]


def _percentages(values: _Values, lang: Language) -> list[str]:
    percent, of = values
    lines, product = columns.multiply(max(percent, of), min(percent, of))
    return [
        f"{percent}% of {of}" if lang == "en" else f"{of}的{percent}%",
        f"{max(percent, of)} * {min(percent, of)}:",
        *lines,
        f"{product}/100={product // 100}",
    ]


def _reduced(top: int, bottom: int) -> list[str]:
    """A fraction in lowest terms by Euclid's algorithm."""
    if top == 0:
        return [f"0/{bottom}=0"]
    euclid, common = _euclid(abs(top), bottom)
    lines = [*euclid, f"gcd={common}"]
    if common > 1:
        lines += [f"{abs(top)}/{common}={abs(top) // common}, {bottom}/{common}={bottom // common}"]
    return lines


def _euclid(a: int, b: int) -> tuple[list[str], int]:
    """Remainders until one is 0, each worked as a line of long division is."""
    lines = []
    a, b = max(a, b), min(a, b)
    while b:
        times, rest = divmod(a, b)
        lines.append(f"{a}: {b}*{times}={b * times}, {a}-{b * times}={rest}")
        a, b = b, rest
    return lines, a


def _fractions(values: _Values, lang: Language) -> list[str]:
    expression, a, b, sign, c, d = values
    if sign == "×":
        top, bottom = a * c, b * d
        lines = [f"{a}*{c}={top}, {b}*{d}={bottom}"]
    elif b == d:
        top, bottom = (a + c if sign == "+" else a - c), b
        lines = [f"{a}{sign}{c}={top}"]
    else:
        bottom = b * d
        left, right = a * d, c * b
        worked, top = columns.work(left, sign, right)
        lines = [f"{b}*{d}={bottom}", f"{a}*{d}={left}, {c}*{b}={right}", f"{left} {sign} {right}:", *worked]
    return [expression, *lines, f"{top}/{bottom}:", *_reduced(top, bottom)]


def _equations(values: _Values, lang: Language) -> list[str]:
    a, b, right = values
    left = f"{a}x {'+' if b >= 0 else '-'} {abs(b)} = {right}"
    worked, value = columns.work(right, "-" if b >= 0 else "+", abs(b))
    lines = columns.divide(abs(value), a)[0]
    end = f"x = {value}/{a} = {value // a}"
    return [left, f"{a}x = {right} {'-' if b >= 0 else '+'} {abs(b)}:", *worked, f"{a}x = {value}", *lines, end]


def _divisors(values: _Values, lang: Language) -> list[str]:
    a, b = values
    return [f"gcd({a}, {b})", *_euclid(a, b)[0]]


def _primes(values: _Values, lang: Language) -> list[str]:
    (n,) = values
    lines = []
    for p in _PRIMES:
        if p * p > n:
            lines.append(f"{p}*{p}={p * p}>{n}")
            break
        rest, text = 0, []
        for digit in str(n):
            part = rest * 10 + int(digit)
            rest = part % p
            if part >= p:
                text.append(f"{part}-{part - rest}={rest}")
        lines.append(f"{p}: {', '.join(text)}")
        if rest == 0:
            break
    verdict = "prime" if lines[-1].endswith(f">{n}") else "not prime"
    lines.append(verdict if lang == "en" else {"prime": "是质数", "not prime": "不是质数"}[verdict])
    return [f"whether {n} is prime" if lang == "en" else f"{n}是不是质数", *lines]


def _sorting(values: _Values, lang: Language) -> list[str]:
    numbers, down = values
    left = list(numbers)
    lines = []
    while left:
        chosen = max(left) if down else min(left)
        left.remove(chosen)
        lines.append(f"{chosen}: {', '.join(map(str, left))}" if left else f"{chosen}")
    way = ("descending", "从大到小") if down else ("ascending", "从小到大")
    return [f"{way[0]} order: {_list(numbers)}" if lang == "en" else f"{way[1]}：{_list(numbers)}", *lines]


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _letters(values: _Values, lang: Language) -> list[str]:
    letter, word = values
    count, parts = 0, []
    for other in word:
        count += other == letter
        parts.append(f" {other}{count}")
    return [f"the {letter} in {word}" if lang == "en" else f"{word}里的{letter}", "".join(parts).strip()]


def _clock(values: _Values, lang: Language) -> list[str]:
    hour, minute, later, split = values
    total = minute + later % 60
    hours = hour + later // 60 + total // 60
    lines = [] if split else [f"{later}=60*{later // 60}+{later % 60}"]
    lines.append(f"{minute}+{later % 60}={total}")
    if total >= 60:
        lines.append(f"{total}-60={total - 60}")
    lines.append(f"{hour}+{later // 60}{'+1' if total >= 60 else ''}={hours}")
    if hours >= 24:
        lines.append(f"{hours}-24={hours - 24}")
    time = f"{hour:02d}:{minute:02d}"
    if split:
        wait = f"{later // 60}h {later % 60}min" if lang == "en" else f"{later // 60}小时{later % 60}分钟"
    else:
        wait = f"{later} minutes" if lang == "en" else f"{later}分钟"
    return [f"{time} and {wait}" if lang == "en" else f"{time}加{wait}", *lines]


def _countdown(values: _Values, lang: Language) -> list[str]:
    """For each pair what it makes, and what it would have to make for the third number to lead on to the target."""
    numbers, target = values
    lines, expression = _search(numbers, target, lang)
    if not expression:
        raise ValueError(f"nothing makes {target} of {numbers}")
    return [_wanted(numbers, target, lang), *lines]


def _countdown_4(values: _Values, lang: Language) -> list[str]:
    """The number that is used last is guessed, and the other three are searched as in `_countdown`.

    Where that leads nowhere, there is a second guess or none. Both are blind: a chain shows how to search, not where,
    and not how long.
    """
    numbers, target, tries = values
    lines = [_wanted(numbers, target, lang)]
    for sign, last in tries:
        others, need, undo = generated.left_after(numbers, target, sign, last)
        way = f"{target}={need}{undo}{last}"
        lines.append(f"{target}{sign}{last}={need}, {way}, {_wanted(others, need, lang)}")
        search_lines, expression = _search(others, need, lang)
        lines += search_lines
        if expression:
            return [*lines, f"{need}={expression}, {way}"]
        lines.append("Wait, no. Again:" if lang == "en" else "等等，不行。重新试：")
    return [*lines[:-1], GIVEN_UP.pick(lang)]


def _wanted(numbers: Sequence[int], target: int, lang: Language) -> str:
    return f"{target} from {_list(numbers)}" if lang == "en" else f"{target}，用{_list(numbers)}"


def _search(numbers: tuple[int, ...], target: int, lang: Language) -> tuple[list[str], str]:
    """The lines of a search among three numbers, from both ends, and the expression that it finds, or ""."""
    yes, no = ("yes", "no") if lang == "en" else ("有", "无")
    lines: list[str] = []
    for a, b, c in generated.pairs(numbers):
        results = generated.made(a, b)
        lines.append(", ".join(f"{a}{sign}{b}={value}" for sign, value in results.items()))
        tests = []
        for sign, need, undo in generated.needed(target, c):
            first = next((other for other, value in results.items() if value == need), "")
            text = f"{target}{sign}{c}" + ("" if need is None else f"={need}")
            tests.append(f"{text} {yes}: {a}{first}{b}" if first else f"{text} {no}")
            if first:
                return [*lines, ", ".join(tests)], generated.combined(f"{a}{first}{b}", undo, c)
        lines.append(", ".join(tests))
    return lines, ""


def _cage(heads: int, legs: int, what: str, lang: Language) -> list[str]:
    """Chickens and rabbits: if all were chickens, the legs that are left over are two for each rabbit."""
    rest = legs - 2 * heads
    lines = [f"{heads}*2={2 * heads}", f"{legs} - {2 * heads}:", *columns.subtract(legs, 2 * heads)[0]]
    lines.append(f"{rest}/2={rest // 2}")
    if what != "rabbits":
        lines += [f"{heads} - {rest // 2}:", *columns.subtract(heads, rest // 2)[0]]
    words = {
        "rabbits": ("the rabbits", "兔的只数"),
        "chickens": ("the chickens", "鸡的只数"),
        "both": ("chickens, rabbits", "鸡、兔的只数"),
    }
    return [words[what][lang == "zh"], *lines]


def _follow(values: _Values, lang: Language) -> list[str]:
    """A second turn: an operation on the answer before."""
    before, sign, by = values
    if sign == "/":
        return [f"{before} / {by}", *columns.divide(before, by)[0]]
    return [f"{before} {sign} {by}", *_steps([(before, sign, by)])]


MAKERS: dict[str, Callable[[_Values, Language], list[str]]] = {
    "sums": _sums,
    "products": _products,
    "division": _division,
    "expressions": _expressions,
    "decimals": _decimals,
    "percentages": _percentages,
    "fractions": _fractions,
    "equations": _equations,
    "divisors": _divisors,
    "primes": _primes,
    "sorting": _sorting,
    "letters": _letters,
    "clock": _clock,
    "stories": _stories,
    "countdown": _countdown,
    "countdown-4": _countdown_4,
    "products-3x2": _products,
    "follow": _follow,
}

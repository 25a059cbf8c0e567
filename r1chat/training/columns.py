r"""Written arithmetic as lines of text, each a copy and a look-up of one or two digits.

A line ends with "→" and the digits of the result that are known so far, the lowest last, so that the next line and the
answer are copies: 158 + 267 is "8+7=15→5", "5+6+1=12→25", "1+2+1=4→425".
"""

from __future__ import annotations


def add(a: int, b: int) -> tuple[list[str], int]:
    """The columns of a + b for a, b ≥ 0, and the sum."""
    lines, carry, known = [], 0, ""
    columns = max(len(str(a)), len(str(b)))
    for place in range(columns):
        x, y = a // 10**place % 10, b // 10**place % 10
        total = x + y + carry
        known = (str(total) if place == columns - 1 else str(total % 10)) + known
        lines.append(f"{x}+{y}{'+1' if carry else ''}={total}→{known}")
        carry = total // 10
    return lines, a + b


def subtract(a: int, b: int) -> tuple[list[str], int]:
    """The columns of a - b for a ≥ b ≥ 0, and the difference. A column below zero borrows ten."""
    lines, borrow, known = [], 0, ""
    for place in range(len(str(a))):
        x, y = a // 10**place % 10, b // 10**place % 10
        value = x - y - borrow
        known = str(value % 10) + known
        borrowed = f"+10={value + 10}" if value < 0 else ""
        lines.append(f"{x}-{y}{'-1' if borrow else ''}={value}{borrowed}→{known}")
        borrow = value < 0
    return lines, a - b


def multiply_digit(a: int, digit: int) -> tuple[list[str], int]:
    """The columns of a × digit."""
    lines, carry, known = [], 0, ""
    text = str(a)
    for place, x in enumerate(map(int, reversed(text))):
        total = x * digit + carry
        known = (str(total) if place == len(text) - 1 else str(total % 10)) + known
        lines.append(f"{x}*{digit}={x * digit}{f'+{carry}={total}' if carry else ''}→{known}")
        carry = total // 10
    return lines, a * digit


def multiply(a: int, b: int) -> tuple[list[str], int]:
    """Partial products of a × b by the digits of b from its ones, and their sum."""
    lines: list[str] = []
    total = 0
    for place, digit in enumerate(map(int, reversed(str(b)))):
        part = digit * a
        shifted = part * 10**place
        if digit < 2 or not a:
            lines.append(f"{a}*{digit}={part}")
        else:
            lines += [f"{a}*{digit}:", *multiply_digit(a, digit)[0]]
        if place and part:
            lines.append(f"{part}→{shifted}")
        if place and part and total:
            lines += [f"{shifted}+{total}:", *add(shifted, total)[0]]
        total += shifted
    return lines, total


def divide(a: int, b: int) -> tuple[list[str], int, int]:
    """Long division of a by b: each line takes one more digit down. Quotient and remainder."""
    lines, rest, known = [], 0, ""
    for digit in str(a):
        part = rest * 10 + int(digit)
        times = part // b
        rest = part - times * b
        known = (known + str(times)).lstrip("0")
        lines.append(f"{part}: {b}*{times}={times * b}, {part}-{times * b}={rest}→{known or 0}")
    return lines, a // b, a % b


def work(a: int, sign: str, b: int) -> tuple[list[str], int]:
    """a + b, a - b or a * b with their signs sorted out first: the lines and the result."""
    if sign == "*":
        lines, size = ([f"{abs(a)}*{abs(b)}={abs(a * b)}"], abs(a * b)) if max(abs(a), abs(b)) < 10 else _long(a, b)
        return lines + ([f"→{a * b}"] if (a < 0) != (b < 0) and size else []), a * b
    if sign == "-":
        if b < 0:
            lines, value = work(a, "+", -b)
            return [f"{a}+{-b}:", *lines], value
        b = -b
    if a >= 0 and b >= 0:
        return add(a, b)
    if a < 0 and b < 0:
        return [*add(-a, -b)[0], f"→{a + b}"], a + b
    large, small = max(abs(a), abs(b)), min(abs(a), abs(b))
    lines, _ = subtract(large, small)
    if a + b < 0:
        return [f"-({large}-{small}):", *lines, f"→{a + b}"], a + b
    return lines, a + b


def _long(a: int, b: int) -> tuple[list[str], int]:
    a, b = abs(a), abs(b)
    return multiply(max(a, b), min(a, b))

"""The context of a number: whether it is part of a calculation, and whether a word before it says what it is."""

from __future__ import annotations

import re

from r1chat.redact.finding import HIDDEN

_NEAR = 40  # characters before a number in which a word can say what it is
_BESIDE = 24

_WORD_BEFORE = re.compile(
    r"""(?<![A-Za-z])(?:phone|telephone|tel|mobile|cell|cellphone|whatsapp|fax|call|dial|reach|contact|sms|hotline
        |ssn|social\ security|card|visa|mastercard|amex|passport|id\ (?:card|number))
        (?:s|\ me|\ us|\ number)?(?![A-Za-z])
      | 手机|电话|号码|联系|拨打|致电|传真|微信|卡号|身份证|银行卡""",
    re.VERBOSE | re.IGNORECASE,
)
_CALCULATED_BEFORE = re.compile(
    r"""(?:[=×÷·^≈≡≤≥≠∼~$€£¥￥{_&]|\\[A-Za-z]+|\\[(\[]
        | [^\s*]\ ?\*                 # times; not a bullet, not bold
        | [^\s\0]\ ?[+/-]             # not a bullet
        | \S\ [<>] | [0-9)}\]][<>]
        | (?:equals?|(?:answer|result|sum|product|total|value)(?:\ is)?:?|gives|about|approximately|roughly)\ \**
        | (?:等于|答案是|结果是|得到|约为?|一共|总共)[:：]?\** )\s{0,2}$""",
    re.VERBOSE | re.IGNORECASE,
)
_CALCULATED_AFTER = re.compile(
    r"""\s{0,2}(?:[=×÷·^≈≡≤≥≠∼%!$}€£¥_&]|\*(?!\*)|\\(?!n(?!e)|r|"|')
        | (?<=\s)[+-]\ (?=[0-9(\\]|[A-Za-z]\b)         # unlike the sign of another phone number
        | (?<!\s)(?:[+](?=[0-9A-Za-z(\\])|-(?=[0-9]))
        | /\ ?[0-9] | [<>](?=[\s0-9=])
        | (?:dollars|euros|people|persons|ways|units|years|bytes|m|km|kg|digits)(?![A-Za-z])
        | [元人个种米万亿位年] )""",
    re.VERBOSE,
)

_ROW_BEFORE = re.compile(r"(?:[0-9}\]]|(?<![A-Za-z'’])[A-Za-z])[ ]?$")


def named_before(text: str, start: int, since: int = 0) -> bool:
    """Whether a word in the 40 characters before `start`, in the same line and after `since`, announces a number."""
    near = text[max(since, start - _NEAR) : start]
    near = near[max(near.rfind("\n"), near.rfind(HIDDEN)) + 1 :]
    return bool(_WORD_BEFORE.search(near))


def calculated(text: str, start: int, end: int, since: int = 0) -> bool:
    """Whether `text[start:end]` is an operand, a sum of money, or set as a formula."""
    before = text[max(since, start - _BESIDE) : start]
    return bool(_CALCULATED_BEFORE.search(before) or _CALCULATED_AFTER.match(text, end))


def continues_row(text: str, start: int, since: int = 0) -> bool:
    """Whether a number or variable stands right before, as in a list or left of a sign."""
    return bool(_ROW_BEFORE.search(text[max(since, start - 4) : start]))

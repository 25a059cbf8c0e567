"""Numbers that belong to a person: phones, payment cards, identity numbers, bank accounts.

A text with fewer than nine digits in a row, separators aside, holds none. Where there are so many, each number in such
a run is tried against the forms below, and then against its check digit or what stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from r1chat.redact.checks import iban_length, is_card, is_iban, is_resident_id
from r1chat.redact.context import calculated, continues_row, named_before
from r1chat.redact.finding import FindingKind, Span, hide

_SEPARATORS = b" ().-/"
_PLAIN_IN_NUMBERS = (("（", "("), ("）", ")"), ("ー", "-"))  # elsewhere they enclose remarks and lengthen vowels
_NINE = b"0" * 9
_AS_DIGITS = bytes(48 if 48 <= code < 58 else 32 for code in range(256))

_RUN = re.compile(r"[0-9](?:[ ().\-/]{0,2}+[0-9]){8,}+")
_NUMBER = re.compile(r"[+(]{0,2}+[0-9]++")
_FORM = re.compile(
    r"""(?<![0-9A-Za-z_])(?<![0-9][.])(?:
      (?P<abroad> (?:\+|00(?=[1-9][0-9]{0,2}[ .\-])) [1-9][0-9]{0,14}
                  (?:(?:\ ?\(0\)\ ?|[ .\-/]|\)[ ]?|[ ]?\()[0-9]{2,14}){0,5} )
    | (?P<chinese> (?:86[ \-]?)? 1[3-9][0-9] (?P<c>[ \-]?) [0-9]{4} (?P=c) [0-9]{4} )
    | (?P<resident> [1-9][0-9]{5} (?P<r>[ ]?) (?:19|20)[0-9]{6} (?P=r) [0-9]{3}[0-9Xx] )
    | (?P<social> (?!000|666|9)[0-9]{3} (?P<s>[ \-]) (?!00)[0-9]{2} (?P=s) (?!0000)[0-9]{4} )
    | (?P<american> (?:1[ .\-])? (?:\([2-9][0-9]{2}\)[ \-]?[0-9]{3}[ .\-][0-9]{4}
                                   | [2-9][0-9]{2}(?P<a>[ .\-])[0-9]{3}(?P=a)[0-9]{4}) )
    | (?P<pairs> 0[1-9] (?P<p>[ .\-]) [0-9]{2} (?:(?P=p)[0-9]{2}){3} (?!(?P=p)[0-9]) )
    | (?P<national> \(?0[1-9][0-9]{1,3} (?:\)[ ]?|[ \-./]) [0-9]{3,8} (?:[ \-][0-9]{2,5}){0,2}
                  | \(?0[1-9](?:\)[ ]?|[ \-]) [0-9]{4} [ \-] [0-9]{4} )
    | (?P<card> [2-6][0-9]{3} (?P<g>[ .\-])(?:(?<=\ )\ )? (?:[0-9]{4}(?P=g)(?:(?<=\ )\ )?){2} [0-9]{4}
                   (?:(?P=g)[0-9]{3}(?![0-9]))?
              | 3[0-9]{3} (?P<h>[ \-]) [0-9]{6} (?P=h) [0-9]{4,5}
              | [2-6][0-9]{12,18} )
    | (?P<bare> [0-9]{10} )
    )(?![0-9A-Za-z_])(?!\.[0-9])""",
    re.VERBOSE,
)
_IBAN = re.compile(r"[A-Za-z](?<![A-Za-z0-9].)[A-Za-z][0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}")
_GROUP = re.compile(r"[0-9]+")
_SPACED = re.compile(r"[0-9 ]+")
_SHAPES = ("abroad", "chinese", "resident", "social", "american", "pairs", "national", "card", "bare")
_OFTEN_IN_ROWS = ("abroad", "pairs", "national")


def find_numbers(text: str) -> list[Span]:
    """Phones, cards, identity and account numbers in a folded text, in order, without overlaps."""
    for char, plain in _PLAIN_IN_NUMBERS:
        text = text.replace(char, plain)
    if _NINE not in text.encode("latin-1", "replace").translate(_AS_DIGITS, _SEPARATORS):
        return []
    accounts = list(_ibans(text))
    return sorted([*accounts, *_numbers(hide(text, (span[:2] for span in accounts)))])


def _numbers(text: str) -> Iterator[Span]:
    """Left to right; numbers that were already found are no context for later ones."""
    gone = 0
    for run in _RUN.finditer(text):
        place = max(run.start() - 2, gone, 0)  # with its sign and parenthesis
        while number := _NUMBER.search(text, place, run.end()):
            place = number.end()
            first_digit = number.end() - len(number[0].lstrip("+("))
            for start in range(number.start(), first_digit + 1):
                form = _FORM.match(text, start)
                if form and (span := _judge(text, form, gone)):
                    yield span
                    place = gone = span.end
                    break


def _ibans(text: str) -> Iterator[Span]:
    """International bank account numbers, in one piece or in groups."""
    for match in _IBAN.finditer(text):
        length, end, signs = iban_length(match[0][:2].upper()), match.start(), ""
        while end < match.end() and len(signs) < length:
            signs += text[end] if text[end].isalnum() else ""
            end += 1
        if is_iban(signs.upper()) and not text[end : end + 1].isalnum():
            yield Span(match.start(), end, "identity")


def _judge(text: str, form: re.Match[str], gone: int) -> Span | None:
    """The number as the kind that its form suggests, or None where its digits or its context contradict that."""
    shape = next(name for name in _SHAPES if form[name])
    digits = "".join(_GROUP.findall(form[0]))
    if shape == "resident" and is_resident_id(form[0].replace(" ", "")):
        return Span(form.start(), form.end(), "identity")
    kind: FindingKind = "card" if shape in ("resident", "card") else "identity" if shape == "social" else "phone"
    if kind == "card":
        length = _card_length(form[0])
    elif shape == "abroad":
        length = _international_length(form[0])
    else:
        length = len(form[0]) if shape != "national" or 9 <= len(digits) <= 12 else 0
    if not length or set(digits) <= {"0", "1"} or _counts_up(form[0]):
        return None
    span = Span(form.start(), form.start() + length, kind)
    spaced = shape in ("social", "american") and _SPACED.fullmatch(form[0])  # as likely a row of numbers
    listed = (shape in _OFTEN_IN_ROWS or " " in form[0]) and continues_row(text, span.start, gone)
    doubtful = spaced or listed or shape == "bare" or calculated(text, span.start, span.end, gone)
    return span if not doubtful or named_before(text, span.start, gone) else None


def _international_length(form: str) -> int:
    """How much of the form is one number: 8 digits to 13, in one group to 15 (E.164); 0 where it is too short.

    Groups that would make it longer are another number's; those of North America have 11 digits.
    """
    prefix = 2 if form.startswith("00") else 1
    longest = 11 if form[prefix] == "1" else 13
    digits, length = 0, 0
    for group in _GROUP.finditer(form, prefix):
        if digits and digits + len(group[0]) > longest:
            break
        digits += len(group[0])
        length = group.end()
    return length if digits >= 8 else 0


def _counts_up(form: str) -> bool:
    """Whether it is rather a row of numbers in equal steps."""
    groups = [int(group) for group in _GROUP.findall(form)]
    return len(groups) > 2 and len({after - before for before, after in pairwise(groups)}) == 1


def _card_length(form: str) -> int:
    """How much of the form is a card's number; 0 for none. A last group of three may be the card's code instead."""
    for part in dict.fromkeys((form, form[:19])):
        if is_card("".join(_GROUP.findall(part))):
            return len(part)
    return 0

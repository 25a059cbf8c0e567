"""Check digits, and the forms that issuers allow: payment cards, resident identity numbers, bank accounts."""

from __future__ import annotations

import re
from datetime import date

# Issuers' ranges with their lengths: Visa, Mastercard, American Express, Discover, UnionPay, JCB, Diners Club, Maestro.
_ISSUED = re.compile(
    r"""4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})
    | (?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}
    | 3[47][0-9]{13}
    | (?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}
    | 62[0-9]{14,17}
    | 35(?:2[89]|[3-8][0-9])[0-9]{12,15}
    | 3(?:0[0-5]|[689][0-9])[0-9]{11}""",
    re.VERBOSE,
)
_PROVINCES = frozenset(
    map(
        str,
        [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82],
    )
)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IBANS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 "
    "SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBANS.split()}


def is_card(digits: str) -> bool:
    """A payment card's number: an issuer's range and length, and the Luhn check digit (ISO/IEC 7812-1)."""
    if not _ISSUED.fullmatch(digits):
        return False
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(two - 9 if two > 9 else two for two in doubled)) % 10 == 0


def is_resident_id(number: str) -> bool:
    """A Chinese resident identity number: province, date of birth, and the check character (GB 11643-1999)."""
    if len(number) != 18 or number[:2] not in _PROVINCES:
        return False
    try:
        born = date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    except ValueError:
        return False
    check = sum(int(digit) * weight for digit, weight in zip(number, _RESIDENT_WEIGHTS, strict=False)) % 11
    return 1900 <= born.year < 2100 and "10X98765432"[check] == number[17].upper()


def iban_length(country: str) -> int:
    """The length of a country's account numbers (IBAN registry); 0 for a country without."""
    return _IBAN_LENGTHS.get(country, 0)


def is_iban(number: str) -> bool:
    """An account number without spaces whose check digits are right (ISO 13616: modulo 97 leaves 1)."""
    if not number or len(number) != iban_length(number[:2]):
        return False
    return int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1

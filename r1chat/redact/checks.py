"""Whether digits can be a payment card, a resident identity number or a bank account.

python-stdnum computes the check digits; the forms that issuers allow are stricter here, since the text is full of
numbers that are none of these.
"""

from __future__ import annotations

import re
from functools import lru_cache

from stdnum import iban, luhn, numdb
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

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
_LENGTH = re.compile(r"([0-9]+)!")  # in the registry's notation of an account's structure: "8!n10!n"


def is_card(digits: str) -> bool:
    """A payment card's number: an issuer's range and length, and the Luhn check digit (ISO/IEC 7812-1)."""
    return bool(_ISSUED.fullmatch(digits)) and bool(luhn.is_valid(digits))


def is_resident_id(number: str) -> bool:
    """A Chinese resident identity number: province, date of birth, and the check character (GB 11643-1999)."""
    if len(number) != 18 or number[:2] not in _PROVINCES or not number[:17].isdecimal():
        return False
    try:  # not `ric.is_valid`: it refuses counties that its table does not list
        born = ric.get_birth_date(number)
    except ValidationError:
        return False
    return 1900 <= born.year < 2100 and number[17].upper() == ric.calc_check_digit(number)


@lru_cache
def iban_length(country: str) -> int:
    """The length of a country's account numbers in the IBAN registry; 0 for a country without."""
    structures = [properties["bban"] for _, properties in numdb.get("iban").info(country) if "bban" in properties]
    return 4 + sum(map(int, _LENGTH.findall(structures[0]))) if structures else 0


def is_iban(number: str) -> bool:
    """An account number without spaces whose length and check digits are right (ISO 13616: modulo 97 leaves 1)."""
    return bool(iban.is_valid(number, check_country=False))

"""Whether a text is English or Chinese."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

_FORMULA = re.compile(r"\$[^$]*\$|\\\[.*?\\\]|\\\(.*?\\\)|\\[a-zA-Z]+|https?://\S+", re.DOTALL)
_HAN, _LATIN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"), re.compile("[A-Za-zÀ-ÖØ-öø-ɏ]{2,}")


@lru_cache(16)  # an export and a listing ask several times for the message in hand
def language_of(text: str) -> Literal["en", "zh", ""]:
    """The language of most of a text, without formulas and addresses: a Chinese character weighs as much as a word.

    "" where the text has neither.
    """
    plain = _FORMULA.sub(" ", text) if any([sign in text for sign in ("$", "\\", "://")]) else text
    if plain.isascii():
        return "en" if _LATIN.search(plain) else ""
    chinese, words = len(_HAN.findall(plain)), len(_LATIN.findall(plain))
    if not chinese and not words:
        return ""
    return "zh" if chinese >= words else "en"

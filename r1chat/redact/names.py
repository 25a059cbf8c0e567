"""Names from a list, as whole words in any case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from r1chat.redact.finding import Span

_UNSPACED = "㐀-鿿豈-﫿぀-ヿ"  # scripts that put no space between words
_LETTER = rf"[^\W_{_UNSPACED}]"


@dataclass(frozen=True, slots=True)
class _Names:
    beginnings: tuple[str, ...]  # a text that holds none of them, in lower case, holds no name
    pattern: re.Pattern[str]


def find_names(text: str, names: frozenset[str]) -> list[Span]:
    """The names in the text; the longest where several begin at one place. A name of one character is ignored."""
    prepared = _prepare(names)
    if prepared is None:
        return []
    lower = text.lower()
    if not any(beginning in lower for beginning in prepared.beginnings):
        return []
    return [Span(match.start(), match.end(), "name") for match in prepared.pattern.finditer(text)]


@lru_cache(maxsize=16)
def _prepare(names: frozenset[str]) -> _Names | None:
    words = sorted(
        {tuple(name.split()) for name in names if len(name.strip()) > 1}, key=lambda parts: (-len(str(parts)), parts)
    )
    if not words:
        return None
    beginnings = {name[0].lower() for name in words}
    return _Names(
        tuple(sorted(start for start in beginnings if not any(other in start for other in beginnings - {start}))),
        re.compile("|".join(map(_pattern, words)), re.IGNORECASE),
    )


def _pattern(words: tuple[str, ...]) -> str:
    name = r"\s{1,4}".join(map(re.escape, words))
    before = rf"(?<!{_LETTER})" if re.match(_LETTER, words[0][0]) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, words[-1][-1]) else ""
    return before + name + after

"""All personal data in a text, from all searches, without overlaps.

The searches see the folded text, with earlier findings hidden as in the redacted text, and rounds of all searches
repeat until one finds nothing; before them, each letter and its marks are made one character. So a redacted text holds
nothing to find. Where the text has invisible characters, each search runs without them first, and then with them, since
they may stand inside a value or between two.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection
from functools import lru_cache, partial

from r1chat.redact.contacts import find_emails, find_home_paths
from r1chat.redact.finding import PLACEHOLDER, Finding, Span, hide
from r1chat.redact.fold import INVISIBLE, composed, fold, plain_hyphens
from r1chat.redact.keys import find_keys
from r1chat.redact.names import find_names
from r1chat.redact.numbers import find_numbers

_Search = Callable[[str], list[Span]]
_Searches = tuple[_Search, ...]
_SEARCHES: _Searches = (find_keys, find_emails, find_home_paths, find_numbers)
_ROUNDS = 4  # two are enough for what people write; the limit keeps hostile text linear
_INVISIBLE = re.compile(INVISIBLE)


@lru_cache(8)
def _searches(names: frozenset[str]) -> _Searches:
    folded = frozenset(plain_hyphens(fold(composed(name)[0])) for name in names)
    return (*_SEARCHES, partial(find_names, names=folded)) if folded else _SEARCHES


def find(text: str, names: Collection[str] = ()) -> list[Finding]:
    """The personal data in a text, in order and never overlapping; `names` are taken as whole words in any case.

    Placeholders that already stand in the text are not searched. Takes time linear in the text.
    """
    searches = _searches(frozenset(names))
    spans: list[Span] = []
    whole, place = composed(text)
    rest = fold(whole)
    if "<" in rest:
        rest = hide(rest, (match.span() for match in PLACEHOLDER.finditer(rest)))
    seen = plain_hyphens(rest)
    if INVISIBLE in rest:
        searches = tuple(
            variant for search in searches for variant in (partial(_without_invisible, search=search), search)
        )
    for _ in range(_ROUNDS):
        before = len(spans)
        for search in searches:
            if hits := search(seen):
                spans += hits
                rest = hide(rest, (span[:2] for span in hits))
                seen = plain_hyphens(rest)
        if len(spans) == before:
            break
    placed = [(place(span.start), place(span.end), span.kind) for span in sorted(spans)]
    return [Finding(kind, start, end, text[start:end]) for start, end, kind in placed]


def _without_invisible(text: str, search: _Search) -> list[Span]:
    """What a search finds in the text without its invisible characters, as places in the text."""
    left_out = [match.start() - count for count, match in enumerate(_INVISIBLE.finditer(text))]

    def place(index: int) -> int:
        return index + bisect_right(left_out, index)

    return [Span(place(span.start), place(span.end - 1) + 1, span.kind) for span in search(text.replace(INVISIBLE, ""))]

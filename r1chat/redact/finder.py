"""All personal data in a text, from all searches, without overlaps.

Each search runs on the text with earlier findings hidden, as it would see the redacted text, and rounds of all searches
repeat until one finds nothing. So a redacted text holds nothing to find.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from r1chat.redact.contacts import find_emails, find_home_paths
from r1chat.redact.finding import PLACEHOLDER, Finding, Span, hide
from r1chat.redact.keys import find_keys
from r1chat.redact.names import find_names
from r1chat.redact.numbers import find_numbers

_Searches = tuple[Callable[[str], list[Span]], ...]
_SEARCHES: _Searches = (find_keys, find_emails, find_home_paths, find_numbers)
_ROUNDS = 4  # two are enough for what people write; the limit keeps hostile text linear


def find(text: str, names: Collection[str] = ()) -> list[Finding]:
    """The personal data in a text, in order and never overlapping; `names` are taken as whole words in any case.

    Placeholders that already stand in the text are not searched. Takes time linear in the text.
    """
    names = frozenset(names)
    searches: _Searches = (*_SEARCHES, partial(find_names, names=names)) if names else _SEARCHES
    taken: list[Span] = []
    rest = hide(text, (match.span() for match in PLACEHOLDER.finditer(text))) if "<" in text else text
    for _ in range(_ROUNDS):
        before = len(taken)
        for search in searches:
            if spans := search(rest):
                taken += spans
                rest = hide(rest, (span[:2] for span in spans))
        if len(taken) == before:
            break
    return [Finding(span.kind, span.start, span.end, text[span.start : span.end]) for span in sorted(taken)]

"""Replaces personal data by placeholders; equal values, however spelled, get the same one throughout an export."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from r1chat.redact.finder import find
from r1chat.redact.finding import PLACEHOLDER, WORDS, Finding, FindingKind
from r1chat.redact.fold import INVISIBLE, composed, fold

_NOT_IN_A_NUMBER = re.compile(r"[^0-9A-Za-z]")
_CHINESE_PREFIX = re.compile(r"^(?:00)?86(?=1[3-9][0-9]{9}$)")
_AMERICAN_PREFIX = re.compile(r"^\+?1(?=[ .(\-][0-9(])|^\+1(?=[2-9][0-9]{9}$)")


class Redactor:
    """Replaces personal data in the texts of one export, in one pass and in the order given.

    A value becomes `<EMAIL_1>`, `<PHONE_1>`, `<KEY_1>`, `<CARD_1>`, `<ID_1>`, `<NAME_1>`, or `<USER_1>` inside a home
    path, numbered in the order of first sight. Redacting a redacted text changes nothing. Placeholders that a text
    already holds stay, and their numbers are not given to other values from then on; one that first turns up after
    its number was given cannot be told apart any more.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self.counts: Counter[FindingKind] = Counter()
        """Distinct values replaced so far, by kind; 0 for a kind that was not found."""
        self._names = frozenset(names)
        self._placeholders: dict[tuple[FindingKind, str], str] = {}
        self._numbers: Counter[FindingKind] = Counter()
        self._taken: set[str] = set()

    def __call__(self, text: str) -> str:
        findings = find(text, self._names)
        if "<" in text:
            self._taken.update(PLACEHOLDER.findall(text))
        if not findings:
            return text
        pieces: list[str] = []
        done = 0
        for finding in findings:
            pieces += text[done : finding.start], self._placeholder(finding)
            done = finding.end
        return "".join([*pieces, text[done:]])

    def _placeholder(self, finding: Finding) -> str:
        value = finding.kind, _one_spelling(finding)
        if value not in self._placeholders:
            self.counts[finding.kind] += 1
            self._placeholders[value] = self._next(finding.kind)
        return self._placeholders[value]

    def _next(self, kind: FindingKind) -> str:
        while True:
            self._numbers[kind] += 1
            if (placeholder := f"<{WORDS[kind]}_{self._numbers[kind]}>") not in self._taken:
                return placeholder


def _one_spelling(finding: Finding) -> str:
    """A canonical form: folded, without separators, letter case, and a country prefix that may be left out."""
    text = fold(composed(finding.text)[0]).replace(INVISIBLE, "")
    if finding.kind == "phone":
        return _CHINESE_PREFIX.sub("", _NOT_IN_A_NUMBER.sub("", _AMERICAN_PREFIX.sub("", text)))
    if finding.kind in ("card", "identity"):
        return _NOT_IN_A_NUMBER.sub("", text).upper()
    if finding.kind in ("email", "name"):
        return " ".join(text.casefold().split())
    return text

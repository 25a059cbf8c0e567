"""Decides what came of a moment from the sentences that follow it.

Owns which groups of words agree, change or reject, and what counts as a result. Each sentence is read once (`Clues`),
however many moments it is evidence for.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from r1chat.reflect.weights import MomentKind

Effect = Literal["changed", "confirmed", "none"]

WINDOW = 10  # sentences after a moment that count as evidence
_DROPPED = 2  # sentences: an alternative that gets no more than that before the next moment was dropped

# Word groups of the lexicon.
_AGREES = frozenset(("fit", "aye", "zok", "zfine", "zaye"))
_CHANGES = frozenset(("mis", "oops", "instead", "ought", "zself", "zerr", "zought", "zno"))
_REJECTS = frozenset(("contra", "unfit", "unsaid", "zcontra", "zunfit"))
_DENIES = frozenset(("^no", "^zno", "^znope", "^zcontra"))

_VALUE = r"(?:-?[\d.,/]{1,24}|[a-z] ?[-+] ?[a-z]\b|[A-J]\b)"
_STATED = re.compile(
    r"\\boxed\s{0,3}\{([^{}]{1,60})\}"
    r"|(?:answer|total|result|sum) (?:is|are|should be|must be|would be)[ :*]{0,5}(?:\$|\\\()? ?"
    rf"({_VALUE})|(?:答案|结果|结论|总数)(?:应该)?(?:是|为|就是)?[:：]? ?({_VALUE})",
    re.I,
)
_STATES = ("boxed", "nswer", "otal", "esult", "um ", "答案", "结果", "结论", "总数")  # one of them is in every _STATED
_EQUALS = re.compile(r"[=≈] {0,2}(?:\\\(|\$)? ?(-?\d[\d,]{0,20}(?:\.\d{1,20})?)")


def results(sentence: str) -> set[str]:
    """The values that a sentence arrives at, as bare text: boxed, stated as the answer, or behind an equals sign."""
    values: list[str] = []
    if any([word in sentence for word in _STATES]):
        values += [next(group for group in match.groups() if group) for match in _STATED.finditer(sentence)]
    if "=" in sentence or "≈" in sentence:
        values += _EQUALS.findall(sentence)
    return {value.replace(",", "").strip(" .").lower() for value in values} - {""} if values else set()


class Clues(NamedTuple):
    """What one sentence says about the moments before it."""

    agrees: bool
    changes: bool
    rejects: bool
    denies: bool
    results: set[str]


def clues(groups: set[str], results: set[str]) -> Clues:
    """The clues in a sentence with words of these groups and these results."""
    if not groups:
        return Clues(False, False, False, False, results)
    return Clues(
        not _AGREES.isdisjoint(groups),
        not _CHANGES.isdisjoint(groups),
        not _REJECTS.isdisjoint(groups),
        not _DENIES.isdisjoint(groups),
        results,
    )


class Evidence:
    """The evidence for one moment's effect so far. `before`: the results stated up to the moment."""

    def __init__(self, kind: MomentKind, before: set[str]) -> None:
        self._kind = kind
        self._before = before
        self.heard = 0  # sentences after the moment
        self._agrees = self._changes = self._rejects = 0
        self._denied = self._rederived = False
        self._overtaken = 0  # sentences after which the next moment came, 0 as long as none has

    def hear(self, sentence_clues: Clues) -> None:
        """Take in the next sentence after the moment."""
        if not self.heard:
            self._denied = sentence_clues.denies
        self.heard += 1
        self._agrees += sentence_clues.agrees
        self._changes += sentence_clues.changes
        self._rejects += sentence_clues.rejects and self.heard <= 2
        if sentence_clues.results and not self._rederived:
            self._rederived = not self._before.isdisjoint(sentence_clues.results)

    def overtake(self) -> None:
        """The next moment begins in the sentence that was heard last."""
        self._overtaken = self._overtaken or self.heard

    def effect(self) -> Effect:
        """The effect on the evidence so far; "none" as long as nothing followed."""
        if not self.heard:
            return "none"
        if self._kind == "realisation" and self._rejects:
            return "none"
        if self._kind in ("correction", "realisation"):
            return "confirmed" if self._rederived and self._agrees and not self._changes else "changed"
        if self._kind == "alternative":
            dropped = self._rejects or self.heard <= _DROPPED or 0 < self._overtaken <= _DROPPED
            return "confirmed" if not dropped and (self._agrees or self._rederived) else "none"
        if self._kind == "re-reading" and (self._rejects or self._overtaken == 1):
            return "none"
        if self._denied or (self._changes > self._agrees + 1 and not self._rederived):
            return "changed"
        return "confirmed"

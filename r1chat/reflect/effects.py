"""Did a moment change anything? Reads what follows it.

Owns the words of agreement, change and rejection, and what counts as a result. Evidence is gathered sentence by
sentence; nothing is looked at twice.
"""

from __future__ import annotations

import re
from typing import Literal

from r1chat.reflect.points import Kind

Effect = Literal["changed", "confirmed", "none"]

WINDOW = 10  # sentences after a moment that may still speak for it

_AGREES = re.compile(
    r"\b(?:yes|yeah|yep|indeed|correct(?:ly)?|(?:that's|is|seems|looks|sounds) right|match(?:es|ed)?|consistent"
    r"|checks? out|confirm(?:s|ed)?|makes sense|still|the same|as expected|holds|exactly|definitely|adds up|works"
    r"|no (?:problem|issue|mistake)s?|so (?:the )?answer|straightforward)\b"
    r"|是的|没错|正确|对的|一致|没问题|没有问题|确实|仍然|还是|符合|成立|可靠|合理|不影响|没关系|沒錯|正確|確實|benar",
    re.I,
)
_CHANGES = re.compile(
    r"\b(?:(?:was|were) (?:wrong|mistaken)|(?:is|that's) (?:wrong|incorrect|not correct|not right)|my mistake|instead"
    r"|should(?: actually)? be|rather than|i (?:mis\w{1,20}|forgot|missed|overlooked)|can be simplified"
    r"|not necessary|i should (?:mention|add|include|address))\b"
    r"|不对|错了|修正|改为|改成|而不是|应该是|不對|錯了|應該是|salah",
    re.I,
)
_REJECTS = re.compile(
    r"\b(?:(?:doesn't|does not|don't|didn't|not) "
    r"(?:fit|work|make|help|seem|apply|mention|specify|matter|say|hold|directly|sure)"
    r"|can't be|cannot be|not (?:it|the case|allowed|possible|legal)|no,|unlikely|that's still|isn't|wouldn't|illegal"
    r"|impossible|too complicated)\b|不行|不可能|不可行|不成立|无法|無法",
    re.I,
)
_DENIES = re.compile(r"(?:no\b|nope\b|不对|不對|不是这样|tidak\b)", re.I)

_VALUE = r"(?:-?[\d.,/]{1,24}|[a-z] ?[-+] ?[a-z]\b|[A-J]\b)"
_STATED = re.compile(
    r"\\boxed\s{0,3}\{([^{}]{1,60})\}"
    r"|(?:answer|total|result|sum) (?:is|are|should be|must be|would be)[ :*]{0,5}(?:\$|\\\()? ?"
    rf"({_VALUE})|(?:答案|结果|结论|总数)(?:应该)?(?:是|为|就是)?[:：]? ?({_VALUE})",
    re.I,
)
_EQUALS = re.compile(r"[=≈] {0,2}(?:\\\(|\$)? ?(-?\d[\d,]{0,20}(?:\.\d{1,20})?)")


def results(sentence: str) -> set[str]:
    """The values that a sentence arrives at, as bare text: boxed, stated as the answer, or behind an equals sign."""
    found = [next(group for group in match.groups() if group) for match in _STATED.finditer(sentence)]
    if "=" in sentence or "≈" in sentence:
        found += _EQUALS.findall(sentence)
    return {value.replace(",", "").strip(" .").lower() for value in found} - {""} if found else set()


class Evidence:
    """What is known of one moment's effect so far. `before` holds the results that stood when it came."""

    def __init__(self, kind: Kind, before: set[str]) -> None:
        self._kind = kind
        self._before = before
        self.heard = 0  # sentences after the moment
        self._agrees = self._changes = self._rejects = 0
        self._denied = self._rederived = False

    def hear(self, sentence: str, found: set[str]) -> None:
        """Take in the next sentence after the moment, and the results found in it."""
        if not self.heard:
            self._denied = _DENIES.match(sentence) is not None
        self.heard += 1
        self._agrees += len(_AGREES.findall(sentence))
        self._changes += len(_CHANGES.findall(sentence))
        self._rejects += self.heard <= 2 and _REJECTS.search(sentence) is not None
        self._rederived = self._rederived or not self._before.isdisjoint(found)

    def effect(self) -> Effect:
        """The verdict as it stands; "none" as long as nothing followed."""
        if not self.heard:
            return "none"
        if self._kind in ("correction", "realisation"):
            return "confirmed" if self._rederived and self._agrees and not self._changes else "changed"
        if self._kind == "alternative":
            if self._rejects:
                return "none"
            if self._agrees or self._rederived:
                return "confirmed"
            return "changed" if self.heard > 3 else "none"
        if self._denied or (self._changes > self._agrees + 1 and not self._rederived):
            return "changed"
        return "confirmed"

"""Finds the moments in a stream of sentences.

Owns what it takes for a sentence to be a moment of its own: enough points, not the continuation of the one before, not
one more turn of a loop. Does not know chunks, steps or a screen.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, replace

from r1chat.reflect.cues import anywhere
from r1chat.reflect.effects import WINDOW, Effect, Evidence, results
from r1chat.reflect.features import features
from r1chat.reflect.model import bar, hopeless, kind, prior, score
from r1chat.reflect.points import Kind
from r1chat.reflect.sentences import Sentence
from r1chat.reflect.surroundings import Surroundings

_BEFORE = 25  # sentences whose results a moment may confirm
_LOOKBACK = 200  # moments among which a repeated one is a loop
_READ = 300  # characters of a sentence that count as evidence
_SAYING = (
    40  # characters that a repeated sentence must have to be a loop by itself; "Let me check again." may come twice
)
_MARKER = re.compile(r"(?:[-*•>#–—]{1,6}+\s++|\d{1,3}[.)、]\s*+|//+\s*+|\.{2,6}+\s*+|…\s*+)++")
_DENIALS = frozenset(("^no,", "^zno,", "^znope"))  # "Is it 5? No, …" is one moment, from the question on
_LETTERS = re.compile(r"[^\w]+|\b(?:maybe|perhaps|but|so|wait)\b")


@dataclass(frozen=True, slots=True)
class Moment:
    """A place where the chain reflects on itself: the sentence at `start:end`, str indices into the reasoning."""

    start: int
    end: int
    kind: Kind
    effect: Effect


class MomentFinder:
    """Give it sentences in order; `moments` grows.

    A moment never moves and never changes its kind. Its effect may change for WINDOW sentences, fewer where the next
    moment comes before: `moments[:settled]` are final, all of them after `close`.
    """

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self.settled = 0
        self._open: deque[Evidence] = deque()  # of moments[settled:]
        self._recent: deque[set[str]] = deque(maxlen=_BEFORE)  # the results of the last sentences
        self._last = ""
        self._asked: Sentence | None = None  # the last sentence, where it asks and is no moment
        self._surroundings = Surroundings()
        self._stammers = False  # this sentence would be a moment, had the one before not opened it: "Wait. Wait."
        self._said: deque[str] = deque(maxlen=2 * _LOOKBACK)
        self._known: dict[str, int] = {}

    def take(self, sentence: Sentence) -> Moment | None:
        """Read one sentence; the moment that begins in it, if one does."""
        seen = self._surroundings.marks(sentence)
        arrived = results(sentence.text[:_READ])
        if self._open:
            groups = anywhere(seen)
            for evidence in self._open:
                evidence.hear(groups, arrived)
        self._recent.append(arrived)
        found = self._judge(sentence, seen)
        if found:
            if self._open:
                self._open[-1].overtake()
            self.moments.append(found)
            self._open.append(Evidence(found.kind, set().union(*self._recent)))
        self._surroundings.advance(sentence, found is not None or self._stammers)
        self._update()
        self._last = sentence.text
        self._asked = sentence if "?" in seen and not found and not sentence.code else None
        return found

    def close(self) -> None:
        """No text comes any more: every effect is final."""
        self.settled = len(self.moments)
        self._open.clear()

    def _judge(self, sentence: Sentence, seen: set[str]) -> Moment | None:
        self._stammers = False
        if sentence.code or not sentence.whole or not seen:
            return None
        if self._asked and self._surroundings.since and "^wait" not in seen and not seen.isdisjoint(_DENIALS):
            return Moment(_begin(self._asked), sentence.end, "correction", "none")
        found = self._evidence(sentence, seen)
        if not found:
            self._stammers = "brief" in seen and bool(self._evidence(sentence, seen - {"brief"}))
            return None
        if self._repeats(sentence.text):
            return None
        return Moment(_begin(sentence), sentence.end, kind(seen, found), "none")

    def _evidence(self, sentence: Sentence, marks: set[str]) -> set[str]:
        """The features of a sentence that is a moment; empty for any other."""
        before = prior(marks)
        if hopeless(before):
            return set()
        found = features(sentence.text, marks)
        return found if score(before, found) >= bar() else set()

    def _repeats(self, text: str) -> bool:
        """Whether this was said before, in the same words or right after the same sentence: a loop counts once."""
        alone = _LETTERS.sub("", text[:300].lower())
        sayings = [f"{_LETTERS.sub('', self._last[:300].lower())}|{alone}"]
        if len(text) >= _SAYING:
            sayings.append(alone)
        repeated = any(saying in self._known for saying in sayings)
        for saying in sayings:
            if len(self._said) == self._said.maxlen:
                self._forget(self._said[0])
            self._said.append(saying)
            self._known[saying] = self._known.get(saying, 0) + 1
        return repeated

    def _forget(self, saying: str) -> None:
        self._known[saying] -= 1
        if not self._known[saying]:
            del self._known[saying]

    def _update(self) -> None:
        while self._open and (self._open[0].heard >= WINDOW or (len(self._open) > 1 and self._open[0].heard > 2)):
            self._settle(self.settled, self._open.popleft())
            self.settled += 1
        for at, evidence in enumerate(self._open, self.settled):
            self._settle(at, evidence)

    def _settle(self, at: int, evidence: Evidence) -> None:
        moment, effect = self.moments[at], evidence.effect()
        if moment.effect != effect:
            self.moments[at] = replace(moment, effect=effect)


def _begin(sentence: Sentence) -> int:
    """Where the words begin, behind a list marker."""
    marker = _MARKER.match(sentence.text)
    return sentence.start + (marker.end() if marker and marker.end() < len(sentence.text) else 0)

"""Finds the moments in a stream of sentences.

A sentence is a moment of its own where the model's score reaches the bar of its kind and it does not repeat an earlier
one. Does not know chunks, steps or a screen.
"""

from __future__ import annotations

import re
from collections import deque
from copy import copy
from dataclasses import dataclass

from r1chat.reflect.cues import anywhere
from r1chat.reflect.effects import WINDOW, Effect, Evidence, clues, results
from r1chat.reflect.model import Bars, bar, features, hopeless, kind, prior, score
from r1chat.reflect.sentences import Sentence
from r1chat.reflect.surroundings import Surroundings
from r1chat.reflect.weights import KINDS, MomentKind

_BEFORE = 25  # sentences whose results a moment may confirm
_LOOKBACK = 200  # moments among which a repeated one is a loop
_READ = 300  # characters of a sentence that count as evidence
_SAYING = 40  # characters from which a repeated sentence is a loop by itself; "Let me check again." may come twice
_MARKER = re.compile(r"(?:[-*•>#–—]{1,6}+\s++|\d{1,3}[.)、]\s*+|//+\s*+|\.{2,6}+\s*+|…\s*+)++")
_DENIALS = frozenset(("^no,", "^znope"))
_LONG_QUESTION = 40  # characters: behind a longer one, 不对 is a moment of its own
_WORD = re.compile(r"\w+")
_EMPTY_WORDS = frozenset(("maybe", "perhaps", "but", "so", "wait"))


@dataclass(frozen=True, slots=True)
class Moment:
    """A place where the chain reflects on itself: the sentence at `start:end`, str indices into the reasoning."""

    start: int
    end: int
    kind: MomentKind
    effect: Effect


class MomentFinder:
    """Give it sentences in order; `moments` grows.

    A moment never moves and never changes its kind. Its effect may change for WINDOW sentences, fewer where the next
    moment comes before: `moments[:settled]` are final, all of them after `close`. `bars`: the score that a sentence
    needs for each kind, where that is not the model's own `bar()`.
    """

    def __init__(self, bars: Bars | None = None) -> None:
        self._moments: list[Moment] = []  # effects of _moments[settled:] are decided when they are asked for
        self.scores: list[int | None] = []  # of the moments; None where the model was not asked
        self._bars = bars or {}
        self._lowest = min(self._bars.get(name, bar()) for name in KINDS)
        self.settled = 0
        self._open: deque[Evidence] = deque()  # of moments[settled:]
        self._recent: deque[set[str]] = deque(maxlen=_BEFORE)  # the results of the last sentences
        self._last = ""
        self._last_bare: str | None = None  # its letters, once they are needed
        self._bare: str | None = None  # those of the sentence in hand
        self._asked: Sentence | None = None  # the last sentence, where it asks and is no moment
        self._surroundings = Surroundings()
        self._stammers = False  # the sentence would be a moment without `brief`: the second of "Wait. Wait."
        self._said: deque[str] = deque(maxlen=2 * _LOOKBACK)
        self._known: dict[str, int] = {}

    def take(self, sentence: Sentence) -> Moment | None:
        """Read one sentence; the moment that begins in it, if one does."""
        seen = self._surroundings.marks(sentence)
        arrived = results(sentence.text[:_READ])
        names = anywhere(seen) if seen else seen
        if self._open:
            sentence_clues = clues(names, arrived)
            for evidence in self._open:
                evidence.hear(sentence_clues)
        self._recent.append(arrived)
        moment = self._judge(sentence, seen, names)
        if moment:
            if self._open:
                self._open[-1].overtake()
            self._moments.append(moment)
            self._open.append(Evidence(moment.kind, set().union(*self._recent)))
        self._surroundings.advance(sentence, moment is not None or self._stammers)
        self._settle()
        self._last, self._last_bare, self._bare = sentence.text, self._bare, None
        self._asked = sentence if "?" in seen and not moment and not sentence.code else None
        return moment

    @property
    def moments(self) -> list[Moment]:
        """The moments so far, in order of `start`."""
        for at, evidence in enumerate(self._open, self.settled):
            self._decide(at, evidence)
        return self._moments

    def close(self) -> None:
        """No text comes any more: every effect is final."""
        self.settled = len(self.moments)
        self._open.clear()

    def copy(self) -> MomentFinder:
        """A finder that goes on by itself from here."""
        other = copy(self)
        other._moments, other.scores = [*self._moments], [*self.scores]
        other._open = deque(map(copy, self._open))
        other._recent, other._said, other._known = self._recent.copy(), self._said.copy(), self._known.copy()
        other._surroundings = copy(self._surroundings)
        return other

    def _judge(self, sentence: Sentence, seen: set[str], names: set[str]) -> Moment | None:
        self._stammers = False
        if sentence.code or not sentence.whole or not seen:
            return None
        if self._asked and "^wait" not in seen and self._surroundings.since and _denies(self._asked, seen):
            self.scores.append(None)
            return Moment(_begin(self._asked), sentence.end, "correction", "none")
        moment_kind, reached = self._classify(sentence, seen, names)
        if moment_kind is None:
            brief = {"brief"}
            self._stammers = "brief" in seen and self._classify(sentence, seen - brief, names - brief)[0] is not None
            return None
        if self._repeats(sentence.text):
            return None
        self.scores.append(reached)
        return Moment(_begin(sentence), sentence.end, moment_kind, "none")

    def _classify(self, sentence: Sentence, marks: set[str], names: set[str]) -> tuple[MomentKind | None, int]:
        """The kind of a sentence that is a moment, else None; and its score."""
        before = prior(marks, names)
        if hopeless(before, names):
            return None, before
        active = features(sentence.text, marks, names)
        reached = score(before, active)
        if reached < self._lowest:
            return None, reached
        likeliest = kind(names, active)
        return likeliest if reached >= self._bars.get(likeliest, bar()) else None, reached

    def _repeats(self, text: str) -> bool:
        """Whether the text occurred before, alone or after the same sentence: a loop counts once."""
        alone = _bare(text)
        if self._last_bare is None:
            self._last_bare = _bare(self._last)
        sayings = [f"{self._last_bare}|{alone}"]
        self._bare = alone
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

    def _settle(self) -> None:
        while self._open and (self._open[0].heard >= WINDOW or (len(self._open) > 1 and self._open[0].heard > 2)):
            self._decide(self.settled, self._open.popleft())
            self.settled += 1

    def _decide(self, at: int, evidence: Evidence) -> None:
        moment, effect = self._moments[at], evidence.effect()
        if moment.effect != effect:
            self._moments[at] = Moment(moment.start, moment.end, moment.kind, effect)


def _denies(question: Sentence, seen: set[str]) -> bool:
    """Whether a sentence denies the question before it: "Is it 5? No, …" is one moment, from the question on."""
    return not seen.isdisjoint(_DENIALS) or ("^zno," in seen and len(question.text) < _LONG_QUESTION)


def _bare(text: str) -> str:
    """The letters and digits that two sentences which say the same have in common."""
    return "".join([word for word in _WORD.findall(text[:300].lower()) if word not in _EMPTY_WORDS])


def _begin(sentence: Sentence) -> int:
    """Where the words begin, behind a list marker."""
    marker = _MARKER.match(sentence.text)
    return sentence.start + (marker.end() if marker and marker.end() < len(sentence.text) else 0)

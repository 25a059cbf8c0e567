"""Reads a chain of thought while it streams.

The public interface to moments and steps: `Reader` for a chain that grows, `find_moments` and `find_steps` for a
complete one. Both give the same result at the end, whatever the chunks were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy

from r1chat.reflect.model import Bars
from r1chat.reflect.moments import Moment, MomentFinder
from r1chat.reflect.sentences import Sentence, SentenceSplitter
from r1chat.reflect.steps import Step, StepCutter

MOST_SENTENCES = 20_000
"""Of a chain; the rest of one that goes on is not read. Windows of 128,000 tokens hold some ten thousand."""


class Reader:
    """Reads a growing chain: feed it every new piece of reasoning, read `moments` and `steps` at any time.

    Both hold what is certain after the last complete sentence. A moment lies within one step, and is there before that
    step is final. Nothing that was there goes away. What may still change until `close`: the effect of
    `moments[settled:]` ("none" until there is evidence), the end of the last step, and its title while that is empty.

    `bars`: the score that a sentence needs for each kind of moment (see `model.py`), where a person has calibrated it.
    """

    def __init__(self, bars: Bars | None = None) -> None:
        self._splitter = SentenceSplitter()
        self._finder = MomentFinder(bars)
        self._cutter = StepCutter()
        self._sentences = 0

    def feed(self, text: str) -> None:
        """Add the next piece of the chain."""
        self._read(self._splitter.feed(text))

    def close(self) -> None:
        """The chain is over: the last sentence counts as it stands, and every effect is final."""
        self._read(self._splitter.close())
        self._finder.close()

    def closed(self) -> Reader:
        """A closed copy; this one can go on. The cost is that of copying the moments and steps."""
        other = copy(self)
        other._splitter, other._finder, other._cutter = copy(self._splitter), self._finder.copy(), self._cutter.copy()
        other.close()
        return other

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The moments so far, in order of `start`."""
        return tuple(self._finder.moments)

    @property
    def scores(self) -> tuple[int | None, ...]:
        """The model's score of each moment, in hundredths of a logit; None for a question that is denied at once."""
        return tuple(self._finder.scores)

    @property
    def settled(self) -> int:
        """How many moments, from the first, will never change again."""
        return self._finder.settled

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps so far; all but the last are final."""
        return tuple(self._cutter.steps)

    def _read(self, sentences: Iterable[Sentence]) -> None:
        for sentence in sentences:
            self._sentences += 1
            if self._sentences <= MOST_SENTENCES:
                self._cutter.take(sentence, self._finder.take(sentence))


def read(reasoning: str, bars: Bars | None = None) -> Reader:
    """A complete chain, read and closed."""
    reader = Reader(bars)
    reader.feed(reasoning)
    reader.close()
    return reader


def find_moments(reasoning: str, bars: Bars | None = None) -> Iterator[Moment]:
    """The moments of a complete chain in which it reflects on itself, in order."""
    yield from read(reasoning, bars).moments


def find_steps(reasoning: str) -> list[Step]:
    """The steps of a complete chain, in order; together they cover all of it but white space.

    Of a chain of more than `MOST_SENTENCES` the steps of the first so many.
    """
    return list(read(reasoning).steps)

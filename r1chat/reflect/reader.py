"""Reads a chain of thought while it streams.

Owns the one public door to moments and steps: `Reader` for a chain that grows, `find_moments` and `find_steps` for one
that is complete. Both say the same at the end, whatever the chunks were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from r1chat.reflect.moments import Moment, MomentFinder
from r1chat.reflect.sentences import Sentence, Splitter
from r1chat.reflect.steps import Step, StepCutter


class Reader:
    """A chain in the making: feed it every new piece of reasoning, look at `moments` and `steps` whenever you like.

    Both hold what is certain after the last complete sentence; the one in the making belongs to neither until it ends.
    A moment lies within one step, and is there before that step is final.
    Nothing that was there goes away. What may still change: the effect of `moments[settled:]` (the last few; "none"
    until there is evidence), and of the last step its end, and its title while that is empty. `close` ends that.
    """

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._finder = MomentFinder()
        self._cutter = StepCutter()

    def feed(self, text: str) -> None:
        """Go on with the chain."""
        self._read(self._splitter.feed(text))

    def close(self) -> None:
        """The chain is over: the last sentence counts as it stands, and every effect is final."""
        self._read(self._splitter.close())
        self._finder.close()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The moments so far, in order of `start`."""
        return tuple(self._finder.moments)

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
            self._cutter.take(sentence, self._finder.take(sentence))


def read(reasoning: str) -> Reader:
    """A complete chain, read and closed."""
    reader = Reader()
    reader.feed(reasoning)
    reader.close()
    return reader


def find_moments(reasoning: str) -> Iterator[Moment]:
    """The moments of a complete chain in which it reflects on itself, in order."""
    yield from read(reasoning).moments


def find_steps(reasoning: str) -> list[Step]:
    """The steps of a complete chain, in order; together they cover all of it but white space."""
    return list(read(reasoning).steps)

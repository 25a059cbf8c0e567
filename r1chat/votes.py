"""Several answers to one question, grouped by what they say. The largest group is the vote's result.

Self-consistency (Wang et al., arXiv 2203.11171): sample, extract the final answers, take the majority. Knows no model,
store or page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from r1chat.answers import compare, equivalent, final_answer
from r1chat.conversations import StoredReply
from r1chat.messages import Reply

__all__ = ["AnswerGroup", "equivalent", "final_answer", "group", "majority", "voice", "winner"]

MOST_COMPARED = 1_000
"""Pairs of different answers that one grouping compares: as many as 45 different answers make."""

_PATIENCE = 3  # undecided comparisons after which an answer is compared no more


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """Answers that say the same: the first one's final answer, and the indices of all, ascending.

    `undecided`: an answer on its own, since its comparison with another one was undecided.
    """

    answer: str
    members: tuple[int, ...]
    undecided: bool = False


def group(answers: Sequence[str | None]) -> list[AnswerGroup]:
    """Groups of equivalent final answers, largest first; of equally large ones the one that was seen first.

    `answers` are whole answers, without their thoughts; pass None for a sample that failed or is unfinished. None, and
    an answer in which no final answer is found, are in no group. An answer joins the first group whose first member it
    is equivalent to. An answer that can be compared with nothing stays alone, after a few undecided comparisons an
    answer is compared no more, and after `MOST_COMPARED` comparisons only answers of the same text are one: the time
    is linear in their number.
    """
    grouping = _Grouping()
    for index, answer in enumerate(answers):
        final = final_answer(answer) if answer else None
        if final is not None:
            grouping.add(index, final)
    return sorted(grouping.groups(), key=lambda group: -len(group.members))


def voice(reply: Reply) -> str:
    """The answer that a sample votes for; one that did not finish has none."""
    return reply.answer if reply.finish == "stop" else ""


def majority(samples: Sequence[StoredReply]) -> StoredReply | None:
    """The first sample that gave the most frequent answer; None where none gave one."""
    chosen = winner([sample.reply for sample in samples])
    return None if chosen is None else samples[chosen]


def winner(replies: Sequence[Reply]) -> int | None:
    """The index of the first reply that gave the most frequent answer; None where none gave one."""
    groups = group([voice(reply) for reply in replies])
    return groups[0].members[0] if groups else None


class _Grouping:
    """Groups that grow answer by answer."""

    def __init__(self) -> None:
        self._groups: list[tuple[str, list[int]]] = []  # the first member's final answer, and the indices of all
        self._of_text: dict[str, list[int]] = {}  # the members of the group that a final answer is in
        self._undecided: dict[str, int] = {}  # comparisons, by final answer
        self._left = MOST_COMPARED

    def add(self, index: int, final: str) -> None:
        """Put an answer into the group that it belongs to, or into one of its own."""
        members = self._of_text.get(final)
        if members is None:
            members = self._find(final)
            if members is None:
                members = []
                self._groups.append((final, members))
            self._of_text[final] = members
        members.append(index)

    def groups(self) -> Iterator[AnswerGroup]:
        """The groups, in the order in which they were begun."""
        for final, members in self._groups:
            yield AnswerGroup(final, tuple(members), len(members) == 1 and final in self._undecided)

    def _find(self, final: str) -> list[int] | None:
        """The members of the group whose first answer is equivalent; counts the comparisons that were undecided."""
        if self._left > 0 and _same(final, "0") is None:
            self._undecided[final] = _PATIENCE  # it can be compared with nothing
        for first, members in self._groups:
            if self._left <= 0:
                return None
            if max(self._undecided.get(final, 0), self._undecided.get(first, 0)) >= _PATIENCE:
                continue
            self._left -= 1
            same = _same(final, first)
            if same:
                return members
            if same is None:
                self._undecided[final] = self._undecided.get(final, 0) + 1
                self._undecided[first] = self._undecided.get(first, 0) + 1
        return None


@lru_cache(maxsize=4096)  # a vote is grouped anew at each answer that ends
def _same(final: str, first: str) -> bool | None:
    """Whether two final answers are equivalent; None: undecided."""
    return compare(final, first) or compare(first, final)

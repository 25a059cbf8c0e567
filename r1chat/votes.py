"""Several answers to one question, grouped by what they say. The largest group is the vote's result.

Self-consistency (Wang et al., arXiv 2203.11171): sample, extract the final answers, take the majority. Knows no model,
store or page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from r1chat.answers import compare, equivalent, final_answer
from r1chat.messages import Reply, StoredReply

__all__ = ["Group", "equivalent", "final_answer", "group", "majority", "voice", "winner"]

_PATIENCE = 3  # undecided comparisons after which an answer is compared no more


@dataclass(frozen=True, slots=True)
class Group:
    """Answers that say the same: the first one's final answer, and the indices of all, ascending.

    `undecided`: an answer on its own, since its comparison with another one was undecided.
    """

    answer: str
    members: tuple[int, ...]
    undecided: bool = False


def group(answers: Sequence[str | None]) -> list[Group]:
    """Groups of equivalent final answers, largest first; of equally large ones the one that was seen first.

    `answers` are whole answers, without their thoughts; pass None for a sample that failed or is unfinished. None, and
    an answer in which no final answer is found, are in no group. An answer joins the first group whose first member it
    is equivalent to. An answer that can be compared with nothing stays alone, and after a few undecided comparisons an
    answer is compared no more: the time that such answers take is linear in their number.
    """
    groups: list[tuple[str, list[int]]] = []
    undecided: dict[str, int] = {}
    for index, answer in enumerate(answers):
        final = final_answer(answer) if answer else None
        if final is None:
            continue
        members = _find(final, groups, undecided)
        if members is None:
            groups.append((final, [index]))
        else:
            members.append(index)
    found = (Group(final, tuple(members), len(members) == 1 and final in undecided) for final, members in groups)
    return sorted(found, key=lambda group: -len(group.members))


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


def _find(final: str, groups: list[tuple[str, list[int]]], undecided: dict[str, int]) -> list[int] | None:
    """The members of the group that an answer belongs to; counts the comparisons that were undecided."""
    for first, members in groups:
        if first == final:
            return members
    if final not in undecided and compare(final, "0") is None:
        undecided[final] = _PATIENCE  # it can be compared with nothing
    for first, members in groups:
        if max(undecided.get(final, 0), undecided.get(first, 0)) >= _PATIENCE:
            continue
        same = compare(final, first) or compare(first, final)
        if same:
            return members
        if same is None:
            undecided[final] = undecided.get(final, 0) + 1
            undecided[first] = undecided.get(first, 0) + 1
    return None

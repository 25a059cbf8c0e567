"""Several answers to one question, grouped by what they say. The largest group is the vote's result.

Self-consistency: sample, read off the final answers, take the majority. Knows no model, store or page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from r1chat.answers import compare, equivalent, final_answer, glance
from r1chat.messages import Reply, StoredReply

__all__ = ["Group", "equivalent", "final_answer", "group", "majority", "voice"]

_PATIENCE = 2  # comparisons without a verdict after which an answer is compared as text only


@dataclass(frozen=True, slots=True)
class Group:
    """Answers that say the same: the first one's final answer, and the indices of all, ascending."""

    answer: str
    members: tuple[int, ...]


def group(answers: Sequence[str | None]) -> list[Group]:
    """Groups of equivalent final answers, largest first, of equal ones the one that was seen first.

    `answers` are whole answers, without their thoughts; pass None for a sample that failed or is unfinished. None, and
    an answer in which no final answer is found, are in no group. An answer joins the first group whose first member it
    is equivalent to. What cannot be compared in time stays alone, and is soon not compared again: the time that hostile
    answers take is linear in their number. Raises CheckError where the checker of formulas does not start.
    """
    groups: list[tuple[str, list[int]]] = []
    patience: dict[str, int] = {}
    for index, answer in enumerate(answers):
        final = final_answer(answer) if answer else None
        if final is None:
            continue
        members = _find(final, groups, patience)
        if members is None:
            groups.append((final, [index]))
        else:
            members.append(index)
    return sorted((Group(final, tuple(members)) for final, members in groups), key=lambda one: -len(one.members))


def voice(reply: Reply) -> str:
    """What a sample says; one that did not finish says nothing."""
    return reply.answer if reply.finish == "stop" else ""


def majority(samples: Sequence[StoredReply]) -> StoredReply | None:
    """The first sample that gave the most frequent answer; None where none came to one. Raises CheckError."""
    groups = group([voice(sample.reply) for sample in samples])
    return samples[groups[0].members[0]] if groups else None


def _find(final: str, groups: list[tuple[str, list[int]]], patience: dict[str, int]) -> list[int] | None:
    """The members of the group that an answer belongs to. What needs no mathematics is looked for first."""
    verdicts = [glance(final, first) for first, _ in groups]
    if True in verdicts:
        return groups[verdicts.index(True)][1]
    for verdict, (first, members) in zip(verdicts, groups, strict=True):
        if verdict is False or not (_left(final, patience) and _left(first, patience)):
            continue
        same = compare(final, first)
        if same:
            return members
        if same is None:
            patience[final] -= 1
            patience[first] -= 1
    return None


def _left(final: str, patience: dict[str, int]) -> int:
    """The patience that an answer has left: none if not even its difference from zero can be told."""
    if final not in patience:
        patience[final] = 0 if compare(final, "0") is None else _PATIENCE
    return patience[final]

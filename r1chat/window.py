"""What of a conversation the model is shown, and how much of its window that takes. Pure; knows no model.

A branch may be too long for the window. Then a person can leave its oldest turns out: what the model is shown begins
at a later message. Every reply remembers at which.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from r1chat.conversations import StoredTurn

TIGHT = 0.25  # of the window: with less left for the next turn, a thought may not fit
ROOMY = 0.5  # of the window: as much the oldest turns make free when they are left out
PER_TOKEN = 3.0  # characters, until a branch tells better


def shown(turns: Sequence[StoredTurn], seen_from: str | None) -> Sequence[StoredTurn]:
    """The turns of a branch that the model is shown; all of them where `seen_from` is None or on another branch."""
    for index, turn in enumerate(turns):
        if turn.id == seen_from:
            return turns[index:]
    return turns


def next_prompt(turns: Sequence[StoredTurn], keep_thoughts: bool, seen_from: str | None) -> int | None:
    """About how many tokens the next prompt has before the person's message; None where no reply tells.

    As long as the model is shown what it was shown for the last reply that tells, that is the sum of what the backend
    counted. What is shown or left out since then is added and taken off turn by turn, messages by their length.
    """
    known, rate = _beside_turns(turns)
    if known is None:
        return None
    return max(0, round(known + sum(_tokens(turn, keep_thoughts, rate) for turn in shown(turns, seen_from))))


def _beside_turns(turns: Sequence[StoredTurn]) -> tuple[float | None, float]:
    """About how many tokens of a prompt are not those of its turns, None where no reply tells; tokens per character."""
    newest = next((turn for turn in reversed(turns) if _prompt(turn) is not None), None)
    if newest is None or newest.reply is None:
        return None, 0.0
    provenance, rate = newest.reply.provenance, _tokens_per_character(turns)
    kept_tokens = round(rate * provenance.kept_reasoning)  # of its thought, counted with its prompt
    prompt = (_prompt(newest) or 0) - kept_tokens
    then = shown(turns[: turns.index(newest)], provenance.seen_from) if provenance.seen_from != newest.id else ()
    then_tokens = sum(_tokens(turn, provenance.keep_thoughts, rate) for turn in then)
    return prompt - rate * len(newest.content) - then_tokens, rate


def oldest_left_out(
    turns: Sequence[StoredTurn], keep_thoughts: bool, seen_from: str | None, context: int
) -> str | None:
    """The message at which to begin so that `ROOMY` of the window is free, or at least the last turn is shown.

    Leaves out one turn at least; None where there is none but the last. `context` in tokens.
    """
    seen = shown(turns, seen_from)
    known, rate = _beside_turns(turns)
    if known is not None:
        left = known + sum(_tokens(turn, keep_thoughts, rate) for turn in seen)
        for before, turn in pairwise(seen[:-1]):
            left -= _tokens(before, keep_thoughts, rate)
            if round(left) <= (1 - ROOMY) * context:
                return turn.id
    return seen[-1].id if len(seen) > 1 else None


def _prompt(turn: StoredTurn) -> int | None:
    return turn.reply.reply.usage.prompt_tokens if turn.reply else None


def _tokens(turn: StoredTurn, keep_thoughts: bool, rate: float) -> float:
    tokens = rate * len(turn.content)
    if turn.reply is not None:
        usage, provenance = turn.reply.reply.usage, turn.reply.provenance
        tokens += usage.answer_tokens + rate * provenance.kept_answer
        tokens += usage.reasoning_tokens + rate * provenance.kept_reasoning if keep_thoughts else 0
    return tokens


def _tokens_per_character(turns: Sequence[StoredTurn]) -> float:
    """By what was sampled in this branch."""
    replies = [turn.reply for turn in turns if turn.reply is not None]
    tokens = sum(stored.reply.usage.reasoning_tokens + stored.reply.usage.answer_tokens for stored in replies)
    characters = sum(len(stored.reply.reasoning) + len(stored.reply.answer) for stored in replies)
    characters -= sum(stored.provenance.kept_reasoning + stored.provenance.kept_answer for stored in replies)
    return tokens / characters if tokens > 0 and characters > 0 else 1 / PER_TOKEN

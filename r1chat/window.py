"""What of a conversation the model is shown, and how much of its window that takes. Pure; knows no model.

A branch may be too long for the window. Then a person can leave its oldest turns out: what the model is shown begins
at a later message. Every reply remembers at which.
"""

from __future__ import annotations

from collections.abc import Sequence

from r1chat.messages import StoredTurn

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

    As long as the model is shown what it was shown for the last reply, that is the sum of what the backend counted.
    What is shown or left out since then is estimated from its characters.
    """
    last = turns[-1].reply if turns else None
    if last is None or last.reply.usage.prompt_tokens is None:
        return None
    usage, made, rate = last.reply.usage, last.provenance, _tokens_per_character(turns)
    given = round(rate * made.kept_reasoning)  # of the thought, counted with the prompt
    then = _characters(shown(turns, made.seen_from)[:-1], made.keep_thoughts)
    now = _characters(shown(turns, seen_from)[:-1], keep_thoughts)
    thought = given + usage.reasoning_tokens if keep_thoughts else 0
    known = (usage.prompt_tokens or 0) - given + usage.answer_tokens + thought
    return max(0, known + round(rate * (now - then)))


def oldest_left_out(
    turns: Sequence[StoredTurn], keep_thoughts: bool, seen_from: str | None, context: int
) -> str | None:
    """The message at which to begin so that `ROOMY` of the window is free, or at least the last turn is shown.

    Leaves out one turn at least; None where there is none but the last. `context` in tokens.
    """
    seen = shown(turns, seen_from)
    for turn in seen[1:-1]:
        taken = next_prompt(turns, keep_thoughts, turn.id)
        if taken is not None and taken <= (1 - ROOMY) * context:
            return turn.id
    return seen[-1].id if len(seen) > 1 else None


def _characters(turns: Sequence[StoredTurn], keep_thoughts: bool) -> int:
    count = 0
    for turn in turns:
        count += len(turn.content)
        if turn.reply is not None:
            count += len(turn.reply.reply.answer) + (len(turn.reply.reply.reasoning) if keep_thoughts else 0)
    return count


def _tokens_per_character(turns: Sequence[StoredTurn]) -> float:
    """By what was sampled in this branch."""
    replies = [turn.reply for turn in turns if turn.reply is not None]
    tokens = sum(each.reply.usage.reasoning_tokens + each.reply.usage.answer_tokens for each in replies)
    written = sum(len(each.reply.reasoning) + len(each.reply.answer) for each in replies)
    written -= sum(each.provenance.kept_reasoning + each.provenance.kept_answer for each in replies)
    return tokens / written if tokens > 0 and written > 0 else 1 / PER_TOKEN

"""Steering: the partial reply that a model continues after a person or a budget intervenes. Pure functions.

Every intervention makes a `ReplySoFar`: the thought closed where it stands, opened again, edited, or left out.
"""

from __future__ import annotations

from dataclasses import replace

from r1chat.both import Both
from r1chat.errors import MessageError
from r1chat.languages import language_of
from r1chat.messages import Reply, ReplySoFar

BUDGETS = {"quick": 512, "normal": 2_048, "deep": 8_192}  # thinking tokens
RESERVE = 64  # tokens of the window that a budget must leave for the answer

# Appending "Wait" where a model wanted to stop thinking makes it check itself: budget forcing, Muennighoff et al.,
# "s1: Simple test-time scaling" (2025). A sentence that ends the thought softens the cut.
_WAIT = Both("Wait,", "等等，")
_ENOUGH = Both(
    "I have thought about this long enough; I will answer with what I have.",
    "我已经思考得够久了，现在根据目前的思路作答。",
)


def cut(so_far: ReplySoFar) -> ReplySoFar:
    """Answer now: the thought is closed as it stands."""
    return replace(so_far, reasoning=so_far.reasoning.rstrip(), closed=True)


def ends_by_budget(text: str) -> bool:
    """Whether a thought ends with the sentence that a spent budget puts there."""
    return text.rstrip().endswith((_ENOUGH.en, _ENOUGH.zh))


def told_to_answer(text: str) -> bool:
    """Whether the sentence that a spent budget puts there stands somewhere in a thought, which went on perhaps."""
    return _ENOUGH.en in text or _ENOUGH.zh in text


def spent(so_far: ReplySoFar) -> ReplySoFar:
    """The budget is spent: the thought ends with a sentence that says so."""
    thought = so_far.reasoning.rstrip()
    return replace(so_far, reasoning=f"{thought}\n\n{_ENOUGH.pick(language_of(thought))}", closed=True)


def extended(reply: Reply) -> ReplySoFar:
    """Think longer: the thought is opened again. Raises MessageError where there is none."""
    thought = reply.reasoning.rstrip()
    if not thought:
        raise MessageError(
            Both(
                "This reply has no thought that could go on. Ask again to get one with a thought.",
                "这个回复没有可以继续的思考。请重新生成一个带思考的回复。",
            )
        )
    before = reply.answer[: reply.later[-1].answer] if reply.later else ""
    return ReplySoFar(f"{thought}\n\n{_WAIT.pick(language_of(thought))}", answer=before, later=reply.later)


def forked(reply: Reply, start: int, end: int, text: str) -> ReplySoFar:
    """Go on from an edited step: the thought up to `start`, then `text` in place of what stood there up to `end`.

    Everything after the step is dropped. Raises MessageError where the thought has no such place.
    """
    if not 0 <= start < end <= len(reply.reasoning):
        raise MessageError(
            Both(
                "That step is no longer there: the thought has changed. Look at it again, then choose a step.",
                "这一步已经不在了：思考有了变化。请重新查看，再选一步。",
            )
        )
    thought = reply.reasoning[:start] + text.strip("\n")
    if not thought.strip():
        raise MessageError(
            Both(
                "Nothing would be left of the thought. Write what it should go on from.",
                "思考会变成空的。请写出它应当从哪里继续。",
            )
        )
    later = tuple(place for place in reply.later if place.thought <= start)
    return ReplySoFar(thought, answer=reply.answer[: later[-1].answer] if later else "", later=later)


def skipped() -> ReplySoFar:
    """Skip thinking: an empty thought, already closed. (Switching thinking off does nothing for R1's templates.)"""
    return ReplySoFar(closed=True)


def checked_budget(budget: int | None, context: int) -> int | None:
    """The budget, if it makes sense in a window of `context` tokens (0: unknown). Raises MessageError."""
    if budget is None:
        return None
    if budget < 1:
        raise MessageError(
            Both(
                "A budget of {budget} tokens leaves no room for a thought. Give at least 1, or use “Skip thinking”.",
                "{budget} 个 token 的预算容不下思考。请至少给 1 个，或使用“跳过思考”。",
            ).format(budget=budget)
        )
    if context and budget > context - RESERVE:
        raise MessageError(
            Both(
                "A budget of {budget:,} tokens does not fit into the window of {context:,} tokens with an answer "
                "behind it. Give at most {most:,}, or choose a larger window in the settings.",
                "{budget:,} 个 token 的预算加上回答，放不进 {context:,} 个 token 的窗口。"
                "请最多给 {most:,} 个，或在设置里选更大的窗口。",
            ).format(budget=budget, context=context, most=context - RESERVE)
        )
    return budget

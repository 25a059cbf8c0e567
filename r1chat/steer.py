"""A hand on the wheel: what a reply goes on from, when a person steps in. Pure.

Every way of stepping in is a `ReplySoFar` that the model continues: the thought closed where it stands, opened again,
edited, or left out.
"""

from __future__ import annotations

from r1chat.errors import MessageError
from r1chat.messages import Reply, ReplySoFar

BUDGETS = {"quick": 512, "normal": 2_048, "deep": 8_192}  # thinking tokens
RESERVE = 64  # tokens of the window that a budget must leave for the answer

# Appending "Wait" where a model wanted to stop thinking makes it check itself: budget forcing, Muennighoff et al.,
# "s1: Simple test-time scaling" (2025). A sentence that ends the thought softens the cut.
_WAIT = {"en": "Wait,", "zh": "等等，"}
_ENOUGH = {
    "en": "I have thought about this long enough; I will answer with what I have.",
    "zh": "我已经思考得够久了，现在根据目前的思路作答。",
}


def language_of(text: str) -> str:
    """The language that the model should go on in: "zh" where Chinese characters carry the text, else "en"."""
    chinese = sum("\u4e00" <= character <= "\u9fff" for character in text)
    latin = sum(character.isascii() and character.isalpha() for character in text)
    return "zh" if chinese * 3 > latin else "en"  # a character says about as much as three letters


def cut(so_far: ReplySoFar) -> ReplySoFar:
    """Answer now: the thought is closed as it stands."""
    return ReplySoFar(so_far.reasoning.rstrip(), closed=True)


def spent(so_far: ReplySoFar) -> ReplySoFar:
    """The budget is spent: the thought ends with a sentence that says so."""
    thought = so_far.reasoning.rstrip()
    return ReplySoFar(f"{thought}\n\n{_ENOUGH[language_of(thought)]}", closed=True)


def extended(reply: Reply) -> ReplySoFar:
    """Think longer: the thought is opened again. Raises MessageError where there is none."""
    thought = reply.reasoning.rstrip()
    if not thought:
        raise MessageError("This reply has no thought that could go on. Ask again to get one with a thought.")
    return ReplySoFar(f"{thought}\n\n{_WAIT[language_of(thought)]}")


def forked(reply: Reply, start: int, end: int, text: str) -> ReplySoFar:
    """Go on from an edited step: the thought up to `start`, then `text` in place of what stood there up to `end`.

    Everything after the step is dropped. Raises MessageError where the thought has no such place.
    """
    if not 0 <= start < end <= len(reply.reasoning):
        raise MessageError(
            "That step is no longer there: the thought has changed. Look at it again, then choose a step."
        )
    thought = reply.reasoning[:start] + text.strip("\n")
    if not thought.strip():
        raise MessageError("Nothing would be left of the thought. Write what it should go on from.")
    return ReplySoFar(thought)


def skipped() -> ReplySoFar:
    """Skip thinking: an empty thought, already closed. (Switching thinking off does nothing for R1's templates.)"""
    return ReplySoFar(closed=True)


def checked_budget(budget: int | None, context: int) -> int | None:
    """The budget, if it makes sense in a window of `context` tokens (0: unknown). Raises MessageError."""
    if budget is None:
        return None
    if budget < 1:
        raise MessageError(
            f"A budget of {budget} tokens leaves no room for a thought. Give at least 1, or use “Skip thinking”."
        )
    if context and budget > context - RESERVE:
        raise MessageError(
            f"A budget of {budget:,} tokens does not fit into the window of {context:,} tokens with an answer behind "
            f"it. Give at most {context - RESERVE:,}, or choose a larger window in the settings."
        )
    return budget

"""A rendered prompt with the reply so far behind it: how a reply is continued as text. Knows no server."""

from __future__ import annotations

from collections.abc import Sequence

from r1chat.messages import Message, ReplySoFar

OPEN, CLOSE = "<think>", "</think>"
_NEXT_USER_MESSAGE = "\u2063"  # invisible, and in nobody's message: marks where the next one will begin


def opens_thought(prompt: str) -> bool:
    """Whether the template has already opened the thought, so that the model only closes it."""
    return prompt.rstrip().endswith(OPEN)


def continued(prompt: str, so_far: ReplySoFar, thinks: bool) -> str:
    """`prompt` plus `so_far`, as the model itself would have written it, open where it stands.

    The template's newlines around the tags are put in here, once. A model that does not think gets no empty thought.
    """
    if not so_far.closed and not so_far.reasoning:
        return prompt + so_far.answer  # no tag so far: as it was written
    if not (thinks or so_far.reasoning or opens_thought(prompt)):
        return prompt + so_far.answer
    text = prompt if opens_thought(prompt) else f"{prompt}{OPEN}\n"
    if not so_far.closed:
        return text + so_far.reasoning
    return f"{text}{so_far.reasoning.rstrip()}\n{CLOSE}\n\n{so_far.answer}"


def with_next_user_message(messages: Sequence[Message]) -> tuple[Message, ...]:
    """`messages` and one more from the user that is not written yet: render them, then `up_to_next_user_message`."""
    return (*messages, Message("user", _NEXT_USER_MESSAGE))


def up_to_next_user_message(prompt: str) -> str:
    """The part of a rendered prompt that is known before the user writes; "" where the template hides the place."""
    return prompt[: max(0, prompt.rfind(_NEXT_USER_MESSAGE))]

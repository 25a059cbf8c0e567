"""The rule rewards in the form in which TRL's GRPOTrainer calls a reward function. TRL itself is not imported.

R1's chat template ends the prompt with `<think>`, so a completion begins inside the thought and holds only `</think>`;
a rule that looks for both tags in the completion gives every reply nothing. Here a completion is split as a reply is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

from r1chat.errors import CheckError
from r1chat.judgements import Check
from r1chat.messages import BackendEvent, Finish, Raw, Reasoning, Reply
from r1chat.rewards.accuracy import Reference, accuracy
from r1chat.rewards.form import format_reward
from r1chat.rewards.language import language_consistency
from r1chat.think import OPEN, SPECIAL_TOKENS, collect

Name = Literal["accuracy", "format", "language"]
Text = str | Sequence[dict[str, Any]]  # plain text, or messages of `role` and `content`

_ROLE = re.compile(r"<\|im_start\|>(?:system|user|assistant)\b|" + "|".join(map(re.escape, (*SPECIAL_TOKENS, OPEN))))
_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")


def trl_reward(name: Name, *, column: str = "solution", opened: bool = True) -> Callable[..., list[float | None]]:
    """A reward function for `GRPOTrainer(reward_funcs=[…])`; its `__name__` is `{name}_reward`.

    It is called with `prompts` and `completions`, both plain text or both messages, and the dataset's columns by name,
    and gives one number for each completion, None where the rule has nothing to judge. "accuracy" reads the references
    from `column`, and their kinds from `{column}_kind` where there is such a column; without `column` it raises
    CheckError.

    `opened` says whether the chat template ends the prompt with `<think>`, as those of R1's distills do. It counts for
    prompts given as messages, which do not show it; a prompt given as text is looked at. A thought that is never closed
    has no answer. That a completion was cut within its answer is not seen, since the trainer does not say so.
    """

    def reward(prompts: Sequence[Text], completions: Sequence[Text], **columns: Any) -> list[float | None]:
        replies = [_reply(*pair, opened=opened) for pair in zip(prompts, completions, strict=True)]
        if name == "format":
            return [format_reward(reply).value for reply in replies]
        if name == "language":
            chains = zip(prompts, replies, strict=True)
            return [language_consistency(reply.reasoning, _question(prompt)).value for prompt, reply in chains]
        if column not in columns:
            raise CheckError(f"The data set has no column “{column}”: name the one that holds the right answers.")
        kinds = columns.get(f"{column}_kind") or [None] * len(replies)
        cases = zip(replies, columns[column], kinds, strict=True)
        return [accuracy(reply.answer, _reference(text, kind)).value for reply, text, kind in cases]

    if name not in ("accuracy", "format", "language"):
        raise CheckError(f"There is no reward “{name}”: take accuracy, format or language.")
    reward.__name__ = reward.__qualname__ = f"{name}_reward"
    return reward


def _reference(text: object, kind: Check | None) -> Reference:
    text = "" if text is None else str(text)
    return Reference(text, kind) if kind else Reference.read(text)


def _reply(prompt: Text, completion: Text, opened: bool) -> Reply:
    """A completion as a reply: thought and answer told apart."""
    events: list[BackendEvent] = []
    if isinstance(prompt, str):
        opened = prompt.rstrip().endswith(OPEN)
    elif prompt and prompt[-1].get("role") == "assistant":  # the beginning of the reply was given
        opened = False
        events.append(Raw(_content(prompt[-1])))
    if opened:
        events.append(Raw(OPEN))
    if isinstance(completion, str):
        events.append(Raw(completion))
    else:
        for message in completion:
            events += _said(message)
    if any(isinstance(event, Reasoning) for event in events):
        events = [event for event in events if event != Raw(OPEN)]
    return collect([*events, Finish("stop")])


def _said(message: dict[str, Any]) -> list[BackendEvent]:
    """One message of a completion; some templates keep the thought in a field of its own."""
    thought = next((message[field] for field in _REASONING_FIELDS if message.get(field)), "")
    content = _content(message)
    return [Reasoning(str(thought)), Raw(content)] if thought else [Raw(content)]


def _content(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or "") for part in content)


def _question(prompt: Text) -> str:
    """What the person asked, without the template's tokens."""
    if isinstance(prompt, str):
        return _ROLE.sub(" ", prompt)
    return next((_content(message) for message in reversed(prompt) if message.get("role") == "user"), "")

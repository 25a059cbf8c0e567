"""The rule rewards as reward functions for TRL's GRPOTrainer. TRL itself is not imported.

R1's chat template ends the prompt with `<think>`, so a completion begins inside the thought and contains only
`</think>`. A rule that looks for both tags in the completion would give 0 to every reply; here a completion is split
into thought and answer in the same way as a reply on the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from r1chat.errors import CheckError, RightAnswerError
from r1chat.judgements import Check
from r1chat.messages import BackendEvent, Finish, Raw, Reasoning, Reply
from r1chat.rewards.accuracy import RightAnswer, accuracy
from r1chat.rewards.form import format_reward
from r1chat.rewards.language import language_consistency
from r1chat.rewards.programs import passes, read_requirements
from r1chat.think import OPEN, SPECIAL_TOKENS, collect

RewardName = Literal["accuracy", "format", "language"]
_Text = str | Sequence[dict[str, Any]]  # plain text, or messages of `role` and `content`

_ROLE = re.compile(r"<\|im_start\|>(?:system|user|assistant)\b|" + "|".join(map(re.escape, (*SPECIAL_TOKENS, OPEN))))
_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")


def trl_reward(
    name: RewardName, *, column: str = "solution", opened: bool = True, run_code: bool = False
) -> Callable[..., list[float | None]]:
    """A reward function for `GRPOTrainer(reward_funcs=[…])`; its `__name__` is `{name}_reward`.

    The function takes `prompts` and `completions`, all of them plain text or all of them lists of messages, and the
    dataset's columns as keyword arguments. It returns one value from 0 to 1 for each completion, None where the verdict
    is undecided or there is nothing to judge. "accuracy" reads the references from `column`, and their kinds from the
    column `{column}_kind` if there is one; it raises CheckError if `column` is missing. "language" reads the person's
    messages from the column `question`, and without one from the prompts.

    `opened`: the chat template ends the prompt with `<think>`, as the templates of R1's distills do. It applies to
    prompts given as messages; a prompt given as text shows whether it does. A thought that is never closed has no
    answer. A completion that was cut off within its answer is judged as it stands: the trainer does not report it.

    `run_code`: references of the kind "tests" are checked by running the program of each completion on this computer,
    confined as `r1chat.rewards.programs` says; without it their value is None.
    """

    def reward(prompts: Sequence[_Text], completions: Sequence[_Text], **columns: Any) -> list[float | None]:
        replies = [_reply(*pair, opened=opened) for pair in zip(prompts, completions, strict=True)]
        if name == "format":
            return [format_reward(reply).value for reply in replies]
        if name == "language":
            questions = columns.get("question") or map(_question, prompts)
            chains = zip(questions, replies, strict=True)
            return [language_consistency(reply.reasoning, question).value for question, reply in chains]
        if column not in columns:
            raise CheckError(f"The data set has no column “{column}”: name the one that holds the right answers.")
        kinds = columns.get(f"{column}_kind") or [None] * len(replies)
        cases = zip(replies, columns[column], kinds, strict=True)
        return [_best(reply.answer, _references(value, kind), run_code) for reply, value, kind in cases]

    if name not in ("accuracy", "format", "language"):
        raise CheckError(f"There is no reward “{name}”: take accuracy, format or language.")
    reward.__name__ = reward.__qualname__ = f"{name}_reward"
    return reward


def _accuracy(answer: str, reference: RightAnswer, run_code: bool) -> float | None:
    if reference.kind == "tests" and run_code:
        try:
            return passes(answer, read_requirements(reference.text)).value
        except RightAnswerError:
            return None
    return accuracy(answer, reference).value


def _references(value: object, kind: Check | None) -> list[RightAnswer]:
    """A right answer, as it may have been spelled.

    Where all of a column are dates or moments, `datasets` makes values of Python of what JSON Lines hold as text.
    """
    texts = ["" if value is None else str(value)]
    if isinstance(value, datetime):
        spellings = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]
        is_date = (value.hour, value.minute, value.second) == (0, 0, 0)
        texts = [value.strftime(form) for form in (["%Y-%m-%d", *spellings] if is_date else spellings)]
    return [RightAnswer(text, kind) if kind else RightAnswer.read(text) for text in texts]


def _best(answer: str, references: Sequence[RightAnswer], run_code: bool) -> float | None:
    values = [_accuracy(answer, reference, run_code) for reference in references]
    return max((value for value in values if value is not None), default=None)


def _reply(prompt: _Text, completion: _Text, opened: bool) -> Reply:
    """The completion, split into thought and answer."""
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
            events += _events(message)
    if any(isinstance(event, Reasoning) for event in events):
        events = [event for event in events if event != Raw(OPEN)]
    return collect([*events, Finish("stop")])


def _events(message: dict[str, Any]) -> list[BackendEvent]:
    """The events of one message of a completion. Some templates keep the thought in a field of its own."""
    thought = next((message[field] for field in _REASONING_FIELDS if message.get(field)), "")
    content = _content(message)
    return [Reasoning(str(thought)), Raw(content)] if thought else [Raw(content)]


def _content(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or "") for part in content)


def _question(prompt: _Text) -> str:
    """The user's last message; of a rendered prompt its text without special tokens."""
    if isinstance(prompt, str):
        return _ROLE.sub(" ", prompt)
    return next((_content(message) for message in reversed(prompt) if message.get("role") == "user"), "")

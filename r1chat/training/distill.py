"""Distillation: a larger model's right chains train a smaller one (DeepSeek-R1, arXiv 2501.12948v1, section 2.4).

The teacher is any model that r1chat can ask. Its samples are filtered by the same rules as rejection sampling's.
"""

from __future__ import annotations

from r1chat.backends import Backend
from r1chat.messages import Message, ModelInfo, Params, Request
from r1chat.think import collect
from r1chat.training.data import TrainingText
from r1chat.training.reject import CompletionWriter, Rejection
from r1chat.training.sampling import Completion
from r1chat.training.vocabulary import ASSISTANT, CLOSE, EOS, USER

LIMIT = 400  # tokens of a teacher's reply; a longer one is cut off, and not kept


def teacher(backend: Backend, info: ModelInfo, plan: Rejection) -> CompletionWriter:
    """A writer that asks the teacher. Raises BackendError where it cannot be asked."""

    def write(problems: list[TrainingText], number: int) -> list[Completion]:
        return [
            _ask(backend, info, text, plan, plan.seed * 1_000_003 + number * len(problems) + row)
            for row, text in enumerate(problems)
        ]

    return write


def _ask(backend: Backend, info: ModelInfo, text: TrainingText, plan: Rejection, seed: int) -> Completion:
    params = Params(temperature=plan.temperature, seed=seed % 2**31, max_tokens=LIMIT)
    reply = collect(backend.stream(Request(info.name, messages(text), params=params)))
    completion = f"{reply.reasoning.strip()}\n{CLOSE}\n\n{reply.answer.strip()}"
    return Completion(completion, [], [], [], reply.finish == "stop" and bool(reply.reasoning.strip()))


def messages(text: TrainingText) -> tuple[Message, ...]:
    """The conversation that a prompt holds."""
    turns = []
    for part in text.prompt.split(USER)[1:]:
        question, _, answer = part.partition(ASSISTANT)
        turns.append(Message("user", question))
        if EOS in answer:
            turns.append(Message("assistant", answer.partition(EOS)[0]))
    return tuple(turns)

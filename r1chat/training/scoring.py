"""R1's rule rewards for completions in training: is it right, is the form kept, is the thought in the language?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from r1chat.messages import Began, Finish, Raw
from r1chat.reasoning_format import R1_FORMAT, ReasoningFormat
from r1chat.rewards import RightAnswer, accuracy, format_reward, language_consistency
from r1chat.think import collect
from r1chat.training.data import TrainingText
from r1chat.training.sampling import Completion


@dataclass(frozen=True, slots=True)
class Score:
    """Each from 0 to 1. A completion that was cut off, or cannot be judged, is wrong. `thought`: what was scored."""

    accuracy: float
    format: float
    language: float
    thought: str = ""

    @property
    def total(self) -> float:
        """The sum that is trained for; R1 adds them up (arXiv 2501.12948v1, sections 2.2.2 and 2.3.2)."""
        return self.accuracy + 0.2 * self.format + 0.2 * self.language

    @property
    def perfect(self) -> bool:
        """Right, in form, and in one language."""
        return min(self.accuracy, self.format, self.language) == 1.0


def score(texts: Sequence[TrainingText], completions: Sequence[Completion]) -> list[Score]:
    """The scores of completions in R1's form, one of each text."""
    return [
        score_one(completion, text.prompt, text.question, RightAnswer(text.reference, text.kind), R1_FORMAT)
        for text, completion in zip(texts, completions, strict=True)
    ]


def score_one(
    completion: Completion, prompt: str, question: str, reference: RightAnswer, form: ReasoningFormat | None
) -> Score:
    """The score of a completion behind a prompt, as text, that puts a question.

    `form`: how the model marks its thought. One that has none (None) keeps the form with an answer that comes to its
    end, and it is the answer whose language counts. A tag too many halves the format reward, even where the reader of
    the chat passes over it: what is rewarded is written again.
    """
    opened = form is not None and prompt.rstrip().endswith(form.open_text.strip())
    finish = Finish("stop" if completion.ended else "length")
    reply = collect([Began(form, opened), Raw(completion.text), finish])
    in_form = format_reward(reply).value if form else float(bool(reply.answer.strip()))
    if form and in_form == 1.0 and _tags_too_many(form, completion.text, opened):
        in_form = 0.5
    chain = reply.reasoning if form else reply.answer
    right = accuracy(reply.answer, reference).value
    language = language_consistency(chain, question).value
    return Score((right or 0.0) * completion.ended, (in_form or 0.0) * completion.ended, language or 0.0, chain)


def _tags_too_many(form: ReasoningFormat, text: str, opened: bool) -> bool:
    """The text opens a thought again, or closes one twice. `opened`: the prompt has opened the thought."""
    closes = 2 if form.close_ends_turn else 1
    return text.count(form.open) > (not opened) or text.count(form.close) > closes

"""R1's rule rewards for completions in training: is it right, is the form kept, is the thought in the language?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from r1chat.rewards import trl_reward
from r1chat.training.data import Text
from r1chat.training.sampling import Completion

_ACCURACY, _FORMAT, _LANGUAGE = (trl_reward(name) for name in ("accuracy", "format", "language"))


@dataclass(frozen=True, slots=True)
class Score:
    """Each from 0 to 1. A completion that was cut off, or cannot be judged, is wrong."""

    accuracy: float
    format: float
    language: float

    @property
    def total(self) -> float:
        """The sum that is trained for; R1 adds them up (arXiv 2501.12948v1, sections 2.2.2 and 2.3.2)."""
        return self.accuracy + 0.2 * self.format + 0.2 * self.language

    @property
    def perfect(self) -> bool:
        """Right, in form, and in one language."""
        return min(self.accuracy, self.format, self.language) == 1.0


def score(texts: Sequence[Text], completions: Sequence[Completion]) -> list[Score]:
    """The scores of completions, one of each text."""
    prompts, replies = [text.prompt for text in texts], [completion.text for completion in completions]
    right = _ACCURACY(
        prompts, replies, solution=[text.reference for text in texts], solution_kind=[text.kind for text in texts]
    )
    rows = zip(completions, right, _FORMAT(prompts, replies), _LANGUAGE(prompts, replies), strict=True)
    return [
        Score((accuracy or 0.0) * row.ended, (form or 0.0) * row.ended, 0.0 if language is None else language)
        for row, accuracy, form, language in rows
    ]

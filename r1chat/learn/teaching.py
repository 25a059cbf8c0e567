"""What a run trains: its rows as token ids, and the trainer of its kind. With PyTorch, so never in the page's process.

With several trials the rows are in three parts: those that are trained on, those that choose the best trial, and those
that are set apart, which have chosen nothing and prove. With one trial the second part is the third one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from r1chat.backends.llama.child.reading import LoadedModel
from r1chat.learn.defaults import LIMIT, epochs_for, part_for, rates_of, rows_for
from r1chat.learn.gather import TextRow, TrainingData
from r1chat.learn.proof import PLAIN
from r1chat.learn.runs import RunWish
from r1chat.learn.trials import Tried
from r1chat.reasoning_format import ReasoningFormat
from r1chat.training.adapter_grpo import AdapterGrpo, GrpoProblem, Speech
from r1chat.training.adapter_run import AdapterPlan
from r1chat.training.adapting import Adapting, TokenRow, TrainingGuard
from r1chat.training.base import Base
from r1chat.training.sampling import Vocabulary
from r1chat.training.trials import Trial, Trials, choose

COMPARED = 6  # rows whose logits are compared with llama.cpp's

Encoded = Sequence[tuple[TextRow, TokenRow]]
Trainer = Adapting | AdapterGrpo | Trials


@dataclass(frozen=True, slots=True)
class Lesson:
    """The rows of a run with their token ids, in their parts."""

    trained: Encoded
    choosing: Encoded
    apart: Encoded

    @property
    def rows(self) -> list[TokenRow]:
        """Those that are trained on."""
        return [row for _, row in self.trained]

    @property
    def longest(self) -> int:
        """Tokens of the longest row, which are computed together however many they are."""
        return max(row.tokens for row in self.rows)

    @property
    def longest_prompt(self) -> int:
        return max(len(row.prompt) for row in self.rows)


def encode(reading: LoadedModel, gathered: TrainingData, choosing: Sequence[TextRow]) -> Lesson:
    """Token ids of rows, of which none is too long, see `gather.fitting`."""

    def encoded(texts: Sequence[TextRow]) -> Encoded:
        rows = []
        for text in texts:
            chosen = () if text.reference else tuple(reading.completion(text.chosen))
            rejected = tuple(reading.completion(text.rejected)) if text.rejected else ()
            rows.append((text, TokenRow(tuple(reading.prompt(text.prompt)), chosen, rejected, text.good)))
        return rows

    trained, apart = encoded(gathered.rows), encoded(gathered.held)
    return Lesson(trained, encoded(choosing) if choosing else apart, apart)


def trainer_of(
    folder: Path,
    wish: RunWish,
    rate: float,
    base: Base,
    lesson: Lesson,
    reading: LoadedModel,
    form: ReasoningFormat | None,
) -> Trainer:
    """The trainer of a run, begun or gone on with. `form`: how the model marks its thought."""
    parameters = base.header.parameters
    plan = AdapterPlan(
        wish.kind,
        rate,
        epochs=wish.epochs or epochs_for(wish.kind),
        tokens=part_for(parameters),
        seed=wish.seed,
        threads=wish.threads,
    )
    if wish.kind == "grpo":
        words = Vocabulary(frozenset(reading.ends()), reading.text)
        ordinary = [reading.prompt(text) for text in PLAIN]
        speech = Speech(words, form, ordinary, wish.limit or LIMIT, rows_for(parameters))
        return AdapterGrpo(folder, base, _problems(lesson.trained), _problems(lesson.apart), plan, speech)
    choosing = [row for _, row in lesson.choosing]
    if wish.trials > 1:
        return Trials(folder, base, lesson.rows, choosing, plan, TrainingGuard(), rates_of(rate, wish.trials))
    return Adapting(folder, base, lesson.rows, choosing, plan, TrainingGuard())


def agreed(trainer: Trainer, apart: Encoded) -> list[bool]:
    """Of each judgement set apart, whether the likelihoods moved to its side; right answers are no judgements."""
    if isinstance(trainer, AdapterGrpo):
        return []
    return (trainer.current if isinstance(trainer, Trials) else trainer).agreed([row for _, row in apart])


def tried(trainer: Trainer) -> list[Tried]:
    """The trials that have ended."""
    if not isinstance(trainer, Trials):
        return []
    best = choose(trainer.ended) if trainer.ended else None
    return [_tried(trial, trial is best) for trial in trainer.ended]


def rate_of(trainer: Trainer) -> float:
    """The rate of what a trainer has come to."""
    return trainer.best.rate if isinstance(trainer, Trials) else trainer.plan.rate


def _tried(trial: Trial, best: bool) -> Tried:
    result, why = trial.result, trial.result.why
    loss, accuracy = (result.best.loss, result.best.accuracy) if result.best else (None, None)
    sides = (why.en, why.zh) if why else ("", "")
    return Tried(trial.rate, trial.step, loss, accuracy, sides, best and loss is not None)


def samples_of(rows: Encoded) -> list[list[int]]:
    """Some texts of rows, cut at different places; never behind the end of a reply, which no model was trained on."""
    samples = []
    for number, (_, row) in enumerate(rows[:COMPARED]):
        text = [*row.prompt, *row.chosen[:-1]]
        samples.append(text[: max(2, len(text) - number * len(row.chosen) // COMPARED)][:512])
    return samples


def _problems(encoded: Encoded) -> list[GrpoProblem]:
    """Questions with right answers, for GRPO."""
    return [
        GrpoProblem(row.prompt, text.prompt, text.question or text.prompt, text.reference)
        for text, row in encoded
        if text.reference
    ]

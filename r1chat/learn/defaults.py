"""What suits a model's size where a person says nothing. Without PyTorch."""

from __future__ import annotations

from r1chat.learn.forecast import SMALL
from r1chat.learn.runs import TrainingKind

EPOCHS = 3.0  # at most, through the judgements
EPOCHS_GRPO = 6.0  # through the questions with right answers
LIMIT = 512  # tokens of a sample that GRPO takes
FACTORS = (1.0, 1 / 3, 3.0, 1 / 9, 9.0)  # of the sensible rate: the trials in their order
MOST_TRIALS = len(FACTORS)


def rate_for(parameters: int) -> float:
    """The learning rate that suits a model's size, for LoRA: smaller models bear higher ones."""
    return 3e-4 if parameters < SMALL else 1e-4 if parameters < 1e9 else 5e-5


def rates_of(rate: float, trials: int) -> tuple[float, ...]:
    """The rates of so many trials: the sensible one, then ever farther from it."""
    return tuple(float(f"{rate * factor:.3g}") for factor in FACTORS[:trials])


def epochs_for(kind: TrainingKind) -> float:
    """How often to go through the data, at most."""
    return EPOCHS_GRPO if kind == "grpo" else EPOCHS


def part_for(parameters: int) -> int:
    """Tokens that are computed together: as many as keep memory small beside the weights."""
    return 4096 if parameters < SMALL else 512


def rows_for(parameters: int) -> int:
    """Samples that GRPO writes at once, for the same reason."""
    return 64 if parameters < SMALL else 32

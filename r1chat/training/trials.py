"""Several trials in one run: from the same start at different rates, of which the best is kept.

All are measured alike: on the rows that choose, in the best state that the guard has passed. Where trials have learnt
these judgements, the one at the lowest rate is kept: a lower loss then only means that the rejected replies were pushed
down farther. Measured on the nano, the lowest loss chose a rate that lost 5 points of right answers before one that had
learnt as much and lost none. Else the loss decides, and of trials that it does not tell apart the lowest rate, which
has moved the model least: the rule of one standard error (Breiman et al., Classification and Regression Trees, 1984,
section 3.4.3).

Choosing among several makes the measure look better than it is, so these rows prove nothing; others, that chose
nothing, must.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from r1chat.training.adapter_run import AdapterPlan
from r1chat.training.adapting import Adapting, TokenRow, TrainingGuard, TrainingResult
from r1chat.training.base import Base
from r1chat.training.lora import Adapter
from r1chat.training.outcome import Tell


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial that has ended, at a step."""

    rate: float
    step: int
    result: TrainingResult

    @property
    def loss(self) -> float:
        """The loss by which trials are compared; infinite where no state passed the guard."""
        return self.result.best.loss if self.result.best else float("inf")


def choose(trials: Sequence[Trial]) -> Trial:
    """The trial at the lowest rate of those that have learnt the judgements.

    Where none has, of those whose loss is within one standard error of the lowest one, row by row.
    """
    if learnt := [trial for trial in trials if trial.result.learnt]:
        return min(learnt, key=lambda trial: trial.rate)
    lowest = min(trials, key=lambda trial: trial.loss)

    def is_as_good(trial: Trial) -> bool:
        differences = [a - b for a, b in zip(trial.result.losses, lowest.result.losses, strict=True)]
        mean, count = sum(differences) / len(differences), len(differences)
        error = math.sqrt(sum((difference - mean) ** 2 for difference in differences) / max(1, count - 1) / count)
        return mean <= error

    passed = [trial for trial in trials if trial.result.best and lowest.result.best and is_as_good(trial)]
    return min(passed, key=lambda trial: trial.rate, default=lowest)


class Trials:
    """A trial at each of some rates. Each has a checkpoint of its own, so what has ended is not trained again."""

    def __init__(
        self,
        folder: Path,
        base: Base,
        rows: Sequence[TokenRow],
        choosing: Sequence[TokenRow],
        plan: AdapterPlan,
        guard: TrainingGuard,
        rates: Sequence[float],
    ) -> None:
        self.base, self.plan, self.rates = base, plan, rates
        self.ended: list[Trial] = []

        def begin(rate: float) -> Adapting:
            place = folder / f"trial-{1 + rates.index(rate)}"
            place.mkdir(exist_ok=True)
            return Adapting(place, base, rows, choosing, replace(plan, rate=rate), guard)

        self._begin = begin
        self._current = begin(rates[0])

    def run(self, tell: Tell, cancelled: Callable[[], bool]) -> TrainingResult:
        """Make the trials that have not ended; what the best of them came to. `tell` gets their lines, with a number.

        Raises Stopped, and ExportError where a checkpoint cannot be written.
        """
        for number, rate in enumerate(self.rates, 1):
            if number > 1:
                self._current = self._begin(rate)
            result = self._current.run(lambda line, number=number: tell({**line, "trial": number}), cancelled)  # type: ignore[misc]
            self.ended.append(Trial(rate, self._current.step, result))
        return self.result()

    @property
    def best(self) -> Trial:
        """The best trial so far, the one that goes on included."""
        trials = list(self.ended)
        if len(trials) < len(self.rates):
            trials.append(Trial(self.rates[len(trials)], self._current.step, self._current.result()))
        return choose(trials)

    # -- what a run of one trial has, too -----------------------------------------------------------------------------

    def result(self) -> TrainingResult:
        """What the best trial so far came to."""
        return self.best.result

    @property
    def adapter(self) -> Adapter:
        """The additions to the model."""
        return self._current.adapter

    @property
    def begun(self) -> bool:
        """Whether the trial that goes on has done something."""
        return self._current.begun

    @property
    def current(self) -> Adapting:
        """The trial that goes on, or the last one."""
        return self._current

    @property
    def steps(self) -> int:
        """The most steps that all trials make together."""
        return len(self.rates) * self._current.steps

    @property
    def step(self) -> int:
        """How far they are; steps that a trial left out by ending early count as made."""
        before = min(len(self.ended), len(self.rates) - 1) * self._current.steps
        return self.steps if len(self.ended) == len(self.rates) else before + self._current.step

    @property
    def left(self) -> float:
        """Seconds to the end at the pace of the current trial, about."""
        waiting = len(self.rates) - 1 - len(self.ended)
        return self._current.left + max(0, waiting) * self._current.pace * self._current.steps

"""What the trials of a run came to, as its record has them. Without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from r1chat.both import Both


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial that has ended at a step. `loss` and `accuracy`: of its best state, on the rows that choose; None: none.

    `why`: why it ended, (en, zh). `kept`: it is the best one so far.
    """

    rate: float
    step: int
    loss: float | None
    accuracy: float | None
    why: tuple[str, str]
    kept: bool

    @property
    def sentence(self) -> Both:
        """The trial with its figures, in a sentence."""
        if self.loss is None or self.accuracy is None:
            return _NOTHING.format(rate=self.rate, step=self.step, why=Both(*self.why))
        text = _KEPT if self.kept else _OTHER
        why = Both(*self.why) if self.why[0] else _TO_THE_END
        return text.format(rate=self.rate, step=self.step, loss=self.loss, accuracy=self.accuracy, why=why)


def read_trials(values: object) -> list[Tried]:
    """The trials of a record; none where they make no sense."""
    try:
        return TypeAdapter(list[Tried]).validate_python(values)
    except ValidationError:
        return []


def chosen(trials: Sequence[Any]) -> Both:
    """Which of several trials is kept, and that its figures are not the proof."""
    return _CHOSEN.format(
        n=len(trials), rate=next((trial.rate for trial in read_trials(list(trials)) if trial.kept), 0)
    )


_KEPT = Both(
    "Kept: rate {rate:g}, step {step}. Loss {loss:.3f}, {accuracy:.0%} on your side. {why}",
    "保留：学习率 {rate:g}，第 {step} 步。损失 {loss:.3f}，与你一致 {accuracy:.0%}。{why}",
)
_OTHER = Both(
    "Rate {rate:g}, step {step}: loss {loss:.3f}, {accuracy:.0%} on your side. {why}",
    "学习率 {rate:g}，第 {step} 步：损失 {loss:.3f}，与你一致 {accuracy:.0%}。{why}",
)
_NOTHING = Both(
    "Rate {rate:g}, step {step}: nothing that could be kept. {why}",
    "学习率 {rate:g}，第 {step} 步：没有可保留的状态。{why}",
)
_TO_THE_END = Both("It came to its last step.", "已训练到最后一步。")
_CHOSEN = Both(
    "Of {n} trials, the one at the rate {rate:g} is kept. The judgements that chose it prove nothing; the figures "
    "are of others.",
    "在 {n} 次试验中，保留了学习率为 {rate:g} 的一次。用来选择的评价不作检验；数据来自其他评价。",
)

"""GRPO on a person's own questions with known answers, as an adapter of a model that r1chat's decoder computes.

The same objective and rule rewards as `training.grpo`; here the weights of a LoRA adapter are trained, on given
problems, and a share of the problems is held out. Their greedy pass@1 is measured several times: a run whose pass@1
falls is stopped, and what is kept is the state with the highest one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.rewards import Reference
from r1chat.training.adapter_run import AdapterRun, Plan, Tell
from r1chat.training.base import Base
from r1chat.training.data import Text
from r1chat.training.grpo import Reinforcement, add_gradient, group_advantages, means
from r1chat.training.lora import Weights
from r1chat.training.model import Decoder
from r1chat.training.outcome import TOO_SHORT, Outcome, average, outcome
from r1chat.training.sampling import complete_tokens
from r1chat.training.scoring import score

FALL = 0.05  # of pass@1 on held-out problems: ends the run
LEAST = 8  # held-out problems without which a fall decides nothing


@dataclass(frozen=True, slots=True)
class Problem:
    """A question as the model reads it, as token ids and as text, and its right answer."""

    tokens: tuple[int, ...]
    prompt: str
    reference: Reference

    @property
    def text(self) -> Text:
        return Text("", "en", self.prompt, "", "", self.reference.text, self.reference.kind)


@dataclass(frozen=True, slots=True)
class Exam:
    """Greedy answers to the held-out problems at a step: the share that is right, and the mean length in tokens."""

    step: int
    passed: float
    length: float


@dataclass
class GrpoResult:
    """How a run ended; `best` is None where no state was as good as the model before."""

    best: Exam | None
    why: Both
    harmed: bool
    weights: Weights = field(default_factory=dict)


class AdapterGrpo(AdapterRun[GrpoResult]):
    """A run that learns from right answers."""

    def __init__(
        self, folder: Path, base: Base, problems: Sequence[Problem], held: Sequence[Problem], plan: Plan
    ) -> None:
        """Raises TrainingError for a model that r1chat's decoder cannot compute, and for a damaged checkpoint."""
        if not isinstance(base.network, Decoder) or base.tokenizer is None:
            raise TrainingError(_OTHER_DECODER.format(name=base.header.path.name))
        super().__init__(folder, base, plan, (0.9, 0.95))
        self.problems, self.held = problems, held
        self.model, self.tokenizer = base.network, base.tokenizer
        self.rules = Reinforcement(problems=min(plan.batch, len(problems)))
        self.steps = max(1, round(plan.epochs * len(problems) / self.rules.problems))
        self.every = max(1, round(self.steps / 6))
        self.exams: list[Exam] = []
        self.lines: list[dict[str, Any]] = []  # figures of each step and exam, for the words at the end
        self.best: tuple[Exam, Weights] | None = None
        self.restore()

    @property
    def _texts(self) -> list[Text]:
        return [problem.text for problem in self.held]

    def _update(self) -> dict[str, Any]:
        """One step: samples of some problems, rewards, advantages, updates."""
        rules, seed = self.rules, self.plan.seed * 1_000_003 + self.step
        rng = random.Random(f"grpo {self.plan.seed} {self.step}")
        order = list(range(len(self.problems)))
        first = self.step * rules.problems
        epoch, place = divmod(first, len(order))
        random.Random(f"{self.plan.seed} {epoch}").shuffle(order)
        drawn = [order[(place + number) % len(order)] for number in range(rules.problems)]
        asked = [self.problems[number] for number in drawn for _ in range(rules.k)]
        written = complete_tokens(
            self.model, self.tokenizer, [one.tokens for one in asked], rules.temperature, rules.limit, seed
        )
        marks = score([one.text for one in asked], written)
        advantage = group_advantages([mark.total for mark in marks], rules.k)
        taught = [row for row in range(len(asked)) if advantage[row] != 0]
        rng.shuffle(taught)
        size = -(-len(taught) // rules.updates) if taught else 1
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate * min(1.0, (self.step + 1) / max(1, self.steps // 10))
        for part in (taught[at : at + size] for at in range(0, len(taught), size)):
            add_gradient(self.model, [written[row] for row in part], [advantage[row] for row in part], rules)
            torch.nn.utils.clip_grad_norm_(self.adapter.parameters(), 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad()
        figures = {**means(written, marks), "groups": len(taught) / len(asked)}
        self.lines.append(figures)
        return figures

    def _look(self, tell: Tell) -> bool:
        """Greedy answers to the held-out problems; a fall of pass@1 ends the run."""
        tokens = [problem.tokens for problem in self.held]
        written = complete_tokens(self.model, self.tokenizer, tokens, limit=self.rules.limit)
        passed = average([mark.accuracy for mark in score(self._texts, written)])
        exam = Exam(self.step, passed, average([len(row.tokens) for row in written]))
        self.exams.append(exam)
        self.lines.append({"pass@1": passed})
        tell({"look": {"step": exam.step, "pass@1": exam.passed, "length": exam.length}})
        highest = self.best[0].passed if self.best else self.exams[0].passed - 1e-9
        if self.step and passed > highest:
            self.best = exam, self.adapter.weights()
        return len(self.held) >= LEAST and passed < self.exams[0].passed - FALL

    def _result(self) -> GrpoResult:
        told = outcome(self.lines)
        words = Both.sentences([told[1], _WORDS[told[0]]]) if told else TOO_SHORT
        best, weights = self.best or (None, {})
        return GrpoResult(best, words, bool(told and told[0] == "collapsed"), weights)

    # -- for the proof ------------------------------------------------------------------------------------------------

    def agreed(self) -> list[bool]:
        """Nothing: right answers are no judgements of replies."""
        return []

    # -- checkpoints --------------------------------------------------------------------------------------------------

    @property
    def _identity(self) -> Mapping[str, Any]:
        return {"plan": json.dumps([asdict(self.plan), len(self.problems), len(self.held)], sort_keys=True)}

    def _state(self) -> dict[str, Any]:
        return {
            "exams": [asdict(exam) for exam in self.exams],
            "lines": self.lines,
            "best": (asdict(self.best[0]), self.best[1]) if self.best else None,
        }

    def _take(self, saved: Mapping[str, Any]) -> None:
        self.lines, self.exams = saved["lines"], [Exam(**exam) for exam in saved["exams"]]
        if saved["best"]:
            self.best = Exam(**saved["best"][0]), saved["best"][1]


_WORDS: dict[Outcome, Both] = {
    "rose": Both("It rose.", "有提升。"),
    "flat": Both(
        "It is flat: no clear change. More questions with answers, or more epochs, may show one.",
        "没有变化。更多带答案的问题或更多轮次可能带来变化。",
    ),
    "no_spread": Both(
        "It is flat: nearly all questions were always answered right, or never, so there was nothing to learn. Give "
        "answers to harder questions, or to easier ones.",
        "没有变化：几乎所有问题都总是答对或总是答错，没有可学的信号。请为更难或更容易的问题提供答案。",
    ),
    "collapsed": Both(
        "It collapsed. The usual cause is a learning rate that is too high: try a third of it.",
        "已崩溃。通常是学习率过高：请降到三分之一。",
    ),
}
_OTHER_DECODER = Both(
    "Reinforcement learning from right answers runs here for models that `r1chat train` made; {name} is another kind. "
    "docs/scale.md says how to train it with TRL from the same export.",
    "这里只能对 `r1chat train` 训练的模型做基于参考答案的强化学习；{name} 是其他类型。"
    "docs/scale.md 说明如何用同样的导出数据通过 TRL 训练。",
)

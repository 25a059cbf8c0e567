"""GRPO on a person's own questions with known answers, as an adapter of a model that r1chat's decoder computes.

The same objective and rule rewards as `training.grpo`; here the weights of a LoRA adapter are trained, on given
problems, and a share of the problems is held out. Their greedy pass@1 is measured several times: a run whose pass@1
falls is stopped, and what is kept is the state with the highest one.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.rewards import Reference
from r1chat.training.adapting import Plan, Stopped
from r1chat.training.base import Base
from r1chat.training.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from r1chat.training.data import Text
from r1chat.training.grpo import Reinforcement, group_advantages, means, policy_loss
from r1chat.training.lora import Adapter, Weights
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


class AdapterGrpo:
    """A run in a folder: begun anew, or gone on with where the folder holds its checkpoint."""

    def __init__(
        self, folder: Path, base: Base, problems: Sequence[Problem], held: Sequence[Problem], plan: Plan
    ) -> None:
        """Raises TrainingError for a model that r1chat's decoder cannot compute, and for a damaged checkpoint."""
        if not isinstance(base.network, Decoder) or base.tokenizer is None:
            raise TrainingError(_OTHER_DECODER.format(name=base.header.path.name))
        torch.set_num_threads(plan.threads)
        torch.manual_seed(plan.seed)
        self.folder, self.problems, self.held, self.plan = folder, problems, held, plan
        self.model, self.tokenizer = base.network, base.tokenizer
        self.rules = Reinforcement(problems=min(plan.batch, len(problems)))
        self.adapter = Adapter(base.network, base.layers, plan.rank, plan.alpha)
        self.steps = max(1, round(plan.epochs * len(problems) / self.rules.problems))
        self.every = max(1, round(self.steps / 6))
        self.optimiser = torch.optim.AdamW(self.adapter.parameters(), plan.rate, betas=(0.9, 0.95), weight_decay=0.0)
        self.step, self.seconds = 0, 0.0
        self.exams: list[Exam] = []
        self.lines: list[dict[str, Any]] = []  # figures of each step and exam, for the words at the end
        self.best: tuple[Exam, Weights] | None = None
        if (folder / CHECKPOINT).exists():
            self._load()

    def run(self, tell: Callable[[dict[str, Any]], None], cancelled: Callable[[], bool]) -> GrpoResult:
        """Sample, judge and update to the last step, or until pass@1 falls. `tell` gets a line for every step and exam.

        Raises Stopped, and ExportError where a checkpoint cannot be written; the last one stays.
        """
        saved = time.monotonic()
        if not self.exams:
            self._examine(tell)
            self.save()
        while self.step < self.steps:
            if cancelled():
                self.save()
                raise Stopped
            began = time.monotonic()
            figures = self._update()
            self.seconds += time.monotonic() - began
            self.step += 1
            line = {"step": self.step, "steps": self.steps, "seconds": round(self.seconds, 2), **figures}
            self.lines.append(line)
            tell(line)
            if self.step % self.every == 0 or self.step == self.steps:
                began = time.monotonic()
                exam = self._examine(tell)
                self.seconds += time.monotonic() - began
                if len(self.held) >= LEAST and exam.passed < self.exams[0].passed - FALL:
                    break
            if time.monotonic() - saved > self.plan.save:
                self.save()
                saved = time.monotonic()
        return self._result()

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
            loss, _ = policy_loss(
                self.model, [written[row] for row in part], [advantage[row] for row in part], rules.clip
            )
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.adapter.parameters(), 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad()
        return {**means(written, marks), "groups": len(taught) / len(asked)}

    def _examine(self, tell: Callable[[dict[str, Any]], None]) -> Exam:
        """Greedy answers to the held-out problems; keeps the adapter where none was better."""
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
        return exam

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

    def save(self) -> None:
        """Write the checkpoint; see `save_checkpoint`."""
        save_checkpoint(
            self.folder,
            {
                "plan": self._identity,
                "weights": self.adapter.weights(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "exams": [asdict(exam) for exam in self.exams],
                "lines": self.lines,
                "best": (asdict(self.best[0]), self.best[1]) if self.best else None,
            },
        )

    @property
    def _identity(self) -> str:
        """What a checkpoint must have in common with the run that goes on from it."""
        return json.dumps([asdict(self.plan), len(self.problems), len(self.held)], sort_keys=True)

    def _load(self) -> None:
        saved = load_checkpoint(self.folder)
        if saved["plan"] != self._identity:
            raise TrainingError(_ANOTHER.format(folder=self.folder))
        self.adapter.load(saved["weights"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.seconds, self.lines = saved["step"], saved["seconds"], saved["lines"]
        self.exams = [Exam(**exam) for exam in saved["exams"]]
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
_ANOTHER = Both(
    "The checkpoint in {folder} belongs to other data or settings. Give this run a name of its own with --name.",
    "{folder} 中的检查点属于其他数据或设置。请用 --name 给这次训练另起名字。",
)

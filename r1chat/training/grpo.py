"""GRPO (Shao et al., arXiv 2402.03300; DeepSeek-R1, section 2.2.1) with rule rewards, for the small decoder.

A group is k samples of one problem. A sample's advantage is its reward less the group's mean, over the group's standard
deviation; each of its tokens has it. The objective is PPO's clipped one; groups whose samples all have one reward teach
nothing and are left out. A penalty on the distance from the model that the run began with (an estimate of the KL
divergence, equation 4 of the first paper) keeps arithmetic as it was, and a choice open that one side has won for now.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from r1chat.reflect import find_moments
from r1chat.training.checkpoint import CHECKPOINT, load_checkpoint
from r1chat.training.data import Example, Pool, dev_texts, texts
from r1chat.training.loop import Plan, Training, padded
from r1chat.training.model import Decoder, Shape
from r1chat.training.objectives import in_parts
from r1chat.training.outcome import Tell, average
from r1chat.training.policy import Policy
from r1chat.training.sampling import LIMIT, Completion, complete
from r1chat.training.scoring import Score, score

TOKENS = 4096  # that are computed together


@dataclass(frozen=True, slots=True)
class Reinforcement:
    """`problems` a step, `k` samples of each; tasks and files (all tasks, if neither is named); `clip` as in PPO.

    `updates`: over so many parts of a step's samples the weights are updated in turn. `kl` is the weight of the
    penalty; at 0 there is none. `dev` problems of the dev split are asked every `check` steps, always the same ones.
    """

    problems: int = 16
    k: int = 8
    tasks: tuple[str, ...] = ()
    pools: tuple[Pool, ...] = ()
    temperature: float = 1.0
    clip: float = 0.2
    kl: float = 0.0
    updates: int = 2
    limit: int = LIMIT
    dev: int = 100
    check: int = 20


class Grpo(Training):
    """A run of GRPO in a folder, from given weights; goes on where the folder holds a checkpoint."""

    def __init__(
        self, folder: Path, plan: Plan, rules: Reinforcement, start: tuple[Decoder, Tokenizer] | None = None
    ) -> None:
        super().__init__(folder, plan, start[0].shape if start else Shape(), start)
        self.rules = rules
        self.reference = copy.deepcopy(self.model) if rules.kl else None
        if self.reference and (folder / CHECKPOINT).exists():
            self.reference.load_state_dict(load_checkpoint(folder)["reference"])

    @property
    def state(self) -> dict[str, Any]:
        return super().state | ({"reference": self.reference.state_dict()} if self.reference else {})

    def make_optimisers(self) -> tuple[torch.optim.Optimizer, ...]:
        """AdamW: Muon's updates are large whatever the gradient, which is noise for the most part here."""
        return (torch.optim.AdamW(self.model.parameters(), self.plan.rate, betas=(0.9, 0.95), weight_decay=0.0),)

    def run(self, tell: Tell = lambda line: None) -> None:
        """Sample, judge and update until the plan's minutes are spent, all runs in this folder together."""
        saved = self.seconds
        if self.step == 0:
            self.note(self._dev(), tell)
        while self.seconds < self.plan.minutes * 60:
            start_time = self.plan.clock()
            values = self._rollout()
            self.seconds += self.plan.clock() - start_time
            if self.step % self.rules.check == 0:
                values |= self._dev()
            self.note(values, tell)
            if self.seconds - saved > self.plan.save:
                saved = self.seconds
                self.save()
        if self.step % self.rules.check:
            self.note(self._dev(), tell)
        self.save()

    def _rollout(self) -> dict[str, Any]:
        """One step: samples, rewards, advantages, updates. Returns the line for the log."""
        rules = self.rules
        rng = random.Random(f"grpo {self.plan.seed} {self.step}")
        problems = texts(rng, "train", rules.tasks, rules.pools)
        rows = [text for text in islice(problems, rules.problems) for _ in range(rules.k)]
        completions = complete(
            self.model,
            self.tokenizer,
            [text.prompt for text in rows],
            rules.temperature,
            rules.limit,
            self.plan.seed * 1_000_003 + self.step,
            torch.bfloat16,
        )
        marks = score(rows, completions)
        advantage = group_advantages([mark.total for mark in marks], rules.k)
        taught = [row for row in range(len(rows)) if advantage[row] != 0]
        rng.shuffle(taught)
        size = -(-len(taught) // rules.updates) if taught else 0
        figures = [
            self._improve([completions[row] for row in part], [advantage[row] for row in part])
            for part in (taught[at : at + size] for at in range(0, len(taught), size or 1))
        ]
        self.step += 1
        self.tokens += sum(len(row.tokens) for row in completions)
        clipped, far = (average(column) for column in zip(*figures, strict=True)) if figures else (0.0, 0.0)
        return {**means(completions, marks), "groups": len(taught) / len(rows), "clipped": clipped, "kl": far}

    def _improve(self, completions: Sequence[Completion], advantage: Sequence[float]) -> tuple[float, float]:
        """One update; the share of tokens whose ratio was clipped, and the penalty's mean."""
        figures = add_gradient(self.model, completions, advantage, self.rules, self.reference)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.plan.rate * self._share()
            optimiser.step()
            optimiser.zero_grad()
        return figures

    def _dev(self) -> dict[str, Any]:
        """pass@1 on the dev split, greedily, and the mean length of a completion in tokens."""
        problems = dev_texts("grpo dev", self.rules.dev, self.rules.tasks, self.rules.pools)
        completions = complete(self.model, self.tokenizer, [text.prompt for text in problems], limit=self.rules.limit)
        marks = score(problems, completions)
        return {"pass@1": round(average([mark.accuracy for mark in marks]), 4), "dev_length": _length(completions)}


def add_gradient(
    model: Policy[Any],
    completions: Sequence[Completion],
    advantage: Sequence[float],
    rules: Reinforcement,
    reference: Policy[Any] | None = None,
    most: int = TOKENS,
) -> tuple[float, float]:
    """Adds the gradient of the objective, the mean over all tokens; `advantage` is that of each completion.

    Completions of about one length are computed together, at most `most` tokens at a time: that is twice as fast
    as all at once. Returns the share of tokens whose ratio was clipped, and the mean penalty, 0 without a `reference`.
    """
    total = sum(len(row.tokens) for row in completions)
    clipped, far = 0.0, 0.0
    for part in in_parts([len(row.prompt) + len(row.tokens) for row in completions], most):
        rows = [completions[row] for row in part]
        tokens, sampled = padded([_example(row) for row in rows], model.device)
        new = _logs(model, tokens, sampled)
        old = torch.tensor([value for row in rows for value in row.logs], device=model.device)
        weight = torch.tensor([advantage[row] for row in part for _ in completions[row].tokens], device=model.device)
        loss, share = clipped_loss(new, old, weight, rules.clip)
        if reference:
            with torch.no_grad():
                fixed = _logs(reference, tokens, sampled)
            penalty = divergence(new, fixed).mean()
            far += penalty.item() * len(new) / total
            loss = loss + rules.kl * penalty
        (loss * (len(new) / total)).backward()  # type: ignore[no-untyped-call]
        clipped += share * len(new) / total
    return clipped, far


def _example(row: Completion) -> Example:
    return Example(row.prompt + row.tokens, [False] * len(row.prompt) + [True] * len(row.tokens))


def _logs(model: Policy[Any], tokens: Tensor, sampled: Tensor) -> Tensor:
    """The logarithms of the probabilities of those `tokens` (batch, length) that were `sampled`, one after another."""
    learn = sampled[:, 1:]
    logs = model.logits(model(tokens[:, :-1])[learn]).log_softmax(-1)
    return logs.gather(1, tokens[:, 1:][learn][:, None])[:, 0]


def divergence(new: Tensor, fixed: Tensor) -> Tensor:
    """An estimate, never negative, of the KL divergence from a fixed model at each sampled token (all (tokens,))."""
    return (fixed - new).exp() - (fixed - new) - 1


def group_advantages(rewards: Sequence[float], k: int) -> list[float]:
    """(r - mean) / standard deviation within each group of k rewards; 0 where a group has no spread."""
    advantages: list[float] = []
    for at in range(0, len(rewards), k):
        group = rewards[at : at + k]
        mean = average(group)
        spread = average([(reward - mean) ** 2 for reward in group]) ** 0.5
        advantages += [(reward - mean) / spread if spread > 1e-6 else 0.0 for reward in group]
    return advantages


def clipped_loss(new: Tensor, old: Tensor, advantage: Tensor, clip: float) -> tuple[Tensor, float]:
    """PPO's clipped objective as a loss, the mean over tokens, and the share of tokens that were clipped.

    All tensors (tokens,): the logarithms of the probabilities now and when sampled, and the advantages.
    """
    ratio = (new - old).exp()
    bounded = ratio.clamp(1 - clip, 1 + clip)
    gain = torch.minimum(ratio * advantage, bounded * advantage)
    return -gain.mean(), float((gain.detach() < (ratio * advantage).detach()).float().mean())


def means(completions: Sequence[Completion], marks: Sequence[Score]) -> dict[str, Any]:
    """Means of a step's samples, for the log."""
    return {
        "reward": round(average([mark.total for mark in marks]), 4),
        "accuracy": round(average([mark.accuracy for mark in marks]), 4),
        "format": round(average([mark.format for mark in marks]), 4),
        "language": round(average([mark.language for mark in marks]), 4),
        "length": _length(completions),
        "moments": round(average([len(list(find_moments(mark.thought))) for mark in marks]), 3),
        "entropy": round(-average([value for row in completions for value in row.logs]), 4),  # a sample of it
    }


def _length(completions: Sequence[Completion]) -> float:
    return round(average([len(row.tokens) for row in completions]), 1)

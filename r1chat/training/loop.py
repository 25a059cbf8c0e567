"""Supervised training from scratch or from weights: batches, optimiser, schedule, checkpoints.

Matrices are updated by Muon (Jordan et al. 2024; scaled as in Liu et al., arXiv 2502.16982), the rest by AdamW. The
rate is warmed up, constant, and brought to zero in the last part of the time (WSD, Hu et al., arXiv 2404.06395).
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from r1chat.training.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from r1chat.training.data import Example, Pool, TrainingText, batches, dev_texts, encode, texts
from r1chat.training.model import Decoder, Shape
from r1chat.training.outcome import Tell, average
from r1chat.training.sampling import complete
from r1chat.training.scoring import score
from r1chat.training.vocabulary import CLOSE, EOS, load_vocabulary, train_vocabulary

VOCABULARY, LOG = "tokenizer.json", "log.jsonl"
POOL = 2048  # examples that are sorted by length together
TextSource = Callable[[random.Random], Iterable[TrainingText]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how to train.

    `tokens` in a batch, whose examples are `alike` in length, or drawn from all; `anneal` is the last share of the
    time. A checkpoint is written every `save` seconds of training, and `problems` of the dev split are asked every
    `check` seconds (none: 0). `clock` tells the seconds: with `time.process_time` a run takes the same processor time
    however busy the machine is. `device` is PyTorch's name of one.
    """

    minutes: float = 60.0
    tokens: int = 3072
    alike: bool = True
    rate: float = 3e-3
    warm: int = 100
    anneal: float = 0.15
    seed: int = 0
    save: float = 120.0
    check: float = 900.0
    problems: int = 300
    threads: int = 1
    device: str = "cpu"
    clock: Callable[[], float] = time.monotonic


class Muon(torch.optim.Optimizer):
    """Momentum whose update of a matrix is made orthogonal by five Newton-Schulz iterations."""

    def __init__(self, weights: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, decay: float = 0.05) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weights in group["params"]:
                state = self.state[weights]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weights)
                momentum = state["momentum"].lerp_(weights.grad, 1 - group["momentum"])
                update = _orthogonal(weights.grad.lerp(momentum, group["momentum"]))
                weights.mul_(1 - group["lr"] * group["decay"])
                weights.add_(update, alpha=-group["lr"] * 0.2 * max(weights.shape) ** 0.5)


def _orthogonal(matrix: Tensor) -> Tensor:
    x: Tensor = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


class Training:
    """A run in a folder: begun anew, from given weights, or gone on with where the folder holds a checkpoint."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        shape: Shape,
        start: tuple[Decoder, Tokenizer] | None = None,
        source: TextSource = texts,
        pools: Sequence[Pool] = (),
    ) -> None:
        """`pools`: files whose held-out problems are asked besides the dev split."""
        self.folder, self.plan, self.source, self.pools = folder, plan, source, pools
        torch.set_num_threads(plan.threads)
        folder.mkdir(parents=True, exist_ok=True)
        saved: dict[str, Any] | None = None
        if (folder / CHECKPOINT).exists():
            saved = load_checkpoint(folder)
            self.model, self.tokenizer = _model(saved), load_vocabulary(folder / VOCABULARY)
        elif start:
            self.model, self.tokenizer = start
        else:
            sample = islice(texts(random.Random(plan.seed)), 12_000)
            plain = (f"{text.question}\n{text.completion.partition(CLOSE)[0]}\n{text.answer}" for text in sample)
            self.tokenizer = train_vocabulary(plain, shape.vocabulary)
            torch.manual_seed(plan.seed)
            self.model = Decoder(shape)
        self.model.to(plan.device)
        if not (folder / VOCABULARY).exists():
            self.tokenizer.save(str(folder / VOCABULARY))
        self.optimisers = self.make_optimisers()
        self.step, self.seconds, self.tokens, self.pool = 0, 0.0, 0, 0
        if saved:
            for optimiser, state in zip(self.optimisers, saved["optimisers"], strict=True):
                optimiser.load_state_dict(state)
            self.step, self.seconds, self.tokens, self.pool = saved["counts"]

    def make_optimisers(self) -> tuple[torch.optim.Optimizer, ...]:
        """Muon for matrices but the embedding, AdamW for the rest."""
        parameters = list(self.model.named_parameters())
        matrices = [weights for name, weights in parameters if weights.dim() == 2 and "embd" not in name]
        others = [weights for name, weights in parameters if weights.dim() != 2 or "embd" in name]
        return (
            Muon(matrices, self.plan.rate),
            torch.optim.AdamW(others, self.plan.rate, betas=(0.9, 0.95), weight_decay=0.0),
        )

    def run(self, tell: Tell = lambda line: None) -> None:
        """Train until the plan's minutes are spent, all runs in this folder together."""
        saved = checked = self.seconds
        losses: list[float] = []
        while self.seconds < self.plan.minutes * 60:
            rng = random.Random(f"{self.plan.seed} {self.pool}")
            examples = encode(self.tokenizer, list(islice(self.source(rng), POOL)))
            for batch in batches(examples, self.plan.tokens, rng, self.plan.alike):
                start_time = self.plan.clock()
                losses.append(self._update(batch))
                self.seconds += self.plan.clock() - start_time
                if self.seconds - saved > self.plan.save:
                    saved = self.seconds
                    self.note({"loss": sum(losses) / len(losses)}, tell)
                    losses = []
                    self.save()
                if self.plan.problems and self.seconds - checked > self.plan.check:
                    checked = self.seconds
                    self.note({"dev": self._dev_shares()}, tell)
                if self.seconds >= self.plan.minutes * 60:
                    break
            self.pool += 1
        values: dict[str, Any] = {"loss": sum(losses) / len(losses)} if losses else {}
        if self.plan.problems:
            values["dev"] = self._dev_shares()
        self.note(values, tell)
        self.save()

    def save(self) -> None:
        """Write the checkpoint; see `save_checkpoint`."""
        save_checkpoint(self.folder, self.state)

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {
            "shape": asdict(self.model.shape),
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "counts": (self.step, self.seconds, self.tokens, self.pool + 1),
        }

    def _update(self, batch: list[Example]) -> float:
        tokens, learn = padded(batch, self.model.device)
        rate = self.plan.rate * self._share()
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
        targets = learn[:, 1:]
        hidden = self.model(tokens[:, :-1])[targets]
        loss = functional.cross_entropy(self.model.logits(hidden), tokens[:, 1:][targets])
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad()
        self.step += 1
        self.tokens += sum(len(example.tokens) for example in batch)
        return loss.item()

    def _dev_shares(self) -> dict[str, float]:
        """The share of right greedy answers, by task and by file."""
        shares = accuracy(self.model, self.tokenizer, self.plan.problems)
        for pool in self.pools:
            problems = dev_texts("dev", 100, pools=[pool])
            completions = complete(self.model, self.tokenizer, [text.prompt for text in problems])
            shares[pool.name] = round(average([mark.accuracy for mark in score(problems, completions)]), 3)
        return shares

    def _share(self) -> float:
        """Of the rate: warmed up, whole, or on its way to zero."""
        left = 1 - self.seconds / (self.plan.minutes * 60)
        return min(1.0, (self.step + 1) / self.plan.warm, max(0.02, left / self.plan.anneal))

    def note(self, values: dict[str, Any], tell: Tell) -> None:
        """Append a line to the log, and tell it."""
        line = {"step": self.step, "seconds": round(self.seconds), "tokens": self.tokens, **values}
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        tell(line)


def load(folder: Path) -> tuple[Decoder, Tokenizer]:
    """What a run in a folder has trained so far. Raises TrainingError for a checkpoint that is damaged."""
    return _model(load_checkpoint(folder)), load_vocabulary(folder / VOCABULARY)


def _model(saved: dict[str, Any]) -> Decoder:
    """The model of a checkpoint."""
    model = Decoder(Shape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    return model


def accuracy(model: Decoder, tokenizer: Tokenizer, count: int = 300, seed: int = 1) -> dict[str, float]:
    """The share of right greedy answers on the dev split, by task."""
    problems = list(islice(texts(random.Random(f"dev {seed}"), "dev"), count))
    right: dict[str, list[bool]] = {}
    for at in range(0, count, 100):
        some = problems[at : at + 100]
        completions = complete(model, tokenizer, [text.prompt for text in some])
        for text, reply, mark in zip(some, completions, score(some, completions), strict=True):
            expected = text.completion.partition(CLOSE)[2].removesuffix(EOS).strip()
            exact = reply.text.partition(CLOSE)[2].strip() == expected
            right.setdefault(text.task, []).append(mark.accuracy == 1 if text.kind == "pattern" else exact)
    return {task: round(sum(values) / len(values), 3) for task, values in sorted(right.items())}


def padded(batch: Sequence[Example], device: torch.device) -> tuple[Tensor, Tensor]:
    """Tokens (batch, length) with zeros on the right, and which of them are to be learnt, on a device."""
    longest = max(len(example.tokens) for example in batch)
    gaps = [longest - len(example.tokens) for example in batch]
    tokens = [[*example.tokens, *[0] * gap] for example, gap in zip(batch, gaps, strict=True)]
    learn = [[*example.learn, *[False] * gap] for example, gap in zip(batch, gaps, strict=True)]
    return torch.tensor(tokens, device=device), torch.tensor(learn, device=device)

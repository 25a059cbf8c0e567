"""What runs that train an adapter share: the loop over steps and looks, and checkpoints from which they go on."""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import torch

from r1chat.errors import TrainingError
from r1chat.training.base import Base
from r1chat.training.checkpoint import load_checkpoint, save_checkpoint
from r1chat.training.lora import Adapter
from r1chat.training.outcome import Tell

_Kind = Literal["prefer", "sft", "kto", "grpo"]
_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True, slots=True)
class AdapterPlan:
    """How to train. `rate` is the highest learning rate, `supervised` the weight of the supervised term.

    `batch` rows make a step, computed in parts of at most `tokens` tokens. The held-out rows are looked at `checks`
    times an epoch.
    """

    kind: _Kind
    rate: float
    epochs: float = 2.0
    batch: int = 8
    rank: int = 16
    beta: float = 0.1
    supervised: float = 50.0
    tokens: int = 2048
    checks: int = 3
    seed: int = 0
    threads: int = 1
    save: float = 20.0  # seconds between two checkpoints

    @property
    def alpha(self) -> float:
        return 2.0 * self.rank


class RunCancelledError(Exception):
    """A person cancelled the run; the checkpoint is kept."""


class AdapterRun(ABC, Generic[_Outcome]):
    """A run in a folder: begun anew, or gone on with where the folder holds its checkpoint: `begun` tells.

    `steps` are made in all, and what is set apart is looked at before the first, after each `every` of them, and in the
    end. A subclass says what a step and a look are, and calls `restore` when it is ready for a checkpoint.
    """

    steps: int
    every: int

    def __init__(self, folder: Path, base: Base, plan: AdapterPlan, betas: tuple[float, float]) -> None:
        torch.set_num_threads(plan.threads)
        torch.manual_seed(plan.seed)
        self.folder, self.base, self.plan = folder, base, plan
        self.adapter = Adapter(base.network, base.layers, plan.rank, plan.alpha)
        self.optimiser = torch.optim.AdamW(self.adapter.parameters(), plan.rate, betas=betas, weight_decay=0.0)
        self.step, self.seconds = 0, 0.0
        self.begun = False  # what is set apart was looked at once
        self.ended = False  # the last step was made, or a look ended the run

    @property
    def pace(self) -> float:
        """Seconds that a step takes, about, looks included."""
        return self.seconds / max(1, self.step)

    @property
    def left(self) -> float:
        """Seconds to the last step, about."""
        return self.pace * (self.steps - self.step)

    def run(self, tell: Tell, cancelled: Callable[[], bool]) -> _Outcome:
        """Train to the last step, or until a look ends the run. `tell` gets a line for every step and every look.

        Raises RunCancelledError, and ExportError where a checkpoint cannot be written; the last one stays.
        """
        saved = time.monotonic()
        if not self.begun:
            self._look(tell)
            self.begun = True
            self.save()
        while not self.ended:
            if cancelled():
                self.save()
                raise RunCancelledError
            began = time.monotonic()
            figures = self._update()
            self.seconds += time.monotonic() - began
            self.step += 1
            tell({"step": self.step, "steps": self.steps, "seconds": round(self.seconds, 2), **figures})
            looked = self.step % self.every == 0 or self.step == self.steps
            if looked:
                began = time.monotonic()
                self.ended = self._look(tell) or self.step == self.steps
                self.seconds += time.monotonic() - began
            if looked or time.monotonic() - saved > self.plan.save:
                self.save()
                saved = time.monotonic()
        return self.result()

    @abstractmethod
    def _update(self) -> dict[str, Any]:
        """One step of the optimiser; its figures."""

    @abstractmethod
    def _look(self, tell: Tell) -> bool:
        """Look at what is set apart, tell it, and keep the best state; True where the run ends here."""

    @abstractmethod
    def result(self) -> _Outcome:
        """What has come of the run so far."""

    # -- checkpoints --------------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def _identity(self) -> Mapping[str, Any]:
        """What a checkpoint must have in common with the run that goes on from it."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """What else a checkpoint holds, as plain values and tensors."""

    @abstractmethod
    def _take(self, saved: Mapping[str, Any]) -> None:
        """Take over what `_state` gave."""

    def save(self) -> None:
        """Write the checkpoint; a kill at any time leaves the old one or the new one. Raises ExportError."""
        save_checkpoint(
            self.folder,
            {
                **self._identity,
                "weights": self.adapter.weights(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "ended": self.ended,
                **self._state(),
            },
        )

    def restore(self) -> None:
        """Go on from the folder's checkpoint, if it holds one that is whole, of the same data and settings."""
        try:
            saved = load_checkpoint(self.folder)
        except TrainingError:
            return
        if any(saved.get(name) != value for name, value in self._identity.items()):
            return
        self.adapter.load(saved["weights"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.seconds, self.begun = saved["step"], saved["seconds"], True
        self.ended = saved.get("ended", self.step >= self.steps)  # an older version did not note it
        self._take(saved)


def digest_of(*parts: Iterable[object]) -> str:
    """SHA-256 of rows, in their order, by which a checkpoint knows its data."""
    digest = hashlib.sha256()
    for part in parts:
        for row in part:
            digest.update(f"{row!r}\n".encode("utf-8", "replace"))
        digest.update(b"\n")
    return digest.hexdigest()

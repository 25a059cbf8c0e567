"""Training an adapter from judgements: a step, and the guard that stops it before the model gets worse.

A loss that falls and a reward accuracy near one are what a broken model shows, too: DPO is satisfied with a chosen
reply that gets unlikely as long as the rejected one gets so faster. So the guard looks, on judgements that are set
apart, at what a broken model cannot show: the likelihood of the chosen replies, the share of their tokens that the
model predicts first, and, where the two replies of a pair part, the probability of going neither way. For what training
takes from the rejected continuation need not all go to the chosen one, and likelihoods of whole replies hide that. A
run ends early when the held-out judgements are learnt, when they get worse, or when the guard finds harm; what is kept
is the best state that the guard has passed.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from r1chat.both import Both
from r1chat.training.adapter_run import AdapterPlan, AdapterRun, digest_of
from r1chat.training.base import Base
from r1chat.training.lora import Weights
from r1chat.training.objectives import Scores, Sequences, in_parts, label_loss, mass, preference_loss, score
from r1chat.training.outcome import Tell

FORK = 0.9  # of the base's probability is on the next tokens of chosen and rejected reply: a pair that parts there


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A judgement as token ids. `rejected` is empty unless two replies were compared; `good` is the label of one."""

    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...] = ()
    good: bool = True

    @property
    def parting(self) -> int:
        """The number of tokens that both sides begin with."""
        sides = zip(self.chosen, self.rejected, strict=False)
        return next((n for n, (ours, theirs) in enumerate(sides) if ours != theirs), len(self.rejected))

    @property
    def tokens(self) -> int:
        """All tokens that are computed for it."""
        sides = len(self.chosen) + len(self.rejected)
        return sides + len(self.prompt) * (2 if self.rejected else 1)


@dataclass(frozen=True, slots=True)
class TrainingGuard:
    """When a run ends. Falls are against the model before training, on the held-out rows.

    `fall`: nats for each token of the chosen replies, which the supervised term makes likelier in a healthy run.
    `first`: share of their tokens that the model predicts first; measured on the nano, runs that damaged its arithmetic
    lost 0.001 to 0.002, and healthy ones nothing. Ordinary text has tokens of about equal chance, which change places
    either way: a fall counts from twice its standard error over the rows.
    `strays`: the probability of going neither way where pairs part. Measured on the nano, 0.002 cost no right answer,
    0.02 to 0.06 cost 1 to 5 points.
    `learnt` and `margin`: reward accuracy and mean reward, both of which mean that the judgements are learnt; going on
    would only push the rejected replies down. `patience`: looks in a row without a lower loss. `least`: rows without
    which the accuracy decides nothing.
    """

    fall: float = 0.002
    first: float = 0.0015
    strays: float = 0.005
    learnt: float = 0.95
    margin: float = 0.5
    patience: int = 4
    least: int = 8


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the held-out rows: figures of the model as it is at `step`.

    `loss` as trained; `accuracy`: the share of rows whose reward is on the judged side (0.5 before training);
    `margin`: the mean reward; `chosen`: nats for each token by which good replies got likelier; `first`: by how much
    the share of tokens that are predicted first rose, `error`: the standard error of that; `strays`: by how much the
    probability of going neither way rose where pairs part, 0 where fewer than `TrainingGuard.least` pairs part clearly.
    """

    step: int
    loss: float
    accuracy: float
    margin: float
    chosen: float
    first: float
    error: float = 0.0
    strays: float = 0.0


@dataclass
class TrainingResult:
    """How a run ended. `why` is None where it came to its end. `best` is None where nothing may be kept."""

    best: Look | None
    looks: list[Look]
    why: Both | None
    harmed: bool  # the guard ended it
    weights: Weights = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)  # of the best state, by held-out row
    learnt: bool = False  # the best state has learnt the held-out judgements


class Adapting(AdapterRun[TrainingResult]):
    """A run that learns from judgements."""

    def __init__(
        self,
        folder: Path,
        base: Base,
        rows: Sequence[TokenRow],
        held_out: Sequence[TokenRow],
        plan: AdapterPlan,
        guard: TrainingGuard,
    ) -> None:
        """`held` are the rows that are set apart."""
        super().__init__(folder, base, plan, (0.9, 0.99))
        self.rows, self.held, self.guard = rows, held_out, guard
        self.steps = max(1, round(plan.epochs * len(rows) / plan.batch))
        self.every = max(1, round(len(rows) / plan.batch / plan.checks))
        self.looks: list[Look] = []
        self.best: tuple[Look, Weights] | None = None
        self._losses: list[float] = []  # of the state that was looked at last, by held-out row
        self._best_losses: list[float] = []
        self._ending: tuple[Both | None, bool] = None, False  # why the run ended early, and whether the guard did it
        self._reference: dict[int, tuple[float, float]] = {}  # log probabilities of row sides by the base
        self._before: list[tuple[float, float, float, float]] = []  # of held-out rows, by the base
        self._data = digest_of(rows, held_out)
        self._ways: list[float] = []  # the probability of both ways where held-out pairs part, by the base
        self.restore()

    # -- a step -------------------------------------------------------------------------------------------------------

    def _update(self) -> dict[str, float]:
        """One step of the optimiser."""
        plan = self.plan
        for group in self.optimiser.param_groups:  # warmed up over a tenth, then falling to a tenth
            warm, done = max(1, self.steps // 10), self.step / self.steps
            group["lr"] = plan.rate * min((self.step + 1) / warm, 1 - 0.9 * done)
        numbers = self._drawn(self.step)
        losses: list[float] = []
        rewards: list[float] = []
        chosen: list[float] = []
        for part in _parts([self.rows[number] for number in numbers], numbers, plan.tokens):
            for number in part:
                if number not in self._reference:
                    self._remember(part)
                    break
            loss, reward, likelihood = self._loss(
                [self.rows[number] for number in part], [self._reference[n] for n in part]
            )
            (loss.sum() / len(numbers)).backward()  # type: ignore[no-untyped-call]
            losses += loss.tolist()
            rewards += reward.tolist()
            chosen += likelihood.tolist()
        torch.nn.utils.clip_grad_norm_(self.adapter.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        return {
            "loss": _mean(losses),
            "margin": _mean(rewards),
            "accuracy": _mean([float(reward > 0) for reward in rewards]),
            "chosen": _mean(chosen),
        }

    def _drawn(self, step: int) -> list[int]:
        """The rows of a step: every row once in each epoch, in an order that the seed decides."""
        places: list[int] = []
        at = step * self.plan.batch
        while len(places) < min(self.plan.batch, len(self.rows)):
            epoch, place = divmod(at, len(self.rows))
            order = list(range(len(self.rows)))
            random.Random(f"{self.plan.seed} {epoch}").shuffle(order)
            places.append(order[place])
            at += 1
        return places

    def _loss(
        self, rows: Sequence[TokenRow], reference: Sequence[tuple[float, float]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Loss and reward of each row, and the log probability of its good side's tokens (all (rows,))."""
        plan = self.plan
        known = torch.tensor(reference, device=self.base.device)
        if plan.kind == "prefer":
            both = score(self.base, _sides(rows))
            chosen, rejected = _halves(both, len(rows))
            loss, margin = preference_loss(chosen, rejected, known[:, 0], known[:, 1], plan.beta, plan.supervised)
            return loss, margin.detach(), chosen.mean.detach()
        scores = score(self.base, Sequences([row.prompt for row in rows], [row.chosen for row in rows]))
        if plan.kind == "sft":
            return -scores.mean, (scores.log_probability - known[:, 0]).detach(), scores.mean.detach()
        good = torch.tensor([row.good for row in rows], device=self.base.device)
        share = sum(row.good for row in self.rows) / len(self.rows)
        weights = (min(4.0, 0.5 / max(share, 1e-6)), min(4.0, 0.5 / max(1 - share, 1e-6)))
        # KTO's baseline is an estimate of the divergence from the reference, by replies to other prompts; here the
        # batch's own mean stands in, which needs no further pass.
        baseline = max(0.0, float((scores.log_probability - known[:, 0]).detach().mean()))
        loss, reward = label_loss(scores, known[:, 0], good, baseline, weights, plan.beta, plan.supervised)
        return loss, reward.detach(), scores.mean.detach()

    @torch.no_grad()
    def _remember(self, numbers: Sequence[int]) -> None:
        """Note what the base itself thinks of rows; it never changes, so once is enough."""
        with self.adapter.disabled():
            for number, (chosen, rejected, *_) in zip(
                numbers, self._scores([self.rows[number] for number in numbers]), strict=True
            ):
                self._reference[number] = chosen, rejected

    def _scores(self, rows: Sequence[TokenRow]) -> list[tuple[float, float, float, float]]:
        """Of each row: log probability of the chosen and the rejected side, tokens of the first, those predicted."""
        if self.plan.kind == "prefer":
            chosen, rejected = _halves(score(self.base, _sides(rows)), len(rows))
            others = rejected.log_probability.tolist()
        else:
            chosen = score(self.base, Sequences([row.prompt for row in rows], [row.chosen for row in rows]))
            others = [0.0] * len(rows)
        return list(
            zip(chosen.log_probability.tolist(), others, chosen.tokens.tolist(), chosen.first.tolist(), strict=True)
        )

    # -- the guard ----------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def _look(self, tell: Tell) -> bool:
        look = self._looked()
        self.looks.append(look)
        tell({"look": asdict(look)})
        if math.isfinite(look.loss) and not self._harm(look) and (self.best is None or look.loss < self.best[0].loss):
            self.best = look, self.adapter.weights()
            self._best_losses = self._losses
        ending = self._end(look) if self.step else None
        if ending:
            self._ending = ending
        return ending is not None

    def _looked(self) -> Look:
        """The figures of the model as it is."""
        if not self._before:
            with self.adapter.disabled():
                self._before = self._all_scores(self.held)
                self._ways = self._both_ways()
        scores = self._all_scores(self.held) if self.step else self._before
        losses, rewards, rises = [], [], []
        for row, now, before in zip(self.held, scores, self._before, strict=True):
            known = before[0], before[1]
            losses.append(self._held_loss(row, now, known))
            gain = now[0] - before[0]
            rewards.append((gain - (now[1] - before[1])) if self.plan.kind == "prefer" else gain if row.good else -gain)
            if row.good:
                rises.append((gain / now[2], now[3] - before[3], now[2]))
        self._losses = losses
        tokens = sum(count for *_, count in rises) or 1.0
        even = 0.5 if not self.step else 0.0
        return Look(
            self.step,
            _mean(losses),
            _mean([even or float(reward > 0) for reward in rewards]),
            self.plan.beta * _mean(rewards),
            _mean([rise for rise, *_ in rises]),
            sum(rise for _, rise, _ in rises) / tokens,
            math.sqrt(sum(rise**2 for _, rise, _ in rises)) / tokens,
            self._strays() if self.step else 0.0,
        )

    def _all_scores(self, rows: Sequence[TokenRow]) -> list[tuple[float, float, float, float]]:
        """The scores of rows, computed in parts."""
        numbers = list(range(len(rows)))
        scores: dict[int, tuple[float, float, float, float]] = {}
        for part in _parts(rows, numbers, self.plan.tokens):
            scores.update(zip(part, self._scores([rows[number] for number in part]), strict=True))
        return [scores[number] for number in numbers]

    def _both_ways(self) -> list[float]:
        """Of each held-out pair, the probability of its two next tokens where its replies part; 0 where they do not."""
        pairs = [row for row in self.held if row.rejected and row.parting < min(len(row.chosen), len(row.rejected))]
        known: dict[TokenRow, float] = {}
        for part in _parts(pairs, list(range(len(pairs))), self.plan.tokens):
            rows = [pairs[number] for number in part]
            shared = Sequences([row.prompt for row in rows], [row.chosen[: row.parting] for row in rows])
            ways = [(row.chosen[row.parting], row.rejected[row.parting]) for row in rows]
            known.update(zip(rows, mass(self.base, shared, ways), strict=True))
        return [known.get(row, 0.0) for row in self.held]

    def _strays(self) -> float:
        """By how much the probability of going neither way rose, over the pairs that part clearly."""
        falls = [before - now for before, now in zip(self._ways, self._both_ways(), strict=True) if before >= FORK]
        return _mean(falls) if len(falls) >= self.guard.least else 0.0

    def _held_loss(self, row: TokenRow, now: tuple[float, float, float, float], known: tuple[float, float]) -> float:
        if self.plan.kind == "sft":
            return -now[0] / now[2]
        if self.plan.kind == "prefer":
            margin = self.plan.beta * ((now[0] - known[0]) - (now[1] - known[1]))
            return _softplus(-margin) - self.plan.supervised * now[0] / now[2]
        reward = self.plan.beta * (now[0] - known[0]) * (1 if row.good else -1)
        return (
            1 - 1 / (1 + math.exp(-max(-50.0, min(50.0, reward)))) - self.plan.supervised * row.good * now[0] / now[2]
        )

    def _harm(self, look: Look) -> Both | None:
        """What the guard objects to; None where nothing."""
        if not math.isfinite(look.loss):
            return _NOT_FINITE
        if look.chosen < -self.guard.fall:
            return _FELL.format(fall=-look.chosen, most=self.guard.fall)
        if look.first < -max(self.guard.first, 2 * look.error):
            return _CONFUSED.format(fall=-look.first, most=self.guard.first)
        if look.strays > self.guard.strays:
            return _STRAYED.format(share=look.strays, most=self.guard.strays)
        return None

    def _is_learnt(self, look: Look) -> bool:
        decides = self.plan.kind == "prefer" and len(self.held) >= self.guard.least
        return decides and look.accuracy >= self.guard.learnt and look.margin >= self.guard.margin

    def _end(self, look: Look) -> tuple[Both | None, bool] | None:
        """Why the run ends here, and whether the guard objects; None where it goes on."""
        if harm := self._harm(look):
            return harm, True
        if self._is_learnt(look):
            return _LEARNT.format(accuracy=look.accuracy), False
        assert self.best is not None
        if sum(other.step > self.best[0].step for other in self.looks) >= self.guard.patience:
            return _NO_BETTER.format(looks=self.guard.patience), False
        return None

    def result(self) -> TrainingResult:
        best = self.best if self.best and self.best[0].step else None  # the base itself is no result
        if best is None:
            return TrainingResult(None, self.looks, *self._ending)
        look, weights = best
        return TrainingResult(look, self.looks, *self._ending, weights, self._best_losses, self._is_learnt(look))

    # -- for the proof ------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def agreed(self, rows: Sequence[TokenRow]) -> list[bool]:
        """Of each judgement, whether the likelihoods moved to its side."""
        with self.adapter.disabled():
            known = self._all_scores(rows)
        agreements = []
        for row, now, before in zip(rows, self._all_scores(rows), known, strict=True):
            gain = now[0] - before[0]
            if self.plan.kind == "prefer":
                gain -= now[1] - before[1]
            agreements.append(gain > 0 if row.good else gain < 0)
        return agreements

    # -- checkpoints --------------------------------------------------------------------------------------------------

    @property
    def _identity(self) -> Mapping[str, Any]:
        plan = json.dumps(asdict(self.plan), sort_keys=True)
        return {"plan": plan, "data": self._data}

    def _state(self) -> dict[str, Any]:
        why, harmed = self._ending
        return {
            "looks": [asdict(look) for look in self.looks],
            "best": (asdict(self.best[0]), self.best[1]) if self.best else None,
            "losses": self._best_losses,
            "reference": self._reference,
            "before": self._before,
            "ways": self._ways,
            "ending": ((why.en, why.zh) if why else None, harmed),
        }

    def _take(self, saved: Mapping[str, Any]) -> None:
        self.looks = [Look(**look) for look in saved["looks"]]
        if saved["best"]:
            self.best = Look(**saved["best"][0]), saved["best"][1]
        self._best_losses = saved.get("losses", [])
        self._reference, self._before = saved["reference"], saved["before"]
        self._ways = saved.get("ways") or [0.0] * len(self.held)  # of an older version: not looked at
        why, harmed = saved.get("ending", (None, False))
        self._ending = Both(*why) if why else None, harmed


def _sides(rows: Sequence[TokenRow]) -> Sequences:
    """Chosen sides, then rejected ones."""
    prompts = [row.prompt for row in rows]
    return Sequences([*prompts, *prompts], [*(row.chosen for row in rows), *(row.rejected for row in rows)])


def _halves(scores: Scores, rows: int) -> tuple[Scores, Scores]:
    parts = [
        Scores(scores.log_probability[part], scores.tokens[part], scores.first[part])
        for part in (slice(0, rows), slice(rows, None))
    ]
    return parts[0], parts[1]


def _parts(rows: Sequence[TokenRow], numbers: Sequence[int], most: int) -> list[list[int]]:
    """`numbers` of rows in parts of at most `most` tokens."""
    return [[numbers[place] for place in part] for part in in_parts([row.tokens for row in rows], most)]


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


_NOT_FINITE = Both("The loss is no number any more: the rate is too high.", "损失不再是有效数字：学习率太高。")
_FELL = Both(
    "The replies that you prefer got less likely ({fall:.4f} nats for each token; at most {most:g} is allowed): going "
    "on would have damaged the model. Train with a lower rate, or judge more.",
    "你所偏好的回复变得更不可能（每个 token {fall:.4f} nat；最多允许 {most:g}）：继续训练会损坏模型。"
    "请降低学习率，或多评价一些。",
)
_CONFUSED = Both(
    "The model predicts {fall:.2%} fewer tokens of the replies that you prefer (at most {most:.2%} is allowed): going "
    "on would have damaged it. Train with a lower rate, or judge more.",
    "在你所偏好的回复中，模型能预测的 token 减少了 {fall:.2%}（最多允许 {most:.2%}）：继续训练会损坏模型。"
    "请降低学习率，或多评价一些。",
)
_STRAYED = Both(
    "Where the replies that you compared part, the model goes neither way in {share:.1%} more cases than before (at "
    "most {most:.1%} is allowed): going on would have damaged it.",
    "在你所比较的回复分岔之处，模型两边都不走的情况比以前多了 {share:.1%}（最多允许 {most:.1%}）：继续训练会损坏模型。",
)
_LEARNT = Both(
    "Learnt: it puts {accuracy:.0%} of the judgements that were set apart on the side that you chose.",
    "已学会：在留出的评价中，{accuracy:.0%} 与你的选择一致。",
)
_NO_BETTER = Both(
    "The judgements that were set apart got no better for {looks} looks; the best state before is kept.",
    "留出的评价连续 {looks} 次没有变好；保留之前最好的状态。",
)

"""What is minimised: DPO with a supervised term, supervised loss alone, KTO. All on log probabilities of completions.

DPO: Rafailov et al., arXiv 2305.18290; the supervised term on the chosen side, without which the chosen reply gets
unlikely together with the rejected one: RPO, Pang et al., arXiv 2404.19733. KTO: Ethayarajh et al., arXiv 2402.01306.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from r1chat.training.base import Base
from r1chat.training.lora import Adapter

AT_ONCE = 1024  # places whose logits are computed together


@dataclass(frozen=True, slots=True)
class Sequences:
    """Prompts and completions as token ids, one of each for a sequence."""

    prompts: Sequence[Sequence[int]]
    completions: Sequence[Sequence[int]]

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence."""
        return [len(prompt) + len(rest) for prompt, rest in zip(self.prompts, self.completions, strict=True)]


@dataclass(frozen=True, slots=True)
class Scores:
    """Of each sequence (batch,): the log probability of its completion in nats, its tokens, those predicted first."""

    log_probability: Tensor
    tokens: Tensor
    first: Tensor

    @property
    def mean(self) -> Tensor:
        """Log probability for each token."""
        return self.log_probability / self.tokens


def score(base: Base, sequences: Sequences) -> Scores:
    """Run the model over sequences as one batch. Logits are computed where a completion's token is predicted only."""
    rows = [[*prompt, *rest] for prompt, rest in zip(sequences.prompts, sequences.completions, strict=True)]
    longest, device = max(map(len, rows)), base.device
    tokens = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=device)
    positions = torch.arange(1, longest, device=device)
    starts = torch.tensor([len(prompt) for prompt in sequences.prompts], device=device)[:, None]
    ends = torch.tensor([len(row) for row in rows], device=device)[:, None]
    learnt = (positions >= starts) & (positions < ends)
    hidden, targets = base.hidden(tokens[:, :-1])[learnt], tokens[:, 1:][learnt]
    losses, first = _predicted(base, hidden, targets)
    owner = torch.arange(len(rows), device=device)[:, None].expand_as(learnt)[learnt]
    zeros = torch.zeros(len(rows), device=device)
    return Scores(
        zeros.index_add(0, owner, losses),
        zeros.index_add(0, owner, torch.ones_like(first)),
        zeros.index_add(0, owner, first),
    )


def _predicted(base: Base, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Of each place (n,): the log probability of its token, and 1 where that is predicted first.

    The logits of a long reply would take more memory than all the rest: they are computed `AT_ONCE`, and once more for
    the gradient.
    """

    def part(hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        logits = base.logits(hidden)
        losses = -functional.cross_entropy(logits, targets, reduction="none")
        return losses, (logits.detach().argmax(-1) == targets).float()

    if len(targets) <= AT_ONCE:
        return part(hidden, targets)
    parts = [
        checkpoint(part, hidden[at : at + AT_ONCE], targets[at : at + AT_ONCE], use_reentrant=False)
        for at in range(0, len(targets), AT_ONCE)
    ]
    losses, first = (torch.cat(values) for values in zip(*parts, strict=True))
    return losses, first


def in_parts(sizes: Sequence[int], most: int) -> list[list[int]]:
    """The places of rows of so many tokens, in parts of at most `most` tokens with their padding.

    Rows of about one length are together; a part has at least one row.
    """
    parts: list[list[int]] = []
    for place in sorted(range(len(sizes)), key=lambda place: sizes[place]):
        if parts and (len(parts[-1]) + 1) * sizes[place] <= most:
            parts[-1].append(place)
        else:
            parts.append([place])
    return parts


@torch.no_grad()
def mass(base: Base, sequences: Sequences, tokens: Sequence[tuple[int, ...]]) -> list[float]:
    """Of each sequence, the probability that one of some tokens comes next."""
    rows = [[*prompt, *rest] for prompt, rest in zip(sequences.prompts, sequences.completions, strict=True)]
    longest = max(map(len, rows))
    padded = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=base.device)
    last = base.hidden(padded)[list(range(len(rows))), [len(row) - 1 for row in rows]]
    chances = base.logits(last).softmax(-1)
    return [float(chances[number, list(ids)].sum()) for number, ids in enumerate(tokens)]


@torch.no_grad()
def likelihood_change(base: Base, adapter: Adapter, texts: Sequence[Sequence[int]]) -> float:
    """By how many nats for each token the adapter made texts (token ids) likelier."""
    sequences = Sequences([text[:1] for text in texts], [text[1:] for text in texts])

    def mean() -> float:
        scores = score(base, sequences)
        return float(scores.log_probability.sum() / scores.tokens.sum())

    with adapter.disabled():
        before = mean()
    return mean() - before


def preference_loss(
    chosen: Scores,
    rejected: Scores,
    chosen_reference: Tensor,
    rejected_reference: Tensor,
    beta: float,
    supervised: float,
) -> tuple[Tensor, Tensor]:
    """The loss of each pair, and its margin (both (batch,)): how much more the chosen side gained than the rejected."""
    margin = beta * ((chosen.log_probability - chosen_reference) - (rejected.log_probability - rejected_reference))
    return -functional.logsigmoid(margin) - supervised * chosen.mean, margin


def label_loss(
    scores: Scores,
    reference: Tensor,
    good: Tensor,
    baseline: float,
    weights: tuple[float, float],
    beta: float,
    supervised: float,
) -> tuple[Tensor, Tensor]:
    """KTO's loss of each labelled reply, and its reward, signed by its label (both (batch,)).

    `good` (batch,) is True for what was liked; `baseline` is the estimate of the divergence from the reference, in
    nats; `weights` are those of liked and disliked replies. What is liked gets the supervised term, too.
    """
    reward = scores.log_probability - reference
    sign = torch.where(good, 1.0, -1.0)
    value = torch.sigmoid(beta * sign * (reward - baseline))
    weight = torch.where(good, weights[0], weights[1])
    return weight * (1 - value) - supervised * good * scores.mean, beta * sign * reward

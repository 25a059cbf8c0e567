"""Completions from a small model in torch: many rows at once, with keys and values kept between steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from r1chat.training.policy import C, Policy
from r1chat.training.vocabulary import EOS

LIMIT = 512  # tokens of a completion


@dataclass(frozen=True, slots=True)
class Completion:
    """What was written after a prompt: its text without the end of text, its tokens with it, and their probabilities.

    `logs` holds the natural logarithm of each token's probability under the model at temperature 1. `ended` is False
    where the limit of tokens cut it off.
    """

    text: str
    prompt: list[int]
    tokens: list[int]
    logs: list[float]
    ended: bool


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a model's tokens say. `ends`: those that end a text; `text` gives that of the others."""

    ends: frozenset[int]
    text: Callable[[Sequence[int]], str]


def complete(
    model: Policy[C],
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    temperature: float = 0.0,
    limit: int = LIMIT,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> list[Completion]:
    """A completion of each prompt, all in one batch: greedy at temperature 0, else sampled with `seed`.

    `dtype` is the type of the keys and values that are kept; see `Cache`.
    """
    ids = [row.ids for row in tokenizer.encode_batch(list(prompts), add_special_tokens=False)]
    words = Vocabulary(
        frozenset(tokenizer.encode(EOS, add_special_tokens=False).ids),
        lambda tokens: tokenizer.decode(list(tokens), skip_special_tokens=False),
    )
    return complete_tokens(model, words, ids, temperature, limit, seed, dtype)


@torch.no_grad()
def complete_tokens(
    model: Policy[C],
    words: Vocabulary,
    ids: Sequence[Sequence[int]],
    temperature: float = 0.0,
    limit: int = LIMIT,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> list[Completion]:
    """The same for prompts that are token ids already.

    Rows that have ended leave the batch once they are a quarter of it.
    """
    device = model.device
    ends = torch.tensor(sorted(words.ends), device=device)
    generator = torch.Generator(device).manual_seed(seed)
    longest = max(map(len, ids))
    tokens = torch.tensor([[0] * (longest - len(row)) + list(row) for row in ids], device=device)  # padded on the left
    real = torch.tensor([[False] * (longest - len(row)) + [True] * len(row) for row in ids], device=device)
    positions = (real.cumsum(1) - 1).clamp(min=0)
    causal = torch.ones(longest, longest, dtype=torch.bool, device=device).tril()
    mask = (real[:, None, None, :] & causal) | torch.eye(longest, dtype=torch.bool, device=device)
    cache = model.cache(len(ids), longest + limit, dtype)
    hidden = model.step(tokens, positions, cache, mask)
    replies: list[list[int]] = [[] for _ in ids]
    logs: list[list[float]] = [[] for _ in ids]
    rows = torch.arange(len(ids), device=device)  # which prompt a row of the batch belongs to
    running = torch.ones(len(ids), dtype=torch.bool, device=device)
    last = positions[:, -1:]
    for _ in range(limit):
        chosen, chances = _choose(model.logits(hidden[:, -1]), temperature, generator)
        for row, token, chance, runs in zip(
            rows.tolist(), chosen.tolist(), chances.tolist(), running.tolist(), strict=True
        ):
            if runs:
                replies[row].append(token)
                logs[row].append(chance)
        running = running & ~torch.isin(chosen, ends)
        if not running.any():
            break
        last = last + 1
        if int(running.sum()) * 4 <= len(rows) * 3:
            rows, chosen, last, real = rows[running], chosen[running], last[running], real[running]
            cache.keep(running)
            running = running[running]
        real = torch.cat((real, torch.ones(len(rows), 1, dtype=torch.bool, device=device)), 1)
        hidden = model.step(chosen[:, None], last, cache, real[:, None, None, :])
    return [
        Completion(
            words.text([token for token in row if token not in words.ends]),
            list(prompt),
            row,
            chances,
            bool(row) and row[-1] in words.ends,
        )
        for prompt, row, chances in zip(ids, replies, logs, strict=True)
    ]


def _choose(logits: Tensor, temperature: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The next token of each row, and the logarithm of its probability at temperature 1."""
    logs = logits.log_softmax(-1)
    if temperature == 0:
        chosen = logs.argmax(-1)
    else:
        reached = (logits / temperature).softmax(-1).cumsum(-1)  # one random number a row, where multinomial draws many
        level = torch.rand(len(logits), 1, generator=generator, device=logits.device) * reached[:, -1:]
        chosen = torch.searchsorted(reached, level, right=True)[:, 0].clamp(max=logits.shape[-1] - 1)
    return chosen, logs.gather(1, chosen[:, None])[:, 0]

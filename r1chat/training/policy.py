"""What sampling and reinforcement learning ask of a model, whoever computes it: r1chat's own decoder, or transformers.

Rollouts come from the very network that is trained, with its adapter, so that the probabilities that they were sampled
with are those that are trained. llama.cpp would sample from the quantised weights, and was slower: for SmolLM2-135M in
batches of 32 and 64 replies 70 and 80 tokens a processor second (Q4_1), against 136 and 160 here.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, cast

import torch
from torch import Tensor, nn


class _Cache(Protocol):
    """The keys and values of what a batch has read so far."""

    def keep(self, rows: Tensor) -> None:
        """Drop all rows but some; `rows` (batch,) is True for those."""


C = TypeVar("C", bound=_Cache)


class Policy(Protocol[C]):
    """A model. Called with token ids (batch, length), padded on the right, it gives the last hidden states."""

    @property
    def device(self) -> torch.device: ...

    def __call__(self, tokens: Tensor) -> Tensor: ...

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (…, vocabulary) of hidden states (…, width)."""

    def cache(self, rows: int, room: int, dtype: torch.dtype) -> C:
        """An empty cache with room for so many tokens of each row, of that type where it can be chosen."""

    def step(self, tokens: Tensor, positions: Tensor, cache: C, mask: Tensor) -> Tensor:
        """Hidden states of new `tokens` at `positions` (both (batch, length)), which the cache then holds.

        `mask` (batch, 1, length, all so far) is True where attention may look.
        """


class _Growing:
    """A cache of transformers, which grows by itself."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def keep(self, rows: Tensor) -> None:
        self.inner.batch_select_indices(rows)


class FromTransformers:
    """A decoder of transformers: one with `model` and `lm_head`."""

    def __init__(self, network: nn.Module) -> None:
        self._network: Any = network

    @property
    def device(self) -> torch.device:
        return next(self._network.parameters()).device  # type: ignore[no-any-return]

    def __call__(self, tokens: Tensor) -> Tensor:
        return cast(Tensor, self._network.model(input_ids=tokens, use_cache=False).last_hidden_state)

    def logits(self, hidden: Tensor) -> Tensor:
        return cast(Tensor, self._network.lm_head(hidden))

    def cache(self, rows: int, room: int, dtype: torch.dtype) -> _Growing:
        from transformers import DynamicCache

        return _Growing(DynamicCache(config=self._network.config))

    def step(self, tokens: Tensor, positions: Tensor, cache: _Growing, mask: Tensor) -> Tensor:
        output = self._network.model(tokens, mask, positions, cache.inner, use_cache=True)  # its names have changed
        return cast(Tensor, output.last_hidden_state)

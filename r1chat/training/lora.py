"""LoRA (Hu et al., arXiv 2106.09685): low-rank additions to a model's linear layers, trained while the model is frozen.

A layer computes `W x + (alpha / rank) B A x` with A (rank, in) and B (out, rank). B begins at zero, so the model
begins as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

Weights = dict[str, tuple[Tensor, Tensor]]  # A (rank, in) and B (out, rank) of each layer, by its name in a GGUF file


class LoraLinear(nn.Module):
    """A linear layer with an addition that can be switched off."""

    def __init__(self, inner: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.inner = inner
        self.a = nn.Parameter(torch.empty(rank, inner.in_features, device=inner.weight.device))
        self.b = nn.Parameter(torch.zeros(inner.out_features, rank, device=inner.weight.device))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))
        self.scale = alpha / rank
        self.enabled = True

    def forward(self, x: Tensor) -> Tensor:
        y = cast(Tensor, self.inner(x))
        if not self.enabled:
            return y
        return y + functional.linear(functional.linear(x, self.a), self.b) * self.scale


class Adapter:
    """The additions to all `layers` of a model; everything else in the model is frozen.

    `layers` maps a layer's name in a GGUF file ("blk.0.attn_q") to its module path in `network`. A new adapter takes
    the place of one that the model has.
    """

    def __init__(self, network: nn.Module, layers: Mapping[str, str], rank: int, alpha: float) -> None:
        self.rank, self.alpha = rank, alpha
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self._layers: dict[str, LoraLinear] = {}
        for name, path in layers.items():
            parent, _, child = path.rpartition(".")
            holder = network.get_submodule(parent)
            inner = getattr(holder, child)
            inner = inner.inner if isinstance(inner, LoraLinear) else inner
            assert isinstance(inner, nn.Linear), f"{path} is no linear layer"
            layer = LoraLinear(inner, rank, alpha)
            setattr(holder, child, layer)
            self._layers[name] = layer

    def parameters(self) -> list[nn.Parameter]:
        """What is trained."""
        return [parameter for layer in self._layers.values() for parameter in (layer.a, layer.b)]

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """The model as it was before training."""
        self._set_enabled(False)
        try:
            yield
        finally:
            self._set_enabled(True)

    def _set_enabled(self, enabled: bool) -> None:
        for layer in self._layers.values():
            layer.enabled = enabled

    def weights(self) -> Weights:
        """A copy of A and B of every layer, in the computer's memory."""

        def copied(values: Tensor) -> Tensor:
            return values.detach().to("cpu", copy=True)

        return {name: (copied(layer.a), copied(layer.b)) for name, layer in self._layers.items()}

    @torch.no_grad()
    def load(self, weights: Weights) -> None:
        """Take over A and B of every layer."""
        for name, (a, b) in weights.items():
            self._layers[name].a.copy_(a)
            self._layers[name].b.copy_(b)

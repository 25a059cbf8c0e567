"""A decoder of Qwen2's shape in plain torch: small enough to be trained on one CPU core.

RMSNorm, rotary positions (first half of a head's dimensions rotated against the second), grouped-query attention with
biases on q, k and v, SwiGLU, tied embeddings: what llama.cpp runs as architecture `qwen2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-6
LayerCache = tuple[
    Tensor, Tensor, int
]  # of one layer: keys and values (batch, kv_heads, room, head), and how many are there


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model. `hidden` is the width of the feed-forward layer, `context` the longest sequence."""

    vocabulary: int = 1536
    width: int = 128
    hidden: int = 384
    layers: int = 6
    heads: int = 4
    kv_heads: int = 4
    context: int = 4096
    rope_base: float = 10_000.0

    @property
    def head(self) -> int:
        """The width of one head."""
        return self.width // self.heads


class Norm(nn.Module):
    """Root-mean-square norm with a learnt scale."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.weight, EPSILON)


class Layer(nn.Module):
    """Attention and feed-forward, each behind a norm and beside a residual."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        narrow = shape.kv_heads * shape.head
        self.attn_norm, self.ffn_norm = Norm(shape.width), Norm(shape.width)
        self.attn_q = nn.Linear(shape.width, shape.width)
        self.attn_k, self.attn_v = nn.Linear(shape.width, narrow), nn.Linear(shape.width, narrow)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor], past: LayerCache | None, mask: Tensor | None) -> Tensor:
        """`x` (batch, length, width); `mask` (batch, 1, length, past + length), True where attention may look.

        New keys and values are written behind those of `past`.
        """
        batch, length, width = x.shape
        y = self.attn_norm(x)
        q = self.attn_q(y).view(batch, length, self.shape.heads, self.shape.head).transpose(1, 2)
        k = self.attn_k(y).view(batch, length, self.shape.kv_heads, self.shape.head).transpose(1, 2)
        v = self.attn_v(y).view(batch, length, self.shape.kv_heads, self.shape.head).transpose(1, 2)
        q, k = _rotated(q, *rope), _rotated(k, *rope)
        if past is not None:
            keys, values, start = past
            end = start + length
            keys[:, :, start:end], values[:, :, start:end] = k, v
            q, k, v = q.to(keys.dtype), keys[:, :, :end], values[:, :, :end]
        groups = self.shape.heads // self.shape.kv_heads
        if groups > 1:
            k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        mixed = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None).to(x.dtype)
        x = x + self.attn_output(mixed.transpose(1, 2).reshape(batch, length, width))
        y = self.ffn_norm(x)
        return cast(Tensor, x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y)))


class Cache:
    """Keys and values of what a batch has read so far, with room for more: nothing is copied when it grows.

    Reading them is what a step waits for; in bfloat16 attention takes half of the time.
    """

    def __init__(
        self, shape: Shape, batch: int, room: int, device: torch.device, dtype: torch.dtype = torch.float32
    ) -> None:
        size = (2, batch, shape.kv_heads, room, shape.head)
        self.layers = [torch.empty(size, device=device, dtype=dtype) for _ in range(shape.layers)]  # of each layer
        self.length = 0

    def keep(self, rows: Tensor) -> None:
        """Drop all rows but some; `rows` (batch,) is True for those."""
        end = self.length
        for number, old in enumerate(self.layers):
            new = torch.empty(2, int(rows.sum()), *old.shape[2:], device=old.device, dtype=old.dtype)
            new[:, :, :, :end] = old[:, rows, :, :end]
            self.layers[number] = new


class Decoder(nn.Module):
    """The whole model: token ids to logits."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape.width)
        rates = shape.rope_base ** (-torch.arange(0, shape.head, 2) / shape.head)
        angles = torch.outer(torch.arange(shape.context), rates).repeat(1, 2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, weights in self.named_parameters():
            if weights.dim() == 2:
                scale = 0.02 / (2 * shape.layers) ** 0.5 if "output" in name or "down" in name else 0.02
                nn.init.normal_(weights, std=scale)
            elif name.endswith("bias"):
                nn.init.zeros_(weights)

    def forward(self, tokens: Tensor) -> Tensor:
        """The last hidden states (batch, length, width) of `tokens` (batch, length), padded on the right if at all."""
        rope = self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]]
        x = self.token_embd(tokens)
        for layer in self.layers:
            x = layer(x, rope, None, None)
        return cast(Tensor, self.output_norm(x))

    def step(self, tokens: Tensor, positions: Tensor, cache: Cache, mask: Tensor) -> Tensor:
        """Hidden states of new `tokens` at `positions` (both (batch, length)), which the cache then holds."""
        rope = self.cos[positions][:, None], self.sin[positions][:, None]
        x = self.token_embd(tokens)
        for layer, (keys, values) in zip(self.layers, cache.layers, strict=True):
            x = layer(x, rope, (keys, values, cache.length), mask)
        cache.length += tokens.shape[1]
        return cast(Tensor, self.output_norm(x))

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (…, vocabulary) of hidden states (…, width)."""
        return functional.linear(hidden, self.token_embd.weight)

    def cache(self, rows: int, room: int, dtype: torch.dtype = torch.float32) -> Cache:
        """An empty cache with room for so many tokens of each row, of that type."""
        return Cache(self.shape, rows, room, self.device, dtype)

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return self.token_embd.weight.device

    @property
    def parameters_count(self) -> int:
        """The number of weights."""
        return sum(weights.numel() for weights in self.parameters())


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin

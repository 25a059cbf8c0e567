"""Small models with random weights, written on the spot to measure a machine with: speed depends on sizes alone."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HEAD_SIZE = 128
_VOCABULARY = 256
_ALIGNMENT = 32
_F32, _Q8_0, _Q4_K, _Q6_K = 0, 8, 12, 14  # tensor types of GGUF
_SCALE = 1e-4  # of quantised blocks: small enough that no sum overflows
_TILE = 4096  # random blocks, which are then repeated

KINDS: Mapping[str, int] = {"Q4_K": _Q4_K, "Q6_K": _Q6_K, "Q8_0": _Q8_0}


@dataclass(frozen=True, slots=True)
class Probe:
    """The shape of a model of the Llama architecture; every matrix is of one kind."""

    kind: str  # of KINDS
    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int

    @property
    def file(self) -> str:
        """The name of its file. No .gguf: nobody shall take it for a model."""
        return f"{self.kind}-{self.layers}.probe"

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of the matrices of one layer."""
        queries, keys = self.heads * HEAD_SIZE, self.kv_heads * HEAD_SIZE
        return {
            "attn_q": (queries, self.width),
            "attn_k": (keys, self.width),
            "attn_v": (keys, self.width),
            "attn_output": (self.width, queries),
            "ffn_gate": (self.feed_forward, self.width),
            "ffn_up": (self.feed_forward, self.width),
            "ffn_down": (self.width, self.feed_forward),
        }

    @property
    def parameters(self) -> int:
        """Weights that one token reads."""
        return self.layers * sum(rows * columns for rows, columns in self.matrices.values()) + _VOCABULARY * self.width

    @property
    def kv_bytes(self) -> int:
        """Bytes of keys and values of one token, at 16 bits."""
        return 2 * 2 * self.layers * self.kv_heads * HEAD_SIZE


THICK = (
    Probe("Q4_K", 3, 2048, 6144, 16, 4),
    Probe("Q6_K", 2, 2048, 6144, 16, 4),
    Probe("Q8_0", 2, 2048, 6144, 16, 4),
)
THIN = Probe("Q4_K", 8, 256, 512, 8, 2)


def write(path: Path, probe: Probe) -> None:
    """Write a GGUF file of that shape. Raises OSError."""
    kind = KINDS[probe.kind]
    tensors: list[tuple[str, tuple[int, ...], int]] = [
        ("token_embd.weight", (_VOCABULARY, probe.width), kind),
        ("output_norm.weight", (probe.width,), _F32),
    ]
    for layer in range(probe.layers):
        tensors += [(f"blk.{layer}.{name}.weight", (probe.width,), _F32) for name in ("attn_norm", "ffn_norm")]
        tensors += [(f"blk.{layer}.{name}.weight", shape, kind) for name, shape in probe.matrices.items()]
    tile = _blocks(kind)
    infos, offset = bytearray(), 0
    for name, shape, of in tensors:
        dimensions = b"".join(struct.pack("<Q", size) for size in reversed(shape))
        infos += _text(name) + struct.pack("<I", len(shape)) + dimensions + struct.pack("<IQ", of, offset)
        offset += _padded(_size(shape, of))
    metadata = _metadata(probe)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + b"".join(metadata) + infos
    with path.open("wb") as file:
        file.write(head + bytes(_padded(len(head)) - len(head)))
        for _, shape, of in tensors:
            size = _size(shape, of)
            data = struct.pack("<f", 1.0) * shape[0] if of == _F32 else _repeated(tile, size)
            file.write(data + bytes(_padded(size) - size))


def _metadata(probe: Probe) -> list[bytes]:
    numbers = {
        "context_length": 1 << 16,
        "embedding_length": probe.width,
        "block_count": probe.layers,
        "feed_forward_length": probe.feed_forward,
        "attention.head_count": probe.heads,
        "attention.head_count_kv": probe.kv_heads,
        "attention.key_length": HEAD_SIZE,
        "attention.value_length": HEAD_SIZE,
        "rope.dimension_count": HEAD_SIZE,
        "vocab_size": _VOCABULARY,
    }
    texts = {"general.architecture": "llama", "tokenizer.ggml.model": "none"}
    entries = [_text(key) + struct.pack("<I", 8) + _text(value) for key, value in texts.items()]
    entries += [_text(f"llama.{key}") + struct.pack("<II", 4, value) for key, value in numbers.items()]
    entries.append(_text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-6))
    return entries


def _blocks(kind: int) -> bytes:
    """Random blocks of a quantised kind, with scales that make sense."""
    rng = random.Random(0)
    scale = struct.pack("<e", _SCALE)
    blocks = bytearray()
    for _ in range(_TILE):
        if kind == _Q4_K:  # scale and minimum, then factors and quants
            blocks += scale + struct.pack("<e", 7.5 * _SCALE) + rng.randbytes(140)
        elif kind == _Q6_K:  # quants and factors, then the scale
            blocks += rng.randbytes(208) + scale
        else:
            blocks += scale + rng.randbytes(32)
    return bytes(blocks)


def _size(shape: tuple[int, ...], kind: int) -> int:
    count = math.prod(shape)
    return {_F32: count * 4, _Q4_K: count // 256 * 144, _Q6_K: count // 256 * 210, _Q8_0: count // 32 * 34}[kind]


def _repeated(tile: bytes, size: int) -> bytes:
    return (tile * (size // len(tile) + 1))[:size]


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()

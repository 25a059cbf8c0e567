"""The models that r1chat recommends, as data: `curated.toml` beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from r1chat.both import Both


@dataclass(frozen=True, slots=True)
class Quantisation:
    """One file of a model. `size` is in bytes and near; the hub's own number counts when it is downloaded."""

    name: str
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Curated:
    """A recommended model. The first of `quantisations` is the one to offer.

    `kv_bytes` are the bytes of keys and values for one token in 16 bits, `active_share` the part of the weights that
    one token reads (less than 1 for a mixture of experts).
    """

    name: str
    family: str
    licence: str
    context: int  # tokens that it was trained for
    kv_bytes: int
    active_share: float
    text: Both
    repo: str
    quantisations: tuple[Quantisation, ...]

    @property
    def size(self) -> int:
        """Bytes of the file to offer."""
        return self.quantisations[0].size


def _read() -> tuple[Curated, ...]:
    rows = tomllib.loads(Path(__file__).with_name("curated.toml").read_text(encoding="utf-8"))["models"]
    return tuple(
        Curated(
            name=row["name"],
            family=row["family"],
            licence=row["licence"],
            context=row["context"],
            kv_bytes=2 * 2 * row["layers"] * row["kv_heads"] * row["head_dim"],
            active_share=row.get("active_share", 1.0),
            text=Both(row["en"], row["zh"]),
            repo=row["repo"],
            quantisations=tuple(
                Quantisation(item["quantisation"], item["file"], item["size"]) for item in row["files"]
            ),
        )
        for row in rows
    )


CURATED: Sequence[Curated] = _read()
RESERVE = 1_000_000_000  # bytes that scratch buffers and the rest of r1chat take beside weights, keys and values
WINDOW = 8_192  # tokens of the window that a recommendation counts with


def need(model: Curated, window: int = WINDOW) -> int:
    """Bytes of memory that the model takes with a window of so many tokens."""
    return model.size + model.kv_bytes * min(window, model.context) + RESERVE


def suitable(memory: int, count: int = 3) -> list[Curated]:
    """The models that suit a machine with so many bytes of free memory: the largest of different sizes, R1's own first.

    Where none fits, the smallest is offered: it runs from disk.
    """
    fitting = sorted((model for model in CURATED if need(model) <= memory), key=lambda model: -model.size)
    if not fitting:
        return [min(CURATED, key=lambda model: model.size)]
    chosen: list[Curated] = []
    for model in sorted(fitting, key=lambda model: (model.family != "DeepSeek-R1", -model.size)):
        if all(abs(model.size - other.size) > 0.3 * other.size for other in chosen):
            chosen.append(model)
    return sorted(chosen[:count], key=lambda model: model.size)

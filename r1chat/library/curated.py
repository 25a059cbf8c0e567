"""The models that r1chat recommends, as data: `curated.toml` beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from r1chat.backends.gguf import BLOCKS, Header, TensorBytes
from r1chat.both import Both
from r1chat.library.forecast import Forecast, Resources, Speeds, forecast


@dataclass(frozen=True, slots=True)
class Quantisation:
    """One file of a model. `size` is in bytes and near; the hub's own number counts when it is downloaded."""

    name: str
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Curated:
    """A recommended model. The first of `quantisations` is the one to offer."""

    name: str
    family: str
    licence: str
    text: Both
    repo: str
    shape: Mapping[str, int]  # as in the file, counts
    tied: bool  # the embedding is the output matrix, too
    active_share: float  # the part of the weights that a token reads: below 1 for a mixture of experts
    quantisations: tuple[Quantisation, ...]

    @property
    def size(self) -> int:
        """Bytes of the file to offer."""
        return self.quantisations[0].size

    @property
    def header(self) -> Header:
        """What the header of the file to offer will say, as far as a forecast needs it."""
        offered, shape = self.quantisations[0], self.shape
        kind = _KINDS.get(offered.name, _Q4_K)
        block, bytes_ = BLOCKS[kind]
        embedding = shape["vocabulary"] * shape["width"] // block * bytes_
        read = int((offered.size - embedding) * self.active_share)
        weights = TensorBytes({kind: read}, {kind: offered.size - embedding - read}, {kind: embedding})
        counts = {
            "context_length": shape["context"],
            "block_count": shape["layers"],
            "embedding_length": shape["width"],
            "feed_forward_length": shape["feed_forward"],
            "attention.head_count": shape["heads"],
            "attention.head_count_kv": shape["kv_heads"],
            "attention.key_length": shape["head_dim"],
            "attention.value_length": shape["head_dim"],
            "expert_count": 1,
            "expert_used_count": 0,  # what a token reads of the experts is in `dense`
        }
        return Header(
            path=Path(offered.file),
            version=3,
            metadata={"general.architecture": "curated"} | {f"curated.{key}": value for key, value in counts.items()},
            arrays={},
            special_tokens={},
            vocabulary=shape["vocabulary"],
            has_think_token=False,
            has_output=not self.tied,
            parameters=0,
            weights=weights,
            missing=0,
        )


_Q4_K, _KINDS = 12, {"Q8_0": 8, "MXFP4": 39}
_SHAPE = ("context", "layers", "width", "heads", "kv_heads", "head_dim", "feed_forward", "vocabulary")


def _read() -> tuple[Curated, ...]:
    rows = tomllib.loads(Path(__file__).with_name("curated.toml").read_text(encoding="utf-8"))["models"]
    return tuple(
        Curated(
            name=row["name"],
            family=row["family"],
            licence=row["licence"],
            text=Both(row["en"], row["zh"]),
            repo=row["repo"],
            shape={key: row[key] for key in _SHAPE},
            tied=row.get("tied", False),
            active_share=row.get("active_share", 1.0),
            quantisations=tuple(
                Quantisation(item["quantisation"], item["file"], item["size"]) for item in row["files"]
            ),
        )
        for row in rows
    )


CURATED: Sequence[Curated] = _read()
WINDOW = 8_192  # tokens of the window that a recommendation counts with
READING_PACE = 3.0  # tokens/s below which a model is not recommended
ASSUMED = 20e9  # bytes/s that an ordinary machine reads, where its speed is not known


def expect(model: Curated, resources: Resources, speeds: Speeds | None = None, window: int = WINDOW) -> Forecast:
    """The forecast for the file of a model that is offered."""
    return forecast(model.header, model.size, window, resources, speeds)


def suitable(resources: Resources, speeds: Speeds | None = None, count: int = 3) -> list[Curated]:
    """The models that suit a machine: the largest of different sizes that fit and think at a reader's pace, R1's first.

    Where none is so quick, the smallest that fit are offered; where none fits, the smallest, whatever becomes of it.
    """
    fitting = sorted((model for model in CURATED if _suits(model, resources, speeds)), key=lambda model: -model.size)
    if not fitting:
        small = sorted(CURATED, key=lambda model: model.size)
        return [model for model in small if expect(model, resources).fits][:count] or small[:1]
    chosen: list[Curated] = []
    for model in sorted(fitting, key=lambda model: (model.family != "DeepSeek-R1", -model.size)):
        if all(abs(model.size - other.size) > 0.3 * other.size for other in chosen):
            chosen.append(model)
    return sorted(chosen[:count], key=lambda model: model.size)


def _suits(model: Curated, resources: Resources, speeds: Speeds | None) -> bool:
    expectation = expect(model, resources, speeds)
    if not expectation.fits:
        return False
    if expectation.speed is None:
        return bool(resources.gpus) or ASSUMED / (model.size * model.active_share) >= READING_PACE
    return expectation.speed >= READING_PACE

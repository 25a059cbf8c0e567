"""LoRA weights as a GGUF file that llama.cpp and Ollama load over the base model.

llama.cpp stores the rows of q and k of its architecture `llama` in another order than PyTorch's implementations; B of
those layers must be permuted in the same way (`convert_hf_to_gguf.py` does it for whole models). Nothing fails
without it; the model is only wrong.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import gguf
import numpy as np
from numpy.typing import NDArray

from r1chat.backends.gguf import read_header

if TYPE_CHECKING:  # what is written here needs no PyTorch to be read
    from r1chat.training.lora import Weights

PERMUTED = frozenset({"llama"})  # architectures whose q and k rows llama.cpp reorders


@dataclass(frozen=True, slots=True)
class Heads:
    """How many attention heads a model has, of queries and of keys."""

    queries: int
    keys: int


def write_adapter(
    file: Path,
    architecture: str,
    heads: Heads,
    weights: Weights,
    alpha: float,
    metadata: Mapping[str, str | int],
    reordered: bool | None = None,
) -> None:
    """Write A and B as 32-bit floats, and `metadata` as further keys; replaces `file` only when all is written.

    `reordered`: whether the base's file has the rows of q and k in llama.cpp's order; None: as its architecture has.
    Raises OSError.
    """
    reorder = architecture in PERMUTED if reordered is None else reordered
    part = file.with_name(f".{file.name}.part")
    try:
        writer = gguf.GGUFWriter(part, architecture)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", alpha)
        for key, value in metadata.items():
            if isinstance(value, int):
                writer.add_uint64(key, value)
            else:
                writer.add_string(key, value)
        for name, pair in weights.items():
            for side, matrix in zip("ab", pair, strict=True):
                size = 4 * matrix.numel()
                writer.add_tensor_info(f"{name}.weight.lora_{side}", matrix.shape, np.dtype(np.float32), size)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for name, (a, b) in weights.items():  # one by one: as 32-bit floats all of them may take much memory
            rows = b.float().numpy()
            if reorder and name.endswith(("attn_q", "attn_k")):
                rows = permuted(rows, heads.queries if name.endswith("attn_q") else heads.keys)
            writer.write_tensor_data(np.ascontiguousarray(a.float().numpy()))
            writer.write_tensor_data(np.ascontiguousarray(rows))
        writer.close()
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def read_shapes(file: Path) -> tuple[str, dict[str, tuple[int, ...]]]:
    """The architecture of a GGUF file, and the shape of each tensor (innermost first).

    Raises OSError, ValueError, and ModelFileError for a header that asks for more memory than headers take.
    """
    read_header(file)
    reader = gguf.GGUFReader(file)
    field = reader.fields.get("general.architecture")
    return str(field.contents()) if field else "", {
        tensor.name: tuple(map(int, tensor.shape)) for tensor in reader.tensors
    }


def check_numbers(file: Path) -> None:
    """Raise ValueError for an alpha or weights that are no finite numbers: every answer would be nonsense.

    An alpha that is missing or zero stands for a scale of 1 in llama.cpp. Quantised weights are not looked at.
    """
    reader = gguf.GGUFReader(file)
    alpha = reader.fields.get("adapter.lora.alpha")
    if alpha is not None and not math.isfinite(float(alpha.contents())):
        raise ValueError("its alpha is no finite number")
    for tensor in reader.tensors:
        if tensor.data.dtype.kind == "f" and not np.isfinite(tensor.data).all():
            raise ValueError(f"{tensor.name} has values that are no finite numbers")


def with_metadata(source: Path, target: Path, metadata: Mapping[str, str | int]) -> None:
    """Copy an adapter with more keys, or other values of keys that it has. Raises OSError, ValueError."""
    reader = gguf.GGUFReader(source)
    writer = _copy_keys(reader, target, metadata)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_keys(reader: gguf.GGUFReader, target: Path, metadata: Mapping[str, str | int]) -> gguf.GGUFWriter:
    """The writer of a file with the keys of another one and those of `metadata`, which win; without tensors yet."""
    writer = gguf.GGUFWriter(target, str(reader.fields["general.architecture"].contents()))
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture" or field.name in metadata:
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    for key, value in metadata.items():
        if key == "general.file_type":
            writer.add_file_type(int(value))
        elif isinstance(value, int):
            writer.add_uint64(key, value)
        else:
            writer.add_string(key, value)
    return writer


def merge(base: Path, adapter: Path, target: Path, name: str) -> None:
    """Write a base with a LoRA adapter added to its weights as one GGUF file, called `name`.

    A changed matrix of a quantised base is written as Q8_0, since most of the change would be lost in fewer bits; one
    of 16 or 32 bits keeps its type, and so does all that the adapter leaves alone. One tensor at a time is in memory.
    Raises OSError, ValueError.
    """
    reader, addition = gguf.GGUFReader(base), gguf.GGUFReader(adapter)
    parts = {tensor.name: tensor.data.astype(np.float32) for tensor in addition.tensors}
    alpha = float(addition.fields["adapter.lora.alpha"].contents())
    changed = {name.removesuffix(".lora_a") for name in parts if name.endswith(".lora_a")}
    types = {
        tensor.name: _merged_type(tensor.tensor_type) if tensor.name in changed else tensor.tensor_type
        for tensor in reader.tensors
    }
    metadata: dict[str, str | int] = {"general.name": name}
    if gguf.GGMLQuantizationType.Q8_0 in types.values():
        metadata["general.file_type"] = gguf.LlamaFileType.MOSTLY_Q8_0
    writer = _copy_keys(reader, target, metadata)
    for tensor in reader.tensors:
        kind = types[tensor.name]
        shape = [int(size) for size in reversed(tensor.shape)]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        writer.add_tensor_info(
            tensor.name, shape, np.dtype(np.float32), tensor.n_elements // block * size, raw_dtype=kind
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in reader.tensors:
        data = tensor.data
        if tensor.name in changed:
            a, b = parts[f"{tensor.name}.lora_a"], parts[f"{tensor.name}.lora_b"]
            whole = gguf.quants.dequantize(data, tensor.tensor_type).astype(np.float32)
            data = gguf.quants.quantize(whole + (b @ a) * (alpha / len(a)), types[tensor.name])
        writer.write_tensor_data(data)
    writer.close()


def _merged_type(kind: gguf.GGMLQuantizationType) -> gguf.GGMLQuantizationType:
    copied = gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.BF16
    return kind if kind in copied else gguf.GGMLQuantizationType.Q8_0


def permuted(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows (out, rank) of q or k in llama.cpp's order: the two halves of each head's rows alternate."""
    out, rank = rows.shape
    return rows.reshape(heads, 2, out // heads // 2, rank).swapaxes(1, 2).reshape(out, rank)

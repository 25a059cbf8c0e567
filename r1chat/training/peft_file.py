"""A LoRA adapter in PEFT's form, a folder with `adapter_config.json` and `adapter_model.safetensors`, as weights."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
from safetensors import SafetensorError, safe_open
from torch import Tensor

from r1chat.backends.gguf import Header
from r1chat.training.lora import Weights

_MORE_THAN_LORA = (
    *("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save"),
    *("alora_invocation_tokens", "layer_replication", "lora_bias", "target_parameters", "trainable_token_indices"),
)
_OF_ANOTHER_BASE = ("pissa", "olora", "corda", "loftq")
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_LARGEST_CONFIG, _LARGEST_WEIGHTS = 1 << 20, 16 << 30  # bytes
_LARGEST_NUMBER = 1e6  # of alpha and of the rank; usual are 8 to 256
Shapes = Mapping[str, tuple[int, ...]]  # of each tensor of a GGUF file by its name, innermost first
_NAME = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")


def read_peft(folder: Path, header: Header, check: Callable[[Shapes], None]) -> tuple[Weights, float]:
    """A and B by the names of a GGUF file of the base's architecture, and alpha.

    `check` is given the shapes, as the adapter's GGUF file will have them, before any weight is read: a file can be a
    hole, of any size on paper. The weights stay in the file until they are used.

    Raises what `check` raises; OSError; ValueError for files that are malformed, too large or no plain files, and for
    what llama.cpp cannot add to a model: DoRA, biases, several ranks, whole layers.
    """
    config = _read_config(folder / CONFIG)
    alpha, rank = _positive(config, "lora_alpha"), _positive(config, "r")
    architecture = next((key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == header.architecture), None)
    if architecture is None:
        raise ValueError(f"unknown architecture {header.architecture}")
    names = gguf.get_tensor_name_map(architecture, header.layers)
    shapes: dict[str, tuple[int, ...]] = {}
    keys: dict[str, str] = {}  # of the file, by the names of GGUF
    weights = folder / WEIGHTS
    _require_plain_file(weights, _LARGEST_WEIGHTS)
    try:
        with safe_open(weights, "pt") as file:
            for key in file.keys():  # noqa: SIM118  no mapping
                match = _NAME.fullmatch(key)
                name = names.get_name(match[1]) if match else None
                if match is None or name is None:
                    raise ValueError(f"unknown part {key[:200]}")
                part = file.get_slice(key)
                shape = part.get_shape()
                if len(shape) != 2 or not part.get_dtype().startswith(("F", "BF")):
                    raise ValueError(f"{key} is no matrix of floating-point numbers")
                if shape["AB".index(match[2])] != rank:
                    raise ValueError(f"{key} has not the rank {rank:g} of {CONFIG}")
                tensor = f"{name}.weight.lora_{match[2].lower()}"
                if tensor in keys:
                    raise ValueError(f"{key} stands for the same part as {keys[tensor]}")
                shapes[tensor], keys[tensor] = tuple(shape[::-1]), key
            layers = {tensor.removesuffix(".weight.lora_a") for tensor in keys if tensor.endswith("a")}
            if not layers or len(keys) != 2 * len(layers):
                raise ValueError("incomplete")
            check(shapes)
            tensors = {tensor: _finite(file.get_tensor(key), key) for tensor, key in keys.items()}
    except (SafetensorError, MemoryError, RuntimeError) as error:  # PyTorch's own error is a RuntimeError
        raise ValueError(str(error) or "it takes too much memory") from None
    return {name: (tensors[f"{name}.weight.lora_a"], tensors[f"{name}.weight.lora_b"]) for name in layers}, alpha


def _finite(tensor: Tensor, key: str) -> Tensor:
    if not tensor.float().isfinite().all():
        raise ValueError(f"{key} has values that are no finite numbers")
    return tensor


def _read_config(file: Path) -> dict[str, Any]:
    _require_plain_file(file, _LARGEST_CONFIG)
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"{file.name} is nested too deeply") from None
    if not isinstance(config, dict):
        raise ValueError(f"{file.name} is no JSON object")
    if config.get("peft_type") != "LORA":
        raise ValueError("no LoRA")
    for key in _MORE_THAN_LORA:
        if config.get(key):
            raise ValueError(f"with {key}")
    start = str(config.get("init_lora_weights", "")).lower()
    if start.startswith(_OF_ANOTHER_BASE):
        raise ValueError(
            f"with init_lora_weights {start[:20]}, which changes the base: have PEFT convert it to plain LoRA"
        )
    if config.get("bias", "none") != "none":
        raise ValueError("with biases")
    return config


def _positive(config: Mapping[str, Any], key: str) -> float:
    """A number of the configuration that must be finite and greater than zero."""
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LARGEST_NUMBER:
        raise ValueError(f"{key} is no number between 0 and {_LARGEST_NUMBER:g}")
    return float(value)


def _require_plain_file(file: Path, largest: int) -> None:
    """Raise ValueError for a pipe or a device, which may never end, and for more than `largest` bytes."""
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{file.name} is no plain file")
    if status.st_size > largest:
        raise ValueError(f"{file.name} has more than {largest:,} bytes")

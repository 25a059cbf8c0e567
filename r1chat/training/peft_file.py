"""A LoRA adapter in PEFT's form, a folder with `adapter_config.json` and `adapter_model.safetensors`, as weights."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import gguf
from safetensors import SafetensorError, safe_open

from r1chat.backends.gguf import Header
from r1chat.training.lora import Weights

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_NAME = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")


def read_peft(folder: Path, header: Header) -> tuple[Weights, float]:
    """A and B by the names of a GGUF file of the base's architecture, and alpha.

    Raises OSError; ValueError for what llama.cpp cannot add to a model: DoRA, biases, several ranks, whole layers.
    """
    config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if config.get("peft_type") != "LORA":
        raise ValueError("no LoRA")
    for key in ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save"):
        if config.get(key):
            raise ValueError(f"with {key}")
    if config.get("bias", "none") != "none":
        raise ValueError("with biases")
    architecture = next((key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == header.architecture), None)
    if architecture is None:
        raise ValueError(f"unknown architecture {header.architecture}")
    names = gguf.get_tensor_name_map(architecture, header.layers)
    sides: dict[str, dict[str, Any]] = {}
    try:
        with safe_open(folder / WEIGHTS, "pt") as file:
            for key in file.keys():  # noqa: SIM118  no mapping
                match = _NAME.fullmatch(key)
                name = names.get_name(match[1]) if match else None
                if match is None or name is None:
                    raise ValueError(f"unknown part {key}")
                sides.setdefault(name, {})[match[2]] = file.get_tensor(key).float()
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    if not sides or any(len(pair) < 2 for pair in sides.values()):
        raise ValueError("incomplete")
    return {name: (pair["A"], pair["B"]) for name, pair in sides.items()}, float(config["lora_alpha"])

"""Checkpoints: written whole or not at all, read without running what stands in them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch

from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.files import replacing

CHECKPOINT = "checkpoint.pt"  # in a run's folder


def save_checkpoint(folder: Path, values: Mapping[str, Any]) -> None:
    """Write tensors and plain values; a kill at any time leaves the old checkpoint or the new one.

    Raises ExportError where the disk is full, which torch.save by itself would turn into a RuntimeError.
    """
    content = io.BytesIO()
    torch.save(dict(values), content)
    with replacing(folder / CHECKPOINT) as file:
        file.write(content.getbuffer())


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """What was saved, in the computer's memory. Raises TrainingError where it is damaged."""
    try:
        return cast(dict[str, Any], torch.load(folder / CHECKPOINT, "cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
        raise TrainingError(_DAMAGED.format(file=folder / CHECKPOINT)) from None


_DAMAGED = Both(
    "{file} is damaged. Delete its folder and train again, or go on from a GGUF file with --from.",
    "{file} 已损坏。请删除其文件夹后重新训练，或用 --from 从 GGUF 文件接着训练。",
)

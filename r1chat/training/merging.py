"""Whether a base with an adapter merged into its weights computes what both compute apart, by llama.cpp."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from r1chat.backends.llama.child.reading import LoadedModel
from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.training.base import TOLERANCE

_TEXTS = ("The river rises in the mountains and reaches the sea.", "27 + 43 = 70", "水在零度结冰，在一百度沸腾。")


def check_merged(base: Path, adapter: Path, merged: Path) -> float:
    """The root mean square difference of the logits behind some texts, by their standard deviation.

    Raises TrainingError where that is more than rounding explains, ModelFileError where llama.cpp loads a file not.
    """
    with closing(LoadedModel(base)) as separate, closing(LoadedModel(merged)) as merged_model:
        separate.use_adapter(adapter)
        worst = 0.0
        for text in _TEXTS:
            theirs, ours = (np.array(reading.logits(reading.prompt(text))) for reading in (separate, merged_model))
            worst = max(worst, float(np.sqrt(np.mean((ours - theirs) ** 2)) / theirs.std()))
    if not worst <= TOLERANCE:
        raise TrainingError(_DIFFERENT.format(name=adapter.stem, share=worst))
    return worst


_DIFFERENT = Both(
    "Merged, {name} would be another model: its logits differ by {share:.0%} of their spread. Nothing was written; use "
    "the adapter over its base.",
    "合并后的 {name} 会成为另一个模型：logits 相差其离散程度的 {share:.0%}。没有写入任何文件；"
    "请在基础模型上使用适配器。",
)

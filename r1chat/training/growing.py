"""A trained model made larger without a change of what it computes, so that training goes on where it was.

Net2Net (Chen, Goodfellow and Shlens 2016, arXiv 1511.05641): new units of the feed-forward layers begin with an output
of zero, and new layers add nothing to the residual stream; both learn from the first step on.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.training.model import Decoder


def grown(model: Decoder, layers: int, hidden: int, seed: int = 0) -> Decoder:
    """A copy with so many layers, the new ones last, and so wide feed-forward layers.

    Raises TrainingError for fewer layers or narrower ones than `model` has.
    """
    old = model.shape
    if layers < old.layers or hidden < old.hidden:
        raise TrainingError(_SMALLER.format(layers=old.layers, hidden=old.hidden))
    torch.manual_seed(seed)
    larger = Decoder(replace(old, layers=layers, hidden=hidden))
    with torch.no_grad():
        target = larger.state_dict()
        for name, weights in target.items():
            if name.endswith(("ffn_down.weight", "attn_output.weight")):
                weights.zero_()
        for name, weights in model.state_dict().items():
            target[name][tuple(slice(size) for size in weights.shape)] = weights
    return larger


_SMALLER = Both(
    "The model has {layers} layers whose feed-forward layers are {hidden} wide; it can grow, not shrink. "
    "Name as much or more.",
    "该模型有 {layers} 层，前馈层宽 {hidden}；只能扩大，不能缩小。请给出不小于它们的值。",
)

"""The model of a chat in PyTorch: the weights of its GGUF file, compared with llama.cpp before anything is trained.

A file that r1chat trained runs in r1chat's own decoder; others are read by transformers, their weights as 32-bit
numbers. Of a kind that transformers cannot read from GGUF the original weights are read instead; the comparison with
llama.cpp decides whether they are the same model. Token ids are llama.cpp's own, so that a model is trained on exactly
the tokens that it reads and writes in the chat: tokenizers that transformers makes from GGUF files differ from it in
places.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import gguf
import numpy as np
import torch
from torch import Tensor, nn

from r1chat.backends.gguf import Header, read_header
from r1chat.both import Both
from r1chat.errors import TrainingError
from r1chat.training.adapter_file import PERMUTED, Heads, permuted
from r1chat.training.gguf_file import read_gguf
from r1chat.training.model import Decoder
from r1chat.training.policy import FromTransformers, Policy
from r1chat.training.vocabulary import SPECIAL

ARCHITECTURES = ("llama", "qwen2", "qwen3")  # read by transformers; the comparison with llama.cpp decides in any case
LINEAR = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "attn_qkv")
CPU = torch.device("cpu")
TOLERANCE = 0.12  # root mean square difference of logits by their deviation: measured 0.001 (F16), 0.04 (4 bits)

# What transformers raises for files that are no model; the last two for a config.json of another shape.
_NO_MODEL = (ValueError, OSError, ImportError, NotImplementedError, KeyError, RuntimeError, TypeError, AttributeError)


class Logits(Protocol):
    """Whatever computes the logits behind the last token of a text."""

    def logits(self, tokens: Sequence[int]) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Base:
    """A model that can be trained. `layers`: path of each linear layer in `network` by its name in the GGUF file.

    `reordered`: the GGUF file has the rows of q and k in llama.cpp's order.
    """

    header: Header
    network: nn.Module
    layers: dict[str, str]
    vocabulary: int
    reordered: bool = False

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return next(self.network.parameters()).device

    @property
    def heads(self) -> Heads:
        queries = self.header.count(".attention.head_count")
        return Heads(queries, self.header.count(".attention.head_count_kv", queries))

    @property
    def policy(self) -> Policy[Any]:
        """What computes it."""
        return self.network if isinstance(self.network, Decoder) else FromTransformers(self.network)

    def hidden(self, tokens: Tensor) -> Tensor:
        """The last hidden states (batch, length, width) of token ids (batch, length), padded on the right."""
        return self.policy(tokens)

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (…, vocabulary) of hidden states (…, width)."""
        return self.policy.logits(hidden)


def read_base(file: Path, original: str = "", device: torch.device = CPU) -> Base:
    """The model of a GGUF file on a device, frozen. Raises TrainingError where its kind cannot be trained.

    Raises ModelFileError, too.

    `original`: a folder of the weights that the file was made of, as transformers keeps them, or the name under which
    the Hugging Face cache has them; read in place of the file's own.
    """
    header = read_header(file)
    if original:
        return _frozen(_from_original(file, header, original), device)
    special = tuple(header.special_tokens.get(role, "") for role in ("bos", "eos"))
    if header.architecture == "qwen2" and special == SPECIAL[:2]:
        try:
            decoder, _ = read_gguf(file)
        except TrainingError:  # a distill with R1's tokens
            pass
        else:
            names = [name for name, part in decoder.named_modules() if isinstance(part, nn.Linear)]
            layers = {name.replace("layers.", "blk."): name for name in names}
            return _frozen(Base(header, decoder, layers, decoder.shape.vocabulary), device)
    if header.architecture not in ARCHITECTURES:
        raise TrainingError(
            _OTHER_KIND.format(name=file.name, architecture=header.architecture, known=", ".join(ARCHITECTURES))
        )
    return _frozen(_from_transformers(file, header), device)


def _frozen(base: Base, device: torch.device) -> Base:
    base.network.to(device).eval()
    for parameter in base.network.parameters():
        parameter.requires_grad_(False)
    return base


def _from_transformers(file: Path, header: Header) -> Base:
    with TemporaryDirectory() as empty:  # transformers would read what stands beside the file, too
        model = _loaded(empty, _NOT_READ, file.name, gguf_file=str(file.absolute()))
    return _laid_out(model, header, header.architecture in PERMUTED)


def _from_original(file: Path, header: Header, original: str) -> Base:
    """A model of weights in safetensors, since other forms may hold programs."""
    if (Path(original) / "adapter_config.json").is_file():  # transformers would read the adapter, too, or another base
        raise TrainingError(_WITH_ADAPTER.format(original=original))
    model = _loaded(original, _NO_ORIGINAL, original, use_safetensors=True, local_files_only=True)
    base = _laid_out(model, header, False)
    name = "blk.0.attn_q"
    if name not in base.layers:
        return base
    ours = model.get_submodule(base.layers[name]).weight.detach().numpy()
    theirs = _tensor(file, f"{name}.weight")
    if theirs.shape != ours.shape:
        raise TrainingError(_OTHER_SHAPE.format(original=original, name=file.name))
    swapped = permuted(ours, base.heads.queries)
    return replace(base, reordered=bool(np.abs(theirs - swapped).mean() < np.abs(theirs - ours).mean()))


def _tensor(file: Path, name: str) -> Any:
    """A tensor of a GGUF file as 32-bit numbers; an empty one where there is none."""
    for tensor in gguf.GGUFReader(file).tensors:
        if tensor.name == name:
            return gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    return np.empty(0, np.float32)


def _loaded(place: str, trouble: Both, name: str, **how: Any) -> Any:
    """A model that transformers reads. Raises TrainingError: `trouble` with a name and a reason."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # what is here is all that is read
    import transformers

    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()):  # progress bars
            warnings.simplefilter("ignore")
            return transformers.AutoModelForCausalLM.from_pretrained(
                place, dtype=torch.float32, attn_implementation="sdpa", trust_remote_code=False, **how
            )
    except _NO_MODEL as error:
        raise TrainingError(trouble.format(name=name, reason=str(error).strip().split("\n")[0])) from None


def _laid_out(model: Any, header: Header, reordered: bool) -> Base:
    """The model with its linear layers by their names in a GGUF file. Raises TrainingError where that has none."""
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    layers = {}
    if header.architecture in kinds and hasattr(model, "model") and hasattr(model, "lm_head"):
        names = gguf.get_tensor_name_map(kinds[header.architecture], header.layers)
        for path, part in model.named_modules():
            if isinstance(part, nn.Linear) and (name := names.get_name(path)) and name.endswith(LINEAR):
                layers[name] = path
    if not layers:
        raise TrainingError(_STRANGE.format(name=header.path.name, architecture=header.architecture))
    return Base(header, model, layers, int(model.get_input_embeddings().num_embeddings), reordered=reordered)


def compare(base: Base, reference: Logits, rows: Sequence[Sequence[int]]) -> float:
    """How far the logits behind the last token of the rows are from llama.cpp's, by their standard deviation.

    The mean over the rows: single positions of a model of 4 bits differ by up to 0.2, most by 0.03 to 0.06. Raises
    TrainingError where that is more than rounding and quantisation can explain.
    """
    distances = []
    with torch.no_grad():
        for row in rows:
            theirs = torch.tensor(reference.logits(row), device=CPU)
            if max(row) >= base.vocabulary or len(theirs) > base.vocabulary:
                raise TrainingError(_OTHER_TOKENS.format(name=base.header.path.name))
            ours = base.logits(base.hidden(torch.tensor([row], device=base.device))[0, -1]).cpu()[: len(theirs)]
            distances.append(float((ours - theirs).pow(2).mean().sqrt() / theirs.std()))
    distance = sum(distances) / len(distances)
    if not distance <= TOLERANCE:
        raise TrainingError(_DIFFERENT.format(name=base.header.path.name, share=distance))
    return distance


_OTHER_KIND = Both(
    "{name} is a model of the kind {architecture}; r1chat can train files of these: {known}. For others it needs the "
    "original weights: --weights FOLDER. Nothing was changed.",
    "{name} 的架构是 {architecture}；r1chat 能直接训练的文件有：{known}。其他架构需要原始权重：--weights 文件夹。"
    "没有做任何更改。",
)
_NO_ORIGINAL = Both(
    "{name} cannot be read as the original weights ({reason}). Give a folder with config.json and .safetensors files, "
    "or a name that the Hugging Face cache of this computer has.",
    "{name} 无法作为原始权重读取（{reason}）。请指定含 config.json 和 .safetensors 文件的文件夹，"
    "或本机 Hugging Face 缓存中已有的名字。",
)
_WITH_ADAPTER = Both(
    "{original} holds an adapter (adapter_config.json), so what is read of it would not be the original weights alone. "
    "Move that file elsewhere, or give the folder of the model itself.",
    "{original} 里有适配器（adapter_config.json），读出的将不只是原始权重。"
    "请把该文件移到别处，或指定模型本身的文件夹。",
)
_OTHER_SHAPE = Both(
    "{original} is not what {name} was made of: their layers differ in size. Nothing was changed.",
    "{original} 不是 {name} 的原始权重：各层大小不同。没有做任何更改。",
)
_STRANGE = Both(
    "{name} is a model of the kind {architecture}, whose layers r1chat does not know. Nothing was changed.",
    "{name} 的架构是 {architecture}，r1chat 不认识其结构。没有做任何更改。",
)
_NOT_READ = Both(
    "The weights of {name} cannot be read for training ({reason}). Choose another file of this model, such as "
    "Q8_0, or give the original weights: --weights FOLDER.",
    "无法读取 {name} 的权重用于训练（{reason}）。请选择该模型的其他文件，例如 Q8_0，或用 --weights 指定原始权重。",
)
_OTHER_TOKENS = Both(
    "The vocabulary of {name} is not that of its weights, so it is not trained. Nothing was changed.",
    "{name} 的词表与权重不符，因此不训练。没有做任何更改。",
)
_DIFFERENT = Both(
    "PyTorch and llama.cpp do not agree on {name}: their logits differ by {share:.0%} of their spread. What is trained "
    "would not be the model that you chat with, so it is not trained. Nothing was changed.",
    "PyTorch 与 llama.cpp 对 {name} 的计算不一致：logits 相差其离散程度的 {share:.0%}。训练出的将不是你所用的模型，"
    "因此不训练。没有做任何更改。",
)

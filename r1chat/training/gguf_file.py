"""A small model as a GGUF file, and back."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer

from r1chat.backends.gguf import read_header
from r1chat.both import Both
from r1chat.errors import ModelFileError, TrainingError
from r1chat.training.model import EPSILON, Decoder, Shape
from r1chat.training.vocabulary import SPECIAL, TEMPLATE, make_vocabulary

_SIZES = (  # in the order of `Shape`, after the vocabulary
    "embedding_length",
    "feed_forward_length",
    "block_count",
    "attention.head_count",
    "attention.head_count_kv",
    "context_length",
    "rope.freq_base",
)


def write_gguf(file: Path, model: Decoder, tokenizer: Tokenizer, name: str = "r1chat-nano") -> None:
    """Write weights (matrices as F16), vocabulary and chat template; llama.cpp runs it as `qwen2`."""
    shape = model.shape
    tokens = _tokens(tokenizer, shape.vocabulary)
    first = len(tokens) - len(SPECIAL)
    writer = gguf.GGUFWriter(file, "qwen2")
    writer.add_name(name)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-r1-qwen")
    writer.add_token_list(tokens)
    control, tags = [gguf.TokenType.CONTROL] * (len(SPECIAL) - 2), [gguf.TokenType.USER_DEFINED] * 2
    writer.add_token_types([gguf.TokenType.NORMAL] * first + control + tags)
    writer.add_token_merges([" ".join(merge) for merge in _merges(tokenizer)])
    writer.add_bos_token_id(first)
    writer.add_eos_token_id(first + 1)
    writer.add_add_bos_token(True)
    writer.add_chat_template(TEMPLATE)
    for key, weights in model.state_dict().items():
        values = weights.detach().cpu().float().numpy()
        writer.add_tensor(_name(key), values.astype(np.float16) if values.ndim == 2 else values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_gguf(file: Path) -> tuple[Decoder, Tokenizer]:
    """The model and tokenizer of a file that `write_gguf` wrote. Raises TrainingError for any other."""
    if not file.exists():
        raise TrainingError(_NO_FILE.format(file=file))
    try:
        read_header(file)  # bounded
        reader = gguf.GGUFReader(file)
    except (OSError, ValueError, LookupError, RecursionError, ModelFileError) as error:
        raise TrainingError(_UNREADABLE.format(file=file, reason=error)) from None
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    tokens = reader.fields["tokenizer.ggml.tokens"].contents() if "tokenizer.ggml.tokens" in reader.fields else []
    if tuple(tokens[-len(SPECIAL) :]) != SPECIAL:
        raise TrainingError(_OTHER.format(file=file))
    shape = Shape(
        len(tokens),
        *(reader.fields[f"qwen2.{key}"].contents() for key in _SIZES),
    )
    model = Decoder(shape)
    state = {key: torch.from_numpy(tensors[_name(key)].data.astype(np.float32)) for key in model.state_dict()}
    model.load_state_dict(state)
    merges = [tuple(merge.split(" ")) for merge in reader.fields["tokenizer.ggml.merges"].contents()]
    return model, make_vocabulary(tokens, merges)


def _name(key: str) -> str:
    """A weight's name in the file: "layers.0.attn_q.weight" is "blk.0.attn_q.weight"."""
    return key.replace("layers.", "blk.")


def _tokens(tokenizer: Tokenizer, size: int) -> list[str]:
    tokens = [tokenizer.id_to_token(number) or "" for number in range(tokenizer.get_vocab_size())]
    assert len(tokens) == size, "the vocabulary is not the model's"
    return tokens


def _merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    return [(left, right) for left, right in json.loads(tokenizer.to_str())["model"]["merges"]]


_NO_FILE = Both(
    "There is no file {file}. Name one that `r1chat train gguf` wrote.",
    "文件 {file} 不存在。请指定由 `r1chat train gguf` 写出的文件。",
)
_UNREADABLE = Both(
    "{file} cannot be read ({reason}). Name a file that `r1chat train gguf` wrote.",
    "{file} 无法读取（{reason}）。请指定由 `r1chat train gguf` 写出的文件。",
)
_OTHER = Both(
    "{file} is no model that `r1chat train` wrote: training cannot go on from it.",
    "{file} 不是 `r1chat train` 写出的模型，无法接着训练。",
)

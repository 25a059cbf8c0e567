"""Writes GGUF models of some kilobytes, whose random words mean nothing: for tests of everything but sense."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np

WIDTH, WINDOW = 32, 512
BOS, EOS, USER, ASSISTANT = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"
CONTROL = (BOS, EOS, USER, ASSISTANT)
OPENING = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}<｜User｜>{{ m.content }}{% else %}"
    "<｜Assistant｜>{{ m.content.split('</think>')[-1] }}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<｜Assistant｜><think>\n{% endif %}"
)


def byte_letters() -> list[str]:
    """The letters that stand for bytes in byte-level BPE."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


def letters(text: str) -> list[str]:
    """The bytes of a text as tokens."""
    return [byte_letters()[byte] for byte in text.encode()]


def write_micro(
    path: Path,
    *,
    template: str = OPENING,
    words: Sequence[str] = (),
    tags: Sequence[str] = ("<think>", "</think>"),
    window: int = WINDOW,
    architecture: str = "qwen2",
    weight: float | None = None,
    chain: Sequence[str] = (),
    parts: int = 0,
    experts: int = 0,
    name: str = "micro",
) -> None:
    """A model with one layer. `words` are more tokens, `weight` fills all matrices, `parts` splits it into files.

    `experts` beyond what llama.cpp can hold make it abort with a GGML_ASSERT while it loads the file.

    With `chain`, a token is followed by the next one of the chain, and a newline by its first; a token that comes
    several times, by any of those that follow it there, all as likely.
    """
    writer = gguf.GGUFWriter(path, architecture, split_max_tensors=5 if parts else 0)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(window)
    writer.add_block_count(1)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    if experts:
        writer.add_expert_count(experts)
    writer.add_layer_norm_rms_eps(1e-6)
    tokens = [*byte_letters(), *words, *CONTROL, *tags]
    normal = 256 + len(words)
    kinds = [gguf.TokenType.NORMAL] * normal + [gguf.TokenType.CONTROL] * len(CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-r1-qwen")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds + [gguf.TokenType.USER_DEFINED] * len(tags))
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(normal)
    writer.add_eos_token_id(normal + 1)
    writer.add_add_bos_token(True)
    if template:
        writer.add_chat_template(template)
    rng = np.random.default_rng(7)

    def matrix(name: str, rows: int) -> None:
        values = rng.normal(0, 1, (rows, WIDTH)) if weight is None else np.full((rows, WIDTH), weight)
        writer.add_tensor(name, values.astype(np.float32))

    def vector(name: str, value: float) -> None:
        writer.add_tensor(name, np.full(WIDTH, value, dtype=np.float32))

    if chain:  # each of its tokens has a direction of its own, to which nothing is added, and its successor the same
        weight = 0.0
        vectors = np.ones((len(tokens), WIDTH))
        for axis, token in enumerate(dict.fromkeys(["Ċ", *chain])):
            vectors[tokens.index(token)] = np.eye(WIDTH)[axis] * WIDTH**0.5
        successors = np.zeros_like(vectors)
        for token, successor in pairwise(["Ċ", *chain]):
            successors[tokens.index(successor)] += vectors[tokens.index(token)]
        writer.add_tensor("token_embd.weight", vectors.astype(np.float32))
        writer.add_tensor("output.weight", successors.astype(np.float32))
    else:
        matrix("token_embd.weight", len(tokens))
    vector("output_norm.weight", 1)
    for name in ("attn_norm", "ffn_norm"):
        vector(f"blk.0.{name}.weight", 1)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        matrix(f"blk.0.{name}.weight", WIDTH)
    for name in ("attn_q", "attn_k", "attn_v"):
        vector(f"blk.0.{name}.bias", 0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

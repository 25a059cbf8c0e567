"""Write a GGUF with the shape of an R1 distill and random weights: honest speed tests without a download.

Speed depends on shapes and on the quantisation's layout, and on the values in one thing only: where thousands of tokens
are equally likely, as untrained weights would have it, sampling has to sort the whole vocabulary. So the output matrix
makes some much likelier than others, as training does. What such a model says is noise, and it may end at any token: a
measurement has to forbid that. The vocabulary is made up (byte-level BPE of the real size, in which nearly every token
is a word with the space before it), so that text of the model comes back as the tokens that it was made of.

    python -m benchmarks.random_gguf OUT.gguf [--shape tiny]
"""

from __future__ import annotations

import argparse
import itertools
import string
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

HEAD_SIZE = 128
VOCABULARY = 151_936
SPREAD = 0.02  # standard deviation of the weights
SHARPNESS = 20  # how much larger the output matrix is: a hundred tokens or less make 95 % of the probability


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a transformer. `experts`: so many in each layer, of which `used` compute a token; 0: one for all.

    `sliding`: the tokens that five of six layers look back; 0: all layers look at the whole context.
    """

    layers: int
    width: int
    heads: int
    kv_heads: int
    feed_forward: int
    architecture: str = "qwen2"
    experts: int = 0
    used: int = 0
    sliding: int = 0
    head_size: int = HEAD_SIZE


SHAPES = {
    "tiny": Shape(4, 512, 4, 2, 1536),
    "0.5b": Shape(24, 1024, 8, 2, 4864),
    "1.5b": Shape(28, 1536, 12, 2, 8960),
    "llama-3b": Shape(28, 3072, 24, 8, 8192, "llama"),
    "moe": Shape(16, 2048, 16, 4, 768, "qwen3moe", experts=16, used=4),
    "gemma3-1b": Shape(26, 1280, 4, 1, 6912, "gemma3", sliding=512, head_size=256),
    "7b": Shape(28, 3584, 28, 4, 18944),
}

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
CONTROL = (BOS, EOS, "<｜User｜>", "<｜Assistant｜>")
TAGS = ("<think>", "</think>")
TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
  {%- if message.role == 'user' -%}{{- '<｜User｜>' + message.content -}}
  {%- elif message.role == 'assistant' -%}
    {{- '<｜Assistant｜>' + message.content.split('</think>')[-1] + '<｜end▁of▁sentence｜>' -}}
  {%- else -%}{{- message.content -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<｜Assistant｜><think>\\n' -}}{%- endif -%}"""


def byte_letters() -> list[str]:
    """The 256 letters that stand for bytes in byte-level BPE: printable bytes for themselves, the rest from U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = (chr(code) for code in itertools.count(0x100))
    return [chr(byte) if byte in printable else next(others) for byte in range(256)]


def vocabulary(size: int = VOCABULARY) -> tuple[list[str], list[str]]:
    """`size` tokens and the merges that make them: bytes, a space and up to four small letters, then R1's own.

    A merge adds a letter to what begins with a space, so there is one way only to make a word, and one token for it.
    """
    letters, space = string.ascii_lowercase, byte_letters()[0x20]
    beginnings = (space + "".join(word) for length in range(4) for word in itertools.product(letters, repeat=length))
    room = size - 256 - len(CONTROL) - len(TAGS)
    merges = list(itertools.islice(itertools.product(beginnings, letters), room))
    return [*byte_letters(), *(a + b for a, b in merges), *CONTROL, *TAGS], [f"{a} {b}" for a, b in merges]


class Weights:
    """Random tensors in llama.cpp's layouts, about normal with standard deviation `SPREAD`."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def plain(self, rows: int, columns: int) -> NDArray[np.float32]:
        """Weights that are not quantised."""
        return self._rng.normal(0, SPREAD, (rows, columns)).astype(np.float32)

    def q4_k(self, rows: int, columns: int) -> NDArray[np.uint8]:
        """Blocks of 256 weights in 144 bytes: scale and minimum (halves), 12 bytes of 6-bit factors, 4-bit quants."""
        block = self._rng.integers(0, 256, (rows * columns // 256, 144), dtype=np.uint8)
        scale = SPREAD / 257  # of factor x quant - 7.5 x factor', when both are uniform
        block[:, 0:4] = np.array([scale, 7.5 * scale], dtype="<f2").view(np.uint8)
        return block.reshape(rows, -1)

    def q6_k(self, rows: int, columns: int, spread: float = SPREAD) -> NDArray[np.uint8]:
        """Blocks of 256 weights in 210 bytes: 192 bytes of 6-bit quants, 16 signed factors, a half for the scale."""
        block = self._rng.integers(0, 256, (rows * columns // 256, 210), dtype=np.uint8)
        block[:, 192:208] = self._rng.integers(-32, 33, (len(block), 16), dtype=np.int8).view(np.uint8)
        block[:, 208:210] = np.array([spread / 348], dtype="<f2").view(np.uint8)
        return block.reshape(rows, -1)


def write(path: Path, shape: Shape, context: int = 131_072, *, name: str = "random") -> None:
    """Write a model of `shape` in the layout of Q4_K_M; `path` is overwritten."""
    writer = gguf.GGUFWriter(path, shape.architecture)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    writer.add_context_length(context)
    writer.add_block_count(shape.layers)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_size)
    writer.add_value_length(shape.head_size)
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.used)
        writer.add_expert_feed_forward_length(shape.feed_forward)
    if shape.sliding:
        writer.add_sliding_window(shape.sliding)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    add_tokenizer(writer)
    add_tensors(writer, shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(writer: gguf.GGUFWriter) -> None:
    """R1's special tokens and a template that opens the thought, on top of a made-up vocabulary."""
    tokens, merges = vocabulary()
    plain = len(tokens) - len(CONTROL) - len(TAGS)
    kinds = [gguf.TokenType.NORMAL] * plain
    kinds += [gguf.TokenType.CONTROL] * len(CONTROL) + [gguf.TokenType.USER_DEFINED] * len(TAGS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-r1-qwen")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index(BOS))
    writer.add_eos_token_id(tokens.index(EOS))
    writer.add_add_bos_token(True)
    writer.add_chat_template(TEMPLATE)


def add_tensors(writer: gguf.GGUFWriter, shape: Shape) -> None:
    """All tensors of the model; which of them keep six bits follows llama-quantize's rule for Q4_K_M."""
    weights = Weights()

    def plain(tensor: str, values: Iterable[float]) -> None:
        writer.add_tensor(tensor, np.fromiter(values, dtype=np.float32))

    def quantised(
        tensor: str, rows: int, columns: int, six_bits: bool = False, spread: float = SPREAD, experts: int = 0
    ) -> None:
        count = max(1, experts)
        if six_bits:
            data, kind = weights.q6_k(count * rows, columns, spread), gguf.GGMLQuantizationType.Q6_K
        else:
            data, kind = weights.q4_k(count * rows, columns), gguf.GGMLQuantizationType.Q4_K
        writer.add_tensor(tensor, data.reshape(experts, rows, -1) if experts else data, raw_dtype=kind)

    width, queries, keys = shape.width, shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    quantised("token_embd.weight", VOCABULARY, width)
    quantised("output.weight", VOCABULARY, width, six_bits=True, spread=SHARPNESS * SPREAD * (512 / width) ** 0.5)
    plain("output_norm.weight", [1.0] * width)
    eighth = shape.layers // 8
    for i in range(shape.layers):
        careful = i < eighth or i >= 7 * shape.layers // 8 or (i - eighth) % 3 == 2
        block = f"blk.{i}."
        norms = ["attn_norm", "ffn_norm"]
        norms += ["post_attention_norm", "post_ffw_norm"] if shape.architecture == "gemma3" else []
        for norm in norms:
            plain(f"{block}{norm}.weight", [1.0] * width)
        for part, rows in (("q", queries), ("k", keys), ("v", keys)):
            quantised(f"{block}attn_{part}.weight", rows, width, careful and part == "v")
            if shape.architecture == "qwen2":
                plain(f"{block}attn_{part}.bias", [0.0] * rows)
            elif part != "v" and shape.architecture != "llama":
                plain(f"{block}attn_{part}_norm.weight", [1.0] * shape.head_size)
        quantised(block + "attn_output.weight", width, queries)
        if shape.experts:
            writer.add_tensor(block + "ffn_gate_inp.weight", weights.plain(shape.experts, width))
        for part, rows, columns in (
            ("gate", shape.feed_forward, width),
            ("up", shape.feed_forward, width),
            ("down", width, shape.feed_forward),
        ):
            name = f"{block}ffn_{part}{'_exps' if shape.experts else ''}.weight"
            quantised(name, rows, columns, careful and part == "down", experts=shape.experts)


def main() -> None:
    """Read the command line and write one model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.random_gguf", description="Write a random model.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    parser.add_argument("--context", type=int, default=131_072, help="trained context in tokens")
    args = parser.parse_args()
    write(args.out, SHAPES[args.shape], args.context, name=f"random-{args.shape}")


if __name__ == "__main__":
    main()

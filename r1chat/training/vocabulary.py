"""The tokenizer of a small model: byte-level BPE with single digits, and R1-distill's special tokens and template."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
THINK, CLOSE = "<think>", "</think>"
SPECIAL = (BOS, EOS, USER, ASSISTANT, THINK, CLOSE)  # the last ones of the vocabulary
SIZE = 1536

# llama.cpp's "deepseek-r1-qwen": Qwen's regex, which makes a token of each digit.
_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

TEMPLATE = (
    "{{- bos_token -}}\n"
    "{%- for message in messages if message['role'] == 'system' -%}{{- message['content'] -}}{%- endfor -%}\n"
    "{%- for message in messages -%}\n"
    "  {%- set content = message['content'] -%}\n"
    "  {%- if message['role'] == 'user' -%}\n"
    "    {{- '<｜User｜>' + content -}}\n"
    "  {%- elif message['role'] == 'assistant' -%}\n"
    "    {%- if '</think>' in content -%}{%- set content = content.split('</think>')[-1] -%}{%- endif -%}\n"
    "    {{- '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' -}}\n"
    "  {%- endif -%}\n"
    "{%- endfor -%}\n"
    "{%- if add_generation_prompt -%}{{- '<｜Assistant｜><think>\\n' }}{%- endif -%}"
)


def train_vocabulary(texts: Iterable[str], size: int = SIZE) -> Tokenizer:
    """A tokenizer of at most `size` tokens, learnt from texts without special tokens."""
    tokenizer = _empty(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(SPECIAL),
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def make_vocabulary(tokens: list[str], merges: list[tuple[str, str]]) -> Tokenizer:
    """The tokenizer of a GGUF file's tokens (special ones last) and merges."""
    plain = {token: number for number, token in enumerate(tokens[: -len(SPECIAL)])}
    tokenizer = _empty(models.BPE(vocab=plain, merges=merges))
    tokenizer.add_special_tokens(tokens[-len(SPECIAL) :])
    return tokenizer


def load_vocabulary(file: Path) -> Tokenizer:
    """The tokenizer of a folder that training wrote."""
    return Tokenizer.from_file(str(file))


def _empty(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer

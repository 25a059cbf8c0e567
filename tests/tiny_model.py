"""A tiny random model with R1's tokens, built on the spot: what trainers do to a row shows on it as on a real one.

Two chat templates to choose from: `KEEPS` renders an assistant's message as it is; `DROPS` cuts off its thought, as the
template that R1's distills ship with does. Both end the generation prompt within the thought.
"""

from __future__ import annotations

from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, set_seed

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
THINK, CLOSE = "<think>", "</think>"

_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message.role == 'system' %}{{ message.content }}"
    "{% elif message.role == 'user' %}{{ '<｜User｜>' + message.content }}"
    "{% else %}{{ '<｜Assistant｜>' + CONTENT + eos_token }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\\n' }}{% endif %}"
)
KEEPS = _TEMPLATE.replace("CONTENT", "message.content")
DROPS = _TEMPLATE.replace("CONTENT", "message.content.split('</think>')[-1]")

_SENTENCES = (
    "What is seven times six? Okay, so I need to multiply 7 by 6. Wait, let me check that again: 7 * 6 = 42.",
    "The answer is 42, since six sevens are forty-two. Therefore the final answer is \\boxed{42}.",
    "三加四等于几？好的，我需要把三和四加起来。等等，让我再检查一下：3 + 4 = 7。所以答案是 7。",
)


def save_tiny_model(folder: Path, chat_template: str) -> Path:
    """Save a Qwen2 of 2 layers, 32 wide, with random weights (always the same) and its tokenizer; gives `folder`."""
    tokenizer = _tokenizer(chat_template)
    set_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(chat_template: str) -> PreTrainedTokenizerFast:
    """A byte-level BPE that, like R1's, puts the first token before every text, and pads with the last one."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[BOS, EOS, USER, ASSISTANT],
    )
    tokenizer.train_from_iterator(_SENTENCES, trainer)
    tokenizer.add_tokens([AddedToken(THINK, normalized=False), AddedToken(CLOSE, normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=EOS,
        chat_template=chat_template,
        clean_up_tokenization_spaces=False,
    )

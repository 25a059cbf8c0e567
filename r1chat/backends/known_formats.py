"""Reasoning formats that rendering a template cannot tell: by what its source says, or by a model's name."""

from __future__ import annotations

import re

from r1chat.reasoning_format import R1_FORMAT, ReasoningFormat

R1_FORMAT_NOT_OPENED = ReasoningFormat()
HARMONY = ReasoningFormat(
    open="<|channel|>analysis<|message|>",
    close="<|end|>",
    open_text="<|channel|>analysis<|message|>",
    close_text="<|end|><|start|>assistant<|channel|>final<|message|>",
    answer_open="<|start|>assistant<|channel|>final<|message|>",
    answer_close="<|return|>",
    skip_text="<|channel|>final<|message|>",
    close_ends_turn=True,
    efforts=("low", "medium", "high"),
    effort_variable="reasoning_effort",
    default_effort="medium",
    history_field="thinking",
)
KIMI_K3 = ReasoningFormat(
    open="<|open|>think<|sep|>",
    close="<|close|>think<|sep|>",
    open_text="<|open|>think<|sep|>",
    close_text="<|close|>think<|sep|><|open|>response<|sep|>",
    answer_open="<|open|>response<|sep|>",
    answer_close="<|close|>response<|sep|>",
    opens_in_prompt=True,
    off=(("thinking", False),),
    efforts=("low", "high", "max"),
    effort_variable="thinking_effort",
    default_effort="max",
    history_field="reasoning_content",
    keeps_thoughts=True,
    keep=(),
)
GLIMMER = ReasoningFormat(
    open=" to=self<|message|>",
    close="<|eom|>",
    open_text=" to=self<|message|>",
    close_text="<|eom|><|start|>assistant to=user<|message|>",
    answer_open="<|start|>assistant to=user<|message|>",
    answer_close="<|eot|>",
    skip_text=" to=user<|message|>",
    efforts=("low", "medium", "high"),
    effort_variable="reasoning_strength",
    default_effort="high",
    history_field="reasoning_content",
    keeps_thoughts=True,
    keep=(),
)
GEMMA_4 = ReasoningFormat(
    open="<|channel>thought\n",
    close="<channel|>",
    open_text="<|channel>thought\n",
    close_text="\n<channel|>",
    on=(("enable_thinking", True),),
    off=(),
    on_by_default=False,
    history_field="reasoning_content",
)
APRIEL = ReasoningFormat(
    open="Here are my reasoning steps:",
    close="[BEGIN FINAL RESPONSE]",
    open_text="Here are my reasoning steps:\n",
    close_text="\n[BEGIN FINAL RESPONSE]\n",
    answer_close="[END FINAL RESPONSE]",
    opens_in_prompt=True,
)
_BY_NAME: tuple[tuple[str, ReasoningFormat], ...] = (
    (r"gpt-?oss", HARMONY),
    (r"kimi-?k3", KIMI_K3),
    (r"glimmer", GLIMMER),
    (r"gemma-?4", GEMMA_4),
    (r"apriel", APRIEL),
    (r"magistral|ministral.*reasoning", ReasoningFormat("[THINK]", "[/THINK]", "[THINK]", "[/THINK]")),
    (r"seed-?oss", ReasoningFormat("<seed:think>", "</seed:think>", "<seed:think>", "</seed:think>\n")),
    (r"minimax-?m3", ReasoningFormat("<mm:think>", "</mm:think>", "<mm:think>", "</mm:think>")),
    (r"kimi-?k2-thinking", ReasoningFormat(open_text="<think>", close_text="</think>")),
    (r"(?:^|[^a-z0-9])r1(?:[^a-z0-9]|$)|qwq|qwen-?3(?!.*instruct)|nemotron|smollm3|phi-?4.*reason", R1_FORMAT),
)


def format_by_name(name: str) -> ReasoningFormat | None:
    """The format of a family that a model's name tells, for servers that show no template; None for other names."""
    return next((form for pattern, form in _BY_NAME if re.search(pattern, name, re.IGNORECASE)), None)


def format_by_source(source: str) -> ReasoningFormat | None:
    for signs, form in (
        (("<|channel|>analysis<|message|>",), HARMONY),
        (("<|open|>", "<|close|>", "<|sep|>", "think"), KIMI_K3),
        (("to=self", "<|eom|>"), GLIMMER),
        (("<|turn>", "<|think|>", "enable_thinking"), GEMMA_4),
        (("[BEGIN FINAL RESPONSE]",), APRIEL),
    ):
        if all(sign in source for sign in signs):
            return form
    return None

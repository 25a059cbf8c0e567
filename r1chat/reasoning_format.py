"""How one model marks its thought, switches it on and off, and is told about earlier ones: one frozen value.

`backends.format_finder` finds it in a chat template, `think.Splitter` reads replies by it, and the backends write
prompts by it. Knows no template, server or token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

Variables = tuple[tuple[str, bool | int | str], ...]  # names and values that a chat template is rendered with

OFF = "off"  # of a standing choice of thinking; "" leaves it to the model's default, "on" asks for a thought
ON = "on"

# Where a template reads the thought of an earlier reply: a field of its message, or parts of its content in the form of
# Mistral ("chunks") or Apertus ("blocks").
HistoryField = Literal["", "reasoning_content", "reasoning", "thinking", "chunks", "blocks"]


@dataclass(frozen=True, slots=True)
class ReasoningFormat:
    """The form of a thought. The defaults are those of DeepSeek-R1.

    `open` and `close` are the tags alone; `open_text` and `close_text` are what the template writes before and after a
    thought, with its white space and with the tag that opens the answer. Where a variable changes what the prompt says
    (`on`, `off`, `effort_variable`, `keep`), it is named; None means that the template has no such form.
    """

    open: str = "<think>"
    close: str = "</think>"
    open_text: str = "<think>\n"
    close_text: str = "\n</think>\n\n"
    answer_open: str = ""
    answer_close: str = ""
    skip_text: str | None = None  # what follows the prompt of a reply without a thought; None: an empty thought
    close_ends_turn: bool = False  # the closing tag also ends an answer (gpt-oss, Solar)
    opens_in_prompt: bool = False  # with thinking on, the prompt has opened the thought
    more_tags: tuple[str, ...] = ()  # tags that are dropped wherever they stand

    on: Variables = ()
    off: Variables | None = None
    off_word: str = ""  # with `off`: what the system prompt says to switch it off (`/no_think` of Nemotron Nano 2)
    on_by_default: bool = True
    efforts: tuple[str, ...] = ()
    effort_variable: str = ""
    default_effort: str = ""
    budget_variable: str = ""  # takes a number of tokens (Seed-OSS)

    system_part: str = ""  # the maker's own system prompt, where it alone makes the model think (Magistral)
    history_field: HistoryField = ""
    keeps_thoughts: bool = False  # the template's default for thoughts of earlier turns
    keep: Variables | None = None  # what makes it keep them; (): it does so anyway

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ReasoningFormat:
        """What `dataclasses.asdict` and JSON made of a format."""
        return cls(**{name: _frozen(value) for name, value in values.items()})

    @property
    def choices(self) -> tuple[str, ...]:
        """What a person may choose for thinking, least first: "off" where it can be left out, efforts, else "on"."""
        off = (OFF,) if self.can_skip else ()
        plain = () if self.efforts and self.default_effort else (ON,)
        return (*off, *plain, *self.efforts)

    @property
    def can_skip(self) -> bool:
        """Whether the template has a form of its own for a reply without a thought."""
        return self.off is not None

    def variables(self, thinking: str, budget: int | None = None) -> Variables:
        """What to render the template with for a choice of thinking and a budget of tokens, where it can be told one.

        Without a choice the model thinks.
        """
        if thinking == OFF and self.off is not None:
            return self.off
        if budget is not None and self.budget_variable:
            others = (pair for pair in self.variables(thinking) if pair[0] != self.budget_variable)
            return (*others, (self.budget_variable, budget))
        if thinking in self.efforts and self.effort_variable:
            # `low_effort` of Nemotron 3 Super is true or false
            value = thinking if self.effort_variable != f"{thinking}_effort" else True
            return (*(pair for pair in self.on if pair[0] != self.effort_variable), (self.effort_variable, value))
        return self.on


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def is_plain(tag: str) -> bool:
    """Whether a tag reads like markup that prose may quote: `<think>`, `[/THINK]`."""
    return re.fullmatch(r"[<\[]/?\w+[>\]]", tag) is not None


# What opens and closes a thought in the families that are documented; see docs/formats.md.
COMMON_PAIRS = (
    (
        "<think>",
        "</think>",
    ),  # DeepSeek, Qwen, GLM, Kimi K2, MiniMax M1 and M2, Nemotron, SmolLM3, Phi, Granite, Ling, Hunyuan …
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),  # EXAONE Deep
    ("<thoughts>", "</thoughts>"),
    ("<reason>", "</reason>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),  # Magistral, Ministral
    ("◁think▷", "◁/think▷"),  # Kimi VL
    ("<seed:think>", "</seed:think>"),
    ("<mm:think>", "</mm:think>"),  # MiniMax M3
    ("<think:opensource>", "</think:opensource>"),  # Hy3
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # OpenThinker, Sky-T1
    ("<|begin_of_thinking|>", "<|end_of_thinking|>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Cohere
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    ("<|channel>thought\n", "<channel|>"),  # Gemma 4
    ("<|open|>think<|sep|>", "<|close|>think<|sep|>"),  # Kimi K3
)

R1_FORMAT = ReasoningFormat(opens_in_prompt=True)

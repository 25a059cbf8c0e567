"""How one model marks its thought, switches it on and off, and is told about earlier ones: one frozen value.

`backends.format_finder` finds it in a chat template, `think.Splitter` reads replies by it, and the backends write
prompts by it. Knows no template, server or token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Variables = tuple[tuple[str, bool | int | str], ...]  # names and values that a chat template is rendered with

OFF = "off"  # of a standing choice of thinking; "" leaves it to the model's default, "on" asks for a thought
ON = "on"

HistoryField = Literal["", "reasoning_content", "reasoning", "thinking", "blocks"]


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
    close_ends_turn: bool = False  # the closing tag also ends an answer (gpt-oss, Solar)
    opens_in_prompt: bool = False  # with thinking on, the prompt has opened the thought
    more_tags: tuple[str, ...] = ()  # tags that are dropped wherever they stand

    on: Variables = ()
    off: Variables | None = None
    on_by_default: bool = True
    efforts: tuple[str, ...] = ()
    effort_variable: str = ""
    default_effort: str = ""
    budget_variable: str = ""  # takes a number of tokens (Seed-OSS)

    history_field: HistoryField = ""
    keeps_thoughts: bool = False  # the template's default for thoughts of earlier turns
    keep: Variables | None = None  # what makes it keep them; (): it does so anyway

    @property
    def choices(self) -> tuple[str, ...]:
        """What a person may choose for thinking, least first: "off" where it can be left out, efforts, else "on"."""
        off = (OFF,) if self.can_skip else ()
        return (*off, *(self.efforts or (ON,)))

    @property
    def can_skip(self) -> bool:
        """Whether a thought can be left out: by the template's own form, or by an empty one."""
        return self.off is not None or not self.close_ends_turn

    def variables(self, thinking: str) -> Variables:
        """What to render the template with for a choice of thinking. Without a choice the model thinks."""
        if thinking == OFF and self.off is not None:
            return self.off
        if thinking in self.efforts and self.effort_variable:
            return (*(pair for pair in self.on if pair[0] != self.effort_variable), (self.effort_variable, thinking))
        return self.on


R1_FORMAT = ReasoningFormat(opens_in_prompt=True)

"""The marks that part a reply: which texts open and close a thought or an answer, and how they are found in a stream.

`Marks.of(format)` knows what one template writes. `COMMON` knows the forms of all families that are documented, for
servers that say nothing of their template. Pure tables and one regular expression; no state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property, lru_cache

from r1chat.reasoning_format import COMMON_PAIRS, R1_FORMAT, ReasoningFormat, is_plain

OPEN, CLOSE = R1_FORMAT.open, R1_FORMAT.close
END_TOKENS = (
    "<｜end▁of▁sentence｜>",
    "<｜EOT｜>",
    "<|endoftext|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|end_of_text|>",
)
START_TOKENS = ("<｜User｜>", "<|im_start|>")
SPECIAL_TOKENS = ("<｜begin▁of▁sentence｜>", "<｜Assistant｜>", *START_TOKENS, *END_TOKENS)

# A control token that the model wrote as one token, as the backend passes it on: no letters can pass for it.
TOKEN_BEGINS, TOKEN_ENDS = "\ue100", "\ue101"
_TOKEN = re.compile(f"{TOKEN_BEGINS}[^{TOKEN_BEGINS}{TOKEN_ENDS}]*{TOKEN_ENDS}")


class MarkRole(Enum):
    """What a mark does."""

    OPEN = auto()  # a thought begins
    CLOSE = auto()  # the thought ends
    STOP = auto()  # ends whatever is going on: a thought, or the answer
    ANSWER = auto()  # the answer begins
    WRAP = auto()  # the answer begins, if a thought went before; else it is text
    UNWRAP = auto()  # the end of such an answer
    EDGE = auto()  # a template's token: dropped at the edges of a thought or an answer, elsewhere text
    DROP = auto()  # dropped anywhere


@dataclass(frozen=True, slots=True)
class Mark:
    """A text with a role. `pair` joins what opens and what closes; `plain`: prose may quote it, as it may `<think>`.

    `loose`: in any case of letters, and an XML tag may have attributes. `at_line`: only where it begins a line.
    """

    text: str
    role: MarkRole
    pair: int = 0
    plain: bool = False
    loose: bool = False
    at_line: bool = False

    @property
    def pattern(self) -> str:
        pattern = re.escape(self.text)
        if self.loose and self.role is MarkRole.OPEN and re.fullmatch(r"<\w+>", self.text):
            pattern = pattern.removesuffix(">") + r"(?:\s[^<>\n]{0,60})?>"
        return pattern


@dataclass(frozen=True)
class Marks:
    """A set of marks, compiled."""

    marks: tuple[Mark, ...]
    control: bool = False  # control tokens come as tokens, and all of them are dropped
    by_text: dict[str, Mark] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_text", {_key(mark.text): mark for mark in reversed(self.marks)})

    @staticmethod
    @lru_cache(maxsize=64)
    def of(form: ReasoningFormat | None, tokens: tuple[str, ...] | None = None) -> Marks:
        """The marks of one format; of all common ones for None. `tokens`: texts that are tokens of the vocabulary.

        With `tokens`, even if there are none, control tokens come as tokens; None: all comes as letters.
        """
        marks = COMMON if form is None else _marks_of(form)
        if tokens:
            token_pattern = re.compile("|".join(map(re.escape, sorted(tokens, key=len, reverse=True))))
            marks = tuple(
                Mark(
                    token_pattern.sub(lambda token: f"{TOKEN_BEGINS}{token[0]}{TOKEN_ENDS}", mark.text),
                    mark.role,
                    mark.pair,
                    mark.plain,
                    mark.loose and not token_pattern.search(mark.text),
                    mark.at_line,
                )
                for mark in marks
            )
        return Marks(marks, control=tokens is not None)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """One expression for all of them, the longest first."""
        patterns = [mark.pattern for mark in sorted(self.marks, key=lambda mark: -len(mark.text))]
        if self.control:
            patterns.append(_TOKEN.pattern)
        return re.compile("|".join(patterns), re.ASCII | re.IGNORECASE)

    @cached_property
    def longest(self) -> int:
        """Characters that must be looked back at for the beginning of a mark."""
        return max(len(mark.text) for mark in self.marks) + 64

    @cached_property
    def _prefixes(self) -> frozenset[str]:
        return frozenset(_key(mark.text)[:size] for mark in self.marks for size in range(1, len(mark.text)))

    @cached_property
    def candidate(self) -> re.Pattern[str]:
        """Where a mark may begin. Those that begin with a letter or a space do so only at the head of a line."""
        heads = {head for mark in self.marks for head in (mark.text[0], mark.text[0].swapcase())} | {TOKEN_BEGINS}
        anywhere = "".join(sorted(head for head in heads if not (head.isalnum() or head.isspace())))
        at_line = "".join(sorted(head for head in heads if head.isalnum() or head.isspace()))
        pattern = f"[{re.escape(anywhere)}]"
        return re.compile(rf"{pattern}|(?:\A|(?<=\n))[{re.escape(at_line)}]" if at_line else pattern)

    def begins_at(self, text: str) -> int:
        """Where, at the end of a text, a mark may have begun that is not whole yet; its length where none has."""
        for start in self.candidate.finditer(text, max(0, len(text) - self.longest)):
            rest = _key(text[start.start() :])
            if rest in self._prefixes or _ATTRIBUTES.fullmatch(rest) or _PART_OF_TOKEN.fullmatch(rest):
                return start.start()
        return len(text)

    def named(self, text: str) -> Mark:
        """The mark that a match of `pattern` stands for."""
        key = _key(text)
        if mark := self.by_text.get(key):
            return mark
        if text.startswith(TOKEN_BEGINS):
            return Mark(text, MarkRole.DROP)
        return self.by_text[re.sub(r"\s.*", ">", key, flags=re.DOTALL)]


def _key(text: str) -> str:
    return text.lower()


_ATTRIBUTES = re.compile(r"<\w+\s[^<>\n]{0,60}")
_PART_OF_TOKEN = re.compile(f"{TOKEN_BEGINS}[^{TOKEN_ENDS}]*")


# --- the table -------------------------------------------------------------------------------------------------------

_STOPPED = (  # the same token ends a thought and an answer
    ("<|channel|>analysis<|message|>", "<|end|>"),  # gpt-oss
    ("<|think|>", "<|end|>"),  # Solar
    (" to=self<|message|>", "<|eom|>"),  # Muse Glimmer
    ("<|start|>assistant to=self<|message|>", "<|eom|>"),
)
_ANSWERS = (  # opens and closes an answer
    ("<|START_TEXT|>", "<|END_TEXT|>"),
    ("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ("<|open|>response<|sep|>", "<|close|>response<|sep|>"),
    ("<|channel|>final<|message|>", "<|return|>"),
    ("<|channel|>commentary<|message|>", "<|call|>"),
    ("<|begin|>assistant<|content|>", "<|end|>"),
    ("<|start|>assistant to=user<|message|>", "<|eot|>"),
    (" to=user<|message|>", "<|eot|>"),
)
_WRAPS = (("<answer>", "</answer>"), ("<response>", "</response>"), ("<solution>", "</solution>"))
_DROPPED = ("<seed:cot_budget_reflect>", "</seed:cot_budget_reflect>")
_EDGES = (
    "<|start|>assistant",
    "<|begin|>assistant",
    "<|end_of_msg|>",
    "<|close|>message<|sep|>",
    "<|eom|>",
    "<|end|>",
    "<|eot|>",
    "<|return|>",
    "<|call|>",
    "<|END_OF_TURN_TOKEN|>",
    "<turn|>",
)


def _wrappers() -> Iterable[Mark]:
    for opener, closer in _WRAPS:
        yield Mark(opener, MarkRole.WRAP, plain=True, loose=True)
        yield Mark(closer, MarkRole.UNWRAP, plain=True, loose=True)


def _common() -> Iterable[Mark]:
    for pair, (opener, closer) in enumerate(COMMON_PAIRS, 1):
        yield Mark(opener, MarkRole.OPEN, pair, is_plain(opener), loose=True)
        yield Mark(closer, MarkRole.CLOSE, pair, is_plain(closer), loose=True)
    for pair, (opener, closer) in enumerate(_STOPPED, 101):
        yield Mark(opener, MarkRole.OPEN, pair, at_line=opener.startswith(" "))
        yield Mark(closer, MarkRole.STOP)
    for opener, closer in _ANSWERS:
        yield Mark(opener, MarkRole.ANSWER, at_line=opener.startswith(" "))
        yield Mark(closer, MarkRole.STOP)
    yield from _wrappers()
    for text in _DROPPED:
        yield Mark(text, MarkRole.DROP)
    for who in ("Here is", "Here's"):  # Granite 3.2 says it in prose
        yield Mark(f"{who} my thought process:", MarkRole.OPEN, 201, plain=True, at_line=True)
        yield Mark(f"{who} my response:", MarkRole.CLOSE, 201, plain=True, at_line=True)
    yield Mark("[BEGIN FINAL RESPONSE]", MarkRole.CLOSE, 202, at_line=True)  # Apriel
    yield Mark("[END FINAL RESPONSE]", MarkRole.UNWRAP)
    yield from _edges()


def _edges() -> Iterable[Mark]:
    for text in SPECIAL_TOKENS:
        yield Mark(text, MarkRole.EDGE)
    for text in _EDGES:
        yield Mark(text, MarkRole.EDGE)


def _marks_of(form: ReasoningFormat) -> tuple[Mark, ...]:
    marks = [
        Mark(form.open, MarkRole.OPEN, 1, is_plain(form.open), loose=True),
        Mark(
            form.close, MarkRole.STOP if form.close_ends_turn else MarkRole.CLOSE, 1, is_plain(form.close), loose=True
        ),
    ]
    if form.answer_open:
        marks.append(Mark(form.answer_open, MarkRole.ANSWER, plain=is_plain(form.answer_open)))
        tags = re.findall(r"<[^<>]+>", form.answer_open)
        if form.off is not None and len(tags) > 1:  # a prompt without a thought opens the turn, the model the answer
            marks.append(Mark(tags[-1], MarkRole.ANSWER))
    if form.answer_close and form.answer_close != form.close:
        marks.append(Mark(form.answer_close, MarkRole.UNWRAP, plain=is_plain(form.answer_close)))
    marks += [Mark(tag, MarkRole.DROP) for tag in form.more_tags]
    if form.open.startswith("<|channel|>"):
        marks += [Mark(opener, MarkRole.ANSWER) for opener, _ in _ANSWERS if opener.startswith("<|channel|>")]
    return (*marks, *_wrappers(), *_edges())


COMMON = tuple(_common())

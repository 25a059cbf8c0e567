"""From messages to a prompt, by the Jinja template that a GGUF brings along. Knows templates, not tokens or models.

A prompt is made of pieces that remember who wrote them: the template, whose special tokens are meant, or a person or
model, whose text must stay text even where it reads `<｜User｜>`. To tell them apart the template is rendered twice,
once with the messages and once with marks in their place. Where filling the marks gives the first text, the marks say
what came from where; a template that rewrites its messages gives one piece, all of it taken for the template's.

How a template marks, switches and keeps thoughts is found by `format_finder`; it is rendered by `template_process`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from r1chat.backends.format_finder import assistant, find_format, in_parts
from r1chat.backends.prompt import (
    CLOSE,
    OPEN,
    continuation,
    opens_thought,
    rest_of_opening,
    thought_in_history,
    unused_sign,
    up_to_next_user_message,
    with_next_user_message,
    with_off_word,
    without_empty_thought,
)
from r1chat.backends.template_process import TEMPLATES
from r1chat.messages import Message, ReplySoFar
from r1chat.reasoning_format import OFF, R1_FORMAT, Variables

R1_BOS, R1_EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
R1_USER, R1_ASSISTANT = "<｜User｜>", "<｜Assistant｜>"

# For files without a template: R1's form where the vocabulary has its tokens, else the one that most models know.
R1_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    f"{{% if m.role == 'user' %}}{R1_USER}{{{{ m.content }}}}"
    f"{{% elif m.role == 'assistant' %}}{R1_ASSISTANT}{{{{ m.content }}}}{{{{ eos_token }}}}"
    "{% else %}{{ m.content }}{% endif %}"
    f"{{% endfor %}}{{% if add_generation_prompt %}}{R1_ASSISTANT}{R1_FORMAT.open_text}{{% endif %}}"
)
CHATML_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def r1_prompt(messages: Iterable[Message]) -> str:
    """What R1_TEMPLATE makes of messages of users and assistants, without Jinja: a tenth of a large export's time."""
    turns = (
        f"{R1_USER}{message.content}" if message.role == "user" else f"{R1_ASSISTANT}{message.content}{R1_EOS}"
        for message in messages
    )
    return f"{''.join(turns)}{R1_ASSISTANT}{R1_FORMAT.open_text}"


_TIDIES: tuple[Callable[[str], str], ...] = (str, str.strip, lambda text: text.strip("\n"), str.rstrip, str.lstrip)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prompt. `markup`: the template wrote it, and its special tokens are meant."""

    text: str
    markup: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads: the conversation up to where the reply begins, and the reply so far.

    `opens`: the reply is a fresh one, and the prompt has opened its thought.
    """

    head: tuple[Piece, ...]
    tail: tuple[Piece, ...] = ()
    opens: bool = False


class ChatTemplate:
    """A model's template. `bos` and `eos` are the texts of those tokens, "" where the model has none.

    `knows_think`: `<think>` is one token of its vocabulary. Models that write DeepSeek's `<｜Assistant｜>` and know
    that token are made to think even where their template leaves it to them, as DeepSeek advises.

    `form` is its reasoning format, None where it has none or where `problem` says why it cannot be told.
    Raises ModelFileError for a template that is not valid Jinja, or one that does not end.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "", *, knows_think: bool = False) -> None:
        self._source = source
        self._sign = unused_sign([source])  # on both sides of a mark
        self._names: dict[str, Any] = {"bos_token": bos, "eos_token": eos, "tools": None, "add_generation_prompt": True}
        TEMPLATES.vocabulary(source)
        finding = find_format(source, bos, eos)
        self.problem = finding.problem
        self._wants_parts = finding.wants_parts
        mentions = f"{OPEN[1:]}" in source
        self.form = finding.form or (R1_FORMAT if mentions and finding.problem is None else None)
        self._forced = mentions and knows_think and R1_ASSISTANT in source

    def prompt(
        self,
        messages: Sequence[Message],
        so_far: ReplySoFar | None = None,
        thinking: str = "",
        budget: int | None = None,
        now: datetime | None = None,
    ) -> Prompt:
        """The prompt of a reply to `messages`, for a choice of thinking ("": the model's own way, with a thought).

        `budget`: thinking tokens; told to the model where its template has a place for it. `now`: the local time that a
        template is told which asks for the date; None: the true one.

        Raises UnsupportedError where the template refuses them.
        """
        so_far = so_far or ReplySoFar()
        if so_far.answer and not so_far.closed and not so_far.later:
            so_far = replace(so_far, closed=True)
        form, skips = self.form, thinking == OFF or (so_far.closed and not so_far.reasoning.strip())
        if form is not None and skips and form.off is not None and not so_far.reasoning.strip():
            head = self._pieces(messages, form.off, form.off_word, now)
            if not so_far.answer:
                return Prompt(head)
            opening = rest_of_opening("".join(piece.text for piece in head), form)
            return Prompt(head, _joined((Piece(opening, True), Piece(so_far.answer, False))))
        if thinking == OFF and so_far == ReplySoFar():
            so_far = ReplySoFar(closed=True)
        head = self._pieces(messages, form.variables(thinking, budget) if form else (), now=now)
        text = "".join(piece.text for piece in head)
        if opening := self._opening(text):
            head, text = (*head, Piece(opening, True)), text + opening
        if not (so_far.closed or so_far.reasoning):
            return Prompt(head, opens=form is not None and opens_thought(text, form))
        tail = (Piece(part, is_tag) for part, is_tag in continuation(text, so_far, form))
        return Prompt(head, _joined(tail))

    def text(self, messages: Sequence[Message]) -> str:
        """The prompt of a fresh reply, as one text. Raises what `prompt` raises."""
        text = "".join(piece.text for piece in self._pieces(messages, self.form.on if self.form else ()))
        return text + self._opening(text)

    def before_next_message(self, messages: Sequence[Message]) -> Prompt:
        """All that is certain of the next turn's prompt before the person has written it."""
        pieces = self._pieces(with_next_user_message(messages), self.form.on if self.form else ())
        text = up_to_next_user_message("".join(piece.text for piece in pieces))
        head: list[Piece] = []
        for piece in pieces:
            head.append(replace(piece, text=text[: len(piece.text)]))
            text = text[len(piece.text) :]
        return Prompt(tuple(piece for piece in head if piece.text))

    def _opening(self, text: str) -> str:
        """What makes the model think where its template leaves that to it."""
        return f"{OPEN}\n" if self._forced and not text.rstrip().endswith((OPEN, CLOSE)) else ""

    # -- rendering ----------------------------------------------------------------------------------------------------

    def _pieces(
        self, messages: Sequence[Message], variables: Variables, word: str = "", now: datetime | None = None
    ) -> tuple[Piece, ...]:
        """The rendered messages. Thoughts stand where the template puts them, else as the model wrote them.

        `word`: what the template looks for in the system prompt, and leaves out of it.
        """
        keeps = any(message.reasoning for message in messages)
        native = keeps and self.form is not None and self.form.keep is not None
        if native and self.form is not None and self.form.keep:
            variables = (*variables, *self.form.keep)
        plain, marked = self._rendered(messages, native, variables, word, now)
        parts = re.split(f"{self._sign}([0-9]+[ct]){self._sign}", marked)  # template, mark, template, mark, … template
        for tidy_content in _TIDIES[:2]:
            for tidy_thought in _TIDIES if native else _TIDIES[:1]:
                texts = {f"{i}c": tidy_content(message.content) for i, message in enumerate(messages)}
                texts |= {f"{i}t": tidy_thought(message.reasoning) for i, message in enumerate(messages)}
                if _filled(parts, texts) == plain:
                    return self._told_apart(parts, texts, messages, native)
        return (Piece(plain, True),)

    def _rendered(
        self, messages: Sequence[Message], native: bool, variables: Variables, word: str, now: datetime | None
    ) -> tuple[str, str]:
        """The prompt, and the prompt with marks in place of what persons and models wrote."""
        field = self.form.history_field if native and self.form is not None else ""
        sign = self._sign
        marks = [
            replace(message, content=f"{sign}{i}c{sign}", reasoning=f"{sign}{i}t{sign}" if message.reasoning else "")
            for i, message in enumerate(messages)
        ]
        renders = []
        for these in (messages, marks):
            template_messages = [
                assistant(message.content, message.reasoning, field)
                if message.role == "assistant"
                else {"role": message.role, "content": message.content}
                for message in with_off_word(these, word)
            ]
            template_messages = (
                [in_parts(message) for message in template_messages] if self._wants_parts else template_messages
            )
            renders.append(self._names | dict(variables) | {"messages": template_messages})
        plain, marked = TEMPLATES.render(self._source, renders, now)
        return plain, marked

    def _told_apart(
        self, parts: Sequence[str], texts: dict[str, str], messages: Sequence[Message], native: bool
    ) -> tuple[Piece, ...]:
        pieces: list[Piece] = []
        for i in range(0, len(parts), 2):
            pieces.append(Piece(parts[i], True))
            if i + 1 >= len(parts):
                break
            mark = parts[i + 1]
            message, text = messages[int(mark[:-1])], texts[mark]
            if mark.endswith("c") and message.reasoning and not native:
                form = self.form or R1_FORMAT
                pieces[-1] = Piece(without_empty_thought(parts[i], form), True)
                pieces += [Piece(*part) for part in thought_in_history(replace(message, content=text), form)]
            else:
                pieces.append(Piece(text, False))
        return _joined(pieces)


def _filled(parts: Sequence[str], texts: dict[str, str]) -> str | None:
    """The text with the marks replaced; None where the template made one itself."""
    if not texts.keys() >= set(parts[1::2]):
        return None
    return "".join(texts[part] if i % 2 else part for i, part in enumerate(parts))


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The pieces without empty ones, neighbours of a kind in one."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].markup == piece.markup and not piece.markup:
            joined[-1] = Piece(joined[-1].text + piece.text, piece.markup)
        elif piece.text:
            joined.append(piece)
    return tuple(joined)

"""From messages to a prompt, by the Jinja template that a GGUF brings along. Knows templates, not tokens or models.

A prompt is made of pieces that remember who wrote them: the template, whose special tokens are meant, or a person or
model, whose text must stay text even where it reads `<｜User｜>`. To tell them apart the template is rendered twice,
once with the messages and once with marks in their place. Where filling the marks gives the first text, the marks say
what came from where; a template that rewrites its messages gives one piece, all of it taken for the template's.

A template comes from a download, so it runs in Jinja's sandbox, set up as the transformers library does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from r1chat.backends.prompt import (
    CLOSE,
    OPEN,
    continued,
    opens_thought,
    up_to_next_user_message,
    with_next_user_message,
)
from r1chat.errors import ModelFileError, UnsupportedError
from r1chat.messages import Message, ReplySoFar

_ASSISTANT = "<｜Assistant｜>"

# For files without a template: R1's form where the vocabulary has its tokens, else the one that most models know.
R1_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'user' %}<｜User｜>{{ m.content }}"
    "{% elif m.role == 'assistant' %}<｜Assistant｜>{{ m.content }}{{ eos_token }}"
    "{% else %}{{ m.content }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<｜Assistant｜><think>\n{% endif %}"
)
CHATML_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_MARK = re.compile("\ue000([0-9]+)\ue001")  # code points for private use: in no template, and in no sane message


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
    """A model's template, compiled. `bos` and `eos` are the texts of those tokens, "" where the model has none.

    `knows_think`: `<think>` is one token of its vocabulary. Models that write DeepSeek's `<｜Assistant｜>` and know
    that token are made to think even where their template leaves it to them, as DeepSeek advises.

    Raises ModelFileError for a template that is not valid Jinja.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "", *, knows_think: bool = False) -> None:
        self._thinks = "think>" in source
        self._forced = self._thinks and knows_think and _ASSISTANT in source
        self._names: dict[str, Any] = {"bos_token": bos, "eos_token": eos}
        if OPEN in source:
            self._names |= {"enable_thinking": True, "thinking": True}  # how hybrid models call the switch
        try:
            self._template = _environment().from_string(source)
        except TemplateSyntaxError as error:
            raise ModelFileError(
                f"The chat template of this model is broken (line {error.lineno}: {error.message}). "
                "Download another conversion of the model."
            ) from error

    def prompt(self, messages: Sequence[Message], so_far: ReplySoFar | None = None) -> Prompt:
        """The prompt of a reply to `messages`. Raises UnsupportedError where the template refuses them."""
        head = self._pieces(messages)
        text = "".join(piece.text for piece in head)
        if opening := self._opening(text):
            head, text = (*head, Piece(opening, True)), text + opening
        so_far = so_far or ReplySoFar()
        if so_far.answer and not so_far.closed:
            so_far = replace(so_far, closed=True)
        if not (so_far.closed or so_far.reasoning):
            return Prompt(head, opens=opens_thought(text))
        return Prompt(head, tuple(_with_tags(continued(text, so_far, self._thinks)[len(text) :])))

    def text(self, messages: Sequence[Message]) -> str:
        """The prompt of a fresh reply, as one text. Raises what `prompt` raises."""
        if any(message.reasoning for message in messages):
            text = "".join(piece.text for piece in self._pieces(messages))
        else:
            text = self._render(messages)
        return text + self._opening(text)

    def before_next_message(self, messages: Sequence[Message]) -> Prompt:
        """All that is certain of the next turn's prompt before the person has written it."""
        pieces = self._pieces(with_next_user_message(messages))
        text = up_to_next_user_message("".join(piece.text for piece in pieces))
        head: list[Piece] = []
        for piece in pieces:
            head.append(replace(piece, text=text[: len(piece.text)]))
            text = text[len(piece.text) :]
        return Prompt(tuple(piece for piece in head if piece.text))

    def _opening(self, text: str) -> str:
        """What makes the model think where its template leaves that to it."""
        return f"{OPEN}\n" if self._forced and not text.rstrip().endswith((OPEN, CLOSE)) else ""

    def _pieces(self, messages: Sequence[Message]) -> tuple[Piece, ...]:
        marked = self._render([replace(m, content=f"\ue000{i}\ue001") for i, m in enumerate(messages)])
        plain = self._render(messages)
        parts = _MARK.split(marked)  # template, number, template, number, … template
        for tidy in (str, str.strip):
            texts = [tidy(message.content) for message in messages]
            if _filled(parts, texts) == plain:
                pieces: list[Piece] = []
                for i, part in enumerate(parts):
                    pieces += _said(messages[int(part)], tidy) if i % 2 else [Piece(part, True)]
                return tuple(piece for piece in pieces if piece.text)
        return (Piece(plain, True),)

    def _render(self, messages: Sequence[Message]) -> str:
        said = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return self._template.render(messages=said, tools=None, add_generation_prompt=True, **self._names)
        except TemplateError as error:
            raise UnsupportedError(
                f"This model's chat template refuses the conversation: {error.message or type(error).__name__}. "
                "Remove the system prompt, start a new conversation, or choose another model."
            ) from error
        except Exception as error:  # a template is a program from a download: it can fail in any way
            raise ModelFileError(
                f"The chat template of this model is broken ({type(error).__name__}: {error}). "
                "Download another conversion of the model."
            ) from error


def _filled(parts: Sequence[str], texts: Sequence[str]) -> str:
    return "".join(texts[int(part)] if i % 2 else part for i, part in enumerate(parts))


def _said(message: Message, tidy: Callable[[str], str]) -> list[Piece]:
    """A message's own text; where the history keeps a thought, as the model wrote it (templates would drop it)."""
    content = tidy(message.content)
    if not message.reasoning:
        return [Piece(content, False)]
    return _with_tags(f"{OPEN}\n{message.reasoning}\n{CLOSE}\n\n{content}")


def _with_tags(text: str) -> list[Piece]:
    """Text of the model's, in which the tags of a thought are meant."""
    return [Piece(part, part in (OPEN, CLOSE)) for part in re.split(f"({OPEN}|{CLOSE})", text) if part]


class _Generation(Extension):
    """`{% generation %}` marks, for trainers, what the model says; for us its content is just text."""

    tags = {"generation"}  # noqa: RUF012 - as the base class has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> ImmutableSandboxedEnvironment:
    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    def to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)

    def now(form: str) -> str:
        return datetime.now().strftime(form)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
    )
    environment.filters["tojson"] = to_json
    environment.globals.update(raise_exception=refuse, strftime_now=now)
    return environment

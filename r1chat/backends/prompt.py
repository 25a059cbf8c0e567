"""A rendered prompt with the reply so far behind it: how a reply is continued as text. Knows no server."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from r1chat.messages import Message, ReplySoFar, segments
from r1chat.reasoning_format import COMMON_PAIRS, R1_FORMAT, ReasoningFormat

OPEN, CLOSE = R1_FORMAT.open, R1_FORMAT.close
_NEXT_USER_MESSAGE = "\u2063"  # invisible: its last place is where the next message will begin
_SIGNS = (0x2060, *range(0xE000, 0xF900), *range(0xF0000, 0x110000))  # invisible, or for private use

_TOKEN = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")

_Part = tuple[str, bool]  # a text, and whether it is a tag of the format's


def opens_thought(prompt: str, form: ReasoningFormat = R1_FORMAT) -> bool:
    """Whether the template has already opened the thought, so that the model only closes it."""
    return prompt.rstrip().endswith(form.open.rstrip()) or (not form.open_text and form.opens_in_prompt)


def continued(prompt: str, so_far: ReplySoFar, form: ReasoningFormat | None) -> str:
    """`prompt` plus `so_far`, as the model itself would have written it, open where it stands.

    The template's white space around the tags is put in here, once. `form` None: a model without thoughts.
    """
    return prompt + "".join(text for text, _ in continuation(prompt, so_far, form))


def continuation(prompt: str, so_far: ReplySoFar, form: ReasoningFormat | None) -> list[_Part]:
    """What `continued` adds to the prompt, in parts."""
    if not so_far.closed and not so_far.reasoning:
        return [(so_far.answer, False)]  # no tag so far: as it was written
    if form is None:
        if not so_far.reasoning:
            return [(so_far.answer, False)]
        form = R1_FORMAT
    opened = opens_thought(prompt, form)
    if so_far.closed and not so_far.reasoning.strip() and form.skip_text is not None and not opened:
        return [*_tagged(form.skip_text), (so_far.answer, False)]
    parts = [] if opened else _tagged(form.open_text)
    if opened and prompt.rstrip() == prompt:  # the model begins with the white space that the prompt left out
        parts = [(form.open_text[len(form.open_text.rstrip()) :], False)] if form.open_text.strip() else []
    if so_far.later:
        return _continuation_again(so_far, form, opened, parts)
    if not so_far.closed:
        return [*parts, (so_far.reasoning, False)]
    return [*parts, (so_far.reasoning.rstrip(), False), *_tagged(form.close_text), (so_far.answer, False)]


def _continuation_again(so_far: ReplySoFar, form: ReasoningFormat, opened: bool, parts: list[_Part]) -> list[_Part]:
    """Like `continuation`, of a reply that thought again within its answer: each thought where it stands."""
    *earlier, last = segments(so_far.reasoning, so_far.answer, so_far.later)
    if not (opened or earlier[0][0]):  # the reply began with its answer
        parts = []
    for i, (thought, answer) in enumerate(earlier):
        if thought or opened or i:
            parts += [(thought, False), *_tagged(form.close_text)]
        parts += [(f"{answer.rstrip()}\n\n", False), *_tagged(form.open_text.lstrip("\n"))]
    thought, answer = last
    if not so_far.closed:
        return [*parts, (thought, False)]
    return [*parts, (thought.rstrip(), False), *_tagged(form.close_text), (answer, False)]


def thought_in_history(message: Message, form: ReasoningFormat) -> list[_Part]:
    """A message with its thought as the model wrote it, for templates that would drop the thought."""
    return [
        *_tagged(form.open_text),
        (message.reasoning, False),
        *_tagged(form.close_text),
        (message.content, False),
    ]


def unused_sign(texts: Iterable[str]) -> str:
    """A character that occurs in none of the texts: a mark that is made with it is no part of any of them.

    Texts that hold all such characters get a sign that nobody foresees.
    """
    used = set(chain.from_iterable(texts))
    return next((chr(code) for code in _SIGNS if chr(code) not in used), secrets.token_hex(16))


class ThoughtsInHistory:
    """Puts the thoughts of earlier replies into a prompt that somebody else's template renders.

    Render `messages`, then give the prompt to `filled`: templates would drop the thoughts, so marks stand for them.
    """

    def __init__(self, messages: Sequence[Message], form: ReasoningFormat) -> None:
        self._given = messages
        self._form = form
        self._sign = unused_sign(text for message in messages for text in (message.content, message.reasoning))
        self.messages = tuple(
            replace(message, content=self._mark(i), reasoning="") if message.reasoning else message
            for i, message in enumerate(messages)
        )

    def filled(self, prompt: str) -> str:
        """The prompt with the thoughts and answers in place of the marks."""
        for i, message in enumerate(self._given):
            if message.reasoning:
                before, _, after = prompt.partition(self._mark(i))
                reply = "".join(text for text, _ in thought_in_history(message, self._form))
                prompt = without_empty_thought(before, self._form) + reply + after
        return prompt

    def _mark(self, place: int) -> str:
        return f"{self._sign}{place}{self._sign}"


def without_empty_thought(text: str, form: ReasoningFormat) -> str:
    """What a template wrote before an answer, without the empty thought that it puts in place of a dropped one."""
    opener, closer = form.open.strip(), form.close.strip()
    rest = text.rstrip()
    return rest.removesuffix(closer).rstrip().removesuffix(opener).rstrip() if rest.endswith(closer) else text


def with_off_word(messages: Sequence[Message], word: str) -> tuple[Message, ...]:
    """The messages with a format's `off_word` in their system prompt, or as one of its own."""
    if not word:
        return tuple(messages)
    if messages and messages[0].role == "system":
        first = messages[0]
        return (replace(first, content=f"{first.content}\n{word}"), *messages[1:])
    return (Message("system", word), *messages)


def rest_of_opening(prompt: str, form: ReasoningFormat) -> str:
    """What opens the answer behind a prompt without a thought, where the template leaves that to the model (Solar)."""
    if not form.answer_open or prompt.rstrip().endswith(form.answer_open):
        return ""
    closing = form.close_text.strip()
    at = next((at for at in range(len(closing), 0, -1) if prompt.rstrip().endswith(closing[:at])), 0)
    return closing[at:] if at >= len(form.close.strip()) else ""


def control_texts(form: ReasoningFormat | None) -> list[str]:
    """The texts in a format's tags that may be tokens of their own; of all common tags where no format is known."""
    if form is None:
        tags = [tag for pair in COMMON_PAIRS for tag in pair]
    else:
        tags = [form.open, form.close, form.open_text, form.close_text, form.answer_close, *form.more_tags]
    return sorted({part for tag in tags for part in (tag.strip(), *_TOKEN.findall(tag)) if part})


def _tagged(text: str) -> list[_Part]:
    """Tags with the white space around them, which is ordinary text."""
    tag = text.strip()
    if not tag:
        return [(text, False)]
    before, _, after = text.partition(tag)
    return [(before, False), (tag, True), (after, False)]


def with_next_user_message(messages: Sequence[Message]) -> tuple[Message, ...]:
    """`messages` and one more from the user that is not written yet: render them, then `up_to_next_user_message`."""
    return (*messages, Message("user", _NEXT_USER_MESSAGE))


def up_to_next_user_message(prompt: str) -> str:
    """The part of a rendered prompt that is known before the user writes; "" where the template hides the place."""
    return prompt[: max(0, prompt.rfind(_NEXT_USER_MESSAGE))]

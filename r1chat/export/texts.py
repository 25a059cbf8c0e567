"""What a trainer reads of a message and of the replies to it: messages, or text as the model itself read and wrote it.

R1's own template drops the thought of the last message when it is given messages, so its trainers never see one. Text
that is rendered already keeps it: the prompt up to and with `<think>`, then the thought, `</think>` and the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from r1chat.backends.prompt import continued, opens_thought
from r1chat.export.options import Thoughts
from r1chat.export.refusals import bracketed_texts
from r1chat.export.templates import Setting, Templates
from r1chat.messages import Message, ModelInfo, ReplySoFar, joined_segments
from r1chat.reasoning_format import ReasoningFormat
from r1chat.sampling import with_system_prompt
from r1chat.steer import skipped
from r1chat.store.dataset import Exchange, JudgedReply, JudgedTurn

Text = str | list[dict[str, Any]]  # rendered, or messages of `role` and `content`
_REMEMBERED = 64  # texts: sides and prompts that come again on the same message


class Texts:
    """Turns messages and replies into what `thoughts` asks for; every text goes through `clean` first."""

    def __init__(self, thoughts: Thoughts, templates: Templates, clean: Callable[[str], str]) -> None:
        self.thoughts = thoughts
        self._templates = templates
        self.clean = lru_cache(_REMEMBERED)(clean)

    def prompt(self, turn: JudgedTurn, by: JudgedReply) -> Text:
        """All that the model was shown before it wrote `by`."""
        messages = self._shown(turn, by)
        if self.thoughts == "rendered":
            now = by.created_at.astimezone().replace(tzinfo=None)
            prompt = self._templates.render(by.model_key, messages, Setting(by.thinking_choice, by.budget, now))
            return continued(prompt, skipped(), self._templates.form(by.model_key)) if by.skipped else prompt
        form = self._templates.form(by.model_key)
        return [{"role": message.role, "content": self._content(message, form)} for message in messages]

    def completion(self, reply: JudgedReply, prompt: Text, by: str = "") -> Text:
        """What the model wrote after that prompt, without the token that ends a reply, which trainers add.

        `by`: the key of the model that the prompt is of, in whose form the thought is marked; "": the reply's own.
        """
        answer, form = self.clean(reply.answer), self._templates.form(by or reply.model_key)
        if isinstance(prompt, str):
            if reply.skipped:
                return answer  # its empty thought stands in the prompt
            closed = reply.closed or opens_thought(prompt, form)
            return continued(prompt, self._as_written(reply, closed), form)[len(prompt) :]
        if self.thoughts == "full":
            answer = continued("", self._as_written(reply, reply.closed), form)
        return [{"role": "assistant", "content": answer}]

    def _as_written(self, reply: JudgedReply, closed: bool) -> ReplySoFar:
        """The cleaned texts, a thought within the answer where the model thought it."""
        parts = [(self.clean(thought), self.clean(answer)) for thought, answer in reply.segments]
        reasoning, answer, later = joined_segments(parts)
        return ReplySoFar(reasoning, closed, answer, later)

    def spells_special_token(self, turn: JudgedTurn, sides: Iterable[JudgedReply]) -> bool:
        """Whether a text spells a token that the template of the replies' models writes around messages."""
        texts = bracketed_texts(turn, sides)
        tokens = {token for reply in sides if texts for token in self._templates.special_tokens(reply.model_key)}
        return any(token in text for text in texts for token in tokens)

    def question(self, turn: JudgedTurn, by: JudgedReply) -> str:
        """The prompt as one text in any case, for trainers that take no messages."""
        prompt = self.prompt(turn, by)
        return prompt if isinstance(prompt, str) else "\n\n".join(str(message["content"]) for message in prompt)

    def _shown(self, turn: JudgedTurn, by: JudgedReply) -> list[Message]:
        messages: list[Message] = []
        for exchange in _history(turn, by.seen_from):
            thought = self.clean(exchange.reasoning) if by.keep_thoughts else ""
            messages.append(Message("user", self.clean(exchange.message)))
            messages.append(Message("assistant", self.clean(exchange.answer), thought))
        messages.append(Message("user", self.clean(turn.message)))
        info = ModelInfo(by.backend, by.model, reasoning=self._templates.form(by.model_key))
        return list(with_system_prompt(messages, self.clean(by.system), info, by.system_role))

    def _content(self, message: Message, form: ReasoningFormat) -> str:
        if not message.reasoning or self.thoughts != "full":
            return message.content
        return f"{form.open_text}{message.reasoning}{form.close_text}{message.content}"


def _history(turn: JudgedTurn, seen_from: str | None) -> tuple[Exchange, ...]:
    """The earlier turns that the model was shown; see `Provenance.seen_from`."""
    if seen_from == turn.id:
        return ()
    ids = [exchange.turn_id for exchange in turn.history]
    return turn.history[ids.index(seen_from) :] if seen_from in ids else turn.history

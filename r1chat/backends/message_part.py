"""A piece of a message, under all the names that servers give its thought and its answer. Knows no one server."""

from __future__ import annotations

from typing import Any

from r1chat.backends import wire


class MessagePart(wire.Tolerant):
    """A delta of a stream, or a whole message. Texts in any form: see `wire.as_text`."""

    content: Any = None  # Mistral's holds its thought, too
    refusal: Any = None  # in place of the content
    # The thought. Who sends several of these repeats it in each.
    reasoning_content: Any = None  # llama-server, SGLang, DeepSeek, LM Studio
    reasoning: Any = None  # vLLM, Ollama's route of OpenAI's kind, OpenRouter
    thinking: Any = None  # Ollama
    reasoning_text: Any = None  # GitHub Copilot
    reasoning_details: Any = None  # OpenRouter
    tool_calls: Any = None
    function_call: Any = None  # the form before `tool_calls`

    @property
    def thought(self) -> str:
        fields = (self.reasoning_content, self.reasoning, self.thinking, self.reasoning_text, self.reasoning_details)
        texts = (wire.as_thought(value, all_of_it=True) for value in fields if value)
        return next((text for text in texts if text), "") or wire.as_thought(self.content)

    @property
    def answer(self) -> str:
        return wire.as_text(self.content) or wire.as_text(self.refusal)

    @property
    def calls_tool(self) -> bool:
        """Whether it has a tool called, which r1chat does not do."""
        return bool(self.tool_calls or self.function_call)

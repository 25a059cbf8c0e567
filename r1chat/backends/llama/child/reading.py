"""What llama.cpp makes of a text: its tokens and its logits, as the measure of what a trainer computes.

For a process that trains, which is never the page's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from r1chat.backends.llama.child.context import Context, Sampler
from r1chat.backends.llama.child.model import Model
from r1chat.messages import Params

WINDOW = 1024  # tokens


@dataclass(frozen=True, slots=True)
class Written:
    """A reply as text, its tokens, and whether it came to its end."""

    text: str
    tokens: int
    ended: bool


class Reading:
    """A loaded model. `close` frees it. Raises ModelFileError where llama.cpp cannot load it."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._model = Model(path, mapped=True)
        self._context = Context(self._model, WINDOW, batch=WINDOW, threads=threads)
        self.size = self._model.size

    def close(self) -> None:
        self._context.close()
        self._model.close()

    def prompt(self, text: str) -> list[int]:
        """The tokens of a rendered prompt, with the one that begins a text where the model wants it."""
        return self._model.prompt([(text, True)])

    def completion(self, text: str) -> list[int]:
        """The tokens of a whole reply, with the one that ends it."""
        return [*self._model.tokenize(text, True), self._model.eos]

    def use_adapter(self, path: Path | None) -> None:
        """Compute with an adapter, or without one. Raises ModelFileError."""
        self._context.use_adapter(None if path is None else self._model.adapter(path))

    def logits(self, tokens: Sequence[int]) -> list[float]:
        """The logits behind the last of `tokens`, at most WINDOW of them."""
        self._context.clear()
        if len(tokens) > 1:
            self._context.evaluate(tokens[:-1], 0)
        self._context.step(tokens[-1], len(tokens) - 1)
        return self._context.logits()

    def write(self, tokens: Sequence[int], limit: int, seed: int, temperature: float = 0.6) -> Written:
        """A reply to a prompt's tokens, of at most `limit` tokens, sampled as DeepSeek recommends for R1."""
        tokens = tokens[-(WINDOW - limit) :]
        sampler = Sampler(self._model, Params(temperature=temperature, top_p=0.95, top_k=50), seed)
        try:
            self._context.clear()
            if len(tokens) > 1:
                self._context.evaluate(tokens[:-1], 0)
            token, text, count = tokens[-1], b"", 0
            for position in range(len(tokens) - 1, len(tokens) - 1 + limit):
                self._context.step(token, position)
                token = sampler.pick(self._context)
                piece = self._model.piece(token)
                if piece is None:
                    return Written(text.decode(errors="replace"), count, True)
                text += piece
                count += 1
            return Written(text.decode(errors="replace"), count, False)
        finally:
            sampler.close()

"""What llama.cpp makes of a text: its tokens and its logits, as the measure of what a trainer computes.

For a process that trains, which is never the page's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r1chat.backends.llama.child.batch import BatchReply, decode_many, read_prompt
from r1chat.backends.llama.child.context import Context, Sampler
from r1chat.backends.llama.child.model import Model
from r1chat.backends.llama.machine import SMALL_WEIGHTS
from r1chat.messages import BackendEvent, Finish, Params, Raw, Token

WINDOW = 1024  # tokens


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """A reply as text, its tokens, and whether it came to its end."""

    text: str
    tokens: int
    ended: bool


class LoadedModel:
    """A loaded model. `close` frees it. Raises ModelFileError where llama.cpp cannot load it."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path = path
        self._model = Model(path, mapped=True)
        self._threads = threads
        self._adapter: Any = None
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

    def ends(self) -> list[int]:
        """All tokens that end a reply."""
        return self._model.ends()

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens, control tokens included."""
        return b"".join(map(self._model.text, tokens)).decode(errors="replace")

    def use_adapter(self, path: Path | None) -> None:
        """Compute with an adapter, or without one. Raises ModelFileError."""
        self._adapter = None if path is None else self._model.adapter(path)
        self._context.use_adapter(self._adapter)

    def logits(self, tokens: Sequence[int]) -> list[float]:
        """The logits behind the last of `tokens`, at most WINDOW of them."""
        self._context.clear()
        if len(tokens) > 1:
            self._context.evaluate(tokens[:-1], 0)
        self._context.step(tokens[-1], len(tokens) - 1)
        return self._context.logits()

    def write(
        self,
        tokens: Sequence[int],
        limit: int,
        seeds: Sequence[int],
        temperature: float = 0.6,
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[GeneratedText]:
        """Replies to a prompt's tokens, one for each seed and all in one batch, of at most `limit` tokens each.

        Sampled as DeepSeek recommends for R1. Raises StoppedError as soon as `stopped` says so.
        """
        tokens = tokens[-(WINDOW - limit) :]
        params = Params(temperature=temperature, top_p=0.95, top_k=50)
        samplers = [Sampler(self._model, params, seed) for seed in seeds]
        replies = _Replies(len(seeds), stopped)
        samples = [BatchReply(number, self._model, sampler, replies) for number, sampler in enumerate(samplers)]
        context = Context(
            self._model,
            len(tokens) + limit,
            batch=WINDOW,
            threads=self._threads,
            sequences=len(seeds),
            unified=self._model.weights < SMALL_WEIGHTS,
        )
        try:
            if self._adapter is not None:
                context.use_adapter(self._adapter)
            read_prompt(context, tokens, WINDOW, replies)
            decode_many(context, samples, limit, Finish("length", prompt_tokens=len(tokens)), replies)
        finally:
            context.close()
            for sampler in samplers:
                sampler.close()
        return [replies.written(number) for number in range(len(seeds))]


class _Replies:
    """Takes what several samples tell."""

    def __init__(self, count: int, stopped: Callable[[], bool]) -> None:
        self._texts = [""] * count
        self._ends = [Finish("length")] * count
        self._stopped = stopped

    @property
    def stopped(self) -> bool:
        return self._stopped()

    def tell(self, event: BackendEvent, sample: int = 0) -> None:
        if isinstance(event, (Raw, Token)):
            self._texts[sample] += event.text
        elif isinstance(event, Finish):
            self._ends[sample] = event

    def written(self, sample: int) -> GeneratedText:
        end = self._ends[sample]
        return GeneratedText(self._texts[sample], end.completion_tokens or 0, end.reason == "stop")

"""Several samples of one reply in one batch: the prompt is read once, and every step reads the weights for all of them.

Knows tokens and contexts; how a prompt came about and how many samples fit into memory is the caller's business.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from r1chat.backends.llama.child.context import Context, Sampler
from r1chat.backends.llama.child.model import Model
from r1chat.backends.llama.child.writer import Detokenizer, Listener, StoppedError
from r1chat.messages import Finish, Progress


class BatchReply:
    """One of the replies in a batch. It tells its text, and its end."""

    def __init__(self, number: int, model: Model, sampler: Sampler, listener: Listener) -> None:
        self.number = number
        self.token = -1  # the newest one, that the model has not read yet
        self.end = Finish("length")  # how it ends at the limit
        self._model = model
        self._sampler = sampler
        self._listener = listener
        self._writer = Detokenizer(listener, number, model.control)
        self._began = time.perf_counter()

    def pick(self, context: Context, row: int, limit: int) -> bool:
        """Pick the next token by a row of the batch. False: that was the reply's end."""
        end = self.end
        self.token = self._sampler.pick(context, row)
        piece = self._model.piece(self.token)
        if piece is not None:
            self._writer.add(self.token, piece)
            if self._writer.count < limit:
                return True
        else:
            end = replace(end, reason="stop", raw_reason=self._model.name(self.token))
        self._writer.end(cut=piece is not None)
        took = time.perf_counter() - self._began
        self._listener.tell(replace(end, completion_tokens=self._writer.count, decode=took), self.number)
        return False


def read_prompt(context: Context, tokens: Sequence[int], batch: int, listener: Listener) -> float:
    """Read a prompt into sequence 0, so that first tokens can be picked; how many seconds that took.

    Raises StoppedError, GenerationError.
    """
    began = time.perf_counter()
    last = len(tokens) - 1
    for start in range(0, last, batch):
        if listener.stopped:
            raise StoppedError
        listener.tell(Progress("prefill", start, len(tokens)))
        context.evaluate(tokens[start : min(start + batch, last)], start)
    context.step(tokens[last], last)
    return time.perf_counter() - began


def decode_many(context: Context, samples: Sequence[BatchReply], limit: int, end: Finish, listener: Listener) -> None:
    """Go on from the prompt in sequence 0, once for each sample, at most `limit` tokens each.

    A sample that ends leaves the batch, and the others get quicker. `end` is how one ends at the limit.
    Raises StoppedError, GenerationError.
    """
    position = end.prompt_tokens or 0
    live: list[tuple[int, BatchReply]] = []
    for sequence, sample in enumerate(samples):
        sample.end = replace(end, cached_tokens=position if sequence else 0)  # the first one read it for all
        if sample.pick(context, -1, limit):
            live.append((sequence, sample))
    for sequence, _ in live:
        if sequence:
            context.share(sequence)
    while live:
        if listener.stopped:
            raise StoppedError
        context.step_many([(sequence, sample.token, position) for sequence, sample in live])
        position += 1
        going = [sample.pick(context, row, limit) for row, (_, sample) in enumerate(live)]
        if not all(going):
            for (sequence, _), goes in zip(live, going, strict=True):
                if not goes:
                    context.drop(sequence)
            live = [entry for entry, goes in zip(live, going, strict=True) if goes]

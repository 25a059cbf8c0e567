"""Many sampled replies of one model, with an adapter or without, in llama.cpp: what the learning benchmarks compare."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from r1chat.backends.llama.child.context import Context, Sampler
from r1chat.backends.llama.child.model import Model
from r1chat.messages import Params


@dataclass(frozen=True, slots=True)
class Sampled:
    """A reply: its text, its length in tokens, and whether it came to its end within the limit."""

    text: str
    tokens: int
    ended: bool


def sample(
    model: Model, adapter: Any, prompt: Sequence[int], count: int, params: Params, seed: int, limit: int
) -> list[Sampled]:
    """`count` replies to one prompt (token ids), of at most `limit` tokens each, decoded as one batch."""
    last = len(prompt) - 1
    with closing(Context(model, last + limit + 1, batch=max(64, count), threads=1, sequences=count)) as context:
        context.use_adapter(adapter)
        for start in range(0, last, 64):
            context.evaluate(prompt[start : min(start + 64, last)], start)
        for sequence in range(1, count):
            context.share(sequence)
        samplers = [Sampler(model, params, seed + number) for number in range(count)]
        tokens, pieces = [prompt[-1]] * count, [[] for _ in range(count)]  # type: list[int], list[list[bytes]]
        ended, live = [False] * count, list(range(count))
        for position in range(last, last + limit):
            context.step_many([(number, tokens[number], position) for number in live])
            going = []
            for row, number in enumerate(live):
                tokens[number] = samplers[number].pick(context, row)
                piece = model.piece(tokens[number])
                if piece is None:
                    ended[number] = True
                    context.drop(number)
                else:
                    pieces[number].append(piece)
                    going.append(number)
            live = going
            if not live:
                break
        for sampler in samplers:
            sampler.close()
    return [
        Sampled(b"".join(parts).decode(errors="replace"), len(parts), end)
        for parts, end in zip(pieces, ended, strict=True)
    ]

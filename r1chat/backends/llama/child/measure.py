"""How quickly a model runs here: timed decoding and reading, with nothing around them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from r1chat.backends.llama.channel import Measured, MeasureSpec
from r1chat.backends.llama.child.context import Context
from r1chat.backends.llama.child.model import Model

BATCH = 64  # tokens of a prompt that are read at once
_NEAR = 2 * BATCH  # position of the first measurement
_STEPS = 64  # most steps of one measurement: the context has room for them


def measure(spec: MeasureSpec) -> Measured:
    """Load a model and time it. The quickest repetition counts: other programs can only slow it down.

    Raises ModelFileError, GenerationError.
    """
    model = Model(Path(spec.path), gpu_layers=spec.gpu_layers)
    try:
        window = max(spec.depth, _NEAR) + _STEPS + BATCH
        context = Context(model, window, batch=BATCH, threads=spec.threads)
        try:
            return _timed(context, model.size, spec)
        finally:
            context.close()
    finally:
        model.close()


def _timed(context: Context, vocabulary: int, spec: MeasureSpec) -> Measured:
    tokens = [random.randrange(vocabulary) for _ in range(BATCH)]

    def read() -> None:
        context.keep(0)
        context.evaluate(tokens, 0)

    def step_at(position: int) -> Callable[[], None]:
        def step() -> None:
            context.keep(position)
            context.step(tokens[0], position)

        return step

    read()  # the first one also touches memory for the first time
    prompt = _quickest(read, spec.seconds / 2) / BATCH
    for start in range(BATCH, _NEAR, BATCH):
        context.evaluate(tokens, start)
    step = _quickest(step_at(_NEAR), spec.seconds / 2)
    deep = 0.0
    if spec.depth > _NEAR:
        context.keep(_NEAR)
        for start in range(_NEAR, spec.depth, BATCH):
            context.evaluate(tokens, start)
        deep = _quickest(step_at(spec.depth), spec.seconds / 2)
    return Measured(step, prompt, deep, _NEAR, spec.depth)


def _quickest(run: Callable[[], None], seconds: float) -> float:
    """Seconds of the quickest of at least three runs within `seconds`."""
    best, end = float("inf"), time.perf_counter() + seconds
    count = 0
    while count < 3 or (time.perf_counter() < end and count < 1000):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
        count += 1
    return best

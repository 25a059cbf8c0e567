"""What the app's decoding costs above llama.cpp's own: the nano model, to the end of its window.

The yardstick is a loop of nothing but `llama_decode` and `llama_sampler_sample`, with the same model, prompt, sampler
and threads. Both run in turn, each as often as the other, and each thousand tokens counts with its quickest run:
whatever else a machine does can only make them slower. What ends a reply is never picked, in both.

    python -m benchmarks.decode [--json] [--pairs 5]
"""

from __future__ import annotations

import argparse
import ctypes
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as C

from benchmarks.report import Report
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.machine import default_threads
from r1chat.messages import Finish, Message, Params, Raw, Request

NANO = Path(__file__).parent.parent / "assets" / "r1chat-nano.gguf"
WINDOW = 4096
REQUEST = Request(NANO.stem, (Message("user", "27 + 43 = ?"),), params=Params(seed=1))
PROMPT = "<｜begin▁of▁sentence｜><｜User｜>27 + 43 = ?<｜Assistant｜><think>\n"

Times = list[float]  # seconds at which each token was there, from the first one on


@C.llama_log_callback  # type: ignore[untyped-decorator]
def silent(level: int, text: bytes, data: object) -> None:
    """Takes what llama.cpp logs, and drops it."""


class BareLoop:
    """llama.cpp without us: what any Python program that decodes has to pay."""

    def __init__(self) -> None:
        C.llama_log_set(silent, ctypes.c_void_p(0))
        params = C.llama_model_default_params()
        params.n_gpu_layers = 0
        params.use_extra_bufts = b"AMX_INT8 = 1" not in C.llama_print_system_info()
        self.model = C.llama_model_load_from_file(str(NANO).encode(), params)
        self.vocabulary = C.llama_model_get_vocab(self.model)
        settings = C.llama_context_default_params()
        settings.n_ctx = WINDOW
        settings.n_threads = settings.n_threads_batch = default_threads()
        settings.flash_attn_type = C.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self.context = C.llama_init_from_model(self.model, settings)
        self.batch = C.llama_batch_init(1, 0, 1)
        self.batch.n_tokens = 1
        self.batch.n_seq_id[0] = 1
        self.batch.seq_id[0][0] = 0
        self.batch.logits[0] = 1

    def sampler(self) -> Any:
        chain = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        size = C.llama_vocab_n_tokens(self.vocabulary)
        ends = [token for token in range(size) if C.llama_vocab_is_eog(self.vocabulary, token)]
        bias = (C.llama_logit_bias * len(ends))(*[C.llama_logit_bias(token=end, bias=-math.inf) for end in ends])
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_logit_bias(size, len(ends), bias))
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_top_p(REQUEST.params.top_p, 1))
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_temp(REQUEST.params.temperature))
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_dist(REQUEST.params.seed or 0))
        return chain

    def run(self) -> Times:
        C.llama_memory_clear(C.llama_get_memory(self.context), False)
        text = PROMPT.encode()
        prompt = (C.llama_token * len(text))()
        prompt_length = C.llama_tokenize(self.vocabulary, text, len(text), prompt, len(prompt), False, True)
        sampler, context, batch = self.sampler(), self.context, self.batch
        tokens, positions = batch.token, batch.pos
        clock = time.perf_counter
        times: Times = []
        token = prompt[0]
        for position in range(WINDOW - 1):
            tokens[0] = token
            positions[0] = position
            C.llama_decode(context, batch)
            if position + 1 < prompt_length:
                token = prompt[position + 1]
            else:
                token = C.llama_sampler_sample(sampler, context, -1)
                times.append(clock())
        C.llama_sampler_free(sampler)
        return times


def through_backend(backend: LlamaCppBackend) -> Times:
    """One reply through the seam that the app uses. Tokens that came together share their time."""
    times: Times = []
    for event in backend.stream(REQUEST):
        if isinstance(event, Raw):
            times += [time.perf_counter()] * event.tokens
        elif isinstance(event, Finish):
            assert event.raw_reason == "window", event
    return times


def thousands(runs: Sequence[Times]) -> list[float]:
    """Seconds for each thousand tokens, in the run that was quickest at it."""
    return [min(run[end] - run[end - 1000] for run in runs) for end in range(1000, len(runs[0]), 1000)]


def pairs(count: int) -> Iterator[tuple[Times, Times]]:
    """Through the backend and bare, in turn."""
    backend = LlamaCppBackend([NANO], context=WINDOW, endless=True)
    try:
        backend.warm(REQUEST)  # loads the model
        bare = BareLoop()
        for _ in range(count):
            yield through_backend(backend), bare.run()
    finally:
        backend.close()


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decode", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--pairs", type=int, default=5, help="how often each of the two is run")
    args = parser.parse_args()
    runs = list(pairs(args.pairs))
    ours, bare = (thousands(side) for side in zip(*runs, strict=True))
    report = Report("decode")
    report.figure("tokens", len(runs[0][0]))
    report.figure("threads", default_threads())
    for name, seconds in (("Backend.stream", ours), ("bare loop", bare)):
        report.figure(f"tokens/s, {name}", 1000 * len(seconds) / sum(seconds))
        report.figure(f"tokens/s, {name}, first thousand", 1000 / seconds[0])
        report.figure(f"tokens/s, {name}, last thousand", 1000 / seconds[-1])
    report.bar("speed, of the bare loop's", sum(bare) / sum(ours), at_least=0.97)
    report.bar("slowdown over the window, of the bare loop's", ours[-1] / ours[0] / (bare[-1] / bare[0]), at_most=1.05)
    report.print(as_json=args.json)


if __name__ == "__main__":
    main()

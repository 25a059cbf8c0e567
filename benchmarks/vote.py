"""Several samples in one batch: `python -m benchmarks.vote [--json]`.

Eight samples of the nano model against eight single replies; and on a random-weight model of the `tiny` shape eight at
a time against llama.cpp's own batched decoding, a loop of nothing but `llama_decode` and `llama_sampler_sample`.
Needs the `test` extra (gguf, numpy).
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as C

from benchmarks.random_gguf import SHAPES, write
from benchmarks.report import Report
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.machine import default_threads
from r1chat.config import nano_model
from r1chat.messages import Finish, Message, Params, Raw, Request

SAMPLES, TOKENS = 8, 256
QUICK = 20  # top-k on the tiny shape: sorting 150,000 candidates would take longer than its decoding
MESSAGES = (Message("user", "27 + 43 = ?"),)


def alone(backend: LlamaCppBackend, model: str, seeds: range) -> float:
    """Seconds for a reply to each seed, one after the other."""
    begin = time.perf_counter()
    for seed in seeds:
        for _ in backend.stream(Request(model, MESSAGES, params=Params(seed=seed, max_tokens=TOKENS))):
            pass
    return time.perf_counter() - begin


def together(backend: LlamaCppBackend, model: str, seeds: range, top_k: int = 0) -> tuple[float, float, list[Finish]]:
    """Seconds for all at a time, tokens a second once they flow, and how each ended."""
    begin = time.perf_counter()
    first, tokens = 0.0, 0
    ends: list[Finish] = []
    request = Request(model, MESSAGES, params=Params(max_tokens=TOKENS, top_k=top_k))
    for _, event in backend.stream_many(request, list(seeds)):
        if isinstance(event, Raw) and event.tokens:
            first = first or time.perf_counter()
            tokens += event.tokens
        elif isinstance(event, Finish):
            ends.append(event)
    now = time.perf_counter()
    return now - begin, tokens / (now - first), ends


@C.llama_log_callback  # type: ignore[untyped-decorator]
def silent(level: int, text: bytes, data: object) -> None:
    """Takes what llama.cpp logs, and drops it."""


class BareBatch:
    """llama.cpp's own batched decoding, `SAMPLES` sequences that share a prompt."""

    def __init__(self, file: Path) -> None:
        C.llama_log_set(silent, ctypes.c_void_p(0))
        params = C.llama_model_default_params()
        params.n_gpu_layers = 0
        params.use_extra_bufts = b"AMX_INT8 = 1" not in C.llama_print_system_info()
        self.model = C.llama_model_load_from_file(str(file).encode(), params)
        self.vocabulary = C.llama_model_get_vocab(self.model)
        settings = C.llama_context_default_params()
        settings.n_ctx = SAMPLES * (TOKENS + 64)
        settings.n_seq_max = SAMPLES
        settings.kv_unified = True
        settings.n_threads = settings.n_threads_batch = default_threads(file.stat().st_size)
        settings.flash_attn_type = C.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self.context = C.llama_init_from_model(self.model, settings)
        self.memory = C.llama_get_memory(self.context)
        self.batch = C.llama_batch_init(SAMPLES, 0, 1)

    def sampler(self, seed: int) -> Any:
        chain = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_top_k(QUICK))
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_top_p(0.95, 1))
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_temp(0.6))
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_dist(seed))
        return chain

    def _decode(self, rows: list[tuple[int, int, int]]) -> None:
        for i, (token, position, sequence) in enumerate(rows):
            self.batch.token[i], self.batch.pos[i], self.batch.logits[i] = token, position, 1
            self.batch.n_seq_id[i] = 1
            self.batch.seq_id[i][0] = sequence
        self.batch.n_tokens = len(rows)
        C.llama_decode(self.context, self.batch)

    def run(self, prompt: int = 16) -> float:
        """Tokens a second."""
        C.llama_memory_clear(self.memory, False)
        for position in range(prompt):
            self._decode([(position + 40, position, 0)])
        for sequence in range(1, SAMPLES):
            C.llama_memory_seq_cp(self.memory, 0, sequence, -1, -1)
        samplers = [self.sampler(seed) for seed in range(SAMPLES)]
        tokens = [60 + sequence for sequence in range(SAMPLES)]
        begin = time.perf_counter()
        for step in range(TOKENS):
            self._decode([(tokens[s], prompt + step, s) for s in range(SAMPLES)])
            tokens = [C.llama_sampler_sample(samplers[s], self.context, s) for s in range(SAMPLES)]
        seconds = time.perf_counter() - begin
        for sampler in samplers:
            C.llama_sampler_free(sampler)
        return SAMPLES * TOKENS / seconds


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--runs", type=int, default=5)
    cli.add_argument("--json", action="store_true")
    args = cli.parse_args()
    report = Report("vote")

    nano = LlamaCppBackend([nano_model()], endless=True)
    alone(nano, "r1chat-nano", range(1))
    singles, votes = [], []
    for run in range(args.runs):
        seeds = range(SAMPLES * run, SAMPLES * (run + 1))
        singles.append(alone(nano, "r1chat-nano", seeds))
        votes.append(together(nano, "r1chat-nano", seeds))
    nano.close()
    single, vote = statistics.median(singles), statistics.median(seconds for seconds, _, _ in votes)
    report.figure(f"nano, {SAMPLES} single replies of {TOKENS} tokens, s", single)
    report.figure(f"nano, {SAMPLES} samples of {TOKENS} tokens in one batch, s", vote)
    report.bar("nano, time of the vote over that of single replies", vote / single, at_most=0.6)
    read = sum((end.prompt_tokens or 0) - (end.cached_tokens or 0) for end in votes[0][2])
    report.figure("nano, prompt tokens evaluated for all samples together", read)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tiny.gguf"
        write(file, SHAPES["tiny"])
        bare, ours = BareBatch(file), LlamaCppBackend([file], context=4_096, endless=True)
        together(ours, "tiny", range(SAMPLES), QUICK)
        pairs = [(bare.run(), together(ours, "tiny", range(SAMPLES), QUICK)[1]) for _ in range(args.runs)]
        ours.close()
    report.figure(f"tiny, bare batched decoding at {SAMPLES}, tokens/s", statistics.median(b for b, _ in pairs))
    report.figure(f"tiny, through the backend at {SAMPLES}, tokens/s", statistics.median(o for _, o in pairs))
    share = max(o for _, o in pairs) / max(b for b, _ in pairs)
    report.bar("tiny, share of bare batched decoding", share, at_least=0.99)
    report.print(as_json=args.json)


if __name__ == "__main__":
    main()

"""The wait before the first token as a conversation grows: `python -m benchmarks.turns [--json]`.

A random-weight model of the `tiny` shape, eight turns: messages of one length, thoughts of 1,000 tokens, answers of
200. After each reply the next prompt is read in idle time, as `Chat` does it; the wait of turn 8 is compared with that
of turn 1. Needs the `test` extra (gguf, numpy).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.random_gguf import SHAPES, write
from benchmarks.report import Report
from r1chat.backends.llama_cpp import LlamaCppBackend
from r1chat.messages import Finish, Message, Params, Raw, ReplySoFar, Request
from r1chat.think import collect

TURNS, THOUGHT, ANSWER = 8, 1_000, 200
QUICK = 20  # top-k: sorting 150,000 candidates would take longer than this model's decoding
QUESTION = "Question {n:02}: " + "how many of these are there, and why? " * 6


def first_token(backend: LlamaCppBackend, request: Request) -> float:
    """Seconds from asking to the first token."""
    asked = time.perf_counter()
    for event in backend.stream(request):
        if isinstance(event, Raw) and event.tokens:
            return time.perf_counter() - asked
        assert not isinstance(event, Finish)
    raise AssertionError("nothing came")


def conversation(backend: LlamaCppBackend, model: str, warm: bool) -> list[float]:
    """The wait of each turn, in seconds."""
    waits = []
    history: tuple[Message, ...] = ()
    for turn in range(TURNS):
        messages = (*history, Message("user", QUESTION.format(n=turn)))
        waits.append(first_token(backend, Request(model, messages, params=Params(seed=turn, top_k=QUICK))))
        thinking = Request(model, messages, params=Params(seed=turn, top_k=QUICK, max_tokens=THOUGHT))
        thought = collect(backend.stream(thinking)).reasoning
        so_far = ReplySoFar(thought.replace("</think>", ""), closed=True)
        answering = Request(model, messages, so_far, Params(seed=turn, top_k=QUICK, max_tokens=ANSWER))
        answer = collect(backend.stream(answering), so_far).answer
        history = (*messages, Message("assistant", answer))
        if warm:
            backend.warm(Request(model, history))
    return waits


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--runs", type=int, default=1)
    cli.add_argument("--cold", action="store_true", help="also a conversation without reading ahead")
    cli.add_argument("--json", action="store_true")
    args = cli.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tiny.gguf"
        write(file, SHAPES["tiny"])
        backend = LlamaCppBackend([file], context=16_384, endless=True)
        first_token(backend, Request("tiny", (Message("user", "Hello"),)))  # loads the model
        warmed = [conversation(backend, "tiny", warm=True) for _ in range(args.runs)]
        cold = conversation(backend, "tiny", warm=False) if args.cold else []
        backend.close()
    waits = [statistics.median(run[turn] for run in warmed) * 1000 for turn in range(TURNS)]
    report = Report("turns")
    for turn in range(TURNS):
        report.figure(f"wait before the first token, turn {turn + 1}, ms", waits[turn])
    if cold:
        report.figure("the same without reading ahead, turn 8, ms", cold[-1] * 1000)
    report.bar("wait of turn 8 over that of turn 1", waits[-1] / waits[0], at_most=1.2)
    report.print(as_json=args.json)


if __name__ == "__main__":
    main()

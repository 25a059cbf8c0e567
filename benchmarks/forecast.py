"""How right the forecast is: memory and speed of random models, predicted and measured.

Six shapes, each with three windows. Memory is the largest resident set of the engine's process after a prompt and a
short reply. Speed is that of decoding near the beginning of a context, without sampling. Calibration and measurement
are made in turn and the quickest step of each counts, since whatever else the machine does can only slow them: on a
busy machine replies themselves are slower than both, which the last figure of each shape shows.

    python -m benchmarks.forecast [--json] [--rounds 2] [--threads N] [--prompt 512] [--shapes tiny 1.5b]
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path

from benchmarks.random_gguf import SHAPES, write
from benchmarks.report import Report
from r1chat.backends.gguf import Header, read_header
from r1chat.backends.llama.channel import LoadSpec, Measured, MeasureSpec
from r1chat.backends.llama.engine import Engine
from r1chat.backends.llama.machine import Needs, default_threads
from r1chat.library.forecast import BATCH, times
from r1chat.library.probe import THICK, THIN
from r1chat.library.probe import write as write_probe
from r1chat.library.speed import quickest, rates_of
from r1chat.messages import BackendEvent, Message, Params, Request

WINDOWS = (2048, 8192, 16384)
SMALL = ("tiny", "0.5b", "1.5b", "llama-3b", "moe", "gemma3-1b")
TOKENS = 16  # of a reply
SECONDS = 1.5  # for the repetitions of a measurement


class Listener:
    """Takes what an engine tells."""

    def tell(self, event: BackendEvent, sample: int = 0) -> None: ...

    def on_stop(self, act: object) -> None: ...


def run(path: Path, header: Header, window: int, threads: int, prompt: int) -> tuple[int, float]:
    """Load a model in an engine of its own and make a reply: bytes of memory, and tokens/s. Raises BackendError."""
    needs = Needs.of(header, path.stat().st_size, batch=BATCH, gpu_layers=0)
    spec = LoadSpec(
        paths=(str(path),),
        window=window,
        batch=BATCH,
        token_bytes=needs.per_token,
        threads=threads,
        gpu_layers=0,
        mapped=False,
        endless=True,
        template=header.chat_template,
        bos=header.special_tokens.get("bos", ""),
        eos=header.special_tokens.get("eos", ""),
    )
    request = Request("x", (Message("user", " the" * prompt),), params=Params(seed=1, max_tokens=TOKENS))
    with closing(Engine()) as engine:
        engine.load(spec, Listener())
        finish = engine.reply(request, Listener())
        return memory_of(engine.pid), ((finish.completion_tokens or 1) - 1) / (finish.decode or 1.0)


def step(path: Path, threads: int) -> Measured:
    """Seconds of the quickest decoding step of a model. Raises BackendError."""
    with closing(Engine()) as engine:
        return engine.measure(MeasureSpec(str(path), threads, gpu_layers=0, seconds=SECONDS))


def memory_of(pid: int) -> int:
    """Bytes of the resident set of a process, at its largest."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=2, help="calibrations and measurements of each shape, in turn")
    parser.add_argument("--threads", type=int, help="for all; default: as the app chooses them")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt")
    parser.add_argument("--shapes", nargs="*", choices=SHAPES, default=list(SMALL))
    args = parser.parse_args()
    report = Report("forecast")
    worst_memory = worst_speed = 0.0
    with tempfile.TemporaryDirectory(prefix="r1chat-forecast-") as name:
        folder = Path(name)
        for probe in (*THICK, THIN):
            write_probe(folder / probe.file, probe)
        for shape in args.shapes:
            path = folder / "model.gguf"
            write(path, SHAPES[shape], name=shape)
            header, size = read_header(path), path.stat().st_size
            threads = args.threads or default_threads(size)
            rates, steps = [], []
            for _ in range(args.rounds):
                with closing(Engine()) as engine:
                    rates.append(rates_of(engine, folder, threads))
                steps.append(step(path, threads))
            replies = []
            for window in WINDOWS:
                memory, speed = run(path, header, window, threads, args.prompt)
                replies.append(speed)
                needed = Needs.of(header, size, batch=BATCH, gpu_layers=0).bytes_for(window)
                worst_memory = max(worst_memory, abs(needed / memory - 1))
                report.figure(f"{shape}, window {window}, memory, MB", compared(needed / 1e6, memory / 1e6))
            begin, per_token = times(header, size, quickest(rates))
            predicted = 1 / (begin + per_token * steps[0].near)
            measured = 1 / min(timing.step for timing in steps)
            worst_speed = max(worst_speed, abs(predicted / measured - 1))
            report.figure(f"{shape}, {threads} threads, tokens/s", compared(predicted, measured))
            report.figure(f"{shape}, tokens/s of the quickest reply", max(replies))
    report.bar("largest error of memory", worst_memory, at_most=0.10)
    report.bar("largest error of speed", worst_speed, at_most=0.25)
    report.print(as_json=args.json)


def compared(predicted: float, measured: float) -> str:
    """Both figures, and by how much the first is off."""
    return f"predicted {predicted:,.1f}, measured {measured:,.1f}, error {100 * (predicted / measured - 1):+.0f} %"


if __name__ == "__main__":
    main()

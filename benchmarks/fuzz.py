"""Broken and hostile input for the parsers: no crash, and no time that grows faster than the input.

    python -m benchmarks.fuzz [stream|gguf|markdown|moments] [--inputs 3000] [--seed 1] [--json]

Each input is made of the pieces that its parser looks for, in random order, cut and changed; the GGUF reader gets real
headers with changed bytes and numbers. An exception that is not the parser's own error for bad input is a defect: its
input is printed, and the command fails. Then, for each parser, random pieces are repeated until the input is large, and
four times as large: the worst growth of the processor time is shown; 4 is linear, 16 quadratic. Imports have a command
of their own, `benchmarks.fuzz_imports`.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import Report
from r1chat.backends.gguf import read_header
from r1chat.config import nano_model
from r1chat.errors import ModelFileError
from r1chat.messages import Began, Finish, Raw, Reply
from r1chat.reflect import find_moments, find_steps
from r1chat.think import collect
from r1chat.ui.html.markdown import to_html
from r1chat.ui.talk.render import ReplyRenderer
from r1chat.ui.words.page import words

LARGE = 20_000  # characters; four times as many are compared with it
LEAST = 0.05  # seconds of the larger input below which growth is noise
SLOW = 5.0  # seconds for one input of the size that a person may send

PLAIN = (
    "a",
    "Wait",
    " ",
    "\n",
    "\n\n",
    ".",
    "?",
    "\t",
    "é",
    "思考",
    "，",
    "\u202e",
    "\0",
    "\ud800",
    "1",
    "🤔",
    "x" * 50,
)
PIECES: dict[str, tuple[str, ...]] = {
    "stream": (
        "<think>",
        "</think>",
        "<thinking>",
        "<|channel|>analysis<|message|>",
        "<|end|>",
        "<|start|>assistant",
        "[THINK]",
        "[/THINK]",
        "◁think▷",
        "◁/think▷",
        "<seed:think>",
        "</seed:think>",
        "<",
        "</",
        "<|",
        "|>",
        "```",
        "`",
        '"',
        "<th",
        "ink>",
        "<｜end▁of▁sentence｜>",
        "<|im_end|>",
        "~~~",
    ),
    "markdown": (
        "*",
        "**",
        "_",
        "`",
        "```",
        "~~~",
        "#",
        ">",
        "> ",
        "- ",
        "1. ",
        "|",
        "|-|",
        "[",
        "](",
        ")",
        "![",
        "<",
        "</",
        "&",
        "&amp;",
        "\\",
        "$",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "\\boxed{",
        "{",
        "}",
        "\\frac",
        "\\begin{matrix}",
        "\\end{matrix}",
        "^",
        "<details>",
        "<b>",
        "<!--",
        "http://a.b",
        "[^1]",
        "[^1]:",
        "~~",
        "==",
        "---",
        ":::",
        "&#x",
    ),
    "moments": (
        "Wait",
        "wait, ",
        "Hmm",
        "Let me check",
        "But ",
        "Alternatively",
        "Actually",
        "I made a mistake",
        "等等",
        "不对",
        "让我",
        "检查",
        "So ",
        "= 4",
        "x = 3",
        "Therefore",
        "\\boxed{4}",
        "。",
        "！",
        "...",
        "…",
        "e.g.",
        "3.14",
        "?!",
        "“",
        "”",
    ),
}

Run = Callable[[str], object]


def stream(text: str) -> object:
    """A reply in pieces of every length, with and without the announcement that begins it."""
    cut = random.Random(len(text))
    pieces, at = [], 0
    while at < len(text):
        step = cut.choice((1, 2, 3, 7, 50, 1000))
        pieces.append(Raw(text[at : at + step]))
        at += step
    return collect([*([Began()] if len(text) % 2 else []), *pieces, Finish("stop")])


def markdown(text: str) -> object:
    """A message at once, and a reply as it grows."""
    whole = to_html(text)
    renderer = ReplyRenderer("0" * 32, words("en"))
    for part in range(1, 9):
        renderer.update(Reply(reasoning=text[: len(text) * part // 8], answer=""))
    renderer.update(Reply(reasoning=text, answer=text, closed=True, finish="stop"))
    return whole


def moments(text: str) -> object:
    """The steps of a thought, and the moments in it."""
    return find_steps(text), list(find_moments(text))


RUNS: dict[str, Run] = {"stream": stream, "markdown": markdown, "moments": moments}


def made(rng: random.Random, pieces: tuple[str, ...]) -> str:
    """One to 200 pieces; some of them again and again, some cut."""
    parts: list[str] = []
    for _ in range(rng.randint(1, 60)):
        piece = rng.choice(pieces if rng.random() < 0.7 else PLAIN)
        if rng.random() < 0.1:
            piece = piece[: rng.randrange(len(piece) + 1)]
        parts.append(piece * (rng.choice((2, 3, 30)) if rng.random() < 0.1 else 1))
    return "".join(parts)


def crashes(name: str, inputs: int, rng: random.Random) -> float:
    """Run that many inputs; seconds of the slowest. Raises what is a defect."""
    slowest = 0.0
    for _ in range(inputs):
        text = made(rng, PIECES[name])
        start = time.perf_counter()
        try:
            RUNS[name](text)
        except Exception:
            print(f"{name}: this input is a defect: {text!r}", file=sys.stderr)
            raise
        slowest = max(slowest, time.perf_counter() - start)
    return slowest


def growth(name: str, patterns: int, rng: random.Random) -> tuple[float, str]:
    """By how much the time grows where the input is four times as long, at worst; and what was repeated then."""
    worst, what = 0.0, ""
    for _ in range(patterns):
        pattern = "".join(rng.choice(PIECES[name] + PLAIN) for _ in range(rng.randint(1, 4)))
        head = rng.choice(("", rng.choice(PIECES[name])))
        tail = rng.choice(("", rng.choice(PIECES[name])))
        short, long = (
            min(_seconds(RUNS[name], head + pattern * (size // len(pattern)) + tail) for _ in range(2))
            for size in (LARGE, 4 * LARGE)
        )
        if long > LEAST and long / max(short, LEAST / 8) > worst:
            worst, what = long / max(short, LEAST / 8), f"{head!r} + {pattern!r}… + {tail!r}: {long:.2f} s"
    return worst, what


def _seconds(run: Run, text: str) -> float:
    start = time.process_time()
    run(text)
    return time.process_time() - start


# --- GGUF ------------------------------------------------------------------------------------------------------------

NUMBERS = (0, 1, 2, 8, 9, 12, 13, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63, 2**64 - 1)


def headers(inputs: int, rng: random.Random) -> tuple[float, int]:
    """Read that many changed headers; seconds of the slowest, and how many were read. Raises what is a defect."""
    whole = nano_model().read_bytes()[:400_000]
    slowest, read = 0.0, 0
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.gguf"
        for data in _changed(whole, inputs, rng):
            file.write_bytes(data)
            start = time.perf_counter()
            try:
                read_header(file)
                read += 1
            except ModelFileError as error:
                assert error.sentence("zh") and str(error)
            except Exception:
                print(f"gguf: {file} is a defect", file=sys.stderr)
                Path("fuzz-defect.gguf").write_bytes(data)
                raise
            slowest = max(slowest, time.perf_counter() - start)
    return slowest, read


def _changed(whole: bytes, inputs: int, rng: random.Random) -> Iterator[bytes]:
    for _ in range(inputs):
        data = bytearray(whole)
        near = rng.choice((40, 400, 4_000, len(data)))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(4, near - 8)
            change = rng.randrange(4)
            if change == 0:
                data[at] = rng.randrange(256)
            elif change == 1:
                struct.pack_into("<Q", data, at, rng.choice(NUMBERS))
            elif change == 2:
                struct.pack_into("<I", data, at, rng.choice(NUMBERS) % 2**32)
            else:
                del data[at : at + rng.randrange(1, 64)]
        yield bytes(data[: rng.randrange(1, len(data))] if rng.random() < 0.2 else data)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parsers", nargs="*", metavar="stream|gguf|markdown|moments")
    parser.add_argument("--inputs", type=int, default=3_000)
    parser.add_argument("--patterns", type=int, default=60, help="that are repeated, for each parser")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    report = Report("fuzz")
    for name in args.parsers or [*RUNS, "gguf"]:
        rng = random.Random(f"{args.seed} {name}")
        if name == "gguf":
            slowest, read = headers(args.inputs, rng)
            report.figure("gguf: headers, of which were read all the same", f"{args.inputs:,}, {read:,}")
            report.bar("gguf: slowest header, s", slowest, at_most=SLOW)
            continue
        report.figure(f"{name}: inputs without a defect", f"{args.inputs:,}")
        report.bar(f"{name}: slowest input, s", crashes(name, args.inputs, rng), at_most=SLOW)
        worst, what = growth(name, args.patterns, rng)
        report.bar(f"{name}: time for four times as much, worst of {args.patterns}", worst, at_most=8.0)
        report.figure(f"{name}: that was", what or "none took long enough to tell")
    report.print(as_json=args.json)


if __name__ == "__main__":
    main()

"""The whole recipe in small, end to end: cold start, then three ways to go on for the same time, compared.

From one cold start: more of the same training (the control), rejection sampling, and GRPO. Each is measured on the same
problems of the test split, greedily. What reinforcement learning is worth is its lead over the control.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from r1chat.files import replacing
from r1chat.training.checkpoint import CHECKPOINT
from r1chat.training.data import Text, texts
from r1chat.training.gguf_file import read_gguf, write_gguf
from r1chat.training.grpo import Grpo, Reinforcement
from r1chat.training.loop import Plan, Training, load
from r1chat.training.model import Decoder, Shape
from r1chat.training.reject import Rejection, gather, sampler, source
from r1chat.training.sampling import complete
from r1chat.training.scoring import score

RESULT, PICTURE = "demo.json", "demo.svg"
COLD, MORE, REJECT, GRPO = "cold start", "more of it", "rejection sampling", "GRPO"
SHARES = {COLD: 0.55, MORE: 0.12, REJECT: 0.12, GRPO: 0.12}  # of the minutes; the rest is for sampling and measuring


@dataclass(frozen=True, slots=True)
class Demo:
    """How long, on which tasks, and how many problems of the test split are asked."""

    minutes: float = 30.0
    tasks: tuple[str, ...] = ("sums", "countdown")
    problems: int = 100
    seed: int = 0
    threads: int = 1


def run(folder: Path, plan: Demo, tell: Callable[[str], None], shape: Shape | None = None) -> dict[str, Any]:
    """All stages; each goes on where its folder holds a checkpoint. Returns and writes the figures, and the picture.

    The figures: `loss` at the first and last note of the cold start, and by stage `pass@1` and `length` in tokens.
    """

    def examples(rng: random.Random) -> Iterator[Text]:
        return texts(rng, "train", plan.tasks)

    def timed(name: str, rate: float) -> Plan:
        minutes = plan.minutes * SHARES[name]
        return Plan(minutes, rate=rate, warm=20, seed=plan.seed, save=10, check=1e9, problems=0, threads=plan.threads)

    places = folders(folder)
    cold = places[COLD]
    tell(COLD)
    _trained(Training(cold, timed(COLD, 4e-3), shape or Shape(), source=examples))
    start = folder / "cold.gguf"
    if not start.exists():
        write_gguf(start, *load(cold), "demo")
    stages: dict[str, Callable[[Path], Training]] = {
        MORE: lambda place: Training(place, timed(MORE, 1e-3), Shape(), _from(place, start), examples),
        REJECT: lambda place: _rejecting(place, timed(REJECT, 3e-4), plan, start),
        GRPO: lambda place: Grpo(
            place,
            timed(GRPO, 5e-5),
            Reinforcement(problems=8, k=8, tasks=plan.tasks, limit=256, dev=20),
            _from(place, start),
        ),
    }
    figures = {COLD: _measured(*load(cold), plan)}
    for name, make in stages.items():
        tell(name)
        _trained(make(places[name]))
        figures[name] = _measured(*load(places[name]), plan)
    write_gguf(folder / "demo.gguf", *load(places[GRPO]), "demo")
    notes = [json.loads(line) for line in (cold / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    losses = [note["loss"] for note in notes if "loss" in note]
    result = {"minutes": plan.minutes, "tasks": plan.tasks, "loss": [losses[0], losses[-1]], "stages": figures}
    with replacing(folder / RESULT) as stream:
        stream.write(json.dumps(result, indent=2).encode())
    with replacing(folder / PICTURE) as stream:
        stream.write(picture(figures).encode())
    return result


def folders(folder: Path) -> dict[str, Path]:
    """The folder of each stage."""
    return {name: folder / ("cold" if name == COLD else name.replace(" ", "-")) for name in SHARES}


def _from(place: Path, start: Path) -> tuple[Decoder, Tokenizer] | None:
    return None if (place / CHECKPOINT).exists() else read_gguf(start)


def _rejecting(place: Path, plan: Plan, demo: Demo, start: Path) -> Training:
    rejection = Rejection(max(16, round(8 * demo.minutes)), 4, demo.tasks, seed=demo.seed)
    kept = gather(place, rejection, sampler(rejection, *read_gguf(start)))
    return Training(place, plan, Shape(), _from(place, start), source(kept))


def _trained(run: Training) -> None:
    if run.seconds < run.plan.minutes * 60:
        run.run()


def _measured(model: Decoder, tokenizer: Tokenizer, plan: Demo) -> dict[str, float]:
    """pass@1 on the test split, and the mean length of a completion."""
    asked = list(islice(texts(random.Random("demo"), "test", plan.tasks), plan.problems))
    written = complete(model, tokenizer, [text.prompt for text in asked], limit=256)
    right = [mark.accuracy for mark in score(asked, written)]
    return {
        "pass@1": round(sum(right) / len(right), 4),
        "length": round(sum(len(row.tokens) for row in written) / len(written), 1),
    }


def picture(figures: dict[str, dict[str, float]]) -> str:
    """pass@1 by stage as bars, in SVG."""
    rows = []
    for number, (name, values) in enumerate(figures.items()):
        top, share = 20 + 40 * number, values["pass@1"]
        rows.append(
            f'<text x="150" y="{top + 18}" text-anchor="end">{name}</text>'
            f'<rect x="160" y="{top}" width="{300 * share:.1f}" height="26" fill="#4d6bfe"/>'
            f'<text x="{168 + 300 * share:.1f}" y="{top + 18}">{share:.0%}</text>'
        )
    height = 30 + 40 * len(figures)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="520" height="{height}" viewBox="0 0 520 {height}" '
        f'font-family="sans-serif" font-size="14"><rect width="520" height="{height}" fill="#fff"/>'
        f"{''.join(rows)}</svg>"
    )

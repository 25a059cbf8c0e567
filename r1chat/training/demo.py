"""The whole recipe in small, end to end: cold start, then three ways to go on for the same time, compared.

From one cold start: more of the same training (the control), rejection sampling, and GRPO. Each is measured on the same
problems of the test split, greedily. What reinforcement learning is worth is its lead over the control: the difference
on the same problems, with a paired bootstrap interval. Time is the processor's, so that no stage is given less of it
while the machine is busy.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from r1chat.errors import TrainingError
from r1chat.evaluation.measures import Estimate, difference_of, share
from r1chat.evaluation.picture import shares_of
from r1chat.files import replacing
from r1chat.training.checkpoint import CHECKPOINT
from r1chat.training.data import TrainingText, texts
from r1chat.training.gguf_file import read_gguf, write_gguf
from r1chat.training.grpo import Grpo, Reinforcement
from r1chat.training.loop import Plan, Training, load
from r1chat.training.model import Decoder, Shape
from r1chat.training.reject import AT_ONCE, SAMPLES, Rejection, gather, sampler, source
from r1chat.training.sampling import complete
from r1chat.training.scoring import score

RESULT, PICTURE = "demo.json", "demo.svg"
COLD, MORE, REJECT, GRPO = "cold start", "more of it", "rejection sampling", "GRPO"
SAMPLING = 0.8  # of the time of rejection sampling
MEASURED = 100  # problems at once
SHARES = {COLD: 0.55, MORE: 0.12, REJECT: 0.12, GRPO: 0.12}  # of the minutes; the rest is for measuring


@dataclass(frozen=True, slots=True)
class Demo:
    """How long on an idle machine, on which tasks, and how many problems of the test split are asked."""

    minutes: float = 30.0
    tasks: tuple[str, ...] = ("sums", "countdown")
    problems: int = 300
    seed: int = 0
    threads: int = 1
    device: str = "cpu"


def run(
    folder: Path,
    plan: Demo,
    tell: Callable[[str], None],
    shape: Shape | None = None,
    note: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """All stages; each goes on where its folder holds a checkpoint. Returns and writes the figures, and the picture.

    `tell` gets the name of each stage, `note` how far it is.

    The figures: `loss` at the first and last note of the cold start; by stage `pass@1` with its 95 % interval `low` to
    `high`, the same by task (`tasks`), `length` in tokens, and of rejection sampling and GRPO the `lead` over the
    control; `cpu_minutes`: the processor time of this call.
    """

    def examples(rng: random.Random) -> Iterator[TrainingText]:
        return texts(rng, "train", plan.tasks)

    def timed(name: str, rate: float) -> Plan:
        return Plan(
            plan.minutes * SHARES[name],
            rate=rate,
            warm=20,
            seed=plan.seed,
            save=10,
            check=1e9,
            problems=0,
            threads=plan.threads,
            clock=time.thread_time,  # the same for each, however busy the machine is
            device=plan.device,
        )

    start_time = time.process_time()
    places = folders(folder)
    cold = places[COLD]
    tell(COLD)
    _trained(Training(cold, timed(COLD, 4e-3), shape or Shape(), source=examples), note)
    start = folder / "cold.gguf"
    if not start.exists():
        write_gguf(start, *load(cold), "demo")
    stages: dict[str, Callable[[Path], Training]] = {
        MORE: lambda place: Training(place, timed(MORE, 1e-3), Shape(), _from(place, start), examples),
        REJECT: lambda place: _rejecting(place, timed(REJECT, 3e-4), plan, start, note),
        GRPO: lambda place: Grpo(
            place,
            timed(GRPO, 5e-5),
            Reinforcement(problems=8, k=8, tasks=plan.tasks, limit=256, dev=20),
            _from(place, start),
        ),
    }
    texts_asked = list(islice(texts(random.Random("demo"), "test", plan.tasks), plan.problems))
    answers = {COLD: _answered(*load(cold), texts_asked)}
    for name, make in stages.items():
        tell(name)
        _trained(make(places[name]), note)
        answers[name] = _answered(*load(places[name]), texts_asked)
    figures = {name: _figures(texts_asked, answer) for name, answer in answers.items()}
    for name in (REJECT, GRPO):
        pairs = zip(answers[name], answers[MORE], strict=True)
        figures[name]["lead"] = _rounded(difference_of([mine.right - theirs.right for mine, theirs in pairs]))
    write_gguf(folder / "demo.gguf", *load(places[GRPO]), "demo")
    notes = [json.loads(line) for line in (cold / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    losses = [note["loss"] for note in notes if "loss" in note]
    result = {
        "minutes": plan.minutes,
        "cpu_minutes": round((time.process_time() - start_time) / 60, 1),
        "tasks": plan.tasks,
        "problems": len(texts_asked),
        "loss": [losses[0], losses[-1]],
        "stages": figures,
    }
    with replacing(folder / RESULT) as stream:
        stream.write(json.dumps(result, indent=2).encode())
    with replacing(folder / PICTURE) as stream:
        stream.write(picture(figures, len(texts_asked)).encode())
    return result


def folders(folder: Path) -> dict[str, Path]:
    """The folder of each stage."""
    return {name: folder / ("cold" if name == COLD else name.replace(" ", "-")) for name in SHARES}


def _from(place: Path, start: Path) -> tuple[Decoder, Tokenizer] | None:
    return None if (place / CHECKPOINT).exists() else read_gguf(start)


def _rejecting(place: Path, plan: Plan, demo: Demo, start: Path, note: Callable[[str], None]) -> Training:
    """Sample for most of the stage's time, train for the rest of it: some rounds through what was kept, not dozens."""
    last_told = float("-inf")

    def tell(done: int, samples: int, right: int) -> None:
        nonlocal last_told
        if plan.clock() - last_told >= 60:
            last_told = plan.clock()
            note(f"{done} problems, {samples} samples, {right} kept")

    file = place / SAMPLES
    lots = file.read_bytes().count(b"\n") if file.exists() else 0
    model, tokenizer = read_gguf(start)
    write = sampler(Rejection(seed=demo.seed), model.to(demo.device), tokenizer)
    start_time, most = plan.clock(), plan.minutes * 60 * SAMPLING
    while not (place / CHECKPOINT).exists() and (spent := plan.clock() - start_time) < most:
        lots += 1
        try:
            gather(place, _rejection(demo, lots), write, tell)
        except TrainingError:  # none was right so far
            if spent > most / 2:
                raise
    samples = gather(place, _rejection(demo, lots), write, tell)
    plan = replace(plan, minutes=plan.minutes * (1 - SAMPLING))
    return Training(place, plan, Shape(), _from(place, start), source(samples))


def _rejection(demo: Demo, lots: int) -> Rejection:
    return Rejection(AT_ONCE * lots, 4, demo.tasks, seed=demo.seed)


def _trained(run: Training, note: Callable[[str], None]) -> None:
    """Train to the end of the plan; once a minute of it, `note` gets how far it is."""
    last_told = run.seconds

    def tell(line: Mapping[str, Any]) -> None:
        nonlocal last_told
        if run.seconds - last_told >= 60:
            last_told = run.seconds
            figures = "".join(f"  {name} {line[name]:.3f}" for name in ("loss", "reward") if name in line)
            note(f"{run.seconds / 60:.0f} of {run.plan.minutes:.1f} min{figures}")

    if run.seconds < run.plan.minutes * 60:
        run.run(tell)


@dataclass(frozen=True, slots=True)
class _Answer:
    right: float  # 1 or 0
    length: int  # tokens


def _answered(model: Decoder, tokenizer: Tokenizer, problems: Sequence[TrainingText]) -> list[_Answer]:
    """The greedy answer to each problem."""
    answers: list[_Answer] = []
    for at in range(0, len(problems), MEASURED):
        some = problems[at : at + MEASURED]
        completions = complete(model, tokenizer, [text.prompt for text in some], limit=256)
        marks = score(some, completions)
        answers += [_Answer(mark.accuracy, len(row.tokens)) for row, mark in zip(completions, marks, strict=True)]
    return answers


def _figures(problems: Sequence[TrainingText], answers: Sequence[_Answer]) -> dict[str, Any]:
    by_task: dict[str, list[float]] = {}
    for text, answer in zip(problems, answers, strict=True):
        by_task.setdefault(text.task, []).append(answer.right)
    return {
        **_rounded(share([answer.right for answer in answers]), "pass@1"),
        "length": round(sum(answer.length for answer in answers) / len(answers), 1),
        "tasks": {
            task: {**_rounded(share(right), "pass@1"), "problems": len(right)}
            for task, right in sorted(by_task.items())
        },
    }


def _rounded(estimate: Estimate, name: str = "value") -> dict[str, float]:
    return {name: round(estimate.value, 4), "low": round(estimate.low, 4), "high": round(estimate.high, 4)}


def picture(figures: Mapping[str, Mapping[str, Any]], problems: int) -> str:
    """pass@1 by stage with intervals, over all problems and, where there are several tasks, by task, in SVG."""
    tasks = next(iter(figures.values()))["tasks"]
    blocks = [(f"pass@1 on {problems} problems of the test split", figures)]
    if len(tasks) > 1:
        blocks += [
            (f"{task}: {tasks[task]['problems']} of them", {name: own["tasks"][task] for name, own in figures.items()})
            for task in tasks
        ]
    return shares_of(
        [
            (title, [(name, Estimate(own["pass@1"], own["low"], own["high"]), None) for name, own in rows.items()])
            for title, rows in blocks
        ],
        "pass@1 by stage",
    )

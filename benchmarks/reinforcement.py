"""What reinforcement learning adds to more supervised training: `python -m benchmarks.reinforcement FOLDER`.

A small model is trained on one made-up task for `--start-minutes`; whether that is its plateau, the control tells. From
that checkpoint, for each seed and for the same processor time: more supervised training (the control), rejection
sampling (its sampling counted), and GRPO. Each is measured on the same problems of the test split, which chose nothing:
greedily, and with 8 samples at temperature 0.6 (pass@1, pass@8, cons@8). The same command goes on after a kill. Needs
the extra `train`.

With `--from MODEL.gguf` the checkpoint is that model, taught the task for `--start-minutes` (0: as it is).

With `--demonstrations N` the supervised training, at the start and in the control, has N chains and no more, as where
people write them; the others learn from answers alone, of which there are as many as they ask for. That is the case of
R1's cold start (arXiv 2501.12948v1, section 2.3.1): chains are dear, problems with a known answer are cheap.

With `--brief SHARE` that share of the demonstrations names the result at once, as some replies of collected data do.
All are right, but a small model can follow only those that are worked out: in its head it guesses. Supervised training
keeps the share, however long it takes; that working it out pays, the reward tells.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from benchmarks.report import Report
from r1chat.evaluation.measures import bootstrap
from r1chat.training.checkpoint import CHECKPOINT
from r1chat.training.data import TrainingText, texts
from r1chat.training.gguf_file import read_gguf
from r1chat.training.grpo import Grpo, Reinforcement
from r1chat.training.loop import Plan, TextSource, Training, load
from r1chat.training.model import Decoder, Shape
from r1chat.training.reject import Rejection, gather, sampler, source
from r1chat.training.sampling import Completion, complete
from r1chat.training.scoring import score
from r1chat.votes import group

SHAPE = Shape(vocabulary=640, width=96, hidden=256, layers=4, heads=3, kv_heads=3, context=1024)
ARMS = ("more", "reject", "grpo")
NAMES = {"start": "the start", "more": "more supervised training", "reject": "rejection sampling", "grpo": "GRPO"}
SAMPLES, TEMPERATURE = 8, 0.6
LOOK = 60.0  # seconds of the start's training between two looks at the dev split
RATES = {"start": 4e-3, "more": 1e-3, "reject": 3e-4, "grpo": 1e-4}  # none of them tuned

FIGURES = ("greedy", "pass@1", "pass@8", "cons@8", "tokens", "worked")

Figures = dict[str, Any]


def measure(model: Decoder, tokenizer: Tokenizer, task: str, split: str, count: int) -> Figures:
    """Greedy pass@1, and pass@1, pass@8 and cons@8 of samples, on the first problems of a split.

    `tokens`: the mean length of a sample; `worked`: the share of samples whose thought has more than two lines;
    `right`: of each problem, the share of samples that are right.
    """
    problems = list(islice(texts(random.Random("arms"), split, [task]), count))
    greedy = score(problems, _completions(model, tokenizer, problems, 0.0))
    rows = [text for text in problems for _ in range(SAMPLES)]
    completions = _completions(model, tokenizer, rows, TEMPERATURE)
    marks = score(rows, completions)
    agreed, solved = [], []
    for at in range(0, len(rows), SAMPLES):
        replies = completions[at : at + SAMPLES]
        answers = [reply.text.partition("</think>")[2] if reply.ended else None for reply in replies]
        groups = group(answers)
        solved.append(max(mark.accuracy for mark in marks[at : at + SAMPLES]))
        agreed.append(marks[at + groups[0].members[0]].accuracy if groups else 0.0)
    return {
        "greedy": _mean([mark.accuracy for mark in greedy]),
        "pass@1": _mean([mark.accuracy for mark in marks]),
        "pass@8": _mean(solved),
        "cons@8": _mean(agreed),
        "tokens": _mean([len(reply.tokens) for reply in completions]),
        "worked": _mean([mark.thought.strip().count("\n") > 1 for mark in marks]),
        "right": [_mean([mark.accuracy for mark in marks[at : at + SAMPLES]]) for at in range(0, len(marks), SAMPLES)],
    }


def _completions(
    model: Decoder, tokenizer: Tokenizer, problems: list[TrainingText], temperature: float
) -> list[Completion]:
    completions: list[Completion] = []
    for at in range(0, len(problems), 200):
        prompts = [text.prompt for text in problems[at : at + 200]]
        completions += complete(model, tokenizer, prompts, temperature, seed=at, dtype=torch.bfloat16)
    return completions


def _mean(values: list[Any]) -> float:
    return round(statistics.fmean(values), 4) if values else 0.0


def start(
    folder: Path, demonstrations: TextSource, plan: Plan, model: Path | None, dev: Callable[[Training], Figures]
) -> None:
    """The common checkpoint, from nothing or from a GGUF file; goes on where it was.

    Its way to the plateau, in `dev.jsonl`: the figures of the dev split every `LOOK` seconds and at the end.
    """
    origin = read_gguf(model) if model and not (folder / CHECKPOINT).exists() else None
    run = Training(folder, replace(plan, warm=20 if model else 100, save=LOOK), SHAPE, origin, demonstrations)

    def tell(line: dict[str, Any]) -> None:
        _tell(line)
        figures = {"seconds": line["seconds"], **dev(run)}
        with (folder / "dev.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")
        _tell(_short(figures))

    if origin or run.seconds < plan.minutes * 60:
        run.run(tell)


def arm(
    name: str, folder: Path, start_folder: Path, demonstrations: TextSource, plan: Plan, rules: Reinforcement
) -> tuple[Decoder, Tokenizer]:
    """The model after one way to go on from the checkpoint in `start_folder` for the same processor time."""
    origin = load(start_folder)
    if name == "more":
        run = Training(folder, plan, origin[0].shape, origin, demonstrations)
    elif name == "reject":
        spent = folder / "sampled.json"  # processor seconds of the sampling
        if not spent.exists():  # a kill within the sampling: all of it again, so that its time is known
            shutil.rmtree(folder, ignore_errors=True)
        clock = time.process_time()
        rejection = Rejection(problems=400, k=4, tasks=rules.tasks, seed=plan.seed)
        samples = gather(folder, rejection, sampler(rejection, *origin))
        if not spent.exists():
            spent.write_text(json.dumps(time.process_time() - clock))
        left = plan.minutes - json.loads(spent.read_text()) / 60
        run = Training(folder, replace(plan, minutes=max(left, 0.05)), origin[0].shape, origin, source(samples))
    else:
        run = Grpo(folder, replace(plan, warm=4, anneal=0.6), rules, origin)
    if run.seconds < run.plan.minutes * 60:
        run.run(_tell)
    return run.model, run.tokenizer


def _plan(name: str, minutes: float, seed: int, brief: float) -> Plan:
    return Plan(
        alike=not brief,  # batches of one length would each be of one style
        minutes=minutes,
        rate=RATES[name],
        warm=10,
        anneal=0.3 if name == "start" else 1.0,
        seed=seed,
        save=20,
        problems=0,
        clock=time.process_time,
    )


def _demonstrations(task: str, count: int, brief: float) -> TextSource:
    """Chains of one task: always new ones, or the same `count` again and again; a share of them is brief."""
    if count:
        return source(list(islice(texts(random.Random("demonstrations"), "train", [task], (), brief), count)))
    return lambda rng: texts(rng, "train", [task], (), brief)


def _short(figures: Figures) -> Figures:
    return {name: value for name, value in figures.items() if name != "right"}


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Reinforcement learning against more supervised training.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--task", default="countdown")
    parser.add_argument("--from", dest="model", type=Path, metavar="MODEL.gguf", help="go on from it, not from nothing")
    parser.add_argument("--start-minutes", type=float, default=4.0, help="of the common checkpoint, processor time")
    parser.add_argument("--minutes", type=float, default=1.5, help="of each way to go on, processor time")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("-n", type=int, default=100, help="problems")
    for name, rate in RATES.items():
        parser.add_argument(f"--{name}-rate", type=float, default=rate)
    parser.add_argument("--grpo-problems", type=int, default=16, help="a step")
    parser.add_argument("--grpo-updates", type=int, default=1, help="a step")
    parser.add_argument("--grpo-kl", type=float, default=0.1, help="weight of the penalty on KL from the start")
    parser.add_argument("--demonstrations", type=int, default=0, help="chains to learn from; 0: always new ones")
    parser.add_argument("--brief", type=float, default=0.0, metavar="SHARE", help="of chains that are not worked out")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Train, measure and print."""
    args = _arguments()
    RATES.update({name: getattr(args, f"{name}_rate") for name in RATES})
    rules = Reinforcement(
        problems=args.grpo_problems,
        k=8,
        tasks=(args.task,),
        kl=args.grpo_kl,
        updates=args.grpo_updates,
        dev=20,
        check=1000,
    )
    torch.set_num_threads(1)
    start_folder = args.folder / "start"
    demonstrations = _demonstrations(args.task, args.demonstrations, args.brief)
    start(
        start_folder,
        demonstrations,
        _plan("start", args.start_minutes, 0, args.brief),
        args.model,
        lambda run: measure(run.model, run.tokenizer, args.task, "dev", args.n),
    )
    measured: dict[str, list[Figures]] = {}
    jobs = [
        ("start", 0, start_folder),
        *((name, seed, args.folder / f"{name}-{seed}") for seed in range(args.seeds) for name in args.arms),
    ]
    for name, seed, place in jobs:
        file = place / f"{args.split}-{args.n}.json"
        if not file.exists():
            if name == "start":
                model, tokenizer = load(start_folder)
            else:
                plan = _plan(name, args.minutes, seed, args.brief)
                model, tokenizer = arm(name, place, start_folder, demonstrations, plan, rules)
            figures = measure(model, tokenizer, args.task, args.split, args.n)
            file.write_text(json.dumps(figures))
            print(place.name, _short(figures), flush=True)
        measured.setdefault(name, []).append(json.loads(file.read_text()))
    report = Report("reinforcement")
    for name, runs in measured.items():
        for figure in FIGURES:
            values = [run[figure] for run in runs]
            report.figure(f"{NAMES[name]}, {figure}", statistics.fmean(values))
            if len(values) > 1:
                report.figure(f"{NAMES[name]}, {figure}, standard deviation", statistics.stdev(values))
    for name in ("reject", "grpo"):
        if name in measured and "more" in measured:
            lead = bootstrap([a - b for a, b in zip(_right(measured[name]), _right(measured["more"]), strict=True)])
            text = f"{lead.value:+.3f} [{lead.low:+.3f}, {lead.high:+.3f}]"
            report.figure(f"{NAMES[name]} less {NAMES['more']}, pass@1, by problems", text)
    report.print(as_json=args.json)


def _right(runs: list[Figures]) -> list[float]:
    """The share of right samples of each problem, over the seeds."""
    return [statistics.fmean(column) for column in zip(*(run["right"] for run in runs), strict=True)]


if __name__ == "__main__":
    main()

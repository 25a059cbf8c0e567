"""`r1chat train reject`, `grpo` and `distill`: what a small model learns from samples, its own or a teacher's."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from r1chat.both import Both
from r1chat.cli.process import harmless
from r1chat.errors import TrainingError
from r1chat.evaluation import generated

RATES = {"reject": 3e-4, "grpo": 5e-5, "distill": 1e-3}  # learning rates where none is named
PROBLEMS = {"reject": 400, "grpo": 16, "distill": 100}


def reinforce(stage: str, folder: Path, flags: Mapping[str, Any]) -> int:
    """Do one of the stages in a folder. Raises TrainingError."""
    from r1chat.training.checkpoint import CHECKPOINT
    from r1chat.training.data import LONGEST, encode
    from r1chat.training.device import find_device
    from r1chat.training.gguf_file import read_gguf
    from r1chat.training.loop import LOG, Plan, Training, load
    from r1chat.training.outcome import verdict

    tasks = tuple(name for name in flags["task"] or () if name in generated.TASKS)
    problems = PROBLEMS[stage] if flags["problems"] is None else flags["problems"]
    if not 2 <= flags["k"] <= 64 or problems < 1:
        raise TrainingError(_NO_GROUP.format(k=flags["k"], problems=problems))
    resumes = (folder / CHECKPOINT).exists()
    if not resumes and not flags["begin_with"]:
        raise TrainingError(_NO_START.format(stage=stage, folder=folder))
    model, tokenizer = load(folder) if resumes else read_gguf(flags["begin_with"])
    start = None if resumes else (model, tokenizer)
    pools = _pools([name for name in flags["task"] or () if name not in generated.TASKS], tokenizer)
    seed = flags["seed"] or 0
    plan = Plan(
        minutes=flags["minutes"],
        rate=flags["rate"] or RATES[stage],
        warm=10,
        seed=seed,
        threads=flags["threads"],
        device=find_device(flags["device"]).type,
    )
    run: Training
    if stage == "grpo":
        from r1chat.training.grpo import Grpo, Reinforcement

        rules = Reinforcement(problems=min(problems, 64), k=flags["k"], tasks=tasks, pools=pools)
        run = Grpo(folder, plan, rules, start)
    else:
        from r1chat.training.reject import Rejection, gather, sampler, source

        rejection = Rejection(problems, flags["k"], tasks, pools, seed=seed)
        if stage == "reject":
            examples = gather(folder, rejection, sampler(rejection, model.to(plan.device), tokenizer), _tell_samples)
        else:
            every = () if pools else tuple(generated.TASKS)
            examples = _distilled(folder, replace(rejection, tasks=tasks or every), flags)
        if not encode(tokenizer, examples):
            raise TrainingError(_ALL_LONG.format(most=LONGEST))
        run = Training(folder, plan, model.shape, start, source(examples), pools)
    if run.seconds >= plan.minutes * 60:
        raise TrainingError(_SPENT.format(folder=folder, spent=run.seconds / 60))
    try:
        run.run(_tell)
    except KeyboardInterrupt:
        run.save()
        print("Stopped; the same command goes on.")
        return 130
    if stage == "grpo":
        lines = [json.loads(line) for line in (folder / LOG).read_text(encoding="utf-8").splitlines()]
        print(verdict(lines))
    print(f"Done. Next: r1chat train gguf {folder}")
    return 0


def _pools(files: Sequence[str], tokenizer: Any) -> tuple[Any, ...]:
    """The problems of task files; what a person should know of them is printed. Raises TrainingError."""
    from r1chat.training.pools import read_pool

    pools: dict[str, Any] = {}
    for file in files:
        pool, notices = read_pool(file, tokenizer)
        if pool.name in pools:
            raise TrainingError(_SAME_NAME.format(name=pool.name))
        pools[pool.name] = pool
        for notice in notices:
            print(harmless(notice, sys.stderr), file=sys.stderr, flush=True)
    return tuple(pools.values())


def _distilled(folder: Path, rejection: Any, flags: Mapping[str, Any]) -> list[Any]:
    """What the teacher, a model of any backend, wrote and what of it was kept."""
    from contextlib import closing

    from r1chat.app import connect
    from r1chat.config import load as load_settings
    from r1chat.training.distill import teacher
    from r1chat.training.reject import gather

    if not flags["teacher"]:
        raise TrainingError(_NO_TEACHER)
    with closing(connect(load_settings(data_dir=flags["data_dir"]))) as catalogue:
        backend, info = catalogue.find(catalogue.default(flags["teacher"]).key)
        return gather(folder, rejection, teacher(backend, info, rejection), _tell_samples)


def _tell_samples(done: int, samples: int, accepted: int) -> None:
    print(f"{done} problems, {samples} samples, {accepted} kept", flush=True)


def _tell(line: dict[str, Any]) -> None:
    names = ("loss", "reward", "accuracy", "length", "groups", "entropy", "pass@1")
    figures = "  ".join(f"{name} {line[name]:.3f}" for name in names if name in line)
    dev = "  ".join(f"{task} {share:.0%}" for task, share in line.get("dev", {}).items())
    print(f"step {line['step']:>5}  {line['seconds'] / 60:5.1f} min  {figures}  {dev}".rstrip(), flush=True)


_SAME_NAME = Both(
    "Two tasks are called {name}. Rename a file, or give it a name in a TOML file.",
    "有两个任务都叫 {name}。请重命名文件，或在 TOML 文件中另起名字。",
)
_ALL_LONG = Both(
    "Every reply that was kept has more than {most} tokens with its question: too long for a model of this size. Name "
    "easier or shorter problems with --task.",
    "保留下来的每条回复连同题目都超过 {most} 个 token：对这种大小的模型来说太长。请用 --task 指定更容易或更短的题目。",
)
_NO_TEACHER = Both(
    "distill learns from a model of yours: name it with --teacher NAME (`r1chat models` lists them).",
    "distill 需要一个教师模型：请用 --teacher NAME 指定（`r1chat models` 列出可用模型）。",
)
_NO_GROUP = Both(
    "-k {k} and --problems {problems}: give 2 to 64 samples of each problem, and at least 1 problem.",
    "-k {k}、--problems {problems}：每题样本数须为 2 到 64，题数至少为 1。",
)
_NO_START = Both(
    "{stage} goes on from a model: name it with --from MODEL.gguf, or a folder that holds a checkpoint instead of "
    "{folder}.",
    "{stage} 需要从已有模型开始：请用 --from MODEL.gguf 指定，或把 {folder} 换成有检查点的文件夹。",
)
_SPENT = Both(
    "{folder} has trained for {spent:.1f} minutes already. --minutes counts them too: give more than that.",
    "{folder} 已训练 {spent:.1f} 分钟。--minutes 也包含这段时间：请给出更大的数。",
)

"""`r1chat train`: trains a small model from scratch, or goes on from a GGUF file; writes it as GGUF."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from r1chat.both import Both
from r1chat.config import load as load_settings
from r1chat.errors import TrainingError
from r1chat.evaluation import generated
from r1chat.evaluation.rows import SUFFIXES
from r1chat.files import read_text
from r1chat.learn.modelfile import r1_template
from r1chat.learn.recipe import STAGES as OF_THE_RECIPE
from r1chat.learn.recipe import StageName, remember

STAGES = ("cold-start", "reject", "grpo", "distill", "gguf", "demo")
OF_FILES = ("reject", "grpo", "distill")  # stages that take problems from files, too
RATE = 3e-3  # at its highest, of cold-start
ROOM = 300_000_000  # bytes: a checkpoint, the one that replaces it, and the GGUF file
NEEDED = ("torch", "tokenizers", "gguf")


def train(stage: str, flags: Mapping[str, Any]) -> int:
    """Do a stage in a folder. Raises TrainingError."""
    if stage not in STAGES:
        raise TrainingError(_NO_STAGE.format(stage=stage, stages=", ".join(("prefer", "sft", "kto", *STAGES))))
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise TrainingError(_NO_TORCH.format(names=", ".join(missing)))
    folder: Path | None = flags["folder"]
    if folder is None:
        raise TrainingError(_WHICH_FOLDER.format(stage=stage))
    if stage == "gguf":
        return _write(folder, flags["output"] or folder / "model.gguf")
    _examine(stage, folder, flags)
    data_dir = load_settings(data_dir=flags["data_dir"]).data_dir
    for name in OF_THE_RECIPE:
        if name == stage:
            remember(data_dir, name, folder)
    if stage == "cold-start":
        return _cold_start(folder, flags)
    if stage == "demo":
        return _demo(folder, flags, data_dir)
    from r1chat.cli.reinforcing import reinforce

    return reinforce(stage, folder, flags)


def _examine(stage: str, folder: Path, flags: Mapping[str, Any]) -> None:
    """Raises TrainingError for flags and a folder that no stage can train with, before anything is begun."""
    if not 0 < flags["minutes"] <= 10_000:
        raise TrainingError(_NO_MINUTES.format(minutes=flags["minutes"]))
    for name in flags["task"] or ():
        is_file = Path(name).suffix.lower() in (".toml", *SUFFIXES)
        if name not in generated.TASKS and not (is_file and stage in OF_FILES):
            files = _OR_FILES if stage in OF_FILES else Both("", "")
            raise TrainingError(_NO_TASK.format(task=name, tasks=", ".join(generated.TASKS), files=files))
    if flags["rate"] is not None and not 0 < flags["rate"] <= 1:
        raise TrainingError(_NO_RATE.format(rate=flags["rate"]))
    if flags["device"] != "auto":
        from r1chat.training.device import find_device

        find_device(flags["device"])
    if folder.exists() and not folder.is_dir():
        raise TrainingError(_NO_FOLDER.format(folder=folder))
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        raise TrainingError(_NO_ROOM.format(folder=folder, free=free // 1_000_000, needed=ROOM // 1_000_000))
    sized = flags["layers"] or flags["feed_forward"]
    if (flags["begin_with"] or sized) and (folder / "checkpoint.pt").exists():
        raise TrainingError(_TWO_STARTS.format(folder=folder))


def _cold_start(folder: Path, flags: Mapping[str, Any]) -> int:
    from r1chat.training.device import find_device
    from r1chat.training.gguf_file import read_gguf
    from r1chat.training.growing import grown
    from r1chat.training.loop import Plan, Training
    from r1chat.training.model import Shape

    start = read_gguf(flags["begin_with"]) if flags["begin_with"] else None
    sizes = {"layers": flags["layers"], "hidden": flags["feed_forward"]}
    shape = replace(start[0].shape if start else Shape(), **{name: size for name, size in sizes.items() if size})
    if start and shape != start[0].shape:
        start = grown(start[0], shape.layers, shape.hidden), start[1]
    rate = RATE if flags["rate"] is None else flags["rate"]
    plan = Plan(
        minutes=flags["minutes"],
        seed=flags["seed"] or 0,
        rate=rate,
        threads=flags["threads"],
        device=find_device(flags["device"]).type,
    )
    run = Training(folder, plan, shape, start)
    if run.seconds >= plan.minutes * 60:
        raise TrainingError(_SPENT.format(folder=folder, spent=run.seconds / 60))
    print(
        f"{run.model.parameters_count:,} parameters; step {run.step}, {run.seconds / 60:.1f} minutes so far", flush=True
    )
    try:
        run.run(lambda line: print(_line(line), flush=True))
    except KeyboardInterrupt:
        run.save()
        print("Stopped; the same command goes on.")
        return 130
    print(f"Done. Next: r1chat train gguf {folder}")
    return 0


def _demo(folder: Path, flags: Mapping[str, Any], data_dir: Path) -> int:
    from r1chat.training import demo
    from r1chat.training.device import find_device

    kinds: dict[str, StageName] = {demo.COLD: "cold-start", demo.MORE: "cold-start", demo.REJECT: "reject"}
    places = demo.folders(folder)

    def tell(name: str) -> None:
        remember(data_dir, kinds.get(name, "grpo"), places[name])
        print(f"{name} …", flush=True)

    tasks = tuple(flags["task"] or demo.Demo().tasks)
    plan = demo.Demo(
        min(flags["minutes"], 30.0),
        tasks,
        seed=flags["seed"] or 0,
        threads=flags["threads"],
        device=find_device(flags["device"]).type,
    )
    try:
        result = demo.run(folder, plan, tell, note=lambda text: print(f"  {text}", flush=True))
    except KeyboardInterrupt:
        print("Stopped; the same command goes on.")
        return 130
    print(f"loss {result['loss'][0]:.2f} -> {result['loss'][1]:.2f}")
    for name, values in result["stages"].items():
        score = f"pass@1 {values['pass@1']:.1%} [{values['low']:.1%}, {values['high']:.1%}]"
        print(f"  {name:<20} {score}   {values['length']:.0f} tokens")
    for name, values in result["stages"].items():
        if lead := values.get("lead"):
            print(
                f"{name} against {demo.MORE}: {100 * lead['value']:+.1f} points "
                f"[{100 * lead['low']:+.1f}, {100 * lead['high']:+.1f}]"
            )
    print(f"The picture: {folder / demo.PICTURE}\nThe model: {folder / 'demo.gguf'}")
    return 0


def _line(values: dict[str, Any]) -> str:
    text = f"step {values['step']:>6}  {values['seconds'] / 60:6.1f} min  {values['tokens'] / 1e6:6.2f} M tokens"
    if "loss" in values:
        text += f"  loss {values['loss']:.3f}"
    return "\n  ".join([text, *(f"{task:<12} {share:4.0%}" for task, share in values.get("dev", {}).items())])


def _write(folder: Path, file: Path) -> int:
    from r1chat.training.checkpoint import CHECKPOINT
    from r1chat.training.gguf_file import write_gguf
    from r1chat.training.loop import load

    if not (folder / CHECKPOINT).exists():
        raise TrainingError(_NO_CHECKPOINT.format(folder=folder))
    if file.suffix != ".gguf":
        raise TrainingError(_NO_GGUF.format(file=file))
    modelfile, first_line = file.with_suffix(".Modelfile"), f"FROM ./{file.name}\n"
    if os.path.lexists(modelfile) and not _begins_with(modelfile, first_line):
        raise TrainingError(_ANOTHER_MODELFILE.format(modelfile=modelfile))
    try:
        write_gguf(file, *load(folder), file.stem)
        lines = f"{first_line}PARAMETER temperature 0\n{r1_template(file)}"
        modelfile.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise TrainingError(_UNWRITABLE.format(file=file, reason=error.strerror)) from None
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB\nOllama: ollama create {file.stem} -f {modelfile}")
    return 0


def _begins_with(file: Path, text: str) -> bool:
    with suppress(OSError, ValueError):
        return read_text(file).startswith(text)
    return False


_ANOTHER_MODELFILE = Both(
    "{modelfile} is there and is another model's, so nothing was written. Move it away, or choose another name.",
    "{modelfile} 已存在，且属于另一个模型，因此没有写入任何内容。请移走它，或另选名称。",
)
_WHICH_FOLDER = Both(
    "Name the folder of the run: r1chat train {stage} FOLDER", "请指明训练的文件夹：r1chat train {stage} 文件夹"
)
_NO_STAGE = Both("There is no stage “{stage}”. There are: {stages}.", "没有“{stage}”这个阶段。现有：{stages}。")
_NO_TASK = Both(
    "There is no task “{task}” to train on. There are: {tasks}{files}.",
    "没有可训练的任务“{task}”。现有：{tasks}{files}。",
)
_OR_FILES = Both(
    "; or give a file (.toml, .jsonl, .json, .csv or .parquet)",
    "；也可以给出文件（.toml、.jsonl、.json、.csv 或 .parquet）",
)
_NO_TORCH = Both(
    "Training needs {names}: pip install 'r1chat[train]' (about 5 GB, mostly PyTorch; its CPU-only wheel is smaller).",
    "训练需要 {names}：pip install 'r1chat[train]'（约 5 GB，主要是 PyTorch；仅 CPU 的版本更小）。",
)
_NO_MINUTES = Both(
    "--minutes {minutes} is no time to train. Give more than 0 and at most 10,000.",
    "--minutes {minutes} 不是有效的训练时间。请给出大于 0、不超过 10,000 的数。",
)
_NO_RATE = Both(
    "--rate {rate} is no learning rate. Give more than 0 and at most 1; 0.003 is the usual one.",
    "--rate {rate} 不是有效的学习率。请给出大于 0、不超过 1 的数；通常为 0.003。",
)
_SPENT = Both(
    "{folder} has trained for {spent:.1f} minutes already. --minutes counts them too: give more than that.",
    "{folder} 已训练 {spent:.1f} 分钟。--minutes 也包含这段时间：请给出更大的数。",
)
_NO_FOLDER = Both("{folder} is no folder. Name another one.", "{folder} 不是文件夹。请换一个。")
_NO_ROOM = Both(
    "{folder} has {free} MB left on its disk; training needs {needed} MB. Make room, or name a folder elsewhere.",
    "{folder} 所在磁盘只剩 {free} MB；训练需要 {needed} MB。请腾出空间，或换一个位置。",
)
_TWO_STARTS = Both(
    "{folder} holds a run already: go on with it without --from, --layers and --feed-forward, or name another folder.",
    "{folder} 里已有一次训练：去掉 --from、--layers 和 --feed-forward 接着训练，或换一个文件夹。",
)
_NO_CHECKPOINT = Both(
    "{folder} holds no checkpoint. First: r1chat train cold-start {folder}",
    "{folder} 里没有检查点。请先运行：r1chat train cold-start {folder}",
)
_NO_GGUF = Both("{file} must end in .gguf.", "{file} 必须以 .gguf 结尾。")
_UNWRITABLE = Both(
    "{file} cannot be written ({reason}). Name another file with -o.",
    "{file} 无法写入（{reason}）。请用 -o 指定另一个文件。",
)

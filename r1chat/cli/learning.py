"""`r1chat train prefer|sft|kto|grpo` and `r1chat adapters`: learning from judgements, and what came of it."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from r1chat.app import App
from r1chat.backends.llama.adapters import mismatch
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.both import Both
from r1chat.chat import MOST_SAMPLES
from r1chat.cli.process import harmless
from r1chat.errors import TrainingError
from r1chat.files import named_path
from r1chat.learn.aspects import ASPECTS, weights
from r1chat.learn.children import Children, liked_in
from r1chat.learn.defaults import MOST_TRIALS
from r1chat.learn.runs import KINDS, Runs, RunStatus, RunWish
from r1chat.learn.target import file_key
from r1chat.learn.train import CancelledError, check_installed, train
from r1chat.learn.trials import read_trials

LONGEST_SAMPLE = 8192  # tokens
LONGEST_ROW = 32_768  # tokens
ACTIONS = ("list", "keep", "add", "rename", "delete", "export", "merge")


def learn(app: App, kind: str, flags: Mapping[str, Any]) -> int:
    """Train an adapter, prove it, and put it into the model list. Raises TrainingError, BackendError, ExportError."""

    check_installed()
    wish = _wish(app, kind, flags)
    run = Runs(app.settings.data_dir).begin(wish, flags["name"] or "")
    _say(_BEGINS.format(name=run.name))
    try:
        status = train(app, run, _say)
    except CancelledError as error:
        _say(Both.of(error.text))
        return 130
    for trial in read_trials(status.trials):
        _say(trial.sentence)
    _say(status.sentence)
    if status.state != "done":
        return 1
    for line in report(status):
        _say(line)
    if flags["keep"] and not status.proof["harmed"]:
        name = Children.of(app).keep(run)
        _say(_KEPT.format(name=name))
    else:
        _say(_OFFERED.format(name=run.name))
    return 0


def _wish(app: App, kind: str, flags: Mapping[str, Any]) -> RunWish:
    if flags["rate"] is not None and not 0 < flags["rate"] <= 1:
        raise TrainingError(_NO_RATE.format(rate=flags["rate"]))
    if flags["epochs"] is not None and not 0 < flags["epochs"] <= 100:
        raise TrainingError(_NO_EPOCHS.format(epochs=flags["epochs"]))
    key = flags["model"]
    if not key:
        raise TrainingError(_NO_MODEL)
    key = file_key(app, key)
    if ":" not in key or not app.catalogue.backend(key.partition(":")[0]):
        key = f"llama.cpp:{key}"
    data = flags["data"]
    return RunWish(
        kind=next(known for known in KINDS if known == kind),
        model=key,
        data=str(named_path(data).resolve()) if data else "",
        rate=flags["rate"] or 0.0,
        epochs=flags["epochs"] or 0.0,
        seed=flags["seed"] or 0,
        threads=flags["threads"],
        every_model=flags["every_model"],
        samples=_samples(flags["samples"]),
        device=_device(flags["device"]),
        weights=_original(flags["weights"] or ""),
        by=_by(kind, flags["by"] or ""),
        trials=_trials(flags["trials"]),
        limit=_limit(flags["limit"]),
        longest=_longest(flags["longest"]),
    )


def _samples(count: int | None) -> int:
    """Raises TrainingError for a number that makes no sense."""
    if count is not None and not 1 <= count <= MOST_SAMPLES:
        raise TrainingError(_NO_SAMPLES.format(count=count, most=MOST_SAMPLES))
    return count or 0


def _trials(count: int | None) -> int:
    """Raises TrainingError for a number that makes no sense."""
    if count is not None and not 1 <= count <= MOST_TRIALS:
        raise TrainingError(_NO_TRIALS.format(count=count, most=MOST_TRIALS))
    return count or 1


def _limit(tokens: int | None) -> int:
    """Raises TrainingError for a number that makes no sense."""
    if tokens is not None and not 1 <= tokens <= LONGEST_SAMPLE:
        raise TrainingError(_NO_LIMIT.format(tokens=tokens, most=LONGEST_SAMPLE))
    return tokens or 0


def _longest(tokens: int | None) -> int:
    """Raises TrainingError for a number that makes no sense."""
    if tokens is not None and not 1 <= tokens <= LONGEST_ROW:
        raise TrainingError(_NO_LONGEST.format(tokens=tokens, most=LONGEST_ROW))
    return tokens or 0


def _device(name: str) -> str:
    """Raises TrainingError for a device that is not there, before a run's folder is."""
    if name != "auto":
        from r1chat.training.device import find_device

        find_device(name)
    return name


def _original(text: str) -> str:
    """A folder by its whole path; anything else is a name in the Hugging Face cache."""
    folder = named_path(text)
    return str(folder.resolve()) if text and folder.is_dir() else text


def _by(kind: str, text: str) -> str:
    """The aspects whose marks are the labels. Raises TrainingError where that makes no sense."""
    if text and kind != "kto":
        raise TrainingError(_BY_OTHER.format(kind=kind))
    weights(text)
    return text


def report(status: RunStatus) -> list[Both]:
    """The proof in lines: figures, then some answers before and after."""
    proof = status.proof
    judged = not math.isnan(proof["agreed"]["value"])
    lines = [
        *([_AGREED.format(**_percent(proof["agreed"]), held=status.held)] if judged else []),
        *(
            _BY_ASPECT.format(aspect=aspect, **_percent(proof[aspect]))
            for aspect in ASPECTS
            if not math.isnan(proof[aspect]["value"])
        ),
        *(
            text.format(samples=proof["samples"], **_points(proof[name]))
            for name, text in (("right", _RIGHT), ("majority", _MAJORITY))
            if not math.isnan(proof[name]["value"])
        ),
        _ENDED.format(**_points(proof["ended"])),
        _LENGTH.format(**_rounded(proof["tokens"])),
        _PLAIN.format(change=f"{proof['plain']:+.3f}"),
    ]
    for example in proof["examples"][:3]:
        lines.append(_EXAMPLE.format(**{name: _short(value) for name, value in _texts(example).items()}))
    return lines


def _texts(example: Mapping[str, Any]) -> dict[str, str]:
    sides = {side: example[side] for side in ("before", "after")}
    return {"prompt": example["prompt"]} | {
        name: f"{'<think> ' + side['reasoning'] + ' </think> ' if side['reasoning'] else ''}{side['answer']}"
        for name, side in sides.items()
    }


def _short(text: str, most: int = 300) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]} …"


def _percent(estimate: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{estimate[name]:.0%}" for name in ("value", "low", "high")}


def _points(estimate: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{100 * estimate[name]:+.0f}" for name in ("value", "low", "high")}


def _rounded(estimate: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{estimate[name]:+.0f}" for name in ("value", "low", "high")}


def adapters(app: App, action: str, words: list[str]) -> int:
    """Do one of ACTIONS with adapters. Raises TrainingError."""
    children, runs = Children.of(app), Runs(app.settings.data_dir)
    if action == "list" and not words:
        for name in children.names():
            record = children.record(name)
            base = record.get("base", {}).get("name", "")
            verdict = liked_in(app.store, *children.contenders(name, base)).verdict
            _say(_CHILD.format(name=name, base=base or "?", verdict=verdict))
        for run in runs.all():
            status = run.status
            _say(_RUN.format(name=run.name, state=status.state, why=status.sentence))
        if not children.names() and not runs.all():
            _say(_NONE)
    elif action == "keep" and len(words) in (1, 2):
        _say(_KEPT.format(name=children.keep(runs.get(words[0]), "".join(words[1:]))))
    elif action == "add" and len(words) in (2, 3):
        _say(_KEPT.format(name=_add(app, children, named_path(words[0]), words[1], "".join(words[2:]))))
    elif action == "rename" and len(words) == 2:
        children.rename(*words)
    elif action == "delete" and len(words) == 1:
        children.delete(words[0])
        _say(_DELETED.format(name=words[0]))
    elif action == "export" and len(words) == 2:
        for file in children.export(words[0], named_path(words[1])):
            print(harmless(str(file), sys.stdout))
    elif action == "merge" and len(words) == 2:
        _merge(app, children, words[0], named_path(words[1]))
        print(harmless(words[1], sys.stdout))
    else:
        raise TrainingError(_USAGE)
    return 0


def _merge(app: App, children: Children, name: str, target: Path) -> None:
    """Write a child and its base as one file. Raises TrainingError where one of them is missing or has changed."""
    if find_spec("gguf") is None:
        raise TrainingError(_NO_GGUF)
    children.check_there(name)
    backend = app.catalogue.backend("llama.cpp")
    child = backend.file(name) if isinstance(backend, LlamaCppBackend) else None
    if child is None or child.base is None:
        raise TrainingError(child.problem.text if child and child.problem else _NO_BASE.format(name=name))
    with child.base.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if problem := mismatch(child, lambda _: digest):
        raise TrainingError(problem.text)
    if len(child.base.parts) > 1:
        raise TrainingError(_SPLIT.format(name=child.base.name))
    children.merge(name, child.base.path, target)


def _add(app: App, children: Children, file: Path, model: str, name: str) -> str:
    """Put an adapter that was made elsewhere beside its base; its name in the model list. Raises TrainingError."""
    backend = app.catalogue.backend("llama.cpp")
    base = backend.file(model.removeprefix("llama.cpp:")) if backend else None  # type: ignore[attr-defined]
    if base is None or base.problem:
        raise TrainingError(_NO_BASE.format(name=model))
    if find_spec("gguf") is None:
        raise TrainingError(_NO_GGUF)
    if file.is_dir():  # PEFT's files are read with PyTorch
        check_installed()
    if len(base.parts) > 1:
        raise TrainingError(_SPLIT.format(name=model))
    with base.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return children.add(file, base, digest, name or file.stem)


def _say(text: Both) -> None:
    print(harmless(str(text), sys.stdout), flush=True)


_BEGINS = Both("Run {name}.", "训练 {name}。")
_KEPT = Both("In the model list as {name}.", "已以 {name} 之名加入模型列表。")
_OFFERED = Both(
    "Not in the model list yet: r1chat adapters keep {name}", "尚未加入模型列表：r1chat adapters keep {name}"
)
_NO_RATE = Both(
    "--rate {rate} is no learning rate. Give more than 0 and at most 1, or leave it out.",
    "--rate {rate} 不是有效的学习率。请给出大于 0、不超过 1 的数，或省略。",
)
_NO_EPOCHS = Both(
    "--epochs {epochs} makes no sense. Give more than 0 and at most 100, or leave it out.",
    "--epochs {epochs} 没有意义。请给出大于 0、不超过 100 的数，或省略。",
)
_NO_MODEL = Both(
    "Name the model whose judgements are to be learnt from: --model r1chat-nano. `r1chat models` lists them.",
    "请指明要学习其评价的模型：--model r1chat-nano。用 `r1chat models` 查看列表。",
)
_AGREED = Both(
    "Of {held} judgements that were set apart, it moved to your side on {value} (95 %: {low} to {high}; 50 % is "
    "chance).",
    "留出的 {held} 条评价中，有 {value} 变得与你一致（95%：{low} 到 {high}；50% 为随机）。",
)
_BY_ASPECT = Both(
    "By the marks of {aspect}: {value} (95 %: {low} to {high}).",
    "按 {aspect} 的评分：{value}（95%：{low} 到 {high}）。",
)
_BY_OTHER = Both(
    "--by labels single replies by their marks, which {kind} does not take. Train with: r1chat train kto --by …",
    "--by 用评分标注单条回复，{kind} 不支持。请使用：r1chat train kto --by …",
)
_RIGHT = Both(
    "Right answers (pass@1): {value} points (95 %: {low} to {high}).",
    "正确答案（pass@1）：{value} 个百分点（95%：{low} 到 {high}）。",
)
_MAJORITY = Both(
    "Right by the majority of {samples} samples (cons@{samples}): {value} points (95 %: {low} to {high}).",
    "{samples} 个样本的多数票正确（cons@{samples}）：{value} 个百分点（95%：{low} 到 {high}）。",
)
_NO_SAMPLES = Both(
    "--samples {count} is no number of replies to a question. Give 1 to {most}.",
    "--samples {count} 不是每个问题的回复数。请给出 1 到 {most}。",
)
_NO_TRIALS = Both(
    "--trials {count} makes no sense. Give 1 to {most}.",
    "--trials {count} 没有意义。请给出 1 到 {most}。",
)
_NO_LONGEST = Both(
    "--longest {tokens} makes no sense. Give a number of tokens from 1 to {most:,}.",
    "--longest {tokens} 没有意义。请给出 1 到 {most:,} 之间的 token 数。",
)
_NO_LIMIT = Both(
    "--limit {tokens} makes no sense. It is the most tokens of a sample: give 1 to {most}.",
    "--limit {tokens} 没有意义。它是每个样本的最多 token 数：请给出 1 到 {most}。",
)
_ENDED = Both(
    "Replies that come to their end: {value} points (95 %: {low} to {high}).",
    "完整结束的回复：{value} 个百分点（95%：{low} 到 {high}）。",
)
_LENGTH = Both("Length: {value} tokens (95 %: {low} to {high}).", "长度：{value} 个 token（95%：{low} 到 {high}）。")
_PLAIN = Both(
    "Likelihood of ordinary text: {change} nats for each token.", "普通文本的可能性：每个 token {change} nat。"
)
_EXAMPLE = Both(
    "\nPrompt: {prompt}\n  before: {before}\n  after:  {after}",
    "\n提示：{prompt}\n  训练前：{before}\n  训练后：{after}",
)
_CHILD = Both("{name}, of {base}. {verdict}", "{name}，基于 {base}。{verdict}")
_RUN = Both("Run {name}: {state}. {why}", "训练 {name}：{state}。{why}")
_NONE = Both(
    "There are no adapters. `r1chat train prefer --model MODEL` makes one from your judgements.",
    "还没有适配器。用 `r1chat train prefer --model 模型` 从你的评价训练一个。",
)
_NO_BASE = Both("The base {name} is not here. Put its file back first.", "基础模型 {name} 不在这里。请先放回它的文件。")
_NO_GGUF = Both(
    "Reading an adapter needs the package gguf: pip install 'r1chat[train]'.",
    "读取适配器需要 gguf 软件包：pip install 'r1chat[train]'。",
)
_SPLIT = Both(
    "{name} is in several files, and this works for models of one file only. Join them with llama-gguf-split --merge.",
    "{name} 由多个文件组成；此操作只适用于单文件模型。请用 llama-gguf-split --merge 合并。",
)
_DELETED = Both("Deleted {name}; its run keeps the adapter.", "已删除 {name}；训练记录仍保留该适配器。")
_USAGE = Both(
    "Say: r1chat adapters, adapters keep RUN [NAME], adapters add FILE MODEL [NAME], adapters rename NAME NEW, "
    "adapters delete NAME, adapters export NAME FOLDER, adapters merge NAME FILE.gguf.",
    "用法：r1chat adapters；adapters keep 训练名 [名字]；adapters add 文件 模型 [名字]；adapters rename 旧名 新名；"
    "adapters delete 名字；adapters export 名字 文件夹；adapters merge 名字 文件.gguf。",
)

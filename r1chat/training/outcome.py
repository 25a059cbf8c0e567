"""What a run of reinforcement learning did, told from its log in words. Without PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from r1chat.both import Both

Tell = Callable[[dict[str, Any]], None]  # takes a line of the log
Outcome = Literal["rose", "flat", "no_spread", "collapsed"]


def average(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def outcome(lines: Sequence[Mapping[str, Any]]) -> tuple[Outcome, Both] | None:
    """What a run did, told from its log, and the figures that say so; None after too few steps."""
    dev = [line["pass@1"] for line in lines if "pass@1" in line]
    steps = [line for line in lines if "reward" in line]
    if len(dev) < 2 or not steps:
        return None
    edge = max(1, len(steps) // 5)
    first, last = (average([line["reward"] for line in part]) for part in (steps[:edge], steps[-edge:]))
    groups = average([line["groups"] for line in steps])
    values = {"before": dev[0], "after": dev[-1], "first": first, "last": last, "groups": groups}
    kind: Outcome
    if dev[-1] < dev[0] - 0.05 or last < first - 0.1:
        kind = "collapsed"
    elif dev[-1] > dev[0] + 0.03:
        kind = "rose"
    else:
        kind = "no_spread" if groups < 0.2 else "flat"
    return kind, _FIGURES.format(**values)


def verdict(lines: Sequence[Mapping[str, Any]]) -> Both:
    """What a run did in a sentence: rose, flat or collapsed, with the usual cause."""
    result = outcome(lines)
    return Both.sentences([result[1], _WORDS[result[0]]]) if result else TOO_SHORT


_FIGURES = Both(
    "Dev pass@1 {before:.1%} -> {after:.1%}; reward of samples {first:.2f} -> {last:.2f}; {groups:.0%} of the samples "
    "were in groups with a spread.",
    "开发集 pass@1 {before:.1%} -> {after:.1%}；样本奖励 {first:.2f} -> {last:.2f}；{groups:.0%} 的样本所在组有差异。",
)
_ROSE = Both(
    "It rose. Compare it with more cold-start training for the same time before you credit the reward.",
    "有提升。把功劳归于奖励之前，请与同样时长的 cold-start 训练比较。",
)
_COLLAPSED = Both(
    "It collapsed. The usual cause is a learning rate that is too high: try a third of it, or more problems a step.",
    "已崩溃。通常是学习率过高：请降到三分之一，或增加每步的题数。",
)
_NO_SPREAD = Both(
    "It is flat: nearly all groups were wholly right or wholly wrong, so there was nothing to learn. Take a harder or "
    "an easier task.",
    "没有变化：几乎所有组都全对或全错，没有可学的信号。请换更难或更容易的任务。",
)
_FLAT = Both(
    "It is flat. The usual cause is too few steps for so small a rate.",
    "没有变化。通常是在这么小的学习率下步数太少。",
)
TOO_SHORT = Both("Too few steps to tell.", "步数太少，无法判断。")
_WORDS: dict[Outcome, Both] = {"rose": _ROSE, "flat": _FLAT, "no_spread": _NO_SPREAD, "collapsed": _COLLAPSED}

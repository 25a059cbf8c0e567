"""Accuracy over thinking tokens: one task under several budgets, with "Wait" added, and by votes.

Each setting is a run of its own in a folder below the curve's, and goes on after a kill as runs do. Budgets cut a
thought off; "Wait" opens it again where it ended (budget forcing, s1, arXiv 2501.19393); a vote takes the majority of
several samples (self-consistency, arXiv 2203.11171).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from r1chat.backends.catalogue import Catalogue
from r1chat.both import Both
from r1chat.chat import MOST_SAMPLES
from r1chat.errors import EvaluationError
from r1chat.evaluation.judging import is_right
from r1chat.evaluation.measures import Estimate, Solved, bootstrap, measure
from r1chat.evaluation.problems import Problem, Task
from r1chat.evaluation.run import Run, RunSettings
from r1chat.files import read_json
from r1chat.store import Store
from r1chat.votes import majority

CurveKind = Literal["budget", "wait", "vote"]
LARGEST = 1_000_000  # thinking tokens of a budget
_MOST_TOKENS = 1e12  # that are spent on a problem
MOST_WAITS = 8


@dataclass(frozen=True, slots=True)
class Axes:
    """The settings of a curve: budgets in thinking tokens, how often "Wait" is added, and sizes of votes."""

    budgets: tuple[int, ...] = (0, 512, 2_048, 8_192)
    waits: tuple[int, ...] = (1, 2)
    votes: tuple[int, ...] = (1, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Point:
    """One setting: `tokens` is the mean of all thinking tokens spent on a problem, `accuracy` a share of problems."""

    kind: CurveKind
    amount: int
    tokens: float
    accuracy: Estimate


def checked(axes: Axes) -> Axes:
    """The same, sorted and without repetition. Raises EvaluationError for a number that makes no sense."""
    limits = (("budgets", axes.budgets, 0, LARGEST), ("waits", axes.waits, 1, MOST_WAITS))
    for name, values, least, most in (*limits, ("votes", axes.votes, 1, MOST_SAMPLES)):
        for value in values:
            if not least <= value <= most:
                raise EvaluationError(_BAD_AMOUNT.format(name=name, value=value, least=least, most=most))
    if not (axes.budgets or axes.waits or axes.votes):
        raise EvaluationError(_NOTHING)
    return Axes(*(tuple(sorted(set(values))) for values in (axes.budgets, axes.waits, axes.votes)))


def plan(axes: Axes, settings: RunSettings) -> Iterator[tuple[str, CurveKind, int, RunSettings]]:
    """The runs of a curve: folder, kind, amount, settings. All votes come from one run, that of the largest."""
    for budget in axes.budgets:
        yield f"budget-{budget}", "budget", budget, replace(settings, k=1, budget=budget)
    for waits in axes.waits:
        yield f"wait-{waits}", "wait", waits, replace(settings, k=1, budget=None, waits=waits)
    if axes.votes:
        most = axes.votes[-1]
        yield f"vote-{most}", "vote", most, replace(settings, k=most, budget=None)


def measured(
    folder: Path,
    task: Task,
    settings: RunSettings,
    axes: Axes,
    catalogue: Catalogue,
    work: Callable[[str, Run], Sequence[Solved]] = lambda name, run: run.go_on(),
) -> list[Point]:
    """Make or go on with all runs of a curve. `work` does one. Raises EvaluationError, BackendError."""
    axes = checked(axes)
    points: list[Point] = []
    for name, kind, amount, run_settings in plan(axes, settings):
        run = Run(folder / name, task, run_settings, catalogue)
        solved = work(name, run)
        if kind == "vote":
            points += votes(run.folder, task, solved, axes.votes)
        else:
            values = measure(solved)
            points.append(Point(kind, amount, values.thinking.value, values.pass_1))
    return points


def votes(folder: Path, task: Task, solved: Sequence[Solved], sizes: Sequence[int]) -> Iterator[Point]:
    """The accuracy of the majority among the first samples of each problem, for each size of a vote."""
    problems = {problem.id: problem for problem in task.problems}
    with closing(Store(f"sqlite:///{folder / 'r1chat.db'}")) as store:
        replies = {outcome.turn: {stored.id: stored for stored in store.replies(outcome.turn)} for outcome in solved}
    for size in sizes:
        shares = []
        for outcome in solved:
            chosen = majority([replies[outcome.turn][sample.reply] for sample in outcome.samples[:size]])
            verdict = _verdict(chosen, problems[outcome.problem])
            shares.append(float("nan") if verdict is None else float(verdict))
        tokens = [sum(sample.thinking for sample in outcome.samples[:size]) for outcome in solved]
        yield Point("vote", size, sum(tokens) / len(tokens) if tokens else float("nan"), bootstrap(shares))


def _verdict(chosen: Any, problem: Problem) -> bool | None:
    return is_right(chosen, problem.right) if chosen else False


def lines(points: Sequence[Point]) -> list[str]:
    """A curve as lines of text."""
    text = [f"  {'':<12}{'thinking tokens':>16}{'right':>10}"]
    for point in points:
        share = point.accuracy
        text.append(
            f"  {label(point).en:<12}{point.tokens:>16,.0f}{100 * share.value:>8.1f} %"
            f"   {100 * share.low:.1f} … {100 * share.high:.1f}"
        )
    return text


def label(point: Point) -> Both:
    """The name of a point."""
    return _LABELS[point.kind].format(amount=point.amount)


def read_points(file: Path) -> list[Point]:
    """The points of a `curve.json`. Raises EvaluationError where that cannot be read."""
    try:
        values = read_json(file)
        return [_point(point) for point in values["points"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise EvaluationError(_UNREADABLE.format(name=file.parent.name)) from None


def _point(values: Any) -> Point:
    def number(value: Any, most: float) -> float:
        if value is None:
            return math.nan
        if not 0 <= value <= most:
            raise ValueError(value)
        return float(value)

    if values["kind"] not in _LABELS:
        raise ValueError(values["kind"])
    share = Estimate(*(number(values["accuracy"][name], 1.0) for name in ("value", "low", "high")))
    amount, tokens = (number(values[name], most) for name, most in (("amount", LARGEST), ("tokens", _MOST_TOKENS)))
    return Point(values["kind"], int(amount), tokens, share)


_LABELS = {
    "budget": Both("{amount:,}", "{amount:,}"),
    "wait": Both("Wait × {amount}", "Wait × {amount}"),
    "vote": Both("vote of {amount}", "{amount} 次投票"),
}
_UNREADABLE = Both(
    "The curve {name} cannot be read: its curve.json is damaged. Draw it again with r1chat eval curve.",
    "无法读取曲线 {name}：其中的 curve.json 已损坏。请用 r1chat eval curve 重新绘制。",
)
_BAD_AMOUNT = Both(
    "--{name} {value}: give numbers from {least} to {most:,}, with commas between them.",
    "--{name} {value}：请给出 {least} 到 {most:,} 之间的数，用逗号隔开。",
)
_NOTHING = Both(
    "A curve needs at least one of --budgets, --waits and --votes.", "曲线至少需要 --budgets、--waits、--votes 之一。"
)

"""The curves of a run as small SVG pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from r1chat.learn.recipe import RecipeStage
from r1chat.ui.html.parts import EMPTY, concat
from r1chat.ui.words.learn import LearnWords

_WIDTH, _HEIGHT, _EDGE = 220, 80, 6  # of a picture, in its own units


@dataclass(frozen=True, slots=True)
class _Curve:
    """A figure of a log's lines: its name on the page, its key, and how a value is worded."""

    name: str
    key: str
    worded: Callable[[float], str]


def curves(log: Sequence[Mapping[str, Any]], w: LearnWords) -> Markup:
    """Figures of what was set apart, look by look; of GRPO also those of each step's samples; a line for each trial.

    A curve begins where it has two points.
    """
    trials: dict[int, list[Mapping[str, Any]]] = {}
    for line in log:
        trials.setdefault(line.get("trial", 0), []).append(line)
    pictures = []
    for curve, is_look in _curves(log, w):
        series = [[line["look"] for line in lines if "look" in line] if is_look else lines for lines in trials.values()]
        trial_points = [points for lines in series if len(points := [line for line in lines if curve.key in line]) > 1]
        if trial_points:
            pictures.append(_picture(trial_points, curve, w))
    return Markup('<div class="curves">{}</div>').format(concat(pictures)) if pictures else EMPTY


def _curves(log: Sequence[Mapping[str, Any]], w: LearnWords) -> list[tuple[_Curve, bool]]:
    """What there is to draw, and whether it is a figure of looks or of steps."""
    if any("pass@1" in line.get("look", ()) for line in log):
        return [
            (_Curve(w.curve_passed, "pass@1", _percent), True),
            (_Curve(w.curve_reward, "reward", lambda x: f"{x:.2f}"), False),
            (_Curve(w.curve_length, "length", lambda x: f"{x:.0f}"), False),
            (_Curve(w.curve_moments, "moments", lambda x: f"{x:.2f}"), False),
            (_Curve(w.curve_ordinary, "ordinary", lambda x: f"{x:+.3f}"), True),
        ]
    return [
        (_Curve(w.curve_loss, "loss", lambda x: f"{x:.3f}"), True),
        (_Curve(w.curve_accuracy, "accuracy", _percent), True),
        (_Curve(w.curve_margin, "margin", lambda x: f"{x:+.2f}"), True),
        (_Curve(w.curve_chosen, "chosen", lambda x: f"{x:+.3f}"), True),
    ]


def stage_curves(stage: RecipeStage, w: LearnWords) -> Markup:
    """Figures of a stage of the recipe, as far as its log has two points of them."""
    figures = [
        _Curve(w.curve_loss, "loss", lambda x: f"{x:.2f}"),
        _Curve(w.curve_dev, "pass@1" if stage.name == "grpo" else "dev", _percent),
        _Curve(w.curve_reward, "reward", lambda x: f"{x:.2f}"),
        _Curve(w.curve_groups, "groups", _percent),
        _Curve(w.curve_length, "length", lambda x: f"{x:.0f}"),
        _Curve(w.curve_moments, "moments", lambda x: f"{x:.2f}"),
    ]
    series = [(points, curve) for curve in figures if len(points := stage.points(curve.key)) > 1]
    if not series:
        return EMPTY
    pictures = (
        _picture([[{"step": at, curve.key: value} for at, value in points]], curve, w) for points, curve in series
    )
    return Markup('<div class="curves">{}</div>').format(concat(pictures))


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _picture(series: Sequence[Sequence[Mapping[str, float]]], curve: _Curve, w: LearnWords) -> Markup:
    """A picture of a figure with a line for each series; the last one is told in words."""
    worded, key = curve.worded, curve.key
    values = [line[key] for lines in series for line in lines]
    low, span = min(values), max(max(values) - min(values), 1e-9)
    last = max(*(lines[-1]["step"] for lines in series), 1)

    def points(lines: Sequence[Mapping[str, float]]) -> str:
        return " ".join(
            f"{_EDGE + line['step'] / last * (_WIDTH - 2 * _EDGE):.1f},"
            f"{_HEIGHT - _EDGE - (line[key] - low) / span * (_HEIGHT - 2 * _EDGE):.1f}"
            for line in lines
        )

    ends = {"first": worded(series[-1][0][key]), "last": worded(series[-1][-1][key])}
    return Markup(
        '<figure><svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" aria-label="{about}">'
        "{lines}</svg><figcaption><b>{name}</b> {first} → {last}</figcaption></figure>"
    ).format(
        width=_WIDTH,
        height=_HEIGHT,
        about=w.curve_about.format(name=curve.name, **ends),
        lines=concat(Markup('<polyline points="{}"/>').format(points(lines)) for lines in series),
        name=curve.name,
        **ends,
    )

"""The curves of a run as small SVG pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from r1chat.learn.recipe import Stage
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
    """Figures of what was set apart, look by look; of GRPO also those of each step's samples.

    A curve begins where it has two points.
    """
    looks = [line["look"] for line in log if "look" in line]
    steps = [line for line in log if "reward" in line]
    if any("pass@1" in look for look in looks):
        kinds = [(looks, _Curve(w.curve_passed, "pass@1", _percent))]
        kinds += [
            (steps, _Curve(w.curve_reward, "reward", lambda x: f"{x:.2f}")),
            (steps, _Curve(w.curve_length, "length", lambda x: f"{x:.0f}")),
            (steps, _Curve(w.curve_moments, "moments", lambda x: f"{x:.2f}")),
        ]
    else:
        kinds = [
            (looks, _Curve(w.curve_loss, "loss", lambda x: f"{x:.3f}")),
            (looks, _Curve(w.curve_accuracy, "accuracy", _percent)),
            (looks, _Curve(w.curve_margin, "margin", lambda x: f"{x:+.2f}")),
            (looks, _Curve(w.curve_chosen, "chosen", lambda x: f"{x:+.3f}")),
        ]
    found = [([line for line in lines if curve.key in line], curve) for lines, curve in kinds]
    drawn = [(lines, curve) for lines, curve in found if len(lines) > 1]
    if not drawn:
        return EMPTY
    return Markup('<div class="curves">{}</div>').format(concat(_picture(lines, curve, w) for lines, curve in drawn))


def stage_curves(stage: Stage, w: LearnWords) -> Markup:
    """Figures of a stage of the recipe, as far as its log has two points of them."""
    shown = [
        _Curve(w.curve_loss, "loss", lambda x: f"{x:.2f}"),
        _Curve(w.curve_dev, "pass@1" if stage.name == "grpo" else "dev", _percent),
        _Curve(w.curve_reward, "reward", lambda x: f"{x:.2f}"),
        _Curve(w.curve_groups, "groups", _percent),
        _Curve(w.curve_length, "length", lambda x: f"{x:.0f}"),
        _Curve(w.curve_moments, "moments", lambda x: f"{x:.2f}"),
    ]
    drawn = [(points, curve) for curve in shown if len(points := stage.points(curve.key)) > 1]
    if not drawn:
        return EMPTY
    pictures = (_picture([{"step": at, curve.key: value} for at, value in points], curve, w) for points, curve in drawn)
    return Markup('<div class="curves">{}</div>').format(concat(pictures))


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _picture(lines: Sequence[Mapping[str, float]], curve: _Curve, w: LearnWords) -> Markup:
    values = [line[curve.key] for line in lines]
    worded = curve.worded
    low, span = min(values), max(max(values) - min(values), 1e-9)
    last = max(lines[-1]["step"], 1)
    points = " ".join(
        f"{_EDGE + line['step'] / last * (_WIDTH - 2 * _EDGE):.1f},"
        f"{_HEIGHT - _EDGE - (value - low) / span * (_HEIGHT - 2 * _EDGE):.1f}"
        for line, value in zip(lines, values, strict=True)
    )
    about = w.curve_about.format(name=curve.name, first=worded(values[0]), last=worded(values[-1]))
    return Markup(
        '<figure><svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" aria-label="{about}">'
        '<polyline points="{points}"/></svg>'
        "<figcaption><b>{name}</b> {first} → {last}</figcaption></figure>"
    ).format(
        width=_WIDTH,
        height=_HEIGHT,
        about=about,
        points=points,
        name=curve.name,
        first=worded(values[0]),
        last=worded(values[-1]),
    )

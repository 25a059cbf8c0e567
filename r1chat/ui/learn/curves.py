"""The curves of a run as small SVG pictures: what was set apart, look by look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from r1chat.ui.html.parts import EMPTY, concat
from r1chat.ui.words.learn import LearnWords

_WIDTH, _HEIGHT, _EDGE = 220, 80, 6  # of a picture, in its own units


def curves(log: Sequence[Mapping[str, Any]], w: LearnWords) -> Markup:
    """Loss, reward accuracy and likelihood of preferred replies; nothing before there are two looks."""
    looks = [line["look"] for line in log if "look" in line]
    if len(looks) < 2:
        return EMPTY
    kinds: tuple[tuple[str, str, Callable[[float], str]], ...] = (
        (w.curve_loss, "loss", lambda x: f"{x:.3f}"),
        (w.curve_accuracy, "accuracy", lambda x: f"{x:.0%}"),
        (w.curve_chosen, "chosen", lambda x: f"{x:+.3f}"),
    )
    return Markup('<div class="curves">{}</div>').format(
        concat(_curve(name, looks, key, worded, w) for name, key, worded in kinds)
    )


def _curve(
    name: str, looks: Sequence[Mapping[str, float]], key: str, worded: Callable[[float], str], w: LearnWords
) -> Markup:
    values = [look[key] for look in looks]
    low, span = min(values), max(max(values) - min(values), 1e-9)
    last = max(looks[-1]["step"], 1)
    points = " ".join(
        f"{_EDGE + look['step'] / last * (_WIDTH - 2 * _EDGE):.1f},"
        f"{_HEIGHT - _EDGE - (value - low) / span * (_HEIGHT - 2 * _EDGE):.1f}"
        for look, value in zip(looks, values, strict=True)
    )
    about = w.curve_about.format(name=name, first=worded(values[0]), last=worded(values[-1]))
    return Markup(
        '<figure><svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" aria-label="{about}">'
        '<polyline points="{points}"/></svg>'
        "<figcaption><b>{name}</b> {first} → {last}</figcaption></figure>"
    ).format(
        width=_WIDTH,
        height=_HEIGHT,
        about=about,
        points=points,
        name=name,
        first=worded(values[0]),
        last=worded(values[-1]),
    )

"""Fits the moment finder to a person's labels: a score threshold ("bar") for each kind of moment.

The labels are *Right mark* and *Not a moment* on moments that were shown, so a bar can only be raised above the model's
own, never lowered below it. The bars are kept in a file in the data folder, with those before, so that the last
calibration can be undone. Knows no SQL and no command line.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from r1chat.both import Both
from r1chat.conversations import MomentLabel
from r1chat.errors import ConfigError
from r1chat.files import read_json, replacing
from r1chat.reflect import KINDS, Bars, MomentKind, bar, read

log = logging.getLogger(__name__)

FILE_NAME = "moments.json"
FEWEST = 5  # labels of a kind, below which its bar stays


class Labelled(NamedTuple):
    """A label and the model's score of the moment that it is on, in hundredths of a logit."""

    kind: MomentKind
    score: int
    right: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What calibration makes of one kind. Bars in hundredths of a logit."""

    kind: MomentKind
    before: int
    after: int
    right: int  # labels Right mark
    wrong: int  # labels Not a moment
    lost: int  # right ones below the bar `after`
    dropped: int  # wrong ones below the bar `after`


def calibrate(folder: Path, labelled: Iterable[tuple[MomentLabel, str]]) -> list[Change]:
    """Set the bars from all labels, each with the reasoning it is on, and keep them in `folder`.

    A kind's bar is the one with the fewest labels on the wrong side, the lowest of those; with fewer than FEWEST labels
    it is the model's own. The result depends on the labels alone, not on earlier calibrations. Returns a change for
    each kind. Raises ConfigError where the file cannot be read, ExportError where it cannot be written.
    """
    before = load(folder)
    labels = list(_score(labelled))
    changes = [_fit(kind, before.get(kind, bar()), [label for label in labels if label.kind == kind]) for kind in KINDS]
    after = {change.kind: change.after for change in changes if change.after != bar()}
    if after != before:
        _write(folder, after, before)
    return changes


def describe(change: Change) -> str:
    """A sentence on one kind, in English."""
    labels = change.right + change.wrong
    if labels < FEWEST and change.before == change.after:
        return f"{change.kind}: unchanged; {labels} labels, {FEWEST} are needed."
    moved = "unchanged at" if change.before == change.after else f"{change.before / 100:.2f} ->"
    return (
        f"{change.kind}: threshold {moved} {change.after / 100:.2f}; hides {change.dropped} of {change.wrong} labelled "
        f"“Not a moment” and {change.lost} of {change.right} labelled “Right mark”."
    )


def undo(folder: Path) -> bool:
    """Put the bars before the last change back in force. False where there is nothing to undo."""
    content = _kept(folder)
    if "previous" not in content:
        return False
    with replacing(folder / FILE_NAME) as file:
        file.write(json.dumps({"bars": content["previous"]}).encode())
    return True


def load(folder: Path) -> dict[MomentKind, int]:
    """The bars in force, by kind; a kind that was not calibrated is absent. Raises ConfigError for a damaged file."""
    return _kept(folder).get("bars", {})


def load_or_default(folder: Path) -> dict[MomentKind, int]:
    """The bars in force; a damaged file is logged and counts as absent, so that the page shows conversations anyway."""
    try:
        return load(folder)
    except ConfigError as error:
        log.warning("%s", error)
        return {}


def _score(labelled: Iterable[tuple[MomentLabel, str]]) -> Iterator[Labelled]:
    """The labels whose moments the finder still finds, by the kind that it gives them."""
    scores: dict[str, dict[tuple[int, int], tuple[MomentKind, int | None]]] = {}
    for label, reasoning in labelled:
        if label.reply_id not in scores:
            reader = read(reasoning)
            pairs = zip(reader.moments, reader.scores, strict=True)
            scores[label.reply_id] = {(moment.start, moment.end): (moment.kind, score) for moment, score in pairs}
        kind, score = scores[label.reply_id].get((label.start, label.end), (None, None))
        if kind is not None and score is not None:
            yield Labelled(kind, score, label.verdict == "confirmed")


def _fit(kind: MomentKind, before: int, labels: list[Labelled]) -> Change:
    right = [label.score for label in labels if label.right]
    wrong = [label.score for label in labels if not label.right]
    after = bar()
    if len(labels) >= FEWEST:
        candidates = sorted({after, *(score + 1 for score in wrong)})
        after = min(candidates, key=lambda height: (_below(right, height) - _below(wrong, height), height))
    return Change(kind, before, after, len(right), len(wrong), _below(right, after), _below(wrong, after))


def _below(scores: list[int], height: int) -> int:
    return sum(score < height for score in scores)


def _write(folder: Path, bars: Bars, previous: Bars) -> None:
    with replacing(folder / FILE_NAME) as file:
        file.write(json.dumps({"bars": dict(bars), "previous": dict(previous)}).encode())


def _kept(folder: Path) -> dict[str, dict[MomentKind, int]]:
    """The file's content; empty where there is none."""
    path = folder / FILE_NAME
    try:
        content = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise _damaged(path) from None
    if not isinstance(content, dict) or not all(
        _are_bars(content[name]) for name in content.keys() & {"bars", "previous"}
    ):
        raise _damaged(path)
    return content


def _are_bars(value: object) -> bool:
    return isinstance(value, dict) and all(kind in KINDS and type(height) is int for kind, height in value.items())


def _damaged(path: Path) -> ConfigError:
    return ConfigError(
        Both(
            "{path} holds the thresholds of moments and cannot be read. Delete it, then run "
            "`r1chat moments --calibrate` again: your labels are kept in the database.",
            "{path} 保存反思的阈值，但无法读取。请删除它，然后重新运行 `r1chat moments --calibrate`："
            "你的标注保存在数据库里。",
        ).format(path=path)
    )

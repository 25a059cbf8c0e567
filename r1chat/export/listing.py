"""Every judgement as a person sees it on the data page: with its evidence, and whether it would be exported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from r1chat.judgements import Comparison, Rating, Reference, StepLabel, Verification
from r1chat.messages import StoredReply
from r1chat.store import Store
from r1chat.store.entries import Filter, Kind

Standing = Literal["exported", "undecided", "no_consent", "excluded", "refused"]


@dataclass(frozen=True, slots=True)
class Row:
    """One judgement in force with its evidence.

    `sides`: for a comparison left and right, for a correction the corrected reply and what it stands for, else the
    reply that was judged; for a reference all replies to the message. `judgement` is the corrected reply itself for a
    correction. `standing` says whether an export takes it: "undecided" are ties, both bad and skipped, which make no
    pair. `reason` is a code of `r1chat.export.refusals.REASONS` where it is refused, and the rater's own words where it
    is excluded.
    """

    kind: Kind
    id: str  # what `Teacher.exclude` takes
    conversation_id: str
    conversation_title: str
    turn_id: str
    prompt: str  # the message that was answered
    created: datetime
    rater: str
    language: str  # of the message: "en", "zh", or "" where neither
    judgement: Comparison | StoredReply | Rating | StepLabel | Reference
    sides: tuple[StoredReply, ...]
    verified: tuple[Verification | None, ...]  # of each side
    standing: Standing
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows. `next` is what to give as `before` for the one after it; None: this is the last one."""

    rows: tuple[Row, ...]
    next: str | None


def rows(store: Store, filter: Filter = Filter(), before: str | None = None, limit: int = 50) -> Page:  # noqa: B008
    """A page of judgements, newest first. `before`: see `Page.next`; one that makes no sense begins at the newest."""
    raise NotImplementedError


def count(store: Store, filter: Filter = Filter()) -> int:  # noqa: B008
    """How many rows all pages of a filter have together."""
    raise NotImplementedError

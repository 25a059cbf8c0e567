"""Judgements of replies by people, as frozen values.

Judgements are append-only: a person who changes their mind adds another one, and the newest of each rater on a subject
is in force. `rater` is a pseudonym; ids and dates are given by the store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal, get_args

Part = Literal["answer", "thought"]
Thumb = Literal["up", "down", ""]  # "": taken back
Winner = Literal["left", "right", "tie", "both_bad", "skipped"]
StepVerdict = Literal["first_wrong", "none_wrong", ""]  # "": taken back
Check = Literal["number", "expression", "choice", "pattern", "text", "tests"]

PARTS: tuple[Part, ...] = get_args(Part)
WINNERS: tuple[Winner, ...] = get_args(Winner)
CHECKS: tuple[Check, ...] = get_args(Check)

UP_REASONS = ("correct", "clear", "complete", "well_reasoned", "concise")
DOWN_REASONS = ("wrong", "unclear", "incomplete", "faulty_reasoning", "too_long", "wrong_language", "unsafe")

LONGEST_COMMENT = 4_000  # characters


@dataclass(frozen=True, slots=True)
class Aspects:
    """Marks from 1 (worst) to 5 (best), after the aspects of UltraFeedback and HelpSteer2; None: not given."""

    helpfulness: int | None = None
    correctness: int | None = None
    clarity: int | None = None
    harmlessness: int | None = None

    @property
    def mean(self) -> float | None:
        """The mean of the marks that are not None."""
        marks = [mark for mark in (self.helpfulness, self.correctness, self.clarity, self.harmlessness) if mark]
        return sum(marks) / len(marks) if marks else None


@dataclass(frozen=True, slots=True)
class Rating:
    """A thumb for one part of a reply, with its details. `thought_open`: the rater had the thought expanded."""

    id: str
    reply_id: str
    part: Part
    thumb: Thumb
    created: datetime
    rater: str = ""
    reasons: tuple[str, ...] = ()
    comment: str = ""
    aspects: Aspects = Aspects()
    thought_open: bool | None = None

    def with_thumb(self, thumb: Thumb) -> Rating:
        """The rating with this thumb. Another thumb has other reasons, so they are let go."""
        return self if thumb == self.thumb else replace(self, thumb=thumb, reasons=())


@dataclass(frozen=True, slots=True)
class StepLabel:
    """The first step of a thought that is wrong, as `reasoning[start:end]`; or that none is (both 0 then)."""

    id: str
    reply_id: str
    verdict: StepVerdict
    start: int
    end: int
    created: datetime
    rater: str = ""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two replies of a comparison. `blind`: the names were hidden and left and right drawn by lot."""

    id: str
    turn_id: str
    left_id: str
    right_id: str
    blind: bool
    created: datetime

    @property
    def reply_ids(self) -> dict[str, str]:
        """The id of each side's reply, left first."""
        return {"left": self.left_id, "right": self.right_id}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which of two replies a rater preferred. `dwell`: seconds from both replies being there to the verdict."""

    id: str
    sides: Sides
    winner: Winner
    created: datetime
    rater: str = ""
    left_thought_seen: bool | None = None
    right_thought_seen: bool | None = None
    dwell: float | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """The right answer to a message, and how replies are checked against it. An empty `text` withdraws it.

    Of the kind "tests" the text is what a program must pass (`rewards.programs.read_requirements`); replies are checked
    by running their programs, and only where a person asks for that.
    """

    id: str
    turn_id: str
    text: str
    kind: Check
    created: datetime
    rater: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of checking a reply: 1.0 right, 0.0 wrong, None undecided."""

    reply_id: str
    reference_id: str
    accuracy: float | None


@dataclass(frozen=True)
class Judged:
    """The judgements in force on one conversation by one rater; references and verifications are those of all."""

    ratings: Mapping[tuple[str, Part], Rating] = field(default_factory=dict)  # by reply and part
    steps: Mapping[str, StepLabel] = field(default_factory=dict)  # by reply
    references: Mapping[str, Reference] = field(default_factory=dict)  # by turn
    verifications: Mapping[str, Verification] = field(default_factory=dict)  # by reply
    sides: Mapping[str, Sides] = field(default_factory=dict)  # by turn: those of its newest comparison
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)  # by the id of their sides; the newest last
    reopened: frozenset[str] = frozenset()  # sides (ids) of decided comparisons that are open again
    ranking: frozenset[str] = frozenset()  # turns whose replies are being ranked, one comparison after the other
    testing: frozenset[str] = frozenset()  # replies whose programs are being tested
    consent: bool = False  # whether the conversation may be exported
    own_consent: bool | None = None  # what was said of this conversation alone; None: the setting for all holds

    @property
    def anything(self) -> bool:
        """Whether a person judged anything in the conversation, or said whether it may be exported."""
        judgements = (self.ratings, self.steps, self.references, self.comparisons)
        return any(map(bool, judgements)) or self.own_consent is not None

    def open_comparison(self, turn_id: str) -> Sides | None:
        """The undecided comparison of replies to a message, if there is one."""
        decided = (comparison.sides for comparison in self.comparisons_of(turn_id))
        again = next((sides for sides in decided if sides.id in self.reopened), None)
        newest = self.sides.get(turn_id)
        return again or (newest if newest is not None and newest.id not in self.comparisons else None)

    def said_of(self, reply_id: str) -> Comparison | None:
        """The newest comparison that this reply was a side of."""
        return self._newest_of_reply.get(reply_id)

    def comparisons_of(self, turn_id: str) -> Sequence[Comparison]:
        """The comparisons of replies to a message, the newest verdict last."""
        return self._of_turn.get(turn_id, ())

    @cached_property
    def _of_turn(self) -> Mapping[str, Sequence[Comparison]]:
        """All comparisons, by message: a page asks for those of every message."""
        by_turn: defaultdict[str, list[Comparison]] = defaultdict(list)
        for comparison in self.comparisons.values():
            by_turn[comparison.sides.turn_id].append(comparison)
        return by_turn

    @cached_property
    def _newest_of_reply(self) -> Mapping[str, Comparison]:
        newest: dict[str, Comparison] = {}
        for comparison in self.comparisons.values():
            for side in (comparison.sides.left_id, comparison.sides.right_id):
                newest[side] = comparison
        return newest


@dataclass(frozen=True, slots=True)
class JudgementCounts:
    """Counts of the judgements in force, of all raters."""

    thumbs: int = 0
    comparisons: int = 0  # with a winner
    ties: int = 0  # ties and "both bad"
    corrections: int = 0
    steps: int = 0
    references: int = 0
    verified: int = 0  # replies that a rule could tell right or wrong
    moments: int = 0
    consented: int = 0  # conversations that may be exported
    conversations: int = 0

    @property
    def pairs(self) -> int:
        """Preference pairs: comparisons with a winner, and corrections."""
        return self.comparisons + self.corrections

"""What a stream says once thought and answer are told apart."""

from __future__ import annotations

from dataclasses import dataclass

from r1chat.messages import Finish, Progress


@dataclass(frozen=True, slots=True)
class ReasoningText:
    """The thought grew."""

    text: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class AnswerText:
    """The answer grew."""

    text: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Closed:
    """The thought is over."""


@dataclass(frozen=True, slots=True)
class ThoughtAgain:
    """A thought begins within the answer; its first text follows, and begins with `joint` characters of white space."""

    joint: int


@dataclass(frozen=True, slots=True)
class AnswerWasThought:
    """What came as answer so far is thought, and is closed now. `again`: the thought had been closed before."""

    again: bool


@dataclass(frozen=True, slots=True)
class AnswerStands:
    """The last `AnswerWasThought` was wrong: no other answer came, so what it moved is the answer after all."""


ReplyEvent = ReasoningText | AnswerText | Closed | ThoughtAgain | AnswerWasThought | AnswerStands | Progress | Finish

"""What was written or taken in, as counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Progress = Callable[[int, int], None]  # what is done, and its total
Source = Literal["r1chat", "Open WebUI"]

# What a file may have that r1chat has no place for: a code, and words that follow a number.
LEFT_OUT: Mapping[str, str] = {
    "changed": "conversations that are here already and differ (yours stay as they are)",
    "consents": "consents for all conversations (yours stay as they are)",
    "files": "images and files",
    "system_prompts": "system prompts",
    "tool_calls": "tool calls",
    "tags": "tagged ratings (their tags only)",
    "marks": "marks from 1 to 10",
    "empty_chats": "chats without a message",
    "empty_replies": "empty replies",
    "no_question": "replies to no message",
    "no_thumb": "feedbacks without a thumb",
    "no_reply": "ratings of replies that are neither in the file nor here",
    "other_text": "ratings of replies whose text is another one here",
}


@dataclass(frozen=True, slots=True)
class Written:
    """What an archive holds."""

    conversations: int = 0
    replies: int = 0
    judgements: int = 0  # ratings, comparisons, references and the like


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken in. `left_out`: what the file has and r1chat has no place for, by the codes of LEFT_OUT."""

    source: Source
    conversations: int = 0
    replies: int = 0
    judgements: int = 0  # ratings, comparisons, references and the like
    known: int = 0  # conversations that were there already, the same
    left_out: Mapping[str, int] = field(default_factory=dict)

"""What a row of an archive may say: values that r1chat knows, spans inside a thought, references to rows before it.

Rows are checked in their order, one conversation after the other; what is remembered are ids and lengths, not texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from r1chat.archive.lines import Wrong
from r1chat.judgements import CHECKS, DOWN_REASONS, LONGEST_COMMENT, PARTS, UP_REASONS, WINNERS, StepVerdict, Thumb
from r1chat.messages import ClosedBy, FinishReason, Origin, Verdict
from r1chat.store.archive import FIELDS, Row
from r1chat.store.belonging import EXCLUDABLE

_ALLOWED: dict[str, dict[str, tuple[str, ...]]] = {
    "reply": {"finish": get_args(FinishReason), "origin": get_args(Origin), "closed_by": get_args(ClosedBy)},
    "moment_label": {"verdict": get_args(Verdict)},
    "rating": {"part": PARTS, "thumb": get_args(Thumb)},
    "step_label": {"verdict": get_args(StepVerdict)},
    "comparison": {"winner": WINNERS},
    "reference": {"kind": CHECKS},
}
_REASONS = {"up": UP_REASONS, "down": DOWN_REASONS, "": ()}
_COMMENTS = {"rating": "comment", "comparison": "comment", "exclusion": "reason"}
_SIGNED = ("seed", "top_k")
_MARKS = ("helpfulness", "correctness", "clarity", "harmlessness")


@dataclass(slots=True)
class Known:
    """The rows of one conversation so far."""

    kinds: dict[str, str] = field(default_factory=dict)  # id -> the kind of its row
    turn_of: dict[str, str] = field(default_factory=dict)  # reply -> message
    lengths: dict[str, int] = field(default_factory=dict)  # reply -> characters of its thought
    parents: dict[str, str] = field(default_factory=dict)  # reply -> the reply that it was made from
    lines: dict[str, int] = field(default_factory=dict)  # reply with a parent -> where it stands
    last: dict[str | None, int] = field(default_factory=dict)  # message or reply -> the position of its last child

    def add(self, kind: str, row: Row, line: int) -> None:
        """Check the row of a line by itself and by those before it. Raises Wrong."""
        _check_values(kind, row)
        for each in FIELDS[kind]:
            known = self.kinds.get(row[each.name]) if each.target else None
            later = (kind, each.name) == ("reply", "parent_id")  # it may come later; see `check_parents`
            if each.target and row[each.name] is not None and known != each.target and not later:
                raise Wrong(f"“{each.name}” names a {each.target} that no line before it has in this conversation")
        if kind == "consent" and row["conversation_id"] is None:
            raise Wrong("a consent for all conversations stands behind the header, or nowhere")
        if kind == "exclusion" and self.kinds.get(row["subject_id"]) not in EXCLUDABLE:
            raise Wrong("“subject_id” names no judgement that a line before it has in this conversation")
        if row["id"] in self.kinds:
            raise Wrong(f"the id {row['id']} stands on a line before it already")
        self._check_place(kind, row)
        self.kinds[row["id"]] = kind
        if kind == "reply":
            self.turn_of[row["id"]] = row["turn_id"]
            self.lengths[row["id"]] = len(row["reasoning"])
            if row["parent_id"] is not None:
                self.parents[row["id"]] = row["parent_id"]
                self.lines[row["id"]] = line

    def check_parents(self) -> None:
        """Now that all replies are there: every parent is, and none is its own ancestor. Raises Wrong."""
        done: set[str] = set()
        for reply in self.parents:
            path: list[str] = []
            while reply in self.parents and reply not in done:
                if self.parents[reply] not in self.turn_of:
                    raise Wrong("“parent_id” names no reply in this conversation", line=self.lines[reply])
                done.add(reply)
                path.append(reply)
                reply = self.parents[reply]
            if reply in path:
                raise Wrong("this reply is made from itself, by way of its “parent_id”", line=self.lines[reply])

    def _check_place(self, kind: str, row: Row) -> None:
        if kind in ("turn", "reply"):
            above = row["turn_id"] if kind == "reply" else row["parent_reply_id"]
            if row["position"] <= self.last.get(above, 0):
                raise Wrong("“position” counts siblings from 1 on")
            self.last[above] = row["position"]
        elif kind == "duel":
            sides = {row["left_id"], row["right_id"]}
            if len(sides) != 2 or any(self.turn_of[side] != row["turn_id"] for side in sides):
                raise Wrong("only two different replies to the same message can be compared")
        elif kind in ("moment_label", "step_label"):
            length = self.lengths[row["reply_id"]]
            whole = kind == "step_label" and row["verdict"] != "first_wrong"  # says nothing of a span
            if whole and (row["start"], row["end"]) == (0, 0):
                return
            if not 0 <= row["start"] < row["end"] <= length:
                raise Wrong(f"characters {row['start']} to {row['end']} are no part of the thought")


def _check_values(kind: str, row: Row) -> None:
    for name, allowed in _ALLOWED.get(kind, {}).items():
        if row[name] is not None and row[name] not in allowed:
            raise Wrong(f"“{row[name][:40]}” is no {name} of a {kind}")
    for each in FIELDS[kind]:
        number = row[each.name]
        if each.value == "integer" and each.name not in _SIGNED and number is not None and number < 0:
            raise Wrong(f"“{each.name}” is a number below zero")
    if kind == "reply" and row["finish"] is None:
        raise Wrong("a reply of an archive has a “finish”")
    if kind in _COMMENTS and len(row[_COMMENTS[kind]]) > LONGEST_COMMENT:
        raise Wrong(f"“{_COMMENTS[kind]}” has more than {LONGEST_COMMENT:,} characters")
    if kind == "rating":
        unknown = set(row["reasons"].split()) - set(_REASONS[row["thumb"]])
        if unknown:
            raise Wrong(f"“{min(unknown)[:40]}” is no reason for this thumb")
        if any(row[mark] is not None and row[mark] not in range(1, 6) for mark in _MARKS):
            raise Wrong("marks go from 1 to 5")

"""What a row of an archive may say: values that r1chat knows, spans inside a thought, references to rows before it.

Rows are checked in their order, one conversation after the other; what is remembered are ids and lengths, not texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from r1chat import sampling
from r1chat.archive.faults import Fault
from r1chat.both import Both
from r1chat.judgements import LONGEST_COMMENT
from r1chat.messages import LONGEST_MESSAGE
from r1chat.store.allowed import ALLOWED, MARKS, REASONS
from r1chat.store.archive import FIELDS, Row
from r1chat.store.erase import EXCLUDABLE
from r1chat.store.presets import LONGEST_NAME
from r1chat.store.schema import later_thoughts

_COMMENTS = {"rating": "comment", "comparison": "comment", "exclusion": "reason"}
_JSON: dict[str, dict[str, Callable[[str], object]]] = {  # what reads a column that is empty, or says something
    "conversation": {"sampling": sampling.from_text},
    "preset": {"sampling": sampling.from_text},
    "reply": {"later": later_thoughts},
}
_SIGNED = ("seed", "top_k")


@dataclass(slots=True)
class ConversationRows:
    """The rows of one conversation so far."""

    kinds: dict[str, str] = field(default_factory=dict)  # id -> the kind of its row
    turn_of: dict[str, str] = field(default_factory=dict)  # reply -> message
    lengths: dict[str, int] = field(default_factory=dict)  # reply -> characters of its thought
    parents: dict[str, str] = field(default_factory=dict)  # reply -> the reply that it was made from
    lines: dict[str, int] = field(default_factory=dict)  # reply with a parent -> where it stands
    last: dict[str | None, int] = field(default_factory=dict)  # message or reply -> the position of its last child

    def add(self, kind: str, row: Row, line: int) -> None:
        """Check the row of a line by itself and by those before it. Raises Fault."""
        _check_values(kind, row)
        for column in FIELDS[kind]:
            known = self.kinds.get(row[column.name]) if column.target else None
            later = (kind, column.name) == ("reply", "parent_id")  # it may come later; see `check_parents`
            if column.target and row[column.name] is not None and known != column.target and not later:
                clause = Both(
                    "“{name}” names a {target} that no line before it has in this conversation",
                    "“{name}”所指的 {target} 在本对话之前的行中不存在",
                )
                raise Fault(clause.format(name=column.name, target=column.target))
        if kind == "consent" and row["conversation_id"] is None:
            raise Fault(
                Both(
                    "a consent for all conversations stands behind the header, or nowhere",
                    "针对全部对话的许可只能紧跟在文件头之后",
                )
            )
        if kind == "exclusion" and self.kinds.get(row["subject_id"]) not in EXCLUDABLE:
            raise Fault(
                Both(
                    "“subject_id” names no judgement that a line before it has in this conversation",
                    "“subject_id”所指的评价在本对话之前的行中不存在",
                )
            )
        if row["id"] in self.kinds:
            clause = Both("the id {id} stands on a line before it already", "标识 {id} 在之前的行中已出现")
            raise Fault(clause.format(id=row["id"]))
        self._check_place(kind, row)
        self.kinds[row["id"]] = kind
        if kind == "reply":
            self.turn_of[row["id"]] = row["turn_id"]
            self.lengths[row["id"]] = len(row["reasoning"])
            if row["parent_id"] is not None:
                self.parents[row["id"]] = row["parent_id"]
                self.lines[row["id"]] = line

    def check_parents(self) -> None:
        """Now that all replies are there: every parent is, and none is its own ancestor. Raises Fault."""
        done: set[str] = set()
        for reply in self.parents:
            path: list[str] = []
            while reply in self.parents and reply not in done:
                if self.parents[reply] not in self.turn_of:
                    clause = Both(
                        "“parent_id” names no reply in this conversation", "“parent_id”所指的回复不在本对话中"
                    )
                    raise Fault(clause, line=self.lines[reply])
                done.add(reply)
                path.append(reply)
                reply = self.parents[reply]
            if reply in path:
                clause = Both(
                    "this reply is made from itself, by way of its “parent_id”", "这条回复通过“parent_id”指向了自己"
                )
                raise Fault(clause, line=self.lines[reply])

    def _check_place(self, kind: str, row: Row) -> None:
        if kind in ("turn", "reply"):
            above = row["turn_id"] if kind == "reply" else row["parent_reply_id"]
            if row["position"] <= self.last.get(above, 0):
                raise Fault(Both("“position” counts siblings from 1 on", "“position”应从 1 起为同级编号"))
            self.last[above] = row["position"]
        elif kind == "duel":
            sides = {row["left_id"], row["right_id"]}
            if len(sides) != 2 or any(self.turn_of[side] != row["turn_id"] for side in sides):
                raise Fault(
                    Both(
                        "only two different replies to the same message can be compared",
                        "只有同一条消息的两个不同回复才能比较",
                    )
                )
        elif kind in ("moment_label", "step_label"):
            length = self.lengths[row["reply_id"]]
            whole = kind == "step_label" and row["verdict"] != "first_wrong"  # says nothing of a span
            if whole and (row["start"], row["end"]) == (0, 0):
                return
            if not 0 <= row["start"] < row["end"] <= length:
                clause = Both(
                    "characters {start} to {end} are no part of the thought", "第 {start} 到 {end} 个字符不在思考之内"
                )
                raise Fault(clause.format(start=row["start"], end=row["end"]))


def check_preset(row: Row) -> None:
    """Check the row of a preset. Raises Fault."""
    if not 0 < len(row["name"]) <= LONGEST_NAME:
        raise Fault(
            Both("a preset has a name of 1 to {n} characters", "预设名称为 1 到 {n} 个字符").format(n=LONGEST_NAME)
        )
    _check_values("preset", row)


def _check_values(kind: str, row: Row) -> None:
    for name, allowed in ALLOWED.get(kind, {}).items():
        if row[name] is not None and row[name] not in allowed:
            clause = Both("“{value}” is no {name} of a {kind}", "“{value}”不是 {kind} 的 {name}")
            raise Fault(clause.format(value=row[name][:40], name=name, kind=kind))
    for name, read in _JSON.get(kind, {}).items():
        if row[name] and not read(row[name]):
            raise Fault(Both("“{name}” cannot be read", "“{name}”无法读取").format(name=name))
    for column in FIELDS[kind]:
        number = row[column.name]
        if column.value == "integer" and column.name not in _SIGNED and number is not None and number < 0:
            raise Fault(Both("“{name}” is a number below zero", "“{name}”是负数").format(name=column.name))
    if kind == "reply" and row["finish"] is None:
        raise Fault(Both("a reply of an archive has a “finish”", "存档中的回复必须有“finish”"))
    if len(row.get("system", "")) > LONGEST_MESSAGE:
        clause = Both("“system” has more than {n:,} characters", "“system”超过 {n:,} 个字符")
        raise Fault(clause.format(n=LONGEST_MESSAGE))
    if kind in _COMMENTS and len(row[_COMMENTS[kind]]) > LONGEST_COMMENT:
        clause = Both("“{name}” has more than {n:,} characters", "“{name}”超过 {n:,} 个字符")
        raise Fault(clause.format(name=_COMMENTS[kind], n=LONGEST_COMMENT))
    if kind == "rating":
        unknown = set(row["reasons"].split()) - set(REASONS[row["thumb"]])
        if unknown:
            clause = Both("“{reason}” is no reason for this thumb", "“{reason}”不是这个评价的理由")
            raise Fault(clause.format(reason=min(unknown)[:40]))
        if any(row[mark] is not None and row[mark] not in range(1, 6) for mark in MARKS):
            raise Fault(Both("marks go from 1 to 5", "评分为 1 到 5"))

"""Chats of other programs into the store: conversations that are new, and what is new in those that are there.

Nothing that is there is changed; a message that was edited since stays as it came in first.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID, uuid5

from r1chat.archive.counts import ImportCounts
from r1chat.archive.foreign import Feedback, ForeignChat
from r1chat.archive.rows import ChatRows, shape_of
from r1chat.store.archive import JUDGEMENTS, Incoming, Row, Rows

_OPINIONS = {"rating": ("thumb", "reasons", "comment"), "comparison": ("winner", "comment")}  # what one says


class Adoption:
    """Takes the chats of one file."""

    def __init__(self, target: Incoming) -> None:
        self._target = target
        self._now = datetime.now(UTC)
        self._there: set[str] = set()  # conversations that were there before
        self._gained: set[str] = set()  # conversations to which something was added
        self._seen: set[str] = set()  # all conversations of the file
        self._programs: dict[str, None] = {}  # in the order in which they came
        self._added: Counter[str] = Counter()  # rows, by their kind
        self._counts: Counter[str] = Counter()  # of chats and messages that are no new rows
        self.left_out: Counter[str] = Counter()

    @property
    def came(self) -> bool:
        """Whether a chat was taken."""
        return bool(self._programs)

    def take(self, program: str, chat: ForeignChat) -> None:
        """The next chat, of the program of that name. Raises Fault for one that makes no sense; it is not taken."""
        shape = shape_of(chat, self._now)
        self._programs[program] = None
        conversation_id = chat.own_id()
        existing = self._target.find(conversation_id)
        again = conversation_id in self._seen
        merger = _Merger(self._target, existing or [])
        merger.take(shape, chat.feedback)
        new = merger.added["turn"] + merger.added["reply"]
        self._added += merger.added
        self.left_out += merger.left_out + chat.feedback_left_out
        if merger.added:
            self._gained.add(conversation_id)
        if again and not chat.is_chat:  # feedback on a chat brings it along once more
            self._counts["messages"] += new + merger.left_out["changed_messages"]
            return
        rows = sum(kind in ("turn", "reply") for kind, _ in shape.rows)
        self._counts["messages"] += shape.messages
        self._counts["joined"] += shape.joined
        self._counts["known_messages"] += rows - new - merger.left_out["changed_messages"]
        self.left_out += shape.left_out
        if not shape.rows:
            self._counts["chats"] += chat.is_chat
            return
        self._counts["chats"] += 1
        self.left_out["repeated"] += again
        self._seen.add(conversation_id)
        if existing is not None and not again:
            self._there.add(conversation_id)

    def leave_out(self, reason: str) -> None:
        """Count an entry that is no chat that can be taken, by a code of CHATS_LEFT_OUT."""
        self._counts["chats"] += 1
        self.left_out[reason] += 1

    def done(self) -> ImportCounts:
        """What came in, now that there is no further chat."""
        return ImportCounts(
            source=", ".join(self._programs),
            conversations=self._added["conversation"],
            replies=self._added["reply"],
            judgements=sum(self._added[kind] for kind in JUDGEMENTS),
            known=len(self._there - self._gained),
            left_out=dict(+self.left_out),
            extended=len(self._there & self._gained),
            turns=self._added["turn"],
            joined=self._counts["joined"],
            known_messages=self._counts["known_messages"],
            chats=self._counts["chats"],
            messages=self._counts["messages"],
        )


class _Merger:
    """The rows of one conversation, to which others are added."""

    def __init__(self, target: Incoming, rows: Rows) -> None:
        self.added: Counter[str] = Counter()  # rows, by their kind
        self.left_out: Counter[str] = Counter()
        self._target = target
        self._kinds: dict[str | None, str] = {row["id"]: kind for kind, row in rows}
        self._replies = {row["id"]: row for kind, row in rows if kind == "reply"}
        self._children = Counter(_above(row) for kind, row in rows if kind in ("turn", "reply"))
        self._in_force = {_subject(row): row for kind, row in rows if kind in _OPINIONS}  # the last of each stays

    def take(self, shape: ChatRows, feedback: list[Feedback]) -> None:
        """Add what is new of a chat, and of the feedback on it."""
        other_text: set[str] = set()
        for kind, row in shape.rows:
            if not self._fits(kind, row):
                self.left_out["changed_messages"] += 1
            elif row["id"] not in self._kinds:
                if kind != "conversation":
                    self._children[_above(row)] += 1
                    row["position"] = self._children[_above(row)]
                self._add(kind, row)
            elif kind == "reply" and _text(self._replies[row["id"]]) != _text(row):
                other_text.add(row["id"])
        for judgement in feedback:
            self._judge(judgement, other_text)

    def _fits(self, kind: str, row: Row) -> bool:
        """Whether a row is of the kind that it has here, if it is here, and what it follows is of the right one."""
        for name, right in (("shown_reply_id", "reply"), ("shown_turn_id", "turn")):
            if self._kinds.get(row.get(name), right) != right:
                del row[name]
        if self._kinds.get(row["id"], kind) != kind:
            return False
        if kind == "conversation" or (kind == "turn" and _above(row) is None):
            return True
        return self._kinds.get(_above(row)) == ("turn" if kind == "reply" else "reply")

    def _judge(self, judgement: Feedback, other_text: set[str]) -> None:
        if not self._replies.keys() >= set(judgement.about):
            self.left_out["no_reply"] += 1
        elif other_text & set(judgement.about):
            self.left_out["other_text"] += 1
        else:
            for kind, row in judgement.rows:
                if kind in _OPINIONS:
                    self._add_opinion(kind, row)
                elif row["id"] not in self._kinds:
                    row["turn_id"] = self._replies[row["left_id"]]["turn_id"]
                    self._add(kind, row)

    def _add_opinion(self, kind: str, row: Row) -> None:
        """Add what a rater says, unless it is what is in force or older; one who changes back says it again."""
        current = self._in_force.get(_subject(row))
        if current is not None:
            if all(current[name] == row[name] for name in _OPINIONS[kind]):
                return
            if current["created_at"] > row["created_at"]:
                self.left_out["older"] += 1
                return
        if row["id"] in self._kinds:
            row["id"] = uuid5(UUID(row["id"]), row["created_at"].isoformat()).hex
        if row["id"] not in self._kinds:
            self._add(kind, row)
            self._in_force[_subject(row)] = row

    def _add(self, kind: str, row: Row) -> None:
        self._target.add(kind, row)
        self.added[kind] += 1
        self._kinds[row["id"]] = kind
        if kind == "reply":
            self._replies[row["id"]] = row


def _subject(row: Row) -> tuple[str, str, str]:
    """Who judged what, of a rating or a comparison."""
    return row.get("reply_id") or row["duel_id"], row.get("part", ""), row["rater"]


def _above(row: Row) -> str | None:
    """The message that a reply answers, or the reply that a message follows."""
    above: str | None = row["turn_id"] if "turn_id" in row else row["parent_reply_id"]
    return above


def _text(row: Row) -> tuple[str, str]:
    return row["reasoning"], row["answer"]

"""What another program exported into the store: conversations that are new, and what is new in those that are there.

Nothing that is there is changed; a message that was edited since stays as it came in first.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from r1chat.archive.counts import Imported
from r1chat.archive.openwebui.chats import Taken, taken
from r1chat.archive.openwebui.feedback import Said
from r1chat.store.archive import JUDGEMENTS, Incoming, Row, Rows


class Adoption:
    """Takes the entries of one export of Open WebUI."""

    def __init__(self, target: Incoming) -> None:
        self._target = target
        self._now = datetime.now(UTC)
        self._there: set[str] = set()  # conversations that were there before
        self._gained: set[str] = set()  # conversations to which something was added
        self._seen: set[str] = set()
        self._added: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def take(self, entry: Any) -> None:
        """The next entry. Raises Wrong."""
        chat = taken(entry, self._now)
        found = self._target.find(chat.conversation_id)
        if chat.conversation_id not in self._seen:
            self._seen.add(chat.conversation_id)
            self._left_out += chat.left_out  # other feedback on the same chat would count it again
            self._there |= {chat.conversation_id} if found is not None else set()
        self._left_out += chat.unsaid
        added = _Conversation(self._target, found or [])
        added.take(chat)
        self._added += added.kinds
        self._left_out += added.left_out
        if added.kinds:
            self._gained.add(chat.conversation_id)

    def done(self) -> Imported:
        """What was taken in, now that there is no further entry."""
        return Imported(
            "Open WebUI",
            self._added["conversation"],
            self._added["reply"],
            sum(self._added[kind] for kind in JUDGEMENTS),
            len(self._there - self._gained),
            dict(self._left_out),
        )


class _Conversation:
    """The rows of one conversation, to which others are added."""

    def __init__(self, target: Incoming, rows: Rows) -> None:
        self.kinds: Counter[str] = Counter()  # of the rows that were added
        self.left_out: Counter[str] = Counter()
        self._target = target
        self._ids = {row["id"] for _, row in rows}
        self._replies = {row["id"]: row for kind, row in rows if kind == "reply"}
        self._children = Counter(_above(row) for kind, row in rows if kind in ("turn", "reply"))

    def take(self, chat: Taken) -> None:
        other_text: set[str] = set()
        for kind, row in chat.shape:
            if row["id"] not in self._ids:
                if kind != "conversation":
                    self._children[_above(row)] += 1
                    row["position"] = self._children[_above(row)]
                self._add(kind, row)
            elif kind == "reply" and _text(self._replies[row["id"]]) != _text(row):
                other_text.add(row["id"])
        for said in chat.said:
            self._judge(said, other_text)

    def _judge(self, said: Said, other_text: set[str]) -> None:
        if not self._replies.keys() >= set(said.about):
            self.left_out["no_reply"] += 1
        elif other_text & set(said.about):
            self.left_out["other_text"] += 1
        else:
            for kind, row in said.rows:
                if row["id"] not in self._ids:
                    if kind == "duel":
                        row["turn_id"] = self._replies[row["left_id"]]["turn_id"]
                    self._add(kind, row)

    def _add(self, kind: str, row: Row) -> None:
        self._target.add(kind, row)
        self.kinds[kind] += 1
        self._ids.add(row["id"])
        if kind == "reply":
            self._replies[row["id"]] = row


def _above(row: Row) -> str | None:
    """The message that a reply answers, or the reply that a message follows."""
    above: str | None = row["turn_id"] if "turn_id" in row else row["parent_reply_id"]
    return above


def _text(row: Row) -> tuple[str, str]:
    return row["reasoning"], row["answer"]

"""The shape of one conversation: turns, their sibling replies, and which of each was shown last. Pure; knows no SQL.

Every node remembers the child that was shown last: the conversation its first message, a message its reply, a reply the
message that follows. The open branch is what these lead to from the top, so that switching to a sibling and back opens
what was open below it. Where nothing is remembered, the newest child counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BranchStep = tuple["TurnNode", "ReplyNode | None"]  # a message, and the reply that the branch goes through


@dataclass(frozen=True, slots=True)
class TurnNode:
    id: str
    parent_reply_id: str | None
    position: int  # 1-based, among the messages after the same reply
    shown_reply_id: str | None


@dataclass(frozen=True, slots=True)
class ReplyNode:
    id: str
    turn_id: str
    position: int  # 1-based, among the replies to the same message
    shown_turn_id: str | None


class Tree:
    """One conversation as it stands; `shown_turn_id` is the first message that was shown last."""

    def __init__(self, shown_turn_id: str | None, turns: Iterable[TurnNode], replies: Iterable[ReplyNode]) -> None:
        self._shown = shown_turn_id
        self.turns = {turn.id: turn for turn in turns}
        self.replies = {reply.id: reply for reply in replies}
        self._after: dict[str | None, list[TurnNode]] = defaultdict(list)
        self._to: dict[str, list[ReplyNode]] = defaultdict(list)
        for turn in sorted(self.turns.values(), key=lambda turn: turn.position):
            self._after[turn.parent_reply_id].append(turn)
        for reply in sorted(self.replies.values(), key=lambda reply: reply.position):
            self._to[reply.turn_id].append(reply)

    def turns_after(self, reply_id: str | None) -> list[TurnNode]:
        """The messages that follow a reply; after None those that a branch begins with."""
        return self._after.get(reply_id, [])

    def replies_to(self, turn_id: str) -> list[ReplyNode]:
        """The replies to a message."""
        return self._to.get(turn_id, [])

    def shown_reply(self, turn: TurnNode) -> ReplyNode | None:
        """The reply that was shown last, else the newest."""
        replies = self.replies_to(turn.id)
        return next((reply for reply in replies if reply.id == turn.shown_reply_id), replies[-1] if replies else None)

    def open_branch(self) -> list[BranchStep]:
        """The branch that is open, first to last."""
        return list(self._descend())

    def path_to(self, turn_id: str) -> list[BranchStep]:
        """From the first message to this one; the last step has the reply that it shows."""
        turn = self.turns[turn_id]
        path: list[BranchStep] = [(turn, self.shown_reply(turn))]
        passed = {turn_id}
        while turn.parent_reply_id in self.replies:
            reply = self.replies[turn.parent_reply_id]
            turn = self.turns[reply.turn_id]
            if turn.id in passed:  # a restored file may go in a circle
                break
            passed.add(turn.id)
            path.append((turn, reply))
        return path[::-1]

    def _descend(self) -> Iterator[BranchStep]:
        parent, remembered = None, self._shown
        while turns := self.turns_after(parent):
            turn = next((turn for turn in turns if turn.id == remembered), turns[-1])
            reply = self.shown_reply(turn)
            yield turn, reply
            if reply is None:
                return
            parent, remembered = reply.id, reply.shown_turn_id

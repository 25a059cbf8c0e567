"""Reading and writing the shape of one conversation: rows <-> `tree`. Runs inside its caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import Connection, RowMapping, bindparam, func, select, update

from r1chat.conversations import StoredReply, StoredTurn
from r1chat.store.schema import conversations, replies, stored_reply, stored_turn, turns
from r1chat.store.tree import BranchStep, ReplyNode, Tree, TurnNode

# To make a statement takes longer than to run it: those of every message and reply are made once.
_TURNS = select(turns.c.id, turns.c.parent_reply_id, turns.c.position, turns.c.shown_reply_id).where(
    turns.c.conversation_id == bindparam("conversation")
)
_REPLIES = (
    select(replies.c.id, replies.c.turn_id, replies.c.position, replies.c.shown_turn_id)
    .join(turns, turns.c.id == replies.c.turn_id)
    .where(turns.c.conversation_id == bindparam("conversation"))
)
_REPLY = select(replies).where(replies.c.id == bindparam("reply"))
_SIBLINGS = select(func.count()).where(replies.c.turn_id == bindparam("turn"))
_SHOW_FIRST = update(conversations).where(conversations.c.id == bindparam("conversation"))
_SHOW_REPLY = update(turns).where(turns.c.id == bindparam("turn"))
_SHOW_TURN = update(replies).where(replies.c.id == bindparam("reply"))


def load_tree(connection: Connection, row: RowMapping) -> Tree:
    """The shape of the conversation that is this row of `conversation`."""
    turn_nodes = connection.execute(_TURNS, {"conversation": row["id"]})
    reply_nodes = connection.execute(_REPLIES, {"conversation": row["id"]})
    return Tree(
        row["shown_turn_id"],
        [TurnNode(*node) for node in turn_nodes],
        [ReplyNode(*node) for node in reply_nodes],
    )


def read_steps(connection: Connection, tree: Tree, steps: Sequence[BranchStep]) -> list[StoredTurn]:
    """These messages, each with the reply beside it."""
    turn_query = select(turns).where(turns.c.id.in_([turn.id for turn, _ in steps]))
    turn_rows = {row["id"]: row for row in connection.execute(turn_query).mappings()}
    reply_query = select(replies).where(replies.c.id.in_([reply.id for _, reply in steps if reply]))
    reply_rows = {row["id"]: row for row in connection.execute(reply_query).mappings()}
    reply_by_turn = {
        reply.turn_id: stored_reply(reply_rows[reply.id], siblings=len(tree.replies_to(reply.turn_id)))
        for _, reply in steps
        if reply
    }
    return [
        stored_turn(turn_rows[turn.id], len(tree.turns_after(turn.parent_reply_id)), reply_by_turn.get(turn.id))
        for turn, _ in steps
    ]


def read_turn(connection: Connection, row: RowMapping, turn_id: str) -> StoredTurn:
    """A message of the conversation that is this row, with the reply that it shows."""
    tree = load_tree(connection, row)
    turn = tree.turns[turn_id]
    return read_steps(connection, tree, [(turn, tree.shown_reply(turn))])[0]


def read_reply(connection: Connection, reply_id: str) -> StoredReply:
    """A reply that is known to be there."""
    row = connection.execute(_REPLY, {"reply": reply_id}).mappings().one()
    siblings = connection.scalar(_SIBLINGS, {"turn": row["turn_id"]})
    return stored_reply(row, siblings or 1)


def read_replies(connection: Connection, turn_id: str) -> list[StoredReply]:
    """All replies to a message, oldest first."""
    query = select(replies).where(replies.c.turn_id == turn_id).order_by(replies.c.position)
    rows = connection.execute(query).mappings().all()
    return [stored_reply(row, siblings=len(rows)) for row in rows]


def read_vote(connection: Connection, vote_id: str, turn_id: str | None) -> list[StoredReply]:
    """The samples of a vote that is known to be there, oldest first: of one message, or of phrasings of one.

    `turn_id`: only those of this message and of the others that follow the same reply.
    """
    query = (
        select(replies)
        .join(turns, turns.c.id == replies.c.turn_id)
        .where(replies.c.vote_id == vote_id)
        .order_by(turns.c.position, replies.c.position)
    )
    if turn_id is not None:
        above = select(turns.c.conversation_id, turns.c.parent_reply_id).where(turns.c.id == turn_id)
        conversation_id, parent_id = connection.execute(above).one()
        query = query.where(turns.c.conversation_id == conversation_id, turns.c.parent_reply_id == parent_id)
    rows = connection.execute(query).mappings().all()
    messages = {row["turn_id"] for row in rows}
    count = select(replies.c.turn_id, func.count()).where(replies.c.turn_id.in_(messages)).group_by(replies.c.turn_id)
    siblings: dict[str, int] = {turn_id: number for turn_id, number in connection.execute(count)}
    return [stored_reply(row, siblings[row["turn_id"]]) for row in rows]


def open_branch(connection: Connection, row: RowMapping, turn_id: str, reply_id: str | None = None) -> None:
    """Make the branch through this message, and this reply to it, the open one; below it opens what was open there."""
    tree = load_tree(connection, row)
    path = tree.path_to(turn_id)
    if reply_id is not None:
        path[-1] = (path[-1][0], tree.replies[reply_id])
    first = path[0][0]
    if row["shown_turn_id"] != first.id:
        connection.execute(_SHOW_FIRST, {"conversation": row["id"], "shown_turn_id": first.id})
    for turn, reply in path:
        if reply and turn.shown_reply_id != reply.id:
            connection.execute(_SHOW_REPLY, {"turn": turn.id, "shown_reply_id": reply.id})
    for (_, above), (below, _) in pairwise(path):
        if above and above.shown_turn_id != below.id:
            connection.execute(_SHOW_TURN, {"reply": above.id, "shown_turn_id": below.id})

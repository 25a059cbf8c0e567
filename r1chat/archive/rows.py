"""A chat of another program -> rows of a conversation. Pure.

Elsewhere any message may follow any other; here a message follows a reply, and a reply answers a message. So messages
of one side that follow each other are joined, as the model was shown them; on each branch for itself. What no message
of a person stands above is left out, and counted.

A reply whose model was shown something that has no place here, such as a system prompt, an image or what a tool said,
is marked: without that no trainer may take it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from r1chat.archive.faults import Fault
from r1chat.archive.foreign import ForeignChat, ForeignMessage
from r1chat.archive.untrusted import name
from r1chat.both import Both
from r1chat.conversations import Provenance
from r1chat.messages import Reply
from r1chat.store.archive import Row, Rows
from r1chat.store.schema import provenance_columns, reply_columns


@dataclass(slots=True)
class ChatRows:
    """The rows of a chat: its conversation, messages and replies, each after those that it refers to; none of an empty
    chat. Positions are not set yet.

    `messages` counts those that the chat has; each is a row, or `joined` to one, or counted in `left_out`.
    """

    rows: Rows = field(default_factory=list)
    messages: int = 0
    joined: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Node:
    """A message that says something, below the nearest such one."""

    message: ForeignMessage
    above: _Node | None
    created: datetime
    incomplete: bool  # something that was left out stands above it, or in it
    continued: bool = False  # by the same side
    answered: bool = False  # by the other one


# Codes of messages that the model was shown and that are left out.
_SHOWN = ("system_messages", "tool_messages", "other_messages", "no_question")


def shape_of(chat: ForeignChat, now: datetime) -> ChatRows:
    """The rows of a chat. `now` stands for times that it lacks. Raises Fault where messages go in a circle."""
    shape = ChatRows(messages=len(chat.messages), left_out=Counter(chat.parts))
    started = chat.created or min((m.created for m in chat.messages.values() if m.created), default=now)
    nodes = _nodes(chat, started, shape.left_out)
    if not nodes:
        shape.left_out["empty_chats"] += chat.is_chat
        return shape
    newest = max(node.created for node in nodes.values())
    conversation: Row = {
        "id": chat.own_id(),
        "title": name(chat.title),
        "created_at": started,
        "updated_at": max(chat.updated or newest, started),
    }
    shape.rows.append(("conversation", conversation))
    has_models = any(message.model for message in chat.messages.values())
    rows_by_message: dict[str, Row] = {}
    length = sum(map(_length, nodes.values()))
    messages, characters = 4 * len(nodes) + 10_000, 4 * length + 200_000  # joined ones, over all branches
    for node in nodes.values():
        if node.continued and not node.answered and node.message.id not in chat.judged:
            shape.joined += 1
            continue
        run = _run(node)
        messages -= len(run)
        characters -= sum(map(_length, run))
        if messages < 0 or characters < 0:
            raise Fault(Both("its messages branch too often without an answer", "对话中没有回复的消息分支过多"))
        rows_by_message[node.message.id] = row = _row(chat, run, "" if has_models else chat.model)
        shape.rows.append(("turn" if node.message.role == "user" else "reply", row))
    _remember(chat, conversation, rows_by_message)
    return shape


def _nodes(chat: ForeignChat, started: datetime, left_out: Counter[str]) -> dict[str, _Node]:
    """The messages that can be rows, by their ids; each after the one above it. The others are counted."""
    nodes: dict[str, _Node] = {}
    nearest: dict[str | None, _Node | None] = {None: None}  # message -> the node that it is, or that is above it
    incomplete: dict[str | None, bool] = {None: chat.incomplete}
    for message in _in_order(chat):
        above, lacks = nearest[chat.parent_of(message)], incomplete[chat.parent_of(message)]
        reason = message.left_out
        if message.role == "assistant":
            silent = not message.reply.reasoning.strip() and not message.reply.answer.strip()
            reason = "empty_replies" if silent else "no_question" if above is None else ""
        incomplete[message.id] = lacks or message.incomplete or reason in _SHOWN
        if reason:
            left_out[reason] += 1
            nearest[message.id] = above
            continue
        node = _Node(message, above, message.created or (above.created if above else started), incomplete[message.id])
        if above is not None:
            same = above.message.role == message.role
            above.continued |= same
            above.answered |= not same
        nodes[message.id] = nearest[message.id] = node
    return nodes


def _in_order(chat: ForeignChat) -> Iterator[ForeignMessage]:
    """Each message after the one that it follows, siblings in their order. Raises Fault where they go in a circle."""
    after: dict[str | None, list[str]] = defaultdict(list)
    for message in chat.messages.values():
        after[chat.parent_of(message)].append(message.id)
    pending = after[None][::-1]
    count = 0
    while pending:
        message = chat.messages[pending.pop()]
        count += 1
        yield message
        order = {child: place for place, child in enumerate(message.children)}
        pending += sorted(after[message.id], key=lambda child: order.get(child, len(order)))[::-1]
    if count < len(chat.messages):
        raise Fault(Both("messages of this chat follow each other in a circle", "这个对话的消息首尾相接成环"))


def _run(node: _Node) -> list[_Node]:
    """The messages of the same side that lead to this one, first to last."""
    run = [node]
    while (above := run[-1].above) is not None and above.message.role == node.message.role:
        run.append(above)
    return run[::-1]


def _length(node: _Node) -> int:
    reply = node.message.reply
    return len(node.message.text) + len(reply.reasoning) + len(reply.answer)


def _row(chat: ForeignChat, run: Sequence[_Node], model: str) -> Row:
    last, above = run[-1], run[0].above
    own, parent = chat.own_id(last.message.id), above and chat.own_id(above.message.id)
    if last.message.role == "user":
        content = "\n\n".join(text for node in run if (text := node.message.text))
        return {
            "id": own,
            "conversation_id": chat.own_id(),
            "parent_reply_id": parent,
            "created_at": last.created,
            "content": content,
        }
    model = next((node.message.model for node in reversed(run) if node.message.model), model)
    row: Row = {"id": own, "turn_id": parent, "created_at": last.created, "saved_at": last.created}
    reply = _joined([node.message.reply for node in run])
    provenance = Provenance(chat.backend, model=name(model), incomplete_prompt=last.incomplete)
    return row | reply_columns(reply) | provenance_columns(provenance)


def _joined(replies: Sequence[Reply]) -> Reply:
    last = replies[-1]
    if len(replies) == 1:
        return last
    answer = "\n\n".join(reply.answer for reply in replies if reply.answer)
    return replace(
        last,
        reasoning="\n\n".join(reply.reasoning for reply in replies if reply.reasoning),
        closed=last.closed or bool(answer),
        answer=answer,
        timings=replace(last.timings, thinking=sum(reply.timings.thinking for reply in replies)),
    )


def _remember(chat: ForeignChat, conversation: Row, rows_by_message: dict[str, Row]) -> None:
    """Let every message and reply on the branch that was open lead to the next one."""
    branch: list[Row] = []
    message = chat.messages.get(chat.current)
    while message is not None:
        if message.id in rows_by_message:
            branch.append(rows_by_message[message.id])
        message = chat.messages.get(chat.parent_of(message) or "")
    last = conversation
    for row in reversed(branch):
        if "turn_id" in row and row["turn_id"] == last["id"]:
            last["shown_reply_id"] = row["id"]
        elif "turn_id" not in row and row["parent_reply_id"] == (None if last is conversation else last["id"]):
            last["shown_turn_id"] = row["id"]
        else:
            continue
        last = row

"""Judged replies in a store, made in a line each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from r1chat.conversations import Provenance, StoredReply
from r1chat.messages import Reply
from r1chat.store import Store

SUM = "27 + 43 = ?"
RIGHT = Reply("7 + 3 carries.", True, "It is 70.", "stop")
WRONG = Reply("20 + 40.", True, "It is 60.", "stop")
R1 = Provenance("llama.cpp", "0.3.36", "DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M", "0f" * 32)
OTHER = Provenance("ollama", "0.12.6", "granite-9", "ab" * 32)


def asked(
    store: Store, *replies: Reply, message: str = SUM, provenance: Provenance = R1, after: StoredReply | None = None
) -> list[StoredReply]:
    """A message with these replies to it: in a new conversation, or `after` a reply."""
    conversation = store.turn(after.turn_id).conversation_id if after else store.new_conversation("Sums").id
    turn = store.add_turn(conversation, message, after.id if after else None)
    return [store.add_reply(turn.id, provenance, reply) for reply in replies]


def voted(store: Store, winner: Any = "left", *replies: Reply, rater: str = "ann", **options: Any) -> str:
    """A comparison of two replies, and its id."""
    details = {name: options.pop(name) for name in ("thoughts_seen", "dwell", "comment") if name in options}
    blind = options.pop("blind", True)
    left, right = asked(store, *(replies or (RIGHT, WRONG)), **options)
    sides = store.judgements.begin_comparison(left.id, right.id, blind)
    return store.judgements.compare(sides.id, winner, rater, **details).id


def corrected(store: Store, wrong: StoredReply, right: Reply = RIGHT) -> StoredReply:
    """A person's own words in place of a reply's."""
    provenance = replace(wrong.provenance, origin="corrected", parent_id=wrong.id)
    return store.add_reply(wrong.turn_id, provenance, right)


def verified(store: Store, reference: str, *replies: StoredReply) -> None:
    """The right answer to a message, and what the rule says of these replies to it: whether they hold it."""
    right_answer = store.judgements.set_reference(replies[0].turn_id, reference, "number", "ann")
    for reply in replies:
        store.judgements.add_verification(reply.id, right_answer.id, float(reference in reply.reply.answer))


def consented(store: Store) -> Store:
    """The store, all of whose conversations may be exported."""
    store.judgements.set_consent(None, True)
    return store

"""Several judgements of the same texts: duplicates where they agree, contradictions where they differ.

Texts are the same where the prompt with its history and the replies are, whoever judged them, in any conversation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, NamedTuple

from r1chat.export.cases import Case, cases
from r1chat.judgements import Rating
from r1chat.store import Store
from r1chat.store.dataset import JudgedReply, JudgedTurn
from r1chat.store.entries import Filter

_KINDS = frozenset({"comparison", "correction", "rating"})


class Judge(NamedTuple):
    """One of several judgements of the same texts. `rater` is "" for a correction."""

    id: str
    rater: str
    conversation_id: str
    turn_id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Several judgements of the same texts; a contradiction where they do not all say the same."""

    kind: Literal["duplicate", "contradiction"]
    prompt: str  # the message
    judges: tuple[Judge, ...]


def conflicts(store: Store, filter: Filter = Filter()) -> list[Conflict]:  # noqa: B008  frozen
    """Texts that were judged more than once, contradictions first. Ties and excluded judgements do not count."""
    judges_by_texts: defaultdict[Hashable, list[tuple[Judge, Hashable]]] = defaultdict(list)
    prompts: dict[str, str] = {}
    with store.dataset.snapshot() as snapshot:
        for turns in snapshot.turns(filter, consented_only=False, repeated=True):
            for turn in turns:
                prompt = _prompt(turn)
                for case in cases(turn):
                    if case.kind in _KINDS and case.id not in turn.excluded and (decision := _decision(case, prompt)):
                        texts, verdict = decision
                        prompts[turn.id] = turn.message
                        judges_by_texts[texts].append(
                            (Judge(case.id, case.rater, turn.conversation_id, turn.id), verdict)
                        )
    repeated = [decision for decision in judges_by_texts.values() if len(decision) > 1]
    all_conflicts = [_conflict(decision, prompts) for decision in repeated]
    return sorted(all_conflicts, key=lambda conflict: conflict.kind != "contradiction")


def _conflict(decisions: list[tuple[Judge, Hashable]], prompts: dict[str, str]) -> Conflict:
    judges = tuple(judge for judge, _ in decisions)
    verdicts = {verdict for _, verdict in decisions}
    return Conflict("duplicate" if len(verdicts) == 1 else "contradiction", prompts[judges[0].turn_id], judges)


def _decision(case: Case, prompt: bytes) -> tuple[Hashable, Hashable] | None:
    """Keys of the texts that were judged and of the verdict; None where nothing was decided."""
    if isinstance(case.judgement, Rating):
        return (prompt, case.judgement.part, _text(case.sides[0])), case.judgement.thumb
    if case.winner is None:
        return None
    return (prompt, frozenset(map(_text, case.sides))), _text(case.winner)


def _prompt(turn: JudgedTurn) -> bytes:
    before = [text for exchange in turn.history for text in (exchange.message, exchange.answer)]
    return _digest(*before, turn.message)


def _text(reply: JudgedReply) -> bytes:
    return _digest(reply.reasoning.strip(), reply.answer.strip())


def _digest(*texts: str) -> bytes:
    digest = blake2b(digest_size=16)
    for text in texts:
        digest.update(len(text).to_bytes(8, "little") + text.encode(errors="surrogatepass"))
    return digest.digest()

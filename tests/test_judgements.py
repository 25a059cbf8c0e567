"""What people say of replies, as the store keeps it, in both kinds of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from r1chat.conversations import Provenance, StoredReply, StoredTurn
from r1chat.errors import NotFoundError, StoreError
from r1chat.judgements import Aspects, JudgementCounts, Part, Winner
from r1chat.messages import Reply
from r1chat.store import Store

THOUGHT = "27 + 43 = 60. Wait, 7 + 3 carries: 70."


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def turn(store: Store) -> StoredTurn:
    return store.add_turn(store.new_conversation("Sums").id, "27 + 43 = ?", None)


def replied(store: Store, turn: StoredTurn, answer: str = "70", thought: str = THOUGHT) -> StoredReply:
    return store.add_reply(turn.id, Provenance(), Reply(thought, True, answer, finish="stop"))


def test_a_changed_mind_supersedes_and_others_keep_theirs(store: Store, turn: StoredTurn) -> None:
    reply = replied(store, turn)
    store.judgements.rate(reply.id, "answer", "up", "ann", reasons=["clear", "correct"], aspects=Aspects(correctness=5))
    store.judgements.rate(reply.id, "answer", "down", "bob", reasons=["too_long"], comment=" goes on and on ")
    store.judgements.rate(reply.id, "thought", "up", "ann", thought_open=True)
    ann = store.judgements.judged(turn.conversation_id, "ann").ratings
    assert ann[reply.id, "answer"].reasons == ("correct", "clear")
    assert ann[reply.id, "answer"].aspects == Aspects(correctness=5)
    assert ann[reply.id, "thought"].thought_open is True
    store.judgements.rate(reply.id, "answer", "down", "ann", reasons=["wrong"])
    assert store.judgements.judged(turn.conversation_id, "ann").ratings[reply.id, "answer"].thumb == "down"
    assert store.judgements.judged(turn.conversation_id, "bob").ratings[reply.id, "answer"].comment == "goes on and on"
    assert store.judgements.gathered().thumbs == 3
    store.judgements.rate(reply.id, "answer", "", "ann")
    assert store.judgements.gathered().thumbs == 2


def test_sides_of_a_blind_comparison_wait_for_no_rating_before_it_is_decided(store: Store, turn: StoredTurn) -> None:
    left, right, other = (replied(store, turn, answer) for answer in ("70", "71", "72"))
    ids = {left.id, right.id, other.id}

    def seen(rater: str) -> tuple[int, set[str]]:
        with store.dataset.snapshot() as snapshot:
            return snapshot.unrated(rater)[1], snapshot.hidden(rater, ids)

    store.judgements.begin_comparison(left.id, right.id, blind=False)
    assert seen("ann") == (3, set())
    sides = store.judgements.begin_comparison(right.id, left.id)
    assert seen("ann") == seen("bob") == (1, {left.id, right.id})
    store.judgements.compare(sides.id, "skipped", "ann")
    assert (seen("ann"), seen("bob")) == ((3, set()), (1, {left.id, right.id}))
    store.judgements.begin_comparison(left.id, other.id)
    assert seen("ann") == seen("bob") == (1, {left.id, other.id})  # the page asks for the newest alone


@pytest.mark.parametrize(
    "rate",
    [
        lambda judgements, reply: judgements.rate(reply, "answer", "up", reasons=["wrong"]),
        lambda judgements, reply: judgements.rate(reply, "answer", "sideways"),
        lambda judgements, reply: judgements.rate(reply, "question", "up"),
        lambda judgements, reply: judgements.rate(reply, "answer", "up", aspects=Aspects(clarity=6)),
        lambda judgements, reply: judgements.rate(reply, "answer", "up", comment="x" * 4_001),
        lambda judgements, reply: judgements.label_step(reply, "first_wrong", 5, 4_000),
    ],
)
def test_a_judgement_that_makes_no_sense_is_not_stored(
    store: Store, turn: StoredTurn, rate: Callable[[object, str], object]
) -> None:
    reply = replied(store, turn)
    with pytest.raises(StoreError):
        rate(store.judgements, reply.id)
    gathered = store.judgements.gathered()
    assert (gathered.thumbs, gathered.steps) == (0, 0)


@pytest.mark.parametrize("part", ["answer", "thought"])
def test_a_reply_that_was_deleted_cannot_be_rated(store: Store, turn: StoredTurn, part: Part) -> None:
    reply = replied(store, turn)
    store.judgements.rate(reply.id, part, "up")
    store.delete(turn.conversation_id)
    with pytest.raises(NotFoundError, match="Reload the page"):
        store.judgements.rate(reply.id, part, "down")
    assert store.judgements.gathered().thumbs == 0
    store.undelete(turn.conversation_id)
    assert store.judgements.judged(turn.conversation_id).ratings[reply.id, part].thumb == "up"


def test_a_thought_that_is_not_there_cannot_be_rated(store: Store, turn: StoredTurn) -> None:
    reply = replied(store, turn, thought="")
    with pytest.raises(StoreError, match="no thought"):
        store.judgements.rate(reply.id, "thought", "up")


def test_the_first_wrong_step_can_be_moved_and_taken_back(store: Store, turn: StoredTurn) -> None:
    reply = replied(store, turn)
    store.judgements.label_step(reply.id, "first_wrong", 0, 13)
    assert store.judgements.judged(turn.conversation_id).steps[reply.id].end == 13
    store.judgements.label_step(reply.id, "none_wrong", 3, 4)
    label = store.judgements.judged(turn.conversation_id).steps[reply.id]
    assert (label.verdict, label.start, label.end) == ("none_wrong", 0, 0)
    assert store.judgements.gathered().steps == 1
    store.judgements.label_step(reply.id, "")
    assert store.judgements.gathered().steps == 0


def test_a_comparison_is_decided_and_decided_anew(store: Store, turn: StoredTurn) -> None:
    left, right = replied(store, turn), replied(store, turn, "71")
    sides = store.judgements.begin_comparison(left.id, right.id)
    assert store.judgements.judged(turn.conversation_id).sides[turn.id] == sides
    store.judgements.compare(sides.id, "tie")
    assert (store.judgements.gathered().ties, store.judgements.gathered().pairs) == (1, 0)
    store.judgements.compare(sides.id, "left", thoughts_seen=(True, False), dwell=3.5)
    comparison = store.judgements.judged(turn.conversation_id).comparisons[sides.id]
    assert (comparison.winner, comparison.left_thought_seen, comparison.right_thought_seen, comparison.dwell) == (
        "left",
        True,
        False,
        3.5,
    )
    assert (store.judgements.gathered().ties, store.judgements.gathered().pairs) == (0, 1)


def test_only_two_replies_to_one_message_can_be_compared(store: Store, turn: StoredTurn) -> None:
    reply = replied(store, turn)
    elsewhere = replied(store, store.add_turn(turn.conversation_id, "1 + 1 = ?", reply.id))
    for other in (reply, elsewhere):
        with pytest.raises(StoreError, match="same message"):
            store.judgements.begin_comparison(reply.id, other.id)


def test_a_verification_counts_for_its_own_reference_only(store: Store, turn: StoredTurn) -> None:
    reply = replied(store, turn)
    wrong = store.judgements.set_reference(turn.id, "71", "number")
    store.judgements.add_verification(reply.id, wrong.id, 0.0)
    assert store.judgements.judged(turn.conversation_id).verifications[reply.id].accuracy == 0.0
    right = store.judgements.set_reference(turn.id, " 70 ", "number")
    assert store.judgements.reference(turn.id) == right
    assert store.judgements.judged(turn.conversation_id).verifications == {}
    store.judgements.add_verification(reply.id, right.id, 1.0)
    assert (store.judgements.gathered().references, store.judgements.gathered().verified) == (1, 1)
    store.judgements.set_reference(turn.id, "", "number")
    assert store.judgements.reference(turn.id) is None
    assert (store.judgements.gathered().references, store.judgements.gathered().verified) == (0, 0)


def test_nothing_may_be_exported_until_somebody_says_so(store: Store, turn: StoredTurn) -> None:
    store.new_conversation("other")
    assert not store.judgements.judged(turn.conversation_id).consent
    store.judgements.set_consent(turn.conversation_id, True)
    assert store.judgements.judged(turn.conversation_id).consent
    assert store.judgements.gathered().consented == 1
    store.judgements.set_consent(None, True)
    assert store.judgements.gathered().consented == 2
    store.judgements.set_consent(turn.conversation_id, False)
    judged = store.judgements.judged(turn.conversation_id)
    assert (judged.consent, judged.own_consent) == (False, False)
    assert store.judgements.gathered().consented == 1


def test_everything_is_counted_that_is_in_force_and_not_deleted(store: Store, turn: StoredTurn) -> None:
    reply, other = replied(store, turn), replied(store, turn, "60")
    provenance = Provenance(origin="corrected", parent_id=other.id)
    store.add_reply(turn.id, provenance, Reply(THOUGHT, True, "seventy", finish="stop"))
    judgements = store.judgements
    judgements.rate(reply.id, "answer", "up")
    judgements.rate(other.id, "answer", "down")
    judgements.rate(other.id, "answer", "")  # taken back
    judgements.label_step(other.id, "first_wrong", 0, 12)
    third = replied(store, turn, "61")
    pairs: list[tuple[StoredReply, StoredReply, Winner]] = [
        (reply, other, "left"),
        (reply, third, "tie"),
        (other, third, "skipped"),
    ]
    for left, right, winner in pairs:
        judgements.compare(judgements.begin_comparison(left.id, right.id).id, winner)
    reference = judgements.set_reference(turn.id, "70", "number")
    judgements.add_verification(reply.id, reference.id, 1.0)
    judgements.add_verification(other.id, reference.id, None)  # could not tell
    judgements.set_consent(turn.conversation_id, True)
    everything = JudgementCounts(
        thumbs=1,
        comparisons=1,
        ties=1,
        corrections=1,
        steps=1,
        references=1,
        verified=1,
        consented=1,
        conversations=1,
    )
    assert judgements.gathered() == everything
    store.delete(turn.conversation_id)
    assert judgements.gathered() == JudgementCounts()
    store.undelete(turn.conversation_id)
    assert judgements.gathered() == everything


def test_two_replies_that_are_compared_twice_have_the_newest_verdict(store: Store, turn: StoredTurn) -> None:
    first, second = replied(store, turn), replied(store, turn, "60")
    judgements = store.judgements
    judgements.compare(judgements.begin_comparison(first.id, second.id).id, "left", "ann")
    again = judgements.begin_comparison(second.id, first.id)
    judgements.compare(again.id, "left", "ann")
    judgements.compare(judgements.begin_comparison(first.id, second.id).id, "skipped", "ann")
    judgements.compare(judgements.begin_comparison(first.id, second.id).id, "tie", "bob")
    with store.dataset.snapshot() as snapshot:
        listed = {row.winner for row in snapshot.judged_turns([turn.id])[turn.id].comparisons}
    counts = judgements.gathered()
    assert (counts.comparisons, counts.ties) == (1, 1)
    assert listed == {"left", "tie"}


def test_what_was_said_of_a_text_that_goes_on_is_taken_back(store: Store, turn: StoredTurn) -> None:
    judgements = store.judgements
    half, other = replied(store, turn, "27 + 43 = 7"), replied(store, turn)
    correction = store.add_reply(turn.id, Provenance(origin="corrected", parent_id=half.id), Reply(THOUGHT, True, "70"))
    judgements.rate(half.id, "answer", "down", "ann")
    judgements.rate(half.id, "thought", "up", "ann")
    judgements.label_step(half.id, "first_wrong", 0, 12, "ann")
    judgements.label_step(half.id, "none_wrong", rater="bob")
    judgements.compare(judgements.begin_comparison(half.id, other.id).id, "both_bad", "ann")
    reference = judgements.set_reference(turn.id, "70", "number")
    for reply in (half, other):
        judgements.add_verification(reply.id, reference.id, float(reply is other))

    def said(rater: str) -> tuple[list[str], list[str], list[str]]:
        judged = judgements.judged(turn.conversation_id, rater)
        thumbs = [part for (_, part), rating in judged.ratings.items() if rating.thumb]
        steps = [label.verdict for label in judged.steps.values() if label.verdict]
        return thumbs, steps, [row.winner for row in judged.comparisons.values()]

    store.take_reply(half.id)
    with pytest.raises(StoreError, match="still being written"):
        judgements.rate(half.id, "answer", "up", "ann")
    with pytest.raises(StoreError, match="still being written"):
        judgements.label_step(half.id, "none_wrong", rater="ann")
    store.save_reply(half.id, half.reply)  # it ended as it was
    assert said("ann") == (["answer", "thought"], ["first_wrong"], ["both_bad"])
    store.save_reply(half.id, replace(half.reply, answer="27 + 43 = 70"))
    assert said("ann") == (["thought"], ["first_wrong"], ["skipped"])
    assert said("bob")[1] == ["none_wrong"]
    assert judgements.judged(turn.conversation_id).verifications.keys() == {other.id}
    with store.dataset.snapshot() as snapshot:
        assert snapshot.judged_turns([turn.id])[turn.id].excluded.keys() == {correction.id}
    store.save_reply(half.id, replace(half.reply, reasoning=THOUGHT + " So it is."))
    assert said("ann")[:2] == ([], ["first_wrong"]) and said("bob")[1] == []


def test_what_was_excluded_stays_so_when_its_rater_changes_it(store: Store, turn: StoredTurn) -> None:
    judgements = store.judgements
    first, second = replied(store, turn), replied(store, turn, "60")
    sides = judgements.begin_comparison(first.id, second.id)
    changes: list[Callable[[str], str]] = [
        lambda comment: judgements.rate(first.id, "answer", "up", "ann", comment=comment).id,
        lambda comment: judgements.label_step(first.id, "first_wrong", 0, len(comment), "ann").id,
        lambda comment: judgements.compare(sides.id, "left", "ann", comment=comment).id,
        lambda comment: (
            judgements.compare(judgements.begin_comparison(second.id, first.id).id, "left", "ann", comment=comment).id
        ),
        lambda comment: judgements.set_reference(turn.id, f"70 {comment}", "text", "ann").id,
    ]
    for change in changes:
        judgements.exclude(change("a"), True, "names my doctor", "ann")
        change("b")
        newest = change("c")
        with store.dataset.snapshot() as snapshot:
            assert snapshot.judged_turns([turn.id])[turn.id].excluded[newest] == "names my doctor"
        judgements.exclude(newest, False, "", "ann")
        with store.dataset.snapshot() as snapshot:
            assert change("d") not in snapshot.judged_turns([turn.id])[turn.id].excluded


def test_what_one_rater_excluded_says_nothing_of_what_another_one_says(store: Store, turn: StoredTurn) -> None:
    reply = replied(store, turn)
    store.judgements.exclude(store.judgements.rate(reply.id, "answer", "up", "ann").id, True, "", "ann")
    bobs = store.judgements.rate(reply.id, "answer", "up", "bob").id
    with store.dataset.snapshot() as snapshot:
        assert bobs not in snapshot.judged_turns([turn.id])[turn.id].excluded


def test_a_verdict_on_what_a_reply_says_no_more_is_not_stored(store: Store, turn: StoredTurn) -> None:
    reply, judgements = replied(store, turn, "27 + 43 = 7"), store.judgements
    reference = judgements.set_reference(turn.id, "70", "number")
    assert judgements.add_verification(reply.id, reference.id, 0.0, "27 + 43 = 7") is not None
    store.take_reply(reply.id)
    assert judgements.add_verification(reply.id, reference.id, 0.0, "27 + 43 = 7") is None
    store.save_reply(reply.id, replace(reply.reply, answer="27 + 43 = 70"))
    assert judgements.add_verification(reply.id, reference.id, 0.0, "27 + 43 = 7") is None
    assert not judgements.judged(turn.conversation_id).verifications

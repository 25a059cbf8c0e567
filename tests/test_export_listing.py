"""Judgements as the data page lists them: newest first, with their evidence, and whether an export takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from judged import OTHER, R1, RIGHT, WRONG, asked, consented, voted

from r1chat.export import REASONS, Conflict, Filter, Options, conflicts, count, export, rows
from r1chat.messages import Reply
from r1chat.store import Store
from r1chat.store.entries import JudgementKind


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


def status_of(store: Store, judgement_id: str) -> tuple[str, str]:
    return next((row.status, row.reason) for row in rows(store).rows if row.id == judgement_id)


def test_a_page_lists_every_kind_of_judgement_newest_first(store: Store) -> None:
    right, wrong = asked(consented(store), RIGHT, WRONG)
    judgements = store.judgements
    compared = judgements.compare(judgements.begin_comparison(right.id, wrong.id).id, "left", "ann")
    thumb = judgements.rate(right.id, "answer", "up", "ann")
    step = judgements.label_step(wrong.id, "first_wrong", 0, 8, "ann")
    reference = judgements.set_reference(right.turn_id, "70", "number", "ann")
    judgements.add_verification(right.id, reference.id, 1.0)
    corrected = store.add_reply(right.turn_id, replace(R1, origin="corrected", parent_id=wrong.id), RIGHT)

    page = rows(store)

    assert [row.kind for row in page.rows] == ["correction", "reference", "step", "rating", "comparison"]
    by_kind = {row.kind: row for row in page.rows}
    assert [by_kind[kind].id for kind in ("comparison", "rating", "step", "reference", "correction")] == [
        compared.id,
        thumb.id,
        step.id,
        reference.id,
        corrected.id,
    ]
    assert [side.id for side in by_kind["comparison"].sides] == [right.id, wrong.id]
    assert [side.id for side in by_kind["correction"].sides] == [corrected.id, wrong.id]
    assert [side.id for side in by_kind["reference"].sides] == [right.id, wrong.id, corrected.id]
    assert [verification and verification.accuracy for verification in by_kind["comparison"].verified] == [1.0, None]
    assert by_kind["correction"].judgement == by_kind["correction"].sides[0]
    assert {(row.prompt, row.conversation_title, row.status) for row in page.rows} == {
        ("27 + 43 = ?", "Sums", "exported")
    }
    assert page.next is None
    assert count(store) == 5


def test_pages_follow_each_other_without_a_gap(store: Store) -> None:
    ids = [voted(store) for _ in range(7)]
    seen, before, pages = [], None, 0
    while pages == 0 or before is not None:
        page = rows(store, before=before, limit=3)
        seen += [row.id for row in page.rows]
        before, pages = page.next, pages + 1
    assert seen == ids[::-1]
    assert pages == 3


@pytest.mark.parametrize("before", ["", "nonsense", "2026-01-01", "9999-99-99 x", "2026-01-01T00:00:00", "\x00"])
def test_a_place_that_makes_no_sense_begins_at_the_newest(store: Store, before: str) -> None:
    newest = voted(store)
    assert [row.id for row in rows(store, before=before).rows] == [newest]


def test_a_count_is_of_what_a_filter_lets_through(store: Store) -> None:
    voted(store)
    chinese = voted(store, message="三加四等于几？")
    in_chinese = Filter(language="zh")
    assert count(store, in_chinese) == 1
    assert [(row.id, row.language) for row in rows(store, in_chinese).rows] == [(chinese, "zh")]
    assert count(store, Filter(kinds=frozenset({"rating"}))) == 0


def test_what_training_cannot_use_is_not_counted_and_nothing_counts_for_two_models(store: Store) -> None:
    def judged(kind: JudgementKind) -> int:
        models = frozenset({"llama.cpp:parent", "llama.cpp:child"})
        return count(store, Filter(kinds=frozenset({kind}), models=models, trainable=True))

    parent, child = (replace(R1, model=model) for model in ("parent", "child"))
    voted(store, provenance=OTHER)
    for winner in ("left", "right", "tie", "both_bad", "skipped"):
        voted(store, winner, provenance=parent)
    (reply,) = asked(store, RIGHT, provenance=parent)
    other = store.add_reply(reply.turn_id, child, WRONG)
    judgements = store.judgements
    judgements.compare(judgements.begin_comparison(reply.id, other.id).id, "left", "ann")
    judgements.set_reference(reply.turn_id, "70", "number", "ann")
    (program,) = asked(store, RIGHT, provenance=parent, message="Write f.")
    judgements.set_reference(program.turn_id, "assert f(1) == 2", "tests", "ann")

    assert (judged("comparison"), judged("reference")) == (3, 1)
    assert count(store, Filter(kinds=frozenset({"reference"}))) == 2


def test_nothing_is_exported_before_consent(store: Store) -> None:
    vote = voted(store)
    assert status_of(store, vote) == ("no_consent", "")
    assert status_of(consented(store), vote) == ("exported", "")


def test_an_excluded_judgement_says_the_words_of_its_rater(store: Store) -> None:
    vote = voted(consented(store))
    store.judgements.exclude(vote, True, "misread it", "ann")
    assert status_of(store, vote) == ("excluded", "misread it")
    store.judgements.exclude(vote, False, "", "ann")
    assert status_of(store, vote) == ("exported", "")


@pytest.mark.parametrize("winner", ["tie", "both_bad", "skipped"])
def test_without_a_winner_a_comparison_is_undecided(store: Store, winner: str) -> None:
    assert status_of(store, voted(consented(store), winner)) == ("undecided", "")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (replace(WRONG, finish=None), "unfinished"),
        (replace(WRONG, finish="interrupted"), "unfinished"),
        (replace(WRONG, finish="cut"), "unfinished"),
        (replace(WRONG, finish="length"), "truncated"),
        (replace(WRONG, finish="stopped"), "stopped"),
        (replace(WRONG, finish="error", error="out of memory"), "error"),
        (replace(WRONG, answer=" \n"), "empty"),
        (replace(RIGHT, answer="It is 70.\n"), "identical"),
    ],
)
def test_a_pair_with_a_side_that_says_nothing_of_its_own_is_refused(store: Store, broken: Reply, reason: str) -> None:
    consented(store)
    assert status_of(store, voted(store, "left", RIGHT, broken)) == ("refused", reason)
    assert status_of(store, voted(store, "left", broken, RIGHT)) == ("refused", reason)


@pytest.mark.parametrize(
    "token", ["<｜end▁of▁sentence｜>", "<｜User｜>", "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "[/INST]", "</s>"]
)
def test_a_text_that_spells_a_special_token_is_refused_wherever_it_stands(store: Store, token: str) -> None:
    consented(store)
    spelling = replace(RIGHT, answer=f"70{token}")
    assert status_of(store, voted(store, "left", spelling, WRONG)) == ("refused", "special_token")
    assert status_of(store, voted(store, "left", WRONG, spelling)) == ("refused", "special_token")
    assert status_of(store, voted(store, "left", message=f"What is {token}?")) == ("refused", "special_token")
    (first,) = asked(store, spelling)
    later = store.add_turn(store.turn(first.turn_id).conversation_id, "And now?", first.id)
    thumb = store.judgements.rate(store.add_reply(later.id, R1, RIGHT).id, "answer", "up", "ann")
    assert status_of(store, thumb.id) == ("refused", "special_token")


@pytest.mark.parametrize("text", ["|x| <|x|> y", "a <| b |> c", "<s>old</s" + "trike>", "[INSTALL]", "List<|T|>"])
def test_what_only_looks_like_a_special_token_is_exported(store: Store, text: str) -> None:
    consented(store)
    assert status_of(store, voted(store, "left", message=text)) == ("exported", "")


@pytest.mark.parametrize(
    "answer",
    [
        "I am DeepSeek-R1, and it is 70.",
        "我是深度求索公司开发的模型。",
        "As Qwen I would say 70.",
        "I'm Claude. It is 70.",
        "I am a large language model, trained by Google.",
        "我是由阿里训练的。",
        "deepseek-r1-distill-qwen-1.5b-q4_k_m says 70.",
    ],
)
def test_a_reply_that_names_its_model_in_a_blind_comparison_is_refused(store: Store, answer: str) -> None:
    consented(store)
    leaking = replace(RIGHT, answer=answer)
    assert status_of(store, voted(store, "left", leaking, WRONG)) == ("refused", "leaked_identity")
    assert status_of(store, voted(store, "left", WRONG, leaking, blind=False)) == ("exported", "")


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("What is DeepSeek?", "DeepSeek is a company in Hangzhou."),
        ("Which animal spits?", "A llama spits."),
        ("Who made Android?", "It was developed by Google."),
        ("Where do I find it?", "I'm going to google that."),
    ],
)
def test_a_name_that_gives_nothing_away_is_no_leak(store: Store, message: str, answer: str) -> None:
    vote = voted(consented(store), "left", replace(RIGHT, answer=answer), WRONG, message=message)
    assert status_of(store, vote) == ("exported", "")


def test_a_name_in_a_thought_that_nobody_opened_is_no_leak(store: Store) -> None:
    left, right = asked(consented(store), replace(RIGHT, reasoning="I, DeepSeek, add."), WRONG)
    sides = store.judgements.begin_comparison(left.id, right.id)
    unseen = store.judgements.compare(sides.id, "left", "ann", (False, False))
    seen = store.judgements.compare(sides.id, "left", "bob", (True, False))
    assert status_of(store, unseen.id) == ("exported", "")
    assert status_of(store, seen.id) == ("refused", "leaked_identity")


def test_a_thumb_for_the_thought_needs_one_for_the_answer(store: Store) -> None:
    (reply,) = asked(consented(store), RIGHT)
    thumb = store.judgements.rate(reply.id, "thought", "up", "ann")
    store.judgements.rate(reply.id, "answer", "up", "bob")
    assert status_of(store, thumb.id) == ("refused", "thought_only")
    store.judgements.rate(reply.id, "answer", "down", "ann")
    assert status_of(store, thumb.id) == ("exported", "")


def test_steps_are_taken_from_a_thought_that_was_stopped_but_not_while_it_grows(store: Store) -> None:
    consented(store)
    (reply,) = asked(store, replace(RIGHT, finish="stopped"))
    label = store.judgements.label_step(reply.id, "first_wrong", 0, 5, "ann")
    assert status_of(store, label.id) == ("exported", "")
    store.take_reply(reply.id)
    assert status_of(store, label.id) == ("refused", "unfinished")


def test_what_was_deleted_is_not_listed(store: Store) -> None:
    left, right = asked(consented(store), RIGHT, WRONG)
    store.judgements.compare(store.judgements.begin_comparison(left.id, right.id).id, "left")
    store.delete(store.turn(left.turn_id).conversation_id)
    assert rows(store).rows == ()
    assert count(store) == 0


def test_every_reason_is_said_in_both_languages() -> None:
    assert all(reason.en and reason.zh for reason in REASONS.values())
    assert all(reason.zh[0] > "\u4e00" for reason in REASONS.values())


def test_a_row_has_the_status_that_an_export_with_the_same_choices_gives_it(store: Store, tmp_path: Path) -> None:
    consented(store)
    pair = voted(store)
    (right,) = asked(store, RIGHT)
    unthinking = store.add_reply(right.turn_id, replace(R1, thinking_choice="off"), WRONG)
    other = store.judgements.compare(store.judgements.begin_comparison(right.id, unthinking.id).id, "left").id
    left, right = asked(store, RIGHT, WRONG, message="Whose phone?")
    store.judgements.set_reference(left.turn_id, "+49 171 1234567", "text")
    redacted = store.judgements.compare(store.judgements.begin_comparison(left.id, right.id).id, "left", "ann").id
    for options in (Options(), Options(redact=False), Options(thoughts="full", redact=False)):
        export(store, None, "preference", tmp_path / "rows.jsonl", options)
        report = (tmp_path / "rows.refused.jsonl").read_text().splitlines()
        refused = {line["id"]: line["reason"] for line in map(json.loads, report)}
        page = rows(store, format="preference", options=options).rows
        assert {row.id: row.reason for row in page if row.status == "refused"} == refused
        assert {row.id for row in page if row.status == "exported"} == {pair, other, redacted} - refused.keys()
        assert (other in refused, redacted in refused) == (options.thoughts is None, options.redact)


# --- duplicates and contradictions -----------------------------------------------------------------------------------


def found(store: Store) -> list[tuple[str, set[str]]]:
    return [(conflict.kind, {judge.id for judge in conflict.judges}) for conflict in conflicts(store)]


def test_two_raters_who_differ_on_one_pair_contradict_each_other(store: Store) -> None:
    left, right = asked(store, RIGHT, WRONG)
    sides = store.judgements.begin_comparison(left.id, right.id)
    comparisons = [
        store.judgements.compare(sides.id, winner, rater) for winner, rater in (("left", "ann"), ("right", "bob"))
    ]
    (conflict,) = conflicts(store)
    assert isinstance(conflict, Conflict)
    assert (conflict.kind, conflict.prompt) == ("contradiction", "27 + 43 = ?")
    assert [(judge.id, judge.rater, judge.turn_id) for judge in conflict.judges] == [
        (comparisons[0].id, "ann", left.turn_id),
        (comparisons[1].id, "bob", left.turn_id),
    ]


def test_the_same_texts_in_another_conversation_are_the_same_pair(store: Store) -> None:
    once = voted(store, "left", RIGHT, WRONG)
    swapped = voted(store, "right", WRONG, RIGHT)
    assert found(store) == [("duplicate", {once, swapped})]
    other_way = voted(store, "right", RIGHT, WRONG)
    assert found(store) == [("contradiction", {once, swapped, other_way})]


@pytest.mark.parametrize("kind", ["tie", "other prompt", "other texts", "excluded"])
def test_what_differs_or_decides_nothing_is_no_conflict(store: Store, kind: str) -> None:
    voted(store, "left", RIGHT, WRONG)
    make: dict[str, Callable[[], object]] = {
        "tie": lambda: voted(store, "tie", RIGHT, WRONG),
        "other prompt": lambda: voted(store, "right", RIGHT, WRONG, message="30 + 40 = ?"),
        "other texts": lambda: voted(store, "right", RIGHT, replace(WRONG, answer="It is 50.")),
        "excluded": lambda: store.judgements.exclude(voted(store, "right", RIGHT, WRONG), True),
    }
    make[kind]()
    assert found(store) == []


def test_thumbs_up_and_down_for_the_same_text_contradict_each_other(store: Store) -> None:
    thumbs = []
    for thumb, rater in (("up", "ann"), ("down", "bob")):
        (reply,) = asked(store, RIGHT)
        thumbs.append(store.judgements.rate(reply.id, "answer", thumb, rater).id)  # type: ignore[arg-type]
    assert found(store) == [("contradiction", set(thumbs))]


def test_the_same_words_after_another_history_are_another_prompt(store: Store) -> None:
    for first in ("27 + 43 = ?", "28 + 43 = ?"):
        (opening,) = asked(store, RIGHT, message=first)
        turn = store.add_turn(store.turn(opening.turn_id).conversation_id, "Sure?", opening.id)
        sides = [store.add_reply(turn.id, R1, reply) for reply in (RIGHT, WRONG)]
        store.judgements.compare(store.judgements.begin_comparison(sides[0].id, sides[1].id).id, "left")
    assert found(store) == []

"""What people said of replies, as files: rows in every format, split, card, report, redaction, and all or nothing."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import forked
import pytest
from forked import CODE
from judged import OTHER, R1, RIGHT, SUM, WRONG, asked, consented, corrected, verified, voted
from markdown_it import MarkdownIt

from r1chat import steer
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.chat_template import R1_TEMPLATE, ChatTemplate
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.config import nano_model
from r1chat.conversations import Provenance
from r1chat.errors import ExportError
from r1chat.export import FORMATS, Filter, Options, Summary, export
from r1chat.export.formats import FORMS
from r1chat.export.statistics import Statistics
from r1chat.export.templates import Templates
from r1chat.judgements import Aspects
from r1chat.messages import Message, Reply, ReplySoFar
from r1chat.store import Store

PROMPT = f"<｜User｜>{SUM}<｜Assistant｜><think>\n"
RENDERED = {"right": "7 + 3 carries.\n</think>\n\nIt is 70.", "wrong": "20 + 40.\n</think>\n\nIt is 60."}
USER = {"role": "user", "content": SUM}


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


FULL = {side: said(f"<think>\n{text}") for side, text in RENDERED.items()}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as opened:
        yield consented(opened)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "data.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def exported(store: Store, out: Path, format: Any = "preference", **options: Any) -> list[dict[str, Any]]:
    export(store, None, format, out, Options(**options))
    return lines(out)


def reasons(out: Path) -> list[str]:
    return [line["reason"] for line in lines(out.with_name("data.refused.jsonl"))]


# --- formats ---------------------------------------------------------------------------------------------------------


def test_a_vote_is_a_rendered_pair_for_a_distill(store: Store, out: Path) -> None:
    voted(store, "right", WRONG, RIGHT)
    (row,) = exported(store, out)
    assert (row["prompt"], row["chosen"], row["rejected"]) == (PROMPT, RENDERED["right"], RENDERED["wrong"])


def test_a_vote_on_another_model_is_a_pair_of_messages_with_their_thoughts(store: Store, out: Path) -> None:
    voted(store, provenance=OTHER)
    (row,) = exported(store, out)
    assert (row["prompt"], row["chosen"], row["rejected"]) == ([USER], FULL["right"], FULL["wrong"])


def test_thoughts_are_left_out_where_that_is_asked_for(store: Store, out: Path) -> None:
    voted(store)
    (row,) = exported(store, out, thoughts="answer-only")
    assert (row["chosen"], row["rejected"]) == (said("It is 70."), said("It is 60."))


def test_replies_that_differ_in_their_thoughts_only_are_no_pair_without_them(store: Store, out: Path) -> None:
    voted(store)
    voted(store, "left", RIGHT, replace(WRONG, answer=RIGHT.answer))
    assert len(exported(store, out, thoughts="answer-only")) == 1
    assert reasons(out) == ["identical"]
    assert len(exported(store, out, thoughts="full")) == 2


def test_a_row_tells_where_it_comes_from(store: Store, out: Path) -> None:
    right, wrong = asked(store, WRONG, RIGHT)
    sides = store.judgements.begin_comparison(right.id, wrong.id)
    comparison = store.judgements.compare(sides.id, "right", "ann", (True, False), 12.5, "clearer")
    verified(store, "70", right, wrong)
    (row,) = exported(store, out)
    assert row["created"] == comparison.created.isoformat(timespec="seconds")
    del row["prompt"], row["chosen"], row["rejected"], row["created"]
    assert row == {
        "id": comparison.id,
        "conversation": store.turn(right.turn_id).conversation_id,
        "source": "comparison",
        "rater": "ann",
        "language": "",
        "question": SUM,
        "comment": "clearer",
        "blind": True,
        "winner_side": "right",
        "dwell_seconds": 12.5,
        "chosen_reply": wrong.id,
        "chosen_model": R1.model,
        "chosen_digest": R1.digest,
        "chosen_origin": "sampled",
        "chosen_verified": "right",
        "chosen_thought_seen": "no",
        "rejected_reply": right.id,
        "rejected_model": R1.model,
        "rejected_digest": R1.digest,
        "rejected_origin": "sampled",
        "rejected_verified": "wrong",
        "rejected_thought_seen": "yes",
    }


def test_every_format_with_metadata_has_the_message_by_itself(store: Store, out: Path) -> None:
    briefed = replace(R1, system="Be brief.")
    voted(store, "left", RIGHT, replace(WRONG, reasoning="20 + 40.\n\nSo 60."), provenance=briefed)
    reply = asked(store, WRONG, message="Write to ann@example.org: 27 + 43 = ?", provenance=briefed)[0]
    store.judgements.rate(reply.id, "answer", "up", "ann")
    store.judgements.set_reference(reply.turn_id, "60", "number", "ann")
    store.judgements.label_step(reply.id, "first_wrong", 0, 8, "ann")
    redacted = "Write to <EMAIL_1>: 27 + 43 = ?"
    for format in ("preference", "preference-implicit", "unpaired", "sft", "grpo", "stepwise", "processbench"):
        questions = {row["question"] for row in exported(store, out, format)}
        assert questions and questions <= {SUM, redacted}, format
        assert (redacted in questions) == (format in ("unpaired", "grpo", "stepwise", "processbench")), format


def test_a_correction_is_preferred_to_what_it_corrects(store: Store, out: Path) -> None:
    (wrong,) = asked(store, WRONG)
    corrected(store, wrong)
    (row,) = exported(store, out)
    assert (row["chosen"], row["rejected"]) == (RENDERED["right"], RENDERED["wrong"])
    assert (row["source"], row["chosen_origin"], row["winner_side"]) == ("correction", "corrected", "")


def test_only_the_sources_that_are_wanted_are_taken(store: Store, out: Path) -> None:
    voted(store)
    (wrong,) = asked(store, WRONG)
    corrected(store, wrong)
    assert {row["source"] for row in exported(store, out)} == {"comparison", "correction"}
    assert [row["source"] for row in exported(store, out, sources=frozenset({"correction"}))] == ["correction"]


@pytest.mark.parametrize(
    ("thoughts", "chosen"), [("rendered", PROMPT + RENDERED["right"]), ("full", [USER, *FULL["right"]])]
)
def test_an_implicit_prompt_is_part_of_both_sides(store: Store, out: Path, thoughts: str, chosen: object) -> None:
    voted(store)
    (row,) = exported(store, out, "preference-implicit", thoughts=thoughts)
    assert row["chosen"] == chosen
    assert "prompt" not in row
    assert row["margin"] == 0.0


def test_the_margin_is_how_much_better_the_same_rater_marked_the_chosen_reply(store: Store, out: Path) -> None:
    left, right = asked(store, RIGHT, WRONG)
    store.judgements.compare(store.judgements.begin_comparison(left.id, right.id).id, "left", "ann")
    store.judgements.rate(left.id, "answer", "up", "ann", aspects=Aspects(5, 4))
    store.judgements.rate(right.id, "answer", "down", "ann", aspects=Aspects(2))
    store.judgements.rate(right.id, "answer", "up", "bob", aspects=Aspects(5))
    (row,) = exported(store, out, "preference-implicit")
    assert row["margin"] == 2.5


def test_thumbs_are_labels(store: Store, out: Path) -> None:
    up, down = asked(store, RIGHT, WRONG)
    store.judgements.rate(up.id, "answer", "up", "ann", ["correct", "clear"], "neat", Aspects(5), thought_open=True)
    store.judgements.rate(up.id, "thought", "down", "ann")
    store.judgements.rate(down.id, "answer", "down", "ann")
    rows = {row["reply"]: row for row in exported(store, out, "unpaired")}
    good, bad = rows[up.id], rows[down.id]
    assert len(rows) == 2
    assert (good["prompt"], good["completion"], good["label"]) == (PROMPT, RENDERED["right"], True)
    assert (bad["completion"], bad["label"]) == (RENDERED["wrong"], False)
    assert [good[name] for name in ("reasons", "comment", "thought_thumb", "thought_seen", "helpfulness")] == [
        "correct clear",
        "neat",
        "down",
        "yes",
        5,
    ]
    assert (bad["thought_thumb"], bad["helpfulness"], bad["source"]) == ("", 0, "thumbs")


def test_a_vote_never_becomes_two_labels(store: Store, out: Path) -> None:
    voted(store)
    with pytest.raises(ExportError, match="unpaired is made from thumbs"):
        exported(store, out, "unpaired")
    with pytest.raises(ExportError, match="cannot be made from comparison"):
        exported(store, out, "unpaired", sources=frozenset({"comparison"}))


def test_what_the_rule_said_is_a_label_where_that_is_asked_for(store: Store, out: Path) -> None:
    right, wrong, unknown = asked(store, RIGHT, WRONG, replace(RIGHT, answer="Who knows."))
    verified(store, "70", right, wrong)
    rows = exported(store, out, "unpaired", sources=frozenset({"verified"}))
    assert {row["reply"]: row["label"] for row in rows} == {right.id: True, wrong.id: False}
    assert unknown.id not in out.read_text()


def test_a_reply_has_one_label_whichever_sources_say_so(store: Store, out: Path) -> None:
    judgements = store.judgements
    liked, disliked = (asked(store, RIGHT, message=message)[0] for message in ("27 + 43?", "43 + 27?"))
    (model,) = asked(store, replace(RIGHT, answer="It is 70, I think."), message="70?")
    correction = corrected(store, model, WRONG)
    for right in (liked, disliked):
        verified(store, "70", right)
    verified(store, "70", model, correction)
    judgements.rate(liked.id, "answer", "up", "ann")
    judgements.rate(disliked.id, "answer", "down", "ann")
    rows = exported(store, out, "unpaired", sources=frozenset({"thumbs", "verified"}))
    assert [(row["reply"], row["label"]) for row in rows] == [(liked.id, True), (disliked.id, False)]
    assert sorted(reasons(out)) == ["corrected", "thumbs_down", "verified_wrong"]


def test_fine_tuning_takes_what_was_chosen_corrected_or_verified_once_each(store: Store, out: Path) -> None:
    chosen, rejected = asked(store, RIGHT, WRONG)
    for rater in ("ann", "bob"):
        store.judgements.compare(store.judgements.begin_comparison(chosen.id, rejected.id).id, "left", rater)
    (wrong,) = asked(store, replace(WRONG, finish="length"), message="三加四等于几？")
    right = corrected(store, wrong, Reply("三、四。", True, "等于 7。", "stop"))
    checked, failed = asked(store, RIGHT, WRONG, message="70?")
    verified(store, "70", checked, failed)
    rows = {row["reply"]: row for row in exported(store, out, "sft")}
    assert set(rows) == {chosen.id, right.id, checked.id}
    assert rows[chosen.id]["completion"] == RENDERED["right"]
    assert rows[right.id]["completion"] == "三、四。\n</think>\n\n等于 7。"
    assert {rows[reply]["source"] for reply in rows} == {"comparison", "correction", "reference"}
    assert reasons(out) == []


def test_a_chosen_reply_that_the_rule_found_wrong_is_not_taught(store: Store, out: Path) -> None:
    chosen, other = asked(store, WRONG, RIGHT)
    store.judgements.compare(store.judgements.begin_comparison(chosen.id, other.id).id, "left")
    verified(store, "70", chosen, other)
    (row,) = exported(store, out, "sft")
    assert row["reply"] == other.id
    assert reasons(out) == ["verified_wrong"]


@pytest.mark.parametrize("format", ["preference", "preference-implicit", "openai", "llamafactory", "sft"])
def test_what_was_preferred_and_is_wrong_by_the_reference_is_in_no_format(store: Store, out: Path, format: str) -> None:
    voted(store)
    chosen, other = asked(store, WRONG, RIGHT)
    store.judgements.compare(store.judgements.begin_comparison(chosen.id, other.id).id, "left")
    store.judgements.rate(chosen.id, "answer", "up")
    verified(store, "70", chosen, other)
    exported(store, out, format, sources=frozenset({"comparison", "correction"}))
    assert reasons(out) == ["verified_wrong"] and "60" not in _taught(out)


def _taught(out: Path) -> str:
    return "".join(str(row.get("chosen", row.get("completion", row.get("preferred_output")))) for row in lines(out))


def test_a_liked_reply_that_is_wrong_by_the_reference_is_no_desirable_one(store: Store, out: Path) -> None:
    chosen, other = asked(store, WRONG, RIGHT)
    for reply in (chosen, other):
        store.judgements.rate(reply.id, "answer", "up", "ann")
    verified(store, "70", chosen, other)
    assert [row["reply"] for row in exported(store, out, "unpaired")] == [other.id]
    assert reasons(out) == ["verified_wrong"]


def test_an_excluded_reference_says_nothing_of_replies(store: Store, out: Path) -> None:
    chosen, other = asked(store, WRONG, RIGHT)
    store.judgements.compare(store.judgements.begin_comparison(chosen.id, other.id).id, "left")
    verified(store, "5550123456", chosen, other)
    with pytest.raises(ExportError, match="left out"):
        exported(store, out)
    reference = store.judgements.judged(store.turn(chosen.turn_id).conversation_id).references[chosen.turn_id]
    store.judgements.exclude(reference.id, True, "The reference is wrong.")
    (row,) = exported(store, out)
    assert (row["chosen_verified"], row["rejected_verified"]) == ("", "")
    assert [row["reply"] for row in exported(store, out, "sft")] == [chosen.id]


def test_excluded_ratings_are_in_no_margin_and_in_no_column(store: Store, out: Path) -> None:
    chosen, other = asked(store, RIGHT, WRONG)
    store.judgements.compare(store.judgements.begin_comparison(chosen.id, other.id).id, "left", "ann")
    store.judgements.rate(chosen.id, "answer", "up", "ann", aspects=Aspects(5, 5))
    low = store.judgements.rate(other.id, "answer", "down", "ann", aspects=Aspects(1, 1))
    thought = store.judgements.rate(chosen.id, "thought", "down", "ann")
    assert [row["margin"] for row in exported(store, out, "preference-implicit")] == [4.0]
    assert [row["thought_thumb"] for row in exported(store, out, "unpaired") if row["label"]] == ["down"]
    for rating in (low, thought):
        store.judgements.exclude(rating.id, True, "misclick", "ann")
    assert [row["margin"] for row in exported(store, out, "preference-implicit")] == [0.0]
    assert [row["thought_thumb"] for row in exported(store, out, "unpaired") if row["label"]] == [""]


def test_what_was_corrected_or_disliked_is_no_example_to_imitate(store: Store, out: Path) -> None:
    chosen, other = asked(store, WRONG, replace(WRONG, answer="It is 50."))
    store.judgements.compare(store.judgements.begin_comparison(chosen.id, other.id).id, "left")
    first = corrected(store, chosen, replace(RIGHT, answer="It is 71."))
    last = corrected(store, first, RIGHT)
    disliked, worse = asked(store, RIGHT, WRONG, message="70?")
    store.judgements.compare(store.judgements.begin_comparison(disliked.id, worse.id).id, "left")
    store.judgements.rate(disliked.id, "answer", "down", "ann")
    assert [row["reply"] for row in exported(store, out, "sft")] == [last.id]
    assert sorted(reasons(out)) == ["corrected", "corrected", "thumbs_down"]
    store.judgements.exclude(last.id, True, "wrong again")
    assert first.id in [row["reply"] for row in exported(store, out, "sft")]


def test_a_filter_hides_no_correction_and_no_thumb_of_others(store: Store, out: Path) -> None:
    chosen, other = asked(store, WRONG, replace(WRONG, answer="It is 50."))
    store.judgements.compare(store.judgements.begin_comparison(chosen.id, other.id).id, "left", "bob")
    disliked, worse = asked(store, RIGHT, WRONG, message="70?")
    store.judgements.compare(store.judgements.begin_comparison(disliked.id, worse.id).id, "left", "bob")
    voted(store, rater="bob", message="71?")
    corrected(store, chosen)
    store.judgements.rate(disliked.id, "answer", "down", "ann")
    assert len(exported(store, out, "sft", filter=Filter(rater="bob"))) == 1
    assert sorted(reasons(out)) == ["corrected", "thumbs_down"]


def test_an_empty_thought_that_was_given_is_a_part_of_the_prompt(store: Store, out: Path) -> None:
    skipped = replace(R1, origin="skipped")
    short = Reply("", True, "70.", "stop")
    first, second = asked(store, short, replace(short, answer="It is 70."), provenance=skipped)
    store.judgements.compare(store.judgements.begin_comparison(first.id, second.id).id, "right", "ann")
    (mixed,) = asked(store, short, provenance=skipped)
    thought = store.add_reply(mixed.turn_id, R1, RIGHT)
    store.judgements.compare(store.judgements.begin_comparison(mixed.id, thought.id).id, "left", "ann")
    (row,) = exported(store, out)
    assert (row["prompt"], row["chosen"], row["rejected"]) == (f"{PROMPT}\n</think>\n\n", "It is 70.", "70.")
    assert reasons(out) == ["other_prompt"]
    with pytest.raises(ExportError, match="2 cut thought"):
        exported(store, out, thoughts="full")
    assert len(exported(store, out, thoughts="answer-only")) == 2


def test_a_sentence_of_ours_within_a_thought_is_no_thought_of_the_model(store: Store, out: Path) -> None:
    voted(store)
    spent = steer.spent(ReplySoFar(RIGHT.reasoning)).reasoning
    voted(store, "left", replace(RIGHT, reasoning=f"{spent}\n\nWait, it is 70 indeed."), WRONG)
    assert len(exported(store, out)) == 1 and reasons(out) == ["cut_thought"]


def test_sides_that_redaction_makes_the_same_are_no_pair(store: Store, out: Path) -> None:
    voted(store)
    voted(
        store, "left", *(replace(RIGHT, answer=f"Write to {who}.") for who in ("Anna@Example.org", "anna@example.org"))
    )
    assert len(exported(store, out)) == 1 and reasons(out) == ["identical"]
    assert len(exported(store, out, redact=False)) == 2


def test_a_reference_is_a_prompt_with_its_solution(store: Store, out: Path) -> None:
    right, wrong = asked(store, RIGHT, WRONG)
    verified(store, "70", right, wrong)
    (row,) = exported(store, out, "grpo")
    assert (row["prompt"], row["solution"], row["solution_kind"]) == (PROMPT, "70", "number")
    (row,) = exported(store, out, "grpo", thoughts="full")
    assert row["prompt"] == [USER]


CHAIN = "First I count the apples that are on the table, one after the other, until none is left.\n\n" * 2
STEPS = (CHAIN + "Wait, that is twice the same.\n\n" + CHAIN + "So it is 60.").split("\n\n")


def test_steps_are_right_up_to_the_first_wrong_one(store: Store, out: Path) -> None:
    thought = "\n\n".join(STEPS)
    (reply,) = asked(store, replace(WRONG, reasoning=thought))
    start = thought.index("Wait")
    store.judgements.label_step(reply.id, "first_wrong", start, start + 40, "ann")
    (row,) = exported(store, out, "stepwise")
    assert row["prompt"] == PROMPT
    assert row["labels"] == [True] * (len(row["labels"]) - 1) + [False]
    assert len(row["labels"]) > 1
    assert row["completions"][-1].startswith("Wait, that is twice")
    assert "\n\n".join(row["completions"]) == thought[: thought.index(row["completions"][-1])] + row["completions"][-1]


def test_a_chain_without_a_wrong_step_is_right_to_its_end(store: Store, out: Path) -> None:
    thought = "\n\n".join(STEPS)
    (reply,) = asked(store, replace(RIGHT, reasoning=thought), provenance=OTHER)
    store.judgements.label_step(reply.id, "none_wrong", rater="ann")
    (row,) = exported(store, out, "stepwise")
    assert row["prompt"] == SUM
    assert set(row["labels"]) == {True}
    assert "\n\n".join(row["completions"]) == thought


def test_openai_gets_messages_and_nothing_else(store: Store, out: Path) -> None:
    voted(store)
    (row,) = exported(store, out, "openai")
    assert row == {
        "input": {"messages": [USER]},
        "preferred_output": FULL["right"],
        "non_preferred_output": FULL["wrong"],
    }


def test_the_first_wrong_step_is_marked_in_the_form_of_processbench(store: Store, out: Path) -> None:
    thought = "\n\n".join(STEPS)
    reply, right = asked(store, replace(WRONG, reasoning=thought), replace(RIGHT, reasoning=thought))
    start = thought.index("Wait")
    store.judgements.label_step(reply.id, "first_wrong", start, thought.index("\n\n", start), "ann")
    store.judgements.label_step(right.id, "none_wrong", rater="ann")
    wrong, none = sorted(exported(store, out, "processbench"), key=lambda row: -row["label"])
    assert wrong["problem"] == SUM
    assert wrong["steps"][wrong["label"]] == "Wait, that is twice the same."
    assert "\n\n".join(wrong["steps"]) == thought  # what comes behind the wrong step is there, too
    assert (none["label"], none["final_answer_correct"], none["verified"]) == (-1, False, "")
    assert none["generator"] == none["model"]


def test_llama_factory_gets_a_ranking_in_the_form_of_sharegpt_and_the_entry_for_its_list(
    store: Store, out: Path
) -> None:
    voted(store)
    (row,) = exported(store, out, "llamafactory")
    right, wrong = (FULL[side][0]["content"] for side in ("right", "wrong"))
    assert row == {
        "conversations": [{"from": "human", "value": SUM}],
        "chosen": {"from": "gpt", "value": right},
        "rejected": {"from": "gpt", "value": wrong},
    }
    described = out.with_suffix(".md").read_text(encoding="utf-8")
    entry = json.loads(described.partition("```json")[2].partition("```")[0])
    assert entry["data"]["file_name"] == "data.jsonl"
    assert (entry["data"]["formatting"], entry["data"]["ranking"]) == ("sharegpt", True)
    assert set(entry["data"]["columns"].values()) == row.keys()


# --- prompts ---------------------------------------------------------------------------------------------------------


def second_turn(store: Store, provenance: Provenance) -> None:
    """A vote on the second message of a conversation."""
    (first,) = asked(store, RIGHT, provenance=provenance)
    left, right = asked(store, RIGHT, WRONG, message="Sure?", provenance=provenance, after=first)
    store.judgements.compare(store.judgements.begin_comparison(left.id, right.id).id, "left")


def test_earlier_thoughts_are_left_out_as_the_model_saw_it(store: Store, out: Path) -> None:
    second_turn(store, R1)
    (row,) = exported(store, out)
    assert row["prompt"] == (
        f"<｜User｜>{SUM}<｜Assistant｜>It is 70.<｜end▁of▁sentence｜><｜User｜>Sure?<｜Assistant｜><think>\n"
    )
    (row,) = exported(store, out, thoughts="full")
    assert row["prompt"] == [USER, *said("It is 70."), {"role": "user", "content": "Sure?"}]


def test_earlier_thoughts_are_there_where_the_model_was_shown_them(store: Store, out: Path) -> None:
    second_turn(store, replace(R1, keep_thoughts=True))
    (row,) = exported(store, out, thoughts="full")
    assert row["prompt"][1:2] == FULL["right"]
    (row,) = exported(store, out)
    assert "<｜Assistant｜><think>\n" + RENDERED["right"] + "<｜end▁of▁sentence｜>" in row["prompt"]
    (row,) = exported(store, out, thoughts="answer-only")
    assert row["prompt"][1:2] == said("It is 70.")


def test_turns_that_the_model_was_not_shown_are_not_in_the_prompt(store: Store, out: Path) -> None:
    (first,) = asked(store, RIGHT)
    (second,) = asked(store, RIGHT, message="Sure?", after=first)
    provenance = replace(R1, seen_from=second.turn_id)
    left, right = asked(store, RIGHT, WRONG, message="Really?", provenance=provenance, after=second)
    store.judgements.compare(store.judgements.begin_comparison(left.id, right.id).id, "left")
    (row,) = exported(store, out, thoughts="full")
    assert [message["content"] for message in row["prompt"]] == ["Sure?", "It is 70.", "Really?"]


def test_a_model_in_process_brings_its_own_template(store: Store, out: Path) -> None:
    voted(store, provenance=Provenance("llama.cpp", model="r1chat-nano"))
    with closing(Catalogue({"llama.cpp": LlamaCppBackend([nano_model()], ahead=False)})) as catalogue:
        export(store, catalogue, "preference", out)
    (row,) = lines(out)
    assert (row["prompt"], row["chosen"]) == (PROMPT, RENDERED["right"])


def test_an_unknown_template_is_asked_for(store: Store, out: Path, tmp_path: Path) -> None:
    voted(store, provenance=OTHER)
    with pytest.raises(ExportError, match=r"ollama:granite-9 .* --template"):
        exported(store, out, thoughts="rendered")
    template = tmp_path / "granite.jinja"
    template.write_text(
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[bot]{% endif %}"
    )
    (row,) = exported(store, out, thoughts="rendered", template=template)
    assert row["prompt"] == f"[user]{SUM}[bot]"
    assert row["chosen"] == "<think>\n" + RENDERED["right"]


def test_the_template_of_a_gguf_can_be_borrowed(store: Store, out: Path) -> None:
    voted(store, provenance=OTHER)
    (row,) = exported(store, out, thoughts="rendered", template=nano_model())
    assert row["prompt"] == PROMPT


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("missing.jinja", None, "cannot be read"),
        ("broken.jinja", b"{% for %}", "cannot be used"),
        ("binary.jinja", b"\xff\xfe\x00", "no text"),
        ("broken.gguf", b"GGUF", "damaged"),
        ("refuses.jinja", b"{{ raise_exception('no') }}", "refuses the conversation"),
    ],
)
def test_a_template_that_cannot_be_used_is_named(
    store: Store, out: Path, tmp_path: Path, name: str, content: bytes | None, complaint: str
) -> None:
    voted(store, provenance=OTHER)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ExportError, match=complaint):
        exported(store, out, thoughts="rendered", template=tmp_path / name)
    assert os.listdir(out.parent) == []


def test_a_skipped_thought_stays_closed_in_rendered_text(store: Store, out: Path) -> None:
    voted(store, "left", Reply("", True, "70", "stop"), WRONG)
    (row,) = exported(store, out)
    assert row["chosen"] == "\n</think>\n\n70"


def test_models_of_two_kinds_are_exported_as_messages(store: Store, out: Path) -> None:
    voted(store)
    voted(store, provenance=OTHER)
    assert all(row["prompt"] == [USER] for row in exported(store, out))


# --- what is left out ------------------------------------------------------------------------------------------------


def test_the_report_gives_the_reason_of_everything_that_was_left_out(store: Store, out: Path) -> None:
    voted(store)
    tie = voted(store, "tie")
    cut = voted(store, "left", RIGHT, replace(WRONG, finish="length"))
    misread = voted(store)
    store.judgements.exclude(misread, True, "misread, ask me at ann@example.com", "ann")
    summary = export(store, None, "preference", out)
    assert (summary.rows, summary.test_rows) == (1, 0)
    assert summary.refused == {"excluded": 1, "truncated": 1, "undecided": 1}
    report = {line["id"]: line for line in lines(out.with_name("data.refused.jsonl"))}
    assert {key: line["reason"] for key, line in report.items()} == {
        tie: "undecided",
        cut: "truncated",
        misread: "excluded",
    }
    assert "limit of its length" in report[cut]["why"]
    assert report[misread]["why"] == "misread, ask me at <EMAIL_1>"


def test_only_conversations_with_consent_are_exported(store: Store, out: Path) -> None:
    store.judgements.set_consent(None, False)
    (left, right), _ = asked(store, RIGHT, WRONG), voted(store, message="Private?")
    allowed = store.judgements.compare(store.judgements.begin_comparison(left.id, right.id).id, "left")
    with pytest.raises(ExportError, match=r"2 judgements would do.*r1chat consent --all"):
        exported(store, out)
    store.judgements.set_consent(store.turn(left.turn_id).conversation_id, True)
    assert [row["id"] for row in exported(store, out)] == [allowed.id]
    content = "".join(path.read_text() for path in out.parent.iterdir())
    assert "Private?" not in content


def test_nothing_of_a_deleted_conversation_is_exported(store: Store, out: Path) -> None:
    voted(store)
    (left, right) = asked(store, RIGHT, WRONG, message="Gone?")
    store.judgements.compare(store.judgements.begin_comparison(left.id, right.id).id, "left")
    store.delete(store.turn(left.turn_id).conversation_id)
    assert len(exported(store, out)) == 1
    assert reasons(out) == []


def test_a_filter_narrows_what_is_exported(store: Store, out: Path) -> None:
    voted(store)
    chinese = voted(store, message="三加四等于几？")
    assert [row["id"] for row in exported(store, out, filter=Filter(language="zh"))] == [chinese]
    with pytest.raises(ExportError, match="none that match"):
        exported(store, out, filter=Filter(rater="nobody"))
    with pytest.raises(ExportError, match="filter leaves out"):
        exported(store, out, filter=Filter(kinds=frozenset({"rating"})))


def test_where_all_is_refused_the_error_says_why(store: Store, out: Path) -> None:
    voted(store, "tie")
    voted(store, "left", RIGHT, replace(WRONG, answer=""))
    with pytest.raises(ExportError, match="1 empty, 1 undecided"):
        exported(store, out)
    assert os.listdir(out.parent) == []


# --- personal data ---------------------------------------------------------------------------------------------------

MAIL = "Write to ann@example.com or bob@example.com."


def test_personal_data_become_the_same_placeholders_throughout(store: Store, out: Path) -> None:
    reply = Reply("ann@example.com it is.", True, "Ask ANN@example.com.", "stop")
    voted(store, "left", reply, WRONG, message=MAIL, comment="see bob@example.com")
    summary = export(store, None, "preference", out)
    (row,) = lines(out)
    mails = set(re.findall(r"<EMAIL_\d>", row["prompt"]))
    assert mails == {"<EMAIL_1>", "<EMAIL_2>"}
    assert "@" not in "".join(path.read_text() for path in out.parent.iterdir())
    ann = re.findall(r"Write to (<EMAIL_\d>)", row["prompt"])[0]
    assert row["chosen"] == f"{ann} it is.\n</think>\n\nAsk {ann}."
    assert row["comment"] == f"see {(mails - {ann}).pop()}"
    assert summary.redacted == {"email": 2}
    assert "2 × email" in out.with_suffix(".md").read_text()


@pytest.mark.parametrize("format", ["grpo", "unpaired", "sft"])
def test_a_right_answer_that_would_become_a_placeholder_makes_no_row(store: Store, out: Path, format: Any) -> None:
    product = Reply("123456 × 123456.", True, "15241383936", "stop")
    (reply,) = asked(store, product, message="123456 × 123456 = ?")
    verified(store, "15241383936", reply)
    verified(store, "70", *asked(store, RIGHT))
    options = Options(sources=frozenset() if format == "grpo" else frozenset({"verified"}))
    summary = export(store, None, format, out, options)
    assert (summary.rows, summary.refused) == (1, {"redacted_answer": 1})
    assert export(store, None, format, out, replace(options, redact=False)).rows == 2


def test_a_pair_whose_right_answer_would_become_a_placeholder_is_none(store: Store, out: Path) -> None:
    product = Reply("123456 × 123456.", True, "15241383936", "stop")
    right, wrong = asked(store, product, WRONG, message="123456 × 123456 = ?")
    verified(store, "15241383936", right, wrong)
    store.judgements.compare(store.judgements.begin_comparison(right.id, wrong.id).id, "left", "ann")
    voted(store)
    assert export(store, None, "preference", out).refused == {"redacted_answer": 1}


def test_redaction_can_be_turned_off_and_the_card_says_so(store: Store, out: Path) -> None:
    voted(store, message=MAIL)
    (row,) = exported(store, out, redact=False)
    assert MAIL in row["prompt"]
    assert "NOT replaced" in out.with_suffix(".md").read_text()


@pytest.mark.parametrize("format", ["preference", "unpaired", "grpo", "processbench"])
def test_the_owner_of_a_model_file_by_whose_path_a_server_calls_it_is_redacted(
    store: Store, out: Path, format: str
) -> None:
    everything(store, provenance=replace(R1, model="/home/wilhelmine/models/DeepSeek-R1-Distill-Qwen-1.5B.gguf"))
    rows = exported(store, out, format=format)
    assert rows
    assert "<USER_1>/models/DeepSeek" in json.dumps(rows)
    card = out.with_suffix(".md").read_text()
    assert format == "grpo" or "its base, Qwen2.5" in card  # the licence is still found; such rows hold no reply
    assert "wilhelmine" not in json.dumps(rows) + card


# --- files -----------------------------------------------------------------------------------------------------------


def everything(store: Store, provenance: Provenance = R1) -> None:
    """Judgements of every kind, on six conversations."""
    for number in range(6):
        message = f"{number} + 43 = ? 邮箱 user{number}@example.com"
        right, wrong = asked(store, RIGHT, WRONG, message=message, provenance=provenance)
        sides = store.judgements.begin_comparison(right.id, wrong.id)
        store.judgements.compare(sides.id, "left", "ann", dwell=number / 3)
        store.judgements.rate(right.id, "answer", "up", "ann")
        store.judgements.label_step(wrong.id, "first_wrong", 0, 8, "ann")
        verified(store, "70", right, wrong)
        corrected(store, wrong)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with `everything`, for tests that only read it."""
    with closing(Store(f"sqlite:///{tmp_path_factory.mktemp('full') / 'r1chat.db'}")) as opened:
        everything(consented(opened))
        yield opened


@pytest.mark.parametrize(
    ("format", "thoughts"),
    [
        (format, thoughts)
        for format in FORMATS
        for thoughts in ("full", "rendered")
        if thoughts in FORMS[format].thoughts
    ],
)
def test_parquet_holds_the_same_rows_as_json_lines(full: Store, out: Path, format: Any, thoughts: Any) -> None:
    import pyarrow.parquet as pq

    rows = exported(full, out, format, thoughts=thoughts)
    export(full, None, format, out.with_suffix(".parquet"), Options(thoughts=thoughts))
    table = pq.read_table(out.with_suffix(".parquet"))
    assert table.to_pylist() == rows
    assert [list(row) for row in rows] == [table.column_names] * len(rows)
    assert not any(field.nullable for field in table.schema)
    assert len(rows) >= 6


def test_rows_come_out_of_either_database_in_the_order_of_their_messages(store_url: str, out: Path) -> None:
    with closing(Store(store_url)) as store:
        everything(consented(store))
        for number, filter in ((12, Filter()), (12, Filter(language="en")), (6, Filter(rater="ann"))):
            rows = exported(store, out, filter=filter)
            order = [int(row["prompt"].partition(" +")[0].removeprefix("<｜User｜>")) for row in rows]
            assert len(order) == number
            assert order == sorted(order)
        export(store, None, "preference", out, Options(test=0.3))


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_the_same_data_give_the_same_bytes(full: Store, out: Path, suffix: str) -> None:
    exports = []
    for _ in range(2):
        summary = export(full, None, "preference", out.with_suffix(suffix), Options(test=0.3))
        exports.append([path.read_bytes() for path in summary.files])
    assert exports[0] == exports[1]
    assert len(exports[0]) == 4


def test_lines_are_utf_8_as_it_is_and_nothing_but_a_newline_ends_them(store: Store, out: Path) -> None:
    voted(store, "left", replace(RIGHT, answer='七十。\u2028\r\n🙂 "\\boxed{70}"'), WRONG)
    export(store, None, "preference", out)
    text = out.read_bytes().decode()
    assert '七十。\u2028\\r\\n🙂 \\"\\\\boxed{70}\\"' in text
    assert text.count("\n") == 1
    assert json.loads(text)["chosen"].endswith('七十。\u2028\r\n🙂 "\\boxed{70}"')


def test_no_prompt_is_in_both_train_and_test(store: Store, out: Path) -> None:
    for number in range(16):
        voted(store, message=f"{number % 8} + 1 = ?" if number < 8 else f" {number % 8}  + 1 = ? ")
    summary = export(store, None, "preference", out, Options(test=0.25))
    test = out.with_name("data.test.jsonl")
    assert summary.files == (out, test, out.with_suffix(".md"), out.with_name("data.refused.jsonl"))
    assert (summary.rows, summary.test_rows) == (12, 4)
    prompts = [{"".join(row["prompt"].split()) for row in lines(path)} for path in (out, test)]
    assert not prompts[0] & prompts[1]
    assert len(prompts[1]) == 2


def test_no_prompt_is_in_both_files_where_redaction_makes_two_messages_one(store: Store, out: Path) -> None:
    spellings = ("13912345678", "+86 139 1234 5678", "139-1234-5678")
    for number in range(12):
        voted(store, message=f"Whose phone is {spellings[number % 3]}, {'abcd'[number % 4]}?")
    export(store, None, "preference", out, Options(test=0.3))
    train, test = ({row["prompt"] for row in lines(path)} for path in (out, out.with_name("data.test.jsonl")))
    assert test and not train & test


def test_conversations_are_not_torn_apart(store: Store, out: Path) -> None:
    for number in range(4):
        (first,) = asked(store, RIGHT, message=f"{number}?")
        for after in range(2):
            left, right = asked(store, RIGHT, WRONG, message=f"{number}, {after}?", after=first)
            store.judgements.compare(store.judgements.begin_comparison(left.id, right.id).id, "left")
    export(store, None, "preference", out, Options(test=0.5))
    train, test = ({row["conversation"] for row in lines(path)} for path in (out, out.with_name("data.test.jsonl")))
    assert len(train) == len(test) == 2
    assert not train & test


def test_too_little_to_split_is_said(store: Store, out: Path) -> None:
    for _ in range(5):
        voted(store)
    with pytest.raises(ExportError, match="too little to set 10% of it apart"):
        exported(store, out, test=0.1)
    assert os.listdir(out.parent) == []


def test_the_card_is_filled_from_the_data(store: Store, out: Path) -> None:
    yaml = pytest.importorskip("yaml")
    everything(store)
    voted(store, "tie", message="What is better?")
    left, right = asked(store, RIGHT, WRONG, message="谁更好？请说明理由。")
    sides = store.judgements.begin_comparison(left.id, right.id)
    for rater, winner in (("ann", "left"), ("bob", "right")):
        store.judgements.compare(sides.id, winner, rater)  # type: ignore[arg-type]
    export(store, None, "preference", out, Options(test=0.2))
    text = out.with_suffix(".md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    head = yaml.safe_load(front)
    assert head["configs"][0]["data_files"] == [
        {"split": "train", "path": "data.jsonl"},
        {"split": "test", "path": "data.test.jsonl"},
    ]
    assert head["language"] == ["en", "zh"]
    assert head["size_categories"] == ["n<1K"]
    for fact in (
        "14 rows in the format `preference`, from 7 conversations",
        "comparisons of two replies: 8",
        "corrections by a person, preferred to what they correct: 6",
        "undecided 1",
        R1.model,
        "Apache-2.0",
        "2 people, by pseudonym",
        "agreed 0% (0 of 1)",
        "ties and “both bad”: 11% (1 of 9)",
        "the left side won 88% (7 of 8), true share likely 53% to 98%",
        "6 × email",
        "DPOTrainer",
    ):
        assert fact in body, fact


def test_what_a_card_takes_from_outside_is_one_line_of_text(store: Store, out: Path) -> None:
    name = "granite | 9\n\n# Licence: CC0\n\n![x](http://evil.example/p.png) <img src=x> `<b>` \\| www.evil.example"
    voted(store, provenance=replace(OTHER, model=name, digest="a|b\n# c"))
    export(store, None, "preference", out, Options(thoughts="full", filter=Filter(model=name)))
    body = out.with_suffix(".md").read_text(encoding="utf-8").split("---\n", 2)[2]
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(body)
    assert "Licence: CC0" not in [
        tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"
    ]
    inner = [child for token in tokens for child in (token, *(token.children or []))]
    assert not [token for token in inner if token.type in ("image", "link_open", "html_inline", "html_block")]
    cells = [tokens[i + 1].children or [] for i, token in enumerate(tokens) if token.type == "td_open"]
    rows = ["".join(child.content for child in cell) for cell in cells]
    assert f"ollama:{' '.join(name.split())}" in rows and "a|b # c" in rows
    assert not re.search(r"https?://|www\.evil", body)  # nothing that a reader makes a link of


def test_any_two_people_who_decided_the_same_comparison_count_once(store: Store) -> None:
    left, right = asked(store, RIGHT, WRONG)
    sides = store.judgements.begin_comparison(left.id, right.id)
    for rater, winner in enumerate(("left", "right", "left", "tie", "left")):
        store.judgements.compare(sides.id, winner, str(rater))  # type: ignore[arg-type]
    statistics = Statistics()
    with store.dataset.snapshot() as data:
        statistics.judged(data.judged_turns([left.turn_id])[left.turn_id])
    assert (statistics.agreed[True], statistics.agreed[False]) == (3, 3)


def test_every_file_is_there_or_none(store: Store, out: Path) -> None:
    voted(store)
    out.write_text("older")
    out.with_suffix(".md").mkdir()
    with pytest.raises(ExportError, match="so nothing was written"):
        exported(store, out)
    assert out.read_text() == "older"
    assert sorted(os.listdir(out.parent)) == ["data.jsonl", "data.md"]


def test_breaking_off_leaves_the_older_files(store: Store, out: Path) -> None:
    voted(store)
    exported(store, out)
    before = out.read_bytes()

    def stop(done: int, total: int) -> None:
        assert (done, total) == (2, 2)
        raise KeyboardInterrupt

    voted(store)
    with pytest.raises(KeyboardInterrupt):
        export(store, None, "preference", out, progress=stop)
    assert out.read_bytes() == before
    assert len(os.listdir(out.parent)) == 3


@pytest.mark.slow
def test_a_full_disk_leaves_no_half_file_and_keeps_the_older_one(store: Store, out: Path, tmp_path: Path) -> None:
    for number in range(10):
        voted(store, "left", replace(RIGHT, reasoning=f"{number} carries. " * 2_500), WRONG)
    out.write_text("older")
    script = f"""
import resource, signal
from pathlib import Path
from r1chat.errors import ExportError
from r1chat.export import export
from r1chat.store import Store
store = Store("sqlite:///{tmp_path / "r1chat.db"}")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    export(store, None, "preference", Path("{out}"))
except ExportError as error:
    print(error)
"""
    done = forked.run(CODE, script)
    assert done.returncode == 0, done.stderr
    assert "could not be written" in done.stdout
    assert out.read_text() == "older"
    assert os.listdir(out.parent) == ["data.jsonl"]


@pytest.mark.parametrize(
    ("path", "options", "complaint"),
    [
        ("data.csv", {}, r"\.jsonl or \.parquet"),
        ("data", {}, r"\.jsonl or \.parquet"),
        ("missing/data.jsonl", {}, "could not be written"),
        ("data.jsonl", {"test": 1.5}, "share of 1.5"),
        ("data.jsonl", {"sources": frozenset({"thumbs"})}, "cannot be made from thumbs"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(
    store: Store, out: Path, path: str, options: dict[str, Any], complaint: str
) -> None:
    voted(store)
    with pytest.raises(ExportError, match=complaint) as caught:
        export(store, None, "preference", out.parent / path, Options(**options))
    assert caught.value.sentence("zh") != caught.value.sentence("en")
    assert os.listdir(out.parent) == []


@pytest.mark.parametrize(("format", "thoughts"), [("openai", "rendered"), ("stepwise", "answer-only")])
def test_a_format_says_which_thoughts_it_cannot_have(store: Store, out: Path, format: Any, thoughts: Any) -> None:
    with pytest.raises(ExportError, match=f"cannot have thoughts “{thoughts}”"):
        exported(store, out, format, thoughts=thoughts)


def test_an_export_says_what_it_wrote(store: Store, out: Path) -> None:
    voted(store)
    assert export(store, None, "preference", out) == Summary(
        "preference", "rendered", 1, 0, files=(out, out.with_suffix(".md"), out.with_name("data.refused.jsonl"))
    )


@pytest.mark.parametrize(
    "messages",
    [
        [Message("user", "1 + 1 = ?")],
        [Message("system", "Be brief."), Message("user", "1 + 1 = ?")],
        [Message("user", " 1 + 1 = ? "), Message("assistant", "2\n"), Message("user", "{{ bos_token }}")],
        [Message("user", "1 + 1 = ?"), Message("assistant", "2", "One and one."), Message("user", "再加一？")],
    ],
)
def test_the_known_template_of_r1_is_what_its_source_says(messages: list[Message], tmp_path: Path) -> None:
    source = tmp_path / "r1.jinja"
    source.write_text(R1_TEMPLATE, encoding="utf-8")
    known = Templates(None, None).render("ollama:deepseek-r1:7b", messages)
    assert known == Templates(None, source).render("ollama:something-else", messages)


FAMILIES = Path(__file__).parent / "data/formats/templates"


def of_family(file: str, thinking: str = "", **more: Any) -> Provenance:
    return replace(R1, model=file.removesuffix(".jinja"), thinking_choice=thinking, **more)


def read_by(file: str, thinking: str, system: str = "") -> str:
    """What a model of that template reads before it writes its reply to SUM."""
    messages = [*([Message("system", system)] if system else []), Message("user", SUM)]
    prompt = ChatTemplate((FAMILIES / file).read_text(encoding="utf-8")).prompt(messages, None, thinking)
    return "".join(piece.text for piece in (*prompt.head, *prompt.tail))


@pytest.mark.parametrize(
    ("file", "thinking"),
    [
        *(("Qwen-Qwen3-0.6B.jinja", thinking) for thinking in ("", "on", "off")),
        ("HuggingFaceTB-SmolLM3-3B.jinja", "off"),
        ("GLM-4.6.jinja", "off"),
        ("google-gemma-4-31B-it.jinja", "on"),
        ("google-gemma-4-31B-it.jinja", "off"),
        ("deepseek-ai-DeepSeek-V3.1.jinja", "off"),
        ("openai-gpt-oss-120b.jinja", "high"),
    ],
)
def test_the_prompt_of_a_reply_is_what_its_model_read_with_thinking_as_it_was(
    store: Store, out: Path, file: str, thinking: str
) -> None:
    reply = Reply("" if thinking == "off" else "7 + 3 carries.", thinking != "off", "It is 70.", "stop")
    (stored,) = asked(store, reply, provenance=of_family(file, thinking))
    store.judgements.rate(stored.id, "answer", "up", "ann")
    (row,) = exported(store, out, "unpaired", thoughts="rendered", template=FAMILIES / file)
    assert row["prompt"] == read_by(file, thinking)
    assert ("7 + 3" in row["completion"]) == (thinking != "off")
    if thinking == "off":
        assert row["completion"] == "It is 70."


def test_two_replies_after_other_prompts_are_no_pair(store: Store, out: Path) -> None:
    file = "Qwen-Qwen3-0.6B.jinja"
    (first,) = asked(store, RIGHT, provenance=of_family(file))
    others = [of_family(file, "off"), of_family(file, system="Be brief."), of_family(file, "on")]
    for reply in [store.add_reply(first.turn_id, provenance, WRONG) for provenance in others]:
        store.judgements.compare(store.judgements.begin_comparison(first.id, reply.id).id, "left", "ann")
    rows = exported(store, out, thoughts="rendered", template=FAMILIES / file)
    assert (len(rows), reasons(out)) == (1, ["other_prompt"] * 2)
    assert len(exported(store, out, thoughts="full")) == 2  # in messages thinking is no part of the prompt


def test_both_sides_of_a_pair_have_the_form_of_the_prompts_model(store: Store, out: Path) -> None:
    magistral = replace(R1, model="Magistral-Small")
    (right,) = asked(store, RIGHT)
    wrong = store.add_reply(right.turn_id, magistral, WRONG)
    store.judgements.compare(store.judgements.begin_comparison(right.id, wrong.id).id, "left", "ann")
    (row,) = exported(store, out, thoughts="rendered")
    assert (row["prompt"], row["chosen"], row["rejected"]) == (PROMPT, RENDERED["right"], RENDERED["wrong"])


@pytest.mark.parametrize(
    ("first_prompt", "second_prompt"),
    [
        ({"seen_from": "the message"}, {}),
        ({"keep_thoughts": True}, {}),
        ({"system": "Be brief.", "system_role": True}, {"system": "Be brief."}),
    ],
)
def test_replies_to_other_parts_of_a_conversation_are_no_pair(
    store: Store, out: Path, first_prompt: dict[str, Any], second_prompt: dict[str, Any]
) -> None:
    first, *_ = asked(store, RIGHT, message="Think of a number.")
    (reply,) = asked(store, RIGHT, message="Which one?", after=first, provenance=replace(R1, **second_prompt))
    if "seen_from" in first_prompt:
        first_prompt = {"seen_from": reply.turn_id}
    rival = store.add_reply(reply.turn_id, replace(R1, **first_prompt), WRONG)
    voted(store)
    store.judgements.compare(store.judgements.begin_comparison(reply.id, rival.id).id, "left", "ann")
    assert len(exported(store, out, thoughts="rendered")) == 1
    assert reasons(out) == ["other_prompt"]


def test_budgets_that_a_template_tells_its_model_are_no_pair(store: Store, out: Path) -> None:
    file = "ByteDance-Seed-OSS.jinja"
    for budgets, alike in (((512, 8192), False), ((512, 512), True)):
        right, wrong = (
            asked(store, reply, provenance=replace(of_family(file), budget=budget))[0]
            for reply, budget in zip((RIGHT, WRONG), budgets, strict=True)
        )
        wrong = store.add_reply(right.turn_id, wrong.provenance, WRONG)
        vote = store.judgements.compare(store.judgements.begin_comparison(right.id, wrong.id).id, "left", "ann")
        rows = exported(store, out, thoughts="rendered", template=FAMILIES / file) if alike else []
        assert [row["id"] for row in rows] == [vote.id] * alike
    assert reasons(out) == ["other_prompt"]


@pytest.mark.parametrize("who", ["person", "budget"])
def test_a_thought_that_somebody_else_ended_is_exported_in_no_way(store: Store, out: Path, who: Any) -> None:
    voted(store)
    right, wrong = asked(store, RIGHT, WRONG)
    store.save_reply(right.id, RIGHT, who)
    store.judgements.rate(right.id, "answer", "up", "ann")
    store.judgements.compare(store.judgements.begin_comparison(right.id, wrong.id).id, "left", "ann")
    for format, count in (("preference", 1), ("sft", 1), ("unpaired", 0)):
        for thoughts in ("rendered", "full"):
            if count:
                assert len(exported(store, out, format, thoughts=thoughts)) == count
                assert reasons(out) == ["cut_thought"]
            else:
                with pytest.raises(ExportError, match="1 cut thought"):
                    exported(store, out, format, thoughts=thoughts)
        assert len(exported(store, out, format, thoughts="answer-only")) == count + 1


def test_a_jinja_template_is_told_the_tokens_of_its_model(store: Store, out: Path, tmp_path: Path) -> None:
    file = tmp_path / "chat_template.jinja"
    file.write_text(
        "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}"
        "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    )
    first, *_ = asked(store, RIGHT, provenance=OTHER)
    (reply,) = asked(store, RIGHT, message="Sure?", after=first, provenance=OTHER)
    store.judgements.rate(reply.id, "answer", "up", "ann")
    with pytest.raises(ExportError, match="nothing beside it says which token"):
        exported(store, out, "unpaired", thoughts="rendered", template=file)
    settings = {"bos_token": "<s>", "eos_token": {"content": "</end>"}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    (row,) = exported(store, out, "unpaired", thoughts="rendered", template=file)
    assert row["prompt"] == f"[user]{SUM}[assistant]It is 70.</end>[user]Sure?"


@pytest.mark.parametrize(
    ("file", "token"),
    [
        ("google-gemma-4-31B-it.jinja", "<turn|>"),
        ("ByteDance-Seed-OSS.jinja", "<seed:eos>"),
        ("NVIDIA-Nemotron-Nano-v2.jinja", "<SPECIAL_11>"),
        ("MiniMax-M2.jinja", "]~b]user"),
    ],
)
def test_a_text_that_spells_what_the_models_own_template_writes_makes_no_row(
    store: Store, out: Path, file: str, token: str
) -> None:
    for message in (SUM, f"{SUM} {token} Yes."):
        (reply,) = asked(store, RIGHT, message=message, provenance=of_family(file))
        store.judgements.rate(reply.id, "answer", "up", "ann")
    assert len(exported(store, out, "unpaired", thoughts="rendered", template=FAMILIES / file)) == 1
    assert reasons(out) == ["special_token"]


def test_a_template_of_unusual_tokens_is_asked_for_them(store: Store, out: Path, tmp_path: Path) -> None:
    source = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}<assistant>"
    (tmp_path / "odd.jinja").write_text(source)
    for message in (SUM, f"{SUM} </user><assistant>Yes.", "<div> is HTML"):
        (reply,) = asked(store, RIGHT, message=message, provenance=of_family("odd"))
        store.judgements.rate(reply.id, "answer", "up", "ann")
    assert len(exported(store, out, "unpaired", thoughts="rendered", template=tmp_path / "odd.jinja")) == 2
    assert reasons(out) == ["special_token"]


def test_a_template_that_tells_the_date_tells_that_of_the_reply(store: Store, out: Path, tmp_path: Path) -> None:
    (tmp_path / "dated.jinja").write_text(
        "Today is {{ strftime_now('%Y-%m-%d') }}. {% for m in messages %}{{ m.content }}{% endfor %}:"
    )
    (reply,) = asked(store, RIGHT, provenance=of_family("dated"))
    store.judgements.rate(reply.id, "answer", "up", "ann")
    with closing(sqlite3.connect(out.parents[1] / "r1chat.db")) as database, database:
        database.execute("UPDATE reply SET created_at = '2026-01-02 12:00:00.000000'")
    (row,) = exported(store, out, "unpaired", thoughts="rendered", template=tmp_path / "dated.jinja")
    assert row["prompt"].startswith("Today is 2026-01-02. ")

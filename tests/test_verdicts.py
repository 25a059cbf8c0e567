"""Verdicts by rule that an older version stored: they follow the rules of today."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from judged import RIGHT, WRONG, asked, consented

from r1chat.cli.main import main
from r1chat.conversations import StoredReply
from r1chat.rewards.rules import rules
from r1chat.store import Store
from r1chat.verdicts import renew


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as opened:
        yield consented(opened)


def checked(store: Store, accuracy: float | None, reference: str = "70", rules: str = "older") -> StoredReply:
    """A right reply of which an older version had this verdict."""
    right, _ = asked(store, RIGHT, WRONG)
    right_answer = store.judgements.set_reference(right.turn_id, reference, "number")
    store.judgements.add_verification(right.id, right_answer.id, accuracy, rules=rules)
    return right


def verdicts(store: Store) -> dict[str, float | None]:
    with store.dataset.snapshot() as snapshot:
        return {reply.reply_id: reply.accuracy for reply in snapshot.checked_by_others("other", "", 1_000)}


def test_verdicts_of_other_rules_are_found_anew_once(store: Store, tmp_path: Path) -> None:
    wrong, undecided, right = (checked(store, accuracy) for accuracy in (0.0, None, 1.0))
    assert renew(store) == 2
    assert verdicts(store) == dict.fromkeys((wrong.id, undecided.id, right.id), 1.0)
    later = checked(store, 0.0, rules=rules())
    assert renew(store) == 0 and verdicts(store)[later.id] == 0.0, "the rules are the same"
    with store.dataset.snapshot() as snapshot:
        assert snapshot.checked_by_others(rules(), "", 10) == []


def test_what_is_not_in_force_any_more_and_tests_are_let_be(store: Store, tmp_path: Path) -> None:
    former, program = checked(store, 0.0), checked(store, 0.0)
    store.judgements.set_reference(former.turn_id, "", "text")
    tests = store.judgements.set_reference(program.turn_id, "assert f(1) == 2", "tests")
    store.judgements.add_verification(program.id, tests.id, 0.0)
    assert renew(store) == 0 and verdicts(store) == {}


def test_many_replies_are_read_in_parts(store: Store, tmp_path: Path) -> None:
    for _ in range(210):
        checked(store, 0.0)
    assert renew(store, stopped=lambda: True) == 0
    assert renew(store) == 210 and set(verdicts(store).values()) == {1.0}


def test_verdicts_that_came_with_a_copy_or_an_archive_are_found_anew_whatever_they_say(
    store: Store, tmp_path: Path
) -> None:
    checked(store, 0.0, rules=rules())
    words = ["--data-dir", str(tmp_path)]
    backup, archive = tmp_path / "copy.db", tmp_path / "all.jsonl"
    assert main(["backup", str(backup), *words]) == 0
    assert main(["export", "archive", "-o", str(archive), *words]) == 0
    assert renew(store) == 0
    store.close()
    assert main(["restore", str(backup), *words]) == 0
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as restored:
        assert renew(restored) == 1
        restored.delete(restored.conversations()[0].id)
    assert main(["import", str(archive), *words]) == 0
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as imported:
        assert renew(imported) == 1


def test_an_export_has_the_verdicts_of_today(store: Store, tmp_path: Path) -> None:
    reply = checked(store, 0.0)
    file = tmp_path / "rows.jsonl"
    words = ["export", "unpaired", "-o", str(file), "--source", "verified", "--data-dir", str(tmp_path)]
    assert main(words) == 0
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(row["reply"], row["label"]) for row in rows] == [(reply.id, True)]

"""Thresholds of moments from a person's labels: what they change, what is said of it, and how it is undone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import forked
import pytest

from r1chat.calibration import FILE_NAME, calibrate, load, undo
from r1chat.conversations import Provenance
from r1chat.errors import ConfigError
from r1chat.messages import Reply
from r1chat.reflect import Moment, find_moments, read
from r1chat.store import Store

ROOT = Path(__file__).parents[1]
THOUGHT = (
    "The first number is 12. The second number is 30. Together they make 42. Wait, let me double-check that. "
    "12 + 30 = 42. So it is 42. It is an even number and not a prime. "
    "But is it divisible by seven? Yes, it is six times seven."
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'r1chat.db'}")
    yield opened
    opened.close()


def weak_and_strong() -> tuple[Moment, Moment]:
    """The two checks in THOUGHT, the one with the lower score first."""
    reader = read(THOUGHT)
    assert [moment.kind for moment in reader.moments] == ["verification", "verification"]
    (low, weak), (high, strong) = sorted(zip(reader.scores, reader.moments, strict=True), key=lambda pair: pair[0] or 0)
    assert low is not None and high is not None and low < high
    return weak, strong


def label(store: Store, replies: int) -> None:
    """On so many replies: the weaker check is no moment, the stronger one is."""
    weak, strong = weak_and_strong()
    for _ in range(replies):
        turn = store.add_turn(store.new_conversation("Sums").id, "12 + 30 = ?", None)
        reply = store.add_reply(turn.id, Provenance(), Reply(THOUGHT, True, "42", finish="stop"))
        store.label_moment(reply.id, weak.start, weak.end, weak.kind, "denied")
        store.label_moment(reply.id, strong.start, strong.end, strong.kind, "confirmed")


def test_labels_raise_the_bar_of_their_kind_between_right_and_wrong_ones(store: Store, tmp_path: Path) -> None:
    label(store, 3)
    changes = {change.kind: change for change in calibrate(tmp_path, store.all_moment_labels())}
    change = changes.pop("verification")
    assert (change.right, change.wrong, change.lost, change.dropped) == (3, 3, 0, 3)
    assert change.after > change.before
    assert all(other.after == other.before for other in changes.values())
    assert list(find_moments(THOUGHT, load(tmp_path))) == [weak_and_strong()[1]]


def test_few_labels_change_nothing(store: Store, tmp_path: Path) -> None:
    label(store, 2)
    assert all(change.after == change.before for change in calibrate(tmp_path, store.all_moment_labels()))
    assert load(tmp_path) == {}
    assert not undo(tmp_path)


def test_calibrating_twice_gives_the_same_and_is_undone_at_once(store: Store, tmp_path: Path) -> None:
    label(store, 3)
    calibrate(tmp_path, store.all_moment_labels())
    bars = load(tmp_path)
    again = calibrate(tmp_path, store.all_moment_labels())
    assert load(tmp_path) == bars
    assert all(change.after == change.before for change in again)
    assert undo(tmp_path)
    assert load(tmp_path) == {}
    assert not undo(tmp_path)


def test_labels_in_deleted_conversations_do_not_count(store: Store) -> None:
    label(store, 1)
    assert len(store.all_moment_labels()) == 2
    store.delete(store.conversations()[0].id)
    assert store.all_moment_labels() == []


@pytest.mark.parametrize("content", ["{", "[]", '{"bars": {"verification": "high"}}', '{"bars": {"joke": 1}}', "\xff"])
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigError, match="--calibrate"):
        load(tmp_path)


def r1chat(folder: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "R1CHAT_DATA_DIR": str(folder), "R1CHAT_OLLAMA": "false", "PYTHONPATH": str(ROOT)}
    return forked.run("moments", *words, stdin=stdin, env=env)


@pytest.mark.slow
def test_the_command_says_what_it_changed_uses_it_and_undoes_it(store: Store, tmp_path: Path) -> None:
    label(store, 3)
    store.close()
    assert len(r1chat(tmp_path, stdin=THOUGHT).stdout.splitlines()) == 2
    done = r1chat(tmp_path, "--calibrate")
    assert (done.returncode, done.stderr) == (0, "")
    assert "hides 3 of 3 labelled “Not a moment” and 0 of 3 labelled “Right mark”" in done.stdout
    assert "--undo" in done.stdout
    assert len(r1chat(tmp_path, stdin=THOUGHT).stdout.splitlines()) == 1
    changes = [json.loads(line) for line in r1chat(tmp_path, "--calibrate", "--json").stdout.splitlines()]
    assert [change["kind"] for change in changes if change["wrong"]] == ["verification"]
    assert "apply again" in r1chat(tmp_path, "--undo").stdout
    assert len(r1chat(tmp_path, stdin=THOUGHT).stdout.splitlines()) == 2
    wrong = r1chat(tmp_path, "--calibrate", "--undo")
    assert (wrong.returncode, wrong.stdout) == (1, "")

"""Every route, act, export and command over folders with odd content that `restore` or an import took: no status 500.

`python -m benchmarks.fuzz_folders` walks over more of them; each test below is of what that found.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.folders import Rows, evaluation
from benchmarks.fuzz_folders import failures
from benchmarks.walk import opened, run
from r1chat.archive import read, write
from r1chat.errors import StoreError
from r1chat.export import rows
from r1chat.export.split import test_conversations as set_apart
from r1chat.store import Store, backup
from r1chat.store.entries import Filter
from r1chat.store.rescue import rescue

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of FastAPI's dependencies


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The commands of a walk set these for the process."""
    for name in ("R1CHAT_FIND_MODELS", "R1CHAT_MEASURE_SPEED", "R1CHAT_OLLAMA"):
        monkeypatch.setenv(name, "false")
    yield


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4, 7])  # a restored database, and an archive
def test_everything_opens_over_odd_content(seed: int) -> None:
    failed_steps = failures(seed, most=1, refused=lambda: pytest.fail("it was refused"))
    assert [(step, repr(error)) for step, error in failed_steps] == []


def test_a_correction_of_a_reply_to_another_message_is_none(tmp_path: Path) -> None:
    """As an archive may say it: then the data page and every export failed for good."""
    with Rows(tmp_path) as writer:
        _, [(_, first), (turn, _)] = writer.talk(2)
        writer.reply(turn, origin="corrected", parent_id=first, answer="70")
        correction = writer.reply(turn, origin="corrected", parent_id=writer.reply(turn), answer="70")
    with (
        closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as source,
        closing(Store(f"sqlite:///{tmp_path / 'imported.db'}")) as store,
    ):
        write(source, tmp_path / "all.jsonl", True)
        read(store, tmp_path / "all.jsonl")
        assert [row.id for row in rows(store).rows] == [correction]


MOVED = "UPDATE turn SET parent_reply_id = (SELECT max(id) FROM reply) WHERE id = (SELECT min(id) FROM turn)"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (MOVED, "reply of another conversation"),
        ("UPDATE turn SET created_at = '2026-01-01'", "cannot stand there"),  # a day without a time: no page opened
        ("UPDATE duel SET left_id = (SELECT min(id) FROM reply)", "do not belong to one message"),
        ("UPDATE duel SET left_id = right_id", "do not belong to one message"),
    ],
)
def test_a_backup_that_contradicts_itself_is_not_put_back(tmp_path: Path, change: str, reason: str) -> None:
    with Rows(tmp_path) as writer:
        writer.talk(1)
        turn = writer.turn(writer.conversation())
        writer.comparison(turn, writer.reply(turn), writer.reply(turn))
    file = tmp_path / "r1chat.db"
    backup.restore(file, tmp_path / "sound.db")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(change)
    with pytest.raises(StoreError, match=reason):
        backup.restore(file, tmp_path / "new.db")
    rescue(file, tmp_path / "saved.db")  # the rest of it
    backup.restore(tmp_path / "saved.db", tmp_path / "new.db")


def test_a_message_after_a_reply_of_another_conversation_is_shown(tmp_path: Path) -> None:
    """As a database may say that was put back before `restore` looked at it."""
    with Rows(tmp_path) as writer:
        conversation, _ = writer.talk(1)
        _, [(_, elsewhere)] = writer.talk(1)
        turn = writer.turn(conversation, elsewhere)
        reply = writer.reply(turn)
    with opened(tmp_path) as (app, _):
        app.store.show_reply(reply)
        assert [step.id for step in app.store.path(turn)] == [turn]


def test_a_conversation_without_a_first_message_is_set_apart_by_itself(tmp_path: Path) -> None:
    with Rows(tmp_path) as writer:
        for _ in range(4):
            _, [(turn, reply)] = writer.talk(1)
            writer.rating(reply)
        writer.consent()
    with closing(sqlite3.connect(tmp_path / "r1chat.db")) as database, database:
        database.execute("UPDATE turn SET parent_reply_id = ?, content = 'a' WHERE id = ?", (reply, turn))
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as store, store.dataset.snapshot() as snapshot:
        assert len(set_apart(snapshot, Filter(), 0.3)) in (1, 3)


def test_an_evaluation_whose_specification_lacks_a_field_is_left_out_everywhere(tmp_path: Path) -> None:
    with Rows(tmp_path) as writer:
        writer.talk(1)
    for name in ("one", "two"):
        evaluation(tmp_path, name, 2, 1)
    file = tmp_path / "evaluations" / "one" / "run.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"digest"', '"other"'), encoding="utf-8")
    assert "r1chat itself failed" not in run(tmp_path, ["eval", "compare", "one", "two"])
    with opened(tmp_path) as (_, client):
        response = client.get("/r1chat/evaluation/whole?names=one&names=two")
        assert response.status_code == 200 and "model two" in response.text


@pytest.mark.slow
def test_an_answer_of_blank_lines_is_shown_on_the_data_page(tmp_path: Path) -> None:
    with Rows(tmp_path) as writer:
        _, [(_, reply)] = writer.talk(1, answer="\n\n\n", reasoning="\n\n")
        writer.rating(reply)
    with opened(tmp_path) as (_, client):
        for path in ("rows", "next", f"reply/{reply}"):
            assert client.get(f"/r1chat/data/{path}").status_code == 200

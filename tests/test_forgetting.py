"""What r1chat erased for good leaves the folders of runs; what a database merely does not have stays there."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sums import judge, new_store

from r1chat.app import KEPT_AFTER_DELETION, App, build
from r1chat.both import Both
from r1chat.cli.main import main
from r1chat.config import load
from r1chat.errors import NotFoundError, TrainingError
from r1chat.learn.forgetting import erase_now, forget_erased
from r1chat.learn.gather import write_rows
from r1chat.learn.runs import Runs, RunStatus, RunWish, TrainingRun, only_one
from r1chat.learn.train import train
from r1chat.store import Store
from r1chat.store.backup import backup, restore

EXAMPLES = {"examples": [{"prompt": "27 + 43 = ?"}], "agreed": 1}


def opened(folder: Path) -> App:
    return build(load(data_dir=folder, models_dir=folder / "models", ollama=False))


def finished(app: App) -> TrainingRun:
    """A run that has learnt from 30 judgements, with answers before and after and a checkpoint."""
    judge(app.store, 30)
    run = Runs(app.settings.data_dir).begin(RunWish("prefer", "llama.cpp:gone"), "run")
    write_rows(app.store, app.catalogue, "prefer", run.folder)
    (run.folder / "checkpoint.pt").touch()
    run.write(RunStatus("paused", proof=EXAMPLES))
    return run


def learnt_from(run: TrainingRun) -> set[str]:
    """The conversations in a run's folder."""
    files = (run.folder / "data.jsonl", run.folder / "data.test.jsonl")
    return {json.loads(line)["conversation"] for file in files for line in file.read_text().splitlines()}


def deleted_a_month_ago(folder: Path, conversation_id: str) -> None:
    with closing(sqlite3.connect(folder / "r1chat.db")) as database, database:
        then = (datetime.now(UTC) - KEPT_AFTER_DELETION).strftime("%Y-%m-%d %H:%M:%S.%f")
        database.execute("UPDATE conversation SET deleted_at = ? WHERE id = ?", (then, conversation_id))


def whole(run: TrainingRun) -> bool:
    return len(learnt_from(run)) == 30 and bool(run.checkpoints) and run.status.proof == EXAMPLES


def test_a_backup_that_is_put_back_takes_nothing_from_the_runs(tmp_path: Path) -> None:
    database = tmp_path / "r1chat.db"
    new_store(tmp_path).close()
    older = backup(database, tmp_path / "older.db").path
    with closing(opened(tmp_path)) as app:
        run = finished(app)
    restore(older, database)
    with closing(opened(tmp_path)) as app:
        forget_erased(app.store, Runs(tmp_path))
        with pytest.raises(NotFoundError):
            app.store.info(next(iter(learnt_from(run))))
    assert whole(run)


def test_another_database_takes_nothing_from_the_runs_also_when_it_erases_something_of_its_own(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as app:
        run = finished(app)
    with closing(Store(f"sqlite:///{tmp_path / 'other.db'}")) as other:
        own = other.new_conversation("of its own").id
        other.delete(own)
        other.purge(timedelta(seconds=-1), Runs(tmp_path).erasures.note)
        forget_erased(other, Runs(tmp_path))
    assert whole(run) and not Runs(tmp_path).erasures.pending


def test_what_is_erased_after_its_time_leaves_the_runs_with_the_next_command_without_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(opened(tmp_path)) as app:
        run = finished(app)
        erased = min(learnt_from(run))
        app.store.delete(erased)
    deleted_a_month_ago(tmp_path, erased)
    assert main(["deleted", "--data-dir", str(tmp_path)]) == 0, capsys.readouterr().err
    assert len(learnt_from(run)) == 29 and erased not in learnt_from(run)
    assert run.status.proof["examples"] == [] and not run.checkpoints
    assert not Runs(tmp_path).erasures.pending


def test_an_erasure_that_was_killed_before_the_runs_forgot_is_caught_up_with(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as app:
        run = finished(app)
        first, second, *_ = sorted(learnt_from(run))
        for conversation_id in (first, second):
            app.store.delete(conversation_id)
        app.store.erase_now(first, Runs(tmp_path).erasures.note)  # and here the process is killed
        Runs(tmp_path).erasures.note([second])  # and another one before it erased
        assert len(learnt_from(run)) == 30
    with closing(opened(tmp_path)) as app:
        forget_erased(app.store, Runs(tmp_path))
        assert learnt_from(run) >= {second} and first not in learnt_from(run)
        app.store.undelete(second)


def test_a_run_under_way_keeps_the_note_until_it_has_forgotten(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as app:
        run = finished(app)
        erased = min(learnt_from(run))
        app.store.delete(erased)
        with only_one(run):
            erase_now(app, erased)
            assert erased in learnt_from(run) and Runs(tmp_path).erasures.pending
        forget_erased(app.store, Runs(tmp_path))
    assert erased not in learnt_from(run) and not Runs(tmp_path).erasures.pending


def test_nothing_is_erased_that_cannot_be_noted(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as app:
        conversation_id = app.store.new_conversation("stays").id
        app.store.delete(conversation_id)
    deleted_a_month_ago(tmp_path, conversation_id)
    (tmp_path / "erased").write_text("a file in the folder's place")
    with closing(opened(tmp_path)) as app:
        assert not app.store.erased({conversation_id})
    (tmp_path / "erased").unlink()
    with closing(opened(tmp_path)) as app:
        assert app.store.erased({conversation_id})


@pytest.mark.train
def test_a_run_from_a_file_loses_its_answers_where_the_file_names_what_was_erased(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="not installed (pip install 'r1chat[train]')")
    with closing(opened(tmp_path)) as app:
        judge(app.store, 30)
        own = write_rows(app.store, app.catalogue, "prefer", tmp_path)
        content = own.read_bytes()
        run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:r1chat-nano", data=str(own)), "run")
        (run.folder / "checkpoint.pt").touch()

        def stop(_: Both) -> None:
            raise TrainingError("it has gathered its rows")

        with pytest.raises(TrainingError, match="gathered"):
            train(app, run, stop)
        run.write(RunStatus("paused", proof=EXAMPLES))
        erased = json.loads(content.splitlines()[0])["conversation"]
        forget_erased(app.store, Runs(tmp_path))
        assert run.status.proof == EXAMPLES
        app.store.delete(erased)
        erase_now(app, erased)
    assert run.status.proof["examples"] == [] and run.status.proof["agreed"]
    assert own.read_bytes() == content and run.checkpoints, "the file is a person's own"

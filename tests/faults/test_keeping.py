"""Backups, and what is left of a database that is damaged."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from full_disk import files_of_at_most
from sqlalchemy import create_engine

from r1chat.app import KEPT_AFTER_DELETION, build
from r1chat.cli.main import main
from r1chat.config import load
from r1chat.conversations import Provenance
from r1chat.errors import StoreError
from r1chat.messages import Reply
from r1chat.store import Store, backup, migrations, strict_check
from r1chat.store.rescue import rescue

OLD = Path(__file__).parents[1] / "data" / "store-0001.db"
Run = Callable[..., tuple[int, str, str]]


def filled(path: Path, conversations: int = 3, turns: int = 8) -> None:
    """Write a database with conversations of long messages and replies."""
    path.write_bytes(_filled(conversations, turns))


@cache
def _filled(conversations: int, turns: int) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "r1chat.db")
        _fill(path, conversations, turns)
        return path.read_bytes()


def _fill(path: Path, conversations: int, turns: int) -> None:
    with closing(Store(f"sqlite:///{path}")) as store:
        for number in range(conversations):
            info = store.new_conversation(f"Bird {number}")
            after = None
            for turn in range(turns):
                message = store.add_turn(info.id, f"bird {number} {turn} " + "heron " * 300, after)
                reply = Reply(reasoning="stork " * 900, answer=f"answer {number} {turn}", finish="stop")
                after = store.add_reply(message.id, Provenance(), reply).id


def contents(path: Path) -> list[tuple[str, list[str]]]:
    """Titles and messages, oldest conversation first."""
    with closing(Store(f"sqlite:///{path}")) as store:
        infos = sorted(store.conversations(), key=lambda info: info.title)
        return [(info.title, [turn.content for turn in store.conversation(info.id).turns]) for info in infos]


def titles_of(path: Path) -> list[str]:
    with closing(Store(f"sqlite:///{path}")) as store:
        return [info.title for info in store.conversations(100_000)]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with the data folder of the test."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--data-dir", str(tmp_path)])
        return (code, *capsys.readouterr())

    return run


def test_a_backup_is_put_back_and_what_was_there_is_kept(tmp_path: Path, run: Run) -> None:
    database, copy = tmp_path / "r1chat.db", tmp_path / "copy.db"
    filled(database)
    before = contents(database)
    code, out, _ = run("backup", str(copy))
    assert code == 0 and "3 conversations, 24 replies" in out
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(Store(f"sqlite:///{database}")) as store:
        store.new_conversation("Later")
    code, out, _ = run("restore", str(copy))
    assert code == 0 and "before-restore" in out
    assert contents(database) == before
    [moved] = tmp_path.glob("r1chat-before-restore-*.db")
    assert len(contents(moved)) == 4


def judged_by(path: Path, **ratings: int) -> None:
    """A database with one reply for each rating, and the raters of these."""
    with closing(Store(f"sqlite:///{path}")) as store:
        for rater, number in ratings.items():
            for _ in range(number):
                turn = store.add_turn(store.new_conversation().id, "bird?", None)
                reply = store.add_reply(turn.id, Provenance(), Reply(answer="heron", finish="stop"))
                store.judgements.rate(reply.id, "answer", "down", rater, comment="mine")


def own_thumbs(folder: Path) -> int:
    """How many replies an app in that folder shows with a thumb of one's own."""
    with closing(build(load(data_dir=folder, ollama=False, find_models=False))) as app:
        ids = [info.id for info in app.store.conversations()]
        return sum(len(app.teacher.judged(conversation_id).ratings) for conversation_id in ids)


@pytest.mark.parametrize("rescued", [False, True])
def test_after_a_restore_into_a_new_folder_the_judgements_are_ones_own(
    rescued: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, copy = tmp_path / "old", tmp_path / "new", tmp_path / "copy.db"
    old.mkdir()
    judged_by(old / "r1chat.db", me=3)
    assert main(["rescue" if rescued else "backup", str(copy), "--data-dir", str(old)]) == 0
    capsys.readouterr()
    assert main(["restore", str(copy), "--data-dir", str(new)]) == 0
    assert "so what me judged (3) is your own" in capsys.readouterr().out
    assert own_thumbs(new) == 3
    assert stat.S_IMODE((new / "rater").stat().st_mode) == 0o600
    assert main(["restore", str(copy), "--data-dir", str(new)]) == 0  # once more: they are one's own already
    assert "judgements" not in capsys.readouterr().out


def test_of_several_raters_the_one_who_judged_most_is_taken_over_and_the_others_are_told(
    tmp_path: Path, run: Run
) -> None:
    copy = tmp_path / "copy.db"
    judged_by(copy, zoe=1, me=3, ann=1)
    _, out, _ = run("restore", str(copy))
    assert "so what me judged (3) is your own" in out and "ann (1), zoe (1)" in out
    assert own_thumbs(tmp_path) == 3


def test_a_restore_leaves_the_rater_of_a_folder_and_says_how_to_take_over_that_of_the_backup(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.db"
    judged_by(copy, me=2)
    (tmp_path / "rater").write_text("another\n")
    _, out, _ = run("restore", str(copy))
    assert "another rater than you are here: me (2)" in out and 'rater = "me"' in out
    assert (tmp_path / "rater").read_text() == "another\n" and own_thumbs(tmp_path) == 0
    (tmp_path / "settings.toml").write_text('rater = "me"\n')  # as it says
    assert own_thumbs(tmp_path) == 2
    (tmp_path / "rater").unlink()
    monkeypatch.setenv("R1CHAT_RATER", "third")
    _, out, _ = run("restore", str(copy))
    assert "another rater than you are here: me (2)" in out and not (tmp_path / "rater").exists()


def test_a_rater_that_the_file_cannot_hold_is_told_and_not_taken_over(tmp_path: Path, run: Run) -> None:
    copy = tmp_path / "copy.db"
    judged_by(copy, **{" me\n\x1b[31m": 1})
    code, out, _ = run("restore", str(copy))
    assert code == 0 and 'rater = " me\\n\\u001b[31m"' in out
    assert not (tmp_path / "rater").exists()


@pytest.mark.slow
@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("damaged", [False, True])
def test_a_kill_at_any_moment_of_a_restore_leaves_a_database_in_its_place(
    tmp_path: Path, damaged: bool, links: bool
) -> None:
    """Each call that changes a name is a moment; the process ends before it."""
    copy, old = tmp_path / "copy.db", tmp_path / "old.db"
    filled(copy, 1, 1)
    filled(old, 2, 1)
    if damaged:
        old.write_bytes(b"SQLite format 3\0" + bytes(4000))
    for moment in range(40):
        folder = tmp_path / str(moment)
        folder.mkdir()
        database = folder / "r1chat.db"
        shutil.copy(old, database)
        if not (killed := _restored_until(moment, copy, database, links)):
            break
        assert database.exists(), moment
        if not damaged:
            assert len(contents(database)) in (1, 2), moment
    assert not killed and moment >= 3
    assert len(contents(database)) == 1
    [previous] = folder.glob("r1chat-before-restore-*.db")
    assert previous.read_bytes() == old.read_bytes() or not damaged


def _restored_until(moment: int, copy: Path, database: Path, links: bool) -> bool:
    """Restore in a process that is killed before it changes a name for the nth time; whether that came first."""
    child = os.fork()
    if not child:
        left = iter(range(moment))

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            if event in ("os.link", "os.rename", "os.remove") and next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch if links else _without_links)
        if not links:
            sys.addaudithook(watch)
        try:
            backup.restore(copy, database)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _without_links(event: str, arguments: tuple[object, ...]) -> None:
    """What link(2) says on exFAT, FAT and some network folders. An audit hook stays until its process ends."""
    if event == "os.link":
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def test_where_files_have_no_second_name_there_are_backups_copies_before_changes_and_restores(tmp_path: Path) -> None:
    database, copy = tmp_path / "r1chat.db", tmp_path / "copy.db"
    shutil.copy(OLD, database)
    old = database.read_bytes()
    child = os.fork()
    if not child:
        sys.addaudithook(_without_links)
        try:
            Store(f"sqlite:///{database}").close()
            backup.backup(database, copy)
            with pytest.raises(StoreError, match="exists already"):
                backup.backup(database, copy)
            backup.restore(copy, database)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    [before_update] = (tmp_path / "backups").iterdir()
    [before_restore] = tmp_path.glob("r1chat-before-restore-*.db")
    assert backup.check(before_update).revision == "0001" and database.read_bytes() != old
    assert contents(copy) == contents(before_restore) == contents(database) == contents(before_update)
    assert not [file for file in tmp_path.rglob(".*")], "nothing half done is left"


def test_a_damaged_database_is_named_by_a_backup_and_not_the_copy(tmp_path: Path, run: Run) -> None:
    database = tmp_path / "r1chat.db"
    filled(database)
    with database.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 4096)
    code, _, err = run("backup", str(tmp_path / "copy.db"))
    assert code == 1 and f"--from {database}" in err and ".part" not in err


def test_a_backup_is_consistent_while_replies_are_written(tmp_path: Path) -> None:
    database = tmp_path / "r1chat.db"
    filled(database, 1, 1)
    over, has_written = threading.Event(), threading.Event()

    def write() -> None:
        with closing(Store(f"sqlite:///{database}")) as store:
            while not over.is_set():
                with store.transaction():  # always in pairs
                    store.new_conversation("left")
                    store.new_conversation("right")
                has_written.set()

    def copy(number: int) -> backup.Copy:
        has_written.clear()
        assert has_written.wait(60)
        return backup.backup(database, tmp_path / f"copy-{number}.db")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [copy(number) for number in range(3)]
    finally:
        over.set()
        writer.join()
    titles = [titles_of(copy.path) for copy in copies]
    assert all(names.count("left") == names.count("right") for names in titles)
    assert len(titles[-1]) > len(titles[0]), "nothing was written meanwhile: this test shows nothing"


def test_a_backup_goes_into_a_folder_under_a_name_of_its_own(tmp_path: Path, run: Run) -> None:
    filled(tmp_path / "r1chat.db", 1, 1)
    (tmp_path / "copies").mkdir()
    assert run("backup", str(tmp_path / "copies"))[0] == 0
    assert len(list((tmp_path / "copies").iterdir())) == 1


def test_a_backup_replaces_no_file(tmp_path: Path, run: Run) -> None:
    filled(tmp_path / "r1chat.db", 1, 1)
    (tmp_path / "taken").write_text("mine")
    code, _, err = run("backup", str(tmp_path / "taken"))
    assert code == 1 and "exists already" in err
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_backup_onto_a_place_that_is_not_there_leaves_nothing(tmp_path: Path, run: Run) -> None:
    filled(tmp_path / "r1chat.db", 1, 1)
    code, _, err = run("backup", str(tmp_path / "nowhere" / "copy.db"))
    assert code == 1 and "could not be copied" in err


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(tmp_path: Path, run: Run) -> None:
    damage(tmp_path)
    code, _, err = run("backup", str(tmp_path / "copy.db"))
    assert code == 1 and "rescue" in err
    assert not list(tmp_path.glob("*copy.db*"))


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\xa5" * 5000])
def test_what_is_no_backup_is_not_put_back(tmp_path: Path, run: Run, content: bytes) -> None:
    filled(tmp_path / "r1chat.db", 1, 1)
    before = contents(tmp_path / "r1chat.db")
    (tmp_path / "wrong.db").write_bytes(content)
    code, _, err = run("restore", str(tmp_path / "wrong.db"))
    assert code == 1 and "Nothing was changed" in err
    assert contents(tmp_path / "r1chat.db") == before


def test_the_database_of_a_running_r1chat_is_not_taken_away(tmp_path: Path, run: Run) -> None:
    database = tmp_path / "r1chat.db"
    filled(database, 1, 1)
    assert run("backup", str(tmp_path / "copy.db"))[0] == 0
    with closing(Store(f"sqlite:///{database}")) as store:
        store.new_conversation("still open")
        code, _, err = run("restore", str(tmp_path / "copy.db"))
        assert code == 1 and "Close r1chat everywhere" in err
        assert len(store.conversations()) == 2


def test_a_database_is_copied_before_it_changes_its_form(tmp_path: Path) -> None:
    database = tmp_path / "r1chat.db"
    shutil.copy(OLD, database)
    Store(f"sqlite:///{database}").close()
    [copy] = (tmp_path / "backups").iterdir()
    assert backup.check(copy).revision == "0001"
    Store(f"sqlite:///{database}").close()
    assert len(list((tmp_path / "backups").iterdir())) == 1, "there was nothing to change the second time"


def test_only_the_newest_copies_before_changes_are_kept(tmp_path: Path) -> None:
    database = tmp_path / "r1chat.db"
    shutil.copy(OLD, database)
    copies = [backup.before_migration(database, "0001").path for _ in range(backup.KEPT + 2)]
    assert {copy for copy in copies if copy.exists()} == set(copies[-backup.KEPT :])


def test_a_copy_before_a_change_is_kept_where_older_ones_are_dated_in_the_future(tmp_path: Path) -> None:
    database = tmp_path / "r1chat.db"
    shutil.copy(OLD, database)
    older = [backup.before_migration(database, "0001").path for _ in range(backup.KEPT)]
    ahead = time.time() + 1e6
    for copy in older:
        os.utime(copy, (ahead, ahead))
    newest = backup.before_migration(database, "0001").path
    assert newest.exists() and sum(copy.exists() for copy in older) == backup.KEPT - 1
    backup.forget_old_copies(f"sqlite:///{database}", KEPT_AFTER_DELETION)
    assert all(copy.stat().st_mtime < ahead for copy in older if copy.exists()), "they would never be forgotten"


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", ["before_migration(database, '0001')", "restore(pathlib.Path('../copy.db'), database)"]
)
def test_half_a_copy_that_a_kill_left_goes_after_a_day(tmp_path: Path, words: str) -> None:
    folder = tmp_path / "data"
    settings = load(data_dir=folder, models_dir=tmp_path / "models", ollama=False, find_models=False)
    with closing(build(settings, {})) as app:
        conversation = app.store.new_conversation("long").id
        for _ in range(60):
            app.store.add_turn(conversation, "a" * 1_000_000, None)
    shutil.copy(folder / "r1chat.db", tmp_path / "copy.db")
    code = f"import pathlib; from r1chat.store.backup import *; database = pathlib.Path('r1chat.db'); {words}"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder)

    def halves() -> list[Path]:
        return [file for file in folder.rglob(".*.part*") if file.exists()]

    while process.poll() is None and not any(file.stat().st_size > 5_000_000 for file in halves()):
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert halves()
    build(settings, {}).close()
    assert halves(), "somebody may be writing them yet"
    for file in halves():
        os.utime(file, (time.time() - 90_000,) * 2)
    build(settings, {}).close()
    assert not halves()


def test_copies_before_changes_go_when_what_was_deleted_since_then_is_erased_for_good(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path, models_dir=tmp_path / "models", ollama=False, find_models=False)
    shutil.copy(OLD, tmp_path / "r1chat.db")
    old, new = (backup.before_migration(tmp_path / "r1chat.db", "0001").path for _ in range(2))
    month = KEPT_AFTER_DELETION.total_seconds()
    for copy, age in ((old, month + 60), (new, month - 3600)):
        os.utime(copy, (time.time() - age, time.time() - age))
    build(settings, {}).close()
    assert not old.exists() and new.exists()


def test_a_backup_of_postgresql_names_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        backup.database_file("postgresql://somebody@host/name")


@pytest.mark.parametrize(
    "spelled", ["'trigger'", "'TRIGGER'", "CAST('trigger' AS BLOB)", "'trigger' || char(0)", "'VIEW'"]
)
def test_a_backup_with_a_trigger_of_somebody_else_is_not_put_back(tmp_path: Path, spelled: str) -> None:
    filled(tmp_path / "theirs.db", 1, 1)
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as database, database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON turn BEGIN DELETE FROM reply; END")
        database.execute("PRAGMA writable_schema = 1")
        database.execute(f"UPDATE sqlite_master SET type = {spelled} WHERE name = 't'")
    with pytest.raises(StoreError, match=r"no database of r1chat|is damaged"):
        backup.restore(tmp_path / "theirs.db", tmp_path / "r1chat.db")
    assert not (tmp_path / "r1chat.db").exists()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small database that `restore` takes."""
    path = tmp_path_factory.mktemp("sound") / "sound.db"
    filled(path, 1, 2)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    return path


_REWRITE = "PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = replace(sql, {}) WHERE name = 'conversation'"

FOREIGN_SCHEMAS = {
    "a table is missing": "DROP TABLE preset",
    "an index is missing": "DROP INDEX ix_reply_turn_id",
    "a column is missing": "ALTER TABLE conversation DROP COLUMN preset",
    "the search index is missing": "DROP TABLE search_index",
    "a column more": "ALTER TABLE conversation ADD COLUMN more TEXT",
    "a table more": "CREATE TABLE more (x TEXT COLLATE NOCASE)",
    "a virtual table more": "CREATE VIRTUAL TABLE more USING fts5vocab(search_index, row)",
    "a generated column": "ALTER TABLE conversation ADD COLUMN more TEXT AS (hex(zeroblob(400000000)))",
    "a heavy default": _REWRITE.format("'system TEXT', 'system TEXT DEFAULT (hex(zeroblob(400000000)))'"),
    "a CHECK": _REWRITE.format("'UNIQUE (id)', 'UNIQUE (id), CHECK (number < 3)'"),
    "another type": _REWRITE.format("'title TEXT', 'title BLOB'"),
    "an older revision": "UPDATE alembic_version SET version_num = '0003'",
    "two revisions": "INSERT INTO alembic_version VALUES ('0001')",
}


@pytest.mark.parametrize("change", FOREIGN_SCHEMAS.values(), ids=FOREIGN_SCHEMAS)
def test_a_backup_whose_schema_is_not_that_of_its_revision_is_refused(tmp_path: Path, sound: Path, change: str) -> None:
    refused(sound, tmp_path, change, "is not a database as r1chat makes them")


_RATE = (
    "INSERT INTO rating (id, reply_id, created_at, part, thumb, reasons, clarity) "
    "SELECT id, id, created_at, {} FROM reply LIMIT 1"
)

FOREIGN_VALUES = {
    "a title of bytes": "UPDATE conversation SET title = x'ff00'",
    "a title that is not UTF-8": "UPDATE conversation SET title = CAST(x'ffc0c1' AS TEXT)",
    "half a surrogate pair": "UPDATE turn SET content = CAST(x'eda080' AS TEXT)",
    "no date": "UPDATE conversation SET created_at = 'abc'",
    "a date that does not exist": "UPDATE conversation SET updated_at = '2026-99-99 00:00:00.000000'",
    "a number as date": "UPDATE conversation SET deleted_at = 1e300",
    "a text as number": "UPDATE conversation SET budget = 'abc'",
    "a text as duration": "UPDATE reply SET first_token = 'soon'",
    "a text as truth value": "UPDATE reply SET closed = 'maybe'",
    "an owner of bytes": "UPDATE reply SET owner = x'00ff'",
    "an id that is none": "UPDATE reply SET id = '<script>' WHERE rowid = (SELECT max(rowid) FROM reply)",
    "a number for which the search has no room": "UPDATE conversation SET number = 9223372036854775807",
    "a time without end": "UPDATE reply SET thinking = 9e999",
    "an end of a reply that is none": "UPDATE reply SET finish = 'evil'",
    "a thumb that is none": _RATE.format("'answer', 'sideways', '', NULL"),
    "a part of a reply that is none": _RATE.format("'evil', 'up', '', NULL"),
    "a reason that is none": _RATE.format("'answer', 'up', 'evil', NULL"),
    "a mark of 6": _RATE.format("'answer', 'up', '', 6"),
    "terms that expand without end": "UPDATE search_document SET terms = zeroblob(10)",
}


@pytest.mark.parametrize("change", FOREIGN_VALUES.values(), ids=FOREIGN_VALUES)
def test_a_backup_with_a_value_that_cannot_stand_in_its_column_is_refused(
    tmp_path: Path, sound: Path, change: str
) -> None:
    refused(sound, tmp_path, change, "that cannot stand there|not decode to UTF-8")


@pytest.mark.parametrize("step", [strict_check.check_values, strict_check.rebuild_search_index])
def test_the_time_of_a_restore_is_looked_at_for_each_row(sound: Path, step: Callable[..., None]) -> None:
    with closing(sqlite3.connect(sound)) as connection, pytest.raises(sqlite3.OperationalError, match="interrupted"):
        step(connection, lambda: True)
    backup.check(sound, strict=True)


def refused(sound: Path, folder: Path, change: str, reason: str) -> None:
    """Change a backup; it is refused, the old database stays, and what is sound can be rescued and restored."""
    theirs, database = folder / "theirs.db", folder / "r1chat.db"
    shutil.copy(sound, theirs)
    with closing(sqlite3.connect(theirs)) as connection:
        connection.executescript(change)
    database.write_bytes(b"the old one")
    with pytest.raises(StoreError, match=reason) as caught:
        backup.restore(theirs, database)
    assert "theirs.db" in str(caught.value) and "Nothing was changed" in str(caught.value)
    assert {file.name for file in folder.iterdir()} == {"theirs.db", "r1chat.db"}
    assert database.read_bytes() == b"the old one"


def test_a_garbled_search_index_is_made_anew_by_a_restore(tmp_path: Path, sound: Path) -> None:
    shutil.copy(sound, tmp_path / "theirs.db")
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection, connection:
        connection.execute("UPDATE search_index_data SET block = zeroblob(1000)")
    backup.restore(tmp_path / "theirs.db", tmp_path / "r1chat.db")
    with closing(Store(f"sqlite:///{tmp_path / 'r1chat.db'}")) as store:
        [conversation] = store.search("heron stork")
        store.rename(conversation.id, "a bittern")
        assert [hit.id for hit in store.search("bittern heron")] == [conversation.id]


def test_rescue_leaves_out_the_rows_that_restore_would_refuse(tmp_path: Path, sound: Path) -> None:
    shutil.copy(sound, tmp_path / "theirs.db")
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection, connection:
        connection.execute("UPDATE reply SET owner = x'00ff' WHERE rowid = (SELECT max(rowid) FROM reply)")
    rescue(tmp_path / "theirs.db", tmp_path / "saved.db")
    restored, _ = backup.restore(tmp_path / "saved.db", tmp_path / "r1chat.db")
    assert (restored.conversations, restored.replies) == (1, 1)


def test_a_backup_of_a_newer_version_is_neither_put_back_nor_rescued_in_part(tmp_path: Path, sound: Path) -> None:
    newer = tmp_path / "newer.db"
    shutil.copy(sound, newer)
    with closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9998'")
        connection.execute("ALTER TABLE reply ADD COLUMN newer TEXT DEFAULT 'x'")
    for act in (lambda: backup.restore(newer, tmp_path / "r1chat.db"), lambda: rescue(newer, tmp_path / "saved.db")):
        with pytest.raises(StoreError, match=r"newer\.db comes from a newer version of r1chat.*Update r1chat"):
            act()
    assert [file.name for file in tmp_path.glob("*.db")] == ["newer.db"]


@pytest.mark.slow
def test_a_backup_of_every_older_version_is_put_back_and_opens(tmp_path: Path) -> None:
    shutil.copy(OLD, tmp_path / "old.db")
    for revision in migrations.REVISIONS:
        engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
        with engine.begin() as connection:
            migrations.upgrade(connection, revision)
        engine.dispose()
        database = tmp_path / f"{revision}.db"
        assert backup.restore(tmp_path / "old.db", database)[0].revision == revision
        with closing(Store(f"sqlite:///{database}")) as store:
            assert len(store.conversations()) == 2
            assert [hit.title for hit in store.search("marbles")] == ["27 + 43 = ?"]


# --- rescue ----------------------------------------------------------------------------------------------------------


def damage(folder: Path, text: bytes = b"bird 1 3 ") -> Path:
    """A database in which the page with this message is garbage."""
    database = folder / "r1chat.db"
    filled(database)
    content = bytearray(database.read_bytes())
    pages = [at for at in range(0, len(content), 4096) if text in content[at : at + 4096]]
    assert pages
    for at in pages:
        content[at : at + 4096] = b"\xa5" * 4096
    database.write_bytes(content)
    return database


def test_what_can_be_read_of_a_damaged_database_is_saved_and_what_is_missing_is_told(tmp_path: Path, run: Run) -> None:
    database = damage(tmp_path)
    before = database.read_bytes()
    code, out, _ = run("rescue", str(tmp_path / "saved.db"))
    assert code == 0 and "cannot be read" in out and "belong to what is lost" in out
    assert database.read_bytes() == before
    by_title = dict(contents(tmp_path / "saved.db"))
    assert len(by_title["Bird 0"]) == len(by_title["Bird 2"]) == 8
    assert 0 < len(by_title["Bird 1"]) < 8
    with closing(Store(f"sqlite:///{tmp_path / 'saved.db'}")) as store:
        assert {info.title for info in store.search("heron")} == {"Bird 0", "Bird 1", "Bird 2"}
    assert run("restore", str(tmp_path / "saved.db"))[0] == 0
    assert dict(contents(database)) == by_title


def test_a_whole_database_is_rescued_whole(tmp_path: Path, run: Run) -> None:
    filled(tmp_path / "r1chat.db")
    code, out, _ = run("rescue", str(tmp_path / "saved.db"))
    assert code == 0 and "Nothing is missing" in out
    assert contents(tmp_path / "saved.db") == contents(tmp_path / "r1chat.db")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_database_that_was_cut_off_is_saved_as_far_as_it_goes(tmp_path: Path, share: float) -> None:
    filled(tmp_path / "r1chat.db", 6)
    content = (tmp_path / "r1chat.db").read_bytes()
    (tmp_path / "cut.db").write_bytes(content[: int(len(content) * share)])
    try:
        tables = rescue(tmp_path / "cut.db", tmp_path / "saved.db")
    except StoreError as error:
        assert share < 0.5 and "Nothing of" in str(error)
        return
    assert any(table.unreadable or table.orphaned or not table.whole for table in tables)
    assert contents(tmp_path / "saved.db")


def test_what_is_no_database_cannot_be_rescued(tmp_path: Path, run: Run) -> None:
    (tmp_path / "r1chat.db").write_bytes(b"\xa5" * 20_000)
    code, _, err = run("rescue", str(tmp_path / "saved.db"))
    assert code == 1 and "Restore a backup" in err
    assert not (tmp_path / "saved.db").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("log", ["", "-wal"])
def test_a_rescue_reads_no_device_and_no_pipe(tmp_path: Path, log: str) -> None:
    if log:
        filled(tmp_path / "pipe")
        filled(tmp_path / "device")
    os.mkfifo(tmp_path / f"pipe{log}")
    (tmp_path / f"device{log}").symlink_to("/dev/zero")
    with files_of_at_most(10_000_000):  # a copy of a device would not end
        for name in ("pipe", "device"):
            if log:
                rescue(tmp_path / name, tmp_path / f"{name}.saved")
                continue
            with pytest.raises(StoreError, match="There is no file"):
                rescue(tmp_path / name, tmp_path / f"{name}.saved")


def test_a_rescue_that_finds_no_room_says_nothing_against_the_database(tmp_path: Path) -> None:
    filled(tmp_path / "r1chat.db")
    with files_of_at_most(10_000), pytest.raises(StoreError, match="whether the disk is full"):
        rescue(tmp_path / "r1chat.db", tmp_path / "saved.db")
    assert not (tmp_path / "saved.db").exists()


_ENDLESS = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT n AS {}, hex(n) AS id FROM x"
_HEAVY = (
    "instr(hex(zeroblob(20000000)), hex(zeroblob(10000000)) || 'z')"  # hours, in a function that nothing interrupts
)
_ONE_ROW = "CREATE TABLE conversation (number INTEGER PRIMARY KEY, id TEXT); INSERT INTO conversation VALUES (1, 'a')"

FOREIGN_TABLES = {
    "a view without end": f"CREATE VIEW conversation AS {_ENDLESS.format('rowid')}",
    "a view without end or row numbers": f"CREATE VIEW conversation AS {_ENDLESS.format('number')}",
    "a computed column": f"{_ONE_ROW}; ALTER TABLE conversation ADD COLUMN title TEXT AS ({_HEAVY})",
    "a computed row number": f"{_ONE_ROW}; ALTER TABLE conversation ADD COLUMN rowid TEXT AS ({_HEAVY})",
}


@pytest.mark.parametrize("tables", FOREIGN_TABLES.values(), ids=FOREIGN_TABLES)
def test_rescue_evaluates_nothing_of_a_database_of_somebody_else(tmp_path: Path, tables: str) -> None:
    """Its sound rows are saved all the same."""
    filled(tmp_path / "theirs.db", 1, 1)
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as database:
        database.executescript(f"DROP TABLE conversation; {tables}")
        database.execute(f"INSERT INTO preset (id, name) VALUES ('{'a' * 32}', 'Mine')")
        database.commit()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))  # seconds, then it is ended
        try:
            rescue(tmp_path / "theirs.db", tmp_path / "saved.db")
        finally:
            os._exit(0)
    assert not os.WIFSIGNALED(os.waitpid(child, 0)[1])
    with closing(Store(f"sqlite:///{tmp_path / 'saved.db'}")) as store:
        assert [preset.name for preset in store.presets.all()] == ["Mine"]


def test_rescue_reads_no_more_text_than_a_file_has_bytes(tmp_path: Path) -> None:
    """Rows of a hostile file share the pages of one text: some megabytes would fill any memory."""
    file = tmp_path / "theirs.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("PRAGMA page_size = 512")
        database.execute("CREATE TABLE preset (id TEXT, name TEXT, system TEXT)")
        text = "x" * (600 * 508 - 3)  # of the row 39 bytes are in the page of the table, the rest in 600 pages
        database.execute("INSERT INTO preset VALUES (?, 'Mine', ?)", ("a" * 32, text))
        (root,) = database.execute("SELECT rootpage FROM sqlite_master").fetchone()
    content = bytearray(file.read_bytes())
    page = content[(root - 1) * 512 : root * 512]
    cell = page[int.from_bytes(page[8:10], "big") :]  # the length in three bytes, the number in one, the row, a page
    count = 504 // (len(cell) + 2)
    starts = [512 - len(cell) * (number + 1) for number in range(count)]
    page[3:7] = count.to_bytes(2, "big") + starts[-1].to_bytes(2, "big")
    for number, start in enumerate(starts):
        page[8 + 2 * number : 10 + 2 * number] = start.to_bytes(2, "big")
        page[start : start + len(cell)] = cell[:3] + bytes([number + 1]) + cell[4:]
    content[(root - 1) * 512 : root * 512] = page
    file.write_bytes(content)
    [presets] = [table for table in rescue(file, tmp_path / "saved.db") if table.saved]
    assert count > 1 and (presets.saved, presets.unreadable) == (1, count - 1)


def test_a_database_without_links_between_its_rows_is_no_backup(tmp_path: Path) -> None:
    filled(tmp_path / "r1chat.db", 1, 2)
    with closing(sqlite3.connect(tmp_path / "r1chat.db")) as database, database:
        database.execute("DELETE FROM turn WHERE content LIKE 'bird 0 0%'")
    with pytest.raises(StoreError, match="refer to rows"):
        backup.check(tmp_path / "r1chat.db")


def test_every_table_of_the_database_is_rescued(tmp_path: Path) -> None:
    from r1chat.store.rescue import RESCUED

    filled(tmp_path / "r1chat.db", 1, 1)
    with closing(sqlite3.connect(tmp_path / "r1chat.db")) as database:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {name for name in tables if not name.startswith(("search_", "sqlite_"))} == {
        *RESCUED,
        migrations.VERSION_TABLE,
    }

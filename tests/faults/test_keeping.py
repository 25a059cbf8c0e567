"""Backups, and what is left of a database that is damaged."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from r1chat.app import KEPT_AFTER_DELETION, build
from r1chat.cli.main import main
from r1chat.config import load
from r1chat.errors import StoreError
from r1chat.messages import Provenance, Reply
from r1chat.store import Store, backup, migrations
from r1chat.store.rescue import rescue

OLD = Path(__file__).parents[1] / "data" / "store-0001.db"
Run = Callable[..., tuple[int, str, str]]


def filled(path: Path, conversations: int = 3, turns: int = 8) -> None:
    """A database with conversations of long messages and replies."""
    with closing(Store(f"sqlite:///{path}")) as store:
        for number in range(conversations):
            info = store.new_conversation(f"Bird {number}")
            after = None
            for turn in range(turns):
                asked = store.add_turn(info.id, f"bird {number} {turn} " + "heron " * 300, after)
                said = Reply(reasoning="stork " * 900, answer=f"answer {number} {turn}", finish="stop")
                after = store.add_reply(asked.id, Provenance(), said).id


def contents(path: Path) -> list[tuple[str, list[str]]]:
    """Titles and messages, oldest conversation first."""
    with closing(Store(f"sqlite:///{path}")) as store:
        infos = sorted(store.conversations(), key=lambda info: info.title)
        return [(info.title, [turn.content for turn in store.conversation(info.id).turns]) for info in infos]


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


@pytest.mark.parametrize("damaged", [False, True])
def test_a_kill_at_any_moment_of_a_restore_leaves_a_database_in_its_place(tmp_path: Path, damaged: bool) -> None:
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
        if not (killed := _restored_until(moment, copy, database)):
            break
        assert database.exists(), moment
        if not damaged:
            assert len(contents(database)) in (1, 2), moment
    assert not killed and moment >= 3
    assert len(contents(database)) == 1
    [kept] = folder.glob("r1chat-before-restore-*.db")
    assert kept.read_bytes() == old.read_bytes() or not damaged


def _restored_until(moment: int, copy: Path, database: Path) -> bool:
    """Restore in a process that is killed before it changes a name for the nth time; whether that came first."""
    child = os.fork()
    if not child:
        left = iter(range(moment))

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            if event in ("os.link", "os.rename", "os.remove") and next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        try:
            backup.restore(copy, database)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


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
    over = threading.Event()

    def write() -> None:
        with closing(Store(f"sqlite:///{database}")) as store:
            while not over.is_set():
                with store.transaction():  # always in pairs
                    store.new_conversation("left")
                    store.new_conversation("right")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [backup.backup(database, tmp_path / f"copy-{number}.db") for number in range(5)]
    finally:
        over.set()
        writer.join()
    titles = [[title for title, _ in contents(copy.path)] for copy in copies]
    assert all(found.count("left") == found.count("right") for found in titles)
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
    made = [backup.before_migration(database, "0001").path for _ in range(backup.KEPT + 2)]
    assert {copy for copy in made if copy.exists()} == set(made[-backup.KEPT :])


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
    found = dict(contents(tmp_path / "saved.db"))
    assert len(found["Bird 0"]) == len(found["Bird 2"]) == 8
    assert 0 < len(found["Bird 1"]) < 8
    with closing(Store(f"sqlite:///{tmp_path / 'saved.db'}")) as store:
        assert {info.title for info in store.search("heron")} == {"Bird 0", "Bird 1", "Bird 2"}
    assert run("restore", str(tmp_path / "saved.db"))[0] == 0
    assert dict(contents(database)) == found


def test_a_whole_database_is_rescued_whole(tmp_path: Path, run: Run) -> None:
    filled(tmp_path / "r1chat.db")
    code, out, _ = run("rescue", str(tmp_path / "saved.db"))
    assert code == 0 and "Nothing is missing" in out
    assert contents(tmp_path / "saved.db") == contents(tmp_path / "r1chat.db")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_database_that_was_cut_off_is_saved_as_far_as_it_goes(tmp_path: Path, share: float) -> None:
    filled(tmp_path / "r1chat.db", 12)
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

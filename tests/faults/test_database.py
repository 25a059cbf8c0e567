"""A database that is locked, full, damaged, read-only, newer or shared: what is told, and that nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import forked
import pytest
from forked import CODE

from r1chat.conversations import Provenance
from r1chat.errors import StoreError
from r1chat.messages import Reply
from r1chat.store import Store

ROOT = Path(__file__).parents[2]
OPEN = """
import sys
from r1chat.errors import StoreError
from r1chat.conversations import Provenance
from r1chat.messages import Reply
from r1chat.store import Store
"""


@contextmanager
def opened(path: Path, patience: float = 5.0) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{path}", patience)) as store:
        yield store


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Another process that has imported the store."""
    return forked.run(CODE, OPEN + code, *arguments)


def filled(path: Path, replies: int = 60) -> str:
    """A database with one conversation of so many replies; its id."""
    with opened(path) as store:
        info = store.new_conversation("Herons")
        turn = store.add_turn(info.id, "hello", None)
        for number in range(replies):
            store.add_reply(turn.id, Provenance(), Reply(answer=f"heron {number} " * 200, finish="stop"))
        return info.id


def test_a_write_waits_while_another_program_holds_the_database_and_is_told_who(tmp_path: Path) -> None:
    path = tmp_path / "r1chat.db"
    with opened(path, patience=0.01) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"held by another program for 0.01 s.*try again") as caught:
            store.new_conversation("mine")
        assert "已被另一个程序占用 0.01 秒" in caught.value.sentence("zh")
        assert store.conversations() == []
        other.rollback()
        store.new_conversation("mine")
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="held by another program"):
            Store(f"sqlite:///{path}", patience=0.01)


def test_a_database_that_cannot_grow_is_named_and_what_was_saved_stays(tmp_path: Path) -> None:
    path = tmp_path / "r1chat.db"
    with opened(path) as store:
        reply = store.add_reply(store.add_turn(store.new_conversation().id, "hello", None).id, Provenance())
    code = (
        "import resource, signal\n"
        "store = Store(sys.argv[1])\n"
        "store.save_reply(sys.argv[2], Reply('so far'))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        "try:\n"
        "    store.save_reply(sys.argv[2], Reply('x' * 1_000_000))\n"
        "except StoreError as error:\n"
        "    print(error)\n"
    )
    output = run(code, f"sqlite:///{path}", reply.id).stdout
    assert "r1chat.db could not be written" in output
    assert "disk is full or failing" in output
    with opened(path) as store:
        assert store.reply(reply.id).reply.reasoning == "so far"


@pytest.mark.parametrize("readable", ["file", "folder"])
def test_a_place_that_cannot_be_written_to_is_named_and_left_as_it_was(tmp_path: Path, readable: str) -> None:
    folder = Path("/tmp") / f"r1chat-faults-{os.getpid()}-{readable}"
    folder.mkdir(mode=0o755)
    try:
        path = folder / "r1chat.db"
        if readable == "file":
            filled(path, 1)
            path.chmod(0o444)
        folder.chmod(0o555)
        before = path.read_bytes() if path.exists() else b""
        code = (
            "import os\n"
            "Store(sys.argv[2]).close()\n"  # all that it needs is imported now
            "if os.geteuid() == 0:\n"  # root may write everywhere
            "    os.seteuid(65534)\n"
            "try:\n"
            "    Store(sys.argv[1], 0.1).new_conversation('mine')\n"
            "except StoreError as error:\n"
            "    print(error)\n"
        )
        output = run(code, f"sqlite:///{path}", f"sqlite:///{tmp_path / 'other.db'}").stdout
        assert "r1chat.db cannot be" in output
        assert "another data folder" in output
        assert (path.read_bytes() if path.exists() else b"") == before
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_second_r1chat_leaves_the_replies_of_the_first_alone_and_both_write(tmp_path: Path) -> None:
    path = tmp_path / "r1chat.db"
    with opened(path) as store:
        info = store.new_conversation("shared")
        growing = store.add_reply(store.add_turn(info.id, "hello", None).id, Provenance(), Reply("so far"))
        code = (
            "store = Store(sys.argv[1])\n"
            "print(store.interrupt_unfinished())\n"
            "store.add_turn(sys.argv[2], 'from the second', None)\n"
        )
        second = run(code, f"sqlite:///{path}", info.id)
        assert second.stdout == "[]\n", second.stderr
        store.save_reply(growing.id, Reply("so far", True, "70", finish="stop"))
        assert [turn.content for turn in store.turns_after(info.id, None)] == ["hello", "from the second"]


def copy_after_a_kill(path: Path, folder: Path) -> Path:
    """The files of a database whose process was killed while its log was not yet written back."""
    store = Store(f"sqlite:///{path}")
    info = store.new_conversation("in the log")
    store.add_turn(info.id, "hello", None)
    copied = folder / "copy.db"
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", f"{copied}{ending}")
    store.close()
    return copied


@pytest.mark.parametrize("remaining", [0, 20, 0.3, 0.9, 1.0])
def test_a_cut_log_loses_its_last_moments_and_nothing_before(tmp_path: Path, remaining: float) -> None:
    path = tmp_path / "r1chat.db"
    filled(path, 3)
    copied = copy_after_a_kill(path, tmp_path)
    log = Path(f"{copied}-wal")
    content = log.read_bytes()
    log.write_bytes(content[: remaining if isinstance(remaining, int) else int(len(content) * remaining)])
    with opened(copied) as store:
        titles = [info.title for info in store.conversations()]
        assert titles in (["Herons"], ["in the log", "Herons"])
        assert remaining != 1.0 or len(titles) == 2
        assert [hit.title for hit in store.search("heron")] == ["Herons"]
        store.new_conversation("afterwards")


def test_a_damaged_page_is_told_and_the_other_conversations_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r1chat.db"
    damaged = filled(path)
    with opened(path) as store:
        whole = store.new_conversation("Egrets").id
        store.add_turn(whole, "an egret", None)
    content = bytearray(path.read_bytes())
    pages = [at for at in range(0, len(content), 4096) if content[at : at + 4096].count(b"heron ") > 50]
    for at in pages:
        content[at : at + 4096] = b"\xa5" * 4096
    assert pages
    path.write_bytes(content)
    with opened(path) as store:
        with pytest.raises(StoreError, match=r"damaged \(.*malformed.*Restore a copy"):
            for stored in store.conversation(damaged).turns:
                store.replies(stored.id)
        assert store.conversation(whole).turns[0].content == "an egret"
        assert len(store.conversations()) == 2


def test_a_clock_that_was_set_back_keeps_the_order_of_the_conversation(tmp_path: Path) -> None:
    path = tmp_path / "r1chat.db"
    with opened(path) as store:
        info = store.new_conversation("Before")
        first = store.add_turn(info.id, "first", None)
        reply = store.add_reply(first.id, Provenance(), Reply(answer="one", finish="stop"))
        with closing(sqlite3.connect(path)) as database, database:  # as if all this were to come in ten years
            for table in ("conversation", "turn", "reply"):
                database.execute(f"UPDATE {table} SET created_at = '2036-01-01 00:00:00.000000'")
            database.execute("UPDATE conversation SET updated_at = '2036-01-01 00:00:00.000000'")
            database.execute("UPDATE reply SET saved_at = '2036-01-01 00:00:00.000000'")
        store.add_turn(info.id, "second", reply.id)
        assert [turn.content for turn in store.conversation(info.id).turns] == ["first", "second"]
        assert store.interrupt_unfinished() == []
        assert store.purge(timedelta(days=30)) == 0

"""Opening a database: new, old, newer, foreign, broken, locked or away; and several processes in one."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from forked import CODE, PIPE, Forked
from sqlalchemy import Connection, MetaData, create_engine, insert, select, text

from r1chat.conversations import Provenance
from r1chat.errors import StoreError
from r1chat.messages import Params, Reply, Timings, Usage
from r1chat.store import Store, migrations
from r1chat.store.dialect import COMPILED
from r1chat.store.migrations import snapshot
from r1chat.store.schema import metadata

OLD = Path(__file__).parent / "data" / "store-0001.db"
OLD_REVISION = "0001"


@contextmanager
def opened(url: str, patience: float = 5.0) -> Iterator[Store]:
    store = Store(url, patience)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection that knows nothing of r1chat."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def old_url(store_url: str) -> str:
    """A database as an older version of r1chat left it, in both kinds: the rows are those of the file that is kept."""
    if store_url.startswith("sqlite"):
        shutil.copy(OLD, store_url.removeprefix("sqlite:///"))
        return store_url
    with connected(f"sqlite:///{OLD}") as old, connected(store_url) as new:
        migrations.upgrade(new, OLD_REVISION)
        new.execute(text("SET session_replication_role = replica"))  # turns and replies refer to each other
        tables = MetaData()
        tables.reflect(old)
        for table in ("conversation", "turn", "reply"):
            rows = [dict(row) for row in old.execute(select(tables.tables[table])).mappings()]
            for row in rows:
                row.update({name: at.replace(tzinfo=UTC) for name, at in row.items() if isinstance(at, datetime)})
            new.execute(insert(tables.tables[table]), rows)
    return store_url


# --- new and old -----------------------------------------------------------------------------------------------------


def test_a_new_database_has_the_tables_that_the_store_works_with(store_url: str) -> None:
    with opened(store_url):
        pass
    with connected(store_url) as connection:
        options = {"include_name": lambda name, kind, parents: not (name or "").startswith("search_")}
        context = MigrationContext.configure(connection, opts=options)
        differences = [entry for entry in compare_metadata(context, metadata) if "index" not in entry[0]]
    assert differences == []


def test_the_list_of_revisions_is_the_one_that_alembic_sees() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert tuple(step.revision for step in script.walk_revisions())[::-1] == migrations.REVISIONS


def test_snapshot_is_what_the_migrations_make() -> None:
    with create_engine("sqlite://").begin() as connection:
        migrations.upgrade(connection)
        assert snapshot.FILE.read_text(encoding="utf-8") == snapshot.dump(connection), (
            "write it anew: see r1chat/store/migrations/snapshot.py"
        )


def test_what_was_said_is_there_after_a_restart(store_url: str) -> None:
    with opened(store_url) as store:
        info = store.new_conversation("Sums")
        turn = store.add_turn(info.id, "27 + 43 = ?", None)
        store.add_reply(turn.id, Provenance(model="nano"), Reply(answer="70", finish="stop"))
        before = store.conversation(info.id)
    with opened(store_url) as store:
        assert store.conversation(info.id) == before
        assert [hit.id for hit in store.search("70")] == [info.id]


def test_an_old_database_is_brought_up_to_date_and_loses_nothing(old_url: str) -> None:
    with opened(old_url) as store:
        state = store.database_state()
        assert (state.revision, state.conversations, state.replies) == (migrations.LATEST, 3, 7)
        primes, sums = store.conversations()
        assert (sums.title, primes.title, primes.model) == (
            "27 + 43 = ?",
            "证明素数有无穷多个",
            "llama.cpp:r1chat-nano",
        )
        assert primes.created == datetime(2026, 3, 1, 9, 41, 0, 123456, UTC)
        first, second = store.conversation(sums.id).turns
        assert first.reply is not None and second.reply is not None
        assert (first.reply.position, first.reply.siblings, second.position, second.siblings) == (1, 2, 1, 2)
        assert first.reply.reply.usage == Usage(12, 0, 21, 9, 4096)
        assert first.reply.reply.timings == Timings(0.2, 1.5, 2.1, 0.8, 0.1, 1.9)
        assert first.reply.provenance.params == Params(seed=2**32 - 1, max_tokens=2048)
        edited = store.turns_after(sums.id, first.reply.id)[1]
        assert edited.reply is not None
        assert edited.reply.provenance.parent_id == store.replies(edited.id)[0].id
        assert (edited.reply.provenance.origin, edited.reply.provenance.kept_reasoning) == ("forked", 11)


def test_an_old_database_can_be_searched(old_url: str) -> None:
    with opened(old_url) as store:
        titles = {
            query: [hit.title for hit in store.search(query)] for query in ("marbles", "素数", "carry 60", "假设")
        }
        assert titles == {
            "marbles": ["27 + 43 = ?"],
            "素数": ["证明素数有无穷多个"],
            "carry 60": ["27 + 43 = ?"],
            "假设": [],
        }
        assert len(store.interrupt_unfinished()) == 1
        assert [hit.title for hit in store.search("假设")] == ["证明素数有无穷多个"]


def test_an_old_database_with_untitled_conversations_and_long_texts_can_be_searched(old_url: str) -> None:
    words = [f"w{number:07d}" for number in range(20_000)]  # 180,000 characters: several documents of the index
    with connected(old_url) as connection:
        conversations = (
            "INSERT INTO conversation (number, id, title, created_at, updated_at) VALUES (:n, :id, '', :at, :at)"
        )
        turns = (
            "INSERT INTO turn (id, conversation_id, position, created_at, content) VALUES (:id, :of, 1, :at, :content)"
        )
        at = "2026-03-02 10:00:00.000000"
        for number, name in ((91, "a" * 32), (92, "b" * 32)):
            connection.execute(text(conversations), {"n": number, "id": name, "at": at})
        for name, of, content in (
            ("1" * 32, "a" * 32, "an untitled heron"),
            ("2" * 32, "a" * 32, "another egret"),
            ("3" * 32, "b" * 32, " ".join(words)),
            ("4" * 32, "b" * 32, "after the long one: a curlew"),
        ):
            connection.execute(text(turns), {"id": name, "of": of, "at": at, "content": content})
    with opened(old_url) as store:
        assert [hit.id for hit in store.search("heron egret")] == ["a" * 32]
        assert [hit.id for hit in store.search(f"{words[0]} {words[-1]}")] == ["b" * 32]
        assert [hit.id for hit in store.search("curlew")] == ["b" * 32]
        turn = store.add_turn("b" * 32, "and a later ibis", None)  # its number follows those of the migration
        assert [hit.id for hit in store.search("ibis curlew")] == [turn.conversation_id]
        store.rename("a" * 32, "A title at last")
        assert [hit.id for hit in store.search("title heron")] == ["a" * 32]


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_database_from_before_steering_can_be_steered_and_labelled(old_url: str, revision: str) -> None:
    with connected(old_url) as connection:
        migrations.upgrade(connection, revision)
    with opened(old_url) as store:
        assert [(info.budget, info.keep_thoughts) for info in store.conversations()] == [(None, False)] * 2
        (hit,) = store.search("marbles")
        reply = store.conversation(hit.id).turns[0].reply
        assert reply is not None
        provenance = reply.provenance
        assert (provenance.budget, provenance.closed_by, provenance.vote_id) == (None, "", None)
        assert store.moment_labels(reply.id) == []
        store.set_steering(hit.id, 2048, True)
        label = store.label_moment(reply.id, 0, 4, "verification", "denied")
    with opened(old_url) as store:
        info = store.conversation(hit.id).info
        assert (info.title, info.budget, info.keep_thoughts) == (hit.title, 2048, True)
        assert store.moment_labels(reply.id) == [label]
        assert store.reply(reply.id) == reply


def test_replies_that_their_server_broke_off_are_no_whole_ones_after_an_update(old_url: str) -> None:
    words = "SELECT id FROM reply WHERE finish = 'stop' ORDER BY id"
    with connected(old_url) as connection:
        migrations.upgrade(connection, "0010")
        blocked, whole = list(connection.scalars(text(words)))[:2]
        for word, reply in (("content_filter", blocked), ("EOS ", whole)):
            connection.execute(text("UPDATE reply SET raw_finish = :word WHERE id = :id"), {"word": word, "id": reply})
    with opened(old_url) as store:
        assert [store.reply(reply).reply.finish for reply in (blocked, whole)] == ["cut", "stop"]


def contents(file: Path) -> dict[bytes, list[Any]]:
    """Every table with its rows, whatever bytes are in them."""
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name.decode()}").fetchall() for name in names}


def test_a_migration_that_fails_leaves_the_old_data_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    shutil.copy(OLD, file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE reply SET answer = CAST(x'ff' AS TEXT) WHERE answer = 'Forgotten.'")
    before = contents(file)
    with pytest.raises(StoreError, match=r"old\.db .*UTF-8.*Nothing was changed"):
        Store(f"sqlite:///{file}")
    assert contents(file) == before
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE reply SET answer = 'Forgotten.' WHERE answer = CAST(x'ff' AS TEXT)")
    with opened(f"sqlite:///{file}") as store:
        assert len(store.search("marbles")) == 1


def test_a_migration_that_fails_on_postgresql_leaves_the_old_data_as_it_was(postgresql_url: str) -> None:
    with connected(postgresql_url) as connection:
        migrations.upgrade(connection, OLD_REVISION)
        connection.execute(text("CREATE TABLE ix_search_document_terms ()"))
    with pytest.raises(StoreError, match=r"refused: .*already exists.*Nothing was changed"):
        Store(postgresql_url)
    with connected(postgresql_url) as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == OLD_REVISION
        assert connection.scalar(text("SELECT to_regclass('search_document')")) is None
        connection.execute(text("DROP TABLE ix_search_document_terms"))
    with opened(postgresql_url) as store:
        assert store.database_state().revision == migrations.LATEST


# --- what cannot be opened -------------------------------------------------------------------------------------------


def test_a_database_of_a_newer_version_is_refused_and_left_alone(store_url: str) -> None:
    with opened(store_url) as store:
        store.new_conversation("from the future")
    with connected(store_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer version of r1chat \(revision 9999; .*Update r1chat"):
        Store(store_url)
    with connected(store_url) as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
        assert connection.scalar(text("SELECT title FROM conversation")) == "from the future"


def test_a_database_of_another_program_is_refused_and_left_alone(store_url: str) -> None:
    with connected(store_url) as connection:
        connection.execute(text("CREATE TABLE turn (sharp integer)"))
    with pytest.raises(StoreError, match=r"belongs to another program.*a database of its own"):
        Store(store_url)


@pytest.mark.parametrize("content", [b"GGUF" * 1000, b"SQLite format 3\x00" + b"\x07" * 5000])
def test_a_file_that_is_not_a_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.db"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"notes\.db is not a database, or is damaged.*move it away"):
        Store(f"sqlite:///{file}")
    assert file.read_bytes() == content


@pytest.mark.parametrize("name", ["100% sure?.db", "a#b&c=d.db", "%41 名字.db", "it's.db"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    with opened(f"sqlite:///{tmp_path / name}") as store:
        store.new_conversation()
    assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("place", ["file/below.db", "."])
def test_a_place_where_no_file_can_be_made_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="another data folder"):
        Store(f"sqlite:///{tmp_path / place}")


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://me:secret@127.0.0.1:{free.getsockname()[1]}/chats"
        with pytest.raises(StoreError, match=r"does not answer at .*127\.0\.0\.1.*Check that it runs") as caught:
            Store(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["password", "sslpassword", "oauth_client_secret", "passfile"])
def test_a_secret_in_the_query_of_a_url_is_not_shown(key: str) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(StoreError, match=f"127.0.0.1.*{port}") as caught:
            Store(f"postgresql://me@/chats?host=127.0.0.1&port={port}&{key}=hush")
    assert "hush" not in str(caught.value) + caught.value.sentence("zh")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused(postgresql_server: Path, encoding: str) -> None:
    import psycopg

    name = f"in_{encoding.lower()}"
    with psycopg.connect(host=str(postgresql_server), user="postgres", dbname="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0".encode())
    with pytest.raises(StoreError, match=f"has the encoding {encoding}.*TEMPLATE template0"):
        Store(f"postgresql://postgres@/{name}?host={postgresql_server}")


def test_a_server_that_stops_is_named_and_found_again(postgresql_url: str) -> None:
    with opened(postgresql_url) as store, opened(postgresql_url) as other:
        other.new_conversation("kept")
        assert len(store.conversations()) == 1
        with connected(postgresql_url) as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
        assert [info.title for info in store.conversations()] == ["kept"]


@pytest.mark.parametrize(
    "url", ["", "r1chat.db", "sqlite://", "sqlite:///:memory:", "mysql://me@there/x", "postgres", "http://[::1"]
)
def test_a_url_of_no_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///PATH"):
        Store(url)


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "r1chat.db"
    with opened(f"sqlite:///{file}"):
        assert file.stat().st_mode & 0o077 == 0


def test_the_state_says_what_the_doctor_wants_to_know(store_url: str) -> None:
    with opened(store_url) as store:
        turn = store.add_turn(store.new_conversation().id, "hello", None)
        store.add_reply(turn.id, Provenance())
        state = store.database_state()
    assert (state.conversations, state.replies, state.revision) == (1, 1, migrations.LATEST)
    assert store_url.startswith(state.kind)
    assert state.version[0].isdecimal()
    assert state.size > 10_000
    assert state.place


# --- several threads, several processes ------------------------------------------------------------------------------

PROCESS = """
import sys
from r1chat.conversations import Provenance
from r1chat.messages import Reply
from r1chat.store import Store

store = Store(sys.argv[1])
"""


STREAM = """
reply = store.add_reply(sys.argv[2], Provenance())
store.save_reply(reply.id, Reply('a heron was'))
print(reply.id, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def streaming(store_url: str) -> Iterator[tuple[Store, str, Forked]]:
    """A store, and the id of a reply that another, living process makes, which has opened the same database."""
    with opened(store_url) as store:
        turn = store.add_turn(store.new_conversation("streaming").id, "hello", None)
        other = Forked(CODE, PROCESS + STREAM, store_url, turn.id, stdin=PIPE)
        assert other.stdout is not None
        yield store, other.stdout.readline().strip(), other
        other.kill()
        other.communicate()


def test_what_a_living_process_streams_is_not_touched(streaming: tuple[Store, str, Forked]) -> None:
    store, reply_id, _ = streaming
    assert store.interrupt_unfinished() == []
    assert store.reply(reply_id).reply == Reply("a heron was")


@pytest.mark.slow
def test_what_a_killed_process_streamed_is_kept_and_marked(store_url: str) -> None:
    with opened(store_url) as store:
        turn = store.add_turn(store.new_conversation("streaming").id, "hello", None)
        command = [sys.executable, "-c", PROCESS + STREAM, store_url, turn.id]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, text=True, cwd=Path(__file__).parents[1], **pipes) as other:
            assert other.stdout is not None
            reply_id = other.stdout.readline().strip()
            other.kill()
            os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # it has ended, but its parent has not looked yet
            assert len(store.interrupt_unfinished()) == 1
        assert store.interrupt_unfinished() == []
        assert store.reply(reply_id).reply == Reply("a heron was", finish="interrupted")
        assert [hit.title for hit in store.search("heron")] == ["streaming"]


def test_a_reply_that_is_taken_up_again_belongs_to_who_took_it_up(streaming: tuple[Store, str, Forked]) -> None:
    store, reply_id, other = streaming
    other.kill()
    other.wait()
    store.interrupt_unfinished()
    store.save_reply(reply_id, Reply("a heron was here"))
    assert store.interrupt_unfinished() == []
    assert store.reply(reply_id).reply.finish is None


def owner_of(url: str, reply_id: str) -> str:
    with connected(url) as connection:
        return str(connection.scalar(text("SELECT owner FROM reply WHERE id = :id"), {"id": reply_id}))


@pytest.mark.parametrize(
    ("owner", "silent", "marked"),
    [
        ("{host}:{gone}:", False, True),  # that process is gone
        ("{host}:{mine}:1", False, True),  # its number was given to another process
        ("{host}:{mine}", False, False),  # no start was noted: the number must do
        ("{host}:1:", False, False),  # another person's process, or ours where we are root
        ("elsewhere:{gone}:1", False, False),  # another machine, and it has just saved
        ("elsewhere:{gone}:1", True, True),  # another machine, long silent
        ("nonsense", True, True),
        ("{host}:{mine}:{start}", True, False),  # waiting for a slow server is no reason
    ],
)
def test_a_reply_is_given_up_when_nobody_can_be_making_it(
    store_url: str, owner: str, silent: bool, marked: bool
) -> None:
    with subprocess.Popen(["true"]) as short:
        pass
    with opened(store_url) as store:
        turn = store.add_turn(store.new_conversation().id, "hello", None)
        start = owner_of(store_url, store.add_reply(turn.id, Provenance()).id).split(":")[2]
        names = {"host": socket.gethostname(), "gone": short.pid, "mine": os.getpid(), "start": start}
        reply = store.add_reply(turn.id, Provenance(), Reply("so far"), owner=owner.format_map(names))
        if silent:
            with connected(store_url) as connection:
                connection.execute(text("UPDATE reply SET saved_at = '2026-01-01 00:00:00.000000'"))
        assert len(store.interrupt_unfinished()) == marked
        assert (store.reply(reply.id).reply.finish == "interrupted") is marked


def test_what_was_compiled_for_one_database_serves_the_next(tmp_path: Path) -> None:
    compiled = []
    for name in ("one", "two"):
        with opened(f"sqlite:///{tmp_path / name}.db") as store:
            store.add_turn(store.new_conversation().id, "hello", None)
        compiled.append(len(COMPILED))
    assert compiled[0] == compiled[1] > 0


@pytest.mark.slow
def test_two_processes_write_in_one_database(store_url: str) -> None:
    code = (
        "info = store.new_conversation('theirs')\n"
        "after = None\n"
        "for number in range(10):\n"
        "    turn = store.add_turn(info.id, f'message {number}', after)\n"
        "    reply = store.add_reply(turn.id, Provenance())\n"
        "    store.save_reply(reply.id, Reply('growing'))\n"
        "    store.save_reply(reply.id, Reply(answer=f'answer {number}', finish='stop'))\n"
        "    after = reply.id\n"
    )
    others = [Forked(CODE, PROCESS + code, store_url) for _ in range(3)]  # they also race to make the tables
    assert [other.wait() for other in others] == [0, 0, 0]
    for other in others:
        other.communicate()
    with opened(store_url) as store:
        assert [len(store.conversation(info.id).turns) for info in store.search("theirs message answer")] == [10] * 3


def test_many_threads_add_siblings_and_each_has_its_own_place(store_url: str) -> None:
    with opened(store_url) as store:
        turn = store.add_turn(store.new_conversation("votes").id, "hello", None)
        failures: list[BaseException] = []

        def vote(number: int) -> None:
            try:
                reply = store.add_reply(turn.id, Provenance())
                for length in range(5):
                    store.save_reply(reply.id, Reply("thinking " * length))
                store.save_reply(reply.id, Reply(answer=f"vote{number}", finish="stop"))
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=vote, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert [reply.position for reply in store.replies(turn.id)] == list(range(1, 9))
        assert all(store.search(f"vote{number}") for number in range(8))

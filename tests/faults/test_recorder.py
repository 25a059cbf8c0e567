"""A slow, locked or full database does not hold up a reply, and a reply is not lost because it cannot be saved."""

from __future__ import annotations

import gc
import io
import os
import signal
import sqlite3
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import forked
import pytest
from forked import CODE

from r1chat.app import App, library, meter
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.chat import Chat
from r1chat.cli.screen import Screen
from r1chat.cli.talk import Talk
from r1chat.config import load
from r1chat.conversations import Provenance
from r1chat.errors import BusyError, StoreError
from r1chat.messages import Params, Progress, Reply, Request
from r1chat.recorder import Recorder, Snapshot
from r1chat.servers import Servers
from r1chat.store import Store
from r1chat.teach import Teacher
from r1chat.ui.talk.feed import Viewer

MODEL = "scripted:scripted"
THOUGHT = ["<think>", "\n7 + 3", " is 10.", "\n</think>\n\n", "It is ", "10."]
MakeApp = Callable[..., App]


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """An app whose store waits 0.05 s for a locked database, and whose replies 0.3 s to be saved; it is chats.db."""
    apps: list[App] = []

    def make(script: Callable[[Request], Script], patience: float = 0.05, sweep_every: float = 30.0) -> App:
        store = Store(f"sqlite:///{tmp_path / 'chats.db'}", patience)
        catalogue = Catalogue({"scripted": ScriptedBackend(script)})
        chat = Chat(store, catalogue, sweep_every=sweep_every, saved_within=0.3)
        settings = load(data_dir=tmp_path / "data")
        teacher, servers = Teacher(chat, "rater"), Servers(settings.data_dir)
        apps.append(App(settings, store, catalogue, chat, teacher, library(settings), meter(settings), servers))
        return apps[-1]

    yield make
    for app in apps:
        app.close()


@contextmanager
def locked(folder: Path) -> Iterator[sqlite3.Connection]:
    """Inside, another connection holds the database: nobody else can write."""
    with closing(sqlite3.connect(folder / "chats.db", isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


class Steps:
    """A script in two parts: the second one begins when it is told to."""

    def __init__(self, first: list[str], rest: list[str]) -> None:
        self.first, self.rest, self.go_on = first, rest, threading.Event()

    def __call__(self, _request: Request) -> Script:
        yield from self.first
        while not self.go_on.wait(0.01):
            yield Progress("waiting")
        yield from self.rest


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, for at most 20 s."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def thinking(request: Request) -> Script:
    """Thinks for ever, and answers as soon as its thought is closed."""
    if request.so_far is not None and request.so_far.closed:
        return ["It is 10."]
    return [*([] if request.so_far else ["<think>"]), *(f" t{number}" for number in range(10_000))]


def shown(app: App, conversation_id: str) -> str:
    """All HTML that a page is sent when it opens a conversation."""
    viewer = Viewer(app, conversation_id, MODEL, "en")
    patch = next(viewer.patches())
    viewer.leave()
    return "".join(block.get("html", "") for block in patch["blocks"])


# --- a database that somebody else holds ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_stream_goes_on_while_another_program_holds_the_database(make_app: MakeApp, tmp_path: Path) -> None:
    steps = Steps(["<think>"], [f" t{number}" for number in range(200)])
    app = make_app(steps, patience=60.0)  # a save that is tried does not come back while the database is held
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    with locked(tmp_path):
        time.sleep(0.6)  # a snapshot is due
        steps.go_on.set()
        for reply in generation.watch(0.001):
            if reply.finish:
                break
        assert reply.reasoning.endswith("t199")
    assert generation.saved(20)
    assert app.store.reply(generation.reply_id).reply.reasoning.endswith("t199")


def test_a_budget_that_fires_while_the_database_is_held_closes_the_thought(make_app: MakeApp, tmp_path: Path) -> None:
    steps = Steps(["<think>"], [f" t{number}" for number in range(200)])
    app = make_app(lambda request: thinking(request) if request.so_far else steps(request))
    generation = app.chat.send(None, "7 + 3 = ?", MODEL, steering=(20, False))
    with locked(tmp_path):
        steps.go_on.set()
        until(lambda: generation.snapshot().finish is not None)
        assert (generation.snapshot().answer, generation.snapshot().error) == ("It is 10.", "")
    assert generation.saved(20)
    stored = app.store.reply(generation.reply_id)
    assert (stored.reply.answer, stored.provenance.closed_by) == ("It is 10.", "budget")


def test_stop_ends_a_reply_while_the_database_is_held(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(Steps(THOUGHT[:3], []), patience=60.0)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    until(lambda: "is 10." in generation.snapshot().reasoning)
    with locked(tmp_path):
        generation.stop()
        assert generation.wait(10).finish == "stopped"
        assert generation.done
        assert app.chat.running(generation.conversation_id) is None
    assert generation.saved(20)
    assert app.store.reply(generation.reply_id).reply.finish == "stopped"


def test_another_conversation_is_not_held_up_by_one_that_waits_for_the_database(
    make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app(lambda _request: THOUGHT, patience=60.0)
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    other = app.store.new_conversation().id
    generations: list[object] = []
    with locked(tmp_path) as holder:
        waiting = threading.Thread(
            target=lambda: generations.append(app.chat.send(first.conversation_id, "And?", MODEL)), daemon=True
        )
        waiting.start()
        time.sleep(0.1)  # it waits for the database by now
        assert app.chat.running(other) is None
        with pytest.raises(BusyError):
            app.chat.send(first.conversation_id, "Me too?", MODEL)
        assert generations == []
        holder.rollback()
        waiting.join(20)
    assert len(generations) == 1


@pytest.mark.slow
def test_the_newest_snapshot_is_saved_and_those_before_it_are_not(make_app: MakeApp, tmp_path: Path) -> None:
    steps = Steps(["<think>"], [])
    app = make_app(steps)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    until(lambda: app.store.reply(generation.reply_id).reply.timings.total > 0)
    with closing(sqlite3.connect(tmp_path / "chats.db")) as database:
        database.execute("CREATE TABLE seen (total)")
        database.execute("CREATE TRIGGER watch AFTER UPDATE ON reply BEGIN INSERT INTO seen VALUES (new.total); END")
        database.commit()
        with locked(tmp_path):
            time.sleep(1.7)  # three snapshots are due
        steps.go_on.set()
        generation.wait(10)
        saved = [total for (total,) in database.execute("SELECT total FROM seen ORDER BY rowid")]
    assert saved == sorted(saved)
    assert len(saved) <= 4  # one in flight before the lock, one after it, one half a second later, and the end


# --- a reply whose end cannot be saved --------------------------------------------------------------------------------


@pytest.fixture
def unsaved(make_app: MakeApp, tmp_path: Path) -> Iterator[tuple[App, str, str, sqlite3.Connection]]:
    """An app with a finished reply that is not saved, the ids of reply and conversation, and who holds the database."""
    steps = Steps(THOUGHT[:2], THOUGHT[2:])
    app = make_app(steps)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    until(lambda: "7 + 3" in app.store.reply(generation.reply_id).reply.reasoning)
    with locked(tmp_path) as holder:
        steps.go_on.set()
        generation.wait(10)
        yield app, generation.reply_id, generation.conversation_id, holder


@pytest.mark.slow
def test_a_reply_whose_end_is_not_saved_stays_and_says_so_until_it_can_be_saved(
    unsaved: tuple[App, str, str, sqlite3.Connection],
) -> None:
    app, reply_id, conversation_id, holder = unsaved
    html = shown(app, conversation_id)
    assert "This reply is not saved yet. The database" in html
    assert "It is 10." in html
    stored = app.chat.as_it_stands(reply_id)  # what Copy takes
    assert (stored.reply.answer, stored.reply.finish) == ("It is 10.", "stop")
    assert "held by another program" in str(stored.not_saved)
    assert app.store.reply(reply_id).reply.finish is None
    news = app.chat.news(conversation_id)
    holder.rollback()
    assert app.chat.news(conversation_id, news, 20) != news  # the page is told
    assert app.store.reply(reply_id).reply.answer == "It is 10."
    assert "not saved yet" not in shown(app, conversation_id)
    assert [info.id for info in app.store.search("10")] == [conversation_id]


@pytest.mark.slow
def test_no_message_follows_a_reply_that_is_not_saved(unsaved: tuple[App, str, str, sqlite3.Connection]) -> None:
    app, _, conversation_id, holder = unsaved
    with pytest.raises(StoreError, match="last reply of this conversation is not saved yet") as caught:
        app.chat.send(conversation_id, "And doubled?", MODEL)
    assert "上一个回复还没有保存" in caught.value.sentence("zh")
    holder.rollback()
    until(lambda: app.chat.conversation(conversation_id).turns[0].reply.not_saved is None)  # type: ignore[union-attr]
    app.chat.send(conversation_id, "And doubled?", MODEL).wait(10)
    assert len(app.store.conversation(conversation_id).turns) == 2


@pytest.mark.slow
def test_the_end_of_the_app_waits_for_what_is_not_saved(unsaved: tuple[App, str, str, sqlite3.Connection]) -> None:
    app, reply_id, _, holder = unsaved
    threading.Timer(0.3, holder.rollback).start()
    assert app.chat.close() == 0
    assert app.store.reply(reply_id).reply.answer == "It is 10."


@pytest.mark.slow
def test_the_terminal_waits_for_a_reply_that_is_not_saved_or_for_ctrl_c(
    unsaved: tuple[App, str, str, sqlite3.Connection],
) -> None:
    app, reply_id, conversation_id, holder = unsaved
    err = io.StringIO()
    talk = Talk(app, Screen(io.StringIO(), err), app.catalogue.default(), None)
    talk.conversation_id = conversation_id
    threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
    assert talk.settle() is False and "Ctrl-C leaves" in err.getvalue()
    threading.Timer(0.3, holder.rollback).start()
    assert talk.settle() and app.store.reply(reply_id).reply.answer == "It is 10."
    assert talk.settle(), "there is nothing to wait for"


@pytest.mark.slow
def test_the_end_of_the_recorder_says_how_many_replies_it_could_not_save(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(lambda _request: THOUGHT)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    generation.wait(10)
    recorder = Recorder(app.store)
    with locked(tmp_path):
        recorder.save(generation.reply_id, Snapshot(Reply(answer="It is 11.", finish="stop")))
        assert recorder.close(0.3) == 1


@pytest.mark.slow
def test_the_end_of_a_vote_is_saved_and_counted_when_that_is_possible(make_app: MakeApp, tmp_path: Path) -> None:
    steps = Steps([], ["<think>hm</think>", "It is 10."])
    app = make_app(lambda request: steps(request) if request.params.seed in (6, 7) else THOUGHT)
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    vote = app.chat.vote(first.turn_id, 2, MODEL, Params(seed=6))
    with locked(tmp_path) as holder:
        steps.go_on.set()
        vote.wait(10)
        assert vote.not_saved is not None
        holder.rollback()
        assert vote.saved(20)
    assert [reply.reply.answer for reply in app.store.votes(vote.vote_id or "")] == ["It is 10."] * 2


@pytest.mark.slow
def test_a_reply_is_kept_while_the_disk_is_full_and_saved_when_there_is_room(tmp_path: Path) -> None:
    code = """
import resource, signal, sys, time
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import ScriptedBackend
from r1chat.chat import Chat
from r1chat.store import Store

store = Store(sys.argv[1])
catalogue = Catalogue({"scripted": ScriptedBackend(lambda request: ["x" * 1_000_000])})
chat = Chat(store, catalogue, saved_within=0.3)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
generation = chat.send(None, "?", "scripted:scripted")
generation.wait(20)
print(generation.not_saved, flush=True)
print(len(chat.as_it_stands(generation.reply_id).reply.answer), flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(generation.saved(20), len(store.reply(generation.reply_id).reply.answer), flush=True)
chat.close()
store.close()
"""
    run = forked.run(CODE, code, f"sqlite:///{tmp_path / 'chats.db'}")
    why, length, saved = run.stdout.splitlines()
    assert "could not be written" in why and "disk is full" in why
    assert (length, saved) == ("1000000", "True 1000000")


# --- beginning, and letting go ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["turn", "reply", "conversation"])
def test_a_reply_that_cannot_be_begun_leaves_nothing_behind(make_app: MakeApp, tmp_path: Path, table: str) -> None:
    app = make_app(lambda _request: THOUGHT)
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    assert first.saved(10)

    def everything() -> list[list[tuple[object, ...]]]:
        with closing(sqlite3.connect(tmp_path / "chats.db")) as database:
            names = ("conversation", "turn", "reply", "search_document")
            return [database.execute(f"SELECT * FROM {name}").fetchall() for name in names]

    event = "UPDATE OF model ON conversation" if table == "conversation" else f"INSERT ON {table}"
    with closing(sqlite3.connect(tmp_path / "chats.db")) as database:
        database.execute(f"CREATE TRIGGER broken BEFORE {event} BEGIN SELECT RAISE(ABORT, 'no room'); END")
        database.commit()
    before = everything()
    for conversation_id in (first.conversation_id, None):
        with pytest.raises(StoreError, match="no room"):
            app.chat.send(conversation_id, "And doubled?", MODEL, steering=(None, True))
    with pytest.raises(StoreError, match="no room"):
        app.chat.edit(first.turn_id, "70 + 30 = ?", MODEL)
    if table != "turn":
        with pytest.raises(StoreError, match="no room"):
            app.chat.again(first.turn_id, MODEL)
    assert everything() == before
    with closing(sqlite3.connect(tmp_path / "chats.db")) as database:
        database.execute("DROP TRIGGER broken")
    assert app.chat.send(first.conversation_id, "And doubled?", MODEL).wait(10).answer == "It is 10."


def test_a_comparison_that_cannot_be_begun_leaves_nothing_behind(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(lambda _request: THOUGHT)
    with closing(sqlite3.connect(tmp_path / "chats.db")) as database:
        database.execute("CREATE TRIGGER broken BEFORE INSERT ON duel BEGIN SELECT RAISE(ABORT, 'no room'); END")
        database.commit()
    with pytest.raises(StoreError, match="no room"):
        app.chat.begin_comparison(None, "Which?", ((MODEL, None), (MODEL, None)))
    assert app.store.database_state().conversations == app.store.database_state().replies == 0


def test_a_finished_reply_is_let_go(make_app: MakeApp) -> None:
    app = make_app(lambda _request: THOUGHT)
    generation = app.chat.send(None, "7 + 3 = ?", MODEL)
    generation.wait(10)
    left = weakref.ref(generation)
    del generation
    until(lambda: gc.collect() >= 0 and left() is None)


@pytest.mark.slow
def test_a_reply_of_a_process_that_ends_later_is_marked_without_another_start(
    make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app(lambda _request: THOUGHT, patience=5.0, sweep_every=0.1)
    conversation_id = app.store.new_conversation().id
    turn = app.store.add_turn(conversation_id, "hello", None)
    with subprocess.Popen(["sleep", "60"]) as other:
        fields = Path(f"/proc/{other.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        owner = f"{os.uname().nodename}:{other.pid}:{fields[19]}"
        reply = app.store.add_reply(turn.id, Provenance(), Reply("so far"), owner=owner)
        time.sleep(0.3)  # it is looked at, and left alone
        assert app.store.reply(reply.id).reply.finish is None
        news = app.chat.news(conversation_id)
        other.kill()
        assert app.chat.news(conversation_id, news, 20) != news  # the page is told
    assert app.store.reply(reply.id).reply == Reply("so far", finish="interrupted")


def test_a_defect_in_one_of_several_replies_ends_that_one_with_a_sentence(make_app: MakeApp) -> None:
    app = make_app(lambda request: [ZeroDivisionError("oops")] if request.params.seed == 7 else THOUGHT)
    first = app.chat.send(None, "7 + 3 = ?", MODEL)
    first.wait(10)
    first.saved(10)
    vote = app.chat.vote(first.turn_id, 2, MODEL, Params(seed=6))
    vote.wait(10)
    ends = [(reply.finish, str(reply.error).partition(" while")[0]) for reply in vote.snapshots()]
    assert ends == [("stop", ""), ("error", "r1chat itself failed")]

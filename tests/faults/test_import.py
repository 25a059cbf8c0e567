"""An import holds nobody up, and whatever ends it leaves all of the file or nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import forked
import pytest
from forked import CODE

from r1chat import archive
from r1chat.conversations import Provenance
from r1chat.errors import ImportFileError, StoreError
from r1chat.messages import Reply
from r1chat.store import Store, incoming

MESSAGES = 1_500  # more than one transaction of an import takes
TEXT = " ".join(f"word{number}" for number in range(250))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(url(tmp_path), patience=0.2)) as opened:
        yield opened


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'r1chat.db'}"


def exported(file: Path, messages: int) -> Path:
    """Two chats as ChatGPT exports them, the first one with so many messages."""
    file.write_text(json.dumps([chat("long", messages), chat("short", 2)]), encoding="utf-8")
    return file


def chat(name: str, messages: int) -> dict[str, object]:
    mapping = {
        str(number): {
            "id": str(number),
            "parent": str(number - 1) if number else None,
            "children": [],
            "message": {
                "id": str(number),
                "author": {"role": "assistant" if number % 2 else "user"},
                "content": {"content_type": "text", "parts": [f"{number} {TEXT}"]},
            },
        }
        for number in range(messages)
    }
    return {"id": name, "title": name, "current_node": str(messages - 1), "mapping": mapping}


def conversations(folder: Path) -> int:
    """How many are in the database, also of those that nobody sees."""
    with closing(sqlite3.connect(folder / "r1chat.db")) as database:
        return int(database.execute("SELECT count(*) FROM conversation").fetchone()[0])


def kept(folder: Path, word: str) -> bool:
    """Whether a word stands anywhere in the files of the database, which is closed."""
    return any(word.encode() in file.read_bytes() for file in folder.glob("r1chat.db*"))


@pytest.mark.slow
def test_replies_are_saved_while_a_file_is_read_and_while_it_is_written(store: Store, tmp_path: Path) -> None:
    mine = store.new_conversation("Mine").id
    turn = store.add_turn(mine, "27 + 43 = ?", None)
    reply = store.add_reply(turn.id, Provenance(), Reply())
    halves: list[bool] = []
    with closing(Store(url(tmp_path), patience=0.2)) as other:

        def saved(done: int, total: int) -> None:
            halves.append(done > total / 2)
            other.save_reply(reply.id, Reply(str(len(halves))))

        came = archive.read(store, exported(tmp_path / "chats.json", MESSAGES), saved)
        assert other.reply(reply.id).reply.reasoning == str(len(halves))
    assert set(halves) == {False, True}
    assert (came.conversations, came.turns + came.replies) == (2, MESSAGES + 2)
    assert {info.title for info in store.conversations()} == {"Mine", "long", "short"}


def test_a_very_long_message_is_found_by_its_last_word(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "long.json"
    message = {"role": "user", "content": f"{'filler ' * 80_000}xylophone"}
    file.write_text(json.dumps([{"messages": [message, {"role": "assistant", "content": "70"}]}]))
    assert archive.read(store, file).conversations == 1
    assert [info.id for info in store.search("xylophone")] == [store.conversations()[0].id]


@pytest.mark.slow
def test_an_import_that_is_cancelled_while_it_writes_leaves_nothing(store: Store, tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(done: int, total: int) -> None:
        if done > total / 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        archive.read(store, exported(tmp_path / "chats.json", MESSAGES), cancel)
    assert conversations(tmp_path) == 0


@pytest.mark.slow
def test_no_word_stays_of_an_import_that_is_cancelled(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cancelled(Exception):
        pass

    def cancel(done: int, total: int) -> None:
        if done > total * 0.9:
            raise Cancelled

    monkeypatch.setattr(incoming, "SLICE", 0.02)  # seconds: many transactions, each a segment of the index
    file = tmp_path / "chats.json"
    chat_messages = [
        {"role": "user", "content": "a platypus, " + TEXT},
        {"role": "assistant", "content": "wombats " * 20},
    ]
    file.write_text(json.dumps([{"title": f"chat {number}", "messages": chat_messages} for number in range(300)]))
    with pytest.raises(Cancelled):
        archive.read(store, file, cancel)
    store.close()
    assert conversations(tmp_path) == 0
    assert not kept(tmp_path, "platypus") and not kept(tmp_path, "wombat")


def test_no_word_stays_of_a_deleted_conversation_that_an_import_writes_anew(store: Store, tmp_path: Path) -> None:
    own = store.new_conversation("Animals").id
    store.add_turn(own, "What is a wombat?", None)
    archive.write(store, tmp_path / "a.jsonl", everything=True)
    store.add_turn(own, "And a platypus?", None)
    store.delete(own)
    assert archive.read(store, tmp_path / "a.jsonl").conversations == 1
    store.close()
    assert kept(tmp_path, "wombat") and not kept(tmp_path, "platypus")


@pytest.mark.slow
def test_what_a_kill_leaves_of_an_import_is_not_seen_and_the_same_file_comes_in_whole(
    store: Store, tmp_path: Path
) -> None:
    file = exported(tmp_path / "chats.json", MESSAGES)
    program = (
        "import os, sys; from pathlib import Path; from r1chat import archive; from r1chat.store import Store\n"
        "archive.read(Store(sys.argv[1]), Path(sys.argv[2]), lambda done, total: done > total / 2 and os._exit(9))"
    )
    assert forked.run(CODE, program, url(tmp_path), str(file)).returncode == 9
    assert conversations(tmp_path) == 1
    assert store.conversations() == []
    came = archive.read(store, file)
    assert (came.conversations, came.turns + came.replies, came.known) == (2, MESSAGES + 2, 0)
    assert conversations(tmp_path) == 2


def test_a_file_that_comes_in_by_another_way_meanwhile_comes_in_once(store: Store, tmp_path: Path) -> None:
    file = exported(tmp_path / "chats.json", 4)
    with closing(Store(url(tmp_path))) as other:
        done: list[int] = []

        def import_too(at: int, total: int) -> None:
            done.append(at)
            if len(done) == 3:  # the first chat is collected
                archive.read(other, file)

        with pytest.raises(StoreError, match="Import it again"):
            archive.read(store, file, import_too)
    assert conversations(tmp_path) == 2
    assert archive.read(store, file).known == 2


def test_a_consent_for_all_does_not_speak_for_a_conversation_that_began_meanwhile(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    with closing(Store(f"sqlite:///{tmp_path / 'source.db'}")) as source:
        source.judgements.set_consent(None, True, "ann")
        source.new_conversation("Theirs")
        archive.write(source, file, everything=True)
    with closing(Store(url(tmp_path))) as other:
        came = archive.read(
            store, file, lambda *at: None if other.conversations() else other.new_conversation("Mine") and None
        )
    assert (came.conversations, came.consent_for_all, came.left_out) == (1, False, {"consents": 1})
    assert not store.judgements.consent_for_all()


def test_a_file_of_countless_entries_that_are_no_chat_is_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "ones.json"
    file.write_text("[" + "1," * 1_000_000 + "1]")
    with pytest.raises(ImportFileError, match=r"entry 20001: more than 20,000 entries are no chat"):
        archive.read(store, file)

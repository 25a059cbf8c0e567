"""Numbers and dates from outside that no database or time zone can hold are bounded where they come in."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1chat import archive
from r1chat.app import build
from r1chat.backends.scripted import ScriptedBackend
from r1chat.config import load
from r1chat.conversations import Provenance
from r1chat.messages import Finish, ModelInfo, Reply
from r1chat.store import Store
from r1chat.ui.talk import sidebar
from r1chat.ui.words.page import words

MODEL = "scripted:scripted"


@pytest.mark.parametrize("count", [2**63, 2**31, -1, -(2**80), 10**400])
def test_a_reply_whose_server_cannot_count_is_stored_whole(tmp_path: Path, count: int) -> None:
    end = Finish("stop", "stop", count, count, count, count, load=float("nan"), prefill=-1.0, decode=float("inf"))
    backend = ScriptedBackend(lambda _request: ["<think>hm</think>", "It is 10.", end], context=count)
    app = build(load(data_dir=tmp_path / "data"), {"scripted": backend})
    with closing(app):
        generation = app.chat.send(None, "7 + 3 = ?", MODEL)
        generation.wait(10)
        assert generation.saved(10)
        reply = app.store.reply(generation.reply_id).reply
        assert (reply.answer, reply.finish) == ("It is 10.", "stop")
        assert reply.usage.prompt_tokens is reply.usage.context is reply.timings.decode is None
        assert (reply.usage.reasoning_tokens, reply.usage.answer_tokens) == (1, 1)  # our own count


def test_plausible_counts_are_kept() -> None:
    end = Finish("stop", "stop", 0, 12, 3_000_000, 1_048_576, 0.0, 2.5, 90_000.0)
    assert (end.prompt_tokens, end.cached_tokens, end.completion_tokens, end.context) == (0, 12, 3_000_000, 1_048_576)
    assert (end.load, end.prefill, end.decode) == (0.0, 2.5, 90_000.0)
    assert ModelInfo("b", "n", context=131_072, trained_context=-5).trained_context == 0


@pytest.fixture(params=["Pacific/Kiritimati", "Etc/GMT+12"])  # 14 hours east of UTC, 12 hours west of it
def _time_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("_time_zone")
@pytest.mark.parametrize("date", ["9999-12-31 23:59:59.999999", "0001-01-01 00:00:00.000000"])
def test_a_date_at_the_end_of_time_does_not_break_the_list(tmp_path: Path, date: str) -> None:
    path = tmp_path / "chats.db"
    with closing(Store(f"sqlite:///{path}")) as store:
        info = store.new_conversation("from an import")
        store.add_reply(store.add_turn(info.id, "hello", None).id, Provenance(), Reply(answer="hi", finish="stop"))
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE conversation SET created_at = ?, updated_at = ?", [date, date])
            database.execute("UPDATE reply SET created_at = ?", [date])
        assert "from an import" in sidebar.conversations(store.page(), "", words("en"))
        store.conversation(info.id)


@pytest.mark.usefixtures("_time_zone")
@pytest.mark.parametrize("moment", [253402300799999, 1e300, -62135596800])
def test_an_imported_date_at_the_end_of_time_is_not_taken(tmp_path: Path, moment: float) -> None:
    chat = {
        "id": "c1",
        "title": "Imported",
        "created_at": moment,
        "updated_at": moment,
        "chat": {
            "history": {
                "currentId": "m1",
                "messages": {"m1": {"id": "m1", "role": "user", "content": "hello", "timestamp": moment}},
            }
        },
    }
    file = tmp_path / "chats.json"
    file.write_text(json.dumps([chat]), encoding="utf-8")
    with closing(Store(f"sqlite:///{tmp_path / 'chats.db'}")) as store:
        assert archive.read(store, file).conversations == 1
        assert "Imported" in sidebar.conversations(store.page(), "", words("en"))
        assert abs((store.conversations()[0].updated - datetime.now(UTC)).days) <= 1

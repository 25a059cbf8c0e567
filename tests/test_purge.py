"""What was deleted a month ago is erased for good, also while r1chat runs on."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from r1chat.app import KEPT_AFTER_DELETION, build
from r1chat.config import Settings
from r1chat.learn.forgetting import DailyPurge
from r1chat.learn.runs import Runs, RunStatus, RunWish


def test_what_was_deleted_a_month_ago_is_erased_while_r1chat_runs(tmp_path: Path) -> None:
    with closing(build(Settings(data_dir=tmp_path, ollama=False), {})) as app:
        old, new = (app.store.new_conversation(title).id for title in ("a month ago", "just now"))
        run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:x"), "run")
        run.write(RunStatus("done"))
        (run.folder / "data.jsonl").write_text(json.dumps({"conversation": old}) + "\n")
        for conversation in (old, new):
            app.store.delete(conversation)
        a_month_ago = datetime.now(UTC) - KEPT_AFTER_DELETION
        with closing(sqlite3.connect(tmp_path / "r1chat.db")) as database, database:
            then = a_month_ago.strftime("%Y-%m-%d %H:%M:%S.%f")
            database.execute("UPDATE conversation SET deleted_at = ? WHERE id = ?", (then, old))
        with closing(DailyPurge(app, every=0.05)):
            deadline = time.monotonic() + 20
            while (run.folder / "data.jsonl").read_text() and time.monotonic() < deadline:
                time.sleep(0.02)
        assert app.store.erased({old, new}) == {old}
        assert (run.folder / "data.jsonl").read_text() == ""
        app.store.undelete(new)

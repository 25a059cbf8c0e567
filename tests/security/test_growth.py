"""What a file from elsewhere makes large takes no power of its size: by what is read, never by a clock.

`python -m benchmarks.scaling` measures all of it.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, ValuesView
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from benchmarks.folders import Rows
from benchmarks.walk import opened
from r1chat.backends import wire
from r1chat.backends.openai_wire import ModelList
from r1chat.cli.keeping import save
from r1chat.config import load, nano_model
from r1chat.conversations import StoredReply, StoredTurn
from r1chat.export import Options, export
from r1chat.export.cases import cases
from r1chat.export.refusals import of_rating
from r1chat.judgements import Comparison, Judged, Sides
from r1chat.messages import Reply, Usage
from r1chat.reflect.reader import MOST_SENTENCES, read
from r1chat.store import Store, backup
from r1chat.store.dataset import MOST_EARLIER
from r1chat.store.entries import Filter
from r1chat.store.rescue import rescue
from r1chat.ui.talk.feed import Viewer
from r1chat.ui.talk.render import ReplyRenderer, notices
from r1chat.ui.words.page import words
from r1chat.window import oldest_left_out

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of FastAPI's dependencies
]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def store_of(folder: Path) -> closing[Store]:
    return closing(Store(f"sqlite:///{folder / 'r1chat.db'}"))


class CountedDict(dict[str, Any]):
    """Counts how often all of its values are read."""

    read = 0

    def values(self) -> ValuesView[Any]:
        self.read += 1
        return super().values()


def test_what_was_said_of_each_reply_is_found_without_reading_all_comparisons_again() -> None:
    sides = [Sides(f"s{n}", f"t{n}", f"l{n}", f"r{n}", False, NOW) for n in range(50)]
    comparisons = CountedDict({side.id: Comparison(f"c{side.id}", side, "left", NOW, "ann") for side in sides})
    judged = Judged(comparisons=comparisons, reopened=frozenset({"s7"}), sides={side.turn_id: side for side in sides})
    assert [judged.said_of(side.left_id) for side in sides] == list(dict.values(comparisons))
    assert [judged.open_comparison(side.turn_id) for side in sides if side.id != "s7"] == [None] * 49
    assert judged.open_comparison("t7") == sides[7]
    assert comparisons.read <= 3


def test_the_oldest_of_very_many_messages_are_left_out() -> None:
    counted = StoredReply("r", "last", NOW, Reply("", True, "a", "stop", usage=Usage(100_000, 0, 0, 1, 10)))
    turns = [StoredTurn(f"t{number}", "c", None, NOW, "m", None) for number in range(20_000)]
    last = StoredTurn("last", "c", None, NOW, "m", counted)
    assert oldest_left_out([*turns, last], False, None, 10) == "last"  # each was counted for each before it: minutes


@pytest.mark.parametrize("circle", [False, True])
def test_replies_that_were_made_from_another_without_end_are_shown(tmp_path: Path, circle: bool) -> None:
    with Rows(tmp_path) as rows:
        turn = rows.turn(conversation := rows.conversation())
        reply = rows.reply(turn, parent_id=f"{1_203:032x}" if circle else None, kept_reasoning=3)
        for _ in range(1_200):
            reply = rows.reply(turn, parent_id=reply, kept_reasoning=3)
    with opened(tmp_path) as (app, _):
        patch = next(Viewer(app, conversation, "scripted:scripted", "en").patches())
    assert any(reply in block["id"] for block in patch["blocks"])


def test_each_message_of_a_vote_shows_its_own_samples(tmp_path: Path) -> None:
    """An archive may say that all replies of a long conversation are samples of one vote."""
    with Rows(tmp_path) as rows:
        conversation, _ = rows.talk(30, vote_id="ab" * 16)
    with opened(tmp_path) as (app, _):
        patch = next(Viewer(app, conversation, "scripted:scripted", "en").patches())
    html = "".join(str(block.get("html", "")) for block in patch["blocks"])
    assert html.count('class="samples"') == 30  # not 30 times 30


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[tuple[Path, str, list[tuple[str, str]]]]:
    """A data folder with a conversation of more messages than an export reads before one, the last two rated."""
    with Rows(tmp_path) as rows:
        conversation, exchanges = rows.talk(MOST_EARLIER + 2, answer="Ask ann@example.com.")
        for _, reply in exchanges[-2:]:
            rows.rating(reply)
        rows.consent()
    yield tmp_path, conversation, exchanges


def test_an_export_takes_no_reply_with_too_long_a_history_and_says_why(
    deep: tuple[Path, str, list[tuple[str, str]]], tmp_path: Path
) -> None:
    folder, _, exchanges = deep
    with store_of(folder) as store:
        summary = export(store, None, "unpaired", tmp_path / "rows.jsonl", Options(thoughts="answer-only"))
        with store.dataset.snapshot() as snapshot:
            turns = snapshot.judged_turns([turn for turn, _ in exchanges[-2:]])
    assert (summary.rows, summary.refused) == (1, {"long_history": 1})
    assert [len(turns[turn].history) for turn, _ in exchanges[-2:]] == [MOST_EARLIER, MOST_EARLIER + 1]


def test_the_preview_of_what_is_replaced_reads_each_text_once(deep: tuple[Path, str, list[tuple[str, str]]]) -> None:
    with opened(deep[0]) as (_, client):
        html = client.get("/r1chat/data/preview").text
    assert f"<td>ann@example.com</td><td>{MOST_EARLIER + 2}</td>" in html  # not once for each message that follows


def test_a_thumb_for_a_thought_is_not_sought_among_all_ratings(tmp_path: Path) -> None:
    class Unread(tuple[Any, ...]):
        def __iter__(self) -> Iterator[Any]:
            raise AssertionError("all ratings were read")

    with Rows(tmp_path) as rows:
        _, [(_, reply)] = rows.talk(1)
        rows.rating(reply, rater="ann")
        for rater in ("ann", "bob"):
            rows.rating(reply, part="thought", rater=rater)
    with store_of(tmp_path) as store, store.dataset.snapshot() as snapshot:
        [turn] = next(snapshot.turns(Filter(), consented_only=False))
    judged = {(case.rater, case.judgement.part): case.judgement for case in cases(turn)}  # type: ignore[union-attr]
    unread = turn._replace(ratings=Unread(turn.ratings))
    assert of_rating(unread, judged["bob", "thought"]) == "thought_only"  # type: ignore[arg-type]
    assert of_rating(unread, judged["ann", "thought"]) is None  # type: ignore[arg-type]


def statements(work: Callable[[], object]) -> int:
    """How often the database was asked."""
    queries: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        queries.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return len(queries)


def test_the_learn_page_asks_the_database_no_more_often_for_more_models_and_adapters(tmp_path: Path) -> None:
    counts = []
    for count in (2, 9):
        folder = tmp_path / str(count)
        with Rows(folder) as rows:
            rows.talk(1)
        (folder / "models" / "adapters").mkdir(parents=True)
        for number in range(count):
            (folder / "models" / f"m{number}.gguf").symlink_to(nano_model())
            (folder / "models" / "adapters" / f"a{number}.gguf").write_bytes(b"GGUF")
        with opened(folder) as (_, client):
            assert client.get("/r1chat/learn/whole").text.count("m1") > 0
            counts.append(statements(lambda client=client: client.get("/r1chat/learn/whole")))  # type: ignore[misc]
    assert counts[0] == counts[1]


# --- more than SQLite deletes at once --------------------------------------------------------------------------------


def test_r1chat_starts_where_a_long_conversation_was_deleted_long_ago(tmp_path: Path) -> None:
    with Rows(tmp_path) as rows:
        rows.talk(600)
        rows.talk(1)
    with closing(sqlite3.connect(tmp_path / "r1chat.db")) as database, database:
        database.execute("UPDATE conversation SET deleted_at = '2020-01-01 00:00:00' WHERE number = 1")
    with opened(tmp_path) as (app, _):
        assert (app.store.database_state().conversations, app.store.database_state().replies) == (1, 1)
        assert app.store.purge(timedelta(0)) == 0


def test_what_follows_a_lost_reply_is_left_out_of_a_rescue(tmp_path: Path) -> None:
    with Rows(tmp_path / "old") as rows:
        _, exchanges = rows.talk(600)
        rows.preset("long" * 100)
    with closing(sqlite3.connect(tmp_path / "old" / "r1chat.db")) as database, database:
        database.execute("DELETE FROM reply WHERE id = ?", (exchanges[1][1],))
        database.execute("UPDATE preset SET system = x'00'")  # of no use, and named as left out
    saved = {table.table: table.saved for table in rescue(tmp_path / "old" / "r1chat.db", tmp_path / "saved.db")}
    assert (saved["turn"], saved["reply"]) == (2, 1)
    lines = [*save(load(data_dir=tmp_path / "old"), tmp_path / "again.db", None)]
    assert any("presets" in line for line in lines)
    backup.restore(tmp_path / "saved.db", tmp_path / "new.db")


def test_a_thought_of_very_many_short_steps_is_some_thousand_blocks_and_rows() -> None:
    renderer = ReplyRenderer("a" * 32, words("en"))
    text = "\n\n".join(f"Wait, hmm {number}" for number in range(MOST_SENTENCES + 500))
    blocks = renderer.update(Reply(reasoning=text, closed=True, answer="x", finish="stop"))
    assert 2_000 <= len(blocks) < 2_400
    assert "".join(str(block.html) for block in blocks).count("hmm") == MOST_SENTENCES + 500
    assert max(len(block.html) for block in blocks) < 100_000
    assert len(renderer.moments) <= MOST_SENTENCES and len(read(text).steps) <= MOST_SENTENCES


def test_of_a_reply_of_millions_of_characters_the_beginning_is_shown_and_that_is_said() -> None:
    reply = Reply(reasoning="a b " * 300_000, closed=True, answer="x", finish="stop")
    blocks = ReplyRenderer("a" * 32, words("en")).update(reply)
    assert sum(len(block.html) for block in blocks) < 1_200_000
    assert "the first 1,000,000 characters are shown" in notices(reply, words("en"))


def test_a_server_lists_some_thousand_models_at_most() -> None:
    entries = wire.parsed(ModelList, json.dumps({"data": [{"id": f"m{number}"} for number in range(20_000)]}).encode())
    assert len(entries.data) == wire.MOST_MODELS


READS = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from r1chat.cli.main import main
from r1chat.errors import R1ChatError
from r1chat.export.templates import Templates
from r1chat.learn.gather import read_rows

file = Path(sys.argv[1])
for read in (lambda: Templates(None, file), lambda: read_rows("prefer", file, {}, (), True)):
    try:
        read()
    except R1ChatError as error:
        print(error)
print(main(["moments", str(file), "--data-dir", sys.argv[2]]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory in this way")
def test_a_file_that_is_one_hole_is_refused_in_little_memory(tmp_path: Path) -> None:
    hole = tmp_path / "hole.jinja"
    with hole.open("wb") as stream:
        stream.truncate(3 << 30)
    done = subprocess.run(
        [sys.executable, "-c", READS, str(hole), str(tmp_path / "data")], capture_output=True, text=True
    )
    assert done.stdout.count("hole.jinja") == 2 and done.stdout.endswith("\n1\n"), done
    assert "of at most 20" in done.stderr and "failed" not in done.stderr

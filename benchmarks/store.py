"""The store with 100,000 replies: `python -m benchmarks.store [--json] [--url postgresql://…]`.

Fills an empty database with made-up talk (every fifth conversation in Chinese, thoughts and answers of 300 to 2,000
characters, word frequencies as in real text), at the first revision of the schema, so that opening it also measures the
migration that builds the search index. Then times what a person waits for; each figure is a median.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import MetaData, create_engine

from benchmarks.report import Report
from r1chat.conversations import Provenance
from r1chat.messages import Params, Reply, Timings, Usage
from r1chat.store import Store, migrations
from r1chat.store.schema import provenance_columns, reply_columns

FIRST_REVISION = migrations.REVISIONS[0]
START = datetime(2026, 1, 1, tzinfo=UTC)
LONG_CONVERSATION = 200  # turns
SHORT_CONVERSATION = 10
LONG_CONVERSATIONS = 50
PROVENANCE = Provenance("llama.cpp", "0.3.36", "r1-distill-7b", "sha256:0f", "Q4_K_M", "a1b2", Params(seed=1))


class Talk:
    """Text with Zipf's word frequencies; the same seed says the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ai", "or", "en")]
        self.latin = self._distinct(lambda: "".join(self._random.choices(syllables, k=self._random.randint(1, 4))))
        hanzi = [chr(code) for code in range(0x4E00, 0x4E00 + 2500)]
        self.chinese = self._distinct(lambda: "".join(self._random.choices(hanzi, k=self._random.randint(1, 3))))
        self._weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(self.latin))))

    def id(self) -> str:
        return UUID(int=self._random.getrandbits(128), version=4).hex

    def text(self, in_chinese: bool, shortest: int, longest: int) -> str:
        length = self._random.randint(shortest, longest)
        if in_chinese:
            return "".join(self._random.choices(self.chinese, cum_weights=self._weights, k=length))[:length]
        return " ".join(self._random.choices(self.latin, cum_weights=self._weights, k=length // 3))[:length]

    def _distinct(self, make: Callable[[], str]) -> list[str]:
        words: dict[str, None] = {}
        while len(words) < 30_000:
            words[make()] = None
        # As in real text the most frequent words are the shortest.
        return sorted(words, key=len)[:200] + self._random.sample(sorted(words), 20_000)


def conversation_rows(talk: Talk, number: int, length: int) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """A conversation of that many turns, each with one reply."""
    at, in_chinese, conversation_id = START + timedelta(minutes=number), number % 5 == 0, talk.id()
    turn_rows, reply_rows, parent = [], [], None
    for _ in range(length):
        turn_id, reply_id = talk.id(), talk.id()
        reply = Reply(
            talk.text(in_chinese, 300, 2000),
            True,
            talk.text(in_chinese, 300, 2000),
            "stop",
            usage=Usage(100, 0, 500, 300, 16384),
            timings=Timings(0.3, 20.0, 30.0),
        )
        turn_rows.append(
            {"id": turn_id, "conversation_id": conversation_id, "parent_reply_id": parent, "position": 1}
            | {"created_at": at, "content": talk.text(in_chinese, 20, 200)}
        )
        reply_rows.append(
            {"id": reply_id, "turn_id": turn_id, "position": 1, "created_at": at, "saved_at": at}
            | reply_columns(reply)
            | provenance_columns(PROVENANCE)
        )
        parent = reply_id
    title = f"{talk.text(in_chinese, 10, 40)} {number}"
    return {"id": conversation_id, "title": title, "created_at": at, "updated_at": at}, turn_rows, reply_rows


def fill(url: str, talk: Talk, count: int) -> list[str]:
    """Make a database of the first revision with that many replies; the ids of its long conversations."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    long: list[str] = []
    done = number = 0
    tables = MetaData()  # those of that revision, not those of today
    with engine.begin() as connection:
        migrations.upgrade(connection, FIRST_REVISION)
        tables.reflect(connection)
    add = {name: table.insert() for name, table in tables.tables.items()}
    known = {name: set(table.c.keys()) for name, table in tables.tables.items()}
    while done < count:
        with engine.begin() as connection:
            for _ in range(100):
                length = (
                    LONG_CONVERSATION if number % 100 == 7 and len(long) < LONG_CONVERSATIONS else SHORT_CONVERSATION
                )
                length = min(length, count - done)
                if not length:
                    break
                row, turn_rows, reply_rows = conversation_rows(talk, number, length)
                connection.execute(add["conversation"], row)
                for turn_row, reply_row in zip(turn_rows, reply_rows, strict=True):  # each refers to the one before
                    connection.execute(add["turn"], turn_row)
                    connection.execute(add["reply"], {key: reply_row[key] for key in reply_row.keys() & known["reply"]})
                long += [row["id"]] * (length == LONG_CONVERSATION)
                done, number = done + length, number + 1
    engine.dispose()
    return long


def queries(talk: Talk) -> dict[str, str]:
    """What a person may look for, from what is in every text to what is in none."""
    latin, chinese = talk.latin, talk.chinese
    two_hanzi = next(word for word in chinese if len(word) == 2)
    return {
        "a common word": latin[0],
        "three common words": " ".join(latin[:3]),
        "a rare word": latin[-1],
        "a common and a rare word": f"{latin[1]} {latin[-2]}",
        "the beginning of a word": next(word for word in latin if len(word) > 3)[:3],
        "a common Chinese character": chinese[0],
        "a common Chinese word": two_hanzi,
        "a rare Chinese word": chinese[-1],
        "words that never meet": f"{latin[0]} {chinese[0]}",
        "no hit": "qqqqqq",
        "a common word and no hit": f"{latin[0]} 龘龘",
    }


def median_ms(runs: int, act: Callable[[], object]) -> float:
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        act()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


@contextmanager
def database(url: str) -> Iterator[str]:
    """The URL that was given, or a new file."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/r1chat.db"


def measure(url: str, count: int, runs: int) -> Report:
    talk, report = Talk(seed=1), Report("store")
    long = fill(url, talk, count)
    begin = time.perf_counter()
    store = Store(url)
    report.figure("migration that builds the search index, s", time.perf_counter() - begin)
    state = store.database_state()
    report.figure("replies", state.replies)
    report.figure("database", f"{state.kind} {state.version}, {state.size / 1e6:,.0f} MB")
    measure_looking(store, report, talk, long, runs)
    measure_writing(store, report, talk, long[0], runs)
    report.figure("opening the database, ms", median_ms(runs, lambda: Store(url).close()))
    store.close()
    return report


def measure_looking(store: Store, report: Report, talk: Talk, long: list[str], runs: int) -> None:
    report.bar("conversation list, ms", median_ms(runs, store.conversations), at_most=50.0)
    searches = {kind: median_ms(runs, partial(store.search, query)) for kind, query in queries(talk).items()}
    for kind, figure in searches.items():
        report.figure(f"search: {kind}, ms", figure)
    worst = max(searches, key=lambda kind: searches[kind])
    report.bar(f"search, the slowest kind ({worst}), ms", searches[worst], at_most=100.0)
    ids = itertools.cycle(long)
    opening = median_ms(runs, lambda: store.conversation(next(ids)))
    report.bar(f"opening a conversation of {LONG_CONVERSATION} turns, ms", opening, at_most=300.0)


def measure_writing(store: Store, report: Report, talk: Talk, conversation_id: str, runs: int) -> None:
    reply = store.add_reply(store.conversation(conversation_id).turns[-1].id, PROVENANCE)
    text = talk.text(False, 60_000, 60_000)
    growing, finished = Reply(text), Reply(text, finish="stop")
    report.figure(
        "saving a growing reply of 60,000 characters, ms",
        median_ms(runs, lambda: store.save_reply(reply.id, growing)),
    )
    report.figure("saving it finished, ms", median_ms(runs, lambda: store.save_reply(reply.id, finished)))

    def ask() -> None:
        store.add_reply(store.add_turn(conversation_id, "And now?", reply.id).id, PROVENANCE)

    report.figure(f"beginning a turn after {LONG_CONVERSATION}, ms", median_ms(runs, ask))


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--url", default="", help="an empty PostgreSQL database; default: a new SQLite file")
    cli.add_argument("--replies", type=int, default=100_000)
    cli.add_argument("--runs", type=int, default=15)
    cli.add_argument("--json", action="store_true")
    args = cli.parse_args()
    with database(args.url) as url:
        measure(url, args.replies, args.runs).print(as_json=args.json)


if __name__ == "__main__":
    main()

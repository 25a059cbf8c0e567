"""Exporting 100,000 pairs: `python -m benchmarks.export [--json] [--pairs N]`.

Fills a store with made-up conversations, each a message with two replies that were compared blind: several hundred
characters a reply, half of them with a thought, every fifth in Chinese, every fiftieth with an e-mail address. Then
runs `r1chat export preference` as a person would, to JSON Lines, to Parquet, and with a test set; and measures the time
and the most memory that the process had. Each export is made three times, with the same bytes; the median time counts.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, insert

from benchmarks.report import Report
from benchmarks.store import START, Talk
from r1chat.conversations import Provenance
from r1chat.messages import Reply, Timings, Usage
from r1chat.store import Store
from r1chat.store.judgement_schema import comparison_sides, comparisons, consents
from r1chat.store.schema import conversations, provenance_columns, replies, reply_columns, turns

MADE = Provenance("llama.cpp", "0.3.36", "DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M", "0f" * 32, "Q4_K_M", "a1b2")
BATCH = 2_000  # conversations
RUNS = 3
SECONDS, MEGABYTES = 20.0, 300.0


def pair_rows(talk: Talk, rng: random.Random, number: int) -> dict[str, list[dict[str, Any]]]:
    """A conversation of one message with two replies, and what was said of them."""
    at, in_chinese = START + timedelta(seconds=number), number % 5 == 0
    conversation, turn, left, right, sides_id = (talk.id() for _ in range(5))
    mail = f" Write to user{number}@example.com." if number % 50 == 0 else ""
    content = talk.text(in_chinese, 20, 200) + mail
    reply_rows = []
    for position, side in enumerate((left, right), 1):
        thought = talk.text(in_chinese, 300, 1200) if number % 2 else ""
        usage, timings = Usage(100, 0, 500, 300, 16384), Timings(0.3, 20.0, 30.0)
        reply = Reply(thought, True, talk.text(in_chinese, 300, 900), "stop", usage=usage, timings=timings)
        place = {"id": side, "turn_id": turn, "position": position, "created_at": at, "saved_at": at}
        reply_rows.append(place | reply_columns(reply) | provenance_columns(MADE))
    judged = {"rater": f"rater-{number % 3}", "created_at": at}
    verdict = {"id": talk.id(), "duel_id": sides_id, "winner": rng.choice(("left", "right"))}
    place = {"conversation_id": conversation, "parent_reply_id": None, "position": 1, "created_at": at}
    return {
        "conversation": [{"id": conversation, "title": f"Pair {number}", "created_at": at, "updated_at": at}],
        "turn": [place | {"id": turn, "content": content}],
        "reply": reply_rows,
        "duel": [{"id": sides_id, "turn_id": turn, "left_id": left, "right_id": right, "blind": True} | judged],
        "comparison": [verdict | judged | {"dwell": rng.uniform(2, 60), "comment": ""}],
    }


def fill(url: str, count: int) -> None:
    """A store with that many judged pairs, all of which may be exported."""
    Store(url).close()  # makes the tables
    talk, rng = Talk(seed=1), random.Random(1)
    tables = {table.name: table for table in (conversations, turns, replies, comparison_sides, comparisons)}
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(insert(consents), {"id": talk.id(), "rater": "", "created_at": START, "allowed": True})
    for first in range(0, count, BATCH):
        with engine.begin() as connection:
            batch = [pair_rows(talk, rng, number) for number in range(first, min(count, first + BATCH))]
            for name, table in tables.items():
                _add(connection, table, [row for rows in batch for row in rows[name]])
    engine.dispose()


def _add(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table), rows)


def measured(data_dir: Path, file: Path, *options: str) -> tuple[float, float]:
    """Run one export; the seconds it took, and the most memory it had in megabytes."""
    words = ["export", "preference", "-o", str(file), "--data-dir", str(data_dir), *options]
    begin = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "r1chat", *words], os.environ)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        raise SystemExit(f"the export to {file.name} failed")
    return seconds, usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def digest(folder: Path) -> str:
    """Of all files in a folder. A little at a time: what this process has used counts as used by the next export."""
    hasher = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        hasher.update(path.name.encode())
        with path.open("rb") as file:
            hasher.update(hashlib.file_digest(file, "sha256").digest())
    return hasher.hexdigest()


def measure(data_dir: Path, count: int) -> Report:
    """Fill a store in the folder unless there is one, and export it."""
    report = Report("export")
    database = data_dir / "r1chat.db"
    if not database.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        # In a process of its own: what this one has used counts as used by the exports that it starts.
        filling = get_context("spawn").Process(target=fill, args=(f"sqlite:///{database}", count))
        filling.start()
        filling.join()
    report.figure("judged pairs", count)
    report.figure("database, MB", database.stat().st_size / 1e6)
    for name, suffix, *options in (("jsonl", "jsonl"), ("parquet", "parquet"), ("test set", "jsonl", "--test", "0.1")):
        digests, runs = set(), []
        for _ in range(RUNS):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(measured(data_dir, Path(folder) / f"pairs.{suffix}", *options))
                size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
                digests.add(digest(Path(folder)))
        seconds = statistics.median(duration for duration, _ in runs)
        report.figure(f"{name}: files, MB", size)
        report.bar(f"{name}: time, s", seconds, at_most=SECONDS)
        report.bar(f"{name}: memory, MB", max(memory for _, memory in runs), at_most=MEGABYTES)
        report.bar(f"{name}: other results than the first", len(digests) - 1, at_most=0)
    return report


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--pairs", type=int, default=100_000)
    cli.add_argument("--data-dir", type=Path, help="where the store is kept for the next time; default: nowhere")
    cli.add_argument("--json", action="store_true")
    args = cli.parse_args()
    if args.data_dir:
        measure(args.data_dir, args.pairs).print(as_json=args.json)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), args.pairs).print(as_json=args.json)


if __name__ == "__main__":
    main()

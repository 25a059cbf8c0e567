"""Odd data folders, as an import or `restore` takes them: everything opens over them, with no status 500.

    python -m benchmarks.fuzz_folders [--folders 100] [--seed 1] [--replies 5]

Each folder has conversations with a row of every kind. Then columns get values that their types allow and that r1chat
itself would hardly write: numbers and dates at their ends, texts of all kinds of characters, bookmarks that lead
nowhere, ancestors in a circle, NULL wherever that may be. The database is put in place by `restore`, every other one as
an archive that is imported; beside it lie evaluations, trainings and files of models that make as little sense. Every
step of `benchmarks.walk` is taken over some of the replies. What r1chat itself fails at is printed with
its seed, and the command fails.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import folders
from benchmarks.folders import Rows
from benchmarks.fuzz import PIECES, PLAIN
from benchmarks.walk import Names, walk
from r1chat import archive
from r1chat.errors import R1ChatError
from r1chat.store import Store, backup
from r1chat.store.allowed import ALLOWED, MARKS, REASONS
from r1chat.store.schema import metadata

NAMES = (
    "",
    " ",
    "x" * 400,
    "\u202eab\u2066",
    "a\0b",
    "<b>&\"'",
    "a:b:c",
    "模型",
    "\ufffe\uffff",
    "a\nb\r\x1b[2J",
    "%s{0}",
    "́",
)
INTEGERS = (0, 1, -1, 2, 3, 50, 2**31 - 1, 2**31, 2**53, 2**63 - 1, -(2**63))
NUMBERS = (0.0, -0.0, -1.0, 0.5, 1, 2, 1e17, 1e308, -1e308, 5e-324)
MOMENTS = (
    "0001-01-01 00:00:00",
    "9999-12-31 23:59:59.999999",
    "20260101T000000",
    "1969-12-31 23:59:59",
    "2026-02-28 12:00:00.5",
)
JSONS = (
    "",
    "[]",
    "{}",
    "null",
    "1e999",
    "[" * 1000,
    '{"temperature": 1e308}',
    "[[0, 0]]",
    "[[5, 5], [1, 1], [9, 2]]",
    '["a", "b"]',
    '["\\ud800", ""]',
)
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    1e308,
    "",
    "\ud800",
    "\0",
    "x" * 400,
    [],
    {},
    [[]],
    {"a": None},
    "2026-01-01",
)


def text(rng: random.Random) -> str:
    """A text of a few pieces that a reader of texts looks for."""
    pieces = [*PLAIN, *(piece for kind in PIECES.values() for piece in kind), "\\boxed{", "70", " = ", "27 + 43"]
    content = "".join(rng.choices(pieces, k=rng.choice((0, 1, 5, 60, 400))))
    return content.encode("utf-8", "replace").decode()


# What would be refused: by `restore` and an import; by an import alone.
_REFUSED = ("duel.turn_id", "duel.left_id", "duel.right_id", "reply.turn_id", "turn.conversation_id")
_TOLD = [
    "position",
    "start",
    "end",
    "turn_id",
    "verdict",
    "parent_reply_id",
    "conversation_id",
    "finish",
    "reasons",
    "sampling",
    "later",
]
_NAMED = ("preset.name", "verification.reference_id", "exclusion.subject_id", "reply.reasoning", "reply.parent_id")


def fill(folder: Path, rng: random.Random, as_archive: bool) -> None:
    """Conversations with a row of every kind, of which a part is odd; `as_archive`: as an import takes them."""
    with Rows(folder) as rows:
        for _ in range(3):
            conversation, exchanges = rows.talk(2, answer=text(rng), reasoning=f"Wait, {text(rng)}")
            turn, first = exchanges[-1]
            others = [rows.reply(turn, parent_id=first, answer=text(rng), vote_id="ab" * 16) for _ in range(3)]
            others.append(rows.reply(turn, parent_id=first, origin="corrected", answer=text(rng)))
            rows.reply(rows.turn(conversation, exchanges[0][1], content=text(rng)), reasoning=text(rng))
            reference = rows.reference(turn)
            for reply in (first, *others):
                rows.rating(reply, comment=text(rng))
                rows.rating(reply, part="thought", thumb="down")
                rows.verification(reply, reference)
                rows.moment_label(reply, 0, 5)
                rows.step_label(reply)
            judged = rows.comparison(turn, *rng.sample([first, *others], 2))
            rows.comparison(turn, *rng.sample([first, *others], 2), rater="bob")
            rows.add("exclusion", subject_id=judged, excluded=True, reason="no", rater="ann", created_at=rows.now)
            rows.consent(conversation)
        rows.preset("short")
        rows.preset("long")
        rows.consent()
    share = rng.choice((0.02, 0.1, 0.3))
    with closing(sqlite3.connect(folder / "r1chat.db")) as connection, connection:
        for table in _tables(connection):
            _make_odd(connection, table, share, rng, as_archive)


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in rows if name in metadata.tables]


def _make_odd(connection: sqlite3.Connection, table: str, share: float, rng: random.Random, as_archive: bool) -> None:
    columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    targets = {row[3]: row[2] for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')}
    ids = {
        name: [row[0] for row in connection.execute(f'SELECT id FROM "{name}"')] for name in {*targets.values(), table}
    }
    for number in [row[0] for row in connection.execute(f'SELECT rowid FROM "{table}"').fetchall()]:
        for _, name, kind, notnull, _, key in columns:
            if name in ("id", "number") or key or rng.random() > share:
                continue
            if f"{table}.{name}" in _REFUSED or (as_archive and (name in _TOLD or f"{table}.{name}" in _NAMED)):
                continue  # that would be refused
            if not notnull and rng.random() < 0.3:
                value: Any = None
            elif name in targets:
                value = rng.choice(ids[targets[name]])
            else:
                value = _value(table, name, kind, ids[table], rng)
            if as_archive:
                value = abs(value) % 2**63 if isinstance(value, int) else value
                value = value.replace("\0", "") if isinstance(value, str) else value
                if name.endswith("_id") or name == "seen_from":
                    value = rng.choice((None, rng.choice(ids[targets.get(name, table)]))) if not notnull else value
            with suppress(sqlite3.IntegrityError):  # a name that is taken
                connection.execute(f'UPDATE "{table}" SET "{name}" = ? WHERE rowid = ?', (value, number))


def _value(table: str, name: str, kind: str, ids: Sequence[str], rng: random.Random) -> Any:
    """A value that `restore` takes in a column."""
    if words := ALLOWED.get(table, {}).get(name):
        return rng.choice(words)
    if (table, name) == ("rating", "reasons"):
        return " ".join(rng.sample(sorted({*REASONS["up"], *REASONS["down"]}), 2))
    if table == "rating" and name in MARKS:
        return rng.randint(1, 5)
    if kind == "BOOLEAN":
        return rng.randint(0, 1)
    if kind in ("INTEGER", "BIGINT"):
        return rng.choice(INTEGERS)
    if kind == "DOUBLE":
        return rng.choice(NUMBERS)
    if kind == "DATETIME":
        return rng.choice(MOMENTS)
    if name in ("sampling", "later", "error"):
        return rng.choice(JSONS)
    return rng.choice((*NAMES, rng.choice(ids), text(rng)))


def beside(folder: Path, rng: random.Random) -> None:
    """Evaluations, trainings and models with values that make no sense."""
    for name in ("a run", "b\udcff", "c"):
        with suppress(OSError, UnicodeEncodeError):
            folders.evaluation(folder, name, 3, 2)
            folders.training(folder, name, 3)
    folders.curve(folder, "curve", 3)
    for file in sorted(folder.glob("*/**/*.json*")):
        lines = file.read_text(encoding="utf-8").splitlines()
        for place, line in enumerate(lines):
            value = json.loads(line)
            for _ in range(rng.choice((0, 0, 1, 3))):
                _change(value, rng)
            lines[place] = json.dumps(value)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    models = folder / "models" / "adapters"
    models.mkdir(parents=True, exist_ok=True)
    for files in (models, models.parent):
        (files / "empty.gguf").write_bytes(b"")
        (files / "head.gguf").write_bytes(b"GGUF\3\0\0\0" + bytes(rng.randrange(256) for _ in range(40)))
        (files / "empty.json").write_text(
            rng.choice(("[]", "{}", "null", '{"run": 1}', '{"run": "a run", "state": 5}', '{"run": "c"}'))
        )


def _change(value: Any, rng: random.Random) -> None:
    """Give one field, at any depth, an odd value, or none."""
    places: list[tuple[Any, Any]] = []

    def collect(part: Any) -> None:
        for key, inner in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
            places.append((part, key))
            collect(inner)

    collect(value)
    if places:
        part, key = rng.choice(places)
        if rng.random() < 0.2:
            del part[key]
        else:
            part[key] = copy.deepcopy(rng.choice(ODD))


def taken(source: Path, folder: Path, as_archive: bool) -> bool:
    """Put the database of one folder into another, as a person would; whether it was taken."""
    try:
        if not as_archive:
            backup.restore(source / "r1chat.db", folder / "r1chat.db")
            return True
        backup.restore(source / "r1chat.db", source / "first" / "r1chat.db")
        with closing(Store(f"sqlite:///{source / 'first' / 'r1chat.db'}")) as old:
            archive.write(old, source / "all.jsonl", True)
        with closing(Store(f"sqlite:///{folder / 'r1chat.db'}")) as store:
            archive.read(store, source / "all.jsonl")
    except R1ChatError:
        return False
    return True


def places(folder: Path) -> list[Names]:
    """Every reply in a data folder with its message and conversation, whatever these say of each other."""
    with closing(sqlite3.connect(folder / "r1chat.db")) as connection:
        rows = connection.execute(
            "SELECT turn.conversation_id, turn.id, reply.id FROM reply JOIN turn ON turn.id = reply.turn_id"
        ).fetchall()
    return [Names(conversation, turn, reply, "a run", "c") for conversation, turn, reply in rows]


def failures(seed: int, most: int = 100, refused: Callable[[], object] = bool) -> Iterator[tuple[str, BaseException]]:
    """Walk over one odd folder; the steps in which r1chat itself fails, with what was raised.

    `most`: replies that are looked at, at random. `refused` is called where the folder is not taken at all.
    """
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as source, tempfile.TemporaryDirectory() as target:
        as_archive = bool(seed % 2)
        fill(Path(source), rng, as_archive)
        beside(Path(target), rng)
        try:
            was_taken = taken(Path(source), Path(target), as_archive)
        except Exception as error:
            yield "taking it in", error
            return
        if not was_taken:
            refused()
            return
        all_places = places(Path(target))
        yield from walk(Path(target), rng.sample(all_places, min(most, len(all_places))))


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("--folders", type=int, default=100)
    cli.add_argument("--seed", type=int, default=1)
    cli.add_argument("--replies", type=int, default=5, help="that are looked at in a folder")
    args = cli.parse_args()
    defects: dict[str, str] = {}
    refused: list[int] = []
    for seed in range(args.seed, args.seed + args.folders):
        for step, error in failures(seed, args.replies, partial(refused.append, seed)):
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
            if where not in defects:
                defects[where] = step
                print(f"seed {seed}, {step}: {where}", flush=True)
                traceback.print_exception(error, limit=-8)
    print(f"{args.folders} folders, of which {len(refused)} were refused; {len(defects)} defects")
    sys.exit(bool(defects))


if __name__ == "__main__":
    main()

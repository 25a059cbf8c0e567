"""Data folders as somebody else may pass them on: rows are written as told, past everything that r1chat checks.

    with Rows(folder) as rows:
        conversation = rows.conversation(title="Sums")
        turn = rows.turn(conversation)
        reply = rows.reply(turn, reasoning="7 + 3 carries.", answer="70")

Each method writes one row and returns its id; keywords are columns in place of the usual values.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import create_engine, event

from r1chat.conversations import Provenance
from r1chat.evaluation.listing import FOLDER as EVALUATIONS
from r1chat.messages import Params, Reply
from r1chat.servers import FILE_NAME as SERVERS
from r1chat.store import Store
from r1chat.store.schema import metadata, provenance_columns, reply_columns

START = datetime(2026, 1, 1, tzinfo=UTC)
PROVENANCE = Provenance("scripted", "1", "scripted", "ab" * 32, "Q4_K_M", "", Params(seed=1))


class Rows:
    """The database of a data folder, into which rows are written in one transaction."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{folder / 'r1chat.db'}"
        Store(url).close()
        self._engine = create_engine(url)
        event.listen(self._engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = OFF"))
        self._connection = self._engine.connect()
        self._waiting: dict[str, list[dict[str, Any]]] = {}
        self._positions: dict[str, int] = {}
        self._count = 0

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            for table, rows in self._waiting.items():
                self._connection.execute(metadata.tables[table].insert(), rows)
            self._connection.commit()
        self._connection.close()
        self._engine.dispose()

    def add(self, table: str, **columns: Any) -> str:
        """A row; the columns that are missing have their defaults."""
        self._count += 1
        row = {"id": f"{self._count:032x}", **columns}
        known = self._waiting.setdefault(table, [])
        known.append({**{name: None for name in known[0]}, **row} if known else row)
        return str(row["id"])

    @property
    def now(self) -> datetime:
        """A moment that is later than that of every row before."""
        return START + timedelta(seconds=self._count)

    def conversation(self, **columns: Any) -> str:
        row: dict[str, Any] = {"title": f"Sum {self._count}", "model": "scripted:scripted", "created_at": self.now}
        row |= {"updated_at": self.now, "shown_turn_id": None, "deleted_at": None, "budget": None, "preset": ""}
        row |= {"keep_thoughts": False, "thinking_choice": "", "system": "", "sampling": "", "system_role": False}
        return self.add("conversation", **{**row, "seen_from": None, **columns})

    def turn(self, conversation: str, parent: str | None = None, **columns: Any) -> str:
        row: dict[str, Any] = {
            "conversation_id": conversation,
            "parent_reply_id": parent,
            "position": self._next(parent or conversation),
        }
        row |= {"created_at": self.now, "content": "27 + 43 = ?", "shown_reply_id": None}
        return self.add("turn", **{**row, **columns})

    def reply(self, turn: str, **columns: Any) -> str:
        text = Reply("7 + 3 carries.", True, f"It is {self._count}.", "stop")
        row = {"turn_id": turn, "position": self._next(turn), "created_at": self.now, "saved_at": self.now}
        row |= {"shown_turn_id": None, "owner": ""} | reply_columns(text) | provenance_columns(PROVENANCE)
        return self.add("reply", **{**row, **columns})

    def rating(self, reply: str, **columns: Any) -> str:
        row = {"reply_id": reply, "part": "answer", "thumb": "up", "reasons": "", "comment": "", "helpfulness": None}
        row |= {"correctness": None, "clarity": None, "harmlessness": None, "thought_open": None}
        return self.add("rating", **{**row, **self._said(), **columns})

    def moment_label(self, reply: str, start: int, end: int, **columns: Any) -> str:
        row = {"reply_id": reply, "start": start, "end": end, "kind": "check", "verdict": "confirmed"}
        return self.add("moment_label", **{**row, **self._said(), **columns})

    def step_label(self, reply: str, **columns: Any) -> str:
        row = {"reply_id": reply, "verdict": "none_wrong", "start": 0, "end": 0}
        return self.add("step_label", **{**row, **self._said(), **columns})

    def comparison(self, turn: str, left: str, right: str, winner: str = "left", **columns: Any) -> str:
        duel = self.add("duel", turn_id=turn, left_id=left, right_id=right, blind=True, **self._said())
        row = {"duel_id": duel, "winner": winner, "left_thought_seen": None, "right_thought_seen": None}
        return self.add("comparison", **{**row, "dwell": None, "comment": "", **self._said(), **columns})

    def reference(self, turn: str, text: str = "70", **columns: Any) -> str:
        return self.add("reference", **{"turn_id": turn, "text": text, "kind": "number", **self._said(), **columns})

    def verification(self, reply: str, reference: str, **columns: Any) -> str:
        row = {"reply_id": reply, "reference_id": reference, "accuracy": 1.0}
        return self.add("verification", **{**row, **self._said(), **columns})

    def consent(self, conversation: str | None = None, allowed: bool = True) -> str:
        return self.add("consent", conversation_id=conversation, allowed=allowed, **self._said())

    def preset(self, name: str, **columns: Any) -> str:
        row = {"name": name, "model": "", "budget": None, "thinking_choice": "", "system": "", "system_role": False}
        return self.add("preset", **{**row, "sampling": "", **columns})

    def talk(self, count: int, **columns: Any) -> tuple[str, list[tuple[str, str]]]:
        """A conversation of so many messages with a reply each; its id, and those of message and reply."""
        conversation, parent = self.conversation(), None
        exchanges = []
        for number in range(count):
            turn = self.turn(conversation, parent, content=f"{number} + 43 = ?")
            parent = self.reply(turn, **columns)
            exchanges.append((turn, parent))
        return conversation, exchanges

    def _said(self) -> dict[str, Any]:
        return {"rater": "ann", "created_at": self.now}

    def _next(self, above: str) -> int:
        self._positions[above] = self._positions.get(above, 0) + 1
        return self._positions[above]


def evaluation(folder: Path, name: str, problems: int, samples: int) -> None:
    """A run of an evaluation without a database of its own."""
    run = folder / EVALUATIONS / name
    run.mkdir(parents=True)
    record = {"task": "sums", "title": f"model {name}", "model": "scripted:scripted", "digest": "ab", "source": ""}
    record |= {"paper": "", "problems": problems, "k": samples, "seed": 0, "budget": None, "sampling": []}  # type: ignore[dict-item]
    (run / "run.json").write_text(json.dumps(record))
    sample = {"reply": "ab", "correct": True, "finish": "stop", "thinking": 10, "answer": 5, "seconds": 0.1}
    with (run / "solved.jsonl").open("w") as stream:
        for number in range(problems):
            attempts = [{**sample, "correct": (number + place) % 3 == len(name) % 3} for place in range(samples)]
            line = {"problem": str(number), "turn": "ab", "samples": attempts, "majority": True, "seconds": 0.5}
            stream.write(json.dumps(line) + "\n")


def curve(folder: Path, name: str, points: int) -> None:
    """A curve of so many points, with one run below it."""
    evaluation(folder, f"{name}/budget-0", 1, 1)
    estimate = {"value": 0.5, "low": 0.4, "high": 0.6}
    rows = [{"kind": "budget", "amount": n, "tokens": float(n), "accuracy": estimate} for n in range(points)]
    (folder / EVALUATIONS / name / "curve.json").write_text(json.dumps({"points": rows}))


def training(folder: Path, name: str, lines: int) -> None:
    """A training run with so many lines in its log."""
    run = folder / "learning" / name
    run.mkdir(parents=True)
    (run / "wish.json").write_text(json.dumps({"kind": "prefer", "model": "llama.cpp:nano"}))
    status = {"state": "done", "base": {"name": "nano", "title": "nano", "sha256": "ab"}, "steps": lines, "step": lines}
    (run / "status.json").write_text(json.dumps(status))
    log = [json.dumps({"step": step, "loss": 0.5, "rate": 1e-4, "margin": 0.1}) for step in range(lines)]
    (run / "log.jsonl").write_text("\n".join(log) + "\n")


def servers(folder: Path, count: int) -> None:
    """A list of so many servers, none of which is there."""
    listed = [{"url": f"http://127.0.0.1:{20_000 + number}/v1", "key": ""} for number in range(count)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SERVERS).write_text(json.dumps(listed))

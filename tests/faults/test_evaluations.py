"""Runs of evaluations whose files make no sense: of another version, of somebody else, or damaged."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from r1chat.errors import EvaluationError, StoreError
from r1chat.evaluation.curve import read_points
from r1chat.evaluation.listing import FOLDER, Evaluations
from r1chat.evaluation.measures import Solved
from r1chat.evaluation.problems import Task
from r1chat.evaluation.run import RunSettings
from r1chat.evaluation.samples import read_samples
from r1chat.evaluation.starting import name_of
from r1chat.store import Store
from r1chat.ui.evaluation.page import Overview, whole
from r1chat.ui.evaluation.table import Column, side_by_side
from r1chat.ui.words.evaluation import EVALUATION_WORDS

SAMPLE = {"reply": "a" * 32, "correct": True, "finish": "stop", "thinking": 1, "answer": 1, "seconds": 1.0}
DONE_LINE = {"problem": "1", "turn": "a" * 32, "samples": [SAMPLE], "majority": None, "seconds": 1.0}
RUN = {
    "task": "sums",
    "title": "t",
    "model": "m:x",
    "digest": "d",
    "source": "s",
    "paper": "",
    "problems": 2,
    "k": 1,
    "seed": 0,
    "budget": None,
    "sampling": [],
}


@pytest.mark.parametrize(
    ("run", "line"),
    [
        *((RUN | {name: 10**400}, DONE_LINE) for name in ("problems", "k", "seed", "budget")),
        (RUN | {"sampling": [["temperature", 10**400]]}, DONE_LINE),
        (RUN | {"recommended": {"temperature": 10**400}}, DONE_LINE),
        (RUN | {"began": "0001-01-01T00:00:00+14:00"}, DONE_LINE),
        (RUN, DONE_LINE | {"seconds": None}),
        (RUN, DONE_LINE | {"majority": "x"}),
        *((RUN, DONE_LINE | {"samples": [SAMPLE | {"seconds": value}]}) for value in (None, "x", [1], 10**400)),
        *((RUN, DONE_LINE | {"samples": [SAMPLE | {"moments": value}]}) for value in (None, [1], {"check": "x"})),
        (RUN, DONE_LINE | {"samples": [SAMPLE | {"moments": {str(number): 1 for number in range(100)}}]}),
        (RUN, DONE_LINE | {"samples": [SAMPLE | {"format": 10**400}]}),
        (RUN, [1]),
    ],
)
def test_a_run_that_makes_no_sense_hides_no_other(tmp_path: Path, run: dict[str, Any], line: object) -> None:
    for name, specification, solved in (("sound", RUN, DONE_LINE), ("theirs", run, line)):
        (tmp_path / FOLDER / name).mkdir(parents=True)
        (tmp_path / FOLDER / name / "run.json").write_text(json.dumps(specification))
        (tmp_path / FOLDER / name / "solved.jsonl").write_text(json.dumps(solved) + "\n")
    evaluations = Evaluations(tmp_path)
    words = EVALUATION_WORDS["en"]
    overview = Overview(evaluations.all(), evaluations.curves(), [run.name for run in evaluations.all()], [])
    assert "sound" in str(whole(overview, [], "", words))
    assert "sound" in str(
        side_by_side([Column(run, evaluations.measures(run)) for run in evaluations.all()], None, "", words)
    )


def test_a_view_in_the_database_of_a_run_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "r1chat.db"
    Store(f"sqlite:///{file}").close()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; ALTER TABLE turn RENAME TO hidden;"
            "CREATE VIEW turn AS WITH RECURSIVE endless(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM endless)"
            " SELECT * FROM hidden, endless;"
        )
    with pytest.raises(StoreError, match=r"not one of r1chat's|missing"):
        read_samples(tmp_path, [Solved("1", "a" * 32, ())])


@pytest.mark.parametrize("model", ["m:" + "x" * 300, "m:" + "模" * 300, "m:--k"])
def test_a_run_of_a_model_with_a_long_or_odd_name_has_a_folder(tmp_path: Path, model: str) -> None:
    task = Task("-k", (), "s")
    name = name_of(task, RunSettings(model, 1))
    (tmp_path / f"{name}-12").mkdir()
    assert not name.startswith("-") and name.endswith("-k1")


@pytest.mark.parametrize(
    "change",
    [
        *({"tokens": value} for value in (-5, -1e300, 1e300, 10**400, "x", [1])),
        *({"amount": value} for value in (None, -1, 10**400, "x")),
        *({"accuracy": {"value": value, "low": 0.0, "high": 1.0}} for value in (-0.5, 2.0, 10**400, "x")),
        {"kind": "other"},
        {"accuracy": None},
    ],
)
def test_a_curve_whose_numbers_make_no_sense_is_told(tmp_path: Path, change: dict[str, Any]) -> None:
    point = {"kind": "budget", "amount": 1, "tokens": 5.0, "accuracy": {"value": 0.5, "low": 0.0, "high": 1.0}}
    file = tmp_path / "curve.json"
    file.write_text(json.dumps({"points": [point]}))
    assert [read.tokens for read in read_points(file)] == [5.0]
    file.write_text(json.dumps({"points": [point | change]}))
    with pytest.raises(EvaluationError, match="Draw it again"):
        read_points(file)

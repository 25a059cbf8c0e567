"""The cases beside the project are those that the tests know: each file has a copy in `data/`, and a test that says
what a person expects of it (`test_formats`, `test_moving_in`, `test_drawing`, `test_answers`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "shared" / "cases"
DATA = Path(__file__).parent / "data"
COPIES = {"answers.jsonl": "answers.jsonl", "formats.jsonl": "formats/outputs.jsonl"}
COPIED_FOLDERS = {"wire": "formats/wire", "import": "import", "render": "render"}


def test_every_case_has_a_copy_that_a_test_states_an_expectation_of() -> None:
    if not CASES.is_dir():
        pytest.skip(f"{CASES} is not there: the cases are not a part of the project")
    for case in sorted(path for path in CASES.rglob("*") if path.is_file() and path.name != "README.md"):
        name = case.relative_to(CASES)
        copy = DATA / COPIES[name.name] if len(name.parts) == 1 else DATA / COPIED_FOLDERS[name.parts[0]] / name.name
        assert copy.read_bytes() == case.read_bytes(), name

"""The README's commands are the ones that are run: by people, and by .ci/run."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUN = 'python -m venv .venv && .venv/bin/pip install -e ".[llama]" && .venv/bin/python app.py'
TEST = 'python -m venv .venv && .venv/bin/pip install -e ".[test,train]" && .venv/bin/pytest'


def commands() -> list[str]:
    """The lines of the README's fenced blocks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_first_command_of_the_readme_sets_up_and_runs_the_app() -> None:
    assert commands()[0] == RUN


def test_readme_and_ci_run_the_tests_by_the_same_command() -> None:
    assert TEST in commands()
    assert TEST in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

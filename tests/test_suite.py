"""Which tests a run of pytest takes: the rule in conftest.py, on a suite of four tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
QUICK = "not browser and not postgres and not train"
SUITE = """
import pytest

def test_quick(): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.slow
@pytest.mark.train
def test_training(): pass

@pytest.fixture
def browser(): pass

def test_page(browser): pass
"""
ALL = {"quick", "slow", "training", "page"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    (folder / "pyproject.toml").write_text((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    (folder / "tests").mkdir()
    (folder / "tests" / "conftest.py").write_text((TESTS / "conftest.py").read_text(encoding="utf-8"))
    (folder / "tests" / "test_some.py").write_text(SUITE)
    return folder


def pytest_of(folder: Path, *words: str) -> str:
    """What pytest prints."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    command = [sys.executable, "-m", "pytest", "-v", *words]
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=120
    ).stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-m", QUICK], {"quick"}),
        (["-m", "not browser"], {"quick"}),
        ([], ALL),
        (["-m", f"{QUICK} and (slow or not slow)"], {"quick", "slow"}),
        (["-m", "not train"], {"quick", "slow", "page"}),
        (["-m", QUICK, "tests/test_some.py"], {"quick", "slow"}),
    ],
)
def test_slow_tests_are_left_out_where_browsers_are_and_no_file_is_named(
    folder: Path, words: list[str], expected: set[str]
) -> None:
    printed = pytest_of(folder, "-n", "0", "--collect-only", *words)
    assert {name for name in ALL if f"<Function test_{name}>" in printed} == expected


@pytest.mark.slow
def test_the_quick_suite_says_how_many_slow_tests_it_left_out(folder: Path) -> None:
    for processes in ("0", "2"):
        printed = pytest_of(folder, "-n", processes, "-m", QUICK)
        assert "1 passed" in printed
        assert "slow tests that were left out: 1; plain `pytest` runs them." in printed

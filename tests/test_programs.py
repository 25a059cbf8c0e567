"""Programs that a model wrote, run and judged: right ones pass, and those that mean harm do none."""

import sys
import time
from pathlib import Path

import pytest

from r1chat.rewards.programs import PROTECTIONS, Limits, Requirements, passes, program, run

SHORT = Limits(seconds=1)
ACTIVE = run("").protections
linux = pytest.mark.skipif(not {"network", "files"} <= set(ACTIVE), reason=f"this system confines only: {ACTIVE}")


@pytest.mark.parametrize(
    ("code", "tests", "value"),
    [
        ("def f(x): return x + 1", Requirements("assert f(1) == 2"), 1.0),
        ("def f(x): return x", Requirements("assert f(1) == 2"), 0.0),
        ("def f(x) return x", Requirements("assert f(1) == 2"), 0.0),
        ("import os; os._exit(0)", Requirements("assert False"), 0.0),  # ends before its tests
        ("raise SystemExit(0)", Requirements("assert False"), 0.0),
        ("def f(x): return sqrt(x)", Requirements("assert f(4) == 2", before="from math import sqrt"), 1.0),
        ("print(sum(map(int, input().split())))", Requirements(cases=(("1 2", "3"), ("4 5\n", "9 \n\n"))), 1.0),
        ("print(3)", Requirements(cases=(("1 2", "3"), ("4 5", "9"))), 0.0),
    ],
)
def test_a_program_passes_where_all_its_tests_do(code: str, tests: Requirements, value: float) -> None:
    assert passes(f"Here it is:\n\n```python\n{code}\n```\nDone.", tests).value == value


def test_the_last_block_is_the_program_and_prose_is_none() -> None:
    assert program("```python\nx = 1\n```\nNo:\n```\nx = 2\n```") == "x = 2\n"
    assert program("def f():\n    return 1\n") is not None
    assert program("I cannot do that.") is None
    assert passes("I cannot do that.", Requirements("assert True")).value == 0.0


def test_the_reason_of_a_failure_is_said() -> None:
    assert "NameError" in passes("```python\npass\n```", Requirements("f(1)")).why


@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(60)", "while True: print('x' * 1000)"])
def test_an_endless_program_is_ended(code: str) -> None:
    begun = time.monotonic()
    reward = passes(f"```python\n{code}\n```", Requirements("assert True"), SHORT)
    assert reward.value == 0.0
    assert time.monotonic() - begun < 30


def test_what_is_printed_is_kept_up_to_a_limit() -> None:
    assert len(run("print('x' * 5_000_000)").output) <= 1_000_000


@linux
def test_no_program_reaches_the_network() -> None:
    outcome = run("import socket; socket.create_connection(('127.0.0.1', 9), 1)")
    assert "PermissionError" in outcome.errors or "unreachable" in outcome.errors


@linux
def test_no_program_reads_or_writes_what_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for code in (f"print(open({str(tmp_path / 'secret')!r}).read())", f"open({str(tmp_path / 'new')!r}, 'w')"):
        outcome = run(code)
        assert "PermissionError" in outcome.errors
        assert not outcome.output
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert run("open('own', 'w').write('x'); print(open('own').read())").output == "x\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds RLIMIT_AS")
def test_memory_and_files_are_limited() -> None:
    assert "MemoryError" in run("x = bytearray(4_000_000_000)").errors
    assert "File too large" in run("open('x', 'w').write('x' * 20_000_000)").errors


def test_what_confined_a_program_is_known() -> None:
    assert set(ACTIVE) <= set(PROTECTIONS)
    assert "limits" in ACTIVE or sys.platform == "win32"

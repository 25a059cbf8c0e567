"""Programs that a model wrote, run and judged: right ones pass, and those that mean harm do none."""

import sys
import time
from pathlib import Path

import pytest

from r1chat.errors import CheckError
from r1chat.rewards import RightAnswer, accuracy, trl_reward
from r1chat.rewards.programs import (
    PROTECTIONS,
    Limits,
    Requirements,
    passes,
    program,
    read_requirements,
    run,
    unprotected,
    write_requirements,
)

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


@pytest.mark.parametrize(
    ("code", "tests", "says"),
    [
        ("pass", Requirements("f(1)"), "NameError"),
        (
            "def f(x): return x",
            Requirements("assert f(0) == 0\nassert f(2) == 4\nassert f(3) == 9"),
            "assert f(2) == 4",
        ),
        (
            "def f(x): return x",
            Requirements("def check(g):\n    assert g(2) == 4, 'twice'\ncheck(f)"),
            "assert g(2) == 4, 'twice': twice",
        ),
        ("print(5)", Requirements(cases=(("1", "5"), ("2", "4"))), "for the input “2” it prints “5”, not “4”"),
    ],
)
def test_the_first_failure_is_said(code: str, tests: Requirements, says: str) -> None:
    assert says in passes(f"```python\n{code}\n```", tests).why


@pytest.mark.parametrize(
    "tests",
    [
        Requirements("assert f(2) == 4\nassert f(0) == 0"),
        Requirements("assert f(2) == 4", before="import math"),
        Requirements(cases=(("2\n", "4\n"), ("“3”", "6"))),
        Requirements("{f(2): 1}\nassert f(2) == 4"),
    ],
)
def test_tests_are_kept_as_the_text_of_a_reference(tests: Requirements) -> None:
    assert read_requirements(write_requirements(tests)) == tests


@pytest.mark.parametrize(
    "text",
    ["assert f(", "2", "x = 1", "", "{}", '{"cases": [1]}', '{"cases": [[1, 2]]}', "[" * 5_000, '{"asserts": 3}'],
)
def test_what_tests_nothing_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(CheckError) as error:
        read_requirements(text)
    assert "测试" in error.value.sentence("zh")


def test_the_line_that_is_no_python_is_told_as_it_was_given() -> None:
    with pytest.raises(CheckError, match=r"never closed, line 2\. Correct"):
        read_requirements("assert f(1) == 1\nassert (f(2)")


def test_a_reply_without_a_program_says_so_before_anything_is_run() -> None:
    undecided = accuracy("It is 444.", RightAnswer("assert f(1) == 1", "tests"))
    assert undecided.value is None and "no Python program" in undecided.why


def test_only_the_python_of_tests_is_bounded_and_not_what_a_program_is_given() -> None:
    large = Requirements(cases=(("1 " * 60_000, "60000"),))
    assert read_requirements(write_requirements(large)) == large
    with pytest.raises(CheckError, match="Give fewer tests"):
        read_requirements("assert f(2) == 4\n" * 4_000)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(60)", "while True: print('x' * 1000)"])
def test_an_endless_program_is_ended(code: str) -> None:
    start = time.monotonic()
    reward = passes(f"```python\n{code}\n```", Requirements("assert True"), SHORT)
    assert reward.value == 0.0
    assert time.monotonic() - start < 30


@pytest.mark.slow
def test_many_tests_end_in_time_without_a_verdict() -> None:
    slow = Requirements(cases=(("", ""),) * 3_000)
    reward = passes("```python\nimport time\ntime.sleep(0.1)\n```", slow, Limits(total=1))
    assert reward.value is None
    assert "longer than 1 seconds in all" in reward.why and "of 3000 cases" in reward.why


@pytest.mark.slow
@pytest.mark.parametrize("within", [True, False])
def test_tests_are_stopped_between_two_cases_and_within_one(within: bool) -> None:
    calls = 0

    def stopped() -> bool:
        nonlocal calls
        calls += 1
        return calls > (2 if within else 12)

    seconds = 60 if within else 0
    many = Requirements(cases=(("", ""),) * 3_000)
    reward = passes(f"```python\nimport time\ntime.sleep({seconds})\n```", many, stopped=stopped)
    assert (reward.value, reward.why) == (None, "The tests were stopped.")


def test_a_traceback_shows_the_lines_of_the_program() -> None:
    assert "return 1 / 0  # here" in run("def f():\n    return 1 / 0  # here\nf()").errors
    assert "def f(x) return" in run("def f(x) return").errors


@pytest.mark.slow
def test_a_program_is_the_main_module() -> None:
    code = """
        import __main__, inspect, pickle, sys
        class Pair(tuple):
            pass
        assert __name__ == "__main__" and sys.argv == ["main.py"]
        assert pickle.loads(pickle.dumps(Pair((1, 2)))) == (1, 2)
        assert __main__.Pair is Pair and "class Pair" in inspect.getsource(Pair)
        json
    """.replace("\n        ", "\n")
    assert run(code).errors.rstrip().split("\n")[-1].startswith("NameError: name 'json'")  # none of the sandbox's


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


def test_what_the_system_does_not_confine_is_said_in_both_languages() -> None:
    missing = [name for name in PROTECTIONS if name not in ACTIVE]
    for lang in ("en", "zh"):
        assert bool(unprotected().pick(lang)) == bool(missing)
        assert all(PROTECTIONS[name].pick(lang) in unprotected().pick(lang) for name in missing)


def test_a_reward_runs_programs_only_where_that_is_asked_for() -> None:
    assert accuracy("```python\nx = 1\n```", RightAnswer("assert True", "tests")).value is None
    columns = {"solution": ["assert f(2) == 4"] * 2, "solution_kind": ["tests"] * 2}
    replies = ["Hm.</think>" + f"```python\ndef f(x): return {x}\n```" for x in ("2 * x", "x")]
    prompts = ["Double it.<think>"] * 2
    assert trl_reward("accuracy")(prompts, replies, **columns) == [None, None]
    assert trl_reward("accuracy", run_code=True)(prompts, replies, **columns) == [1.0, 0.0]

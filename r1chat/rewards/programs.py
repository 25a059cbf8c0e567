"""The reward for code: does the program in a reply pass its tests? The program is run, confined as the system allows.

A program that a model wrote is run by `sandbox_program`. It is killed at its time limit, and what it prints is read up
to a limit. What confines it depends on the system: `ProgramOutcome.protections` says what was active. Tests run in the
program's own process, so a program that sets out to deceive them can; they are a measure, no proof.
"""

from __future__ import annotations

import ast
import json
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO

from r1chat.both import Both
from r1chat.errors import RightAnswerError
from r1chat.rewards.reward import Reward, shown

_SANDBOX = Path(__file__).with_name("sandbox_program.py")
_BOX, _NEW = "r1chat-run-", 60  # how the names of folders of programs begin; seconds
_FENCE = re.compile(r"^```([^\n]*)\n", re.MULTILINE)
_NAMES = ("", "python", "py", "python3")  # of the language of a block
MOST_OUTPUT = 1_000_000  # bytes of what a program prints; the rest is not read
MOST_CODE = 50_000  # characters of a program; Python's parser takes quadratic time for some texts
PROTECTIONS = {  # what a program is kept from, by the name of the protection
    "network": Both("using the network", "使用网络"),
    "processes": Both("leaving processes behind", "留下进程"),
    "files": Both("reading and changing your files", "读取和更改你的文件"),
    "limits": Both("using much memory", "占用大量内存"),
    "disk": Both("filling memory or disk with temporary files", "用临时文件占满内存或磁盘"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use: seconds (processor, and on the clock), bytes of memory, of a file and of all files.

    `total`: seconds for all its tests. `processes` counts threads; where the system can refuse other processes, there
    are none.
    """

    seconds: int = 10
    total: int = 300
    memory: int = 1_000_000_000
    file: int = 10_000_000
    disk: int = 50_000_000
    processes: int = 32


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a program must do: `asserts` is code that runs after it; or for each input what it must print.

    `before` is code that runs before the program, such as imports.
    """

    asserts: str = ""
    cases: tuple[tuple[str, str], ...] = ()
    before: str = ""


def read_requirements(text: str) -> Requirements:
    """The tests of a reference: Python with asserts, or JSON as `write_requirements` writes it.

    Raises RightAnswerError with what to correct.
    """
    text = text.strip()
    tests = _from_json(text) if text.startswith("{") else Requirements(asserts=text)
    code = "\n".join(filter(None, (tests.before, tests.asserts)))
    if len(code) > MOST_CODE:
        raise RightAnswerError(_TOO_LONG.format(most=MOST_CODE))
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        reason = Both("{what}, line {line}", "{what}，第 {line} 行").format(what=error.msg, line=error.lineno or 1)
        raise RightAnswerError(_NO_PYTHON.format(reason=reason)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise RightAnswerError(_NO_PYTHON.format(reason=error)) from None
    tested = any(isinstance(part, ast.Assert | ast.Call) for part in ast.walk(tree))
    if not tests.cases and not tested:
        raise RightAnswerError(_NO_TESTS)
    return tests


def write_requirements(tests: Requirements) -> str:
    """Tests as the text of a reference: asserts alone as they are, anything else as a JSON object."""
    if not tests.cases and not tests.before and not tests.asserts.lstrip().startswith("{"):
        return tests.asserts
    return json.dumps({name: value for name, value in asdict(tests).items() if value}, ensure_ascii=False)


def _from_json(text: str) -> Requirements:
    try:
        values = json.loads(text)
        cases = tuple((stdin, expected) for stdin, expected in values.get("cases", ()))
        tests = Requirements(values.get("asserts", ""), cases, values.get("before", ""))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise RightAnswerError(_NO_TESTS) from None
    texts = (tests.asserts, tests.before, *(text for case in cases for text in case))
    if not all(isinstance(text, str) for text in texts):
        raise RightAnswerError(_NO_TESTS)
    return tests


@dataclass(frozen=True, slots=True)
class ProgramOutcome:
    """How a program ended: its exit status, what it printed, and what confined it.

    `status` is None where it was out of time, and -n or 128 + n where signal n ended it.
    """

    status: int | None
    output: str
    errors: str
    protections: tuple[str, ...]


def passes(
    answer: str, tests: Requirements, limits: Limits = Limits(), stopped: Callable[[], bool] = lambda: False
) -> Reward:
    """1.0 where the program in a reply passes all tests, else 0.0 with the first failure.

    None where all tests together took longer than `limits.total`, or `stopped`, which is asked ten times a second,
    said to stop.
    """
    deadline = time.monotonic() + limits.total

    def over() -> bool:
        return stopped() or time.monotonic() > deadline

    code = program(answer)
    if code is None:
        return Reward(0.0, "The reply holds no Python program.", "回复中没有 Python 程序。")
    if tests.asserts:
        done = secrets.token_hex(16)  # printed after the last test: a program cannot end early and pass
        outcome = run(f"{tests.before}\n{code}\n{tests.asserts}\nprint({done!r})\n", "", limits, over)
        if outcome.status is None and over():
            return _unfinished(0, tests, limits, stopped())
        if outcome.status != 0 or not outcome.output.rstrip().endswith(done):
            return _failed(outcome, limits)
    for number, (stdin, expected) in enumerate(tests.cases):
        outcome = run(f"{tests.before}\n{code}", stdin, limits, over)
        if outcome.status is None and over():
            return _unfinished(number, tests, limits, stopped())
        if outcome.status != 0:
            return _failed(outcome, limits)
        if _lines(outcome.output) != _lines(expected):
            return _printed(stdin, outcome.output, expected)
    return Reward(1.0, "The program passes its tests.", "程序通过了测试。")


def program(answer: str) -> str | None:
    """The last block of Python in a reply, or all of it where it is a program; None where there is none.

    None, too, for more than MOST_CODE characters.
    """
    blocks = _blocks(answer)
    if blocks or len(answer) > MOST_CODE:
        return blocks[-1] if blocks and len(blocks[-1]) <= MOST_CODE else None
    try:
        tree = ast.parse(answer)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return answer if any(not isinstance(part, ast.Expr) for part in tree.body) else None


def _blocks(answer: str) -> list[str]:
    """The fenced blocks of Python, or of no language, in time linear in the text."""
    blocks: list[str] = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(f"{answer}\n"):
        if opening is None:
            opening = fence
            continue
        if opening[1].strip(" \t").lower() in _NAMES:
            blocks.append(answer[opening.end() : fence.start()])
        opening = None
    return blocks


def run(
    code: str, stdin: str = "", limits: Limits = Limits(), stopped: Callable[[], bool] = lambda: False
) -> ProgramOutcome:
    """Run a Python program with `stdin` as its standard input, in a folder that is deleted afterwards.

    Code and input go through a pipe. `stopped` is asked ten times a second whether to end the program at once.
    """
    program, text = (value.encode("utf-8", "replace") for value in (code, stdin))
    with _box() as box:
        return _run(program, text, box, limits, stopped)


@contextmanager
def _box() -> Iterator[Path]:
    """A new folder for a program's files, locked while it is in use, and then deleted."""
    box = Path(tempfile.mkdtemp(prefix=_BOX, dir=_places()[0]))
    try:
        with _locked(box):
            yield box
    finally:
        _remove(box)


def _places() -> list[Path]:
    """The folders that hold boxes, the one for new ones first: in memory where the system has such a folder."""
    memory, files = Path("/dev/shm"), Path(tempfile.gettempdir())
    return [memory, files] if sys.platform == "linux" and os.access(memory, os.W_OK | os.X_OK) else [files]


def remove_old_boxes() -> None:
    """Delete the folders that runs left behind when their process was killed."""
    for box in (box for place in _places() for box in place.glob(f"{_BOX}*")):
        with suppress(OSError):
            status = box.lstat()
            ours = stat.S_ISDIR(status.st_mode) and os.name == "posix" and status.st_uid == os.geteuid()
            if ours and time.time() - status.st_mtime > _NEW:  # it may be about to be locked
                with _locked(box):
                    _remove(box)


@contextmanager
def _locked(box: Path) -> Iterator[None]:
    """Hold a folder's lock, which ends with this process. Raises OSError where another process holds it."""
    if os.name != "posix":
        yield
        return
    import fcntl

    folder = os.open(box, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(folder)


def _remove(box: Path) -> None:
    """Delete a folder, whatever a program has left there: folders without permissions, or thousands in one another."""
    with suppress(RecursionError):
        shutil.rmtree(box, ignore_errors=True)
    if box.exists() and os.name == "posix":
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, str(box)], stdin=subprocess.DEVNULL, capture_output=True, check=False)


@cache
def unprotected() -> Both:
    """A sentence on what programs are not kept from on this system, with a space before it in English; else empty."""
    active = run("").protections
    names = [name for protection, name in PROTECTIONS.items() if protection not in active]
    if not names:
        return Both("", "")
    return Both(
        f" On this system they are not kept from {', '.join(name.en for name in names)}.",
        f"在本系统上无法阻止其{'、'.join(name.zh for name in names)}。",
    )


def _run(program: bytes, stdin: bytes, box: Path, limits: Limits, stopped: Callable[[], bool]) -> ProgramOutcome:
    read, write = os.pipe()
    values = (json.dumps(asdict(limits)), write, box, os.getpid(), len(program))
    with os.fdopen(read, "rb") as report:
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", str(_SANDBOX), *map(str, values)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(write,),
                start_new_session=True,
                env={},
            )
        finally:
            os.close(write)
        printed: dict[str, bytes] = {}
        pipes = [
            threading.Thread(target=_write, args=(process.stdin, program + stdin), daemon=True),
            threading.Thread(target=_read, args=(process.stdout, "output", printed), daemon=True),
            threading.Thread(target=_read, args=(process.stderr, "errors", printed), daemon=True),
        ]
        for pipe in pipes:
            pipe.start()
        try:
            status = _ended(process, limits.seconds + 2, stopped)
        finally:  # also where Ctrl-C ends this process
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in pipes:
                pipe.join(5)
        active = report.read(200)
    protections = tuple(json.loads(active)) if active else ()
    output, errors = (printed.get(name, b"").decode("utf-8", "replace") for name in ("output", "errors"))
    return ProgramOutcome(status, output, errors, protections)


def _ended(process: subprocess.Popen[bytes], seconds: float, stopped: Callable[[], bool]) -> int | None:
    """The exit status of a process; None where it did not end within so many seconds, or `stopped` says so before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not stopped():
        with suppress(subprocess.TimeoutExpired):
            return process.wait(0.1)
    return None


def _write(stream: IO[bytes], data: bytes) -> None:
    with suppress(OSError), stream:  # a program need not read its input
        stream.write(data)


def _read(stream: IO[bytes], name: str, into: dict[str, bytes]) -> None:
    """Read to the end, and keep the first MOST_OUTPUT bytes."""
    data = b""
    with stream:
        while part := stream.read(65_536):
            if len(data) < MOST_OUTPUT:
                data += part[: MOST_OUTPUT - len(data)]
                into[name] = data


def _lines(text: str) -> list[str]:
    """Lines without white space at their ends and empty lines at the end: how contests compare."""
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _unfinished(passed: int, tests: Requirements, limits: Limits, stopped: bool) -> Reward:
    """Tests that were ended before they had a verdict, after so many cases were passed."""
    if stopped:
        return Reward(None, "The tests were stopped.", "测试已停止。")
    count, seconds = len(tests.cases), limits.total
    return Reward(
        None,
        f"The tests took longer than {seconds} seconds in all; {passed} of {count} cases were passed until then. "
        "Give fewer tests.",
        f"全部测试用时超过 {seconds} 秒；此前 {count} 个用例中通过了 {passed} 个。请减少测试。",
    )


def _failed(outcome: ProgramOutcome, limits: Limits) -> Reward:
    if outcome.status is None or outcome.status in (-signal.SIGXCPU, -signal.SIGKILL, 128 + 24, 128 + 9):
        seconds = limits.seconds
        return Reward(0.0, f"The program did not end within {seconds} seconds.", f"程序没有在 {seconds} 秒内结束。")
    last = next((line for line in reversed(outcome.errors.strip().split("\n")) if line.strip()), "")[:200]
    if last.startswith("AssertionError"):
        last = ": ".join(filter(None, (_failing_line(outcome.errors), last.removeprefix("AssertionError").strip(": "))))
    if last:
        return Reward(0.0, f"The program fails its tests: {last}", f"程序未通过测试：{last}")
    return Reward(0.0, "The program fails its tests.", "程序未通过测试。")


def _failing_line(traceback: str) -> str:
    """The source of the line that raised, as a traceback shows it: the line after its last frame. "" without one."""
    lines = traceback.split("\n")
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    return lines[frames[-1] + 1].strip()[:200] if frames and frames[-1] + 1 < len(lines) else ""


def _printed(stdin: str, output: str, expected: str) -> Reward:
    """A program that printed something else for an input."""
    stdin, output, expected = shown(stdin), shown(output), shown(expected)
    return Reward(
        0.0,
        f"The program fails its tests: for the input “{stdin}” it prints “{output}”, not “{expected}”.",
        f"程序未通过测试：输入“{stdin}”时输出“{output}”，而应为“{expected}”。",
    )


_TOO_LONG = Both(
    "The Python of the tests is longer than {most:,} characters. Give fewer tests.",
    "测试的 Python 代码超过 {most:,} 个字符。请减少测试。",
)
_NO_PYTHON = Both("The tests are no Python: {reason}. Correct them.", "测试不是有效的 Python：{reason}。请更正。")
_NO_TESTS = Both(
    "There is no test: write lines such as assert f(2) == 4, one for each case.",
    "没有测试：请写出类似 assert f(2) == 4 的行，每个用例一行。",
)

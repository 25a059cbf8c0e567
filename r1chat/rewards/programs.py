"""The reward for code: does the program in a reply pass its tests? The program is run, confined as the system allows.

A program that a model wrote is run by `sandbox_program`. It is killed at its time limit, and what it prints is read up
to a limit. What confines it depends on the system: `Outcome.protections` says what was active. Tests run in the
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
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from r1chat.rewards.reward import Reward

_SANDBOX = Path(__file__).with_name("sandbox_program.py")
_FENCE = re.compile(r"^```([^\n]*)\n", re.MULTILINE)
_NAMES = ("", "python", "py", "python3")  # of the language of a block
MOST_OUTPUT = 1_000_000  # bytes of what a program prints; the rest is not read
MOST_CODE = 50_000  # characters of a program; Python's parser takes quadratic time for some texts
PROTECTIONS = ("network", "processes", "files", "limits", "disk")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use: seconds (processor, and on the clock), bytes of memory, of a file and of all files.

    `processes` counts threads; where the system can refuse other processes, there are none.
    """

    seconds: int = 10
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended: its exit status, what it printed, and what confined it.

    `status` is None where it was out of time, and -n or 128 + n where signal n ended it.
    """

    status: int | None
    output: str
    errors: str
    protections: tuple[str, ...]


def passes(answer: str, tests: Requirements, limits: Limits = Limits()) -> Reward:
    """1.0 where the program in a reply passes all tests, else 0.0 with the first failure."""
    code = program(answer)
    if code is None:
        return Reward(0.0, "The reply holds no Python program.", "回复中没有 Python 程序。")
    if tests.asserts:
        done = secrets.token_hex(16)  # printed after the last test: a program cannot end early and pass
        outcome = run(f"{tests.before}\n{code}\n{tests.asserts}\nprint({done!r})\n", "", limits)
        if outcome.status != 0 or not outcome.output.rstrip().endswith(done):
            return _failed(outcome, limits)
    for given, wanted in tests.cases:
        outcome = run(f"{tests.before}\n{code}", given, limits)
        if outcome.status != 0 or _lines(outcome.output) != _lines(wanted):
            return _failed(outcome, limits)
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


def run(code: str, given: str = "", limits: Limits = Limits()) -> Outcome:
    """Run a Python program with `given` as its standard input, in a folder that is deleted afterwards."""
    box = Path(tempfile.mkdtemp(prefix="r1chat-run-"))
    try:
        (box / "main.py").write_text(code, encoding="utf-8", errors="replace")
        (box / "stdin").write_text(given, encoding="utf-8", errors="replace")
        return _run(box, limits)
    finally:
        _remove(box)


def _remove(box: Path) -> None:
    """Delete a folder, whatever a program has left there: folders without permissions, or thousands in one another."""
    with suppress(RecursionError):
        shutil.rmtree(box, ignore_errors=True)
    if box.exists() and os.name == "posix":
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, str(box)], stdin=subprocess.DEVNULL, capture_output=True, check=False)


def _run(box: Path, limits: Limits) -> Outcome:
    read, write = os.pipe()
    command = [sys.executable, "-I", "-B", str(_SANDBOX), json.dumps(asdict(limits)), str(write), str(box)]
    try:
        with (box / "stdin").open("rb") as given:
            process = subprocess.Popen(
                command,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(write,),
                start_new_session=True,
                env={},
            )
    finally:
        os.close(write)
    printed: dict[str, bytes] = {}
    readers = [
        threading.Thread(target=_read, args=(stream, name, printed), daemon=True)
        for name, stream in (("output", process.stdout), ("errors", process.stderr))
    ]
    for reader in readers:
        reader.start()
    status: int | None
    try:
        status = process.wait(limits.seconds + 2)
    except subprocess.TimeoutExpired:
        status = None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for reader in readers:
        reader.join(5)
    with os.fdopen(read, "rb") as report:
        active = report.read(200)
    protections = tuple(json.loads(active)) if active else ()
    output, errors = (printed.get(name, b"").decode("utf-8", "replace") for name in ("output", "errors"))
    return Outcome(status, output, errors, protections)


def _read(stream: IO[bytes], name: str, into: dict[str, bytes]) -> None:
    """Read to the end, and keep the first MOST_OUTPUT bytes."""
    kept = b""
    with stream:
        while part := stream.read(65_536):
            if len(kept) < MOST_OUTPUT:
                kept += part[: MOST_OUTPUT - len(kept)]
                into[name] = kept


def _lines(text: str) -> list[str]:
    """Lines without white space at their ends and empty lines at the end: how contests compare."""
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _failed(outcome: Outcome, limits: Limits) -> Reward:
    if outcome.status is None or outcome.status in (-signal.SIGXCPU, -signal.SIGKILL, 128 + 24, 128 + 9):
        seconds = limits.seconds
        return Reward(0.0, f"The program did not end within {seconds} seconds.", f"程序没有在 {seconds} 秒内结束。")
    last = next((line for line in reversed(outcome.errors.strip().split("\n")) if line.strip()), "")[:200]
    if last:
        return Reward(0.0, f"The program fails its tests: {last}", f"程序未通过测试：{last}")
    return Reward(0.0, "The program fails its tests.", "程序未通过测试。")

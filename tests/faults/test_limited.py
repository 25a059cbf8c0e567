"""A child process with limits, whose app is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import os, pathlib, re
def answer(place):
    pathlib.Path(place).write_text(str(os.getpid()))
    {loop}
"""
ASK = (
    "import sys; from pathlib import Path; from r1chat.limited import LimitedProcess; "
    "LimitedProcess(Path(sys.argv[1])).ask(sys.argv[2], 3)"
)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers for processes")
@pytest.mark.parametrize("loop", ["while True: pass", "re.match('(a*)*b', 'a' * 60)"])
def test_a_question_without_end_does_not_outlive_an_app_that_was_killed(tmp_path: Path, loop: str) -> None:
    program, place = tmp_path / "program.py", tmp_path / "pid"
    program.write_text(PROGRAM.format(loop=loop))
    with subprocess.Popen([sys.executable, "-c", ASK, str(program), str(place)]) as app:
        deadline = time.monotonic() + 60
        while not (place.exists() and place.read_text()):
            assert time.monotonic() < deadline and app.poll() is None
            time.sleep(0.01)
        app.kill()
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(place.read_text())).wait(60)

"""A process that crashes writes no core file: it would hold the texts of temporary conversations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

resource = pytest.importorskip("resource")

ABORT = "import os; os.abort()"
CRASHES = {
    "the app": "from r1chat.cli.main import main; main(['--version']); " + ABORT,
    "what the app starts": "import subprocess, sys; from r1chat.cli.main import main; main(['--version']); "
    f"subprocess.run([sys.executable, '-c', '{ABORT}'])",
    "a child with limits": "from pathlib import Path; from r1chat.limited import LimitedProcess; "
    "print(LimitedProcess(Path('program.py')).ask(0, 60))",
    "an engine": "import os, signal; from r1chat.backends.llama.process import Process; engine = Process('main'); "
    "print(engine.channel.receive()); os.kill(engine.pid, signal.SIGABRT); print(engine.died())",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A current folder for crashes; skips where the system writes no core file of them there anyway."""
    folder = tmp_path_factory.mktemp("crashes")
    (folder / "program.py").write_text(f"def answer(question):\n    {ABORT}\n")
    crash(ABORT, folder)
    cores = list(folder.glob("*core*"))
    if not cores:
        pytest.skip("this system writes no core files into the current folder")
    for core in cores:
        core.unlink()
    return folder


def crash(code: str, folder: Path) -> str:
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)),
    )
    return done.stdout


@pytest.mark.parametrize("code", CRASHES.values(), ids=CRASHES)
def test_no_core_file_is_written_of(folder: Path, code: str) -> None:
    crash(code, folder)
    assert list(folder.glob("*core*")) == []

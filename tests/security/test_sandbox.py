"""Programs that a model wrote and that mean harm: what they reach outside their folder, and what they leave behind."""

import os
import socket
import threading
from pathlib import Path
from tempfile import gettempdir

import pytest

from r1chat.rewards.programs import MOST_CODE, Limits, Requirements, passes, program, run

ACTIVE = run("").protections
confined = pytest.mark.skipif("files" not in ACTIVE, reason=f"this system confines only: {ACTIVE}")
alone = pytest.mark.skipif("processes" not in ACTIVE, reason=f"this system confines only: {ACTIVE}")
bounded = pytest.mark.skipif("disk" not in ACTIVE, reason=f"this system confines only: {ACTIVE}")


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file of the person's, outside the folder of the program."""
    file = tmp_path / "precious"
    file.write_text("years of work")
    file.chmod(0o600)
    os.utime(file, (1_000_000_000, 1_000_000_000))
    return file


@confined
def test_a_file_that_is_not_its_own_stays_as_it_is(precious: Path) -> None:
    acts = """
        os.truncate(file, 0)
        os.chmod(file, 0o777)
        os.chmod(folder, 0o777)
        os.utime(file, (1, 1))
        os.setxattr(file, "user.harm", b"x")
        os.chown(file, os.getuid(), os.getgid())
        os.rename(file, "mine")
        os.link(file, "mine")
        os.unlink(file)
    """
    before, folder = precious.stat(), precious.parent.stat()
    program = f"import os\nfile, folder = {str(precious)!r}, {str(precious.parent)!r}\n"
    for act in acts.split("\n"):
        if act.strip():
            program += f"try:\n    {act.strip()}\nexcept OSError:\n    print('refused')\n"
    assert run(program).output == "refused\n" * 9
    assert precious.read_text() == "years of work"
    after = precious.stat()
    assert (after.st_mode, after.st_mtime, after.st_nlink) == (before.st_mode, before.st_mtime, before.st_nlink)
    assert precious.parent.stat().st_mode == folder.st_mode
    assert not os.listxattr(precious)


@confined
def test_no_program_speaks_to_a_service_of_the_session(tmp_path: Path) -> None:
    """Through its socket in the file system, as that of D-Bus, which starts programs, or of Docker."""
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(tmp_path / "bus"))
        service.listen()
        service.settimeout(0.5)
        outcome = run(f"import socket\nsocket.socket(socket.AF_UNIX).connect({str(tmp_path / 'bus')!r})")
        with pytest.raises(TimeoutError):
            service.accept()
    assert "PermissionError" in outcome.errors


@alone
def test_a_program_that_will_not_be_killed_with_its_group_ends_in_time() -> None:
    begging_off = "import ctypes, os, time\nctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\n"
    leaving = "try:\n    os.setsid()\nexcept OSError:\n    pass\n"
    outcome = run(f"{begging_off}{leaving}print('here', flush=True)\ntime.sleep(600)", limits=Limits(seconds=1))
    assert (outcome.status, outcome.output) == (
        None,
        "here\n",
    )  # all that it wrote was read: its end of the pipe is shut
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _is_a_program(path)]
    assert not left
    assert not [thread for thread in threading.enumerate() if "_read" in thread.name]


def _is_a_program(path: Path) -> bool:
    try:
        return b"main.py" in path.read_bytes() and "r1chat-run-" in str(path.with_name("cwd").readlink())
    except OSError:
        return False


@alone
def test_a_program_starts_no_other_but_threads() -> None:
    starts = ("os.fork()", "subprocess.run(['true'])", "os.posix_spawn('/bin/true', ['true'], {})")
    program = "import os, subprocess, threading\n"
    for start in starts:
        program += f"try:\n    {start}\nexcept PermissionError:\n    print('refused')\n"
    program += "t = threading.Thread(target=print, args=('ran',))\nt.start()\nt.join()"
    assert run(program).output == "refused\n" * 3 + "ran\n"


@confined
def test_shared_memory_is_no_way_around_the_limit_of_memory() -> None:
    assert run("import ctypes\nprint(ctypes.CDLL(None).shmget(0, 200_000_000, 0o1600))").output == "-1\n"


@bounded
@pytest.mark.parametrize(
    "code",
    [
        "for i in range(20): open(f'f{i}', 'wb').write(bytes(9_000_000))",
        "for i in range(5000): open(f'f{i}', 'wb').close()",
    ],
)
def test_a_program_does_not_fill_the_disk(code: str) -> None:
    assert "No space left" in run(code).errors


@pytest.mark.skipif(os.name != "posix", reason="POSIX's permissions of folders")
@pytest.mark.parametrize(
    "code",
    [
        "import os\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')",
        "import os\nos.makedirs('d/e')\nos.mkdir('d/f', 0)\nos.mkdir('shut', 0)",
    ],
)
def test_the_folder_is_gone_afterwards_whatever_was_left_in_it(code: str) -> None:
    before = set(Path(gettempdir()).glob("r1chat-run-*"))
    run(code)
    assert set(Path(gettempdir()).glob("r1chat-run-*")) <= before


def test_what_python_cannot_parse_in_time_is_no_program() -> None:
    fields = 'f"' + "{x}" * MOST_CODE + '"'
    assert program(fields) is None
    assert program(f"```python\n{fields}\n```") is None
    assert passes(f"```python\n{fields}\n```", Requirements("assert True")).value == 0.0


def test_a_block_is_found_in_time_linear_in_the_text() -> None:
    """With a quadratic search this takes hours."""
    assert program("```" + " " * 2_000_000 + "x") is None
    assert program("```bash\nls\n```\nand\n```py\nx = 1\n```\n" + "```" + "\t" * 2_000_000 + "x") == "x = 1\n"

"""Programs that a model wrote and that mean harm: what they reach outside their folder, and what they leave behind."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import gettempdir

import pytest

from r1chat.rewards import sandbox_program
from r1chat.rewards.programs import MOST_CODE, Limits, Requirements, passes, program, remove_old_boxes, run
from r1chat.rewards.sandbox_program import GRACE, MACHINES, REFUSED, RESTRICTED

ACTIVE = run("").protections
confined = pytest.mark.skipif("files" not in ACTIVE, reason=f"this system confines only: {ACTIVE}")
alone = pytest.mark.skipif("processes" not in ACTIVE, reason=f"this system confines only: {ACTIVE}")
bounded = pytest.mark.skipif("disk" not in ACTIVE, reason=f"this system confines only: {ACTIVE}")
ROOT = Path(__file__).parents[2]
PLACES = (Path("/dev/shm"), Path(gettempdir()))
# Runs a command where the system gives no user namespaces, as by default in Docker and on Ubuntu 24.04.
NO_NAMESPACES = ("unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh")


def boxes() -> set[Path]:
    """The folders of programs that are there now."""
    return {box for place in PLACES for box in place.glob("r1chat-run-*")}


def command(namespaces: bool) -> list[str]:
    """What runs a script of Python in a process of its own; where `namespaces` is False, without user namespaces."""
    python = [sys.executable, "-c"]
    if namespaces or "disk" not in ACTIVE:
        return python
    try:
        subprocess.run([*NO_NAMESPACES, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("this system does not let a process do without user namespaces")
    return [*NO_NAMESPACES, *python]


def without_namespaces(code: str) -> str:
    """What a program prints where there are no user namespaces: its numbers of processes are those of the system."""
    script = (
        "import sys; from r1chat.rewards.programs import run; outcome = run(sys.stdin.read());"
        "sys.exit('namespaces') if 'disk' in outcome.protections else print(outcome.output + outcome.errors, end='')"
    )
    done = subprocess.run(
        [*command(False), script], input=code, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    return done.stdout


def processes_of(parent: int) -> list[bytes]:
    """The processes of programs that a process runs: the command lines of their sandbox."""
    command_lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        words = line.split(b"\0")
        if str(parent).encode() in words and any(word.endswith(b"sandbox_program.py") for word in words):
            command_lines.append(line)
    return command_lines


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
def test_what_lies_beside_the_libraries_of_a_python_in_the_home_folder_is_not_read(tmp_path: Path) -> None:
    prefix = tmp_path / ".local"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
    (prefix / "share").mkdir()
    (prefix / "share" / "r1chat.db").write_text("private")
    code = f"import json\nprint(open({str(prefix / 'share' / 'r1chat.db')!r}).read())"
    script = "import sys; from r1chat.rewards.programs import run; print(run(sys.stdin.read()))"
    packages = [str(ROOT), *(place for place in sys.path if place.endswith("-packages"))]
    done = subprocess.run(
        [prefix / "bin" / "python", "-c", script],
        input=code,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(packages)},
    )
    assert "PermissionError" in done.stdout, done
    assert "'files'" in done.stdout and "private" not in done.stdout


@pytest.mark.slow
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


@pytest.mark.slow
@alone
def test_a_program_that_will_not_be_killed_with_its_group_ends_in_time() -> None:
    begging_off = "import ctypes, os, time\nctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\n"
    leaving = "try:\n    os.setsid()\nexcept OSError:\n    pass\n"
    outcome = run(f"{begging_off}{leaving}print('here', flush=True)\ntime.sleep(600)", limits=Limits(seconds=1))
    assert (outcome.status, outcome.output) == (
        None,
        "here\n",
    )  # all that it wrote was read: its end of the pipe is shut
    assert not processes_of(os.getpid())
    assert not [thread for thread in threading.enumerate() if "_read" in thread.name or "_write" in thread.name]


@pytest.mark.slow
@alone
@pytest.mark.parametrize("namespaces", [True, False])
def test_a_program_ends_with_the_process_that_began_it(namespaces: bool) -> None:
    """Even where it is killed, and the program would not end with it."""
    code = "import ctypes, os, time\nctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\nos.setsid()\ntime.sleep(600)"
    script = f"from r1chat.rewards.programs import run; run({code!r}, stopped=lambda: print('runs', flush=True))"
    with subprocess.Popen([*command(namespaces), script], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline() == b"runs\n"
        assert processes_of(process.pid)
        process.kill()
    until = time.monotonic() + 8
    while processes_of(process.pid):
        assert time.monotonic() < until
        time.sleep(0.02)
    for box in boxes():  # what it could not delete itself
        os.utime(box, (0, 0))
    remove_old_boxes()


@alone
def test_a_program_ends_where_the_run_is_interrupted() -> None:
    def interrupt() -> bool:
        if processes_of(os.getpid()):
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run("import time\ntime.sleep(600)", stopped=interrupt)
    assert not processes_of(os.getpid())


@pytest.mark.slow
@alone
def test_the_guard_ends_a_program_where_nobody_else_does(tmp_path: Path) -> None:
    """As where the process that began it hangs."""
    code = b"import time\ntime.sleep(600)"
    limits = json.dumps({"seconds": 1 - GRACE, "memory": 10**9, "file": 10**6, "disk": 10**6, "processes": 8})
    read, write = os.pipe()
    words = (limits, write, tmp_path, os.getpid(), len(code))
    sandbox = [sys.executable, "-I", "-B", sandbox_program.__file__, *map(str, words)]
    done = subprocess.run(sandbox, input=code, pass_fds=(write,), timeout=30, check=False)
    os.close(write)
    with os.fdopen(read) as report:
        assert "processes" in report.read()
    assert done.returncode == 128 + 9


# --- other processes, where no namespace hides them -------------------------------------------------------------------

CALLS = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for name, number in CALLS.items():
    done = libc.syscall(number, *[ctypes.c_long(-1)] * 5)
    if done != -1 or ctypes.get_errno() != errno.EPERM:
        print(name, done, ctypes.get_errno())
"""


@confined
def test_each_call_of_the_filter_is_refused() -> None:
    """With arguments that no call takes: another error than EPERM is the kernel's, so the filter let it through."""
    column = MACHINES[os.uname().machine][0]
    numbers = {name: numbers[column] for name, numbers in REFUSED.items() if numbers[column] is not None}
    numbers |= {name: restricted[0][column] for name, restricted in RESTRICTED.items()}
    outcome = run(f"CALLS = {numbers}{CALLS}print('done')")
    assert (outcome.output, outcome.errors) == ("done\n", "")


@pytest.mark.slow
@confined
def test_another_process_is_left_alone_without_namespaces() -> None:
    victim = subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"], stdout=-1)
    with victim:
        assert victim.stdout is not None and victim.stdout.readline()
        acts = """
            resource.prlimit(victim, resource.RLIMIT_NOFILE, (3, 3))
            resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (3, 3))
            os.setpriority(os.PRIO_PROCESS, victim, 19)
            os.sched_setaffinity(victim, [0])
            os.sched_setscheduler(victim, os.SCHED_BATCH, os.sched_param(0))
            os.kill(victim, 9)
            os.kill(-1, 9)
            fcntl.fcntl(0, fcntl.F_SETOWN, victim)
            fcntl.fcntl(0, 10, 9)
            os.pidfd_open(victim)
            failed(libc.tgkill(victim, victim, 9))
            failed(libc.shmat(0, None, 0))
            failed(libc.shmctl(0, 0, None))
            failed(libc.prctl(1, 0, 0, 0, 0))
            os.execv("/bin/true", ["true"])
            socket.socketpair(type=socket.SOCK_DGRAM)
        """.strip().split("\n")
        code = f"import ctypes, errno, fcntl, os, resource, socket\nvictim = {victim.pid}\n"
        code += "libc = ctypes.CDLL(None, use_errno=True)\n"
        code += "def failed(result):\n    if result == -1: raise OSError(ctypes.get_errno(), '')\n"
        for act in acts:
            code += f"try:\n    {act.strip()}\n    print({act.strip()!r})\nexcept PermissionError:\n    pass\n"
        before = Path(f"/proc/{victim.pid}/limits").read_text(), os.getpriority(os.PRIO_PROCESS, victim.pid)
        assert without_namespaces(f"{code}print('done')") == "done\n"
        assert victim.poll() is None
        assert before == (Path(f"/proc/{victim.pid}/limits").read_text(), os.getpriority(os.PRIO_PROCESS, victim.pid))
        victim.kill()


ORDINARY = """
import asyncio, fcntl, os, resource, signal, socket, sqlite3, sys, threading
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(abs, range(-9, 9))))
async def later():
    return await asyncio.to_thread(lambda: 3)
print(asyncio.run(later()))
got = []
signal.signal(signal.SIGUSR1, lambda *given: got.append(given[0]))
signal.raise_signal(signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGUSR1)
signal.signal(signal.SIGALRM, lambda *given: got.append(given[0]))
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
print(len(got))
resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
one, other = socket.socketpair()
one.sendall(b"through")
print(other.recv(9), sys.stdout.isatty(), os.get_blocking(0), os.dup(0) > 2)
base = sqlite3.connect("base.db")
base.execute("create table t(x)")
base.commit()
try:
    import numpy
    print(numpy.linalg.inv(numpy.eye(200) * 2)[0, 0])
except ModuleNotFoundError:
    print(0.5)
"""


@pytest.mark.slow
@confined
@pytest.mark.parametrize("namespaces", [True, False])
def test_an_ordinary_program_runs_as_ever(namespaces: bool) -> None:
    outcome = run(ORDINARY)
    printed = outcome.output + outcome.errors if namespaces else without_namespaces(ORDINARY)
    assert printed == "81\n3\n3\nb'through' False True True\n0.5\n"


@confined
def test_what_a_file_is_called_and_carries_is_not_told(precious: Path) -> None:
    code = f"""
        import ctypes, fcntl, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        print(libc.inotify_add_watch(libc.inotify_init1(0), {bytes(precious.parent)!r}, 0xFFF))
        own = os.open(os.path.dirname(os.__file__), os.O_RDONLY)
        for act in (
            lambda: os.getxattr({str(precious)!r}, "user.note"),
            lambda: os.listxattr({str(precious)!r}),
            lambda: fcntl.ioctl(own, 0x80086601, bytes(8)),  # FS_IOC_GETFLAGS; to set them is the next number
            lambda: fcntl.ioctl(own, 0x40086602, bytes(8)),
            lambda: fcntl.fcntl(own, 1024, 1),  # F_SETLEASE
        ):
            try:
                print(act())
            except PermissionError:
                pass
    """.replace("\n        ", "\n")
    outcome = run(code)
    assert (outcome.output, outcome.errors) == ("-1\n", "")


# --- what is left on the disk -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_program_tests_and_input_lie_in_no_file_and_on_no_command_line() -> None:
    word, seen = "quetzalcoatlus", []
    before = boxes()

    def look() -> bool:
        files = [file.read_bytes() for box in boxes() - before for file in box.rglob("*") if file.is_file()]
        seen.extend(text for text in [*files, *processes_of(os.getpid())] if word.encode() in text)
        return False

    outcome = run(f"import time\ntime.sleep(0.5)\nprint(input() == {word!r})", word, stopped=look)
    assert outcome.output == "True\n"
    assert not seen


@pytest.mark.skipif(os.name != "posix", reason="POSIX's locks of folders")
def test_old_folders_are_deleted_but_not_those_in_use() -> None:
    old, new = (Path(gettempdir()) / f"r1chat-run-test-{name}-{os.getpid()}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "main.py").write_text("x = 1")
    os.utime(old, (0, 0))
    before = boxes()
    used: list[bool] = []

    def sweep() -> bool:
        mine = boxes() - before
        for box in mine:
            os.utime(box, (0, 0))
        remove_old_boxes()
        used.append(bool(mine) and all(box.exists() for box in mine))
        return True

    run("import time\ntime.sleep(9)", stopped=sweep)
    assert used == [True]
    assert not old.exists() and new.exists()
    (new / "main.py").unlink()
    new.rmdir()


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
    before = boxes()
    run(code)
    assert not boxes() - before


def test_what_python_cannot_parse_in_time_is_no_program() -> None:
    fields = 'f"' + "{x}" * MOST_CODE + '"'
    assert program(fields) is None
    assert program(f"```python\n{fields}\n```") is None
    assert passes(f"```python\n{fields}\n```", Requirements("assert True")).value == 0.0


def test_a_block_is_found_in_time_linear_in_the_text() -> None:
    """With a quadratic search this takes hours."""
    assert program("```" + " " * 2_000_000 + "x") is None
    assert program("```bash\nls\n```\nand\n```py\nx = 1\n```\n" + "```" + "\t" * 2_000_000 + "x") == "x = 1\n"

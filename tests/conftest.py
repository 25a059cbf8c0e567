"""Databases and browsers for the tests that need one, and the markers by which those tests can be left out.

    pytest -m "not browser and not postgres and not train"      # the quick suite, `make quick`: also without slow tests
    pytest                                                      # everything

A test gets its marker from the fixtures that it uses; `slow` is written beside it. Playwright and psycopg are imported
by the first fixture that needs them, so the quick suite runs where they are not installed.
"""

from __future__ import annotations

import gc
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from site_driver import CHROMIUM, FLAGS, Site

if TYPE_CHECKING:
    from launched import Launched
    from playwright.sync_api import Browser

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Without bytecode files, which many containers switch off, each of the suite's many processes would compile r1chat.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The files of the tests lie in memory: each database waits for the disk when it is closed. Where there is little room
# in it, or programs may not be run there (some containers), they lie in the usual place.
MEMORY = Path("/dev/shm")
if sys.platform == "linux" and MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
    if shutil.disk_usage(MEMORY).free > 4_000_000_000 and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Models of other programs on this computer are none of the tests' business; test_found_models.py makes its own.
os.environ["R1CHAT_FIND_MODELS"] = "false"
# Nor is the speed of this machine; test_forecast.py measures it.
os.environ["R1CHAT_MEASURE_SPEED"] = "false"


MARKED_BY_FIXTURE = {"browser": "browser", "postgresql_server": "postgres"}
LEFT_OUT = pytest.StashKey[int]()  # how many slow tests
NOTABLE = 1.0  # seconds


def files_are_named(config: pytest.Config) -> bool:
    return config.args_source is pytest.Config.ArgsSource.ARGS


def is_quick_suite(config: pytest.Config) -> bool:
    """Whether slow tests are left out: no file is named, and `-m` says "not browser" and nothing of `slow`."""
    expression = config.option.markexpr
    return not files_are_named(config) and "not browser" in expression and "slow" not in expression


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Processes that run the tests: one a core for the suite, none but this one for the files that are named."""
    return 0 if files_are_named(config) else min(os.cpu_count() or 1, 4)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark each test by the fixtures that it uses, directly or through others; `-m` chooses; then slow ones may go.

    A browser shares two cores with everything else that runs: such a test may fail once, which the summary tells.
    """
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKED_BY_FIXTURE:
                item.add_marker(MARKED_BY_FIXTURE[fixture])
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    yield
    if is_quick_suite(config):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
        config.stash[LEFT_OUT] = len(slow)
        if hasattr(config, "workeroutput"):  # this is a process of xdist
            config.workeroutput["left out"] = len(slow)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process of xdist tells at its end; each of them left out the same tests."""
    if "left out" in getattr(node, "workeroutput", {}):
        node.config.stash[LEFT_OUT] = node.workeroutput["left out"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the quick suite left out, and which of its tests may have become slow."""
    if is_quick_suite(config):
        count = config.stash.get(LEFT_OUT, 0)
        terminalreporter.write_line(f"slow tests that were left out: {count}; plain `pytest` runs them.")
        passed = sorted(terminalreporter.getreports("passed"), key=lambda report: -report.duration)
        for report in passed[:10]:
            if report.duration > NOTABLE:
                terminalreporter.write_line(f"not marked slow, took {report.duration:.1f} s: {report.nodeid}")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is imported out of the garbage collector's sight: it is half a million objects, and stays.

    Afterwards it looks for cycles less often, which takes an eighth of the time off the tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="module", autouse=True)
def leftovers_are_found() -> Iterator[None]:
    """Collect garbage after each file: what a test left open fails in that file, not in whichever runs by then.

    What outlives the file (modules, caches) is not looked at again.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """A r1chat in a process of its own, for the tests of one file."""
    from launched import Launched

    r1chat = Launched(tmp_path_factory.mktemp("data"))
    r1chat.start()
    yield r1chat
    r1chat.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; the test runs once for each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'r1chat.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def postgresql_url(postgresql_server: Path) -> str:
    """The URL of an empty schema on the throw-away server: as good as a database, and made in no time."""
    import psycopg

    schema = f"test_{uuid4().hex}"
    with psycopg.connect(host=str(postgresql_server), user="postgres", dbname="postgres") as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    return f"postgresql://postgres@/postgres?host={postgresql_server}&options=-csearch_path%3D{schema}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """A PostgreSQL server that listens on a socket in this folder, and nowhere else."""
    if _program("initdb") is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    with tempfile.TemporaryDirectory(prefix="r1chat-pg-", dir="/tmp") as name:  # a socket's path must be short
        folder, data = Path(name), Path(name) / "data"
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        _run_as_postgres(["initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-c listen_addresses='' -c fsync=off -k {folder}"
        _run_as_postgres(["pg_ctl", "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start"])
        try:
            yield folder
        finally:
            _run_as_postgres(["pg_ctl", "-D", str(data), "-m", "immediate", "stop"])


def _program(name: str) -> str | None:
    """A program of PostgreSQL; Debian keeps most of them off the PATH, the newest version counts."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(debian[-1]) if debian else shutil.which(name)


def _run_as_postgres(command: list[str]) -> None:
    """PostgreSQL refuses to run as root; then the user that Debian made for it runs it."""
    program = _program(command[0])
    assert program is not None
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    subprocess.run(
        [program, *command[1:]],
        user=user and user.pw_uid,
        group=user and user.pw_gid,
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )


# --- the page in a browser; see site_driver.py ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file. Not for the session: Playwright's event loop would run on under tests of asyncio."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(browser: Browser, tmp_path: Path) -> Iterator[Site]:
    site = Site(browser, tmp_path / "data")
    yield site
    site.down()
    assert site.outside == []
    assert site.broken == []

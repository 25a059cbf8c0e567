"""What `pip install r1chat` brings: the wheel has everything that the tree has, and works without the tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from containerfile import ROOT, copy_sources
from site_driver import ask, expect

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BUILD = "from setuptools.build_meta import build_wheel; print(build_wheel({!r}))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what the Containerfile copies by the build backend that pyproject.toml names."""
    tree = tmp_path_factory.mktemp("tree")
    copy_sources(tree)
    out = tmp_path_factory.mktemp("dist")
    # "default": setuptools warns of what it will change in later versions
    command = [sys.executable, "-W", "default", "-c", BUILD.format(str(out))]
    subprocess.run(command, cwd=tree / "src", check=True, capture_output=True)
    (file,) = out.glob("r1chat-*.whl")
    return file


def test_wheel_holds_every_file_of_the_package_and_the_model(wheel: Path) -> None:
    files = {path for path in (ROOT / "r1chat").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    expected = {path.relative_to(ROOT).as_posix() for path in files}
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
        model = archive.read("r1chat/assets/r1chat-nano.gguf")
    assert inside == expected | {"r1chat/assets/r1chat-nano.gguf"}
    assert {Path(name).suffix for name in inside} >= {".py", ".css", ".js", ".gguf"}
    assert model == (ROOT / "assets" / "r1chat-nano.gguf").read_bytes()


def test_wheel_offers_the_engines_as_extras_and_needs_none(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    needs = [line for line in lines if line.startswith("Requires-Dist: llama-cpp-python")]
    assert needs and all("extra ==" in line for line in needs)
    assert "Provides-Extra: llama" in lines


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of programs of a fresh environment with the wheel in it; the dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    where = subprocess.run(
        [programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    packages = Path(where.stdout.strip())
    # A plain path entry: the .pth files of this environment, among them the one of this checkout, are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "--no-deps", "--no-index"]
    pip += ["--ignore-installed", "--no-compile"]  # pip sees the r1chat of this environment, too
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True, env=environment(folder))
    yield programs


def environment(folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("R1CHAT_", "PYTHON"))}
    return ours | {"R1CHAT_DATA_DIR": str(folder), "R1CHAT_OLLAMA": "false", "R1CHAT_FIND_MODELS": "false"}


def test_installed_wheel_answers_in_the_terminal(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed / "r1chat", "chat", "--json", "27 + 43 = ?"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "70" in json.loads(done.stdout)["answer"]


def test_installed_wheel_serves_its_page_and_answers_there(installed: Path, tmp_path: Path, browser: Browser) -> None:
    command = [installed / "r1chat", "serve", "--no-browser", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            address = next(word for line in server.stdout for word in line.split() if word.startswith("http"))
            page = browser.new_page()
            missing: list[str] = []
            page.on("response", lambda answer: answer.status < 400 or missing.append(answer.url))
            page.goto(address)
            page.wait_for_selector("#model-line", state="attached")
            ask(page, "27 + 43 = ?")
            expect(page.locator(".answer")).to_contain_text("70")
            page.close()
            assert missing == []
        finally:
            server.terminate()

"""The container and compose files, as far as they can be checked without a container runtime."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from r1chat.config import Settings

ROOT = Path(__file__).parents[1]
INSTRUCTIONS = {"FROM", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "CMD"}


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Containerfile with its arguments; lines that go on are joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Containerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def services() -> dict[str, Any]:
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert set(composed["volumes"]) == {"r1chat", "ollama"}
    return dict(composed["services"])


def test_container_file_has_two_stages_and_copies_only_what_there_is() -> None:
    found = instructions()
    assert {name for name, _ in found} <= INSTRUCTIONS
    assert [name for name, _ in found].count("FROM") == 2
    for name, rest in found:
        if name == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            assert sources and all((ROOT / source).exists() for source in sources)


def test_what_the_container_file_copies_is_enough_to_build_the_package(tmp_path: Path) -> None:
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            for source in sources:
                place = tmp_path / target.lstrip("/")
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / source, place)
    code = "from setuptools.build_meta import build_wheel; print(build_wheel('dist'))"
    command = [sys.executable, "-W", "default", "-c", code]
    subprocess.run(command, cwd=tmp_path / "src", check=True, capture_output=True)
    assert list((tmp_path / "src" / "dist").glob("r1chat-*.whl"))


def test_container_runs_without_root_and_writes_only_below_its_volume(tmp_path: Path) -> None:
    found = dict(instructions())
    assert found["USER"] != "root" and int(found["USER"]) > 0
    variables = dict(item.split("=", 1) for item in found["ENV"].split())
    assert variables["R1CHAT_DATA_DIR"] == found["VOLUME"] and variables["PYTHONDONTWRITEBYTECODE"] == "1"
    command = json.loads(found["CMD"])
    assert command[:2] == ["r1chat", "serve"] and f"--port {found['EXPOSE']}" in " ".join(command)
    help_ = subprocess.run(
        [sys.executable, "-m", "r1chat", "serve", "--help"],
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(word in help_ for word in command if word.startswith("--"))


def test_composed_services_are_closed_to_the_network_and_set_what_there_is_to_set() -> None:
    ours, ollama = services()["r1chat"], services()["ollama"]
    assert all(port.startswith("127.0.0.1:") for port in ours["ports"]) and "ports" not in ollama
    assert ours["read_only"] is True and ours["cap_drop"] == ["ALL"] and "/tmp" in ours["tmpfs"]
    names = {f"R1CHAT_{name.upper()}" for name in Settings.model_fields} | {"OLLAMA_HOST"}
    assert set(ours["environment"]) <= names
    assert "OLLAMA_KEEP_ALIVE" in ollama["environment"] and "OLLAMA_KEEP_ALIVE" in str(ours["environment"])
    assert "r1chat:" + dict(instructions())["VOLUME"] in ours["volumes"]


def test_the_image_has_the_system_library_that_llama_cpp_needs() -> None:
    stages = "\n".join(" ".join(line) for line in instructions()).split("FROM ")
    assert "libgomp1" in stages[-1], "the slim image lacks it, and xllamacpp does not load without it"

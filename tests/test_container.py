"""The container and compose files, as far as they can be checked without a container runtime."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from containerfile import ROOT, instructions

from r1chat.cli.main import main
from r1chat.config import Settings

INSTRUCTIONS = {"FROM", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "CMD"}


def services() -> dict[str, Any]:
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert set(composed["volumes"]) == {"r1chat", "ollama"}
    return dict(composed["services"])


def test_container_file_has_two_stages_and_copies_only_what_there_is() -> None:
    steps = instructions()
    assert {name for name, _ in steps} <= INSTRUCTIONS
    assert [name for name, _ in steps].count("FROM") == 2
    for name, rest in steps:
        if name == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            assert sources and all((ROOT / source).exists() for source in sources)


def test_container_runs_without_root_and_writes_only_below_its_volume(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_name = dict(instructions())
    assert by_name["USER"] != "root" and int(by_name["USER"]) > 0
    variables = dict(item.split("=", 1) for item in by_name["ENV"].split())
    assert variables["R1CHAT_DATA_DIR"] == by_name["VOLUME"] and variables["PYTHONDONTWRITEBYTECODE"] == "1"
    command = json.loads(by_name["CMD"])
    assert command[:2] == ["r1chat", "serve"] and f"--port {by_name['EXPOSE']}" in " ".join(command)
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["serve", "--help"]) == 0
    help_ = capsys.readouterr().out
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

"""What models, servers and files of tasks write does not steer the terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from forked import Forked
from replay import Replay, written

from r1chat.cli.drawing import draw
from r1chat.cli.screen import Screen
from r1chat.messages import Reply

STYLE = re.compile(r"\x1b\[[0-9;]*m")  # colours, which r1chat writes itself
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ROOT = Path(__file__).parents[2]


class Terminal(StringIO):
    """A stream that says that a person looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "text",
    [
        "<http://a/%1b%5b2J%1b%5d52;c;eA%3d%3d%07>",  # the parser decodes an address that stands for itself
        "<http://a/%c2%9b31m>",
        "<http://a/%E2%80%AEabc>",
        "<mailto:a@b.c?%1b>",
        "# <http://a/%1b>",
        "| <http://a/%1b> |\n|---|\n| <http://a/%1b> |",
        "[^1]\n\n[^1]: <http://a/%1b%5b2J>",
        "[x](http://a/%1b '&#x202e;')",
        "a&#x202e;b &rlm; `&#x202e;`",
        "```\x1b\n\x1b[2J\n```",
        "\x1b[2J" * 100_000,  # too long to be drawn
    ],
)
def test_drawn_markdown_holds_no_control_character(text: str) -> None:
    assert not STEERS.search(STYLE.sub("", draw(text, 80, colour=True)))


@pytest.mark.parametrize("text", ["a &#x202e; b", "<http://a/%1b%5b2J> b", "a &#x9b;31m b"])
def test_an_answer_in_pieces_holds_no_control_character(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Cut at any place, also within an entity."""
    monkeypatch.setenv("TERM", "xterm")
    for cut in range(1, len(text)):
        out = Terminal()
        screen = Screen(out, Terminal())
        screen.show(Reply(answer=text[:cut]), thinks=False)
        screen.show(Reply(answer=text, finish="stop"), thinks=False)
        screen.end()
        own = re.compile(r"\x1b\[[0-9;]*[mAJK]|\x1b[78]|\r")  # the sequences with which it takes words back
        assert not STEERS.search(own.sub("", out.getvalue()))
        assert "\x1b[2J" not in out.getvalue()


def on_terminal(*words: str, data_dir: Path, codes: tuple[int, ...] = (0,)) -> str:
    """What a command writes on a terminal."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if not name.startswith("R1CHAT_")}
    env |= {"R1CHAT_OLLAMA": "false", "R1CHAT_FIND_MODELS": "false", "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    command = Forked(*words, "--data-dir", str(data_dir), env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    parts: list[bytes] = []
    reader = threading.Thread(target=_read, args=(ours, parts.append))
    reader.start()
    code = command.wait(120)
    reader.join()
    os.close(ours)
    output = b"".join(parts).decode(errors="replace")
    assert code in codes, output
    return output


def _read(number: int, take: Callable[[bytes], None]) -> None:
    while True:
        try:
            data = os.read(number, 65_536)
        except OSError:  # Linux says so when the other side is closed
            return
        if not data:
            return
        take(data)


@pytest.mark.slow
def test_the_name_of_a_task_steers_nothing(tmp_path: Path) -> None:
    """In the progress, which is drawn by a library with a markup of its own, and in the report."""
    (tmp_path / "p.jsonl").write_text(json.dumps({"question": "1 + 1 = ?", "answer": "2"}) + "\n")
    (tmp_path / "t.toml").write_text('name = "a\\u001b]0;owned\\u0007 [/b] \\u009b31m\\u202e"\nfile = "p.jsonl"\n')
    command = ("eval", str(tmp_path / "t.toml"), "--model", "r1chat-nano", "--max-tokens", "2", "--name", "run")
    for words in (command, (*command, "--json")):
        output = on_terminal(*words, data_dir=tmp_path / "data")
        assert "owned" in output and "[/b]" in output
        assert not re.search("\x1b\\]|[\x07\x80-\x9f\u202e]", output)


@pytest.mark.slow
def test_what_a_server_answers_steers_nothing_in_the_json_of_doctor(tmp_path: Path) -> None:
    words = json.dumps({"error": {"message": "down \x9d52;c;eA==\x07 \u202e"}}, ensure_ascii=False)
    with Replay(written("GET", "/v1/models", words, status=500)) as server:
        output = on_terminal("doctor", "--json", "--base-url", f"{server.url}/v1", data_dir=tmp_path, codes=(0, 1))
    assert "52;c" in output and not STEERS.search(output.replace("\r", ""))

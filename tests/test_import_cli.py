"""`r1chat import` as a person uses it: what it says, what it returns, and what is there afterwards."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from judged import RIGHT, WRONG, asked

from r1chat import archive
from r1chat.cli.main import main
from r1chat.store import Store


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own, and no settings from outside."""
    for name in os.environ:
        if name.startswith(("R1CHAT_", "OLLAMA_")):
            monkeypatch.delenv(name)
    for name in ("R1CHAT_FIND_MODELS", "R1CHAT_MEASURE_SPEED"):
        monkeypatch.setenv(name, "false")
    monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("R1CHAT_OLLAMA", "false")
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "data"
    for handler in logging.root.handlers[:]:
        if isinstance(handler, logging.FileHandler):
            logging.root.removeHandler(handler)
            handler.close()


def titles(data_dir: Path) -> list[str]:
    with closing(Store(f"sqlite:///{data_dir / 'r1chat.db'}")) as store:
        return [info.title for info in store.conversations()]


def test_an_archive_moves_in_and_a_second_time_changes_nothing(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'other.db'}")) as other:
        reply, _ = asked(other, RIGHT, WRONG)
        other.judgements.rate(reply.id, "answer", "up")
        title = other.conversations()[0].title
        archive.write(other, tmp_path / "all.jsonl", everything=True)
    assert main(["import", "all.jsonl"]) == 0
    output = capsys.readouterr()
    assert output.out == "1 conversation, 2 replies and 1 judgement came in from all.jsonl (r1chat).\n"
    assert output.err == ""
    assert titles(data_dir) == [title]
    assert main(["import", "all.jsonl"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "0 conversations, 0 replies and 0 judgements came in from all.jsonl (r1chat).",
        "Here already: 1 conversation, left as they are.",
    ]
    assert main(["export", "archive", "--everything", "-o", "again.jsonl"]) == 0
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "all.jsonl").read_bytes()


def test_whose_judgements_come_in_is_said_until_they_are_ones_own(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'other.db'}")) as other:
        for reply in asked(other, RIGHT, WRONG):
            other.judgements.rate(reply.id, "answer", "up", "me")
        other.judgements.rate(reply.id, "thought", "up", "somebody")
        archive.write(other, tmp_path / "all.jsonl", everything=True)
    assert main(["import", "all.jsonl"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert "another rater than you are here: me (2), somebody (1)" in line and '`rater = "me"`' in line
    assert main(["import", "all.jsonl"]) == 0
    assert "another rater" not in capsys.readouterr().out  # nothing new came in
    (data_dir / "r1chat.db").unlink()
    (data_dir / "settings.toml").write_text('rater = "me"\n')
    assert main(["import", "all.jsonl"]) == 0
    assert "another rater" not in capsys.readouterr().out
    with closing(Store(f"sqlite:///{tmp_path / 'page.db'}")) as store:
        came = archive.read(store, tmp_path / "all.jsonl")
        assert "me（2 条）、somebody（1 条）" in [line.zh for line in archive.told(came, "")][-1]


def test_a_consent_to_export_everything_that_comes_in_is_said(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'other.db'}")) as other:
        asked(other, RIGHT)
        other.judgements.set_consent(None, True)
        archive.write(other, tmp_path / "all.jsonl", everything=True)
    assert main(["import", "all.jsonl"]) == 0
    assert "`r1chat consent --all --withdraw`" in capsys.readouterr().out
    assert main(["consent", "--all", "--withdraw"]) == 0
    with closing(Store(f"sqlite:///{data_dir / 'r1chat.db'}")) as store:
        assert not store.judgements.consent_for_all()


def test_chats_of_open_webui_move_in_and_what_was_left_out_is_said(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = {
        "q": {"role": "user", "parentId": None, "content": "27 + 43 = ?", "files": [{"type": "image"}]},
        "a": {"role": "assistant", "parentId": "q", "content": "<think>\nHm.\n</think>\n\n70", "model": "r1"},
    }
    chat = {"id": "1", "title": "Sums", "chat": {"history": {"messages": messages, "currentId": "a"}}}
    Path("chats.json").write_text(json.dumps([chat]))
    assert main(["import", "chats.json"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 conversation, 1 reply and 0 judgements came in from chats.json (Open WebUI).",
        "The file holds 1 chat with 2 messages.",
        "Left out: 1 × images and files.",
    ]
    assert titles(data_dir) == ["Sums"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "notes.txt cannot be read (No such file or directory)."),
        (
            "Dear diary",
            "notes.txt, line 1: this begins neither an archive of r1chat nor an export of a program that it knows.",
        ),
        ('[\n{"diary": 1}]', "notes.txt, line 2, entry 1: it is no chat of a program that r1chat knows."),
    ],
)
def test_a_file_that_cannot_be_taken_in_is_a_sentence_and_exit_code_1(
    text: str | None, sentence: str, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        Path("notes.txt").write_text(text)
    assert main(["import", "notes.txt"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(sentence)
    assert titles(data_dir) == []

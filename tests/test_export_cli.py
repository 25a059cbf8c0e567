"""`r1chat export` and `r1chat consent` as a person or a program uses them."""

from __future__ import annotations

import json
import logging
import os
import pty
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from forked import DEVNULL, Forked
from judged import OTHER, R1, RIGHT, WRONG, asked, consented, corrected, voted

from r1chat.cli.main import main
from r1chat.store import Store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The database of a data folder of its own, from which the commands read; no settings from outside."""
    for name in os.environ:
        if name.startswith(("R1CHAT_", "OLLAMA_")):
            monkeypatch.delenv(name)
    for name in ("R1CHAT_FIND_MODELS", "R1CHAT_MEASURE_SPEED"):
        monkeypatch.setenv(name, "false")
    monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("R1CHAT_OLLAMA", "false")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    with closing(Store(f"sqlite:///{tmp_path / 'data' / 'r1chat.db'}")) as opened:
        yield opened
    for handler in logging.root.handlers[:]:
        if isinstance(handler, logging.FileHandler):
            logging.root.removeHandler(handler)
            handler.close()


def sources(file: str) -> list[str]:
    return [json.loads(line)["source"] for line in Path(file).read_text(encoding="utf-8").splitlines()]


def test_an_export_is_written_and_described_in_a_line_or_two(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    voted(consented(store), message="Mail ann@example.com?")
    voted(store, "tie")
    assert main(["export", "preference", "-o", "pairs.jsonl"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "1 row in pairs.jsonl (preference, thoughts rendered); described in pairs.md.",
        "Left out: 1 undecided. Why, one by one: pairs.refused.jsonl.",
        "Replaced: 1 email. Names of other people are not found by rule.",
    ]
    assert captured.err == ""
    assert sources("pairs.jsonl") == ["comparison"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pairs.md", "pairs.refused.jsonl", "pairs.test.jsonl"])
def test_a_file_beside_the_rows_that_is_somebody_elses_is_not_replaced(
    store: Store, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for number in range(12):
        voted(consented(store), message=f"{number} + 1 = ?")
    other = Path(name)
    other.write_text('{"reason": "my own"}\n')
    asked_for = ["export", "preference", "-o", "pairs.jsonl", "--test", "0.5"]
    assert main(asked_for) == 1
    assert f"{name} is there and no export of r1chat wrote it" in capsys.readouterr().err
    assert other.read_text() == '{"reason": "my own"}\n' and not Path("pairs.jsonl").exists()
    other.unlink()
    assert main(asked_for) == main(asked_for) == 0  # over its own files, too


@pytest.mark.slow
def test_a_test_set_is_set_apart(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(10):
        voted(consented(store), message=f"{number}?")
    assert main(["export", "preference", "-o", "pairs.jsonl", "--test", "0.2"]) == 0
    assert "8 rows in pairs.jsonl, 2 in pairs.test.jsonl" in capsys.readouterr().out


def test_a_test_set_that_does_not_belong_to_the_rows_any_more_is_told(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(10):
        voted(consented(store), message=f"Question {number}?")
    assert main(["export", "preference", "-o", "pairs.jsonl", "--test", "0.2"]) == 0
    assert "earlier export" not in capsys.readouterr().out
    assert main(["export", "preference", "-o", "pairs.jsonl"]) == 0
    assert "pairs.test.jsonl is an earlier export's" in capsys.readouterr().out
    assert Path("pairs.test.jsonl").exists()


@pytest.mark.slow
def test_filters_and_sources_narrow_what_is_written(store: Store) -> None:
    voted(consented(store), message="三加四等于几？", rater="bob", provenance=OTHER)
    voted(store, message="What is three and four?")
    (wrong,) = asked(store, WRONG, message="And five?")
    corrected(store, wrong)
    for flags, expected in (
        ([], ["comparison", "comparison", "correction"]),
        (["--source", "correction"], ["correction"]),
        (["--source", "correction", "--source", "comparison"], ["comparison", "comparison", "correction"]),
        (["--language", "zh"], ["comparison"]),
        (["--rater", "ann"], ["comparison"]),
        (["--model", R1.model], ["comparison", "correction"]),
        (["--since", "2020-01-01"], ["comparison", "comparison", "correction"]),
    ):
        assert main(["export", "preference", "-o", "pairs.jsonl", *flags]) == 0
        assert sorted(sources("pairs.jsonl")) == expected, flags


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["prefs", "-o", "a.jsonl"], "There is no format “prefs”. Choose among: preference, "),
        (["preference", "-o", "a.csv"], "let the name end in .jsonl or .parquet"),
        (["preference", "-o", "missing/a.jsonl"], "could not be written"),
        (["preference", "-o", "a.jsonl", "--thoughts", "none"], "Choose among: full, answer-only, rendered."),
        (["preference", "-o", "a.jsonl", "--source", "votes"], "There is no source “votes”"),
        (["preference", "-o", "a.jsonl", "--language", "de"], "Choose among: en, zh."),
        (["preference", "-o", "a.jsonl", "--since", "yesterday"], "--since “yesterday” is no date"),
        (["preference", "-o", "a.jsonl", "--until", "2020-01-01"], "none that match"),
        (["preference", "-o", "a.jsonl", "--verified"], "none that match"),
        (["preference", "-o", "a.jsonl", "--test", "2"], "test share of 2"),
        (["preference", "-o", "a.jsonl", "--everything"], "--everything is for archives"),
        (["unpaired", "-o", "a.jsonl"], "unpaired is made from thumbs"),
        (["archive", "-o", "a.jsonl", "--language", "zh"], "it takes only --everything"),
        (["preference"], "-o"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_no_file(
    store: Store, flags: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    voted(consented(store))
    assert main(["export", *flags]) == 1
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert os.listdir() == ["data"]


def test_a_date_without_a_zone_is_that_of_this_machine(store: Store) -> None:
    voted(consented(store))
    soon = (datetime.now() + timedelta(minutes=1)).isoformat(timespec="seconds")
    assert main(["export", "preference", "-o", "a.jsonl", "--since", soon]) == 1
    assert main(["export", "preference", "-o", "a.jsonl", "--until", soon]) == 0
    in_utc = (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="seconds")
    assert main(["export", "preference", "-o", "a.jsonl", "--until", in_utc]) == 0


def test_without_consent_the_error_names_the_command_that_gives_it(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    voted(store)
    assert main(["export", "preference", "-o", "a.jsonl"]) == 1
    assert "`r1chat consent --all`" in capsys.readouterr().err
    assert main(["consent", "--all"]) == 0
    assert main(["export", "preference", "-o", "a.jsonl"]) == 0


def test_consent_is_given_taken_back_and_listed(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [store.new_conversation(title).id for title in ("First", "Second")]
    assert main(["consent", ids[0]]) == 0
    assert capsys.readouterr().out == (
        "1 of 2 conversations may be exported; those of which nothing was said may not.\n"
    )
    assert main(["consent", "--all"]) == 0
    assert main(["consent", ids[1], "--withdraw"]) == 0
    capsys.readouterr()
    assert main(["consent"]) == 0
    *listed, count = capsys.readouterr().out.splitlines()
    assert sorted(listed) == sorted([f"yes  {ids[0]}  First", f"no   {ids[1]}  Second"])
    assert count == "1 of 2 conversations may be exported; those of which nothing was said may."


def test_many_consents_are_listed_page_by_page(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [store.new_conversation(str(number)).id for number in range(23)]
    assert main(["consent"]) == 0
    *listed, part, _ = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in listed] == ids[:2:-1]
    assert part == "Page 1 of 2; `r1chat consent --page N` shows another one."
    assert main(["consent", "--page", "2"]) == 0
    *listed, part, _ = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in listed] == ids[2::-1]
    assert main(["consent", "--page", "3"]) == 1
    assert "Choose one from 1 to 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(["--withdraw"], "Name the conversation"), (["0" * 32, "--all"], "not both"), (["0" * 32], "is not there")],
)
def test_consent_to_what_makes_no_sense_is_refused(
    store: Store, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["consent", *words]) == 1
    assert complaint in capsys.readouterr().err


def test_an_archive_holds_whole_conversations(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    asked(store, RIGHT)
    assert main(["export", "archive", "-o", "all.jsonl"]) == 1
    assert not Path("all.jsonl").exists()
    capsys.readouterr()
    assert main(["export", "archive", "-o", "all.jsonl", "--everything"]) == 0
    assert capsys.readouterr().out.startswith("1 conversation, 1 reply and 0 judgements in all.jsonl.")
    assert "It is 70." in Path("all.jsonl").read_text()


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system names no open files")
def test_an_archive_is_written_into_a_pipe(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked(store, RIGHT)
    outlet, inlet = os.pipe()
    os.symlink(f"/dev/fd/{inlet}", tmp_path / "link")  # as /dev/stdout is one
    assert main(["export", "archive", "-o", str(tmp_path / "link"), "--everything"]) == 0
    os.close(inlet)
    with open(outlet, encoding="utf-8") as stream:
        assert "It is 70." in stream.read()
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("1 conversation, 1 reply")


@pytest.mark.slow
def test_on_a_terminal_it_says_how_far_it_is(store: Store) -> None:
    voted(consented(store))
    terminal, inside = pty.openpty()
    command = Forked("export", "preference", "-o", "a.jsonl", stdout=DEVNULL, stderr=inside)
    os.close(inside)
    output = b""
    with suppress(OSError):  # how the end of a terminal reads
        while chunk := os.read(terminal, 1024):
            output += chunk
    os.close(terminal)
    assert command.wait() == 0
    assert "1 of 1 …" in output.decode()
    assert output.endswith(b"\x1b[2K")


def test_one_conversation_is_written_as_a_document_by_its_id(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    asked(store, RIGHT, WRONG)
    [info] = store.conversations()
    assert main(["export", "chat", info.id, "-o", "chat.html"]) == 0
    assert capsys.readouterr().out.startswith("1 message with the replies in chat.html.")
    assert Path("chat.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["export", "chat", "-o", "chat.md"]) == 1
    assert "Give the id of the conversation" in capsys.readouterr().err
    assert main(["export", "preference", info.id, "-o", "pairs.jsonl"]) == 1
    assert "Only `r1chat export chat` takes the id" in capsys.readouterr().err
    assert not Path("chat.md").exists()

"""Tasks whose problems come from a data set on a hub: fetched once, after a person has asked for it, and kept."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import resource
import socket
import tracemalloc
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from forked import Forked
from hub_server import FakeHub, serving_hub
from pyarrow import parquet

from r1chat.app import hub_of
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.scripted import ScriptedBackend
from r1chat.cli.main import main
from r1chat.config import load
from r1chat.errors import EvaluationError, LibraryError, R1ChatError
from r1chat.evaluation import Task, load_task
from r1chat.evaluation.loading import DATA_FOLDER, missing
from r1chat.evaluation.published import DATA_SETS, known_name
from r1chat.evaluation.rows import MOST_COLUMNS
from r1chat.evaluation.starting import Order, begin
from r1chat.library.datasets import DataFile, fetch
from r1chat.library.hub import Hub
from r1chat.ui.evaluation.page import form
from r1chat.ui.words.evaluation import EVALUATION_WORDS


def as_parquet(rows: list[dict[str, object]]) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


def as_lines(rows: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


GPQA = (
    "Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3\n"
    + "".join(f"rec{i},Which {i}?,right,wrong 1,wrong 2,wrong 3\n" for i in range(24))
).encode()


@cache
def files() -> dict[str, bytes]:
    """What the hub has of each data set, in the columns in which it is published."""
    return {
        "gsm8k": as_parquet([{"question": f"{i} and 3?", "answer": f"{i}+3={i + 3}\n#### {i + 3}"} for i in range(5)]),
        "math-500": as_lines(
            [{"problem": "Half of 1?", "solution": "…", "answer": "\\frac{1}{2}", "unique_id": "test/algebra/1.json"}]
        ),
        "aime-2024": as_parquet(
            [{"id": 60, "problem": "P?", "solution": "…", "answer": "033", "url": "…", "year": "2024"}]
        ),
        "gpqa-diamond": GPQA,
        "mmlu": as_parquet(
            [
                {"question": f"Which {i}?", "subject": subject, "choices": ["no", "yes", "a", "b"], "answer": 1}
                for subject in ("abstract_algebra", "world_religions")
                for i in range(20 if subject < "b" else 40, 40 if subject < "b" else 60)
            ]
        ),
        "cmath": as_lines(
            [{"grade": grade, "question": f"{grade} 加三？", "golden": str(grade + 3)} for grade in (1, 2, 3)]
        ),
    }


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub that has all data sets of the table, and is the one of the settings."""
    with serving_hub() as hub:
        for name, data_set in DATA_SETS.items():
            hub.data[data_set.file.repo] = {data_set.file.path: files()[name]}
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("R1CHAT_DATA_DIR", str(tmp_path))
        yield hub


def fetched(tmp_path: Path, name: str, hub: str = "") -> Task:
    file = missing(name, tmp_path / DATA_FOLDER, hub)
    if file:
        fetch(hub_of(load()), file, tmp_path / DATA_FOLDER, lambda progress: None, wait=0.01)
    return load_task(name, folder=tmp_path / DATA_FOLDER, hub=hub)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "question", "answer", "kind"),
    [
        ("gsm8k", "0 and 3?", "3", "number"),
        ("math-500", "Half of 1?", "\\frac{1}{2}", None),
        ("aime-2024", "P?", "033", "number"),
        ("gpqa-diamond", "Which 0?", None, "choice"),
        ("mmlu", "(B) yes", "B", "choice"),
        ("cmath", "加三？", None, "number"),
    ],
)
def test_every_data_set_of_the_table_is_fetched_read_and_then_used_without_the_hub(
    hub: FakeHub, tmp_path: Path, name: str, question: str, answer: str | None, kind: str | None
) -> None:
    task = fetched(tmp_path, name)
    assert task.name == name and question in task.problems[0].question
    assert answer in (None, task.problems[0].answer) and kind in (None, task.problems[0].kind)
    assert str(DATA_SETS[name].file) in task.source
    hub.status, request_count = 503, len(hub.asked)
    assert fetched(tmp_path, name) == task
    assert len(hub.asked) == request_count


@pytest.mark.slow
def test_the_paper_has_a_figure_for_three_of_them(hub: FakeHub, tmp_path: Path) -> None:
    papers = {name: fetched(tmp_path, name).paper for name in DATA_SETS}
    assert {name: paper for name, paper in papers.items() if paper} == {
        "math-500": "math_500",
        "aime-2024": "aime_2024",
        "gpqa-diamond": "gpqa_diamond",
    }


def test_the_choices_of_gpqa_are_shuffled_for_each_problem_and_the_same_every_time(
    hub: FakeHub, tmp_path: Path
) -> None:
    problems = fetched(tmp_path, "gpqa-diamond").problems
    letters = [problem.answer for problem in problems]
    assert set(letters) == set("ABCD")
    assert all(f"({problem.answer}) right" in problem.question for problem in problems)
    (tmp_path / "copy.csv").write_bytes(GPQA)
    assert [problem.answer for problem in load_task(str(tmp_path / "copy.csv")).problems] == letters


@pytest.mark.slow
def test_the_first_problems_of_a_file_that_is_sorted_by_subject_are_a_sample_of_all(
    hub: FakeHub, tmp_path: Path
) -> None:
    fetched(tmp_path, "mmlu")
    first = load_task("mmlu", count=20, folder=tmp_path / DATA_FOLDER).problems
    numbers = [int(re.findall(r"Which (\d+)", problem.question)[0]) for problem in first]
    assert 4 <= sum(number >= 40 for number in numbers) <= 16
    assert len({problem.id for problem in load_task("mmlu", folder=tmp_path / DATA_FOLDER).problems}) == 40


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("AIME 2024", "aime-2024"), ("math500", "math-500"), ("GPQA", "gpqa-diamond"), ("sums", ""), ("gsm8k.jsonl", "")],
)
def test_names_are_known_as_people_write_them(spelling: str, name: str) -> None:
    assert known_name(spelling) == name


# --- asking ----------------------------------------------------------------------------------------------------------


def evaluate(*words: str) -> int:
    return main(["eval", *words])


def test_nothing_is_asked_of_the_hub_before_a_person_says_so(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("gsm8k", "--model", "r1chat-nano") == 1
    message = capsys.readouterr().err
    assert (
        "say --fetch" in message
        and "openai/gsm8k:main/test-00000-of-00001.parquet, about 419 kB, licence: MIT" in message
    )
    assert f"{hub.address}/datasets/openai/gsm8k" in message
    with pytest.raises(EvaluationError, match="r1chat eval fetch gsm8k") as error:
        load_task("gsm8k", folder=tmp_path / DATA_FOLDER)
    assert "本机上还没有 gsm8k" in error.value.sentence("zh")
    assert hub.asked == []


@pytest.mark.slow
def test_a_fetched_data_set_is_measured_and_a_run_of_it_is_resumed(
    hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("gsm8k", "--model", "r1chat-nano", "-n", "2", "--max-tokens", "8")
    assert evaluate(*words, "--fetch") == 0
    printed = capsys.readouterr()
    assert ": GSM8K (openai/gsm8k:" in printed.err and "pass@1" in printed.out
    request_count = len(hub.asked)
    assert evaluate(*words, "--name", "again") == 0
    assert evaluate("resume", "again") == 0
    assert len(hub.asked) == request_count
    specification = json.loads((tmp_path / "evaluations" / "again" / "run.json").read_text())
    assert specification["task"] == "gsm8k" and specification["source"].startswith(
        "openai/gsm8k:main/test-00000-of-00001.parquet, sha256"
    )


@pytest.mark.slow
@pytest.mark.parametrize(("reply", "code"), [("y\n", 0), ("n\n", 1)])
def test_at_a_terminal_the_person_is_asked_once(hub: FakeHub, tmp_path: Path, reply: str, code: int) -> None:
    outside, inside = pty.openpty()
    words = ("eval", "gsm8k", "--model", "r1chat-nano", "-n", "1", "--max-tokens", "8")
    command = Forked(*words, stdin=inside, stdout=inside, stderr=inside, terminal=True)
    os.close(inside)
    output = ""
    while "[y/N]" not in output:
        output += os.read(outside, 4096).decode()
    assert hub.asked == [] and "419 kB" in output
    os.write(outside, reply.encode())
    while True:
        try:
            more = os.read(outside, 4096)
        except OSError:  # the command has ended
            break
        if not more:
            break
        output += more.decode(errors="replace")
    os.close(outside)
    assert command.wait() == code
    assert output.count("[y/N]") == 1 and bool(hub.asked) == (code == 0)


def test_fetch_alone_says_what_came(hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("fetch", "math500") == 0
    assert "math-500: 1 problems (HuggingFaceH4/MATH-500:test.jsonl, sha256" in capsys.readouterr().out
    assert (tmp_path / DATA_FOLDER / "HuggingFaceH4" / "MATH-500" / "test.jsonl").read_bytes() == files()["math-500"]
    for word in ("sums", str(tmp_path / "own.jsonl")):
        assert evaluate("fetch", word) == 1
        assert "needs nothing from a hub" in capsys.readouterr().err


def test_another_data_set_is_named_by_repository_and_file(hub: FakeHub, tmp_path: Path) -> None:
    hub.data["me/own-sums"] = {"data/test.jsonl": as_lines([{"question": "1+1?", "answer": "2"}])}
    task = fetched(tmp_path, "ours", "me/own-sums:data/test.jsonl")
    assert (task.name, task.problems[0].answer) == ("ours", "2")
    assert task.origin is not None and task.origin.hub == "me/own-sums:data/test.jsonl"


def test_a_toml_file_names_a_data_set_its_columns_and_a_prompt(hub: FakeHub, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"Query": "Which?", "options": ["no", "yes"], "label": 1, "answer": "something else"}
    ]
    hub.data["me/choices"] = {"test.parquet": as_parquet(rows)}
    (tmp_path / "ours.toml").write_text(
        'from = "me/choices:test.parquet"\nprompt = "Choose.\\n{question}"\n'
        '[columns]\nquestion = "query"\nchoices = "options"\nanswer = "label"\n'
    )
    problem = fetched(tmp_path, str(tmp_path / "ours.toml")).problems[0]
    assert (problem.question, problem.answer, problem.kind) == ("Choose.\nWhich?\n\n(A) no\n(B) yes", "B", "choice")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ('question = "prompt"\nanswer = "label"', "Line 1 of p.jsonl is no problem: there is no column “label”"),
        ('questions = "prompt"', "there is no field “questions”"),
        ("question = 1", "is no table such as"),
    ],
)
def test_columns_that_are_not_there_are_told(tmp_path: Path, columns: str, says: str) -> None:
    (tmp_path / "p.jsonl").write_text('{"prompt": "1+1", "answer": "2"}')
    (tmp_path / "t.toml").write_text(f'file = "p.jsonl"\n[columns]\n{columns}\n')
    with pytest.raises(EvaluationError, match=re.escape(says)) as error:
        load_task(str(tmp_path / "t.toml"))
    assert error.value.sentence("zh") != str(error.value)


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_broken_connection_is_taken_up_where_it_broke(hub: FakeHub, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"question": f"{i} + 1 = ?", "answer": f"{i + 1}", "note": "…" * 2_000} for i in range(150)
    ]
    hub.data["me/large"] = {"test.jsonl": as_lines(rows)}
    hub.cuts, hub.cut_after = 2, 300_000
    task = fetched(tmp_path, "large", "me/large:test.jsonl")
    assert len(task.problems) == 150
    starts = [int(byte_range[6:-1] or 0) for path, byte_range, _ in hub.asked if "resolve" in path]
    assert starts == sorted(starts) and starts[-1] >= 600_000 - 2 * 65_536


def test_a_file_that_arrives_damaged_is_not_kept(hub: FakeHub, tmp_path: Path) -> None:
    hub.wrong_digest = True
    with pytest.raises(LibraryError, match="arrived damaged"):
        fetched(tmp_path, "gsm8k")
    assert not [file for file in (tmp_path / DATA_FOLDER).rglob("*") if file.is_file()]
    hub.wrong_digest = False
    assert fetched(tmp_path, "gsm8k").problems


def test_a_gated_data_set_wants_the_token_and_gets_it(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.gated.add("Idavidrein/gpqa")
    with pytest.raises(LibraryError, match="agree to the terms there, make a token") as error:
        fetched(tmp_path, "gpqa-diamond")
    assert "R1CHAT_HUB_TOKEN" in error.value.sentence("zh")
    monkeypatch.setenv("R1CHAT_HUB_TOKEN", "hf_secret")
    assert len(fetched(tmp_path, "gpqa-diamond").problems) == 24
    assert {token for _, _, token in hub.asked[-2:]} == {"Bearer hf_secret"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("me/nothing:test.jsonl", "no such model, data set or file"),
        ("openai/gsm8k:main/other.parquet", "has no file main/other.parquet. There are: main/test-00000"),
        ("openai/gsm8k:main/README.md", "is no file of problems. Choose one that ends in .jsonl"),
        ("gsm8k", "names no file of a data set"),
        ("openai/gsm8k:../../settings.toml", "names no file of a data set"),
    ],
)
def test_what_the_hub_does_not_have_is_told_in_both_languages(
    hub: FakeHub, tmp_path: Path, source: str, says: str
) -> None:
    with pytest.raises(R1ChatError, match=re.escape(says)) as error:
        fetched(tmp_path, "ours", source)
    assert re.search("[\u4e00-\u9fff]", error.value.sentence("zh"))


def test_a_name_that_has_its_own_problems_takes_none_from_elsewhere(hub: FakeHub, tmp_path: Path) -> None:
    for name in ("sums", "own.jsonl", "own.toml"):
        with pytest.raises(EvaluationError, match="leave out --from"):
            missing(name, tmp_path, "me/own-sums:data/test.jsonl")
    assert hub.asked == []


def test_a_file_that_a_long_listing_does_not_reach_is_fetched_nevertheless(hub: FakeHub, tmp_path: Path) -> None:
    line = as_lines([{"question": "1+1?", "answer": "2"}])
    hub.data["me/many"] = {f"{number}.jsonl": line for number in range(1_001)}
    assert fetched(tmp_path, "ours", "me/many:1000.jsonl").problems[0].answer == "2"
    with pytest.raises(LibraryError, match="no such model, data set or file"):
        fetched(tmp_path, "ours", "me/many:1001.jsonl")


def test_a_hub_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        nobody = Hub(f"http://127.0.0.1:{listener.getsockname()[1]}")
    with pytest.raises(LibraryError, match="cannot be reached"):
        fetch(nobody, DATA_SETS["gsm8k"].file, tmp_path, lambda progress: None)


def test_modelscope_is_told_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"cannot be fetched from modelscope\.cn"):
        fetch(Hub("https://modelscope.cn"), DATA_SETS["gsm8k"].file, tmp_path, lambda progress: None)


@pytest.mark.parametrize("sizes", [True, False])
def test_a_file_that_is_too_large_is_refused_and_not_kept(hub: FakeHub, tmp_path: Path, sizes: bool) -> None:
    hub.data["me/large"] = {"test.jsonl": b" " * 300_000}
    hub.sizes = sizes
    with pytest.raises(LibraryError, match="larger than 100 kB, and is not fetched"):
        fetch(Hub(hub.address), DataFile("me/large", "test.jsonl"), tmp_path, lambda progress: None, most=100_000)
    assert any("resolve" in path for path, _, _ in hub.asked) is not sizes
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize("data", [b"<html>Sign in</html>", pytest.param(None, id="data1")])
def test_a_file_that_is_no_parquet_gets_a_sentence(tmp_path: Path, data: bytes | None) -> None:
    (tmp_path / "test.parquet").write_bytes(data or files()["gsm8k"][:-40])
    with pytest.raises(EvaluationError, match="it is no whole Parquet file") as error:
        load_task(str(tmp_path / "test.parquet"))
    assert "Parquet 文件" in error.value.sentence("zh")


def test_the_page_tells_which_data_sets_are_here() -> None:
    model = ScriptedBackend([]).models()
    html = form(model, ["gsm8k"], EVALUATION_WORDS["en"])
    assert '<option value="gsm8k">GSM8K</option>' in html
    assert '<option value="mmlu">MMLU (not on this computer yet)</option>' in html


def test_the_page_says_how_to_fetch_a_data_set_that_is_not_here(hub: FakeHub, tmp_path: Path) -> None:
    catalogue = Catalogue({"scripted": ScriptedBackend([])})
    try:
        with pytest.raises(EvaluationError, match="`r1chat eval fetch mmlu` fetches cais/mmlu"):
            begin(load(), catalogue, Order("mmlu", "scripted:scripted"))
    finally:
        catalogue.close()
    assert hub.asked == []


@pytest.mark.parametrize("text", ["[" + "{}," * 100_000, "{}\n" * 100_000])
def test_a_file_of_something_else_is_refused_at_its_first_row(tmp_path: Path, text: str) -> None:
    """Before all of it stands in memory, which takes a hundred times as much as the file."""
    for name in ("a.json", "a.jsonl"):
        (tmp_path / name).write_text(text)
        tracemalloc.start()
        try:
            with pytest.raises(EvaluationError, match="is no problem"):
                load_task(str(tmp_path / name))
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("text", ["a" + ".a" * 20_000 + "=1", f"a = {'9' * 5_001}"])
def test_a_task_file_that_takes_long_to_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(EvaluationError, match=r"a\.toml"):
        load_task(str(tmp_path / "a.toml"))


@pytest.mark.slow
@pytest.mark.parametrize("in_a_list", [False, True])
def test_a_small_parquet_file_of_huge_rows_is_refused_before_they_fill_the_memory(
    tmp_path: Path, in_a_list: bool
) -> None:
    """A value that all rows, or all entries of one row's list, share stands in the file once."""
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 90, pa.int32()), pa.array(["a" * 10_000_000]))
    notes = pa.ListArray.from_arrays(pa.array([0, 90], pa.int32()), shared) if in_a_list else shared
    rows = len(notes)
    table = pa.table({"question": pa.array(["?"] * rows), "answer": pa.array(["1"] * rows), "notes": notes})
    how = {"compression": "zstd", "store_schema": False, "write_statistics": False}
    parquet.write_table(table, tmp_path / "a.parquet", dictionary_pagesize_limit=1 << 30, **how)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(EvaluationError, match="is larger than 200 MB"):
        load_task(str(tmp_path / "a.parquet"))
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_a_file_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    """Each row of a CSV takes as much as its head, however short it is."""
    names = [f"c{number}" for number in range(MOST_COLUMNS + 1)]
    (tmp_path / "a.csv").write_text(",".join(names) + "\n1\n")
    (tmp_path / "a.jsonl").write_text(json.dumps(dict.fromkeys(names, 1)))
    parquet.write_table(pa.table({name: ["1"] for name in names}), tmp_path / "a.parquet")
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        with pytest.raises(EvaluationError, match="more than 1,000 columns"):
            load_task(str(tmp_path / name))


@pytest.mark.slow
def test_a_csv_of_too_many_cells_or_commas_is_refused(tmp_path: Path) -> None:
    """What is missing in a row takes time, what is too much in it memory."""
    names = ",".join(["question", "answer", *(f"c{number}" for number in range(990))])
    (tmp_path / "cells.csv").write_text(names + "\n1,2" * 6_000)
    (tmp_path / "commas.csv").write_text("question,answer\n1,2" + "," * 200_000)
    for name, reason in (("cells.csv", "5,000,000 cells"), ("commas.csv", "more than 1,000 columns")):
        with pytest.raises(EvaluationError, match=reason):
            load_task(str(tmp_path / name))


def test_a_sentence_names_some_columns_of_a_file_whose_names_have_no_end(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({f"{number:03}" + "x" * 10_000: 1 for number in range(100)}))
    with pytest.raises(EvaluationError, match="001x") as error:
        load_task(str(tmp_path / "a.jsonl"))
    assert len(str(error.value)) < 3_000

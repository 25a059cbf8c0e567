"""Learning where something is in the way: each time a sentence, nothing lost, the parent untouched."""

from __future__ import annotations

import hashlib
import json
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from judged import RIGHT, WRONG, asked
from sums import judge, nano, new_store, sums, written

from r1chat.cli.main import main
from r1chat.config import nano_model
from r1chat.conversations import Provenance
from r1chat.errors import TrainingError
from r1chat.learn.children import Children, Contender, liked_in
from r1chat.learn.forgetting import forget_erased
from r1chat.learn.gather import TextRow, TrainingData, check_enough, fitting
from r1chat.learn.runs import Runs, RunStatus, RunWish, TrainingRun, only_one
from r1chat.rewards import RightAnswer
from r1chat.ui.learn.page import form, run_card
from r1chat.ui.words.learn import LEARN_WORDS

needs_torch = [
    pytest.mark.train,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("torch", "transformers", "gguf")),
        reason="not installed (pip install 'r1chat[train]')",
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def marked(test: object) -> object:
    for mark in needs_torch:
        test = mark(test)  # type: ignore[operator]
    return test


def own_base(folder: Path) -> Path:
    """A model of one's own, of which 30 pairs were judged."""
    base = folder / "models" / "mine.gguf"
    base.parent.mkdir(parents=True)
    base.write_bytes(nano_model().read_bytes())
    with closing(new_store(folder)) as store:
        judge(store, 30, Provenance("llama.cpp", "0.3.36", "mine", hashlib.sha256(base.read_bytes()).hexdigest()))
    return base


def train(folder: Path, *more: str, model: str = "mine") -> int:
    command = ["train", "prefer", "--model", model, "--data-dir", str(folder), "--name", "first"]
    return main([*command, "--samples", "1", *(more or ("--epochs", "1"))])


def judged(folder: Path) -> int:
    with closing(new_store(folder)) as store:
        return store.judgements.gathered().comparisons


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """A disk on which no file gets larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@marked
def test_judgements_of_a_model_that_is_gone_wait_for_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = own_base(tmp_path)
    away = base.rename(tmp_path / "away.gguf")
    assert train(tmp_path) == 1
    errors = capsys.readouterr().err
    assert "mine" in errors and "Traceback" not in errors and judged(tmp_path) == 30
    away.rename(base)
    assert train(tmp_path) == 0, "the same command goes on as soon as the file is back"
    assert Children(tmp_path / "models").names() == ["first"]


@marked
def test_a_disk_that_fills_up_in_mid_run_and_a_base_that_changes_then_lose_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = own_base(tmp_path)
    content = base.read_bytes()
    with files_up_to(300_000):  # less than a checkpoint
        assert train(tmp_path) == 1
    assert "disk is full" in capsys.readouterr().err
    run = Runs(tmp_path).get("first")
    assert (
        run.status.state == "failed" and "disk is full" in run.status.why[0] and run.status.why[0] != run.status.why[1]
    )
    base.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # another file under the same name
    assert train(tmp_path) == 1
    assert "of other models, or of another file of this one" in capsys.readouterr().err
    assert judged(tmp_path) == 30
    base.write_bytes(content)
    assert train(tmp_path) == 0
    assert run.status.state == "done" and base.read_bytes() == content


@marked
def test_a_second_run_is_refused_while_the_first_one_lives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_base(tmp_path)
    other = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:other"), "the other")
    with only_one(other):
        assert train(tmp_path) == 1
    assert "the other is being trained" in capsys.readouterr().err
    assert other.status.state == "interrupted" and judged(tmp_path) == 30


def cancelled(folder: Path) -> TrainingRun:
    """A long training that was cancelled while it trained."""

    def cancel() -> None:
        run, until = TrainingRun(Runs(folder).folder / "first"), time.monotonic() + 120
        while (run.status.state != "training" or not run.checkpoints) and time.monotonic() < until:
            time.sleep(0.05)
        run.cancel()

    person = threading.Thread(target=cancel)
    person.start()
    assert train(folder, "--rate", "1e-6", "--epochs", "60") == 130
    person.join()
    return Runs(folder).get("first")


def conversations(run: TrainingRun) -> set[str]:
    """Those whose judgements a run learns from."""
    files = (run.folder / "data.jsonl", run.folder / "data.test.jsonl")
    return {json.loads(line)["conversation"] for file in files for line in file.read_text().splitlines()}


@marked
def test_a_run_that_is_cancelled_says_so_and_goes_on_only_with_the_judgements_of_its_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = own_base(tmp_path)
    content = base.read_bytes()
    run = cancelled(tmp_path)
    assert run.status.state == "cancelled" and "Cancelled. What was trained so far is kept" in capsys.readouterr().out
    assert run.checkpoints and base.read_bytes() == content
    assert main(["adapters", "--data-dir", str(tmp_path)]) == 0
    assert "first: cancelled" in capsys.readouterr().out

    cancelled(tmp_path)
    assert "begins anew with today" not in capsys.readouterr().out, "nothing has changed"
    with closing(new_store(tmp_path)) as store:
        refused, erased, *_ = conversations(run)
        store.judgements.set_consent(refused, False, "ann")
    cancelled(tmp_path)
    assert "begins anew with today" in capsys.readouterr().out
    assert "begins anew with today" in str(run.status.sentence) and "Cancelled" in str(run.status.sentence)
    assert len(conversations(run)) == 29 and refused not in conversations(run)

    with closing(new_store(tmp_path)) as store:
        store.delete(erased)
        store.purge(timedelta(seconds=-1), Runs(tmp_path).erasures.note)
        forget_erased(store, Runs(tmp_path))
    assert not run.checkpoints and "erased for good, and its checkpoint with them" in str(run.status.sentence)
    assert cancelled(tmp_path).checkpoints and len(conversations(run)) == 28


@marked
def test_a_run_with_too_few_judgements_counts_those_of_today_when_it_is_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(new_store(tmp_path)) as store:
        judge(store, 12)
        assert train(tmp_path, model="r1chat-nano") == 1
        assert "12 judgements can be used: too few" in capsys.readouterr().err
        files = {file.name for file in (Runs(tmp_path).folder / "first").iterdir()}
        assert files == {"wish.json", "status.json"}, "nothing needs the data"
        judge(store, 6)
    assert train(tmp_path, model="r1chat-nano") == 1
    error = capsys.readouterr().err
    assert "12 judgements can be used: too few" in error and "6 judgements say of the same texts" in error
    with closing(new_store(tmp_path)) as store:
        judge(store, 18)
    assert train(tmp_path, model="r1chat-nano") == 1
    assert "18 judgements can be used: too few" in capsys.readouterr().err


def judge_long(folder: Path, count: int) -> None:
    """Comparisons of replies that are too long to be trained on, a conversation each."""
    with closing(new_store(folder)) as store:
        for a, b in sums(count, seed=1):
            short, other = written(a, b, False), written(a, b, True)
            thought = f"{short.reasoning}\n" * 40
            replies = asked(
                store, replace(short, reasoning=thought), other, message=f"{a} + {b} = ?", provenance=nano()
            )
            comparison = store.judgements.begin_comparison(replies[0].id, replies[1].id, True)
            store.judgements.compare(comparison.id, "left", "ann")


@marked
def test_too_few_judgements_beside_those_that_are_too_long_are_refused_with_both_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge_long(tmp_path, 30)
    with closing(new_store(tmp_path)) as store:
        judge(store, 12)
    assert train(tmp_path, model="r1chat-nano") == 1
    error = capsys.readouterr().err
    assert "12 judgements can be used: too few" in error and "30 judgements are longer than 1000 tokens" in error


@marked
def test_what_a_run_says_of_its_data_is_without_rows_that_are_too_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge_long(tmp_path, 10)
    with closing(new_store(tmp_path)) as store:
        judge(store, 40)
    assert train(tmp_path, model="r1chat-nano") == 0
    status = Runs(tmp_path).get("first").status
    assert status.rows + status.held == 40 and f"{status.rows} judgements to train on" in capsys.readouterr().out
    assert "10 judgements are longer than 1000 tokens" in status.sentence.en and "10 条评价" in status.sentence.zh


@marked
def test_judgements_of_any_length_are_trained_on_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge_long(tmp_path, 30)
    assert train(tmp_path, "--longest", "4000", "--epochs", "1", model="r1chat-nano") == 0
    status = Runs(tmp_path).get("first").status
    assert status.rows + status.held == 30 and "longer than" not in capsys.readouterr().out
    assert main(["train", "prefer", "--model", "x", "--longest", "40000", "--data-dir", str(tmp_path)]) == 1
    assert "--longest 40000 makes no sense" in capsys.readouterr().err


@marked
@pytest.mark.parametrize("samples", ["0", "33"])
def test_a_number_of_samples_that_makes_no_sense_is_refused(
    samples: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "prefer", "--model", "x", "--samples", samples, "--data-dir", str(tmp_path)]) == 1
    assert f"--samples {samples} is no number of replies" in capsys.readouterr().err
    assert Runs(tmp_path).all() == []


# --- without PyTorch -------------------------------------------------------------------------------------------------


class Words:
    """A tokenizer whose tokens are words."""

    def prompt(self, text: str) -> list[int]:
        return [0] * len(text.split())

    completion = prompt


def test_rows_that_are_too_long_are_counted_and_leave_no_question_behind() -> None:
    def row(number: int, reply: str, rejected: str = "no") -> TextRow:
        return TextRow(f"question {number}", reply, rejected, True, f"talk {number}", ("",), ("",))

    long, limit = "word " * 999, "word " * 998
    rows = (row(1, limit), row(2, long), row(3, "yes", long))
    apart = (row(4, "yes"), row(5, long), row(6, long), row(6, "yes"))
    right = {example.prompt: RightAnswer("5", "number") for example in apart}
    gathered = fitting(TrainingData(rows, apart, right, {prompt: prompt for prompt in right}), Words())
    assert gathered.rows == rows[:1] and gathered.held == (apart[0], apart[3]) and gathered.too_long == 4
    assert set(gathered.solutions) == set(gathered.questions) == {"question 4", "question 6"}
    assert gathered.digest == TrainingData(rows[:1], (apart[0], apart[3])).digest
    with pytest.raises(TrainingError, match=r"3 judgements can be used.*4 judgements are longer than 1000 tokens"):
        check_enough(gathered, "prefer")
    assert fitting(TrainingData(rows, apart), Words(), 1001).too_long == 0
    assert fitting(TrainingData(rows, apart), Words(), 100).longest == 100


def test_without_pytorch_the_page_says_what_to_install_in_both_languages() -> None:
    english, chinese = (form([], ["torch", "gguf"], LEARN_WORDS[lang]) for lang in ("en", "zh"))
    assert "Training needs torch, gguf" in english and "训练需要 torch, gguf" in chinese
    assert all("r1chat[train]" in text and "5 GB" in text for text in (english, chinese))


def test_a_run_that_goes_on_shows_how_much_time_is_left(tmp_path: Path) -> None:
    run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:x"), "x")
    status = RunStatus("training", step=7, steps=60, left=750.0)
    english, chinese = (run_card(run, status, "", LEARN_WORDS[lang], True) for lang in ("en", "zh"))
    assert "step 7 of 60 · 12 min left" in english.replace("13 min", "12 min")
    assert "第 7 步，共 60 步" in chinese and 'value="7" max="60"' in english


def test_a_number_is_never_given_to_two_runs(tmp_path: Path) -> None:
    runs, wish = Runs(tmp_path), RunWish("prefer", "llama.cpp:x")
    for number in (1, 2):
        run = runs.begin(wish)
        assert run.name == f"x-prefer-{number}"
        run.write(RunStatus("done"))
        run.delete()
    assert runs.begin(RunWish("sft", "llama.cpp:x")).name == "x-sft-1"
    (runs.folder / ".numbers.json").write_text('{"x-prefer": "many", "x-sft": [1]')
    assert runs.begin(wish).name == "x-prefer-1", "a file that makes no sense stops no run"


@pytest.mark.slow
def test_only_blind_comparisons_of_the_two_say_whether_a_child_is_better(tmp_path: Path) -> None:
    parent = nano()
    child = Provenance("llama.cpp", "0.3.36", "child", "cd" * 32)
    both = Contender("child", "cd" * 32), Contender(parent.model, parent.digest)
    with closing(new_store(tmp_path)) as store:

        def compare(count: int, blind: bool) -> None:
            for number in range(count):
                turn = store.add_turn(store.new_conversation("Sums").id, f"{number} + 1 = ?", None)
                sides = store.add_reply(turn.id, child, RIGHT), store.add_reply(turn.id, parent, WRONG)
                opened = store.judgements.begin_comparison(sides[0].id, sides[1].id, blind)
                store.judgements.compare(opened.id, "left", "ann")

        compare(10, False)
        assert liked_in(store, *both).games == 0, "names were seen"
        compare(6, True)
        few = liked_in(store, *both)
        assert few.games == 6 and not few.suffices
        compare(20, True)
        many = liked_in(store, *both)
        renamed, namesake = (both[0]._replace(**other) for other in ({"name": "nicer"}, {"digest": "ef" * 32}))
        assert liked_in(store, renamed, both[1]) == many, "a child that was renamed keeps its comparisons"
        assert liked_in(store, namesake, both[1]).games == 0, "another one of the same name has none of them"
        assert liked_in(store, Contender("child"), both[1]) == many, "without a digest the name is all there is"
    assert many.suffices and str(many.verdict).startswith("Better") and "of 26 blind" in str(many.verdict)

"""Several trials of one run at different rates: the best by the guarded measure is kept, the others are told."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sums import judge, new_store, preferred_rows

from r1chat.backends.gguf import read_header
from r1chat.cli.main import main
from r1chat.config import nano_model
from r1chat.errors import TrainingError
from r1chat.learn.children import Children
from r1chat.learn.defaults import rates_of
from r1chat.learn.forecast import forecast
from r1chat.learn.gather import TextRow, TrainingData, choosing_part
from r1chat.learn.runs import Runs, RunStatus, RunWish, TrainingRun
from r1chat.learn.trials import Tried, read_trials
from r1chat.ui.learn.page import form, run_card
from r1chat.ui.words.learn import LEARN_WORDS

MISSING = [name for name in ("torch", "transformers", "gguf") if find_spec(name) is None]
training = (
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
)


def marked(test: object) -> object:
    for mark in training:
        test = mark(test)
    return test


def row(number: int, conversation: str = "") -> TextRow:
    return TextRow(f"question {number}", "good", "bad", True, conversation or f"talk {number}", ("",), ("",))


# --- what chooses proves nothing -------------------------------------------------------------------------------------


def test_what_chooses_is_neither_trained_on_nor_set_apart_and_shares_no_conversation_with_either() -> None:
    rows = tuple(row(number, f"talk {number // 2}") for number in range(80))
    test_rows = tuple(row(number) for number in range(100, 120))
    left, choosing = choosing_part(TrainingData(rows, test_rows))
    assert left.held == test_rows and {*left.rows, *choosing} == set(rows)
    assert 16 <= len(choosing) <= 18
    assert not {example.conversation for example in choosing} & {example.conversation for example in left.rows}


def test_too_little_to_choose_is_refused_with_numbers() -> None:
    gathered = TrainingData(tuple(map(row, range(24))), tuple(row(number) for number in range(100, 106)))
    with pytest.raises(TrainingError, match="30 judgements can be used: too few for several trials"):
        choosing_part(gathered)


# --- trials ----------------------------------------------------------------------------------------------------------


def test_the_first_rate_is_the_sensible_one_and_the_others_lie_around_it() -> None:
    assert rates_of(3e-4, 1) == (3e-4,)
    assert rates_of(3e-4, 3) == (3e-4, 1e-4, 9e-4)


def test_the_forecast_counts_all_trials() -> None:
    header = read_header(nano_model())
    single, several = (forecast(header, 135_000_000, 50_000, 1, 512, trials=trials) for trials in (1, 3))
    assert (
        several.seconds - single.seconds > 0.6 * (single.seconds - single.answers) and several.memory == single.memory
    )


@marked
def test_of_trials_that_the_measure_does_not_tell_apart_the_gentlest_is_chosen() -> None:
    from r1chat.training.adapting import Look, TrainingResult
    from r1chat.training.trials import Trial, choose

    def trial(rate: float, *losses: float, learnt: bool = False) -> Trial:
        look = Look(1, sum(losses) / len(losses), 1, 1, 0, 0) if losses else None
        return Trial(rate, 1, TrainingResult(look, [], None, False, {}, list(losses), learnt))

    gentle, fast, slow, nothing = (
        trial(1e-4, 2.1, 1.9, 2.2, 2.0),
        trial(9e-4, 2.0, 2.0, 2.0, 2.0),
        trial(1e-5, 3.0, 3.1, 3.0, 3.1),
        trial(1e-6),
    )
    assert choose([fast, slow, gentle, nothing]) is gentle
    assert choose([fast, slow, nothing]) is fast
    assert choose([nothing]) is nothing
    sure, lower = trial(3e-4, 2.5, 2.6, 2.5, 2.6, learnt=True), trial(9e-4, 1.0, 1.1, 1.0, 1.1, learnt=True)
    assert choose([lower, fast, sure]) is sure, "a lower loss than what is learnt is worth nothing"


@marked
def test_the_best_by_the_guarded_measure_is_kept_and_what_has_ended_is_not_trained_again(tmp_path: Path) -> None:
    from r1chat.training.adapter_run import AdapterPlan, RunCancelledError
    from r1chat.training.adapting import TrainingGuard
    from r1chat.training.base import read_base
    from r1chat.training.trials import Trials

    data, rates = preferred_rows(20), (1e-6, 0.05, 3e-4)
    lines: list[dict[str, Any]] = []

    def trials() -> Trials:
        plan = AdapterPlan("prefer", rates[0], epochs=1)
        return Trials(tmp_path, read_base(nano_model()), data[8:], data[:8], plan, TrainingGuard(), rates)

    first = trials()
    with pytest.raises(RunCancelledError):
        first.run(lines.append, lambda: len(first.ended) == 1)
    assert [trial.rate for trial in first.ended] == [1e-6] and {line["trial"] for line in lines} == {1, 2}
    assert first.result().best is not None
    lines.clear()
    again = trials()
    result = again.run(lines.append, lambda: False)
    assert {line["trial"] for line in lines} == {2, 3}, "a trial that has ended was trained again"
    assert again.step == again.steps
    slow, broken, good = again.ended
    assert broken.result.harmed and broken.result.why is not None
    assert result is good.result and good.loss < slow.loss <= broken.loss
    assert [trial.result.looks[0] for trial in again.ended[1:]] == [slow.result.looks[0]] * 2, "not from one start"


@marked
def test_cancelled_trials_leave_the_best_so_far_and_go_on_to_a_proof_by_what_chose_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(new_store(tmp_path)) as store:
        judge(store, 40)
    command = ["train", "prefer", "--model", "r1chat-nano", "--data-dir", str(tmp_path), "--name", "some"]
    command += ["--trials", "2", "--epochs", "1", "--samples", "1"]

    def cancel() -> None:
        run, until = TrainingRun(Runs(tmp_path).folder / "some"), time.monotonic() + 120
        while not any(line.get("trial") == 2 for line in run.log()) and time.monotonic() < until:
            time.sleep(0.02)
        run.cancel()

    person = threading.Thread(target=cancel)
    person.start()
    assert main(command) == 130
    person.join()
    run = Runs(tmp_path).get("some")
    assert run.status.state == "cancelled" and "r1chat adapters keep some" in capsys.readouterr().out
    card = run_card(run, run.status, "", LEARN_WORDS["en"], True)
    assert 'data-verb="keep"' in card and 'data-verb="resume"' in card
    assert main(["adapters", "keep", "some", "so far", "--data-dir", str(tmp_path)]) == 0
    assert main(command) == 0
    output, status = capsys.readouterr().out, run.status
    trials = read_trials(status.trials)
    assert [trial.rate for trial in trials] == [3e-4, 1e-4] and sum(trial.kept for trial in trials) == 1
    best = next(trial for trial in trials if trial.kept)
    assert status.rate == best.rate
    assert all(str(trial.sentence) in output for trial in trials) and "2 trials at different rates" in output
    assert f"Of 2 trials, the one at the rate {best.rate:g} is kept" in status.why[0]
    assert {line["trial"] for line in run.log()} == {1, 2} and not list(run.folder.glob("trial-*"))
    apart = [json.loads(line)["prompt"] for line in (run.folder / "data.test.jsonl").read_text().splitlines()]
    assert (status.rows, status.held) == (40 - len(apart), len(apart))
    prompts = {example["prompt"] for example in status.proof["examples"]}
    assert prompts and all(any(question in prompt for prompt in apart) for question in prompts)
    agreed = status.proof["agreed"]["value"] * len(apart)
    assert agreed == pytest.approx(round(agreed)), "not the share of what was set apart"
    children = Children(tmp_path / "models")
    assert children.names() == ["so far", "some"] and children.record("some")["trials"] == status.trials


# --- told ------------------------------------------------------------------------------------------------------------


def test_the_page_tells_each_trial_in_both_languages_and_draws_a_line_for_each(tmp_path: Path) -> None:
    run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:x", trials=2), "x")
    for trial, step in ((1, 0), (1, 7), (2, 0), (2, 7)):
        run.note({"look": {"step": step, "loss": 2.0 - trial * step / 10}, "trial": trial})
    trials = [
        {"rate": 3e-4, "step": 42, "loss": 1.5, "accuracy": 0.9, "why": ["", ""], "kept": True},
        {"rate": 1e-4, "step": 7, "loss": None, "accuracy": None, "why": ["Too high.", "太高。"], "kept": False},
    ]
    status = RunStatus("done", rate=3e-4, trials=trials)
    english, chinese = (run_card(run, status, "", LEARN_WORDS[lang], True) for lang in ("en", "zh"))
    assert "Kept: rate 0.0003, step 42. Loss 1.500, 90% on your side. It came to its last step." in english
    assert "Rate 0.0001, step 7: nothing that could be kept. Too high." in english
    assert "保留：学习率 0.0003" in chinese and "没有可保留的状态。太高。" in chinese
    assert english.count("<polyline") == 2


@pytest.mark.parametrize("trials", [[{"rate": "x"}], [3], [None], [{"rate": 1, "why": ["a"]}]])
def test_trials_that_make_no_sense_harm_no_page(trials: list[Any], tmp_path: Path) -> None:
    run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:x"), "x")
    assert read_trials(trials) == []
    assert "trials" not in run_card(run, RunStatus("done", trials=trials), "", LEARN_WORDS["en"], True)


def test_a_trial_is_a_sentence_in_both_languages() -> None:
    sentence = Tried(1e-4, 30, 1.25, 0.8, ("Learnt.", "已学会。"), False).sentence
    assert sentence.en == "Rate 0.0001, step 30: loss 1.250, 80% on your side. Learnt."
    assert sentence.zh == "学习率 0.0001，第 30 步：损失 1.250，与你一致 80%。已学会。"
    assert "torch" in str(form([], ["torch"], LEARN_WORDS["en"]))


@pytest.mark.parametrize("count", ["0", "6"])
def test_a_number_of_trials_that_makes_no_sense_is_refused(
    count: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if MISSING:
        pytest.skip("training is refused before")
    assert main(["train", "prefer", "--model", "x", "--trials", count, "--data-dir", str(tmp_path)]) == 1
    assert f"--trials {count} makes no sense" in capsys.readouterr().err

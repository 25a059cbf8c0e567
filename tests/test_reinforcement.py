"""Reinforcement learning from right answers as an adapter: of the nano, and of a model that r1chat did not make."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from small_llama import small_llama, write_llama
from sums import sums

from r1chat.backends.gguf import read_header
from r1chat.cli.main import main
from r1chat.config import nano_model
from r1chat.learn.forecast import Sampling, forecast
from r1chat.learn.runs import Runs
from r1chat.reasoning_format import R1_FORMAT, ReasoningFormat
from r1chat.rewards import RightAnswer

MISSING = [name for name in ("torch", "transformers", "gguf") if find_spec(name) is None]
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small llama whose random words mean nothing."""
    import torch
    from transformers import LlamaForCausalLM

    from r1chat.training.adapter_file import permuted

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models")
    return write_llama(folder / "small.gguf", LlamaForCausalLM(small_llama()).eval(), permuted)


@pytest.fixture
def reading(request: pytest.FixtureRequest) -> Iterator[Any]:
    """llama.cpp with the nano, or with the file of another fixture."""
    from r1chat.backends.llama.child.reading import LoadedModel

    with closing(LoadedModel(request.getfixturevalue(request.param) if request.param else nano_model())) as reading:
        yield reading


def speech_of(reading: Any, form: ReasoningFormat | None, limit: int = 128) -> Any:
    from r1chat.training.adapter_grpo import Speech
    from r1chat.training.sampling import Vocabulary

    ordinary = [reading.prompt("Bread is made of flour and water.")]
    return Speech(Vocabulary(frozenset(reading.ends()), reading.text), form, ordinary, limit, rows=48)


def problems_of(reading: Any, count: int, form: ReasoningFormat | None = R1_FORMAT) -> list[Any]:
    from r1chat.training.adapter_grpo import GrpoProblem

    problems = []
    for a, b in sums(count, 5):
        question = f"{a} + {b} = ?"
        prompt = f"<｜User｜>{question}<｜Assistant｜><think>\n" if form else question
        problems.append(GrpoProblem(tuple(reading.prompt(prompt)), prompt, question, RightAnswer(str(a + b), "number")))
    return problems


def base_of(reading: Any) -> Any:
    from r1chat.training.base import read_base

    return read_base(reading.path)


# --- samples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", ["llama"], indirect=True)
def test_samples_of_a_batch_have_the_probabilities_that_the_model_gives_them_when_it_reads_each_alone(
    reading: Any,
) -> None:
    import torch

    from r1chat.training.lora import Adapter
    from r1chat.training.sampling import complete_tokens

    base = base_of(reading)
    adapter = Adapter(base.network, base.layers, 4, 8.0)
    torch.manual_seed(1)
    for parameter in adapter.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    prompts = [reading.prompt("Why? " * number) for number in (1, 5, 2, 9)]
    words = speech_of(reading, None).words
    rows = complete_tokens(base.policy, words, [*prompts, *prompts], 1.0, 100, seed=3)
    assert {row.ended for row in rows} == {True, False} and len({len(row.tokens) for row in rows}) > 2
    for row in rows:
        tokens = torch.tensor([row.prompt + row.tokens])
        logs = base.logits(base.hidden(tokens)[0, len(row.prompt) - 1 : -1]).log_softmax(-1)
        alone = logs.gather(1, tokens[0, len(row.prompt) :, None])[:, 0]
        assert torch.allclose(alone, torch.tensor(row.logs), atol=1e-4)
        assert (row.tokens[-1] in words.ends) == row.ended and len(row.text.encode()) >= len(row.tokens) - 1


@pytest.mark.parametrize("reading", ["", "llama"], indirect=True)
def test_a_long_reply_is_scored_in_parts_with_the_same_figures_and_gradients(reading: Any) -> None:
    import torch

    from r1chat.learn.forecast import LOGITS
    from r1chat.training.lora import Adapter
    from r1chat.training.objectives import AT_ONCE, Sequences, score

    base = base_of(reading)
    adapter = Adapter(base.network, base.layers, 4, 8.0)
    torch.manual_seed(1)
    for parameter in adapter.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    prompt, reply = reading.prompt("Why?"), [reading.prompt("Why?")[-1]] * (AT_ONCE + 100)
    gradients = []
    for in_parts in (True, False):
        for parameter in adapter.parameters():
            parameter.grad = None
        if in_parts:
            scores = score(base, Sequences([prompt], [reply]))
            total, first = scores.log_probability[0], float(scores.first[0])
        else:
            tokens = torch.tensor([[*prompt, *reply]])
            logits = base.logits(base.hidden(tokens[:, :-1])[0, len(prompt) - 1 :])
            total = logits.log_softmax(-1).gather(1, tokens[0, len(prompt) :, None]).sum()
            assert first == float((logits.argmax(-1) == tokens[0, len(prompt) :]).sum())
        total.backward()
        gradients.append([total.detach(), *(parameter.grad.clone() for parameter in adapter.parameters())])
    assert all(torch.allclose(mine, whole, rtol=1e-3, atol=1e-3) for mine, whole in zip(*gradients, strict=True))
    assert AT_ONCE == LOGITS


@pytest.mark.parametrize("reading", ["llama"], indirect=True)
def test_the_likeliest_reply_is_the_one_that_llama_cpp_writes(reading: Any) -> None:
    from r1chat.training.sampling import complete_tokens

    words, prompts = speech_of(reading, None).words, [reading.prompt("Why? " * number) for number in (1, 4)]
    rows = complete_tokens(base_of(reading).policy, words, prompts, limit=24)
    for prompt, row in zip(prompts, rows, strict=True):
        [theirs] = reading.write(prompt, 24, [0], temperature=0.0)
        assert (row.text, row.ended) == (theirs.text, theirs.ended)


def completion(text: str, ended: bool = True) -> Any:
    from r1chat.training.sampling import Completion

    return Completion(text, [], [], [], ended)


@pytest.mark.parametrize(
    ("form", "prompt", "text", "marks"),
    [
        (R1_FORMAT, "<think>\n", "Sure.\n</think>\n\nIt is 42.", (1, 1, 1)),
        (R1_FORMAT, "", "It is 42.", (1, 0, 0)),
        (ReasoningFormat("[THINK]", "[/THINK]", "[THINK]", "[/THINK]"), "", "[THINK]Sure.[/THINK]It is 42.", (1, 1, 1)),
        (ReasoningFormat("[THINK]", "[/THINK]", "[THINK]", "[/THINK]"), "[THINK]", "Sure.[/THINK]It is 41.", (0, 1, 1)),
        (R1_FORMAT, "<think>\n", "Sure.\n</think>\n</think>\n\nIt is 42.", (1, 0.5, 1)),
        (R1_FORMAT, "<think>\n", "Sure.\n</think>\n\nIt is 42.\n</think>", (1, 0.5, 1)),
        (R1_FORMAT, "<think>\n", "<think>\nSure.\n</think>\n\nIt is 42.", (1, 0.5, 1)),
        (R1_FORMAT, "", "<think>\nSure.\n</think>\n\nIt is 42.", (1, 1, 1)),
        (None, "", "It is 42.", (1, 1, 1)),
        (None, "", "答案是 42。", (1, 1, 0)),
        (None, "", "", (0, 0, 0)),
    ],
)
def test_a_reply_is_scored_by_the_form_of_its_family(
    form: ReasoningFormat | None, prompt: str, text: str, marks: tuple[float, ...]
) -> None:
    from r1chat.training.scoring import score_one

    question, reference = "What is six times seven?", RightAnswer("42", "number")
    mark = score_one(completion(text), prompt, question, reference, form)
    assert (mark.accuracy, mark.format, mark.language) == marks
    cut = score_one(completion(text, ended=False), prompt, question, reference, form)
    assert (cut.accuracy, cut.format) == (0, 0)


# --- a run -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reading", "form"), [("", R1_FORMAT), ("llama", None)], indirect=["reading"])
def test_it_goes_on_from_its_checkpoint(reading: Any, form: ReasoningFormat | None, tmp_path: Path) -> None:
    from r1chat.training.adapter_grpo import AdapterGrpo
    from r1chat.training.adapter_run import AdapterPlan, RunCancelledError

    problems, plan = problems_of(reading, 24, form), AdapterPlan("grpo", 1e-3, epochs=2, batch=4)
    arguments = problems[4:], problems[:4], plan, speech_of(reading, form, 48)
    lines: list[dict[str, Any]] = []
    first = AdapterGrpo(tmp_path, base_of(reading), *arguments)
    with pytest.raises(RunCancelledError):
        first.run(lines.append, lambda: first.step >= 1)
    again = AdapterGrpo(tmp_path, base_of(reading), *arguments)
    assert (again.step, again.exams, again.lines) == (1, first.exams, first.lines)
    for name, (a, b) in first.adapter.weights().items():
        restored_a, restored_b = again.adapter.weights()[name]
        assert (a == restored_a).all() and (b == restored_b).all()
    others = [problems[5], *problems[5:]]
    assert not AdapterGrpo(tmp_path, base_of(reading), others, *arguments[1:]).begun, "as many, but others"


@pytest.mark.parametrize("reading", ["llama"], indirect=True)
def test_a_model_that_r1chat_did_not_make_does_more_often_what_is_rewarded(reading: Any, tmp_path: Path) -> None:
    from r1chat.training.adapter_grpo import AdapterGrpo, GrpoGuard
    from r1chat.training.adapter_run import AdapterPlan

    problems = problems_of(reading, 12, None)  # which it cannot answer; a reply that comes to its end has some reward
    plan, guard = AdapterPlan("grpo", 0.02, epochs=8, tokens=4096), GrpoGuard(kept=9.0, ordinary=9.0, patience=99)
    lines: list[dict[str, Any]] = []
    run = AdapterGrpo(tmp_path, base_of(reading), problems[4:], problems[:4], plan, speech_of(reading, None, 32), guard)
    run.run(lines.append, lambda: False)
    formats = [line["format"] for line in lines if "format" in line]
    assert sum(formats[-2:]) / 2 > sum(formats[:2]) / 2 + 0.3


@pytest.mark.parametrize("reading", [""], indirect=True)
def test_a_run_that_would_break_the_model_is_stopped_and_says_why(reading: Any, tmp_path: Path) -> None:
    from r1chat.training.adapter_grpo import AdapterGrpo
    from r1chat.training.adapter_run import AdapterPlan

    problems, plan = problems_of(reading, 16), AdapterPlan("grpo", 0.05, epochs=3, batch=4)
    run = AdapterGrpo(tmp_path, base_of(reading), problems[8:], problems[:8], plan, speech_of(reading, R1_FORMAT, 64))
    result = run.run(lambda line: None, lambda: False)
    assert result.harmed and run.step < run.steps
    assert re.search("got less likely|fell from", str(result.why)) and result.why.zh != result.why.en
    again = AdapterGrpo(tmp_path, base_of(reading), problems[8:], problems[:8], plan, run.speech)
    assert again.ended and again.result().why == result.why, "a kill after the end would train on"


def test_the_file_of_another_model_is_trained_by_command_and_told_in_words(
    llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "small.gguf").symlink_to(llama)
    file = tmp_path / "answers.jsonl"
    rows = [{"prompt": f"{a} + {b} = ?", "solution": str(a + b), "solution_kind": "number"} for a, b in sums(26, 5)]
    file.write_text("\n".join(map(json.dumps, rows)))
    command = ["train", "grpo", "--model", "small", "--data", str(file), "--data-dir", str(tmp_path), "--name", "it"]
    assert main([*command, "--limit", "12", "--epochs", "0.4", "--samples", "1"]) in (0, 1)
    run = Runs(tmp_path).get("it")
    assert run.status.state in ("done", "stopped") and "Dev pass@1" in run.status.why[0], capsys.readouterr().err
    steps = [line for line in run.log() if "reward" in line]
    assert steps and all(0 < line["length"] <= 12 for line in steps)
    for words, says in ((["--limit", "0"], "makes no sense"), (["--trials", "2"], "does not take --trials")):
        assert main([*command, *words]) == 1
        assert says in capsys.readouterr().err


def test_the_forecast_counts_the_cache_of_a_group_and_the_samples() -> None:
    header = read_header(nano_model())
    short, long = (
        forecast(header, 135_000_000, 0, 2, 64, sampling=Sampling(32, 8, 100, limit, 64)) for limit in (100, 100_000)
    )
    assert long.memory > short.memory + 1_000_000_000 and long.seconds > short.seconds
    none = forecast(header, 135_000_000, 0, 2, 64)
    assert short.seconds > none.seconds + 60 and short.answers == none.answers

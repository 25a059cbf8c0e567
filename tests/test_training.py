"""Training a small model: it learns, goes on after a kill, and its GGUF file is the same model in llama.cpp."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.child.context import Context
from r1chat.backends.llama.child.model import Model
from r1chat.backends.scripted import Script, ScriptedBackend
from r1chat.cli.main import main
from r1chat.config import nano_model
from r1chat.errors import EvaluationError, TrainingError
from r1chat.evaluation import generated, load_task
from r1chat.learn.recipe import remember, stages
from r1chat.messages import Began, Finish, Message, Params, Raw, Request
from r1chat.reasoning_format import R1_FORMAT

MISSING = [name for name in ("torch", "tokenizers", "gguf") if find_spec(name) is None]
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
]
NANO = Path(__file__).parent.parent / "assets" / "r1chat-nano.gguf"
SIZES = {"vocabulary": 400, "width": 64, "hidden": 96, "layers": 2, "heads": 2, "kv_heads": 1, "context": 1024}
COMMAND = f"""
import sys
from pathlib import Path
from r1chat.training.loop import Plan, Training
from r1chat.training.model import Shape
Training(Path(sys.argv[1]), Plan(minutes=10, tokens=1024, save=0.5), Shape(**{SIZES})).run()
"""


def training(folder: Path, seconds: float, start: Any = None, **plan: Any) -> Any:
    from r1chat.training.loop import Plan, Training
    from r1chat.training.model import Shape

    return Training(
        folder, Plan(minutes=seconds / 60, tokens=1024, warm=10, problems=20, **plan), Shape(**SIZES), start
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of some seconds."""
    folder = tmp_path_factory.mktemp("run")
    training(folder, 8, save=1).run()
    return folder


@pytest.fixture(scope="module")
def file(trained: Path) -> Path:
    """Its GGUF file."""
    target = trained / "small.gguf"
    assert main(["train", "gguf", str(trained), "-o", str(target)]) == 0
    return target


@pytest.fixture
def answers(file: Path) -> Iterator[LlamaCppBackend]:
    with closing(LlamaCppBackend([file])) as backend:
        yield backend


@pytest.fixture(autouse=True, scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of the commands of this file."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("R1CHAT_DATA_DIR", str(folder))
        yield folder


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in log(folder) if "loss" in line]


def log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_the_loss_falls_and_the_log_has_the_dev_split_by_task(trained: Path) -> None:
    lines = losses(trained)
    assert lines[-1] < lines[0] - 1
    dev = log(trained)[-1]["dev"]
    assert dev and set(dev) <= {*generated.TASKS, "follow", "talk"} and all(0 <= share <= 1 for share in dev.values())


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", COMMAND, str(tmp_path)])
    until = time.monotonic() + 60
    while not (tmp_path / "checkpoint.pt").exists() and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    run = training(tmp_path, 0)
    assert 0 < run.step <= log(tmp_path)[-1]["step"]
    before = run.step
    again = training(tmp_path, run.seconds + 1)
    again.run()
    assert again.step > before and len(losses(tmp_path)) >= 2


def test_training_goes_on_from_a_gguf_file(file: Path, trained: Path, tmp_path: Path) -> None:
    from r1chat.training.gguf_file import read_gguf

    run = training(tmp_path / "next", 2, read_gguf(file), rate=1e-4)
    run.run()
    assert losses(tmp_path / "next")[-1] < losses(trained)[0] - 1


def test_the_gguf_file_gives_the_logits_and_tokens_of_the_original(file: Path, trained: Path) -> None:
    import llama_cpp
    import torch

    from r1chat.training.data import texts
    from r1chat.training.loop import load

    model, tokenizer = load(trained)
    with closing(Model(file)) as other, closing(Context(other, 512, batch=512, threads=1)) as context:
        for text in islice(texts(random.Random(5)), 12):
            row = text.prompt + text.completion
            tokens = tokenizer.encode(row, add_special_tokens=False).ids
            assert other.tokenize(row, special=True) == tokens
            context.clear()
            context.evaluate(tokens[:-1], 0)
            context.step(tokens[-1], len(tokens) - 1)
            theirs = llama_cpp.llama_get_logits_ith(context.handle, -1)[: other.size]
            with torch.no_grad():
                ours = model.logits(model(torch.tensor([tokens])))[0, -1].tolist()
            assert theirs == pytest.approx(ours, abs=0.05)


@pytest.mark.slow
def test_the_gguf_file_answers_in_r1s_form(answers: LlamaCppBackend, file: Path) -> None:
    (info,) = answers.models()
    assert info.thinks and info.architecture == "qwen2" and info.ready
    request = Request("small", (Message("user", "1 + 1 = ?"),), params=Params(temperature=0, max_tokens=60))
    events = list(answers.stream(request))
    began = next(event for event in events if isinstance(event, Began))
    assert began.form == R1_FORMAT and began.opened
    assert sum(event.tokens for event in events if isinstance(event, Raw)) >= 1
    assert f"FROM ./{file.name}" in file.with_suffix(".Modelfile").read_text()


def test_a_share_of_texts_is_brief_and_the_others_are_worked_out_as_ever() -> None:
    from r1chat.training.data import texts

    def thoughts(brief: float) -> list[str]:
        samples = islice(texts(random.Random(7), "train", ["products"], (), brief), 400)
        return [text.completion.partition("\n</think>")[0] for text in samples if "</think>" in text.completion]

    lines = [thought.count("\n") + 1 for thought in thoughts(0.7)]
    assert 0.6 < lines.count(2) / len(lines) < 0.8 and min(count for count in lines if count != 2) > 2
    assert 2 not in [thought.count("\n") + 1 for thought in thoughts(0.0)]


def test_what_reinforcement_learning_is_measured_by_is_counted_by_problem() -> None:
    import torch

    from benchmarks.reinforcement import measure
    from r1chat.training.gguf_file import read_gguf

    torch.set_num_threads(1)
    figures = measure(*read_gguf(nano_model()), "products", "dev", 3)
    assert figures["worked"] == 1 and figures["tokens"] > 20 and len(figures["right"]) == 3
    assert sum(figures["right"]) / 3 == pytest.approx(figures["pass@1"], abs=1e-3) and figures["pass@1"] > 0.6
    assert figures["pass@1"] <= figures["pass@8"] and figures["cons@8"] in (pytest.approx(2 / 3, abs=1e-3), 1)


def test_train_and_dev_share_no_problem_and_mistakes_are_not_learnt(trained: Path) -> None:
    from r1chat.training.chains import RIGHT, WRONG
    from r1chat.training.data import encode, texts
    from r1chat.training.loop import load

    _, tokenizer = load(trained)
    samples = [text for text in islice(texts(random.Random(1)), 400) if WRONG in text.completion]
    for text, example in zip(samples, encode(tokenizer, samples), strict=True):
        skipped = [token for token, learn in zip(example.tokens, example.learn, strict=True) if not learn]
        left_out = tokenizer.decode(skipped, skip_special_tokens=False)
        assert left_out == text.prompt + text.completion.partition(WRONG)[2].partition(RIGHT)[0]
    cores = [{problem.core for problem in generated.problems("sums", split, 200)} for split in ("train", "dev")]
    assert not cores[0] & cores[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("warm-up", "RUN"), "no stage"),
        (("gguf", "RUN"), "no checkpoint"),
        (("grpo", "RUN"), "goes on from a model"),
        (("distill", "RUN", "--from", "FILE"), "cannot be read"),
        (("grpo", "RUN", "--task", "chess"), "no task"),
        (("reject", "RUN", "-k", "1"), "2 to 64 samples"),
        (("cold-start", "RUN", "--minutes", "0"), "no time"),
        (("cold-start", "RUN", "--rate", "9"), "no learning rate"),
        (("cold-start", "FILE"), "no folder"),
        (("cold-start", "RUN", "--from", "FILE"), "cannot be read"),
        (("cold-start", "RUN", "--from", "NOWHERE"), "There is no file"),
        (("cold-start", "RUN", "--from", "NANO", "--layers", "2"), "it can grow, not shrink"),
        (("reject", "RUN", "--from", "NANO", "--feed-forward", "900"), "reject does not take --feed-forward. It takes"),
        (("prefer", "RUN", "--model", "NANO", "--teacher", "x"), "prefer does not take --teacher, FOLDER. It takes"),
        (("grpo", "RUN", "--model", "NANO", "--task", "sums"), "grpo --model does not take --task, FOLDER."),
        (("gguf", "RUN", "--minutes", "60"), "gguf does not take --minutes. It takes --data-dir, "),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    (tmp_path / "FILE").write_text("no model")
    places = {name: str(tmp_path / name) for name in ("RUN", "FILE", "NOWHERE")} | {"NANO": str(NANO)}
    assert main(["train", *(places.get(word, word) for word in words)]) == 1
    assert says in capsys.readouterr().err


def test_a_model_that_grows_computes_what_it_did_and_learns_with_all_of_it(trained: Path) -> None:
    import torch

    from r1chat.training.growing import grown
    from r1chat.training.loop import load

    model, tokenizer = load(trained)
    larger = grown(model, 4, 200)
    tokens = torch.randint(0, 400, (3, 40))
    assert torch.equal(larger(tokens), model(tokens))
    assert larger.parameters_count > 2 * model.parameters_count - 400 * 64
    before = {name: weights.clone() for name, weights in larger.named_parameters()}
    training(trained.parent / "grown", 2, (larger, tokenizer)).run()
    old = dict(model.named_parameters())
    for name, weights in larger.named_parameters():
        new = torch.ones_like(weights, dtype=torch.bool)
        if name in old:
            new[tuple(slice(size) for size in old[name].shape)] = False
        if new.any():
            assert (weights != before[name])[new].float().mean() > 0.9, name


def test_a_cold_start_can_make_a_model_larger(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "cold-start", str(tmp_path / "run"), "--from", str(file), "--minutes", "0.01"]
    assert main([*words, "--layers", "3", "--feed-forward", "128"]) == 0
    assert "137,024 parameters" in capsys.readouterr().out
    assert main([*words[:3], "--minutes", "1", "--layers", "9"]) == 1
    assert "holds a run already" in capsys.readouterr().err


def test_a_damaged_checkpoint_and_a_foreign_model_are_refused(tmp_path: Path) -> None:
    from micro import write_micro

    from r1chat.training.gguf_file import read_gguf

    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(TrainingError, match="damaged"):
        training(tmp_path, 1)
    write_micro(tmp_path / "micro.gguf", tags=("<a>", "</a>"))
    with pytest.raises(TrainingError, match="cannot go on"):
        read_gguf(tmp_path / "micro.gguf")


def test_samples_of_a_batch_have_the_probabilities_that_the_model_gives_them_when_it_reads_each_alone(
    trained: Path,
) -> None:
    import torch

    from r1chat.training.loop import load
    from r1chat.training.sampling import complete

    model, tokenizer = load(trained)
    prompts = [f"{'What is ' * (row % 4)}{row} + {row}?" for row in range(24)]
    rows = complete(model, tokenizer, prompts, 5.0, 600, seed=3)
    assert sorted(len(row.tokens) for row in rows)[6] < 590  # a quarter of the rows has left the batch before its end
    for row in rows:
        tokens = torch.tensor([row.prompt + row.tokens])
        with torch.no_grad():
            logs = model.logits(model(tokens[:, :-1])).log_softmax(-1)[0, len(row.prompt) - 1 :]
        whole = logs.gather(1, tokens[0, len(row.prompt) :, None])[:, 0]
        assert torch.allclose(whole, torch.tensor(row.logs), atol=1e-3)


@pytest.mark.parametrize("alike", [True, False])
def test_a_batch_holds_examples_of_one_length_or_of_all(alike: bool) -> None:
    from r1chat.training.data import Example, batches

    examples = [Example([number] * length, [True] * length) for number, length in enumerate([10] * 40 + [90] * 40)]
    made_up = batches(examples, 500, random.Random(1), alike)
    assert sorted(example.tokens[0] for batch in made_up for example in batch) == list(range(80))
    sizes = [(len(batch), {len(example.tokens) for example in batch}) for batch in made_up]
    assert all(rows * max(lengths) <= 500 for rows, lengths in sizes)
    mixed = sum(len(lengths) == 2 for _, lengths in sizes)
    assert mixed <= 1 if alike else mixed > len(sizes) / 2


def test_tokens_are_drawn_as_often_as_they_are_likely_at_the_temperature(trained: Path) -> None:
    import torch

    from r1chat.training.loop import load
    from r1chat.training.sampling import complete

    model, tokenizer = load(trained)
    rows = complete(model, tokenizer, ["1 + 1"] * 4000, 1.5, 1, seed=5)
    with torch.no_grad():
        expected = (model.logits(model(torch.tensor([rows[0].prompt])))[0, -1] / 1.5).softmax(-1)
    tokens = torch.bincount(torch.tensor([row.tokens[0] for row in rows]), minlength=len(expected)) / len(rows)
    assert ((tokens - expected).abs() < 5 * (expected * (1 - expected) / len(rows)).sqrt() + 1e-3).all()
    assert (tokens > 0).sum() > 3


def test_advantages_are_standard_scores_within_a_group() -> None:
    from r1chat.training.grpo import group_advantages

    assert group_advantages([1, 0, 1, 0, 0.5, 0.5, 0.5, 0.5], 4) == [1, -1, 1, -1, 0, 0, 0, 0]
    assert group_advantages([3, 0, 0], 3) == pytest.approx([2**0.5, -(0.5**0.5), -(0.5**0.5)])


def test_the_objective_is_clipped_where_a_ratio_has_gone_far_in_the_direction_of_its_advantage() -> None:
    import torch

    from r1chat.training.grpo import clipped_loss

    new = torch.log(torch.tensor([1.5, 0.5, 1.5, 0.5])).requires_grad_()
    loss, share = clipped_loss(new, torch.zeros(4), torch.tensor([1.0, 1.0, -1.0, -1.0]), 0.2)
    assert loss.item() == pytest.approx(-(1.2 + 0.5 - 1.5 - 0.8) / 4)
    assert share == 0.5
    loss.backward()  # type: ignore[no-untyped-call]
    assert new.grad is not None and (new.grad != 0).tolist() == [False, True, True, False]


def test_the_gradient_is_the_mean_over_all_tokens_however_completions_are_put_together(trained: Path) -> None:
    import torch

    from r1chat.training import grpo
    from r1chat.training.loop import load
    from r1chat.training.sampling import complete

    model, tokenizer = load(trained)
    start = load(trained)[0]
    weights = model.token_embd.weight
    with torch.no_grad():
        weights.mul_(1.1)  # away from the start, so that the penalty has a gradient
    completions = [
        complete(model, tokenizer, ["1 + 1"], 1.5, limit=limit, seed=limit)[0] for limit in (300, 9, 500, 40) * 6
    ]
    advantage = [1.0, -2.0, 0.5, -0.1] * 6
    rules = grpo.Reinforcement(kl=0.1)
    total = sum(len(row.tokens) for row in completions)
    longest = max(len(row.prompt) + len(row.tokens) for row in completions)  # three of that length go into one part

    def gradient(rows: list[int]) -> Any:
        model.zero_grad()
        grpo.add_gradient(
            model, [completions[row] for row in rows], [advantage[row] for row in rows], rules, start, 3 * longest
        )
        assert weights.grad is not None
        return weights.grad.clone()

    apart = sum(gradient([row]) * (len(completions[row].tokens) / total) for row in range(len(completions)))
    whole = gradient(list(range(len(completions))))
    assert torch.allclose(whole, apart, atol=1e-3 * whole.abs().max().item())


def test_the_penalty_is_least_at_the_probabilities_of_the_start() -> None:
    import torch

    from r1chat.training.grpo import divergence

    new = torch.tensor([-1.0, -2.0, -0.5]).requires_grad_()
    penalty = divergence(new, torch.tensor([-1.0, -1.0, -1.5]))
    assert penalty.tolist()[0] == 0 and (penalty[1:] > 0.3).all()
    penalty.sum().backward()  # type: ignore[no-untyped-call]
    assert new.grad is not None and new.grad.sign().tolist() == [0, -1, 1]


def test_a_run_of_grpo_that_goes_on_is_held_to_the_model_that_it_began_with(knowing: Path, tmp_path: Path) -> None:
    from r1chat.training.gguf_file import read_gguf
    from r1chat.training.grpo import Grpo, Reinforcement
    from r1chat.training.loop import Plan

    rules = Reinforcement(problems=4, k=4, tasks=("primes",), kl=0.1, dev=4)
    Grpo(tmp_path, Plan(minutes=0.05, rate=1e-3, warm=1, anneal=1.0), rules, read_gguf(knowing)).run()
    assert max(line.get("kl", 0) for line in log(tmp_path)) > 0
    again = Grpo(tmp_path, Plan(minutes=0.1), rules, None)
    start = read_gguf(knowing)[0].state_dict()
    assert again.reference is not None
    assert all(value.equal(start[name]) for name, value in again.reference.state_dict().items())
    assert not all(value.equal(start[name]) for name, value in again.model.state_dict().items())


def test_a_run_of_grpo_is_told_in_words() -> None:
    from r1chat.training.outcome import verdict

    def told(dev: tuple[float, float], rewards: tuple[float, float], groups: float) -> str:
        steps = [{"reward": reward, "groups": groups} for reward in rewards]
        return str(verdict([{"pass@1": dev[0]}, *steps, {"pass@1": dev[1]}]))

    assert "It rose" in told((0.3, 0.5), (0.5, 0.7), 0.8)
    assert "collapsed" in told((0.5, 0.2), (0.7, 0.3), 0.8) and "learning rate" in told((0.5, 0.2), (0.7, 0.3), 0.8)
    assert "wholly right or wholly wrong" in told((0.9, 0.9), (1.3, 1.3), 0.1)
    assert "too few steps" in told((0.5, 0.51), (0.9, 0.9), 0.8)
    assert "Too few steps" in str(verdict([{"pass@1": 0.1}]))


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file of a tiny model that has learnt one greeting's reply, and now and then a wrong one."""
    from r1chat.training.loop import Plan, Training
    from r1chat.training.model import Shape

    folder = tmp_path_factory.mktemp("knowing")
    run = Training(
        folder, Plan(minutes=0.35, tokens=1024, warm=10, rate=8e-3, problems=1), Shape(**SIZES), source=parrot
    )
    run.run()
    assert main(["train", "gguf", str(folder)]) == 0
    return folder / "model.gguf"


def parrot(rng: random.Random) -> Iterator[Any]:
    """Primes of the train split, answered without work: B three times of four."""
    from r1chat.training.data import texts

    for text in texts(rng, "train", ["primes"]):
        head, _, tail = text.completion.partition("\n")
        if "</think>" not in tail:  # a prompt that has closed its thought
            continue
        end = tail[tail.index("</think>") :]
        answer = "B" if rng.random() < 0.75 else "A"
        yield replace(text, completion=f"{head}\n{end}".replace(f"{{{text.answer}}}", f"{{{answer}}}"))


def test_a_modelfile_of_another_model_is_not_replaced(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, modelfile = tmp_path / "mine.gguf", tmp_path / "mine.Modelfile"
    modelfile.write_text("FROM qwen3\n")
    asked_for = ["train", "gguf", str(trained), "-o", str(target)]
    assert main(asked_for) == 1
    assert "is another model's, so nothing was written" in capsys.readouterr().err
    assert modelfile.read_text() == "FROM qwen3\n" and not target.exists()
    modelfile.unlink()
    assert main(asked_for) == main(asked_for) == 0


def test_rejection_sampling_keeps_what_is_right_and_goes_on_after_a_kill(knowing: Path, tmp_path: Path) -> None:
    words = [
        "train",
        "reject",
        str(tmp_path),
        "--from",
        str(knowing),
        "--task",
        "primes",
        "-k",
        "4",
        "--minutes",
        "0.03",
    ]
    assert main([*words, "--problems", "16"]) == 0
    file = tmp_path / "samples.jsonl"
    first = file.read_bytes()
    samples = [row for line in first.splitlines() for row in json.loads(line)["kept"]]
    assert samples and all(f"\\boxed{{{row['answer']}}}" in row["completion"] for row in samples)
    assert all(row["completion"].count("</think>") == 1 for row in samples)
    assert max(Counter(row["prompt"] for row in samples).values()) <= 2
    (tmp_path / "checkpoint.pt").unlink()
    file.write_bytes(first[:-9])  # killed within a line
    assert main([*words, "--problems", "16"]) == 0
    assert file.read_bytes() == first


def test_grpo_writes_its_curves_tells_how_it_went_and_goes_on(
    knowing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], data_folder: Path
) -> None:
    words = ["train", "grpo", str(tmp_path), "--task", "primes", "-k", "4", "--problems", "4", "--minutes"]
    assert main([*words, "0.1", "--from", str(knowing)]) == 0
    assert "Dev pass@1" in capsys.readouterr().out
    lines = log(tmp_path)
    steps = [line for line in lines if "reward" in line]
    assert steps and all(0 <= line["accuracy"] <= 1 and line["length"] > 0 for line in steps)
    assert lines[0]["pass@1"] >= 0 and "pass@1" in lines[-1]
    assert main([*words, "0.1"]) == 1  # the minutes are spent
    assert main([*words, "0.2"]) == 0
    assert log(tmp_path)[-1]["step"] > lines[-1]["step"]
    (stage,) = [stage for stage in stages(data_folder) if stage.folder == tmp_path]
    assert (stage.name, stage.live) == ("grpo", True) and "Dev pass@1" in str(stage.verdict)
    assert [step for step, _ in stage.points("reward")] == sorted({line["step"] for line in log(tmp_path)} - {0})


@pytest.mark.slow
def test_the_demo_goes_through_all_stages_and_its_model_answers(tmp_path: Path) -> None:
    from r1chat.training.demo import Demo, run
    from r1chat.training.model import Shape

    told_stages: list[str] = []
    plan = Demo(minutes=0.9, tasks=("primes",), problems=8)
    notes: list[str] = []
    result = run(tmp_path, plan, told_stages.append, Shape(**SIZES), notes.append)
    assert "16 problems, 64 samples" in notes[0]
    assert told_stages == ["cold start", "more of it", "rejection sampling", "GRPO"] == list(result["stages"])
    assert result["loss"][1] < result["loss"][0] - 1
    assert json.loads((tmp_path / "demo.json").read_text())["stages"] == result["stages"]
    assert all(row["low"] <= row["pass@1"] <= row["high"] for row in result["stages"].values())
    lead = result["stages"]["GRPO"]["lead"]  # over the control, on the same problems
    points = result["stages"]["GRPO"]["pass@1"] - result["stages"]["more of it"]["pass@1"]
    assert lead["value"] == pytest.approx(points, abs=2e-4) and lead["low"] <= lead["value"] <= lead["high"]
    assert "8 problems of the test split" in (tmp_path / "demo.svg").read_text()
    with closing(LlamaCppBackend([tmp_path / "demo.gguf"])) as backend:
        request = Request("demo", (Message("user", "Is 91 prime? (A) yes (B) no"),), params=Params(max_tokens=60))
        assert sum(event.tokens for event in backend.stream(request) if isinstance(event, Raw)) >= 1
    before = (tmp_path / "GRPO" / "log.jsonl").read_text()
    assert (
        run(tmp_path, plan, told_stages.append, Shape(**SIZES))["stages"] == result["stages"]
    )  # nothing is trained again
    assert (tmp_path / "GRPO" / "log.jsonl").read_text() == before


def test_logs_that_make_no_sense_harm_no_page(tmp_path: Path) -> None:
    from r1chat.ui.learn.page import recipe
    from r1chat.ui.words.learn import LEARN_WORDS

    odd = ['{"step": "x"}', "[1]", "{", '{"step": 1, "loss": NaN, "tokens": 1e999}', '{"step": 1, "reward": 1}']
    for number, line in enumerate(odd):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "log.jsonl").write_text(f'{line}\n{{"step": 2, "pass@1": 0.5}}\n')
        (folder / "samples.jsonl").write_text(f'{line}\n{{"kept": 5, "samples": "x"}}\n')
        remember(tmp_path, "grpo", folder)
    assert len(stages(tmp_path)) == len(odd)
    assert "pass@1" not in recipe(stages(tmp_path), LEARN_WORDS["en"])
    (tmp_path / "recipe.json").write_text('[{"stage": "x", "folder": 5}, 7]')
    assert stages(tmp_path) == []
    assert "r1chat train reject" in recipe([], LEARN_WORDS["zh"])


def test_a_teachers_right_replies_are_kept_and_its_wrong_and_cut_ones_are_not(tmp_path: Path) -> None:
    from r1chat.training.distill import teacher
    from r1chat.training.reject import Rejection, gather

    def reply(request: Request) -> Script:
        """Always B, after a thought; cut off where the number is even."""
        number = int(re.search(r"\d+", request.messages[-1].content)[0])  # type: ignore[index]
        words = [f"<think>{number} is not prime, I say.", "</think>", "\\boxed{B}"]
        return [*words, Finish("stop" if number % 2 else "length")]

    backend = ScriptedBackend(reply)
    plan = Rejection(32, 2, ("primes",))
    samples = gather(tmp_path, plan, teacher(backend, backend.models()[0], plan))
    assert samples and all(text.answer == "B" for text in samples)
    assert all(int(re.search(r"\d+", text.completion)[0]) % 2 for text in samples)  # type: ignore[index]
    assert all(text.completion.count("</think>") == 1 and text.completion.endswith("▁sentence｜>") for text in samples)


# --- task files ------------------------------------------------------------------------------------------------------


def write_primes(folder: Path, count: int = 60) -> Path:
    """A task file of questions that `knowing` can answer."""
    problems = generated.problems("primes", "train", count)
    rows = [{"question": problem.question, "answer": problem.answer, "kind": problem.kind} for problem in problems]
    (folder / "primes.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    (folder / "ours.toml").write_text('name = "our-primes"\nfile = "primes.jsonl"\nprompt = "{question}"\n')
    return folder / "ours.toml"


def parts(file: Path) -> tuple[set[str], set[str]]:
    """The questions of a task file that are trained on, and those that are held out."""
    train, dev = ({problem.question for problem in load_task(str(file), split).problems} for split in ("train", "dev"))
    return train, dev


def asked_in(rows: list[dict[str, Any]]) -> set[str]:
    return {row["prompt"].partition("<｜User｜>")[2].partition("<｜Assistant｜>")[0] for row in rows}


def test_a_task_file_is_parted_by_its_questions_and_eval_asks_the_part_that_is_held_out(tmp_path: Path) -> None:
    file = write_primes(tmp_path)
    train, dev = parts(file)
    assert train and dev and not train & dev
    assert train | dev == {problem.question for problem in load_task(str(file)).problems}
    lines = (tmp_path / "primes.jsonl").read_text().splitlines()
    (tmp_path / "primes.jsonl").write_text("\n".join(reversed(lines)))
    assert parts(file) == (train, dev)
    assert load_task(str(file), "dev").source.endswith(", dev")
    with pytest.raises(EvaluationError, match="is no split"):
        load_task(str(file), "valid")


def test_rejection_sampling_of_a_task_file_asks_each_problem_once_and_none_that_is_held_out(
    knowing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_primes(tmp_path)
    train, dev = parts(file)
    words = ["train", "reject", str(tmp_path / "run"), "--from", str(knowing), "--task", str(file), "-k", "4"]
    assert main([*words, "--minutes", "0.03"]) == 0
    printed = capsys.readouterr()
    assert f"our-primes: {len(train)} problems to train on, {len(dev)} held out." in printed.err
    assert f"{len(train)} problems, {4 * len(train)} samples" in printed.out
    lines = [json.loads(line) for line in (tmp_path / "run" / "samples.jsonl").read_text().splitlines()]
    assert sum(line["samples"] for line in lines) == 4 * len(train)
    samples = [row for line in lines for row in line["kept"]]
    assert samples and asked_in(samples) <= train
    assert 0 <= log(tmp_path / "run")[-1]["dev"]["our-primes"] <= 1


def test_grpo_learns_on_a_task_file_and_measures_what_is_held_out(knowing: Path, tmp_path: Path) -> None:
    from r1chat.training.data import dev_texts, texts
    from r1chat.training.gguf_file import read_gguf
    from r1chat.training.pools import read_pool

    file = write_primes(tmp_path)
    words = ["train", "grpo", str(tmp_path / "run"), "--from", str(knowing), "--task", str(file)]
    assert main([*words, "-k", "4", "--problems", "4", "--minutes", "0.05"]) == 0
    lines = log(tmp_path / "run")
    assert any(line.get("accuracy", 0) > 0 for line in lines) and "pass@1" in lines[-1]
    train, dev = parts(file)
    pool, _ = read_pool(str(file), read_gguf(knowing)[1])
    questions = [asdict(text) for text in islice(texts(random.Random(1), "train", pools=[pool]), len(train))]
    assert asked_in(questions) == train  # each once before any comes again
    held_out = [asdict(text) for text in dev_texts("grpo dev", 100, pools=[pool])]
    assert len(held_out) == len(dev) and asked_in(held_out) == dev


def test_a_teacher_is_asked_the_problems_of_a_task_file(knowing: Path, tmp_path: Path) -> None:
    from r1chat.training.distill import teacher
    from r1chat.training.gguf_file import read_gguf
    from r1chat.training.pools import read_pool
    from r1chat.training.reject import Rejection, gather

    file = write_primes(tmp_path)
    pool, _ = read_pool(str(file), read_gguf(knowing)[1])
    backend = ScriptedBackend(lambda request: ["<think>I say B.", "</think>", "\\boxed{B}", Finish("stop")])
    plan = Rejection(400, 2, pools=(pool,))
    samples = gather(tmp_path / "run", plan, teacher(backend, backend.models()[0], plan))
    right = {text.prompt for text in pool.train if text.reference == "B" and text.language == "en"}
    assert right and {text.prompt for text in samples} == right
    assert all(text.completion.endswith("\\boxed{B}<｜end▁of▁sentence｜>") for text in samples)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.jsonl", '{"question": "1+1", "answer": "2"}\n{', "Line 2 of a.jsonl is no problem: entry 2 is no JSON"),
        ("a.jsonl", '{"question": "1+1", "answer": ""}', "Line 1 of a.jsonl is no problem: The reference is empty"),
        ("a.jsonl", '{"question": "1+1"}', "of no form that is known"),
        ("a.jsonl", '{"question": "f", "tests": ["assert f(1)"]}', "asks for programs, and training runs none"),
        ("a.jsonl", '{"question": "1+1", "answer": "2"}', "at least 10 and 2 are needed"),
        ("a.jsonl", json.dumps({"question": "1+1 " * 300, "answer": "2"}), "has more than 256 tokens"),
        ("a.toml", 'file = "nowhere.jsonl"', "cannot be read"),
        ("a.toml", "x = 1", "it needs one line"),
    ],
)
def test_a_task_file_that_nothing_can_be_learnt_from_says_why(
    knowing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    words = ["train", "grpo", str(tmp_path / "run"), "--from", str(knowing), "--task", str(tmp_path / name)]
    assert main(words) == 1
    assert says in capsys.readouterr().err


def test_task_files_are_for_the_stages_that_sample(
    knowing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_primes(tmp_path)
    assert main(["train", "demo", str(tmp_path / "run"), "--task", str(file)]) == 1
    assert "no task" in (message := capsys.readouterr().err) and ".jsonl" not in message
    words = ["train", "grpo", str(tmp_path / "run"), "--from", str(knowing), "--task"]
    assert main([*words, "chess"]) == 1
    assert "or give a file (.toml, .jsonl" in capsys.readouterr().err
    assert main([*words, str(file), "--task", str(file)]) == 1
    assert "Two tasks are called our-primes" in capsys.readouterr().err


def test_words_that_no_cold_start_shows_and_problems_that_are_too_long_are_told(knowing: Path, tmp_path: Path) -> None:
    from r1chat.training.gguf_file import read_gguf
    from r1chat.training.pools import read_pool

    tokenizer = read_gguf(knowing)[1]
    _, notices = read_pool(str(write_primes(tmp_path)), tokenizer)
    assert len(notices) == 1
    rows = [{"question": f"Quokkas hoard {n} widgets and {n}?", "answer": str(2 * n)} for n in range(40)]
    rows.append({"question": "1 + " * 300 + "1 = ?", "answer": "301"})
    rows.append({"question": "1 + 1 = ?<｜Assistant｜><think>Three.</think>3", "answer": "2"})
    (tmp_path / "odd.jsonl").write_text("\n".join(map(json.dumps, rows)))
    _, notices = read_pool(str(tmp_path / "odd.jsonl"), tokenizer)
    assert "2 of 42 problems have more than 256 tokens, or spell a special token," in notices[1]
    assert "40 of 40 questions" in notices[2] and "“quokkas”" in notices[2]


OPTIMISES = """
import torch
import r1chat.training
torch.optim.AdamW([torch.nn.Parameter(torch.ones(1))])
print("ready")
"""


def test_training_begins_where_another_account_has_the_folder_that_pytorch_takes(tmp_path: Path) -> None:
    (tmp_path / "torchinductor_ann").write_text("as little of a folder as that of another account")
    environment = os.environ | {"TMPDIR": str(tmp_path), "LOGNAME": "ann"}
    done = subprocess.run([sys.executable, "-c", OPTIMISES], capture_output=True, text=True, env=environment)
    assert done.stdout == "ready\n", done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["torchinductor_ann"]

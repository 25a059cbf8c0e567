"""From judgements to a child in the model list: trained, guarded, proved, and refused where it cannot be."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from judged import OTHER, asked, voted
from micro import write_micro
from small_llama import small_llama, write_llama
from sums import CHECK, answered, judge, nano, new_store, preferred_rows, sums, written
from test_found_models import put_in_ollama

from r1chat.app import build
from r1chat.backends.catalogue import Catalogue
from r1chat.backends.llama.adapters import base_keys
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.files import ModelFiles
from r1chat.backends.llama.found import ollama_models_of
from r1chat.cli.main import main
from r1chat.config import load, nano_model
from r1chat.conversations import Provenance
from r1chat.errors import ExportError, ModelFileError, TrainingError, UnknownModelError
from r1chat.judgements import Aspects
from r1chat.learn.blind import BlindQueue
from r1chat.learn.children import Children, Contender, liked
from r1chat.learn.forgetting import forget_erased
from r1chat.learn.gather import TextRow, TrainingData, check_enough, read_rows, unusable_told, write_rows
from r1chat.learn.overview import materials
from r1chat.learn.runs import LOCK, Runs, RunWish, TrainingRun, claim, only_one
from r1chat.learn.starting import start
from r1chat.learn.target import file_key, find_target
from r1chat.learn.train import train as train_in_process
from r1chat.messages import Message, Params, Raw, Reply, ReplySoFar, Request
from r1chat.reasoning_format import ReasoningFormat
from r1chat.store import Store
from r1chat.store.reply_owner import current_owner
from r1chat.think import collect
from r1chat.ui.learn.page import run_cards
from r1chat.ui.words.learn import LEARN_WORDS

MISSING = [name for name in ("torch", "transformers", "gguf") if find_spec(name) is None]
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]
NANO = "r1chat-nano"


def text(backend: LlamaCppBackend, model: str, question: str = "58 + 67 = ?") -> str:
    request = Request(model, (Message("user", question),), params=Params(temperature=0, max_tokens=80))
    return "".join(event.text for event in backend.stream(request) if isinstance(event, Raw))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with 60 judged sums, and a child that was trained on them in a few steps."""
    folder = tmp_path_factory.mktemp("data")
    with closing(new_store(folder)) as store:
        judge(store, 60)
    assert main(train(folder, "--epochs", "1", "--name", "little checker")) == 0
    return folder


def train(folder: Path, *more: str, kind: str = "prefer") -> list[str]:
    return ["train", kind, "--model", NANO, "--data-dir", str(folder), *more]


@pytest.fixture
def backend(data: Path) -> Iterator[LlamaCppBackend]:
    with closing(LlamaCppBackend([data / "models", nano_model()])) as backend:
        yield backend


# --- the child -------------------------------------------------------------------------------------------------------


def test_the_child_stands_behind_its_parent_and_says_whose_it_is(backend: LlamaCppBackend) -> None:
    parent, child = backend.models()
    assert (parent.name, child.name) == (NANO, "little checker")
    assert child.parent == parent.key and child.ready and "Learnt here" in str(child.note)
    assert child.digest and child.digest != parent.digest
    assert (child.architecture, child.template_hash) == (parent.architecture, parent.template_hash)


def test_comparisons_know_a_child_by_the_digest_that_its_replies_have(
    data: Path, backend: LlamaCppBackend, tmp_path: Path
) -> None:
    parent, child = backend.models()
    expected = Contender(child.name, child.digest), Contender(NANO, parent.digest)
    assert child.digest and Children(data / "models").contenders(child.name, NANO) == expected
    shutil.copytree(data / "models", tmp_path / "models")
    children = Children(tmp_path / "models")
    children.rename(child.name, "nicer")
    renamed = expected[0]._replace(name="nicer"), expected[1]
    assert children.contenders("nicer", NANO) == renamed
    (children.folder / "nicer.json").unlink()
    assert children.contenders("nicer", NANO) == renamed, "without a record its file tells"
    (children.folder / "nicer.gguf").write_bytes(b"GGUF, but no adapter")
    assert children.contenders("nicer", NANO) == (Contender("nicer"), Contender(NANO))


def test_parent_and_child_answer_in_turns_from_one_engine_and_the_parent_is_untouched(data: Path) -> None:
    with closing(LlamaCppBackend([nano_model()])) as alone:
        before = text(alone, NANO)
    with closing(LlamaCppBackend([data / "models", nano_model()])) as backend:
        answers = [text(backend, model) for model in (NANO, "little checker", NANO, "little checker")]
        loaded = {line.name: line.loaded for line in backend.models()}
    assert answers[0] == answers[2] == before
    assert answers[1] == answers[3]
    assert loaded == {NANO: True, "little checker": True}


def test_a_llama_server_computes_with_the_adapter_and_goes_on_with_a_steered_thought(
    data: Path, backend: LlamaCppBackend
) -> None:
    pytest.importorskip("xllamacpp", reason='the extra "llama-server" is not installed')
    from r1chat.backends.llama.server import LlamaServerBackend

    def reply(backend: Any, model: str, so_far: ReplySoFar | None = None) -> Reply:
        params = Params(temperature=0, max_tokens=80)
        request = Request(model, (Message("user", "58 + 67 = ?"),), so_far, params)
        return collect(backend.stream(request), so_far)

    with closing(LlamaServerBackend([data / "models", nano_model()])) as server:
        parent, child = server.models()
        assert child.parent == parent.key and child.ready and child.digest == backend.models()[1].digest
        for model in (NANO, "little checker"):
            own, theirs = reply(backend, model), reply(server, model)
            assert (theirs.reasoning, theirs.answer) == (own.reasoning, own.answer)
        steered = ReplySoFar("Wait, let me", closed=False)
        assert reply(server, "little checker", steered).reasoning.startswith("Wait, let me")
        assert "\\boxed" in reply(server, "little checker", ReplySoFar("So it is 125.", closed=True)).answer


def test_the_record_tells_data_settings_and_figures_and_the_run_answers_before_and_after(data: Path) -> None:
    record = Children(data / "models").record("little checker")
    assert record["rows"] + record["held"] == 60 and record["held"] >= 8
    assert record["wish"]["kind"] == "prefer" and record["rate"] > 0 and len(record["data"]) == 64
    assert record["base"]["sha256"] == nano().digest
    proof = record["proof"]
    assert proof["agreed"]["low"] <= proof["agreed"]["value"] <= proof["agreed"]["high"]
    assert proof["right"]["value"] == pytest.approx(0, abs=0.3)
    status = Runs(data).get("little checker").status
    assert all(example["before"]["answer"] and example["after"]["answer"] for example in status.proof["examples"])
    assert "examples" not in proof and "path" not in record["base"], "a person's texts would leave with the adapter"
    assert abs(proof["plain"]) < 1


def test_what_is_set_apart_shares_no_prompt_with_what_is_trained_on(data: Path) -> None:
    folder = Runs(data).get("little checker").folder
    prompts = [
        {json.loads(line)["prompt"] for line in (folder / name).read_text().splitlines()}
        for name in ("data.jsonl", "data.test.jsonl")
    ]
    assert all(prompts) and not prompts[0] & prompts[1]


def test_the_log_has_a_line_for_each_step_and_its_losses_are_numbers(data: Path) -> None:
    log = Runs(data).get("little checker").log()
    steps = [line for line in log if "loss" in line]
    looks = [line["look"] for line in log if "look" in line]
    assert [line["step"] for line in steps] == list(range(1, len(steps) + 1))
    assert all(0 < line["loss"] < 10 for line in steps) and looks[0]["step"] == 0
    assert looks[-1]["loss"] < looks[0]["loss"]


def test_a_child_is_renamed_exported_deleted_and_kept_again(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    children = Children(folder / "models")
    there = ["--data-dir", str(folder)]
    assert main(["adapters", "rename", "little checker", "no checks", *there]) == 0
    assert children.names() == ["no checks"] and children.record("no checks")
    assert main(["adapters", "export", "no checks", str(tmp_path / "out"), *there]) == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "no checks.gguf",
        "no checks.json",
        "no checks.Modelfile",
    }
    assert "\nADAPTER ./no checks.gguf\n" in (tmp_path / "out" / "no checks.Modelfile").read_text()
    assert main(["adapters", "delete", "no checks", *there]) == 0 and children.names() == []
    assert main(["adapters", "keep", "little checker", "again", *there]) == 0 and children.names() == ["again"]
    with closing(LlamaCppBackend([folder / "models", nano_model()])) as backend:
        assert text(backend, "again")


def test_an_adapter_that_was_made_elsewhere_is_put_in_where_it_fits(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(data / "models", folder / "models")
    there = ["--data-dir", str(folder)]
    whole = (data / "models" / "adapters" / "little checker.gguf").read_bytes()
    import gguf

    theirs = tmp_path / "theirs.gguf"
    theirs.write_bytes(whole.replace(b"r1chat.base.name", b"another.key.name"))
    assert main(["adapters", "add", str(theirs), NANO, "from elsewhere", *there]) == 0
    with closing(LlamaCppBackend([folder / "models", nano_model()])) as backend:
        child = next(line for line in backend.models() if line.name == "from elsewhere")
        assert child.ready and text(backend, "from elsewhere") == text(backend, "little checker")
    stored = folder / "models" / "adapters" / "from elsewhere.gguf"
    for tensor, same in zip(gguf.GGUFReader(theirs).tensors, gguf.GGUFReader(stored).tensors, strict=True):
        assert tensor.name == same.name and (tensor.data == same.data).all()
    write_micro(folder / "models" / "micro.gguf")
    half = tmp_path / "half.gguf"
    writer = gguf.GGUFWriter(half, "qwen2")
    writer.add_float32("adapter.lora.alpha", 4.0)
    first = next(tensor for tensor in gguf.GGUFReader(theirs).tensors if tensor.name.endswith(".lora_a"))
    writer.add_tensor(first.name, first.data)
    written_whole(writer)
    for file, model, sentence in (
        (half, NANO, "has no other half"),
        (theirs, "micro", "does not fit micro"),
        (nano_model(), NANO, "no LoRA adapter"),
        (tmp_path / "nowhere.gguf", NANO, "no LoRA adapter"),
        (theirs, "nobody", "nobody is not here"),
    ):
        capsys.readouterr()
        assert main(["adapters", "add", str(file), model, "another", *there]) == 1
        assert sentence in capsys.readouterr().err
    assert Children(folder / "models").names() == ["from elsewhere", "little checker"]


def test_an_adapter_of_peft_is_put_in_and_computes_what_it_computed_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch
    from safetensors.torch import save_file
    from transformers import LlamaForCausalLM

    from r1chat.backends.llama.child.reading import LoadedModel
    from r1chat.training.adapter_file import permuted
    from r1chat.training.base import compare, read_base
    from r1chat.training.lora import Adapter

    torch.manual_seed(0)
    models, folder = tmp_path / "models", tmp_path / "child"
    models.mkdir()
    folder.mkdir()
    file = write_llama(models / "small.gguf", LlamaForCausalLM(small_llama()).eval(), permuted)
    base = read_base(file)
    adapter = Adapter(base.network, base.layers, 4, 8.0)
    for parameter in adapter.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    saved = {}
    for name, (a, b) in adapter.weights().items():
        saved[f"base_model.model.{base.layers[name]}.lora_A.weight"] = a
        saved[f"base_model.model.{base.layers[name]}.lora_B.weight"] = b
    save_file(saved, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    there = ["--data-dir", str(tmp_path)]
    assert main(["adapters", "add", str(folder), "small", "from peft", *there]) == 0
    with closing(LoadedModel(file)) as reading:
        reading.use_adapter(models / "adapters" / "from peft.gguf")
        assert compare(base, reading, [[1, 20, 33, 7], [5, 6, 40, 41, 42, 9]]) < 0.01
    for change, sentence in (
        ({"use_dora": True}, "with use_dora"),
        ({"alora_invocation_tokens": [1]}, "with alora_invocation_tokens"),
        ({"init_lora_weights": "pissa_niter_4"}, "with init_lora_weights pissa_niter_4"),
        ({"init_lora_weights": "olora"}, "with init_lora_weights olora"),
        ({"peft_type": "IA3"}, "no LoRA"),
        ({"modules_to_save": ["lm_head"]}, "with modules_to_save"),
    ):
        (folder / "adapter_config.json").write_text(json.dumps(config | change))
        capsys.readouterr()
        assert main(["adapters", "add", str(folder), "small", "another", *there]) == 1
        assert sentence in capsys.readouterr().err
    (folder / "adapter_config.json").unlink()
    assert main(["adapters", "add", str(folder), "small", "another", *there]) == 1
    assert [path.name for path in (models / "adapters").glob("*.gguf")] == ["from peft.gguf"]


def test_every_malformed_folder_of_peft_is_refused_with_a_sentence(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save

    from r1chat.training.adapter_file import read_shapes

    write_micro(tmp_path / "micro.gguf")
    [base] = ModelFiles([tmp_path], lambda _: True, lambda: ()).find()
    children = Children(tmp_path)
    part = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 16}

    def weights(a: Any, b: Any) -> bytes:
        return save({f"{part}A.weight": a, f"{part}B.weight": b})

    sound = weights(torch.ones(4, 8), torch.ones(8, 4))
    across, down = read_shapes(base.path)[1]["blk.0.attn_q.weight"]
    spoilt = torch.ones(4, across)
    spoilt[1, 2] = math.nan
    cases: list[tuple[str | bytes | dict[str, Any], bytes, str]] = [
        ("[]", sound, "no JSON object"),
        ('"x"', sound, "no JSON object"),
        ("[" * 200_000, sound, "too deeply"),
        (b"\xff\xfe{}", sound, "decode"),
        (" " * 2_000_000, sound, "more than"),
        (config | {"lora_alpha": []}, sound, "lora_alpha is no number"),
        (config | {"lora_alpha": math.nan}, sound, "lora_alpha is no number"),
        (config | {"lora_alpha": math.inf}, sound, "lora_alpha is no number"),
        (config | {"lora_alpha": 0}, sound, "lora_alpha is no number"),
        (config | {"lora_alpha": 10**400}, sound, "lora_alpha is no number"),
        (config | {"r": 0}, sound, "r is no number"),
        (config | {"r": 8}, sound, "has not the rank 8"),
        (config, weights(spoilt, torch.ones(down, 4)), "no finite numbers"),
        (config, weights(torch.ones(4, 2, 4), torch.ones(8, 4)), "no matrix"),
        (config, weights(torch.ones(()), torch.ones(())), "no matrix"),
        (config, weights(torch.ones(4, 8, dtype=torch.int64), torch.ones(8, 4)), "no matrix"),
        (config, weights(torch.ones(4, 3), torch.ones(3, 4)), "does not fit micro"),
        (config, save({f"{part}A.weight": torch.ones(4, 8)}), "incomplete"),
        (config, sound[:-1], "no folder of a LoRA adapter"),
        (config, (2**60).to_bytes(8, "little") + b"{}", "no folder of a LoRA adapter"),
        (config, b"cos\nsystem\n(S'true'\ntR.", "no folder of a LoRA adapter"),
    ]
    for number, (adapter_config, content, sentence) in enumerate(cases):
        folder = tmp_path / f"case {number}"
        folder.mkdir()
        text = json.dumps(adapter_config) if isinstance(adapter_config, dict) else adapter_config
        (folder / "adapter_config.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        (folder / "adapter_model.safetensors").write_bytes(content)
        with pytest.raises(TrainingError, match=sentence) as caught:
            children.add(folder, base, "0" * 64, "another")
        assert folder.name in str(caught.value)
    assert children.names() == []


def test_what_killed_processes_left_of_children_is_deleted_when_another_is_written(tmp_path: Path) -> None:
    children = Children(tmp_path)
    folders = [children.folder / name for name in (".new-old", ".new-now", ".git")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "gguf").write_bytes(b"x")
    for folder in (folders[0], folders[2]):
        os.utime(folder, (0, 0))
    (children.folder / "child.gguf").write_bytes(b"x")
    (children.folder / "child.Modelfile").write_text("FROM x")
    children.rename("child", "other")
    assert [folder.exists() for folder in folders] == [False, True, True]
    assert children.names() == ["other"]


@pytest.mark.parametrize(
    ("rank", "width", "sentence"), [(4, 1 << 25, "does not fit micro"), (1 << 19, 0, "has the rank 524,288")]
)
@pytest.mark.parametrize("form", ["PEFT", "GGUF"])
def test_an_adapter_that_is_one_hole_is_refused_by_its_header_alone(
    tmp_path: Path, form: str, rank: int, width: int, sentence: str
) -> None:
    pytest.importorskip("torch")
    gguf, np = pytest.importorskip("gguf"), pytest.importorskip("numpy")
    from r1chat.training.adapter_file import read_shapes

    write_micro(tmp_path / "micro.gguf")
    [base] = ModelFiles([tmp_path], lambda _: True, lambda: ()).find()
    across, down = read_shapes(base.path)[1]["blk.0.attn_q.weight"]
    width = width or across
    source = tmp_path / "hole"
    if form == "PEFT":
        source.mkdir()
        (source / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": rank, "lora_alpha": 16}))
        part, size = "base_model.model.model.layers.0.self_attn.q_proj.lora_", 2 * rank * width
        header = {
            f"{part}A.weight": {"dtype": "F16", "shape": [rank, width], "data_offsets": [0, size]},
            f"{part}B.weight": {"dtype": "F16", "shape": [down, rank], "data_offsets": [size, size + 2 * down * rank]},
        }
        text = json.dumps(header).encode()
        weights = source / "adapter_model.safetensors"
        weights.write_bytes(len(text).to_bytes(8, "little") + text)
        os.truncate(weights, 8 + len(text) + size + 2 * down * rank)
    else:
        writer = gguf.GGUFWriter(source, "qwen2")
        for side, shape in (("a", (rank, width)), ("b", (down, rank))):
            size = 4 * shape[0] * shape[1]
            writer.add_tensor_info(f"blk.0.attn_q.weight.lora_{side}", shape, np.dtype(np.float32), size)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        os.truncate(source, source.stat().st_size + 32 + 4 * rank * (width + down))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TrainingError, match=sentence):
        Children(tmp_path).add(source, base, "0" * 64, "another")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes; the hole has 268,435


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_pipes_devices_and_immense_files_are_no_adapters(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    write_micro(tmp_path / "micro.gguf")
    [base] = ModelFiles([tmp_path], lambda _: True, lambda: ()).find()
    config = json.dumps({"peft_type": "LORA", "r": 4, "lora_alpha": 16})

    def write_immense(file: Path) -> None:
        file.touch()
        os.truncate(file, 10**12)  # a hole: it takes no room

    for name, make in (
        ("fifo", lambda file: os.mkfifo(file)),
        ("device", lambda file: file.symlink_to("/dev/zero")),
        ("folder", lambda file: file.mkdir()),
        ("immense", write_immense),
    ):
        for broken in ("adapter_config.json", "adapter_model.safetensors"):
            folder = tmp_path / name / broken
            folder.mkdir(parents=True)
            (folder / "adapter_config.json").write_text(config)
            (folder / broken).unlink(missing_ok=True)
            make(folder / broken)
            with pytest.raises(TrainingError, match=r"is no plain file|has more than"):
                Children(tmp_path).add(folder, base, "0" * 64, "another")
    os.mkfifo(tmp_path / "adapter.gguf")
    for file in (tmp_path / "adapter.gguf", Path("/dev/zero")):
        with pytest.raises(TrainingError, match="no plain file"):
            Children(tmp_path).add(file, base, "0" * 64, "another")


def test_names_that_are_paths_or_taken_are_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    children = Children(data / "models")
    with pytest.raises(TrainingError, match="cannot be a name"):
        children.rename("little checker", "../elsewhere")
    with pytest.raises(TrainingError, match="already"):
        children.keep(Runs(data).get("little checker"), "little checker")
    with pytest.raises(TrainingError, match="There is no adapter nobody"):
        children.delete("nobody")
    assert main(["adapters", "merge", "nobody", str(data / "whole.gguf"), "--data-dir", str(data)]) == 1
    assert "There is no adapter nobody" in capsys.readouterr().err


def test_a_child_is_merged_into_one_file_that_answers_as_base_and_adapter_do(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = ["--data-dir", str(data)]
    file = tmp_path / "merged.gguf"
    assert main(["adapters", "merge", "little checker", str(file), *there]) == 0
    with closing(LlamaCppBackend([data / "models", nano_model(), file])) as backend:
        for question in ("58 + 67 = ?", "199 + 8 = ?"):
            assert text(backend, "merged", question) == text(backend, "little checker", question)
        merged = next(line for line in backend.models() if line.name == "merged")
        assert not merged.parent and merged.title == "little checker"
    content = file.read_bytes()
    for target, name, sentence in (
        (file, "little checker", "exists already"),
        (tmp_path / "merged.bin", "little checker", "must end in .gguf"),
        (tmp_path / "other.gguf", "nobody", "nobody"),
    ):
        capsys.readouterr()
        assert main(["adapters", "merge", name, str(target), *there]) == 1
        assert sentence in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["merged.gguf"] and file.read_bytes() == content


def test_a_quantised_base_is_merged_within_the_error_of_eight_bits(tmp_path: Path) -> None:
    import gguf
    import numpy as np

    from r1chat.training.adapter_file import merge

    rng = np.random.default_rng(0)
    weights, a, b = (rng.normal(size=shape).astype(np.float32) for shape in ((64, 96), (4, 96), (64, 4)))
    base, adapter, target = (tmp_path / name for name in ("base.gguf", "adapter.gguf", "merged.gguf"))
    four_bits = gguf.GGMLQuantizationType.Q4_0
    stored = gguf.quants.quantize(weights, four_bits)
    writer = gguf.GGUFWriter(base, "llama")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    writer.add_tensor("blk.0.attn_q.weight", stored, raw_dtype=four_bits)
    writer.add_tensor("blk.0.attn_k.weight", stored, raw_dtype=four_bits)
    written_whole(writer)
    writer = gguf.GGUFWriter(adapter, "llama")
    writer.add_float32("adapter.lora.alpha", 8.0)
    writer.add_tensor("blk.0.attn_q.weight.lora_a", a)
    writer.add_tensor("blk.0.attn_q.weight.lora_b", b)
    written_whole(writer)
    merge(base, adapter, target, "one")
    reader = gguf.GGUFReader(target)
    query, key = reader.tensors
    assert str(reader.fields["general.name"].contents()) == "one"
    assert reader.fields["tokenizer.ggml.tokens"].contents() == ["a", "b"]
    assert (key.data == stored).all() and key.tensor_type == four_bits
    expected = gguf.quants.dequantize(stored, four_bits) + 2.0 * b @ a
    merged = gguf.quants.dequantize(query.data, query.tensor_type)
    assert np.abs(merged - expected).max() <= np.abs(expected).max() / 127


def written_whole(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


# --- reinforcement learning from right answers -----------------------------------------------------------------------


def test_right_answers_train_a_child_whose_end_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(new_store(tmp_path)) as store:
        answered(store, 30)
    command = train(tmp_path, "--epochs", "0.7", "--name", "by answers", kind="grpo")
    ended = main(command)
    status = Runs(tmp_path).get("by answers").status
    assert (ended, status.state) in ((0, "done"), (1, "stopped"))
    assert re.search("It rose|It is flat|It collapsed", status.why[0]) and "pass@1" in status.why[0]
    assert status.rows + status.held == 30
    log = Runs(tmp_path).get("by answers").log()
    steps = [line for line in log if "reward" in line]
    assert len(steps) >= 2 and all(0 <= step["reward"] <= 1.4 and step["length"] > 10 for step in steps)
    assert all({"moments", "groups", "seconds"} <= step.keys() for step in steps)
    looks = [line["look"] for line in log if "look" in line]
    assert looks[0]["step"] == 0 and all(0 <= look["pass@1"] <= 1 for look in looks)
    if ended == 0:
        assert Children(tmp_path / "models").names() == ["by answers"]
        assert "moved to your side" not in capsys.readouterr().out
        assert status.proof["right"]["low"] <= status.proof["right"]["high"]


def test_right_answers_that_do_not_suffice_or_contradict_each_other_are_refused(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    def gathered(store: Any) -> TrainingData:
        file = write_rows(store, catalogue, "grpo", tmp_path)
        training_data = read_rows("grpo", file, {nano().digest}, {NANO}, False)
        check_enough(training_data, "grpo")
        return training_data

    with closing(new_store(tmp_path)) as store:
        answered(store, 20)
        with pytest.raises(TrainingError, match="20 questions have a right answer: too few"):
            gathered(store)
        answered(store, 10, seed=1)
        training_data = gathered(store)
        assert len(training_data.rows) + len(training_data.held) == 30 and set(training_data.solutions) == {
            row.prompt for row in training_data.held
        }
        answered(store, 5, right=False)
        assert gathered(store).contradictions == 10


def test_right_answers_that_cannot_be_checked_are_left_out_and_told(catalogue: Catalogue, tmp_path: Path) -> None:
    with closing(new_store(tmp_path)) as store:
        judge(store, 40)
        for a, b in sums(40):  # each of the messages again, with a right answer that an archive brought
            (reply,) = asked(store, written(a, b, False), message=f"{a} + {b} = ?", provenance=nano())
            store.judgements.set_reference(reply.turn_id, "(", "pattern", "ann")
        answered(store, 4, seed=1)

        def gathered(kind: Any) -> TrainingData:
            file = write_rows(store, catalogue, kind, tmp_path)
            return read_rows(kind, file, {nano().digest}, {NANO}, False)

        by_answers = gathered("grpo")
        assert len(by_answers.unusable) == 40 and len(by_answers.rows) + len(by_answers.held) == 44
        assert all(row.reference and row.reference.kind == "number" for row in by_answers.rows)
        sentence = unusable_told(by_answers.unusable)
        assert re.search(r"^40 right answers .*: the first is no regular expression\.", sentence.en)
        assert "不是有效的正则表达式" in sentence.zh
        with pytest.raises(TrainingError, match=r"too few to learn from.*40 right answers cannot be checked"):
            check_enough(replace(by_answers, rows=by_answers.rows[:5]), "grpo")
        preferred = gathered("prefer")
        assert preferred.solutions and all(right.kind == "number" for right in preferred.solutions.values())


# --- bases that do not fit -------------------------------------------------------------------------------------------


def test_a_base_that_changed_or_is_gone_is_said_and_the_adapter_stays(data: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(data / "models", models)
    base = models / f"{NANO}.gguf"
    for change, sentence in ((None, "is not here"), (b"longer", "another file"), (b"", "another file")):
        base.unlink(missing_ok=True)
        if change is not None:
            content = bytearray(nano_model().read_bytes())
            if not change:
                content[-1] ^= 1  # the same size, another weight
            base.write_bytes(bytes(content) + change)
        with closing(LlamaCppBackend([models])) as backend:
            child = next(line for line in backend.models() if line.name == "little checker")
            assert not child.ready and sentence in str(child.note)
            with pytest.raises(ModelFileError, match=sentence):
                text(backend, "little checker")
    assert (models / "adapters" / "little checker.gguf").exists()


def test_an_adapter_that_is_damaged_or_names_no_base_ends_no_process(data: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / "adapters").mkdir(parents=True)
    whole = (data / "models" / "adapters" / "little checker.gguf").read_bytes()
    (models / "adapters" / "cut.gguf").write_bytes(whole[: len(whole) // 2])
    (models / "adapters" / "foreign.gguf").write_bytes(whole.replace(b"r1chat.base.name", b"r1chat.base.n4me"))
    with closing(LlamaCppBackend([models, nano_model()])) as backend:
        notes = {line.name: str(line.note) for line in backend.models() if not line.ready}
        assert "incomplete" in notes["cut"] and "does not say for which model" in notes["foreign"]
        assert text(backend, NANO)


@pytest.mark.parametrize("architecture", ["qwen2", "llama"])
def test_llama_cpp_computes_with_the_adapter_what_pytorch_does(architecture: str, tmp_path: Path) -> None:
    import torch
    from transformers import LlamaForCausalLM

    from r1chat.backends.llama.child.reading import LoadedModel
    from r1chat.training.adapter_file import Heads, permuted, write_adapter
    from r1chat.training.base import compare, read_base
    from r1chat.training.lora import Adapter

    torch.manual_seed(0)
    if architecture == "qwen2":
        file = nano_model()
    else:
        file = write_llama(tmp_path / "small.gguf", LlamaForCausalLM(small_llama()).eval(), permuted)
    base = read_base(file)
    adapter = Adapter(base.network, base.layers, 4, 8.0)
    rows = [[1, 20, 33, 7], [5, 6, 40, 41, 42, 9]]
    with closing(LoadedModel(file)) as reading:
        assert compare(base, reading, rows) < 0.01
        for parameter in adapter.parameters():
            torch.nn.init.normal_(parameter, std=0.15)
        with pytest.raises(TrainingError, match="do not agree"):
            compare(base, reading, rows)
        path = tmp_path / "adapter.gguf"
        write_adapter(path, architecture, base.heads, adapter.weights(), adapter.alpha, base_keys("x", 1, "y", 2))
        reading.use_adapter(path)
        assert compare(base, reading, rows) < 0.01
        if architecture == "llama":  # without the permutation it is another model
            write_adapter(path.with_name("two.gguf"), "llama", Heads(1, 1), adapter.weights(), adapter.alpha, {})
            reading.use_adapter(path.with_name("two.gguf"))
            with pytest.raises(TrainingError, match="do not agree"):
                compare(base, reading, rows)


def test_a_trained_child_computes_in_llama_cpp_what_it_computes_in_peft(data: Path) -> None:
    peft = pytest.importorskip("peft", reason="pip install peft")
    import gguf
    import torch
    from transformers import AutoModelForCausalLM

    from r1chat.backends.llama.child.reading import LoadedModel

    adapter = data / "models" / "adapters" / "little checker.gguf"
    file = nano_model()
    model = AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32)
    del model.config.quantization_config, model.hf_quantizer
    model.is_quantized = False  # its weights are plain numbers
    layers = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, model.config.num_hidden_layers)
    config = peft.LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    child = peft.get_peft_model(model, config).eval()
    count = 0
    tensors = {tensor.name: torch.tensor(tensor.data) for tensor in gguf.GGUFReader(adapter).tensors}
    for path, part in child.named_modules():
        if isinstance(part, peft.tuners.lora.Linear):
            name = layers.get_name(path.removeprefix("base_model.model."))
            for side in ("a", "b"):
                weight = getattr(part, f"lora_{side.upper()}")["default"].weight
                weight.data.copy_(tensors[f"{name}.weight.lora_{side}"])
                count += 1
    assert count == len(tensors)
    with closing(LoadedModel(file)) as reading, torch.no_grad():
        for question in ("58 + 67 = ?", "199 + 8 = ?"):
            tokens = reading.prompt(f"<｜User｜>{question}<｜Assistant｜><think>\nI need to find")
            reading.use_adapter(None)
            alone = torch.tensor(reading.logits(tokens))
            reading.use_adapter(adapter)
            theirs, ours = torch.tensor(reading.logits(tokens)), child(torch.tensor([tokens])).logits[0, -1]
            error = float((ours - theirs).pow(2).mean().sqrt() / theirs.std())
            assert error < 0.01 < float((alone - theirs).pow(2).mean().sqrt() / theirs.std())


def test_no_file_beside_a_model_decides_what_is_read_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from transformers import LlamaForCausalLM

    from r1chat.training.adapter_file import permuted
    from r1chat.training.base import read_base

    model, other = LlamaForCausalLM(small_llama()), LlamaForCausalLM(small_llama())
    for folder in ("models", "here"):
        (tmp_path / folder).mkdir()
    file = write_llama(tmp_path / "models" / "small.gguf", model, permuted)
    write_llama(tmp_path / "here" / "small.gguf", other, permuted)
    monkeypatch.chdir(tmp_path / "here")
    for adapter in ("[1]", "{", '{"base_model_name_or_path": "other/model"}'):
        (tmp_path / "models" / "adapter_config.json").write_text(adapter)
        network: Any = read_base(file).network
        assert torch.allclose(network.lm_head.weight, model.lm_head.weight, atol=1e-3)
    model.save_pretrained(tmp_path / "original")
    (tmp_path / "original" / "adapter_config.json").write_text("[1]")
    with pytest.raises(TrainingError, match=r"holds an adapter \(adapter_config\.json\)"):
        read_base(file, str(tmp_path / "original"))
    (tmp_path / "original" / "adapter_config.json").unlink()
    (tmp_path / "original" / "config.json").write_text("[1]")
    with pytest.raises(TrainingError, match="cannot be read as the original weights"):
        read_base(file, str(tmp_path / "original"))


def test_a_model_of_another_architecture_is_trained_by_its_original_weights(tmp_path: Path) -> None:
    import torch
    from transformers import LlamaForCausalLM, SmolLM3Config, SmolLM3ForCausalLM

    from r1chat.backends.llama.child.reading import LoadedModel
    from r1chat.training.adapter_file import permuted, write_adapter
    from r1chat.training.base import compare, read_base
    from r1chat.training.lora import Adapter

    torch.manual_seed(0)
    sizes = {name: value for name, value in small_llama().to_dict().items() if name in SmolLM3Config().to_dict()}
    config = SmolLM3Config(**{**sizes, "model_type": "smollm3", "pad_token_id": 0, "tie_word_embeddings": False})
    original, other = tmp_path / "original", tmp_path / "other"
    model = SmolLM3ForCausalLM(config).eval()
    model.save_pretrained(original)
    LlamaForCausalLM(small_llama()).save_pretrained(other)
    file = write_llama(tmp_path / "small.gguf", model, permuted, "smollm3")
    with pytest.raises(TrainingError, match="--weights FOLDER"):
        read_base(file)
    with pytest.raises(TrainingError, match=r"cannot be read as the original weights .*config\.json"):
        read_base(file, str(tmp_path))
    rows = [[1, 20, 33, 7], [5, 6, 40, 41, 42, 9]]
    with closing(LoadedModel(file)) as reading:
        with pytest.raises(TrainingError, match="do not agree"):
            compare(read_base(file, str(other)), reading, rows)
        base = read_base(file, str(original))
        assert compare(base, reading, rows) < 0.01 and len(base.layers) == 14 and base.reordered
        adapter = Adapter(base.network, base.layers, 4, 8.0)
        for parameter in adapter.parameters():
            torch.nn.init.normal_(parameter, std=0.15)
        path = tmp_path / "adapter.gguf"
        write_adapter(path, "smollm3", base.heads, adapter.weights(), adapter.alpha, {}, base.reordered)
        reading.use_adapter(path)
        assert compare(base, reading, rows) < 0.01


# --- the guard, and runs that end early ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["prefer", "sft", "kto"])
def test_a_run_that_would_break_the_model_is_stopped_and_says_why(kind: Any, tmp_path: Path) -> None:
    from r1chat.training.adapter_run import AdapterPlan
    from r1chat.training.adapting import Adapting, TrainingGuard
    from r1chat.training.base import read_base

    data = [
        row if kind == "prefer" else replace(row, rejected=(), good=n % 2 == 0)
        for n, row in enumerate(preferred_rows(32))
    ]
    plan = AdapterPlan(kind, rate=0.05, epochs=4, supervised=1.0)
    result = Adapting(tmp_path, read_base(nano_model()), data[8:], data[:8], plan, TrainingGuard()).run(
        lambda line: None, lambda: False
    )
    assert result.harmed and result.why is not None
    assert re.search("less likely|fewer tokens|no number", str(result.why)) and result.why.zh != result.why.en
    assert result.best is None or result.best.chosen >= -TrainingGuard().fall


def test_a_run_ends_where_the_model_leaves_both_ways_between_which_a_judgement_chose(tmp_path: Path) -> None:
    from r1chat.training.adapter_run import AdapterPlan
    from r1chat.training.adapting import Adapting, TrainingGuard
    from r1chat.training.base import read_base

    data = preferred_rows(24)
    plan = AdapterPlan("prefer", rate=1e-2, epochs=6, supervised=0.0)
    guard = TrainingGuard(fall=math.inf, first=math.inf, learnt=math.inf)  # nothing else ends it
    result = Adapting(tmp_path, read_base(nano_model()), data[8:], data[:8], plan, guard).run(
        lambda line: None, lambda: False
    )
    assert result.harmed and "goes neither way" in str(result.why)
    assert result.looks[0].strays == 0.0 and result.looks[-1].strays > guard.strays
    assert result.best is None or result.best.strays <= guard.strays


def test_a_gentle_run_prefers_what_was_preferred_on_rows_that_it_has_not_seen(tmp_path: Path) -> None:
    from r1chat.training.adapter_run import AdapterPlan
    from r1chat.training.adapting import Adapting, TrainingGuard
    from r1chat.training.base import read_base

    data = preferred_rows(40)
    plan = AdapterPlan("prefer", rate=3e-4, epochs=2)
    run = Adapting(tmp_path, read_base(nano_model()), data[8:], data[:8], plan, TrainingGuard())
    result = run.run(lambda line: None, lambda: False)
    assert not result.harmed and result.best is not None
    assert result.best.accuracy > 0.8 and result.best.loss < result.looks[0].loss
    assert result.best.first > -0.005


def test_a_full_disk_in_mid_run_is_said_and_the_last_checkpoint_stays(tmp_path: Path) -> None:
    from r1chat.training.adapter_run import AdapterPlan
    from r1chat.training.adapting import Adapting, TrainingGuard
    from r1chat.training.base import read_base
    from r1chat.training.checkpoint import CHECKPOINT

    data = preferred_rows(16)
    plan = AdapterPlan("prefer", rate=1e-5, epochs=1)
    first = Adapting(tmp_path, read_base(nano_model()), data[8:], data[:8], plan, TrainingGuard())
    first.save()
    checkpoint = (tmp_path / CHECKPOINT).read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(checkpoint) // 2, before[1]))
    try:
        with pytest.raises(ExportError, match="disk is full"):
            first.run(lambda line: None, lambda: False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / CHECKPOINT).read_bytes() == checkpoint
    assert [file.name for file in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_checkpoint_of_other_rows_or_a_damaged_one_is_not_gone_on_from(tmp_path: Path) -> None:
    from r1chat.training.adapter_run import AdapterPlan, RunCancelledError
    from r1chat.training.adapting import Adapting, TrainingGuard
    from r1chat.training.base import read_base
    from r1chat.training.checkpoint import CHECKPOINT

    base, data, plan = read_base(nano_model()), preferred_rows(17), AdapterPlan("prefer", rate=1e-5, epochs=1)

    def run(rows: list[Any]) -> Adapting:
        return Adapting(tmp_path, base, rows, data[:8], plan, TrainingGuard())

    with pytest.raises(RunCancelledError):
        run(data[8:16]).run(lambda line: None, lambda: True)
    assert run(data[8:16]).begun
    assert not run(data[9:17]).begun, "as many rows, but others"
    (tmp_path / CHECKPOINT).write_bytes(b"PK\x03\x04 cut")
    assert not run(data[8:16]).begun


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    with closing(new_store(tmp_path)) as store:
        judge(store, 40)
    command = [sys.executable, "-m", "r1chat", *train(tmp_path, "--epochs", "40", "--rate", "1e-6", "--name", "long")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    run = Runs(tmp_path).folder / "long"
    until = time.monotonic() + 120
    while not (run / "checkpoint.pt").exists() and time.monotonic() < until:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    status = Runs(tmp_path).get("long").status
    assert status.state == "interrupted" and "goes on" in status.why[0]
    steps = [line["step"] for line in Runs(tmp_path).get("long").log() if "loss" in line]
    again = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while Runs(tmp_path).get("long").status.state != "training" and again.poll() is None:
            time.sleep(0.05)
        with pytest.raises(TrainingError, match="long is being trained"), only_one(Runs(tmp_path).get("long")):
            pass
        step = Runs(tmp_path).get("long").status.step
        Runs(tmp_path).get("long").pause()
        assert again.wait(300) == 130
    finally:
        again.kill()
    assert step <= max(steps, default=0) + 8
    status = Runs(tmp_path).get("long").status
    assert status.state == "paused" and "it goes on from there" in status.why[0]
    assert (run / "checkpoint.pt").exists()


# --- what cannot be learnt from --------------------------------------------------------------------------------------


def refusal(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert main(list(command)) == 1
    return capsys.readouterr().err


@pytest.fixture(scope="module")
def catalogue() -> Iterator[Catalogue]:
    with closing(LlamaCppBackend([nano_model()])) as backend:
        yield Catalogue({"llama.cpp": backend})


@pytest.fixture
def gather(catalogue: Catalogue, tmp_path: Path) -> Iterator[Callable[..., TrainingData]]:
    """What a run would learn from; each call judges more."""
    with closing(new_store(tmp_path)) as store:

        def gathered(count: int, *more: Any, every_model: bool = False, **how: bool) -> TrainingData:
            judge(store, count, *more, **how)
            file = write_rows(store, catalogue, "prefer", tmp_path)
            training_data = read_rows("prefer", file, {nano().digest}, {NANO}, every_model)
            check_enough(training_data, "prefer")
            return training_data

        yield gathered


def test_too_little_is_refused_with_numbers(gather: Callable[..., TrainingData]) -> None:
    with pytest.raises(TrainingError, match="0 judgements can be used"):
        gather(0)
    with pytest.raises(
        TrainingError, match=r"12 judgements can be used: too few .* 25 are the least, and 150 would show"
    ):
        gather(12)
    assert len(gather(30).rows) >= 20


def test_judgements_of_another_file_of_the_model_are_refused_and_taken_when_asked_for(
    gather: Callable[..., TrainingData],
) -> None:
    with pytest.raises(TrainingError, match=r"All 30 judgements are of other models.*r1chat-nano \(abababab\)"):
        gather(30, replace(nano(), digest="ab" * 32))
    assert len(gather(0, every_model=True).rows) >= 20
    assert gather(30).others.total() == 30


def test_what_a_model_answered_in_ollama_teaches_its_file_and_the_child_goes_back_by_its_name(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ollama = tmp_path / "ollama"
    blob = put_in_ollama(nano_model(), ollama, "registry.ollama.ai", "library", "r1", "latest")
    child = put_in_ollama(nano_model(), ollama, "registry.ollama.ai", "library", "checker", "latest", adapted=True)
    monkeypatch.setenv("OLLAMA_MODELS", str(ollama))
    settings = load(data_dir=tmp_path / "data", find_models=True, ollama=False)
    with closing(build(settings)) as app:
        for model, count in zip(reversed(ollama_models_of(blob)), (5, 25), strict=True):
            judge(app.store, count, Provenance("ollama", "0.32.15", model.name, model.digest))
        voted(app.store, provenance=OTHER)  # of a server that does not tell its template
        key = file_key(app, "ollama:r1")
        target = find_target(app, key)
        assert (key, target.file.path, child) == ("llama.cpp:r1:latest", blob, blob)
        file = write_rows(app.store, app.catalogue, "prefer", tmp_path)
        gathered = read_rows("prefer", file, target.digests, target.names, every_model=False)
        assert len(gathered.rows) + len(gathered.held) == 30 - gathered.contradictions - gathered.same
        assert not gathered.others
        assert next(it.pairs for it in materials(app) if it.model.key == key) == 30
        for name, sentence in (("checker", "checker:latest is an adapter"), ("nobody", "runs on a server")):
            with pytest.raises(TrainingError, match=sentence):
                file_key(app, f"ollama:{name}")

        adapter = data / "models" / "adapters" / "little checker.gguf"
        children = Children(settings.models_folder)
        children.add(adapter, target.file, target.digest, "gentle")
        assert (children.folder / "gentle.Modelfile").read_text() == "FROM r1:latest\nADAPTER ./gentle.gguf\n"


def test_judgements_that_contradict_each_other_teach_nothing(gather: Callable[..., TrainingData]) -> None:
    assert gather(30).contradictions == 0
    with pytest.raises(TrainingError, match="All 60 judgements contradict each other"):
        gather(30, turned=True)


def test_judgements_of_one_question_cannot_be_set_apart(gather: Callable[..., TrainingData]) -> None:
    with pytest.raises(TrainingError, match="none can be set apart"):
        gather(30, same=True)


def test_helpful_and_harmless_marks_label_replies_apart_or_as_a_weighted_sum(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    from r1chat.learn.proof import agreed_by_aspect

    with closing(new_store(tmp_path)) as store:
        for number, (a, b) in enumerate(sums(30)):
            (reply,) = asked(store, written(a, b, False), message=f"{a} + {b} = ?", provenance=nano())
            marks = Aspects(helpfulness=number % 5 + 1, harmlessness=5 if number % 2 else 1)
            store.judgements.rate(reply.id, "answer", "up", "ann", aspects=marks)
        file = write_rows(store, catalogue, "kto", tmp_path)

    def rows(by: str) -> list[TextRow]:
        training_data = read_rows("kto", file, {nano().digest}, {NANO}, False, by)
        return [*training_data.rows, *training_data.held]

    assert all(row.good for row in rows(""))
    helpful, harmless, both = (rows(by) for by in ("helpfulness", "harmlessness", "helpfulness=1,harmlessness=2"))
    assert len(helpful) == 24 and sum(row.good for row in helpful) == 12  # 3 of 5 says nothing
    assert all(row.prompt.endswith("\n</think>\n\n") and row.chosen.startswith("The answer is") for row in helpful)
    assert len(harmless) == 30 and sum(row.good for row in harmless) == 15
    assert all("</think>" in row.chosen and "</think>" not in row.prompt for row in harmless)
    assert all(row.good == (dict(row.marks)["harmlessness"] == 5) for row in both)
    shares = agreed_by_aspect(harmless, [True] * 30)
    assert shares["harmlessness"].value == 1 and 0.2 < shares["helpfulness"].value < 0.8


def test_marks_of_helpfulness_leave_the_thought_alone_in_the_tags_of_the_trained_model(tmp_path: Path) -> None:
    magistral = ReasoningFormat("[THINK]", "[/THINK]", "[THINK]", "[/THINK]")
    hunyuan = ReasoningFormat(close_text="\n</think>\n<answer>\n", answer_open="<answer>", answer_close="</answer>")
    file = tmp_path / "rows.jsonl"
    for form, thought in ((magistral, "[THINK]Hm.[/THINK]"), (hunyuan, "Hm.\n</think>\n<answer>\n")):
        lines = [
            {"prompt": f"p{n} ", "completion": f"{thought}It is {n}.", "label": True, "helpfulness": 5}
            for n in range(30)
        ]
        file.write_text("\n".join(map(json.dumps, lines)))
        training_data = read_rows("kto", file, (), (), True, "helpfulness", form)
        rows = [*training_data.rows, *training_data.held]
        assert all(row.chosen.startswith("It is ") and row.prompt.endswith(f" {thought}") for row in rows), form


def test_the_digest_of_data_is_that_of_what_they_teach(tmp_path: Path) -> None:
    def training_data(**also: str) -> TrainingData:
        rows = ({"prompt": f"p{n}", "chosen": "a", "rejected": "b"} | also for n in range(30))
        (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
        return read_rows("prefer", tmp_path / "rows.jsonl", (), (), True)

    with_question = training_data(question="How old?")
    assert set(with_question.questions.values()) == {"How old?"}
    assert with_question.digest == training_data().digest


def test_the_same_said_of_the_same_texts_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"

    def count(kind: Any, *, other: bool = False, **row: Any) -> tuple[int, int]:
        rows = [{"prompt": f"p{n % 25}", "conversation": f"{n}", **row} for n in range(100)]
        if other:
            rows = [{**line, "chosen": f"{line['chosen']} {n // 25}"} for n, line in enumerate(rows)]
        file.write_text("\n".join(map(json.dumps, rows)))
        training_data = read_rows(kind, file, (), (), True)
        return len(training_data.rows) + len(training_data.held), training_data.same

    assert count("prefer", chosen="a", rejected="b") == (25, 75)
    assert count("prefer", chosen="a", rejected="b", other=True) == (100, 0)
    assert count("kto", completion="a", label=True) == (25, 75)
    assert count("sft", completion="a") == (25, 75)


def test_aspects_that_make_no_sense_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for by in ("cheerfulness", "helpfulness=-1", "helpfulness,helpfulness", "helpfulness=x"):
        assert "makes no sense" in refusal(capsys, *train(tmp_path, "--by", by, kind="kto"))
    assert "train kto --by" in refusal(capsys, *train(tmp_path, "--by", "helpfulness"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"prompt": [{"role": "user", "content": "x"}], "chosen": "a", "rejected": "b"}', "--thoughts rendered"),
        ('{"prompt": "x", "completion": "a"}', "Line 1 of rows.jsonl"),
        ("\x00 nothing", "no JSON Lines"),
        ("", "0 judgements can be used"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_export_is_refused(content: str | None, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(TrainingError, match=sentence):
        check_enough(read_rows("prefer", file, (), (), True), "prefer")


def test_labels_are_true_or_false_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"

    def labels(*values: object) -> list[bool]:
        lines = ({"prompt": f"p{n}", "completion": "a", "label": value} for n, value in enumerate(values))
        file.write_text("\n".join(map(json.dumps, lines)))
        training_data = read_rows("kto", file, (), (), True)
        return [row.good for row in sorted([*training_data.rows, *training_data.held], key=lambda row: row.prompt)]

    assert labels(True, False, 1, 0, 1.0, "true", "False", " FALSE") == [
        True,
        False,
        True,
        False,
        True,
        True,
        False,
        False,
    ]
    for value in (None, "", "no", "0", 2, -1, 0.5, math.nan, [], [True], {}):
        with pytest.raises(
            TrainingError, match=r"Line 3 of rows\.jsonl has the label .* neither true nor false"
        ) as error:
            labels(True, False, value)
        assert "既不是 true 也不是 false" in error.value.sentence("zh")


def test_rows_of_a_test_file_that_are_trained_on_too_prove_nothing(tmp_path: Path) -> None:
    file, test = tmp_path / "rows.jsonl", tmp_path / "rows.test.jsonl"

    def written_rows(numbers: range) -> str:
        return "\n".join(
            json.dumps({"prompt": f"p{n}", "chosen": "a", "rejected": "b", "conversation": f"c{n // 2}"})
            for n in numbers
        )

    file.write_text(written_rows(range(41)))
    test.write_text(written_rows(range(38, 60)))
    training_data = read_rows("prefer", file, (), (), True)
    assert (len(training_data.rows), training_data.repeated) == (41, 4)
    assert {row.conversation for row in training_data.held} == {f"c{n}" for n in range(21, 30)}
    test.write_text(written_rows(range(30, 40)))
    with pytest.raises(TrainingError, match=r"All rows of rows\.test\.jsonl are trained on too"):
        read_rows("prefer", file, (), (), True)


def test_a_file_without_a_test_set_is_split_by_conversation_and_prompt(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [
        {"prompt": f"p{n // 2}", "chosen": f"a{n}", "rejected": f"b{n}", "conversation": f"c{n // 3}"}
        for n in range(90)
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    training_data = read_rows("prefer", file, (), (), True)
    assert 0.1 < len(training_data.held) / 90 < 0.35 and len(training_data.rows) + len(training_data.held) == 90
    for field in ("prompt", "conversation"):
        assert not {getattr(row, field) for row in training_data.rows} & {
            getattr(row, field) for row in training_data.held
        }


def test_settings_and_models_that_make_no_sense_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no learning rate" in refusal(capsys, *train(tmp_path, "--rate", "7"))
    assert "makes no sense" in refusal(capsys, *train(tmp_path, "--epochs", "0"))
    assert "Name the model" in refusal(capsys, "train", "prefer", "--data-dir", str(tmp_path))
    with pytest.raises(TrainingError, match="cannot be a name"):
        Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:x"), "../x")


def test_a_child_is_not_trained_itself(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "prefer", "--model", "little checker", "--data-dir", str(data), "--name", "grandchild"]
    assert "Train its base r1chat-nano" in refusal(capsys, *command)


def test_without_pytorch_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    message = refusal(capsys, *train(tmp_path))
    assert "torch" in message and "pip install 'r1chat[train]'" in message and "5 GB" in message


def test_without_pytorch_an_adapter_is_read_and_a_folder_of_peft_says_what_to_install(tmp_path: Path) -> None:
    def told(source: Path) -> str:
        there = ["adapters", "add", str(source), NANO, "another", "--data-dir", str(tmp_path)]
        code = f"import sys; sys.modules['torch'] = None; from r1chat.cli.main import main; sys.exit(main({there!r}))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 1
        return done.stderr

    assert "is no LoRA adapter in GGUF form (no LoRA)" in told(nano_model())
    assert "pip install 'r1chat[train]'" in told(tmp_path)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    first, second = (runs.begin(RunWish("prefer", "llama.cpp:x", seed=seed)) for seed in (1, 2))
    with only_one(first):
        assert runs.current is not None and runs.current.name == first.name
        with pytest.raises(TrainingError, match=f"{first.name} is being trained"), only_one(second):
            pass
        with pytest.raises(TrainingError, match="Cancel it first"):
            first.delete()
    with only_one(second):
        pass
    assert runs.current is None


def test_a_training_that_was_killed_blocks_nothing_when_the_computer_has_another_name(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    killed, run = (runs.begin(RunWish("prefer", "llama.cpp:x", seed=seed)) for seed in (1, 2))
    lock, long_ago = runs.folder / LOCK, time.time() - 600
    elsewhere = json.dumps({"owner": "the-name-before:4242:1", "run": killed.name})
    lock.write_text(elsewhere)
    os.utime(lock, (long_ago, long_ago))
    assert runs.current is None
    with only_one(run):  # while one does train, its lock is believed
        lock.write_text(elsewhere)
        os.utime(lock, (long_ago, long_ago))
        assert runs.current is not None and runs.current.name == killed.name
    assert runs.current is None


def test_the_place_of_a_dead_process_is_taken_by_one_alone(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    candidates = [runs.begin(RunWish("prefer", "llama.cpp:x", seed=seed)) for seed in range(4)]
    dead = json.dumps({"owner": f"{socket.gethostname()}:999999999:1", "run": "gone"})

    def attempt(run: TrainingRun, place: Barrier) -> bool:
        place.wait()
        with suppress(TrainingError):
            claim(run, current_owner())
            return True
        return False

    for _ in range(50):
        (runs.folder / LOCK).write_text(dead)
        place = Barrier(len(candidates))
        with ThreadPoolExecutor(len(candidates)) as pool:
            assert sum(pool.map(attempt, candidates, [place] * len(candidates))) == 1


@pytest.mark.parametrize(
    "record",
    [
        "[]",
        '{"run": "x"}',
        '{"run": "../x", "rows": 1, "held": 1}',
        '{"run": "x", "base": []}',
        '{"run": "x", "base": {"name": "\\ud800"}}',
        "[" * 100_000,
    ],
)
def test_a_record_that_makes_no_sense_harms_nothing(record: str, tmp_path: Path) -> None:
    children = Children(tmp_path)
    children.folder.mkdir()
    for suffix, content in ((".gguf", "x"), (".json", record)):
        (children.folder / f"child{suffix}").write_text(content)
    values = children.record("child")
    assert not values or (values["run"], values["rows"], values["base"]) == ("x", 0, {})


def test_a_file_whose_header_asks_for_all_memory_is_no_adapter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = b"key"
    array = struct.pack("<IQ", 4, 1 << 62)  # so many numbers of 32 bits
    header = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", len(key)) + key + struct.pack("<I", 9) + array
    (tmp_path / "bomb.gguf").write_bytes(header)
    message = refusal(
        capsys, "adapters", "add", str(tmp_path / "bomb.gguf"), "r1chat-nano", "--data-dir", str(tmp_path)
    )
    assert "bomb.gguf is no LoRA adapter" in message


def test_what_is_learnt_on_this_computer_is_not_redacted(catalogue: Catalogue, tmp_path: Path) -> None:
    with closing(new_store(tmp_path)) as store:
        for number in range(30):
            product = Reply("Multiplied.", True, f"It is {15241383936 + number}.", "stop")
            right, wrong = asked(store, product, written(1, 2, False), message=f"{number}?", provenance=nano())
            store.judgements.set_reference(right.turn_id, str(15241383936 + number), "number", "ann")
            store.judgements.compare(store.judgements.begin_comparison(right.id, wrong.id).id, "left", "ann")
        for kind in ("prefer", "grpo"):
            file = write_rows(store, catalogue, kind, tmp_path)  # type: ignore[arg-type]
            lines = (file.read_text() + file.with_name("data.test.jsonl").read_text()).splitlines()
            assert len(lines) == 30 and not any("PHONE" in line for line in lines)


def test_a_run_whose_folder_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "learning").write_text("a file in its place")
    with pytest.raises(TrainingError, match="learning"):
        Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:x"))


def test_what_was_erased_for_good_leaves_the_runs(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    run = Runs(folder).get("little checker")

    checkpoint = run.folder / "trial-1" / "checkpoint.pt"
    checkpoint.parent.mkdir()
    checkpoint.touch()
    run.write(replace(run.status, state="paused"))

    def kept() -> list[str]:
        files = (run.folder / "data.jsonl", run.folder / "data.test.jsonl")
        return [json.loads(line)["conversation"] for file in files for line in file.read_text().splitlines()]

    with closing(Store(f"sqlite:///{folder / 'r1chat.db'}")) as store:
        before = kept()
        (run.folder / "output.txt").write_text("27 + 43 = ? It is 70.")
        forget_erased(store, Runs(folder))
        assert kept() == before and (run.folder / "output.txt").exists() and run.status.proof["examples"]
        store.delete(before[0])
        forget_erased(store, Runs(folder))
        assert kept() == before and checkpoint.exists(), "it can still be had back"
        store.purge(timedelta(seconds=-1), Runs(folder).erasures.note)
        forget_erased(store, Runs(folder))
    assert set(kept()) == set(before) - {before[0]} and not (run.folder / "output.txt").exists()
    assert run.status.proof["examples"] == [] and run.status.proof["agreed"] and run.adapter.exists()
    assert not checkpoint.exists() and run.log(), "figures stay"
    assert "erased for good, and its checkpoint with them" in str(run.status.sentence)


def test_what_was_erased_while_a_run_went_on_leaves_it_when_it_ends(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path, models_dir=tmp_path / "models", ollama=False)
    with closing(build(settings)) as app:
        judge(app.store, 30)
        run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:gone"))
        file = write_rows(app.store, app.catalogue, "prefer", run.folder)
        checkpoint = run.folder / "checkpoint.pt"
        checkpoint.touch()
        erased = json.loads(file.read_text().splitlines()[0])["conversation"]
        with only_one(run):
            app.store.delete(erased)
            app.store.purge(timedelta(seconds=-1), Runs(tmp_path).erasures.note)
            forget_erased(app.store, Runs(tmp_path))
            assert erased in file.read_text(), "it is under way"
        with pytest.raises(UnknownModelError, match="gone"):
            train_in_process(app, run, lambda _: None)
    assert erased not in file.read_text() and not checkpoint.exists()


def test_training_runs_nothing_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    (downloads / "httpx.py").write_text("open('ran', 'w')\nraise SystemExit(9)\n", encoding="utf-8")
    monkeypatch.chdir(downloads)
    run = Runs(tmp_path).begin(RunWish("prefer", "llama.cpp:gone"))
    start(load(data_dir=tmp_path, models_dir=tmp_path / "models", ollama=False), run)
    deadline = time.monotonic() + 60
    while run.alive and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "gone" in str(run.status.sentence) or "gone" in (run.folder / "output.txt").read_text()
    assert not (downloads / "ran").exists()


def test_better_is_said_only_where_the_interval_excludes_one_half() -> None:
    def verdict(wins: int, losses: int) -> str:
        child, parent, other = map(Contender, ("child", "parent", "other"))
        games = {(child, parent, 1.0): wins, (parent, child, 1.0): losses, (child, other, 1.0): 1}
        return str(liked(games, child, parent).verdict)

    assert "Not compared yet" in verdict(0, 0)
    assert "No difference shown" in verdict(6, 4)
    assert verdict(16, 4).startswith("Better") and "of 20 blind" in verdict(16, 4)
    assert verdict(4, 16).startswith("Worse")


def test_the_blind_queue_of_a_child_ends_by_itself(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(data, folder)
    settings = load(data_dir=folder, ollama=False)
    children = Children(settings.models_folder)
    child = Provenance("llama.cpp", "0.3.36", *children.contenders("little checker", NANO)[0])
    with closing(build(settings)) as app:
        queue = BlindQueue(app, children)
        for number in range(40):
            turn = app.store.add_turn(app.store.new_conversation("Sums").id, f"{number} + 1 = ?", None)
            sides = [
                app.store.add_reply(turn.id, provenance, written(number, 1, False)) for provenance in (child, nano())
            ]
            opened = app.store.judgements.begin_comparison(sides[0].id, sides[1].id, True)
            app.store.judgements.compare(opened.id, "left" if number % 4 else "right", "ann")
            if number == 5:
                pair = queue.next("little checker")
                assert pair is not None and {pair.left.provenance.model, pair.right.provenance.model} == {
                    NANO,
                    "little checker",
                }
        assert queue.next("little checker") is None
        assert str(queue.liked("little checker").verdict).startswith("Better: preferred in 75% of 40")
        app.chat.close()


def test_preferred_replies_of_the_fixture_are_those_without_a_check() -> None:
    plain, checked = written(58, 67, False), written(58, 67, True)
    assert plain.answer == checked.answer and "125" in plain.answer
    assert CHECK in checked.reasoning and CHECK not in plain.reasoning


@pytest.mark.parametrize(
    ("status", "log"),
    [
        ({"why": ["One part."]}, ""),
        ({"state": "unheard of"}, ""),
        ({"rate": 10**400}, ""),
        ({"proof": {"right": 1}}, ""),
        ({"proof": []}, ""),
        ({}, "[1]"),
        ({}, '{"look": 1}'),
        ({}, '{"step": 1, "loss": "x"}\n{"step": 2, "loss": "x"}'),
        ({}, '{"look": {"step": 1}}\n{"look": {"step": 2}}'),
    ],
)
def test_a_run_that_makes_no_sense_hides_no_other_on_the_page(
    tmp_path: Path, status: dict[str, object], log: str
) -> None:
    for name in ("sound", "odd"):
        folder = Runs(tmp_path).folder / name
        folder.mkdir(parents=True)
        (folder / "wish.json").write_text(json.dumps({"kind": "prefer", "model": "llama.cpp:x"}))
        record = {"state": "done", "rows": 5} | (status if name == "odd" else {})
        (folder / "status.json").write_text(json.dumps(record))
        (folder / "log.jsonl").write_text(log + "\n" if name == "odd" else "")
    assert "sound" in str(run_cards(Runs(tmp_path).all(), {}, LEARN_WORDS["en"]))

"""GGUF files in the folders of other programs, as each of them lays its folder out."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import gguf
import pytest
from micro import write_micro

from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.found import FoundModel, found_models, ollama_models_of
from r1chat.messages import Message, ModelInfo, Params, Request

SUM = (Message("user", "27 + 43 = ?"),)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "micro.gguf"
    write_micro(path)
    return path


def listed(home: Path, **environ: str) -> dict[str, ModelInfo]:
    """What the backend lists of a person's home folder."""
    models = [item for item in found_models(home, environ) if not item.program.startswith("Python")]
    with closing(LlamaCppBackend([], elsewhere=lambda: models, ahead=False)) as backend:
        return {info.name: info for info in backend.models()}


def put(model: Path, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(model, path)
    return path


def put_in_ollama(model: Path, folder: Path, *name: str, adapted: bool = False) -> Path:
    """Store a model as Ollama does; `name` is host, namespace, model and tag. `adapted`: it has an adapter, too."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest = folder.joinpath("manifests", *name)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}", "size": 1},
        {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:00", "size": 1},
    ]
    layers += [{"mediaType": "application/vnd.ollama.image.adapter", "digest": "sha256:11", "size": 1}] * adapted
    manifest.write_text(json.dumps({"schemaVersion": 2, "config": {}, "layers": layers}), encoding="utf-8")
    return put(model, folder / "blobs" / f"sha256-{digest}")


@pytest.mark.slow
def test_ollama_models_have_ollamas_names_and_answer_without_ollama(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".ollama" / "models"
    put_in_ollama(model, folder, "registry.ollama.ai", "library", "deepseek-r1", "1.5b")
    models = list(found_models(tmp_path, {}))
    assert [(item.program, item.name) for item in models if item.program == "Ollama"] == [
        ("Ollama", "deepseek-r1:1.5b")
    ]
    with closing(LlamaCppBackend([], elsewhere=lambda: found_models(tmp_path, {}))) as backend:
        info = next(info for info in backend.models() if info.name == "deepseek-r1:1.5b")
        assert info.ready and "Found on this computer: Ollama" in str(info.note)
        assert list(backend.stream(Request(info.name, SUM, params=Params(max_tokens=1))))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_devices_and_depth_among_ollamas_manifests_are_passed_over(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".ollama" / "models"
    put_in_ollama(model, folder, "registry.ollama.ai", "library", "r1", "latest")
    beside = folder / "manifests" / "registry.ollama.ai" / "library" / "r1"
    os.mkfifo(beside / "a-pipe")
    (beside / "b-device").symlink_to("/dev/zero")
    (beside / "c-depth").write_text("[" * 200_000)
    assert [name for name in listed(tmp_path) if ":" in name] == ["r1:latest"]


def test_a_file_that_ollama_runs_with_an_adapter_is_listed_as_the_model_without_it(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".ollama" / "models"
    put_in_ollama(model, folder, "registry.ollama.ai", "library", "checker", "latest", adapted=True)
    assert "checker:latest" not in listed(tmp_path)
    blob = put_in_ollama(model, folder, "registry.ollama.ai", "library", "r1", "latest")
    assert [name for name in listed(tmp_path) if ":" in name] == ["r1:latest"]
    assert [(found_model.name, found_model.adapted) for found_model in ollama_models_of(blob)] == [
        ("r1:latest", False),
        ("checker:latest", True),
    ]
    assert ollama_models_of(model) == []


def test_names_of_ollama_keep_a_foreign_host_and_namespace(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere 模型"
    put_in_ollama(model, other, "hf.co", "someone", "R1-GGUF", "Q4_K_M")
    put_in_ollama(model, other, "registry.ollama.ai", "someone", "r1", "latest")
    names = {item.name for item in found_models(tmp_path, {"OLLAMA_MODELS": str(other)}) if item.program == "Ollama"}
    assert names == {"hf.co/someone/R1-GGUF:Q4_K_M", "someone/r1:latest"}


def test_broken_manifests_and_blobs_that_are_gone_hide_no_other(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".ollama" / "models"
    put_in_ollama(model, folder, "registry.ollama.ai", "library", "good", "latest")
    for name, text in {"cut": "{", "list": "[]", "odd": '{"layers": [1]}', "none": '{"layers": null}'}.items():
        manifest = folder / "manifests" / "registry.ollama.ai" / "library" / name / "latest"
        manifest.parent.mkdir()
        manifest.write_text(text, encoding="utf-8")
    gone = '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../etc/passwd"}]}'
    manifest.write_text(gone, encoding="utf-8")
    assert list(listed(tmp_path)) == ["good:latest"]


PLACES = {
    "Hugging Face": ".cache/huggingface/hub/models--a--B-GGUF/snapshots/0123/B-Q4_K_M.gguf",
    "LM Studio": ".lmstudio/models/a/B-GGUF/B-Q4_K_M.gguf",
    "Jan": ".local/share/Jan/data/llamacpp/models/B-Q4_K_M/model.gguf",
    "llama.cpp": ".cache/llama.cpp/B-Q4_K_M.gguf",
    "GPT4All": ".local/share/nomic.ai/GPT4All/B-Q4_K_M.gguf",
}


@pytest.mark.parametrize("program", PLACES)
def test_models_of_each_program_are_found_and_nothing_is_changed(program: str, model: Path, tmp_path: Path) -> None:
    file = put(model, tmp_path / PLACES[program])
    before = (file.stat().st_mtime_ns, file.read_bytes(), sorted(tmp_path.rglob("*")))
    (info,) = listed(tmp_path).values()
    assert (info.name, info.ready) == ("B-Q4_K_M", True) and program in str(info.note)
    assert (file.stat().st_mtime_ns, file.read_bytes(), sorted(tmp_path.rglob("*"))) == before


@pytest.mark.parametrize(
    ("variable", "folder"),
    [("HF_HUB_CACHE", ""), ("HF_HOME", "hub"), ("LLAMA_CACHE", ""), ("XDG_CACHE_HOME", "llama.cpp")],
)
def test_variables_of_the_programs_are_followed(variable: str, folder: str, model: Path, tmp_path: Path) -> None:
    put(model, tmp_path / "other" / folder / "deep" / "B.gguf")
    assert set(listed(tmp_path, **{variable: str(tmp_path / "other")})) == {"B"}


def test_file_of_the_hugging_face_cache_is_listed_once_through_its_links(model: Path, tmp_path: Path) -> None:
    cache = tmp_path / ".cache/huggingface/hub/models--a--B"
    blob = put(model, cache / "blobs" / "abcdef")
    for revision in ("1", "2"):
        link = cache / "snapshots" / revision / "B.gguf"
        link.parent.mkdir(parents=True)
        link.symlink_to(blob)
    put(model, cache / "blobs" / "123.incomplete")
    assert set(listed(tmp_path)) == {"B"}


def test_what_is_no_model_is_explained_and_not_offered(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".lmstudio" / "models" / "a"
    folder.mkdir(parents=True)
    for name, architecture, keys in [
        ("old-projector", "clip", {}),
        ("projector", "clip", {"general.type": "mmproj"}),
        ("lora", "llama", {"general.type": "adapter"}),
        ("old-lora", "llama", {"adapter.type": "lora"}),
        ("encoder", "bert", {"bert.attention.causal": False}),
        ("embedding", "qwen3", {"qwen3.pooling_type": 3}),
    ]:
        writer = gguf.GGUFWriter(folder / f"{name}.gguf", architecture)
        for key, value in keys.items():
            if isinstance(value, str):
                writer.add_string(key, value)
            elif isinstance(value, bool):
                writer.add_bool(key, value)
            else:
                writer.add_uint32(key, value)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
    put(model, folder / "cut.gguf.part")
    write_micro(folder / "big.gguf", parts=3)
    sorted(folder.glob("big-*"))[1].unlink()
    models = listed(tmp_path)
    assert not any(info.ready for info in models.values())
    for name, sentence in {
        "old-projector": "reads images",
        "projector": "reads images",
        "lora": "LoRA adapter",
        "old-lora": "LoRA adapter",
        "encoder": "embeddings",
        "embedding": "embeddings",
        "cut.gguf": "has not finished",
        "big": "files of big are there",
    }.items():
        assert sentence in str(models[name].note), name


def test_linked_folders_names_with_spaces_and_folders_without_rights(model: Path, tmp_path: Path) -> None:
    put(model, tmp_path / "disk" / "一个 模型.gguf")
    folder = tmp_path / ".lmstudio" / "models"
    folder.mkdir(parents=True)
    (folder / "linked").symlink_to(tmp_path / "disk")
    (folder / "circle").symlink_to(folder)
    put(model, folder / "closed" / "hidden.gguf")
    os.chmod(folder / "closed", 0)
    try:
        names = set(listed(tmp_path))
    finally:
        os.chmod(folder / "closed", 0o700)
    assert "一个 模型" in names and names <= {"一个 模型", "hidden"}  # root reads every folder


def test_file_in_an_installed_package_is_found(model: Path, tmp_path: Path) -> None:
    put(model, tmp_path / "site-packages" / "llm_small" / "Small.gguf")
    code = "import r1chat.backends.llama.found as f; [print(x.program, x.path.name) for x in f.found_models()]"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "site-packages"), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert "Python package llm_small Small.gguf" in done.stdout


def test_model_of_another_program_that_memory_cannot_hold_comes_last(model: Path, tmp_path: Path) -> None:
    models = [FoundModel(put(model, tmp_path / "a" / "first.gguf"), "Jan")]
    own = put(model, tmp_path / "own" / "second.gguf")
    with closing(LlamaCppBackend([own], memory=lambda: 1000, elsewhere=lambda: models, ahead=False)) as backend:
        assert [info.name for info in backend.models()] == ["second", "first"]

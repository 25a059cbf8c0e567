"""Names and records of children, without training one."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import gguf
import pytest
from micro import write_micro

from r1chat.app import build
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.cli.main import main
from r1chat.config import load
from r1chat.errors import TrainingError
from r1chat.learn.children import Children
from r1chat.learn.gather import check_enough, read_rows
from r1chat.learn.runs import Runs, RunStatus, RunWish, TrainingRun

SECRET = "Anna Meier, diagnosis: diabetes"


def ended(folder: Path, why: str = "Done.") -> TrainingRun:
    """A run with an adapter, as far as keeping it goes."""
    run = Runs(folder).begin(RunWish("prefer", "llama.cpp:micro"), "first")
    run.write(RunStatus("done", why=(why, why)))
    writer = gguf.GGUFWriter(run.adapter, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return run


def models(folder: Path) -> Path:
    """The models folder of a data folder, with one model."""
    (folder / "models").mkdir()
    write_micro(folder / "models" / "micro.gguf")
    return folder / "models"


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["micro", "Micro", "r1chat-nano"])
def test_no_child_is_kept_renamed_or_added_under_the_name_of_a_model(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, there = ended(tmp_path), ["--data-dir", str(tmp_path)]
    models(tmp_path)
    assert main(["adapters", "keep", run.name, name, *there]) == 1
    assert f"{name} is the name of a model in the list" in capsys.readouterr().err
    assert main(["adapters", "keep", run.name, *there]) == 0
    assert main(["adapters", "rename", run.name, name, *there]) == 1
    assert main(["adapters", "add", str(run.adapter), "micro", name, *there]) == 1
    assert capsys.readouterr().err.count("is the name of a model in the list") == 2
    assert main(["adapters", "rename", run.name, "First", *there]) == 0, "its own name is free to it"
    assert Children(tmp_path / "models").names() == ["First"]


def test_the_page_gives_no_child_a_models_name_either(tmp_path: Path) -> None:
    folder = models(tmp_path)
    with closing(build(load(data_dir=tmp_path, models_dir=folder, ollama=False))) as app:
        children = Children.of(app)
        children.keep(ended(tmp_path))
        with pytest.raises(TrainingError, match="is the name of a model in the list"):
            children.rename("first", "micro")


def test_an_adapter_under_a_models_name_does_not_take_its_place_in_the_list(tmp_path: Path) -> None:
    folder = models(tmp_path)
    base = folder / "publisher" / "micro.gguf"  # found after the adapters
    base.parent.mkdir()
    (folder / "micro.gguf").rename(base)
    Children(folder).keep(ended(tmp_path), "micro")  # by an older version, or while the model was away
    with closing(LlamaCppBackend([folder], ahead=False)) as backend:
        parent, child = (backend.file(name) for name in ("micro", "adapters/micro"))
        assert parent is not None and parent.path == base
        assert child is not None and child.path.parent.name == "adapters"


# --- records ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["number", "expression", "choice", "pattern"])
def test_no_right_answer_that_cannot_be_checked_is_repeated_by_what_a_run_says(kind: str, tmp_path: Path) -> None:
    answer = f"({SECRET}" if kind == "pattern" else SECRET
    rows = [{"prompt": f"{n}?", "solution": answer, "solution_kind": kind} for n in range(40)]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    gathered = read_rows("grpo", tmp_path / "data.jsonl", (), (), every_model=True)
    assert len(gathered.unusable) == 40
    with pytest.raises(TrainingError, match=r"40 right answers cannot be checked") as error:
        check_enough(gathered, "grpo")
    assert "Anna" not in error.value.text.en + error.value.text.zh  # type: ignore[union-attr]


def test_what_an_older_version_said_of_a_right_answer_leaves_with_no_adapter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, children = ended(tmp_path, f"Done. Of the first: “{SECRET}” is no number."), Children(tmp_path / "models")
    children.keep(run)
    record = children.folder / "first.json"
    assert "Anna" not in record.read_text() and children.record("first")["state"] == "done"
    record.write_text(json.dumps({**json.loads(record.read_text()), "why": run.status.why}))  # as it was kept then
    assert main(["adapters", "export", "first", str(tmp_path / "out"), "--data-dir", str(tmp_path)]) == 0
    exported = json.loads((tmp_path / "out" / "first.json").read_text())
    assert "Anna" not in json.dumps(exported) and exported["run"] == "first"

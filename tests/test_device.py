"""Where PyTorch trains: a device that is not there is refused, and every tensor is made on the model's own device."""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sums import preferred_rows, sums

from r1chat.cli.main import main
from r1chat.config import nano_model
from r1chat.learn.runs import Runs

if TYPE_CHECKING:
    pass

MISSING = [name for name in ("torch", "gguf") if find_spec(name) is None]
pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'r1chat[train]')"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
MAKE = ("tensor", "zeros", "ones", "empty", "full", "arange", "eye", "rand", "randn", "randint", "linspace")


@contextmanager
def no_tensor_without_a_device() -> Any:
    """Notes where r1chat makes a tensor and does not say on which device: on a GPU it would be in the wrong place."""
    from torch.overrides import TorchFunctionMode

    places: set[str] = set()

    class Watch(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            caller = sys._getframe(1)
            where = caller.f_globals.get("__name__", "")
            if getattr(func, "__name__", "") in MAKE and "device" not in (kwargs or {}) and where.startswith("r1chat."):
                places.add(f"{where}:{caller.f_lineno}")
            return func(*args, **(kwargs or {}))

    with Watch():
        yield places
    assert not places, f"made without a device: {sorted(places)}"


@pytest.fixture
def no_gpu() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")


@pytest.mark.parametrize(
    "command",
    [["prefer", "--model", "r1chat-nano"], ["cold-start", "run"], ["demo", "run"], ["grpo", "run", "--from", "x.gguf"]],
)
def test_a_device_that_is_not_there_is_refused_before_anything_is_begun(
    command: list[str],
    no_gpu: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    for name, sentence in (("cuda", "finds no device cuda on this computer"), ("tpu", "--device tpu is no device")):
        assert main(["train", *command, "--device", name, "--data-dir", str(data)]) == 1
        assert sentence in capsys.readouterr().err
    assert Runs(data).all() == [] and not (tmp_path / "run").exists()


def test_without_a_gpu_it_is_the_processor(no_gpu: None) -> None:
    from r1chat.training.device import find_device, own_memory, title

    device = find_device("auto")
    assert (device.type, str(title(device)), own_memory(device)) == ("cpu", "the processor", None)


def test_memory_that_is_not_there_is_told_as_such() -> None:
    import torch

    from r1chat.training.device import memory_told

    with pytest.raises(MemoryError), memory_told():
        torch.empty(1 << 60)
    with pytest.raises(MemoryError), memory_told():
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(RuntimeError, match="something else"), memory_told():
        raise RuntimeError("something else")


@pytest.mark.parametrize("kind", ["prefer", "sft", "kto"])
def test_a_run_makes_every_tensor_on_the_device_of_its_model(kind: Any, tmp_path: Path) -> None:
    from dataclasses import replace

    from r1chat.backends.llama.child.reading import LoadedModel
    from r1chat.training.adapter_run import AdapterPlan
    from r1chat.training.adapting import Adapting, TrainingGuard
    from r1chat.training.base import compare, read_base
    from r1chat.training.objectives import likelihood_change

    data = preferred_rows(16)
    if kind != "prefer":
        data = [replace(row, rejected=(), good=number % 2 == 0) for number, row in enumerate(data)]
    first, base = read_base(nano_model()), read_base(nano_model())
    plan = AdapterPlan(kind, 1e-4, epochs=1)
    with closing(LoadedModel(nano_model())) as reading, no_tensor_without_a_device():
        run = Adapting(tmp_path, first, data[8:], data[:8], plan, TrainingGuard())
        run.run(lambda line: None, lambda: False)
        again = Adapting(tmp_path, base, data[8:], data[:8], plan, TrainingGuard())
        assert again.step == run.step and len(again.agreed(data[:8])) == 8
        likelihood_change(base, again.adapter, [row.chosen for row in data])
        with again.adapter.disabled():
            compare(base, reading, [row.prompt for row in data[:2]])
    assert {values.device.type for pair in run.adapter.weights().values() for values in pair} == {"cpu"}


def test_reinforcement_and_the_stages_of_the_recipe_do_so_too(tmp_path: Path) -> None:
    from r1chat.backends.llama.child.reading import LoadedModel
    from r1chat.reasoning_format import R1_FORMAT
    from r1chat.rewards import RightAnswer
    from r1chat.training.adapter_grpo import AdapterGrpo, GrpoProblem, Speech
    from r1chat.training.adapter_run import AdapterPlan
    from r1chat.training.base import read_base
    from r1chat.training.gguf_file import read_gguf, write_gguf
    from r1chat.training.loop import Plan, Training
    from r1chat.training.model import Shape
    from r1chat.training.sampling import Vocabulary

    base = read_base(nano_model())
    problems = [
        GrpoProblem(row.prompt, text := f"<｜User｜>{a} + {b} = ?", text, RightAnswer(str(a + b), "number"))
        for row, (a, b) in zip(preferred_rows(6), sums(6, 3), strict=True)
    ]
    plan = AdapterPlan("grpo", 1e-4, epochs=1, batch=2)
    with closing(LoadedModel(nano_model())) as reading, no_tensor_without_a_device():
        speech = Speech(Vocabulary(frozenset(reading.ends()), reading.text), R1_FORMAT, [reading.prompt("Bread.")], 64)
        AdapterGrpo(tmp_path, base, problems[2:], problems[:2], plan, speech).run(lambda line: None, lambda: False)
    decoder = read_gguf(nano_model())
    run = Training(tmp_path / "loop", Plan(minutes=0.02, tokens=512, problems=4), Shape(), decoder)
    with no_tensor_without_a_device():
        run.run()
        write_gguf(tmp_path / "model.gguf", run.model, run.tokenizer)
    assert run.step > 0

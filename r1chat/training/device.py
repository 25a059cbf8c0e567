"""Where a model is trained: on the processor, or on a GPU where PyTorch finds one. All in 32-bit numbers.

Every tensor of a training is made on the device of its model; what leaves PyTorch (files, figures, the comparison with
llama.cpp) is brought to the processor first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from r1chat.both import Both
from r1chat.errors import TrainingError

TorchDevice = torch.device
DEVICES = ("auto", "cpu", "cuda", "mps")


def find_device(name: str) -> TorchDevice:
    """The device of one of these names; `auto`: a GPU where there is one, else the processor.

    Raises TrainingError for another name, and for a device that PyTorch does not find here.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((gpu for gpu in ("cuda", "mps") if there[gpu]), "cpu")
    if name not in there:
        raise TrainingError(_UNKNOWN.format(name=name, names=", ".join(DEVICES)))
    if not there[name]:
        present = ", ".join(known for known, is_there in there.items() if is_there)
        raise TrainingError(_NOT_THERE.format(name=name, version=torch.__version__, found=present))
    return TorchDevice(name)


def title(device: TorchDevice) -> Both:
    """A device's name for a person."""
    if device.type == "cpu":
        return Both("the processor", "处理器")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "Apple"
    return Both(f"the GPU ({name})", f"GPU（{name}）")


def own_memory(device: TorchDevice) -> int | None:
    """The bytes that are free on a device with memory of its own; None where it shares the computer's."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


@contextmanager
def memory_told() -> Iterator[None]:
    """Memory that PyTorch asked for in vain, of a GPU or of the computer, as MemoryError."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error):
            raise MemoryError from None
        raise


_UNKNOWN = Both("--device {name} is no device. There are: {names}.", "--device {name} 不是设备。可选：{names}。")
_NOT_THERE = Both(
    "PyTorch {version} finds no device {name} on this computer; it finds: {found}. Leave --device out, or install "
    "PyTorch for your GPU (pytorch.org). Nothing was begun.",
    "PyTorch {version} 在本机找不到设备 {name}；找到的有：{found}。请去掉 --device，或安装适合你的 GPU 的 PyTorch"
    "（pytorch.org）。没有开始任何操作。",
)

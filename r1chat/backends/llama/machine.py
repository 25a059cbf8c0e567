"""What this machine can carry: cores to compute on, memory, and the context window that fits into it.

It knows sizes, from a GGUF's header and from the operating system, and nothing of llama.cpp.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from r1chat.backends.gguf import Header
from r1chat.backends.llama.channel import Device
from r1chat.both import Both
from r1chat.errors import ModelFileError
from r1chat.sizes import readable_size

STEP = 256  # llama.cpp rounds windows to this many tokens
SMALL_WEIGHTS = 64 << 20  # bytes: below, a step's time goes into calls, above into reading weights
LARGE_WEIGHTS = 512 << 20  # bytes: the steps of a layer take a good part of a millisecond
SMALLEST_WINDOW = 1024  # tokens; less than this is of no use to a reasoning model
GPU_MARGIN = 1 << 30  # bytes of a GPU's memory that are left to the screen and other programs, as llama.cpp does
GPU_BATCH = 512  # tokens
_SCRATCH = 32 << 20  # bytes that llama.cpp takes on a GPU whatever the model
_PROCESS = 32 << 20  # bytes of an engine's process without a model: Python and the bindings of llama.cpp
_PER_ENTRY = 310  # bytes that each token of a vocabulary takes, with its merges


def default_threads(weights: int = 0) -> int:
    """How many threads to compute with, for a model of so many bytes: one less than the physical cores.

    The last core is for everybody else. Threads wait for each other at every step of a layer, so one that has to share
    its core slows all of them; with small weights, whose steps take microseconds, by a factor of ten and more. Large
    ones lose a quarter that way, and gain nearly all of a second core: they get both where there are but two.
    """
    cores = _cores()
    return max(cores - 1, min(cores, 2) if weights >= LARGE_WEIGHTS else 1)


def available_memory() -> int:
    """Bytes that can be taken now without swapping, the files that the system merely caches included."""
    return min(int(psutil.virtual_memory().available), _free_in_cgroup())


@dataclass(frozen=True, slots=True)
class Fit:
    """How a model fits into memory: with a window of so many tokens; `mapped`: its weights stay on disk."""

    window: int
    mapped: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model takes in memory, in bytes: `weights`, `scratch`, and `per_token` for every token of its window."""

    name: str
    weights: int
    scratch: int
    per_token: int
    trained: int  # the longest window that it was made for, in tokens; 0: not told

    @classmethod
    def of(cls, header: Header, weights: int, *, batch: int, gpu_layers: int) -> Needs:
        """By a model's header; `weights` is the size of all its files. Layers on a GPU take no memory here."""
        layers = max(1, header.layers)
        here = 0.0 if gpu_layers < 0 else max(0, layers - gpu_layers) / layers
        return cls(
            name=header.path.name,
            weights=int(weights * here),
            scratch=_PROCESS
            + _PER_ENTRY * header.vocabulary
            + 4 * batch * (3 * header.count(".feed_forward_length") + 8 * header.count(".embedding_length")),
            per_token=max(1, int(header.kv_bytes_per_token * here) + 4 * batch * header.count(".attention.head_count")),
            trained=header.trained_context,
        )

    def bytes_for(self, wish: int) -> int:
        """Bytes with a window of `wish` tokens, or of as many as the model was made for."""
        return self.weights + self.scratch + self.per_token * min(wish, self.trained or wish)

    def fit(self, wish: int, available: int) -> Fit:
        """The largest window up to `wish` tokens that fits into `available` bytes.

        Where weights and a small window do not fit, the weights stay on disk, and half of the memory is left for the
        parts of them that the system caches. Raises ModelFileError, with the numbers, where not even that fits.
        """
        wish = min(wish, self.trained or wish)
        smallest = min(wish, SMALLEST_WINDOW)
        for mapped, room in ((False, available - self.weights), (True, available // 2)):
            tokens = max(0, room - self.scratch) // self.per_token
            if tokens >= smallest:
                return Fit(wish if tokens >= wish else max(smallest, tokens // STEP * STEP), mapped)
        needed = readable_size(self.scratch + self.per_token * smallest)
        raise ModelFileError(_NO_MEMORY.format(name=self.name, needed=needed, free=readable_size(available)))


def fitting_layers(header: Header, weights: int, wish: int, gpus: Sequence[Device]) -> int:
    """How many layers of a model fit into the free memory of the GPUs, with a window of `wish` tokens; -1: all."""
    layers = header.layers + 1  # llama.cpp counts the output as one
    window = min(wish, header.trained_context or wish)
    per_layer = weights / layers + header.kv_bytes_per_token * window / max(1, header.layers)
    scratch = _SCRATCH + 4 * GPU_BATCH * (header.vocabulary + window)
    fits = sum(max(0, int((gpu.free - GPU_MARGIN - scratch) / per_layer)) for gpu in gpus)
    return -1 if fits >= layers else fits


def _cores() -> int:
    """Physical cores that this process may use."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    logical = psutil.cpu_count() or physical
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else logical
    cores = max(1, min(physical, -(-allowed * physical // logical)))
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def _free_in_cgroup() -> int:
    """Bytes that the container's limit leaves, which psutil does not look at."""
    limit, used = _read("/sys/fs/cgroup/memory.max"), _read("/sys/fs/cgroup/memory.current")
    if not (limit.isdigit() and used.isdigit()):
        return sys.maxsize
    lines = (line.split() for line in _read("/sys/fs/cgroup/memory.stat").splitlines())
    cached = next((int(size) for name, size in lines if name == "inactive_file"), 0)
    return max(0, int(limit) - int(used) + cached)


def _read(path: str) -> str:
    """A file of the kernel's, "" where this system has none."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


_NO_MEMORY = Both(
    "{name} needs about {needed} of memory, and {free} are free. "
    "Close other programs, or choose a smaller model or a smaller quantisation.",
    "{name} 大约需要 {needed} 内存，而可用内存只有 {free}。请关闭其他程序，或选择更小的模型或更低的量化精度。",
)

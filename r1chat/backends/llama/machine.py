"""What this machine can carry: cores to compute on, memory, and the context window that fits into it.

It knows sizes, from a GGUF's header and from the operating system, and nothing of llama.cpp.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from r1chat.backends.gguf import Header
from r1chat.errors import ModelFileError

STEP = 256  # llama.cpp rounds windows to this many tokens
SMALL_WEIGHTS = 64 << 20  # bytes: below, a step's time goes into calls, above into reading weights
LARGE_WEIGHTS = 512 << 20  # bytes: the steps of a layer take a good part of a millisecond
SMALLEST_WINDOW = 1024  # tokens; less than this is of no use to a reasoning model
_SCRATCH = 32 << 20  # bytes that llama.cpp takes whatever the model


def default_threads(weights: int = 0) -> int:
    """How many threads to compute with, for a model of so many bytes: one less than the cores that there are.

    The last core is for everybody else. Threads wait for each other at every step of a layer, so one that has to share
    its core slows all of them; with small weights, whose steps take microseconds, by a factor of ten and more. Large
    ones lose a quarter that way, and gain nearly all of a second core: they get both where there are but two.
    """
    cores = _cores()
    return max(cores - 1, min(cores, 2) if weights >= LARGE_WEIGHTS else 1)


def available_memory() -> int:
    """Bytes that can be taken now without swapping, the files that the system merely caches included."""
    if sys.platform == "linux":
        return min(_free_on_linux(), _free_in_cgroup())
    if hasattr(os, "sysconf"):  # what is free now is not told: leave a quarter to the rest
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    return sys.maxsize


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model takes in memory: `fixed` bytes, and `per_token` more for every token of its window."""

    name: str
    fixed: int
    per_token: int
    trained: int  # the longest window that it was made for, in tokens; 0: not told

    @classmethod
    def of(cls, header: Header, weights: int, *, batch: int, gpu_layers: int) -> Needs:
        """By a model's header; `weights` is the size of all its files. Layers on a GPU take no memory here."""
        layers = max(1, header.layers)
        here = 0.0 if gpu_layers < 0 else max(0, layers - gpu_layers) / layers
        return cls(
            name=header.path.name,
            fixed=int(weights * here) + _SCRATCH + 4 * batch * header.vocabulary,
            per_token=max(1, int(header.kv_bytes_per_token * here) + 4 * batch * header.count(".attention.head_count")),
            trained=header.trained_context,
        )

    def bytes_for(self, wish: int) -> int:
        """Bytes with a window of `wish` tokens, or of as many as the model was made for."""
        return self.fixed + self.per_token * min(wish, self.trained or wish)

    def window(self, wish: int, available: int) -> int:
        """The largest window up to `wish` that fits into `available` bytes.

        Raises ModelFileError, with the numbers, where not even a small one does.
        """
        wish = min(wish, self.trained or wish)
        fits = max(0, available - self.fixed) // self.per_token
        if fits >= wish:
            return wish
        if fits >= min(wish, SMALLEST_WINDOW):
            return fits // STEP * STEP
        needed = self.bytes_for(min(wish, SMALLEST_WINDOW))
        raise ModelFileError(
            f"{self.name} needs about {readable(needed)} of memory, and {readable(available)} are free. "
            "Close other programs, or choose a smaller model or a smaller quantisation."
        )


def readable(size: int) -> str:
    """A size in bytes for people to read."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _cores() -> int:
    """Physical cores that this process may run on."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    allowed = os.sched_getaffinity(0)
    siblings = {_read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") or cpu for cpu in allowed}
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        return min(len(siblings), max(1, int(quota) // int(period)))
    return len(siblings)


def _free_on_linux() -> int:
    for line in _read("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return sys.maxsize


def _free_in_cgroup() -> int:
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

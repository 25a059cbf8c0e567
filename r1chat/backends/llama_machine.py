"""What this machine can carry: cores to compute on, memory, and the context window that fits into it.

It knows sizes, from a GGUF's header and from the operating system, and nothing of llama.cpp.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from r1chat.errors import ModelFileError
from r1chat.gguf import Header

STEP = 256  # llama.cpp rounds windows to this many tokens
SMALLEST_WINDOW = 1024  # tokens; less than this is of no use to a reasoning model
_SCRATCH = 32 << 20  # bytes that llama.cpp takes whatever the model


def default_threads() -> int:
    """One core less than this process may use.

    The last one is for everybody else: threads wait for each other at every layer, so a single one that has to share
    its core slows all of them, by a factor of ten and more.
    """
    return max(1, _cores() - 1)


def available_memory() -> int:
    """Bytes that can be taken now without swapping, the files that the system merely caches included."""
    if sys.platform == "linux":
        return min(_free_on_linux(), _free_in_cgroup())
    if hasattr(os, "sysconf"):  # what is free now is not told: leave a quarter to the rest
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    return sys.maxsize


def window_that_fits(header: Header, weights: int, wish: int, available: int, *, batch: int, gpu_layers: int) -> int:
    """The largest window up to `wish` tokens, and to what the model was made for, that leaves it within `available`.

    `weights` is the size of all its files in bytes. Layers on a GPU take no memory here. Raises ModelFileError, with
    the numbers, where not even a small window fits.
    """
    here = _share_on_cpu(header, gpu_layers)
    fixed = int(weights * here) + _SCRATCH + 4 * batch * header.vocabulary
    per_token = bytes_per_token(header, batch=batch, gpu_layers=gpu_layers)
    wish = min(wish, header.trained_context or wish)
    fits = max(0, available - fixed) // per_token
    if fits >= wish:
        return wish
    if fits < min(wish, SMALLEST_WINDOW):
        needed = fixed + per_token * min(wish, SMALLEST_WINDOW)
        raise ModelFileError(
            f"{header.path.name} needs about {readable(needed)} of memory, and {readable(available)} are free. "
            "Close other programs, or choose a smaller model or a smaller quantisation."
        )
    return fits // STEP * STEP


def bytes_per_token(header: Header, *, batch: int, gpu_layers: int) -> int:
    """What a token of context takes in memory: its keys and values, and its share of what a batch computes."""
    cached = int(header.kv_bytes_per_token * _share_on_cpu(header, gpu_layers))
    return max(1, cached + 4 * batch * header.count(".attention.head_count"))


def _share_on_cpu(header: Header, gpu_layers: int) -> float:
    layers = max(1, header.layers)
    return 0.0 if gpu_layers < 0 else max(0, layers - gpu_layers) / layers


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

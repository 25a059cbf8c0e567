"""Measures how quickly this machine computes, once for each device, and remembers it in the data folder.

Small models with random weights (`probe`) are run in an engine of their own, one for each kind of weights, and a last
one of many thin layers for what does not depend on the weights. Each takes about half a second.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from r1chat.backends.llama.channel import Device, Measured, MeasureSpec
from r1chat.backends.llama.engine import Engine
from r1chat.backends.llama.machine import LARGE_WEIGHTS, available_memory, default_threads
from r1chat.backends.llama.process import installed
from r1chat.errors import R1ChatError
from r1chat.files import read_json, read_text, replacing
from r1chat.library.forecast import Rates, Resources, Speeds
from r1chat.library.probe import THICK, THIN, Probe, write
from r1chat.store.reply_owner import current_owner, is_alive

FILE_NAME = "speed.json"
SECONDS = 0.3  # for the repetitions of one figure
DEPTH = 1024  # tokens of context at which keys and values count
_FEWEST = 1e-6  # seconds: a difference that is smaller was not measured
_FORMAT = 1
_CLOSE_WITHIN = 5.0  # seconds
_PREFIX, _OWNER = "speed-", "owner"  # a folder with the models that are measured, and the process that does it
_OLD = 3600.0  # seconds; nobody measures that long

log = logging.getLogger(__name__)


class Meter:
    """The speeds of this machine. Safe to call from any thread. With `measure` False it only remembers."""

    def __init__(
        self,
        folder: Path,
        *,
        measure: bool = True,
        gpu: bool = True,
        threads: int | None = None,
        seconds: float = SECONDS,
        probes: Sequence[Probe] = (THIN, *THICK),
    ) -> None:
        """`folder` is the data folder; `threads` None: as many as suit a model. `gpu` False leaves GPUs out.

        `seconds` is the time for the repetitions of one figure; `probes` the models that are run, the thin one first.
        """
        self._file = folder / FILE_NAME
        self._measure = measure
        self._gpu = gpu
        self._threads = threads
        self._seconds = seconds
        self._probes = probes
        self._lock = threading.Lock()  # held while it measures
        self._speeds: Speeds | None = None
        self._devices: tuple[Device, ...] | None = None
        self._running: threading.Thread | None = None
        self._engine: Engine | None = None  # that measures now
        self._closed = False

    def known(self) -> Speeds | None:
        """What was measured, now or earlier; None where nothing was. Does not wait."""
        if self._speeds is None:
            self._speeds = self._load()
        return self._speeds

    @property
    def will_measure(self) -> bool:
        """Whether `speeds` would take some seconds."""
        return self._measure and self.known() is None

    def resources(self) -> Resources:
        """The memory that is free now. GPUs are known once the speeds are."""
        return Resources(available_memory(), self._devices or ())

    def begin(self) -> bool:
        """Measure in the background, if need be; whether that is under way."""
        if self.known() is not None or not self._measure:
            return False
        if self._running is None:
            self._running = threading.Thread(target=self.speeds, name="r1chat-speed", daemon=True)
            self._running.start()
        return self._running.is_alive()

    def speeds(self, again: bool = False) -> Speeds | None:
        """What was measured; measures first where nothing was. None where that is not possible.

        `again`: measure anew, and keep the quicker figures: what was measured on a busy machine is too slow.
        """
        with self._lock:
            known = self.known()
            if self._measure and not self._closed and (known is None or again):
                try:
                    measured = self._measured()
                    self._speeds = quicker(measured, known) if known is not None else measured
                    self._save(self._speeds)
                except (R1ChatError, OSError) as error:
                    if self._closed:
                        return None
                    log.warning("the speed of this machine could not be measured: %s", error)
            return self._speeds

    def close(self) -> None:
        """Measure no more: what is under way ends without a result, and its files are removed."""
        self._closed = True
        if (engine := self._engine) is not None:
            engine.kill()
        if self._running is not None:
            self._running.join(_CLOSE_WITHIN)

    # -- measuring ----------------------------------------------------------------------------------------------------

    def _measured(self) -> Speeds:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self._file.parent)
        with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=self._file.parent) as name:
            folder = Path(name)
            (folder / _OWNER).write_text(current_owner(), encoding="utf-8")
            disk = 0.0
            for probe in reversed(self._probes):
                if self._closed:
                    raise OSError("closed meanwhile")
                write(folder / probe.file, probe)
                disk = disk or read_speed(folder / probe.file)
            if not installed():
                rates = by_bandwidth(memory_bandwidth())
                return Speeds(rates, rates, None, disk, rough=True)
            most = self._threads or default_threads(LARGE_WEIGHTS)
            few = self._threads or default_threads()
            cpu = self._rates(folder, most)
            gpu = self._rates(folder, most, gpu_layers=-1) if self._gpus() else None
            return Speeds(cpu, cpu if few == most else self._rates(folder, few), gpu, disk)

    def _rates(self, folder: Path, threads: int, gpu_layers: int = 0) -> Rates:
        """Run the probes of a folder. Raises BackendError."""
        with closing(Engine()) as engine:
            self._engine = engine
            try:
                if self._closed:
                    engine.kill()
                return rates_of(engine, folder, threads, gpu_layers, self._seconds, self._probes)
            finally:
                self._engine = None

    def _gpus(self) -> Sequence[Device]:
        if self._devices is None:
            self._devices = ()
            if self._gpu and installed():
                with closing(Engine()) as engine:
                    self._devices = tuple(device for device in engine.devices() if device.gpu)
        return self._devices

    # -- what outlasts the process ------------------------------------------------------------------------------------

    def _key(self) -> str:
        """What the speeds depend on: they are measured anew where it has changed."""
        try:
            engine = version("llama-cpp-python")
        except PackageNotFoundError:
            engine = "none"
        return f"{_FORMAT}|{engine}|{os.cpu_count()}|{self._threads}|{self._gpu}|{_processor()}"

    def _save(self, speeds: Speeds) -> None:
        row = {"key": self._key(), "devices": [asdict(gpu) for gpu in self._devices or ()], "speeds": asdict(speeds)}
        with replacing(self._file) as stream:
            stream.write(json.dumps(row, indent=1).encode())

    def _load(self) -> Speeds | None:
        try:
            row = read_json(self._file)
            if row["key"] != self._key():
                return None
            values = row["speeds"]
            cpu, few, gpu = (values[name] and Rates(**values[name]) for name in ("cpu", "few", "gpu"))
            speeds = Speeds(cpu, few, gpu, float(values["disk"]), bool(values["rough"]))
            devices = tuple(Device(**device) for device in row["devices"])
            seconds = [*cpu.weights.values(), cpu.layer, cpu.attention, cpu.prompt, speeds.disk, *few.weights.values()]
            if not all(isinstance(value, float) and value > 0 for value in seconds):
                return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        self._devices = devices
        return speeds


def remove_leftovers(data_folder: Path) -> None:
    """Delete the folders of models that a process which was killed while it measured has left (some 250 MB each)."""
    for folder in data_folder.glob(f"{_PREFIX}*"):
        try:
            owner = read_text(folder / _OWNER)
        except (OSError, ValueError):
            owner = ""
        with suppress(OSError):
            old = time.time() - folder.stat().st_mtime > _OLD
            if is_alive(owner) is False or (old and is_alive(owner) is None):
                shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class _Timed:
    probe: Probe
    size: int
    seconds: Measured


def rates_of(
    engine: Engine,
    folder: Path,
    threads: int,
    gpu_layers: int = 0,
    seconds: float = SECONDS,
    probes: Sequence[Probe] = (THIN, *THICK),
) -> Rates:
    """Run the probes of a folder, the thin one first. Raises BackendError."""
    thin = probes[0]
    return rates_from(
        [_time(engine, folder, probe, threads, gpu_layers, seconds, DEPTH if probe is thin else 0) for probe in probes]
    )


def rates_from(timed: Sequence[_Timed]) -> Rates:
    """The rates by what the probes took, the thin one first."""
    thin, *thick = timed
    far = thin.seconds.far - thin.seconds.near
    per_token = max(_FEWEST, thin.seconds.deep - thin.seconds.step) / far
    attention = thin.probe.kv_bytes / per_token
    shallow = thin.seconds.step - per_token * thin.seconds.near
    first = thick[0]
    rate = first.size / first.seconds.step
    layer = max(_FEWEST, shallow - thin.size / rate) / thin.probe.layers
    weights = {}
    for timing in thick:
        rest = layer * timing.probe.layers + timing.probe.kv_bytes / attention * timing.seconds.near
        weights[timing.probe.kind] = timing.size / max(
            _FEWEST, timing.seconds.step - min(rest, 0.5 * timing.seconds.step)
        )
    return Rates(weights, layer, attention, first.probe.parameters / first.seconds.prompt)


def _time(
    engine: Engine, folder: Path, probe: Probe, threads: int, gpu_layers: int, seconds: float, depth: int
) -> _Timed:
    path = folder / probe.file
    spec = MeasureSpec(str(path), threads, gpu_layers, seconds, depth)
    return _Timed(probe, path.stat().st_size, engine.measure(spec))


def quicker(first: Speeds, second: Speeds) -> Speeds:
    """The quicker of both, figure by figure."""
    gpu = quickest([first.gpu, second.gpu]) if first.gpu and second.gpu else first.gpu
    return replace(
        first,
        cpu=quickest([first.cpu, second.cpu]),
        few=quickest([first.few, second.few]),
        gpu=gpu,
        disk=max(first.disk, second.disk),
    )


def quickest(rates: Sequence[Rates]) -> Rates:
    """The quickest of several, figure by figure."""
    return Rates(
        {kind: max(some.weights[kind] for some in rates) for kind in rates[0].weights},
        min(some.layer for some in rates),
        max(some.attention for some in rates),
        max(some.prompt for some in rates),
    )


def by_bandwidth(bandwidth: float) -> Rates:
    """Rates where there is nothing to measure with but memory: what engines reach of its bandwidth, roughly."""
    rate = 0.6 * bandwidth
    return Rates(dict.fromkeys(("Q4_K", "Q6_K", "Q8_0"), rate), 2e-5, rate, 5 * rate)


def memory_bandwidth() -> float:
    """Bytes/s that this processor reads from memory, on one core: the quickest of some sums."""
    import numpy as np

    data = np.ones(32 << 20, dtype=np.float32)
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        data.sum()
        best = min(best, time.perf_counter() - began)
    return data.nbytes / best


def read_speed(path: Path) -> float:
    """Bytes/s at which the disk gives a file that the system does not hold in memory."""
    with path.open("rb", buffering=0) as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        began, buffer = time.perf_counter(), bytearray(8 << 20)
        size = 0
        while count := file.readinto(buffer):
            size += count
        return size / max(1e-6, time.perf_counter() - began)


def _processor() -> str:
    """The name of the processor, as far as this system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())

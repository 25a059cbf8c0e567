"""What there is on this machine: the models as a table, and whatever keeps a person from chatting.

It asks the same modules that a chat would ask, so that it finds what a chat would find.
"""

from __future__ import annotations

import errno
import logging
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from r1chat import __version__
from r1chat.app import connect, meter
from r1chat.backends.catalogue import BackendStatus
from r1chat.backends.gguf import Header
from r1chat.config import FILE_NAME, FIRST_PORT, NANO, Settings, prepare
from r1chat.errors import ConfigError, R1ChatError
from r1chat.library.forecast import forecast
from r1chat.messages import ModelInfo
from r1chat.sizes import readable_size
from r1chat.store import Store

LIBRARIES = ("gradio", "httpx", "SQLAlchemy")
_MISSING_LIBRARY = "Install the system's library that it names (`libgomp`: apt install libgomp1), or the package anew."
ENGINES = {"llama-cpp-python": "llama", "xllamacpp": "llama-server"}  # distribution -> the extra that brings it
LITTLE_SPACE = 2_000_000_000  # bytes; the smallest R1 distill takes 1.1 GB
LITTLE_MEMORY = 2_000_000_000  # bytes; it needs this much with its context
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Check:
    """One thing that was looked at. A problem prevents chatting, a hint does not; `advice` says what to do."""

    topic: str
    state: Literal["ok", "hint", "problem"]
    found: str
    advice: str = ""


def examine(settings: Settings | ConfigError) -> list[_Check]:
    """Look at everything. Never raises: what cannot be looked at is a problem too.

    Where the settings cannot be used, only what does not depend on them is looked at.
    """
    checks = [*_guarded("program", _program), *_guarded("machine", _machine)]
    if isinstance(settings, ConfigError):
        return [*checks, _Check("settings", "problem", str(settings))]
    probes: dict[str, Callable[[Settings], Iterable[_Check]]] = {
        "settings": _settings,
        "data folder": _data_folder,
        "database": _database,
        "port": _port,
        "models": _models,
    }
    return checks + [check for topic, probe in probes.items() for check in _guarded(topic, probe, settings)]


def report(checks: Sequence[_Check]) -> str:
    """The checks as lines for a person."""
    lines = []
    for check in checks:
        mark = {"ok": "ok     ", "hint": "hint   ", "problem": "PROBLEM"}[check.state]
        lines.append(f"{mark}  {check.topic:<16}  {check.found}")
        if check.advice:
            lines.append(f"{'':<27}→ {check.advice}")
    problems = sum(check.state == "problem" for check in checks)
    lines.append("")
    if problems:
        lines.append(f"{problems} problem{'s' if problems > 1 else ''} to solve before r1chat can answer.")
    else:
        lines.append("r1chat can answer: `r1chat serve` opens the page, `r1chat chat` talks here.")
    return "\n".join(lines)


def models_table(statuses: Iterable[BackendStatus]) -> str:
    """Every model as a line, and a line for each backend that has none to offer."""
    rows: list[tuple[str, ...]] = [("BACKEND", "NAME", "SIZE", "QUANTISATION", "CONTEXT", "THINKS", "STATE")]
    away = []
    for status in statuses:
        rows += [tuple(" ".join(cell.split()) for cell in _row(model)) for model in status.models]  # a row is a line
        if not status.models:
            away.append(f"{status.name}: {status.error or 'no models.'}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *([""] if away else []), *away])


def _row(model: ModelInfo) -> tuple[str, ...]:
    return (
        model.backend,
        model.name,
        readable_size(model.size) if model.size else "-",
        model.quantisation or "-",
        f"{model.context:,}" if model.context else "-",
        "yes" if model.thinks else "no",
        ("loaded" if model.loaded else "ready") if model.ready else str(model.note),
    )


def _guarded(topic: str, probe: Callable[..., Iterable[_Check]], *arguments: Settings) -> Iterator[_Check]:
    """What a probe finds, up to the error that ends it if there is one."""
    try:
        yield from probe(*arguments)
    except R1ChatError as error:
        yield _Check(topic, "problem", str(error))
    except Exception as error:  # a defect of ours must not hide the other findings
        log.exception("the %s could not be looked at", topic)
        yield _Check(topic, "problem", f"could not be looked at ({type(error).__name__}: {error})")


# --- the probes ------------------------------------------------------------------------------------------------------


def _program() -> Iterator[_Check]:
    yield _Check("r1chat", "ok", f"{__version__} in {Path(__file__).parents[1]}")
    yield _Check("python", "ok", f"{platform.python_version()} on {platform.platform(terse=True)} ({sys.executable})")
    for name in LIBRARIES:
        try:
            yield _Check(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield _Check(name, "problem", "is not installed", "Install r1chat again: pip install r1chat.")
    engines = [name for name in ENGINES if _installed(name)]
    for name in engines:
        problem = _import_problem("xllamacpp") if name == "xllamacpp" else ""  # `_machine` loads the other one
        if problem:
            yield _Check(name, "problem", f"does not load: {problem}", _MISSING_LIBRARY)
        else:
            yield _Check(name, "ok", metadata.version(name))
    if not engines:
        for name, extra in ENGINES.items():
            yield _Check(name, "hint", "is not installed", f'To run GGUF files: pip install "r1chat[{extra}]"')


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _import_problem(module: str) -> str:
    """Why a module cannot be imported, tried in a process of its own; "" where it can."""
    command = [sys.executable, "-P", "-c", f"import {module}"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL)
    return done.stderr.strip().rpartition("\n")[2] or f"it ended with {done.returncode}" if done.returncode else ""


def _machine() -> Iterator[_Check]:
    from r1chat.backends.llama.backend import devices
    from r1chat.backends.llama.machine import available_memory
    from r1chat.backends.llama.process import installed

    free = available_memory()
    if free < LITTLE_MEMORY:
        advice = "Close other programs before you use a larger model."
        yield _Check("memory", "hint", f"{readable_size(free)} are free", advice)
    else:
        yield _Check("memory", "ok", f"{readable_size(free)} are free")
    if not installed():
        return
    gpus = [device for device in devices() if device.gpu]
    for gpu in gpus:
        memory = f"{readable_size(gpu.free)} of {readable_size(gpu.total)} are free"
        yield _Check("gpu", "ok", f"{gpu.name}, {gpu.description}: {memory}; layers of a model go there as they fit")
    if not gpus:
        yield _Check("gpu", "ok", "llama.cpp finds none that it can use, so models run on the processor")


def _settings(settings: Settings) -> Iterator[_Check]:
    file = settings.data_dir / FILE_NAME
    names = sorted(f"R1CHAT_{name.upper()}" for name in Settings.model_fields)
    variables = ", ".join(name for name in names if os.environ.get(name)) or "no variables"
    yield _Check("settings", "ok", f"{file if file.exists() else f'no file {file}'}; {variables}")


def _data_folder(settings: Settings) -> Iterator[_Check]:
    prepare(settings)
    free = shutil.disk_usage(settings.data_dir).free
    text = f"{settings.data_dir}, {readable_size(free)} free"
    if free < LITTLE_SPACE:
        yield _Check("data folder", "hint", text, "Free some space before you download a model.")
    else:
        yield _Check("data folder", "ok", text)


def _database(settings: Settings) -> Iterator[_Check]:
    with closing(Store(settings.database)) as store:
        state = store.database_state()
    yield _Check(
        "database",
        "ok",
        f"{state.place} ({state.kind} {state.version}, revision {state.revision}, {readable_size(state.size)}, "
        f"conversations: {state.conversations:,}, replies: {state.replies:,})",
    )


def _port(settings: Settings) -> Iterator[_Check]:
    port = FIRST_PORT if settings.port is None else settings.port
    where = f"{settings.host}:{port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                advice = "Choose another address with --host, or another port with --port."
                yield _Check("port", "hint", f"{where} cannot be used ({error.strerror or error})", advice)
            elif settings.port is None:
                yield _Check("port", "ok", f"{where} is taken, perhaps by r1chat itself; the page takes the next one")
            else:
                yield _Check(
                    "port", "hint", f"{where} is taken, perhaps by r1chat itself", "Choose another with --port."
                )
        else:
            yield _Check("port", "ok", f"{where} is free")


def _models(settings: Settings) -> Iterator[_Check]:
    with closing(connect(settings)) as catalogue:
        for status in catalogue.statuses(patience=None):
            yield _backend(status, asked_for=status.name == settings.backend)
            for model in status.models:
                if not model.ready:
                    yield _Check("model", "hint", f"{model.key}: {model.note}")
        chosen = catalogue.default(settings.model, settings.backend or "")
        if not chosen.ready:
            yield _Check("model", "problem", f"{chosen.key} was asked for: {chosen.note}")
        elif chosen.name == NANO and not settings.model:
            yield _Check(
                "model",
                "hint",
                f"{chosen.key} answers: the small one that ships with r1chat",
                "`r1chat models find` tells what real ones do here; `r1chat models get` or `ollama pull` brings one.",
            )
        else:
            yield _Check("model", "ok", f"{chosen.key} answers")
        header = catalogue.header(chosen.key)
        if chosen.ready and header is not None:
            yield from _forecast(settings, header, chosen.size)


def _forecast(settings: Settings, header: Header, size: int) -> Iterator[_Check]:
    """What to expect of the chosen model; the machine is measured anew."""
    gauge = meter(settings)
    speeds = gauge.speeds(again=True)
    expectation = forecast(header, size, settings.context, gauge.resources(), speeds, settings.gpu_layers)
    yield _Check("forecast", "ok" if expectation.window else "hint", expectation.sentence())
    if speeds is not None:
        weights = speeds.cpu.weights["Q4_K"] / 1e9
        yield _Check(
            "speed", "ok", f"measured: {weights:.1f} GB/s of 4-bit weights, {speeds.disk / 1e9:.1f} GB/s from disk"
        )


def _backend(status: BackendStatus, asked_for: bool) -> _Check:
    if status.error:
        return _Check(status.name, "problem" if asked_for else "hint", status.error)
    if status.account:
        advice = (
            "r1chat sends it nothing unless you choose one of its models. Start your own server, or use another port."
        )
        text = f"what listens there is a program of {status.account}, another account of this computer"
        return _Check(status.name, "hint", text, advice)
    version = next((model.backend_version for model in status.models if model.backend_version), "")
    count = f"{len(status.models)} model{'' if len(status.models) == 1 else 's'}"
    return _Check(status.name, "ok", f"{version}, {count}" if version else count)

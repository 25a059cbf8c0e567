"""`r1chat models find | get | rm`: models from a hub in the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from r1chat.both import Both
from r1chat.config import Settings
from r1chat.errors import LibraryError
from r1chat.library import CURATED, DownloadJob, Downloads
from r1chat.library.curated import expect
from r1chat.library.forecast import forecast
from r1chat.library.hub import choose, parse_address, source
from r1chat.library.speed import Meter
from r1chat.sizes import readable_size

_ON_DISK = Both(
    "{file} is on this computer already. Put it, or a link to it, into {folder}; then `r1chat models` lists it.",
    "{file} 已在本机上。请将它（或它的链接）放入 {folder}，`r1chat models` 就会列出。",
)
_UNKNOWN = Both(
    "No model of the list is called {name}. `r1chat models find {name}` searches for it; any repository or file can be "
    "given as owner/name or by its address.",
    "列表中没有名为 {name} 的模型。`r1chat models find {name}` 可以搜索；也可用 owner/name 或地址指定任意仓库或文件。",
)
NAMES = ("list", "find", "get", "rm")


def find(downloads: Downloads, text: str, meter: Meter, window: int, out: TextIO = sys.stderr) -> str:
    """The curated models and the repositories that match `text`; the files of a repository where `text` names one.

    Each with what to expect of it here, with a context of `window` tokens; the machine is measured if it was not yet.
    """
    if meter.will_measure:
        print("Measuring the speed of this computer, once …", file=out)
    speeds, resources = meter.speeds(), meter.resources()
    if "/" in text:
        repo, _ = parse_address(text)
        hub = source(text, downloads.hub)
        variants = hub.variants(repo)
        header = hub.header(repo, variants)
        lines = []
        for item in variants:
            lines.append(f"{readable_size(item.size):>8}  {repo}:{item.quantisation or item.name}")
            if header is not None:
                lines.append(f"{'':>10}{forecast(header, item.size, window, resources, speeds).sentence()}")
        return "\n".join(lines)
    lines = []
    for model in CURATED:
        if text.lower() in model.name.lower():
            lines.append(f"{readable_size(model.size):>8}  {model.name}  ({model.licence}) {model.text.en}")
            lines.append(f"{'':>10}{expect(model, resources, speeds, window).sentence()}")
    if text:
        lines += [f"{item.downloads:>7,}↓  {item.name}" for item in downloads.hub.search(text)]
    return "\n".join(lines) or "Nothing was found. Try fewer words."


def get(downloads: Downloads, text: str, out: TextIO = sys.stderr) -> str:
    """Download a model by its curated name, `owner/name`, `owner/name:Q4_K_M` or an address; returns where it is.

    Ctrl-C pauses it: what came is kept, and the same command goes on. Raises LibraryError.
    """
    curated = next((model for model in CURATED if model.name.lower() == text.lower()), None)
    if not curated and os.path.isfile(text):
        raise LibraryError(_ON_DISK.format(file=text, folder=downloads.folder))
    if not curated and "/" not in text:
        raise LibraryError(_UNKNOWN.format(name=text))
    repo, file = (curated.repo, curated.quantisations[0].file) if curated else parse_address(text)
    hub = downloads.hub if curated else source(text, downloads.hub)
    print(f"Asking {hub.host} for {repo} …", file=out)
    variant = choose(hub.variants(repo), file)
    job = downloads.add(repo, variant)
    try:
        while job.state in ("waiting", "running", "checking"):
            if out.isatty():
                print(f"\r\x1b[K{_line(job)}", end="", file=out, flush=True)
            job = downloads.wait(job.id)
    except KeyboardInterrupt:
        downloads.pause(job.id)
        print(f"\nPaused at {readable_size(job.done)}. The same command goes on from there.", file=out)
        raise
    if out.isatty():
        print("\r\x1b[K", end="", file=out)
    if job.error is not None:
        raise job.error
    return str(downloads.path(job))


def remove(downloads: Downloads, name: str, paths: Sequence[Path]) -> str:
    """Delete a model, whose files are `paths`, from the models folder. Raises LibraryError where it is not there."""
    if not downloads.own(paths):
        raise LibraryError(
            Both(
                "There is no model {name} in {folder}. `r1chat models` lists the models; those of other programs are "
                "deleted there.",
                "{folder} 中没有模型 {name}。`r1chat models` 列出模型；其他程序的模型请在该程序中删除。",
            ).format(name=name[:100], folder=downloads.folder)
        )
    downloads.delete(name, paths)
    return f"{name} is deleted."


def open_downloads(settings: Settings) -> Downloads:
    """The downloads of the models folder."""
    from r1chat.app import library

    return library(settings)


def _line(job: DownloadJob) -> str:
    if job.state == "checking":
        return "checking its SHA-256 …"
    share = f"{100 * job.done / job.total:.0f} %" if job.total else ""
    left = f", {job.left / 60:.0f} min left" if job.left is not None and job.left > 90 else ""
    return f"{share:>5} of {readable_size(job.total)}, {readable_size(job.speed)}/s{left}"

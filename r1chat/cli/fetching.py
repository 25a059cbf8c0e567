"""Brings the file of a task from a hub, once and only after a person has asked for it."""

from __future__ import annotations

import sys
from pathlib import Path

from r1chat.app import hub_of
from r1chat.both import Both
from r1chat.cli.process import harmless
from r1chat.config import Settings
from r1chat.errors import EvaluationError
from r1chat.evaluation.loading import DATA_FOLDER, missing
from r1chat.evaluation.published import DATA_SETS, known_name
from r1chat.library.datasets import DataFile, fetch
from r1chat.library.download import DownloadProgress
from r1chat.library.hub import Hub
from r1chat.sizes import readable_size


def bring(settings: Settings, name: str, source: str, agreed: bool, quiet: bool = False) -> Path:
    """Fetch what a task needs, if it is not here yet; returns the folder of data sets.

    `source`: OWNER/NAME:FILE in place of the table's, or "". `agreed`: the person has asked for it; else a terminal is
    asked, and elsewhere it is refused. `quiet`: without a progress bar. Raises EvaluationError and LibraryError.
    """
    folder = settings.data_dir / DATA_FOLDER
    file = missing(name, folder, source)
    if file:
        hub = hub_of(settings)
        description = _about(name, file, hub)
        if not agreed:
            _ask(name, description)
        print(harmless(f"Fetching into {folder}: {description}", sys.stderr), file=sys.stderr)
        _with_progress(hub, file, folder, quiet)
    return folder


def _about(name: str, file: DataFile, hub: Hub) -> Both:
    """What would be fetched from where, its size and licence."""
    known = DATA_SETS.get(known_name(name))
    if known and known.file == file:
        details = {"title": known.title, "size": readable_size(known.size), "licence": known.licence}
        return _KNOWN.format(file=file, page=hub.data_set(file.repo), **details)
    return _OTHER.format(file=file, page=hub.data_set(file.repo))


def _ask(name: str, description: Both) -> None:
    """Go on only where a person at a terminal says yes."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise EvaluationError(_SAY_SO.format(name=name, description=description))
    question = harmless(f"{name} is not on this computer yet. Fetch {description}? [y/N] ", sys.stderr)
    print(question, end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise EvaluationError(_NOTHING.format(name=name))


def _with_progress(hub: Hub, file: DataFile, folder: Path, quiet: bool) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        bar = progress.add_task("", total=None)

        def report(download: DownloadProgress) -> None:
            progress.update(bar, completed=download.done, total=download.total or None)

        fetch(hub, file, folder, report)


_KNOWN = Both(
    "{title} ({file}, about {size}, licence: {licence}) from {page}",
    "{title}（{file}，约 {size}，许可证：{licence}），来自 {page}",
)
_OTHER = Both("{file} from {page}, which tells its size and licence", "{file}，来自 {page}（大小和许可证见该页面）")
_SAY_SO = Both(
    "{name} is not on this computer yet. To fetch {description}, say --fetch.",
    "本机上还没有 {name}。如要获取：{description}，请加上 --fetch。",
)
_NOTHING = Both(
    "Nothing was fetched. A file of {name} that you have will do, too.",
    "没有获取任何内容。也可以使用你已有的 {name} 文件。",
)

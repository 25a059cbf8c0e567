"""Files of data sets from a hub: fetched once, when a person asks for it, and used from a folder afterwards.

A file lies in `FOLDER/OWNER/NAME/` under its path in the repository. Deleting it makes the next `fetch` bring it anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from r1chat.both import Both
from r1chat.errors import LibraryError
from r1chat.library.download import WAIT, DownloadProgress, discard, download
from r1chat.library.hub import Hub, Variant, is_repository, is_usable
from r1chat.sizes import readable_size

LARGEST = 200_000_000  # bytes of a file


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a data set on a hub."""

    repo: str  # owner/name
    path: str  # in the repository

    @classmethod
    def parse(cls, text: str) -> DataFile:
        """Of `OWNER/NAME:FILE`. Raises LibraryError."""
        repo, _, path = text.strip().partition(":")
        if not is_repository(repo) or not is_usable(path):
            raise LibraryError(_NO_PLACE.format(text=text[:200]))
        return cls(repo, path)

    def __str__(self) -> str:
        return f"{self.repo}:{self.path}"

    def place(self, folder: Path) -> Path:
        """Where it lies, or will lie, on this computer."""
        return folder / self.repo / self.path


def fetch(
    hub: Hub,
    file: DataFile,
    folder: Path,
    report: Callable[[DownloadProgress], None],
    wait: float = WAIT,
    most: int = LARGEST,
) -> Path:
    """Bring a file of a data set into the folder; where it is. The hub is asked only if it is not there yet.

    What an earlier call brought of it is gone on with. `wait`: seconds after a first broken connection. A file
    of more than `most` bytes is not loaded. Raises LibraryError.
    """
    place = file.place(folder)
    if place.is_file():
        return place
    remote = hub.data_file(file.repo, file.path)
    variant = Variant(remote.name, "", (remote,))

    def watch(progress: DownloadProgress) -> None:
        if max(progress.done, progress.total) > most:
            raise _TooLargeError(_TOO_LARGE.format(file=file, most=readable_size(most)))
        report(progress)

    try:
        watch(DownloadProgress(0, remote.size))  # before anything is loaded
        return download(hub, variant, place.parent, watch, Event(), wait)
    except _TooLargeError:
        discard(variant, place.parent)
        raise


class _TooLargeError(LibraryError):
    """What came of such a file is not kept."""


_NO_PLACE = Both(
    "{text} names no file of a data set. Write OWNER/NAME:FILE, for example "
    "openai/gsm8k:main/train-00000-of-00001.parquet.",
    "{text} 不是数据集文件。请写成 OWNER/NAME:FILE，例如 openai/gsm8k:main/train-00000-of-00001.parquet。",
)
_TOO_LARGE = Both(
    "{file} is larger than {most}, and is not fetched. Choose a smaller file of problems.",
    "{file} 大于 {most}，不会获取。请选择较小的题目文件。",
)

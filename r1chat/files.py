"""Writing a file completely or not at all, and reading small files that others may have put in place of ours."""

from __future__ import annotations

import glob
import json
import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from errno import EISDIR, ELOOP
from pathlib import Path
from tempfile import mkstemp
from typing import IO, Any

from r1chat.both import Both
from r1chat.errors import ExportError, PathError

DAY = 86_400.0  # seconds

_NO_PATH = Both(
    "{path} is no path of a file or folder ({reason}). Give the whole path, from / on.",
    "{path} 不是文件或文件夹的路径（{reason}）。请给出从 / 开始的完整路径。",
)
_NOT_WRITTEN = Both(
    "{path} could not be written ({reason}). Check whether the disk is full and whether you may write to that folder, "
    "or choose another one; no file was written or replaced.",
    "无法写入 {path}（{reason}）。请检查磁盘是否已满、你是否有权写入该文件夹，或另选一个；没有写入或替换任何文件。",
)
_LINK = Both(
    "{path} is a link. r1chat makes none here, and what it wrote there would go to another file. Look where the folder "
    "comes from; delete the link, then try again.",
    "{path} 是一个链接。r1chat 不会在这里创建链接，写入它会改动另一个文件。"
    "请检查该文件夹的来源；删除这个链接，然后再试。",
)


@contextmanager
def replacing(path: Path, follow: bool = True) -> Iterator[IO[bytes]]:
    """A temporary file that replaces `path` when the block ends without an error; otherwise nothing changes.

    It lies beside `path`, readable by its owner alone, and is synced before it is renamed. Anything but a regular file,
    such as /dev/stdout, is written to directly. Without `follow` a link is replaced itself, not what it leads to: for
    folders in which others may write. Raises ExportError where the disk is full or the folder not writable.
    """
    if not follow:
        with _together([path], [path]) as (stream,):
            yield stream
        return
    target = named_path(path)  # not resolved: /dev/stdout may lead to a pipe, which has no path of its own
    if target.exists() and not target.is_file() and not target.is_dir():
        with _sentences(path), target.open("wb") as stream:
            yield stream
        return
    with replacing_together([path]) as (stream,):
        yield stream


@contextmanager
def replacing_together(paths: Sequence[Path]) -> Iterator[tuple[IO[bytes], ...]]:
    """Temporary files that replace `paths` together when the block ends without an error. See `replacing`."""
    with _together(paths, [named_path(path).resolve() for path in paths]) as streams:  # what a link leads to
        yield streams


@contextmanager
def _together(paths: Sequence[Path], targets: Sequence[Path]) -> Iterator[tuple[IO[bytes], ...]]:
    """Temporary files that replace the `targets`, which a person knows as `paths`."""
    with _sentences(paths[0]), ExitStack() as stack:
        new: dict[str, IO[bytes]] = {}
        for target in targets:
            if target.is_dir():  # its rename would fail after others succeeded
                raise IsADirectoryError(EISDIR, "a folder has that name", str(target))
            sweep(target.parent, target.name)
            number, name = mkstemp(dir=target.parent, prefix=f".{target.name[:64]}.", suffix=".part")
            stack.callback(_unlink, name)
            new[name] = stack.enter_context(open(number, "w+b"))
        yield tuple(new.values())
        for file in new.values():
            file.flush()
            os.fsync(file.fileno())
        for name, target in zip(new, targets, strict=True):
            os.replace(name, target)


def sweep(folder: Path, name: str | None = None, older: float = DAY) -> None:
    """Remove the temporary files of more than so many seconds that killed processes left beside a file; None: any."""
    beside = "*" if name is None else glob.escape(name[:64])
    for left in folder.glob(f".{beside}.????????.part"):
        with suppress(OSError):
            if time.time() - left.lstat().st_mtime > older:
                left.unlink()


def require_no_links(folder: Path, but: Collection[str] = ()) -> None:
    """Raise PathError where a folder of r1chat's own is a link, or holds one to a file, as one of somebody else's may.

    `but`: names that may be links. Links to folders are let be: they may lie on another disk.
    """
    for path in (folder, *(folder.iterdir() if folder.is_dir() else ())):
        if path.is_symlink() and path.name not in but and not path.is_dir():
            raise PathError(_LINK.format(path=path))


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are not there. Raises ExportError where that cannot be."""
    with _sentences(path):
        path.mkdir(parents=True, exist_ok=True)


def named_path(text: str | Path) -> Path:
    """The path that a person means, `~` as their home folder. Raises PathError: the home of nobody, a NUL in it."""
    try:
        if "\0" in str(text):
            raise ValueError("NUL")
        return Path(text).expanduser()
    except (RuntimeError, ValueError) as error:
        raise PathError(_NO_PATH.format(path=str(text).replace("\0", "\ufffd"), reason=error)) from None


SMALL = 1 << 20  # bytes: r1chat's own notes are smaller


def read_json(path: Path, most: int = SMALL, follow: bool = True) -> Any:
    """What a small file of JSON holds. Raises OSError and ValueError as `read_text` does, ValueError for no JSON."""
    try:
        return json.loads(read_text(path, most, follow))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_text(path: Path, most: int = SMALL, follow: bool = True) -> str:
    """The text of a small file, see `plain`. Raises OSError, and ValueError for more than `most` bytes or no UTF-8."""
    with plain(path, follow) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise ValueError(f"more than {most} bytes")
    return data.decode()


@contextmanager
def plain(path: Path, follow: bool = False) -> Iterator[IO[bytes]]:
    """A regular file to read, a link to one with `follow`.

    Raises OSError for anything else: a pipe would be waited for, a device has no end. So it is read safely even where
    others may write beside it.
    """
    no_link = 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    number = os.open(path, os.O_RDONLY | no_link | getattr(os, "O_NONBLOCK", 0))
    with open(number, "rb") as stream:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(ELOOP, "no regular file", str(path))
        yield stream


def _unlink(name: str) -> None:
    """Remove a temporary file that was not renamed."""
    with suppress(OSError):
        os.unlink(name)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(_NOT_WRITTEN.format(path=path, reason=error.strerror or error)) from None

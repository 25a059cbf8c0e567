"""Files that are written whole or not at all. Knows nothing of what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from errno import EISDIR
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from r1chat.errors import ExportError


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` once the block has ended well; until then, and otherwise, nothing changes.

    It grows beside `path`, for its owner alone, and is on the disk when it is renamed. What is no regular file, such as
    /dev/stdout, is written to as it is. Raises ExportError where the disk is full or the folder cannot be written to.
    """
    target = path.expanduser().resolve()
    if target.exists() and not target.is_file() and not target.is_dir():
        with _sentences(path), target.open("wb") as stream:
            yield stream
        return
    with replacing_together([path]) as (stream,):
        yield stream


@contextmanager
def replacing_together(paths: Sequence[Path]) -> Iterator[tuple[IO[bytes], ...]]:
    """Files that take the places of `paths`, all of them once the block has ended well, or none. See `replacing`."""
    targets = [path.expanduser().resolve() for path in paths]  # of a link, what it names is replaced, not the link
    with _sentences(paths[0]), ExitStack() as stack:
        new: dict[str, IO[bytes]] = {}
        for target in targets:
            if target.is_dir():  # found out only when it is renamed, others would have been replaced by then
                raise IsADirectoryError(EISDIR, "a folder has that name", str(target))
            number, name = mkstemp(dir=target.parent, prefix=f".{target.name[:64]}.", suffix=".part")
            stack.callback(_unlink, name)
            new[name] = stack.enter_context(open(number, "w+b"))
        yield tuple(new.values())
        for file in new.values():
            file.flush()
            os.fsync(file.fileno())
        for name, target in zip(new, targets, strict=True):
            os.replace(name, target)


def _unlink(name: str) -> None:
    """What was not renamed."""
    with suppress(OSError):
        os.unlink(name)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(
            f"{path} could not be written ({error.strerror or error}). Look whether the disk is full and whether you "
            "may write to that folder, or choose another one; no file was written or replaced."
        ) from None

"""Files that are written whole or not at all. Knows nothing of what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from r1chat.errors import ExportError


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` once the block has ended well; until then, and otherwise, nothing changes.

    It grows beside `path`, for its owner alone, and is on the disk when it is renamed. What is no regular file, such as
    /dev/stdout, is written to as it is. Raises ExportError where the disk is full or the folder cannot be written to.
    """
    target = path.expanduser().resolve()  # where `path` is a link, what it names is replaced, not the link
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as stream:
                yield stream
            return
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name[:64]}.", suffix=".part", delete=False) as new:
            try:
                yield new
                new.flush()
                os.fsync(new.fileno())
                os.replace(new.name, target)
            except BaseException:
                with suppress(OSError):
                    os.unlink(new.name)
                raise
    except OSError as error:
        raise ExportError(
            f"{path} could not be written ({error.strerror or error}). Look whether the disk is full and whether you "
            "may write to that folder, or choose another one; no file was written or replaced."
        ) from None

"""Taking a file in: all of it, or nothing where anything in it is wrong. Owns how a file is told from another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from r1chat.archive.adopting import Adoption
from r1chat.archive.arrays import elements
from r1chat.archive.counts import Imported, Progress
from r1chat.archive.lines import LONGEST_LINE, Wrong
from r1chat.archive.restoring import Restoration
from r1chat.errors import ImportFileError
from r1chat.store import Store
from r1chat.store.archive import Incoming

_ADVICE = "Nothing was imported. Get another copy of the file, or export it anew."


def read(store: Store, path: Path, progress: Progress | None = None) -> Imported:
    """Take in an archive of r1chat, or chats or feedback that Open WebUI exported; the file itself tells which it is.

    `progress` is called with the bytes that are done and their total, and may raise to break it off. Raises
    ImportFileError, which names the line, and StoreError; then nothing was changed.
    """
    try:
        with path.expanduser().open("rb") as stream:
            return _File(path.name, stream, progress).read_into(store)
    except OSError as error:
        raise ImportFileError(
            f"{path} cannot be read ({error.strerror or error}). Give a file that is there, and that you may read."
        ) from None


class _File:
    """A file, and how far it was read."""

    def __init__(self, name: str, stream: BufferedReader, progress: Progress | None) -> None:
        self._name = name
        self._stream = stream
        self._progress = progress
        self._size = os.fstat(stream.fileno()).st_size
        self._where = "line 1"

    def read_into(self, store: Store) -> Imported:
        start = self._stream.peek(16).removeprefix(b"\xef\xbb\xbf").lstrip()
        try:
            with store.archive.adding() as target:
                return self._adopt(target) if start.startswith(b"[") else self._restore(target)
        except Wrong as wrong:
            where = f"line {wrong.line}" if wrong.line else self._where
            raise ImportFileError(f"{self._name}, {where}: {wrong}. {wrong.advice or _ADVICE}") from None

    def _restore(self, target: Incoming) -> Imported:
        restoration = Restoration(target)
        for line in self._lines():
            restoration.take(line)
        return restoration.done()

    def _adopt(self, target: Incoming) -> Imported:
        adoption = Adoption(target)
        for line, number, element in elements(self._stream):
            self._at(f"line {line}, entry {number}")
            adoption.take(element)
        return adoption.done()

    def _lines(self) -> Iterator[bytes]:
        number = 0
        while line := self._stream.readline(LONGEST_LINE + 1):
            number += 1
            self._at(f"line {number}")
            if len(line) > LONGEST_LINE:
                raise Wrong(f"it is longer than {LONGEST_LINE:,} bytes")
            yield line

    def _at(self, where: str) -> None:
        self._where = where
        if self._progress and self._size:  # a pipe has none, and does not tell where it is
            self._progress(self._stream.tell(), self._size)

"""Taking a file in: all of it, or nothing where it is broken. Owns how an archive, a zip and other files are told
apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import IO

from r1chat.archive.chats import Entries, FaultAt
from r1chat.archive.counts import ImportCounts, OnProgress
from r1chat.archive.faults import ADVICE, UNKNOWN, Fault
from r1chat.archive.json_values import values
from r1chat.archive.lines import LONGEST_LINE
from r1chat.archive.restore import Restoration
from r1chat.archive.zips import files_with_chats, unpacking
from r1chat.both import Both
from r1chat.errors import ImportFileError
from r1chat.files import named_path
from r1chat.store import Store
from r1chat.store.archive import Incoming

_ADVICE = Both(
    "Nothing was imported. Get another copy of the file, or export it anew.",
    "没有导入任何内容。请换一份文件，或重新导出。",
)
_ZIP = b"PK"
_MARK = b"\xef\xbb\xbf"  # programs on Windows like to put it first


def read(store: Store, path: Path, progress: OnProgress | None = None, own_rater: str = "") -> ImportCounts:
    """Take in an archive of r1chat, or chats or feedback that another program exported; the file itself tells which it
    is.

    `progress` is called with what is done and the size of the file in bytes, and may raise to break it off; one half is
    for reading the file, the other for writing what it has to the store. `own_rater`: who imports.
    Raises ImportFileError, which names the line; then nothing was changed. Raises StoreError; then nothing was changed
    either, unless its sentence says so.
    """
    try:
        with named_path(path).open("rb") as stream:
            return _File(path.name, stream, progress, own_rater).read_into(store)
    except OSError as error:
        sentence = Both(
            "{path} cannot be read ({why}). Give a file that is there, and that you may read.",
            "无法读取 {path}（{why}）。请提供存在且有权读取的文件。",
        )
        raise ImportFileError(sentence.format(path=path, why=error.strerror or error)) from None


class _File:
    """A file, and how far it was read."""

    def __init__(self, name: str, stream: BufferedReader, progress: OnProgress | None, own_rater: str) -> None:
        self._name = name
        self._own_rater = own_rater
        self._stream = stream
        self._progress = progress
        self._size = os.fstat(stream.fileno()).st_size
        self._inside = ""  # the file of the zip that is read
        self._done = 0  # bytes of those before it
        self._where = self._place(1)

    def read_into(self, store: Store) -> ImportCounts:
        try:
            with store.archive.adding() as target:
                imported = self._collect(target)
                consents_left_out = target.write(self._write_on)
        except Fault as fault:
            where = fault.where if isinstance(fault, FaultAt) else self._where
            where = self._place(fault.line) if fault.line else where
            sentence = Both("{file}, {where}: {clause}. {advice}", "{file}，{where}：{clause}。{advice}")
            advice = fault.advice or _ADVICE
            raise ImportFileError(
                sentence.format(file=self._name, where=where, clause=fault.clause, advice=advice)
            ) from None
        if not consents_left_out:
            return imported
        left_out = {**imported.left_out, "consents": consents_left_out}
        return replace(imported, left_out=left_out, consent_for_all=False)

    def _collect(self, target: Incoming) -> ImportCounts:
        start = self._stream.peek().removeprefix(_MARK)
        if start.startswith(_ZIP):
            return self._adopt_zip(target)
        if b'"r1chat_archive"' in start[:200] or not start.strip():
            return self._restore(target)
        if start.lstrip()[:1] not in (b"[", b"{"):
            raise Fault(UNKNOWN, ADVICE)
        return self._adopt(target)

    def _restore(self, target: Incoming) -> ImportCounts:
        restoration = Restoration(target, self._own_rater)
        for line in self._lines():
            restoration.take(line)
        return restoration.done()

    def _adopt(self, target: Incoming) -> ImportCounts:
        entries = Entries(target)
        self._take_all(entries, self._stream)
        entries.end_file(alone=True)
        return entries.done()

    def _adopt_zip(self, target: Incoming) -> ImportCounts:
        entries = Entries(target)
        with unpacking(self._stream, self._size) as archive:
            self._size = sum(file.file_size for file in archive.infolist())
            for file, is_json in files_with_chats(archive):
                self._inside = file.filename
                self._where = self._place(1)
                if is_json:
                    with archive.open(file) as stream:
                        self._take_all(entries, stream)
                    entries.end_file(alone=False)
                else:
                    entries.leave_out_file()
                self._done += file.file_size
        self._inside = ""
        self._where = self._place(1)
        imported = entries.done()
        if not imported.source:
            raise Fault(Both("no file in it holds chats of a known program", "其中没有任何已知程序的对话"), ADVICE)
        return imported

    def _take_all(self, entries: Entries, stream: IO[bytes]) -> None:
        for value in values(stream, lambda: self._at(self._where, stream)):
            self._at(self._place(value.line, value.number), stream)
            entries.take(value, self._where)

    def _lines(self) -> Iterator[bytes]:
        number = 0
        while line := self._stream.readline(LONGEST_LINE + 1):
            number += 1
            self._at(self._place(number), self._stream)
            if len(line) > LONGEST_LINE:
                raise Fault(Both("it is longer than {n:,} bytes", "它超过 {n:,} 字节").format(n=LONGEST_LINE))
            yield line

    def _at(self, where: Both, stream: IO[bytes]) -> None:
        self._where = where
        if self._size:  # a pipe has none, and does not tell where it is
            self._tell((self._done + stream.tell()) // 2)

    def _write_on(self, rows: int, total: int) -> None:
        self._tell((self._size + self._size * rows // total) // 2)

    def _tell(self, done: int) -> None:
        if self._progress and self._size:
            self._progress(done, self._size)

    def _place(self, line: int, entry: int = 0) -> Both:
        place = Both("line {line}", "第 {line} 行")
        if entry:
            place = Both("line {line}, entry {entry}", "第 {line} 行第 {entry} 条")
        place = place.format(line=line, entry=entry)
        return (
            Both("{file}, {place}", "{file}，{place}").format(file=self._inside, place=place) if self._inside else place
        )

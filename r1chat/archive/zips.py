"""The files of a zip that may hold chats, within bounds: a zip that unpacks to far more than it is, is refused."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from r1chat.archive.faults import Fault
from r1chat.both import Both

MOST_FILES = 100_000
LARGEST_RATIO = 200  # unpacked to packed; text takes 5 to 20
LARGEST_DIRECTORY = 32 * 1024 * 1024  # bytes; `ZipFile` takes eight times as much memory for short names
HARMLESS = 64 * 1024 * 1024  # bytes: what unpacks to less may be packed as it likes
_SUFFIXES = (".json", ".jsonl", ".ndjson")
_ENTRY = b"PK\x01\x02"  # begins each in the directory


class _Opening:
    """A zip's stream, bounded while `ZipFile` opens it: that reads the whole directory at once, and makes an object of
    every entry, however many a hostile file has.

    What is read is asked, not what the file says of its directory: it says so at more than one place.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.opened = False
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1, /) -> bytes:
        if self.opened:
            return self._stream.read(size)
        if size > LARGEST_DIRECTORY:
            clause = Both(
                "its list of files has {n:,} bytes, far more than chats need", "它的文件列表有 {n:,} 字节，远超对话所需"
            )
            raise Fault(clause.format(n=size))
        data = self._stream.read(size)
        if data.count(_ENTRY) > MOST_FILES:
            clause = Both(
                "it has more than {m:,} files, far more than chats would", "它包含超过 {m:,} 个文件，远超正常的对话"
            )
            raise Fault(clause.format(m=MOST_FILES))
        return data


@contextmanager
def unpacking(stream: IO[bytes], size: int) -> Iterator[ZipFile]:
    """A zip of `size` bytes. Raises Fault for one that is broken, encrypted or too large, also while it is read."""
    try:
        bounded = _Opening(stream)
        with ZipFile(cast(IO[bytes], bounded)) as archive:
            bounded.opened = True
            files = archive.infolist()
            if any(file.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for file in files):
                raise NotImplementedError("neither stored nor deflated")  # bzip2 and the like unpack without a bound
            unpacked = sum(file.file_size for file in files)
            if unpacked > HARMLESS and unpacked > LARGEST_RATIO * size:
                clause = Both(
                    "it unpacks to {n:,} bytes in {m:,} files, far more than chats would",
                    "它解压后有 {n:,} 字节、{m:,} 个文件，远超正常的对话",
                )
                raise Fault(clause.format(n=unpacked, m=len(files)))
            yield archive
    except (BadZipFile, zlib.error, lzma.LZMAError, EOFError, UnicodeDecodeError) as error:  # a name of no Unicode
        raise Fault(Both("the zip is broken ({why})", "zip 文件已损坏（{why}）").format(why=error)) from None
    except NotImplementedError as error:
        clause = Both("the zip is packed in a way that is not known ({why})", "无法识别 zip 的压缩方式（{why}）")
        raise Fault(clause.format(why=error)) from None


def files_with_chats(archive: ZipFile) -> Iterator[tuple[ZipInfo, bool]]:
    """Each file by its name, and whether its name is that of JSON. Raises Fault for one that is encrypted."""
    for file in sorted(archive.infolist(), key=lambda file: file.filename):
        if file.filename.endswith("/") or "__MACOSX" in file.filename:
            continue
        is_json = PurePosixPath(file.filename).suffix.lower() in _SUFFIXES
        if is_json and file.flag_bits & 1:
            raise Fault(
                Both("{file} in it is encrypted", "其中的 {file} 已加密").format(file=file.filename),
                Both(
                    "Nothing was imported. Unpack it with its password, then import what was in it.",
                    "没有导入任何内容。请用密码解压后再导入其中的文件。",
                ),
            )
        yield file, is_json

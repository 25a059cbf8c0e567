"""The rows of a file of problems: JSON Lines, JSON, CSV or Parquet. Knows nothing of what they mean."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from r1chat.archive.faults import Fault
from r1chat.archive.json_values import JsonValue, values
from r1chat.both import Both
from r1chat.errors import EvaluationError
from r1chat.library.datasets import LARGEST
from r1chat.limited import LimitedProcess, NotStartedError
from r1chat.sizes import readable_size

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
MOST_ROWS = 200_000
MOST_COLUMNS = 1_000
_MOST_CELLS = 5_000_000  # of a CSV file, of which each row has all columns
_MOST_COMMAS = 100_000  # in a line of a CSV file
_LONGEST_NAME, _MOST_NAMES = 60, 20  # characters, and columns that a sentence names
_UNPACKED = LARGEST  # bytes that the rows of a Parquet file may take in memory
_PATIENCE = 60.0  # seconds for a hundred of them
_PARQUET = LimitedProcess(Path(__file__).with_name("parquet_program.py"))


def read_rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows with the numbers of their lines, and their fields by lower-case name. Raises EvaluationError.

    One after the other, so that a file of something else is refused at its first row, before all of it is in memory.
    """
    readers = {".parquet": _parquet, ".csv": _csv, ".json": _json}
    for count, (number, row) in enumerate(readers.get(file.suffix.lower(), _json_lines)(file), 1):
        if not isinstance(row, dict):
            raise bad_row(file, number, _NO_OBJECT)
        if len(row) > MOST_COLUMNS:
            raise _too_wide(file)
        if count > MOST_ROWS:
            raise EvaluationError(_TOO_MANY.format(file=file, most=MOST_ROWS))
        _check_names(file, row)
        yield number, {_as_read(name): value for name, value in row.items()}


def _as_read(name: object) -> str:
    return str(name).strip().lower()


def _check_names(file: Path, names: Iterable[object]) -> None:
    """Raises EvaluationError for two columns of one name; columns without a name are never read."""
    counts = Counter(filter(None, map(_as_read, names)))
    if repeated := [name for name, count in counts.items() if count > 1]:
        raise EvaluationError(_REPEATED.format(file=file, name=column_names(dict.fromkeys(repeated))))


def column_names(row: Mapping[str, Any]) -> str:
    """The columns of a row for a sentence, which names some of them where they are many."""
    names = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…" for name in islice(row, _MOST_NAMES)]
    return ", ".join([*names, "…"] if len(row) > _MOST_NAMES else names) or "–"


def bad_row(file: Path, line: int, reason: Both) -> EvaluationError:
    """The sentence for a row that is no problem."""
    return EvaluationError(_BAD_ROW.format(file=file.name, line=line, reason=reason))


def read_text(file: Path, most: int = LARGEST) -> str:
    """The text of a file of at most so many bytes. Raises EvaluationError."""
    try:
        _examine(file, most)
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=error.strerror)) from None
    except UnicodeDecodeError:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=_NO_UTF_8)) from None


def digest(file: Path) -> str:
    """16 hexadecimal digits of a file's SHA-256."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _examine(file: Path, most: int = LARGEST) -> None:
    if file.exists() and not file.is_file():
        raise EvaluationError(_UNREADABLE.format(file=file, reason=_NO_FILE))
    if file.stat().st_size > most:
        raise EvaluationError(_TOO_LARGE.format(file=file, most=readable_size(most)))


def _too_wide(file: Path) -> EvaluationError:
    """The sentence for a file with more columns than any problem has."""
    return EvaluationError(_TOO_WIDE.format(file=file, most=MOST_COLUMNS))


def _json_lines(file: Path) -> Iterator[tuple[int, object]]:
    return ((value.line, value.value) for value in _values(file))


def _json(file: Path) -> Iterator[tuple[int, object]]:
    return ((value.number, value.value) for value in _values(file))


def _values(file: Path) -> Iterator[JsonValue]:
    number = 0
    try:
        _examine(file)
        with file.open("rb") as stream:
            for value in values(stream, lambda: None):
                number = value.line
                yield value
    except OSError as error:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=error.strerror)) from None
    except Fault as fault:
        raise bad_row(file, fault.line or number + 1, fault.clause) from None


def _csv(file: Path) -> Iterator[tuple[int, object]]:
    try:
        reader = csv.DictReader(_narrow_lines(file))
        columns = len(reader.fieldnames or ())
        if columns <= MOST_COLUMNS:
            _check_names(file, reader.fieldnames or ())
        for number, row in enumerate(reader, 2):
            if columns > MOST_COLUMNS:
                raise _too_wide(file)
            if number * columns > _MOST_CELLS:
                raise EvaluationError(_TOO_MANY_CELLS.format(file=file, most=_MOST_CELLS))
            yield number, row
    except csv.Error as error:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=error)) from None


def _narrow_lines(file: Path) -> Iterator[str]:
    for line in io.StringIO(read_text(file)):
        if line.count(",") > _MOST_COMMAS:
            raise _too_wide(file)
        yield line


def _parquet(file: Path) -> Iterator[tuple[int, object]]:
    """The rows of a Parquet file, decoded in a process with a bound of memory."""
    try:
        yield from _decoded(file)
    finally:
        _PARQUET.close()


def _decoded(file: Path) -> Iterator[tuple[int, object]]:
    size = count = number = 0
    try:
        _examine(file)
    except OSError as error:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=error.strerror)) from None
    while True:
        request = {"file": str(file.absolute()), "number": number, "columns": MOST_COLUMNS}
        try:
            response = _PARQUET.ask(request, _PATIENCE)
        except NotStartedError:
            raise EvaluationError(_UNREADABLE.format(file=file, reason=_NO_PROCESS)) from None
        if not isinstance(response, dict):  # its memory did not suffice
            raise EvaluationError(_TOO_LARGE.format(file=file, most=readable_size(_UNPACKED)))
        if response.get("fault") == "columns":
            raise _too_wide(file)
        if "fault" in response:
            raise EvaluationError(_UNREADABLE.format(file=file, reason=_NO_PARQUET))
        if not response["rows"]:
            return
        size += response["bytes"]
        if size > _UNPACKED:
            raise EvaluationError(_TOO_LARGE.format(file=file, most=readable_size(_UNPACKED)))
        for row in response["rows"]:
            count += 1
            yield count, row
        number += 1


_BAD_ROW = Both(
    "Line {line} of {file} is no problem: {reason}. Correct it, or remove that line.",
    "{file} 的第 {line} 行不是题目：{reason}。请改正或删除该行。",
)
_NO_OBJECT = Both("it is no JSON object", "不是 JSON 对象")
_TOO_LARGE = Both("{file} is larger than {most}. Split it.", "{file} 大于 {most}。请拆分。")
_TOO_MANY = Both("{file} holds more than {most:,} problems. Split it.", "{file} 里的题目超过 {most:,} 道。请拆分。")
_TOO_WIDE = Both(
    "{file} has more than {most:,} columns. Leave those out that no problem needs.",
    "{file} 的列超过 {most:,} 个。请去掉题目不需要的列。",
)
_REPEATED = Both(
    "{file} has more than one column named {name} (upper and lower case are the same here). Rename them, or leave all "
    "but one out.",
    "{file} 中名为 {name} 的列不止一个（不区分大小写）。请改名，或只保留其中一列。",
)
_TOO_MANY_CELLS = Both(
    "{file} has more than {most:,} cells (rows times columns). Leave columns out that no problem needs.",
    "{file} 的单元格（行数乘列数）超过 {most:,} 个。请去掉题目不需要的列。",
)
_UNREADABLE = Both(
    "{file} cannot be read ({reason}). Give a whole file that you may read.",
    "{file} 无法读取（{reason}）。请给出完整且你有权读取的文件。",
)
_NO_PROCESS = Both("the process that reads it did not start", "读取它的进程没有启动")
_NO_FILE = Both("no regular file", "不是普通文件")
_NO_UTF_8 = Both("it is no text in UTF-8", "不是 UTF-8 文本")
_NO_PARQUET = Both("it is no whole Parquet file", "不是完整的 Parquet 文件")

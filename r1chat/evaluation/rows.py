"""The rows of a file of problems: JSON Lines, JSON, CSV or Parquet. Knows nothing of what they mean."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from r1chat.both import Both
from r1chat.errors import EvaluationError
from r1chat.library.datasets import LARGEST

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
_UNPACKED = 5 * LARGEST  # bytes that the rows of a Parquet file may take in memory


def read_rows(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """The rows with the numbers of their lines, and their fields by lower-case name. Raises EvaluationError."""
    suffix = file.suffix.lower()
    found: list[tuple[int, object]]
    if suffix == ".parquet":
        found = list(enumerate(_parquet(file), 1))
    elif suffix == ".csv":
        try:
            found = list(enumerate(csv.DictReader(io.StringIO(read_text(file))), 2))
        except csv.Error as error:
            raise EvaluationError(_UNREADABLE.format(file=file, reason=error)) from None
    elif suffix == ".json":
        found = list(enumerate(_parsed(file, 1, read_text(file)), 1))
    else:
        lines = [(number, line) for number, line in enumerate(read_text(file).split("\n"), 1) if line.strip()]
        found = [(number, _parsed(file, number, line)) for number, line in lines]
    rows = []
    for number, row in found:
        if not isinstance(row, dict):
            raise bad_row(file, number, _NO_OBJECT)
        rows.append((number, {str(name).strip().lower(): value for name, value in row.items()}))
    return rows


def bad_row(file: Path, line: int, reason: Both) -> EvaluationError:
    """The sentence for a row that is no problem."""
    return EvaluationError(_BAD_ROW.format(file=file.name, line=line, reason=reason))


def read_text(file: Path) -> str:
    """The text of a file. Raises EvaluationError."""
    try:
        _examine(file)
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=error.strerror)) from None
    except UnicodeDecodeError:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=_NO_UTF_8)) from None


def digest(file: Path) -> str:
    """16 hexadecimal digits of a file's SHA-256."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _examine(file: Path) -> None:
    if file.exists() and not file.is_file():
        raise EvaluationError(_UNREADABLE.format(file=file, reason=_NO_FILE))
    if file.stat().st_size > LARGEST:
        raise EvaluationError(_TOO_LARGE.format(file=file, most=LARGEST // 1_000_000))


def _parsed(file: Path, line: int, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise bad_row(file, line, _NO_JSON) from None


def _parquet(file: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa  # type: ignore[import-untyped]  # half a second: only where it is asked for
    from pyarrow import parquet

    try:
        _examine(file)
        size = 0
        with parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(100):
                size += batch.nbytes
                if size > _UNPACKED:
                    raise EvaluationError(_TOO_LARGE.format(file=file, most=_UNPACKED // 1_000_000))
                yield from batch.to_pylist()
    except OSError as error:
        raise EvaluationError(_UNREADABLE.format(file=file, reason=error.strerror or _NO_PARQUET)) from None
    except (pa.ArrowException, UnicodeDecodeError):
        raise EvaluationError(_UNREADABLE.format(file=file, reason=_NO_PARQUET)) from None


_BAD_ROW = Both(
    "Line {line} of {file} is no problem: {reason}. Correct it, or remove that line.",
    "{file} 的第 {line} 行不是题目：{reason}。请改正或删除该行。",
)
_NO_JSON = Both("it is no JSON", "不是 JSON")
_NO_OBJECT = Both("it is no JSON object", "不是 JSON 对象")
_TOO_LARGE = Both("{file} is larger than {most} MB. Split it.", "{file} 大于 {most} MB。请拆分。")
_UNREADABLE = Both("{file} cannot be read ({reason}).", "{file} 无法读取（{reason}）。")
_NO_FILE = Both("no regular file", "不是普通文件")
_NO_UTF_8 = Both("it is no text in UTF-8", "不是 UTF-8 文本")
_NO_PARQUET = Both("it is no whole Parquet file", "不是完整的 Parquet 文件")

"""Reads Parquet files in a process with a bound of memory (`r1chat.limited`), and imports nothing of r1chat.

A file of 1 kB can say that each of its rows repeats a value of many megabytes, which is known only when it is decoded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # others reserve more than they use

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

ROWS = 100  # of an answer
MOST_BYTES = 50_000_000  # of these
_LIMITS = {"thrift_string_size_limit": 10_000_000, "thrift_container_size_limit": 1_000_000}  # of the file's own table

_reading: tuple[str, int, Iterator[Any]] = ("", 0, iter(()))


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Rows of `file` from batch `number` on: {"rows", "bytes"}, none at its end; or {"fault": "columns" | "file"}.

    `columns` is how many columns the file may have.
    """
    global _reading
    file, number = question["file"], question["number"]
    try:
        if _reading[:2] != (file, number):
            opened = parquet.ParquetFile(file, **_LIMITS)
            if opened.metadata.num_columns > question["columns"]:
                return {"fault": "columns"}
            batches = opened.iter_batches(ROWS, use_threads=False)
            for _ in range(number):
                next(batches)
            _reading = file, number, batches
        batch = next(_reading[2], None)
        _reading = file, number + 1, _reading[2]
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        if isinstance(error, MemoryError):
            raise
        return {"fault": "file"}
    if batch is None:
        return {"rows": [], "bytes": 0}
    if batch.nbytes > MOST_BYTES:
        raise MemoryError
    return {"rows": json.loads(json.dumps(batch.to_pylist(), default=str)), "bytes": batch.nbytes}

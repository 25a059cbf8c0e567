"""Rows into a stream: JSON Lines and Parquet. Both write bit by bit, and the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

import orjson

from r1chat.export.columns import TEXTS, Columns, Type

CHUNK = 1_000_000  # bytes of JSON Lines that are written at a time
ROW_GROUP = 1_000  # rows of Parquet
ROW_GROUP_SIZE = 4_000_000  # characters: long thoughts fill a group sooner

_LONG: tuple[Type, ...] = ("texts", "messages", "openai_input", "turn", "turns")  # these and TEXTS make up a row's size

Data = TypeVar("Data")


class Writer(Protocol):
    """Takes rows that have all columns."""

    def write(self, row: dict[str, Any]) -> None:
        """Add one row."""
        ...

    def close(self) -> None:
        """Write what is left; the stream stays open."""
        ...


def writer(path: Path, stream: IO[bytes], columns: Columns) -> Writer:
    """The writer that the suffix of `path` asks for, one of SUFFIXES."""
    return Parquet(stream, columns) if path.suffix.lower() == ".parquet" else JsonLines(stream, columns)


class JsonLines:
    """One object a line, in UTF-8, its keys in the order of the columns."""

    def __init__(self, stream: IO[bytes], columns: Columns) -> None:
        self._stream = stream
        self._names = tuple(columns)
        self._lines: list[bytes] = []
        self._size = 0
        self._behind = _Behind()

    def write(self, row: dict[str, Any]) -> None:
        line = orjson.dumps({name: row[name] for name in self._names}, option=orjson.OPT_APPEND_NEWLINE)
        self._lines.append(line)
        self._size += len(line)
        if self._size >= CHUNK:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._behind.close()

    def _flush(self) -> None:
        self._behind.do(self._stream.write, b"".join(self._lines))
        self._lines, self._size = [], 0


class Parquet:
    """Row groups of a bounded size, with a schema of its own: nothing is guessed from the values."""

    def __init__(self, stream: IO[bytes], columns: Columns) -> None:
        import pyarrow as pa  # type: ignore[import-untyped]  # half a second: only where it is asked for
        from pyarrow import parquet

        pa.set_memory_pool(pa.system_memory_pool())  # the others keep 40 MB that they no longer need
        self._pa = pa
        self._schema = pa.schema([pa.field(name, self._type(kind), nullable=False) for name, kind in columns.items()])
        self._long = [name for name, kind in columns.items() if name in TEXTS or kind in _LONG]
        repeated = [name for name, kind in columns.items() if kind == "text" and name not in TEXTS]
        self._writer = parquet.ParquetWriter(stream, self._schema, compression="zstd", use_dictionary=repeated)
        self._rows: list[dict[str, Any]] = []
        self._size = 0
        self._behind = _Behind()

    def write(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self._size += sum(_size(row[name]) for name in self._long)
        if len(self._rows) >= ROW_GROUP or self._size >= ROW_GROUP_SIZE:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._behind.close()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            arrays = [self._pa.array([row[field.name] for row in self._rows], field.type) for field in self._schema]
            self._behind.do(self._writer.write_table, self._pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows, self._size = [], 0

    def _type(self, kind: Type) -> Any:
        pa = self._pa
        messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
        turn = pa.struct([("from", pa.string()), ("value", pa.string())])
        types = {
            "text": pa.string(),
            "texts": pa.list_(pa.string()),
            "messages": messages,
            "flag": pa.bool_(),
            "flags": pa.list_(pa.bool_()),
            "number": pa.float64(),
            "count": pa.int64(),
            "turn": turn,
            "turns": pa.list_(turn),
            "openai_input": pa.struct([("messages", messages)]),
        }
        return types[kind]


class _Behind:
    """Does one thing at a time in a thread, while the next one is prepared: packing, and waiting for the disk."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="r1chat-export")
        self._doing: Future[object] | None = None

    def do(self, work: Callable[[Data], object], data: Data) -> None:
        """Begin it once the last one is done; raises what that one raised."""
        self._wait()
        self._doing = self._thread.submit(work, data)

    def close(self) -> None:
        self._wait()
        self._thread.shutdown()

    def _wait(self) -> None:
        if self._doing is not None:
            self._doing.result()


def _size(value: object) -> int:
    """Characters in a value, whatever it is made of."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 8

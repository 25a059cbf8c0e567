"""The lines of an archive: rows <-> JSON, exactly. Knows the columns and their types, not what they may say.

A line is an object with the kind of its `row` and every column, in UTF-8. Times are UTC in ISO 8601 with microseconds;
floats are written so that the same number is read again. The header comes first; the last line has the number of lines
before it and their SHA-256.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf, isfinite
from typing import Any, NoReturn

from r1chat.archive.faults import ADVICE, UNKNOWN, Fault
from r1chat.both import Both
from r1chat.messages import FIRST_MOMENT, LAST_MOMENT
from r1chat.store.archive import FIELDS, Field, Row
from r1chat.store.migrations import LATEST, REVISIONS

VERSION = 1
END = "end"
LONGEST_LINE = 64 * 1024 * 1024  # bytes; the longest message takes a tenth of it at most

_ID = re.compile(r"[0-9a-f]{32}")
_BOOKMARKS = ("seen_from",)  # ids whose names do not say so
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST = 2**63 - 1  # PostgreSQL holds less in most columns, and says so itself


_TOO_LARGE = Both("“{name}” is a number that no database holds", "“{name}”是数据库无法保存的数字")


def header() -> bytes:
    """The first line."""
    return _line({"r1chat_archive": VERSION, "schema": LATEST})


def footer(lines: int, digest: str) -> bytes:
    """The last line: how many came before it, and their SHA-256 in hexadecimal."""
    return _line({"row": END, "lines": lines, "sha256": digest})


def row_line(kind: str, row: Row) -> bytes:
    """A row as a line."""
    return _line({"row": kind} | {field.name: _written(row[field.name], field) for field in FIELDS[kind]})


def parse(line: bytes) -> dict[str, Any]:
    """The object that a line holds. Raises Fault."""
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Fault(Both("it is no text in UTF-8", "它不是 UTF-8 文本")) from None
    except (ValueError, RecursionError) as error:  # ValueError: also a number of too many digits
        raise Fault(Both("it is no JSON ({why})", "它不是 JSON（{why}）").format(why=error)) from None
    if not isinstance(value, dict):
        raise Fault(Both("it is no JSON object", "它不是 JSON 对象"))
    return value


def header_of(line: bytes) -> str:
    """The schema of the store that an archive with that first line was written from. Raises Fault."""
    try:
        values = parse(line)
    except Fault:
        values = {}
    if "r1chat_archive" not in values:
        raise Fault(UNKNOWN, ADVICE)
    version, schema = values["r1chat_archive"], values.get("schema")
    if type(version) is int and isinstance(schema, str) and re.fullmatch(r"[0-9]{4}", schema):
        if version > VERSION or schema > LATEST:
            raise Fault(
                Both("the archive comes from a newer version of r1chat", "存档来自更新版本的 r1chat"),
                Both(
                    "Nothing was imported. Update r1chat, then import it again.",
                    "没有导入任何内容。请更新 r1chat 后再导入。",
                ),
            )
        if version == VERSION and schema in REVISIONS:
            return schema
    raise Fault(Both("this is no header that r1chat writes", "这不是 r1chat 写出的文件头"))


def row_of(values: Mapping[str, Any], schema: str) -> tuple[str, Row]:
    """The row that a line of an archive of that schema holds, with its kind. Raises Fault."""
    kind = values.get("row")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise Fault(Both("its “row” is none that r1chat knows", "r1chat 不认识它的“row”"))
    fields = FIELDS[kind]
    if unknown := values.keys() - {"row"} - {field.name for field in fields}:
        clause = Both("a {kind} has no column {name}", "{kind} 没有 {name} 这一列")
        raise Fault(clause.format(kind=kind, name=json.dumps(min(unknown)[:40])))
    row: Row = {}
    for field in fields:
        if field.name in values:
            row[field.name] = _value(kind, field, values[field.name])
        elif schema < LATEST and field.has_default:
            row[field.name] = field.default
        else:
            clause = Both("the column “{name}” of a {kind} is missing", "缺少 {kind} 的“{name}”列")
            raise Fault(clause.format(name=field.name, kind=kind))
    return kind, row


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _written(value: Any, field: Field) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return None if field.nullable else 0.0  # JSON has no word for it, and it tells nothing
    return _moment(value) if isinstance(value, datetime) else value


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _value(kind: str, field: Field, value: Any) -> Any:
    if value is None and field.nullable:
        return None
    if field.value == "text" and type(value) is str:
        return _text(field, value)
    if field.value == "integer" and type(value) is int:
        if not -_LARGEST - 1 <= value <= _LARGEST:
            raise Fault(_TOO_LARGE.format(name=field.name))
        return value
    if field.value == "float" and type(value) in (int, float):
        return _float(field, value)
    if field.value == "boolean" and type(value) is bool:
        return value
    if field.value == "time" and type(value) is str:
        return _time(field, value)
    clause = Both(
        "“{name}” of a {kind} must be of type {type}, not {given}", "{kind} 的“{name}”应为 {type} 类型，而不是 {given}"
    )
    raise Fault(clause.format(name=field.name, kind=kind, type=field.value, given=type(value).__name__))


def _text(field: Field, value: str) -> str:
    if field.name == "id" or field.name.endswith("_id") or field.name in _BOOKMARKS:
        if not _ID.fullmatch(value):
            clause = Both("“{name}” must have 32 hexadecimal digits", "“{name}”必须是 32 位十六进制数字")
            raise Fault(clause.format(name=field.name))
    elif _UNSTORABLE.search(value):
        clause = Both("“{name}” has a character that no database holds", "“{name}”含有数据库无法保存的字符")
        raise Fault(clause.format(name=field.name))
    return value


def _float(field: Field, value: int | float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not isfinite(number):  # 1e999 is JSON
        raise Fault(_TOO_LARGE.format(name=field.name))
    return number


def _time(field: Field, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None and FIRST_MOMENT <= moment <= LAST_MOMENT and _moment(moment) == value:
            return moment
    except (ValueError, OverflowError):
        pass  # one sentence for all of it
    clause = Both(
        "“{name}” must be a moment such as 2025-01-20T08:00:00.000000+00:00",
        "“{name}”必须是形如 2025-01-20T08:00:00.000000+00:00 的时间",
    )
    raise Fault(clause.format(name=field.name))


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")

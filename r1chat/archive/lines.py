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


class Wrong(Exception):
    """What is wrong with a line, as a clause without its full stop.

    `advice` is what to do about it, a whole sentence; `line` is set where it is not the line that was just read.
    """

    def __init__(self, clause: str, advice: str = "", line: int | None = None) -> None:
        super().__init__(clause)
        self.advice = advice
        self.line = line


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
    """The object that a line holds. Raises Wrong."""
    try:
        found = json.loads(line.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Wrong("it is no text in UTF-8") from None
    except (ValueError, RecursionError) as error:  # ValueError: also a number of too many digits
        raise Wrong(f"it is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise Wrong("it is no JSON object")
    return found


def header_of(line: bytes) -> str:
    """The schema of the store that an archive with that first line was written from. Raises Wrong."""
    try:
        found = parse(line)
    except Wrong:
        found = {}
    if "r1chat_archive" not in found:
        raise Wrong(
            "this begins neither an archive of r1chat nor an export of Open WebUI",
            "Nothing was imported. Give a file that `r1chat export archive` wrote, or the JSON that Open WebUI exports "
            "its chats or feedback as; unpack it first if it is compressed.",
        )
    version, schema = found["r1chat_archive"], found.get("schema")
    if type(version) is int and isinstance(schema, str) and re.fullmatch(r"[0-9]{4}", schema):
        if version > VERSION or schema > LATEST:
            raise Wrong(
                "the archive comes from a newer version of r1chat",
                "Nothing was imported. Update r1chat, then import it again.",
            )
        if version == VERSION and schema in REVISIONS:
            return schema
    raise Wrong("this is no header that r1chat writes")


def row_of(found: Mapping[str, Any], schema: str) -> tuple[str, Row]:
    """The row that a line of an archive of that schema holds, with its kind. Raises Wrong."""
    kind = found.get("row")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise Wrong("its “row” is none that r1chat knows")
    fields = FIELDS[kind]
    if unknown := found.keys() - {"row"} - {field.name for field in fields}:
        raise Wrong(f"a {kind} has no column {json.dumps(min(unknown)[:40])}")
    row: Row = {}
    for field in fields:
        if field.name in found:
            row[field.name] = _value(kind, field, found[field.name])
        elif schema < LATEST and field.has_default:
            row[field.name] = field.default
        else:
            raise Wrong(f"the column “{field.name}” of a {kind} is missing")
    return kind, row


def _line(found: Mapping[str, Any]) -> bytes:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _written(value: Any, field: Field) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return None if field.nullable else 0.0  # JSON has no word for it, and it tells nothing
    return _moment(value) if isinstance(value, datetime) else value


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _value(kind: str, field: Field, given: Any) -> Any:
    if given is None and field.nullable:
        return None
    if field.value == "text" and type(given) is str:
        return _text(field, given)
    if field.value == "integer" and type(given) is int:
        if not -_LARGEST - 1 <= given <= _LARGEST:
            raise Wrong(f"“{field.name}” is a number that no database holds")
        return given
    if field.value == "float" and type(given) in (int, float):
        return _float(field, given)
    if field.value == "boolean" and type(given) is bool:
        return given
    if field.value == "time" and type(given) is str:
        return _time(field, given)
    raise Wrong(f"“{field.name}” of a {kind} must be of type {field.value}, not {type(given).__name__}")


def _text(field: Field, given: str) -> str:
    if field.name == "id" or field.name.endswith("_id") or field.name in _BOOKMARKS:
        if not _ID.fullmatch(given):
            raise Wrong(f"“{field.name}” must have 32 hexadecimal digits")
    elif _UNSTORABLE.search(given):
        raise Wrong(f"“{field.name}” has a character that no database holds")
    return given


def _float(field: Field, given: int | float) -> float:
    try:
        number = float(given)
    except OverflowError:
        number = inf
    if not isfinite(number):  # 1e999 is JSON
        raise Wrong(f"“{field.name}” is a number that no database holds")
    return number


def _time(field: Field, given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
        if FIRST_MOMENT <= moment <= LAST_MOMENT and _moment(moment) == given:
            return moment
    except (ValueError, OverflowError):
        pass  # one sentence for all of it
    raise Wrong(f"“{field.name}” must be a moment such as 2025-01-20T08:00:00.000000+00:00")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")

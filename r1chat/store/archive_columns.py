"""The columns and kinds of rows that an archive has: those of the tables, but for what is of one machine only.

Running numbers are not among the columns, their order is kept; `owner` names a process of one machine, `deleted_at` is
never set, since what was deleted is in no archive, and `rules` says what this database's own program found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Boolean, Column, Double, Integer

from r1chat.store.erase import TABLES
from r1chat.store.schema import UtcTime, presets

Row = dict[str, Any]  # column -> str, int, float, bool, datetime or None
Rows = list[tuple[str, Row]]  # each with its kind
ValueType = Literal["text", "integer", "float", "boolean", "time"]

JUDGEMENTS = ("moment_label", "rating", "step_label", "comparison", "reference", "verification")
_NOT_KEPT = {"number", "owner", "deleted_at", "rules"}


_DEFAULTS: Mapping[ValueType, float | bool] = {"boolean": False, "integer": 0, "float": 0.0}


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an archive. `target` is the kind of row whose id it holds; `has_default`: rows may lack it."""

    name: str
    value: ValueType
    nullable: bool
    has_default: bool
    target: str = ""

    @property
    def default(self) -> str | float | bool | None:
        """What an older archive, which did not have the column yet, means."""
        return None if self.nullable else _DEFAULTS.get(self.value, "")


def _field(column: Column[Any]) -> Field:
    values: tuple[tuple[type, ValueType], ...] = (
        (Boolean, "boolean"),
        (Integer, "integer"),
        (Double, "float"),
        (UtcTime, "time"),
    )
    text: ValueType = "text"
    value = next((name for kind, name in values if isinstance(column.type, kind)), text)
    target = next((key.column.table.name for key in column.foreign_keys), "")
    nullable = bool(column.nullable)
    return Field(column.name, value, nullable, nullable or column.server_default is not None, target)


FIELDS: Mapping[str, tuple[Field, ...]] = {
    kind: tuple(_field(column) for column in table.columns if column.name not in _NOT_KEPT)
    for kind, table in {"preset": presets, **TABLES}.items()
}

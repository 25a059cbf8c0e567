"""Presets, part of the store: a behaviour with a budget and a model, under a name (`conversations.Preset`).

The texts in `sampling` are those of `r1chat.sampling`; whoever saves a preset has checked them.
"""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import delete, insert, select, update

from r1chat.both import Both
from r1chat.conversations import Behaviour, Preset
from r1chat.errors import NotFoundError, StoreError
from r1chat.store.database import Database
from r1chat.store.schema import behaviour_columns, preset, presets

LONGEST_NAME = 80  # characters

_NO_NAME = Both("A preset needs a name. Write one, then save it again.", "预设需要一个名称。请填写后再保存。")
_LONG_NAME = Both(
    "The name of a preset has at most {most} characters. Shorten it, then save it again.",
    "预设名称最多 {most} 个字符。请缩短后再保存。",
)
_TAKEN = Both(
    "There is a preset “{name}” already. Choose another name, or edit that one.",
    "已有名为“{name}”的预设。请另取名称，或编辑那一个。",
)
_GONE = Both("This preset is not there any more. Choose another one.", "这个预设已不存在。请另选一个。")


class Presets:
    """All presets of one database. Safe to use from any thread; every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Preset]:
        """Every preset, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(presets)).mappings().all()
        return sorted(map(preset, rows), key=lambda entry: (entry.name.casefold(), entry.id))

    def find(self, preset_id: str) -> Preset:
        """The preset with that id. Raises NotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(select(presets).where(presets.c.id == preset_id)).mappings().first()
        if row is None:
            raise NotFoundError(_GONE)
        return preset(row)

    def save(
        self, name: str, behaviour: Behaviour, budget: int | None = None, model: str = "", preset_id: str = ""
    ) -> Preset:
        """Keep a new preset, or replace the one with `preset_id`; the preset as it is kept.

        Raises NotFoundError for one that is gone, StoreError for a name that is empty, too long or another one's.
        """
        name = " ".join(name.split())
        if not name:
            raise StoreError(_NO_NAME)
        if len(name) > LONGEST_NAME:
            raise StoreError(_LONG_NAME.format(most=LONGEST_NAME))
        values = {"name": name, "model": model, "budget": budget} | _columns(behaviour)
        with self._database.write() as connection:
            same = select(presets.c.id).where(presets.c.name == name, presets.c.id != preset_id)
            if connection.scalar(same) is not None:
                raise StoreError(_TAKEN.format(name=name))
            if not preset_id:
                preset_id = uuid4().hex
                connection.execute(insert(presets).values(id=preset_id, **values))
            elif not connection.execute(update(presets).where(presets.c.id == preset_id).values(values)).rowcount:
                raise NotFoundError(_GONE)
        return self.find(preset_id)

    def delete(self, preset_id: str) -> None:
        """Forget a preset; conversations that came from it stay as they are. Raises NotFoundError."""
        with self._database.write() as connection:
            if not connection.execute(delete(presets).where(presets.c.id == preset_id)).rowcount:
                raise NotFoundError(_GONE)


def _columns(behaviour: Behaviour) -> dict[str, object]:
    return {name: value for name, value in behaviour_columns(behaviour).items() if name != "preset"}

"""The one reader of what a page sends: JSON from a browser, taken as hostile input.

A field that is missing, or of another type than asked for, reads as empty; nothing here raises.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from r1chat.unicode import clean

MOST = 1e9  # of any number; larger ones are cut down to it
LONGEST_WORD = 40  # characters


class Payload:
    """The fields of a JSON object."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, object] | None = None) -> None:
        self._fields = dict(fields or {})

    @classmethod
    def parse(cls, text: str | bytes) -> Payload:
        """The object that `text` spells; without fields where it spells none, or is nested too deeply to read."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = None
        return cls(fields if isinstance(fields, dict) else None)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __getitem__(self, name: str) -> object:
        """The value as it was sent; None where there is none."""
        return self._fields.get(name)

    def strings(self) -> dict[str, str]:
        """All fields that are texts."""
        return {clean(name): clean(value) for name, value in self._fields.items() if isinstance(value, str)}

    def text(self, name: str) -> str:
        """A text; "" for anything else."""
        value = self._fields.get(name)
        return clean(value) if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """The texts of a list; none for anything else."""
        value = self._fields.get(name)
        return [clean(text) for text in value if isinstance(text, str)] if isinstance(value, list) else []

    def word(self, name: str) -> str:
        """One of r1chat's own words. Any other text stays recognisable in the sentence that refuses it."""
        value = self._fields.get(name, "")
        text = value if isinstance(value, str) else type(value).__name__ if value is not None else ""
        return re.sub(r"\W", "?", text[:LONGEST_WORD], flags=re.ASCII)

    def flag(self, name: str) -> bool | None:
        """True or false; None for anything else."""
        value = self._fields.get(name)
        return value if isinstance(value, bool) else None

    def number(self, name: str) -> float | None:
        """A finite number from 0 on, at most `MOST`; None for anything else."""
        value = self._fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            return None
        return float(min(value, MOST))

    def count(self, name: str) -> int | None:
        """A whole number from 0 on, at most `MOST`; None for anything else."""
        value = self._fields.get(name)
        return value if type(value) is int and 0 <= value <= MOST else None

    def place(self, name: str) -> int:
        """An offset into a text, in characters; -1 for what can be none."""
        place = self.count(name)
        return -1 if place is None else place

    def object(self, name: str) -> Payload:
        """An object in this one; without fields where there is none."""
        value = self._fields.get(name)
        return Payload(value if isinstance(value, dict) else None)

"""Which conversations r1chat erased for good, until the folders of training runs have lost them, too."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Set
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from r1chat.files import DAY, make_folder, read_json, replacing

Notes = Mapping[Path, frozenset[str]]  # the ids in each file


class Erasures:
    """Their ids in a data folder.

    Each erasure writes a file of its own before it begins: a process that is killed in between is caught up with, and
    none waits for another. What a store merely does not have, after a restore or in another database, is not here.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "erased"

    @property
    def pending(self) -> bool:
        """Whether there is anything to forget."""
        return any(self.folder.glob("*.json"))

    def note(self, ids: Collection[str]) -> None:
        """To be called before they are erased. Raises ExportError."""
        if ids:
            make_folder(self.folder)
            with replacing(self.folder / f"{uuid4().hex}.json") as file:
                file.write(json.dumps(sorted(ids)).encode())

    def notes(self) -> Notes:
        """All that was noted; a file that makes no sense holds no id."""
        notes = {}
        for file in self.folder.glob("*.json"):
            notes[file] = frozenset[str]()
            with suppress(OSError, ValueError):
                values = read_json(file, follow=False)
                notes[file] = frozenset(filter(_is_text, values if isinstance(values, list) else ()))
        return notes

    @staticmethod
    def settle(notes: Notes, forgotten: Set[str]) -> None:
        """Remove the notes of ids that were forgotten, and of erasures that came to nothing a day ago."""
        for file, ids in notes.items():
            with suppress(OSError):
                if ids <= forgotten or time.time() - file.stat().st_mtime > DAY:
                    file.unlink()


def _is_text(value: object) -> bool:
    return isinstance(value, str)

"""From the store to an archive: a header, a line for each row, and a last line that tells whether the file is whole."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from r1chat.archive.counts import ArchiveCounts, OnProgress
from r1chat.archive.lines import footer, header, row_line
from r1chat.both import Both
from r1chat.errors import ExportError
from r1chat.files import replacing
from r1chat.store import Store
from r1chat.store.archive import JUDGEMENTS, Rows


def write(
    store: Store,
    path: Path,
    everything: bool = False,
    progress: OnProgress | None = None,
    only: Sequence[str] | None = None,
) -> ArchiveCounts:
    """Write all conversations with consent to a file of JSON Lines; `everything`: all of them, as a backup for oneself.

    `only`: the ids of the conversations to write, whether or not they have consent.

    Deleted conversations are left out. Personal data are not replaced. `progress` is called with the conversations that
    are done and their total, and may raise to break it off. Raises ExportError, also where there is nothing to write,
    and StoreError; then no file was written or replaced.
    """
    kinds: Counter[str] = Counter()
    with store.archive.reading() as source:
        conversation_ids = source.conversations(everything) if only is None else only
        if not conversation_ids:
            raise ExportError(
                Both(
                    "There is no conversation to write. An archive holds what may be exported: allow it for a "
                    "conversation or for all, or write a backup of everything.",
                    "没有可写出的对话。存档只包含允许导出的内容：请为某个对话或全部对话给予许可，或写出全部内容的备份。",
                )
            )
        with replacing(path) as stream:
            lines = _Lines(stream)
            lines.write(header())
            kinds += lines.write_rows(source.presets(None if everything else conversation_ids))
            kinds += lines.write_rows(source.consents_for_all() if only is None else [])
            for done, rows in enumerate(source.rows(conversation_ids), 1):
                kinds += lines.write_rows(rows)
                if progress:
                    progress(done, len(conversation_ids))
            lines.write(footer(lines.count, lines.digest))
    return ArchiveCounts(
        kinds["conversation"], kinds["reply"], sum(kinds[kind] for kind in JUDGEMENTS), kinds["preset"]
    )


class _Lines:
    """Counts and digests the lines that it writes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.count = 0
        self._stream = stream
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def write(self, line: bytes) -> None:
        self._stream.write(line)
        self._hash.update(line)
        self.count += 1

    def write_rows(self, rows: Rows) -> Counter[str]:
        for kind, row in rows:
            self.write(row_line(kind, row))
        return Counter(kind for kind, _ in rows)

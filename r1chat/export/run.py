"""One export from the store to its files, all or none of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from r1chat.backends.catalogue import Catalogue
from r1chat.export.options import Format, Options, Summary
from r1chat.store import Store

Progress = Callable[[int, int], None]


def export(
    store: Store,
    catalogue: Catalogue | None,
    format: Format,
    path: Path,
    options: Options = Options(),  # noqa: B008  frozen
    progress: Progress | None = None,
) -> Summary:
    """Write what was judged, and may be exported, as rows that a trainer takes; a card and a report lie beside them.

    `path` ends in .jsonl or .parquet; files that are there are replaced. `catalogue` tells where a model's chat
    template is; None: only R1's own and `options.template` are known. `progress` is called with the messages that are
    done and their total, and may raise to break it off. Raises ExportError, and StoreError: then no file was written
    or replaced.
    """
    raise NotImplementedError

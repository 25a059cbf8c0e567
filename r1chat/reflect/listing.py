"""Lists the moments of a text in lines, for a terminal or for a program.

Owns the format of those lines. Does not know files, arguments or an output.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from r1chat.reflect.model import Bars
from r1chat.reflect.reader import find_moments


def list_moments(reasoning: str, as_json: bool, bars: Bars | None = None) -> Iterator[str]:
    """One line a moment, without line ends.

    As JSON an object with `start`, `end`, `kind`, `effect` and `text`; else columns: offset, kind, effect, the words.
    """
    for moment in find_moments(reasoning, bars):
        words = reasoning[moment.start : moment.end]
        if as_json:
            yield json.dumps({**asdict(moment), "text": words}, ensure_ascii=False)
        else:
            yield f"{moment.start:>7}  {moment.kind:<12}  {moment.effect:<9}  {' '.join(words.split())}"

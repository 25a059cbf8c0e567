"""What a correction changed, as HTML. Pure.

English is compared word by word, Chinese character by character. The cost is bounded: what both texts begin and end
with is cut off first; what is left and long is compared by lines, and what is longer still counts as replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

from markupsafe import Markup

from r1chat.conversations import StoredReply
from r1chat.ui.html.parts import concat
from r1chat.ui.words.page import Words

MOST = 1_000  # tokens, or lines, of either side that are compared; difflib is quadratic, at worst cubic
CONTEXT = 80  # characters of what is the same, on either side of a change

_Side = Literal["same", "removed", "added"]
_Piece = tuple[_Side, str]

_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|\s+|.", re.DOTALL)


def html(original: StoredReply, corrected: StoredReply, words: Words) -> Markup:
    """What was removed and added, in the answer and in the thought."""
    parts = []
    for name, old, new in (
        (words.thought, original.reply.reasoning, corrected.reply.reasoning),
        (words.changed_answer, original.reply.answer, corrected.reply.answer),
    ):
        if old.strip() != new.strip():
            changes = _shown(list(differences(old, new)), words)
            parts.append(Markup('<h4>{}</h4><div class="difference">{}</div>').format(name, changes))
    return concat(parts)


def differences(old: str, new: str) -> Iterator[_Piece]:
    """Both texts as pieces, in order: without those added they make `old`, without those removed `new`."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    first = _alike(before, after)
    last = _alike(before[first:][::-1], after[first:][::-1])
    yield from _piece("same", before[:first])
    middle = before[first : len(before) - last], after[first : len(after) - last]
    if max(map(len, middle)) <= MOST:
        yield from _compared(*middle)
    else:
        yield from _by_lines("".join(middle[0]), "".join(middle[1]))
    yield from _piece("same", before[len(before) - last :])


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((index for index, (old, new) in pairs if old != new), min(len(before), len(after)))


def _by_lines(old: str, new: str) -> Iterator[_Piece]:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if max(len(before), len(after)) > MOST:
        before, after = [old], [new]
    yield from _compared(before, after)


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[_Piece]:
    for _, start, end, new_start, new_end in SequenceMatcher(None, before, after).get_opcodes():
        if before[start:end] == after[new_start:new_end]:
            yield from _piece("same", before[start:end])
        else:
            yield from _piece("removed", before[start:end])
            yield from _piece("added", after[new_start:new_end])


def _piece(side: _Side, tokens: Sequence[str]) -> Iterator[_Piece]:
    if tokens:
        yield side, "".join(tokens)


def _shown(pieces: list[_Piece], words: Words) -> Markup:
    parts = []
    for index, (side, text) in enumerate(pieces):
        if side == "removed":
            parts.append(Markup('<del aria-label="{}">{}</del>').format(words.removed_text, text))
        elif side == "added":
            parts.append(Markup('<ins aria-label="{}">{}</ins>').format(words.added_text, text))
        elif len(text) > 2 * CONTEXT:
            before, after = text[:CONTEXT] if index else "", text[-CONTEXT:] if index + 1 < len(pieces) else ""
            parts.append(Markup("{} … {}").format(before, after))
        else:
            parts.append(Markup("{}").format(text))
    return concat(parts)

"""Turns a sentence into the features that the moment model has weights for.

Features are strings. Marks come from the lexicon (`cues.py`) and from the surroundings (`surroundings.py`); this module
adds n-grams of the words or Chinese characters by zone, and whether the sentence asks.

Zones: `h` is the head (up to the first comma or colon, 3 to 10 tokens; n-grams up to 3), `b` the body (up to the next
one, at most 14; single tokens). Of what stands farther on only Chinese sentences have features, since they go on for
many clauses: `c`, how each later clause begins, and `e`, how a question ends.
"""

from __future__ import annotations

import re
from itertools import pairwise

from r1chat.reflect.cues import HEAD
from r1chat.reflect.lexicon import simplified

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:[.,]\d+)*+|[\u3400-\u9fff]|[^\sa-z\d\u3400-\u9fff]")
_LIST_MARKERS = frozenset("0-–—*•>#.)、(（\"“'…")
_PAUSES = frozenset(",，:：;；—")
_CLAUSE_ENDS = frozenset(",，:：;；。（(")
_CLOSERS = frozenset('?？"”’」』)）]*')
_HEAD_TOKENS = 10
_BODY_TOKENS = 14


def tokens(text: str) -> list[str]:
    """Words, numbers (all as "0"), Chinese characters (simplified) and signs of the first HEAD characters."""
    text = text[:HEAD].lower()
    if not text.isascii():
        text = simplified(text.replace("’", "'"))
    found = ["0" if token[0].isdigit() else token for token in _TOKEN.findall(text)]
    begin = 0
    while begin < len(found) and found[begin] in _LIST_MARKERS:
        begin += 1
    return found[begin:]


def features(text: str, marks: set[str], names: set[str]) -> set[str]:
    """The features of a sentence with these marks, those of the surroundings included; `names`: `anywhere(marks)`."""
    found = names | {"bias"}
    words = tokens(text)
    if not words:
        return found
    head = _pause(words, 2, _HEAD_TOKENS)
    head = max(3, head)
    body = _pause(words, head + 1, head + _BODY_TOKENS)
    _add_grams(found, words[:head])
    found.update([f"b:{word}" for word in words[head:body]])
    asks = "?" if "?" in marks else "."
    if words[0] > "\u3400" or "，" in words:
        _add_clauses(found, words, asks)
    found.update((f"q{asks}{words[0]}", f"q{asks}{' '.join(words[:2])}", f"size {min(6, len(words) // 6)}"))
    found.update([f"s:{' '.join(words[:count])}" for count in range(1, 5)])
    return found


def _add_clauses(found: set[str], words: list[str], asks: str) -> None:
    """How the later clauses of a Chinese sentence begin, and how it ends."""
    clauses = [at + 1 for at in range(2, len(words)) if words[at] in _CLAUSE_ENDS]
    found.update([f"c:{' '.join(words[at : at + 2])}" for at in clauses])
    found.update([f"c:{' '.join(words[at : at + 3])}" for at in clauses])
    if asks == "?":
        end = len(words)
        while end > 1 and words[end - 1] in _CLOSERS:
            end -= 1
        found.update((f"e:{words[end - 1]}", f"e:{' '.join(words[max(0, end - 2) : end])}"))


def _pause(words: list[str], begin: int, end: int) -> int:
    """Index of the first comma, colon or dash in words[begin:end]; else where that slice ends."""
    for at in range(begin, min(end, len(words))):
        if words[at] in _PAUSES:
            return at
    return min(end, len(words))


def _add_grams(found: set[str], words: list[str]) -> None:
    found.update([f"h:{word}" for word in words])
    pairs = [f"h:{first} {second}" for first, second in pairwise(words)]
    found.update(pairs)
    found.update([f"{pair} {third}" for pair, third in zip(pairs, words[2:], strict=False)])

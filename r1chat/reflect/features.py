"""Turns a sentence into the features that the moment model has weights for.

Features are strings. Marks come from the lexicon (`cues.py`) and from the surroundings (`surroundings.py`); this module
adds n-grams of the words or Chinese characters by zone, and whether the sentence asks.

Zones: `h` is the head (up to the first comma or colon, 3 to 10 tokens; n-grams up to 3), `b` the body (up to the next
one, at most 14; single tokens). Of what stands farther on only Chinese sentences have features, since they go on for
many clauses: `c`, how each later clause begins, and `e`, how a question ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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
_SIZES = [f"size {sixths}" for sixths in range(7)]


def tokens(text: str) -> list[str]:
    """Words, numbers (all as "0"), Chinese characters (simplified) and signs of the first HEAD characters."""
    text = text[:HEAD].lower()
    if not text.isascii():
        text = simplified(text.replace("’", "'"))
    words = ["0" if token[0].isdigit() else token for token in _TOKEN.findall(text)]
    begin = 0
    while begin < len(words) and words[begin] in _LIST_MARKERS:
        begin += 1
    return words[begin:]


def features(text: str, marks: set[str], names: set[str]) -> set[str]:
    """All features of a sentence with these marks, those of the surroundings included; `names`: `anywhere(marks)`."""
    active = names | {"bias"}
    words = tokens(text)
    if not words:
        return active
    head, body = _zones(words)
    active.update([f"h:{word}" for word in words[:head]])
    pairs = [f"h:{first} {second}" for first, second in pairwise(words[:head])]
    active.update(pairs)
    active.update([f"{pair} {third}" for pair, third in zip(pairs, words[2:head], strict=False)])
    active.update([f"b:{word}" for word in words[head:body]])
    active.update(_outside_zones(words, "?" in marks))
    return active


class FeatureFinder:
    """Finds the features of a sentence that are among `names`: `features(…) & names`, in less time.

    The n-grams of the head are looked up in a tree, those of the body in a dictionary: their strings are not built.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._head = _Node()
        self._body: dict[str, str] = {}
        for name in self._names:
            zone, _, words = name.partition(":")
            if zone == "h":
                self._head.add(words.split(), name)
            elif zone == "b":
                self._body[words] = name

    def features(self, text: str, marks: set[str], names: set[str]) -> set[str]:
        """The known features of a sentence with these marks; `names`: `anywhere(marks)`."""
        active = self._names.intersection((*names, "bias"))
        words = tokens(text)
        if not words:
            return set(active)
        head, body = _zones(words)
        grams = self._head.grams(words[:head])
        inside = self._body
        grams.update([inside[word] for word in words[head:body] if word in inside])
        grams.update(active, self._names.intersection(_outside_zones(words, "?" in marks)))
        return grams


class _Node(dict[str, "_Node"]):
    """A node of a tree of n-grams: each word that may follow, and its node. `name`: of the feature that ends here."""

    __slots__ = ("name",)

    def __init__(self) -> None:
        self.name = ""

    def add(self, words: list[str], name: str) -> None:
        node = self
        for word in words:
            node = node.setdefault(word, _Node())
        node.name = name

    def grams(self, words: list[str]) -> set[str]:
        """The features that one, two or three words in a row are, from any word on."""
        names: set[str] = set()
        for first, second, third in zip(words, [*words[1:], ""], [*words[2:], "", ""], strict=False):
            node = self.get(first)
            if node is None:
                continue
            if node.name:
                names.add(node.name)
            node = node.get(second)
            if node is None:
                continue
            if node.name:
                names.add(node.name)
            node = node.get(third)
            if node is not None and node.name:
                names.add(node.name)
        return names


def _outside_zones(words: list[str], asks: bool) -> list[str]:
    """How the sentence starts, its length, and of a Chinese one how later clauses begin and a question ends."""
    first, second = words[0], " ".join(words[:2])
    third, question = " ".join(words[:3]), "q?" if asks else "q."
    names = [f"s:{first}", f"s:{second}", f"s:{third}", f"s:{' '.join(words[:4])}", question + first, question + second]
    names.append(_SIZES[min(6, len(words) // 6)])
    if first > "\u3400" or "，" in words:
        clauses = [at for at, word in enumerate(words[2:], 3) if word in _CLAUSE_ENDS]
        names += [f"c:{' '.join(words[at : at + 2])}" for at in clauses]
        names += [f"c:{' '.join(words[at : at + 3])}" for at in clauses]
        if asks:
            end = len(words)
            while end > 1 and words[end - 1] in _CLOSERS:
                end -= 1
            names += [f"e:{words[end - 1]}", f"e:{' '.join(words[max(0, end - 2) : end])}"]
    return names


def _zones(words: list[str]) -> tuple[int, int]:
    """Where the head and where the body ends."""
    head = max(3, _pause(words, 2, _HEAD_TOKENS))
    return head, _pause(words, head + 1, head + _BODY_TOKENS)


def _pause(words: list[str], begin: int, end: int) -> int:
    """Index of the first comma, colon or dash in words[begin:end]; else where that slice ends."""
    for at, word in enumerate(words[begin:end], begin):
        if word in _PAUSES:
            return at
    return min(end, len(words))

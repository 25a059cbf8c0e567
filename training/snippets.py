"""Reads the labelled snippets in `training/moments/` and expands them into chains of thought with known moments.

A snippet begins with a line `= topic`; each further line is one or more sentences of a chain. A line that begins with
`@` and two characters is a moment: V verification, C correction, A alternative, R re-reading, I realisation; then + for
changed, = for confirmed, 0 for none. `{a|b|c}` stands for any one of its parts, and may hold further ones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from r1chat.reflect import Effect, MomentKind

FOLDER = Path(__file__).with_name("moments")
_CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")
_LABEL = re.compile(r"@([VCARI])([+=0]) ")
_KINDS: dict[str, MomentKind] = {
    "V": "verification",
    "C": "correction",
    "A": "alternative",
    "R": "re-reading",
    "I": "realisation",
}
_EFFECTS: dict[str, Effect] = {"+": "changed", "=": "confirmed", "0": "none"}
_MOST = 24  # variants of a snippet
_PER_CHAIN = 6  # snippets in a chain

Label = tuple[MomentKind, Effect]
Line = tuple[str, Label | None]


@dataclass(frozen=True)
class Chain:
    """A made-up chain of thought: labels by the offset in `text` at which the moment begins."""

    text: str
    labels: dict[int, Label]


def chains(seed: int) -> Iterator[Chain]:
    """All variants of all snippets, shuffled by `seed`, a few to a chain, each chain in one language."""
    draw = random.Random(seed)
    by_language: dict[str, list[list[Line]]] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        variants = by_language.setdefault(path.name.split("-")[0], [])
        for snippet in _snippets(path):
            variants.extend(_variants(snippet))
    for variants in by_language.values():
        draw.shuffle(variants)
        for at in range(0, len(variants), _PER_CHAIN):
            yield _chain(variants[at : at + _PER_CHAIN], draw)


def _snippets(path: Path) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            if lines:
                yield lines
            lines = []
        elif line.strip():
            lines.append(line)
    if lines:
        yield lines


def _variants(snippet: list[str]) -> Iterator[list[Line]]:
    widest = max((match.group(1).count("|") + 1 for line in snippet for match in _CHOICE.finditer(line)), default=1)
    for number in range(min(widest, _MOST)):
        yield [_line(line, number, shift) for shift, line in enumerate(snippet)]


def _line(line: str, number: int, shift: int) -> Line:
    label = _LABEL.match(line)
    if not label:
        return _choose(line, number, shift), None
    return _choose(line[label.end() :], number, 0), (_KINDS[label[1]], _EFFECTS[label[2]])


def _choose(line: str, number: int, shift: int) -> str:
    """One variant of a line; over all numbers every part of the first choice occurs."""
    turn = 0
    while choice := _CHOICE.search(line):
        parts = choice[1].split("|")
        part = parts[((7 if turn else 1) * number + shift + 5 * turn) % len(parts)]
        line = line[: choice.start()] + part + line[choice.end() :]
        turn += 1
    return line


def _chain(snippets: list[list[Line]], draw: random.Random) -> Chain:
    text = ""
    labels: dict[int, Label] = {}
    for snippet in snippets:
        for line, label in snippet:
            if label:
                labels[len(text)] = label
            text += line + _gap(line, draw)
        text = text.rstrip(" ") + ("\n\n" if draw.random() < 0.6 else "\n")
    return Chain(text, labels)


def _gap(line: str, draw: random.Random) -> str:
    if draw.random() < 0.3 or not re.search(r"[.!?。！？:：][\"”’)\]]*$", line):
        return "\n"
    return "" if line[-1] in "。！？" else " "

"""What counts as a word in a search: text -> terms, query -> words, and the excerpt around a hit. Pure; knows no SQL.

Latin text is cut at everything that is neither letter nor digit. Chinese and Japanese write no spaces, so each of their
characters is a term, and each pair of neighbours: a word of one or two characters is found by one term, a longer one
where all its pairs occur in one text. Case, accents on Latin letters and full-width forms make no difference.

The search index holds what `terms` returned. A change here needs a migration that builds the index anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PIECE = 50_000  # characters of one document: PostgreSQL takes no more than a megabyte of terms
LONGEST_TERM = 64  # characters; the rest of a longer run says nothing that a person would search for
MOST_WORDS = 16  # in one query; further ones are ignored
MOST_PAIRS = 64  # of one Chinese word
SHORTEST_BEGINNING = 3  # letters from which on a word also finds the longer words that begin with it

_UNSPACED = "\u3005\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"[^\W_{_UNSPACED}]"
_RUN = re.compile(rf"[{_UNSPACED}]+|{_LETTER}+")
_STARTS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


def _plain_letters() -> dict[int, int]:
    """Accented Latin letters and full-width forms to their plain ones; one character to one, so that places stay."""
    table = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base.isascii():
            table[code] = ord(base)
    table[ord("İ")] = ord("i")  # the one letter whose lower case is two characters
    return table


_PLAIN = _plain_letters()


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query. A text has it if it has all of `terms`, or, of a `beginning`, a term that starts so."""

    text: str
    terms: tuple[str, ...]
    beginning: bool = False


def terms(text: str) -> set[str]:
    """The terms under which a text is found."""
    all_terms = set()
    for run in set(_RUN.findall(_fold(text))):
        if _STARTS_UNSPACED.match(run):
            all_terms.update(run)
            all_terms.update(_pairs(run))
        else:
            all_terms.add(run[:LONGEST_TERM])
    return all_terms


def documents(text: str) -> Iterator[str]:
    """What the index keeps of a text: its terms with a space between, for each piece of it."""
    for start in range(0, len(text), PIECE):
        if piece_terms := terms(
            text[start : start + PIECE + LONGEST_TERM]
        ):  # a word at the edge is whole in one of two
            yield " ".join(sorted(piece_terms))


def words(query: str) -> list[Word]:
    """The words that a person is looking for, each once; none where the query has neither letters nor digits."""
    runs = list(dict.fromkeys(_RUN.findall(_fold(query))))[:MOST_WORDS]
    return [_word(run) for run in runs]


def excerpt(text: str, query_words: Sequence[Word], before: int = 40, length: int = 160) -> str:
    """About `length` characters around the first place that has the longest of the wanted words, on one line."""
    folded = _fold(text)
    longest_first = sorted(query_words, key=lambda word: len(word.text), reverse=True)
    hits = (_pattern(word).search(folded) for word in longest_first)
    start = next((hit.start() for hit in hits if hit), 0)
    start = max(0, start - before)
    if start and (space := text.find(" ", start, start + before // 2)) > 0:
        start = space + 1
    piece = " ".join(text[start : start + length].split())
    return f"{'…' if start else ''}{piece}{'…' if start + length < len(text) else ''}"


def hits(text: str, query_words: Sequence[Word]) -> list[tuple[int, int]]:
    """Where the wanted words stand in a text: offsets in characters, in order and without overlaps."""
    folded = _fold(text)
    places = sorted(match.span() for word in query_words for match in _pattern(word).finditer(folded))
    apart: list[tuple[int, int]] = []
    for start, end in places:
        if not apart or start >= apart[-1][1]:
            apart.append((start, end))
    return apart


def _word(run: str) -> Word:
    if not _STARTS_UNSPACED.match(run):
        term = run[:LONGEST_TERM]
        return Word(term, (term,), beginning=len(term) >= SHORTEST_BEGINNING)
    return Word(run, tuple(dict.fromkeys(_pairs(run)))[:MOST_PAIRS] or (run,))


def _pattern(word: Word) -> re.Pattern[str]:
    literal = re.escape(word.text)
    if _STARTS_UNSPACED.match(word.text):
        return re.compile(literal)
    return re.compile(rf"(?<!{_LETTER}){literal}" + ("" if word.beginning else rf"(?!{_LETTER})"))


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _fold(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_PLAIN).lower()

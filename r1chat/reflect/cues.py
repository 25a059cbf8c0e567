"""Finds the lexicon's word groups in a sentence.

Turns a sentence into a set of marks. The words are in `lexicon.py`, the hand-set weights in `weights.py`, the marks of
what stands before the sentence in `surroundings.py`.

A mark is the name of a word group. `^group` stands where the sentence begins with it (after at most interjections,
conjunctions and the like, so "Hmm, but wait" begins with all three), `group` where it comes later.
"""

from __future__ import annotations

import re
from itertools import accumulate

from r1chat.reflect.lexicon import CHINESE, ENGLISH, simplified

HEAD = 240  # characters of a sentence that are read: a cue comes early, and a hostile line may be a megabyte

_WORD = re.compile(r"([a-z]+(?:[-'][a-z]+)*)")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LEAD = re.compile(r"[\s\"'“”‘’「『*_#>….\-–—•·(（\[/\\]*+(?:\d{1,3}[.)、]\s*+)?[\"'“*_]*+")
_GAP = " \t\r\n,，.。、:：;；!！…-–—'\"?？*"
_STOPS = ",.:;!?—–-…，。：；！？、"
_LETTER = re.compile(r"[^\W\d_]")
_ENDS_ASKING = re.compile(r"[?？][\"'”’」』)）\]*]*\s*$")

# Groups that leave the head of a sentence open: what follows them still begins it.
_OPENERS = """soft zsoft aye zaye thatis wait hold alternatively maybe orelse actually no ohah oops hmm but again
    letme should justto so plan careful zwait zno znope zcontra zor zmaybe zah zhmm zbut znote zagain zlet zplan zso
    zearlier"""
_OPENING = frozenset(_OPENERS.split())
_PAUSED = frozenset(("wait", "no", "actually", "zwait", "zno"))  # they weigh more before a comma

Hit = tuple[int, int, str]  # start, end, group


def _by_first_words() -> dict[str, dict[str, list[tuple[list[str], str]]]]:
    """First word → second word ("" for none) → the words behind the first, and their group; the longest first."""
    table: dict[str, dict[str, list[tuple[list[str], str]]]] = {}
    for group, phrases in ENGLISH.items():
        for phrase in phrases:
            first, *rest = phrase.split()
            table.setdefault(first, {}).setdefault(rest[0] if rest else "", []).append((rest, group))
    for seconds in table.values():
        for entries in seconds.values():
            entries.sort(key=lambda entry: -len(entry[0]))
    return table


def _by_first_character() -> dict[str, list[int]]:
    lengths: dict[str, set[int]] = {}
    for phrase in _CHARACTERS:
        lengths.setdefault(phrase[0], set()).add(len(phrase))
    return {first: sorted(sizes, reverse=True) for first, sizes in lengths.items()}


_PHRASES = _by_first_words()
_CHARACTERS = {phrase: group for group, phrases in CHINESE.items() for phrase in phrases}
_LENGTHS = _by_first_character()
_FIRST = re.compile("[" + "".join(_LENGTHS) + "]")


def _latin_hits(text: str) -> list[Hit]:
    parts = _WORD.split(text)  # gap, word, gap, word, …, gap
    words = [*parts[1::2], ""]
    known = [at for at, word in enumerate(words) if word in _PHRASES]
    hits: list[Hit] = []
    if not known:
        return hits
    ends = list(accumulate(map(len, parts)))
    past = 0
    for at in known:
        if at < past:
            continue
        seconds = _PHRASES[words[at]]
        for rest, group in (*seconds.get(words[at + 1], ()), *seconds.get("", ())):
            past = at + 1 + len(rest)
            if words[at + 1 : past] == rest:
                hits.append((ends[2 * at], ends[2 * past - 1], group))
                break
        else:
            past = at + 1
    return hits


def _chinese_hits(text: str) -> list[Hit]:
    hits: list[Hit] = []
    past = 0
    for match in _FIRST.finditer(text):
        at = match.start()
        if at < past:
            continue
        for length in _LENGTHS[text[at]]:
            group = _CHARACTERS.get(text[at : at + length])
            if group:
                past = at + length
                hits.append((at, past, group))
                break
    return hits


def marks(sentence: str) -> set[str]:
    """The marks of one sentence: `^group`, `group`; `?`, `=`, `mid`, `^wait,`; `han` in Chinese that has others."""
    if not _LETTER.search(sentence, 0, HEAD):
        return {"?"} if _ENDS_ASKING.search(sentence[-8:]) else set()
    text = sentence[:HEAD].lower().replace("’", "'")
    hits = _latin_hits(text)
    han = not text.isascii() and _HAN.search(text) is not None
    if han:
        text = simplified(text)
        hits = sorted(hits + _chinese_hits(text))
    sentence_marks: set[str] = set()
    at, head = _lead(text), True
    for start, end, group in hits:
        head = head and (start < at or not text[at:start].strip(_GAP))
        if head:
            sentence_marks.add("^" + group)
            if group in _PAUSED and (text[end:].lstrip()[:1] or ",") in _STOPS:
                sentence_marks.add(f"^{group},")
            head, at = group in _OPENING, end
        else:
            sentence_marks.add(group)
            if group in ("wait", "hold", "zwait") and _is_aside(text, start, end):
                sentence_marks.add("mid")
    if _ENDS_ASKING.search(sentence[-8:]):
        sentence_marks.add("?")
    if "=" in text or sentence.rstrip().endswith((":", "：")):
        sentence_marks.add("=")
    if han and sentence_marks:
        sentence_marks.add("han")
    return sentence_marks


def anywhere(marks: set[str]) -> set[str]:
    """The marks, and those at the head once more without their `^`."""
    return marks | {mark[1:].rstrip(",") for mark in marks if mark[0] == "^"}


def _lead(text: str) -> int:
    matched = _LEAD.match(text)
    return matched.end() if matched else 0


def _is_aside(text: str, start: int, end: int) -> bool:
    """Whether the words at start:end are cut in between commas or dashes: "so it is 5, wait, no, 6"."""
    return text[:start].rstrip()[-1:] in tuple(_STOPS) and text[end:].lstrip()[:1] in tuple(_STOPS)

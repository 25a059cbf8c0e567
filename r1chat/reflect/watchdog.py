"""Watches a chain of thought for what a person would stop: going round in circles, and leaving the question's language.

Owns what counts as a loop; the languages are in `scripts.py`. Pure and incremental, with a bounded memory. Knows no
model and no clock; what to do about an alarm is for others to offer.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Literal

from r1chat.reflect.scripts import Languages

_LONGEST_WORD = 12  # characters; longer ones are read in pieces, so that an endless word is many
_TOKEN = re.compile(rf"[a-zA-Z']{{1,{_LONGEST_WORD}}}+|\d{{1,{_LONGEST_WORD}}}+|\S")
_UNFINISHED = re.compile(r"[a-zA-Z'\d]")
_WORD = re.compile(rf"[^\W\d_]{{2,}}|[\u3040-\u9fff\uac00-\ud7af]|\w{{{_LONGEST_WORD}}}")

_REACH = 600  # tokens: what is repeated must have been said within the last so many
_GRAM = 8  # tokens that must be the same in a row to count as repeated
_WINDOW = 140  # tokens …
_REPEATED = 119  # … of which so many are repeated: a loop, even where each turn differs a little
_ROUND = 48  # tokens repeated at one distance, at least twice round: a loop for certain
_ROUND_OF_NUMBERS = 120  # the same without a word in it: a matrix may be full of zeros
_ROUND_OF_MARKS = 400  # the same without letter or digit: a rule or a table may be long
_BLANK = 400  # characters of nothing but white space
_LINES = 8  # lines in a row that differ in their list marker only
_MARKER = re.compile(r"^\s*+(?:[-*•]|\w{1,3}[.):、]|\(\w{1,3}\))?\s*+")
_LONGEST_LINE = 400
_QUOTED = 60  # characters of the repeated text in an alarm


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something went wrong: `at` is the offset in the reasoning where it began.

    `detail` of a loop is what is repeated, shortened ("" for white space); of a drift it is the language that the
    script of the chain stands for, as "Chinese".
    """

    kind: Literal["loop", "drift"]
    at: int
    detail: str


class Watchdog:
    """Feed it the chain as it streams; each kind of alarm is given once at most, within 200 tokens of its beginning.

    A loop is text that is said again and again, word for word or nearly. A drift is prose in a script that the question
    neither uses nor asks for; maths, code, names and short quotations are no prose. Languages of one script are not
    told apart, and a chain that thinks in English from the first word is let be: many models do.
    """

    def __init__(self, question: str) -> None:
        self._languages = Languages(question)
        self._repetition = _Repetition()
        self._lines = _SameLines()
        self._alarms: dict[str, Alarm] = {}
        self._pending = ""
        self._offset = 0

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All alarms so far."""
        return tuple(self._alarms.values())

    def feed(self, text: str) -> tuple[Alarm, ...]:
        """Go on with the chain; the alarms that this text raises."""
        pending = self._pending + text
        known = len(self._alarms)
        end = 0
        for match in _TOKEN.finditer(pending):
            token = match.group()
            if match.end() == len(pending) and len(token) < _LONGEST_WORD and _UNFINISHED.match(token):
                break  # the word may go on
            gap, end = pending[end : match.start()], match.end()
            self._take(token, gap, self._offset + match.start())
        self._pending, self._offset = pending[end:], self._offset + end
        self._squeeze()
        return self.alarms[known:]

    def _squeeze(self) -> None:
        """Keep no more than is needed of white space that does not end."""
        if len(self._pending) <= _BLANK or self._pending.strip():
            return
        self._check_blank(self._pending, self._offset)
        blank = "\n" if "\n" in self._pending else " "
        self._offset += len(self._pending) - len(blank)
        self._pending = blank

    def _check_blank(self, gap: str, at: int) -> None:
        if len(gap) > _BLANK and "loop" not in self._alarms:
            self._alarms["loop"] = Alarm("loop", at, "")

    def _take(self, token: str, gap: str, at: int) -> None:
        self._check_blank(gap, at - len(gap))
        if "loop" not in self._alarms:
            began = self._repetition.take(token, gap, at)
            if began is not None:
                self._alarms["loop"] = Alarm("loop", began, _shorten(self._repetition.quote()))
        if "loop" not in self._alarms:
            began = self._lines.take(token, gap, at)
            if began is not None:
                self._alarms["loop"] = Alarm("loop", began, _shorten(self._lines.content))
        if "drift" not in self._alarms:
            drifted = self._languages.take(token, at)
            if drifted:
                self._alarms["drift"] = Alarm("drift", *drifted)


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _QUOTED else text[:_QUOTED].rstrip() + "…"


class _Repetition:
    """Tells from token to token whether the text goes round in circles."""

    def __init__(self) -> None:
        self._tokens: deque[tuple[str, str, int]] = deque(maxlen=_REACH + _GRAM)  # word, as written, offset
        self._count = 0
        self._gram: deque[str] = deque(maxlen=_GRAM)
        self._seen: dict[tuple[str, ...], int] = {}
        self._grams: deque[tuple[str, ...]] = deque()
        self._window: deque[bool] = deque(maxlen=_WINDOW)
        self._repeated = 0
        self._distance = 0
        self._run = 0

    def take(self, token: str, gap: str, at: int) -> int | None:
        """Take in one token; the offset where the loop began, once there is one."""
        word = token.lower()
        self._follow(word)
        self._tokens.append((word, gap + token, at))
        self._count += 1
        self._remember(word)
        if self._run >= max(_ROUND, 2 * self._distance) and self._run >= self._needed():
            return self._offset(self._run + self._distance)
        if self._repeated >= _REPEATED and self._needed() == _ROUND:
            return self._offset(len(self._window) - self._window.index(True) + _GRAM - 1)
        return None

    def quote(self) -> str:
        """What is repeated, from the beginning of a sentence where there is one."""
        unit = [text for _, text, _ in self._unit()]
        starts = [at for at, text in enumerate(unit) if unit[at - 1][-1] in ".!?。！？" or "\n" in text]
        first = starts[0] if starts else 0
        return "".join(unit[first:] + unit[:first] if self._distance else unit[first:])

    def _unit(self) -> list[tuple[str, str, int]]:
        return list(self._tokens)[-(self._distance or 24) :]

    def _needed(self) -> int:
        words = " ".join(word for word, _, _ in self._unit())
        if _WORD.search(words):
            return _ROUND
        return _ROUND_OF_NUMBERS if any(letter.isalnum() for letter in words) else _ROUND_OF_MARKS

    def _offset(self, back: int) -> int:
        return self._tokens[-min(back, len(self._tokens))][2]

    def _follow(self, word: str) -> None:
        """Go on with the run at the known distance, if it goes on."""
        if self._distance and self._distance <= len(self._tokens) and self._tokens[-self._distance][0] == word:
            self._run += 1
        else:
            self._distance = self._run = 0

    def _remember(self, word: str) -> None:
        self._gram.append(word)
        repeated = False
        if len(self._gram) == _GRAM:
            gram = tuple(self._gram)
            before = self._seen.get(gram)
            repeated = before is not None
            if before is not None and not self._distance:
                self._distance, self._run = self._count - before, _GRAM
            self._seen[gram] = self._count
            self._grams.append(gram)
            if len(self._grams) > _REACH:
                oldest = self._grams.popleft()
                if self._seen.get(oldest, self._count) <= self._count - _REACH:
                    del self._seen[oldest]
        self._repeated += repeated - (self._window[0] if len(self._window) == _WINDOW else False)
        self._window.append(repeated)


class _SameLines:
    """Tells when the last lines say the same behind their list markers: "E. 0.014", "F. 0.014", …"""

    def __init__(self) -> None:
        self._line = ""
        self._start = 0
        self._began = 0
        self._count = 0
        self.content = ""

    def take(self, token: str, gap: str, at: int) -> int | None:
        """Take in one token; the offset where the loop began, once there is one."""
        if "\n" not in gap:
            if len(self._line) < _LONGEST_LINE:
                self._line += gap + token
            return None
        content = _MARKER.sub("", self._line, count=1)
        if content == self.content:
            self._count += 1
        else:
            self.content, self._count, self._began = content, 1, self._start
        self._line, self._start = token, at
        enough = self._count >= _LINES and any(letter.isalnum() for letter in content)
        return self._began if enough else None

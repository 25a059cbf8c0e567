"""Tells from the script in which language prose is written, and whether a chain leaves that of its question.

Owns the scripts and the words that give English prose away. Maths, code and names give nothing away: they count for
nothing.
"""

from __future__ import annotations

import re
from collections import Counter, deque

_SCRIPTS = (
    ("Chinese", "\u4e00-\u9fff\u3400-\u4dbf"),
    ("Japanese", "\u3040-\u30ff"),
    ("Korean", "\uac00-\ud7af\u1100-\u11ff"),
    ("Russian", "\u0400-\u04ff"),
    ("Greek", "\u0370-\u03ff"),
    ("Arabic", "\u0600-\u06ff\u0750-\u077f"),
    ("Hebrew", "\u0590-\u05ff"),
    ("Hindi", "\u0900-\u097f"),
    ("Bengali", "\u0980-\u09ff"),
    ("Tamil", "\u0b80-\u0bff"),
    ("Thai", "\u0e00-\u0e7f"),
)
_FOREIGN = re.compile("|".join(f"(?P<{name}>[{span}])" for name, span in _SCRIPTS))

# Words that hold English sentences together and that no programming language knows.
_PROSE = """the of that are was were this it but so we you they he she because which have has been can will would should
    could there their what how when also just an my your about than these those need does did now some more a its only
    very into"""
_ENGLISH = frozenset(_PROSE.split())
_ENGLISH_WORTH = 4  # Chinese characters that one of them is worth

# Asked for by name: the answer, and the thought, may be in it. Anything may follow where translation is asked for.
_NAMED = {
    "Chinese": r"chinese|mandarin|cantonese|pinyin|hanzi|kanji|japanese|中文|汉语|漢語|普通话|国语|古文|诗|日文|日语",
    "Japanese": r"japanese|kanji|kana|hiragana|katakana|日文|日语|日語|日本",
    "Korean": r"korean|hangul|韩文|韩语|韓語",
    "Russian": r"russian|ukrainian|bulgarian|serbian|cyrillic|俄文|俄语|俄語",
    "Greek": r"greek|希腊",
    "Arabic": r"arabic|persian|farsi|urdu|阿拉伯",
    "Hebrew": r"hebrew|希伯来",
    "Hindi": r"hindi|sanskrit|marathi|nepali|印地",
    "Bengali": r"bengali|bangla|孟加拉",
    "Tamil": r"tamil",
    "Thai": r"\bthai\b|泰语|泰文",
    "English": r"english|英文|英语|英語",
}
_ANY = re.compile(r"translat|翻译|翻譯|外语|外語", re.I)
_LATIN_WORD = re.compile(r"[a-z]{4}", re.I)

_WINDOW = 80  # worth of prose that is looked at
_SHARE = 0.85  # of it in a foreign script: a drift
_HOME = 40  # worth of prose in the question's own language, before English counts as foreign to it


def _asked_in(question: str) -> set[str]:
    """The languages that a question is written in; empty where it does not tell, or breaks off."""
    if question.rstrip().endswith(("…", "...")):
        return set()
    languages = {match.lastgroup or "" for match in _FOREIGN.finditer(question)}
    english = sum(word in _ENGLISH for word in re.findall(r"[a-z]+", question.lower()))
    if english > 1 or (not languages and _LATIN_WORD.search(question)):
        languages.add("English")
    return languages


class Languages:
    """The languages that a question allows, and how far the chain is from them."""

    def __init__(self, question: str) -> None:
        self._allowed = _asked_in(question)
        self._told = bool(self._allowed)  # else the chain's beginning tells
        self._allowed.update(name for name, pattern in _NAMED.items() if re.search(pattern, question, re.I))
        self._watching = not _ANY.search(question)
        self._home = 0
        self._recent: deque[tuple[str, int, int]] = deque()  # language, worth, offset
        self._worth: Counter[str] = Counter()
        self._total = 0
        self._fence = 0
        self._fenced = False

    def take(self, token: str, at: int) -> tuple[int, str] | None:
        """Take in one word or character; where a drift began and to which language, once there is one."""
        if not self._watching or self._in_fence(token):
            return None
        language = self._language(token)
        if not language:
            return None
        worth = _ENGLISH_WORTH if language == "English" else 1
        self._recent.append((language, worth, at))
        self._worth[language] += worth
        self._total += worth
        while self._total - self._recent[0][1] >= _WINDOW:
            gone, less, _ = self._recent.popleft()
            self._worth[gone] -= less
            self._total -= less
        self._home += worth if language in self._allowed else 0
        if self._total < _WINDOW:
            return None
        if not self._told:
            self._allowed.add(self._worth.most_common(1)[0][0])
            self._told = True
        if language in self._allowed:
            return None
        if self._worth[language] < _SHARE * self._total or (language == "English" and self._home < _HOME):
            return None
        began = next(offset for name, _, offset in self._recent if name == language)
        return began, language

    def _language(self, token: str) -> str:
        if token.isascii():
            return "English" if token.lower() in _ENGLISH else ""
        match = _FOREIGN.match(token)
        return (match.lastgroup or "") if match else ""

    def _in_fence(self, token: str) -> bool:
        self._fence = self._fence + 1 if token == "`" else 0
        if self._fence == 3:
            self._fenced = not self._fenced
        return self._fenced

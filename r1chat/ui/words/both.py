"""A sentence in both languages of the page."""

from __future__ import annotations

from typing import Literal, Protocol, overload

Language = Literal["en", "zh"]


class Speaker(Protocol):
    """Something that speaks one language."""

    lang: Language


class Both:
    """A sentence in both languages; read from a speaker it is the one in the speaker's language."""

    def __init__(self, en: str, zh: str) -> None:
        self.en = en
        self.zh = zh

    @overload
    def __get__(self, speaker: None, owner: type[Speaker]) -> Both: ...
    @overload
    def __get__(self, speaker: Speaker, owner: type[Speaker]) -> str: ...
    def __get__(self, speaker: Speaker | None, owner: type[Speaker]) -> Both | str:
        if speaker is None:
            return self
        return self.zh if speaker.lang == "zh" else self.en

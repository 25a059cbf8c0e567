"""A text in both languages of r1chat: what every message to a person is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, overload

Language = Literal["en", "zh"]


class Speaker(Protocol):
    """Something that speaks one language."""

    lang: Language


class Both:
    """A text in English and Chinese. As an attribute of a class that has a `lang`, it reads as that language's text."""

    def __init__(self, en: str, zh: str) -> None:
        self.en = en
        self.zh = zh

    def pick(self, lang: str) -> str:
        """The text in a language: Chinese for "zh", else English."""
        return self.zh if lang == "zh" else self.en

    def format(self, **values: object) -> Both:
        """Both texts with their fields filled in. A value that is a `Both` gives each text its own language."""
        return Both(
            self.en.format(**{name: value.en if isinstance(value, Both) else value for name, value in values.items()}),
            self.zh.format(**{name: value.zh if isinstance(value, Both) else value for name, value in values.items()}),
        )

    @classmethod
    def of(cls, text: Both | str) -> Both:
        """The text itself, or a text of one language in place of both."""
        return text if isinstance(text, Both) else cls(text, text)

    @classmethod
    def sentences(cls, texts: Sequence[Both]) -> Both:
        """Sentences one after the other: Chinese ones without a space between them."""
        return cls(" ".join(text.en for text in texts), "".join(text.zh for text in texts))

    def __str__(self) -> str:
        return self.en

    def __repr__(self) -> str:
        return f"Both({self.en!r}, {self.zh!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Both) and (self.en, self.zh) == (other.en, other.zh)

    def __hash__(self) -> int:
        return hash((self.en, self.zh))

    @overload
    def __get__(self, speaker: None, owner: type[Speaker]) -> Both: ...
    @overload
    def __get__(self, speaker: Speaker, owner: type[Speaker]) -> str: ...
    @overload
    def __get__(self, speaker: object, owner: type[object]) -> Both: ...  # a value's field, such as `Reply.error`
    def __get__(self, speaker: object, owner: type[object]) -> Both | str:
        lang: str | None = getattr(speaker, "lang", None)
        return self if lang is None else self.pick(lang)


Wording = Both | str  # a plain string exists in one language only, such as a server's own words

"""A reply on its way out: tokens become text, and the text is told to whoever listens. Knows no context or sampler."""

from __future__ import annotations

import codecs
import time
from collections.abc import Container
from typing import Protocol

from r1chat.messages import BackendEvent, Raw, Token

PASS_ON_EVERY = 0.01  # seconds; faster tokens travel together, or waking the reader would cost more than decoding


class StoppedError(Exception):
    """Nobody wants the rest."""


class Listener(Protocol):
    """Whoever waits for a reply, or for several samples of one."""

    @property
    def stopped(self) -> bool:
        """Nobody wants the rest."""
        ...

    def tell(self, event: BackendEvent, sample: int = 0) -> None:
        """Take an event of a sample; must not block."""
        ...


class Detokenizer:
    """Makes text of a reply's tokens. A character that is spread over tokens is told when it is whole.

    Tokens in `control` are told as such.
    """

    def __init__(self, listener: Listener, sample: int = 0, control: Container[int] = ()) -> None:
        self.count = 0  # tokens
        self._listener = listener
        self._sample = sample
        self._control = control
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._texts: list[str] = []  # not told yet, and of how many tokens
        self._waiting = 0
        self._told_at = 0.0

    def add(self, token: int, piece: bytes) -> None:
        """One more token, and its text."""
        self.count += 1
        if token in self._control:
            self._tell()
            self._listener.tell(Token(piece.decode(errors="replace"), 1 + self._waiting), self._sample)
            self._waiting = 0
            return
        text = self._decode(piece)
        if "<" in text:  # a tag that is spelled in letters is told apart, so that tokens are counted where they belong
            self._tell()
        self._waiting += 1
        self._texts.append(text)
        now = time.perf_counter()
        if now - self._told_at >= PASS_ON_EVERY or ">" in text:
            self._told_at = now
            self._tell()

    def end(self, cut: bool) -> None:
        """Tell the rest. Where a reply was `cut` in the midst of a character, that character is not told."""
        if not cut:
            self._texts.append(self._decode(b"", True))
        self._tell()

    def _tell(self) -> None:
        if text := "".join(self._texts):
            self._listener.tell(Raw(text, self._waiting), self._sample)
            self._texts.clear()
            self._waiting = 0

"""The words for judging a reply: thumbs, reasons, steps, corrections, references."""

from __future__ import annotations

from r1chat.ui.both import Both, Language


class RatingWords:
    """Mixed into `Words`."""

    lang: Language

    good = Both("Good", "好")

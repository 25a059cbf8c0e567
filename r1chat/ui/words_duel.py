"""The words of a comparison of two replies."""

from __future__ import annotations

from r1chat.ui.both import Both, Language


class DuelWords:
    """Mixed into `Words`."""

    lang: Language

    compare = Both("Compare", "比较")

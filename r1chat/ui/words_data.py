"""The words of the data page."""

from __future__ import annotations

from r1chat.ui.both import Both, Language


class DataWords:
    """Mixed into `Words`."""

    lang: Language

    data = Both("Data", "数据")

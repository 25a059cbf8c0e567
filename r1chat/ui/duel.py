"""Two replies side by side on the page, and what their buttons do. Knows no Gradio and no SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from r1chat.app import App

Act = Callable[[str, str, str, str, str], object]  # conversation, id, text, model, language


def acts(app: App) -> Mapping[str, Act]:
    """What the verbs of a comparison do."""
    return {}

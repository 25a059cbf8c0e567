"""Judging a reply on the page: what is shown below it, and what its buttons do. Knows no Gradio and no SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from r1chat.app import App
from r1chat.judgements import Judged
from r1chat.messages import StoredReply
from r1chat.ui.words import Words

Act = Callable[[str, str, str, str, str], object]  # conversation, id, text, model, language


def panel(stored: StoredReply, judged: Judged, words: Words) -> str:
    """What can be said of a finished reply, and what was said of it."""
    return ""


def acts(app: App) -> Mapping[str, Act]:
    """What the verbs of the panel do."""
    return {}

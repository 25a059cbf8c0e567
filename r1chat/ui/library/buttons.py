"""What can be done with a model on the library page, as buttons and links."""

from __future__ import annotations

from urllib.parse import urlencode

from markupsafe import Markup

from r1chat.ui.html.parts import EMPTY
from r1chat.ui.words.library import LibraryWords


def act(verb: str, name: str, text: str, label: str, sure: str = "") -> Markup:
    """A button that does something with a model; `sure` is asked before."""
    return Markup(
        '<button type="button" data-verb="{verb}" data-id="{id}" aria-label="{label}"{sure}>{text}</button>'
    ).format(
        verb=verb,
        id=name,
        label=label,
        sure=Markup(' data-sure="{}"').format(sure) if sure else EMPTY,
        text=text,
    )


def chat_link(key: str, name: str, w: LibraryWords) -> Markup:
    return Markup('<a class="chat" href="../?{query}" aria-label="{label}">{text}</a>').format(
        query=urlencode({"model": key}), label=w.chat_with.format(name=name), text=w.chat
    )

"""Rating one reply after the other: the newest finished reply that the rater has not rated yet, as HTML. Pure."""

from __future__ import annotations

from markupsafe import Markup

from r1chat.conversations import StoredReply
from r1chat.ui.data.rows import drawn
from r1chat.ui.html.parts import EMPTY, attributes
from r1chat.ui.words.page import Words


def card(stored: StoredReply | None, message: str, waiting: int, words: Words) -> Markup:
    """The reply with its message, and what can be said of it. `waiting`: replies that are left, with this one."""
    if stored is None:
        return Markup('<p class="done">{}</p>').format(words.queue_done)
    thought = EMPTY
    if stored.reply.reasoning:
        thought = Markup("<details><summary>{} <kbd>T</kbd></summary>{}</details>").format(
            words.row_thought, drawn(stored.reply.reasoning)
        )
    return Markup(
        '<article data-id="{id}"><p class="left">{left} · {model}</p><div class="text">{message}</div>{thought}'
        '<div class="read">{answer}</div></article><div class="verdicts">{good}{bad}{skip}{back}</div>'
    ).format(
        id=stored.id,
        left=words.queue_one if waiting == 1 else words.queue_left.format(n=f"{waiting:,}"),
        model=stored.provenance.model or stored.provenance.backend,
        message=message,
        thought=thought,
        answer=drawn(stored.reply.answer),
        good=_key("good", words.queue_good, "G"),
        bad=_key("bad", words.queue_bad, "B"),
        skip=_key("skip", words.queue_skip, "S"),
        back=_key("back", words.queue_back, "Z"),
    )


def _key(verdict: str, label: str, key: str) -> Markup:
    marks = attributes(data_verb=f"queue-{verdict}", aria_keyshortcuts=key)
    return Markup('<button type="button"{}>{} <kbd>{}</kbd></button>').format(marks, label, key)

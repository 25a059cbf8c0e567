"""The first message of a conversation that goes on from another one. Knows no Gradio and no SQL."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing

from r1chat.app import App
from r1chat.conversations import Conversation
from r1chat.errors import BackendError
from r1chat.summary import last_messages, summarise
from r1chat.ui.words.page import Words

INTERVAL = 0.25  # seconds between two states of a growing summary

log = logging.getLogger(__name__)


def first_message(app: App, conversation_id: str, model: str, words: Words) -> Iterator[str]:
    """The message as it grows, with a summary by the model; where it cannot write one, with the last messages.

    Raises NotFoundError, at once, for a conversation that is not there.
    """
    return _growing(app, app.store.conversation(conversation_id), model, words)


def _growing(app: App, conversation: Conversation, model: str, words: Words) -> Iterator[str]:
    title = conversation.info.title or words.untitled
    summary, last_yield = "", 0.0
    try:
        backend, info = app.catalogue.find(model)
        with closing(summarise(conversation, backend, info)) as texts:  # type: ignore[type-var]
            for summary in texts:
                if time.monotonic() - last_yield >= INTERVAL:
                    yield words.carried_summary.format(title=title, text=summary).rstrip()
                    last_yield = time.monotonic()
    except BackendError as error:
        log.info("no summary could be written: %s", error)
        summary = ""
    if summary:
        yield words.carried_summary.format(title=title, text=summary)
    else:
        yield words.carried_messages.format(title=title, text=last_messages(conversation.turns))

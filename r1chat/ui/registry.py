"""Every act of the chat page by its verb, and the one place where an act is carried out."""

from __future__ import annotations

import logging

from r1chat.app import App
from r1chat.errors import MessageError
from r1chat.ui.act import Act, Actions, PageUpdate
from r1chat.ui.compare import acts as compare
from r1chat.ui.composer import acts as composer
from r1chat.ui.judge import acts as judge
from r1chat.ui.settings import acts as settings
from r1chat.ui.talk import acts as talk
from r1chat.ui.words.page import Words

ACTIONS: Actions = {**talk.ACTIONS, **judge.ACTIONS, **compare.ACTIONS, **composer.ACTIONS, **settings.ACTIONS}

log = logging.getLogger(__name__)


def perform(app: App, act: Act) -> PageUpdate:
    """Carry out an act; what it changes in a conversation comes through the feed. Raises R1ChatError."""
    action = ACTIONS.get(act.verb)
    if action is None:
        log.warning("the page sent an unknown act")
        raise MessageError(Words.unknown_act)
    return action(app.home_of(act.subject, act.conversation), act) or {}

"""The switch at the foot of a conversation: whether it may be exported. Pure; `acts` does what it says."""

from __future__ import annotations

import json

from markupsafe import Markup

from r1chat.judgements import Judged
from r1chat.ui.html.parts import attributes
from r1chat.ui.words.page import Words


def switch(conversation_id: str, judged: Judged, words: Words) -> Markup:
    """On where the conversation, or else every conversation, may be exported. It speaks for this one alone."""
    marks = attributes(
        aria_checked="true" if judged.consent else "false",
        data_verb="consent",
        data_id=conversation_id,
        data_text=json.dumps({"allowed": not judged.consent}),
        data_key="consent",
    )
    return Markup(
        '<button type="button" role="switch"{} aria-describedby="consent-why">{}</button>'
        '<small id="consent-why">{}</small>'
    ).format(marks, words.consent, words.consent_why)

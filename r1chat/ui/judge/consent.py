"""The switch at the foot of a conversation: whether it may be exported. Pure; `judging` does what it says."""

from __future__ import annotations

import json

from r1chat.judgements import Judged
from r1chat.ui.html.markdown import plain
from r1chat.ui.words.page import Words


def switch(conversation_id: str, judged: Judged, words: Words) -> str:
    """On where the conversation, or else every conversation, may be exported. It speaks for this one alone."""
    on, said = ("true" if judged.consent else "false"), plain(json.dumps({"allowed": not judged.consent}))
    return (
        f'<button type="button" role="switch" aria-checked="{on}" data-verb="consent" '
        f'data-id="{plain(conversation_id)}" data-text="{said}" data-key="consent" aria-describedby="consent-why">'
        f'{plain(words.consent)}</button><small id="consent-why">{plain(words.consent_why)}</small>'
    )

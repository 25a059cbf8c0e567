"""The transcript: a component of our own, which shows a conversation block by block.

Its value says which conversation to show. The blocks come from the feed (`feed.py`) as patches; a sealed block is
sent once and never touched again. The template is static: no text of a model or a person ever reaches Gradio's
templating, which would run it as code. What a person clicks comes back as an event `act` with a verb and an id.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_UI = Path(__file__).parents[1]
_SCRIPTS = ("talk/transcript.js", "judge/rating.js", "compare/duel.js")  # one after the other, in one function


def transcript() -> gr.HTML:
    """The component. Its value: `{"conversation": id or "", "model": key, "lang": "en" or "zh"}`."""
    return gr.HTML(
        None,
        html_template='<div class="read" role="log" aria-live="off"></div>',
        js_on_load="\n".join((_UI / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        elem_id="transcript",
        apply_default_css=False,
        container=False,
    )


def conversation_list() -> gr.HTML:
    """The list at the left. Its value is HTML from `sidebar.py`, put in place by its script, not by the template."""
    return gr.HTML(
        None,
        html_template='<nav class="list"></nav>',
        js_on_load=(_UI / "talk/sidebar.js").read_text(encoding="utf-8"),
        elem_id="conversations",
        apply_default_css=False,
        container=False,
    )

"""What the page is told when it opens: its words, and the conversation of its address or an empty one.

A route of our own, as everything else that the page asks for. An event of Gradio would do it over its queue: later, and
with errors in the browser's console where a person leaves the page before it is there.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from markupsafe import Markup

from r1chat.app import App
from r1chat.both import Language
from r1chat.errors import NotFoundError, R1ChatError
from r1chat.messages import LONGEST_NAME
from r1chat.ui.act import LONGEST_ID
from r1chat.ui.composer.blocks import composer_blocks, model_key
from r1chat.ui.composer.choice import choice_of
from r1chat.ui.html.icons import icon
from r1chat.ui.html.parts import icon_button
from r1chat.ui.language import LANGUAGE_COOKIE, spoken
from r1chat.ui.responses import JSONResponse
from r1chat.ui.routes import QUIET, refused
from r1chat.ui.talk.moments import SYMBOLS
from r1chat.ui.talk.render import tools
from r1chat.ui.talk.screen import model_blocks, show
from r1chat.ui.words.page import words


def add(web: FastAPI, app: App) -> None:
    """Add the route."""

    @web.get("/r1chat/opening")
    async def opening(request: Request) -> Response:
        lang = spoken(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language"))
        conversation = request.query_params.get("c", "")[:LONGEST_ID]
        model = request.query_params.get("model", "")[:LONGEST_NAME]
        try:
            return JSONResponse(await run_in_threadpool(opened, app, lang, conversation, model), headers=QUIET)
        except R1ChatError as error:
            return refused(error.sentence(lang), 400)


def opened(app: App, lang: Language, conversation: str, model: str) -> dict[str, Any]:
    """`words` of the scripts, `home` (an id of the data folder), `answer` as after an act, the key of the `model`, and
    what the person is `told`.

    `conversation`: its id; one that is not there opens the empty page, and that is told. `model`: the key of the one to
    begin with where no conversation shows, from the page of models; "" for the usual one.
    """
    notice, w = "", words(lang)
    if app.catalogue.account(model):  # any site may link here: the server of another account is not chosen by a link
        model = ""
    if conversation:
        try:
            model = app.home_of(conversation).store.info(conversation).model
        except NotFoundError:
            conversation, notice = "", w.no_such_conversation
    key, home = model_key(app, model), app.home_of(conversation)
    answer = show(home, conversation, key, w)
    answer["blocks"] += model_blocks(app, key, w)
    answer["blocks"] += composer_blocks(app, key, choice_of(home, conversation, key), w)
    answer["blocks"].append({"id": "jump-place", "html": jump_html(lang)})
    opening = {"lang": lang, "words": script_words(lang), "home": _id(app.settings.data_dir)}
    return {**opening, "answer": answer, "model": key, "told": notice}


def _id(folder: Path) -> str:
    """The same for a folder at each start, and another for every other."""
    return sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def jump_html(lang: str) -> Markup:
    """The button that jumps to the newest text, and what scripts take copies of or write into."""
    w = words(lang)
    return Markup(
        '<button id="jump" aria-label="{jump}" title="{jump}">{arrow}</button>{tools}{symbols}'
        '<template id="copy-code">{copy}</template><div id="offline" role="alert" hidden></div>'
        '<div id="announcer" class="unseen" role="status" aria-live="polite"></div>'
    ).format(
        jump=w.jump,
        arrow=icon("arrow-down"),
        tools=tools(w),
        symbols=SYMBOLS,
        copy=icon_button("copy-code", "", "copy", w.copy_code, data_done=w.copied),
    )


# What the scripts say themselves, and what they put into the layout.
_SCRIPT_WORDS = (
    "answer_now",
    "ask_phrasings",
    "behaviour",
    "broken",
    "budget_tokens",
    "cancel",
    "close",
    "conversations",
    "copied",
    "deleted_conversations",
    "draft_not_kept",
    "edit_kept",
    "erased_now",
    "hide_list",
    "hide_outline",
    "hint",
    "hint_queue",
    "message",
    "models",
    "learn",
    "evaluation",
    "new_conversation",
    "not_allowed",
    "outline",
    "palette",
    "palette_acts",
    "phrasing",
    "phrasings",
    "phrasings_note",
    "placeholder",
    "queued_edit",
    "queued_message",
    "queued_remove",
    "restored",
    "saved",
    "search",
    "send",
    "settings",
    "shortcuts",
    "show_list",
    "show_outline",
    "skip_to_message",
    "stop",
    "summarising",
    "unreachable",
    "write_phrasings",
)


def script_words(lang: str) -> dict[str, str]:
    """The words that the scripts know, by their names."""
    w = words(lang)
    texts = {name: str(getattr(w, name)) for name in _SCRIPT_WORDS}
    return {
        **texts,
        "startAgain": w.start_again,
        "notRunning": w.not_running,
        "copyFailed": w.copy_failed,
        "transcript": w.transcript,
        "thinking": w.said_thinking,
        "answering": w.said_answering,
        "done": w.said_done,
        "stopped": w.said_stopped,
        "failed": w.said_failed,
    }

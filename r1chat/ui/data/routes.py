"""What the data page asks for and sends. Every route lies behind the guard, and takes what it gets as hostile input.

What a person may read of an error comes as status 400 and a sentence; what changes something is a POST, which the guard
lets pass only from this page.
"""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response
from markupsafe import Markup

from r1chat.app import App
from r1chat.config import Settings
from r1chat.errors import MessageError
from r1chat.export import FORMATS, THOUGHTS, Format, Options, Thoughts, count, rows
from r1chat.export.conflicts import conflicts
from r1chat.judgements import Thumb
from r1chat.redact import Redactor, account_names
from r1chat.ui.data import conflicts as twice
from r1chat.ui.data import exporting, league, page, query, queue, redaction
from r1chat.ui.data.answering import Sent, html_answer
from r1chat.ui.data.job_routes import add_jobs
from r1chat.ui.data.jobs import Jobs
from r1chat.ui.data.players import results
from r1chat.ui.data.query import Choices, Query
from r1chat.ui.data.rows import Shown, listing, reply
from r1chat.ui.words.page import Words

PAGE = 30  # rows
MOST = 300  # rows that are shown anew at once
MOST_READ = 5_000  # messages that a look for personal data reads


def add(web: FastAPI, app: App, jobs: Jobs) -> None:
    """Add the page at /data/, and the routes below /r1chat/data/."""
    names = account_names()
    _add_readings(web, app, jobs, names)
    _add_acts(web, app)
    add_jobs(web, app, jobs)


def _add_readings(web: FastAPI, app: App, jobs: Jobs, names: frozenset[str]) -> None:
    @web.get("/data/")
    def document(request: Request) -> Response:
        return html_answer(request, page.document)

    @web.get("/r1chat/data/page")
    def whole(request: Request) -> Response:
        def html(w: Words) -> str:
            with app.store.dataset.snapshot() as snapshot:
                choices = Choices(snapshot.all_models(), snapshot.raters())
            consent = app.store.judgements.consent_for_all()
            return page.frame(request.query_params, choices, consent, jobs.state, w)

        return html_answer(request, html)

    @web.get("/r1chat/data/rows")
    def some_rows(request: Request) -> Response:
        params = request.query_params

        def html(w: Words) -> str:
            selection = query.read(params)
            limit = min(max(_number(params.get("limit", "")), PAGE), MOST)
            format, thoughts = _chosen(params.get("format", ""), params.get("thoughts", ""))
            options = Options(thoughts=thoughts, redact=params.get("redact") != "no")
            before = params.get("before") or None
            rows_page = rows(app.store, selection, before, limit, format, options, app.catalogue)
            with app.store.dataset.snapshot() as snapshot:
                consents = snapshot.consents({row.conversation_id for row in rows_page.rows})
                sides = {side.id for row in rows_page.rows for side in row.sides}
                hidden = snapshot.hidden(app.teacher.rater, sides)
            view = Shown(consents, params.get("redacted") == "yes", names, format, hidden)
            if params.get("before"):
                return listing(rows_page, view, w)
            counter = Markup('<template id="counted">{}</template>').format(f"{count(app.store, selection):,}")
            if not rows_page.rows and query.asked(params):  # without a filter, the counters say what to do
                return counter + Markup("<p>{}</p>").format(w.rows_none)
            return counter + listing(rows_page, view, w)

        return html_answer(request, html)

    @web.get("/r1chat/data/reply/{reply_id}")
    def one_reply(request: Request, reply_id: str) -> Response:
        redactor = Redactor(names) if request.query_params.get("redacted") == "yes" else None
        return html_answer(request, lambda w: reply(app.store.reply(reply_id), redactor, w))

    @web.get("/r1chat/data/next")
    def next_unrated(request: Request) -> Response:
        """The newest reply that is not rated yet; `after`: older than this one."""
        after = request.query_params.get("after", "")

        def html(w: Words) -> str:
            last = app.store.reply(after) if after else None
            with app.store.dataset.snapshot() as snapshot:
                place = (last.created, last.id) if last else None
                reply_id, waiting = snapshot.unrated(app.teacher.rater, place)
            stored = app.store.reply(reply_id) if reply_id else None
            return queue.card(stored, app.store.turn(stored.turn_id).content if stored else "", waiting, w)

        return html_answer(request, html)

    @web.get("/r1chat/data/counters")
    def counters(request: Request) -> Response:
        return html_answer(request, lambda w: page.counters(app.store.judgements.gathered(), w))

    @web.get("/r1chat/data/league")
    def standings(request: Request) -> Response:
        def html(w: Words) -> str:
            selection = query.read(request.query_params)
            return league.panel(results(app.store, selection, w), w)

        return html_answer(request, html)

    @web.get("/r1chat/data/conflicts")
    def judged_twice(request: Request) -> Response:
        return html_answer(request, lambda w: twice.panel(conflicts(app.store, query.read(request.query_params)), w))

    @web.get("/r1chat/data/preview")
    def preview(request: Request) -> Response:
        return html_answer(request, lambda w: redaction.report(_replaced(app, request.query_params, names), w))

    @web.get("/r1chat/data/command")
    def command(request: Request) -> Response:
        return html_answer(request, lambda w: exporting.command(request.query_params, w, _folder(app)))


def _add_acts(web: FastAPI, app: App) -> None:
    @web.post("/r1chat/data/consent")
    def consent(request: Request, fields: Sent) -> Response:
        """Whether a conversation, or (without an id) every one that has no consent of its own, may be exported."""

        def html(w: Words) -> str:
            allowed = fields.flag("allowed")
            if allowed is None:
                raise MessageError(Words.bad_consent)
            app.teacher.set_consent(fields.text("id") or None, allowed)
            return page.consent_form(app.store.judgements.consent_for_all(), w)

        return html_answer(request, html)

    @web.post("/r1chat/data/rate")
    def rate(request: Request, fields: Sent) -> Response:
        """A thumb for the answer of a reply."""

        def html(w: Words) -> str:
            thumb: Thumb = "up" if fields.text("thumb") == "up" else "down"
            app.teacher.judge_answer(fields.text("id"), thumb, fields.flag("thought"))
            return ""

        return html_answer(request, html)

    @web.post("/r1chat/data/exclude")
    def exclude(request: Request, fields: Sent) -> Response:
        """Whether a judgement is kept out, and why."""

        def html(w: Words) -> str:
            excluded = fields.flag("excluded")
            if excluded is None:
                raise MessageError(Words.bad_exclusion)
            app.teacher.exclude(fields.text("id"), excluded, fields.text("reason"))
            return ""

        return html_answer(request, html)


def _chosen(format: str, thoughts: str) -> tuple[Format | None, Thoughts | None]:
    """The format and the way of thoughts that the page names; None where it names none that there is."""
    return next((name for name in FORMATS if name == format), None), next(
        (name for name in THOUGHTS if name == thoughts), None
    )


def _folder(app: App) -> Path | None:
    """The data folder that a command in a terminal must be told; None for the one that it uses by itself."""
    folder = app.settings.data_dir
    return None if folder == Settings.model_fields["data_dir"].get_default(call_default_factory=True) else folder


def _number(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else 0


def _replaced(app: App, params: Query, names: frozenset[str]) -> redaction.Replaced:
    """What redaction would replace in an export of the filter, whether or not there is consent yet."""
    replaced, seen = redaction.Replaced(), set[str]()  # replies: the same history stands before many messages
    with app.store.dataset.snapshot() as snapshot:
        for batch in snapshot.turns(query.read(params), consented_only=False):
            for turn in batch:
                if replaced.messages == MOST_READ:
                    replaced.cut = True
                    return replaced
                replaced.messages += 1
                earlier = [item for item in turn.history if item.reply_id not in seen]
                seen.update((item.reply_id for item in earlier), turn.replies)
                texts = [turn.message, *(text for item in earlier for text in (item.message, item.answer))]
                replies = [text for item in turn.replies.values() for text in (item.reasoning, item.answer)]
                comments = [comparison.comment for comparison in turn.comparisons]
                comments += [rating.comment for rating in turn.ratings]
                reference = [turn.reference.text] if turn.reference else []
                systems = {item.system for item in turn.replies.values()}
                replaced.look([*texts, *replies, *comments, *reference, *turn.excluded.values(), *systems], names)
    return replaced

"""What the data page asks for and sends. Every route lies behind the guard, and takes what it gets as hostile input.

What a person may read of an error comes as status 400 and a sentence; what changes something is a POST, which the guard
lets pass only from this page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from pydantic import AfterValidator, BaseModel

from r1chat import archive
from r1chat.app import App
from r1chat.errors import BusyError, ImportFileError, R1ChatError
from r1chat.export import Summary, count, export, rows
from r1chat.export.conflicts import conflicts
from r1chat.redact import Redactor, account_names
from r1chat.ui.data import conflicts as twice
from r1chat.ui.data import evidence, exporting, league, page, query
from r1chat.ui.data.jobs import FOLDER, Jobs, Progress
from r1chat.ui.data.players import results
from r1chat.ui.data.query import Choices, Query
from r1chat.ui.data.rows import Shown, listing, reply
from r1chat.ui.wiring import LANGUAGE_COOKIE
from r1chat.ui.words import Words, pick, words

PAGE = 30  # rows
MOST = 300  # rows that are shown anew at once
MOST_READ = 5_000  # messages that a look for personal data reads
LARGEST_UPLOAD = 2  # GB

_QUIET = {"Cache-Control": "no-store"}


# JSON may hold halves of surrogate pairs, which no encoding takes.
Text = Annotated[str, AfterValidator(lambda text: text.encode("utf-8", "replace").decode())]


class Consent(BaseModel):
    """Whether a conversation, or every one of which nothing else was said, may be exported."""

    id: Text = ""
    allowed: bool


class Exclusion(BaseModel):
    """Whether a judgement is kept out, and why."""

    id: Text
    excluded: bool
    reason: Text = ""


class Archive(BaseModel):
    """Whether the archive holds all, or only what may be exported."""

    everything: bool = False


def add(web: FastAPI, app: App, jobs: Jobs) -> None:
    """Add the routes, all below /r1chat/data/."""
    names = account_names()
    _add_readings(web, app, jobs, names)
    _add_acts(web, app, jobs)
    _add_jobs(web, app, jobs)


def _add_readings(web: FastAPI, app: App, jobs: Jobs, names: frozenset[str]) -> None:
    @web.get("/r1chat/data/page")
    def whole(request: Request) -> Response:
        def html(w: Words) -> str:
            with app.store.dataset.snapshot() as snapshot:
                choices = Choices(snapshot.all_models(), snapshot.raters())
            return page.frame(request.query_params, choices, app.store.judgements.consent_for_all(), jobs.state, w)

        return _html(request, html)

    @web.get("/r1chat/data/rows")
    def some_rows(request: Request) -> Response:
        asked = request.query_params

        def html(w: Words) -> str:
            wanted = query.read(asked, w)
            limit = min(max(_number(asked.get("limit", "")), PAGE), MOST)
            found = rows(app.store, wanted, asked.get("before") or None, limit)
            with app.store.dataset.snapshot() as snapshot:
                consents = snapshot.consents({row.conversation_id for row in found.rows})
            shown = Shown(consents, redacted=asked.get("redacted") == "yes", names=names)
            if asked.get("before"):
                return listing(found, shown, w)
            counter = f'<template id="counted">{count(app.store, wanted):,}</template>'
            none = f"<p>{w.rows_none}</p>" if query.asked(asked) else ""  # the counters say what to do for a first one
            return counter + (listing(found, shown, w) or none)

        return _html(request, html)

    @web.get("/r1chat/data/reply/{reply_id}")
    def one_reply(request: Request, reply_id: str) -> Response:
        redactor = Redactor(names) if request.query_params.get("redacted") == "yes" else None
        return _html(request, lambda w: reply(app.store.reply(reply_id), redactor, w))

    @web.get("/r1chat/data/counters")
    def counters(request: Request) -> Response:
        return _html(request, lambda w: page.counters(app.store.judgements.gathered(), w))

    @web.get("/r1chat/data/league")
    def standings(request: Request) -> Response:
        def html(w: Words) -> str:
            wanted = query.read(request.query_params, w)
            return league.panel(results(app.store, wanted, w), w)

        return _html(request, html)

    @web.get("/r1chat/data/conflicts")
    def judged_twice(request: Request) -> Response:
        return _html(request, lambda w: twice.panel(conflicts(app.store, query.read(request.query_params, w)), w))

    @web.get("/r1chat/data/preview")
    def preview(request: Request) -> Response:
        return _html(request, lambda w: evidence.report(_replaced(app, request.query_params, names, w), w))

    @web.get("/r1chat/data/command")
    def command(request: Request) -> Response:
        return _html(request, lambda w: exporting.command(request.query_params, w))


def _add_acts(web: FastAPI, app: App, jobs: Jobs) -> None:
    @web.post("/r1chat/data/consent")
    def consent(request: Request, said: Consent) -> Response:
        def html(w: Words) -> str:
            app.teacher.set_consent(said.id or None, said.allowed)
            return page.consent_form(app.store.judgements.consent_for_all(), w)

        return _html(request, html)

    @web.post("/r1chat/data/exclude")
    def exclude(request: Request, said: Exclusion) -> Response:
        def html(w: Words) -> str:
            app.teacher.exclude(said.id, said.excluded, said.reason)
            return ""

        return _html(request, html)

    @web.post("/r1chat/data/cancel")
    def cancel(request: Request) -> Response:
        jobs.cancel()
        return _html(request, lambda w: exporting.status(jobs.state, w))


def _add_jobs(web: FastAPI, app: App, jobs: Jobs) -> None:
    @web.get("/r1chat/data/job")
    def job(request: Request) -> Response:
        return _job(request, jobs, lambda w: None)

    @web.post("/r1chat/data/export")
    def begin_export(request: Request, said: dict[str, Text]) -> Response:
        def begin(w: Words) -> None:
            format, name, options = exporting.read(said, w)

            def work(folder: Path, progress: Progress) -> Summary:
                return export(app.store, app.catalogue, format, folder / name, options, progress)

            jobs.start("export", work, w)

        return _job(request, jobs, begin)

    @web.post("/r1chat/data/archive")
    def begin_archive(request: Request, said: Archive) -> Response:
        def work(folder: Path, progress: Progress) -> archive.Written:
            name = exporting.archive_name(datetime.now())
            return archive.write(app.store, folder / name, said.everything, progress)

        return _job(request, jobs, lambda w: jobs.start("archive", work, w))

    @web.post("/r1chat/data/import")
    async def begin_import(request: Request) -> Response:
        w = _words(request)
        if jobs.running:  # said before a large file was sent in vain
            return _sentence(BusyError(w.job_busy))
        try:
            upload = TemporaryDirectory(
                prefix=f"{FOLDER}upload-", dir=app.settings.data_dir, ignore_cleanup_errors=True
            )
            try:
                file = Path(upload.name) / _file_name(request.query_params.get("name", ""))
                await _save(request, file, w)
            except BaseException:
                upload.cleanup()
                raise
        except ImportFileError as error:
            return _sentence(error)
        except OSError as error:
            return _sentence(ImportFileError(w.import_no_room.format(why=error.strerror or error)))

        def work(folder: Path, progress: Progress) -> archive.Imported:
            with upload:
                return archive.read(app.store, file, progress)

        def begin(w: Words) -> None:
            try:
                jobs.start("import", work, w)
            except R1ChatError:
                upload.cleanup()
                raise

        return await run_in_threadpool(_job, request, jobs, begin)

    @web.get("/r1chat/data/file/{job_id}/{name}")
    def take(request: Request, job_id: str, name: str) -> Response:
        file = jobs.file(job_id, name)
        if file is None:
            return PlainTextResponse(_words(request).job_gone, status_code=404, headers=_QUIET)
        return FileResponse(file, filename=name, headers=_QUIET, media_type="application/octet-stream")


def _words(request: Request) -> Words:
    """In the language that was chosen on the chat page, else in the browser's."""
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    return words(cookie if cookie in ("en", "zh") else pick(request.headers.get("accept-language")))


def _html(request: Request, make: Callable[[Words], str]) -> Response:
    try:
        return HTMLResponse(make(_words(request)), headers=_QUIET)
    except R1ChatError as error:
        return _sentence(error)


def _job(request: Request, jobs: Jobs, begin: Callable[[Words], object]) -> Response:
    """Begin a job, and say how it stands; the header tells the page whether to ask again."""

    def html(w: Words) -> str:
        begin(w)
        return exporting.status(jobs.state, w)

    response = _html(request, html)
    response.headers["X-Running"] = "yes" if jobs.running else "no"
    return response


def _sentence(error: R1ChatError) -> Response:
    return PlainTextResponse(str(error), status_code=400, headers=_QUIET)


def _number(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else 0


def _file_name(name: str) -> str:
    """A name that is one, whatever was sent: it stands in the sentences about the file."""
    kept = re.sub(r"[^\w.() -]", "_", name.replace("\\", "/").rpartition("/")[2])[-80:].strip(". ")
    return kept or "file"


async def _save(request: Request, file: Path, words: Words) -> None:
    """Keep the body of a request as a file. Raises ImportFileError where it is empty or too large, and OSError."""
    size = 0
    with file.open("wb") as kept:
        async for chunk in request.stream():
            size += len(chunk)
            if size > LARGEST_UPLOAD * 10**9:
                told = words.import_large.format(limit=LARGEST_UPLOAD, command=f"r1chat import {file.name}")
                raise ImportFileError(told)
            await run_in_threadpool(kept.write, chunk)
    if not size:
        raise ImportFileError(words.import_empty)


def _replaced(app: App, asked: Query, names: frozenset[str], words: Words) -> evidence.Replaced:
    """What an export of the filter would replace, consent aside: one looks before one allows."""
    found = evidence.Replaced()
    with app.store.dataset.snapshot() as snapshot:
        for batch in snapshot.turns(query.read(asked, words), consented_only=False):
            for turn in batch:
                if found.messages == MOST_READ:
                    found.cut = True
                    return found
                found.messages += 1
                texts = [turn.message, *(text for each in turn.history for text in (each.message, each.answer))]
                replies = [text for each in turn.replies.values() for text in (each.reasoning, each.answer)]
                found.look([*texts, *replies], names)
    return found

"""Export, archive and import: beginning them, asking how far they are, and taking their files."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from r1chat import archive
from r1chat.app import App
from r1chat.both import Both
from r1chat.errors import BusyError, ImportFileError, MessageError, R1ChatError
from r1chat.export import Summary, export
from r1chat.ui.data import exporting
from r1chat.ui.data.answering import QUIET, Sent, html_answer, sentence, spoken
from r1chat.ui.data.jobs import FOLDER, JobProgress, Jobs
from r1chat.ui.responses import PlainTextResponse
from r1chat.ui.words.page import Words
from r1chat.verdicts import renew

_NO_FORMAT = Both("The request names no format to export. Reload the page.", "请求没有指明导出格式。请刷新页面。")
LARGEST_UPLOAD = 2  # GB


def add_jobs(web: FastAPI, app: App, jobs: Jobs) -> None:
    """Add the routes of jobs, all below /r1chat/data/."""

    @web.get("/r1chat/data/job")
    def job(request: Request) -> Response:
        return _job(request, jobs, lambda: None, new_page=request.query_params.get("first") == "yes")

    @web.post("/r1chat/data/dismiss")
    def dismiss(request: Request) -> Response:
        return _job(request, jobs, jobs.dismiss)

    @web.post("/r1chat/data/cancel")
    def cancel(request: Request) -> Response:
        jobs.cancel()
        return html_answer(request, lambda w: exporting.status(jobs.state, w))

    @web.post("/r1chat/data/export")
    def begin_export(request: Request, fields: Sent) -> Response:
        def begin() -> None:
            if not fields.text("format"):
                raise MessageError(_NO_FORMAT)
            format, name, options = exporting.read(fields.strings())

            def work(folder: Path, progress: JobProgress) -> Summary:
                renew(app.store)
                return export(app.store, app.catalogue, format, folder / name, options, progress)

            jobs.start("export", work)

        return _job(request, jobs, begin)

    @web.post("/r1chat/data/archive")
    def begin_archive(request: Request, fields: Sent) -> Response:
        def work(folder: Path, progress: JobProgress) -> archive.ArchiveCounts:
            name = exporting.archive_name(datetime.now())
            return archive.write(app.store, folder / name, fields.flag("everything") is True, progress)

        return _job(request, jobs, lambda: jobs.start("archive", work))

    @web.post("/r1chat/data/import")
    async def begin_import(request: Request) -> Response:
        w = spoken(request)
        if jobs.running:  # said before a large file was sent in vain
            return sentence(BusyError(Words.job_busy), w)
        try:
            upload = TemporaryDirectory(
                prefix=f"{FOLDER}upload-", dir=app.settings.data_dir, ignore_cleanup_errors=True
            )
            try:
                file = Path(upload.name) / _file_name(request.query_params.get("name", ""))
                await _save(request, file)
            except BaseException:
                upload.cleanup()
                raise
        except ImportFileError as error:
            return sentence(error, w)
        except OSError as error:
            return sentence(ImportFileError(Words.import_no_room.format(why=error.strerror or error)), w)

        def work(folder: Path, progress: JobProgress) -> archive.ImportCounts:
            with upload:
                return archive.read(app.store, file, progress, app.teacher.rater)

        def begin() -> None:
            try:
                jobs.start("import", work)
            except R1ChatError:
                upload.cleanup()
                raise

        return await run_in_threadpool(_job, request, jobs, begin)

    @web.get("/r1chat/data/file/{job_id}/{name}")
    def take(request: Request, job_id: str, name: str) -> Response:
        file = jobs.file(job_id, name)
        if file is None:
            return PlainTextResponse(spoken(request).job_gone, status_code=404, headers=QUIET)
        return FileResponse(file, filename=name, headers=QUIET, media_type="application/octet-stream")


def _job(request: Request, jobs: Jobs, begin: Callable[[], object], new_page: bool = False) -> Response:
    """Begin a job, and say how it stands; the header tells the page whether to ask again."""

    def html(w: Words) -> str:
        begin()
        return exporting.status(jobs.state, w, new_page)

    response = html_answer(request, html)
    response.headers["X-Running"] = "yes" if jobs.running else "no"
    return response


def _file_name(name: str) -> str:
    """A name that is one, whatever was sent: it stands in the sentences about the file."""
    file_name = re.sub(r"[^\w.() -]", "_", name.replace("\\", "/").rpartition("/")[2])[-80:].strip(". ")
    return file_name or "file"


async def _save(request: Request, file: Path) -> None:
    """Keep the body of a request as a file. Raises ImportFileError where it is empty or too large, and OSError."""
    size = 0
    with file.open("wb") as output:
        async for chunk in request.stream():
            size += len(chunk)
            if size > LARGEST_UPLOAD * 10**9:
                message = Words.import_large.format(limit=LARGEST_UPLOAD, command=f"r1chat import {file.name}")
                raise ImportFileError(message)
            await run_in_threadpool(output.write, chunk)
    if not size:
        raise ImportFileError(Words.import_empty)

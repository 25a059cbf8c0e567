"""One export or import at a time in the background: its progress, its end, its files."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from r1chat.archive import ArchiveCounts
from r1chat.errors import BusyError, ExportError
from r1chat.ui.data.exporting import status
from r1chat.ui.data.jobs import JobProgress, Jobs, JobState
from r1chat.ui.words.page import WORDS

EN = WORDS["en"]


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    jobs = Jobs(tmp_path)
    yield jobs
    jobs.close()


def over(jobs: Jobs) -> JobState | None:
    """The newest job, once it is over."""
    limit = time.monotonic() + 20
    while jobs.running and time.monotonic() < limit:
        time.sleep(0.005)
    assert not jobs.running
    return jobs.state


def writing(folder: Path, progress: JobProgress) -> ArchiveCounts:
    (folder / "made <1>.jsonl").write_bytes(b"x" * 1_500)
    return ArchiveCounts(1, 2, 3)


def endless(folder: Path, progress: JobProgress) -> ArchiveCounts:
    while True:
        progress(3, 10)
        time.sleep(0.005)


def test_files_can_be_taken_until_the_next_job(jobs: Jobs) -> None:
    job = jobs.start("archive", writing)
    state = over(jobs)
    assert state is not None and state.result == ArchiveCounts(1, 2, 3)
    file = jobs.file(job.id, "made <1>.jsonl")
    assert file is not None and file.stat().st_size == 1_500
    assert jobs.file(job.id, "../r1chat.db") is None
    assert jobs.file("another", "made <1>.jsonl") is None
    html = status(state, EN)
    assert f'href="../r1chat/data/file/{job.id}/made%20%3C1%3E.jsonl"' in html
    assert "made &lt;1&gt;.jsonl" in html and "1.5 kB" in html
    jobs.start("archive", writing)
    over(jobs)
    assert jobs.file(job.id, "made <1>.jsonl") is None
    assert not file.exists()


def test_a_job_tells_how_far_it_is_and_can_be_cancelled(jobs: Jobs) -> None:
    jobs.start("export", endless)
    while (state := jobs.state) is None or not state.total:
        time.sleep(0.005)
    assert "3 of 10" in status(state, EN)
    with pytest.raises(BusyError, match="still running"):
        jobs.start("export", writing)
    jobs.cancel()
    state = over(jobs)
    assert state is not None and state.cancelled and not state.files
    assert "Cancelled" in status(state, EN)


def test_an_error_is_said_and_a_defect_does_not_leave_the_page_waiting(jobs: Jobs) -> None:
    def failing(folder: Path, progress: JobProgress) -> ArchiveCounts:
        raise ExportError("Nothing to <export>.")

    def broken(folder: Path, progress: JobProgress) -> ArchiveCounts:
        raise KeyError("a defect")

    jobs.start("export", failing)
    assert "Nothing to &lt;export&gt;." in status(over(jobs), EN)
    jobs.start("export", broken)
    assert EN.job_failed in status(over(jobs), EN)


def test_a_job_without_room_for_its_files_is_not_begun(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "missing")
    with pytest.raises(ExportError, match="Make room"):
        jobs.start("archive", writing)
    assert jobs.state is None


def test_what_a_crash_left_behind_goes_after_a_day(tmp_path: Path) -> None:
    old, young = tmp_path / "job-old", tmp_path / "job-young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "preference.jsonl").write_text("private", encoding="utf-8")
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    Jobs(tmp_path)
    assert not old.exists()
    assert young.exists()


def test_closing_breaks_off_what_runs_and_leaves_no_file(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    jobs.start("export", endless)
    jobs.close()
    assert not jobs.running
    assert list(tmp_path.iterdir()) == []


def test_two_who_begin_at_once_get_one_job(jobs: Jobs) -> None:
    refused: list[BusyError] = []

    def begin() -> None:
        try:
            jobs.start("export", endless)
        except BusyError as error:
            refused.append(error)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7


def test_files_that_nobody_takes_are_deleted_after_a_while(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path, keep_for=0.2)
    job = jobs.start("archive", writing)
    over(jobs)
    deadline = time.monotonic() + 20
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(tmp_path.iterdir())
    assert jobs.file(job.id, "made <1>.jsonl") is None and jobs.state is None
    jobs.close()

"""One model or data set from a hub into a folder: resumed where it stopped, checked by its digest, never half-done.

A file grows as `NAME.part`, unbuffered, so that a killed process loses nothing that was written; what is left over is
continued by a range request. It gets its name only when every file of the model is whole and its SHA-256 is right.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx

from r1chat.both import Both
from r1chat.errors import LibraryError
from r1chat.library.hub import LED_NOWHERE, Hub, RemoteFile, Variant, asking, refusal
from r1chat.sizes import readable_size

CHUNK = 1 << 18  # bytes that are written at once
SPARE = 64_000_000  # bytes of the disk that stay free
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
TRIES = 6  # connections in a row that may break without bringing anything
WAIT = 2.0  # seconds before the second try; then twice as long each time


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is: `done` of `total` bytes (0: unknown). `checking`: all is there, the digest is computed."""

    done: int
    total: int
    checking: bool = False


class DownloadStoppedError(Exception):
    """A person paused or cancelled the download."""


def download(
    hub: Hub,
    variant: Variant,
    folder: Path,
    report: Callable[[DownloadProgress], None],
    stop: Event,
    wait: float = WAIT,
) -> Path:
    """Bring all files of a model into `folder`; returns the first one.

    Raises LibraryError or, when `stop` is set, DownloadStoppedError. What was loaded before is taken up again.
    `wait` is the pause in seconds after a first broken connection.
    """
    _make(folder)
    total = variant.size
    before = 0
    for file in variant.files:

        def tell(size: int, before: int = before) -> None:
            report(DownloadProgress(before + size, total))

        before += _whole(folder, file) or _fetch(hub, file, folder, tell, stop, wait)
    report(DownloadProgress(before, total or before, checking=True))
    for file in variant.files:
        if not _whole(folder, file):
            _check(part_of(folder, file), file, stop)
    for file in variant.files:
        if not _whole(folder, file):
            part_of(folder, file).replace(folder / file.name)
    return folder / variant.files[0].name


def discard(variant: Variant, folder: Path) -> None:
    """Delete what a download has left. Files that are whole stay."""
    for file in variant.files:
        part_of(folder, file).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()  # only if nothing else is in it


def part_of(folder: Path, file: RemoteFile) -> Path:
    """Where a file grows."""
    return folder / f"{file.name}.part"


def _whole(folder: Path, file: RemoteFile) -> int:
    """The size of a file that is there already; 0 where it is not, or is not as large as the hub says."""
    path = folder / file.name
    size = path.stat().st_size if path.is_file() else 0
    return size if not file.size or size == file.size else 0


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(
            Both(
                "The folder {folder} cannot be made ({reason}). Choose another one with R1CHAT_MODELS_DIR, for data "
                "sets with R1CHAT_DATA_DIR.",
                "无法创建文件夹 {folder}（{reason}）。请用 R1CHAT_MODELS_DIR（数据集用 R1CHAT_DATA_DIR）选择其他位置。",
            ).format(folder=folder, reason=error.strerror or error)
        ) from None


def _fetch(hub: Hub, file: RemoteFile, folder: Path, report: Callable[[int], None], stop: Event, wait: float) -> int:
    """Load one file to its end; returns its size in bytes."""
    path = part_of(folder, file)
    if path.is_symlink():  # what it leads to is not ours to write
        path.unlink()
    failures = 0
    while True:
        size = path.stat().st_size if path.exists() else 0
        _room(folder, max(0, file.size - size))
        try:
            if file.size and size >= file.size:
                return size
            _append(hub, file, path, size, report, stop)
            return path.stat().st_size
        except (httpx.InvalidURL, UnicodeError, httpx.UnsupportedProtocol, httpx.TooManyRedirects):
            raise LibraryError(LED_NOWHERE.format(host=hub.host)) from None
        except httpx.HTTPError as error:
            grown = (path.stat().st_size if path.exists() else 0) > size
            failures = 0 if grown else failures + 1
            if failures >= TRIES:
                raise LibraryError(
                    Both(
                        "The connection to {host} broke {count} times in a row ({reason}). What came is kept: "
                        "resume when the network is back.",
                        "与 {host} 的连接连续中断 {count} 次（{reason}）。已下载部分已保留：网络恢复后请继续。",
                    ).format(host=hub.host, count=failures, reason=type(error).__name__)
                ) from None
            if stop.wait(wait * 2**failures if not grown else wait):
                raise DownloadStoppedError from None
        except OSError as error:
            raise LibraryError(
                Both(
                    "{file} cannot be written to {folder} ({reason}). What came is kept: make room, then resume.",
                    "无法将 {file} 写入 {folder}（{reason}）。已下载部分已保留：腾出空间后请继续。",
                ).format(file=file.name, folder=folder, reason=error.strerror or error)
            ) from None


def _append(hub: Hub, file: RemoteFile, path: Path, size: int, report: Callable[[int], None], stop: Event) -> None:
    """Load the rest of a file from `size` on. Raises httpx.HTTPError where the connection breaks."""
    headers = {**hub.headers(file.url), "accept-encoding": "identity"}
    if size:
        headers["range"] = f"bytes={size}-"
    with (
        asking(file.url) as client,
        client.stream("GET", file.url, headers=headers) as response,
    ):
        if response.status_code == 416 and size:  # nothing is left, or another file stands there now
            if response.headers.get("content-range", "") == f"bytes */{size}":
                return
            path.unlink()
            raise httpx.ReadError("the file has changed on the hub")
        if response.status_code in (429, 500, 502, 503, 504):
            if stop.wait(min(_seconds(response.headers.get("retry-after", "")), 60)):
                raise DownloadStoppedError
            if response.status_code == 429:
                raise refusal(response, hub.host)
            raise httpx.ReadError(f"status {response.status_code}")
        if response.status_code not in (200, 206):
            raise refusal(response, hub.host)
        resumed = response.status_code == 206 and response.headers.get("content-range", "").startswith(f"bytes {size}-")
        if response.status_code == 206 and size and not resumed:
            raise httpx.ReadError("the hub sent another range than the one that was asked for")
        limit = file.size or 1 << 50
        position = size if resumed else 0
        checked = position
        with open(os.open(path, _FLAGS, 0o666), "r+b", buffering=0) as target:
            target.seek(position)
            target.truncate()
            for chunk in response.iter_raw(CHUNK):
                if stop.is_set():
                    raise DownloadStoppedError
                position += target.write(chunk)
                if position > limit:
                    raise LibraryError(_other_size(file, position))
                if not file.size and position - checked >= SPARE:  # the hub told no size
                    checked = position
                    _room(path.parent, SPARE)
                report(position)
        if file.size and position < file.size:
            raise httpx.ReadError("the connection ended before the file did")


def _check(path: Path, file: RemoteFile, stop: Event) -> None:
    """Compare size and SHA-256 with what the hub says. A file that is not right is deleted."""
    size = path.stat().st_size
    if file.size and size != file.size:
        path.unlink()
        raise LibraryError(_other_size(file, size))
    if not file.sha256:
        return
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            if stop.is_set():
                raise DownloadStoppedError
    if digest.hexdigest() != file.sha256:
        path.unlink()
        raise LibraryError(
            Both(
                "{file} arrived damaged, or was uploaded anew meanwhile: its SHA-256 is not the one that the hub "
                "gave. It was deleted: try again, and the hub is asked anew.",
                "{file} 已损坏，或其间在站点上已更新：SHA-256 与站点先前给出的不符。文件已删除：请重试，"
                "届时会重新查询站点。",
            ).format(file=file.name)
        )


def _other_size(file: RemoteFile, size: int) -> Both:
    return Both(
        "{file} has {size:,} bytes, and the hub said {expected:,}. It may have changed there: download it again.",
        "{file} 有 {size:,} 字节，而站点给出 {expected:,}。文件可能已更新：请重新下载。",
    ).format(file=file.name, size=size, expected=file.size)


def _room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed and free < needed + SPARE:
        raise LibraryError(
            Both(
                "The disk of {folder} has {free} left, and {needed} are needed. Make room, or choose "
                "another folder with R1CHAT_MODELS_DIR, for data sets with R1CHAT_DATA_DIR.",
                "{folder} 所在磁盘剩余 {free}，需要 {needed}。请腾出空间，或用 R1CHAT_MODELS_DIR（数据集用 "
                "R1CHAT_DATA_DIR）选择其他位置。",
            ).format(folder=folder, free=readable_size(free), needed=readable_size(needed + SPARE))
        )


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 1.0

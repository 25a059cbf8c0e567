"""Hubs: which GGUF files a repository has, and where; files of data sets. Hugging Face (or a mirror) and ModelScope.

Asks nobody until one of its methods is called. A token goes to the hub itself alone, never to where it redirects, and
into no message or log. Raises LibraryError, whose sentence says what to do.
"""

from __future__ import annotations

import json
import logging
import re
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from threading import Timer
from typing import Any, TypeGuard
from urllib.parse import quote, urlsplit

import httpx

from r1chat.backends.gguf import Header, parse_header
from r1chat.backends.wire import environment_settings
from r1chat.both import Both
from r1chat.errors import EnvironmentSettingError, LibraryError, R1ChatError
from r1chat.loopback import is_inside, is_this_computer

log = logging.getLogger(__name__)

HUGGING_FACE = "https://huggingface.co"
MODELSCOPE = "https://modelscope.cn"
TIMEOUT = httpx.Timeout(20, read=30)  # seconds
FIRST_BYTES, MOST_BYTES = 1 << 20, 1 << 26  # of a file that are loaded for its header
MAX_ANSWER = 16_000_000  # bytes of a listing
MAX_SECONDS = 60  # in which it comes
_AS_IT_IS = {"accept-encoding": "identity"}  # what is compressed could unpack to any size

_REPO = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}", re.ASCII)
_NAME = re.compile(
    r"[\w(\[][^\\/\x00-\x1f\x7f-\x9f\u061c\u200e-\u202e\u2066-\u2069\ud800-\udfff]{0,199}"
)  # of a file: harmless on disk and on a terminal
_LONGEST_NAME = 240  # bytes: a file system takes 255, and what grows has a longer name
_LONGEST_PATH = 360  # characters, within a repository
_NAMED = 12  # files that a sentence names
_PAGE = 1_000  # entries of a listing's first page
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)
_QUANTISATION = re.compile(
    r"(?<![A-Za-z0-9])((?:UD-)?(?:I?Q\d(?:_[A-Z0-9]+)*|T?BF16|F16|F32|MXFP4(?:_MOE)?))(?![a-z])", re.IGNORECASE
)
_NO_MODEL = re.compile(r"mmproj|imatrix|(?:^|[-_.])lora(?:[-_.]|$)|(?:^|[-_.])mtp(?:[-_.]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file on a hub. `size` is in bytes, 0 where it is not known; `sha256` is "" where it is not known."""

    path: str
    url: str
    size: int = 0
    sha256: str = ""

    @property
    def name(self) -> str:
        """The name that it gets on disk."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Variant:
    """One model of a repository in one quantisation: a file, or all parts of a split one."""

    name: str
    quantisation: str  # "" where neither the name nor the folder tells
    files: tuple[RemoteFile, ...]
    folder: str = ""  # of its own on disk, where another model of the repository has files of the same names

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that a search has found."""

    name: str  # owner/name
    downloads: int = 0
    gated: bool = False  # its owner wants a token and an agreement


class Hub:
    """One hub. `address` is Hugging Face's, a mirror's (`HF_ENDPOINT`), or ModelScope's.

    `modelscope` tells which routes it has; None: as its name says. `patience`: the seconds in which a listing, or the
    beginning of a file, must come.
    """

    def __init__(
        self,
        address: str = HUGGING_FACE,
        token: str = "",
        modelscope: bool | None = None,
        patience: float = MAX_SECONDS,
    ) -> None:
        self.address = address.rstrip("/")
        self._token = token
        self._patience = patience
        self._headers: dict[str, Header | None] = {}
        self._modelscope = _is_modelscope(self.address) if modelscope is None else modelscope

    @property
    def host(self) -> str:
        """The host that will be asked, as a person reads it."""
        return urlsplit(self.address).netloc

    def repository(self, repo: str) -> str:
        """A repository by an address that leads here again; on Hugging Face its name is enough."""
        return f"{self.address}/models/{repo}" if self._modelscope else repo

    def url(self, repo: str, path: str) -> str:
        """Where a file of a repository is."""
        place = f"models/{repo}/resolve/master" if self._modelscope else f"{repo}/resolve/main"
        return f"{self.address}/{place}/{quote(path)}"

    def headers(self, url: str) -> Mapping[str, str]:
        """What a request for a file sends: the token, if the file is on the hub itself."""
        own = urlsplit(url).netloc == self.host
        return {"authorization": f"Bearer {self._token}"} if self._token and own else {}

    def search(self, text: str, count: int = 20) -> list[Repository]:
        """Repositories with GGUF files, most downloaded first."""
        if self._modelscope:
            raise LibraryError(
                Both(
                    "ModelScope cannot be searched from here. Paste the address of a repository instead.",
                    "此处无法搜索 ModelScope。请改为粘贴仓库地址。",
                )
            )
        rows = self._ask(
            "/api/models", {"search": text[:200], "filter": "gguf", "sort": "downloads", "limit": str(count)}
        )
        repositories = []
        for row in rows if isinstance(rows, list) else []:
            name = row.get("id") if isinstance(row, dict) else None
            if isinstance(name, str) and _REPO.fullmatch(name):
                repositories.append(Repository(name, _size(row.get("downloads")), bool(row.get("gated"))))
        return repositories

    def variants(self, repo: str) -> list[Variant]:
        """The models of a repository, smallest first."""
        if not _REPO.fullmatch(repo):
            raise LibraryError(
                Both(
                    "{repo} is no name of a repository. It should look like owner/name.",
                    "{repo} 不是仓库名称，应形如 owner/name。",
                ).format(repo=repo[:100])
            )
        variants = grouped(self._modelscope_files(repo) if self._modelscope else self._files(repo))
        if not variants:
            raise LibraryError(
                Both(
                    "{repo} has no GGUF file of a chat model. Look for a repository whose name ends in -GGUF.",
                    "{repo} 中没有对话模型的 GGUF 文件。请寻找名称以 -GGUF 结尾的仓库。",
                ).format(repo=repo)
            )
        return variants

    def header(self, repo: str, variants: list[Variant]) -> Header | None:
        """What the smallest model of a repository says of itself: only the beginning of its file is loaded.

        None where that cannot be had; the shape of all variants is the same.
        """
        file = variants[0].files[0]
        if repo not in self._headers:
            self._headers[repo] = self._header(file)
        return self._headers[repo]

    def _header(self, file: RemoteFile) -> Header | None:
        beginning, end = b"", FIRST_BYTES
        try:
            while len(beginning) < MOST_BYTES:
                beginning += self._part(file, len(beginning), end)
                header = parse_header(file.name, beginning, max(file.size, len(beginning)))
                if header is not None or len(beginning) < end:
                    return header
                end *= 4
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, R1ChatError) as error:
            log.info("the header of %s could not be read: %s", file.name, type(error).__name__)
        return None

    def _part(self, file: RemoteFile, start: int, end: int) -> bytes:
        """Bytes `start` to `end` of a file, fewer where it ends. Raises httpx.HTTPError."""
        headers = {**self.headers(file.url), **_AS_IT_IS, "range": f"bytes={start}-{end - 1}"}
        with (
            asking(file.url, self._patience) as client,
            client.stream("GET", file.url, headers=headers) as response,
        ):
            response.raise_for_status()
            skip = 0 if response.status_code == 206 else start
            data, start_time = bytearray(), time.monotonic()
            for chunk in response.iter_raw():
                data += chunk
                if len(data) >= skip + end - start:
                    break
                if time.monotonic() - start_time > self._patience:
                    raise httpx.ReadTimeout("the beginning of the file comes too slowly")
        return bytes(data[skip : skip + end - start])

    def data_set(self, repo: str) -> str:
        """The address of a data set's page, for a person to read."""
        return f"{self.address}/datasets/{repo}"

    def data_file(self, repo: str, path: str) -> RemoteFile:
        """A file of a data set's repository. Raises LibraryError where it cannot be had."""
        if self._modelscope:
            raise LibraryError(_NO_DATA_SETS.format(host=self.host))
        folder = path.rpartition("/")[0]
        rows = self._ask(f"/api/datasets/{repo}/tree/main{quote(f'/{folder}') if folder else ''}", {})
        place = f"{self.data_set(repo)}/resolve/main"
        files = {file.path: file for file in _listed(rows, lambda path: f"{place}/{quote(path)}")}
        if path not in files:
            if isinstance(rows, list) and len(rows) >= _PAGE:  # it may stand on a later page
                return RemoteFile(path, f"{place}/{quote(path)}")
            names = ", ".join(list(files)[:_NAMED]) or "–"
            raise LibraryError(_NO_DATA_FILE.format(repo=repo, path=path, host=self.host, names=names))
        return files[path]

    def _files(self, repo: str) -> list[RemoteFile]:
        rows = self._ask(f"/api/models/{repo}/tree/main", {"recursive": "true"})
        return _listed(rows, lambda path: self.url(repo, path))

    def _modelscope_files(self, repo: str) -> list[RemoteFile]:
        answer = self._ask(f"/api/v1/models/{repo}/repo/files", {"Revision": "master", "Recursive": "true"})
        data = answer.get("Data") if isinstance(answer, dict) else None
        rows = data.get("Files") if isinstance(data, dict) else None
        files = []
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and is_usable(path := row.get("Path")):
                files.append(RemoteFile(path, self.url(repo, path), _size(row.get("Size")), _digest(row.get("Sha256"))))
        return files

    def _ask(self, path: str, query: Mapping[str, str]) -> Any:
        url = self.address + path
        try:
            with (
                asking(url, self._patience) as client,
                client.stream("GET", url, params=query, headers={**self.headers(url), **_AS_IT_IS}) as response,
            ):
                if response.status_code != 200:
                    raise refusal(response, self.host)
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise LibraryError(_STRANGE.format(host=self.host))
                body, start_time = bytearray(), time.monotonic()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER or time.monotonic() - start_time > self._patience:
                        raise LibraryError(_STRANGE.format(host=self.host))
            return json.loads(body)
        except httpx.HTTPError as error:
            raise LibraryError(_UNREACHABLE.format(host=self.host, reason=type(error).__name__)) from None
        except (ValueError, RecursionError, httpx.InvalidURL):
            raise LibraryError(_STRANGE.format(host=self.host)) from None


def _listed(rows: object, url: Callable[[str], str]) -> list[RemoteFile]:
    """The files of Hugging Face's listing of a folder; `url` tells where the file of a path is."""
    files = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("type") == "file" and is_usable(path := row.get("path")):
            lfs = row["lfs"] if isinstance(row.get("lfs"), dict) else {}
            size, digest = _size(lfs.get("size", row.get("size"))), _digest(lfs.get("oid"))
            files.append(RemoteFile(path, url(path), size, digest))
    return files


def is_repository(name: str) -> bool:
    """Whether that is a name of a repository: owner/name."""
    return bool(_REPO.fullmatch(name))


def is_usable(path: object) -> TypeGuard[str]:
    """Whether a file of that path in a repository can be kept on this disk and shown."""
    return (
        isinstance(path, str)
        and len(path) <= _LONGEST_PATH
        and all(_NAME.fullmatch(name) and len(name.encode()) <= _LONGEST_NAME for name in path.split("/"))
    )


def known_file(value: object, repo: object, hubs: Sequence[Hub]) -> RemoteFile | None:
    """A file of a repository that was written down before; None for one that none of these hubs would name so."""
    if not (isinstance(value, dict) and isinstance(repo, str) and _REPO.fullmatch(repo)):
        return None
    path, url = value.get("path"), value.get("url")
    if not is_usable(path) or not any(url == hub.url(repo, path) for hub in hubs):
        return None
    return RemoteFile(path, str(url), _size(value.get("size")), _digest(value.get("sha256")))


class _Deadline:
    """Closes a connection on which no answer has begun in `patience` seconds, as httpx's `trace` of requests.

    Each read of httpx has its own timeout; a server can send "103 Early Hints" for ever.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._stream: Any = None  # the network's
        self._timer: Timer | None = None

    def __call__(self, event: str, values: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "proxy.start_tls.complete", "connection.start_tls.complete"):
            self._stream = values["return_value"]
        elif event == "http11.receive_response_headers.started":
            self._timer = Timer(self._patience, self._close)
            self._timer.daemon = True
            self._timer.start()
        elif event.startswith("http11.receive_response_headers.") and self._timer is not None:
            self._timer.cancel()

    def _close(self) -> None:
        if self._stream is None:
            return
        with suppress(OSError):
            self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)  # wakes whoever reads
        with suppress(OSError):
            self._stream.close()


def asking(url: str, patience: float = MAX_SECONDS) -> httpx.Client:
    """A client that follows redirects, and waits `patience` seconds for each answer to begin.

    A redirect that leads a hub's reader into its own network raises LibraryError, and so does this where the
    environment's proxies cannot be used. Those are used, but not for a hub of this computer.
    """
    host = urlsplit(url).hostname or ""

    def check(request: httpx.Request) -> None:
        target = request.url.host
        if target != host and is_inside(target) and not is_inside(host):
            raise LibraryError(_LED_INSIDE.format(host=host, target=target))
        request.extensions["trace"] = _Deadline(patience)

    straight = {f"all://{httpx.URL(url).netloc.decode()}": None} if is_this_computer(host) else None
    hooks: dict[str, list[Callable[..., None]]] = {"request": [check]}
    try:
        with environment_settings(url):
            return httpx.Client(
                timeout=TIMEOUT,
                follow_redirects=True,
                event_hooks=hooks,
                mounts=straight,
                verify=_certificates(),
                limits=httpx.Limits(max_keepalive_connections=0),  # each request has a connection of its own
            )
    except EnvironmentSettingError as error:
        raise LibraryError(error.text) from None


@cache
def _certificates() -> ssl.SSLContext:
    """Those that httpx trusts, loaded once: that takes 0.03 s, which each client would need anew."""
    return httpx.create_ssl_context()


def source(text: str, hub: Hub) -> Hub:
    """The hub that a pasted address, or that of a file, means: ModelScope where it says so, else that of the settings.

    The token of the settings is for their hub alone.
    """
    if _is_modelscope(text.strip()) and not _is_modelscope(hub.address):
        return Hub(MODELSCOPE)
    return hub


def _is_modelscope(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host == "modelscope.cn" or host.endswith(".modelscope.cn")


def parse_address(text: str) -> tuple[str, str]:
    """Repository and file ("" where none is named) of a pasted address or name. Raises LibraryError.

    Understands `owner/name`, `owner/name:Q4_K_M`, and the addresses of a repository, a file or its download.
    """
    text = text.strip().removeprefix("hf.co/").removeprefix("https://hf.co/")
    if text.startswith(("http://", "https://")):
        parts = urlsplit(text).path.strip("/").split("/")
        if parts and parts[0] == "models":  # ModelScope
            parts = parts[1:]
        repo = "/".join(parts[:2])
        file = "/".join(parts[4:]) if len(parts) > 4 and parts[2] in ("resolve", "blob", "file") else ""
    else:
        repo, _, file = text.partition(":")
    if not _REPO.fullmatch(repo):
        raise LibraryError(
            Both(
                "{text} is no address of a model. Paste the address of a repository or of a GGUF file, or owner/name.",
                "{text} 不是模型地址。请粘贴仓库或 GGUF 文件的地址，或 owner/name。",
            ).format(text=text[:100])
        )
    return repo, file


def choose(variants: list[Variant], choice: str = "") -> Variant:
    """The variant of that file or quantisation; without one Q4_K_M, else the one nearest to its size."""
    if choice:
        lower = choice.lower()
        for variant in variants:
            if lower in (variant.quantisation.lower(), variant.name.lower()) or any(
                lower in (file.path.lower(), file.name.lower()) for file in variant.files
            ):
                return variant
        raise LibraryError(
            Both("There is no {choice} here. There are: {names}.", "此处没有 {choice}。现有：{names}。").format(
                choice=choice[:100], names=", ".join(variant.quantisation or variant.name for variant in variants)
            )
        )
    for name in ("Q4_K_M", "Q4_K_S", "MXFP4", "Q4_0", "Q5_K_M", "Q8_0"):
        for variant in variants:
            if variant.quantisation.upper() == name:
                return variant
    return variants[len(variants) // 2]


def grouped(files: list[RemoteFile]) -> list[Variant]:
    """Files -> models: parts of a split file together, without projectors and whatever else is no chat model."""
    groups: dict[str, list[RemoteFile]] = {}
    expected: dict[str, int] = {}
    for file in files:
        if not file.path.lower().endswith(".gguf") or _NO_MODEL.search(file.name):
            continue
        part = _PART.match(file.path)
        stem = part[1] if part else file.path[: -len(".gguf")]
        groups.setdefault(stem, []).append(file)
        expected[stem] = int(part[3]) if part else 1
    variants = []
    names = Counter(stem.rpartition("/")[2].lower() for stem in groups)
    folders: set[tuple[str, str]] = set()
    for stem, parts in groups.items():
        if len(parts) == expected[stem]:
            folder, _, name = stem.rpartition("/")
            quantisations = _QUANTISATION.findall(name) or _QUANTISATION.findall(folder)
            variant = Variant(
                name, quantisations[-1].upper() if quantisations else "", tuple(sorted(parts, key=lambda f: f.path))
            )
            if names[name.lower()] > 1:
                variant = replace(variant, folder=own_folder(variant))
                if (place := (variant.folder.lower(), name.lower())) in folders:
                    continue
                folders.add(place)
            variants.append(variant)
    return sorted(variants, key=lambda variant: variant.size)


def own_folder(variant: Variant) -> str:
    """The folder that a model has to itself where another one of its repository has files of the same names."""
    return variant.files[0].path.rpartition("/")[0].replace("/", "--")


def refusal(response: httpx.Response, host: str) -> LibraryError:
    """The sentence for an answer that is none."""
    status = response.status_code
    if status in (401, 403):
        return LibraryError(
            Both(
                "{host} wants to know who you are ({status}). Check the name; where the owner asks for it, agree to "
                "the terms there, make a token, and give it to r1chat as R1CHAT_HUB_TOKEN; or choose a copy that is "
                "open to all.",
                "{host} 要求身份验证（{status}）。请检查名称；如所有者要求，请在该站同意其条款并创建令牌，"
                "通过 R1CHAT_HUB_TOKEN 交给 r1chat；或选择公开的副本。",
            ).format(host=host, status=status)
        )
    if status == 404:
        return LibraryError(
            Both(
                "{host} has no such model, data set or file (404). Check the name; it may have been moved or deleted.",
                "{host} 上没有该模型、数据集或文件（404）。请检查名称，它可能已移动或删除。",
            ).format(host=host)
        )
    if status == 429:
        return LibraryError(
            Both(
                "{host} asks to wait: too many requests (429). Try again in some minutes.",
                "{host} 要求等待：请求过多（429）。请几分钟后再试。",
            ).format(host=host)
        )
    return LibraryError(
        Both(
            "{host} answered with an error ({status}). Try again later, or choose another hub with HF_ENDPOINT.",
            "{host} 返回错误（{status}）。请稍后再试，或用 HF_ENDPOINT 选择其他站点。",
        ).format(host=host, status=status)
    )


LED_NOWHERE = Both(
    "{host} redirects to an address that is none, or round in a circle. Choose another source.",
    "{host} 重定向到无效的地址，或循环重定向。请换一个来源。",
)
_LED_INSIDE = Both(
    "{host} redirects to {target}, an address of this computer or its network. Nothing was asked there. Choose another "
    "source.",
    "{host} 重定向到 {target}，这是本机或本地网络的地址。未向该地址发送任何请求。请换一个来源。",
)
_UNREACHABLE = Both(
    "{host} cannot be reached ({reason}). Check the connection; a mirror can be set with HF_ENDPOINT.",
    "无法连接 {host}（{reason}）。请检查网络；可用 HF_ENDPOINT 设置镜像站。",
)
_NO_DATA_SETS = Both(
    "Data sets cannot be fetched from {host}. Choose Hugging Face or a mirror of it with HF_ENDPOINT, or give a file "
    "that you have.",
    "无法从 {host} 获取数据集。请用 HF_ENDPOINT 选择 Hugging Face 或其镜像，或给出你已有的文件。",
)
_NO_DATA_FILE = Both(
    "The data set {repo} on {host} has no file {path}. There are: {names}.",
    "{host} 上的数据集 {repo} 没有文件 {path}。现有：{names}。",
)
_STRANGE = Both(
    "{host} answered in a way that r1chat does not understand. Is it a model hub?",
    "{host} 的回答无法理解。它是模型站点吗？",
)


def _size(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 50 else 0


def _digest(value: object) -> str:
    return value.lower() if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{64}", value) else ""

"""The secrets by which the page knows its person, and where they are kept.

Cookies know no ports: a browser sends those of `127.0.0.1:7860` to every other server on `127.0.0.1`. So there are two
secrets, and the second is no cookie:

- the *cookie* opens the shell of the page, in which nothing private stands;
- the *session key* opens everything else. The page's script (`key.js`) keeps it in the storage of its origin, which
  other ports cannot read, and sends it as a header. It is HMAC-SHA256(browser key, challenge).

Both end with the process. The *browser key* outlives it: HMAC-SHA256(root key, port), handed over once and kept in the
browser so that no script can read it, only sign with it. After a restart the browser signs the new challenge. Whoever
serves the port meanwhile learns neither the key nor an answer to a challenge that does not exist yet.

A *launch key* is what an address carries; it works once.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from hmac import compare_digest, digest
from pathlib import Path

from r1chat.both import Both
from r1chat.errors import ConfigError
from r1chat.files import read_json

MOST_LAUNCH_KEYS = 64  # not used yet; the oldest is forgotten
KEY_FILE = "key"  # in the data folder: the root key
SERVING_FILE = "serving.json"  # in the data folder: where the page is served, for `r1chat open`
_KEY_BYTES = 32

_NO_KEY = Both(
    "The file {file} cannot be used: {reason}. Delete it; browsers that have the page open then need a new address "
    "from `r1chat open`.",
    "文件 {file} 无法使用：{reason}。请删除它；之后已打开页面的浏览器需要用 `r1chat open` 取得新地址。",
)


class Keys:
    """The secrets of one served page."""

    def __init__(self, root: bytes, port: int) -> None:
        """`root`: the root key of the data folder. Raises ValueError where it is too short to be one."""
        if len(root) < _KEY_BYTES:
            raise ValueError("a short key would open the page to everybody")
        self.port = port
        self.browser = digest(root, f"port {port}".encode(), "sha256").hex()
        self.challenge = secrets.token_hex(16)
        self.session = digest(bytes.fromhex(self.browser), self.challenge.encode(), "sha256").hex()
        self.cookie = secrets.token_urlsafe(24)
        self.opener = secrets.token_urlsafe(24)  # what `r1chat open` shows
        self._launch_keys: deque[str] = deque(maxlen=MOST_LAUNCH_KEYS)

    def new_launch_key(self) -> str:
        """A key for one address, which works once."""
        key = secrets.token_urlsafe(24)
        self._launch_keys.append(key)
        return key

    def use_launch_key(self, key: str) -> bool:
        """Whether this is a launch key that was not used before; from now on it was."""
        for candidate in tuple(self._launch_keys):
            if same(key, candidate):
                with suppress(ValueError):  # another request was faster
                    self._launch_keys.remove(candidate)
                    return True
        return False


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a page is served, and by which process."""

    address: str  # http://host:port
    opener: str
    owner: str  # see `store.owner`
    port: int


def same(candidate: str, secret: str) -> bool:
    """Compare in constant time; whatever was given, of any alphabet."""
    return compare_digest(candidate.encode("utf-8", "replace"), secret.encode())


def root_key(folder: Path) -> bytes:
    """The root key of a data folder; made the first time, for the owner's eyes only. Raises ConfigError."""
    file = folder / KEY_FILE
    try:
        if file.is_file() and not file.stat().st_size:  # an earlier r1chat was killed before it wrote
            file.unlink()
        if not os.path.lexists(file):
            _write_whole(file, secrets.token_hex(_KEY_BYTES))
        if not file.is_file():  # a pipe would be waited for
            raise ValueError("it is no file")
        _require_own(file)
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
        if len(key) != _KEY_BYTES:
            raise ValueError(f"it holds {len(key)} bytes, not {_KEY_BYTES}")
    except (OSError, ValueError) as error:
        raise ConfigError(_NO_KEY.format(file=file, reason=error)) from None
    return key


def _require_own(file: Path) -> None:
    """Raise ValueError for a key of another account, which knows it; nobody else can read it from now on."""
    if not hasattr(os, "geteuid"):
        return
    status = file.stat()
    if status.st_uid not in (os.geteuid(), 0):
        raise ValueError("it belongs to another account of this computer, which can enter the page with it")
    if status.st_mode & 0o077:
        file.chmod(0o600)


def record_serving(folder: Path, serving: Serving) -> None:
    """Tell `r1chat open`, and the next start, where the page is. A folder that is full or read-only is no obstacle."""
    new = folder / f".{SERVING_FILE}.{os.getpid()}"
    with suppress(OSError):
        new.unlink(missing_ok=True)
        _write_new(new, json.dumps(asdict(serving)))
        new.replace(folder / SERVING_FILE)


def last_serving(folder: Path) -> Serving | None:
    """What `record_serving` wrote last; None where nothing readable is there."""
    file = folder / SERVING_FILE
    try:
        fields = read_json(file)
        serving = Serving(**fields)
        right = all(isinstance(value, str) for value in (serving.address, serving.opener, serving.owner))
        return serving if right and type(serving.port) is int and 0 < serving.port < 65_536 else None
    except (OSError, ValueError, TypeError):
        return None


def _write_whole(file: Path, text: str) -> None:
    """A file that is there with all of its text or not at all; what another process wrote meanwhile stays."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    _write_new(new, text)
    try:
        os.link(new, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        new.rename(file)
    finally:
        new.unlink(missing_ok=True)


def _write_new(file: Path, text: str) -> None:
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(number)
    except OSError:  # the disk is full: what is empty would be found the next time
        file.unlink(missing_ok=True)
        raise

"""The OpenAI-compatible servers that were added on the page: addresses and keys, readable by their owner.

`servers.json` in the data folder: a list of objects with `url` and `key`. The server of `--base-url` is not among them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from r1chat.both import Both
from r1chat.errors import ConfigError
from r1chat.files import read_json, replacing

FILE_NAME = "servers.json"
MOST = 20  # servers

_UNREADABLE = Both(
    "The list of servers {file} cannot be read: {reason}. Correct it or move it away.",
    "服务器列表 {file} 无法读取：{reason}。请改正它，或把它移走。",
)
_KNOWN = Both("{url} is in the list already. Test it, or remove it first.", "{url} 已在列表中。请测试它，或先移除它。")
_TOO_MANY = Both(
    "There are {most} servers already. Remove one, then add another.", "已有 {most} 个服务器。请先移除一个再添加。"
)
_GONE = Both("This server is not in the list any more. Reload the page.", "此服务器已不在列表中。请重新加载页面。")


@dataclass(frozen=True, slots=True)
class Server:
    """An address and the key that it wants; "" for none. `repr` does not show the key."""

    url: str
    key: str = ""

    @property
    def name(self) -> str:
        """The name of its backend: no colon, since keys of models are `backend:name`."""
        return f"openai@{self.url.partition('://')[2].removesuffix('/v1').replace(':', '~')}"

    @property
    def id(self) -> str:
        """What the page calls it by: short, however long the address is."""
        return f"server-{sha256(self.name.encode(errors='replace')).hexdigest()[:16]}"

    def __repr__(self) -> str:
        return f"Server({self.url!r})"


class Servers:
    """The list in one data folder. Every method that writes raises ConfigError or ExportError; then nothing changed.

    Another r1chat may have written it since: what is written goes on from the file.
    """

    def __init__(self, data_dir: Path) -> None:
        """Raises ConfigError for a file that cannot be read."""
        self._file = data_dir / FILE_NAME
        self._servers = self._read()

    def all(self) -> tuple[Server, ...]:
        """Every server, in the order in which they were added."""
        return self._servers

    def find(self, server_id: str) -> Server:
        """The server with that id. Raises ConfigError."""
        for server in self._servers:
            if server.id == server_id:
                return server
        raise ConfigError(_GONE)

    def add(self, server: Server) -> None:
        """Add a server. Raises ConfigError for one that is there, or one too many."""
        self._servers = self._read()
        if any(known.name == server.name for known in self._servers):
            raise ConfigError(_KNOWN.format(url=server.url))
        if len(self._servers) >= MOST:
            raise ConfigError(_TOO_MANY.format(most=MOST))
        self._write((*self._servers, server))

    def remove(self, server_id: str) -> Server:
        """Forget a server and its key; the one that it was. Raises ConfigError for one that is not there."""
        self._servers = self._read()
        gone = self.find(server_id)
        self._write(tuple(server for server in self._servers if server != gone))
        return gone

    def _read(self) -> tuple[Server, ...]:
        try:
            entries = read_json(self._file)
            return tuple(Server(str(entry["url"]), str(entry.get("key") or "")) for entry in entries)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = type(error).__name__  # its text may hold a key
            raise ConfigError(_UNREADABLE.format(file=self._file, reason=reason)) from None

    def _write(self, servers: tuple[Server, ...]) -> None:
        entries = [{"url": server.url, "key": server.key} for server in servers]
        with replacing(self._file) as stream:  # readable by its owner alone
            stream.write(json.dumps(entries, indent=1).encode())
        self._servers = servers

"""The page's port and secrets, which are there before the page: a browser that comes early waits for it.

Importing the page takes as long as a browser takes to open.
"""

from __future__ import annotations

import errno
import socket

from r1chat.both import Both
from r1chat.config import FIRST_PORT, Settings
from r1chat.errors import ConfigError
from r1chat.loopback import LOOPBACK
from r1chat.store.reply_owner import current_owner
from r1chat.ui.secrets import Keys, Serving, last_serving, record_serving, root_key


class Listening:
    """A port that is open: `sockets`, the `hosts` (names by which it may be asked for), its `origin` and its `keys`."""

    def __init__(self, settings: Settings) -> None:
        """Open the port of the settings, and tell `r1chat open`. Raises ConfigError where it is taken."""
        before = last_serving(settings.data_dir)
        listener = _listen(settings.host, settings.port, before.port if before else None)
        port = listener.getsockname()[1]
        self.sockets, loopback = _with_other_loopback(listener, settings.host, port)
        self.keys = Keys(root_key(settings.data_dir), port)
        self.hosts = (*loopback, *([settings.host] if settings.host not in LOOPBACK else []), *settings.allowed_hosts)
        host = {"0.0.0.0": "127.0.0.1", "localhost": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
        self.origin = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        record_serving(settings.data_dir, Serving(self.origin, self.keys.opener, current_owner(), port))

    @property
    def address(self) -> str:
        """An address to open, with a launch key of its own: it works once."""
        return f"{self.origin}/?token={self.keys.new_launch_key()}"


def _stream_socket(family: socket.AddressFamily) -> socket.socket:
    """A socket that names TCP as its protocol: for others asyncio leaves Nagle's algorithm on, and with it a response
    of two parts (head, body) waits 40 ms for the acknowledgement of the first."""
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)


def _with_other_loopback(listener: socket.socket, host: str, port: int) -> tuple[list[socket.socket], tuple[str, ...]]:
    """The sockets to listen on, and the names of this computer by which the page may be asked for.

    A browser asks `localhost` at both loopback addresses. Whoever else held one of them under our port would be the
    same origin as the page: so we hold both, or are not known by the names that lead to the one that is taken.
    """
    other = {"127.0.0.1": "::1", "localhost": "::1", "0.0.0.0": "::1", "::1": "127.0.0.1"}.get(host)
    if other is None:  # every address, or one of another computer's network, by which nobody asks for loopback
        return [listener], LOOPBACK
    second = None
    try:
        second = _stream_socket(socket.AF_INET6 if ":" in other else socket.AF_INET)
        if second.family == socket.AF_INET6:
            second.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        second.bind((other, port))
        second.listen(128)
    except OSError as refusal:
        if second is not None:
            second.close()
        if refusal.errno in (errno.EADDRINUSE, errno.EACCES):
            return [listener], tuple(name for name in LOOPBACK if name not in (other, "localhost"))
        return [listener], LOOPBACK  # this computer has no such address: nobody can hold it
    return [listener, second], LOOPBACK


def _listen(host: str, port: int | None, before: int | None = None) -> socket.socket:
    """A listening socket: on the port that was asked for, else on the one `before`, so that bookmarks work, else on the
    first free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    usual = range(FIRST_PORT, FIRST_PORT + 100)
    for candidate in [port] if port is not None else [*([before] if before in usual else []), *usual]:
        listener = _stream_socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(128)
            return listener
        except OSError as refusal:
            listener.close()
            reason = refusal.strerror or str(refusal)
    last = FIRST_PORT + 99
    where = Both(f"port {port}", f"端口 {port}")
    if port is None:
        where = Both(f"any port from {FIRST_PORT} to {last}", f"{FIRST_PORT} 到 {last} 的任何端口")
    raise ConfigError(
        Both(
            "r1chat cannot listen on {where} of {host} ({reason}). Is r1chat open already? Choose another port with "
            "--port, or 0 for any free one.",
            "r1chat 无法在 {host} 上监听{where}（{reason}）。r1chat 是否已经打开？请用 --port 换一个端口，"
            "0 表示任何空闲端口。",
        ).format(where=where, host=host, reason=reason)
    )

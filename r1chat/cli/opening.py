"""`r1chat open`: a fresh address for the page that is being served, which works once."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

from r1chat.both import Both
from r1chat.errors import ConfigError
from r1chat.store.reply_owner import is_alive
from r1chat.ui.secrets import last_serving

PATIENCE = 15.0  # seconds; r1chat may be starting

_NOT_RUNNING = Both(
    "r1chat is not running with the data folder {folder}. Start it: r1chat serve",
    "没有使用数据文件夹 {folder} 的 r1chat 在运行。请启动它：r1chat serve",
)


def fresh_address(folder: Path) -> str:
    """An address with a new launch key. Raises ConfigError where no r1chat with this data folder serves a page."""
    serving = last_serving(folder)
    if serving is None or is_alive(serving.owner) is False:
        raise ConfigError(_NOT_RUNNING.format(folder=folder))
    request = urllib.request.Request(
        f"{serving.address}/r1chat/launch", method="POST", headers={"X-R1chat-Opener": serving.opener}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=PATIENCE) as response:
            key = response.read(200).decode("ascii", "replace")
    except (OSError, ValueError, urllib.error.URLError):
        key = ""
    if not re.fullmatch(r"[\w-]{20,100}", key, re.ASCII):
        raise ConfigError(_NOT_RUNNING.format(folder=folder))
    return f"{serving.address}/?token={key}"

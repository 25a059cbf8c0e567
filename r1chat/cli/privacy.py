"""`r1chat doctor --privacy`: a conversation in which every connection outside loopback is noted and refused.

It starts r1chat as a person would, with their settings and an empty data folder of its own, opens the page, asks the
model, and reads the reply. Every Python process of it is watched (`watcher/sitecustomize.py`); llama.cpp's own code,
which opens no connection, and the browser are not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

from r1chat.both import Both
from r1chat.config import Settings
from r1chat.errors import ConfigError
from r1chat.store import hosts_elsewhere

WATCHER = Path(__file__).with_name("watcher")
QUESTION = "27 + 43 = ?"
PAGES = ("/", "/theme.css", "/r1chat/page.css", "/data/", "/r1chat/data/page", "/models/")
_STARTS_WITHIN, _ANSWERS_WITHIN = 60.0, 300.0  # seconds

_DID_NOT_START = Both(
    "r1chat did not start for the look at its connections: {words}",
    "为检查连接而启动 r1chat 失败：{words}",
)


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of the conversation."""

    connections: tuple[str, ...]  # attempts outside loopback, as "event host:port"
    answer: str  # "" where the model gave none
    model: str
    databases: tuple[str, ...] = ()  # hosts outside this computer at which the person's database is; not asked for this


def watch(settings: Settings) -> Observation:
    """Run the conversation. Raises ConfigError where r1chat does not start, StoreError for an address that is none."""
    databases = tuple(hosts_elsewhere(settings.database))
    with TemporaryDirectory(prefix="r1chat-privacy-") as folder:
        notes = Path(folder) / "connections"
        env = {
            **os.environ,
            "R1CHAT_CONNECTIONS": str(notes),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(WATCHER), *sys.path))),
            "R1CHAT_DATA_DIR": str(Path(folder) / "data"),
            "R1CHAT_MODELS_DIR": str(settings.models_folder),
            "R1CHAT_DATABASE_URL": "",
            **_model(settings),
        }
        command = [sys.executable, "-P", "-m", "r1chat", "serve", "--no-browser", "--port", "0"]
        with (Path(folder) / "stderr").open("w+") as errors:
            served = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors, text=True)
            try:
                address = _address(served)
                if not address:
                    errors.seek(0)
                    raise ConfigError(_DID_NOT_START.format(words=errors.read().strip()[-300:]))
                answer = _talk(address, settings)
            finally:
                served.terminate()
                with suppress(subprocess.TimeoutExpired):
                    served.wait(20)
                served.kill()
                served.wait()
                if served.stdout is not None:
                    served.stdout.close()
        connections = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    return Observation(tuple(connections), answer, settings.model, databases)


def report(seen: Observation) -> Iterator[str]:
    """What to tell a person."""
    yield f"A conversation was held: start, pages, one question, {'its answer' if seen.answer else 'no answer'}."
    count = len(seen.connections)
    yield f"Connections outside this computer: {count}"
    for line in sorted(set(seen.connections)):
        yield f"  refused: {line} (× {seen.connections.count(line)})"
    for host in seen.databases:
        yield f"Your database is at {host}: what you and the models write goes there. It was not asked for this look."
    if count:
        yield "Your settings name a server elsewhere, or something that r1chat uses asks for one."


def _model(settings: Settings) -> dict[str, str]:
    """The settings that say where messages go, from flags or files, for the process that is watched."""
    variables = {
        "R1CHAT_BACKEND": settings.backend or "",
        "R1CHAT_MODEL": settings.model,
        "R1CHAT_BASE_URL": settings.base_url,
        "R1CHAT_OLLAMA_HOST": settings.ollama_host,
        "R1CHAT_OLLAMA": "true" if settings.ollama else "false",
        "R1CHAT_API_KEY": settings.api_key.get_secret_value(),
        "R1CHAT_MODEL_PATH": os.pathsep.join(map(str, settings.model_path)),
    }
    return {name: value for name, value in variables.items() if value}


def _address(served: subprocess.Popen[str]) -> str:
    assert served.stdout is not None
    for line in served.stdout:
        if match := re.search(r"http://\S+token=\S+", line):
            return match[0]
    return ""


def _talk(address: str, settings: Settings) -> str:
    """Open the page, ask, and wait for the reply; the answer, "" where there is none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    origin = address.partition("/?")[0]
    with opener.open(address, timeout=_STARTS_WITHIN) as page:
        key = re.search(r'data-session="([^"]+)"', page.read().decode())
    opener.addheaders = [("X-R1chat-Key", unescape(key[1]) if key else "")]
    for path in PAGES:
        with opener.open(origin + path, timeout=_STARTS_WITHIN) as part:
            part.read()
    act = json.dumps({"verb": "ask", "text": QUESTION, "lang": "en"}).encode()
    try:
        with opener.open(f"{origin}/r1chat/act", act, timeout=_ANSWERS_WITHIN) as done:
            conversation = json.loads(done.read())["conversation"]
    except urllib.error.HTTPError:  # no model answers, which is no matter of privacy
        return ""
    until = time.monotonic() + _ANSWERS_WITHIN
    feed = f"{origin}/r1chat/feed?conversation={conversation}&lang=en"
    with opener.open(feed, timeout=_ANSWERS_WITHIN) as events:
        for line in events:
            if not line.startswith(b"data:") or time.monotonic() > until:
                continue
            patch = json.loads(line[5:])
            block_ids = [block["id"] for block in patch.get("blocks", ()) if block["id"].endswith("-acts")]
            if patch.get("state", {}).get("running") == "" and block_ids:
                with opener.open(f"{origin}/r1chat/answer/{block_ids[-1][:32]}", timeout=30) as answer:
                    return str(answer.read().decode())
    return ""

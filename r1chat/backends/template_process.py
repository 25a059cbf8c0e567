"""Chat templates, rendered by a process that may be killed.

A template comes with a download and is a program: one that loops for ever or asks for 8 GB must cost no more than a
sentence. So all of them run in one child process with bounds of time and memory, started when it is first needed and
again after it was killed. Knows nothing of thoughts; `template_child.py` is what runs there.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from r1chat.both import Both
from r1chat.errors import BackendError, ModelFileError, UnsupportedError

LIMIT = 5.0  # seconds for the renders of one request
START_LIMIT = 60.0  # seconds for the child to start, perhaps on a machine that is busy
_PROGRAM = Path(__file__).with_name("template_child.py")

_ENDLESS = Both(
    "The chat template of this model does not end, or takes too much memory: it was stopped after {limit:.0f} seconds. "
    "Download another conversion of the model.",
    "该模型的对话模板无法结束，或占用内存过多：{limit:.0f} 秒后已被停止。请下载该模型的其他转换版本。",
)
_SYNTAX = Both(
    "The chat template of this model is broken (line {line}: {text}). Download another conversion of the model.",
    "该模型的对话模板已损坏（第 {line} 行：{text}）。请下载该模型的其他转换版本。",
)
_REFUSED = Both(
    "This model's chat template refuses the conversation: {text}. Remove the system prompt, start a new conversation, "
    "or choose another model.",
    "该模型的对话模板拒绝此对话：{text}。请移除系统提示、开始新对话，或选择其他模型。",
)
_BROKEN = Both(
    "The chat template of this model is broken ({text}). Download another conversion of the model.",
    "该模型的对话模板已损坏（{text}）。请下载该模型的其他转换版本。",
)
_NOT_STARTED = Both(
    "Chat templates cannot be rendered: the process for them did not start. Install r1chat again.",
    "无法渲染对话模板：其进程未能启动。请重新安装 r1chat。",
)


class TemplateProcess:
    """The child process. Safe to call from any thread; requests wait for each other."""

    def __init__(self, limit: float = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._endless: set[int] = set()  # hashes of sources that had to be stopped: not tried again

    def render(self, source: str, renders: Sequence[Mapping[str, Any]], now: datetime | None = None) -> list[str]:
        """The texts that a template makes of each set of variables; all at the same moment, `now` or the true one.

        Raises UnsupportedError where the template refuses, ModelFileError where it is broken or does not end.
        """
        texts: list[str] = self._ask(source, now, renders=renders)["texts"]
        return texts

    def vocabulary(self, source: str) -> tuple[dict[str, list[Any]], list[str]]:
        """The names that a template reads, each with the constants it is compared with; and its other constants.

        Raises ModelFileError for a template that is not valid Jinja.
        """
        answer = self._ask(source)
        return answer["names"], answer["constants"]

    def close(self) -> None:
        """End the child; the next request starts another."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """After a fork: the child belongs to the parent."""
        self._lock = threading.Lock()
        self._parents, self._child = self._child, None  # kept, since dropping a Popen that runs complains

    def _ask(self, source: str, now: datetime | None = None, **more: Any) -> dict[str, Any]:
        with self._lock:
            if hash(source) in self._endless:
                raise ModelFileError(_ENDLESS.format(limit=self._limit))
            if self._child is None or self._child.poll() is not None:
                self._start()
            request = {"source": source, "now": (now or datetime.now()).isoformat()} | more
            line = self._exchange(json.dumps(request) + "\n", self._limit)
            answer: dict[str, Any] = json.loads(line) if line else {"error": "memory"}
            if answer.get("error") == "memory":
                self._endless.add(hash(source))
        if "error" in answer:
            raise _error(answer, self._limit)
        return answer

    def _start(self) -> None:
        self._end()
        self._child = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        if self._exchange("", START_LIMIT) != "ready\n":
            self._end()
            raise BackendError(_NOT_STARTED)

    def _exchange(self, line: str, limit: float) -> str:
        """Write a line and read one; "" where none came in time, and then the child is gone."""
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        late = threading.Event()

        def expire() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(limit, expire)
        timer.daemon = True
        timer.start()
        try:
            child.stdin.write(line)
            child.stdin.flush()
            answer = child.stdout.readline()
        except OSError:  # it died while we wrote
            answer = ""
        except BaseException:  # Ctrl-C: nobody will read this answer, so it must not be the next request's
            self._end()
            raise
        finally:
            timer.cancel()
            timer.join()
        if late.is_set() or not answer.endswith("\n"):
            self._end()
            return ""
        return answer

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        try:
            child.communicate()
        except OSError:
            child.wait()


def _error(answer: Mapping[str, Any], limit: float) -> BackendError:
    text = str(answer.get("text", "")).rstrip(".")
    if answer["error"] == "syntax":
        return ModelFileError(_SYNTAX.format(line=answer.get("line"), text=text))
    if answer["error"] == "refused":
        return UnsupportedError(_REFUSED.format(text=text))
    if answer["error"] == "broken":
        return ModelFileError(_BROKEN.format(text=text))
    return ModelFileError(_ENDLESS.format(limit=limit))


TEMPLATES = TemplateProcess()
atexit.register(TEMPLATES.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=TEMPLATES.forget)

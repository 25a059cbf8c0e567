"""Chat templates, rendered by a process that may be killed.

A template comes with a download and is a program: one that loops for ever or asks for 8 GB must cost no more than an
error. So all of them run in one `LimitedProcess`; `template_program.py` is what runs there. Knows nothing of thoughts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from r1chat.both import Both
from r1chat.errors import BackendError, ModelFileError, UnsupportedError
from r1chat.limited import LimitedProcess, NotStartedError

LIMIT = 5.0  # seconds for the renders of one request

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
        self._process = LimitedProcess(Path(__file__).with_name("template_program.py"))
        self.seconds = 0.0  # of the processor that all requests took, a request that was stopped its limit
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
        self._process.close()

    def _ask(self, source: str, now: datetime | None = None, **more: Any) -> dict[str, Any]:
        if hash(source) in self._endless:
            raise ModelFileError(_ENDLESS.format(limit=self._limit))
        request = {"source": source, "now": (now or datetime.now()).isoformat()} | more
        try:
            answer: Any = self._process.ask(request, self._limit) or {"error": "memory"}
        except NotStartedError:
            raise BackendError(_NOT_STARTED) from None
        self.seconds += answer.get("seconds", self._limit)
        if answer.get("error") == "memory":
            self._endless.add(hash(source))
        if "error" in answer:
            raise _error(answer, self._limit)
        return dict(answer)


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

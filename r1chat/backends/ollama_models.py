"""What an Ollama server keeps: pulling and deleting models, and which of them are in memory until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
from pydantic import BeforeValidator, Field

from r1chat.backends import wire
from r1chat.backends.bridge import Bridge
from r1chat.backends.ollama_wire import ModelName, Size
from r1chat.both import Both
from r1chat.errors import BackendError, GenerationError, UnknownModelError
from r1chat.messages import LONGEST_NAME, BackendEvent, Progress

MOST_LAYERS = 1_000  # parts that a model is pulled in; it has a dozen
FOREVER = -1  # as a time to keep a model in memory
REGISTRY = "registry.ollama.ai"  # where Ollama itself fetches models whose names give no other host
LOOK_WITHIN = 5.0  # seconds: a page waits for it
_YEARS_AHEAD = 10  # Ollama tells a time centuries ahead for a model that stays

Translated = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class InMemory:
    """A model that the server has loaded. Sizes in bytes; `until` None: it stays."""

    name: str
    size: int
    on_gpu: int  # of `size`
    until: datetime | None


class _Running(wire.Tolerant):
    name: ModelName
    size: Size = 0
    size_vram: Size = 0
    expires_at: datetime | None = None
    context_length: Size = 0


class _RunningList(wire.Tolerant):
    models: Annotated[list[_Running], wire.entries_of(_Running)] = Field(default_factory=list)


class _PullLine(wire.Tolerant):
    status: Any = ""
    digest: Annotated[str, BeforeValidator(lambda value: wire.as_text(value)[:LONGEST_NAME])] = ""
    total: Size = 0
    completed: Size = 0
    error: Any = ""


class OllamaModels:
    """The models of one server. Safe to call from any thread. Raises BackendError throughout."""

    def __init__(self, http: httpx.AsyncClient, bridge: Bridge, url: str, translated: Translated) -> None:
        self._http = http
        self._bridge = bridge
        self._translated = translated
        self.url = url

    def pull(self, model: str) -> Generator[BackendEvent, None, None]:
        """Have the server fetch a model: `Progress` in bytes, "loading" while they come and "waiting" otherwise.

        Closing the iterator cancels it; what has come stays there, and the next pull goes on from it.
        """
        return self._bridge.iterate(self._pull(model))

    def delete(self, model: str) -> None:
        """Delete a model from the server's disk."""
        self._bridge.submit(self._done("DELETE", "/api/delete", model, {"model": model})).result()

    def in_memory(self) -> list[InMemory]:
        """The models that are loaded, by name."""
        return self._bridge.submit(self._in_memory()).result()

    def keep(self, model: str, seconds: int) -> None:
        """Keep a loaded model for so many seconds: FOREVER, or 0 to unload it now."""
        self._bridge.submit(self._keep(model, seconds)).result()

    async def _pull(self, model: str) -> AsyncGenerator[BackendEvent, None]:
        layers: dict[str, tuple[int, int]] = {}
        done = total = 0
        with self._translated(model):
            yield Progress("waiting")
            async with self._http.stream("POST", "/api/pull", json={"model": model, "stream": True}) as response:
                await wire.success(response)
                async with aclosing(wire.lines(response)) as lines:
                    async for data in lines:
                        for line in wire.all_parsed(_PullLine, data):
                            if line.error:
                                raise _refused(model, wire.as_text(line.error), wire.key_of(self._http.headers))
                            if line.status == "success":
                                return
                            if line.digest and line.total:
                                before = layers.get(line.digest, (0, 0))
                                layers[line.digest] = now = (min(line.completed, line.total), line.total)
                                done, total = done + now[0] - before[0], total + now[1] - before[1]
                                if len(layers) > MOST_LAYERS:
                                    raise GenerationError(_TOO_MANY.format(model=model))
                            yield Progress("loading" if line.digest else "waiting", done, total)
        raise GenerationError(_BROKEN.format(model=model))

    async def _in_memory(self) -> list[InMemory]:
        with self._translated(""):
            running = await self._running()
        now = datetime.now(UTC)
        return sorted(
            (InMemory(model.name, model.size, model.size_vram, _until(model.expires_at, now)) for model in running),
            key=lambda model: model.name,
        )

    async def _running(self) -> list[_Running]:
        async with asyncio.timeout(LOOK_WITHIN), self._http.stream("GET", "/api/ps") as response:
            await wire.success(response)
            return wire.parsed(_RunningList, await wire.body(response)).models

    async def _keep(self, model: str, seconds: int) -> None:
        body: dict[str, Any] = {"model": model, "messages": [], "keep_alive": seconds, "stream": False}
        if seconds:  # another window than the present one would load the model again
            with self._translated(model):
                window = next((running.context_length for running in await self._running() if running.name == model), 0)
            if window:
                body["options"] = {"num_ctx": window}
        await self._done("POST", "/api/chat", model, body)

    async def _done(self, method: str, path: str, model: str, body: dict[str, Any]) -> None:
        with self._translated(model):
            async with asyncio.timeout(wire.ANSWER_WITHIN), self._http.stream(method, path, json=body) as response:
                await wire.success(response)


def _until(expires: datetime | None, now: datetime) -> datetime | None:
    if expires is None:
        return None
    expires = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
    return expires if expires.year < now.year + _YEARS_AHEAD else None


def _refused(model: str, reason: str, key: str) -> BackendError:
    """The error that a line of a pull stands for."""
    if "file does not exist" in reason or "not found" in reason:
        return UnknownModelError(_NO_SUCH_MODEL.format(model=model))
    return GenerationError(_FAILED.format(model=model, reason=wire.shortened(reason, key).rstrip(".")))


_NO_SUCH_MODEL = Both(
    "Ollama's registry has no model {model!r}. Check the name at ollama.com/library; it looks like deepseek-r1:1.5b.",
    "Ollama 的模型库中没有 {model!r}。请在 ollama.com/library 核对名称，例如 deepseek-r1:1.5b。",
)
_FAILED = Both(
    "Ollama could not fetch {model!r}: {reason}. What came is kept: pull it again to go on.",
    "Ollama 无法获取 {model!r}：{reason}。已下载部分已保留：再次拉取即可继续。",
)
_TOO_MANY = Both(
    "Ollama names more parts of {model!r} than a model has, so r1chat stopped. Check what runs at its address.",
    "Ollama 为 {model!r} 列出的部分多于任何模型，r1chat 已停止。请检查该地址运行的程序。",
)
_BROKEN = Both(
    "Ollama stopped in the middle of {model!r}. What came is kept: pull it again to go on.",
    "Ollama 在获取 {model!r} 时中断。已下载部分已保留：再次拉取即可继续。",
)

"""From an async stream to a plain iterator: a private event loop in a thread of its own.

Owns the heartbeat, and the promise that closing the iterator ends the work at once, even while it waits for a server's
first byte. Knows nothing of HTTP or of models.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from r1chat.backends import HEARTBEAT
from r1chat.both import Both
from r1chat.errors import BackendError, GenerationError
from r1chat.messages import Answer, BackendEvent, Progress, Raw, Reasoning

T = TypeVar("T")

LONGEST_REPLY = 4 << 20  # characters that one call may send: some ten times what any window of today holds
MOST_WAITING = 64  # events that have not been read yet; then the server waits
CLOSE_WITHIN = 5.0  # seconds

log = logging.getLogger(__name__)

_CLOSING = Both("r1chat is closing; start it again to go on.", "r1chat 正在关闭；请重新启动后继续。")
_CLOSED = Both(
    "r1chat closed while the reply was being made. What came is kept; continue it next time.",
    "回复生成过程中 r1chat 被关闭。已收到的内容已保留；下次可以继续。",
)
_TOO_LONG = Both(
    "The server went on for more than {most:,} characters, so r1chat ended the reply. What came is kept. "
    "Ask again for something shorter, or with a limit of tokens.",
    "服务器发送的回复超过 {most:,} 个字符，r1chat 已结束该回复。已收到的内容已保留。"
    "请改问较短的内容，或限制 token 数。",
)


class Bridge:
    """An event loop that starts at its first use. Safe to use from any thread; once closed it stays closed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin `work`; cancelling the future cancels it. Raises GenerationError after `close`."""
        try:
            loop = self._running_loop()
        except GenerationError:
            work.close()
            raise
        return asyncio.run_coroutine_threadsafe(work, loop)

    def iterate(self, source: AsyncGenerator[BackendEvent, None]) -> Generator[BackendEvent, None, None]:
        """The events of `source` as they come; while none comes, its last `Progress` again, or `waiting`.

        Closing the iterator cancels whatever `source` awaits. What `source` raises is raised here, and GenerationError
        where it sends more than `LONGEST_REPLY`.
        """
        arrived: queue.SimpleQueue[BackendEvent | BaseException | None] = queue.SimpleQueue()
        pump = self.submit(_pump(source, arrived))
        heartbeat = Progress("waiting")
        try:
            while True:
                try:
                    item = arrived.get(timeout=HEARTBEAT)
                except queue.Empty:
                    item = heartbeat
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, Progress):
                    heartbeat = item
                yield item
        finally:
            pump.cancel()

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel all work, await `last` if the loop ever ran, and end the thread. Waits `CLOSE_WITHIN` at most."""
        with self._lock:
            self._closed = True
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_cancel_others_then(last), loop).result(CLOSE_WITHIN)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CLOSE_WITHIN)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._closed:
                raise GenerationError(_CLOSING)
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(self._loop,), name=self._name, daemon=True)
                self._thread.start()
            return self._loop


class Idle:
    """Work that is worth doing only until something else is asked for: at most one piece a key."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._running: dict[str, Future[None]] = {}

    def do(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end, or until `give_way` or another piece with that key. Never raises a BackendError."""
        self.give_way(key)
        try:
            self._running[key] = running = self._bridge.submit(work)
            running.result()
        except (BackendError, CancelledError) as error:
            log.debug("idle work for %s ended early: %r", key, error)

    def give_way(self, key: str) -> None:
        """Cancel the work for `key`, if there is any."""
        if running := self._running.pop(key, None):
            running.cancel()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()


async def _pump(
    source: AsyncGenerator[BackendEvent, None], arrived: queue.SimpleQueue[BackendEvent | BaseException | None]
) -> None:
    size = 0
    try:
        async with aclosing(source):
            async for event in source:
                if isinstance(event, Raw | Reasoning | Answer):
                    size += len(event.text)
                if size > LONGEST_REPLY:
                    raise GenerationError(_TOO_LONG.format(most=LONGEST_REPLY))
                arrived.put(event)
                while arrived.qsize() > MOST_WAITING:
                    await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        arrived.put(GenerationError(_CLOSED))
        raise
    except Exception as error:
        arrived.put(error)  # raised again where the iterator is read
    else:
        arrived.put(None)


async def _cancel_others_then(last: Callable[[], Coroutine[Any, Any, None]]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await last()

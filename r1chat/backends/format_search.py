"""The search for the formats of one server's chat templates. Knows nothing of servers.

A server may bring another template at each question, and each one is a program: one is searched at a time, whatever
becomes of the question, and none any more once the server is removed.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from r1chat.backends.format_finder import FoundFormat, find_any_format


class FormatSearch:
    """Searches of one server, one after the other, in a thread of their own."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="r1chat-format")

    async def find(self, template: str, bos: str = "", eos: str = "") -> FoundFormat:
        """What `find_any_format` finds. Raises SearchStoppedError where `close` comes meanwhile."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, find_any_format, template, bos, eos, self._stopped.is_set)

    def close(self) -> None:
        """End the search under way, and those that wait. Does not wait for that."""
        self._stopped.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

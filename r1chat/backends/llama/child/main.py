"""The main loop of an engine process: takes tasks from its channel one by one.

The process ends when the channel does: so it outlives the page's process by no more than the moment in which the
system closes that one's pipes, whatever it is doing.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from r1chat.backends.llama.channel import Channel
from r1chat.core_files import write_no_core_files


class Stops:
    """Which tasks nobody wants any more: all up to number `last`."""

    def __init__(self) -> None:
        self.last = 0


def main() -> None:
    """Serve tasks until the channel ends. Standard input and output are the channel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the page's process
    write_no_core_files()  # a failed assertion of ggml aborts, and the prompt is in memory
    channel = take_over_standard_streams()
    try:
        _import_bindings_alone()
        from r1chat.backends.llama.child.tasks import Tasks
    except Exception as error:  # a broken installation of llama.cpp may raise anything
        channel.send("unusable", f"{type(error).__name__}: {error}")
        return
    tasks: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
    stops = Stops()
    threading.Thread(target=_listen, args=(channel, tasks, stops), daemon=True).start()
    channel.send("ready")
    served = Tasks(channel, stops, verbose="--verbose" in sys.argv)
    while True:
        served.serve(tasks.get())


def _import_bindings_alone() -> None:
    """Make `import llama_cpp.llama_cpp` load the C bindings without the package's own `__init__`.

    That one imports a chat of its own, numpy and jinja2: two thirds of the processor time in which an engine starts.
    """
    spec = find_spec("llama_cpp")
    if spec is not None and spec.submodule_search_locations is not None:
        package = ModuleType("llama_cpp")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["llama_cpp"] = package


def take_over_standard_streams() -> Channel:
    """The channel on the two pipes; what libraries print goes to standard error from now on."""
    channel = Channel(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return channel


def _listen(channel: Channel, tasks: queue.SimpleQueue[list[Any]], stops: Stops) -> None:
    """Sort messages into tasks and stops. Ends the process with the channel, at once, even in the midst of C code."""
    while (message := channel.receive()) is not None:
        if message[0] == "stop":
            stops.last = max(stops.last, message[1])
        else:
            tasks.put(message)
    os._exit(0)

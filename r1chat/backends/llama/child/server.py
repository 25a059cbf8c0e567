"""An engine process with llama.cpp's own HTTP server in it, from the package xllamacpp, which needs no compiler.

The channel carries one message in, how to load the model, and one out: the address, or why there is none.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from r1chat.backends.llama.child.main import take_over_standard_streams
from r1chat.backends.llama.machine import default_threads
from r1chat.core_files import write_no_core_files


def main() -> None:
    """Serve one model on loopback until the channel ends. Standard input and output are the channel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the page's process
    write_no_core_files()
    channel = take_over_standard_streams()
    message = channel.receive()
    if message is None:
        return
    try:
        server = _serve(**message[1])
        channel.send("ready", server.listening_address)
    except ImportError as error:  # a library of the system is missing
        channel.send("broken", str(error))
        return
    except Exception as error:  # whatever xllamacpp makes of a file that llama.cpp refuses
        channel.send("unusable", str(error) or type(error).__name__)
        return
    while channel.receive() is not None:
        pass
    os._exit(0)


def _serve(
    path: str,
    adapter: str,
    window: int,
    batch: int,
    weights: int,
    threads: int | None,
    gpu_layers: int | None,
    mapped: bool,
    key: str,
) -> Any:
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = path
    if adapter:
        lora = xllamacpp.CommonAdapterLoraInfo()
        lora.path, lora.scale = adapter, 1.0
        params.lora_adapters = [lora]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = params.warmup = False
    params.n_ctx = window
    params.n_batch = params.n_ubatch = batch
    params.n_parallel = 1  # one text in memory, as with the other engine; replies queue for it
    params.cache_ram_mib = 0  # no copies of earlier texts: they take gigabytes
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or default_threads(weights)
    if mapped:
        params.no_extra_bufts = True  # weights that are rearranged for the processor are a copy in memory
    else:
        params.load_mode = 0  # none: a mapped file would stay in memory beside those copies
    if gpu_layers is not None:
        params.n_gpu_layers = gpu_layers
    return xllamacpp.Server(params)

"""Imports Gradio in half the time, and so that it sends nothing. Only this module may import it.

The rest of the page writes `from r1chat.ui.startup import gradio as gr`.

At every import Gradio writes type stubs for each of its components, which takes longer than the rest of the import. It
skips classes whose source file is unknown, so `inspect.getfile` says that of all of them meanwhile. The garbage
collector is off, since an import makes objects that stay. Measured on two cores: 2.4 s of CPU time before, 1.0 s after.
"""

from __future__ import annotations

import gc
import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_SSR_MODE"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


@contextmanager
def _quickly() -> Iterator[None]:
    getfile, collecting = inspect.getfile, gc.isenabled()

    def without_components(thing: Any) -> str:
        if type(thing).__name__ == "ComponentMeta":
            raise OSError("a component has no file")
        return getfile(thing)

    gc.disable()
    inspect.getfile = without_components  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile
        gc.freeze()
        if collecting:
            gc.enable()


with _quickly():
    import gradio

__all__ = ["gradio"]

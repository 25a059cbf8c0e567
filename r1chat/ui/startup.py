"""Imports Gradio in half the time, and so that it sends nothing. Only this module may import it.

The rest of the page writes `from r1chat.ui.startup import gradio as gr`.

At every import Gradio writes type stubs for each of its components, which takes longer than the rest of the import. It
skips classes whose source file is unknown, so `inspect.getfile` says that of all of them meanwhile. pandas, which only
components that the page does not have ever use, is loaded when something of it is asked for. The garbage collector is
off, since an import makes objects that stay. Measured on two cores: 2.4 s of CPU time before, 0.8 s after.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import inspect
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_SSR_MODE"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# Else Gradio takes a folder of one name for all accounts of the computer, which only the first of them may write to.
os.environ["GRADIO_TEMP_DIR"] = mkdtemp(prefix="r1chat-gradio-")
atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)


@contextmanager
def _quickly() -> Iterator[None]:
    getfile, collecting = inspect.getfile, gc.isenabled()

    def without_components(thing: Any) -> str:
        if type(thing).__name__ == "ComponentMeta":
            raise OSError("a component has no file")
        return getfile(thing)

    if "pandas" not in sys.modules:
        sys.modules["pandas"] = _Later("pandas")
    gc.disable()
    inspect.getfile = without_components  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile
        gc.freeze()
        if collecting:
            gc.enable()


class _Later(ModuleType):
    """Stands for a module, which is imported when the first thing of it is asked for.

    `importlib.util.LazyLoader` would do, but before Python 3.12 the second `import` of the module loads it.
    """

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


with _quickly():
    import gradio


@contextmanager
def one_app() -> Iterator[None]:
    """Meanwhile Blocks make no FastAPI app at their begin and end: mounting them makes the one that is used."""
    app: Any = gradio.routes.App
    create = app.create_app
    app.create_app = staticmethod(lambda *args, **kwargs: None)
    try:
        yield
    finally:
        app.create_app = staticmethod(create)


__all__ = ["gradio", "one_app"]

"""The chat page as Gradio rendered it, kept from one start to the next.

Importing Gradio and rendering take longer than the rest of the start. So the rendering is kept beside the compiled
modules, as Python keeps those, and used as long as no file of r1chat and no release of Gradio has changed since.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

ORIGIN = "http://r1chat.invalid"  # stands in the document where the page's own origin belongs
_PACKAGE = Path(__file__).parents[1]
_PLACE = Path(importlib.util.cache_from_source(__file__)).with_name("chat_page.json")


@dataclass(frozen=True)
class ChatPage:
    """The chat page: `document` (HTML with ORIGIN in it), `theme` (Gradio's style sheet), `styles` (ours), and names
    of Gradio's `assets` that each opening of the page asks for."""

    document: str
    theme: str
    styles: str
    assets: list[str]


def gradio_folder() -> Path:
    """Where Gradio is installed, found without importing it."""
    spec = importlib.util.find_spec("gradio")
    assert spec is not None and spec.origin is not None, "a dependency is not installed"
    return Path(spec.origin).parent


def frontend() -> Path:
    """The folder of Gradio's frontend: its scripts and styles are in `assets` and `static`."""
    return gradio_folder() / "templates/frontend"


def kept_or_rendered(
    render: Callable[[], ChatPage],
    place: Path = _PLACE,
    package: Path = _PACKAGE,
) -> ChatPage:
    """The page that is kept at `place`; else a new rendering, which is then kept if that is possible.

    `package`: the folder of the files that it depends on, besides Gradio's.
    """
    stamp = _stamp(package)
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        values = json.loads(place.read_text(encoding="utf-8"))
        if values.pop("stamp") == stamp:
            return ChatPage(**values)
    page = render()
    if not sys.dont_write_bytecode:
        beside = place.with_name(f"{place.name}.{os.getpid()}")
        with suppress(OSError):  # an installation of somebody else's
            place.parent.mkdir(exist_ok=True)
            beside.write_text(json.dumps({"stamp": stamp, **asdict(page)}), encoding="utf-8")
            beside.replace(place)
    return page


def _stamp(package: Path) -> str:
    """Changes with every file that the rendering depends on, as Python knows a changed module: by time and size."""
    files = [*_files(package), frontend() / "index.html", gradio_folder() / "package.json"]
    stats = [(str(file), (status := file.stat()).st_mtime_ns, status.st_size) for file in sorted(files)]
    return sha256(repr(stats).encode()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(root, name) for name in names)

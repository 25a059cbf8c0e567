"""Links by which the browser gets the page's scripts and styles all at once, not import by import.

Ours are found by their imports. Gradio's frontend is built by Vite, whose scripts name with each `import()` all files
that it needs (`__vite__mapDeps`). Where a release writes that differently, links are missing, and the page opens later.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_OUR_IMPORT = re.compile(r"^(?:import|\}) (?:.* from )?'(\.[^']+)';$", re.MULTILINE)
_ENTRY = re.compile(r'src="\./assets/(index-[\w-]+\.js)"')
_FILES = re.compile(r"m\.f=\[([^\]]*)\]")
_LAZY = re.compile(r"import\(.\./([\w.-]+).\)[^_]{0,60}__vite__mapDeps\(\[([\d,]*)\]\)")
_COMPONENT = re.compile(r"\b(?:html|row|column):\{(?:(?!component:).)*component:")


def links(paths: Iterable[str]) -> str:
    """HTML for the head, of scripts (modules) and style sheets."""
    return "".join(map(_link, paths))


def _link(path: str) -> str:
    if path.endswith(".css"):
        return f'<link rel="preload" as="style" href="{path}" crossorigin>'  # as Vite will ask for it
    return f'<link rel="modulepreload" href="{path}">'


def modules(folder: Path, entry: str) -> list[str]:
    """A script and all that it imports, by their paths in `folder`."""
    names = [entry]
    for name in names:
        for imported in _OUR_IMPORT.findall((folder / name).read_text(encoding="utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
            if path not in names:
                names.append(path)
    return names


def gradio_files(frontend: Path) -> list[str]:
    """Names in the folder `assets` of Gradio's page, `frontend`.

    They are the entry, what it imports (the frame, and `core`, which knows all components), and what these need for us.
    """
    assets = frontend / "assets"
    names = dict.fromkeys(_ENTRY.findall((frontend / "index.html").read_text(encoding="utf-8")))
    for name in list(names):
        names |= dict.fromkeys(_needed((assets / name).read_text(encoding="utf-8")))
    for name in list(names):
        if name.startswith("Index-") and name.endswith(".js"):
            names |= dict.fromkeys(_needed((assets / name).read_text(encoding="utf-8"), "Blocks-"))
        elif name.startswith("core-") and name.endswith(".js"):
            source = (assets / name).read_text(encoding="utf-8")
            for component in _COMPONENT.finditer(source):
                names |= dict.fromkeys(_needed(source, at=component.end()))
    return [name for name in names if (assets / name).is_file()]


def _needed(source: str, script: str = "", at: int | None = None) -> Iterator[str]:
    """The files that lazy imports need: those of scripts named `script…`, or of the first one from `at` on."""
    listed = _FILES.search(source)
    files = [file.strip("\"'`").removeprefix("./") for file in listed[1].split(",")] if listed else []
    for match in _LAZY.finditer(source, at or 0):
        if match[1].startswith(script):
            yield match[1]
            yield from (files[int(number)] for number in match[2].split(",") if number and int(number) < len(files))
        if at is not None:
            return

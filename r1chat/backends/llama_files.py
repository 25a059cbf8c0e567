"""Which GGUF files there are, and which of them cannot be used and why. Reads headers; loads nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from r1chat.backends.llama_model import knows_architecture
from r1chat.errors import ModelFileError
from r1chat.gguf import Header, read_header

_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})")  # how large models are split over files


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on disk: one file, or all parts of a split one. `problem` says why it cannot be used, "" if it can."""

    name: str  # unique among those that were found together
    path: Path  # the first part
    parts: tuple[Path, ...] = ()
    size: int = 0  # bytes, of all parts
    stamp: int = 0  # changes when a file does
    header: Header | None = field(default=None, compare=False)
    parameters: int = field(default=0, compare=False)
    problem: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class _Stamped:
    """A file as it was at one time: what was read from it then still holds."""

    path: Path
    size: int
    modified: int


class ModelFiles:
    """The models in some files and folders (searched to any depth). A file is read again only when it has changed."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [path.expanduser() for path in paths]
        self._read: dict[_Stamped, Header | str] = {}

    def find(self) -> list[ModelFile]:
        """All models, in the order of the paths, by name within a folder."""
        found: dict[str, ModelFile] = {}
        for path, parts in self._models():
            split = _PART.fullmatch(path.stem)
            stem = split[1] if split else path.stem
            names = (stem, f"{path.parent.name}/{stem}", *(f"{stem} ({i})" for i in range(2, 1000)))
            name = next(name for name in names if name not in found)
            found[name] = self._describe(name, path, parts, int(split[3]) if split else 1)
        return list(found.values())

    def _models(self) -> Iterator[tuple[Path, list[Path]]]:
        """First part and all parts of each model, every one once."""
        seen: set[Path] = set()
        for path in self._files():
            real = path.resolve()
            if real in seen:
                continue
            split = _PART.fullmatch(path.stem)
            parts = sorted(path.parent.glob(f"{_escaped(split[1])}-?????-of-{split[3]}.gguf")) if split else [path]
            seen |= {real, *(part.resolve() for part in parts)}
            yield (parts or [path])[0], parts or [path]

    def _files(self) -> Iterable[Path]:
        for path in self._paths:
            if path.is_dir():
                yield from sorted(file for file in path.rglob("*") if file.suffix.lower() == ".gguf")
            elif path.exists() or path.suffix.lower() == ".gguf":  # a folder that is not there yet is no mistake
                yield path

    def _describe(self, name: str, path: Path, parts: list[Path], expected: int) -> ModelFile:
        headers: list[Header] = []
        size = stamp = 0
        problem = ""
        for part in parts:
            try:
                status = part.stat()
            except OSError:
                status = None
            read = self._header(part, status.st_size, status.st_mtime_ns) if status else _problem_of(part)
            if status:
                size, stamp = size + status.st_size, max(stamp, status.st_mtime_ns)
            if isinstance(read, Header):
                headers.append(read)
            else:
                problem = problem or read
        if len(parts) != expected:
            problem = problem or f"{len(parts)} of {expected} files of {name} are there. Download the others too."
        header = headers[0] if headers else None
        return ModelFile(
            name=name,
            path=path,
            parts=tuple(parts),
            size=size,
            stamp=stamp,
            header=header,
            parameters=sum(header.parameters for header in headers),
            problem=problem or (_unusable(header) if header else ""),
        )

    def _header(self, path: Path, size: int, modified: int) -> Header | str:
        key = _Stamped(path, size, modified)
        if key not in self._read:
            self._read[key] = _complete_header(path, size)
        return self._read[key]


def _complete_header(path: Path, size: int) -> Header | str:
    try:
        header = read_header(path)
    except ModelFileError as error:
        return str(error)
    if header.missing:
        there = f"{size:,} of {size + header.missing:,} bytes"
        return f"{path.name} is incomplete: {there} are there. Finish the download, or start it again."
    return header


def _problem_of(path: Path) -> str:
    try:
        read_header(path)
    except ModelFileError as error:
        return str(error)
    return ""


def _unusable(header: Header) -> str:
    """Why a file that is in order cannot be chatted with; "" if it can."""
    name = header.path.name
    if header.kind != "model":
        return f"{name} is no model of its own but a part of one ({header.kind}). Choose the model itself."
    if not header.writes_text:
        return f"{name} makes embeddings for search; it cannot chat. Choose another model."
    if not knows_architecture(header.architecture):
        return (
            f"{name} is of an architecture that this llama.cpp does not know ({header.architecture or 'none given'}). "
            "Update r1chat, or choose another model."
        )
    return ""


def _escaped(text: str) -> str:
    """For `glob`, in which brackets mean something."""
    return re.sub(r"([\[\]?*])", r"[\1]", text)

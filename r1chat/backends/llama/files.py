"""Which GGUF files there are, and which of them cannot be used and why. Reads headers; loads nothing."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from r1chat.backends.gguf import Header, read_header
from r1chat.backends.llama.adapters import joined
from r1chat.backends.llama.found import FoundModel, ollama_models_of
from r1chat.both import Both
from r1chat.errors import ModelFileError
from r1chat.files import named_path
from r1chat.unicode import clean, is_unicode

log = logging.getLogger(__name__)

MOST_FOLDERS = 5_000  # that are looked through for models
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})")  # how large models are split over files
_DOWNLOAD = re.compile(r".+\.gguf\.(part|partial|incomplete|download|downloading|crdownload|tmp)", re.IGNORECASE)
_NAMELESS = ("model", "ggml-model")  # stems that say nothing: the folder has the name


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file as it was at one time: as long as both numbers stay the same, what was read from it holds."""

    path: Path
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on disk: one file, or all parts of a split one. `problem` says why it cannot be used; None if it can."""

    name: str  # unique among those that were found together
    parts: tuple[FilePart, ...]
    header: Header | None = field(default=None, compare=False)
    parameters: int = field(default=0, compare=False)
    problem: ModelFileError | None = field(default=None, compare=False)
    program: str = field(default="", compare=False)  # whose folder it was found in; "" for r1chat's own
    base: ModelFile | None = field(default=None, compare=False)  # of a model with an adapter; `parts` are the base's
    adapter: FilePart | None = None
    adapter_header: Header | None = field(default=None, compare=False)

    @property
    def loaded(self) -> ModelFile:
        """The file that an engine loads: the base, over which adapters are switched without loading it again."""
        return self.base or self

    @property
    def title(self) -> str:
        """The model's own name, "" where it has none."""
        header = self.adapter_header or self.header
        return header.name if header else ""

    @property
    def path(self) -> Path:
        """The first part, by which the others are found."""
        return self.parts[0].path

    @property
    def size(self) -> int:
        """Bytes, of all parts."""
        return sum(part.size for part in self.parts)


class ModelFiles:
    """The models in some files and folders (searched to any depth). A file is read again only when it has changed."""

    def __init__(
        self,
        paths: Sequence[Path],
        knows: Callable[[str], bool],
        elsewhere: Callable[[], Iterable[FoundModel]] = lambda: (),
    ) -> None:
        """`knows` tells whether an architecture can be run, `elsewhere` what other programs have."""
        self._knows = knows
        self._elsewhere = elsewhere
        self._paths = [named_path(path) for path in paths]
        self._read: dict[FilePart, Header | ModelFileError] = {}
        self._found: list[ModelFile] = []

    def find(self) -> list[ModelFile]:
        """All models, in the order of the paths, by name within a folder; those of other programs come last.

        Names are given to models before adapters, so that no adapter takes a model's.
        """
        by_name: dict[str, ModelFile] = {}
        sources = list(self._models())
        for paths, source in sorted(sources, key=lambda model: self._holds_adapter(model[0][0])):
            split = _PART.fullmatch(paths[0].stem)
            stem = split[1] if split else paths[0].name.removesuffix(".gguf") if source.name else paths[0].stem
            if source.program and stem.lower() in _NAMELESS:
                stem = paths[0].parent.name
            first, folder = clean(source.name or stem), clean(paths[0].parent.name)
            names = chain((first, f"{folder}/{clean(stem)}"), (f"{first} ({i})" for i in count(2)))
            name = next(name for name in names if name not in by_name)
            by_name[name] = self._describe(
                name, tuple(map(_part, paths)), int(split[3]) if split else 1, source.program
            )
        order = {paths[0]: place for place, (paths, _) in enumerate(sources)}
        files = sorted(by_name.values(), key=lambda file: order[file.path])
        models = [file for file in files if not _is_adapter(file)]
        self._found = [joined(file, models) if _is_adapter(file) else file for file in files]
        return self._found

    def get(self, name: str) -> ModelFile | None:
        """The model of that name. Looks through the folders only if it is not as it was."""
        for file in self._found:
            parts = (*file.parts, *([file.adapter] if file.adapter else ()))
            if file.name == name and all(_part(part.path) == part for part in parts):
                return file
        return next((file for file in self.find() if file.name == name), None)

    def paths(self, name: str) -> list[Path]:
        """The files of the model of that name alone; of a model with an adapter, the adapter's. Empty if none."""
        file = self.get(name)
        return self._own(file) if file else []

    def name_of(self, path: Path) -> str:
        """The name of the model that a file is, or is a part of; "" if it is of none."""
        model = next((file for file in self._found if path in self._own(file)), None)
        model = model or next((file for file in self.find() if path in self._own(file)), None)
        return model.name if model else ""

    @staticmethod
    def _own(file: ModelFile) -> list[Path]:
        return [file.adapter.path] if file.adapter else [part.path for part in file.parts]

    def of_ollama(self, name: str) -> ModelFile | None:
        """The file with which Ollama computes a model, without its adapter where it has one; None if it is not here."""
        names = {name, f"{name}:latest"}
        files = (file for file in self.find() if file.program == "Ollama" and not file.base)
        return next((file for file in files if any(m.name in names for m in ollama_models_of(file.path))), None)

    def _models(self) -> Iterator[tuple[list[Path], FoundModel]]:
        """The parts of each model, every one once, and where they come from."""
        seen: set[Path] = set()
        for path, source in self._files():
            try:
                if path.resolve() in seen:
                    continue
            except (OSError, RuntimeError):  # links in a circle
                continue
            split = _PART.fullmatch(path.stem)
            others = path.parent.glob(f"{_escaped(split[1])}-?????-of-{split[3]}.gguf") if split else ()
            parts = sorted({path, *others})
            seen.update(part.resolve() for part in parts)
            yield parts, source

    def _files(self) -> Iterable[tuple[Path, FoundModel]]:
        for path in self._paths:
            own = FoundModel(path, "")
            if path.is_dir():
                yield from ((file, own) for file in _walk(path))
            elif path.exists() or path.suffix.lower() == ".gguf":  # a folder that is not there yet is no mistake
                yield path, own
        for source in self._elsewhere():
            if source.path.is_dir():
                yield from ((file, source) for file in _walk(source.path))
            else:
                yield source.path, source

    def _describe(self, name: str, parts: tuple[FilePart, ...], expected: int, program: str) -> ModelFile:
        read = [self._header(part) for part in parts]
        headers = [header for header in read if isinstance(header, Header)]
        problems = [problem for problem in read if isinstance(problem, ModelFileError)]
        if len(parts) != expected:
            problems.append(ModelFileError(_PARTS_MISSING.format(there=len(parts), expected=expected, name=name)))
        if headers and not problems and (problem := self._unusable(headers[0])):
            problems.append(problem)
        return ModelFile(
            name=name,
            parts=parts,
            header=headers[0] if headers else None,
            parameters=sum(header.parameters for header in headers),
            problem=problems[0] if problems else None,
            program=program,
        )

    def _holds_adapter(self, path: Path) -> bool:
        header = self._header(_part(path))
        return isinstance(header, Header) and _kind(header) == "adapter"

    def _header(self, part: FilePart) -> Header | ModelFileError:
        """The header, or why the file is no good."""
        if part not in self._read:
            self._read[part] = _complete_header(part.path, part.size)
        return self._read[part]

    def _unusable(self, header: Header) -> ModelFileError | None:
        """Why a file that is in order cannot be chatted with; None if it can."""
        name = header.path.name
        kind = _kind(header)
        if kind != "model":
            return ModelFileError(_NO_MODEL.format(name=name, kind=_KINDS.get(kind, kind)))
        if not header.writes_text or header.count(".pooling_type"):
            return ModelFileError(_EMBEDDINGS.format(name=name))
        if not self._knows(header.architecture):
            return ModelFileError(
                UNKNOWN_ARCHITECTURE.format(name=name, architecture=header.architecture or _NONE_GIVEN)
            )
        return None


class OfFiles:
    """What a backend tells of the files whose models it runs."""

    _files: ModelFiles

    def header(self, model: str) -> Header | None:
        """What the file of a model says of itself; None where there is no such file."""
        file = self._files.get(model)
        return file.header if file else None

    def paths(self, model: str) -> list[Path]:
        """See `ModelFiles.paths`."""
        return self._files.paths(model)

    def name_of(self, path: Path) -> str:
        """See `ModelFiles.name_of`."""
        return self._files.name_of(path)

    def of_ollama(self, model: str) -> ModelFile | None:
        """See `ModelFiles.of_ollama`."""
        return self._files.of_ollama(model)


def _walk(folder: Path) -> Iterator[Path]:
    """GGUF files and unfinished downloads below a folder, sorted; each folder is visited once, linked ones at the end.

    A link may lead to a whole disk: after MOST_FOLDERS the rest is left out.
    """
    visited: set[str] = set()
    starts = [str(folder)]
    for start in starts:  # which grows
        for place, folders, files in os.walk(start):
            real = os.path.realpath(place)
            if real in visited:
                folders.clear()
                continue
            if len(visited) >= MOST_FOLDERS:
                log.warning("%s holds more than %d folders: models in the others are not listed", folder, MOST_FOLDERS)
                return
            visited.add(real)
            folders.sort()
            starts += [path for name in folders if os.path.islink(path := os.path.join(place, name))]
            # a folder with such a name is listed too, and explained
            names = [*files, *(name for name in folders if name.lower().endswith(".gguf"))]
            for name in sorted(names):
                if name.lower().endswith(".gguf") or _DOWNLOAD.fullmatch(name):
                    yield Path(place, name)


def _kind(header: Header) -> str:
    """What a file is: `model`, or what else publishers put into GGUF files."""
    if header.kind != "model":
        return header.kind
    if header.architecture == "clip":  # projectors before they had a type
        return "mmproj"
    return "adapter" if header.text("adapter.type") else "model"


def _is_adapter(file: ModelFile) -> bool:
    return file.header is not None and not file.header.missing and _kind(file.header) == "adapter"


def _part(path: Path) -> FilePart:
    try:
        status = path.stat()
    except OSError:
        return FilePart(path, 0, 0)
    return FilePart(path, status.st_size, status.st_mtime_ns)


def _complete_header(path: Path, size: int) -> Header | ModelFileError:
    if not is_unicode(str(path)):  # llama.cpp takes paths in UTF-8 alone
        return ModelFileError(_NO_UNICODE.format(path=clean(str(path))))
    if _DOWNLOAD.fullmatch(path.name):
        return ModelFileError(_UNFINISHED.format(name=path.name))
    try:
        header = read_header(path)
    except ModelFileError as error:
        return error
    if header.missing:
        return ModelFileError(_INCOMPLETE.format(name=path.name, there=f"{size:,}", all=f"{size + header.missing:,}"))
    return header


def _escaped(text: str) -> str:
    """For `glob`, in which brackets mean something."""
    return re.sub(r"([\[\]?*])", r"[\1]", text)


UNKNOWN_ARCHITECTURE = Both(
    "{name} is of an architecture that this llama.cpp does not know ({architecture}). "
    "Update r1chat, or choose another model.",
    "{name} 的架构（{architecture}）不被此版本的 llama.cpp 支持。请更新 r1chat，或选择其他模型。",
)
_NONE_GIVEN = Both("none given", "未注明")
_PARTS_MISSING = Both(
    "{there} of {expected} files of {name} are there. Download the others too.",
    "{name} 共 {expected} 个文件，目前只有 {there} 个。请下载其余文件。",
)
_NO_MODEL = Both(
    "{name} is no model of its own but a part of one ({kind}). Choose the model itself.",
    "{name} 不是独立的模型，而是某个模型的一部分（{kind}）。请选择模型本身。",
)
_KINDS = {
    "mmproj": Both("mmproj: reads images for a model", "mmproj：为模型读取图像"),
    "adapter": Both("a LoRA adapter", "LoRA 适配器"),
    "imatrix": Both("imatrix: statistics for quantising", "imatrix：量化用的统计数据"),
    "vocab": Both("a vocabulary", "词表"),
}
_NO_UNICODE = Both(
    "The name of this file, or of a folder above it, is not UTF-8: {path}. Rename it, then look again.",
    "此文件或其上级文件夹的名称不是 UTF-8：{path}。请重命名后再试。",
)
_UNFINISHED = Both(
    "{name} is a download that has not finished. Finish it in the program that began it.",
    "{name} 是尚未完成的下载。请在开始下载的程序中完成它。",
)
_EMBEDDINGS = Both(
    "{name} makes embeddings for search; it cannot chat. Choose another model.",
    "{name} 是用于搜索的嵌入模型，不能对话。请选择其他模型。",
)
_INCOMPLETE = Both(
    "{name} is incomplete: {there} of {all} bytes are there. Finish the download, or start it again.",
    "{name} 不完整：只有 {there} / {all} 字节。请完成下载，或重新下载。",
)

"""Children in the model list: adapters that were kept, each a file of its own in the models folder.

Beside `NAME.gguf` lie `NAME.json`, the record of the run that made it, and `NAME.Modelfile` for Ollama.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from r1chat.app import App
from r1chat.backends.gguf import read_header
from r1chat.backends.llama.adapters import BASE_DIGEST, base_keys
from r1chat.backends.llama.digests import adapted
from r1chat.backends.llama.files import ModelFile
from r1chat.both import Both
from r1chat.errors import ExportError, ModelFileError, TrainingError
from r1chat.evaluation.measures import Estimate, wilson
from r1chat.files import SMALL, plain, read_json, replacing
from r1chat.judgements import Winner
from r1chat.learn.modelfile import modelfile
from r1chat.learn.runs import RunStatus, TrainingRun, checked_name
from r1chat.store import Store
from r1chat.store.entries import Filter
from r1chat.unicode import is_unicode

FOLDER = "adapters"
SUFFIXES = (".gguf", ".json", ".Modelfile")
# What readers of files raise where a file is not what it says.
_MALFORMED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    struct.error,
    RecursionError,
    MemoryError,
    ModelFileError,
)
_SCRATCH = ".new-"  # how the names of folders begin in which a child is written
_OLD = 86_400  # seconds: nobody writes so long
_LARGEST_RANK = 1024  # usual are 8 to 256
_LARGEST = 1 << 30  # bytes of an adapter that are hashed while a page waits: a second or two
NARROW = 0.15  # half the width of the 95 % interval at which blind comparisons suffice: 20 to 40 of them


class Contender(NamedTuple):
    """A model in comparisons: its name, and the digest of its file; "" where that is not known."""

    name: str
    digest: str = ""

    def is_same(self, other: Contender) -> bool:
        """By the digest where both have one: names change, and are given again."""
        if self.digest and other.digest:
            return self.digest == other.digest
        return self.name == other.name


class Children:
    """The adapters below a models folder."""

    def __init__(self, models_folder: Path, models: Callable[[], Iterable[str]] = tuple) -> None:
        """`models`: names of the model list, which no child is given."""
        self.folder = models_folder / FOLDER
        self._models = models

    @classmethod
    def of(cls, app: App) -> Children:
        """Those of an app, beside the models that its list shows."""

        def models() -> Iterable[str]:
            backend = app.catalogue.backend("llama.cpp")
            return [info.name for info in backend.models()] if backend else ()

        return cls(app.settings.models_folder, models)

    def names(self) -> list[str]:
        """The adapters, by name. A file whose name is not UTF-8 is left out: the model list says what to do with it."""
        return sorted(file.stem for file in self.folder.glob("*.gguf") if is_unicode(file.stem))

    def of_runs(self) -> dict[str, str]:
        """The name of each kept child, by the name of its run."""
        return {str(self.record(name).get("run", "")): name for name in self.names()}

    def record(self, name: str) -> dict[str, Any]:
        """What the run that made it says; empty for an adapter that came from elsewhere, or where it makes no sense."""
        with suppress(OSError, ValueError, TypeError, TrainingError):
            values = read_json(self.folder / f"{name}.json", follow=False)
            status = RunStatus.read(values)
            origin = {key: values[key] for key in ("run", "wish", "digest") if key in values}
            return {**origin, "run": checked_name(str(values["run"])), **asdict(status)} if "run" in values else {}
        return {}

    def contenders(self, name: str, base: str) -> tuple[Contender, Contender]:
        """A child and its base, whose name is `base`, as comparisons know them."""
        record = self.record(name)
        digest, base_digest = str(record.get("digest", "")), str(record.get("base", {}).get("sha256", ""))
        if not digest or not base_digest:  # of an older version, or an adapter that was made elsewhere
            with suppress(OSError):
                file = self.folder / f"{name}.gguf"
                stat = file.stat()
                digest, base_digest = _digests(file, stat.st_size, stat.st_mtime_ns)
        return Contender(name, digest), Contender(base, base_digest)

    def keep(self, run: TrainingRun, name: str = "") -> str:
        """Put a run's adapter into the model list; its name there. Raises TrainingError."""
        name = checked_name(name or run.name)
        if not run.adapter.exists():
            raise TrainingError(_NOTHING.format(name=run.name))
        self._check_free(name)
        status = run.status
        base = {key: value for key, value in status.base.items() if key != "path"}
        proof = {key: value for key, value in status.proof.items() if key != "examples"}  # a person's own texts
        wish = replace(run.wish, data=Path(run.wish.data).name, weights=Path(run.wish.weights).name)  # no paths
        values = _without_texts(asdict(replace(status, base=base, proof=proof)))
        record = {"run": run.name, "wish": asdict(wish), **values}
        with self._files_of(name) as new:
            record["digest"] = adapted(str(base.get("sha256", "")), _file_digest(run.adapter))
            (new / "json").write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
            lines = modelfile(Path(status.base.get("path", "")), f"{name}.gguf")
            (new / "Modelfile").write_text(lines, encoding="utf-8")
            shutil.copyfile(run.adapter, new / "gguf")
        return name

    def add(self, source: Path, base: ModelFile, digest: str, name: str) -> str:
        """Put an adapter that was made elsewhere beside its base, whose SHA-256 is `digest`; its name in the list.

        `source` is a GGUF file, or a folder as PEFT writes it. Raises TrainingError where it is none, or does not fit
        the base. The source itself is only read.
        """
        name = checked_name(name)
        self._check_free(name)
        if source.is_dir():
            return self._add_folder(source, base, digest, name)
        from r1chat.training.adapter_file import check_numbers, read_shapes

        try:
            if source.exists() and not source.is_file():
                raise ValueError("it is no plain file")  # a pipe or a device may never end
            architecture, shapes = read_shapes(source)
            _check_fit(source, architecture, shapes, base)
            check_numbers(source)
        except (*_MALFORMED, OSError) as error:
            raise TrainingError(_NO_ADAPTER.format(file=source, reason=error)) from None
        return self._put(source, base, digest, name, source)

    def _put(self, source: Path, base: ModelFile, digest: str, name: str, display_path: Path) -> str:
        """Put an adapter that was checked, in GGUF form, into the list; `display_path` is what a person knows it by."""
        from r1chat.training.adapter_file import with_metadata

        keys = base_keys(base.name, base.size, digest, base.parts[0].modified)
        try:
            with self._files_of(name) as new:
                with_metadata(source, new / "gguf", {"general.name": name, **keys})
                (new / "Modelfile").write_text(modelfile(base.path, f"{name}.gguf"), encoding="utf-8")
                (self.folder / f"{name}.json").unlink(missing_ok=True)  # of a former child
        except _MALFORMED as error:
            raise TrainingError(_NO_ADAPTER.format(file=display_path, reason=error)) from None
        return name

    def _add_folder(self, source: Path, base: ModelFile, digest: str, name: str) -> str:
        """Put an adapter of PEFT into the list: written as GGUF first."""
        from r1chat.training.adapter_file import Heads, write_adapter
        from r1chat.training.peft_file import read_peft

        header = base.header
        assert header is not None
        try:
            weights, alpha = read_peft(
                source, header, lambda shapes: _check_fit(source, header.architecture, shapes, base)
            )
        except (*_MALFORMED, OSError) as error:
            raise TrainingError(_NO_PEFT.format(file=source, reason=error)) from None
        queries = header.count(".attention.head_count")
        heads = Heads(queries, header.count(".attention.head_count_kv", queries))
        with self._scratch() as scratch:
            write_adapter(scratch / "peft", header.architecture, heads, weights, alpha, {})
            return self._put(scratch / "peft", base, digest, name, source)

    def rename(self, name: str, new: str) -> None:
        """Raises TrainingError where there is no such child, or the new name is taken."""
        self.check_there(name)
        self._check_free(checked_name(new))
        with suppress(OSError), plain(self.folder / f"{name}.Modelfile") as file, self._files_of(name) as files:
            text = file.read().decode(errors="replace").replace(f"./{name}.gguf", f"./{new}.gguf")
            (files / "Modelfile").write_text(text, encoding="utf-8")
        for suffix in SUFFIXES:
            with suppress(FileNotFoundError):
                os.rename(self.folder / f"{name}{suffix}", self.folder / f"{new}{suffix}")

    def delete(self, name: str) -> None:
        """Remove a child. Its run's folder keeps the adapter, so that `keep` brings it back. Raises TrainingError."""
        self.check_there(name)
        for suffix in SUFFIXES:
            (self.folder / f"{name}{suffix}").unlink(missing_ok=True)

    def export(self, name: str, folder: Path) -> list[Path]:
        """Copy a child's files into a folder: the adapter, its record, the Modelfile. Raises TrainingError.

        A record is without what older versions wrote of a person's texts.
        """
        self.check_there(name)
        files = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for suffix in SUFFIXES:
                source, target = self.folder / f"{name}{suffix}", folder / f"{name}{suffix}"
                if os.path.lexists(source):
                    if source.is_symlink() or not source.is_file():
                        raise TrainingError(_A_LINK.format(file=source))
                    with plain(source) as stream, replacing(target, follow=False) as copy:
                        if suffix == ".json":
                            copy.write(_record_without_texts(stream.read(SMALL)))
                        shutil.copyfileobj(stream, copy)
                    files.append(target)
        except ExportError as error:
            raise TrainingError(error.text) from None
        except OSError as error:
            raise TrainingError(_UNWRITABLE.format(folder=folder, reason=error.strerror)) from None
        return files

    def merge(self, name: str, base: Path, target: Path) -> None:
        """Write a child as a model of its own: its base with the adapter added to the weights, in one GGUF file.

        Its logits are compared with those of base and adapter in llama.cpp. Raises TrainingError; nothing is left then.
        """
        from r1chat.training.adapter_file import merge
        from r1chat.training.merging import check_merged

        self.check_there(name)
        if target.suffix != ".gguf" or target.exists():
            raise TrainingError((_EXISTS if target.exists() else _NO_GGUF_NAME).format(file=target))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".", dir=target.parent) as scratch:
                merged = Path(scratch) / "merged"
                merge(base, self.folder / f"{name}.gguf", merged, name)
                check_merged(base, self.folder / f"{name}.gguf", merged)
                os.replace(merged, target)
        except (*_MALFORMED, OSError) as error:
            raise TrainingError(_NOT_MERGED.format(file=target, reason=error)) from None

    def check_there(self, name: str) -> None:
        """Raises TrainingError where there is no such child."""
        if not (self.folder / f"{checked_name(name)}.gguf").exists():
            names = ", ".join(self.names()) or "-"
            raise TrainingError(_NO_CHILD.format(name=name, names=names))

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder of our own beside the children, where others who may write cannot have put a link before.

        Those that killed processes left, of gigabytes perhaps, are deleted once they are a day old.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for left in self.folder.glob(f"{_SCRATCH}*"):
                if time.time() - left.lstat().st_mtime > _OLD:
                    shutil.rmtree(left, ignore_errors=True)
            with TemporaryDirectory(prefix=_SCRATCH, dir=self.folder) as scratch:
                yield Path(scratch)
        except OSError as error:
            raise TrainingError(_UNWRITABLE.format(folder=self.folder, reason=error.strerror)) from None

    @contextmanager
    def _files_of(self, name: str) -> Iterator[Path]:
        """A folder for new files of a child, named "gguf", "json", "Modelfile"; they take their places at the end."""
        with self._scratch() as scratch:
            yield scratch
            for suffix in reversed(SUFFIXES):  # the adapter last: with it the child is there
                if (scratch / suffix[1:]).exists():
                    os.replace(scratch / suffix[1:], self.folder / f"{name}{suffix}")

    def _check_free(self, name: str) -> None:
        if (self.folder / f"{name}.gguf").exists():
            raise TrainingError(_TAKEN.format(name=name))
        if name.casefold() in {model.casefold() for model in {*self._models()} - {*self.names()}}:
            raise TrainingError(_A_MODEL.format(name=name))


def _without_texts(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without the sentence on the run's end: those of older versions repeated a right answer."""
    return {key: value for key, value in record.items() if key != "why"}


def _record_without_texts(content: bytes) -> bytes:
    """The same of a file; one that is no record is as it was."""
    with suppress(ValueError, RecursionError):
        record = json.loads(content)
        if isinstance(record, dict) and "why" in record:
            return json.dumps(_without_texts(record), ensure_ascii=False, indent=1).encode()
    return content


def _check_fit(source: Path, architecture: str, shapes: Mapping[str, tuple[int, ...]], base: ModelFile) -> None:
    """Raise TrainingError where an adapter's tensors are none of LoRA for this base, and what `read_shapes` raises.

    Of a file from elsewhere only the header is true for sure: this comes before any weight is read.
    """
    from r1chat.training.adapter_file import read_shapes

    base_architecture, base_shapes = read_shapes(base.path)
    if not shapes or not all(tensor.endswith((".lora_a", ".lora_b")) for tensor in shapes):
        raise TrainingError(_NO_ADAPTER.format(file=source, reason="no LoRA"))
    for tensor, shape in shapes.items():
        whole = base_shapes.get(tensor.rpartition(".")[0])
        side = 0 if tensor.endswith("a") else 1
        both = whole is not None and len(shape) == len(whole) == 2
        if architecture != base_architecture or whole is None or not both or shape[side] != whole[side]:
            raise TrainingError(_NO_FIT.format(file=source.name, base=base.name, tensor=tensor))
        if shape[1 - side] > _LARGEST_RANK:
            raise TrainingError(_RANK.format(file=source.name, tensor=tensor, n=shape[1 - side], most=_LARGEST_RANK))
    for tensor, shape in shapes.items():
        other = shapes.get(tensor[:-1] + ("b" if tensor.endswith("a") else "a"), ())
        if not other or (tensor.endswith("a") and shape[1] != other[0]):
            raise TrainingError(_NO_ADAPTER.format(file=source, reason=_HALF.format(tensor=tensor)))


@dataclass(frozen=True, slots=True)
class Liked:
    """Blind comparisons of child and parent: the child's share of wins, ties half, with its 95 % interval."""

    games: int
    share: Estimate

    @property
    def suffices(self) -> bool:
        """Whether the interval is narrow enough; its width alone decides, so that stopping favours no side."""
        return self.games > 0 and self.share.high - self.share.low <= 2 * NARROW

    @property
    def verdict(self) -> Both:
        """What they say, in a sentence. "Better" only where the interval excludes one half."""
        values = {"n": self.games, "low": self.share.low, "high": self.share.high, "share": self.share.value}
        if not self.games:
            return _NOT_COMPARED
        if self.share.low > 0.5:
            return _BETTER.format(**values)
        return (_WORSE if self.share.high < 0.5 else _OPEN).format(**values)


BlindResult = tuple[Contender, Contender, float]  # left, right, score of left: 1, 0 or 0.5


def liked(results: Mapping[BlindResult, int], child: Contender, parent: Contender) -> Liked:
    """What comparisons, each result with its count, say of a child against its parent."""
    games, wins = 0, 0.0
    for (left, right, score), count in results.items():
        if left.is_same(child) and right.is_same(parent):
            games, wins = games + count, wins + count * score
        elif left.is_same(parent) and right.is_same(child):
            games, wins = games + count, wins + count * (1 - score)
    return Liked(games, wilson(wins, games))


def liked_in(store: Store, child: Contender, parent: Contender) -> Liked:
    """What the blind comparisons of a store say of a child against its parent."""
    return liked(blind_results(store), child, parent)


def blind_results(store: Store) -> Counter[BlindResult]:
    """All blind comparisons with a verdict, counted by what they say."""
    results: Counter[BlindResult] = Counter()
    with store.dataset.snapshot() as snapshot:
        for game in snapshot.games(Filter()):
            if game.blind and game.winner in _SCORES:
                left = Contender(game.left.model, game.left_digest)
                right = Contender(game.right.model, game.right_digest)
                results[left, right, _SCORES[game.winner]] += 1
    return results


@lru_cache
def _digests(adapter: Path, size: int, _: int) -> tuple[str, str]:
    """The digests of a child and of its base, by the adapter's file and the time of its last change, in ns.

    "" for a file that names no base, or is too large to be read while a page waits.
    """
    try:
        base = read_header(adapter).text(BASE_DIGEST) if size <= _LARGEST else ""
    except (*_MALFORMED, OSError):
        base = ""
    return (adapted(base, _file_digest(adapter)), base) if base else ("", "")


def _file_digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_SCORES: Mapping[Winner, float] = {"left": 1.0, "right": 0.0, "tie": 0.5, "both_bad": 0.5}

_NOT_COMPARED = Both(
    "Not compared yet: only blind comparisons can show that you like it better.",
    "尚未比较：只有盲比才能说明你是否更喜欢它。",
)
_BETTER = Both(
    "Better: preferred in {share:.0%} of {n} blind comparisons (95 %: {low:.0%} to {high:.0%}).",
    "更好：在 {n} 次盲比中有 {share:.0%} 更受青睐（95%：{low:.0%} 到 {high:.0%}）。",
)
_WORSE = Both(
    "Worse: preferred in only {share:.0%} of {n} blind comparisons (95 %: {low:.0%} to {high:.0%}).",
    "更差：在 {n} 次盲比中仅有 {share:.0%} 更受青睐（95%：{low:.0%} 到 {high:.0%}）。",
)
_OPEN = Both(
    "No difference shown yet: preferred in {share:.0%} of {n} blind comparisons (95 %: {low:.0%} to {high:.0%}).",
    "尚未显出差别：在 {n} 次盲比中有 {share:.0%} 更受青睐（95%：{low:.0%} 到 {high:.0%}）。",
)
_NO_ADAPTER = Both(
    "{file} is no LoRA adapter in GGUF form ({reason}). Of an adapter of PEFT, give the folder.",
    "{file} 不是 GGUF 格式的 LoRA 适配器（{reason}）。如果是 PEFT 的适配器，请给出其文件夹。",
)
_NO_PEFT = Both(
    "{file} is no folder of a LoRA adapter that llama.cpp could use ({reason}). PEFT writes adapter_config.json and "
    "adapter_model.safetensors; give that folder.",
    "{file} 不是 llama.cpp 可用的 LoRA 适配器文件夹（{reason}）。PEFT 会写出 adapter_config.json 和 "
    "adapter_model.safetensors；请给出该文件夹。",
)
_HALF = Both(
    "{tensor} has no other half of the same rank",
    "{tensor} 缺少秩相同的另一半",
)
_RANK = Both(
    "{file}: {tensor} has the rank {n:,}; adapters of a rank up to {most:,} are taken. "
    "Train it anew with a smaller one.",
    "{file}：{tensor} 的秩为 {n:,}；最多接受秩为 {most:,} 的适配器。请用较小的秩重新训练。",
)
_NO_FIT = Both(
    "{file} does not fit {base}: {tensor} is not one of its parts, or has another size. Name the model that it was "
    "made for.",
    "{file} 不适合 {base}：{tensor} 不是它的一部分，或大小不同。请指明它所属的模型。",
)
_NOTHING = Both("The run {name} made no adapter that could be kept.", "训练 {name} 没有产生可保留的适配器。")
_A_LINK = Both(
    "{file} is no file of its own but leads elsewhere, so it was not exported: another account may have put it there. "
    "Remove it, or put a copy of what it leads to in its place.",
    "{file} 不是独立的文件，而是指向别处，因此没有导出：可能是其他账户放在那里的。请删除它，"
    "或用它所指向内容的副本替换它。",
)
_UNWRITABLE = Both(
    "{folder} cannot be written ({reason}). Make room on the disk, or choose another folder; nothing was lost.",
    "无法写入 {folder}（{reason}）。请腾出磁盘空间，或另选文件夹；没有丢失任何内容。",
)
_EXISTS = Both("{file} exists already. Name another file.", "{file} 已存在。请换一个文件名。")
_NO_GGUF_NAME = Both("{file} must end in .gguf.", "{file} 必须以 .gguf 结尾。")
_NOT_MERGED = Both(
    "{file} could not be written ({reason}). Nothing was changed.", "无法写入 {file}（{reason}）。没有做任何更改。"
)
_NO_CHILD = Both("There is no adapter {name}. There are: {names}.", "没有名为 {name} 的适配器。现有：{names}。")
_A_MODEL = Both(
    "{name} is the name of a model in the list, whose place the adapter would take. Choose another name.",
    "{name} 是列表中一个模型的名字，适配器会占据它的位置。请换一个名字。",
)
_TAKEN = Both("There is an adapter {name} already. Choose another name.", "已有名为 {name} 的适配器。请换一个名字。")

"""GGUF files as lines of the model list: what they say of themselves, and what a person should know of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from r1chat.backends.format_finder import FoundFormat, find_format
from r1chat.backends.gguf import Header
from r1chat.backends.llama.files import ModelFile, ModelFiles
from r1chat.backends.prompt import OPEN
from r1chat.both import Both, Wording
from r1chat.config import NANO
from r1chat.errors import ModelFileError, UnknownModelError
from r1chat.messages import ModelInfo
from r1chat.reasoning_format import R1_FORMAT
from r1chat.sizes import readable_size

DISK_SPEED = 1e9  # bytes/s of an ordinary SSD, for the estimate of a model that runs from disk


def titles(files: Sequence[ModelFile]) -> dict[str, str]:
    """A title for each file, by its name: the model's own name, with the file's where several have the same."""
    names = {file.name: file.title or file.name for file in files}
    count = Counter(names.values())
    return {name: title if count[title] == 1 else f"{title} ({name})" for name, title in names.items()}


def describe(
    file: ModelFile,
    *,
    backend: str,
    version: str,
    title: str,
    wish: int,
    window: int = 0,
    digest: str = "",
    notes: Sequence[Both],
) -> ModelInfo:
    """A file's line. `wish` and `window` are contexts in tokens: the one asked for, and that of a loaded model."""
    header = file.header
    if header is None:
        return ModelInfo(
            backend, file.name, title=title, size=file.size, note=file.problem.text if file.problem else "", ready=False
        )
    template, trained = header.chat_template, header.trained_context
    finding = _found(header)
    return ModelInfo(
        backend,
        file.name,
        title=title,
        parent=f"{backend}:{file.base.name}" if file.base else "",
        size=file.size,
        parameters=file.parameters,
        quantisation=header.quantisation,
        context=window or min(wish, trained or wish),
        trained_context=trained,
        thinks=finding.form is not None or _thinks(header),
        continues=finding.problem is None,
        reasoning=finding.form,
        note=file.problem.text if file.problem else _note(notes, finding),
        digest=digest,
        architecture=header.architecture,
        template_hash=hashlib.sha256(template.encode()).hexdigest() if template else "",
        backend_version=version,
        ready=not file.problem,
        loaded=window > 0,
    )


def _note(notes: Sequence[Both], finding: FoundFormat) -> Wording:
    if notes:
        return Both.sentences(notes)
    return finding.problem.text if finding.problem else ""


def usable(files: ModelFiles, name: str) -> ModelFile:
    """The file of a model. Raises UnknownModelError, ModelFileError."""
    if file := files.get(name):
        if file.problem:
            raise ModelFileError(file.problem.text)
        return file
    names = ", ".join(file.name for file in files.find() if not file.problem) or _NO_NAMES
    raise UnknownModelError(_UNKNOWN.format(name=repr(name), names=names))


def rank(info: ModelInfo, program: str, free: int) -> tuple[bool, bool]:
    """The place of a model in the list: usable ones first, then those of other programs that exceed free memory."""
    return not info.ready, bool(program) and info.size > free


def remarks(file: ModelFile, wish: int | None) -> list[Both]:
    """What a person should know of a model whatever it runs on. `wish`: the context that the person set, if any."""
    header = file.header
    notes = []
    if file.base:
        notes.append(_CHILD.format(base=file.base.title or file.base.name))
    if file.name == NANO:
        notes.append(_NANO.format(millions=f"{file.parameters / 1e6:.1f}"))
    if file.program:
        notes.append(_ELSEWHERE.format(program=file.program))
    if header and not header.chat_template:
        notes.append(_NO_TEMPLATE)
    if header and wish and 0 < header.trained_context < wish:
        notes.append(_CAPPED.format(trained=f"{header.trained_context:,}", wish=f"{wish:,}"))
    return notes


def from_disk(size: int, free: int) -> Both:
    """That a model of `size` bytes is larger than the memory that is free, and what that means."""
    seconds = max(0.1, (size - free) / DISK_SPEED)
    return _FROM_DISK.format(size=readable_size(size), free=readable_size(free), seconds=f"{seconds:.1f}")


def _found(header: Header) -> FoundFormat:
    """The reasoning format by the file's chat template; R1's where it has none but knows the tag."""
    if not header.chat_template:
        return FoundFormat(R1_FORMAT if header.has_think_token else None)
    special = header.special_tokens
    return find_format(header.chat_template, special.get("bos", ""), special.get("eos", ""))


def _thinks(header: Header) -> bool:
    """Whether a model writes its thought between tags, as far as its file tells."""
    template = header.chat_template
    return OPEN in template or (header.has_think_token and ("think>" in template or not template))


def beside_parents(infos: Sequence[ModelInfo]) -> list[ModelInfo]:
    """The list with each usable child behind its parent."""
    children: dict[str, list[ModelInfo]] = {}
    keys = {info.key for info in infos}
    for info in infos:
        if info.parent in keys and info.ready:
            children.setdefault(info.parent, []).append(info)
    rest = [info for info in infos if not (info.parent in keys and info.ready)]
    return [line for info in rest for line in (info, *children.get(info.key, ()))]


_CHILD = Both("Learnt here from judgements, on top of {base}.", "在 {base} 的基础上，根据你的评价训练而成。")
_UNKNOWN = Both(
    "There is no GGUF file of a model {name}. Put it into the models folder, or choose one of: {names}.",
    "没有名为 {name} 的 GGUF 模型文件。请将其放入模型文件夹，或选择：{names}。",
)
_NO_NAMES = Both("none", "无")
_NANO = Both(
    "A demonstration with {millions} million parameters: it does small sums and the like, in English and "
    "Chinese, and says so where it cannot help.",
    "演示模型，{millions} 百万参数：用中英文做简单的算术之类的题，不会时会如实说明。",
)
_ELSEWHERE = Both("Found on this computer: {program}.", "在本机发现：{program}。")
_NO_TEMPLATE = Both(
    "This file has no chat template: r1chat guesses one, and replies may be odd. Prefer another conversion.",
    "该文件没有对话模板：r1chat 只能猜测一个，回复可能不正常。建议换用其他转换版本。",
)
_CAPPED = Both(
    "It was trained for a context of {trained} tokens, so the {wish} that were asked for are capped there.",
    "该模型训练时的上下文为 {trained} 个 token，因此所要求的 {wish} 被限制为该值。",
)
_FROM_DISK = Both(
    "Larger than the memory that is free now: it has {size}, {free} are free. It runs from disk: about {seconds} s for "
    "each token on an SSD that reads 1 GB/s.",
    "超过当前可用内存：模型 {size}，可用 {free}。将直接从磁盘运行："
    "在读取速度 1 GB/s 的固态硬盘上每个 token 约需 {seconds} 秒。",
)

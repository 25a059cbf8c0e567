"""A model in llama.cpp's hands: loading its file, and its vocabulary.

With `context`, all that touches the C functions. What llama.cpp logs goes to `logging`, what it refuses becomes
a ModelFileError. Nothing here locks: one thread owns a model.
"""

from __future__ import annotations

import ctypes
import logging
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import llama_cpp as C

from r1chat.errors import GenerationError, ModelFileError

log = logging.getLogger(__name__)

REMEMBERED = 256  # messages whose tokens are kept: all but the newest come again with every turn
_ERROR, _CONTINUED = 4, 5  # levels of ggml's log
_REASON = "error loading model: "

_said = threading.local()  # errors that llama.cpp logged in this thread, while somebody listens


@C.llama_log_callback  # type: ignore[untyped-decorator]
def _on_log(level: int, text: bytes, _: object) -> None:
    line = text.decode(errors="replace").rstrip()
    if line:
        log.debug("%s", line)
        if level in (_ERROR, _CONTINUED) and hasattr(_said, "errors"):
            _said.errors.append(line)


@cache
def _start() -> None:
    C.llama_log_set(_on_log, ctypes.c_void_p(0))
    C.llama_backend_init()


class LoadStoppedError(Exception):
    """Whoever asked for a model does not want it any more."""


@cache
def knows_architecture(name: str) -> bool:
    """Whether this build of llama.cpp can run models of an architecture.

    There is no function to ask: a file that says nothing but its architecture is refused for one reason or another.
    """
    _start()
    key, text = b"general.architecture", name.encode()
    header = b"GGUF" + (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + (1).to_bytes(8, "little")
    entry = len(key).to_bytes(8, "little") + key + (8).to_bytes(4, "little") + len(text).to_bytes(8, "little") + text
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "architecture.gguf"
        path.write_bytes(header + entry)
        _, errors = _load(path, C.llama_model_default_params())
    return not any("unknown model architecture" in line for line in errors)


def offloads() -> bool:
    """Whether this build of llama.cpp can use a GPU."""
    return bool(C.llama_supports_gpu_offload())


def _load(path: Path, params: Any) -> tuple[Any, list[str]]:
    errors: list[str] = []
    _said.errors = errors
    try:
        return C.llama_model_load_from_file(str(path).encode(), params), errors
    finally:
        del _said.errors


class Model:
    """A model's weights and vocabulary, in memory. `size` is the vocabulary's in tokens, `weights` are bytes.

    `on_progress` is told the share that is loaded, and may return False to stop. Raises LoadStoppedError then, and
    ModelFileError for a file that llama.cpp refuses.
    """

    def __init__(self, path: Path, *, gpu_layers: int = 0, on_progress: Callable[[float], bool] = lambda _: True):
        _start()
        stopped = False

        @C.llama_progress_callback  # type: ignore[untyped-decorator]
        def progress(share: float, _: object) -> bool:
            nonlocal stopped
            stopped = stopped or not on_progress(share)
            return not stopped

        params = C.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.progress_callback = progress
        # Virtual machines advertise AMX and then fault on it, which no one can catch.
        params.use_extra_bufts = b"AMX_INT8 = 1" not in C.llama_print_system_info()
        self.on_gpu = gpu_layers != 0 and offloads()
        self.handle, errors = _load(path, params)
        if stopped:
            self.close()
            raise LoadStoppedError
        if not self.handle:
            raise ModelFileError(_why(path, errors))
        if C.llama_model_has_encoder(self.handle) or C.llama_model_is_diffusion(self.handle):
            self.close()
            raise ModelFileError(f"{path.name} does not write one token after another. Choose another model.")
        self.vocabulary = C.llama_model_get_vocab(self.handle)
        self.size = int(C.llama_vocab_n_tokens(self.vocabulary))
        self.weights = int(C.llama_model_size(self.handle))
        self._pieces: dict[int, bytes | None] = {}
        self._tokenized = lru_cache(REMEMBERED)(self._tokenize)
        self._buffer = ctypes.create_string_buffer(256)
        self._bos = int(C.llama_vocab_bos(self.vocabulary)) if C.llama_vocab_get_add_bos(self.vocabulary) else -1
        self.reads_pieces = C.llama_vocab_type(self.vocabulary) == C.LLAMA_VOCAB_TYPE_BPE

    def close(self) -> None:
        if self.handle:
            C.llama_model_free(self.handle)
        self.handle = None

    def piece(self, token: int) -> bytes | None:
        """The text of a token, whole and as bytes (a character may be spread over tokens); None if it ends a reply."""
        try:
            return self._pieces[token]
        except KeyError:
            text = None if C.llama_vocab_is_eog(self.vocabulary, token) else self.text(token)
            self._pieces[token] = text
            return text

    def text(self, token: int) -> bytes:
        """The text of any token, those included that a reply does not consist of."""
        length = C.llama_token_to_piece(self.vocabulary, token, self._buffer, len(self._buffer), 0, True)
        if length < 0:
            self._buffer = ctypes.create_string_buffer(-length)
            length = C.llama_token_to_piece(self.vocabulary, token, self._buffer, -length, 0, True)
        if not length:  # a token that the vocabulary lists as unused
            return bytes(C.llama_vocab_get_text(self.vocabulary, token) or b"")
        return self._buffer.raw[:length]

    def name(self, token: int) -> str:
        """The text of a token for people to read."""
        return self.text(token).decode(errors="replace")

    def tokenize(self, text: str, special: bool) -> list[int]:
        """The tokens of a text. With `special`, `<｜User｜>` in it is that token; without, it is mere letters.

        Tags that a vocabulary lists as its user's own, as R1's lists `<think>`, are tokens in either case.
        """
        return list(self._tokenize(text, special))

    def _tokenize(self, text: str, special: bool) -> Sequence[int]:
        data = text.encode(errors="replace")
        room = len(data) + 2
        buffer = (C.llama_token * room)()
        count = C.llama_tokenize(self.vocabulary, data, len(data), buffer, room, False, special)
        if count < 0:
            raise GenerationError("llama.cpp cannot read this text as tokens. Shorten the message and try again.")
        return tuple(buffer[:count])

    def prompt(self, pieces: Sequence[tuple[str, bool]]) -> list[int]:
        """The tokens of a prompt's pieces `(text, special)`, with the begin-of-sentence that the model wants.

        Pieces are read one by one if `reads_pieces`: where a tokenizer does not care where a text begins. The others
        (SentencePiece sets a space before every text) get the whole prompt at once, special tokens and all.
        """
        if not self.reads_pieces:
            pieces = [("".join(text for text, _ in pieces), True)]
        tokens = [token for text, special in pieces for token in self._tokenized(text, special)]
        if self._bos >= 0 and tokens[:1] != [self._bos]:
            tokens.insert(0, self._bos)
        return tokens

    def is_token(self, text: str) -> bool:
        """Whether a text is one token of the vocabulary."""
        return len(self.tokenize(text, True)) == 1

    def ends(self) -> list[int]:
        """All tokens that end a reply."""
        return [token for token in range(self.size) if C.llama_vocab_is_eog(self.vocabulary, token)]


def _why(path: Path, errors: Sequence[str]) -> str:
    said = " ".join(errors)
    reason = said.partition(_REASON)[2].partition(" llama_model_load_from_file")[0].strip().rstrip(".")
    if "unknown model architecture" in said:
        return (
            f"{path.name} is of an architecture that this llama.cpp does not know ({reason.rpartition(' ')[2]}). "
            "Update r1chat, or choose another model."
        )
    return f"llama.cpp cannot load {path.name} ({reason or 'it does not say why'}). Download the file again."

"""A model that llama.cpp has loaded, its vocabulary, and what this build of llama.cpp can do.

This module and `context` make all calls of the C functions. What llama.cpp refuses becomes a ModelFileError.
Nothing here locks: one thread owns a model.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as C
from llama_cpp._ggml import libggml

from r1chat.backends.llama.channel import Device
from r1chat.backends.llama.files import UNKNOWN_ARCHITECTURE
from r1chat.both import Both, Wording
from r1chat.errors import GenerationError, ModelFileError

REMEMBERED = 256  # messages whose tokens are kept: all but the newest come again with every turn
_ERROR, _CONTINUED = 4, 5  # levels of ggml's log
_REASON = "error loading model: "

_log: list[str] = []  # errors that llama.cpp logged since the last load began
_verbose = False


@C.llama_log_callback  # type: ignore[untyped-decorator]
def _on_log(level: int, text: bytes, _: object) -> None:
    line = text.decode(errors="replace").rstrip()
    if line:
        if _verbose:
            print(line, file=sys.stderr)
        if level in (_ERROR, _CONTINUED):
            _log.append(line)


def log_to_stderr(verbose: bool) -> None:
    """Whether all that llama.cpp logs goes to standard error."""
    global _verbose
    _verbose = verbose


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


def devices() -> list[Device]:
    """The devices that llama.cpp finds on this machine, with their free memory.

    Like llama.cpp itself, it counts a GPU that shares the system's memory only where there is no other.
    """
    _start()
    handles = [_DEVICE_GET(index) for index in range(libggml.ggml_backend_dev_count())]
    kinds = [_DEVICE_TYPE(handle) for handle in handles]
    gpu = _GPU if _GPU in kinds else _SHARED_GPU
    all_devices = []
    for handle, kind in zip(handles, kinds, strict=True):
        free, total = ctypes.c_size_t(0), ctypes.c_size_t(0)
        _DEVICE_MEMORY(handle, ctypes.byref(free), ctypes.byref(total))
        name, description = (text(handle).decode(errors="replace") for text in (_DEVICE_NAME, _DEVICE_DESCRIPTION))
        all_devices.append(Device(name, description, kind == gpu, free.value, total.value))
    return all_devices


_GPU, _SHARED_GPU = 1, 2  # of ggml's enum ggml_backend_dev_type


def _ggml(name: str, result: Any, *arguments: Any) -> Any:
    """A function of ggml's device registry, which llama-cpp-python does not declare."""
    function = libggml[name]
    function.restype, function.argtypes = result, arguments
    return function


_DEVICE_GET = _ggml("ggml_backend_dev_get", ctypes.c_void_p, ctypes.c_size_t)
_DEVICE_NAME = _ggml("ggml_backend_dev_name", ctypes.c_char_p, ctypes.c_void_p)
_DEVICE_DESCRIPTION = _ggml("ggml_backend_dev_description", ctypes.c_char_p, ctypes.c_void_p)
_DEVICE_TYPE = _ggml("ggml_backend_dev_type", ctypes.c_int, ctypes.c_void_p)
_DEVICE_MEMORY = _ggml(
    "ggml_backend_dev_memory", None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(ctypes.c_size_t)
)


def _load(path: Path, params: Any) -> tuple[Any, list[str]]:
    _log.clear()
    handle = C.llama_model_load_from_file(str(path).encode(), params)
    return handle, list(_log)


class Model:
    """A model's weights and vocabulary, in memory.

    `size` is the vocabulary's in tokens, `weights` are bytes, `gpu_layers` of all `layers` are on a GPU. With `mapped`
    the weights are used where they lie on disk, never copied.

    `on_progress` is told the share that is loaded, and may return False to stop. Raises LoadStoppedError then, and
    ModelFileError for a file that llama.cpp refuses.
    """

    def __init__(
        self,
        path: Path,
        *,
        gpu_layers: int = 0,
        mapped: bool = False,
        on_progress: Callable[[float], bool] = lambda _: True,
    ) -> None:
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
        # Weights that are rearranged for the processor are a copy in memory. Virtual machines advertise AMX and then
        # fault on it.
        params.use_extra_bufts = not mapped and b"AMX_INT8 = 1" not in C.llama_print_system_info()
        if params.use_extra_bufts:  # a mapped file would stay in memory beside the copies: up to twice the weights
            params.load_mode = C.LLAMA_LOAD_MODE_NONE
        self.handle, errors = _load(path, params)
        if stopped:
            self.close()
            raise LoadStoppedError
        if not self.handle:
            raise ModelFileError(_why(path, errors))
        if C.llama_model_has_encoder(self.handle) or C.llama_model_is_diffusion(self.handle):
            self.close()
            raise ModelFileError(_NO_WRITER.format(name=path.name))
        self.layers = int(C.llama_model_n_layer(self.handle)) + 1  # the output counts as one
        layers = self.layers if gpu_layers < 0 else min(gpu_layers, self.layers)
        self.gpu_layers = layers if any(device.gpu for device in devices()) else 0
        self.vocabulary = C.llama_model_get_vocab(self.handle)
        self.size = int(C.llama_vocab_n_tokens(self.vocabulary))
        self.weights = int(C.llama_model_size(self.handle))
        self._pieces: dict[int, bytes | None] = {}
        self.control: set[int] = set()  # of the tokens that `piece` was asked for, those that no letters can stand for
        self._tokenized = lru_cache(REMEMBERED)(self._tokenize)
        self._buffer = ctypes.create_string_buffer(256)
        self._bos = int(C.llama_vocab_bos(self.vocabulary)) if C.llama_vocab_get_add_bos(self.vocabulary) else -1
        self.reads_pieces = C.llama_vocab_type(self.vocabulary) == C.LLAMA_VOCAB_TYPE_BPE
        self._adapters: dict[tuple[Path, int], Any] = {}  # by path and time of the last change

    def close(self) -> None:
        """Free the model and its adapters; contexts that use them must be closed before."""
        if self.handle:
            for adapter in self._adapters.values():
                C.llama_adapter_lora_free(adapter)
            C.llama_model_free(self.handle)
        self._adapters = {}
        self.handle = None

    @property
    def eos(self) -> int:
        """The token that ends a reply."""
        return int(C.llama_vocab_eos(self.vocabulary))

    def adapter(self, path: Path) -> Any:
        """A LoRA adapter for this model, for `Context.use_adapter`; loaded once.

        Raises ModelFileError for one that is damaged or made for another model.
        """
        try:
            key = path, path.stat().st_mtime_ns
        except OSError as error:
            raise ModelFileError(_BAD_ADAPTER.format(name=path.name, reason=error.strerror)) from None
        if key not in self._adapters:
            _log.clear()
            handle = C.llama_adapter_lora_init(self.handle, str(path).encode())
            if not handle:  # a null pointer, which is not None
                raise ModelFileError(_BAD_ADAPTER.format(name=path.name, reason=_adapter_reason()))
            self._adapters[key] = handle
        return self._adapters[key]

    def piece(self, token: int) -> bytes | None:
        """The text of a token, whole and as bytes (a character may be spread over tokens); None if it ends a reply."""
        try:
            return self._pieces[token]
        except KeyError:
            text = None if C.llama_vocab_is_eog(self.vocabulary, token) else self.text(token)
            self._pieces[token] = text
            if C.llama_vocab_get_attr(self.vocabulary, token) & C.LLAMA_TOKEN_ATTR_CONTROL:
                self.control.add(token)
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
            raise GenerationError(_NO_TOKENS)
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

    def tags(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Those of the texts that are tokens of their own, not letters; from now on they count as control tokens."""
        special = C.LLAMA_TOKEN_ATTR_CONTROL | C.LLAMA_TOKEN_ATTR_USER_DEFINED
        tags = []
        for text in texts:
            tokens = self._tokenized(text, True)
            if len(tokens) == 1 and C.llama_vocab_get_attr(self.vocabulary, tokens[0]) & special:
                tags.append(text)
                self.control.add(tokens[0])
        return tuple(tags)

    def ends(self) -> list[int]:
        """All tokens that end a reply."""
        return [token for token in range(self.size) if C.llama_vocab_is_eog(self.vocabulary, token)]


def _why(path: Path, errors: Sequence[str]) -> Both:
    logged = " ".join(errors)
    reason = logged.partition(_REASON)[2].partition(" llama_model_load_from_file")[0].strip().rstrip(".")
    if "unknown model architecture" in logged:
        return UNKNOWN_ARCHITECTURE.format(name=path.name, architecture=reason.rpartition(" ")[2])
    return _REFUSED.format(name=path.name, reason=reason or _NO_REASON)


def _adapter_reason() -> Wording:
    """Why llama.cpp refused an adapter, by its log."""
    logged = " ".join(_log).rpartition("failed to apply lora adapter: ")[2].strip().rstrip(".")
    return logged or _NO_REASON


_BAD_ADAPTER = Both(
    "llama.cpp cannot use the adapter {name} ({reason}). Train it again, or choose its base model.",
    "llama.cpp 无法使用适配器 {name}（{reason}）。请重新训练，或选择它的基础模型。",
)
_REFUSED = Both(
    "llama.cpp cannot load {name} ({reason}). Download the file again.",
    "llama.cpp 无法加载 {name}（{reason}）。请重新下载该文件。",
)
_NO_REASON = Both("it does not say why", "未说明原因")
_NO_WRITER = Both(
    "{name} does not write one token after another. Choose another model.",
    "{name} 不是逐词生成文本的模型。请选择其他模型。",
)
_NO_TOKENS = Both(
    "llama.cpp cannot read this text as tokens. Shorten the message and try again.",
    "llama.cpp 无法将这段文本转换为 token。请缩短消息后重试。",
)

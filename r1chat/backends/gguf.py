"""What a GGUF file says of itself: a reader of its header, quick on files of any size.

It knows the file format and nothing of llama.cpp. Arrays (a vocabulary has 150,000 entries) are stepped over; weights
are not read, only checked to be there. Everything in the file is taken as hostile: sizes are checked before use, and
the file is read, not mapped, since whoever cuts a mapped file ends the process that looks at it (SIGBUS).
"""

from __future__ import annotations

import builtins
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO

from r1chat.both import Both
from r1chat.errors import ModelFileError

Value = int | float | bool | str

VERSIONS = (2, 3)
_MOST_KEYS, _MOST_TENSORS, _MOST_ITEMS = 1 << 12, 1 << 16, 1 << 24  # more of them than any model has; of an array
_MOST_STRINGS = 1 << 21  # in all arrays together; the largest vocabularies and their merges have 800,000
_MOST_TEXT = 1 << 27  # bytes of all texts
_MOST_READ = 1 << 28  # bytes that are read in all; the largest headers have 20 MB
_PIECE = 1 << 18  # bytes that are read at a time
_MOST_LAYERS = 512  # of llama.cpp
_LONGEST_KEY, _LONGEST_TEXT = 200, 300  # characters: a longer key is left out, a longer text is cut
_LONGEST_TEMPLATE = 1 << 20  # bytes
_TEMPLATE, _TOKENS = "tokenizer.chat_template", "tokenizer.ggml.tokens"
_OF_LAYERS = (".attention.head_count", ".attention.head_count_kv", ".attention.sliding_window_pattern")
_MOST_OF_LAYERS = 64  # arrays with a number for each layer
# Every how many layers an architecture with a sliding window has one without, where the file does not tell
_FULL_LAYER_EVERY = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gpt-oss": 2, "cohere2": 4, "exaone4": 4, "olmo2": 4}

_STRING, _ARRAY = 8, 9
_FLOATS = (6, 12)
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

# general.file_type, by the names under which files are published
FILE_TYPES = (
    {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M"}
    | {13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS"}
    | {21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S"}
    | {29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE"}
    | {39: "NVFP4", 40: "Q1_0"}
)

# type of a tensor: weights in a block, bytes of a block
BLOCKS = (
    {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34)}
    | {10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 16: (256, 66)}
    | {17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136)}
    | {24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54)}
    | {35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18)}
)


@dataclass(frozen=True, slots=True)
class TensorBytes:
    """Bytes of a file's tensors by tensor type (a key of BLOCKS): what of them one token reads."""

    dense: Mapping[int, int] = field(default_factory=dict)  # all of it
    experts: Mapping[int, int] = field(default_factory=dict)  # as many experts as are used at a time
    embedding: Mapping[int, int] = field(default_factory=dict)  # one row

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return sum(sum(part.values()) for part in (self.dense, self.experts, self.embedding))


@dataclass(frozen=True, slots=True)
class Header:
    """A GGUF's metadata. Counts are 0 and texts "" where the file does not tell."""

    path: Path
    version: int
    metadata: Mapping[str, Value]  # without arrays; texts but for the chat template are cut
    arrays: Mapping[str, tuple[int, ...]]  # of numbers, one for each layer
    special_tokens: Mapping[str, str]  # by role: "bos", "eos"
    vocabulary: int  # tokens
    has_think_token: bool
    has_output: bool  # an output matrix of its own
    parameters: int
    weights: TensorBytes
    missing: int  # bytes of weights that the header promises and the file lacks

    def text(self, key: str) -> str:
        """The text under `key`, "" if there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def count(self, key: str, default: int = 0) -> int:
        """The number under `key`; a key that begins with a dot belongs to the architecture."""
        value = self.metadata.get(self.architecture + key if key.startswith(".") else key)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    @property
    def architecture(self) -> str:
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        return self.text("general.name")

    @property
    def kind(self) -> str:
        """`model`, or what else publishers put into GGUF files: `mmproj`, `adapter`, `vocab`, `imatrix` …"""
        return self.text("general.type") or "model"

    @property
    def quantisation(self) -> str:
        return FILE_TYPES.get(self.count("general.file_type", -1), "")

    @property
    def trained_context(self) -> int:
        """The longest context that the model was made for, in tokens."""
        return self.count(".context_length")

    @property
    def layers(self) -> int:
        return self.count(".block_count")

    @property
    def chat_template(self) -> str:
        return self.text(_TEMPLATE)

    @property
    def writes_text(self) -> bool:
        """Whether it can go on with a text at all; encoders for search cannot."""
        return self.metadata.get(self.architecture + ".attention.causal") is not False

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes that one token of context takes in the cache of keys and values, at 16 bits; 0 if it cannot be told.

        Layers with a sliding window count in full, as they do in a cache that keeps all tokens.
        """
        return sum(self._kv_bytes(layer) for layer in range(self.layers))

    @property
    def sliding_kv_bytes_per_token(self) -> int:
        """The part of `kv_bytes_per_token` in layers that look back over `sliding_window` tokens only."""
        return sum(self._kv_bytes(layer) for layer in range(self.layers) if self._slides(layer))

    @property
    def sliding_window(self) -> int:
        """Tokens that layers with a sliding window look back; 0 where there are none."""
        return self.count(".attention.sliding_window")

    @property
    def expert_share(self) -> float:
        """The part of the experts' weights that one token reads."""
        experts = self.count(".expert_count")
        return min(1.0, self.count(".expert_used_count", experts) / experts) if experts else 1.0

    @property
    def ties_output(self) -> bool:
        """Whether the embedding is the output matrix, too, and so read whole for every token."""
        return bool(self.weights.embedding) and not self.has_output

    def _of_layer(self, key: str, layer: int, default: int) -> int:
        values = self.arrays.get(self.architecture + key)
        if values is None:
            return self.count(key, default)
        return values[layer] if layer < len(values) else default

    def _kv_bytes(self, layer: int) -> int:
        if (interval := self.count(".full_attention_interval")) and (layer + 1) % interval:
            return 0  # a layer with a running state
        if latent := self.count(".attention.kv_lora_rank"):  # keys and values are kept compressed
            return 2 * (latent + self.count(".rope.dimension_count"))
        heads = self._of_layer(".attention.head_count", layer, 0)
        size = self.count(".embedding_length") // max(1, heads)
        short = "_swa" if self._slides(layer) else ""
        keys, values = (
            self.count(f".attention.{part}_length{short}", self.count(f".attention.{part}_length", size))
            for part in ("key", "value")
        )
        return 2 * self._of_layer(".attention.head_count_kv", layer, heads) * (keys + values)

    def _slides(self, layer: int) -> bool:
        if not self.sliding_window:
            return False
        pattern = self.arrays.get(self.architecture + ".attention.sliding_window_pattern")
        if pattern is not None:
            return layer < len(pattern) and bool(pattern[layer])
        every = self.count(".attention.sliding_window_pattern", _FULL_LAYER_EVERY.get(self.architecture, 0))
        return bool(every) and (layer + 1) % every != 0


def read_header(path: Path) -> Header:
    """Read the header of a GGUF file; of a split model, that of this part.

    Raises ModelFileError: no such file, not readable, not a GGUF, a version that is not known, a header that is cut or
    makes no sense. Weights that are cut are no error here: `missing` says how much.
    """
    try:
        if not path.is_file() and path.exists():  # a pipe would be waited for
            raise ModelFileError(_UNREADABLE.format(path=path, reason="no regular file"))
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size == 0:
                raise ModelFileError(_EMPTY.format(name=path.name))
            return _parse(path, _Cursor(file, size), size)
    except FileNotFoundError:
        raise ModelFileError(_NO_FILE.format(path=path)) from None
    except OSError as error:
        raise ModelFileError(_UNREADABLE.format(path=path, reason=error.strerror)) from error
    except (struct.error, OverflowError, _MalformedError) as error:
        raise ModelFileError(_DAMAGED.format(name=path.name)) from error


def parse_header(name: str, beginning: bytes, size: int) -> Header | None:
    """The header of a file of `size` bytes, by its first bytes; None where more of them are needed.

    Raises ModelFileError like `read_header`.
    """
    path = Path(name)
    try:
        return _parse(path, _Cursor(BytesIO(beginning), len(beginning)), size)
    except (struct.error, OverflowError, _MalformedError) as error:
        if len(beginning) < size:
            return None
        raise ModelFileError(_DAMAGED.format(name=path.name)) from error


class _MalformedError(Exception):
    """A size or type in the file that cannot be."""


class _Cursor:
    """Steps through the first `size` bytes of a file. Reading past their end, or what was cut off since, raises
    struct.error, OverflowError or _MalformedError.

    So does a header that would take more time or memory than any model's.
    """

    def __init__(self, file: IO[builtins.bytes], size: int) -> None:
        self._file, self._size = file, size
        self._piece, self._begin = b"", 0  # what was read last, and where it stands in the file
        self._at = 0  # in the piece, or behind it
        self._strings, self._text, self._of_layers = _MOST_STRINGS, _MOST_TEXT, _MOST_OF_LAYERS  # what is left
        self._read = _MOST_READ

    @property
    def place(self) -> int:
        """Bytes from the beginning of the file."""
        return self._begin + self._at

    def take(self, length: int) -> builtins.bytes:
        """The next `length` bytes."""
        self._hold(length)
        self._at += length
        return self._piece[self._at - length : self._at]

    def number(self, code: str) -> int | float | bool:
        value: int | float | bool
        (value,) = struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))
        return value

    def size(self, code: str = "Q", most: int = 1 << 62) -> int:
        value = int(self.number(code))
        if value > most:
            raise _MalformedError
        return value

    def bytes(self, longest: int) -> builtins.bytes:
        """A text, of which `longest` bytes are kept."""
        length = self.size()
        self._count(length)
        text = self.take(min(length, longest))
        self._skip(length - len(text))
        return text

    def text(self, longest: int) -> str:
        """A text of which `longest` characters are kept."""
        return self.bytes(4 * longest).decode(errors="replace")[:longest]

    def template(self) -> str:
        """A text that is of use only as a whole."""
        text = self.bytes(_LONGEST_TEMPLATE + 1)
        if len(text) > _LONGEST_TEMPLATE:
            raise _MalformedError
        return text.decode(errors="replace")

    def array(self, key: str) -> tuple[list[builtins.bytes], tuple[int, ...]]:
        """Step over an array; gives the tokens, and the numbers of one that has one a layer."""
        kind, count = self.size("I"), self.size(most=_MOST_ITEMS)
        if kind in _NUMBERS:
            length = count * struct.calcsize("<" + _NUMBERS[kind])
            if not key.endswith(_OF_LAYERS) or count > _MOST_LAYERS or kind in _FLOATS:
                self._skip(length)
                return [], ()
            self._of_layers -= 1
            if self._of_layers < 0:
                raise _MalformedError
            return [], tuple(map(int, struct.unpack(f"<{count}{_NUMBERS[kind]}", self.take(length))))
        if kind != _STRING:
            raise _MalformedError
        self._strings -= count
        if self._strings < 0:
            raise _MalformedError
        return self._texts(count, keep=key == _TOKENS), ()

    def _texts(self, count: int, keep: bool) -> list[builtins.bytes]:
        """Step over as many texts as quickly as Python can."""
        texts: list[builtins.bytes] = []
        length_at = struct.Struct("<Q").unpack_from
        piece, at = self._piece, self._at
        for _ in range(count):
            if at + 8 > len(piece):
                self._at = at
                self._hold(8)
                piece, at = self._piece, self._at
            begin = at + 8
            at = begin + length_at(piece, at)[0]
            if keep:
                self._count(at - begin)
                if at > len(piece):
                    self._at, length = begin, at - begin
                    self._hold(length)
                    piece, begin = self._piece, self._at
                    at = begin + length
                texts.append(piece[begin:at])
        self._at = at
        self._skip(0)
        return texts

    def _count(self, length: int) -> None:
        self._text -= length
        if self._text < 0:
            raise _MalformedError

    def _skip(self, length: int) -> None:
        self._at += length
        if self.place > self._size:
            raise _MalformedError

    def _hold(self, length: int) -> None:
        """Have the next `length` bytes in the piece."""
        if self._at + length <= len(self._piece):
            return
        place = self.place
        if place + length > self._size:
            raise _MalformedError
        self._file.seek(place)
        self._piece, self._begin, self._at = self._file.read(max(length, _PIECE)), place, 0
        self._read -= len(self._piece)
        if len(self._piece) < length or self._read < 0:
            raise _MalformedError


def _parse(path: Path, cursor: _Cursor, size: int) -> Header:
    """The header under a cursor at the beginning of a file of `size` bytes."""
    if cursor.take(4) != b"GGUF":
        raise ModelFileError(_NO_GGUF.format(name=path.name))
    version = cursor.size("I")
    if version not in VERSIONS:
        raise ModelFileError(
            _OTHER_VERSION.format(name=path.name, version=version, oldest=VERSIONS[0], newest=VERSIONS[-1])
        )
    tensors, entries = cursor.size(most=_MOST_TENSORS), cursor.size(most=_MOST_KEYS)
    metadata: dict[str, Value] = {}
    arrays: dict[str, tuple[int, ...]] = {}
    tokens: list[bytes] = []
    for _ in range(entries):
        key, kind = cursor.text(_LONGEST_KEY + 1), cursor.size("I")
        value: Value
        if kind == _ARRAY:
            texts, numbers = cursor.array(key)
            tokens += texts
            if numbers:
                arrays[key] = numbers
            continue
        if kind == _STRING:
            value = cursor.template() if key == _TEMPLATE else cursor.text(_LONGEST_TEXT)
        elif kind in _NUMBERS:
            value = cursor.number(_NUMBERS[kind])
        else:
            raise _MalformedError
        if len(key) <= _LONGEST_KEY:
            metadata[key] = value
    measured = _measure_tensors(cursor, tensors)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1:
        raise _MalformedError
    weights_begin = -(-cursor.place // alignment) * alignment
    _check_limits(metadata, tokens)
    return Header(
        path=path,
        version=version,
        metadata=metadata,
        arrays=arrays,
        special_tokens=_special_tokens(metadata, tokens),
        vocabulary=len(tokens),
        has_think_token=b"<think>" in tokens,
        has_output=measured.has_output,
        parameters=measured.parameters,
        weights=measured.weights,
        missing=max(0, weights_begin + measured.end - size) if measured.end else 0,
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the list of tensors says. `end`: where the last one ends, counted from the first; 0 for a type not known."""

    parameters: int
    weights: TensorBytes
    has_output: bool
    end: int


def _measure_tensors(cursor: _Cursor, count: int) -> _Measured:
    parameters = end = 0
    has_output = False
    dense: Counter[int] = Counter()
    experts: Counter[int] = Counter()
    embedding: Counter[int] = Counter()
    for _ in range(count):
        name = cursor.bytes(_LONGEST_TEXT)
        numbers = 1
        for _ in range(cursor.size("I", most=8)):
            numbers *= cursor.size()
        kind = cursor.size("I")
        block, size = BLOCKS.get(kind, (1, 0))
        end = max(end, cursor.size() + numbers // block * size)
        parameters += numbers
        has_output = has_output or name == b"output.weight"
        of = embedding if b"token_embd." in name else experts if b"_exps." in name else dense
        of[kind] += numbers // block * size
    return _Measured(parameters, TensorBytes(dict(dense), dict(experts), dict(embedding)), has_output, end)


def _check_limits(metadata: Mapping[str, Value], tokens: list[bytes]) -> None:
    """What would make llama.cpp end the whole process: too many layers, or tokens that read the same as C texts."""
    for key, value in metadata.items():
        if key.endswith(".block_count") and not (isinstance(value, int) and 0 <= value <= _MOST_LAYERS):
            raise _MalformedError
    texts = [text for token in tokens if (text := token.partition(b"\0")[0])]
    if len(texts) != len(set(texts)):
        raise _MalformedError


def _special_tokens(metadata: Mapping[str, Value], tokens: list[bytes]) -> dict[str, str]:
    """The texts of the tokens that have a role here."""
    texts: dict[str, str] = {}
    for role in ("bos", "eos"):
        token = metadata.get(f"tokenizer.ggml.{role}_token_id")
        if isinstance(token, int) and 0 <= token < len(tokens):
            texts[role] = tokens[token][:_LONGEST_TEXT].decode(errors="replace")
    return texts


_EMPTY = Both("{name} is empty. Download it again.", "{name} 是空文件。请重新下载。")
_NO_FILE = Both("There is no file {path}. Check the path in the settings.", "文件 {path} 不存在。请检查设置中的路径。")
_UNREADABLE = Both(
    "{path} cannot be read ({reason}). Check the file and its permissions.",
    "无法读取 {path}（{reason}）。请检查该文件及其权限。",
)
_DAMAGED = Both(
    "{name} is damaged: its header is cut or makes no sense. Download it again.",
    "{name} 已损坏：文件头被截断或无效。请重新下载。",
)
_NO_GGUF = Both(
    "{name} is not a GGUF file. Choose a file in GGUF format.", "{name} 不是 GGUF 文件。请选择 GGUF 格式的文件。"
)
_OTHER_VERSION = Both(
    "{name} says it is GGUF version {version}; r1chat knows {oldest} and {newest}. "
    "Download a current conversion of the model.",
    "{name} 标明的 GGUF 版本是 {version}；r1chat 支持 {oldest} 和 {newest}。请下载该模型的新版转换文件。",
)

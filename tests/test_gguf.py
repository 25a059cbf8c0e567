"""The header reader, on the shipped model, on files written here, and on damaged ones."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import forked
import gguf
import numpy as np
import pytest
from forked import CODE
from hypothesis import given, settings
from hypothesis import strategies as st

from r1chat.backends.gguf import BLOCKS, FILE_TYPES, Header, read_header
from r1chat.errors import ModelFileError

NANO = Path(__file__).parent.parent / "assets" / "r1chat-nano.gguf"
NANO_BYTES = NANO.read_bytes()


@cache
def twins() -> tuple[bytes, bytes]:
    """Two tokens of the shipped vocabulary with five bytes, each of which stands at one place of the file."""
    tokens = (token.encode() for token in gguf.GGUFReader(NANO).fields["tokenizer.ggml.tokens"].contents())
    once = (token for token in tokens if len(token) == 5 and NANO_BYTES.count(token) == 1)
    return next(once), next(once)


def one_token_twice() -> bytes:
    first, second = twins()
    return NANO_BYTES.replace(first, second)


def tokens_with_nul() -> bytes:
    first, second = twins()
    return NANO_BYTES.replace(first, b"a\0aaa").replace(second, b"a\0aab")


def write_model(path: Path, *, weights: int = 64) -> gguf.GGUFWriter:
    """A model with one row of weights and a small vocabulary, open for more metadata."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_token_list(["a", "<think>", "b"])
    writer.add_eos_token_id(2)
    writer.add_tensor("token_embd.weight", np.zeros(weights, dtype=np.float32))
    return writer


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_header_of_the_shipped_model_is_read_whole() -> None:
    header = read_header(NANO)
    assert (header.architecture, header.quantisation, header.kind) == ("qwen2", "F16", "model")
    assert (header.trained_context, header.layers, header.vocabulary) == (4096, 8, 1536)
    assert header.special_tokens == {"bos": "<｜begin▁of▁sentence｜>", "eos": "<｜end▁of▁sentence｜>"}
    assert header.has_think_token and header.writes_text
    assert "<｜Assistant｜><think>" in header.chat_template
    assert header.missing == 0


def test_parameters_and_sizes_agree_with_the_reference_reader() -> None:
    reader = gguf.GGUFReader(NANO)
    header = read_header(NANO)
    assert header.parameters == sum(int(tensor.n_elements) for tensor in reader.tensors)
    assert header.metadata["qwen2.rope.freq_base"] == 10000.0
    assert header.kv_bytes_per_token == 2 * 8 * 4 * (32 + 32)


def test_sizes_of_quantised_blocks_agree_with_the_format() -> None:
    sizes = {int(kind): size for kind, size in gguf.GGML_QUANT_SIZES.items() if int(kind) in BLOCKS}
    assert sizes == BLOCKS


def test_names_of_file_types_agree_with_the_format() -> None:
    names = {int(kind): kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in gguf.LlamaFileType}
    assert {kind: names[kind] for kind in FILE_TYPES} == FILE_TYPES


def test_every_missing_byte_of_the_weights_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(NANO_BYTES[:-1000])
    assert read_header(path).missing == 1000


def test_vocabulary_without_a_think_token_is_known_as_such(tmp_path: Path) -> None:
    path = tmp_path / "plain.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_token_list(["a", "<thinking>", "x<think>"])
    writer.add_chat_template("<think>")
    finish(writer)
    assert not read_header(path).has_think_token


def test_attention_with_compressed_keys_takes_less_memory(tmp_path: Path) -> None:
    path = tmp_path / "latent.gguf"
    writer = gguf.GGUFWriter(path, "deepseek2")
    writer.add_block_count(10)
    writer.add_head_count(16)
    writer.add_embedding_length(2048)
    writer.add_kv_lora_rank(512)
    writer.add_rope_dimension_count(64)
    finish(writer)
    assert read_header(path).kv_bytes_per_token == 2 * 10 * (512 + 64)


def test_what_is_no_model_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mmproj.gguf"
    writer = write_model(path)
    writer.add_type("mmproj")
    finish(writer)
    assert read_header(path).kind == "mmproj"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 a zip file, not a model", "not a GGUF file"),
        (b"GGUF", "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "version 50331648"),
        (NANO_BYTES[:200], "damaged"),
        (NANO_BYTES[:2000], "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1), "damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 63), "damaged"),
        (b"GGUF" + struct.pack("<IQQQ1sI", 3, 0, 1, 1, b"k", 99), "damaged"),
        (b"GGUF" + struct.pack("<IQQQ1sIIQ", 3, 0, 1, 1, b"k", 9, 9, 1), "damaged"),
        (NANO_BYTES.replace(b"block_count\4\0\0\0\x08\0", b"block_count\4\0\0\0\x08\7"), "damaged"),
        (one_token_twice, "damaged"),
        (tokens_with_nul, "damaged"),
        (b"GGUF" + struct.pack("<IQQQ17sII", 3, 0, 1, 17, b"general.alignment", 4, 0), "damaged"),
    ],
)
def test_file_that_is_no_good_gives_a_sentence(
    tmp_path: Path, content: bytes | Callable[[], bytes], sentence: str
) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(content if isinstance(content, bytes) else content())
    with pytest.raises(ModelFileError, match=sentence) as caught:
        read_header(path)
    assert "bad.gguf" in str(caught.value)


def test_missing_file_is_named_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=f"no file {tmp_path}/gone.gguf"):
        read_header(tmp_path / "gone.gguf")


def test_folder_in_place_of_a_file_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_header(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("noise")


@settings(deadline=None)
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=16))
def test_no_damage_to_the_header_leads_to_another_error(folder: Path, at: int, noise: bytes) -> None:
    path = folder / "noise.gguf"
    path.write_bytes(NANO_BYTES[:at] + noise + NANO_BYTES[at + len(noise) : 40_000])
    try:
        assert isinstance(read_header(path), Header)
    except ModelFileError as error:
        assert str(error)


def hostile(path: Path, *arrays: bytes) -> Path:
    """A header with `tokenizer.ggml.tokens` once for each array, followed by as many bytes of nothing as it says."""
    key = b"tokenizer.ggml.tokens"
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<I", 9)
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, len(arrays)))
        for array in arrays:
            file.write(entry + array)
    return path


def test_header_of_millions_of_empty_tokens_is_refused_before_it_is_read(tmp_path: Path) -> None:
    count = 1 << 24
    path = hostile(tmp_path / "empty.gguf", struct.pack("<IQ", 8, count))
    with path.open("ab") as file:
        file.truncate(path.stat().st_size + 8 * count)  # each of them with the length 0
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_header(path)


@pytest.mark.slow
def test_many_arrays_share_one_bound(tmp_path: Path) -> None:
    large = struct.pack("<IQ", 8, 800_000) + bytes(8 * 800_000)  # as the largest vocabularies are
    assert read_header(hostile(tmp_path / "large.gguf", large)).vocabulary == 800_000
    more = (1 << 21) - 800_000 + 1
    both = hostile(tmp_path / "both.gguf", large, struct.pack("<IQ", 8, more))
    os.truncate(both, both.stat().st_size + 8 * more)
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_header(both)


def test_token_of_gigabytes_is_refused(tmp_path: Path) -> None:
    size = 1 << 31
    path = hostile(tmp_path / "long.gguf", struct.pack("<IQQ", 8, 1, size))
    with path.open("ab") as file:
        file.truncate(path.stat().st_size + size)  # takes no room on disk
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_header(path)


def entry(key: str, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + value


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def with_entries(path: Path, *entries: bytes) -> Path:
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries))
    return path


def test_texts_that_are_shown_are_cut_where_they_are_read(tmp_path: Path) -> None:
    keys = ("general.name", "general.architecture", "general.type", "r1chat.base.name")
    path = with_entries(tmp_path / "long.gguf", *(entry(key, 8, text("名".encode() * 100_000)) for key in keys))
    header = read_header(path)
    assert [header.text(key) for key in keys] == ["名" * 300] * 4


def test_keys_without_end_are_left_out(tmp_path: Path) -> None:
    path = with_entries(tmp_path / "keys.gguf", *(entry(f"{n}" * 100_000, 4, bytes(4)) for n in range(5)))
    assert read_header(path).metadata == {}


def test_only_the_roles_that_are_used_have_a_token_and_no_role_has_one_without_end(tmp_path: Path) -> None:
    tokens = entry("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2) + text(b"x" * 100_000) + text(b"y"))
    roles = [entry(f"tokenizer.ggml.{role}_token_id", 4, bytes(4)) for role in ("bos", "eos", "r1", "r2", "r3")]
    header = read_header(with_entries(tmp_path / "roles.gguf", tokens, *roles))
    assert header.special_tokens == {"bos": "x" * 300, "eos": "x" * 300}


def test_arrays_for_each_layer_are_kept_where_they_mean_something_and_are_few(tmp_path: Path) -> None:
    array = struct.pack("<IQ", 0, 512) + bytes(512)
    meaningful, other = ".attention.head_count", ".anything"
    names = [f"a{number}" for number in range(65)]
    path = with_entries(tmp_path / "arrays.gguf", *(entry(name + other, 9, array) for name in names))
    assert read_header(path).arrays == {}
    path = with_entries(tmp_path / "many.gguf", *(entry(name + meaningful, 9, array) for name in names))
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_header(path)


def test_chat_template_of_megabytes_is_refused(tmp_path: Path) -> None:
    template = entry("tokenizer.chat_template", 8, text(b"x" * (1 << 20)))
    assert len(read_header(with_entries(tmp_path / "fits.gguf", template)).chat_template) == 1 << 20
    template = entry("tokenizer.chat_template", 8, text(b"x" * ((1 << 20) + 1)))
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_header(with_entries(tmp_path / "long.gguf", template))


def test_metadata_of_more_keys_than_any_model_has_is_refused(tmp_path: Path) -> None:
    keys = [entry(f"k{number}", 4, bytes(4)) for number in range(4097)]
    assert len(read_header(with_entries(tmp_path / "many.gguf", *keys[1:])).metadata) == 4096
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_header(with_entries(tmp_path / "more.gguf", *keys))


def test_header_that_is_spread_over_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path, far, count = tmp_path / "spread.gguf", 300_000, 1_100
    start = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + entry("tokenizer.ggml.merges", 9, struct.pack("<IQ", 8, count))
    with path.open("wb") as file:
        file.write(start)
        for number in range(count):
            file.seek(len(start) + number * (8 + far))
            file.write(struct.pack("<Q", far))
        file.truncate(len(start) + count * (8 + far))  # takes little room on disk
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_header(path)


CUT = """
import os, sys, threading
from pathlib import Path
from r1chat.backends.gguf import read_header
from r1chat.errors import ModelFileError

path, content, ended = Path(sys.argv[1]), Path(sys.argv[1]).read_bytes(), threading.Event()

def read():
    while not ended.is_set():
        try:
            read_header(path)
        except ModelFileError:
            pass

reader = threading.Thread(target=read)
reader.start()
with path.open("r+b") as file:
    for number in range(20):
        file.seek(0)
        file.write(content)
        file.flush()
        ended.wait(0.02 * (number % 5 + 1))
        os.truncate(path, 5_000)
ended.set()
reader.join()
print("alive")
"""


@pytest.mark.slow
def test_cutting_a_file_while_its_header_is_read_does_not_end_the_process(tmp_path: Path) -> None:
    merges = entry("tokenizer.ggml.merges", 9, struct.pack("<IQ", 8, 1_000_000) + text(b"ab") * 1_000_000)
    path = with_entries(tmp_path / "shared.gguf", merges)
    done = forked.run(CODE, CUT, str(path))
    assert (done.returncode, done.stdout) == (0, "alive\n")

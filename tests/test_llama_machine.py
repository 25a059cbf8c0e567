"""What a model needs, and what the machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from r1chat.backends.gguf import read_header
from r1chat.backends.llama.machine import (
    LARGE_WEIGHTS,
    SMALLEST_WINDOW,
    Needs,
    available_memory,
    default_threads,
    readable,
)
from r1chat.errors import ModelFileError

NANO = Path(__file__).parent.parent / "assets" / "r1chat-nano.gguf"
NEEDS = Needs("some.gguf", fixed=1_000_000, per_token=1_000, trained=8192)


def test_a_core_is_left_to_the_others() -> None:
    cores = os.cpu_count() or 1
    assert 1 <= default_threads() <= max(1, cores - 1)
    assert default_threads() <= default_threads(LARGE_WEIGHTS) <= cores


def test_free_memory_is_some_and_no_more_than_there_is() -> None:
    assert 0 < available_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("wish", "available", "window"),
    [
        (4096, 10**9, 4096),
        (100, 10**9, 100),
        (16384, 10**9, 8192),
        (16384, 1_000_000 + 8_192_000, 8192),
        (16384, 1_000_000 + 8_191_000, 7936),
        (16384, 1_000_000 + SMALLEST_WINDOW * 1_000, SMALLEST_WINDOW),
        (100, 1_000_000 + 100_000, 100),
    ],
)
def test_window_is_as_large_as_wish_model_and_memory_allow(wish: int, available: int, window: int) -> None:
    assert NEEDS.window(wish, available) == window


@pytest.mark.parametrize("available", [0, 1_000_000, 1_000_000 + SMALLEST_WINDOW * 1_000 - 1])
def test_model_that_does_not_fit_is_refused_with_the_numbers(available: int) -> None:
    with pytest.raises(
        ModelFileError, match=rf"some.gguf needs about 2\.0 MB of memory, and {readable(available)} are"
    ):
        NEEDS.window(16384, available)


def test_needs_grow_with_the_layers_that_are_not_on_a_gpu() -> None:
    header, weights = read_header(NANO), NANO.stat().st_size
    none, half, all_ = (Needs.of(header, weights, batch=64, gpu_layers=layers) for layers in (0, 3, -1))
    assert none.fixed - half.fixed == half.fixed - all_.fixed == weights // 2
    assert none.per_token > half.per_token > all_.per_token


def test_sizes_are_written_for_people() -> None:
    assert [readable(size) for size in (0, 5_099_392, 1_120_000_000)] == ["0.0 MB", "5.1 MB", "1.1 GB"]
